package remote

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"deptrace/cache/digest"
	"deptrace/cache/store"
)

// Remote shares records of the local store with a server.
type Remote struct {
	client     *client
	store      *store.Store
	entryBlobs func(data []byte) ([]Blob, error)
	breaker    *breaker
}

// Options are what a Remote needs to know.
type Options struct {
	Config *Config
	Store  *store.Store
	// Dir is the directory of the store. What is remembered of the server from one process
	// to the next is kept there, in a directory "remote". Empty: nothing is.
	Dir string
	// EntryBlobs returns what blobs an entry names. Its error says that it is no entry.
	EntryBlobs func(data []byte) ([]Blob, error)
}

// New returns a Remote. It does not talk to the server yet.
func New(o Options) *Remote {
	dir := o.Dir
	if dir != "" {
		dir = filepath.Join(dir, "remote")
	}
	return &Remote{newClient(o.Config), o.Store, o.EntryBlobs, newBreaker(dir, o.Config)}
}

// Warning returns what a user should know of the configuration and has not been told for
// this server and store, or an empty string.
func (r *Remote) Warning() string {
	if r.client.config.Exposed() && r.breaker.first() {
		return "the credentials for " + r.client.config.base.Host + " go over the network unencrypted; https:// would protect them"
	}
	return ""
}

// guard asks the server through f, unless it is to be left alone, and takes note of how
// that went. reading says that the caller waits for what f brings: then a server that
// does not get it done in time is at fault, however busily it works.
//
// Whatever was wrong with the server is a [*MissError]. Other errors are of the local
// store, or say that ctx is done.
func (r *Remote) guard(ctx context.Context, reading bool, f func() error) error {
	if err := r.breaker.ask(); err != nil {
		return err
	}
	err := f()
	var fault *FaultError
	var miss *MissError
	switch {
	case errors.As(err, &fault), reading && errors.Is(err, errNoTime):
		r.breaker.fault(err)
		return &MissError{err.Error()}
	case errors.Is(err, errNoTime):
		return &MissError{err.Error()}
	case errors.Is(err, errAbsent):
		r.breaker.success()
		return &MissError{errAbsent.Error()}
	case err == nil, errors.As(err, &miss):
		r.breaker.success()
	}
	return err
}

// each calls f for each of n numbers, several at once, until one call fails. The context
// of the others ends then, and the error is that of the first one.
func each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	var first error
	next := 0
	work := func() {
		for {
			mu.Lock()
			i := next
			next++
			stop := first != nil || i >= n
			mu.Unlock()
			if stop {
				return
			}
			if err := f(ctx, i); err != nil {
				mu.Lock()
				if first == nil {
					first = err
				}
				mu.Unlock()
				cancel()
				return
			}
		}
	}
	var wg sync.WaitGroup
	for range min(n, parallel) {
		wg.Go(work)
	}
	wg.Wait()
	return first
}

// missing returns those of the blobs that the store does not have, each once, and how
// many bytes they are. Two sizes for one blob are a fault of the server.
func (r *Remote) missing(what string, blobs []Blob) (lacking []Blob, total int64, err error) {
	sizes := make(map[digest.Sum]int64)
	for _, b := range blobs {
		if size, seen := sizes[b.Sum]; seen {
			if size != b.Size {
				return nil, 0, faultf(what, "%s has two sizes, %d and %d", short(b.Sum), size, b.Size)
			}
			continue
		}
		sizes[b.Sum] = b.Size
		if r.store.Has(b.Sum) {
			continue
		}
		if b.Size > r.client.config.max-total {
			return nil, 0, missf("%s: the blobs have more than %d bytes, which is the most that %s allows", what, r.client.config.max, maxVariable)
		}
		total += b.Size
		lacking = append(lacking, b)
	}
	return lacking, total, nil
}

// download puts a blob into the store.
func (r *Remote) download(ctx context.Context, b Blob) error {
	w, err := r.store.NewBlob()
	if err != nil {
		return err
	}
	defer w.Discard()
	if b.Size > 0 { // nothing is the same everywhere
		if err := r.client.blob(ctx, b.Sum, b.Size, w); err != nil {
			return err
		}
	}
	err = w.CommitAs(b.Sum)
	if errors.Is(err, store.ErrChanged) {
		return faultf(called("GET", casName(b.Sum)), "the bytes are others than those of that name")
	}
	return err
}

// upload puts a blob of the store onto the server, unless it is there.
func (r *Remote) upload(ctx context.Context, b Blob) error {
	there, err := r.client.has(ctx, b.Sum, b.Size)
	if err != nil || there {
		return err
	}
	f, err := r.store.OpenBlob(b.Sum)
	if errors.Is(err, fs.ErrNotExist) {
		return missf("the local store does not have %s any more", short(b.Sum))
	}
	if err != nil {
		return err
	}
	// Not every server looks at what it is given, and it would be a fault of ours.
	if err := verify(ctx, f, b); err != nil {
		f.Close()
		return err
	}
	return r.client.put(ctx, casName(b.Sum), f, b.Size)
}

// verify reads a file of the store, wants it to be a blob, and goes back to its beginning.
func verify(ctx context.Context, f *os.File, b Blob) error {
	h := sha256.New()
	size, err := io.Copy(h, &untilDone{ctx, f})
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	if digest.Sum(h.Sum(nil)) != b.Sum || size != b.Size {
		return missf("%s is damaged in the local store", short(b.Sum))
	}
	return nil
}

// untilDone reads until a context is done.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	switch err := u.ctx.Err(); err {
	case nil:
		return u.r.Read(p)
	case context.DeadlineExceeded:
		return 0, errNoTime
	default:
		return 0, err
	}
}

// announced finds the record in the message that announces it, and the rest.
func announced(what string, a actionResult) (record Blob, blobs []Blob, err error) {
	found := false
	for _, f := range a.files {
		if f.Path != recordPath {
			blobs = append(blobs, f)
			continue
		}
		if found {
			return Blob{}, nil, faultf(what, "two records")
		}
		record, found = f, true
	}
	if !found {
		return Blob{}, nil, faultf(what, "no record, but %d other files", len(a.files))
	}
	return record, blobs, nil
}
