package digest

import (
	"crypto/sha256"
	"hash"
	"io"

	"deptrace/trace/footprint"
)

// bufferSize is that of one worker's buffer. Most sources and headers fit in, and
// SHA-256 is no faster with more.
const bufferSize = 128 << 10

// hasher reads and hashes files one after the other.
type hasher struct {
	sha  hash.Hash
	buf  []byte
	copy io.Writer // gets what is read, as far as it takes it; may be nil
}

func newHasher() *hasher { return &hasher{sha: sha256.New(), buf: make([]byte, bufferSize)} }

// file hashes the file at path.
func (h *hasher) file(path string) Result {
	f, err := open(path)
	if err != nil {
		return Result{Err: err}
	}
	defer f.close()
	return h.open(f)
}

// open hashes an open file from its beginning.
func (h *hasher) open(f *file) Result {
	h.sha.Reset()
	var offset int64
	for {
		n, err := f.readAt(h.buf, offset)
		if err != nil {
			return Result{State: f.state, Err: err}
		}
		h.sha.Write(h.buf[:n])
		if h.copy != nil {
			if _, err := h.copy.Write(h.buf[:n]); err != nil {
				h.copy = nil
			}
		}
		offset += int64(n)
		// A short read in front of the known size is no end: the next one tells.
		if n == 0 || offset == f.state.Size && n < len(h.buf) {
			break
		}
	}
	after, err := f.now()
	switch {
	case err != nil:
		return Result{State: f.state, Err: err}
	case !unchanged(f.state, after) || offset != f.state.Size:
		return Result{State: after, Err: ErrChanged}
	}
	r := Result{State: after}
	h.sha.Sum(r.Sum[:0])
	return r
}

// unchanged reports whether nobody wrote between two looks at an open file. Its ctime
// and links can move for other reasons: it is being renamed or unlinked.
func unchanged(before, after footprint.State) bool { return before.SameContent(after) }
