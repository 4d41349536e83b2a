package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Errors that callers tell apart. What is not there is [fs.ErrNotExist].
var (
	// ErrDamaged says of a blob that its bytes were not those that its name says. It
	// has been removed.
	ErrDamaged = errors.New("damaged")
	// ErrTooBig says that a blob has more bytes than the caller wants.
	ErrTooBig = errors.New("larger than allowed")
	// ErrChanged says that what was to be stored is not what the caller said.
	ErrChanged = errors.New("not the content that it was")
)

// DirError says that there is no store at a place.
type DirError struct {
	Path string // or empty if no place is known
	Err  error
	Hint string // what to do about it
}

func (e *DirError) Error() string {
	if e.Path == "" {
		return "no cache directory: " + e.Err.Error()
	}
	return fmt.Sprintf("cache directory %s: %v", e.Path, e.Err)
}

func (e *DirError) Unwrap() error { return e.Err }

const hintDir = "DEPTRACE_CACHE_DIR=DIR takes another directory"

// dirError says why there is no store in dir.
func dirError(dir string, err error) error {
	var d *DirError
	if errors.As(err, &d) {
		return err
	}
	var p *fs.PathError
	if !errors.As(err, &p) {
		return &DirError{Path: dir, Err: err, Hint: hintDir}
	}
	at := p.Path
	if errors.Is(err, syscall.ENOTDIR) {
		at = fileOnTheWay(at)
		err = &fs.PathError{Op: "open", Path: at, Err: syscall.ENOTDIR}
	}
	if at == dir { // which the message names already
		return &DirError{Path: dir, Err: errors.Unwrap(err), Hint: hintDir}
	}
	return &DirError{Path: dir, Err: err, Hint: hintDir}
}

// fileOnTheWay returns what is no directory of what should be one on the way to a path.
func fileOnTheWay(path string) string {
	for path != filepath.Dir(path) {
		if _, err := os.Stat(path); err == nil {
			return path
		}
		path = filepath.Dir(path)
	}
	return path
}

type ownerError struct{ owner, user int }

func (e *ownerError) Error() string {
	return fmt.Sprintf("it belongs to user %d, and this is user %d", e.owner, e.user)
}
