package outfile

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const tempPrefix, tempSuffix = ".deptrace-", ".tmp"

// TempName returns a name for a file that is not yet whole. It does not hold the one of the
// final file, which may be as long as a name can be.
func TempName() string { return tempPrefix + strconv.FormatUint(rand.Uint64(), 36) + tempSuffix }

// IsTemp reports whether a name is one of TempName's.
func IsTemp(name string) bool {
	return strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix)
}

// CreateTemp creates a file to write to, under a name of TempName's. It is os.CreateTemp, but
// for the permissions, which are those of any new file: asking the kernel for 0666 spares
// finding out the umask, which only setting it would tell.
func CreateTemp(dir string, perm fs.FileMode) (*os.File, error) {
	for {
		f, err := os.OpenFile(filepath.Join(dir, TempName()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// Publish closes a temporary file and gives it its name, or removes it if err says that what
// it was to hold could not be written, or if it cannot be done.
func Publish(f *os.File, name string, err error) error {
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
