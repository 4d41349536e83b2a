package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/restore"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
)

// maxRecord is how large a record can be, in its binary form, to be looked at: 100 bytes
// for each of some hundred thousand inputs.
const maxRecord = 64 << 20

// maxSets is how many input sets of a command are known: with the last 16, going back and
// forth between branches finds all of them.
const maxSets = 16

// lookup brings the result of the step back, if it is known for the state in which the
// step would find everything now. If not, c.why says why not.
func (c *cached) lookup() bool {
	tried := map[digest.Sum]bool{}
	if c.try(c.sets(), tried, false) {
		return true
	}
	if c.remote.sets(c.key) {
		clear(tried) // also for the sets that are known here there can be a result
		if c.try(c.sets(), tried, true) {
			return true
		}
	}
	c.explain(len(tried))
	return false
}

// sets returns the known input sets of the command, the latest first.
func (c *cached) sets() []digest.Sum {
	data, err := c.store.Get(store.Sets, c.key)
	if err != nil {
		return nil
	}
	return splitSets(data)
}

func splitSets(data []byte) []digest.Sum {
	var sets []digest.Sum
	for ; len(data) >= len(digest.Sum{}) && len(sets) < maxSets; data = data[len(digest.Sum{}):] {
		sets = append(sets, digest.Sum(data))
	}
	return sets
}

// try looks for a result under each set. far is whether to ask the remote.
func (c *cached) try(sets []digest.Sum, tried map[digest.Sum]bool, far bool) bool {
	for _, sum := range sets {
		if tried[sum] {
			continue
		}
		tried[sum] = true
		data, err := c.store.Bytes(sum, maxRecord)
		if err != nil {
			continue
		}
		set, err := manifest.DecodeBinary(data)
		if err != nil {
			c.logf("an input set is damaged: %v", err)
			continue
		}
		strong, err := cache.StrongKey(c.key, &cache.Record{Manifest: set, Root: c.root}, c.now)
		if err != nil {
			c.because("%v", err)
			continue
		}
		if c.hit(strong, far) {
			return true
		}
	}
	return false
}

// because notes a reason for a miss.
func (c *cached) because(format string, args ...any) {
	if why := fmt.Sprintf(format, args...); !slices.Contains(c.why, why) {
		c.why = append(c.why, why)
	}
}

// hit brings a result back, if there is one under a strong key.
func (c *cached) hit(strong cache.Key, far bool) bool {
	e := c.entry(strong, far)
	if e != nil && e.Bound != "" {
		bound := e.Bound
		strong = cache.BoundKey(strong, c.root)
		if e = c.entry(strong, far); e == nil {
			c.because("%s, and was run in another one", bound)
		}
	}
	if e == nil || e.Bound != "" {
		return false
	}
	err := c.bring(e)
	if lost(err) && far && c.remote.entry(strong) {
		err = c.bring(e)
	}
	var way *restore.InTheWayError
	switch {
	case err == nil:
		return true
	case lost(err):
		c.because("the result is known, but no longer in the store: %v", err)
	case errors.As(err, &way):
		c.because("%v", way)
	default:
		c.because("the result could not be brought back: %v", err)
	}
	return false
}

// lost reports whether an error says that something is not in the store, or damaged.
func lost(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrDamaged) }

// entry returns the entry under a strong key, or nil.
func (c *cached) entry(strong cache.Key, far bool) *cache.Entry {
	data, err := c.store.Get(store.Entries, strong)
	if err != nil && far && c.remote.entry(strong) {
		data, err = c.store.Get(store.Entries, strong)
	}
	if err != nil {
		return nil
	}
	e, err := cache.DecodeEntry(data)
	if err != nil {
		c.logf("%v", err)
		return nil
	}
	return e
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
			c.because("the remote has none for a checkout at %s; --relocatable shares between checkouts", printable(c.root))
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
