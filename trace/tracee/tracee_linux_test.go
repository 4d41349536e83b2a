package tracee_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deptrace/trace/decode"
	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// mapping returns two pages of this process's memory in front of one that is not
// there, and their address.
func mapping(t *testing.T) (b []byte, addr uint64) {
	t.Helper()
	const page = 4096
	b, err := unix.Mmap(-1, 0, 3*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(b) })
	if err := unix.Mprotect(b[2*page:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	var at uint64
	if _, err := fmt.Sscanf(fmt.Sprintf("%p", b), "0x%x", &at); err != nil {
		t.Fatal(err)
	}
	return b[:2*page], at
}

func TestString(t *testing.T) {
	mem := &tracee.Memory{Thread: os.Getpid()}
	b, addr := mapping(t)
	end := addr + uint64(len(b))
	for _, c := range []struct {
		name string
		at   uint64 // from the start
		text string
	}{
		{"at the start", 0, "name"},
		{"empty", 100, ""},
		{"across the boundary", 4094, "name"},
		{"up to the boundary", 4096 - 5, "name"},
		{"up to the end", 8192 - 5, "name"},
		{"longest", 10, strings.Repeat("x", 4095)},
		{"bytes", 7, "\xff\n\x01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clear(b)
			copy(b[c.at:], c.text)
			if got, err := mem.String(addr + c.at); got != c.text || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, c.text)
			}
		})
	}
	for i := range b {
		b[i] = 'x'
	}
	for name, at := range map[string]uint64{
		"too long": addr, "without an end": end - 3, "not there": end, "null": 0, "low": 1, "high": 1<<63 + 1, "kernel": 1<<64 - 4096,
	} {
		if got, err := mem.String(at); !errors.Is(err, decode.ErrFault) {
			t.Errorf("%s: got %.20q, %v, want ErrFault", name, got, err)
		}
	}
}

func TestRead(t *testing.T) {
	mem := &tracee.Memory{Thread: os.Getpid()}
	b, addr := mapping(t)
	for i := range b {
		b[i] = byte(i * 7)
	}
	got := make([]byte, 5000)
	if err := mem.Read(addr+3000, got); err != nil || !bytes.Equal(got, b[3000:8000]) {
		t.Errorf("Read: %v, the same bytes: %v", err, bytes.Equal(got, b[3000:8000]))
	}
	if err := mem.Read(addr+8000, got[:193]); !errors.Is(err, decode.ErrFault) {
		t.Errorf("beyond the end: got %v, want ErrFault", err)
	}
	if err := mem.Read(addr, nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
	// A process that is gone is no fault of the step's.
	gone := &tracee.Memory{Thread: 1<<22 + 1}
	if err := gone.Read(addr, got); err == nil || errors.Is(err, decode.ErrFault) {
		t.Errorf("of no process: got %v, want another error than ErrFault", err)
	}
}

func TestDescriptor(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	open := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	self := os.Getpid()
	want := func(f *os.File, name string) {
		t.Helper()
		got, err := new(tracee.Links).Descriptor(self, int(f.Fd()))
		switch {
		case name == "":
			if !errors.Is(err, tracee.ErrNameless) {
				t.Errorf("%s: got %q, %v, want ErrNameless", f.Name(), got, err)
			}
		case got != filepath.Join(dir, name) || err != nil:
			t.Errorf("%s: got %q, %v, want %s", f.Name(), got, err, name)
		}
	}
	f := open("file")
	want(f, "file")
	if err := os.Rename(f.Name(), filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	want(f, "moved")
	if err := os.Remove(filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	want(f, "")
	// Another file of the name that the kernel gives the removed one.
	g := open("moved (deleted)")
	want(f, "")
	want(g, "moved (deleted)")
	want(open("new\nline\xff"), "new\nline\xff")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	want(r, "")
	if raw, ok := tracee.Raw(self, int(r.Fd())); !ok || !strings.HasPrefix(raw, "pipe:[") {
		t.Errorf("Raw of a pipe: got %q", raw)
	}
	if raw, ok := tracee.Raw(self, 1<<20); !ok || raw != "" {
		t.Errorf("Raw of no descriptor: got %q", raw)
	}
	if _, err := new(tracee.Links).Descriptor(self, 1<<20); err == nil || errors.Is(err, tracee.ErrNameless) {
		t.Errorf("no descriptor: got %v, want another error than ErrNameless", err)
	}
}

func TestProcess(t *testing.T) {
	self := os.Getpid()
	if p, err := tracee.Status(unix.Gettid()); err != nil || p.Leader != self || p.Parent != os.Getppid() {
		t.Errorf("Status: got %+v, %v, want %d and %d", p, err, self, os.Getppid())
	}
	if p, err := tracee.Status(1<<22 + 1); err == nil {
		t.Errorf("Status of no process: got %+v", p)
	}
	wd, err := filepath.EvalSymlinks(".")
	if err == nil {
		wd, err = filepath.Abs(wd)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := new(tracee.Links).Cwd(self); err != nil || !os.SameFile(stat(t, got), stat(t, wd)) {
		t.Errorf("Cwd: got %q, %v, want %q", got, err, wd)
	}
	if got := tracee.Command(self); got == "?" || len(got) > 15 {
		t.Errorf("Command: got %q", got)
	}
	if got := tracee.Command(1<<22 + 1); got != "?" {
		t.Errorf("Command of no process: got %q", got)
	}
}

func stat(t *testing.T, p string) os.FileInfo {
	t.Helper()
	i, err := os.Stat(p)
	if err != nil {
		t.Fatal(err)
	}
	return i
}
