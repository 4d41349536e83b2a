//go:build amd64 || arm64

package trace_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"deptrace/trace"
	"deptrace/trace/event"
)

// tracerRole is a deptrace of a few lines: it runs its arguments under the engine
// that the environment names, and ends as they do.
func tracerRole() {
	c := trace.Command{Args: os.Args[1:], Engine: trace.Engine(os.Getenv("DEPTRACE_TEST_ENGINE"))}
	os.Unsetenv("DEPTRACE_TEST_ENGINE")
	if c.Engine == "none" { // for comparison
		err := syscall.Exec(c.Args[0], c.Args, os.Environ())
		fmt.Fprintln(os.Stderr, "exec:", err)
		os.Exit(125)
	}
	// As the real one does (cmd/deptrace): else Ctrl-C would be the end of it.
	signals := make(chan os.Signal, 16)
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	c.Signals = signals
	// Where somebody asks for it the opens of files in a directory are told on standard
	// output, and the engine on standard error.
	tell, told := os.LookupEnv("DEPTRACE_TEST_TELL")
	os.Unsetenv("DEPTRACE_TEST_TELL")
	r := &recorder{dir: tell}
	result, err := trace.Run(context.Background(), c, event.SinkFunc(func(e *event.Event) {
		if e.Op == event.Incomplete {
			fmt.Fprintln(os.Stderr, "incomplete:", e.Reason, e.Detail)
		}
		if told && e.Op == event.Open && e.Outcome.State != event.Pending && r.mine(e.Name) {
			fmt.Println(r.line(e))
		}
	}))
	if told && err == nil {
		fmt.Fprintln(os.Stderr, "engine", result.Engine)
	}
	var start *trace.StartError
	switch {
	case errors.As(err, &start):
		fmt.Fprintln(os.Stderr, "start:", err)
		os.Exit(127)
	case err != nil:
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(125)
	case result.Signal != 0:
		os.Exit(128 + int(result.Signal))
	}
	os.Exit(result.Status)
}

// openerRole opens N distinct files with many threads, while the runtime interrupts
// them with SIGURG all the time.
func openerRole() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	done := make(chan struct{})
	go func() { // The collector preempts with it.
		for {
			select {
			case <-done:
				return
			default:
				runtime.GC()
			}
		}
	}()
	for range 8 {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				// There cannot be too many.
				syscall.Kill(os.Getpid(), syscall.SIGURG)
				f, err := os.Open(filepath.Join("files", strconv.Itoa(i)))
				if err != nil {
					panic(err)
				}
				f.Close()
			}
		})
	}
	wg.Wait()
	close(done)
}
