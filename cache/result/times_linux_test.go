package result

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

// The times that a hit leaves of files that hold "one". Read were "in", which is 100 seconds
// old, "old", which is 300 seconds old, and "young", if it is there.
func TestTimes(t *testing.T) {
	for name, tt := range map[string]struct {
		before  func(c *checkout)
		outputs []string
		newer   []string // get a time of now
		restat  []string // the same, with Restat
	}{
		"older than the input":   {before: func(c *checkout) { c.age("a", 200) }, outputs: []string{"a"}, newer: []string{"a"}},
		"newer than the input":   {before: func(c *checkout) { c.age("a", 50) }, outputs: []string{"a"}},
		"as old as the input":    {before: func(c *checkout) { c.age("a", 100) }, outputs: []string{"a"}},
		"brought back":           {before: func(c *checkout) { c.remove("a") }, outputs: []string{"a"}, newer: []string{"a"}, restat: []string{"a"}},
		"two brought back":       {before: func(c *checkout) { c.remove("a"); c.remove("b") }, outputs: []string{"a", "b"}, newer: []string{"a", "b"}, restat: []string{"a", "b"}},
		"one brought back":       {before: func(c *checkout) { c.remove("a"); c.age("b", 50) }, outputs: []string{"a", "b"}, newer: []string{"a"}, restat: []string{"a"}},
		"one brought, one older": {before: func(c *checkout) { c.remove("a"); c.age("b", 200) }, outputs: []string{"a", "b"}, newer: []string{"a", "b"}, restat: []string{"a"}},
		// It has that input's time, whatever somebody does.
		"a name of an input": {before: func(c *checkout) {
			c.remove("a")
			must(c.t, os.Link(c.path("old"), c.path("a")))
		}, outputs: []string{"a"}},
		// It is not newer than itself.
		"changed in place": {before: func(c *checkout) { c.age("young", 50); c.age("a", 75) }, outputs: []string{"a", "young"}, newer: nil},
	} {
		for _, restat := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				c := newCheckout(t)
				c.given.Restat = restat
				inputs := []string{"in", "old"}
				for _, name := range append(tt.outputs, "old") {
					c.write(name, "one")
					if name == "young" {
						inputs = append(inputs, name)
					}
				}
				r := c.run(tt.outputs...)
				r.Record.Inputs = c.inputs(inputs...)
				c.keep(r)
				c.age("in", 100)
				c.age("old", 300)
				tt.before(c)
				want := tt.newer
				if restat {
					want = tt.restat
				}
				begin := time.Now().Add(-time.Second) // the file system's clock is behind
				h, m := c.cache.BringBack(c.command())
				if h == nil || h.Untimed != nil {
					t.Fatal(h, m)
				}
				times := map[time.Time]bool{}
				for _, name := range tt.outputs {
					at := c.time(name)
					if got := at.After(begin); got != slices.Contains(want, name) {
						t.Errorf("restat %t: %s has the time of now: %t", restat, name, got)
					}
					if at.After(begin) {
						times[at] = true
					}
				}
				if len(times) > 1 {
					t.Errorf("restat %t: several times: %v", restat, times)
				}
			})
		}
	}
}

// An output that cannot be touched is right all the same. Root can touch all.
func TestUntimed(t *testing.T) {
	c := newCheckout(t)
	c.write("dir/a", "one")
	c.keep(c.run("dir/a"))
	c.age("in", 100)
	was := c.age("dir/a", 200)
	must(t, os.Chmod(c.path("dir"), 0o311))
	t.Cleanup(func() { os.Chmod(c.path("dir"), 0o755) })
	h, m := c.cache.BringBack(c.command())
	if h == nil {
		t.Fatal(words(m.Why))
	}
	if os.Geteuid() == 0 {
		if h.Untimed != nil || c.time("dir/a").Equal(was) {
			t.Errorf("%v", h.Untimed)
		}
	} else if !errors.Is(h.Untimed, syscall.EACCES) || !c.time("dir/a").Equal(was) {
		t.Errorf("got %v, want %v", h.Untimed, syscall.EACCES)
	}
}
