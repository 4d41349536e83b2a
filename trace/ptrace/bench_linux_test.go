//go:build amd64 || arm64

package ptrace

import (
	"os"
	"strconv"
	"testing"

	"deptrace/trace/event"

	"golang.org/x/sys/unix"
)

// callsVar has the test binary be a program that asks for the state of files, so many times.
const callsVar = "DEPTRACE_TEST_CALLS"

// asked are what it asks for by turns: a file, a name that is not there, and a file by a
// relative name, for which the working directory has to be known.
var asked = [...]string{"/usr/bin/env", "/usr/include/missing/missing.h", "."}

func makeCalls(times string) {
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
}

// counter counts events.
type counter int

func (c *counter) Event(*event.Event) event.Hold {
	*c++
	return nil
}

// BenchmarkCall is the engine's part of the price of a watched call, and the kernel's: a program
// makes calls and nothing else, and nobody folds what is told. What it allocates is in the
// figures, too.
func BenchmarkCall(b *testing.B) {
	for _, m := range modes {
		b.Run(m.name, func(b *testing.B) {
			exe, err := os.Executable()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			c := program(exe)
			c.Env = append(c.Env, callsVar+"="+strconv.Itoa(b.N))
			c.Started = func(int) { b.ResetTimer() }
			var told counter
			r, err := run(c, m.everyCall, func(*engine) event.Sink { return &told })
			if err != nil || r.Status != 0 || r.Signal != 0 {
				b.Fatal(r, err)
			}
			if int(told) < b.N {
				b.Fatalf("%d events of %d calls", told, b.N)
			}
		})
	}
}
