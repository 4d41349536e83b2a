package footprint_test

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"deptrace/trace/footprint"
)

// memKeeper is a Keeper on a memFS. It is as slow as a Keeper may be: a digest is
// taken only when somebody waits for it, and an open file is read only when it is
// asked for. So whoever does not hold the step up gets the wrong content.
type memKeeper struct {
	fs    *memFS
	calls []string // "digest /w/a: text" and "open /w/a: text", in order
	busy  []*memKept
}

type memKept struct {
	file *inode // nil: there was none
	text string
	done chan struct{}
}

func (k *memKeeper) keep(call, path string) *memKept {
	n := k.fs.at(path)
	if n != nil && n.typ != footprint.File {
		n = nil
	}
	text := "not a regular file"
	if n != nil {
		text = n.text
	}
	k.calls = append(k.calls, fmt.Sprintf("%s %s: %s", call, path, text))
	return &memKept{file: n}
}

// Digest implements Keeper.
func (k *memKeeper) Digest(path string) footprint.Kept {
	kept := k.keep("digest", path)
	kept.done = make(chan struct{})
	k.busy = append(k.busy, kept)
	return kept
}

// Open implements Keeper.
func (k *memKeeper) Open(path string) footprint.Kept { return k.keep("open", path) }

// work takes all digests that have been asked for.
func (k *memKeeper) work() {
	for _, kept := range k.busy {
		kept.text = kept.content()
		close(kept.done)
	}
	k.busy = nil
}

func (k *memKept) content() string {
	if k.file == nil {
		return ""
	}
	return k.file.text
}

// Done implements Kept.
func (k *memKept) Done() <-chan struct{} { return k.done }

// Sum implements Kept.
func (k *memKept) Sum() ([32]byte, error) {
	if k.file == nil {
		return [32]byte{}, errors.New("not a regular file")
	}
	if k.done == nil {
		return sha256.Sum256([]byte(k.content())), nil
	}
	select {
	case <-k.done:
		return sha256.Sum256([]byte(k.text)), nil
	default: // nobody has waited: the file has been read only now
		return sha256.Sum256([]byte(k.content())), nil
	}
}
