package main

import (
	"os"
	"path/filepath"
	"strings"
)

// caches are compiles that a cache saves, or finds that it cannot save.
func caches() []*workload {
	var all []*workload
	for _, w := range append(compiles(), builds()[1]) {
		w.name, w.what = "cached-"+strings.TrimSuffix(w.name, "-wrapped"), w.what+", from a cache"
		w.what = strings.Replace(w.what, "under a recorder of its own", "looked up", 1)
		w.candidates, w.goal = stored, 0
		if w.wrapped {
			w.goal = 1. / 5
		}
		all = append(all, w)
	}
	return all
}

// stored are the caches, when they know the result and when they do not.
func stored(b *bench, w *workload) []*candidate {
	cc := []string{peerPath(b, "ccache")}
	deptrace := []string{b.bin("deptrace"), "cached", "-v", "--"}
	var all []*candidate
	for _, c := range []struct {
		name, dir, variable string
		prefix              []string
		says                [2]string
		absent              string
		own                 bool
	}{
		{"deptrace cached", "store", "DEPTRACE_CACHE_DIR", deptrace, [2]string{"deptrace: hit", "deptrace: miss"}, "", true},
		{"ccache", "ccache", "CCACHE_DIR", cc, [2]string{}, peer(b, "ccache"), false},
	} {
		at := filepath.Join(b.tmp, c.dir)
		prefix := func(*bench, string) []string { return c.prefix }
		all = append(all,
			&candidate{
				name: c.name + ", a hit", own: c.own, absent: c.absent, prefix: prefix, says: c.says[0], warm: true,
				env: []string{c.variable + "=" + at},
			},
			&candidate{
				name: c.name + ", a miss", own: c.own, absent: c.absent, prefix: prefix, says: c.says[1],
				env:    []string{c.variable + "=" + at + "-empty"},
				before: func(*bench, string) error { return os.RemoveAll(at + "-empty") },
			})
	}
	return all
}
