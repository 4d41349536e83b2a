package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/restore"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// recordOf returns the record of an entry, made whole again with what this command and the
// one that made it have in common.
func (c *cached) recordOf(e *cache.Entry) (*manifest.Manifest, error) {
	data, err := c.store.Bytes(e.Record.Sum, maxRecord)
	if err != nil {
		return nil, fmt.Errorf("the record: %w", err)
	}
	m, err := manifest.DecodeBinary(data)
	if err != nil {
		return nil, fmt.Errorf("the record: %w", err)
	}
	if !m.Complete || m.Step.Exit != 0 || len(m.Side) > 0 {
		return nil, errors.New("the record is of a step that cannot be cached")
	}
	if why := c.unwanted(m); why != "" { // whoever made it had allowed it
		return nil, errors.New(why)
	}
	m.Step.Argv = c.argv
	m.Step.Env, m.Step.EnvUnset, m.Step.EnvOff = manifest.Environment(os.Environ(), c.f.env)
	return m, nil
}

// bring brings a result back: the outputs, what was printed, depfile and record. Only
// when all of it is at hand, and verified, is anything written.
func (c *cached) bring(e *cache.Entry) error {
	m, err := c.recordOf(e)
	if err != nil {
		return err
	}
	var depfile, stdout, stderr []byte
	for _, b := range []struct {
		what string
		blob *cache.Blob
		to   *[]byte
	}{{"the depfile", e.Depfile, &depfile}, {"what it printed", e.Stdout, &stdout}, {"what it printed", e.Stderr, &stderr}} {
		if b.blob == nil {
			continue
		}
		if *b.to, err = c.store.Bytes(b.blob.Sum, max(maxPrinted, maxRecord)); err != nil {
			return fmt.Errorf("%s: %w", b.what, err)
		}
	}
	wants, err := c.wanted(m)
	if err != nil {
		return err
	}
	// The digests of outputs are not those of lookup: they may be changed in a moment.
	differ, err := restore.Compare(c.root, wants, c.digests)
	if err != nil {
		return err
	}
	var todo []restore.Want
	for i, d := range differ {
		if d {
			todo = append(todo, wants[i])
		}
	}
	if err := restore.Outputs(c.root, todo, c.store); err != nil {
		return err
	}
	c.setTimes(m, wants, differ)
	c.interruptible()
	c.print(stdout, stderr)
	c.writeOwn(m, depfile)
	c.sayHit(todo)
	return nil
}

// interruptible has signals end deptrace as they would any program: the files are whole, and
// whoever does not read what is printed now must not hold up what is to end. A signal that
// has come meanwhile ends it at once.
func (c *cached) interruptible() {
	c.signals.release()
	surviveWrites(true)
	select {
	case sig := <-c.signals.signals:
		if sig, ok := sig.(syscall.Signal); ok {
			finish(ending{signal: sig})
		}
	default:
	}
}

// print writes what the command had written. That nobody reads it is no error: the command
// could have ended before it saw that.
func (c *cached) print(stdout, stderr []byte) {
	if err := writeAll(1, stdout); err != nil && !errors.Is(err, syscall.EPIPE) {
		c.failf("write standard output: %v", err)
	}
	_ = writeAll(2, stderr)
}

// digests takes the digests of files as they are now.
func (c *cached) digests(paths []string) []digest.Result {
	reqs := make([]digest.Request, len(paths))
	for i, p := range paths {
		reqs[i].Path = p
	}
	return c.memory.files(reqs)
}

// wanted returns the outputs of a record as what is to be there, but for the one that is
// printed.
func (c *cached) wanted(m *manifest.Manifest) ([]restore.Want, error) {
	var wants []restore.Want
	for _, out := range m.Outputs {
		if out.Path == "." && out.Kind == manifest.Dir {
			continue // the root, of which nothing is recorded but that it is there
		}
		path := strings.TrimPrefix(out.Path, "./")
		if path == "" || strings.HasPrefix(out.Path, "/") || strings.HasPrefix(out.Path, "~") {
			return nil, fmt.Errorf("output %s is not under the root", printable(out.Path))
		}
		if c.isRedirected(out.Path) {
			continue
		}
		wants = append(wants, restore.Want{Path: path, Kind: out.Kind, Sum: digest.Sum(out.Digest), Exec: out.Exec, Target: out.Target})
	}
	return wants, nil
}

