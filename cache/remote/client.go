package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// parallel is how many requests are under way at once.
const parallel = 8

// maxRedirects is how many redirections a download follows. Servers that keep their
// blobs elsewhere need one.
const maxRedirects = 3

// client makes requests. Each has an end: that of its context, and the server's silence.
type client struct {
	config *Config
	http   http.Client
}

func newClient(c *Config) *client {
	dialer := &net.Dialer{Timeout: c.timeout}
	return &client{
		config: c,
		http: http.Client{
			CheckRedirect: checkRedirect,
			Transport: &authorizer{c, &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DialContext:            dialer.DialContext,
				TLSHandshakeTimeout:    c.timeout,
				TLSClientConfig:        &tls.Config{RootCAs: c.roots, MinVersion: tls.VersionTLS12},
				ForceAttemptHTTP2:      true,
				MaxIdleConnsPerHost:    parallel,
				MaxConnsPerHost:        parallel,
				MaxResponseHeaderBytes: 64 << 10,
				DisableCompression:     true, // what was not asked for is not unpacked either
			}},
		},
	}
}

// authorizer puts the credentials on requests to the server that they are for. Package
// net/http would keep them in a request that is redirected, and send them to any host
// below the server's.
type authorizer struct {
	config *Config
	next   http.RoundTripper
}

func (a *authorizer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Del("Authorization") // a redirection can have credentials in its address
	if a.config.auth != "" && r.URL.Scheme == a.config.base.Scheme && r.URL.Host == a.config.base.Host {
		r.Header.Set("Authorization", a.config.auth)
	}
	return a.next.RoundTrip(r)
}

// checkRedirect follows a download to another place, but not from https to http. An
// upload is not followed: what GET would answer there is not what was asked.
func checkRedirect(r *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return http.ErrUseLastResponse
	case len(via) > maxRedirects:
		return fmt.Errorf("redirected %d times", len(via))
	case r.URL.Scheme != "https" && r.URL.Scheme != first.URL.Scheme:
		return errors.New("redirected from " + first.URL.Scheme + " to " + r.URL.Scheme)
	}
	r.Header.Del("Referer")
	return nil
}

// request makes one request. length is that of body, which is nil for none. The answer's
// body must be closed.
func (c *client) request(ctx context.Context, method, name string, body io.ReadCloser, length int64, header ...string) (*http.Response, error) {
	what := called(method, name)
	ctx, w := watch(ctx, c.config.timeout)
	u := c.config.base.JoinPath(name)
	r := (&http.Request{
		Method: method, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {"deptrace"}, "Accept": {"*/*"}},
	}).WithContext(ctx)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/octet-stream")
		r.ContentLength = length
		r.Body = http.NoBody
		if length > 0 {
			r.Body = &upload{body, w}
		} else {
			body.Close()
		}
	}
	resp, err := c.http.Do(r)
	if err != nil {
		w.stop()
		return nil, w.fault(what, err)
	}
	w.progress()
	resp.Body = &download{resp.Body, w, what}
	return resp, nil
}

// errSilent is a server that has stopped talking.
var errSilent = errors.New("the server is silent")

// watchdog ends a request that makes no progress.
type watchdog struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	limit  time.Duration
	timer  *time.Timer
	last   atomic.Int64 // when there was progress, in nanoseconds since 1970
}

func watch(ctx context.Context, limit time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watchdog{ctx: ctx, cancel: cancel, limit: limit}
	w.last.Store(time.Now().UnixNano())
	w.timer = time.AfterFunc(limit, func() { cancel(fmt.Errorf("%w for %v", errSilent, limit)) })
	return ctx, w
}

func (w *watchdog) progress() {
	w.last.Store(time.Now().UnixNano())
	w.timer.Reset(w.limit)
}

func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// fault says what an error of a request was about: the server's, or the caller's, who
// had no more time and may have asked for too much. A server that had not moved for a
// second then is at fault all the same.
func (w *watchdog) fault(what string, err error) error {
	switch cause := context.Cause(w.ctx); {
	case errors.Is(cause, errSilent):
		return unanswered(what, cause)
	case errors.Is(cause, context.DeadlineExceeded):
		if still := time.Since(time.Unix(0, w.last.Load())); still > time.Second {
			return unanswered(what, fmt.Errorf("%w for %v, and there is no more time", errSilent, still.Round(time.Second/10)))
		}
		return fmt.Errorf("%s: %w", what, errNoTime)
	case cause != nil && errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", what, context.Canceled)
	}
	return unanswered(what, plain(err))
}

// errNoTime is the end of the time that the caller gave.
var errNoTime = errors.New("there was no time for it")

// upload tells the watchdog of what is sent.
type upload struct {
	io.ReadCloser
	w *watchdog
}

func (u *upload) Read(p []byte) (int, error) {
	u.w.progress()
	return u.ReadCloser.Read(p)
}

// download tells the watchdog of what comes, and says what went wrong as request does.
type download struct {
	body io.ReadCloser
	w    *watchdog
	what string
}

func (d *download) Read(p []byte) (int, error) {
	n, err := d.body.Read(p)
	if n > 0 {
		d.w.progress()
	}
	if err != nil && err != io.EOF {
		err = d.w.fault(d.what, err)
	}
	return n, err
}

func (d *download) Close() error {
	err := d.body.Close()
	d.w.stop()
	return err
}

// status is the error of an answer that is none of those that the protocol knows.
func status(what string, resp *http.Response) error {
	code := resp.StatusCode
	message := fmt.Sprintf("the server says %d %s", code, http.StatusText(code))
	switch {
	case code == http.StatusUnauthorized && resp.Request.Header.Get("Authorization") == "":
		message = "the server wants credentials (401)"
	case code == http.StatusUnauthorized:
		message = "the server does not take the credentials (401)"
	case code >= 300 && code < 400:
		where := "elsewhere"
		if u, err := url.Parse(resp.Header.Get("Location")); err == nil && u.Host != "" {
			where = "to " + u.Scheme + "://" + u.Host
		}
		message = fmt.Sprintf("the server redirects it %s (%d), which is followed for reading only", where, code)
	}
	return unanswered(what, &refusal{code, message})
}
