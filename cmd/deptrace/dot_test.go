package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// Of few inputs each has a box; of many those of one directory and kind share one. How many
// there are elsewhere is nothing to the project's own.
func TestBoxes(t *testing.T) {
	var inputs []manifest.Input
	for i := range drawnEach {
		inputs = append(inputs, manifest.Input{Path: fmt.Sprintf("/inc/%02d.h", i), Kind: footprint.Read})
	}
	inputs = append(inputs,
		manifest.Input{Path: "a.h", Kind: footprint.Absent},
		manifest.Input{Path: "src", Kind: footprint.Stat, Type: footprint.Dir},
		manifest.Input{Path: "src", Kind: footprint.List})
	if got := boxes(inputs); len(got) != drawnEach+2 || got[drawnEach+1].kinds != "stat, list" {
		t.Errorf("%d boxes of %d inputs, want one for each path", len(got), len(inputs))
	}

	inputs = append(inputs, manifest.Input{Path: "/inc/none.h", Kind: footprint.Absent}, manifest.Input{Path: "/usr/x", Kind: footprint.Read})
	var got []string
	for _, b := range boxes(inputs) {
		got = append(got, b.kinds+" "+strings.Join(b.lines(), " "))
	}
	want := []string{"read /inc 40 paths", "absent a.h", "stat, list src (a directory)", "absent /inc/none.h", "read /usr/x (0 bytes)"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// A long command line is a few lines of its box.
func TestFolded(t *testing.T) {
	argv := []string{"cc"}
	for i := range 500 {
		argv = append(argv, fmt.Sprintf("object-%03d.o", i))
	}
	got := folded(argv)
	if len(got) != 6 || !strings.HasPrefix(got[0], "cc object-000.o ") || !strings.HasSuffix(got[5], " …") {
		t.Errorf("got %q", got)
	}
	for _, l := range append(got, folded([]string{"sh", "-c", strings.Repeat("é", 5000)})...) {
		if n := len([]rune(l)); n > 121 {
			t.Errorf("a line of %d characters", n)
		}
	}
}

// Whatever is in a label: it ends where it should, and reads back as what it was.
func FuzzDotQuote(f *testing.F) {
	f.Add("a\"b\\")
	f.Add(`\N\" &lt;`)
	f.Fuzz(func(t *testing.T, s string) {
		q := dotQuote(s)
		if len(q) < 2 || q[0] != '"' || q[len(q)-1] != '"' {
			t.Fatalf("%q becomes %s", s, q)
		}
		var back strings.Builder
		for in := q[1 : len(q)-1]; in != ""; {
			switch {
			case in[0] == '"':
				t.Fatalf("%q ends early: %s", s, q)
			case in[0] == '\\' && (len(in) < 2 || in[1] != '\\' && in[1] != '"'):
				t.Fatalf("%q has an escape that means something else: %s", s, q)
			case in[0] == '\\':
				back.WriteByte(in[1])
				in = in[2:]
			case in[0] == '&' && !strings.HasPrefix(in, "&amp;"):
				t.Fatalf("%q has a character of HTML: %s", s, q)
			case in[0] == '&':
				back.WriteByte('&')
				in = in[len("&amp;"):]
			default:
				back.WriteByte(in[0])
				in = in[1:]
			}
		}
		if back.String() != s {
			t.Fatalf("%q reads back as %q", s, back.String())
		}
	})
}
