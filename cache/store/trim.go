package store

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// trimTime is how long Trim looks, and then again how long it removes. It is long enough
// for all of a store of 5 GiB in files of 100 kB, if the kernel remembers them.
const trimTime = 100 * time.Millisecond

// recordLife is how long a record is kept that nobody reads.
const recordLife = 60 * 24 * time.Hour

// target is to what a store is trimmed that is over its limit: to just below would mean
// to trim again at once.
func target(max int64) int64 { return max - max/10 }

// Trim ends a run that stored something: if the store has become too large, what was
// not used for longest is removed. It is done by one process at a time, waits for
// nobody, and stops after a fraction of a second; the next run goes on where it stopped.
func (s *Store) Trim() error {
	if !s.stored.Swap(false) {
		return nil
	}
	enough := func(l ledger) bool { return l.known && l.total <= s.max }
	l := s.readLedger()
	if enough(l) && l.length < ledgerMax {
		return nil
	}
	unlock, err := s.lock(trimLock, 0)
	if errors.Is(err, errLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	// The process that had the lock before may have done it.
	l = s.readLedger()
	if enough(l) {
		if l.length < ledgerMax {
			return nil
		}
		return s.writeLedger(l.total, l.cursor)
	}
	p := pass{store: s, limit: s.max, target: target(s.max), time: s.trimTime}
	_, err = p.run(l)
	return err
}

// trimLock is the lock that only one process has that removes files for the sake of
// space.
const trimLock = "trim"

// GC removes what was not used for longest until the store takes at most max bytes; if
// max is 0, until it keeps to its limit, and then a tenth of that is free. Leftovers
// and records that nobody has read for long go in any case.
func (s *Store) GC(max int64, progress Progress) (Count, error) {
	unlock, err := s.lock(trimLock, lockWait)
	if err != nil {
		return Count{}, err
	}
	defer unlock()
	limit := max
	if limit <= 0 {
		limit = s.max
	}
	p := pass{store: s, progress: progress, limit: limit, target: target(limit)}
	if max > 0 {
		p.target = max
	}
	return p.run(s.readLedger())
}

// pass is one look at the files, or at a part of them, and what is removed after it.
type pass struct {
	store         *Store
	progress      Progress
	limit, target int64
	time          time.Duration // for each half of it; 0: as long as it takes

	removed Count
}

func (p *pass) deadline() time.Time {
	if p.time == 0 {
		return time.Time{}
	}
	return time.Now().Add(p.time)
}

// run is the pass. It ends with a new ledger.
func (p *pass) run(before ledger) (Count, error) {
	s := p.store
	if _, err := s.leftovers(leftoverAfter); err != nil {
		return p.removed, err
	}
	items, seen, err := s.scan(before.cursor, p.deadline(), p.progress)
	if err != nil {
		return p.removed, err
	}
	var here int64 // in the parts seen
	for _, it := range items {
		here += space(it.size)
	}
	// What was seen takes the place of its share of what was thought.
	total := before.total - before.total*int64(seen)/parts + here
	if !before.known {
		total = here * parts / int64(seen)
	}
	err = p.evict(items, here, total, seen)
	// What others stored meanwhile may be counted twice now: too much is put right by
	// the next look, too little would not be.
	grown := s.readLedger().total - before.total
	err = errors.Join(err, s.writeLedger(total-p.removed.Bytes+max(grown, 0), (before.cursor+seen)%parts))
	return p.removed, err
}

// evict removes what has to go of the items. They are from seen parts, and take here
// bytes of the total.
func (p *pass) evict(items []item, here, total int64, seen int) error {
	deadline := p.deadline()
	late := func() bool { return !deadline.IsZero() && time.Now().After(deadline) }

	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.used, b.used) })
	var stale, first, last []item // records that nobody reads, blobs, other records
	dying := p.store.clock().Add(-recordLife).UnixNano()
	for _, it := range items {
		switch {
		case it.kind == blobs:
			first = append(first, it)
		case it.used < dying:
			stale = append(stale, it)
		default:
			last = append(last, it)
		}
	}
	for _, it := range stale {
		if err := p.remove(it); err != nil || late() {
			return err
		}
	}
	if total-p.removed.Bytes <= p.limit {
		return nil
	}
	// These parts' share of what is too much, but no more than is too much at all.
	excess := min(here-p.target*int64(seen)/parts, total-p.target)
	for i, it := range append(first, last...) {
		if p.removed.Bytes >= excess {
			break
		}
		if err := p.remove(it); err != nil || late() {
			return err
		}
		p.progress.tell(Step{Doing: "removing", Done: i + 1, Of: len(items)})
	}
	return nil
}

// remove removes a file, unless somebody has used it since it was looked at.
func (p *pass) remove(it item) error {
	path := p.store.path(it.kind, it.key)
	info, err := os.Lstat(path)
	if err == nil {
		if info.ModTime().UnixNano() != it.used {
			return nil
		}
		err = os.Remove(path)
	}
	switch {
	case err == nil:
		p.removed.add(it.size)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}
