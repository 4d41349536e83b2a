//go:build !linux

package osfs

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"deptrace/trace/footprint"
)

// lstat fills in what the os package tells of every system; that is no identity that
// could be relied on, but no step is recorded here either.
func lstat(path string) (footprint.State, error) {
	info, err := os.Lstat(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) ||
			errors.Is(err, syscall.ENAMETOOLONG) || errors.Is(err, syscall.ELOOP) {
			return footprint.State{}, nil
		}
		return footprint.State{}, errors.Unwrap(err)
	}
	return State(info), nil
}

// State returns what the os package tells of a file.
func State(info os.FileInfo) footprint.State {
	s := footprint.State{Type: typeOf(info.Mode()), Size: info.Size(), Mtime: info.ModTime().UnixNano()}
	s.Exec = s.Type == footprint.File && info.Mode()&0o100 != 0
	return s
}

// Denied knows of no rights.
func Denied(string, footprint.Rights) footprint.Rights { return 0 }

func kernelFS(string) bool { return false }
