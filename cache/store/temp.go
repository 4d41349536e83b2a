package store

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const tmpDir = "tmp"

// leftoverAfter is how old a temporary file must be to be taken for a leftover: older
// than any writer is between making it and locking it.
const leftoverAfter = time.Hour

// retries is how often a missing directory is made anew. Another process may be removing
// the whole store while we write to it, and then that one wins.
const retries = 3

// temp makes a file for what is to be renamed into place. The caller closes it, which
// gives its lock up, and renames or removes it.
func (s *Store) temp() (*os.File, error) {
	for try := 0; ; try++ {
		name := fmt.Sprintf("%s/%s/%016x", s.dir, tmpDir, rand.Uint64())
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		switch {
		case err == nil:
			// Where there are no locks its age has to do.
			_ = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
			return f, nil
		case try == retries:
		case errors.Is(err, fs.ErrExist):
			continue
		case errors.Is(err, fs.ErrNotExist):
			if err = os.MkdirAll(filepath.Dir(name), 0o700); err == nil {
				continue
			}
		}
		return nil, err
	}
}

// drop removes a temporary file.
func drop(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}

// publish gives a temporary file its place, and the store size more bytes. On an error
// it is gone.
func (s *Store) publish(f *os.File, path string, size int64) error {
	// Whatever the umask is: a blob is to be read, and not to be written to.
	err := f.Chmod(0o444)
	if err == nil {
		// Counted first: a process that is killed between the two has counted too much, and the
		// next look at the files puts that right.
		s.account(size)
		if err = s.rename(f.Name(), path); err != nil {
			s.account(-size)
		}
	}
	if err != nil {
		drop(f)
		return err
	}
	s.stored.Store(true)
	return f.Close()
}

func (s *Store) rename(from, to string) error {
	for try := 0; ; try++ {
		err := os.Rename(from, to)
		if err == nil || try == retries || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
	}
}

// leftovers removes the temporary files of dead processes that are older than age, and
// says what others there are.
func (s *Store) leftovers(age time.Duration) (kept Count, err error) {
	dir := s.dir + "/" + tmpDir
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	for _, e := range entries {
		info, infoErr := e.Info()
		if infoErr != nil || !info.Mode().IsRegular() {
			continue // it has become something since
		}
		if s.clock().Sub(info.ModTime()) < age || !dead(dir+"/"+e.Name()) {
			kept.add(info.Size())
			continue
		}
		if removeErr := os.Remove(dir + "/" + e.Name()); removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) && err == nil {
			err = removeErr
		}
	}
	return kept, err
}

// dead reports whether nobody has a temporary file locked.
func dead(path string) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	defer f.Close()
	return !errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}
