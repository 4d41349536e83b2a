// Package digest takes the digests of files: of many at once on all cores, and,
// while a step runs, of what the step is about to destroy.
//
// # How it works
//
// [Files] shares its requests out among as many goroutines as there are processors,
// each with a buffer of its own. A file is opened without blocking and without
// following a link in the last place, and only a regular one is read. Its identity
// is taken before the first and after the last byte; if the two differ, somebody
// wrote while we read, and there is no digest.
//
// A [Keeper] does the same for a recorder that must not wait: it opens the file at
// once and reads it on another goroutine, or, where only the name is about to go,
// keeps the descriptor and reads it when somebody asks.
//
// # What it guarantees
//
// A digest is that of the file with the State that stands beside it. Whether this is
// the file that the caller meant, the caller sees by comparing States.
//
// # What it does not
//
// A writer that restores size and mtime within one tick of the file system's clock
// is not noticed; nothing short of a lease could.
package digest

import (
	"encoding/hex"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"deptrace/trace/footprint"
)

// Sum is the SHA-256 of a file's content.
type Sum [32]byte

// String returns the sum in hexadecimal.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// Errors that callers tell apart.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrChanged    = errors.New("changed while it was read")
)

// Result is the digest of one file, or why there is none.
type Result struct {
	Sum   Sum
	State footprint.State // of what was read, the same before and after; Kernel is not filled in
	Err   error
}

// Files returns the digests of the files at paths, in their order.
func Files(paths []string) []Result {
	results := make([]Result, len(paths))
	var next atomic.Int64
	work := func() {
		h := newHasher()
		for {
			i := int(next.Add(1)) - 1
			if i >= len(paths) {
				return
			}
			results[i] = h.file(paths[i])
		}
	}
	// A goroutine is worth its start for a handful of files.
	n := min(runtime.GOMAXPROCS(0), (len(paths)+3)/4)
	var wg sync.WaitGroup
	for range n - 1 {
		wg.Go(work)
	}
	if n > 0 {
		work()
	}
	wg.Wait()
	return results
}
