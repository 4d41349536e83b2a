package result

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/restore"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
)

// maxBlob is the size up to which a part of a result is read into memory: a record, which has
// 100 bytes for each of some hundred thousand inputs, or what the command printed.
const maxBlob = 64 << 20

// Miss says why there is no result.
type Miss struct {
	// Why are the reasons, as far as the lookup met any. See [Cache.Explain].
	Why []error
	// Remote is what is wrong with the remote; nil: nothing, or it was not asked.
	Remote error

	sets int // how many input sets were tried
}

// because adds a reason, once.
func (m *Miss) because(why error) {
	if !slices.ContainsFunc(m.Why, func(w error) bool { return w.Error() == why.Error() }) {
		m.Why = append(m.Why, why)
	}
}

// BringBack brings the result of a command back, if it is known for the state in which the
// command would find everything now. One of hit and miss is nil.
func (c *Cache) BringBack(cmd *Command) (hit *Hit, miss *Miss) {
	l := &lookup{Cache: c, cmd: cmd, miss: new(Miss), known: map[string]digest.Result{}}
	if cmd.Unseen != "" {
		l.miss.because(fmt.Errorf("%s is a pipe or the like, which the step can read from", cmd.Unseen))
		return nil, l.miss
	}
	if hit := l.try(); hit != nil {
		return hit, nil
	}
	if c.Remote != nil {
		var ok bool
		ok, l.miss.Remote = c.fetch("the input sets of the command", setsLimit, c.Remote.Sets, cmd.key)
		if ok {
			l.far = true
			if hit := l.try(); hit != nil {
				return hit, nil
			}
		}
	}
	return nil, l.miss
}

// lookup is the way to a hit or a miss.
type lookup struct {
	*Cache
	cmd  *Command
	far  bool // whether the remote is asked for entries
	miss *Miss
	// known are the digests of inputs by which a result is found, by path.
	known map[string]digest.Result
}

// world is the command's, but that the lookup knows what it was told of files.
func (l *lookup) world() *cache.World {
	w := *l.cmd.World
	take := w.Files
	if take == nil {
		take = (*digest.Memo)(nil).Look
	}
	w.Files = func(reqs []digest.Request) []digest.Result {
		results := take(reqs)
		for i, r := range results {
			l.known[reqs[i].Path] = r
		}
		return results
	}
	return &w
}

// try looks for a result under each known input set, the latest first.
func (l *lookup) try() *Hit {
	tried, world := map[digest.Sum]bool{}, l.world()
	defer func() { l.miss.sets = len(tried) }()
	for _, sum := range l.sets() {
		if tried[sum] {
			continue
		}
		data, err := l.Store.Bytes(sum, maxBlob)
		if err != nil {
			continue // gone: as if it had never been known
		}
		tried[sum] = true
		set, err := manifest.DecodeBinary(data)
		if err != nil {
			l.logf("an input set is damaged: %v", err)
			continue
		}
		strong, err := cache.StrongKey(l.cmd.key, &cache.Record{Manifest: set, Root: l.cmd.Root}, world)
		if err != nil {
			l.miss.because(err)
			continue
		}
		if hit := l.under(strong); hit != nil {
			return hit
		}
	}
	return nil
}

// sets returns the known input sets of the command, the latest first. A damaged list is
// none.
func (l *lookup) sets() []digest.Sum {
	data, err := l.Store.Get(store.Sets, l.cmd.key)
	if err != nil {
		return nil
	}
	sets, _ := store.ParseSets(data)
	return sets
}

// under brings the result under a strong key back, if there is one.
func (l *lookup) under(strong cache.Key) *Hit {
	e := l.find(strong)
	if e != nil && e.Bound != "" {
		bound := e.Bound
		strong = cache.BoundKey(strong, l.cmd.Root)
		if e = l.find(strong); e == nil {
			l.miss.because(fmt.Errorf("%s, and was run in another one", bound))
		}
	}
	if e == nil || e.Bound != "" {
		return nil
	}
	hit, err := l.bring(e)
	if lost(err) && l.fetchEntry(strong) {
		hit, err = l.bring(e)
	}
	var way *restore.InTheWayError
	switch {
	case err == nil:
		return hit
	case lost(err):
		l.miss.because(fmt.Errorf("the result is known, but no longer in the store: %w", err))
	case errors.As(err, &way):
		l.miss.because(fmt.Errorf("%s is in the way of %s", way.What, cache.Printable(way.Path)))
	default:
		l.miss.because(fmt.Errorf("the result could not be brought back: %w", err))
	}
	return nil
}

// lost reports whether an error says that something is not in the store, or damaged.
func lost(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrDamaged) }

// find returns the entry under a strong key, or nil.
func (l *lookup) find(strong cache.Key) *cache.Entry {
	e := l.entry(strong)
	if e == nil && l.fetchEntry(strong) {
		e = l.entry(strong)
	}
	return e
}

// fetchEntry has the remote bring an entry, and reports whether it did.
func (l *lookup) fetchEntry(strong cache.Key) (ok bool) {
	if !l.far || l.miss.Remote != nil {
		return false
	}
	ok, l.miss.Remote = l.fetch("the result", entryLimit, l.Remote.Entry, strong)
	return ok
}
