package result

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// What becomes of a kept result when something is other than it was. "…" stands for anything.
func TestBringBack(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(c *checkout)
		want   string
	}{
		"all as it was":         {func(c *checkout) {}, "hit"},
		"output gone":           {func(c *checkout) { c.remove("out") }, "hit out"},
		"output edited":         {func(c *checkout) { c.write("out", "two") }, "hit out"},
		"output executable":     {func(c *checkout) { must(c.t, os.Chmod(c.path("out"), 0o777)) }, "miss: the result could not be brought back: out can be executed: …"},
		"input edited":          {func(c *checkout) { c.write("in", "two") }, "miss: in: was read sha256 …, is …"},
		"input gone":            {func(c *checkout) { c.remove("in") }, "miss: in: was read, is absent"},
		"output and bytes gone": {func(c *checkout) { c.remove("out"); c.lose("one") }, "miss: the result is known, but no longer in the store: out: …"},
		// Nobody asks for them.
		"bytes gone":      {func(c *checkout) { c.lose("one") }, "hit"},
		"bytes damaged":   {func(c *checkout) { c.remove("out"); c.damage("one") }, "miss: the result is known, but no longer in the store: out: …"},
		"record gone":     {func(c *checkout) { c.lose(c.recordOf()) }, "miss: the result is known, but no longer in the store: the record: …"},
		"directory there": {func(c *checkout) { c.remove("out"); c.write("out/x", "") }, "miss: a directory is in the way of out"},
		"link there":      {func(c *checkout) { c.remove("out"); c.link("in", "out") }, "miss: a link is in the way of out"},
		"entry gone":      {func(c *checkout) { c.removeAll(store.Entries) }, "miss: no result is known for the files as they are now"},
		"entry damaged":   {func(c *checkout) { c.cut(store.Entries) }, "miss: no result is known for the files as they are now"},
		"sets gone":       {func(c *checkout) { c.removeAll(store.Sets) }, "miss: the known input sets of this command are no longer in the store"},
		"sets damaged":    {func(c *checkout) { c.cut(store.Sets) }, "miss: the known input sets of this command are no longer in the store"},
		"notes gone":      {func(c *checkout) { c.removeAll(store.Notes); c.write("in", "two") }, "miss: no result is known for the files as they are now"},
		"all gone":        {func(c *checkout) { c.removeAll(store.Kinds...) }, "miss: no result of this command is known"},
		"pipe to read":    {func(c *checkout) { c.given.Unseen = "descriptor 3" }, "miss: descriptor 3 is a pipe or the like, which the step can read from"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.copied()
			tt.change(c)
			before := c.tree()
			got := c.look()
			if want := strings.ReplaceAll(regexp.QuoteMeta(tt.want), "…", ".*"); !regexp.MustCompile("^" + want + "$").MatchString(got) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if strings.HasPrefix(got, "miss") {
				if after := c.tree(); after != before {
					t.Errorf("a miss has changed the tree: %s", cmp.Diff(before, after))
				}
				return
			}
			if data, err := os.ReadFile(c.path("out")); err != nil || string(data) != "one" {
				t.Errorf("out holds %q, %v", data, err)
			}
		})
	}
}

// damage changes a blob of the store.
func (c *checkout) damage(content string) {
	c.t.Helper()
	f, err := c.cache.Store.OpenBlob(digest.Sum(sum(content)))
	must(c.t, err)
	must(c.t, f.Close())
	must(c.t, os.Chmod(f.Name(), 0o600))
	must(c.t, os.WriteFile(f.Name(), []byte(strings.Repeat("x", len(content))), 0o600))
}

// recordOf is the record of the only entry, as it is stored.
func (c *checkout) recordOf() string {
	c.t.Helper()
	data, err := c.cache.Store.Bytes(c.lastEntry().Record.Sum, maxBlob)
	must(c.t, err)
	return string(data)
}

func (c *checkout) lastEntry() *cache.Entry {
	c.t.Helper()
	e := c.cache.lastEntry(c.command())
	if e == nil {
		c.t.Fatal("no entry is known")
	}
	return e
}

func (c *checkout) removeAll(kinds ...store.Kind) {
	c.t.Helper()
	for _, kind := range kinds {
		for _, name := range c.records(kind) {
			must(c.t, os.Remove(name))
		}
	}
}

