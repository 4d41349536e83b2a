package env

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookup(t *testing.T) {
	environ := []string{"AB=0", "A=1", "A=2", "E=", "no variable", "X=a=b"}
	for name, want := range map[string]struct {
		value string
		set   bool
	}{
		"A": {"1", true}, "E": {"", true}, "X": {"a=b", true}, "B": {"", false}, "no variable": {"", false},
	} {
		if got, ok := Lookup(environ, name); got != want.value || ok != want.set {
			t.Errorf("Lookup(%q) = %q, %v, want %q, %v", name, got, ok, want.value, want.set)
		}
		if got := Get(environ, name); got != want.value {
			t.Errorf("Get(%q) = %q, want %q", name, got, want.value)
		}
	}
}

func TestSearchPath(t *testing.T) {
	for _, tt := range []struct{ environ, want []string }{
		{nil, []string{"/bin", "/usr/bin"}},
		{[]string{"PATH="}, []string{""}},
		{[]string{"PATH=/a::b/"}, []string{"/a", "", "b/"}},
	} {
		if diff := cmp.Diff(tt.want, SearchPath(tt.environ)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.environ, diff)
		}
	}
}

func TestNames(t *testing.T) {
	names := NewNames([]string{"A", "LC_*", "BUILD*"})
	for name, want := range map[string]bool{
		"A": true, "AB": false, "LC_": true, "LC_ALL": true, "LC": false, "BUILDKITE": true, "": false, "LC_*": true,
	} {
		if got := names.Has(name); got != want {
			t.Errorf("Has(%q) = %v, want %v", name, got, want)
		}
	}
}
