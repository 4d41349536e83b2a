package result

import (
	"os"
	"testing"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// What is edited after the lookup has read it, and before the outputs are there.
func TestEditedMeanwhile(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(c *checkout)
		want string
	}{
		"not at all":        {func(c *checkout) {}, "hit out"},
		"other bytes":       {func(c *checkout) { c.write("in", "two") }, "miss: the result could not be brought back: in was edited meanwhile"},
		"another file":      {func(c *checkout) { c.remove("in"); c.write("in", "two") }, "miss: the result could not be brought back: in was edited meanwhile"},
		"gone":              {func(c *checkout) { c.remove("in") }, "miss: the result could not be brought back: in was edited meanwhile"},
		"a link":            {func(c *checkout) { c.write("x", "one"); c.remove("in"); c.link("x", "in") }, "miss: the result could not be brought back: in was edited meanwhile"},
		"executable":        {func(c *checkout) { must(c.t, os.Chmod(c.path("in"), 0o777)) }, "miss: the result could not be brought back: in was edited meanwhile"},
		"the same bytes":    {func(c *checkout) { c.remove("in"); c.write("in", "one") }, "hit out"},
		"its time":          {func(c *checkout) { c.age("in", 10) }, "hit out"},
		"changed by step":   {func(c *checkout) { c.write("inout", "left, edited") }, "hit inout out"},
		"what was not read": {func(c *checkout) { c.write("other", "") }, "hit out"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.write("inout", "found")
			inputs := c.inputs("in", "inout")
			c.write("out", "one")
			c.write("inout", "left")
			r := c.run("inout", "out")
			r.Record.Inputs = inputs
			c.keep(r)
			c.remove("out")
			edited := false
			// The outputs are compared behind the lookup.
			c.given.Outputs = func(reqs []digest.Request) []digest.Result {
				if !edited {
					edited = true
					tt.edit(c)
				}
				return (*digest.Memo)(nil).Look(reqs)
			}
			if got := c.look(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if !edited {
				t.Error("nobody has looked at the outputs")
			}
		})
	}
}

// A state that is edited into another known one finds that one's result.
func TestEditedIntoAnother(t *testing.T) {
	c := newCheckout(t)
	c.write("more", "more")
	c.write("out", "two")
	c.write("in", "two")
	r := c.run("out")
	r.Record.Inputs = append(r.Record.Inputs, manifest.Input{Path: "more", Kind: footprint.Read, Digest: sum("more"), Size: 4})
	c.keep(r)
	c.write("in", "one")
	c.copied() // its set is asked first
	edited := false
	c.given.World.Files = (&digest.Shared{Look: (*digest.Memo)(nil).Look}).Files
	c.given.Outputs = func(reqs []digest.Request) []digest.Result {
		if !edited {
			edited = true
			c.write("in", "two")
		}
		return (*digest.Memo)(nil).Look(reqs)
	}
	if got := c.look(); got != "hit out" {
		t.Error(got)
	}
	if data, err := os.ReadFile(c.path("out")); err != nil || string(data) != "two" {
		t.Errorf("out holds %q, %v", data, err)
	}
}
