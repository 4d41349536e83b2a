//go:build amd64 || arm64

package trace_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"
)

// TestTogether: steps that one process runs at the same time know nothing of each
// other.
func TestTogether(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		const steps, processes, opens = 4, 8, 10
		var wg sync.WaitGroup
		var records [steps]*recorder
		var errs [steps]error
		for i := range steps {
			s := victimStep(t, engine, "parallel", fmt.Sprint(processes), fmt.Sprint(opens))
			records[i] = &recorder{engine: engine, dir: s.dir}
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), limit)
				defer cancel()
				var result trace.Result
				if result, errs[i] = trace.Run(ctx, s.Command, records[i]); errs[i] == nil && result.Status != 0 {
					errs[i] = fmt.Errorf("status %d, signal %v", result.Status, result.Signal)
				}
			})
		}
		wg.Wait()
		for i, r := range records {
			if errs[i] != nil {
				t.Errorf("step %d: %v", i, errs[i])
			}
			if n := len(r.files()); n != processes*opens {
				t.Errorf("step %d: %d opens, want %d", i, n, processes*opens)
			}
			r.check(t)
		}
	})
}

// TestOneProcessor: with a single P and a single processor nothing waits for itself.
func TestOneProcessor(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		c := tracer(t, string(engine), "taskset -p -c 0 $$ >&2; exec", "parallel", "4", "20")
		c.Stderr = nil
		c.Env = append(c.Env, "GOMAXPROCS=1")
		if err := c.Run(); err != nil {
			t.Error(err)
		}
	})
}

// TestSetID: a set-id program has no rights under an unprivileged tracer.
func TestSetID(t *testing.T) {
	program := ""
	for _, p := range []string{"/bin/su", "/usr/bin/passwd", "/usr/bin/newgrp", "/usr/bin/chsh"} {
		if info, err := os.Stat(p); err == nil && info.Mode()&os.ModeSetuid != 0 {
			program = p
			break
		}
	}
	if program == "" {
		t.Fatal("there is no set-id program here: install passwd or util-linux's su")
	}
	for name, args := range map[string][]string{
		"in the step": {"/bin/sh", "-c", program + " --help >/dev/null 2>&1; true"},
		"the command": {program, "--help"},
	} {
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				s := victimStep(t, engine)
				s.Args = args
				null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer null.Close()
				s.Stdin, s.Stdout, s.Stderr = null, null, null
				r, _ := s.run(t)
				told := strings.Contains(strings.Join(r.of(event.Incomplete), "\n"), "incomplete set-id-program")
				if want := os.Geteuid() != 0; told != want {
					t.Errorf("incomplete because of a set-id program: %v, want %v", told, want)
				}
			})
		})
	}
}
