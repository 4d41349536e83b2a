package main

import (
	"fmt"
	"os"
	"strings"

	"deptrace/cache"
	"deptrace/cache/result"
	"deptrace/depfile/manifest"
)

// given is everything that the command is given.
func (c *cached) given() result.Given {
	g := result.Given{
		Argv: c.argv, Dir: c.dir, Root: c.root, Program: c.program(),
		World:   cache.NewWorld(os.Environ()),
		Outputs: c.memory.files,
		EnvOnly: c.cf.envOnly, Env: c.f.env,
		Flags:       c.shaping(),
		Redirected:  c.redirected,
		Relocatable: c.cf.relocatable,
		Restat:      c.cf.restat,
		Allow:       c.cf.allow,
	}
	g.World.Files = c.memory.once() // several input sets look at the same files
	g.Open, g.Unseen = c.openFiles()
	return g
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
	words := []string{"MF=" + f.depfile, "m=" + f.manifest, "dir=" + f.dir, "dialect=" + f.dialect.String(), "stat=" + string(f.stat)}
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

// openFiles says what the command is given open, as far as it can tell: where its messages
// go, and the files that it can read without naming them. unseen is what it can read and
// nobody can look at; empty: nothing.
func (c *cached) openFiles() (words []string, unseen string) {
	kind := func(tty bool) string {
		if tty {
			// What it prints there depends on what the terminal can do.
			return "terminal " + os.Getenv("TERM")
		}
		return "pipe"
	}
	form := func(path string) string { return manifest.Form(path, c.root, c.home) }
	words = []string{"1 " + kind(c.out.out.tty)}
	if c.redirected != "" {
		words[0] = "1 to " + form(c.redirected)
	}
	if c.out.err == nil {
		words = append(words, "2 with 1")
	} else {
		words = append(words, "2 "+kind(c.out.err.tty))
	}
	files, unseen := givenFiles(c.tokens, form)
	return append(words, files...), unseen
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
