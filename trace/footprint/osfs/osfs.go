// Package osfs is the file system of the machine as package footprint wants to see
// it.
//
// An [FS] never follows a link in the last place. What is not there is the zero
// State, whatever the kernel calls it: no such name, a file in the place of a
// directory, a name that is too long to exist, links that lead nowhere in a circle.
//
// Devices, and files on proc, sysfs and their like, are the kernel's own state, and no input
// of any build: they are marked, as is what is not there in such a file system. What
// decides is the type of the file system, asked once for each device, not the name.
// tmpfs and devtmpfs hold files like any other. On systems other than Linux nothing
// is marked.
package osfs

import (
	"os"
	"path"
	"sync"

	"deptrace/trace/footprint"
)

// FS is the file system of the machine. The zero FS is ready for use, by several
// goroutines at once. It remembers which devices are the kernel's, and so should be
// kept for as long as a step runs.
type FS struct {
	mu      sync.Mutex
	devices map[uint64]bool // whether the device is the kernel's
	absent  map[string]bool // the same of directories in which something was not found
}

var _ footprint.FS = (*FS)(nil)

// Lstat returns what is at path, without asking whose file system it is on.
func Lstat(path string) (footprint.State, error) {
	s, err := lstat(path)
	if err != nil {
		return footprint.State{}, &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	return s, nil
}

// Lstat returns what is at path.
func (f *FS) Lstat(path string) (footprint.State, error) {
	s, err := Lstat(path)
	if err != nil {
		return footprint.State{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.Type == footprint.None {
		s.Kernel = f.kernelAbove(path)
	} else {
		s.Kernel = s.Kernel || f.kernel(path, &s)
	}
	return s, nil
}

// Readlink returns what the symbolic link at path holds.
func (f *FS) Readlink(path string) (string, error) { return os.Readlink(path) }

// ReadDir returns the names in the directory at path.
func (f *FS) ReadDir(path string) ([]footprint.Entry, error) { return ReadDir(path) }

// ReadDir returns the names in the directory at path, sorted.
func ReadDir(path string) ([]footprint.Entry, error) {
	list, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	entries := make([]footprint.Entry, len(list))
	for i, e := range list {
		entries[i] = footprint.Entry{Name: e.Name(), Type: typeOf(e.Type())}
	}
	return entries, nil
}

// Denied returns those of the rights that this process does not have to what is at path.
func (f *FS) Denied(path string, r footprint.Rights) footprint.Rights { return Denied(path, r) }

func typeOf(m os.FileMode) footprint.Type {
	switch m & os.ModeType {
	case 0:
		return footprint.File
	case os.ModeDir:
		return footprint.Dir
	case os.ModeSymlink:
		return footprint.Symlink
	}
	return footprint.Other
}

// kernel reports whether what is at p is in one of the kernel's file systems.
func (f *FS) kernel(p string, s *footprint.State) bool {
	k, known := f.devices[s.Dev]
	if !known {
		if s.Type == footprint.Symlink {
			p = path.Dir(p) // statfs follows links
		}
		k = kernelFS(p)
		if f.devices == nil {
			f.devices = map[uint64]bool{}
		}
		f.devices[s.Dev] = k
	}
	return k
}

// kernelAbove is kernel of the nearest directory above p that is there.
func (f *FS) kernelAbove(p string) bool {
	dir := path.Dir(p)
	if dir == p || dir == "." {
		return false
	}
	k, known := f.absent[dir]
	if !known {
		if s, err := lstat(dir); err == nil && s.Type != footprint.None {
			k = f.kernel(dir, &s)
		} else {
			k = f.kernelAbove(dir)
		}
		if f.absent == nil {
			f.absent = map[string]bool{}
		}
		f.absent[dir] = k
	}
	return k
}
