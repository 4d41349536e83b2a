package digest

import "sync"

// Shared takes the digest of each file once for several records that are looked at
// together, by several goroutines: they were made by one build, and read the same files.
type Shared struct {
	// Look takes the digests of files that nobody has asked for yet.
	Look func([]Request) []Result

	mu    sync.Mutex
	asked map[Request]*answer
}

// answer is the result for a file once done is closed.
type answer struct {
	done   chan struct{}
	result Result
}

// Files returns the digests of files. What another goroutine has begun with it waits for;
// a file that was found in another state than before is another file.
func (s *Shared) Files(reqs []Request) []Result {
	answers := make([]*answer, len(reqs))
	var mine []int
	var todo []Request
	done := make(chan struct{})
	s.mu.Lock()
	if s.asked == nil {
		s.asked = map[Request]*answer{}
	}
	for i, r := range reqs {
		a := s.asked[r]
		if a == nil {
			a = &answer{done: done}
			s.asked[r] = a
			mine = append(mine, i)
			todo = append(todo, r)
		}
		answers[i] = a
	}
	s.mu.Unlock()
	if len(todo) > 0 {
		for n, r := range s.Look(todo) {
			answers[mine[n]].result = r
		}
	}
	// Before we wait for others: they may be waiting for this.
	close(done)
	results := make([]Result, len(reqs))
	for i, a := range answers {
		<-a.done
		results[i] = a.result
	}
	return results
}
