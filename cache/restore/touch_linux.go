package restore

import (
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// Touch sets the times of files under root to now, all to the same. A link is not followed.
func Touch(root string, names ...string) error {
	r, err := newRestorer(root)
	if err != nil {
		return err
	}
	defer r.close()
	// The file system's own idea of now, which is not the clock's to the last digit, for
	// the first of them.
	now := unix.Timespec{Nsec: unix.UTIME_NOW}
	for _, name := range names {
		if err := valid(name); err != nil {
			return err
		}
		dir, err := r.dir(path.Dir(name))
		if err == nil {
			err = unix.UtimesNanoAt(dir, path.Base(name), []unix.Timespec{now, now}, unix.AT_SYMLINK_NOFOLLOW)
		}
		var st unix.Stat_t
		if err == nil && now.Nsec == unix.UTIME_NOW {
			err = unix.Fstatat(dir, path.Base(name), &st, unix.AT_SYMLINK_NOFOLLOW)
			now = st.Mtim
		}
		if err != nil {
			return &os.PathError{Op: "set the time of", Path: name, Err: err}
		}
	}
	return nil
}
