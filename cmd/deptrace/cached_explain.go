package main

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
)

// because notes a reason for a miss.
func (c *cached) because(format string, args ...any) {
	if why := fmt.Sprintf(format, args...); !slices.Contains(c.why, why) {
		c.why = append(c.why, why)
	}
}

// explain finds out why there is no result, for -v.
func (c *cached) explain(sets int) {
	if !c.f.verbose || len(c.why) > 0 {
		return
	}
	if sets == 0 {
		c.explainCommand()
		return
	}
	c.explainState()
	if len(c.why) == 0 {
		c.because("no result is known for the files as they are now")
	}
}

// explainState compares what is there now with what the last run of the command found.
func (c *cached) explainState() {
	note, err := c.store.Get(store.Notes, c.key)
	if err != nil || len(note) != len(cache.Key{}) {
		return
	}
	e := c.entry(cache.Key(note), false)
	if e == nil {
		return
	}
	r, err := c.recordOf(e)
	if err != nil {
		return
	}
	d := cache.CheckFound(&cache.Record{Manifest: r, Root: c.root}, c.now)
	for i, reason := range d.Reasons {
		if i == 3 {
			c.because("and %d more", len(d.Reasons)-i)
			break
		}
		c.because("%s", reason)
	}
}

// explainCommand compares what the command is given with what it was given last time.
func (c *cached) explainCommand() {
	data, err := c.store.Get(store.Notes, c.identity())
	if err != nil {
		c.because("no result of this command is known")
		if !c.cf.relocatable && c.remote != nil {
			c.because("only results of a checkout at %s are looked for; --relocatable shares between checkouts", printable(c.root))
		}
		return
	}
	was := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			was[name] = sum
		}
	}
	is := map[string]bool{}
	for _, p := range c.weak.Parts {
		is[p.Name] = true
		sum, known := was[p.Name]
		switch name := printable(p.Name); {
		case known && sum != c.hide(p):
			c.because("%s was another one", name)
		case !known:
			c.because("%s was not set", name)
		}
	}
	for name := range was {
		if !is[name] {
			c.because("%s is no longer set", printable(name))
		}
	}
	slices.Sort(c.why)
	if len(c.why) == 0 {
		c.because("the known input sets of this command are no longer in the store")
	}
	if slices.Contains(c.why, "root was another one") {
		c.because("--relocatable shares between checkouts")
	}
}

// identity is the key of what a command is compared with to say what is new about it: the
// same words in the same directory.
func (c *cached) identity() cache.Key {
	h := sha256.New()
	fmt.Fprintf(h, "deptrace note v1\n%q %q", c.taken(c.argv...), manifest.Form(c.dir, c.root, c.home))
	return cache.Key(h.Sum(nil))
}

// note is what explainCommand will read next time: no values, only digests of them.
func (c *cached) note() []byte {
	var b strings.Builder
	for _, p := range c.weak.Parts {
		if !strings.ContainsAny(p.Name, "\n") {
			fmt.Fprintf(&b, "%s %s\n", c.hide(p), p.Name)
		}
	}
	return []byte(b.String())
}

// hide returns a digest of a part that tells whether it has changed. It is cut short, so
// that nobody who guesses at a secret can be sure of it.
func (c *cached) hide(p cache.Part) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %x", p.Name, p.Text, c.identity())
	return fmt.Sprintf("%x", h.Sum(nil)[:4])
}
