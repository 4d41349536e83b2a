package remote

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// elsewhere is a server that redirects some requests to another host, which takes note
// of what it is told.
type elsewhere struct {
	*fake
	mu     sync.Mutex
	told   []string // headers that are nobody's business there
	direct *fake
}

func newElsewhere(t *testing.T, code int, prefix string) *elsewhere {
	e := &elsewhere{fake: newFake(t), direct: newFake(t)}
	e.direct.files = e.fake.files
	e.direct.before = func(w http.ResponseWriter, r *http.Request) bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, name := range []string{"Authorization", "Referer", "Cookie"} {
			if v := r.Header.Get(name); v != "" {
				e.told = append(e.told, name+": "+v)
			}
		}
		return false
	}
	e.fake.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		if !strings.HasPrefix(r.Method+" "+r.URL.Path, prefix) {
			return false
		}
		// With the same name as this one, on another port, and with a password.
		to, _ := url.Parse(e.direct.URL)
		http.Redirect(w, r, "http://evil:eye@"+to.Host+r.URL.Path, code)
		return true
	}
	return e
}

// Downloads follow a redirection; the credentials do not.
func TestRedirectedDownload(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		e := newElsewhere(t, code, "GET /cas/")
		a := newMachine(t, "DEPTRACE_REMOTE="+e.URL, "DEPTRACE_REMOTE_TOKEN=s3cret")
		a.step(keyFor("step"), "x")
		a.works(a.PushEntry(soon(t), keyFor("step")))
		b := newMachine(t, "DEPTRACE_REMOTE="+e.URL, "DEPTRACE_REMOTE_TOKEN=s3cret")
		_, err := b.Entry(soon(t), keyFor("step"))
		b.works(err)
		b.has(keyFor("step"), "x")
		if len(e.direct.requests()) == 0 {
			t.Errorf("%d: the other host was not asked", code)
		}
		if len(e.told) > 0 {
			t.Errorf("%d: the other host was told %q", code, e.told)
		}
	}
}

// An upload does not follow: what a GET answers there would pass for success.
func TestRedirectedUpload(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		e := newElsewhere(t, code, "PUT /")
		// That host answers whatever it is asked.
		e.direct.before = func(w http.ResponseWriter, r *http.Request) bool { return true }
		a := newMachine(t, "DEPTRACE_REMOTE="+e.URL, "DEPTRACE_REMOTE_TOKEN=s3cret")
		a.step(keyFor("step"), "x")
		a.misses(a.PushEntry(soon(t), keyFor("step")), fmt.Sprintf("redirects it to %s (%d), which is followed for reading only", e.direct.URL, code))
		if asked := e.direct.requests(); len(asked) > 0 {
			t.Errorf("%d: the other host was asked %q", code, asked)
		}
		_, err := a.Ping(soon(t))
		if want := "set DEPTRACE_REMOTE to the address that it redirects to"; err == nil || Hint(err) != want {
			t.Errorf("%d: the hint for %v is %q", code, err, Hint(err))
		}
	}
}

// A loop ends, and so does a way from https to http.
func TestRedirectedForNothing(t *testing.T) {
	f := newFake(t)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
		return true
	}
	a := newMachine(t, "DEPTRACE_REMOTE="+f.URL)
	_, err := a.Entry(soon(t), keyFor("step"))
	a.misses(err, "redirected 4 times")
	if n := len(f.requests()); n != maxRedirects+1 {
		t.Errorf("%d requests", n)
	}

	plain := newFake(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL+r.URL.Path+"?signature=s3cret", http.StatusFound)
	}))
	defer secure.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	a.works(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o644))
	a = newMachine(t, "DEPTRACE_REMOTE="+secure.URL, "DEPTRACE_REMOTE_CA="+ca)
	_, err = a.Entry(soon(t), keyFor("step"))
	a.misses(err, "redirected from https to http")
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error holds what the server put into the address: %v", err)
	}
	if n := len(plain.requests()); n > 0 {
		t.Errorf("%d requests in the clear", n)
	}
}

// A server whose certificate nobody knows is not believed, and the hint says what to do.
func TestUnknownCertificate(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = discard
	secure.StartTLS()
	defer secure.Close()
	a := newMachine(t, "DEPTRACE_REMOTE="+secure.URL, "DEPTRACE_REMOTE_TOKEN=s3cret")
	_, err := a.Ping(soon(t))
	if err == nil || !strings.Contains(err.Error(), "certificate") || !strings.Contains(Hint(err), "DEPTRACE_REMOTE_CA=FILE") {
		t.Errorf("got %v, with the hint %q", err, Hint(err))
	}
}
