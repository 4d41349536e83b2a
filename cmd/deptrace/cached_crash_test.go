package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// withCache returns another tree with a cache of its own beside it.
func (tr *tree) withCache(t *testing.T) *tree {
	other := tr.another(t)
	other.setenv("DEPTRACE_CACHE_DIR", t.TempDir())
	return other
}

// A cached step that is killed outright at any moment, beside others, leaves neither wrong
// bytes in the store nor a half-written output, and the next run makes all well.
func TestCachedKilled(t *testing.T) {
	const waves, together = 50, 4
	tr := newTree(t).withCache(t)
	inputs := [2]string{strings.Repeat("one ", 5000), strings.Repeat("two ", 7000)}
	for i := range together {
		// Like a compiler that is careful: so what is half written is ours.
		tr.program(fmt.Sprint("step", i), "cat in in >tmp"+fmt.Sprint(i)+" && mv tmp"+fmt.Sprint(i)+" out"+fmt.Sprint(i)+"; echo done")
	}
	whole := map[string]bool{inputs[0] + inputs[0]: true, inputs[1] + inputs[1]: true}
	rng := rand.New(rand.NewPCG(1, 2))
	tr.write("in", inputs[0])
	begin := time.Now()
	tr.try("deptrace", "cached", "-m", "m0.toml", "--", "./step0")
	// Moments between the beginning and, with others beside it, hardly ever after the end.
	longest := together * time.Since(begin) / 2
	var killed atomic.Int64
	for wave := range waves {
		tr.write("in", inputs[wave/3%2])
		var wg sync.WaitGroup
		for i := range together {
			after := time.Duration(rng.Int64N(int64(longest)))
			wg.Go(func() {
				cmd := exec.Command(tr.look("deptrace"), "cached", "-m", fmt.Sprint("m", i, ".toml"), "--", fmt.Sprint("./step", i))
				cmd.Dir, cmd.Env = tr.dir, tr.env
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
				_ = cmd.Wait()
				if !timer.Stop() && !cmd.ProcessState.Exited() {
					killed.Add(1)
				}
			})
		}
		wg.Wait()
		for i := range together {
			data, err := os.ReadFile(tr.path(fmt.Sprint("out", i)))
			if err == nil && !whole[string(data)] {
				t.Fatalf("wave %d: out%d has %d bytes that nobody wrote", wave, i, len(data))
			}
		}
	}
	if killed.Load() == 0 {
		t.Error("nobody was killed")
	}
	if out, errs, status := tr.try("deptrace", "cache", "verify"); status != 0 {
		t.Errorf("the store: exit %d\n%s%s", status, out, errs)
	}
	for i := range together {
		name := fmt.Sprint("m", i, ".toml")
		out, errs, status := tr.try("deptrace", "cached", "-m", name, "--", fmt.Sprint("./step", i))
		if status != 0 || out != "done\n" {
			t.Errorf("step %d afterwards: exit %d, %q\n%s", i, status, out, errs)
		}
		if got := string(tr.read(fmt.Sprint("out", i))); got != inputs[(waves-1)/3%2]+inputs[(waves-1)/3%2] {
			t.Errorf("step %d afterwards: out has %d bytes", i, len(got))
		}
		if out, _, status := tr.try("deptrace", "check", name); status != 0 {
			t.Errorf("step %d afterwards: %s", i, out)
		}
	}
}

// Many processes at once, on one store and with the same keys.
func TestCachedTogether(t *testing.T) {
	const together = 32
	built := newTree(t).withCache(t)
	var wg sync.WaitGroup
	for i := range together {
		tr := built.another(t)
		tr.write("in", "text\n")
		tr.program("step", "cat in in >out; echo done")
		wg.Go(func() {
			for range 3 {
				out, errs, status := tr.try("deptrace", "cached", "--root", ".", "--relocatable", "-MF", "d", "-m", "m", "--", "./step")
				if status != 0 || out != "done\n" || errs != "" {
					t.Errorf("%d: exit %d, %q, %q", i, status, out, errs)
				}
				if got := string(tr.read("out")); got != "text\ntext\n" {
					t.Errorf("%d: it left %q", i, got)
				}
				if err := os.Remove(tr.path("out")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if out, errs, status := built.try("deptrace", "cache", "verify"); status != 0 {
		t.Errorf("the store: exit %d\n%s%s", status, out, errs)
	}
}
