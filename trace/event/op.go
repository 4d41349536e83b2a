package event

import (
	"fmt"
	"strings"
)

// Op is what an operation does.
type Op uint8

// The operations. Name is used by all that concern a file.
const (
	None Op = iota

	// Open opens a file. Flags say how.
	Open
	// Inherit is told at the start for each descriptor that the step inherits
	// and that is open on a file with a name. Flags as for Open, Descriptor.
	Inherit
	// Exec runs a program. Flags has Script for a file that starts with "#!".
	Exec
	// Load is the kernel reading an interpreter for an Exec: that of a "#!" line
	// or of an ELF file. It follows the Exec it belongs to.
	Load
	// Stat asks for metadata. NoFollow where the link itself is meant.
	Stat
	// Access asks whether a lookup succeeds. Read, Write and Executable where it asks for
	// permission to do so; whether there is one is not in the outcome.
	Access
	// Readlink reads a symbolic link. Target, if it succeeded.
	Readlink
	// List reads a directory's names.
	List

	// Mkdir, Rmdir, Unlink, Symlink (Target) and Mknod change a name.
	Mkdir
	Rmdir
	Unlink
	Symlink
	Mknod
	// Rename and LinkTo give the file Name the name Name2. Flags has Exchange or
	// NoReplace for Rename.
	Rename
	LinkTo
	// Truncate sets a file's Size.
	Truncate
	// Chmod, Chown, Utime and SetXattr change metadata.
	Chmod
	Chown
	Utime
	SetXattr

	// Bind and Connect are about sockets. Address; Name for one in the file
	// system.
	Bind
	Connect

	// Fork is a new process, told by its parent. Child. New threads are not told. An
	// engine that does not see processes being made tells it before the first operation of
	// the process, and does not know of one that makes none.
	Fork
	// Exit is the end of a process. Status or Signal.
	Exit
	// Signal is a signal about to be delivered to a process. Not every engine sees them.
	Signal

	// Close and Dup are told only if the caller asked for descriptors.
	// Descriptor, and Descriptor2 where there is a new one.
	Close
	Dup

	// Incomplete is something that the engine cannot follow or that is not
	// modelled. Reason and Detail.
	Incomplete

	numOps
)

var opNames = [numOps]string{
	"none", "open", "inherit", "exec", "load", "stat", "access", "readlink", "list",
	"mkdir", "rmdir", "unlink", "symlink", "mknod", "rename", "link", "truncate",
	"chmod", "chown", "utime", "setxattr", "bind", "connect", "fork", "exit", "signal",
	"close", "dup", "incomplete",
}

// String returns the lower-case name that the JSON form uses.
func (op Op) String() string {
	if int(op) < len(opNames) {
		return opNames[op]
	}
	return fmt.Sprintf("op(%d)", op)
}

// MarshalText implements [encoding.TextMarshaler].
func (op Op) MarshalText() ([]byte, error) { return []byte(op.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (op *Op) UnmarshalText(b []byte) error {
	for i, n := range opNames {
		if n == string(b) {
			*op = Op(i)
			return nil
		}
	}
	return fmt.Errorf("unknown operation %q", b)
}

// Changes reports whether the operation, with these flags, can change or destroy
// something in the file system, so that it is told before it happens.
func (e *Event) Changes() bool {
	switch e.Op {
	case Open:
		return e.Flags&(Write|Create|Truncated|TempFile) != 0
	case Mkdir, Rmdir, Unlink, Symlink, Mknod, Rename, LinkTo, Truncate, Chmod, Chown, Utime, SetXattr:
		return true
	case Bind:
		return e.Name.Path != "" // a socket file appears
	}
	return false
}

// Flags say how an operation is made, in terms that are the same on every system.
type Flags uint32

// The flags. Those without a remark belong to Open.
const (
	// Read and Write are the access mode. Neither is set for PathOnly.
	Read Flags = 1 << iota
	Write
	// Create makes the file if it is not there; with Exclusive it must not be.
	Create
	Exclusive
	// Truncated empties the file.
	Truncated
	// Append positions every write at the end.
	Append
	// Directory fails on anything but a directory.
	Directory
	// PathOnly is O_PATH: a handle that can neither read nor write.
	PathOnly
	// TempFile is O_TMPFILE: a file without a name in the directory Name.
	TempFile
	// NoFollow does not follow a link in the last place. Any operation.
	NoFollow
	// Executable asks for permission to execute. Access.
	Executable
	// Exchange swaps the two names. Rename.
	Exchange
	// NoReplace fails if the new name is there. Rename.
	NoReplace
	// ByDescriptor marks an operation on an open descriptor whose Name was found
	// from it. Stat, Truncate, Chmod and their like, List.
	ByDescriptor
	// Script marks an Exec of a file that starts with "#!".
	Script
	// OwnServer marks a Connect to a socket that a process of the step has open.
	OwnServer
	// Shared marks an Inherit of a file that whoever had deptrace run has open under
	// the same number: it was opened for others, too, as the log of a build is.
	Shared

	numFlags = iota
)

var flagNames = [numFlags]string{
	"read", "write", "create", "exclusive", "truncate", "append", "directory", "path",
	"tmpfile", "nofollow", "executable", "exchange", "noreplace", "descriptor", "script", "ownserver", "shared",
}

// String returns the names of the flags that are set, with commas between them.
func (f Flags) String() string {
	var names []string
	for i, n := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, ",")
}

// MarshalText implements [encoding.TextMarshaler].
func (f Flags) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (f *Flags) UnmarshalText(b []byte) error {
	*f = 0
next:
	for _, word := range strings.Split(string(b), ",") {
		for i, n := range flagNames {
			if n == word {
				*f |= 1 << i
				continue next
			}
		}
		if word != "" {
			return fmt.Errorf("unknown flag %q", word)
		}
	}
	return nil
}