// cut takes the last byte off all records of a kind.
func (c *checkout) cut(kind store.Kind) {
	c.t.Helper()
	for _, name := range c.records(kind) {
		info, err := os.Stat(name)
		must(c.t, err)
		must(c.t, os.Chmod(name, 0o600))
		must(c.t, os.Truncate(name, info.Size()-1))
	}
}

// Whatever somebody has put into the store is brought back only if this user could have
// kept it.
func TestBringBackIsAsStrictAsKeep(t *testing.T) {
	const never = "miss: the result could not be brought back: the record is of a step that cannot be cached"
	for name, tt := range map[string]struct {
		edit func(*manifest.Manifest)
		want string
	}{
		"incomplete": {func(m *manifest.Manifest) { m.Complete, m.Incomplete = false, []string{"mount"} }, never},
		"failed":     {func(m *manifest.Manifest) { m.Step.Exit = 1 }, never},
		"side":       {func(m *manifest.Manifest) { m.Side = []manifest.Output{{Path: "/tmp/x", Digest: sum("x")}} }, never},
		"network":    {func(m *manifest.Manifest) { m.Uses = []string{"network"} }, "miss: the result could not be brought back: it used the network"},
		"random":     {func(m *manifest.Manifest) { m.Uses = []string{"machine", "random"} }, "miss: the result could not be brought back: it used random numbers"},
		"machine":    {func(m *manifest.Manifest) { m.Uses = []string{"machine"} }, "hit out"},
		"outside":    {func(m *manifest.Manifest) { m.Outputs[0].Path = "/etc/passwd" }, "miss: the result could not be brought back: output /etc/passwd is not under the root"},
		"upwards":    {func(m *manifest.Manifest) { m.Outputs[0].Path = "../out" }, ""},
		"at home":    {func(m *manifest.Manifest) { m.Outputs[0].Path = "~/out" }, "miss: the result could not be brought back: output ~/out is not under the root"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			c.copied()
			r := c.run("out")
			tt.edit(r.Record)
			// As Keep would, if it were asked.
			data, err := cache.Impersonal(r.Record).AppendBinary(nil)
			must(t, err)
			e := *c.lastEntry()
			e.Record, err = c.cache.addBytes(data)
			must(t, err)
			found, _, err := cache.RecordedKeys(c.command().key, &cache.Record{Manifest: c.run("out").Record, Root: c.root}, c.given.World)
			must(t, err)
			must(t, c.cache.Store.Put(store.Entries, found, e.Encode()))
			c.remove("out")
			before := c.tree()
			switch got := c.look(); {
			case tt.want == "" && !strings.HasPrefix(got, "miss: the result could not be brought back: "), tt.want != "" && got != tt.want:
				t.Errorf("got  %s\nwant %s", got, tt.want)
			case strings.HasPrefix(got, "miss") && c.tree() != before:
				t.Error("a miss has changed the tree")
			}
		})
	}
}

// What another user has allowed, one who allows it too may have.
func TestBringBackAllowed(t *testing.T) {
	c := newCheckout(t)
	c.given.Allow = []string{"random"}
	c.write("out", "one")
	r := c.run("out")
	r.Record.Uses = []string{"random"}
	c.keep(r)
	if got := c.look(); got != "hit" {
		t.Error(got)
	}
	c.given.Allow = nil
	cmd := c.command()
	_, m := c.cache.BringBack(cmd)
	if use := new(UseError); m == nil || len(m.Why) != 1 || !asError(m.Why[0], &use) || use.Use != "random" {
		t.Errorf("%+v", m)
	}
}

