package replay

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"deptrace/cache"
)

// kernel are the directories and devices that any program may count on and that are no
// inputs of any step: they are the kernel's own.
var kernel = []string{
	"/proc", "/sys", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts",
}

// Build makes the place at an empty directory, makes it the root directory of this
// process and goes to the step's. The process must be in a mount namespace of its own
// and have the rights to mount in it; it cannot go back.
func (p *Plan) Build(at string) error {
	// What is mounted here must not be seen outside.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	if err := unix.Mount("replay", at, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount a file system in memory: %w", err)
	}
	defer unix.Umask(unix.Umask(0)) // modes are those of what is there
	for _, e := range p.Entries {
		if err := e.make(at + e.Path); err != nil {
			return fmt.Errorf("%s: %w", cache.Printable(e.Path), err)
		}
	}
	for _, e := range slices.Backward(p.Entries) { // what is made in a directory changes its time
		if e.Kind != Dir {
			continue
		}
		if err := like(e.Path, at+e.Path); err != nil {
			return fmt.Errorf("%s: %w", cache.Printable(e.Path), err)
		}
	}
	for _, k := range kernel {
		if err := mountKernel(k, at+k); err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(target, at+"/dev/"+name); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	if err := unix.Mkdir(at+"/dev/shm", 0o1777); err != nil && err != unix.EEXIST {
		return err
	}
	if err := unix.Chroot(at); err != nil {
		return fmt.Errorf("change the root directory: %w", err)
	}
	return os.Chdir(p.Dir)
}

// make makes the entry at a path in the place.
func (e *Entry) make(to string) error {
	switch e.Kind {
	case Dir:
		if err := os.Mkdir(to, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		return nil
	case Link:
		return os.Symlink(e.Target, to)
	case Placeholder:
		if err := os.WriteFile(to, nil, 0o644); err != nil {
			return err
		}
		return like(e.Path, to)
	case Copied:
		if e.Old == "" {
			return copyFile(e.Path, to)
		}
		if err := copyFile(e.Old, to); err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if e.Exec {
			mode = 0o755
		}
		return os.Chmod(to, mode)
	}
	if err := os.WriteFile(to, nil, 0o644); err != nil {
		return err
	}
	return mountReadOnly(e.Path, to)
}

// like gives what is at to the mode, the times and, as far as that is allowed, the owner
// of what is at from, if there is anything.
func like(from, to string) error {
	var st unix.Stat_t
	if err := unix.Lstat(from, &st); err != nil {
		return nil // made by the step, above a file of its own
	}
	// Only the superuser may; anybody else owns the files already.
	_ = unix.Lchown(to, int(st.Uid), int(st.Gid))
	if err := unix.Chmod(to, st.Mode&0o7777); err != nil {
		return err
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, to, []unix.Timespec{st.Atim, st.Mtim}, unix.AT_SYMLINK_NOFOLLOW)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	return like(from, to)
}

// mountReadOnly mounts a file over another one. A mount is made read-only in a second
// step, which must keep the flags of the file system that it is from: in a user namespace
// they are locked (mount_namespaces(7)).
func mountReadOnly(from, to string) error {
	if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(to, &fs); err != nil {
		return err
	}
	const locked = unix.ST_NOSUID | unix.ST_NODEV | unix.ST_NOEXEC | unix.ST_NOATIME | unix.ST_NODIRATIME | unix.ST_RELATIME
	flags := uintptr(0)
	for st, ms := range map[int64]uintptr{
		unix.ST_NOSUID: unix.MS_NOSUID, unix.ST_NODEV: unix.MS_NODEV, unix.ST_NOEXEC: unix.MS_NOEXEC,
		unix.ST_NOATIME: unix.MS_NOATIME, unix.ST_NODIRATIME: unix.MS_NODIRATIME, unix.ST_RELATIME: unix.MS_RELATIME,
	} {
		if int64(fs.Flags)&locked&st != 0 {
			flags |= ms
		}
	}
	if err := unix.Mount("", to, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|flags, ""); err != nil {
		return fmt.Errorf("mount read-only: %w", err)
	}
	return nil
}

// mountKernel mounts a directory or a device of the kernel's, if there is one here.
func mountKernel(from, to string) error {
	real, err := filepath.EvalSymlinks(from)
	if err != nil {
		return nil
	}
	info, err := os.Stat(real)
	if err != nil {
		return nil
	}
	if err := os.MkdirAll(path.Dir(to), 0o755); err != nil {
		return err
	}
	if info.IsDir() {
		err = os.Mkdir(to, 0o755)
	} else {
		err = os.WriteFile(to, nil, 0o644)
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return unix.Mount(real, to, "", unix.MS_BIND|unix.MS_REC, "")
}
