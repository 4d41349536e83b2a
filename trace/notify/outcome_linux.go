//go:build amd64 || arm64

package notify

import (
	"path"
	"syscall"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/onpath"

	"golang.org/x/sys/unix"
)

// expect is the outcome that a look before the call tells: failed where it is certain
// to fail, else what looked says for calls that only look, else unknown. What no look
// can tell (a full disk, a busy file) shows in the effect, which the receiver looks at.
//
// Rights are asked for with this process's own. The step can have given up some of them
// (setuid(2)): then a file that it is refused counts as read, which is the safe side.
func (e *engine) expect(t *thread, c *notification, d *decode.Call, ev *event.Event, looked event.Outcome, loads []event.Event) event.Outcome {
	if looked.State == event.Failed {
		return looked
	}
	errno := syscall.Errno(0)
	switch ev.Op {
	case event.Stat, event.Access, event.Readlink, event.List:
		return looked
	case event.Open:
		errno = expectOpen(ev)
	case event.Exec:
		errno = e.expectExec(t, ev, loads)
	case event.Mkdir, event.Symlink, event.Mknod:
		if !there(ev.Name.Path) {
			errno = mayChange(path.Dir(ev.Name.Path))
		}
	case event.Unlink, event.Rmdir:
		errno = mayChange(path.Dir(ev.Name.Path))
	case event.Rename, event.LinkTo:
		errno = expectMove(ev)
	case event.Truncate:
		if ev.Flags&event.ByDescriptor == 0 {
			errno = onpath.Access(ev.Name.Path, unix.W_OK)
		}
	case event.Connect, event.Bind:
		errno = expectPeer(t, d, ev)
	case event.Incomplete:
		errno = e.expectUnmodelled(t, c, d, ev)
	}
	if errno != 0 {
		return event.Fail(event.Errno(errno))
	}
	return event.Outcome{State: event.Unknown}
}

// superuser: rights to read and write are never refused to it, so they need not be asked
// for. That a file system is read-only is.
var superuser = unix.Geteuid() == 0

func there(p string) bool {
	var st unix.Stat_t
	return onpath.Lstat(p, &st) == 0
}

// mayChange returns why names cannot be made and removed in a directory.
func mayChange(dir string) syscall.Errno {
	switch errno := onpath.Access(dir, unix.W_OK|unix.X_OK); errno {
	case syscall.EACCES, syscall.EROFS:
		return errno
	}
	return 0
}

func expectOpen(ev *event.Event) syscall.Errno {
	writes := ev.Flags&(event.Write|event.Truncated) != 0
	if ev.Flags&event.PathOnly != 0 || superuser && !writes && ev.Flags&event.Create == 0 {
		return 0
	}
	var mode uint32
	if ev.Flags&event.Read != 0 {
		mode |= unix.R_OK
	}
	if writes {
		mode |= unix.W_OK
	}
	switch errno := onpath.Access(ev.Name.Path, mode); {
	case errno == syscall.ENOENT && ev.Flags&event.Create != 0:
		return mayChange(path.Dir(ev.Name.Path))
	case errno == syscall.EACCES, errno == syscall.EROFS, errno == syscall.ETXTBSY:
		return errno
	}
	return 0
}

// expectExec returns why a program cannot be run. The kernel wants a regular file that
// may be executed, and the same of the interpreters that it leads to.
func (e *engine) expectExec(t *thread, ev *event.Event, loads []event.Event) syscall.Errno {
	if ev.Name.Path == "" {
		return 0
	}
	if errno := executable(ev.Name.Path); errno != 0 {
		return errno
	}
	for i := range loads {
		l := &loads[i]
		switch {
		case l.Op == event.Load && l.Outcome.State == event.Failed:
			return syscall.Errno(l.Outcome.Errno)
		case l.Op == event.Load:
			if errno := executable(l.Name.Path); errno != 0 {
				return errno
			}
		case l.Reason == event.NotModelled:
			t.process.watchImage(l.Detail)
			return syscall.ENOEXEC
		}
	}
	return 0
}

func executable(p string) syscall.Errno {
	var st unix.Stat_t
	if err := unix.Stat(p, &st); err != nil {
		errno, _ := err.(syscall.Errno)
		return errno
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return syscall.EACCES
	}
	return onpath.Access(p, unix.X_OK)
}

// image is what a process runs, for the case that it tries to run a file which only an
// interpreter of binfmt_misc's could take. Whether there is one cannot be asked (the
// kernel's list is shown where it is mounted only), but the process's image will have
// changed.
type image struct {
	dev, ino uint64
	detail   string // empty: not watched
}

func (p *process) watchImage(detail string) {
	p.image, _ = p.runs()
	p.image.detail = detail
}

func (p *process) runs() (image, bool) {
	var st unix.Stat_t
	err := unix.Stat("/proc/"+p.Self+"/exe", &st)
	return image{dev: uint64(st.Dev), ino: st.Ino}, err == nil
}

// checkImage tells if the process has become an interpreter that nobody saw.
func (e *engine) checkImage(p *process) {
	was := p.image
	p.image = image{}
	if now, ok := p.runs(); !ok || now.dev != was.dev || now.ino != was.ino {
		e.Incomplete(p.PID, event.NotModelled, was.detail)
	}
}

// expectMove returns why a file cannot get another name.
func expectMove(ev *event.Event) syscall.Errno {
	to := path.Dir(ev.Name2.Path)
	if errno := mayChange(to); errno != 0 {
		return errno
	}
	if ev.Name.Path == "" {
		return 0 // a file without a name
	}
	from := path.Dir(ev.Name.Path)
	if ev.Op == event.Rename {
		if errno := mayChange(from); errno != 0 {
			return errno
		}
	}
	// A directory that is mounted at two places is two file systems here (rename(2), EXDEV).
	if a, ok := mountOf(from); ok {
		if b, ok := mountOf(to); ok && a != b {
			return syscall.EXDEV
		}
	}
	return 0
}

func mountOf(dir string) (id uint64, ok bool) {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, dir, 0, unix.STATX_MNT_ID, &st)
	return st.Mnt_id, err == nil && st.Mask&unix.STATX_MNT_ID != 0
}
