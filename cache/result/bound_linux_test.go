package result

import (
	"strings"
	"testing"

	"deptrace/cache"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// What a result of a relocatable step is worth in its own checkout and in another one.
func TestBound(t *testing.T) {
	for name, tt := range map[string]struct {
		left func(c *checkout, r *Run) // beside "out"
		here string
		far  string // in another checkout
	}{
		"free": {
			left: func(*checkout, *Run) {},
			here: "hit", far: "hit out",
		},
		"output holds the path": {
			left: func(c *checkout, r *Run) { c.write("out", "at "+c.root); c.again(r, "out") },
			here: "hit", far: "miss: out holds the path of the checkout, and was run in another one",
		},
		"link holds the path": {
			left: func(c *checkout, r *Run) { c.link(c.path("x"), "link"); c.again(r, "link", "out") },
			here: "hit", far: "miss: link holds the path of the checkout, and was run in another one",
		},
		"depfile holds the path": {
			left: func(c *checkout, r *Run) { r.Depfile = []byte("out: " + c.path("in")) },
			here: "hit", far: "miss: the depfile holds the path of the checkout, and was run in another one",
		},
		"it printed the path": {
			left: func(c *checkout, r *Run) { r.Printed = c.printed(c.root, "") },
			here: "hit", far: "miss: standard output holds the path of the checkout, and was run in another one",
		},
		"it complained about the path": {
			left: func(c *checkout, r *Run) { r.Printed = c.printed("fine", c.root) },
			here: "hit", far: "miss: standard error holds the path of the checkout, and was run in another one",
		},
		"it looked beside": {
			left: func(c *checkout, r *Run) {
				beside := manifest.Form(strings.TrimSuffix(c.root, "checkout")+"beside", c.root, "")
				r.Record.Inputs = append([]manifest.Input{{Path: beside, Kind: footprint.Absent}}, r.Record.Inputs...)
			},
			here: "hit",
			// The other checkout is in another directory, and looks beside itself only if
			// somebody knows that this one did.
			far: "miss: the step looked at …beside, beside the checkout, and was run in another one",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.given.Relocatable = true
			c.write("out", "one")
			r := c.run("out")
			tt.left(c, r)
			c.keep(r)
			if got := c.look(); got != tt.here {
				t.Errorf("here it is %s, want %s", got, tt.here)
			}
			// A checkout finds its own also where another one's comes after it.
			o := c.another(t)
			o.given.Relocatable = true
			before, behind, cut := strings.Cut(tt.far, "…")
			if got := o.look(); cut && !(strings.HasPrefix(got, before) && strings.HasSuffix(got, behind)) || !cut && got != tt.far {
				t.Errorf("far away it is %s, want %s", got, tt.far)
			}
			o.copied()
			for _, c := range []*checkout{c, o} {
				if got := c.look(); !strings.HasPrefix(got, "hit") {
					t.Errorf("after a run in the other one: %s", got)
				}
			}
		})
	}
}

// What is under the key of a checkout is a result, or nothing.
func TestBoundTwice(t *testing.T) {
	c := newCheckout(t)
	c.given.Relocatable = true
	k := c.copied()
	for _, key := range []cache.Key{k.entries[0], cache.BoundKey(k.entries[0], c.root)} {
		must(t, c.cache.Store.Put(store.Entries, key, (&cache.Entry{Bound: "it holds"}).Encode()))
	}
	h, m := c.cache.BringBack(c.command())
	if h != nil || len(m.Why) > 0 {
		t.Errorf("%v, %v", h, m)
	}
}

// again makes the record of a run anew, of what is there now.
func (c *checkout) again(r *Run, outputs ...string) { r.Record = c.run(outputs...).Record }

// Without Relocatable a checkout at another path has another command.
func TestNotRelocatable(t *testing.T) {
	c := newCheckout(t)
	c.copied()
	o := c.another(t)
	if got := o.look(); got != "miss: root was another one" {
		t.Error(got)
	}
}
