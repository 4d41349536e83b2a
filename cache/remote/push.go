package remote

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"slices"

	"deptrace/cache/digest"
	"deptrace/cache/store"
)

// PushEntry gives the server the local store's entry under a strong key: first the
// blobs, then the record, and at the end the message that announces them. Where ctx ends
// before, what was uploaded stays, and is of no harm.
func (r *Remote) PushEntry(ctx context.Context, key [32]byte) error {
	return r.push(ctx, func() error {
		data, err := r.local(store.Entries, key)
		if err != nil {
			return err
		}
		blobs, err := r.entryBlobs(data)
		if err != nil {
			return missf("the local store's entry is none: %v", err)
		}
		return r.publish(ctx, actionKey(entryPrefix, key), parcel{data, blobs})
	})
}

// PushSets gives the server the input sets that are known here, in front of those that
// it has. Two machines that do so at the same moment can lose one's sets: then a later
// run brings them.
func (r *Remote) PushSets(ctx context.Context, key [32]byte) error {
	return r.push(ctx, func() error {
		data, err := r.local(store.Sets, key)
		if err != nil {
			return err
		}
		ours, err := store.ParseSets(data)
		if err != nil {
			return missf("the local store: %v", err)
		}
		theirs, blobs, err := r.listed(ctx, key)
		var fault *FaultError
		var miss *MissError
		switch {
		case errors.As(err, &fault) && !fault.unanswered, errors.As(err, &miss), errors.Is(err, errAbsent):
			// What is there, if anything, is no good; ours goes in its place.
			theirs, blobs = nil, nil
		case err != nil:
			return err
		}
		sizes := make(map[digest.Sum]int64)
		for _, b := range blobs {
			sizes[b.Sum] = b.Size
		}
		sets, err := r.available(ctx, store.MergeSets(ours, theirs), sizes)
		if err != nil {
			return err
		}
		if len(sets) == 0 {
			return missf("the local store has none of the input sets any more")
		}
		return r.publish(ctx, actionKey(setsPrefix, key), setsParcel(sets, sizes))
	})
}

// available returns those of the sets that are in the local store or on the server,
// which has announced those in sizes. A list that names another one would be no good.
func (r *Remote) available(ctx context.Context, sets []digest.Sum, sizes map[digest.Sum]int64) ([]digest.Sum, error) {
	there := make([]bool, len(sets))
	err := each(ctx, len(sets), func(ctx context.Context, i int) (err error) {
		there[i] = r.store.Has(sets[i])
		if size, announced := sizes[sets[i]]; announced && !there[i] {
			there[i], err = r.client.has(ctx, sets[i], size)
		}
		return err
	})
	var available []digest.Sum
	for i, s := range sets {
		if there[i] {
			available = append(available, s)
		}
	}
	return available, err
}

// push is guard for what writes.
func (r *Remote) push(ctx context.Context, f func() error) error {
	if r.client.config.readOnly {
		return missf("%s is set", readOnlyVariable)
	}
	return r.guard(ctx, false, f)
}

// local returns a record of the local store.
func (r *Remote) local(kind store.Kind, key [32]byte) ([]byte, error) {
	data, err := r.store.Get(kind, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missf("the local store does not have it")
	}
	return data, err
}

// publish uploads a parcel under a name of the server.
func (r *Remote) publish(ctx context.Context, name digest.Sum, p parcel) error {
	blobs := slices.Clone(p.Blobs)
	total := int64(0)
	for i := range blobs {
		if blobs[i].Size >= 0 {
			total += blobs[i].Size
			continue
		}
		size, err := r.store.Size(blobs[i].Sum)
		if errors.Is(err, fs.ErrNotExist) {
			return missf("the local store does not have %s any more", short(blobs[i].Sum))
		}
		if err != nil {
			return err
		}
		blobs[i].Size = size
		total += size
	}
	if most := r.client.config.max; total > most {
		return missf("it has more than %d bytes, which is the most that %s allows", most, maxVariable)
	}
	if len(p.Data) > maxRecord {
		return missf("its record has %d bytes, and %d is the most", len(p.Data), maxRecord)
	}
	p.Blobs = blobs
	a := p.action()

	distinct := slices.Clone(blobs)
	slices.SortFunc(distinct, func(a, b Blob) int { return slices.Compare(a.Sum[:], b.Sum[:]) })
	distinct = slices.CompactFunc(distinct, func(a, b Blob) bool { return a.Sum == b.Sum })
	err := each(ctx, len(distinct)+1, func(ctx context.Context, i int) error {
		if i < len(distinct) {
			return r.upload(ctx, distinct[i])
		}
		return r.client.putBytes(ctx, casName(sha256.Sum256(p.Data)), p.Data)
	})
	if err != nil {
		return err
	}
	return r.client.putAction(ctx, name, a)
}
