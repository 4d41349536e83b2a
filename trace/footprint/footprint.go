// Package footprint folds the events of a step into what the step did to each
// path: what it found there that mattered, and what it left.
//
// # How it works
//
// A [Folder] is an [event.Sink]. It keeps one node a path. At the first event
// about a path it looks at what is there (through [FS]); from then on the order of
// the events decides whether what a process finds at the path is something that
// was there before the step, and so an input, or something that the step made.
// [Folder.Finish] looks at every path once more: what changed under a call that
// can change it is an output; what changed otherwise was edited by somebody else,
// and makes the footprint incomplete.
//
// # What it guarantees
//
// Folding is a function of the events and of what FS and [Keeper] answer: there
// is no clock, no process and no hidden state in it. Its memory grows with the
// number of distinct paths, not with the number of events. The lists of a
// Footprint are sorted by path bytes, then kind.
//
// # What it does not
//
// It hashes nothing by itself. Where the content that mattered is about to be
// destroyed it asks a Keeper to save it; all other contents are read after the
// step by whoever wants their digests.
package footprint

import "deptrace/trace/event"

// Footprint is what a step did.
type Footprint struct {
	Inputs   []Input
	Outputs  []Output
	Programs []Program
	// Stdin is the regular file that was the step's standard input when it started, and which
	// is among the inputs; empty for anything else.
	Stdin string
	// Specials are the named pipes, sockets and devices that the step made and left. They are
	// no outputs: nothing can be said of what is in them, and nothing brings them back.
	Specials []string
	// Incomplete says why this is not all; empty means that it is.
	Incomplete []Gap
	// Uses are the facts about the step that concern caching: "network", "random"
	// and "machine". Sorted.
	Uses []string
}

// Gap is a reason why a footprint is not complete.
type Gap struct {
	Reason event.Reason
	Detail string // may be empty
}

// String returns "code" or "code: detail".
func (g Gap) String() string {
	if g.Detail == "" {
		return string(g.Reason)
	}
	return string(g.Reason) + ": " + g.Detail
}

// Kind is how an input mattered.
type Kind uint8

// The kinds. Of the first four a path has at most one, the strongest: Read before
// Stat before Exists and Absent. Link and List can stand beside it.
const (
	Read   Kind = iota // the content
	Stat               // the metadata
	Exists             // that the lookup succeeds, and the type of what it finds
	Absent             // that it does not
	Link               // the target of a symbolic link
	List               // the names and types in a directory
)

var kindNames = []string{"read", "stat", "exists", "absent", "link", "list"}

func (k Kind) String() string { return kindNames[k] }

// Input is a state that the step found and that mattered.
type Input struct {
	Path string // absolute, its directories' links resolved
	Kind Kind
	// State is what was there at the first use.
	State State
	// Target is what a Link holds.
	Target string
	// Entries are the names of a List, sorted, without the step's own outputs.
	Entries []Entry
	// Kept is the content, saved before the step destroyed it. nil means that the
	// path still holds what the step found.
	Kept Kept
	// InOut is set if the step changed what it had found here.
	InOut bool
	// Asked is what the step asked whether it may do, or tried in vain, and Denied what of that
	// it may not: of a Read, a Stat or an Exists.
	Asked, Denied Rights
	// Names are the spellings to give to make: relative to the step's directory,
	// or absolute where the step said so. Sorted. Only Read and Stat of regular
	// files have them.
	Names []string
}

// Output is a path that the step created, replaced, changed or removed.
type Output struct {
	Path  string
	State State // what is there now; the zero State if it was removed
	// Target is what a symbolic link holds.
	Target string
	// InOut is set if the content found here before mattered: a Read of the same
	// Path is among the inputs.
	InOut bool
	// Adds is set if the step would have kept what it had found here, and found nothing or an
	// empty file: `touch stamp`, `>> log`. No content mattered, but another one would.
	Adds bool
	// Needs is set if the step changed what it had found here in a way that makes nothing
	// where nothing is: chmod(2), truncate(2); or that lets the permission to execute it live on.
	Needs bool
}

// Program is a command name that was searched in PATH.
type Program struct {
	Name string
	Path string // where it was found, as PATH spells it; empty: nowhere
}

// Entry is a name in a directory.
type Entry struct {
	Name string
	Type Type
}

// Type is what kind of file something is.
type Type uint8

// The types. None is that of the zero State: nothing is there.
const (
	None    Type = iota
	File         // regular file
	Dir          // directory
	Symlink      // symbolic link
	Other        // device, fifo, socket
)

var typeNames = []string{"none", "file", "dir", "link", "other"}

func (t Type) String() string { return typeNames[t] }

// Rights are a set of permissions.
type Rights uint8

// The rights.
const (
	Reading Rights = 1 << iota
	Writing
)

var rightsNames = [...]string{"", "read", "write", "read,write"}

// String returns "read", "write", "read,write", or an empty string.
func (r Rights) String() string { return rightsNames[r&(Reading|Writing)] }

// State is what is at a path. The zero State means that nothing is.
type State struct {
	Type Type
	// Exec is whether the owner may execute a regular file.
	Exec bool
	// Size is in bytes.
	Size int64
	// The identity of what is there. Times are in nanoseconds since 1970.
	Dev, Ino     uint64
	Nlink        uint64
	Mtime, Ctime int64
	// Kernel is set on devices and on proc, sysfs and the like, which are never inputs, and
	// for what is not there in a directory of such a file system.
	Kernel bool
}

// Same reports whether s and t are one file in one state, as far as its identity
// tells.
func (s State) Same(t State) bool { return s == t }

// SameContent reports whether s and t are one file whose content has, by its
// identity, not changed: only ctime and the number of links may differ.
func (s State) SameContent(t State) bool {
	return s.Type == t.Type && s.Dev == t.Dev && s.Ino == t.Ino && s.Size == t.Size && s.Mtime == t.Mtime
}

// FS is the file system as the step sees it. Every path is absolute and no method
// follows a link in the last place.
type FS interface {
	// Lstat returns what is at path: the zero State, and no error, if nothing is
	// (ENOENT and ENOTDIR).
	Lstat(path string) (State, error)
	// Readlink returns what the symbolic link holds.
	Readlink(path string) (string, error)
	// ReadDir returns the names in a directory, in any order, without . and ..
	ReadDir(path string) ([]Entry, error)
	// Denied returns those of the rights that this process does not have to what is at path.
	Denied(path string, r Rights) Rights
}

// Keeper saves contents that the step is about to destroy.
type Keeper interface {
	// Digest reads the regular file at path now. The file must not change until
	// Done of the result is closed.
	Digest(path string) Kept
	// Open keeps hold of the regular file at path, which is about to lose its name
	// and not its content, so that it can be read later.
	Open(path string) Kept
}

// Kept is a content that is being saved, or has been.
type Kept interface {
	// Done is closed when the file may change. It may be nil: it may now.
	Done() <-chan struct{}
	// Sum waits for and returns the SHA-256 of the content.
	Sum() ([32]byte, error)
}
