// Package decode turns a system call, which is a number and six words, into what it
// asks for: an operation, names, flags.
//
// [Decode] follows the row that the call has in the table (package syscalls), and
// reads names and structures through a [Memory]. It makes no system calls and knows
// no processes, so that it is tested from literal numbers and arguments. It does
// not resolve names: a [Name] says where a lookup starts and what is spelled.
//
// # What is decoded
//
// A call is told as it was made, also if it is going to fail: that is for the
// outcome to say. Left out is only what the kernel refuses before it looks at any
// name: a pointer to nowhere ([ErrFault]), a structure of an impossible size.
// Arguments that the kernel takes for an int are cut to one, whatever is in the
// upper half of the register; those of an i386 call are cut altogether.
//
// fstat(2) is not told in any of its forms, such as newfstatat or statx of an open
// descriptor (AT_EMPTY_PATH). Which form a program uses depends on its C library, and
// the open that made the descriptor is told already. Asking for the working directory
// by an empty path is told: there was no open.
//
// # What is not guaranteed
//
// The step's other threads can change a name between this look at it and the
// kernel's.
package decode

import (
	"errors"
	"strconv"

	"deptrace/trace/event"
	"deptrace/trace/syscalls"
)

// Memory is the memory of the process that makes a call. Errors other than
// [ErrFault] are the reader's own, and passed on.
type Memory interface {
	// String reads a string that ends in NUL and is at most PATH_MAX (4096) bytes
	// long, the NUL included.
	String(addr uint64) (string, error)
	// Read fills buf.
	Read(addr uint64, buf []byte) error
}

// ErrFault says that something is not mapped, or a name longer than any: the kernel
// will refuse the call, and there is nothing to tell.
var ErrFault = errors.New("bad address")

// CWD is AT_FDCWD: a relative name starts from the working directory.
const CWD = -100

// Name is a file's name as a call gives it.
type Name struct {
	// Dir is the directory descriptor that a relative Text starts from, or CWD. The
	// descriptor itself if Self. Whether it is a valid one is not known.
	Dir int
	// Text is the name as spelled, possibly empty (which the kernel does not find).
	Text string
	// Self: the call is about the descriptor Dir, or the working directory, itself.
	Self bool
	// NoFollow: a link in the last place is not followed.
	NoFollow bool
	// Beneath, NoLinks and NoJumps are ways that a lookup must not take (openat2(2)):
	// out of the directory, through a symbolic link, through one of /proc's.
	Beneath, NoLinks, NoJumps bool
}

// Call is a decoded call.
type Call struct {
	// Spec is the call's row; never nil. That of a socketcall(2) is the row of the call
	// that it stands for.
	Spec *syscalls.Spec
	// Op is what the call does; None for one that is of interest only because it may
	// read from descriptor 0.
	Op event.Op
	// Flags has NoFollow if Name has, and ByDescriptor if Name is a descriptor.
	Flags event.Flags

	Name, Name2 Name
	Has, Has2   bool // whether there is a Name, a Name2

	Target string // of a Symlink
	Size   int64  // of a Truncate

	// Address is the other side, as event.Event has it, or just "unix:" for a socket
	// in the file system: then Name has its name. An address of the internet is
	// "ip:host:port": a call does not show what kind of socket it is made on.
	Address string

	// Descriptor is what is closed, duplicated, read from, connected or bound.
	// Descriptor2 is the new one of a Dup, -1 if the kernel chooses it, and the last
	// one of a Close that is about several (close_range).
	Descriptor, Descriptor2 int
	// Reads: the call reads from descriptor 0, or duplicates it. It is set also where
	// there is nothing to tell.
	Reads bool

	// Shares: the call makes a process that shares the working directory of its maker, so that
	// each changes it for both (CLONE_FS). It is set also where there is nothing to tell.
	Shares bool
	// Numbered: the call makes a process with a number that the caller chooses, which can have
	// been another's a moment ago. It is set also where there is nothing to tell.
	Numbered bool
	// Untraced: the call makes a process that no tracer follows (CLONE_UNTRACED), which
	// matters to an engine that is one.
	Untraced bool
	// Reason and Detail are those of an Incomplete. There may be a Name: if such a
	// call fails, it was a lookup of that name and nothing else.
	Reason event.Reason
	Detail string
	// Listens: the step installs a seccomp filter with a listener, which takes whole
	// calls away from an engine. Without it, but with the same Reason, it installs one
	// that asks for a tracer.
	Listens bool
}

