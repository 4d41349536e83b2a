// Package onpath makes the system calls on a path that an engine makes for each call of a step.
// Unlike their twins in golang.org/x/sys/unix they allocate nothing for a path of usual length:
// the copy with a NUL at its end, which the kernel wants, stays on the stack.
//
// Paths are absolute and hold no NUL. A call that a signal interrupts, as those on a network file
// system can be, is made anew.
package onpath
