package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
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

// Size returns the size of a blob, which counts as used.
func (s *Store) Size(sum digest.Sum) (int64, error) {
	f, err := s.OpenBlob(sum)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
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

// Extract writes a blob to an empty file and returns its size. Where the file system can,
// a large one shares its blocks with the file. What arrived is verified:
// if it is not what it should be the error is [ErrDamaged], the blob is removed, and the
// file must not be used.
func (s *Store) Extract(sum digest.Sum, to *os.File) (int64, error) {
	path := s.path(blobs, sum)
	from, info, err := open(path)
	if err != nil {
		return 0, s.unusable(path, err)
	}
	defer from.Close()
	source, sink := from, io.Writer(to)
	if info.Size() >= cloneFrom && s.clone(to, from) == nil {
		// What arrived is what counts; but the file may be open for writing alone, and
		// then its blocks are still those of the blob.
		if _, err := to.ReadAt(make([]byte, 1), 0); err == nil {
			source = to
		}
		sink = nil
	}
	h := sha256.New()
	size, err := hashAt(h, source, sink)
	if err == nil && !matches(h.Sum(nil), sum) {
		err = ErrDamaged
	}
	if err != nil {
		return size, s.unusable(path, err)
	}
	s.used(path, info)
	return size, nil
}

// cloneFrom is the size from which blocks are shared, for the sake of room on the disk. It
// saves no time: to read and hash what was shared takes as long as to copy it on the way
// past, which is also why copy_file_range(2) would be of no use.
const cloneFrom = 128 << 10

func matches(got []byte, want digest.Sum) bool { return bytes.Equal(got, want[:]) }

// unusable removes a damaged blob.
func (s *Store) unusable(path string, err error) error {
	if errors.Is(err, ErrDamaged) {
		s.remove(path)
		return named("read", path, err)
	}
	return err
}
