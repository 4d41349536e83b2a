package store

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// Options say how a store is to be.
type Options struct {
	// Max is how many bytes it may hold; 0 is DefaultMax.
	Max int64
}

// DefaultMax is the limit of a store for which none is given.
const DefaultMax = 5 << 30

// version is the name of the directory for the format that this package knows. A later
// format has another one, and does not meet this.
const version = "v1"

// Store is an open store. Its methods can be called by several goroutines.
type Store struct {
	dir    string // with version
	max    int64
	stored atomic.Bool // something, since the last Trim

	// What tests have otherwise.
	clone    func(to, from *os.File) error
	clock    func() time.Time
	trimTime time.Duration
}

// Open opens the store in dir, which is made if it is not there. A store that can only
// be read can be opened.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{dir: filepath.Join(dir, version), max: o.Max, clone: clone, clock: time.Now, trimTime: trimTime}
	if s.max <= 0 {
		s.max = DefaultMax
	}
	if !filepath.IsAbs(dir) {
		return nil, &DirError{Path: dir, Err: errors.New("the name is not absolute"), Hint: hintDir}
	}
	// The directory that is made last is there: so are the others.
	info, err := os.Stat(s.dir + "/" + tmpDir)
	if errors.Is(err, fs.ErrNotExist) {
		if err = s.create(dir); err == nil {
			info, err = os.Stat(s.dir + "/" + tmpDir)
		}
	}
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: s.dir + "/" + tmpDir, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return nil, dirError(dir, err)
	}
	if err := s.owned(dir); err != nil {
		return nil, err
	}
	return s, nil
}

// create makes the directories of a store.
func (s *Store) create(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := s.owned(dir); err != nil {
		return err
	}
	// The tag is for the whole directory if that is ours. Somebody whose home is
	// the place for caches does not want to go without backups.
	tagged := dir
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		tagged = s.dir
		if err := os.Mkdir(s.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := tag(tagged); err != nil {
		return err
	}
	return os.MkdirAll(s.dir+"/"+tmpDir, 0o700)
}

// tag marks a directory as one of a cache, see https://bford.info/cachedir/.
func tag(dir string) error {
	const text = "Signature: 8a477f597d28d172789f06886806bc55\n" +
		"# This file says that the directory is a cache, of deptrace, and needs no backup.\n"
	// To write it in place is good enough: if we do not get to the end, nor do we make
	// the directory by which the next process would see that all is there.
	return os.WriteFile(dir+"/CACHEDIR.TAG", []byte(text), 0o600)
}

// owned wants the store to belong to this user. Another one's would be believed, and as
// root we would leave files behind that the owner cannot remove.
func (s *Store) owned(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return dirError(dir, err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if uid := os.Geteuid(); ok && int(st.Uid) != uid && st.Uid != 0 {
		return &DirError{Path: dir, Err: &ownerError{int(st.Uid), uid}, Hint: hintDir}
	}
	return nil
}

// path returns the name of a record or blob.
func (s *Store) path(kind Kind, key [32]byte) string {
	b := make([]byte, 0, len(s.dir)+len(kind)+68)
	b = append(append(append(append(b, s.dir...), '/'), kind...), '/')
	b = hex.AppendEncode(b, key[:1])
	b = append(b, '/')
	return string(hex.AppendEncode(b, key[1:]))
}

// touchAfter is how far a file's time may be off. To be exact would cost each hit a
// write for each file.
const touchAfter = time.Hour

// used says that a file is of use. A store that cannot be written to is none the worse
// for not knowing.
func (s *Store) used(path string, info fs.FileInfo) {
	now := s.clock()
	if d := now.Sub(info.ModTime()); d > touchAfter || d < -touchAfter {
		_ = os.Chtimes(path, now, now)
	}
}
