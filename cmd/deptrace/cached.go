package main

import (
	"errors"
	"os"
	"slices"
	"strings"

	"deptrace/cache/digest"
	"deptrace/cache/result"
	"deptrace/cache/store"
)

// cachedFlags are the flags of cached: those of run, and a few.
type cachedFlags struct {
	*runFlags
	envOnly     []string
	allow       []string
	relocatable bool
	restat      bool
}

// The words of --allow: what a record can say in "uses".
var uses = []string{"machine", "network", "random"}

func (f *cachedFlags) defs() []flagDef {
	allow := wordsFlag("allow", &f.allow)
	set := allow.set
	allow.set = func(v string) error {
		for word := range strings.SplitSeq(v, ",") {
			if !slices.Contains(uses, word) {
				return errors.New("want " + strings.Join(uses, ", "))
			}
		}
		return set(v)
	}
	return append(f.runFlags.defs(),
		wordsFlag("env-only", &f.envOnly),
		allow,
		boolFlag("relocatable", &f.relocatable),
		boolFlag("restat", &f.restat),
	)
}

func (f *cachedFlags) check() error {
	if f.events != "" {
		return &flagError{"--events goes with run: a result that is brought back has no events", ""}
	}
	return f.runFlags.check()
}

// cached is a step that is looked up in the cache before it is run.
type cached struct {
	*step
	cf    *cachedFlags
	store *store.Store // nil: there is none, and the step just runs
	// results is what decides over the store and the remote, and command is what it knows
	// of the step; both are there if store is.
	results *result.Cache
	command *result.Command
	remote  *remote // nil: there is none
	out     *streams
	// signals are caught until a hit has brought all files back, or the step has ended.
	signals *catcher
	// redirected is where standard output goes: see [result.Given].
	redirected string
}

// cachedMain is `deptrace cached`.
func cachedMain(args []string) ending {
	f := &cachedFlags{runFlags: newRunFlags()}
	argv, err := commandLine(f.defs(), args, true)
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return ending{status: badUsage(err, statusFailed)}
	}
	signals := catchSignals()
	surviveWrites(false)
	s, err := newStep(f.runFlags, argv)
	if err != nil {
		errorf("%v", err)
		return ending{status: statusFailed}
	}
	s.keep, s.terminal = true, true // an answer of the user is no result
	c := &cached{step: s, cf: f, out: newStreams(), signals: signals}
	if err := c.open(); err != nil {
		warnf("nothing is cached: %v", err)
		storeHint(err)
	}
	defer c.closeRemote()
	c.redirected = c.redirection()
	if c.store != nil {
		c.command = result.NewCommand(c.given())
		hit, miss := c.results.BringBack(c.command)
		if hit != nil {
			c.deliver(hit)
			c.speak()
			if c.failed {
				return ending{status: statusFailed}
			}
			return ending{}
		}
		c.sayMiss(miss)
	}
	return c.runAndKeep()
}

// open opens the store and what is configured of a remote.
func (c *cached) open() error {
	var err error
	if c.store, err = openStore(os.Environ()); err != nil {
		return err
	}
	// What the step changes in place is kept as it was, for a replay.
	c.save = func() (digest.Saved, error) { return c.store.NewBlob() }
	c.results = &result.Cache{Store: c.store, Log: c.logf}
	if os.Getenv("DEPTRACE_REMOTE") != "" {
		c.remote = new(remote)
		c.results.Remote, c.results.ReadOnly = c.remote, remoteReadOnly()
	}
	return nil
}

// closeRemote ends the program that talks to the remote.
func (c *cached) closeRemote() {
	if err := c.remote.close(); err != nil {
		c.logf("remote: %v", err)
	}
}
