package digest

import (
	"os"

	"golang.org/x/sys/unix"

	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// file is a regular file that is open for reading. It is a bare descriptor: an
// [os.File] would be offered to the poller first, which costs two more calls for
// each of a thousand small files.
type file struct {
	path  string
	fd    int
	state footprint.State // when it was opened
}

// open opens the regular file at path. O_NONBLOCK is for what is no file: a fifo
// would wait for its writer.
func open(path string) (*file, error) {
	var fd int
	for {
		var err error
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_NOCTTY, 0)
		if err == unix.EINTR {
			continue
		}
		if err == unix.ELOOP {
			return nil, &os.PathError{Op: "open", Path: path, Err: ErrNotRegular}
		}
		if err != nil {
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
		break
	}
	f := &file{path: path, fd: fd}
	var err error
	if f.state, err = f.now(); err == nil && f.state.Type != footprint.File {
		err = &os.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *file) now() (footprint.State, error) {
	s, err := osfs.Fstat(f.fd)
	if err != nil {
		err = &os.PathError{Op: "stat", Path: f.path, Err: err}
	}
	return s, err
}

// readAt returns 0 at the end.
func (f *file) readAt(b []byte, offset int64) (int, error) {
	for {
		n, err := unix.Pread(f.fd, b, offset)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, &os.PathError{Op: "read", Path: f.path, Err: err}
		default:
			return n, nil
		}
	}
}

func (f *file) close() { unix.Close(f.fd) }
