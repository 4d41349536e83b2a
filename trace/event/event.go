// Package event is the contract between the engines that watch a step and
// whoever wants to know what it did.
//
// An [Event] is one operation of one process on one or two files, with the
// names resolved and the outcome as far as the engine knows it. Engines call a
// [Sink] synchronously, in the order in which the operations happened. Nothing
// here knows how the operation was seen: the package has no build tag, imports
// nothing of this project, and an Event survives a round trip through JSON, so
// that every hard bug can become a fixture of a few lines.
//
// # How often an operation is told
//
// A call that can change or destroy something is told before it happens, while
// its caller is stopped, with the outcome [Pending]; and once more, under the
// same Seq, when its outcome is known. A call that only looks is told once.
// An engine that never sees results (seccomp user notification) tells each call
// once, before it happens, with the outcome [Unknown]; the receiver finds out by
// looking.
//
// # What an event does not say
//
// Reads and writes through a descriptor are not events: what matters to a build
// is that the file was opened, and how. Nor are times and contents.
package event

// Event is one operation of the step and its outcome.
//
// The zero values of the fields that an operation does not use are meaningless;
// the comment at each [Op] names the ones it does use.
type Event struct {
	// Seq numbers the operations of a step in the order in which they
	// started, from 1. An operation told twice keeps its number.
	Seq uint64 `json:"seq"`
	// Process is the process (thread group) id in deptrace's own pid
	// namespace. It can be reused after an Exit.
	Process int     `json:"process"`
	Op      Op      `json:"op"`
	Flags   Flags   `json:"flags,omitzero"`
	Outcome Outcome `json:"outcome"`

	// Name is the file that the operation is about, Name2 the second one of
	// Rename and Link, which is the new name.
	Name  Name `json:"name,omitzero"`
	Name2 Name `json:"name2,omitzero"`

	// Target is what a Readlink found, or what a Symlink is to hold.
	Target string `json:"target,omitzero"`
	// Size is the length that a Truncate asks for, in bytes.
	Size int64 `json:"size,omitzero"`
	// Child is the new process of a Fork.
	Child int `json:"child,omitzero"`
	// Status is the exit status of an Exit. It is -1 if a signal ended the process, which is
	// Signal; if that is 0, the engine knows that the process has ended, but not how.
	Status int `json:"status,omitzero"`
	// Signal is the number of the delivered signal of a Signal, or of the one
	// that ended the process of an Exit.
	Signal int `json:"signal,omitzero"`
	// Address is the other side of a Connect, or what a Bind binds: "unix:" and
	// the absolute path, "unix:@" and an abstract name, "ip:" and host:port, or
	// "other:" and the number of the address family.
	Address string `json:"address,omitzero"`
	// Descriptor is the number of the descriptor of a Close, Dup or Inherit, and
	// Descriptor2 the new one of a successful Dup.
	Descriptor  int `json:"descriptor,omitzero"`
	Descriptor2 int `json:"descriptor2,omitzero"`
	// Reason and Detail say why an Incomplete is one.
	Reason Reason `json:"reason,omitzero"`
	Detail string `json:"detail,omitzero"`
}

// Name is a file's name as the step spelled it and as the kernel understood it.
type Name struct {
	// Spelled is the string in the step's memory. It is empty where the step
	// named a descriptor instead.
	Spelled string
	// Base is the absolute path of the directory that a relative Spelled starts
	// from: the working directory or a directory descriptor.
	Base string
	// Path is the absolute path with the links of all its directories resolved;
	// where the operation follows a link in the last place, that one too. Where
	// the lookup stops at a name that is not there, the rest of the spelling
	// follows it as it stands, unless the operation is one that would have changed
	// something: then it ends there.
	Path string
	// Links are the symbolic links that the lookup went through, in order.
	Links []Link
	// Ups are the directories that the lookup went into and left again by "..", or had to find
	// to be no links (openat2(2)): were one of them a link, it would have led elsewhere.
	Ups []string
}

// Link is a symbolic link that a lookup went through.
type Link struct {
	Path   string // absolute, its directories resolved
	Target string // what it holds, verbatim
}

// Hold is what a [Sink] returns to have the caller of a Pending or Unknown
// operation wait: the engine lets the operation happen once the channel is
// closed, and serves all other processes meanwhile. A nil Hold does not wait.
type Hold <-chan struct{}

// Sink receives the events of one step. The engine calls it from one goroutine
// at a time; the Event is the engine's own and must not be kept.
type Sink interface {
	Event(*Event) Hold
}

// SinkFunc is a function that serves as a [Sink] and never holds anything up.
type SinkFunc func(*Event)

// Event calls f.
func (f SinkFunc) Event(e *Event) Hold {
	f(e)
	return nil
}
