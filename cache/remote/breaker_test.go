package remote

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a time that the test sets.
type clock struct{ atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(0, c.Load()) }

func testBreaker(t *testing.T, dir string, c *clock) *breaker {
	t.Helper()
	config, err := FromEnviron([]string{"DEPTRACE_REMOTE=http://user:s3cret@cache.example"})
	if err != nil {
		t.Fatal(err)
	}
	b := newBreaker(dir, config)
	b.now = c.now
	return b
}

// After three faults in a row nobody asks for a minute; then one does.
func TestBreaker(t *testing.T) {
	for _, shared := range []bool{true, false} {
		t.Run(fmt.Sprintf("shared=%t", shared), func(t *testing.T) {
			c := &clock{}
			c.Store(1_700_000_000e9)
			b := testBreaker(t, "", c)
			next := func() *breaker { return b }
			if shared { // each step is another process
				dir := t.TempDir()
				next = func() *breaker { return testBreaker(t, filepath.Join(dir, "remote"), c) }
			}
			asks := func(want bool) {
				t.Helper()
				if err := next().ask(); (err == nil) != want {
					t.Fatalf("asking: %v", err)
				}
			}
			fault := errors.New("line one\nline two")
			next().fault(fault)
			next().fault(fault)
			asks(true)
			next().success()
			next().fault(fault)
			next().fault(fault)
			asks(true)
			c.Add(int64(3 * pause))
			next().fault(fault) // the others are forgotten
			asks(true)
			next().fault(fault)
			next().fault(fault)
			asks(false)
			err := next().ask()
			if want := "the server is left alone for 60 s after 3 faults in a row, the last: line one"; err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
			c.Add(int64(pause) - 1)
			asks(false)
			c.Add(1)
			asks(true) // the probe
			asks(false)
			next().fault(fault)
			asks(false)
			c.Add(int64(pause))
			asks(true)
			// Nobody knows what became of this one.
			c.Add(int64(2 * defaultTimeout))
			asks(true)
			next().success()
			asks(true)
			asks(true)
			// A clock that is put back does not stop it for years.
			for range 3 {
				next().fault(fault)
			}
			c.Add(int64(-1000 * time.Hour))
			asks(true)
		})
	}
}

// Of many who wake up at once one asks.
func TestBreakerProbe(t *testing.T) {
	c := &clock{}
	c.Store(1_700_000_000e9)
	dir := t.TempDir()
	for range 20 {
		for range maxFaults {
			testBreaker(t, dir, c).fault(errors.New("no"))
		}
		c.Add(int64(pause))
		var wg sync.WaitGroup
		var asked atomic.Int32
		for range 16 {
			wg.Go(func() {
				if testBreaker(t, dir, c).ask() == nil {
					asked.Add(1)
				}
			})
		}
		wg.Wait()
		if asked.Load() != 1 {
			t.Fatalf("%d ask", asked.Load())
		}
		testBreaker(t, dir, c).success()
	}
}

// No fault of many processes gets lost.
func TestBreakerRace(t *testing.T) {
	c := &clock{}
	c.Store(1_700_000_000e9)
	dir := t.TempDir()
	var wg sync.WaitGroup
	const n = 50
	for range n {
		wg.Go(func() { testBreaker(t, dir, c).fault(errors.New("no")) })
	}
	wg.Wait()
	data, err := os.ReadFile(testBreaker(t, dir, c).path)
	if err != nil || parseTrouble(data).faults != n {
		t.Errorf("%v, %q", err, data)
	}
}

func TestBreakerFile(t *testing.T) {
	want := trouble{3, time.Unix(0, 5), time.Unix(0, 7), "a b  c"}
	if got := parseTrouble(want.encode()); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, s := range []string{"", "3 5 7 x", "3 5\n", "0 5 7 x\n", "-1 5 7 x\n", "x 5 7 x\n", "3 5 7\n", "\x00\x00\n"} {
		if got := parseTrouble([]byte(s)); got != (trouble{}) {
			t.Errorf("%q is taken for %+v", s, got)
		}
	}
	c := &clock{}
	dir := t.TempDir()
	b := testBreaker(t, dir, c)
	b.fault(errors.New(strings.Repeat("x", 1<<20)))
	if info, err := os.Stat(b.path); err != nil || info.Size() > maxTrouble {
		t.Errorf("%v, %d bytes", err, info.Size())
	}
	if data, err := os.ReadFile(b.path); err != nil || strings.Contains(string(data)+b.path, "s3cret") {
		t.Errorf("%s: %v, %q", b.path, err, data)
	}
}

// The steps of a build do not all wait for a dead server.
func TestDeadServerIsLeftAlone(t *testing.T) {
	f := newFake(t)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	dir := t.TempDir()
	for i := range 10 {
		a := reopen(t, dir, "DEPTRACE_REMOTE="+f.URL)
		_, err := a.Sets(soon(t), keyFor("command"))
		if i < maxFaults {
			a.misses(err, "502")
		} else {
			a.misses(err, "is left alone")
			a.step(keyFor("step"), "x")
			a.misses(a.PushEntry(soon(t), keyFor("step")), "is left alone")
		}
	}
	if n := len(f.requests()); n != maxFaults {
		t.Errorf("%d requests", n)
	}
	// A user who has mended it says so by asking.
	f.honest()
	a := reopen(t, dir, "DEPTRACE_REMOTE="+f.URL)
	if _, err := a.Ping(soon(t)); err != nil {
		t.Fatal(err)
	}
	_, err := a.Sets(soon(t), keyFor("command"))
	a.misses(err, "the server does not have it")
}