func (c *cached) isRedirected(form string) bool {
	return c.redirected != "" && manifest.Abs(form, c.root, c.home) == c.redirected
}

// setTimes sets the times of files. Those that were brought back get one, for they can
// depend on each other (a library that a make made, and the objects in it). So do, without
// --restat, those that were right already and are older than an input: make compares
// times, and would run the step again and again.
func (c *cached) setTimes(m *manifest.Manifest, wants []restore.Want, differ []bool) {
	var files []string
	for i, w := range wants {
		if differ[i] && w.Kind == manifest.File {
			files = append(files, w.Path)
		}
	}
	if len(files) == 1 {
		files = nil // it has its time
	}
	if !c.cf.restat {
		files = append(files, c.older(m, wants, differ)...)
	}
	if err := restore.Touch(c.root, files...); err != nil {
		warnf("make may run this step again: %v", err)
	}
}

// older returns the files that were right already and are older than an input. What is
// a name of an input, too (ln), has its time.
func (c *cached) older(m *manifest.Manifest, wants []restore.Want, differ []bool) []string {
	outputs := map[string]bool{}
	for i := range m.Outputs {
		outputs[m.Outputs[i].Path] = true
	}
	type id struct{ dev, ino uint64 }
	inputs := map[id]bool{}
	newest := int64(0)
	for i := range m.Inputs {
		in := &m.Inputs[i]
		if in.Kind != footprint.Read && in.Kind != footprint.Stat || outputs[in.Path] {
			continue
		}
		if st, err := osfs.Lstat(manifest.Abs(in.Path, c.root, c.home)); err == nil && st.Type == footprint.File {
			newest = max(newest, st.Mtime)
			inputs[id{st.Dev, st.Ino}] = true
		}
	}
	var files []string
	for i, w := range wants {
		if differ[i] || w.Kind != manifest.File {
			continue
		}
		if st, err := osfs.Lstat(c.at(w)); err == nil && st.Mtime < newest && !inputs[id{st.Dev, st.Ino}] {
			files = append(files, w.Path)
		}
	}
	return files
}

// at is where an output belongs.
func (c *cached) at(w restore.Want) string { return filepath.Join(c.root, w.Path) }

// writeOwn writes the files that deptrace would have written after a run.
func (c *cached) writeOwn(m *manifest.Manifest, depfile []byte) {
	fp := new(footprint.Footprint)
	types := map[manifest.OutputKind]footprint.Type{manifest.File: footprint.File, manifest.Symlink: footprint.Symlink, manifest.Dir: footprint.Dir}
	for _, out := range m.Outputs {
		fp.Outputs = append(fp.Outputs, footprint.Output{Path: manifest.Abs(out.Path, c.root, c.home), State: footprint.State{Type: types[out.Kind]}})
	}
	n, err := c.chooseNames(fp, true)
	if err != nil {
		c.nameless(err)
		return
	}
	if n.manifest != "" {
		m.Root = manifest.RootFrom(c.place(n.manifest), c.root)
		if err := m.Write(n.manifest); err != nil {
			c.failf("%v", err)
		}
	}
	if n.depfile != "" && depfile != nil {
		c.putDepfile(n.depfile, bytes.Clone(depfile))
	}
}

// sayHit says what a hit came to.
func (c *cached) sayHit(done []restore.Want) {
	if len(done) == 0 {
		c.logf("hit: everything is as it should be")
		return
	}
	var names []string
	for _, w := range done {
		names = append(names, c.relative(c.at(w)))
	}
	c.logf("hit: brought back %s", listed(names))
}
