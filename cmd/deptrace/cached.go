package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/store"
	"deptrace/depfile/manifest"
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
	// signals are caught until a hit has brought all files back.
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
	c := &cached{step: s, cf: f, now: cache.NewWorld(os.Environ()), out: newStreams()}
	c.signals = signals
	c.now.Files = once(c.memory.files)
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
	return c.runAndKeep(signals)
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

// once remembers digests: several input sets look at the same files.
func once(files func([]digest.Request) []digest.Result) func([]digest.Request) []digest.Result {
	known := map[string]digest.Result{}
	return func(reqs []digest.Request) []digest.Result {
		var ask []digest.Request
		for _, r := range reqs {
			if _, ok := known[r.Path]; !ok {
				ask = append(ask, r)
			}
		}
		for i, r := range files(ask) {
			known[ask[i].Path] = r
		}
		results := make([]digest.Result, len(reqs))
		for i, r := range reqs {
			results[i] = known[r.Path]
		}
		return results
	}
}

// describe finds everything that the command is given: the weak key.
func (c *cached) describe() {
	w := &c.weak
	w.Add("system", "%s/%s", runtime.GOOS, runtime.GOARCH)
	w.AddWords("command line", c.taken(c.argv...))
	w.Add("directory", "%s", manifest.Form(c.dir, c.root, c.home))
	w.Add("variable PWD", "%s", c.otherName())
	if c.cf.relocatable {
		w.Add("root", "any")
	} else {
		w.Add("root", "at %s", c.root)
	}
	w.Add("program", "%s", manifest.Form(c.program(), c.root, c.home))
	w.AddWords("flags", c.taken(c.shaping()...))
	w.AddWords("streams", c.given())
	w.AddEnviron(os.Environ(), c.cf.envOnly, c.f.env, func(value string) string { return c.taken(value)[0] })
	if c.tiedToHome() {
		w.Add("variable HOME", "%s", c.home)
	}
	c.key = w.Key()
}

// otherName is what PWD calls the working directory, if that is another one of its names,
// through a symbolic link: shells and compilers take it for the directory's name. One that
// leads elsewhere is as good as none, for them too.
func (c *cached) otherName() string {
	name := os.Getenv("PWD")
	if name == c.dir || !filepath.IsAbs(name) {
		return ""
	}
	there, err := os.Stat(name)
	here, err2 := os.Stat(c.dir)
	if err != nil || err2 != nil || !os.SameFile(there, here) {
		return ""
	}
	return name
}

// tiedToHome reports whether the place of the user's home counts. A record names files
// there by their way from it, and so a lookup looks into the home of now. A step that has
// its place from HOME looks there, too; one that is told it, or has it built in, looks
// where it always has. Checkouts that share a result have different homes: there only what
// the step is told decides.
func (c *cached) tiedToHome() bool {
	if !c.cf.relocatable {
		return true
	}
	return slices.ContainsFunc(c.weak.Parts, func(p cache.Part) bool { return cache.Relocate(p.Text, c.home) != p.Text })
}

// taken returns words as they count: under --relocatable without the path of the root.
func (c *cached) taken(words ...string) []string {
	words = slices.Clone(words)
	for i := range words {
		if c.cf.relocatable {
			words[i] = cache.Relocate(words[i], c.root)
		}
	}
	return words
}

// program is where the command is found; empty for nowhere.
func (c *cached) program() string {
	name := c.argv[0]
	if strings.Contains(name, "/") {
		return c.place(name)
	}
	return cache.FindProgram(name, c.dir, os.Environ())
}

// shaping are the flags that the files which deptrace writes depend on, in one spelling.
func (c *cached) shaping() []string {
	f := c.f
	words := []string{"MF=" + f.depfile, "m=" + f.manifest, "dir=" + f.dir, "dialect=" + string(f.dialect), "stat=" + string(f.stat)}
	for _, t := range f.targets {
		words = append(words, fmt.Sprintf("target=%t,%s", t.Verbatim, t.Name))
	}
	if f.phony != nil {
		words = append(words, fmt.Sprintf("MP=%t", *f.phony))
	}
	words = append(words, fmt.Sprintf("MD=%t MMD=%t lenient=%t", f.launcher, f.project, f.lenient))
	for _, g := range f.ignore {
		words = append(words, "ignore="+g)
	}
	for _, e := range f.env {
		words = append(words, "env="+e)
	}
	return words
}

// given says what the command is given open, as far as it can tell: where its messages
// go, and the files that it can read without naming them.
func (c *cached) given() []string {
	kind := func(tty bool) string {
		if tty {
			// What it prints there depends on what the terminal can do.
			return "terminal " + os.Getenv("TERM")
		}
		return "pipe"
	}
	words := []string{"1 " + kind(c.out.out.tty)}
	if c.redirected != "" {
		words[0] = "1 to " + manifest.Form(c.redirected, c.root, c.home)
	}
	if c.out.err == nil {
		words = append(words, "2 with 1")
	} else {
		words = append(words, "2 "+kind(c.out.err.tty))
	}
	files, unknown := givenFiles(func(path string) string { return manifest.Form(path, c.root, c.home) })
	c.unknown = unknown
	return append(words, files...)
}

// redirection is where a shell's "> out.h" leads that is about this step alone: a file that
// was empty, and to which nothing is appended. What leads out of the root is no output that
// anybody would look for, and can be printed again all the same.
func (c *cached) redirection() string {
	info, err := os.Stdout.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > 0 || appends(os.Stdout) {
		return ""
	}
	path, err := os.Readlink("/proc/self/fd/1")
	if err != nil || !under(path, c.root) || path == c.root {
		return ""
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(now, info) {
		return ""
	}
	return path
}

// runAndKeep runs the step, and has the cache keep what comes of it.
func (c *cached) runAndKeep(signals *catcher) ending {
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
	end := c.run(signals)
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
