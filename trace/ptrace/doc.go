// Package ptrace is the engine that watches a step with ptrace(2).
//
// # How it works
//
// The command's process waits until it has been seized (PTRACE_SEIZE, which alone tells a
// stop signal from a group stop), puts itself under a seccomp filter that stops it at the
// calls that matter (SECCOMP_RET_TRACE), and executes the command (package launch).
// Descendants are followed by the kernel (PTRACE_O_TRACEFORK and its like). Where the
// step installs a listener of its own, what that takes would never get to the filter:
// from there on the process and its descendants stop at every call.
//
// At a stop PTRACE_GET_SYSCALL_INFO gives the call and its arguments whatever the
// architecture; package decode says what they mean; the names are resolved while the
// caller stands still. A call that only looks needs no more: the walk that resolved
// its name has found what the kernel is about to find. Any other call is stopped at
// once more when it returns, and then told with its outcome.
//
// An engine that is to stop always has no filter, and each process stops at the entry and
// the exit of every call. The events are the same.
//
// # One thread
//
// Only the thread that seized a process may ptrace it, so all of the engine runs
// on one locked thread; it waits with __WNOTHREAD, and so for nobody else's
// children. What must not hold up the step's other processes (saving a content
// before it is destroyed) runs elsewhere and comes back as an [event.Hold].
//
// # What it costs
//
// The wake-ups, not the work. At each stop the kernel wakes this engine's thread and then the
// step's again, mostly on a processor that has gone idle meanwhile: on the 2-core virtual
// machine where all of this was measured (AMD EPYC, Linux 6.18, 2026-11) a tracer in C that
// does nothing else takes 50 µs a stop so, and 7.5 µs if both are kept to one processor. So the
// thread does not sleep at once: it asks for the next stop again and again (WNOHANG) for as
// long as it would take to be woken. 9 of 10 stops of a configure script come meanwhile, most
// of them after 5 to 20 µs, and the tracer in C takes 16 µs a stop. The other half, waking the
// step, is left.
//
// What the engine's thread does of its time, while a program makes 40,000 opens and failed
// stats, and a configure script runs (perf, in percent):
//
//	                                         filter   every call   configure, filter
//	asks and waits for the next stop             48           57                  49
//	asks for the call, until the step is idle    19           12                  16
//	decodes, looks, tells                        17           10                  15
//	lets the step go on: wakes it                14           19                  19
//
// A stop is 27 µs with a filter and 20 µs without one, where half of the stops are exits with
// nothing to tell. These are not asked for what they are: the engine has seen the entry. If one
// was none, which the kernel does not do, the next stop shows it, and the record is incomplete.
//
// A thread that asks needs a processor that the step does not. Where there is one, a storm of
// calls takes less processor time than if the thread slept and was woken each time, and a
// configure script 7% more. Where there is none (one processor, or others are busy) what was
// asked for in vain is remembered, and the thread sleeps at once but for one wait in 256: no
// difference to sleeping always could be measured. A make -j2 on the two processors takes 1.47
// of untraced, and 1.60 if the thread always sleeps.
//
// To sleep is an ordinary wait4, of which the scheduler knows. A raw one, as package notify's
// poll is, would save little, and is made anew after the signal by which the runtime interrupts
// a thread: a collection would wait until the step stops next.
//
// What the next factor would need is to have the step go on, and stop, on this thread's own
// processor, for which ptrace has no flag as seccomp has. If the tracer in C keeps itself to a
// processor, and gives the step that one as its only one just while it wakes it, a stop takes
// 11 µs instead of 16. But a child that is made in that moment would keep it for ever, and what
// another process sets in it would be lost.
//
// # What it guarantees
//
// Every process that descends from the command is watched from its first
// instruction to its end, and each outcome is the kernel's own. ESRCH from any
// request means that the process was killed meanwhile, which is never an error. If
// deptrace is killed the kernel kills the step (PTRACE_O_EXITKILL).
//
// # What it cannot do
//
// A program of the step cannot be traced by another (strace, gdb). A set-id program
// runs without its rights unless deptrace is privileged; that is told.
package ptrace
