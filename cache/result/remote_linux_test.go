package result

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/cache"
	"deptrace/cache/store"
)

// shared is a checkout whose cache has a remote.
func shared(t *testing.T) (*checkout, *fake) {
	c := newCheckout(t)
	f := &fake{answers: map[string]func(cache.Key) error{}}
	c.cache.Remote = f
	return c, f
}

// away takes the records of some kinds out of the store, and returns what puts one back.
func (c *checkout) away(kinds ...store.Kind) (back func(store.Kind) func(cache.Key) error) {
	c.t.Helper()
	was := map[store.Kind]map[cache.Key][]byte{}
	cmd := c.command()
	found, left, err := cache.RecordedKeys(cmd.key, &cache.Record{Manifest: c.run("out").Record, Root: c.root}, c.given.World)
	must(c.t, err)
	for _, kind := range kinds {
		was[kind] = map[cache.Key][]byte{}
		for _, key := range []cache.Key{cmd.key, found, left} {
			if data, err := c.cache.Store.Get(kind, key); err == nil {
				was[kind][key] = data
			}
		}
		c.removeAll(kind)
	}
	return func(kind store.Kind) func(cache.Key) error {
		return func(key cache.Key) error {
			data, ok := was[kind][key]
			if !ok {
				return errMissed
			}
			return c.cache.Store.Put(kind, key, data)
		}
	}
}

var errDead = errors.New("it has ended")

// What the remote is asked, in which order, and what comes of its answers.
func TestRemote(t *testing.T) {
	for name, tt := range map[string]struct {
		// before arranges the store, behind a copy that was kept, and the answers.
		before func(c *checkout, f *fake)
		asked  string
		want   string
		err    error
	}{
		"known here": {
			before: func(*checkout, *fake) {},
			want:   "hit",
		},
		"known nowhere": {
			before: func(c *checkout, _ *fake) { c.away(store.Entries, store.Sets, store.Notes) },
			asked:  "sets",
			want:   "miss: no result of this command is known",
		},
		"known there": {
			before: func(c *checkout, f *fake) {
				back := c.away(store.Entries, store.Sets, store.Notes)
				f.answers["sets"], f.answers["entry"] = back(store.Sets), back(store.Entries)
			},
			asked: "sets entry",
			want:  "hit",
		},
		"sets here, entry there": {
			before: func(c *checkout, f *fake) {
				back := c.away(store.Entries)
				f.answers["sets"], f.answers["entry"] = func(cache.Key) error { return nil }, back(store.Entries)
			},
			asked: "sets entry",
			want:  "hit",
		},
		"bytes there": {
			before: func(c *checkout, f *fake) {
				c.remove("out")
				c.lose("one")
				f.answers["sets"] = func(cache.Key) error { return nil }
				f.answers["entry"] = func(cache.Key) error { _, err := c.cache.addBytes([]byte("one")); return err }
			},
			asked: "sets entry",
			want:  "hit out",
		},
		"bytes nowhere": {
			before: func(c *checkout, f *fake) {
				c.remove("out")
				c.lose("one")
				f.answers["sets"] = func(cache.Key) error { return nil }
			},
			asked: "sets entry",
			want:  "miss: the result is known, but no longer in the store: out: ",
		},
		"it says that it brought what it did not": {
			before: func(c *checkout, f *fake) {
				c.away(store.Entries)
				f.answers["sets"] = func(cache.Key) error { return nil }
				f.answers["entry"] = func(cache.Key) error { return nil }
			},
			asked: "sets entry",
			want:  "miss: no result is known for the files as they are now",
		},
		"dead at once": {
			before: func(c *checkout, f *fake) {
				c.away(store.Entries)
				f.answers["sets"] = func(cache.Key) error { return errDead }
			},
			asked: "sets",
			want:  "miss: no result is known for the files as they are now",
			err:   errDead,
		},
		"dead at the first of two": {
			before: func(c *checkout, f *fake) {
				c.write("in", "two")
				c.copied()
				c.away(store.Entries)
				// A second set, for which nobody would wait any more.
				r := c.run("out")
				r.Record.Inputs[0].Path = "out"
				must(c.t, c.cache.keepSet(c.command(), &cache.Record{Manifest: r.Record, Root: c.root}))
				f.answers["sets"] = func(cache.Key) error { return nil }
				f.answers["entry"] = func(cache.Key) error { return errDead }
			},
			asked: "sets entry",
			want:  "miss: no result is known for the files as they are now",
			err:   errDead,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, f := shared(t)
			c.copied()
			tt.before(c, f)
			if got := c.look(); got != tt.want && !(strings.HasSuffix(tt.want, ": ") && strings.HasPrefix(got, tt.want)) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got := strings.Join(f.asked, " "); got != tt.asked {
				t.Errorf("asked for %s, want %s", got, tt.asked)
			}
			// What it answered is told.
			if len(c.log) != len(f.asked) {
				t.Errorf("%d lines say what %d answers were: %q", len(c.log), len(f.asked), c.log)
			}
			f.asked = nil
			if _, m := c.cache.BringBack(c.command()); m != nil && m.Remote != tt.err {
				t.Errorf("the error is %v, want %v", m.Remote, tt.err)
			}
		})
	}
}

