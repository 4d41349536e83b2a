package depfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestForm(t *testing.T) {
	out := []Target{{Name: "out"}}
	for _, c := range []struct {
		what string
		d    Dialect
		r    Rule
		want string
	}{
		{"Sorted", Common, Rule{Targets: out, Deps: []string{"b", "a", "./b", "out"}, Phony: true},
			"out: \\\n a \\\n b\na:\nb:\n"},
		{"NoDependencies", Common, Rule{Targets: out, Phony: true}, "out:\n"},
		{"Incomplete", Common, Rule{Targets: out, Deps: []string{"a", "z"}, Incomplete: true},
			"out: \\\n a \\\n deptrace-incomplete \\\n z\ndeptrace-incomplete:\n"},
		{"IncompletePhony", Ninja, Rule{Targets: out, Deps: []string{"a"}, Incomplete: true, Phony: true},
			"out: \\\n a \\\n deptrace-incomplete\na:\ndeptrace-incomplete:\n"},
		{"MQ", Common, Rule{Targets: []Target{{Name: "$(O)/a b"}}, Deps: []string{"a"}}, "$$(O)/a\\ b: \\\n a\n"},
		{"MT", Common, Rule{Targets: []Target{{Name: "$(O)/a b", Verbatim: true}, {Name: "c"}}, Deps: []string{"a"}},
			"$(O)/a b c: \\\n a\n"},
		{"TargetTwice", Common, Rule{Targets: []Target{{Name: "c"}, {Name: "./c"}}, Deps: []string{"a"}}, "c: \\\n a\n"},
		{"AmpersandBeforeColon", Make, Rule{Targets: []Target{{Name: "c&"}}, Deps: []string{"d&"}, Phony: true},
			"c& : \\\n d&\nd& :\n"},
		{"EqualsNotFirst", Common, Rule{Targets: out, Deps: []string{"a=b", "c", "d"}}, "out: \\\n c \\\n a=b \\\n d\n"},
		{"EqualsOnly", Common, Rule{Targets: out, Deps: []string{"a=b", "c=d"}}, "out: \\\n $^ \\\n a=b \\\n c=d\n"},
		{"EqualsForNinja", Ninja, Rule{Targets: out, Deps: []string{"a=b", "c"}}, "out: \\\n a=b \\\n c\n"},
		{"BackslashNotLast", Make, Rule{Targets: out, Deps: []string{"a", "b", `c\`}}, "out: \\\n a \\\n c\\\\ \\\n b\n"},
		{"BackslashOnly", Make, Rule{Targets: out, Deps: []string{`c\`}}, "out: \\\n c\\\\ \\\n |\n"},
		{"EqualsAndBackslash", Make, Rule{Targets: out, Deps: []string{"a", "b=", `c\`}}, "out: \\\n a \\\n c\\\\ \\\n b=\n"},
		{"BlankAndNextOnOneLine", Common, Rule{Targets: out, Deps: []string{"a ", "b"}}, "out: \\\n a\\  b\n"},
		{"ArchiveGroup", Common, Rule{Targets: out, Deps: []string{"a(", "b", "c)"}}, "out: \\\n c) \\\n a( \\\n b\n"},
		{"PhonyLineThatCannotBe", Common, Rule{Targets: out, Deps: []string{"a", "b%"}, Phony: true}, "out: \\\n a \\\n b%\na:\n"},
	} {
		t.Run(c.what, func(t *testing.T) {
			var b bytes.Buffer
			if err := Write(&b, c.r, c.d); err != nil {
				t.Fatal(err)
			}
			if got := b.String(); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestErrorMessages(t *testing.T) {
	target := []Target{{Name: "out"}}
	for _, c := range []struct {
		d    Dialect
		r    Rule
		want string
	}{
		{Common, Rule{Targets: target, Deps: []string{"dir/a*b"}},
			`"dir/a*b" cannot be a dependency in the common dialect: byte '*' at offset 5: ninja reads the end of the name, and has no escape for it`},
		{Make, Rule{Targets: []Target{{Name: "a\tb"}}},
			`"a\tb" cannot be a target in the make dialect: byte '\t' at offset 1: make reads a space, and has no escape for it in a target`},
		{Common, Rule{Targets: target, Deps: []string{"[id].tsx"}},
			`"[id].tsx" cannot be a dependency in the common dialect: byte '[' at offset 0: make and ninja escape it differently`},
		{Common, Rule{Targets: target, Deps: []string{""}},
			`"" cannot be a dependency in the common dialect: an empty name`},
		{Common, Rule{Deps: []string{"a"}}, "a depfile needs a target"},
		{Common, Rule{Targets: []Target{{Name: " ", Verbatim: true}}}, `" " cannot be a target`},
		{Common, Rule{Targets: []Target{{Name: "a\nb", Verbatim: true}}}, `"a\nb" cannot be a target`},
	} {
		var b bytes.Buffer
		err := Write(&b, c.r, c.d)
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if b.Len() > 0 {
			t.Errorf("%q was written all the same", &b)
		}
	}
	err := Expressible("a%b", Common, true)
	want := `"a%b" cannot be a phony target in the common dialect: byte '%' at offset 1: make and ninja escape it differently`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteReturnsTheWritersError(t *testing.T) {
	if err := Write(brokenWriter{}, rule("out", "a"), Common); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
}

func TestDialectNames(t *testing.T) {
	for _, d := range []Dialect{Common, Make, Ninja} {
		if got, err := ParseDialect(d.String()); err != nil || got != d {
			t.Errorf("ParseDialect(%q) = %v, %v", d.String(), got, err)
		}
	}
	if _, err := ParseDialect("gmake"); err == nil || !strings.Contains(err.Error(), `"gmake"`) {
		t.Errorf("got %v, want an error that names gmake", err)
	}
}

// As many headers as a C++ file of middling size.
func BenchmarkAppend(b *testing.B) {
	r := Rule{Targets: []Target{{Name: "out"}}, Phony: true}
	for i := range 300 {
		r.Deps = append(r.Deps, fmt.Sprintf("/usr/include/x86_64-linux-gnu/bits/types/%d.h", i))
	}
	var buf []byte
	for b.Loop() {
		var err error
		if buf, err = Append(buf[:0], r, Common); err != nil {
			b.Fatal(err)
		}
	}
}

// ninja's way of shortening a name is harmless only in front.
func TestKeeps(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "../a": true, "../../a": true, "a..b/c": true, "..a/b": true, "/a/b": true, "...": true, "a/...": true,
		"a/../b": false, "../a/../b": false, "/a/../b": false, "a/..": false, "../..": true,
	} {
		for _, d := range []Dialect{Common, Make, Ninja} {
			if got := d.Keeps(name); got != (want || d == Make) {
				t.Errorf("%s keeps %q: %v", d, name, got)
			}
		}
	}
}
