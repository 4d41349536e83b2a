//go:build amd64 || arm64

package ptrace

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a report is asked for before the thread sleeps until there is one:
// about as long as it takes to wake it (see the package comment). So a wait costs at most
// twice what the better of the two would have.
const patience = 50 * time.Microsecond

// disdain is how many waits at most are slept through for one that was asked through in vain.
// On a single processor, where each is in vain, that leaves 0.2 µs of it for a stop.
const disdain = 255

// waiter waits for reports of wait4(2) on the children and tracees of its thread.
type waiter struct {
	// vain is how many waits were to be slept through when that was last decided, left how
	// many of them are left.
	vain, left int
}

// wait returns the next report, as wait4 does.
func (w *waiter) wait(ws *syscall.WaitStatus) (tid int, err error) {
	if w.sleeps() {
		return sleep(ws)
	}
	start := time.Now()
	if tid, err := w.soon(ws); tid != 0 {
		return tid, err
	}
	tid, err = sleep(ws)
	w.inVain(time.Since(start))
	return tid, err
}

// soon returns a report if there is one or will be one soon, and 0 otherwise.
func (w *waiter) soon(ws *syscall.WaitStatus) (tid int, err error) {
	if tid, err := ask(ws); tid != 0 {
		return tid, err // it was there already, which teaches nothing
	}
	for start := time.Now(); time.Since(start) < patience; {
		if tid, err := ask(ws); tid != 0 {
			w.heard()
			return tid, err
		}
	}
	return 0, nil
}

// sleeps reports whether the next wait is to be slept through.
func (w *waiter) sleeps() bool {
	if w.left == 0 {
		return false
	}
	w.left--
	return true
}

// heard is told that a report came while it was asked for.
func (w *waiter) heard() { w.vain = 0 }

// inVain is told that a report was asked for in vain, and how long it was until there was one.
// If it came as soon as the thread slept it may be that the step has no other processor to
// run on: more waits are slept through each time. If it came later the step was busy, and
// what it does next is as likely as ever to be a row of calls.
func (w *waiter) inVain(took time.Duration) {
	if took < 2*patience {
		w.vain = min(2*w.vain+1, disdain)
		w.left = w.vain
	}
}

// sleep waits for a report. It must not keep the scheduler from its work, as a raw wait4 would:
// a collection waits for each thread that runs, and the signal by which it is told so does not
// get wait4 to return (it is made anew, signal(7)).
func sleep(ws *syscall.WaitStatus) (tid int, err error) {
	return syscall.Wait4(-1, ws, unix.WALL|unix.WNOTHREAD, nil)
}
