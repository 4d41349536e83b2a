// Package parallel shares work out among the processors.
package parallel

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls f with 0 to n-1, and returns when all is done.
func Each(n int, f func(i int)) {
	Share(n, 1, func(own iter.Seq[int]) {
		for i := range own {
			f(i)
		}
	})
}

// Share calls work on several goroutines, and gives it those of the numbers 0 to n-1 that are
// its own. Each goroutine is worth its start: there is one for every least numbers at most. It
// returns when all is done.
func Share(n, least int, work func(own iter.Seq[int])) {
	var next atomic.Int64
	own := func(yield func(int) bool) {
		for i := int(next.Add(1)) - 1; i < n && yield(i); i = int(next.Add(1)) - 1 {
		}
	}
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), (n+least-1)/least)
	for range workers - 1 {
		wg.Go(func() { work(own) })
	}
	if workers > 0 {
		work(own)
	}
	wg.Wait()
}

// Parts has f work on 0 to n in parts that follow each other, for what goes faster in order. A
// part has at least least numbers. It returns when all is done.
func Parts(n, least int, f func(from, to int)) {
	parts := max(1, min(runtime.GOMAXPROCS(0), n/least))
	var wg sync.WaitGroup
	for i := 1; i < parts; i++ {
		wg.Go(func() { f(n*i/parts, n*(i+1)/parts) })
	}
	f(0, n/parts)
	wg.Wait()
}