// A hit is everything that a run would have left, but for what deptrace writes itself.
func TestHit(t *testing.T) {
	c := newCheckout(t)
	c.given.Env = []string{"LANG", "UNSET"}
	c.write("out", "one")
	c.write("dir/deep", "deep")
	c.link("nowhere", "link")
	c.write("to", "printed")
	c.given.Redirected = c.path("to")
	r := c.run("dir", "dir/deep", "gone", "link", "out", "to")
	r.Depfile = []byte("out: in\n")
	r.Printed = c.printed("printed", "warned")
	if k := c.keep(r); k.Files != 2 {
		t.Errorf("%d files are kept, want 2: what is printed is none", k.Files)
	}
	for _, name := range []string{"out", "dir", "link"} {
		c.remove(name)
	}
	c.write("gone", "")
	c.write("to", "")
	h, m := c.cache.BringBack(c.command())
	if h == nil {
		t.Fatal(words(m.Why))
	}
	want := &Hit{
		Record:   r.Record,
		Depfile:  []byte("out: in\n"),
		Stdout:   []byte("printed"),
		Stderr:   []byte("warned"),
		Restored: []string{"dir", "dir/deep", "gone", "link", "out"},
	}
	want.Record.Root = ""
	want.Record.Step.Env, want.Record.Step.EnvUnset = map[string]string{"LANG": "C"}, []string{"UNSET"}
	if d := cmp.Diff(want, h); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	for name, content := range map[string]string{"out": "one", "dir/deep": "deep", "to": ""} {
		if data, err := os.ReadFile(c.path(name)); err != nil || string(data) != content {
			t.Errorf("%s holds %q, %v", name, data, err)
		}
	}
}

// Names that look like something else, and the root, are outputs like others.
func TestHitNames(t *testing.T) {
	c := newCheckout(t)
	c.write("~", "tilde")
	c.write("~user", "user")
	r := c.run("~", "~user")
	for i, form := range []string{"./~", "./~user"} {
		r.Record.Outputs[i].Path = form
	}
	r.Record.Outputs = append([]manifest.Output{{Path: ".", Kind: manifest.Dir}}, r.Record.Outputs...)
	c.keep(r)
	c.remove("~")
	c.remove("~user")
	if got := c.look(); got != "hit ~ ~user" {
		t.Error(got)
	}
}

// Going back and forth between two states finds both, and the set that was latest is
// asked first; one that is damaged is passed over.
func TestSets(t *testing.T) {
	c := newCheckout(t)
	c.copied()
	c.write("in", "two")
	c.write("more", "more")
	c.write("out", "two")
	r := c.run("out")
	// The second run looked at something else, too.
	r.Record.Inputs = append(r.Record.Inputs, manifest.Input{Path: "more", Kind: footprint.Read, Digest: sum("more"), Size: 4})
	c.keep(r)
	if got := c.look(); got != "hit" {
		t.Error(got)
	}
	c.write("in", "one")
	if got := c.look(); got != "hit out" {
		t.Errorf("back to the first: %s", got)
	}
	sets := (&lookup{Cache: c.cache, cmd: c.command()}).sets()
	if len(sets) != 2 {
		t.Fatalf("%d sets are known, want 2", len(sets))
	}
	latest, err := c.cache.Store.Bytes(sets[0], maxBlob)
	must(t, err)
	if set, err := manifest.DecodeBinary(latest); err != nil || len(set.Inputs) != 2 {
		t.Errorf("the first is not the latest: %v, %v", set, err)
	}
	garbage, err := c.cache.addBytes([]byte("no set"))
	must(t, err)
	must(t, c.cache.Store.Put(store.Sets, c.command().key, store.EncodeSets([]digest.Sum{garbage.Sum, sets[1]})))
	if got := c.look(); got != "hit" {
		t.Errorf("behind a damaged one: %s", got)
	}
	if len(c.log) != 1 || !strings.HasPrefix(c.log[0], "an input set is damaged: ") {
		t.Errorf("%q", c.log)
	}
}

// A file that the step changes in place is accepted as it was found and as it was left.
func TestInOut(t *testing.T) {
	c := newCheckout(t)
	inOut := func() *Run {
		c.write("in", "one")
		found := c.run().Record.Inputs
		c.write("in", "one, changed")
		r := c.run("in")
		r.Record.Inputs = found
		return r
	}
	k := c.keep(inOut())
	if len(k.entries) != 2 {
		t.Errorf("it stands under %d keys, want 2", len(k.entries))
	}
	if got := c.look(); got != "hit" {
		t.Errorf("as it was left: %s", got)
	}
	c.write("in", "one")
	if got := c.look(); got != "hit in" {
		t.Errorf("as it was found: %s", got)
	}
	c.write("in", "two")
	if got := c.look(); !strings.HasPrefix(got, "miss: in: was ") {
		t.Errorf("as it never was: %s", got)
	}
}
