package remote

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"deptrace/cache/digest"
)

// pinged is what a ping stores: a blob of its own, so that nothing else is touched.
var pinged = []byte("deptrace ping\n")

// Pong is what a ping found out.
type Pong struct {
	Writes bool          // a blob was stored and read back; not tried if only to be read
	Took   time.Duration // one request, over a connection that was there
}

// Ping finds out whether the server answers as it should, whatever is remembered of it,
// and if it does lets it be asked again.
func (r *Remote) Ping(ctx context.Context) (Pong, error) {
	var p Pong
	c := r.client
	key := digest.Sum(sha256.Sum256(pinged))
	// The first request may have to make the connection.
	for range 2 {
		start := time.Now()
		_, err := c.action(ctx, key)
		p.Took = time.Since(start)
		if err != nil && !errors.Is(err, errAbsent) {
			return p, err
		}
	}
	if !c.config.readOnly {
		if err := c.putBytes(ctx, casName(key), pinged); err != nil {
			return p, err
		}
		_, err := c.bytes(ctx, key, int64(len(pinged)), int64(len(pinged)))
		if errors.Is(err, errAbsent) {
			return p, errors.New("the server took a blob, and does not have it")
		}
		if err != nil {
			return p, err
		}
		p.Writes = true
	}
	r.breaker.success()
	return p, nil
}
