package parallel

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// Every number comes once, however many there are.
func TestOnce(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 7, 100, 1000} {
		for name, run := range map[string]func(f func(i int)){
			"Each": func(f func(i int)) { Each(n, f) },
			"Share": func(f func(i int)) {
				Share(n, 4, func(own iter.Seq[int]) {
					for i := range own {
						f(i)
					}
				})
			},
			"Parts": func(f func(i int)) {
				Parts(n, 4, func(from, to int) {
					for i := from; i < to; i++ {
						f(i)
					}
				})
			},
		} {
			times := make([]atomic.Int32, n)
			run(func(i int) { times[i].Add(1) })
			for i := range times {
				if got := times[i].Load(); got != 1 {
					t.Errorf("%s: %d of %d came %d times", name, i, n, got)
				}
			}
		}
	}
}

// A few numbers are not worth a goroutine, and many are worth as many as there are processors,
// which work at the same time.
func TestWorthIt(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	for _, tt := range []struct{ n, share, parts int }{{0, 0, 1}, {3, 1, 1}, {4, 1, 1}, {8, 2, 2}, {100, 3, 3}} {
		var share, parts atomic.Int32
		var all sync.WaitGroup
		all.Add(tt.share)
		Share(tt.n, 4, func(own iter.Seq[int]) {
			share.Add(1)
			all.Done()
			all.Wait()
			for range own {
			}
		})
		Parts(tt.n, 4, func(int, int) { parts.Add(1) })
		if int(share.Load()) != tt.share || int(parts.Load()) != tt.parts {
			t.Errorf("%d numbers: shared by %d in %d parts, want %d and %d", tt.n, share.Load(), parts.Load(), tt.share, tt.parts)
		}
	}
}
