package remote

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"deptrace/cache/digest"
)

// errAbsent is a 404: the server does not have it, and nothing is wrong.
var errAbsent = errors.New("the server does not have it")

func acName(key digest.Sum) string  { return "ac/" + key.String() }
func casName(sum digest.Sum) string { return "cas/" + sum.String() }

// short is how a blob is called in messages, and called a request: the first digits of a
// digest tell one from another.
func short(sum digest.Sum) string { return "blob " + sum.String()[:12] }

func called(method, name string) string {
	kind, digits, _ := strings.Cut(name, "/")
	return method + " " + kind + "/" + digits[:12]
}

// action returns the message under a key of the server, or errAbsent.
func (c *client) action(ctx context.Context, key digest.Sum) (actionResult, error) {
	name := acName(key)
	resp, err := c.get(ctx, name)
	if err != nil {
		return actionResult{}, err
	}
	defer resp.Body.Close()
	what := called("GET", name)
	if enc := resp.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return actionResult{}, faultf(what, "an answer in an encoding that was not asked for: %q", enc)
	}
	if resp.ContentLength > maxAction {
		return actionResult{}, faultf(what, "an answer of %d bytes, and %d is the most", resp.ContentLength, maxAction)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAction+1))
	if err != nil {
		return actionResult{}, err
	}
	if len(data) > maxAction {
		return actionResult{}, faultf(what, "an answer of more than %d bytes", maxAction)
	}
	a, err := parseAction(data)
	if err != nil {
		return actionResult{}, &FaultError{What: what, Err: err}
	}
	if a.exitCode != 0 {
		return actionResult{}, faultf(what, "an ActionResult with exit code %d", a.exitCode)
	}
	return a, nil
}

// get asks for a name. The answer is a 200, and its body must be closed.
func (c *client) get(ctx context.Context, name string, header ...string) (*http.Response, error) {
	resp, err := c.request(ctx, http.MethodGet, name, nil, 0, header...)
	if err != nil {
		return nil, err
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return resp, nil
	case http.StatusNotFound, http.StatusGone:
		err = errAbsent
	default:
		err = status(called("GET", name), resp)
	}
	finish(resp)
	return nil, err
}

// finish reads what is left of a small answer, so that the connection can be used again.
func finish(resp *http.Response) {
	io.Copy(io.Discard, io.LimitReader(resp.Body, 4<<10))
	resp.Body.Close()
}

// blob writes a blob to w. It checks that there are size bytes and no more; whether they
// are the right ones is for w to find out.
func (c *client) blob(ctx context.Context, sum digest.Sum, size int64, w io.Writer) error {
	name := casName(sum)
	what := called("GET", name)
	var header []string
	if size >= worthPacking {
		header = []string{"Accept-Encoding", "zstd"}
	}
	resp, err := c.get(ctx, name, header...)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body := io.Reader(resp.Body)
	switch enc := resp.Header.Get("Content-Encoding"); {
	case enc == "zstd" && header != nil:
		unpacked, err := unpack(body)
		if err != nil {
			return &FaultError{What: what, Err: err}
		}
		defer unpacked.Close()
		body = unpacked
	case enc != "" && enc != "identity":
		return faultf(what, "an answer in an encoding that was not asked for: %q", enc)
	case resp.ContentLength >= 0 && resp.ContentLength != size:
		return faultf(what, "an answer of %d bytes, want %d", resp.ContentLength, size)
	}
	to := &target{w: w}
	n, err := io.Copy(to, io.LimitReader(body, size+1))
	var fault *FaultError
	switch {
	case to.err != nil:
		return to.err
	case err != nil && (errors.As(err, &fault) || errors.Is(err, errNoTime) || errors.Is(err, context.Canceled)):
		return err
	case err != nil:
		return &FaultError{What: what, Err: err} // it cannot be unpacked
	case n < size:
		return faultf(what, "an answer of %d bytes, want %d", n, size)
	case n > size:
		return faultf(what, "an answer of more than %d bytes", size)
	}
	return nil
}

// target keeps apart what goes wrong where the bytes go.
type target struct {
	w   io.Writer
	err error
}

func (t *target) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	if err != nil {
		t.err = err
	}
	return n, err
}

// bytes returns a blob that is to be small, and has the right digest.
func (c *client) bytes(ctx context.Context, sum digest.Sum, size, most int64) ([]byte, error) {
	what := called("GET", casName(sum))
	if size > most {
		return nil, faultf(what, "%d bytes are announced, and %d is the most", size, most)
	}
	var b bytes.Buffer
	if err := c.blob(ctx, sum, size, &b); err != nil {
		return nil, err
	}
	if sha256.Sum256(b.Bytes()) != sum {
		return nil, faultf(what, "the bytes are others than those of that name")
	}
	return b.Bytes(), nil
}

// has reports whether the server has a blob.
func (c *client) has(ctx context.Context, sum digest.Sum, size int64) (bool, error) {
	name := casName(sum)
	resp, err := c.request(ctx, http.MethodHead, name, nil, 0)
	if err != nil {
		return false, err
	}
	defer finish(resp)
	switch resp.StatusCode {
	case http.StatusOK:
		// A blob of another size is not the blob; some proxies do not say the size.
		return resp.ContentLength < 0 || resp.ContentLength == size, nil
	case http.StatusNotFound, http.StatusGone, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return false, nil
	}
	return false, status(called("HEAD", name), resp)
}

// put uploads the size bytes of body, and closes it.
func (c *client) put(ctx context.Context, name string, body io.ReadCloser, size int64) error {
	resp, err := c.request(ctx, http.MethodPut, name, body, size)
	if err != nil {
		return err
	}
	defer finish(resp)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return status(called("PUT", name), resp)
	}
	return nil
}

func (c *client) putBytes(ctx context.Context, name string, data []byte) error {
	return c.put(ctx, name, io.NopCloser(bytes.NewReader(data)), int64(len(data)))
}

// putAction uploads the message that announces a record. All that it names must be there.
func (c *client) putAction(ctx context.Context, key digest.Sum, a actionResult) error {
	data := appendAction(nil, a)
	if len(data) > maxAction {
		return fmt.Errorf("a record of %d files is too long for the server", len(a.files))
	}
	return c.putBytes(ctx, acName(key), data)
}
