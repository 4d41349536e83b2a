package store

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// clearedAfter is how old a temporary file of a dead process must be for Clear.
const clearedAfter = time.Minute

// Clear removes all blobs and records. What others store meanwhile may stay.
func (s *Store) Clear(progress Progress) (removed Count, err error) {
	unlock, err := s.lock(trimLock, lockWait)
	if err != nil {
		return removed, err
	}
	defer unlock()
	items, _, err := s.scan(0, time.Time{}, progress)
	if err != nil {
		return removed, err
	}
	before := s.readLedger()
	for i, it := range items {
		err := os.Remove(s.path(it.kind, it.key))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, err
		}
		if err == nil {
			removed.add(it.size)
		}
		progress.tell(Step{Doing: "removing", Done: i + 1, Of: len(items)})
	}
	if _, err := s.leftovers(clearedAfter); err != nil {
		return removed, err
	}
	return removed, s.writeLedger(max(s.readLedger().total-before.total, 0), 0)
}
