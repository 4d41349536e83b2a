package digest

import (
	"runtime"
	"sync"
)

// Parts has f work on 0 to n on all cores, in parts that follow each other and of which each
// is worth a goroutine: it has at least least. It returns when all is done.
func Parts(n, least int, f func(from, to int)) {
	parts := max(1, min(runtime.GOMAXPROCS(0), n/least))
	var wg sync.WaitGroup
	for i := 1; i < parts; i++ {
		wg.Go(func() { f(n*i/parts, n*(i+1)/parts) })
	}
	f(0, n/parts)
	wg.Wait()
}
