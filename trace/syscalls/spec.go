// Package syscalls is the table of the system calls that matter to a recorder of
// file operations, and the BPF programs that pick them out.
//
// One row, a [Spec], says of one call everything that is not the same for all:
// its numbers, what it does, which arguments are names, descriptors and flags,
// when its outcome is known, and which of its uses are of interest. Three things
// are made from the rows and so cannot contradict each other: the seccomp filter
// ([Program]), the same decision in Go for an engine without a filter
// ([Options.Matters]), and the decoder (package decode). Adding a call is adding a row.
//
// A call that is not in the table is one that has to do neither with files nor
// with descriptors. A call that has, and is nevertheless not watched, has a row
// that says why ([Spec.Harmless]). A call that is not modelled has a [Spec.Reason],
// and the record is incomplete if it succeeds. So is it for a call with a higher
// number than any that the table knows ([Newer]): a kernel that is younger than
// this package does not make a record silently wrong. Tests compare the table with
// the numbers of golang.org/x/sys and of the kernel's headers.
//
// The package is data: it has no build tag, makes no system calls and knows no
// processes. It does not judge whether an argument is valid: the kernel does.
package syscalls

import "deptrace/trace/event"

// Spec is what is known of one system call. A row must not be changed.
type Spec struct {
	Name string
	Nr   Numbers

	// Op is the operation; None if the call is not one, so that it is of interest
	// for what it reads at most. With Incomplete goes the Reason.
	Op     event.Op
	Reason event.Reason
	// When is where the outcome is found out.
	When When
	// Fixed are flags that are in the call's nature: NoFollow of lstat.
	Fixed event.Flags

	// Dir and Path name the file, Dir2 and Path2 the second one. Without a Dir,
	// a relative path starts from the working directory.
	Dir, Path   Arg
	Dir2, Path2 Arg
	// FD is the descriptor that the operation is on or about: of fchmod, close.
	FD Arg
	// FD2 is the second descriptor, of dup2, or the last one of close_range.
	FD2 Arg
	// Flags is the argument that Style is about.
	Flags Arg
	Style Style
	// Len is the length of what Flags or Address points to: bytes, or the number
	// of messages.
	Len Arg
	// Mode is the access mode of access(2): X_OK and its like.
	Mode Arg
	// Size is a file's new length. High is its upper half where it takes two
	// registers.
	Size, High Arg
	// Xattr is what the call does with a file's extended attributes, and Attr the name
	// of the one that it is about.
	Xattr Xattr
	Attr  Arg
	// Needs is the capability without which the call fails with EPERM; one that makes a
	// process, if it makes namespaces, too, none of them for users. Programs try such calls
	// to find out.
	Needs Capability
	// Kind is what the descriptor A0 has to be, in the words of proc(5), or else the call
	// fails. Where Indexed holds A0 is no descriptor.
	Kind    string
	Indexed Cond
	// Target is what a symbolic link is to hold.
	Target Arg
	// Address is a socket address, or the structure with it; Style says which.
	Address Arg

	// NullSelf: without a path (NULL) the call is about the descriptor Dir. With
	// AT_EMPTY_PATH that goes for every call.
	NullSelf bool
	// EmptySelf: with an empty path, too, whatever the flags say.
	EmptySelf bool

	// Any are conditions of which one must hold, or else the use is of no interest
	// and the filter does not stop for it. They may hold for more uses than are of
	// interest: the decoder looks closer. None: every use is.
	Any []Cond
	// OnDemand calls are told only to those who ask for descriptors, and watched only for
	// them unless they Move. Otherwise the kernel is asked what a descriptor is when it is
	// used.
	OnDemand bool
	// Moves: it changes the working directory of its caller. It is watched in any case, so
	// that what a working directory is can be remembered. Whether it is told says OnDemand.
	Moves bool
	// Reads is the descriptor that the call reads from, or duplicates. See
	// [Options.Stdin].
	Reads Arg
	// MayRead are further conditions beside Any. A use for which one of them holds is of
	// interest only because it may read from a descriptor, and that one is in memory,
	// where a filter cannot see it.
	MayRead []Cond
	// Refuse is the error number with which the filter itself answers the call. An
	// engine without a filter has to do the same.
	Refuse uint16

	// Harmless says why a call that has to do with files is not watched.
	Harmless string
}

// Numbers are the numbers of a call, none where an ABI does not have it.
type Numbers struct{ AMD64, I386, ARM64 int16 }

const none = -1

// Of returns the number in an ABI, -1 if there is none.
func (n Numbers) Of(a ABI) int {
	switch a {
	case AMD64:
		return int(n.AMD64)
	case I386:
		return int(n.I386)
	case ARM64:
		return int(n.ARM64)
	}
	return none
}

// Arg is one of the six arguments of a call. The zero Arg is none of them.
type Arg uint8

// The arguments, counted from 0 as seccomp and ptrace do.
const (
	NoArg Arg = iota
	A0
	A1
	A2
	A3
	A4
	A5
)

// Of returns the argument's value in a call, 0 for NoArg.
func (a Arg) Of(args *[6]uint64) uint64 {
	if a == NoArg {
		return 0
	}
	return args[a-1]
}

// When is where the outcome of a call is found out.
type When uint8

