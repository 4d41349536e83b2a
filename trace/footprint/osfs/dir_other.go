//go:build !linux

package osfs

import "deptrace/trace/footprint"

// Dir is a directory in which several names are to be looked at.
type Dir struct{ path string }

// OpenDir opens the directory at path for looking.
func OpenDir(path string) (*Dir, error) { return &Dir{path}, nil }

// Lstat is [Lstat] of a name in the directory.
func (d *Dir) Lstat(name string) (footprint.State, error) { return Lstat(d.path + "/" + name) }

// Close closes the directory.
func (d *Dir) Close() {}
