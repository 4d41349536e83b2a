package result

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"

	"deptrace/cache"
	"deptrace/cache/store"
)

// What is kept for Explain are two notes. One stands under the weak key of a command and is
// the strong key of its last result: with what that found the files of now are compared. The
// other stands under what makes a user take two commands for the same one, and says what it
// was given the last time, in digests.

// note keeps both for a result that has been kept.
func (c *Cache) note(cmd *Command, strong cache.Key) error {
	if err := c.Store.Put(store.Notes, cmd.key, strong[:]); err != nil {
		return err
	}
	// Most misses are for other files, and the command is given the same as before: to see
	// that takes 9 µs, to write it again 0.25 ms.
	note := cmd.note()
	if old, err := c.Store.Get(store.Notes, cmd.name); err == nil && bytes.Equal(old, note) {
		return nil
	}
	return c.Store.Put(store.Notes, cmd.name, note)
}

// lastEntry is the entry of the last result that was kept of a command, or nil.
func (c *Cache) lastEntry(cmd *Command) *cache.Entry {
	note, err := c.Store.Get(store.Notes, cmd.key)
	if err != nil || len(note) != len(cache.Key{}) {
		return nil
	}
	return c.entry(cache.Key(note))
}

// lastGiven is what the command was given the last time, as hide says it, by the names of
// the parts. It is nil if the command is not known.
func (c *Cache) lastGiven(cmd *Command) map[string]string {
	data, err := c.Store.Get(store.Notes, cmd.name)
	if err != nil {
		return nil
	}
	was := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			was[name] = sum
		}
	}
	return was
}

// identity is the key of what a command is compared with to say what is new about it: the
// same words in the same directory.
func (cmd *Command) identity() cache.Key {
	h := sha256.New()
	fmt.Fprintf(h, "deptrace note v1\n%q %q", cmd.taken(cmd.Argv...), cmd.form(cmd.Dir))
	return cache.Key(h.Sum(nil))
}

// note is what lastGiven will read: no values, only digests of them.
func (cmd *Command) note() []byte {
	var b strings.Builder
	for _, p := range cmd.weak.Parts {
		if !strings.ContainsAny(p.Name, "\n") {
			fmt.Fprintf(&b, "%s %s\n", cmd.hide(p), p.Name)
		}
	}
	return []byte(b.String())
}

// hide returns a digest of a part that tells whether it has changed. It is cut short, so
// that nobody who guesses at a secret can be sure of it.
func (cmd *Command) hide(p cache.Part) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %x", p.Name, p.Text, cmd.name)
	return fmt.Sprintf("%x", h.Sum(nil)[:4])
}
