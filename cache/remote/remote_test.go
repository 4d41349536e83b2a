package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"deptrace/cache/store"
)

// What one machine pushes another one gets, blobs before what names them.
func TestEntryTravels(t *testing.T) {
	f := newFake(t)
	key := keyFor("step")
	contents := []string{"object\n", "", strings.Repeat("long ", 100_000), "object\n"}

	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.step(key, contents...)
	_, err := a.Entry(soon(t), keyFor("another"))
	a.misses(err, "the server does not have it")
	f.requests()
	a.works(a.PushEntry(soon(t), key))
	asked := f.requests()
	if last := asked[len(asked)-1]; last != "PUT "+acPath(entryPrefix, key) {
		t.Errorf("the last request is %s", last)
	}
	if puts := count(asked, "PUT /cas/"); puts != 4 {
		t.Errorf("%d uploads, want one for each content and the record: %q", puts, asked)
	}

	b := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	got, err := b.Entry(soon(t), key)
	b.works(err)
	if want := (Fetched{Blobs: 3, Bytes: int64(len(contents[0]) + len(contents[2]))}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	b.has(key, contents...)

	// What is there is neither uploaded nor downloaded again.
	f.requests()
	b.works(b.PushEntry(soon(t), key))
	if asked := f.requests(); slices.ContainsFunc(contents, func(c string) bool { return slices.Contains(asked, "PUT "+casPath(c)) }) {
		t.Errorf("blobs are uploaded again: %q", asked)
	}
	_, err = b.Entry(soon(t), key)
	b.works(err)
	if asked := f.requests(); len(asked) != 2 {
		t.Errorf("want the message and the record to be asked for, got %q", asked)
	}
}

func count(all []string, prefix string) (n int) {
	for _, s := range all {
		if strings.HasPrefix(s, prefix) {
			n++
		}
	}
	return n
}

// Sets of two machines come together: one's own first, no doubles, at most 16.
func TestSetsMerge(t *testing.T) {
	f := newFake(t)
	key := keyFor("command")
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	b := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.knows(key, "a2", "both", "a1")
	b.knows(key, "b1", "both")
	a.works(a.PushSets(soon(t), key))
	got, err := b.Sets(soon(t), key)
	b.works(err)
	if got.Sets != 2 || got.Blobs != 2 {
		t.Errorf("got %+v", got)
	}
	if known, want := b.known(key), []string{"b1", "both", "a2", "a1"}; !slices.Equal(known, want) {
		t.Errorf("b knows %q, want %q", known, want)
	}

	b.works(b.PushSets(soon(t), key))
	c := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	_, err = c.Sets(soon(t), key)
	c.works(err)
	if known, want := c.known(key), []string{"b1", "both", "a2", "a1"}; !slices.Equal(known, want) {
		t.Errorf("c knows %q, want %q", known, want)
	}

	// A machine that knows nothing of what is there does not push it out.
	var many, want []string
	for i := range 14 {
		many = append(many, fmt.Sprint("d", i))
	}
	d := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	d.knows(key, many...)
	d.works(d.PushSets(soon(t), key))
	e := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	_, err = e.Sets(soon(t), key)
	e.works(err)
	want = append(many, "b1", "both")
	if known := e.known(key); !slices.Equal(known, want) {
		t.Errorf("e knows %q, want %q", known, want)
	}
}

// A set that the server has lost does not keep the others from coming, nor a list with
// it from being replaced.
func TestSetGone(t *testing.T) {
	f := newFake(t)
	key := keyFor("command")
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.knows(key, "one", "two")
	a.works(a.PushSets(soon(t), key))
	delete(f.files, casPath("one"))

	b := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	_, err := b.Sets(soon(t), key)
	b.works(err)
	if known := b.known(key); !slices.Equal(known, []string{"two"}) {
		t.Errorf("b knows %q", known)
	}
	c := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	c.knows(key, "three")
	c.works(c.PushSets(soon(t), key))
	d := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	_, err = d.Sets(soon(t), key)
	d.works(err)
	if known := d.known(key); !slices.Equal(known, []string{"three", "two"}) {
		t.Errorf("d knows %q", known)
	}

	delete(f.files, casPath("two"))
	delete(f.files, casPath("three"))
	_, err = newMachine(t, "DEPTRACE_REMOTE="+f.URL).Sets(soon(t), key)
	d.misses(err, "none of the input sets any more")
}

// A list on the server that is no list is replaced.
func TestSetsGarbled(t *testing.T) {
	f := newFake(t)
	key := keyFor("command")
	for name, data := range map[string][]byte{
		"no message":  []byte("<html>"),
		"no record":   appendAction(nil, actionResult{files: []Blob{{Path: "x"}}}),
		"too long":    appendAction(nil, parcel{Data: make([]byte, 17*32)}.action()),
		"record gone": appendAction(nil, parcel{Data: make([]byte, 32)}.action()),
	} {
		f.put("/"+casName(parcel{Data: make([]byte, 17*32)}.action().files[0].Sum), make([]byte, 17*32))
		f.put(acPath(setsPrefix, key), data)
		a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
		if _, err := a.Sets(soon(t), key); err == nil {
			t.Errorf("%s: it is taken for a list", name)
		}
		a.knows(key, "mine")
		a.works(a.PushSets(soon(t), key))
		b := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
		if _, err := b.Sets(soon(t), key); err != nil || !slices.Equal(b.known(key), []string{"mine"}) {
			t.Errorf("%s: %v, and %q is known", name, err, b.known(key))
		}
	}
}

// A list that cannot be read just now is not replaced.
func TestSetsUnreadable(t *testing.T) {
	f := newFake(t)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return r.Method == http.MethodGet
	}
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.knows(keyFor("command"), "mine")
	a.misses(a.PushSets(soon(t), keyFor("command")), "the server says 503")
	if n := count(f.requests(), "PUT"); n > 0 {
		t.Errorf("%d uploads", n)
	}
}

