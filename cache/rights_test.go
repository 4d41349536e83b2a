package cache

import (
	"testing"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"

	"github.com/google/go-cmp/cmp"
)

// What a step was denied and would be allowed now makes it another step. (That it is the
// other way round only an ordinary user can see: cmd/deptrace/denied_test.go.)
func TestDenied(t *testing.T) {
	asked := func(denied footprint.Rights) (*project, *Record) {
		return whole(t, func(m *manifest.Manifest) {
			for i := range m.Inputs {
				if in := &m.Inputs[i]; in.Path == "there" {
					in.Asked, in.Denied = footprint.Reading|footprint.Writing, denied
				}
			}
		})
	}
	p, r := asked(0)
	found, _ := p.recorded(r)
	if got := p.strong(r); got != found {
		t.Errorf("allowed, and recorded so: %s, want %s", got, found)
	}
	p, r = asked(footprint.Writing)
	found, left := p.recorded(r)
	if got := p.strong(r); got == found || got == left {
		t.Error("what is allowed now leads to a result of when it was denied")
	}
	d := Check(r, p.world())
	var reasons []string
	for _, r := range d.Reasons {
		if r.Subject == "there" {
			reasons = append(reasons, r.String())
		}
	}
	if diff := cmp.Diff([]string{"there: was allowed to read, is allowed to read,write"}, reasons); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
