package result

import (
	"deptrace/cache"
	"deptrace/cache/store"
)

// Cache is where results are.
type Cache struct {
	Store *store.Store
	// Remote is asked for what the store does not have, and gets what is new; nil: there
	// is none.
	Remote Remote
	// ReadOnly is whether the remote gets nothing.
	ReadOnly bool
	// Log tells what is done and why; it may be nil.
	Log func(format string, args ...any)
}

func (c *Cache) logf(format string, args ...any) {
	if c.Log != nil {
		c.Log(format, args...)
	}
}

// entry returns the entry that the store has under a strong key, or nil. A damaged one is
// none.
func (c *Cache) entry(strong cache.Key) *cache.Entry {
	data, err := c.Store.Get(store.Entries, strong)
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
