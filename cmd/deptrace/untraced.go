package main

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"deptrace/trace"
)

// runUntraced runs a command as trace.Run would, and watches nothing. stdout and stderr
// can be nil for this process's.
func runUntraced(argv []string, stdout, stderr *os.File, signals <-chan os.Signal) (trace.Result, error) {
	path, err := exec.LookPath(argv[0])
	// A relative directory in PATH is the user's business.
	if err != nil && !errors.Is(err, exec.ErrDot) {
		if errors.Is(err, exec.ErrNotFound) {
			err = trace.ErrNotFound
		}
		return trace.Result{}, &trace.StartError{Name: argv[0], Err: cause(err)}
	}
	attr := &os.ProcAttr{Files: []*os.File{os.Stdin, cmp.Or(stdout, os.Stdout), cmp.Or(stderr, os.Stderr)}}
	p, err := os.StartProcess(path, argv, attr)
	if errors.Is(err, syscall.ENOEXEC) {
		// As execvp(3): a script without a "#!".
		p, err = os.StartProcess("/bin/sh", append([]string{"sh", path}, argv[1:]...), attr)
	}
	if err != nil {
		return trace.Result{}, &trace.StartError{Name: argv[0], Err: cause(err)}
	}
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case sig := <-signals:
				_ = p.Signal(sig)
			case <-ended:
				return
			}
		}
	}()
	state, err := p.Wait()
	close(ended)
	if err != nil {
		return trace.Result{}, err
	}
	result := trace.Result{Status: state.ExitCode()}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		result.Status, result.Signal = -1, ws.Signal()
	}
	return result, nil
}
