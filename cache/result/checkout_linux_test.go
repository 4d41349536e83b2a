package result

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deptrace/cache"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// checkout is a root with a step in it, "cp in out", and a cache. Nothing is run: what the
// step leaves the test writes, and its record is made from what is there.
type checkout struct {
	t     *testing.T
	root  string
	cache *Cache
	dir   string // of the store
	given Given
	log   []string
}

// newCheckout makes a checkout whose "in" holds "one".
func newCheckout(t *testing.T) *checkout {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(dir, store.Options{})
	must(t, err)
	c := (&checkout{cache: &Cache{Store: s}, dir: dir}).another(t)
	c.cache.Log = func(format string, args ...any) { c.log = append(c.log, fmt.Sprintf(format, args...)) }
	return c
}

// another makes another checkout with the same cache.
func (c *checkout) another(t *testing.T) *checkout {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	root += "/checkout"
	must(t, os.Mkdir(root, 0o777))
	o := &checkout{t: t, root: root, cache: c.cache, dir: c.dir}
	o.given = Given{
		Argv: []string{"cp", "in", "out"},
		Dir:  root, Root: root, Program: "/bin/cp",
		World: cache.NewWorld([]string{"HOME=/home/user", "LANG=C"}),
		Open:  []string{"1 pipe", "2 pipe"},
	}
	o.write("in", "one")
	return o
}

// storeDir is where the store has a directory for each kind.
func (c *checkout) storeDir() string { return c.dir + "/v1" }

func (c *checkout) path(name string) string { return c.root + "/" + name }

func (c *checkout) write(name, content string) {
	c.t.Helper()
	must(c.t, os.MkdirAll(filepath.Dir(c.path(name)), 0o777))
	must(c.t, os.WriteFile(c.path(name), []byte(content), 0o666))
}

func (c *checkout) remove(name string) {
	c.t.Helper()
	must(c.t, os.RemoveAll(c.path(name)))
}

func (c *checkout) link(target, name string) {
	c.t.Helper()
	must(c.t, os.Symlink(target, c.path(name)))
}

// command is the step as it is given now.
func (c *checkout) command() *Command { return NewCommand(c.given) }

// run is a run of the step that finds what is there and leaves outputs as they are there;
// one that is not there it has removed.
func (c *checkout) run(outputs ...string) *Run {
	c.t.Helper()
	m := &manifest.Manifest{Version: manifest.Version, Complete: true, Root: ".", Step: manifest.Step{Argv: c.given.Argv, Dir: "."}}
	m.Inputs = c.inputs("in")
	slices.Sort(outputs)
	for _, name := range outputs {
		out := manifest.Output{Path: name}
		st, err := osfs.Lstat(c.path(name))
		must(c.t, err)
		switch st.Type {
		case footprint.File:
			out.Digest, out.Exec = c.digest(name), st.Exec
		case footprint.Symlink:
			out.Kind = manifest.Symlink
			out.Target, err = os.Readlink(c.path(name))
			must(c.t, err)
		case footprint.Dir:
			out.Kind = manifest.Dir
		default:
			out.Kind = manifest.Removed
		}
		m.Outputs = append(m.Outputs, out)
	}
	return &Run{Record: m, Printed: c.printed("", "")}
}

// inputs are files that the step has read as they are now.
func (c *checkout) inputs(names ...string) (list []manifest.Input) {
	c.t.Helper()
	for _, name := range names {
		st, err := osfs.Lstat(c.path(name))
		must(c.t, err)
		list = append(list, manifest.Input{Path: name, Kind: footprint.Read, Digest: c.digest(name), Size: st.Size, Exec: st.Exec})
	}
	return list
}

func (c *checkout) digest(name string) manifest.Digest {
	c.t.Helper()
	data, err := os.ReadFile(c.path(name))
	must(c.t, err)
	return sha256.Sum256(data)
}

// list adds to a run that it listed the root and found these names.
func (c *checkout) list(r *Run, names ...string) {
	var entries []footprint.Entry
	for _, n := range names {
		entries = append(entries, footprint.Entry{Name: n, Type: footprint.File})
	}
	in := manifest.Input{Path: ".", Kind: footprint.List, Digest: manifest.ListDigest(entries, func(string) bool { return false })}
	r.Record.Inputs = append([]manifest.Input{in}, r.Record.Inputs...)
}