// What is uploaded, and when nothing is.
func TestShare(t *testing.T) {
	ok := func(cache.Key) error { return nil }
	for name, tt := range map[string]struct {
		before func(c *checkout, f *fake)
		kept   Kept
		asked  string
		err    string
		log    string
	}{
		"all":       {kept: Kept{entries: []cache.Key{{1}, {2}}}, asked: "push-entry push-entry push-sets", log: "shared with the remote"},
		"local":     {kept: Kept{entries: []cache.Key{{1}}, machine: true}},
		"read-only": {before: func(c *checkout, _ *fake) { c.cache.ReadOnly = true }, kept: Kept{entries: []cache.Key{{1}}}},
		"none":      {before: func(c *checkout, _ *fake) { c.cache.Remote = nil }, kept: Kept{entries: []cache.Key{{1}}}},
		"dead": {
			before: func(_ *checkout, f *fake) { f.answers["push-entry"] = func(cache.Key) error { return errDead } },
			kept:   Kept{entries: []cache.Key{{1}, {2}}}, asked: "push-entry", err: "it has ended",
		},
		"refused": {
			before: func(_ *checkout, f *fake) { f.answers["push-sets"] = nil },
			kept:   Kept{entries: []cache.Key{{1}}}, asked: "push-entry push-sets", err: "not found",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, f := shared(t)
			f.answers["push-entry"], f.answers["push-sets"] = ok, ok
			if tt.before != nil {
				tt.before(c, f)
			}
			got := ""
			if err := c.cache.Share(&tt.kept); err != nil {
				got = err.Error()
			}
			if got != tt.err {
				t.Errorf("the error is %q, want %q", got, tt.err)
			}
			if got := strings.Join(f.asked, " "); got != tt.asked {
				t.Errorf("asked for %q, want %q", got, tt.asked)
			}
			if got := strings.Join(c.log, "\n"); got != tt.log {
				t.Errorf("told %q, want %q", got, tt.log)
			}
		})
	}
}

// The keys that are uploaded are those that others will ask for.
func TestShareKeys(t *testing.T) {
	c, f := shared(t)
	var pushed, asked []string
	note := func(list *[]string) func(cache.Key) error {
		return func(key cache.Key) error { *list = append(*list, fmt.Sprint(key)); return errMissed }
	}
	k := c.copied()
	f.answers["push-entry"] = func(key cache.Key) error { note(&pushed)(key); return nil }
	f.answers["push-sets"] = f.answers["push-entry"]
	must(t, c.cache.Share(k))
	c.removeAll(store.Entries)
	f.answers["entry"] = note(&asked)
	f.answers["sets"] = func(key cache.Key) error { note(&asked)(key); return nil }
	c.look()
	if len(asked) != 2 || asked[0] != pushed[1] || asked[1] != pushed[0] {
		t.Errorf("asked for %v, uploaded %v: %s", asked, pushed, cmp.Diff(asked, pushed))
	}
}
