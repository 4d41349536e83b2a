package manifest

import (
	"path"
	"strings"
	"testing"
)

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, form string
		want          bool
	}{
		{"**/__pycache__/**", "a/b/__pycache__/m.pyc", true},
		{"**/__pycache__/**", "__pycache__/m.pyc", true},
		{"**/__pycache__/**", "a/__pycache__", true},
		{"**/__pycache__/**", "a/__pycache__x/m", false},
		{"**/__pycache__/**", "/usr/lib/__pycache__/m", false},
		{"**/__pycache__/**", "~/__pycache__/m", false},
		{"*.log", "x.log", true},
		{"*.log", "a/x.log", false},
		{"**/*.log", "a/b/x.log", true},
		{"**", ".", true},
		{"**", "a/b", true},
		{"*", ".", false},
		{"a/**/b", "a/b", true},
		{"a/**/b", "a/x/b/y/b", true},
		{"a/**/b/**/c", "a/b/b/c/x/c", true},
		{"a/**/b/**/c", "a/c/b", false},
		{"a?c/[x-z]", "abc/y", true},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{"~/.cache/**", "~/.cache/go/x", true},
		{"~/.cache/**", ".cache/go/x", false},
		{"./~x", "./~x", true},
		{"/tmp/*", "/tmp/x", true},
		{"a**b", "aXYb", true},
	} {
		g, err := ParseGlob(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.Match(tt.form); got != tt.want {
			t.Errorf("%q matches %q: %t, want %t", tt.pattern, tt.form, got, tt.want)
		}
	}
}

func TestGlobThatMatchesNothing(t *testing.T) {
	for _, p := range []string{"", "a//b", "a/", "./a/", "../a", "a/[", `a\`, "//x"} {
		if _, err := ParseGlob(p); err == nil {
			t.Errorf("ParseGlob(%q) has no error", p)
		}
	}
}

// slowMatch is what "**" means, without regard to time.
func slowMatch(parts, names []string) bool {
	if len(parts) == 0 {
		return len(names) == 0
	}
	if parts[0] == "**" {
		return slowMatch(parts[1:], names) || len(names) > 0 && slowMatch(parts, names[1:])
	}
	if len(names) == 0 {
		return false
	}
	ok, _ := path.Match(parts[0], names[0])
	return ok && slowMatch(parts[1:], names[1:])
}

func FuzzGlob(f *testing.F) {
	f.Add("**/a/**/b*/**", "x/a/y/bc/z")
	f.Add("~/**", "~/x")
	f.Add(`[^a]/\*`, "b/*")
	f.Fuzz(func(t *testing.T, pattern, form string) {
		g, err := ParseGlob(pattern)
		if err != nil || !validForm(form) {
			return
		}
		var names []string
		space, rest := split(form)
		if rest != "" {
			names = strings.Split(rest, "/")
		}
		if len(names)+len(g.parts) > 16 {
			g.Match(form) // only that it ends
			return
		}
		want := space == g.space && slowMatch(g.parts, names)
		if got := g.Match(form); got != want {
			t.Errorf("%q matches %q: %t, want %t", pattern, form, got, want)
		}
	})
}
