// Deptrace records what a build step depends on: it runs the step, watches what it
// does to files, and writes a depfile for make and ninja, a manifest that tells
// whether the step must run again, or both.
//
// This package is flags, messages and wiring. Package trace watches, trace/footprint
// folds, depfile and depfile/manifest write, cache decides.
package main

import (
	"errors"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
)

// The exit statuses that are deptrace's own; all others are the command's.
const (
	statusFailed        = 125 // of run, and of what is no command of ours
	statusNotExecutable = 126
	statusNotFound      = 127

	statusStale  = 1 // of check; of show --against, that something is missed
	statusDiffer = 1 // of diff
	statusError  = 2 // of check, key, show, diff, cache and doctor

	statusNoEngine = 1 // of doctor
	statusDamaged  = 1 // of cache verify
)

func main() { finish(dispatch(os.Args[1:])) }

// ending is how deptrace is to end: by a signal, if that is not 0.
type ending struct {
	status int
	signal syscall.Signal
}

// finish ends the process.
func finish(e ending) {
	if e.signal != 0 {
		die(e.signal)
		// We are still here: pid 1 of a container, or a signal that does not kill.
		e.status = 128 + int(e.signal)
	}
	os.Exit(e.status)
}

// commands are the words that can follow "deptrace". They differ from flags and
// from the command to run, which is behind a "--".
var commands = []struct {
	name string
	main func(args []string) int
}{
	{"check", checkMain},
	{"key", keyMain},
	{"show", showMain},
	{"diff", diffMain},
	{"replay", replayMain},
	{"cache", cacheMain},
	{"doctor", doctorMain},
}

func dispatch(args []string) ending {
	if len(args) == 0 {
		return usageError("no command", "deptrace -m FILE -- COMMAND records one; `deptrace --help` lists everything")
	}
	word := args[0]
	switch {
	case word == replayWord:
		return ending{status: replayInside(args[1:])}
	case word == "run":
		return runMain(args[1:], true)
	case word == "cached":
		return cachedMain(args[1:])
	case word == "sh":
		return shMain(args[1:])
	case strings.HasPrefix(word, "-"):
		return runMain(args, false)
	}
	for _, c := range commands {
		if c.name == word {
			return ending{status: c.main(args[1:])}
		}
	}
	names := []string{"run", "cached", "sh"}
	for _, c := range commands {
		names = append(names, c.name)
	}
	hint := "deptrace -- " + shellWord(word) + " would record it"
	if near, ok := nearest(word, names); ok {
		hint = "did you mean " + near + "? " + hint
	}
	return usageError("unknown command "+printable(word), hint)
}

func usageError(message, hint string) ending {
	errorf("%s", message)
	hintf("%s", hint)
	return ending{status: statusFailed}
}

// help prints what -h and --version ask for. done says that it was one of them.
func help(err error) (status int, done bool) {
	switch {
	case errors.Is(err, errHelp):
		return printOut(usage), true
	case errors.Is(err, errVersion):
		return printOut("deptrace " + version() + "\n"), true
	}
	return 0, false
}

// printOut writes what was asked for to standard output. One that was closed takes it
// without an error: the runtime has opened /dev/null there, for reading and writing, before
// any code of ours runs. Others who have a program say nothing give it the same (daemon(3),
// Python's subprocess.DEVNULL), and no call tells the two apart.
func printOut(s string) int {
	if _, err := os.Stdout.WriteString(s); err != nil {
		errorf("write standard output: %v", cause(err))
		return statusError
	}
	return 0
}

// Version can be set with -ldflags "-X main.Version=…" by whoever builds without
// the history that the go command takes it from.
var Version string

func version() string {
	if Version != "" {
		return Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}