// printed is what the command printed.
func (c *checkout) printed(stdout, stderr string) func() (out, errs *cache.Blob, err error) {
	blob := func(s string) *cache.Blob {
		if s == "" {
			return nil
		}
		b, err := c.cache.addBytes([]byte(s))
		must(c.t, err)
		return &b
	}
	return func() (out, errs *cache.Blob, err error) { return blob(stdout), blob(stderr), nil }
}

// keep has a run kept, which must be one that may be.
func (c *checkout) keep(r *Run) *Kept {
	c.t.Helper()
	must(c.t, c.command().Unfit(r))
	k, err := c.cache.Keep(c.command(), r)
	must(c.t, err)
	return k
}

// copied runs the step and has the result kept.
func (c *checkout) copied() *Kept {
	c.t.Helper()
	data, err := os.ReadFile(c.path("in"))
	must(c.t, err)
	c.write("out", string(data))
	return c.keep(c.run("out"))
}

// look looks the result up, and says what came of it: "hit", and what was brought back, or
// "miss: " and why.
func (c *checkout) look() string {
	c.t.Helper()
	cmd := c.command()
	h, m := c.cache.BringBack(cmd)
	if h != nil {
		if m != nil {
			c.t.Error("it is a hit and a miss")
		}
		return strings.TrimSpace("hit " + strings.Join(h.Restored, " "))
	}
	c.cache.Explain(cmd, m)
	return "miss: " + words(m.Why)
}

func words(errs []error) string {
	var list []string
	for _, err := range errs {
		list = append(list, err.Error())
	}
	return strings.Join(list, "; ")
}

// lose removes the blob with a content from the store.
func (c *checkout) lose(content string) {
	c.t.Helper()
	f, err := c.cache.Store.OpenBlob(sha256.Sum256([]byte(content)))
	must(c.t, err)
	must(c.t, os.Remove(f.Name()))
	must(c.t, f.Close())
}

// tree is what is below the root, with the times of files.
func (c *checkout) tree() string {
	c.t.Helper()
	var b strings.Builder
	must(c.t, filepath.WalkDir(c.root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			fmt.Fprintln(&b, strings.TrimPrefix(path, c.root))
			return nil
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(&b, strings.TrimPrefix(path, c.root), info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return err
	}))
	return b.String()
}

// age sets the time of a file, in seconds before now.
func (c *checkout) age(name string, seconds int) time.Time {
	c.t.Helper()
	at := time.Now().Add(-time.Duration(seconds) * time.Second).Truncate(time.Second)
	must(c.t, os.Chtimes(c.path(name), at, at))
	return at
}

func (c *checkout) time(name string) time.Time {
	c.t.Helper()
	info, err := os.Lstat(c.path(name))
	must(c.t, err)
	return info.ModTime()
}

// fake is a remote that answers as it is told and notes what it is asked.
type fake struct {
	asked []string
	// answers are what each verb comes to; what is not there is a miss.
	answers map[string]func(key cache.Key) error
}

var errMissed = errors.New("not found")

func (f *fake) ask(ctx context.Context, verb string, key cache.Key) (string, bool, error) {
	f.asked = append(f.asked, verb)
	if _, limited := ctx.Deadline(); !limited {
		return "", false, errors.New("nobody says how long it may take")
	}
	do := f.answers[verb]
	if do == nil {
		return errMissed.Error(), false, nil
	}
	if err := do(key); err == errMissed {
		return err.Error(), false, nil
	} else if err != nil {
		return "", false, err
	}
	return "done", true, nil
}

func (f *fake) Sets(ctx context.Context, k cache.Key) (string, bool, error) {
	return f.ask(ctx, "sets", k)
}
func (f *fake) Entry(ctx context.Context, k cache.Key) (string, bool, error) {
	return f.ask(ctx, "entry", k)
}
func (f *fake) PushEntry(ctx context.Context, k cache.Key) (string, bool, error) {
	return f.ask(ctx, "push-entry", k)
}
func (f *fake) PushSets(ctx context.Context, k cache.Key) (string, bool, error) {
	return f.ask(ctx, "push-sets", k)
}
