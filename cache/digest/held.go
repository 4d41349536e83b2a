package digest

import "sync"

// held is a file that is kept open. Whoever holds it asks for its Sum in the end: it
// is then that the descriptor is closed.
type held struct {
	keeper *Keeper
	once   sync.Once
	file   *file
	sum    Sum
	err    error
}

// Done is nil: a name may go at any time.
func (h *held) Done() <-chan struct{} { return nil }

// Sum reads the file and lets it go. If it was written to after it had been opened,
// through another name or descriptor, it is no longer what was to be kept.
func (h *held) Sum() ([32]byte, error) {
	h.once.Do(func() {
		if h.err != nil {
			return
		}
		r := h.keeper.read(h.file)
		h.file.close()
		h.keeper.open.Add(-1)
		h.sum, h.err = r.Sum, r.Err
	})
	return h.sum, h.err
}
