package decode

import (
	"encoding/binary"

	"deptrace/trace/event"
	"deptrace/trace/syscalls"
)

// Flags of open(2) that are the same on all ABIs here (asm-generic/fcntl.h).
const (
	oAccMode = 03
	oWrOnly  = 01
	oCreat   = 0100
	oExcl    = 0200
	oTrunc   = 01000
	oAppend  = 02000
	oPath    = 010000000
	oTmpFile = 020000000 // __O_TMPFILE; O_TMPFILE has O_DIRECTORY, too
)

// openBits returns O_DIRECTORY and O_NOFOLLOW, which arm64 (asm/fcntl.h) has in
// other places than the rest.
func openBits(abi syscalls.ABI) (directory, noFollow uint64) {
	if abi == syscalls.ARM64 {
		return 040000, 0100000
	}
	return 0200000, 0400000
}

// Other flags and modes, from linux/fcntl.h, linux/fs.h, unistd.h, linux/inotify.h,
// linux/fanotify.h and linux/openat2.h.
const (
	atSymlinkNoFollow = 0x100
	atRemoveDir       = 0x200
	atSymlinkFollow   = 0x400
	atEmptyPath       = 0x1000

	renameNoReplace = 1
	renameExchange  = 2

	rOK = 4
	wOK = 2
	xOK = 1

	inDontFollow      = 0x02000000
	fanMarkDontFollow = 0x04
	fanMarkFlush      = 0x80

	resolveNoMagicLinks = 0x02
	resolveNoSymlinks   = 0x04
	resolveBeneath      = 0x08
	resolveInRoot       = 0x10
)

// flags completes the flags, the operation and the reason from the argument that
// the call's style is about. It reports false for a use that is not told.
func (c *Call) flags(abi syscalls.ABI, args *[6]uint64, mem Memory) (ok bool, err error) {
	s := c.Spec
	v := s.Flags.Of(args)
	switch s.Style {
	case syscalls.OpenFlags:
		c.Flags |= openFlags(abi, v)
	case syscalls.OpenHow:
		return c.openHow(abi, v, s.Len.Of(args), mem)
	case syscalls.AtFlags:
		if v&atSymlinkFollow != 0 {
			c.Flags &^= event.NoFollow
		}
		if v&atSymlinkNoFollow != 0 {
			c.Flags |= event.NoFollow
		}
	case syscalls.UnlinkFlags:
		if v&atRemoveDir != 0 {
			c.Op = event.Rmdir
		}
	case syscalls.RenameFlags:
		if v&renameNoReplace != 0 {
			c.Flags |= event.NoReplace
		}
		if v&renameExchange != 0 {
			c.Flags |= event.Exchange
		}
	case syscalls.InotifyMask:
		if v&inDontFollow != 0 {
			c.Flags |= event.NoFollow
		}
	case syscalls.FanotifyFlags:
		if v&fanMarkFlush != 0 { // no name is looked up (fanotify_mark(2))
			return false, nil
		}
		if v&fanMarkDontFollow != 0 {
			c.Flags |= event.NoFollow
		}
	case syscalls.CloneFlags:
		return c.clone(v &^ syscalls.CloneNewTime), nil
	case syscalls.CloneArgs:
		return c.cloneArgs(v, s.Len.Of(args), mem)
	case syscalls.FilterProgram, syscalls.FilterMode:
		return c.filter(abi, args, mem)
	}
	return true, nil
}

// openFlags translates the flags of open(2).
//
// The access mode 3 asks for permission to read and to write and then allows
// neither, only ioctl (open(2); build_open_flags in fs/open.c). It is told as both,
// which is the safe side.
func openFlags(abi syscalls.ABI, v uint64) (f event.Flags) {
	directory, noFollow := openBits(abi)
	if v&noFollow != 0 {
		f |= event.NoFollow
	}
	if v&directory != 0 {
		f |= event.Directory
	}
	if v&oPath != 0 {
		return f | event.PathOnly // all other flags are ignored (open(2))
	}
	switch v & oAccMode {
	case 0:
		f |= event.Read
	case oWrOnly:
		f |= event.Write
	default:
		f |= event.Read | event.Write
	}
	if v&oTrunc != 0 {
		f |= event.Truncated
	}
	if v&oAppend != 0 {
		f |= event.Append
	}
	if v&oTmpFile != 0 {
		// What is opened is not the directory, and O_EXCL means something else.
		return f&^event.Directory | event.TempFile
	}
	if v&oCreat != 0 {
		f |= event.Create
		if v&oExcl != 0 {
			// A link in the last place is a file that is there (open(2)).
			f |= event.Exclusive | event.NoFollow
		}
	}
	return f
}

// openHow translates the struct open_how of openat2(2): flags, mode and resolve, 64
// bits each. A size that the kernel refuses before it looks at the name (fs/open.c:
// less than the first version of the structure, more than a page) is not told.
func (c *Call) openHow(abi syscalls.ABI, addr, size uint64, mem Memory) (ok bool, err error) {
	const sizeVer0, page = 24, 4096
	if size < sizeVer0 || size > page {
		return false, nil
	}
	how := make([]byte, sizeVer0)
	if err := mem.Read(addr, how); err != nil {
		return false, err
	}
	c.Flags |= openFlags(abi, binary.LittleEndian.Uint64(how))
	resolve := binary.LittleEndian.Uint64(how[16:])
	c.Name.Beneath = resolve&resolveBeneath != 0
	c.Name.NoLinks = resolve&resolveNoSymlinks != 0
	c.Name.NoJumps = resolve&(resolveNoSymlinks|resolveNoMagicLinks|resolveBeneath) != 0
	if resolve&resolveInRoot != 0 {
		// As if the directory were the root: names and links mean other files.
		*c = Call{Spec: c.Spec, Op: event.Incomplete, Reason: event.NotModelled, Detail: "openat2 with RESOLVE_IN_ROOT"}
	}
	return true, nil
}

// cloneArgs reads the flags of clone3(2), the first of the 64-bit words of struct
// clone_args. The kernel refuses less than the first version of it.
func (c *Call) cloneArgs(addr, size uint64, mem Memory) (ok bool, err error) {
	const sizeVer0, sizeVer1, page = 64, 80, 4096
	if size < sizeVer0 || size > page {
		return false, nil
	}
	b := make([]byte, sizeVer1)
	if err := mem.Read(addr, b[:min(size, sizeVer1)]); err != nil {
		return false, err
	}
	c.Numbered = binary.LittleEndian.Uint64(b[sizeVer1-8:]) != 0 // set_tid_size
	return c.clone(binary.LittleEndian.Uint64(b)), nil
}

// clone gives the reason why a new process is not like others: the namespaces that it
// gets or, if there are none, that no tracer is to follow it.
func (c *Call) clone(flags uint64) (ok bool) {
	spaces := flags&(syscalls.CloneNew|syscalls.CloneNewTime) != 0
	c.Untraced = flags&syscalls.CloneUntraced != 0
	c.Shares = flags&(syscalls.CloneFS|syscalls.CloneThread) == syscalls.CloneFS
	if !spaces {
		c.Reason = event.NotFollowed
	}
	return spaces || c.Untraced
}

// accessMode is what access(2) asks for.
func accessMode(v uint64) (f event.Flags) {
	if v&rOK != 0 {
		f |= event.Read
	}
	if v&wOK != 0 {
		f |= event.Write
	}
	if v&xOK != 0 {
		f |= event.Executable
	}
	return f
}
