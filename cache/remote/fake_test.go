package remote

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"deptrace/cache/digest"
	"deptrace/cache/store"
)

// fake is a server that does what the protocol says, but for what a test has it do.
type fake struct {
	*httptest.Server
	// before, if it is set, can answer a request itself, and says whether it did. It is
	// called until the server is made honest.
	before func(w http.ResponseWriter, r *http.Request) bool

	mu    sync.Mutex
	tame  bool
	files map[string][]byte // by path
	seen  []string          // methods and paths
}

func newFake(t *testing.T) *fake {
	f := &fake{files: make(map[string][]byte)}
	f.Server = httptest.NewServer(f)
	t.Cleanup(func() {
		f.CloseClientConnections() // some tests leave requests hanging
		f.Close()
	})
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.seen = append(f.seen, r.Method+" "+r.URL.Path)
	tame := f.tame
	f.mu.Unlock()
	if !tame && f.before != nil && f.before(w, r) {
		return
	}
	switch r.Method {
	case http.MethodPut:
		data, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength != int64(len(data)) {
			http.Error(w, "no Content-Length", http.StatusLengthRequired)
			return
		}
		f.put(r.URL.Path, data)
		w.WriteHeader(http.StatusCreated)
	default:
		data, ok := f.get(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		if r.Method == http.MethodGet {
			w.Write(data)
		}
	}
}

// honest ends what the test had the server do.
func (f *fake) honest() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tame = true
}

func (f *fake) put(path string, data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[path] = data
}

func (f *fake) get(path string) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	data, ok := f.files[path]
	return data, ok
}

// requests returns what was asked since the last time.
func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen
	f.seen = nil
	return seen
}

// machine is a local store with a remote.
type machine struct {
	*Remote
	t   testing.TB
	dir string
}

// newMachine returns a machine with an empty store. settings are variables.
func newMachine(t testing.TB, settings ...string) *machine {
	t.Helper()
	dir := t.TempDir()
	return reopen(t, dir, settings...)
}

// reopen returns a machine with the store in dir: another process of the same machine.
func reopen(t testing.TB, dir string, settings ...string) *machine {
	t.Helper()
	config, err := FromEnviron(settings)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{New(Options{Config: config, Store: s, Dir: dir, EntryBlobs: testBlobs}), t, dir}
	t.Cleanup(m.client.http.CloseIdleConnections)
	return m
}

// testBlobs reads the entries of these tests: lines with a digest, a size and a name.
func testBlobs(data []byte) ([]Blob, error) {
	var blobs []Blob
	for line := range strings.Lines(string(data)) {
		words := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		if len(words) != 3 {
			return nil, fmt.Errorf("no line of an entry: %q", line)
		}
		sum, ok := parseSum(words[0])
		size, err := strconv.ParseInt(words[1], 10, 64)
		if !ok || err != nil {
			return nil, fmt.Errorf("no line of an entry: %q", line)
		}
		blobs = append(blobs, Blob{Path: words[2], Sum: sum, Size: size})
	}
	return blobs, nil
}

// add puts contents into the store.
func (m *machine) add(content string) digest.Sum {
	m.t.Helper()
	sum, err := m.store.AddBytes([]byte(content))
	if err != nil {
		m.t.Fatal(err)
	}
	return sum
}

// step puts an entry with these contents into the store, as if a step had been run.
func (m *machine) step(key [32]byte, contents ...string) {
	m.t.Helper()
	var entry bytes.Buffer
	for i, c := range contents {
		fmt.Fprintf(&entry, "%s %d out/%d\n", m.add(c), len(c), i)
	}
	if err := m.store.Put(store.Entries, key, entry.Bytes()); err != nil {
		m.t.Fatal(err)
	}
}

// knows puts input sets of these contents, the latest first, into the store.
func (m *machine) knows(key [32]byte, sets ...string) {
	m.t.Helper()
	var sums []digest.Sum
	for _, s := range sets {
		sums = append(sums, m.add(s))
	}
	if err := m.store.Put(store.Sets, key, store.EncodeSets(sums)); err != nil {
		m.t.Fatal(err)
	}
}

// sets returns the contents of the input sets that are known.
func (m *machine) known(key [32]byte) []string {
	m.t.Helper()
	data, err := m.store.Get(store.Sets, key)
	if err != nil {
		return nil
	}
	sums, err := store.ParseSets(data)
	if err != nil {
		m.t.Fatal(err)
	}
	var contents []string
	for _, s := range sums {
		b, err := m.store.Bytes(s, 1<<20)
		if err != nil {
			m.t.Fatal(err)
		}
		contents = append(contents, string(b))
	}
	return contents
}

// has wants the entry with these contents to be in the store.
func (m *machine) has(key [32]byte, contents ...string) {
	m.t.Helper()
	data, err := m.store.Get(store.Entries, key)
	if err != nil {
		m.t.Fatal(err)
	}
	blobs, err := testBlobs(data)
	if err != nil {
		m.t.Fatal(err)
	}
	var got []string
	for _, b := range blobs {
		content, err := m.store.Bytes(b.Sum, 1<<30)
		if err != nil {
			m.t.Fatal(err)
		}
		got = append(got, string(content))
	}
	if !slices.Equal(got, contents) {
		m.t.Errorf("the entry holds %.200q, want %.200q", got, contents)
	}
}

// lacks wants no entry to be in the store.
func (m *machine) lacks(key [32]byte) {
	m.t.Helper()
	if data, err := m.store.Get(store.Entries, key); err == nil {
		m.t.Errorf("an entry is in the store: %q", data)
	}
}

// works wants an error to be nil.
func (m *machine) works(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// misses wants an error to be a miss with a reason that has these words in it.
func (m *machine) misses(err error, words string) {
	m.t.Helper()
	var miss *MissError
	if !errors.As(err, &miss) {
		m.t.Errorf("got %v, want a miss with %q", err, words)
	} else if !strings.Contains(miss.Reason, words) {
		m.t.Errorf("the reason for the miss is %q, want %q in it", miss.Reason, words)
	}
}

// soon is a context for requests that are to be answered.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func keyFor(name string) [32]byte { return sha256.Sum256([]byte(name)) }

func acPath(prefix string, key [32]byte) string { return "/" + acName(actionKey(prefix, key)) }
func casPath(content string) string             { return "/" + casName(sha256.Sum256([]byte(content))) }
