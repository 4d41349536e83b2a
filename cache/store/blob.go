package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"os"

	"deptrace/cache/digest"
)

// Blob is a blob that is being written. Who does not commit it must discard it.
type Blob struct {
	store *Store
	file  *os.File // nil once it was committed or discarded
	sha   hash.Hash
	size  int64
	err   error // the first of a Write
}

// NewBlob begins a blob.
func (s *Store) NewBlob() (*Blob, error) {
	f, err := s.temp()
	if err != nil {
		return nil, err
	}
	return &Blob{store: s, file: f, sha: sha256.New()}, nil
}

var errDone = errors.New("the blob is committed or discarded")

// Write adds to the blob.
func (b *Blob) Write(p []byte) (int, error) {
	if b.file == nil {
		return 0, errDone
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.file.Write(p)
	b.sha.Write(p[:n])
	b.size += int64(n)
	b.err = err
	return n, err
}

// Commit stores the blob under its digest. If a Write failed, or storing does, there is
// no blob.
func (b *Blob) Commit() (digest.Sum, int64, error) {
	sum := b.sum()
	return sum, b.size, b.commit(sum)
}

// CommitAs stores the blob if it is the one with this digest; otherwise it is gone, and
// the error is [ErrChanged].
func (b *Blob) CommitAs(want digest.Sum) error {
	if b.err == nil && b.file != nil && b.sum() != want {
		b.Discard()
		return fmt.Errorf("store %s: %w", want, ErrChanged)
	}
	return b.commit(want)
}

// Discard gives the blob up. After a commit it does nothing.
func (b *Blob) Discard() {
	if b.file != nil {
		drop(b.file)
		b.file = nil
	}
}

func (b *Blob) sum() (sum digest.Sum) {
	b.sha.Sum(sum[:0])
	return sum
}

func (b *Blob) commit(sum digest.Sum) error {
	if b.file == nil {
		return errDone
	}
	path := b.store.path(blobs, sum)
	if b.err != nil {
		b.Discard()
		return named("write", path, b.err)
	}
	if b.store.has(sum, b.size) {
		b.Discard()
		return nil
	}
	f := b.file
	b.file = nil
	return named("write", path, b.store.publish(f, path, space(b.size)))
}
