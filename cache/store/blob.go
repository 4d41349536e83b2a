package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"os"

	"deptrace/cache/digest"
)

// Writer writes a blob. One that is not committed must be discarded.
type Writer struct {
	store *Store
	file  *os.File // nil once it was committed or discarded
	sha   hash.Hash
	size  int64
	err   error // the first of a Write
}

// NewBlob begins a blob.
func (s *Store) NewBlob() (*Writer, error) {
	f, err := s.temp()
	if err != nil {
		return nil, err
	}
	return &Writer{store: s, file: f, sha: sha256.New()}, nil
}

var errDone = errors.New("the blob is committed or discarded")

// Write adds to the blob.
func (w *Writer) Write(p []byte) (int, error) {
	if w.file == nil {
		return 0, errDone
	}
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.file.Write(p)
	w.sha.Write(p[:n])
	w.size += int64(n)
	w.err = err
	return n, err
}

// Commit stores the blob under its digest. If a Write failed, or storing does, there is
// no blob.
func (w *Writer) Commit() (digest.Sum, int64, error) {
	sum := w.sum()
	return sum, w.size, w.commit(sum)
}

// CommitAs stores the blob if it is the one with this digest; otherwise it is gone, and
// the error is [ErrChanged].
func (w *Writer) CommitAs(want digest.Sum) error {
	if w.err == nil && w.file != nil && w.sum() != want {
		w.Discard()
		return fmt.Errorf("store %s: %w", want, ErrChanged)
	}
	return w.commit(want)
}

// Discard gives the blob up. After a commit it does nothing.
func (w *Writer) Discard() {
	if w.file != nil {
		drop(w.file)
		w.file = nil
	}
}

func (w *Writer) sum() (sum digest.Sum) {
	w.sha.Sum(sum[:0])
	return sum
}

func (w *Writer) commit(sum digest.Sum) error {
	if w.file == nil {
		return errDone
	}
	path := w.store.path(blobs, sum)
	if w.err != nil {
		w.Discard()
		return named("write", path, w.err)
	}
	if w.store.has(sum, w.size) {
		w.Discard()
		return nil
	}
	f := w.file
	w.file = nil
	return named("write", path, w.store.publish(f, path, space(w.size)))
}
