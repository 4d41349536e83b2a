package digest

import (
	"io"
	"sync/atomic"

	"deptrace/trace/footprint"
)

// maxKept is how many descriptors a Keeper keeps open. A step that unlinks a thousand
// files which it had read must not leave us without descriptors.
const maxKept = 64

// Keeper saves the digests of contents that a step is about to destroy. The zero
// Keeper is ready for use.
type Keeper struct {
	// Save, if it is not nil, returns a place for a content that is about to be destroyed,
	// so that it can be had again. That it cannot be kept is no error.
	Save func() (Saved, error)

	open atomic.Int32
}

// Saved is a place for a content. One of CommitAs and Discard ends it.
type Saved interface {
	io.Writer
	CommitAs(Sum) error
	Discard()
}

// read takes the digest of an open file, and saves its content if that is wanted.
func (k *Keeper) read(f *file) Result {
	h := newHasher()
	if k.Save == nil {
		return h.open(f)
	}
	to, err := k.Save()
	if err != nil {
		return h.open(f)
	}
	h.copy = to
	r := h.open(f)
	if r.Err != nil {
		to.Discard()
	} else {
		_ = to.CommitAs(r.Sum) // it knows itself whether it got all
	}
	return r
}

var _ footprint.Keeper = (*Keeper)(nil)

// Digest reads the regular file at path now, on another goroutine. It is open when
// Digest returns: its name may change at once, its content once Done is closed.
func (k *Keeper) Digest(path string) footprint.Kept {
	p := &pending{done: make(chan struct{})}
	f, err := open(path)
	if err != nil {
		p.result.Err = err
		close(p.done)
		return p
	}
	go func() {
		defer close(p.done)
		defer f.close()
		p.result = k.read(f)
	}()
	return p
}

// Open keeps hold of the regular file at path until its Sum is asked for. If too
// many are being held it is Digest.
func (k *Keeper) Open(path string) footprint.Kept {
	if k.open.Add(1) > maxKept {
		k.open.Add(-1)
		return k.Digest(path)
	}
	f, err := open(path)
	if err != nil {
		k.open.Add(-1)
	}
	return &held{keeper: k, file: f, err: err}
}

// pending is a file that is being read.
type pending struct {
	done   chan struct{}
	result Result // once done is closed
}

func (p *pending) Done() <-chan struct{} { return p.done }

func (p *pending) Sum() ([32]byte, error) {
	<-p.done
	return p.result.Sum, p.result.Err
}