const (
	// AtExit: it is what the kernel returns.
	AtExit When = iota
	// AtEntry: the call only looks. Looking the same way gives the same answer, and
	// needs no second stop.
	AtEntry
)

// Style is how flags, or an address, are passed.
type Style uint8

// The styles. All but the last ones are about the argument Flags.
const (
	NoStyle       Style = iota
	OpenFlags           // O_RDONLY and its like
	OpenHow             // a pointer to a struct open_how of Len bytes
	AtFlags             // AT_SYMLINK_NOFOLLOW, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH
	UnlinkFlags         // AT_REMOVEDIR
	RenameFlags         // RENAME_NOREPLACE, RENAME_EXCHANGE
	InotifyMask         // IN_DONT_FOLLOW
	FanotifyFlags       // FAN_MARK_DONT_FOLLOW
	CloneFlags          // CLONE_NEWNS and its like
	CloneArgs           // a pointer to a struct clone_args of Len bytes
	FilterProgram       // a pointer to a struct sock_fprog; A1 are flags of seccomp(2)
	FilterMode          // the same, if A1 is the mode of prctl(2) that takes one
	SockAddr            // Address is a struct sockaddr of Len bytes
	MsgHdr              // Address is a struct msghdr
	MMsgHdr             // Address is an array of Len struct mmsghdr
	ControlBlocks       // Address is an array of Len pointers to struct iocb
	SocketCall          // Address is an array of the arguments of the call that A0 stands for
)

// Xattr is what a call does with extended attributes.
type Xattr uint8

// What can be done with them. To get and to remove one that is not there is an error. To
// list those of a file that has none gives the result 0: then nothing was seen that is not
// in the record.
const (
	NoXattr Xattr = iota
	GetXattr
	ListXattr
	SetXattr
	RemoveXattr
)

// Capability is the number of a capability(7); 0, which no row needs, is none.
type Capability uint8

// The capabilities, from linux/capability.h.
const (
	DACReadSearch Capability = 2
	SysChroot     Capability = 18
	SysPacct      Capability = 20
	SysAdmin      Capability = 21
)

// Cond is a condition on an argument: one of its bits under Mask is set, or, if
// Equal, the bits under Mask are those of Value. Then Mask is within the lower half.
type Cond struct {
	Arg   Arg
	Mask  uint64
	Equal bool
	Value uint64
}

const (
	// word is the mask of an argument that the kernel takes for an int: the upper
	// half of the register is not looked at.
	word = 0xffffffff
	all  = 0xffffffffffffffff
)

// is is the condition that an int is v.
func is(a Arg, v uint32) Cond { return Cond{Arg: a, Mask: word, Equal: true, Value: uint64(v)} }

// has is the condition that an argument has one of the bits.
func has(a Arg, bits uint64) Cond { return Cond{Arg: a, Mask: bits} }

// lacks is the condition that an argument has none of the bits.
func lacks(a Arg, bits uint64) Cond { return Cond{Arg: a, Mask: bits, Equal: true} }

// given is the condition that a pointer is not NULL.
func given(a Arg) Cond { return has(a, all) }

func (c *Cond) holds(args *[6]uint64) bool {
	v := c.Arg.Of(args) & c.Mask
	if c.Equal {
		return v == c.Value
	}
	return v != 0
}

func oneHolds(cs []Cond, args *[6]uint64) bool {
	for i := range cs {
		if cs[i].holds(args) {
			return true
		}
	}
	return false
}

// Applies reports whether the conditions of the row allow that a call with these
// arguments is of interest, be it only for what it reads.
func (s *Spec) Applies(args *[6]uint64) bool {
	return len(s.Any) == 0 || oneHolds(s.Any, args) || oneHolds(s.MayRead, args)
}

// Descriptor returns what A0 of a call with these arguments has to be a descriptor of
// (Kind); "" if it can be anything.
func (s *Spec) Descriptor(args *[6]uint64) string {
	if s.Indexed.holds(args) {
		return ""
	}
	return s.Kind
}

// Options say which calls are watched besides those that always are.
type Options struct {
	// Descriptors asks for the calls that make, duplicate and close descriptors.
	Descriptors bool
	// Stdin asks for the calls that read from descriptor 0 or duplicate it.
	Stdin bool
}

// Matters reports whether a call with these arguments concerns an engine: whether it
// is one to be told or to be heeded, and whether it reads from descriptor 0 or duplicates
// it, which is reported only if the options ask for it. The filter stops for a call if
// either holds. Of a call whose descriptors are in memory (Style is ControlBlocks or
// SocketCall), the decoder has to find out whether it really reads. A nil Spec does not
// matter.
func (o Options) Matters(s *Spec, args [6]uint64) (told, reads bool) {
	if s == nil {
		return false, false
	}
	reads = o.Stdin && oneHolds(s.MayRead, &args)
	if len(s.Any) > 0 && !oneHolds(s.Any, &args) {
		return false, reads
	}
	told = s.Op != event.None && (!s.OnDemand || s.Moves || o.Descriptors)
	if o.Stdin && (s.Style == ControlBlocks || s.Reads != NoArg && uint32(s.Reads.Of(&args)) == 0) {
		reads = true
	}
	return told, reads
}
