// Package helper starts deptrace-remote, the program that talks to a remote cache, and
// talks to it.
//
// # Why a program of its own
//
// Linking package net/http costs an empty Go program 2 ms of its start, and deptrace is
// started for each compile of a build, most of which the local store answers. So what
// speaks HTTP is another program, which is started when there is a remote and the local
// store had no answer. This package links nothing of it.
//
// # How it works
//
// A request is a line on the program's standard input, the answer to it a line on its
// standard output, in order: see [Request] and [Answer]. Records and blobs do not go
// through these pipes but through the local store, which both have open. The end of its
// input ends the program. What it has to tell the user it writes to standard error.
//
// # What it guarantees
//
// Every answer is waited for as long as the context allows, and never without an end. A
// program that is late, says something else, or has died is killed, by its process id,
// and every request after that fails at once with the same reason. None of it is a
// reason for a step to fail.
//
// # What it does not
//
// It does not start the program again. And it must not be running while a step is traced
// by ptrace, which waits for every child of this process: Close comes before, and another
// Start behind.
package helper
