package digest

import (
	"sync/atomic"

	"deptrace/trace/footprint"
)

// maxKept is how many descriptors a Keeper keeps open. A step that unlinks a thousand
// files which it had read must not leave us without descriptors.
const maxKept = 64

// Keeper saves the digests of contents that a step is about to destroy. The zero
// Keeper is ready for use.
type Keeper struct {
	open atomic.Int32
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
		p.result = newHasher().open(f)
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