func TestSetsForm(t *testing.T) {
	for n, want := range map[int]string{
		0:       "0",
		32:      "1",
		16 * 32: "16",
		17 * 32: "a list of 17 input sets, and 16 is the most",
		33:      "a list of input sets is cut off",
	} {
		sets, err := store.ParseSets(make([]byte, n))
		got := fmt.Sprint(len(sets))
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
}

func TestPushWithoutBlobs(t *testing.T) {
	f := newFake(t)
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.misses(a.PushEntry(soon(t), keyFor("none")), "the local store does not have it")
	a.misses(a.PushSets(soon(t), keyFor("none")), "the local store does not have it")
	gone := strings.Repeat("0", 64) + " 3 gone\n"
	a.works(a.store.Put(store.Entries, keyFor("gone"), []byte(gone)))
	a.misses(a.PushEntry(soon(t), keyFor("gone")), "does not have blob 000000000000 any more")
	// A wrong size would be told to the others.
	a.works(a.store.Put(store.Entries, keyFor("size"), fmt.Appendf(nil, "%s 3 x\n", a.add("four"))))
	a.misses(a.PushEntry(soon(t), keyFor("size")), "is damaged in the local store")
	for _, path := range []string{acPath(entryPrefix, keyFor("gone")), acPath(entryPrefix, keyFor("size"))} {
		if _, there := f.get(path); there {
			t.Errorf("%s is there without its blobs", path)
		}
	}
}

func TestReadOnly(t *testing.T) {
	f := newFake(t)
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL, "DEPTRACE_REMOTE_READONLY=1")
	a.step(keyFor("step"), "x")
	a.knows(keyFor("command"), "x")
	a.misses(a.PushEntry(soon(t), keyFor("step")), "DEPTRACE_REMOTE_READONLY is set")
	a.misses(a.PushSets(soon(t), keyFor("command")), "DEPTRACE_REMOTE_READONLY is set")
	if pong, err := a.Ping(soon(t)); err != nil || pong.Writes {
		t.Errorf("ping: %+v, %v", pong, err)
	}
	if n := count(f.requests(), "PUT"); n > 0 {
		t.Errorf("%d uploads", n)
	}
}

func TestMax(t *testing.T) {
	f := newFake(t)
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.step(keyFor("step"), "12345", "67890")
	a.works(a.PushEntry(soon(t), keyFor("step")))
	for max, fits := range map[string]bool{"9": false, "10": true} {
		b := newMachine(t, "DEPTRACE_REMOTE="+f.URL, "DEPTRACE_REMOTE_MAX="+max)
		_, err := b.Entry(soon(t), keyFor("step"))
		if fits {
			b.works(err)
			continue
		}
		b.misses(err, "more than 9 bytes")
		b.step(keyFor("mine"), "1234567890")
		b.misses(b.PushEntry(soon(t), keyFor("mine")), "more than 9 bytes")
	}
}

// The path in the address stays in front.
func TestPathInAddress(t *testing.T) {
	f := newFake(t)
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL+"/deep/cache")
	a.step(keyFor("step"), "x")
	a.works(a.PushEntry(soon(t), keyFor("step")))
	for _, r := range f.requests() {
		if !strings.Contains(r, " /deep/cache/cas/") && !strings.Contains(r, " /deep/cache/ac/") {
			t.Errorf("request %s", r)
		}
	}
}

// An upload ends when the caller has no more time, and what then is not announced.
func TestPushDeadline(t *testing.T) {
	f := newFake(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	f.before = hang(release, "PUT /cas/")
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.step(keyFor("step"), "x")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	a.misses(a.PushEntry(ctx, keyFor("step")), "no time for it")
	if _, there := f.get(acPath(entryPrefix, keyFor("step"))); there {
		t.Error("it is announced")
	}
	if got := a.trouble(); got.faults != 0 {
		t.Errorf("the server is said to be at fault: %+v", got)
	}
}

// A cancelled request is nobody's fault.
func TestCancelled(t *testing.T) {
	f := newFake(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	arrived := make(chan struct{}, 1)
	hangs := hang(release, "GET /ac/")
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		arrived <- struct{}{}
		return hangs(w, r)
	}
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := a.Entry(ctx, keyFor("step")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
