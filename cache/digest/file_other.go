//go:build !linux

package digest

import (
	"io"
	"os"

	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// file is a regular file that is open for reading.
type file struct {
	f     *os.File
	state footprint.State // when it was opened
}

// open opens the regular file at path. It looks before it opens: there is no way to
// say that on every system.
func open(path string) (*file, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	o, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f := &file{f: o}
	if f.state, err = f.now(); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *file) now() (footprint.State, error) {
	info, err := f.f.Stat()
	if err != nil {
		return footprint.State{}, err
	}
	return osfs.State(info), nil
}

// readAt returns 0 at the end.
func (f *file) readAt(b []byte, offset int64) (int, error) {
	n, err := f.f.ReadAt(b, offset)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (f *file) close() { f.f.Close() }
