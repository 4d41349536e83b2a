package result

import (
	"context"
	"time"

	"deptrace/cache"
)

// Remote is a cache that is shared with others. What it has it brings into the store of
// the [Cache], verified, and what it gets it takes from there.
//
// In each answer ok says whether that was done, and detail, for people, what was done or
// why not: it has nothing, or nothing that is to be trusted. An error is about the remote
// as a whole, which is not asked again.
type Remote interface {
	// Sets brings the input sets that are known of a command.
	Sets(ctx context.Context, weak cache.Key) (detail string, ok bool, err error)
	// Entry brings an entry and all that it names.
	Entry(ctx context.Context, strong cache.Key) (detail string, ok bool, err error)
	// PushEntry uploads an entry and all that it names.
	PushEntry(ctx context.Context, strong cache.Key) (detail string, ok bool, err error)
	// PushSets uploads the input sets of a command.
	PushSets(ctx context.Context, weak cache.Key) (detail string, ok bool, err error)
}

// How long a step waits for the remote: for the input sets of its command, for a result,
// and at its end for the upload of its own.
const (
	setsLimit  = 10 * time.Second
	entryLimit = 2 * time.Minute
	pushLimit  = 10 * time.Second
)

// request is one of the methods of a Remote.
type request func(ctx context.Context, key cache.Key) (detail string, ok bool, err error)

// fetch asks for something, and reports whether the store has it now. The error is why
// there is no use in asking any more.
func (c *Cache) fetch(what string, limit time.Duration, get request, key cache.Key) (ok bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	detail, ok, err := get(ctx, key)
	switch {
	case err != nil:
		c.logf("remote: %s: %v", what, err)
	case ok:
		c.logf("remote: %s (%s)", what, detail)
	default:
		c.logf("remote: %s: %s", what, detail)
	}
	return ok, err
}
