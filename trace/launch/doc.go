// Package launch starts a command that is about to be watched: its process waits
// until the engine has hold of it, puts itself under a seccomp filter, and only then
// executes the command.
//
// # Why not os/exec
//
// [syscall.ForkExec] shares its memory with the child until that has executed, and
// stands still meanwhile with one of the scheduler's processors in its hand. An engine that
// has to answer the child's exec waits for a goroutine that may need that very
// processor, or for a collection that needs all of them: a deadlock on one CPU, and
// now and then on two. And it offers no place between fork and exec in which to put a
// filter, so that the filter would have to stand on a thread of this process.
//
// Here the child is a copy (fork(2) without CLONE_VM), which costs 0.1 ms more and lets the
// parent go on at once. Between fork and exec it makes nothing but raw system calls, as
// [syscall.ForkExec] does, and so the exec itself is the first thing of the step that
// the engine sees, the same way as all others.
//
// # The notification descriptor
//
// A filter that notifies gives its descriptor to whoever installs it: the child. The
// child therefore begins with the parent's table of descriptors, in which the new one
// appears, and takes a table of its own right afterwards. Neither ptrace(2) rights nor a
// socket are needed for that.
//
// # What the command notices
//
// It has what it would have from [syscall.ForkExec]: the signal mask, the limit of
// open descriptors that this process was started with (package nofile), default
// actions for the signals that Go handles. A parent-death signal (SIGKILL) is set: it
// comes when the thread that called [Start] ends, which must therefore be locked and live
// as long as the command. A file that the kernel does not know how to execute
// (ENOEXEC) is given to /bin/sh, as execvp(3) does.
package launch
