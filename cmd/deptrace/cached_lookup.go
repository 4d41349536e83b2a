package main

import (
	"errors"
	"io/fs"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/restore"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
)

// maxRecord is how large a record can be, in its binary form, to be looked at: 100 bytes
// for each of some hundred thousand inputs.
const maxRecord = 64 << 20

// lookup brings the result of the step back, if it is known for the state in which the
// step would find everything now. If not, c.why says why not.
func (c *cached) lookup() bool {
	tried := map[digest.Sum]bool{}
	if c.try(c.sets(), tried, false) {
		return true
	}
	if c.remote.sets(c.key) {
		clear(tried) // also for the sets that are known here there can be a result
		if c.try(c.sets(), tried, true) {
			return true
		}
	}
	c.explain(len(tried))
	return false
}

// sets returns the known input sets of the command, the latest first.
func (c *cached) sets() []digest.Sum {
	data, err := c.store.Get(store.Sets, c.key)
	if err != nil {
		return nil
	}
	sets, _ := store.ParseSets(data)
	return sets
}

// try looks for a result under each set. far is whether to ask the remote.
func (c *cached) try(sets []digest.Sum, tried map[digest.Sum]bool, far bool) bool {
	for _, sum := range sets {
		if tried[sum] {
			continue
		}
		tried[sum] = true
		data, err := c.store.Bytes(sum, maxRecord)
		if err != nil {
			continue
		}
		set, err := manifest.DecodeBinary(data)
		if err != nil {
			c.logf("an input set is damaged: %v", err)
			continue
		}
		strong, err := cache.StrongKey(c.key, &cache.Record{Manifest: set, Root: c.root}, c.now)
		if err != nil {
			c.because("%v", err)
			continue
		}
		if c.hit(strong, far) {
			return true
		}
	}
	return false
}

// hit brings a result back, if there is one under a strong key.
func (c *cached) hit(strong cache.Key, far bool) bool {
	e := c.entry(strong, far)
	if e != nil && e.Bound != "" {
		bound := e.Bound
		strong = cache.BoundKey(strong, c.root)
		if e = c.entry(strong, far); e == nil {
			c.because("%s, and was run in another one", bound)
		}
	}
	if e == nil || e.Bound != "" {
		return false
	}
	err := c.bring(e)
	if lost(err) && far && c.remote.entry(strong) {
		err = c.bring(e)
	}
	var way *restore.InTheWayError
	switch {
	case err == nil:
		return true
	case lost(err):
		c.because("the result is known, but no longer in the store: %v", err)
	case errors.As(err, &way):
		c.because("%s is in the way of %s", way.What, printable(way.Path))
	default:
		c.because("the result could not be brought back: %v", err)
	}
	return false
}

// lost reports whether an error says that something is not in the store, or damaged.
func lost(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrDamaged) }

// entry returns the entry under a strong key, or nil.
func (c *cached) entry(strong cache.Key, far bool) *cache.Entry {
	data, err := c.store.Get(store.Entries, strong)
	if err != nil && far && c.remote.entry(strong) {
		data, err = c.store.Get(store.Entries, strong)
	}
	if err != nil {
		return nil
	}
	e, err := cache.DecodeEntry(data)
	if err != nil {
		c.logf("%v", err)
		return nil
	}
	return e
}
