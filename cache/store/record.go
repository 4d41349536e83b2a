package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Kind is a kind of record. What they hold is the caller's business; a kind has a
// directory of its own so that they can be counted.
type Kind string

// The kinds of records.
const (
	Entries Kind = "entries"
	Sets    Kind = "sets"
	Notes   Kind = "notes"

	blobs Kind = "blobs" // no records, but their files are kept alike
)

// Kinds are all kinds of records.
var Kinds = []Kind{Entries, Sets, Notes}

// kinds are those of all files.
var kinds = []Kind{blobs, Entries, Sets, Notes}

// Get returns a record. One that is missing is [fs.ErrNotExist], and so is a damaged
// one, which is removed.
func (s *Store) Get(kind Kind, key [32]byte) ([]byte, error) {
	path := s.path(kind, key)
	data, info, err := read(path)
	if err == nil {
		if data, err = unseal(kind, key, data); err == nil {
			s.used(path, info)
			return data, nil
		}
	}
	if errors.Is(err, ErrDamaged) {
		s.remove(path)
		err = fmt.Errorf("%w, it was damaged", fs.ErrNotExist)
	}
	return nil, named("read", path, err)
}

// Put stores a record, whole or not at all, instead of the one that is there.
func (s *Store) Put(kind Kind, key [32]byte, data []byte) error {
	path := s.path(kind, key)
	f, err := s.temp()
	if err != nil {
		return err
	}
	sum := seal(kind, key, data)
	if _, err = f.Write(append(sum[:], data...)); err != nil {
		drop(f)
		return named("write", path, err)
	}
	grown := space(int64(len(sum) + len(data)))
	if info, err := os.Lstat(path); err == nil {
		grown -= space(info.Size())
	}
	return s.publish(f, path, grown)
}

// Update stores what f makes of a record, nil if there is none. No other Update of the
// same record comes between, but f should be quick: records share 256 locks. If f
// returns nil the record stays as it is.
func (s *Store) Update(kind Kind, key [32]byte, f func(old []byte) []byte) error {
	unlock, err := s.lock(fmt.Sprintf("%s-%02x", kind, key[0]), lockWait)
	if err != nil {
		return err
	}
	defer unlock()
	old, err := s.Get(kind, key)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	data := f(old)
	// What is there already need not be written again.
	if data == nil || old != nil && bytes.Equal(old, data) {
		return nil
	}
	return s.Put(kind, key, data)
}

// seal returns what stands in front of a record: the digest of its data and of where
// it belongs, so that a file that was moved about is no record.
func seal(kind Kind, key [32]byte, data []byte) (sum [32]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "deptrace %s %x\n", kind, key)
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}

// unseal returns the data of a record.
func unseal(kind Kind, key [32]byte, file []byte) ([]byte, error) {
	if len(file) < sha256.Size {
		return nil, ErrDamaged
	}
	data := file[sha256.Size:]
	if sum := seal(kind, key, data); !bytes.Equal(sum[:], file[:sha256.Size]) {
		return nil, ErrDamaged
	}
	return data, nil
}

// read returns the content of a file of the store.
func read(path string) ([]byte, fs.FileInfo, error) {
	f, info, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	// One more, to see in one call that there is no more.
	data := make([]byte, info.Size()+1)
	n, err := io.ReadFull(f, data)
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return data[:n], info, nil
	case err == nil: // it has grown, which our files never do
		return nil, nil, ErrDamaged
	}
	return nil, nil, unreadable(err)
}

// open opens a file of the store for reading. What is no file is damage.
func open(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, nil, ErrDamaged
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrDamaged
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// unreadable makes damage of an error that the disk itself reports.
func unreadable(err error) error {
	if errors.Is(err, unix.EIO) {
		return ErrDamaged
	}
	return err
}

// named says in an error which file it is about.
func named(op, path string, err error) error {
	var p *fs.PathError
	if err == nil || errors.As(err, &p) && p.Path == path {
		return err
	}
	if p != nil {
		err = p.Err // the temporary file's name says nothing to anybody
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

// remove takes a damaged file away. If it cannot be, it is found damaged once more.
func (s *Store) remove(path string) {
	if info, err := os.Lstat(path); err == nil && os.Remove(path) == nil && info.Mode().IsRegular() {
		s.account(-space(info.Size()))
	}
}
