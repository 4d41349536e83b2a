//go:build amd64 || arm64

package notify

import (
	"encoding/binary"
	"syscall"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/syscalls"
	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// expectUnmodelled returns why a call that would make the record incomplete fails, if
// that can be seen.
func (e *engine) expectUnmodelled(t *thread, c *notification, d *decode.Call, ev *event.Event) syscall.Errno {
	if d.Spec == &syscalls.Newer {
		// The table is that of the kernel after which they come.
		if !kernelSince(syscalls.Kernel[0], syscalls.Kernel[1]+1) {
			return syscall.ENOSYS
		}
		return 0
	}
	switch {
	case d.Spec.Needs != 0 && !e.ownUser(c, d) && !tracee.Capable(t.TID, int(d.Spec.Needs)):
		return syscall.EPERM
	case d.Spec.Kind != "":
		if want := d.Spec.Descriptor(&c.args); want != "" {
			if file, seen := tracee.Raw(t.TID, int(int32(c.args[0]))); seen && file != want {
				return syscall.EBADF
			}
		}
	case d.Spec.Xattr != syscalls.NoXattr && ev.Name.Path != "":
		return e.expectXattr(c, d.Spec, ev.Name.Path)
	}
	return 0
}

// ownUser reports whether an unshare, clone or clone3 makes a user namespace, in which one
// has every capability, with the others.
func (e *engine) ownUser(c *notification, d *decode.Call) bool {
	if d.Reason != event.Namespace {
		return false
	}
	flags := c.args[0]
	if d.Spec.Style == syscalls.CloneArgs { // in a struct, which has them first
		var b [8]byte
		if e.observer.Memory.Read(flags, b[:]) != nil {
			return true // it cannot be said that it fails
		}
		flags = binary.LittleEndian.Uint64(b[:])
	}
	return flags&unix.CLONE_NEWUSER != 0
}

// noneOf stands for the success of a call that lists no attributes: ENODATA, which such
// calls do not fail with.
const noneOf event.Errno = 61

// expectXattr looks at whether there is what is asked for.
func (e *engine) expectXattr(c *notification, s *syscalls.Spec, p string) syscall.Errno {
	switch s.Xattr {
	case syscalls.SetXattr:
		return 0
	case syscalls.ListXattr:
		n, err := unix.Llistxattr(p, nil)
		if err == nil && n == 0 {
			return syscall.Errno(noneOf)
		}
		errno, _ := err.(syscall.Errno)
		return errno
	}
	attr, err := e.observer.Memory.String(s.Attr.Of(&c.args))
	if err != nil {
		return syscall.EFAULT
	}
	_, err = unix.Lgetxattr(p, attr, nil)
	errno, _ := err.(syscall.Errno)
	return errno
}
