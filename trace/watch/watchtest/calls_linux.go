//go:build amd64 || arm64

// Package watchtest measures what a watched call costs under an engine.
package watchtest

import (
	"os"
	"strconv"
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/launch"
	"deptrace/trace/watch"

	"golang.org/x/sys/unix"
)

// callsVar has the test binary be a program that asks for the state of files, so many times.
const callsVar = "DEPTRACE_TEST_CALLS"

// asked are what it asks for by turns: a file, a name that is not there, and a file by a
// relative name, for which the working directory has to be known.
var asked = [...]string{"/usr/bin/env", "/usr/include/missing/missing.h", "."}

// Program does what [Calls] has started the test binary for, and ends it then. TestMain has
// to begin with it.
func Program() {
	times := os.Getenv(callsVar)
	if times == "" {
		return
	}
	n, err := strconv.Atoi(times)
	if err != nil {
		panic(err)
	}
	var st unix.Stat_t
	for i := range n {
		err := unix.Lstat(asked[i%len(asked)], &st)
		if want := i%len(asked) == 1; (err == unix.ENOENT) != want || err != nil && !want {
			panic(err)
		}
	}
	os.Exit(0)
}

// counter counts events.
type counter int

func (c *counter) Event(*event.Event) event.Hold {
	*c++
	return nil
}

// Calls is a benchmark of the engine's part of the price of a watched call, and of the
// kernel's: a program makes calls and nothing else, and nobody folds what is told. What it
// allocates is in the figures, too.
func Calls(b *testing.B, run func(watch.Config, event.Sink) (watch.Result, error)) {
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var told counter
	r, err := run(watch.Config{
		Command: launch.Command{Path: exe, Args: []string{exe}, Env: append(os.Environ(), callsVar+"="+strconv.Itoa(b.N)), Files: [3]int{0, 1, 2}},
		Late:    watch.Wait, Begin: func() {}, Started: func(int) { b.ResetTimer() },
	}, &told)
	if err != nil || r != (watch.Result{}) {
		b.Fatal(r, err)
	}
	if int(told) < b.N {
		b.Fatalf("%d events of %d calls", told, b.N)
	}
}
