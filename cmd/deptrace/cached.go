package main

import (
	"errors"
	"os"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/cache/digest"
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
	cf     *cachedFlags
	store  *store.Store // nil: there is none, and the step just runs
	remote *remote      // nil: there is none
	now    *cache.World
	out    *streams
	// signals are caught until a hit has brought all files back, or the step has ended.
	signals *catcher

	weak cache.Weak
	key  cache.Key // the weak one

	// redirected is the file under the root that standard output was redirected to; empty:
	// none. It is an output as under run, but it is printed to, and not replaced: whoever
	// opened it goes on writing to it.
	redirected string

	// unknown is what the command is given and nobody can look at; empty: nothing.
	unknown string

	// For a miss: the reason, if a lookup came so far as to know one.
	why []string
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
	c := &cached{step: s, cf: f, now: cache.NewWorld(os.Environ()), out: newStreams(), signals: signals}
	c.now.Files = c.memory.once() // several input sets look at the same files
	if err := c.open(); err != nil {
		warnf("nothing is cached: %v", err)
		storeHint(err)
	}
	defer c.close()
	c.redirected = c.redirection()
	if c.store != nil {
		c.describe()
		if c.unknown != "" {
			c.because("%s is a pipe or the like, which the step can read from", c.unknown)
		} else if c.lookup() {
			c.speak()
			if c.failed {
				return ending{status: statusFailed}
			}
			return ending{}
		}
		c.logf("miss: %s", strings.Join(c.why, "; "))
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
	c.remote = newRemote(c.logf)
	return nil
}

func (c *cached) close() { c.remote.close() }

// runAndKeep runs the step, and has the cache keep what comes of it.
func (c *cached) runAndKeep() ending {
	if err := c.out.begin(c.store); err != nil {
		errorf("%v", err)
		return ending{status: statusFailed}
	}
	c.remote.close() // the step is to be the only child
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
	if why := c.unfit(end); why != "" {
		c.logf("not cached: %s", why)
		return end
	}
	if err := c.keepResult(); err != nil {
		warnf("not cached: %v", err)
	}
	return end
}
