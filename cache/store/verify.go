package store

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"time"

	"deptrace/trace/parallel"
)

// Verify reads every blob and every record on all processors. Those that are damaged it
// removes, and returns their names. It goes on behind what it cannot read, and then
// returns the first such error.
func (s *Store) Verify(progress Progress) (checked Count, damaged []string, err error) {
	items, _, err := s.scan(0, time.Time{}, progress)
	if err != nil {
		return Count{}, nil, err
	}
	var mu sync.Mutex
	parallel.Each(len(items), func(i int) {
		path := s.path(items[i].kind, items[i].key)
		verifyErr := s.verify(items[i], path)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case errors.Is(verifyErr, ErrDamaged):
			s.remove(path)
			damaged = append(damaged, path)
		case errors.Is(verifyErr, fs.ErrNotExist): // it went away meanwhile
		case verifyErr != nil && err == nil:
			err = verifyErr
		}
		checked.add(items[i].size)
		progress.tell(Step{Doing: "verifying", Done: checked.Files, Of: len(items)})
	})
	slices.Sort(damaged)
	return checked, damaged, err
}

func (s *Store) verify(it item, path string) error {
	if it.kind != blobs {
		data, _, err := read(path)
		if err == nil {
			_, err = unseal(it.kind, it.key, data)
		}
		return err
	}
	f, _, err := open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := hashAt(h, f, nil); err != nil {
		return err
	}
	if !matches(h.Sum(nil), it.key) {
		return ErrDamaged
	}
	return nil
}
