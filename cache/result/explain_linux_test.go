package result

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"deptrace/cache"
	"deptrace/cache/store"
)

// Why a command that is given something else has no result.
func TestExplainGiven(t *testing.T) {
	env := func(list ...string) func(*Given) {
		return func(g *Given) { g.World = cache.NewWorld(append([]string{"HOME=/home/user"}, list...)) }
	}
	for name, tt := range map[string]struct {
		change func(*Given)
		want   string
	}{
		"words":               {func(g *Given) { g.Argv = []string{"cp", "-f", "in", "out"} }, "no result of this command is known"},
		"directory":           {func(g *Given) { g.Dir += "/sub" }, "no result of this command is known"},
		"program":             {func(g *Given) { g.Program = "/usr/local/bin/cp" }, "program was another one"},
		"flags":               {func(g *Given) { g.Flags = []string{"MD=true"} }, "a flag of deptrace itself was another one"},
		"streams":             {func(g *Given) { g.Open = []string{"1 terminal xterm", "2 with 1"} }, "a file that it is given open was another one"},
		"variable":            {env("LANG=de"), "variable LANG was another one"},
		"variable more":       {env("LANG=C", "X=1"), "variable X was not set"},
		"variable less":       {env(), "variable LANG is no longer set"},
		"variable, two lines": {env("LANG=C", "A\nB=1"), `"variable A\nB" was not set`},
		"several":             {env("X=1", "A=1"), "variable A was not set; variable LANG is no longer set; variable X was not set"},
		"noise":               {env("LANG=C", "TERM=dumb", "SHLVL=7"), "hit"},
		"home":                {func(g *Given) { g.World.Home = "/home/other" }, "variable HOME was another one"},
		"several checkouts":   {func(g *Given) { g.Relocatable = true }, "root was another one; variable HOME is no longer set"},
		"only some":           {func(g *Given) { g.EnvOnly = []string{"X"} }, "hit"},
		"what it may use":     {func(g *Given) { g.Allow, g.Restat = []string{"random"}, true }, "hit"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.copied()
			tt.change(&c.given)
			if got := strings.TrimPrefix(c.look(), "miss: "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// The reasons behind which there is a flag can be told from the others.
func TestExplainFlags(t *testing.T) {
	c := newCheckout(t)
	explain := func(c *checkout) []error {
		cmd := c.command()
		_, m := c.cache.BringBack(cmd)
		if len(m.Why) > 0 {
			t.Errorf("%v without being asked", m.Why)
		}
		c.cache.Explain(cmd, m)
		return m.Why
	}
	if why := explain(c); len(why) != 1 || !errors.Is(why[0], ErrUnknown) {
		t.Errorf("nothing known: %v", why)
	}
	c.copied()
	why := explain(c.another(t))
	if given := new(GivenError); len(why) != 1 || !asError(why[0], &given) || *given != (GivenError{"root", Changed}) {
		t.Errorf("another checkout: %v", why)
	}
}

// Many reasons are cut short, and each is said once.
func TestExplainFound(t *testing.T) {
	c := newCheckout(t)
	c.write("out", "one")
	r := c.run("out")
	for _, name := range []string{"a", "b", "c", "d"} {
		c.write(name, "")
	}
	r.Record.Inputs = c.inputs("a", "b", "c", "d", "in")
	c.keep(r)
	for _, tt := range []struct{ gone, want string }{
		{"a", "miss: a: was read, is absent"},
		{"b", "miss: a: was read, is absent; b: was read, is absent"},
		{"c", "miss: a: was read, is absent; b: was read, is absent; c: was read, is absent"},
		{"d", "miss: a: was read, is absent; b: was read, is absent; c: was read, is absent; and 1 more"},
		{"in", "miss: a: was read, is absent; b: was read, is absent; c: was read, is absent; and 2 more"},
	} {
		c.remove(tt.gone)
		if got := c.look(); got != tt.want {
			t.Errorf("without %s\ngot  %s\nwant %s", tt.gone, got, tt.want)
		}
	}
	// What is known of the command is gone.
	must(t, os.RemoveAll(c.storeDir()+"/blobs"))
	if got, want := c.look(), "miss: "+errGone.Error(); got != want {
		t.Errorf("without the input sets: got %s, want %s", got, want)
	}
	m := new(Miss)
	m.because(errors.New("one"))
	m.because(errors.New("one"))
	if len(m.Why) != 1 {
		t.Errorf("%v", m.Why)
	}
}

// What a command is given is written down when it changes, and only then.
func TestNoteIsLeftAlone(t *testing.T) {
	c := newCheckout(t)
	written := func() string {
		data, err := c.cache.Store.Get(store.Notes, c.command().name)
		must(t, err)
		for _, name := range c.records(store.Notes) {
			file, err := os.ReadFile(name)
			must(t, err)
			if info, err := os.Stat(name); strings.HasSuffix(string(file), string(data)) {
				must(t, err)
				return fmt.Sprint(info.Sys().(*syscall.Stat_t).Ino, info.ModTime())
			}
		}
		t.Fatal("there is no such note")
		return ""
	}
	c.copied()
	was := written()
	c.write("in", "two")
	c.copied()
	if is := written(); is != was {
		t.Errorf("for another file it is written again: %s, was %s", is, was)
	}
	c.given.Flags = []string{"MD=true"}
	c.copied()
	if is := written(); is == was {
		t.Error("for another flag it is not written again")
	}
	if got := c.look(); got != "hit" {
		t.Error(got)
	}
}
