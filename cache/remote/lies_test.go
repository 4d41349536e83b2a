package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"deptrace/cache/store"
)

// hang answers requests that begin with prefix only when release is closed.
func hang(release <-chan struct{}, prefix string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.Method+" "+r.URL.Path, prefix) {
			return false
		}
		io.Copy(io.Discard, r.Body)
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	}
}

// trouble is what is remembered of the server.
func (m *machine) trouble() trouble {
	m.t.Helper()
	data, err := os.ReadFile(m.breaker.path)
	if err != nil && !os.IsNotExist(err) {
		m.t.Fatal(err)
	}
	return parseTrouble(data)
}

// packed packs as a stream, which does not know its size in advance.
func packed(content []byte, o ...zstd.EOption) []byte {
	var b bytes.Buffer
	e, err := zstd.NewWriter(&b, o...)
	if err == nil {
		_, err = e.Write(content)
	}
	if err := errors.Join(err, e.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Whatever a server does, it is a miss with a reason, it is remembered, and there is
// neither an entry nor a wrong byte in the store.
func TestLies(t *testing.T) {
	const size = 20_000
	content := strings.Repeat("object file ", size/12)
	key := keyFor("step")
	blob := func(answer func(w http.ResponseWriter, r *http.Request)) func(*fake, http.ResponseWriter, *http.Request) bool {
		return func(f *fake, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != casPath(content) {
				return false
			}
			answer(w, r)
			return true
		}
	}
	action := func(data []byte) func(*fake, http.ResponseWriter, *http.Request) bool {
		return func(f *fake, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != acPath(entryPrefix, key) {
				return false
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			w.Write(data)
			return true
		}
	}
	send := func(data []byte, header ...string) func(w http.ResponseWriter, r *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			w.Write(data)
		}
	}
	good := []byte(content)
	other := bytes.Repeat([]byte("x"), len(good))
	record := parcel{Data: []byte("no entry\n")}
	for _, c := range []struct {
		name string
		lie  func(f *fake, w http.ResponseWriter, r *http.Request) bool
		want string
	}{
		{"wrong bytes", blob(send(other)), "the bytes are others"},
		{"wrong bytes in zstd", blob(send(packed(other), "Content-Encoding", "zstd")), "the bytes are others"},
		{"no zstd", blob(send(good, "Content-Encoding", "zstd")), "magic"},
		{"zstd cut off", blob(send(packed(good)[:30], "Content-Encoding", "zstd")), "unexpected EOF"},
		{"a bomb", blob(send(packed(make([]byte, 1<<26)), "Content-Encoding", "zstd")), "more than 19992 bytes"},
		{"a window that takes all memory", blob(send(packed(bytes.Repeat(good, 50), zstd.WithWindowSize(512<<20)), "Content-Encoding", "zstd")), "window size exceeded"},
		{"gzip", blob(send(good, "Content-Encoding", "gzip")), `encoding that was not asked for: "gzip"`},
		{"too short", blob(send(good[1:])), "an answer of 19991 bytes, want 19992"},
		{"too long", blob(send(append(slices.Clone(good), 'x'))), "an answer of 19993 bytes, want 19992"},
		{"chunked and too short", blob(func(w http.ResponseWriter, r *http.Request) {
			w.Write(good[:100])
			w.(http.Flusher).Flush()
		}), "an answer of 100 bytes, want 19992"},
		{"endless", blob(func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := w.Write(good); err != nil {
					return
				}
			}
		}), "an answer of more than 19992 bytes"},
		{"cut off", blob(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(good)))
			w.Write(good[:100])
		}), "unexpected EOF"},
		{"says nothing", blob(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "the server is silent for 200ms"},
		{"stops talking", blob(func(w http.ResponseWriter, r *http.Request) {
			w.Write(good[:100])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}), "the server is silent for 200ms"},
		{"hangs up", blob(func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }), "EOF"},
		{"no HTTP", blob(func(w http.ResponseWriter, r *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				io.WriteString(c, "220 mail.example ESMTP\r\n")
				c.Close()
			}
		}), "malformed HTTP"},
		{"500", blob(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "out of order", 500) }), "the server says 500 Internal Server Error"},
		{"204", blob(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }), "the server says 204 No Content"},
		{"a header without end", blob(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
		}), "server response headers exceeded"},

		{"no message", action([]byte("<html>")), "no ActionResult"},
		{"an empty message", action(nil), "no record, but 0 other files"},
		{"a failed step", action(appendAction(nil, actionResult{exitCode: 1})), "an ActionResult with exit code 1"},
		{"two records", action(appendAction(nil, actionResult{files: []Blob{{Path: recordPath}, {Path: recordPath}}})), "two records"},
		{"an enormous message", action(make([]byte, maxAction+1)), "and 8388608 is the most"},
		{"an enormous record", action(appendAction(nil, actionResult{files: []Blob{{Path: recordPath, Size: maxRecord + 1}}})), "8388609 bytes are announced"},
		{"an enormous blob", action(appendAction(nil, actionResult{files: []Blob{{Path: recordPath}, {Path: "x", Size: 1 << 62}}})), "more than 1073741824 bytes"},
		{"two sizes", action(appendAction(nil, actionResult{files: []Blob{{Path: recordPath}, {Path: "x", Size: 1}, {Path: "y", Size: 2}}})), "has two sizes"},
		{"a blob not announced", func(f *fake, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != acPath(entryPrefix, key) {
				return false
			}
			data, _ := f.get(r.URL.Path)
			m, err := parseAction(data)
			if err != nil {
				panic(err)
			}
			w.Write(appendAction(nil, actionResult{files: m.files[:1]}))
			return true
		}, "which is not announced with it"},
		{"another record", func(f *fake, w http.ResponseWriter, r *http.Request) bool {
			data, ok := f.get(r.URL.Path)
			if !ok || !strings.HasSuffix(string(data), "out/0\n") {
				return false
			}
			w.Write(bytes.ReplaceAll(data, []byte("out/0"), []byte("out/1")))
			return true
		}, "the bytes are others"},
		{"a record that is none", func(f *fake, w http.ResponseWriter, r *http.Request) bool {
			f.put(casPath(string(record.Data)), record.Data)
			return action(appendAction(nil, record.action()))(f, w, r)
		}, "no entry"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
			a.step(key, content)
			a.works(a.PushEntry(soon(t), key))
			f.before = func(w http.ResponseWriter, r *http.Request) bool { return c.lie(f, w, r) }

			// Nothing is silent for 10 s that is not meant to be, however busy the machine.
			timeout := "10s"
			if strings.Contains(c.want, "silent") {
				timeout = "200ms"
			}
			b := newMachine(t, "DEPTRACE_REMOTE="+f.URL, "DEPTRACE_REMOTE_TIMEOUT="+timeout)
			_, err := b.Entry(soon(t), key)
			b.misses(err, c.want)
			b.lacks(key)
			if _, damaged, err := b.store.Verify(nil); err != nil || len(damaged) > 0 {
				t.Errorf("the store: %v, damaged are %q", err, damaged)
			}
			s, err := b.store.Stats(nil)
			if err != nil || s.Temporary.Files > 0 {
				t.Errorf("the store: %v, %d temporary files", err, s.Temporary.Files)
			}
			if ours := strings.Contains(c.want, "1073741824") || c.want == "no entry"; b.trouble().faults != 1 && !ours {
				t.Errorf("the fault is not remembered: %+v", b.trouble())
			}

			// An honest server is believed again.
			f.honest()
			b = reopen(t, b.dir, "DEPTRACE_REMOTE="+f.URL)
			_, err = b.Entry(soon(t), key)
			b.works(err)
			b.has(key, content)
			if got := b.trouble(); got.faults != 0 {
				t.Errorf("the fault is still remembered: %+v", got)
			}
		})
	}
}

