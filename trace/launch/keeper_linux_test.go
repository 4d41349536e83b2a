//go:build amd64 || arm64

package launch_test

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"deptrace/trace/launch"
	"deptrace/trace/syscalls"

	"golang.org/x/sys/unix"
)

// notifies is a filter that has chdir(2) answered and lets all else happen.
var notifies = []syscalls.Instruction{
	{Code: 0x20},                           // A = the number
	{Code: 0x15, JF: 1, K: unix.SYS_CHDIR}, // is it this one?
	{Code: 0x06, K: syscalls.RetUserNotif}, // then ask
	{Code: 0x06, K: syscalls.RetAllow},     // else not
}

// adopts has this process adopt orphans, so that it can wait for a keeper's end.
func adopts(t *testing.T) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) })
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
}

// keepers are the children of this process that are keepers.
func keepers() (pids []int) {
	names, _ := os.ReadDir("/proc")
	for _, n := range names {
		pid, err := strconv.Atoi(n.Name())
		if err == nil && status(pid, "PPid") == strconv.Itoa(os.Getpid()) && status(pid, "Name") == "deptrace-keeper" {
			pids = append(pids, pid)
		}
	}
	return pids
}

// reaped waits for the ends of all children, and returns their numbers.
func reaped(t *testing.T) (pids []int) {
	t.Helper()
	if !await(func() bool {
		pid, err := syscall.Wait4(-1, nil, unix.WNOHANG|unix.WALL, nil)
		if pid > 0 {
			pids = append(pids, pid)
		}
		return err == syscall.ECHILD
	}) {
		t.Fatalf("somebody does not end; %v have", pids)
	}
	return pids
}

// TestKeep: a keeper answers for those whom a command leaves behind, has no hold on
// anything of theirs or ours, and ends with the last of them.
func TestKeep(t *testing.T) {
	adopts(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.SetReadDeadline(time.Now().Add(30 * time.Second))
	goOn := make([]*os.File, 2)
	read := make([]*os.File, 2)
	for i := range goOn {
		if read[i], goOn[i], err = os.Pipe(); err != nil {
			t.Fatal(err)
		}
		defer goOn[i].Close()
	}
	// What a shell puts behind has /dev/null for its standard input, unless it is given
	// another.
	c := shell(launch.Command{
		Env: os.Environ(), Filter: notifies, Listen: true,
		Files: [3]int{int(read[0].Fd()), int(w.Fd()), int(read[1].Fd())},
	}, `exec 3<&0 4<&2 2>&1
		{ read line <&3; cd / && echo one; } &
		{ read line <&4; cd / && echo two; } 3<&- &
		exit 3`)
	p, err := begin(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(read, w) {
		f.Close()
	}
	if ws := ended(p, 0); ws.ExitStatus() != 3 {
		t.Errorf("the command ended with %#x, want status 3", ws)
	}
	if err := launch.Keep(p.Listener); err != nil {
		t.Fatal(err)
	}
	p.Close()

	var found []int // as soon as it has got its name
	if !await(func() bool { found = keepers(); return len(found) > 0 }) || len(found) > 1 {
		t.Fatalf("keepers: %v, want one", found)
	}
	keeper := found[0]
	proc := fmt.Sprintf("/proc/%d/", keeper)
	var has string
	if !await(func() bool {
		all, _ := os.ReadDir(proc + "fd")
		has = fmt.Sprint(all)
		return len(all) == 1 && all[0].Name() == "0"
	}) {
		t.Errorf("the keeper has descriptors %s, want its listener alone", has)
	}
	if to, err := os.Readlink(proc + "fd/0"); to != "anon_inode:seccomp notify" {
		t.Errorf("the keeper's descriptor is %q, %v", to, err)
	}
	if dir, err := os.Readlink(proc + "cwd"); dir != "/" {
		t.Errorf("the keeper is in %q, %v, and keeps that busy", dir, err)
	}
	own, _ := unix.Getsid(0)
	if sid, err := unix.Getsid(keeper); err != nil || sid == own {
		t.Errorf("the keeper's session is %d, %v, this one's", sid, err)
	}

	said := make([]byte, 100)
	for i, want := range []string{"one\n", "two\n"} {
		if i > 0 && !slices.Contains(keepers(), keeper) {
			t.Error("the keeper has not waited for the last process")
		}
		goOn[i].Close()
		n, err := r.Read(said)
		if got := string(said[:n]); got != want {
			t.Errorf("a process that was left says %q, %v, want %q", got, err, want)
		}
	}
	if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil {
		t.Errorf("and then %q, %v", rest, err)
	}
	if pids := reaped(t); len(pids) != 3 || !slices.Contains(pids, keeper) {
		t.Errorf("ended have %v, want two and the keeper, %d", pids, keeper)
	}
}

// TestKeepNobody: with nobody to answer for a keeper ends at once.
func TestKeepNobody(t *testing.T) {
	adopts(t)
	p, err := begin(shell(launch.Command{Env: os.Environ(), Filter: notifies, Listen: true, Files: [3]int{0, 1, 2}}, "exit 0"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ended(p, 0)
	if err := launch.Keep(p.Listener); err != nil {
		t.Fatal(err)
	}
	if pids := reaped(t); len(pids) != 1 {
		t.Errorf("ended have %v, want the keeper", pids)
	}
}
