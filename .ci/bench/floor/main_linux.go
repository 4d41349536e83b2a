//go:build amd64 || arm64

// Floor runs a command as the notify engine does, behind the same filter and with the same
// hand-over on the caller's processor, and lets every call go on without a look at it. What it
// costs is what no recorder that is told of these calls can do without: `make bench` measures
// deptrace against it.
//
//	floor [-count FILE] COMMAND [ARG...]
//
// As in the engine one thread waits in a raw poll(2), then receives one notification and
// answers it; see package notify for why. What is left out is asking whether the caller still
// waits, which only somebody who reads its memory needs. With -count the number of calls is
// added as a line to FILE.
//
// It passes no signals on and leaves no keeper behind, and so is for measuring only: it waits
// for all processes of the command, and ends with the command's exit status.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"syscall"

	"deptrace/trace/launch"
	"deptrace/trace/syscalls"
)

func main() {
	args, file := os.Args[1:], ""
	if len(args) > 1 && args[0] == "-count" {
		file, args = args[1], args[2:]
	}
	if len(args) == 0 {
		fatal("usage: floor [-count FILE] COMMAND [ARG...]")
	}
	status, calls, err := run(args)
	if err == nil && file != "" {
		err = add(file, calls)
	}
	if err != nil {
		fatal(err)
	}
	os.Exit(status)
}

func fatal(what any) {
	fmt.Fprintln(os.Stderr, "floor:", what)
	os.Exit(125)
}

// run runs the command until no process of it is left.
func run(args []string) (status, calls int, err error) {
	path, err := exec.LookPath(args[0])
	if err != nil {
		return 0, 0, err
	}
	debug.SetGCPercent(-1) // nothing is allocated below
	runtime.LockOSThread() // the command lives as long as the thread that starts it
	child, err := launch.Start(&launch.Command{
		Path: path, Args: args, Env: os.Environ(), Files: [3]int{0, 1, 2},
		Filter: syscalls.Program(syscalls.Native(), syscalls.RetUserNotif, syscalls.Options{}), Listen: true,
	})
	if err != nil {
		return 0, 0, err
	}
	l := listener(child.Listener)
	if err := l.wakeSynchronously(); err != nil {
		child.Kill()
		return 0, 0, fmt.Errorf("ask for the hand-over on one processor (Linux 6.6): %w", err)
	}
	if calls, err = l.serve(); err != nil {
		child.Kill()
		return 0, 0, err
	}
	var ws syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(child.PID, &ws, 0, nil); err != syscall.EINTR {
			break
		}
	}
	if err := child.Ended(); err != nil {
		return 0, 0, err
	}
	if ws.Signaled() {
		return 128 + int(ws.Signal()), calls, nil
	}
	return ws.ExitStatus(), calls, nil
}

// add adds a line to a file: several floors may run at once.
func add(file string, calls int) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, calls); err != nil {
		return err
	}
	return f.Close()
}
