package manifest

import (
	"crypto/sha256"
	"slices"
	"strings"
	"sync"

	"deptrace/trace/event"
	"deptrace/trace/footprint"
	"deptrace/trace/parallel"
)

// Digester hashes files.
type Digester interface {
	// Digests returns a result for each request, in their order.
	Digests([]Request) []Result
}

// Request asks for the digest of a regular file.
type Request struct {
	Path  string // absolute
	State footprint.State
}

// Result answers a Request.
type Result struct {
	Digest Digest
	// State is the identity of what was hashed, the same before and after.
	State footprint.State
	Err   error
}

// want is a digest to be taken, and where it goes.
type want struct {
	path  string
	state footprint.State
	kept  footprint.Kept
	// chmodded is set where the step itself may have changed more than the content.
	chmodded bool
	input    int // index in Inputs, or -1
	output   int // index in Outputs or Side
	side     bool
}

func (b *builder) want(w want) { b.wants = append(b.wants, w) }

// hashAll takes all digests: of what the recorder kept by waiting for it, of the
// rest by one question to d. The same file is not asked for twice.
func (b *builder) hashAll(d Digester) {
	var reqs []Request
	at := map[string]int{}
	results := make([]int, len(b.wants))
	var kept []int
	for i, w := range b.wants {
		if w.kept != nil {
			kept = append(kept, i)
			continue
		}
		n, ok := at[w.path]
		if !ok {
			n = len(reqs)
			at[w.path] = n
			reqs = append(reqs, Request{w.path, w.state})
		}
		results[i] = n
	}

	sums := make([]Digest, len(b.wants))
	errs := make([]error, len(b.wants))
	var wg sync.WaitGroup
	wg.Go(func() {
		parallel.Each(len(kept), func(n int) {
			i := kept[n]
			sum, err := b.wants[i].kept.Sum()
			sums[i], errs[i] = sum, err
		})
	})
	var found []Result
	if len(reqs) > 0 {
		found = d.Digests(reqs)
	}
	wg.Wait()

	for i, w := range b.wants {
		sum, err := sums[i], errs[i]
		if w.kept == nil {
			r := &found[results[i]]
			sum, err = r.Digest, r.Err
			if err == nil && !(r.State.SameContent(w.state) && (w.chmodded || r.State.Exec == w.state.Exec)) {
				b.gap(event.Edited, w.path)
				continue
			}
		}
		switch {
		case err != nil:
			b.gap(event.Unreadable, w.path)
		case w.input >= 0:
			b.m.Inputs[w.input].Digest = sum
		case w.side:
			b.m.Side[w.output].Digest = sum
		default:
			b.m.Outputs[w.output].Digest = sum
		}
	}
}

// ListDigest is the digest of a directory's names: of the sorted strings "type NUL
// name NUL" of all entries but those that skip takes out.
func ListDigest(entries []footprint.Entry, skip func(name string) bool) Digest {
	lines := make([]string, 0, len(entries))
	for _, e := range entries {
		if !skip(e.Name) {
			lines = append(lines, e.Type.String()+"\x00"+e.Name+"\x00")
		}
	}
	slices.Sort(lines)
	return sha256.Sum256([]byte(strings.Join(lines, "")))
}
