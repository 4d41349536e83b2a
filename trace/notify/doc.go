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
// (signal(7): it is never restarted), and one wait is then made in the ordinary way. To
// receive without polling would save 0.8 µs of a call, but is restarted: a collection would
// wait for the next call of the step.
//
// This is what the thread spends on a call of a configure script of 80,000 of them (perf,
// 2026-11, in µs), and it allocates nothing for one like those before it:
//
//	5.5  waits, receives, answers: what a supervisor that does nothing else spends, too
//	2.6  reads the name from the caller's memory
//	1.7  looks at what is there (lstat)
//	0.4  asks whether the notification still stands
//	0.6  folds the event
//	1.5  all the rest: decodes, resolves, finds the process; for new ones asks what they are
//
// Two ways to read names for less were tried and left. Through /proc/PID/mem it takes 1.2 µs
// instead of 1.7 in a loop, and a compile 0.97 of the time; but to open it takes 3 µs, and
// what is open outlives an exec. And nothing is known of a name before it is read: a filter
// sees its address.
//
// What the next factor would need is not to be notified. Of the 1,443 calls of a small compile
// 971 are the readlinks by which realpath(3) asks for each directory on its way. A recorder
// inside of the step's programs can write a name to memory that it shares with this process: a
// preloaded library of 40 lines that does so takes 0.2 µs a call (measured), where the hand-over
// alone takes 6.2. But it is called for what programs call by name: 289 of these 1,443 calls, and
// 21,600 of the 80,000 of the configure script, which takes 1.11 times as long only for loading
// it. To get at the others, the loader's and those inside of libc, it would have to replace
// the instructions that make them, and the filter to let pass what is made from there
// (instruction_pointer in struct seccomp_data); whatever is not replaced would be notified as
// now, so that nothing is missed. Where this process may load eBPF programs, one at the
// tracepoints that looks names up in a map takes 1.7 µs a call (measured, with bpftrace), and
// one that passes each on and wakes a reader 8. It can hold nobody: what a call is about to
// destroy could not be saved, and files would be looked at too late. So it could
// stand in for the calls that only look, at most.
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
// has got the same number since; a working directory may be one that was asked for up to 5 ms
// before (package observe says when that is relied on). A call that a signal interrupts before
// it was received is made anew and told once.
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
