package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/remote/helper"
	"deptrace/cache/store"
)

// programVar makes the test binary be deptrace-remote.
const programVar = "DEPTRACE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programVar) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// server keeps what it is given.
func server(t *testing.T) string {
	var files sync.Map
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			data, _ := io.ReadAll(r.Body)
			files.Store(r.URL.Path, data)
		} else if data, ok := files.Load(r.URL.Path); ok {
			w.Write(data.([]byte))
		} else {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func environ(dir string, vars ...string) []string {
	return append([]string{programVar + "=yes", "DEPTRACE_CACHE_DIR=" + dir}, vars...)
}

// machine is a store and what is started for it.
func machine(t *testing.T, vars ...string) (*store.Store, *helper.Helper) {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h, err := helper.Start(helper.Options{Path: self, Env: environ(dir, vars...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, h
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func add(t *testing.T, s *store.Store, content string) cache.Blob {
	t.Helper()
	sum, err := s.AddBytes([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return cache.Blob{Sum: sum, Size: int64(len(content))}
}

// An entry and its input sets go from one machine to another, through two programs.
func TestTravels(t *testing.T) {
	url := server(t)
	a, from := machine(t, "DEPTRACE_REMOTE="+url)
	stdout := add(t, a, "hello.c:1: warning\n")
	entry := &cache.Entry{Record: add(t, a, "record"), Stdout: &stdout, Files: []cache.File{
		{Path: "hello.o", Blob: add(t, a, "object")},
		{Path: "bin/\xff", Blob: add(t, a, ""), Exec: true},
	}}
	key, weak := [32]byte{1}, [32]byte{2}
	if err := a.Put(store.Entries, key, entry.Encode()); err != nil {
		t.Fatal(err)
	}
	set := add(t, a, "input set").Sum
	if err := a.Put(store.Sets, weak, set[:]); err != nil {
		t.Fatal(err)
	}
	for _, ask := range []func() (string, error){
		func() (string, error) { return from.PushEntry(soon(t), key) },
		func() (string, error) { return from.PushSets(soon(t), weak) },
	} {
		if _, err := ask(); err != nil {
			t.Fatal(err)
		}
	}

	b, to := machine(t, "DEPTRACE_REMOTE="+url)
	var miss *helper.MissError
	if _, err := to.Entry(soon(t), [32]byte{9}); !errors.As(err, &miss) || miss.Reason != "the server does not have it" {
		t.Errorf("got %v", err)
	}
	if got, err := to.Sets(soon(t), weak); err != nil || got != "new: 1, blobs: 1, bytes: 9" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := to.Entry(soon(t), key); err != nil || got != "blobs: 4, bytes: 31" {
		t.Errorf("got %q, %v", got, err)
	}
	data, err := b.Get(store.Entries, key)
	if err != nil || !bytes.Equal(data, entry.Encode()) {
		t.Errorf("the entry is %q, %v", data, err)
	}
	for _, sum := range []digest.Sum{set, entry.Record.Sum, stdout.Sum, entry.Files[0].Sum, entry.Files[1].Sum} {
		if !b.Has(sum) {
			t.Errorf("blob %s is not there", sum)
		}
	}
}

// What depends on the machine stays on it.
func TestLocalEntry(t *testing.T) {
	a, from := machine(t, "DEPTRACE_REMOTE="+server(t))
	entry := &cache.Entry{Record: add(t, a, "record"), Local: true}
	if err := a.Put(store.Entries, [32]byte{1}, entry.Encode()); err != nil {
		t.Fatal(err)
	}
	if _, err := from.PushEntry(soon(t), [32]byte{1}); err == nil || !strings.Contains(err.Error(), "depends on the machine") {
		t.Errorf("got %v", err)
	}
}

// An entry that a decoder would choke on is none.
func TestHostileEntry(t *testing.T) {
	for _, entry := range []string{"version = 1\na = " + strings.Repeat("[", 1<<20), "version = 2\n", "<html>"} {
		if blobs, err := entryBlobs([]byte(entry)); err == nil {
			t.Errorf("%.20q: no error, but %v", entry, blobs)
		}
	}
}

// What is wrong with the configuration is the answer, to every request.
func TestNotConfigured(t *testing.T) {
	for want, vars := range map[string][]string{
		"variable DEPTRACE_REMOTE: is not set":  nil,
		"variable DEPTRACE_REMOTE_TIMEOUT: is ": {"DEPTRACE_REMOTE=http://host", "DEPTRACE_REMOTE_TIMEOUT=x"},
		"variable DEPTRACE_CACHE_SIZE is ":      {"DEPTRACE_REMOTE=http://host", "DEPTRACE_CACHE_SIZE=x"},
	} {
		_, h := machine(t, vars...)
		for range 2 {
			_, err := h.Sets(soon(t), [32]byte{})
			var miss *helper.MissError
			if err == nil || errors.As(err, &miss) || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
}

// run runs the program by hand.
func run(t *testing.T, stdin string, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(soon(t), self, args...)
	c.Env = env
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &errs
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// A line that is none is answered, and the next one too; the end of the lines is the end.
func TestLines(t *testing.T) {
	zeros := strings.Repeat("0", 64)
	stdout, stderr, status := run(t, "what\nentry "+zeros+"\nsets "+zeros+" 5000\n", environ(t.TempDir(), "DEPTRACE_REMOTE="+server(t)))
	want := "error unknown request \"what\"\nmiss the server does not have it\nmiss the server does not have it\n"
	if stdout != want || stderr != "" || status != 0 {
		t.Errorf("got %q, %q, %d, want %q", stdout, stderr, status, want)
	}
	_, stderr, status = run(t, strings.Repeat("x", helper.MaxLine+1)+"\n", environ(t.TempDir(), "DEPTRACE_REMOTE="+server(t)))
	if !strings.Contains(stderr, "token too long") || status != 1 {
		t.Errorf("a line without end: %q, %d", stderr, status)
	}
}

func TestPing(t *testing.T) {
	stdout, stderr, status := run(t, "", environ(t.TempDir(), "DEPTRACE_REMOTE="+server(t)), "ping")
	if !strings.Contains(stdout, ": reads and writes work, ") || stderr != "" || status != 0 {
		t.Errorf("got %q, %q, %d", stdout, stderr, status)
	}
	forbids := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		http.NotFound(w, r)
	}))
	defer forbids.Close()
	for want, vars := range map[string][]string{
		"deptrace-remote: variable DEPTRACE_REMOTE: is not set\ndeptrace-remote: hint: set it to the address": nil,
		"the server says 403 Forbidden\ndeptrace-remote: hint: if only reading":                               {"DEPTRACE_REMOTE=" + forbids.URL},
		"connection refused\ndeptrace-remote: hint: is the server running":                                    {"DEPTRACE_REMOTE=http://user:s3cret@127.0.0.1:1"},
		"the credentials go over the network unencrypted":                                                     {"DEPTRACE_REMOTE=http://user:s3cret@cache.invalid", "HTTP_PROXY=http://127.0.0.1:1"},
	} {
		// Not even where the store could be need be known.
		stdout, stderr, status := run(t, "", append(vars, programVar+"=yes"), "ping")
		if stdout != "" || !strings.Contains(stderr, want) || status != 1 {
			t.Errorf("got %q, %q, %d, want %q", stdout, stderr, status, want)
		}
		if strings.Contains(stderr, "s3cret") {
			t.Errorf("the password is in %q", stderr)
		}
	}
	stdout, _, status = run(t, "", environ(t.TempDir(), "DEPTRACE_REMOTE="+forbids.URL, "DEPTRACE_REMOTE_READONLY=1"), "ping")
	if !strings.Contains(stdout, "reads work, writes are turned off") || status != 0 {
		t.Errorf("got %q, %d", stdout, status)
	}
}

func TestUsage(t *testing.T) {
	stdout, _, status := run(t, "", environ(t.TempDir()), "--help")
	if stdout != usage || status != 0 {
		t.Errorf("got %q, %d", stdout, status)
	}
	_, stderr, status := run(t, "", environ(t.TempDir()), "pong")
	if !strings.HasPrefix(stderr, "deptrace-remote: unknown arguments: pong\n") || status != 2 {
		t.Errorf("got %q, %d", stderr, status)
	}
}
