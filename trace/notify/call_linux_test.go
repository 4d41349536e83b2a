//go:build amd64 || arm64

package notify

import (
	"io"
	"maps"
	"os/exec"
	"slices"
	"testing"
	"time"

	"deptrace/trace/event"
	"deptrace/trace/observe"
	"deptrace/trace/resolve"
)

// changing is a file system in which every directory becomes a file when it was looked at.
type changing struct {
	resolve.FS
	seen map[string]bool
}

func (c changing) Type(p string) (resolve.Type, event.Errno) {
	if c.seen[p] {
		return resolve.Else, 0
	}
	c.seen[p] = true
	return resolve.Directory, 0
}

// TestMoved: a move is done when its thread has made another call, has ended, or has had
// time enough, and what was remembered until then is forgotten; no other is.
func TestMoved(t *testing.T) {
	sleeper := exec.Command("/bin/cat") // until its input ends
	in, err := sleeper.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	var once bool
	end := func() {
		if !once {
			once = true
			in.(io.Closer).Close()
			sleeper.Wait()
		}
	}
	defer end()

	const caller, other = 1 << 30, 1<<30 + 1 // more than a number of a thread can be
	now := time.Now()
	running := sleeper.Process.Pid
	for _, c := range []struct {
		name   string
		moving map[int]time.Time
		end    bool
		left   []int
	}{
		{"another call", map[int]time.Time{running: now}, false, []int{running}},
		{"the same thread's", map[int]time.Time{caller: now, running: now}, false, []int{running}},
		{"of one that never was", map[int]time.Time{other: now, running: now}, false, []int{running}},
		{"time enough", map[int]time.Time{running: now.Add(-2 * renamed)}, false, nil},
		{"of one that has ended", map[int]time.Time{running: now}, true, nil},
	} {
		if c.end {
			end()
		}
		resolver := resolve.New(changing{seen: map[string]bool{}})
		e := &engine{observer: &observe.Observer{Resolver: resolver}, moving: maps.Clone(c.moving)}
		walk := resolve.Request{Base: "/", Spelled: "/a/b"}
		if r := resolver.Resolve(walk); r.Err != 0 {
			t.Fatal(c.name, r)
		}
		e.moved(caller)
		if left := slices.Collect(maps.Keys(e.moving)); !slices.Equal(left, c.left) {
			t.Errorf("%s: not done are %v, want %v", c.name, left, c.left)
		}
		if r := resolver.Resolve(walk); r.Err != event.ENOTDIR {
			t.Errorf("%s: what was remembered is still believed: %+v", c.name, r)
		}
	}
}
