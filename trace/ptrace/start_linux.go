//go:build amd64 || arm64

package ptrace

import (
	"bytes"
	"fmt"
	"path"
	"syscall"

	"deptrace/trace/syscalls"
	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// options of every watched process.
const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACECLONE |
	unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESECCOMP

// StartError is what came of an exec that failed: the command does not run.
type StartError struct{ Errno syscall.Errno }

func (e *StartError) Error() string { return e.Errno.Error() }
func (e *StartError) Unwrap() error { return e.Errno }

// start starts the command and leaves it seized and standing still before its first
// instruction, with the filter in force.
//
// The command stops itself under PTRACE_TRACEME, which is the one way that Go's
// fork offers. The stop signal of the hand-over to PTRACE_SEIZE and the SIGCONT that
// ends it are seen by nobody: the command's parent is this process, and the engine
// swallows the SIGCONT.
func (e *engine) start() (pid int, err error) {
	attr := &syscall.ProcAttr{
		Dir:   e.c.Dir,
		Env:   e.c.Env,
		Files: e.c.Files,
		// Until PTRACE_O_EXITKILL is set, this is what kills the command if this
		// process is killed.
		Sys: &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL},
	}
	pid, err = syscall.ForkExec(e.c.Path, e.c.Args, attr)
	if err != nil {
		errno, ok := err.(syscall.Errno)
		if !ok {
			return 0, err
		}
		// PTRACE_TRACEME gives EPERM to a process that is traced already, or may not
		// be; execve(2) hardly ever to one that it would let run.
		if errno == syscall.EPERM && unix.Faccessat(unix.AT_FDCWD, e.inDir(e.c.Path), unix.X_OK, unix.AT_EACCESS) == nil {
			return 0, fmt.Errorf("ptrace traceme: %w", errno)
		}
		return 0, &StartError{errno}
	}
	if err := e.takeOver(pid); err != nil {
		syscall.Kill(pid, syscall.SIGKILL)
		syscall.Wait4(pid, nil, unix.WALL, nil)
		return 0, err
	}
	return pid, nil
}

// inDir is a path of the command as seen from here.
func (e *engine) inDir(p string) string {
	if e.c.Dir == "" || path.IsAbs(p) {
		return p
	}
	return path.Join(e.c.Dir, p)
}

func (e *engine) takeOver(pid int) error {
	var pending []syscall.Signal
	if err := awaitStop(pid, syscall.SIGTRAP, &pending); err != nil {
		return fmt.Errorf("wait for the first exec: %w", err)
	}
	var info syscallInfo
	if err := getInfo(pid, &info); err != nil {
		return fmt.Errorf("ptrace get_syscall_info (since Linux 5.3): %w", err)
	}
	if !e.c.EveryCall {
		var err error
		if e.noNewPrivs, err = install(pid, e.c.Options, &pending); err != nil {
			return err
		}
	}
	if err := request(unix.PTRACE_DETACH, pid, 0, uintptr(syscall.SIGSTOP)); err != nil {
		return fmt.Errorf("ptrace detach: %w", err)
	}
	var ws syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &ws, syscall.WUNTRACED|unix.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait for the hand-over: %w", err)
		}
		break
	}
	if !ws.Stopped() {
		return fmt.Errorf("the command ended before it began: status %#x", uint32(ws))
	}
	if err := request(unix.PTRACE_SEIZE, pid, 0, options); err != nil {
		return fmt.Errorf("ptrace seize: %w", err)
	}
	for _, sig := range pending {
		syscall.Kill(pid, sig)
	}
	e.starting = pid
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		return fmt.Errorf("continue the command: %w", err)
	}
	return nil
}

// awaitStop waits until the thread stops with the signal want. Other signals that
// arrive meanwhile are kept for later.
func awaitStop(tid int, want syscall.Signal, pending *[]syscall.Signal) error {
	for {
		var ws syscall.WaitStatus
		_, err := syscall.Wait4(tid, &ws, unix.WALL, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return err
		case !ws.Stopped():
			return fmt.Errorf("it ended with status %#x", uint32(ws))
		case ws.StopSignal() == want:
			return nil
		}
		*pending = append(*pending, ws.StopSignal())
		if err := request(unix.PTRACE_CONT, tid, 0, 0); err != nil {
			return err
		}
	}
}

