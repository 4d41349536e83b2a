package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"deptrace/cache/store"
)

// cacheCommands are the words that can follow "deptrace cache".
var cacheCommands = []struct {
	name string
	main func(s *store.Store, max int64) (out string, status int, err error)
}{
	{"stats", cacheStats},
	{"gc", cacheGC},
	{"verify", cacheVerify},
	{"clear", cacheClear},
}

// cacheFlags are the flags of cache.
type cacheFlags struct{ max int64 }

func (f *cacheFlags) defs() []flagDef {
	return append([]flagDef{
		{name: "max", set: func(v string) (err error) { f.max, err = store.ParseSize(v); return err }},
	}, helpFlags()...)
}

// cacheMain is `deptrace cache`.
func cacheMain(args []string) int {
	var f cacheFlags
	words, err := operands(f.defs(), args)
	if err != nil {
		return badUsage(err, statusError)
	}
	const choice = "deptrace cache stats, gc, verify or clear"
	if len(words) != 1 {
		return badUsage(&flagError{fmt.Sprintf("cache takes one word, not %d", len(words)), choice}, statusError)
	}
	for _, c := range cacheCommands {
		if c.name != words[0] {
			continue
		}
		if f.max != 0 && c.name != "gc" {
			return badUsage(&flagError{"flag --max is one of gc", "deptrace cache gc --max SIZE"}, statusError)
		}
		s, err := openStore(os.Environ())
		if err != nil {
			return storeError(err)
		}
		out, status, err := c.main(s, f.max)
		// What was found is told even if something went wrong behind it.
		if printed := printOut(out); printed != 0 {
			status = printed
		}
		if err != nil {
			return storeError(err)
		}
		return status
	}
	return badUsage(&flagError{"unknown word " + printable(words[0]) + " after cache", choice}, statusError)
}

// openStore opens the store that the environment names.
func openStore(environ []string) (*store.Store, error) {
	dir, err := store.Dir(environ)
	if err != nil {
		return nil, err
	}
	max, err := store.Limit(environ)
	if err != nil {
		return nil, err
	}
	return store.Open(dir, store.Options{Max: max})
}

// storeError tells about an error of the store.
func storeError(err error) int {
	errorf("%v", err)
	storeHint(err)
	return statusError
}

// storeHint says what to do about an error of the store, if there is something.
func storeHint(err error) {
	var d *store.DirError
	if errors.As(err, &d) && d.Hint != "" {
		hintf("%s", d.Hint)
	}
}

func cacheStats(s *store.Store, _ int64) (string, int, error) {
	p := newProgress()
	st, err := s.Stats(p.show)
	p.end()
	if err != nil {
		return "", statusError, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "directory: %s\nlimit: %s\nused: %s\nblobs: %s\n", printable(st.Dir), size(st.Max), counted(st.Total()), counted(st.Blobs))
	for _, kind := range store.Kinds {
		fmt.Fprintf(&out, "%s: %s\n", kind, counted(st.Records[kind]))
	}
	fmt.Fprintf(&out, "temporary: %s\n", counted(st.Temporary))
	oldest := "none"
	if !st.Oldest.IsZero() {
		oldest = st.Oldest.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	fmt.Fprintf(&out, "oldest use: %s\n", oldest)
	return out.String(), 0, nil
}

func cacheGC(s *store.Store, max int64) (string, int, error) {
	p := newProgress()
	removed, err := s.GC(max, p.show)
	p.end()
	return "removed: " + counted(removed) + "\n", 0, err
}

func cacheClear(s *store.Store, _ int64) (string, int, error) {
	p := newProgress()
	removed, err := s.Clear(p.show)
	p.end()
	// Whoever distrusts what is kept distrusts the memo, too.
	if dir, err2 := store.Dir(os.Environ()); err == nil && err2 == nil {
		if err = os.Remove(filepath.Join(dir, memoName)); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	return "removed: " + counted(removed) + "\n", 0, err
}

func cacheVerify(s *store.Store, _ int64) (string, int, error) {
	p := newProgress()
	checked, damaged, err := s.Verify(p.show)
	p.end()
	var out bytes.Buffer
	for _, path := range damaged {
		fmt.Fprintf(&out, "%s: was damaged, is removed\n", printable(path))
	}
	fmt.Fprintf(&out, "checked: %s, %d damaged\n", counted(checked), len(damaged))
	if len(damaged) > 0 {
		return out.String(), statusDamaged, err
	}
	return out.String(), 0, err
}

func counted(c store.Count) string { return size(c.Bytes) + " in " + count(c.Files, "file") }

// size says a number of bytes exactly, and so that one can read it.
func size(n int64) string {
	exact := fmt.Sprintf("%d bytes", n)
	if n < 1024 {
		return exact
	}
	f, unit := float64(n), 0
	for f /= 1024; f >= 1024; f /= 1024 {
		unit++
	}
	return fmt.Sprintf("%s (%.1f %ciB)", exact, f, "KMGTPE"[unit])
}
