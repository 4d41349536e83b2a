package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"

	"deptrace/cache/digest"
)

// Has reports whether there is a blob. It may be gone, or turn out to be damaged, when
// it is asked for.
func (s *Store) Has(sum digest.Sum) bool {
	info, err := os.Lstat(s.path(blobs, sum))
	return err == nil && info.Mode().IsRegular()
}

// OpenBlob opens a blob for reading. Its content is not verified: this is for those who
// do that as they read.
func (s *Store) OpenBlob(sum digest.Sum) (*os.File, error) {
	path := s.path(blobs, sum)
	f, info, err := open(path)
	if err != nil {
		return nil, s.unusable(path, err)
	}
	s.used(path, info)
	return f, nil
}

// Bytes returns the content of a blob, verified. If it has more than max bytes the error
// is [ErrTooBig]; if it is not what it should be, [ErrDamaged], and it is removed.
func (s *Store) Bytes(sum digest.Sum, max int64) ([]byte, error) {
	path := s.path(blobs, sum)
	f, info, err := open(path)
	if err != nil {
		return nil, s.unusable(path, err)
	}
	defer f.Close()
	if info.Size() > max {
		return nil, named("read", path, ErrTooBig)
	}
	var b bytes.Buffer
	b.Grow(int(info.Size()))
	h := sha256.New()
	if _, err = hashAt(h, f, &b); err == nil && !matches(h.Sum(nil), sum) {
		err = ErrDamaged
	}
	if err != nil {
		return nil, s.unusable(path, err)
	}
	s.used(path, info)
	return b.Bytes(), nil
}

// Extract writes a blob to an empty file and returns its size. What arrived is verified:
// if it is not what it should be the error is [ErrDamaged], the blob is removed, and the
// file must not be used.
func (s *Store) Extract(sum digest.Sum, to *os.File) (int64, error) {
	path := s.path(blobs, sum)
	from, info, err := open(path)
	if err != nil {
		return 0, s.unusable(path, err)
	}
	defer from.Close()
	got, size, err := s.copy(to, from)
	if err == nil && got != sum {
		err = ErrDamaged
	}
	if err != nil {
		return size, s.unusable(path, err)
	}
	s.used(path, info)
	return size, nil
}

func matches(got []byte, want digest.Sum) bool { return bytes.Equal(got, want[:]) }

// unusable removes a damaged blob.
func (s *Store) unusable(path string, err error) error {
	if errors.Is(err, ErrDamaged) {
		s.remove(path)
		return named("read", path, err)
	}
	return err
}
