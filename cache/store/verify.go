package store

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Stats is what is in a store.
type Stats struct {
	Dir       string
	Max       int64
	Blobs     Count
	Records   map[Kind]Count
	Temporary Count     // being written, or left over
	Oldest    time.Time // when that was used which was not for longest; zero if empty
}

// Total is all that counts for the limit.
func (s *Stats) Total() Count {
	sum := s.Blobs
	for _, c := range s.Records {
		sum.Files += c.Files
		sum.Bytes += c.Bytes
	}
	return sum
}

// Stats looks at all files and counts them.
func (s *Store) Stats(progress Progress) (*Stats, error) {
	st := &Stats{Dir: s.dir, Max: s.max, Records: map[Kind]Count{}}
	items, _, err := s.scan(0, time.Time{}, progress)
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		if it.kind == blobs {
			st.Blobs.add(it.size)
		} else {
			c := st.Records[it.kind]
			c.add(it.size)
			st.Records[it.kind] = c
		}
		if used := time.Unix(0, it.used); st.Oldest.IsZero() || used.Before(st.Oldest) {
			st.Oldest = used
		}
	}
	const never = 1 << 62
	if st.Temporary, err = s.leftovers(never); err != nil {
		return nil, err
	}
	return st, nil
}

// Verify reads every blob and every record on all processors. Those that are damaged it
// removes, and returns their names. It goes on behind what it cannot read, and then
// returns the first such error.
func (s *Store) Verify(progress Progress) (checked Count, damaged []string, err error) {
	items, _, err := s.scan(0, time.Time{}, progress)
	if err != nil {
		return Count{}, nil, err
	}
	var mu sync.Mutex
	next := 0
	work := func() {
		for {
			mu.Lock()
			i := next
			next++
			mu.Unlock()
			if i >= len(items) {
				return
			}
			path := s.path(items[i].kind, items[i].key)
			verifyErr := s.verify(items[i], path)
			mu.Lock()
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
			mu.Unlock()
		}
	}
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(work)
	}
	wg.Wait()
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
