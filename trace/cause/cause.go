// Package cause takes the names off errors about files. A message says which file it is about
// in its user's words; what package os has put before the cause can be a temporary name, a
// resolved link, or one in /proc with a process number in it.
package cause

import (
	"errors"
	"io/fs"
	"os"
)

// Of returns why something could not be done with a file, without what, and with which.
func Of(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