// A blob of an entry that is gone is a miss, and no fault.
func TestBlobGone(t *testing.T) {
	f := newFake(t)
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.step(keyFor("step"), "one", "two")
	a.works(a.PushEntry(soon(t), keyFor("step")))
	delete(f.files, casPath("two"))
	b := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	for range maxFaults + 1 {
		_, err := b.Entry(soon(t), keyFor("step"))
		b.misses(err, "not all of its blobs any more")
	}
	b.lacks(keyFor("step"))
	// The machine that has to run the step heals it.
	b.step(keyFor("step"), "one", "two")
	b.works(b.PushEntry(soon(t), keyFor("step")))
	c := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	_, err := c.Entry(soon(t), keyFor("step"))
	c.works(err)
	c.has(keyFor("step"), "one", "two")
}

// A trickle is not silence, but the caller's time ends it, and it counts.
func TestTrickle(t *testing.T) {
	f := newFake(t)
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.step(keyFor("step"), strings.Repeat("x", 10_000))
	a.works(a.PushEntry(soon(t), keyFor("step")))
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != casPath(strings.Repeat("x", 10_000)) {
			return false
		}
		w.Header().Set("Content-Length", "10000")
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return true
			case <-tick.C:
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
			}
		}
	}
	b := newMachine(t, "DEPTRACE_REMOTE="+f.URL, "DEPTRACE_REMOTE_TIMEOUT=10s")
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err := b.Entry(ctx, keyFor("step"))
	b.misses(err, "there was no time for it")
	if b.trouble().faults != 1 {
		t.Errorf("the fault is not remembered: %+v", b.trouble())
	}
}

