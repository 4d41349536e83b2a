package tracee

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// What a pidfd tells is what proc(5) does, of threads that lead no process, too.
func TestStatusAgrees(t *testing.T) {
	c := exec.Command("cat")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer in.Close()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	tids := []int{c.Process.Pid, os.Getppid(), 1, unix.Gettid()}
	for _, thread := range threads {
		tid := 0
		for _, digit := range thread.Name() {
			tid = 10*tid + int(digit-'0')
		}
		tids = append(tids, tid)
	}
	for _, tid := range tids {
		want, err := status(tid)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Status(tid); err != nil || got != want {
			t.Errorf("Status(%d): got %+v, %v, want %+v", tid, got, err, want)
		}
		switch got, errno := info(tid); errno {
		case 0:
			if got != want {
				t.Errorf("info(%d): got %+v, want %+v", tid, got, want)
			}
		case unix.ENOTTY, unix.EINVAL, unix.ENOSYS: // an older kernel
		default:
			t.Errorf("info(%d): %v", tid, errno)
		}
	}
	if got, err := status(1<<22 + 1); err == nil {
		t.Errorf("of no process: got %+v", got)
	}
}

// A file that is longer than the first buffer is read to its end.
func TestReadFile(t *testing.T) {
	p := t.TempDir() + "/file"
	for _, n := range []int{0, 1, 2047, 2048, 2049, 10000} {
		want := bytes.Repeat([]byte("x"), n)
		if err := os.WriteFile(p, want, 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := readFile(p); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
	if _, err := readFile(p + "x"); !os.IsNotExist(err) {
		t.Errorf("no file: got %v", err)
	}
}

// No process has a number that is not below it.
func TestMaxPID(t *testing.T) {
	n, err := MaxPID()
	if err != nil || n <= os.Getpid() || n > 1<<22 {
		t.Errorf("got %d, %v; this process is %d", n, err, os.Getpid())
	}
}

func BenchmarkStatus(b *testing.B) {
	tid := os.Getppid()
	for _, way := range []struct {
		name string
		ask  func(int) (Process, error)
	}{{"pidfd", Status}, {"proc", status}} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := way.ask(tid); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
