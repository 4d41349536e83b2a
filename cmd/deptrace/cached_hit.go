package main

import (
	"errors"
	"path/filepath"
	"syscall"

	"deptrace/cache/result"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// deliver does for a hit what is left to do: it prints, and writes what deptrace would have
// written after a run.
func (c *cached) deliver(h *result.Hit) {
	if h.Untimed != nil {
		warnf("make may run this step again: %v", h.Untimed)
	}
	c.interruptible()
	c.print(h.Stdout, h.Stderr)
	c.writeOwn(h.Record, h.Depfile)
	c.sayHit(h.Restored)
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
		if err := putFile(n.manifest, m.Encode()); err != nil {
			c.failf("%v", err)
		}
	}
	if n.depfile != "" && depfile != nil {
		c.putDepfile(n.depfile, depfile)
	}
}

// sayHit says what a hit came to. restored are paths from the root.
func (c *cached) sayHit(restored []string) {
	if len(restored) == 0 {
		c.logf("hit: everything is as it should be")
		return
	}
	var names []string
	for _, path := range restored {
		names = append(names, c.relative(filepath.Join(c.root, path)))
	}
	c.logf("hit: brought back %s", listed(names))
}
