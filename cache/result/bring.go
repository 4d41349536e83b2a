package result

import (
	"errors"
	"fmt"
	"strings"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/restore"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// Hit is a result that has been brought back. Its outputs are in their places; what is left
// to do is to print, and to write what deptrace writes itself.
type Hit struct {
	// Record is the record of the step as this command would make it, but for its way to
	// the root. Depfile is the depfile, nil if the result has none.
	Record  *manifest.Manifest
	Depfile []byte
	// Stdout and Stderr are what the command printed. Where the two are one open file,
	// Stdout is both.
	Stdout, Stderr []byte
	// Restored are the outputs that were not as they should be, by their paths from the root.
	Restored []string
	// Untimed is why outputs have not the times that make would want; nil: they have.
	Untimed error
}

// bring brings the result of an entry back. Only when all of it is at hand, and verified, is
// an output touched. What was edited while it did is an error in the end: the outputs are
// not those that a run would leave now, and look newer.
func (l *lookup) bring(e *cache.Entry) (*Hit, error) {
	cmd := l.cmd
	m, err := l.record(cmd, e)
	if err != nil {
		return nil, err
	}
	h := &Hit{Record: m}
	for _, b := range []struct {
		what string
		blob *cache.Blob
		to   *[]byte
	}{{"the depfile", e.Depfile, &h.Depfile}, {"what it printed", e.Stdout, &h.Stdout}, {"what it printed", e.Stderr, &h.Stderr}} {
		if b.blob == nil {
			continue
		}
		if *b.to, err = l.Store.Bytes(b.blob.Sum, maxBlob); err != nil {
			return nil, fmt.Errorf("%s: %w", b.what, err)
		}
	}
	wants, err := wanted(cmd, m)
	if err != nil {
		return nil, err
	}
	differ, err := restore.Compare(cmd.Root, wants, cmd.digests)
	if err != nil {
		return nil, err
	}
	var todo []restore.Want
	for i, w := range wants {
		if differ[i] {
			todo = append(todo, w)
			h.Restored = append(h.Restored, w.Path)
		}
	}
	if err := restore.Outputs(cmd.Root, todo, l.Store); err != nil {
		return nil, err
	}
	in, err := look(cmd, m, l.known)
	if err != nil {
		return nil, err
	}
	h.Untimed = setTimes(cmd, in, wants, differ)
	return h, nil
}

// record returns the record of an entry, made whole again with what this command and the
// one that made it have in common. Whoever made it can have stored anything: it must be
// one that this command could have kept.
func (c *Cache) record(cmd *Command, e *cache.Entry) (*manifest.Manifest, error) {
	data, err := c.Store.Bytes(e.Record.Sum, maxBlob)
	if err != nil {
		return nil, fmt.Errorf("the record: %w", err)
	}
	m, err := manifest.DecodeBinary(data)
	if err != nil {
		return nil, fmt.Errorf("the record: %w", err)
	}
	if !m.Complete || m.Step.Exit != 0 || len(m.Side) > 0 {
		return nil, errors.New("the record is of a step that cannot be cached")
	}
	if err := cmd.unwanted(m); err != nil {
		return nil, err
	}
	m.Step.Argv = cmd.Argv
	m.Step.Env, m.Step.EnvUnset, m.Step.EnvOff = cmd.environment()
	return m, nil
}

// wanted returns the outputs of a record as what is to be there, but for the one that is
// printed.
func wanted(cmd *Command, m *manifest.Manifest) ([]restore.Want, error) {
	var wants []restore.Want
	read := map[string]bool{}
	for i := range m.Inputs {
		if m.Inputs[i].Kind == footprint.Read {
			read[m.Inputs[i].Path] = true
		}
	}
	for i := range m.Outputs {
		out := &m.Outputs[i]
		if out.Path == "." && out.Kind == manifest.Dir {
			continue // the root, of which nothing is recorded but that it is there
		}
		path := strings.TrimPrefix(out.Path, "./")
		if path == "" || strings.HasPrefix(out.Path, "/") || strings.HasPrefix(out.Path, "~") {
			return nil, fmt.Errorf("output %s is not under the root", cache.Printable(out.Path))
		}
		if cmd.redirected(out) {
			continue
		}
		wants = append(wants, restore.Want{
			Path: path, Kind: out.Kind, Sum: digest.Sum(out.Digest), Exec: out.Exec, Target: out.Target,
			Input: read[out.Path], Adds: out.Adds, Needs: out.Needs,
		})
	}
	return wants, nil
}

// digests takes the digests of outputs as they are now.
func (c *Command) digests(paths []string) []digest.Result {
	if c.Outputs == nil {
		return digest.Files(paths)
	}
	reqs := make([]digest.Request, len(paths))
	for i, p := range paths {
		reqs[i].Path = p
	}
	return c.Outputs(reqs)
}
