package remote

import (
	"context"
	"errors"
	"slices"

	"deptrace/cache/digest"
	"deptrace/cache/store"
)

// Fetched is what came from the server.
type Fetched struct {
	Sets  int // how many of a command's input sets were not known here
	Blobs int
	Bytes int64
}

// Entry brings the entry under a strong key into the local store, and all that it
// names. The entry comes last: who sees it, sees the blobs.
func (r *Remote) Entry(ctx context.Context, key [32]byte) (got Fetched, err error) {
	err = r.guard(ctx, true, func() error {
		got, err = r.entry(ctx, key)
		return err
	})
	return got, err
}

func (r *Remote) entry(ctx context.Context, key [32]byte) (Fetched, error) {
	name := actionKey(entryPrefix, key)
	what := called("GET", acName(name))
	a, err := r.client.action(ctx, name)
	if err != nil {
		return Fetched{}, err
	}
	record, blobs, err := announced(what, a)
	if err != nil {
		return Fetched{}, err
	}
	lacking, total, err := r.missing(what, blobs)
	if err != nil {
		return Fetched{}, err
	}
	// The record is one of the downloads: to wait for it first would be one more way to the
	// server and back.
	var data []byte
	err = each(ctx, 1+len(lacking), func(ctx context.Context, i int) error {
		if i > 0 {
			return r.download(ctx, lacking[i-1])
		}
		var err error
		data, err = r.record(ctx, record, blobs)
		return err
	})
	if errors.Is(err, errAbsent) {
		return Fetched{}, missf("the server has the entry, and not all of its blobs any more")
	}
	if err != nil {
		return Fetched{}, err
	}
	if err := r.store.Put(store.Entries, key, data); err != nil {
		return Fetched{}, err
	}
	return Fetched{Blobs: len(lacking), Bytes: total}, nil
}

// record returns the bytes of an entry, and wants all that it names to be announced.
func (r *Remote) record(ctx context.Context, record Blob, blobs []Blob) ([]byte, error) {
	what := called("GET", casName(record.Sum))
	data, err := r.client.bytes(ctx, record.Sum, record.Size, maxRecord)
	if err != nil {
		return nil, err
	}
	named, err := r.entryBlobs(data)
	if err != nil {
		return nil, missf("%s: no entry: %v", what, err)
	}
	sizes := make(map[digest.Sum]int64)
	for _, b := range blobs {
		sizes[b.Sum] = b.Size
	}
	for _, b := range named {
		size, there := sizes[b.Sum]
		if !there || b.Size >= 0 && b.Size != size {
			return nil, faultf(what, "the entry names %s, which is not announced with it", short(b.Sum))
		}
	}
	return data, nil
}

// Sets brings the input sets that the server knows of the command with a weak key into
// the local store. They go behind those that are known here.
func (r *Remote) Sets(ctx context.Context, key [32]byte) (got Fetched, err error) {
	err = r.guard(ctx, true, func() error {
		got, err = r.sets(ctx, key)
		return err
	})
	return got, err
}

func (r *Remote) sets(ctx context.Context, key [32]byte) (Fetched, error) {
	sets, blobs, err := r.listed(ctx, key)
	if err != nil {
		return Fetched{}, err
	}
	lacking, total, err := r.missing(called("GET", acName(actionKey(setsPrefix, key))), blobs)
	if err != nil {
		return Fetched{}, err
	}
	// One that is gone does not spoil the others.
	gone := make([]bool, len(lacking))
	err = each(ctx, len(lacking), func(ctx context.Context, i int) error {
		err := r.download(ctx, lacking[i])
		gone[i] = errors.Is(err, errAbsent)
		if gone[i] {
			return nil
		}
		return err
	})
	if err != nil {
		return Fetched{}, err
	}
	got := Fetched{Blobs: len(lacking), Bytes: total}
	for i, b := range lacking {
		if gone[i] {
			sets = slices.DeleteFunc(sets, func(s digest.Sum) bool { return s == b.Sum })
			got.Blobs--
			got.Bytes -= b.Size
		}
	}
	if len(sets) == 0 {
		return Fetched{}, missf("the server has none of the input sets any more")
	}
	err = r.store.Update(store.Sets, key, func(old []byte) []byte {
		// What cannot be read here is worth nothing.
		known, _ := store.ParseSets(old)
		merged := store.MergeSets(known, sets)
		got.Sets = len(merged) - len(store.MergeSets(known, nil))
		return store.EncodeSets(merged)
	})
	return got, err
}

// listed returns the input sets that the server has of a command, the latest first, and
// the blobs that they are, each once.
func (r *Remote) listed(ctx context.Context, key [32]byte) ([]digest.Sum, []Blob, error) {
	name := actionKey(setsPrefix, key)
	what := called("GET", acName(name))
	a, err := r.client.action(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	record, announcedBlobs, err := announced(what, a)
	if err != nil {
		return nil, nil, err
	}
	data, err := r.client.bytes(ctx, record.Sum, record.Size, store.MaxSets*int64(len(digest.Sum{})))
	if errors.Is(err, errAbsent) {
		return nil, nil, missf("the server has the list of input sets no more")
	}
	if err != nil {
		return nil, nil, err
	}
	sets, err := store.ParseSets(data)
	if err != nil {
		return nil, nil, &FaultError{What: what, Err: err}
	}
	sets = store.MergeSets(sets, nil)
	var blobs []Blob
	for _, s := range sets {
		i := slices.IndexFunc(announcedBlobs, func(b Blob) bool { return b.Sum == s })
		if i < 0 {
			return nil, nil, faultf(what, "the list names %s, which is not announced with it", short(s))
		}
		blobs = append(blobs, announcedBlobs[i])
	}
	return sets, blobs, nil
}