// install makes the command, which has just been loaded and stands at its very
// first instruction, install the filter: the instruction is overwritten with a
// system call, the filter is written below the stack, and both are put back as they
// were. noNewPrivs says that the command cannot gain rights any more.
func install(pid int, o syscalls.Options, pending *[]syscall.Signal) (noNewPrivs bool, err error) {
	var saved registers
	if err := getRegisters(pid, &saved); err != nil {
		return false, fmt.Errorf("read registers: %w", err)
	}
	pc := programCounter(&saved)
	text := make([]byte, len(trap))
	if _, err := unix.PtracePeekText(pid, pc, text); err != nil {
		return false, fmt.Errorf("read the first instruction: %w", err)
	}
	program := program(o)
	at := (stackPointer(&saved) - redZone - uint64(len(program)+2)*8) &^ 15
	code := filterBytes(at, program)
	// The stack is writable, so it need not be written word by word as the text,
	// which took 4 ms. What was below it is put back: it is fresh from execve, but
	// not ours.
	memory := tracee.Memory{Thread: pid}
	stack := make([]byte, len(code))
	if err := memory.Read(at, stack); err != nil {
		return false, fmt.Errorf("read the stack: %w", err)
	}
	if err := memory.Write(at, code); err != nil {
		return false, fmt.Errorf("write the filter: %w", err)
	}
	if _, err := unix.PtracePokeText(pid, pc, trap); err != nil {
		return false, fmt.Errorf("write the first instruction: %w", err)
	}
	call := func(nr uint64, args [3]uint64) (int64, error) {
		r := saved
		setCall(&r, nr, args)
		if err := setRegisters(pid, &r); err != nil {
			return 0, err
		}
		for range 2 { // into the call and out of it
			if err := request(unix.PTRACE_SYSCALL, pid, 0, 0); err != nil {
				return 0, err
			}
			if err := awaitStop(pid, syscall.SIGTRAP, pending); err != nil {
				return 0, err
			}
		}
		if err := getRegisters(pid, &r); err != nil {
			return 0, err
		}
		return callResult(&r), nil
	}
	filter := func() (int64, error) {
		return call(unix.SYS_SECCOMP, [3]uint64{unix.SECCOMP_SET_MODE_FILTER, 0, at})
	}
	// With CAP_SYS_ADMIN a filter needs no no_new_privs, and then set-id programs
	// keep their rights.
	result, err := filter()
	if err == nil && result == -int64(syscall.EACCES) {
		if result, err = call(unix.SYS_PRCTL, [3]uint64{unix.PR_SET_NO_NEW_PRIVS, 1, 0}); err == nil && result == 0 {
			noNewPrivs = true
			result, err = filter()
		}
	}
	if err == nil && result < 0 {
		err = syscall.Errno(-result)
	}
	if err != nil {
		return false, fmt.Errorf("install the seccomp filter: %w", err)
	}
	if _, err := unix.PtracePokeText(pid, pc, text); err != nil {
		return false, fmt.Errorf("put back the first instruction: %w", err)
	}
	if err := memory.Write(at, stack); err != nil {
		return false, fmt.Errorf("put back the stack: %w", err)
	}
	if err := setRegisters(pid, &saved); err != nil {
		return false, fmt.Errorf("write registers: %w", err)
	}
	now := make([]byte, len(trap))
	if _, err := unix.PtracePeekText(pid, pc, now); err != nil || !bytes.Equal(now, text) {
		return false, fmt.Errorf("the first instruction was not put back: %v", err)
	}
	return noNewPrivs, nil
}

func program(o syscalls.Options) []unix.SockFilter {
	instructions := syscalls.Program(native, syscalls.RetTrace, o)
	program := make([]unix.SockFilter, len(instructions))
	for i, in := range instructions {
		program[i] = unix.SockFilter{Code: in.Code, Jt: in.JT, Jf: in.JF, K: in.K}
	}
	return program
}