// Decode decodes a call. ok is false if there is nothing to tell: the call, or this
// use of it, does not concern files, or the kernel will refuse it unseen. err is
// one of mem's, and then ok is false.
//
// Calls that are watched only on demand are decoded like any other: whether they
// are wanted says [syscalls.Options.Matters]. For a call that is of interest only
// because it may read from descriptor 0, ok is false and c.Reads says whether it does.
func Decode(abi syscalls.ABI, nr uint64, args [6]uint64, mem Memory) (c Call, ok bool, err error) {
	s := syscalls.Lookup(abi, nr)
	if s == nil {
		return Call{}, false, nil
	}
	args = abi.Args(args)
	if !s.Applies(&args) {
		return Call{}, false, nil
	}
	if s.Style == syscalls.SocketCall {
		return socketCall(abi, s, &args, mem)
	}
	c = Call{Spec: s, Op: s.Op, Flags: s.Fixed, Reason: s.Reason}
	if s.Reads != syscalls.NoArg {
		c.Descriptor = descriptor(s.Reads, &args)
		c.Reads = c.Descriptor == 0
	}
	switch s.Op {
	case event.None:
		if s.Style == syscalls.ControlBlocks {
			c.Reads, err = readsStdin(abi, s, &args, mem)
		}
		return c, false, err
	case event.Close, event.Dup:
		c.Descriptor = descriptor(s.FD, &args)
		if s.Op == event.Dup {
			c.Descriptor2 = -1
		}
		if s.FD2 != syscalls.NoArg {
			c.Descriptor2 = descriptor(s.FD2, &args)
			if s.Op == event.Close { // unsigned, ~0 for all
				c.Descriptor, c.Descriptor2 = int(uint32(s.FD.Of(&args))), int(uint32(s.FD2.Of(&args)))
			}
		}
		return c, true, nil
	case event.Bind, event.Connect:
		c.Descriptor = descriptor(s.FD, &args)
		ok, err = c.socket(abi, &args, mem)
		return c, ok && err == nil, err
	case event.Incomplete:
		c.Detail = s.Name
		if s.Xattr == syscalls.SetXattr || s.Xattr == syscalls.RemoveXattr {
			if err = c.attribute(&args, mem); err != nil {
				return c, false, err
			}
		}
		if s == &syscalls.Newer {
			c.Detail = "call " + strconv.FormatUint(nr, 10)
		}
	}
	if s.Style != syscalls.NoStyle {
		if ok, err = c.flags(abi, &args, mem); !ok || err != nil {
			return c, false, err
		}
		if c.Op == event.Incomplete && s.Op == event.Open {
			return c, true, nil // how its name is looked up is what is not modelled
		}
	}
	if ok, err = c.names(&args, mem); !ok || err != nil {
		return c, false, err
	}
	if s.Mode != syscalls.NoArg {
		c.Flags |= accessMode(s.Mode.Of(&args))
	}
	if s.Size != syscalls.NoArg {
		c.Size = size(abi, s, &args)
	}
	return c, true, nil
}

// names reads the names of the call. c.Flags are complete but for ByDescriptor. It
// reports false for a form of fstat.
func (c *Call) names(args *[6]uint64, mem Memory) (ok bool, err error) {
	s := c.Spec
	switch {
	case s.FD != syscalls.NoArg:
		c.Has = true
		c.Name = Name{Dir: descriptor(s.FD, args), Self: true}
	case s.Path != syscalls.NoArg:
		c.Has = true
		how := c.Name // what flags said of the lookup
		if c.Name, err = readName(s.Dir, s.Path, args, mem, emptyPath(s, args)); err != nil {
			return false, err
		}
		c.Name.Beneath, c.Name.NoLinks, c.Name.NoJumps = how.Beneath, how.NoLinks, how.NoJumps
	}
	switch {
	case !c.Has:
	case !c.Name.Self:
		c.Name.NoFollow = c.Flags&event.NoFollow != 0
	default:
		c.Flags &^= event.NoFollow
		if c.Name.Dir != CWD {
			if c.Op == event.Stat {
				return false, nil
			}
			c.Flags |= event.ByDescriptor
		}
	}
	if s.Path2 != syscalls.NoArg {
		c.Has2 = true
		if c.Name2, err = readName(s.Dir2, s.Path2, args, mem, named); err != nil {
			return false, err
		}
		c.Name2.NoFollow = true
	}
	if s.Target != syscalls.NoArg {
		c.Target, err = mem.String(s.Target.Of(args))
	}
	return err == nil, err
}

// empty is what a call without a name, or with an empty one, is about.
type empty uint8

const (
	named  empty = iota // a name must be given
	isDir               // an empty name, or none, is the descriptor
	byNull              // no name (NULL) is the descriptor, but never the working directory
	byText              // an empty name is the descriptor, but never the working directory
)

func emptyPath(s *syscalls.Spec, args *[6]uint64) empty {
	switch {
	case s.Style == syscalls.AtFlags && s.Flags.Of(args)&atEmptyPath != 0:
		return isDir
	case s.NullSelf:
		return byNull
	case s.EmptySelf:
		return byText
	}
	return named
}

// readName reads a name.
func readName(dir, path syscalls.Arg, args *[6]uint64, mem Memory, e empty) (n Name, err error) {
	n.Dir = CWD
	if dir != syscalls.NoArg {
		n.Dir = descriptor(dir, args)
	}
	addr := path.Of(args)
	if addr == 0 && (e == isDir || e == byNull && n.Dir != CWD) {
		n.Self = true
		return n, nil
	}
	n.Text, err = mem.String(addr)
	n.Self = err == nil && n.Text == "" && (e == isDir || e == byText && n.Dir != CWD)
	return n, err
}

// descriptor returns an argument that the kernel takes for an int.
func descriptor(a syscalls.Arg, args *[6]uint64) int { return int(int32(a.Of(args))) }

// size returns the length that a truncation asks for.
func size(abi syscalls.ABI, s *syscalls.Spec, args *[6]uint64) int64 {
	v := s.Size.Of(args)
	switch {
	case s.High != syscalls.NoArg:
		return int64(s.High.Of(args)<<32 | v)
	case abi == syscalls.I386:
		return int64(int32(v))
	}
	return int64(v)
}
