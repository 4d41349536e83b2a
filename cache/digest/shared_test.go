package digest

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"deptrace/trace/footprint"
)

// Whoever asks for what, and whoever comes first: each has all answers, and no file is
// read twice.
func TestShared(t *testing.T) {
	dir := t.TempDir()
	var all []Request
	for i := range 40 {
		all = append(all, Request{Path: filepath.Join(dir, fmt.Sprint(i))})
		write(t, all[i].Path, []byte(fmt.Sprint(i)))
	}
	all = append(all, Request{Path: dir + "/none"})
	var mu sync.Mutex
	times := map[string]int{}
	s := &Shared{Look: func(reqs []Request) []Result {
		mu.Lock()
		for _, r := range reqs {
			times[r.Path]++
		}
		mu.Unlock()
		return (*Memo)(nil).Look(reqs)
	}}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			order := rand.Perm(len(all))
			var reqs []Request
			for _, i := range order {
				reqs = append(reqs, all[i])
			}
			for n, r := range s.Files(reqs) {
				i := order[n]
				if i == 40 {
					if r.Err == nil {
						t.Error("what is not there has a digest")
					}
				} else if r.Err != nil || r.Sum != sha256.Sum256([]byte(fmt.Sprint(i))) {
					t.Errorf("%d: got %s, %v", i, r.Sum, r.Err)
				}
			}
		})
	}
	wg.Wait()
	for _, r := range all {
		if times[r.Path] != 1 {
			t.Errorf("%s was asked for %d times", r.Path, times[r.Path])
		}
	}
	changed := all[0]
	changed.State = footprint.State{Type: footprint.File, Ino: 1}
	if s.Files([]Request{changed}); times[changed.Path] != 2 {
		t.Error("a file in another state was not asked for again")
	}
	if got := s.Files(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}
