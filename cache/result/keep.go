package result

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
)

// Kept is a result that was kept.
type Kept struct {
	// Files is how many files are in it.
	Files int
	// Local is whether only that keeps it from being shared that it depends on this machine.
	Local bool

	machine bool // whether it depends on this machine
	weak    cache.Key
	entries []cache.Key // in the order in which they were stored
}

// Keep has the store keep what a run left, under the keys under which a run that would find
// the same looks for it. [Command.Unfit] must have had nothing to say.
func (c *Cache) Keep(cmd *Command, r *Run) (*Kept, error) {
	e, err := c.newEntry(cmd, r)
	if err != nil {
		return nil, err
	}
	m, bound := r.Record, ""
	if cmd.Relocatable {
		if m, bound, err = c.portable(cmd, m, e); err != nil {
			return nil, err
		}
	}
	record := &cache.Record{Manifest: m, Path: r.RecordPath, Root: cmd.Root}
	found, left, err := cache.RecordedKeys(cmd.key, record, cmd.World)
	if err != nil {
		return nil, err
	}
	kept := &Kept{Files: len(e.Files), Local: e.Local && c.shares(), machine: e.Local, weak: cmd.key}
	put := func(key cache.Key, e *cache.Entry) error {
		kept.entries = append(kept.entries, key)
		return c.Store.Put(store.Entries, key, e.Encode())
	}
	var last cache.Key // under which the entry itself is
	for _, key := range slices.Compact([]cache.Key{found, left}) {
		last = key
		if bound != "" {
			last = cache.BoundKey(key, cmd.Root)
		}
		if err := put(last, e); err != nil {
			return nil, err
		}
		if bound == "" {
			continue
		}
		if err := put(key, &cache.Entry{Bound: bound}); err != nil {
			return nil, err
		}
	}
	if err := c.keepSet(cmd, record); err != nil {
		return nil, err
	}
	if err := c.note(cmd, last); err != nil {
		c.logf("a later miss will not be explained: %v", err)
	}
	return kept, nil
}

// newEntry puts everything that a result consists of into the store.
func (c *Cache) newEntry(cmd *Command, r *Run) (*cache.Entry, error) {
	e := &cache.Entry{Local: cmd.local(r.Record)}
	for i := range r.Record.Outputs {
		out := &r.Record.Outputs[i]
		if out.Kind != manifest.File || cmd.redirected(out) {
			continue
		}
		sum := digest.Sum(out.Digest)
		if err := c.Store.AddFile(cmd.abs(out.Path), sum); err != nil {
			return nil, fmt.Errorf("%s: %w", cache.Printable(out.Path), err)
		}
		// Not that of the file, which may have changed again.
		size, err := c.Store.Size(sum)
		if err != nil {
			return nil, err
		}
		e.Files = append(e.Files, cache.File{Path: out.Path, Blob: cache.Blob{Sum: sum, Size: size}, Exec: out.Exec})
	}
	var err error
	if e.Stdout, e.Stderr, err = r.Printed(); err != nil {
		return nil, err
	}
	if r.Depfile != nil {
		blob, err := c.addBytes(r.Depfile)
		if err != nil {
			return nil, err
		}
		e.Depfile = &blob
	}
	data, err := cache.Impersonal(r.Record).AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	e.Record, err = c.addBytes(data)
	return e, err
}

func (c *Cache) addBytes(data []byte) (cache.Blob, error) {
	sum, err := c.Store.AddBytes(data)
	return cache.Blob{Sum: sum, Size: int64(len(data))}, err
}

// keepSet makes the input set of a record the latest of the command.
func (c *Cache) keepSet(cmd *Command, r *cache.Record) error {
	set := cache.InputSet(r, cmd.World)
	writes := slices.Clone(r.Step.Writes)
	if r.Path != "" { // which the set, kept elsewhere, does not know
		writes = append(writes, cmd.form(r.Path))
	}
	slices.Sort(writes)
	set.Step.Writes = slices.Compact(writes)
	data, err := set.AppendBinary(nil)
	if err != nil {
		return err
	}
	blob, err := c.addBytes(data)
	if err != nil {
		return err
	}
	return c.Store.Update(store.Sets, cmd.key, func(old []byte) []byte {
		known, _ := store.ParseSets(old) // what is damaged is begun anew
		return store.EncodeSets(store.MergeSets([]digest.Sum{blob.Sum}, known))
	})
}

// shares reports whether there is a remote that is to have results.
func (c *Cache) shares() bool { return c.Remote != nil && !c.ReadOnly }

// Share uploads a result, if there is a remote that is to have it. The step waits for that,
// but not long; an error says that it was not done.
func (c *Cache) Share(k *Kept) error {
	if !c.shares() || k.machine {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), pushLimit)
	defer cancel()
	push := func(what request, key cache.Key) error {
		detail, ok, err := what(ctx, key)
		if err == nil && !ok {
			err = errors.New(detail)
		}
		return err
	}
	for _, key := range k.entries {
		if err := push(c.Remote.PushEntry, key); err != nil {
			return err
		}
	}
	if err := push(c.Remote.PushSets, k.weak); err != nil {
		return err
	}
	c.logf("shared with the remote")
	return nil
}
