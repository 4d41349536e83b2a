package result

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deptrace/cache"
	"deptrace/cache/store"
)

// What fails half way leaves a command that is as unknown as before, or known whole.
func TestKeepFails(t *testing.T) {
	full := errors.New("the command printed too much")
	for name, tt := range map[string]struct {
		before func(c *checkout, r *Run)
		err    string
		entry  bool // whether an entry is there all the same
		known  bool // whether it is found
	}{
		"output edited":  {before: func(c *checkout, _ *Run) { c.write("out", "edited") }, err: "not the content that it was"},
		"output gone":    {before: func(c *checkout, _ *Run) { c.remove("out") }, err: "no such file"},
		"output a link":  {before: func(c *checkout, _ *Run) { c.remove("out"); c.link("in", "out") }, err: "not a regular file"},
		"too much":       {before: func(_ *checkout, r *Run) { r.Printed = func() (_, _ *cache.Blob, err error) { return nil, nil, full } }, err: full.Error()},
		"no entries":     {before: func(c *checkout, _ *Run) { c.block(store.Entries) }, err: "not a directory"},
		"no sets":        {before: func(c *checkout, _ *Run) { c.block(store.Sets) }, err: "not a directory", entry: true},
		"no notes":       {before: func(c *checkout, _ *Run) { c.block(store.Notes) }, entry: true, known: true},
		"nothing amiss":  {before: func(*checkout, *Run) {}, entry: true, known: true},
		"edited, no set": {before: func(c *checkout, _ *Run) { c.block(store.Sets); c.write("out", "edited") }, err: "not the content that it was"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.write("out", "one")
			r := c.run("out")
			tt.before(c, r)
			_, err := c.cache.Keep(c.command(), r)
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("the error is %v, want %q", err, tt.err)
			}
			if got := len(c.records(store.Entries)) > 0; got != tt.entry {
				t.Errorf("an entry is there: %t, want %t", got, tt.entry)
			}
			c.remove("out")
			if got := strings.HasPrefix(c.look(), "hit"); got != tt.known {
				t.Errorf("it is found: %t, want %t", got, tt.known)
			}
			if tt.err == "" {
				return
			}
			// The next run makes all well.
			c.unblock()
			c.copied()
			if got := c.look(); got != "hit" {
				t.Errorf("after the next run: %s", got)
			}
		})
	}
}

// block has the store take no records of a kind, not even root's.
func (c *checkout) block(kind store.Kind) {
	c.t.Helper()
	must(c.t, os.WriteFile(c.storeDir()+"/"+string(kind), nil, 0o600))
}

func (c *checkout) unblock() {
	c.t.Helper()
	for _, kind := range store.Kinds {
		name := c.storeDir() + "/" + string(kind)
		if info, err := os.Stat(name); err == nil && !info.IsDir() {
			must(c.t, os.Remove(name))
		}
	}
}

func (c *checkout) records(kind store.Kind) []string {
	c.t.Helper()
	names, err := filepath.Glob(c.storeDir() + "/" + string(kind) + "/*/*")
	must(c.t, err)
	return names
}

// What looked at the machine stays on it, unless the user says otherwise.
func TestKeepLocal(t *testing.T) {
	for _, tt := range []struct {
		uses, allow []string
		want        bool
	}{
		{nil, nil, false},
		{[]string{"machine"}, nil, true},
		{[]string{"machine"}, []string{"machine"}, false},
		{[]string{"machine"}, []string{"network"}, true},
	} {
		c := newCheckout(t)
		c.given.Allow = tt.allow
		c.write("out", "one")
		r := c.run("out")
		r.Record.Uses = tt.uses
		if k := c.keep(r); k.machine != tt.want || k.Local || c.lastEntry().Local != tt.want {
			t.Errorf("it uses %q, allowed are %q: %t, %t, in the entry %t", tt.uses, tt.allow, k.machine, k.Local, c.lastEntry().Local)
		}
		// With a remote that is to have it, that is worth telling.
		c.cache.Remote = new(fake)
		if k := c.keep(r); k.Local != tt.want {
			t.Errorf("it uses %q, allowed are %q: to be told: %t", tt.uses, tt.allow, k.Local)
		}
		c.cache.ReadOnly = true
		if k := c.keep(r); k.Local {
			t.Error("a remote that is only read is missed")
		}
		c.cache.Remote = nil
		if got := c.look(); got != "hit" {
			t.Error(got)
		}
	}
}

// The same result once more is kept under the same key.
func TestKeepTwice(t *testing.T) {
	c := newCheckout(t)
	first := c.copied()
	before := c.records(store.Entries)
	second := c.copied()
	if first.entries[0] != second.entries[0] || len(c.records(store.Entries)) != len(before) {
		t.Error("the same result stands under another key")
	}
	if sets := (&lookup{Cache: c.cache, cmd: c.command()}).sets(); len(sets) != 1 {
		t.Errorf("%d sets are known, want 1", len(sets))
	}
}

// What deptrace itself wrote into a directory that the step listed is no part of the list.
func TestKeepRecordPath(t *testing.T) {
	c := newCheckout(t)
	c.write("out", "one")
	c.write("m.toml", "")
	r := c.run("out")
	r.RecordPath = c.path("m.toml")
	c.list(r, "in")
	c.keep(r)
	if got := c.look(); got != "hit" {
		t.Errorf("with the record there: %s", got)
	}
	c.remove("m.toml")
	if got := c.look(); got != "hit" {
		t.Errorf("without it: %s", got)
	}
	c.write("other.toml", "")
	if got := c.look(); !strings.HasPrefix(got, "miss: ") {
		t.Errorf("with another file there: %s", got)
	}
}
