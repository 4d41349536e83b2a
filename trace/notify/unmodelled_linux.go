//go:build amd64 || arm64

package notify

import (
	"encoding/binary"
	"strings"
	"syscall"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/syscalls"
	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// needs are the capabilities without which calls that are not modelled always fail
// (capabilities(7)). Programs try them to find out.
var needs = map[string]int{
	"mount": unix.CAP_SYS_ADMIN, "umount": unix.CAP_SYS_ADMIN, "umount2": unix.CAP_SYS_ADMIN,
	"fsopen": unix.CAP_SYS_ADMIN, "fspick": unix.CAP_SYS_ADMIN, "fsmount": unix.CAP_SYS_ADMIN,
	"move_mount": unix.CAP_SYS_ADMIN, "mount_setattr": unix.CAP_SYS_ADMIN, "pivot_root": unix.CAP_SYS_ADMIN,
	"swapon": unix.CAP_SYS_ADMIN, "swapoff": unix.CAP_SYS_ADMIN,
	"chroot": unix.CAP_SYS_CHROOT, "acct": unix.CAP_SYS_PACCT, "open_by_handle_at": unix.CAP_DAC_READ_SEARCH,
}

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
	name := d.Spec.Name
	if need, ok := needs[name]; ok && !tracee.Capable(t.TID, need) {
		return syscall.EPERM
	}
	switch {
	case d.Reason == event.Namespace && name != "setns" && e.cloneFlags(c, name)&unix.CLONE_NEWUSER == 0 && !tracee.Capable(t.TID, unix.CAP_SYS_ADMIN):
		return syscall.EPERM
	case name == "pidfd_getfd":
		if file, seen := tracee.Raw(t.TID, int(int32(c.args[0]))); seen && file != "anon_inode:[pidfd]" {
			return syscall.EBADF
		}
	case d.Reason == event.IOUring:
		const registered = 1 << 4 // IORING_ENTER_REGISTERED_RING: no descriptor
		if name == "io_uring_enter" && c.args[3]&registered != 0 {
			return 0
		}
		if file, seen := tracee.Raw(t.TID, int(int32(c.args[0]))); seen && file != "anon_inode:[io_uring]" {
			return syscall.EBADF
		}
	case d.Reason == event.Xattr && ev.Name.Path != "":
		return e.expectXattr(c, name, ev.Name.Path)
	}
	return 0
}

// cloneFlags are the flags of an unshare, clone or clone3, which has them first in a
// struct.
func (e *engine) cloneFlags(c *notification, name string) uint64 {
	if name != "clone3" {
		return c.args[0]
	}
	var b [8]byte
	if e.observer.Memory.Read(c.args[0], b[:]) != nil {
		return unix.CLONE_NEWUSER // it cannot be said that it fails
	}
	return binary.LittleEndian.Uint64(b[:])
}

// noneOf stands for the success of a call that lists nothing (syscalls.Spec, ZeroIsNone):
// ENODATA, which such calls do not fail with.
const noneOf event.Errno = 61

// expectXattr looks at whether there is what is asked for. Names of attributes are the
// second argument, of the calls with a directory descriptor the fourth.
func (e *engine) expectXattr(c *notification, name, p string) syscall.Errno {
	if strings.Contains(name, "list") {
		n, err := unix.Llistxattr(p, nil)
		if err == nil && n == 0 {
			return syscall.Errno(noneOf)
		}
		errno, _ := err.(syscall.Errno)
		return errno
	}
	if strings.Contains(name, "set") && !strings.Contains(name, "get") {
		return 0
	}
	at := c.args[1]
	if strings.HasSuffix(name, "at") {
		at = c.args[3]
	}
	attr, err := e.observer.Memory.String(at)
	if err != nil {
		return syscall.EFAULT
	}
	_, err = unix.Lgetxattr(p, attr, nil)
	errno, _ := err.(syscall.Errno)
	return errno
}
