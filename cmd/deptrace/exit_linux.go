package main

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// die ends this process by the signal that ended the command, so that whoever waits
// for us sees what it would have seen: make deletes a half-made target only after a
// signal. It returns if the signal does not kill.
func die(sig syscall.Signal) {
	runtime.LockOSThread()
	// The command has dumped its core already, if it wanted to. A limit does not
	// keep a core from a program that the kernel pipes it to; not being dumpable
	// does.
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &limit) == nil {
		limit.Cur = 0
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &limit)
	}
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)

	defaultAction(sig)
	var set unix.Sigset_t
	word := uint(sig-1) / wordBits
	set.Val[word] = 1 << (uint(sig-1) % wordBits)
	_ = unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, nil)
	_ = unix.Tgkill(unix.Getpid(), unix.Gettid(), sig)
}

// stopToo stops this process, as the command has been stopped: so the shell sees its job
// stop, and continues both.
func stopToo() { _ = unix.Kill(unix.Getpid(), unix.SIGSTOP) }
