package main

import (
	"os"

	"deptrace/cache/result"
)

// runAndKeep runs the step, and has the cache keep what comes of it.
func (c *cached) runAndKeep() ending {
	if err := c.out.begin(c.store); err != nil {
		errorf("%v", err)
		return ending{status: statusFailed}
	}
	c.closeRemote() // the step is to be the only child
	c.stdout, c.stderr = c.out.stdout(), c.out.stderr()
	if c.redirected != "" {
		c.stdoutTo = os.Stdout
	}
	c.drain = func() {
		c.out.end()
		if err := c.out.lost(); err != nil {
			c.failf("%v", err)
		}
	}
	end := c.run(c.signals)
	defer c.out.discard()
	if c.store == nil {
		return end
	}
	run := c.ran(end)
	if err := c.command.Unfit(run); err != nil {
		c.logf("not cached: %s", wayOut(err))
		return end
	}
	if err := c.keepResult(run); err != nil {
		warnf("not cached: %v", err)
	}
	return end
}

// ran is the step's run as far as its result is concerned.
func (c *cached) ran(end ending) *result.Run {
	r := &result.Run{
		Status: end.status, Signal: int(end.signal), Failed: c.failed,
		Record:  c.result.record,
		Depfile: c.result.depfile,
		Printed: c.out.keep,
	}
	if n := c.result.names; n.manifest != "" {
		r.RecordPath = c.place(n.manifest)
	}
	for _, path := range c.result.specials {
		r.Specials = append(r.Specials, c.relative(path))
	}
	return r
}

// keepResult has the result of a run kept, shared, and room made for it.
func (c *cached) keepResult(run *result.Run) error {
	kept, err := c.results.Keep(c.command, run)
	if err != nil {
		return err
	}
	if kept.Local {
		c.logf("not shared with the remote: the step looked at the machine; --allow machine allows it")
	}
	c.logf("cached: %s", count(kept.Files, "file"))
	if err := c.results.Share(kept); err != nil {
		// Somebody counts on it.
		warnf("not shared with the remote: %v", err)
		remoteHint(err)
	}
	return c.store.Trim()
}
