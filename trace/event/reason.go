package event

// Reason is why a record is incomplete: a code in lower case with dashes. A record
// says it as "code" or "code: detail".
type Reason string

// The reasons. [Help] says of each what a user can do.
const (
	// NotFollowed: a process was not watched.
	NotFollowed Reason = "process-not-followed"
	// Outlived: a process went on after the command had ended.
	Outlived Reason = "process-outlived-step"
	// NotTraced: nothing was watched.
	NotTraced Reason = "not-traced"

	// ABINotModelled: a call of an ABI that has no table.
	ABINotModelled Reason = "abi-not-modelled"
	// NotModelled: a call, or a use of one, whose effect on files is not known.
	NotModelled Reason = "call-not-modelled"
	// Xattr: an extended attribute was read or set.
	Xattr Reason = "extended-attributes"
	// FileHandle: a file was named by a handle.
	FileHandle Reason = "file-handle"
	// Mount, Chroot and Namespace: names mean other files than for deptrace.
	Mount     Reason = "mount"
	Chroot    Reason = "chroot"
	Namespace Reason = "namespace"
	// IOUring: a ring from outside the step was used.
	IOUring Reason = "io-uring"
	// Listener: a filter of the step's own takes calls away from the engine.
	Listener Reason = "seccomp-listener"

	// Memory: what a call was given could not be read.
	Memory Reason = "memory-unreadable"
	// Unreadable: a digest could not be taken.
	Unreadable Reason = "input-unreadable"
	// Edited: somebody else changed an input during the run.
	Edited Reason = "input-edited"
	// Stdin: what is read from it cannot be looked at.
	Stdin Reason = "stdin"
	// Pipe: likewise of a pipe or the like that is not standard input.
	Pipe Reason = "pipe"
	// Lost: the engine does not know what happened.
	Lost Reason = "events-lost"
	// OutsideServer: a server that the step had not started did work for it.
	OutsideServer Reason = "outside-server"
	// SetID: a program ran without the rights that it has by itself.
	SetID Reason = "set-id-program"
)

// Help says what each reason means and what a user can do about it. It is the list
// that the documentation prints; a reason that is not in it does not exist.
var Help = map[Reason]string{
	NotFollowed:    "a process of the step was not watched; run the step without what makes it untraceable",
	Outlived:       "a process went on after the command had ended; make the step wait for it",
	NotTraced:      "no engine works here and --best-effort was given; `deptrace doctor` says what refused",
	ABINotModelled: "a program makes system calls of another kind (x32); use a native build of it",
	NotModelled:    "the step made a system call whose effect on files deptrace does not know; the detail names it",
	Xattr:          "the step used extended attributes, whose values are not part of a record",
	FileHandle:     "files were opened by handle, so that their names are not known",
	Mount:          "names mean other files than before: the step mounted or unmounted something, or was started with a file or in a directory that a mount hides (enter it anew)",
	Chroot:         "a process works under another root directory; run deptrace inside it instead",
	Namespace:      "a process entered a namespace of its own; run deptrace inside it instead",
	IOUring:        "file operations went through io_uring, which cannot be watched",
	Listener:       "the step installed a seccomp filter that the notify engine gets in the way of; --engine ptrace can follow such a step",
	Memory:         "a process's memory could not be read, so that a name is not known",
	Unreadable:     "an input could not be read to take its digest; make it readable to the user who runs deptrace",
	Edited:         "an input changed during the run, not by the step; run the step again",
	Stdin:          "the step read from a pipe or socket (under cached also a terminal) on its standard input; give it a file instead",
	Pipe:           "the step read from a named pipe, or from a pipe or the like that it was given open; give it a file instead",
	Lost:           "the engine lost track of calls; this is a bug, please report it",
	OutsideServer:  "the step talked to a server that it had not started; turn the server off for the step",
	SetID:          "a set-id program ran, which loses its rights when watched; run it outside the step",
}
