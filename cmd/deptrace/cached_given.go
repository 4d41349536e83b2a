package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/depfile/manifest"
)

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
