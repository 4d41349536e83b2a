package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// records are questions about a record, of 1,000 and 50,000 inputs of 1 KiB, a third of them
// names that are not there.
func records() []*workload {
	var all []*workload
	limits := map[string]float64{"check-1000": 5e-3, "check-50000": 150e-3}
	for _, n := range []int{1_000, 50_000} {
		for _, c := range []string{"check", "key"} {
			all = append(all, &workload{
				name: fmt.Sprintf("%s-%d", c, n), what: fmt.Sprintf("deptrace %s of a record of %d inputs", c, n),
				argv:     func(b *bench) []string { return []string{b.bin("deptrace"), c, "-v", "m.toml"} },
				base:     func(b *bench) []string { return []string{b.bin("nothing")} },
				template: func(b *bench, dir string) error { return recordOf(b, dir, n) },
				limit:    limits[fmt.Sprintf("%s-%d", c, n)], inPlace: true, quick: n < 10_000, candidates: asked,
			})
		}
	}
	return all
}

// asked are the ways of asking: with what is remembered of digests, and without.
func asked(b *bench, w *workload) []*candidate {
	known := &candidate{name: "deptrace, digests known", own: true, warm: true, argv: w.argv, says: "0 files hashed"}
	hashed := &candidate{name: "deptrace, all hashed", own: true}
	hashed.argv = func(b *bench) []string {
		argv := w.argv(b)
		return append(argv[:len(argv)-1:len(argv)-1], "--memo=off", argv[len(argv)-1])
	}
	return []*candidate{known, hashed}
}

// young is how old a file has to be for its identity to be believed (package digest).
const young = 2 * time.Second

var inputs = regexp.MustCompile(`(?m)^\[\[input\]\]`)

// recordOf makes files and the record of a step that reads them.
func recordOf(b *bench, dir string, n int) error {
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o777); err != nil {
		return err
	}
	for i := range n {
		if i%3 == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "d", itoa(i)), fmt.Appendf(nil, "%-1024d", i), 0o666); err != nil {
			return err
		}
	}
	time.Sleep(young + young/4)
	if err := command(dir, b.env, b.bin("deptrace"), "-m", "m.toml", "--", b.bin("reads"), itoa(n)); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "m.toml"))
	if err != nil {
		return err
	}
	if got := len(inputs.FindAll(text, -1)); got < n || got > n+20 {
		return fmt.Errorf("the record has %d inputs, want %d and the program's own", got, n)
	}
	return nil
}