// A download may take longer than a server may be silent, if it goes on.
func TestSlow(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	content := strings.Repeat("x", 15)
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.step(keyFor("step"), content)
	a.works(a.PushEntry(soon(t), keyFor("step")))
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != casPath(content) {
			return false
		}
		tick := time.NewTicker(160 * time.Millisecond)
		defer tick.Stop()
		for range content {
			<-tick.C
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
		}
		return true
	}
	b := newMachine(t, "DEPTRACE_REMOTE="+f.URL, "DEPTRACE_REMOTE_TIMEOUT=2s")
	_, err := b.Entry(soon(t), keyFor("step"))
	b.works(err)
	b.has(keyFor("step"), content)
}

// An upload to a server that does not take it is a miss with a reason, too.
func TestUploadRefused(t *testing.T) {
	for want, answer := range map[string]func(w http.ResponseWriter, r *http.Request){
		"the server says 507 Insufficient Storage": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(507) },
		"the server says 400 Bad Request":          func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(400) },
		"the server is silent for 200ms":           func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		f := newFake(t)
		f.before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut || r.URL.Path != casPath("x") {
				return false
			}
			io.Copy(io.Discard, r.Body)
			answer(w, r)
			return true
		}
		a := newMachine(t, "DEPTRACE_REMOTE="+f.URL, "DEPTRACE_REMOTE_TIMEOUT=200ms")
		a.step(keyFor("step"), "x")
		a.misses(a.PushEntry(soon(t), keyFor("step")), want)
		if _, there := f.get(acPath(entryPrefix, keyFor("step"))); there {
			t.Errorf("%s: the entry is announced all the same", want)
		}
	}
}

// A blob that is damaged here is not passed on.
func TestDamagedHere(t *testing.T) {
	f := newFake(t)
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.step(keyFor("step"), "good")
	file, err := a.store.OpenBlob(a.add("good"))
	a.works(err)
	name := file.Name()
	file.Close()
	a.works(os.Chmod(name, 0o644))
	a.works(os.WriteFile(name, []byte("evil"), 0o644))
	a.misses(a.PushEntry(soon(t), keyFor("step")), "is damaged in the local store")
	if n := count(f.requests(), "PUT /cas/"+strings.Split(casPath("good"), "/")[2]); n != 0 {
		t.Error("it is uploaded")
	}
}

// What the server has of another size than ours is not what we have.
func TestHeadOfAnotherSize(t *testing.T) {
	f := newFake(t)
	f.put(casPath("whole"), []byte("who"))
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.step(keyFor("step"), "whole")
	a.works(a.PushEntry(soon(t), keyFor("step")))
	if data, _ := f.get(casPath("whole")); string(data) != "whole" {
		t.Errorf("the server has %q", data)
	}
}

// A store that cannot take what comes is an error, and none of the server's.
func TestStoreFull(t *testing.T) {
	f := newFake(t)
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	a.step(keyFor("step"), "x")
	a.works(a.PushEntry(soon(t), keyFor("step")))
	b := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	// A file where a directory is to be stands for whatever keeps us from writing.
	a.works(os.RemoveAll(b.dir + "/v1/tmp"))
	a.works(os.WriteFile(b.dir+"/v1/tmp", nil, 0o644))
	_, err := b.Entry(soon(t), keyFor("step"))
	if err == nil || strings.Contains(err.Error(), "server") || b.trouble().faults != 0 {
		t.Errorf("got %v, and %+v is remembered", err, b.trouble())
	}
	if _, err := b.store.Get(store.Entries, keyFor("step")); err == nil {
		t.Error("there is an entry")
	}
}

// Nobody listens; nobody answers.
func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	// Listening, and accepting nothing: the kernel makes the connection.
	a := newMachine(t, "DEPTRACE_REMOTE="+url, "DEPTRACE_REMOTE_TIMEOUT=100ms")
	_, err = a.Entry(soon(t), keyFor("step"))
	a.misses(err, "the server is silent for 100ms")
	l.Close()
	a = newMachine(t, "DEPTRACE_REMOTE="+url)
	_, err = a.Entry(soon(t), keyFor("step"))
	a.misses(err, "connection refused")
}
