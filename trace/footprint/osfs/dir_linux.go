package osfs

import (
	"os"

	"golang.org/x/sys/unix"

	"deptrace/trace/footprint"
)

// Dir is a directory in which several names are to be looked at: the kernel need not
// walk to it for each of them, which is most of what looking costs where paths are long.
type Dir struct {
	path string
	fd   int
}

// OpenDir opens the directory at path for looking. The error is that of open(2).
func OpenDir(path string) (*Dir, error) {
	for {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
		return &Dir{path, fd}, nil
	}
}

// Lstat is [Lstat] of a name in the directory.
func (d *Dir) Lstat(name string) (footprint.State, error) {
	s, err := lstatAt(d.fd, name)
	if err != nil {
		return footprint.State{}, &os.PathError{Op: "lstat", Path: d.path + "/" + name, Err: err}
	}
	return s, nil
}

// Close closes the directory.
func (d *Dir) Close() { unix.Close(d.fd) }
