package main

import (
	"fmt"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
)

// unfit says why the result of a run is not to be kept; empty: it is.
func (c *cached) unfit(end ending) string {
	m := c.result.record
	switch {
	case end.signal != 0:
		return fmt.Sprintf("the command was ended by signal %d", end.signal)
	case end.status != 0 && !c.failed:
		return fmt.Sprintf("the command failed: exit %d", end.status)
	case c.failed || m == nil:
		return "deptrace could not do all that was asked for"
	case !m.Complete:
		return "the record is incomplete: " + strings.Join(m.Incomplete, "; ")
	case len(m.Side) > 0:
		return fmt.Sprintf("it wrote outside the root %s: %s; a --root that holds both allows it", printable(c.root), printable(m.Side[0].Path))
	}
	if c.unknown != "" {
		return fmt.Sprintf("the step can read from %s, which is a pipe or the like; close it, or give it a file instead", c.unknown)
	}
	if pipes := c.result.pipes; len(pipes) > 0 {
		return fmt.Sprintf("it read from %s, a pipe: what comes from there is not known", printable(c.relative(pipes[0])))
	}
	return c.unwanted(m)
}

// unwanted says which of the things that a step used keeps its result out of the cache.
func (c *cached) unwanted(m *manifest.Manifest) string {
	for _, use := range m.Uses {
		if use != useMachine && !slices.Contains(c.cf.allow, use) {
			return fmt.Sprintf("it used %s; --allow %s allows it", useWords[use], use)
		}
	}
	return ""
}

// useMachine does not keep a result out of the store of the machine.
const useMachine = "machine"

var useWords = map[string]string{"network": "the network", "random": "random numbers"}

// keepResult has the store keep what the run left, under the keys under which a run that
// would find the same looks for it.
func (c *cached) keepResult() error {
	m, n := c.result.record, c.result.names
	e, err := c.newEntry(m)
	if err != nil {
		return err
	}
	bound := ""
	if c.cf.relocatable {
		var beside string
		if m, beside = cache.Portable(m, c.root, c.now); beside != "" {
			bound = fmt.Sprintf("the step looked at %s, beside the checkout", printable(beside))
		} else if bound, err = c.boundBy(m, e); err != nil {
			return err
		}
	}
	record := &cache.Record{Manifest: m, Root: c.root}
	writes := slices.Clone(m.Step.Writes)
	if n.manifest != "" {
		record.Path = c.place(n.manifest)
		writes = append(writes, manifest.Form(record.Path, c.root, c.home))
	}
	found, left, err := cache.RecordedKeys(c.key, record, c.now)
	if err != nil {
		return err
	}
	push := c.pushable(e)
	last := found
	for _, key := range slices.Compact([]cache.Key{found, left}) {
		if bound != "" {
			if err := c.store.Put(store.Entries, key, (&cache.Entry{Bound: bound}).Encode()); err != nil {
				return err
			}
			push(key)
			key = cache.BoundKey(key, c.root)
			last = key
		}
		if err := c.store.Put(store.Entries, key, e.Encode()); err != nil {
			return err
		}
		push(key)
	}
	if err := c.keepSet(record, writes); err != nil {
		return err
	}
	if err := c.store.Put(store.Notes, c.key, last[:]); err != nil {
		return err
	}
	if err := c.store.Put(store.Notes, c.identity(), c.note()); err != nil {
		return err
	}
	c.logf("cached: %s", count(len(e.Files), "file"))
	c.remote.push(c.key)
	return c.store.Trim()
}

// pushable returns what has the keys of an entry uploaded in the end, if it may be.
func (c *cached) pushable(e *cache.Entry) (push func(cache.Key)) {
	if c.remote != nil && e.Local {
		c.logf("not shared with the remote: the step looked at the machine; --allow machine allows it")
		return func(cache.Key) {}
	}
	return c.remote.pushLater
}

// newEntry puts everything that a result consists of into the store.
func (c *cached) newEntry(m *manifest.Manifest) (*cache.Entry, error) {
	e := &cache.Entry{Local: slices.Contains(m.Uses, useMachine) && !slices.Contains(c.cf.allow, useMachine)}
	for _, out := range m.Outputs {
		if out.Kind != manifest.File || c.isRedirected(out.Path) {
			continue
		}
		path := manifest.Abs(out.Path, c.root, c.home)
		if err := c.store.AddFile(path, digest.Sum(out.Digest)); err != nil {
			return nil, fmt.Errorf("%s: %w", printable(out.Path), err)
		}
		// Not that of the file, which may have changed again.
		size, err := c.store.Size(digest.Sum(out.Digest))
		if err != nil {
			return nil, err
		}
		e.Files = append(e.Files, cache.File{Path: out.Path, Blob: cache.Blob{Sum: digest.Sum(out.Digest), Size: size}, Exec: out.Exec})
	}
	var err error
	if e.Stdout, e.Stderr, err = c.out.keep(); err != nil {
		return nil, err
	}
	if c.result.depfile != nil {
		if e.Depfile, err = c.addBytes(c.result.depfile); err != nil {
			return nil, err
		}
	}
	data, err := cache.Impersonal(m).AppendBinary(nil)
	if err != nil {
		return nil, err
	}
	blob, err := c.addBytes(data)
	if err != nil {
		return nil, err
	}
	e.Record = *blob
	return e, nil
}

func (c *cached) addBytes(data []byte) (*cache.Blob, error) {
	sum, err := c.store.AddBytes(data)
	return &cache.Blob{Sum: sum, Size: int64(len(data))}, err
}

// keepSet makes the input set of a record the latest of the command.
func (c *cached) keepSet(r *cache.Record, writes []string) error {
	set := cache.InputSet(r, c.now)
	slices.Sort(writes)
	set.Step.Writes = slices.Compact(writes)
	data, err := set.AppendBinary(nil)
	if err != nil {
		return err
	}
	sum, err := c.store.AddBytes(data)
	if err != nil {
		return err
	}
	return c.store.Update(store.Sets, c.key, func(old []byte) []byte {
		known, _ := store.ParseSets(old) // what is damaged is begun anew
		return store.EncodeSets(store.MergeSets([]digest.Sum{sum}, known))
	})
}

// boundBy says which output holds the path of the root; "" for none.
func (c *cached) boundBy(m *manifest.Manifest, e *cache.Entry) (string, error) {
	for _, out := range m.Outputs {
		if out.Kind == manifest.Symlink && strings.Contains(out.Target, c.root) {
			return holdsRoot(out.Path), nil
		}
	}
	holds := func(name string, blob *cache.Blob) (string, error) {
		if blob == nil {
			return "", nil
		}
		f, err := c.store.OpenBlob(blob.Sum)
		if err != nil {
			return "", err
		}
		defer f.Close()
		if held, err := cache.HoldsRoot(f, c.root); err != nil || !held {
			return "", err
		}
		return holdsRoot(name), nil
	}
	for i := range e.Files {
		if name, err := holds(e.Files[i].Path, &e.Files[i].Blob); name != "" || err != nil {
			return name, err
		}
	}
	for _, b := range []struct {
		name string
		blob *cache.Blob
	}{{"the depfile", e.Depfile}, {"standard output", e.Stdout}, {"standard error", e.Stderr}} {
		if name, err := holds(b.name, b.blob); name != "" || err != nil {
			return name, err
		}
	}
	return "", nil
}

func holdsRoot(name string) string { return printable(name) + " holds the path of the checkout" }
