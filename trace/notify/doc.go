// Package notify is the engine that watches a step through seccomp user notification
// (seccomp_unotify(2)).
//
// # How it works
//
// The command puts itself under a filter that notifies this process of the calls that
// matter (package launch), and so are all its descendants. One thread receives a
// notification, looks at the call while the caller stands still (package observe),
// tells it, and lets the kernel go on with it (SECCOMP_USER_NOTIF_FLAG_CONTINUE).
// Nothing is stopped, signalled or traced: debuggers, sanitizers and other recorders
// work inside the step.
//
// # What it costs
//
// What costs is to wake a thread on another processor, 40 µs on the 2-core virtual
// machine where this was measured. SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (Linux 6.6) hands
// over on the caller's own processor, in a fifth of that. It is lost if the receiving
// thread leaves its processor to the Go scheduler in every wait: that wakes the runtime's
// monitor and other threads. So the thread waits in a raw poll(2), which keeps its place
// in the scheduler. A collection, or a goroutine that has waited for long, can get it out
// of there: the signal by which the runtime interrupts a thread makes poll return
// (signal(7): it is never restarted), and one wait is then made in the ordinary way.
//
// # Outcomes
//
// Nobody tells this engine what became of a call. Where a look tells (the file is not
// there, may not be read, is on another file system) the call is told as failed;
// otherwise as [event.Unknown], before it happens, and whoever folds the events looks at
// the effect afterwards.
//
// # What it guarantees
//
// Every call of every descendant is seen before it is made, in an order in which a call
// comes after all that had returned before it was made. What is told was read while the
// notification was valid (SECCOMP_IOCTL_NOTIF_ID_VALID), so not from another process that
// has got the same number since. A call that a signal interrupts before it was received
// is made anew and told once.
//
// If this process is killed the command gets a SIGKILL, and other processes of the step
// find that each watched call fails with ENOSYS.
//
// # What it cannot do
//
// A step's own listener fails with EBUSY, and its own tracer does not see the calls that
// this filter takes: both are told as [event.Listener]. A signal handler without
// SA_RESTART makes calls fail with EINTR that the kernel would not have interrupted, if the
// signal comes while the call is waiting to be received. Forks and exits are told when they
// are noticed, signals not at all.
package notify
