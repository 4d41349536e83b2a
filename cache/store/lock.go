package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// errLocked says that another process holds a lock.
var errLocked = errors.New("locked by another process")

// lockWait is how long a lock is waited for. The process that has it needs a fraction of a
// millisecond, unless it was stopped right then; to hang with it would be worse than to do
// without.
const lockWait = 10 * time.Second

// lock takes a lock that ends with the process, and waits for it as long as wait. The
// file stays when it is given up: to remove one that another process has just opened
// makes two locks of one.
func (s *Store) lock(name string, wait time.Duration) (unlock func(), err error) {
	path := s.dir + "/locks/" + name
	var f *os.File
	for try := 0; ; try++ {
		f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil {
			break
		}
		if try == retries || !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
	}
	// flock(2) that waits cannot be given up, so ask again and again.
	deadline := time.Now().Add(wait)
	for pause := 50 * time.Microsecond; ; pause = min(2*pause, 5*time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == unix.EINTR:
			continue
		case err != unix.EWOULDBLOCK: // ours, or there are no locks here
			return func() { f.Close() }, nil
		case !time.Now().Before(deadline):
			f.Close()
			if wait == 0 {
				return nil, errLocked
			}
			return nil, fmt.Errorf("%s: %w for %v", path, errLocked, wait)
		}
		time.Sleep(pause)
	}
}
