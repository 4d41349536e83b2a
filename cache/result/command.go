package result

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/env"
)

// Given is what a command is given, and how its user wants its result to be kept.
type Given struct {
	Argv []string
	// Dir is the working directory and Root the root: absolute, links resolved. Program is
	// where the command is found, absolute; empty: nowhere.
	Dir, Root, Program string
	// World is the environment, the home, and the digests of inputs. They may be
	// remembered for as long as the lookup takes: several sets name the same files.
	World *cache.World
	// Outputs takes the digests of files as they are now; nil hashes all of them. It must
	// not be World's, which can be from before the step.
	Outputs func([]digest.Request) []digest.Result
	// EnvOnly, if it names any, are the variables that count, and Env those that are to be
	// in the record, in the form of [manifest.Environment].
	EnvOnly, Env []string
	// Flags are what else the files depend on that are written beside the outputs, in one
	// spelling.
	Flags []string
	// Open is what the command finds open: where its messages go, and the files that it can
	// use without naming them.
	Open []string
	// Unseen is what it finds open and can read, and nobody can look at; empty: nothing.
	// Nothing is known then of what the command is given.
	Unseen string
	// Redirected is the path of the file under the root that its standard output is
	// redirected to; empty: none. It is an output, but it is printed to and not replaced:
	// whoever opened it goes on writing to it.
	Redirected string

	// Relocatable is whether results are shared between checkouts at different paths.
	Relocatable bool
	// Restat is whether outputs that are right already keep their time.
	Restat bool
	// Allow are the uses that do not count: "machine", "network", "random".
	Allow []string
}

// Command is a step before it is run, as far as results are concerned.
type Command struct {
	Given
	weak cache.Weak
	key  cache.Key // the weak one
	name cache.Key // see note.go
}

// NewCommand finds the weak key of a command.
func NewCommand(given Given) *Command {
	c := &Command{Given: given}
	w := &c.weak
	w.Add("system", "%s/%s", runtime.GOOS, runtime.GOARCH)
	w.AddWords("command line", c.taken(c.Argv...))
	w.Add("directory", "%s", c.form(c.Dir))
	w.Add("variable PWD", "%s", c.otherName())
	if c.Relocatable {
		w.Add("root", "any")
	} else {
		w.Add("root", "at %s", c.Root)
	}
	w.Add("program", "%s", c.form(c.Program))
	w.AddWords("a flag of deptrace itself", c.taken(c.Flags...))
	w.AddWords("a file that it is given open", c.Open)
	w.AddEnviron(c.World.Environ, c.EnvOnly, c.Env, func(value string) string { return c.taken(value)[0] })
	if c.tiedToHome() {
		w.Add("variable HOME", "%s", c.World.Home)
	}
	c.key = w.Key()
	c.name = c.identity()
	return c
}

// taken returns words as they count: for several checkouts without the path of this one.
func (c *Command) taken(words ...string) []string {
	words = slices.Clone(words)
	for i := range words {
		if c.Relocatable {
			words[i] = cache.Relocate(words[i], c.Root)
		}
	}
	return words
}

// otherName is what PWD calls the working directory, if that is another one of its names,
// through a symbolic link: shells and compilers take it for the directory's name. One that
// leads elsewhere is as good as none, for them too.
func (c *Command) otherName() string {
	name := env.Get(c.World.Environ, "PWD")
	if name == c.Dir || !filepath.IsAbs(name) {
		return ""
	}
	there, err := os.Stat(name)
	here, err2 := os.Stat(c.Dir)
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
func (c *Command) tiedToHome() bool {
	if !c.Relocatable {
		return true
	}
	home := c.World.Home
	return slices.ContainsFunc(c.weak.Parts, func(p cache.Part) bool { return cache.Relocate(p.Text, home) != p.Text })
}

// form and abs turn a path into the form that records have it in, and back.
func (c *Command) form(path string) string { return manifest.Form(path, c.Root, c.World.Home) }
func (c *Command) abs(form string) string  { return manifest.Abs(form, c.Root, c.World.Home) }

// redirected reports whether an output is the file that standard output goes to.
func (c *Command) redirected(out *manifest.Output) bool {
	return c.Redirected != "" && c.abs(out.Path) == c.Redirected
}

// environment returns what the record of the command has of its environment.
func (c *Command) environment() (env map[string]string, unset, off []string) {
	return manifest.Environment(c.World.Environ, c.Env)
}
