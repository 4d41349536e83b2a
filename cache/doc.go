// Package cache decides what a record is worth now: whether its step would do the
// same again, and under which key its result can be kept.
//
// # Check
//
// A record is fresh if the step is known to be complete and to have succeeded, and
// everything that it depended on is as it was: the listed environment variables,
// where each program name is found, every input, and every output that it left.
// Of what was only looked for, the type counts as well: a readlink(2) or an rmdir(2)
// that failed for a file might not fail for what comes in its place.
//
// [Check] compares the cheap things first (variables, programs, types, sizes, names)
// and hashes what is left on all cores at the end. It finds all reasons, not just
// the first: one look tells a user what to think of a rebuild.
//
// An input that the step changed afterwards (in-out) is compared as an output, with
// the state in which the step left it. Outputs outside the root are not compared; an
// in-out there is, if the step put back the bytes that it had found.
//
// A record that is missing, cut off, damaged or newer than this program is stale
// with a reason. It is never an error, and never fresh.
//
// # Key
//
// A key is the SHA-256 of a text, which [Explain] prints: the text is written by one
// function into one of two sinks, so what is printed is what is hashed. It is made
// of lines, each a word and quoted strings, so that diff(1) of two texts says why a
// key moved:
//
//	deptrace key v1
//	salt "…"
//	step "cc" "-c" "hello.c"
//	dir "."
//	env "LANG" "C.UTF-8"
//	program "cc" sha256 …
//	read "hello.c" sha256 …
//	lookup "include/hello.h" absent
//	lookup "include" dir
//
// It says what is there now: a record serves to know what to look at. Files that are
// not there are a line like any other. An in-out enters with the state that a run
// would find. No line has the root or the user's home in it, nor an inode or a time,
// so that two checkouts on two machines have one key if they have the same files.
// The texts of several records are sorted, and their order does not count.
//
// # Result
//
// To bring back what an earlier run left, instead of running again, takes three steps. A
// [Weak] key is made of everything that the command is given: its words, its directory,
// its environment but for the [Noise], what it has open. It leads to the input sets of
// earlier runs of the command: what they looked at, without what they found ([InputSet]).
// From a set and what is there now comes a [StrongKey], without running anything; and under
// that key there is an [Entry], if a run found the same state before. [RecordedKeys] makes
// the same key from the record of a run.
//
// So a hit means: a command that was given the same, and whose every look at a file would
// have the same answer, up to its end. Two results under one weak key differ by what was
// found on the way, and the sets say what to look at.
//
// Between checkouts at different paths the root is taken out of the words ([Relocate]). A
// result that holds the path of its checkout, or that depends on what lies beside it
// ([Portable]), is bound to it.
//
// # What it does not
//
// Nothing here writes, locks, or talks to a terminal: package store keeps, package restore
// brings back, and package result says what and when. A check is no snapshot: who edits
// a file during it can have either answer. The values of listed variables are taken as
// they are; one that holds the path of a checkout ties the key of a record to it.
package cache
