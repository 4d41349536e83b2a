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
// With everyCall there is no filter and each process stops at the entry and
// the exit of every call. The events are the same.
//
// # One thread
//
// Only the thread that seized a process may ptrace it, so all of the engine runs
// on one locked thread; it waits with __WNOTHREAD, and so for nobody else's
// children. It asks for the next report again and again (WNOHANG) for the 50 µs that it would
// take to wake it, and sleeps only then, through the scheduler like any thread: it never keeps
// a collection waiting. If asking turns out to be what the step waits for, because there is no
// other processor to run on, it soon sleeps at once. What must not hold up the step's other processes (saving a content
// before it is destroyed) runs elsewhere and comes back as an [event.Hold].
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
