package depfile

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func rule(target string, deps ...string) Rule {
	return Rule{Targets: []Target{{Name: target}}, Deps: deps}
}

func TestParse(t *testing.T) {
	phony := func(r Rule) Rule { r.Phony = true; return r }
	incomplete := func(r Rule) Rule { r.Incomplete = true; return r }
	two := Rule{Targets: []Target{{Name: "a.o"}, {Name: "a.d"}}, Deps: []string{"x.h"}}
	for _, c := range []struct {
		what     string
		dialects string
		in       string
		want     []Rule
	}{
		{"Gcc", "cmn", "a.o: a.c \\\n x.h y.h\n", []Rule{rule("a.o", "a.c", "x.h", "y.h")}},
		{"NoNewlineAtTheEnd", "cmn", "a.o: a.c", []Rule{rule("a.o", "a.c")}},
		{"Empty", "cmn", "", nil},
		{"BlankLines", "cmn", "\n\na.o: a.c\n\n\n", []Rule{rule("a.o", "a.c")}},
		{"NoDependencies", "cmn", "a.o:\n", []Rule{rule("a.o")}},
		{"CRLF", "cmn", "a.o: a.c \\\r\n x.h\r\nb.o: b.c\r\n", []Rule{rule("a.o", "a.c", "x.h"), rule("b.o", "b.c")}},
		{"ContinuationWithoutBlanks", "cmn", "a.o: a.c\\\nx.h\n", []Rule{rule("a.o", "a.c", "x.h")}},
		{"SpaceBeforeColon", "cmn", "a.o : a.c\n", []Rule{rule("a.o", "a.c")}},
		{"SeveralTargets", "cmn", "a.o a.d: x.h\n", []Rule{two}},
		{"SeveralRules", "cmn", "a.o: x.h\nb.o: x.h\n", []Rule{rule("a.o", "x.h"), rule("b.o", "x.h")}},
		{"MP", "cmn", "a.o: a.c x.h y.h\nx.h:\ny.h:\n", []Rule{phony(rule("a.o", "a.c", "x.h", "y.h"))}},
		{"EmptyRuleOfItsOwn", "cmn", "a.o: x.h\nb.o:\n", []Rule{rule("a.o", "x.h"), rule("b.o")}},
		{"Incomplete", "cmn", "a.o: a.c deptrace-incomplete\ndeptrace-incomplete:\n", []Rule{incomplete(rule("a.o", "a.c"))}},
		{"Repeated", "cmn", "a.o: x.h x.h ./x.h\n", []Rule{rule("a.o", "x.h")}},
		{"DotSlash", "cmn", "./a.o: .//x.h ../y.h\n", []Rule{rule("a.o", "x.h", "../y.h")}},
		{"Space", "cmn", `a.o: x\ y x\\\ y`, []Rule{rule("a.o", "x y", `x\ y`)}},
		{"Hash", "cmn", `a.o: x\#y`, []Rule{rule("a.o", "x#y")}},
		{"GccsBackslashHash", "cn", `a.o: x\\#y`, []Rule{rule("a.o", `x\#y`)}},
		{"Dollar", "cmn", `a.o: x$$y`, []Rule{rule("a.o", "x$y")}},
		{"Colon", "cmn", `a.o: x\:y`, []Rule{rule("a.o", "x:y")}},
		{"GccsColon", "cn", `a.o: x:y`, []Rule{rule("a.o", "x:y")}},
		{"ColonInTarget", "cmn", `a\:b.o: x`, []Rule{rule("a:b.o", "x")}},
		{"BackslashBeforeLetter", "cmn", `a.o: x\y`, []Rule{rule("a.o", `x\y`)}},
		{"BackslashAndTargetColon", "n", "a\\: x\n", []Rule{rule(`a\`, "x")}},
		{"BackslashAndTargetColonForMake", "m", "a\\\\: x\n", []Rule{rule(`a\`, "x")}},
		{"EvenBackslashesAndSpace", "n", `a.o: x\\ y`, []Rule{rule("a.o", `x\\`, "y")}},
		{"EvenBackslashesAndSpaceForMake", "m", `a.o: x\\ y`, []Rule{rule("a.o", `x\`, "y")}},
		{"DoubleBackslashAndNewline", "n", "a.o: x\\\\\nb.o: y\n", []Rule{rule("a.o", `x\\`), rule("b.o", "y")}},
		{"RustcsComments", "cm", "a.rlib: a.rs\n\na.rs:\n# env-dep:HOME\n", []Rule{phony(rule("a.rlib", "a.rs"))}},
		{"CommentAtTheEnd", "m", "a.o: x # y\n", []Rule{rule("a.o", "x")}},
		{"UnquotedPunctuation", "c", "a.o: x*y;z '\"<>\n", []Rule{rule("a.o", "x*y;z", `'"<>`)}},
		{"NinjaSplits", "n", "a.o: x*y;z\n", []Rule{rule("a.o", "x", "y", "z")}},
		{"Percent", "m", `a\%.o: x%`, []Rule{rule("a%.o", "x%")}},
		{"Bar", "m", `a.o: x\|y z | order-only`, []Rule{rule("a.o", "x|y", "z")}},
		{"Semicolon", "m", `a.o: x\\\;y`, []Rule{rule("a.o", "x;y")}},
		{"Glob", "m", `a.o: x\*\\y [~]z w*`, []Rule{rule("a.o", `x*\y`, "~z", "w*")}},
		{"Fillers", "cmn", "a.o: \\\n $^ \\\n x=y \\\n |\n", []Rule{rule("a.o", "x=y")}},
		{"ByteOrderMark", "m", "\ufeffa.o: x", []Rule{rule("a.o", "x")}},
		{"NUL", "n", "a.o: x\x00y", []Rule{rule("a.o", "x", "y")}},
	} {
		t.Run(c.what, func(t *testing.T) {
			for _, d := range []Dialect{Common, Make, Ninja} {
				if !can(c.dialects, d) {
					continue
				}
				got, err := Parse([]byte(c.in), d)
				if err != nil {
					t.Errorf("%s: %v", d, err)
				} else if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("%s: (-want +got)\n%s", d, diff)
				}
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		what     string
		dialects string
		in       string
		want     string
	}{
		{"NoColon", "cmn", "a.o a.c\n", "line 1: expected ':'"},
		{"NoColonLater", "cm", "a.o: a.c\n\nb.o\n", "line 3: expected ':'"},
		{"InputsWithInputs", "n", "a.o: a.c x.h\nx.h: y.h\n", `line 2: inputs may not also have inputs: "x.h"`},
		{"Variable", "m", "a.o: a.c \\\n b.c\na.o: $(x)\n", "line 3: a variable"},
		{"Assignment", "m", "a = b\n", "line 1: a variable"},
		{"TargetSpecificVariable", "m", "a.o: a=b\n", "line 1: a target-specific variable"},
		{"Recipe", "m", "a.o: a.c\n\tcc\n", "line 2: a recipe"},
		{"RecipeOnTheLine", "m", "a.o: a.c; cc\n", "line 1: a recipe"},
		{"StaticPattern", "m", "a.o: %.o: %.c\n", "line 1: a static pattern or double-colon rule"},
		{"DoubleColon", "m", "a.o:: a.c\n", "line 1: a static pattern or double-colon rule"},
		{"PatternRule", "m", "%.o: a.c\n", "line 1: a pattern rule"},
		{"GroupedTargets", "m", "a.o b.o &: a.c\n", "line 1: grouped targets"},
		{"NoTarget", "cmn", ": a.c\n", "line 1: no target before ':'"},
	} {
		t.Run(c.what, func(t *testing.T) {
			for _, d := range []Dialect{Common, Make, Ninja} {
				if !can(c.dialects, d) {
					continue
				}
				got, err := Parse([]byte(c.in), d)
				if err == nil || !strings.HasPrefix(err.Error(), c.want) {
					t.Errorf("%s: got %+v, %v, want error %q", d, got, err, c.want)
				}
			}
		})
	}
}

// normal is r as Parse gives back what Write made of it.
func normal(r Rule, d Dialect) Rule {
	var n Rule
	for _, t := range r.Targets {
		if t := (Target{Name: clean(t.Name)}); !slices.Contains(n.Targets, t) {
			n.Targets = append(n.Targets, t)
		}
	}
	n.Incomplete = r.Incomplete
	for _, name := range r.Deps {
		name = clean(name)
		if slices.Contains(n.Deps, name) || slices.Contains(n.Targets, Target{Name: name}) {
			continue
		}
		n.Deps = append(n.Deps, name)
		// Without any phony line nothing says that there were to be some.
		if r.Phony && Expressible(name, d, true) == nil {
			n.Phony = true
		}
	}
	slices.Sort(n.Deps)
	return n
}

func roundTrip(t *testing.T, r Rule, d Dialect) {
	t.Helper()
	text, err := Append(nil, r, d)
	if err != nil {
		var e *NameError
		if !errors.As(err, &e) {
			t.Errorf("%s: %+v: %v is no NameError", d, r, err)
		}
		return
	}
	got, err := Parse(text, d)
	if err != nil {
		t.Errorf("%s: %v\n%s", d, err, text)
		return
	}
	if len(got) == 1 {
		slices.Sort(got[0].Deps)
	}
	if diff := cmp.Diff([]Rule{normal(r, d)}, got); diff != "" {
		t.Errorf("%s: (-want +got)\n%s\n%s", d, diff, text)
	}
	again, err := Append(nil, r, d)
	if err != nil || string(again) != string(text) {
		t.Errorf("%s: written twice, it is\n%s\nand\n%s", d, text, again)
	}
}

func TestQuirksRoundTrip(t *testing.T) {
	for _, q := range quirks {
		for _, d := range []Dialect{Common, Make, Ninja} {
			for _, flags := range []Rule{{}, {Phony: true}, {Incomplete: true}, {Phony: true, Incomplete: true}} {
				r := flags
				r.Targets = []Target{{Name: "out"}}
				r.Deps = []string{q.name}
				roundTrip(t, r, d)
				r.Deps = []string{"z.in", q.name, "a.in"}
				roundTrip(t, r, d)
				r.Targets, r.Deps = []Target{{Name: q.name}, {Name: "out"}}, []string{"a.in"}
				roundTrip(t, r, d)
			}
		}
	}
}

// What a dialect can write comes back, and what it cannot is a NameError. A newline
// separates names, so that one input can be several; the first is the target.
func FuzzEscape(f *testing.F) {
	for _, q := range quirks {
		f.Add("out\n"+q.name, true, false)
		f.Add(q.name+"\nz\na=b", false, true)
	}
	f.Fuzz(func(t *testing.T, names string, phony, incomplete bool) {
		list := strings.Split(names, "\n")
		r := Rule{Targets: []Target{{Name: list[0]}}, Deps: list[1:], Phony: phony, Incomplete: incomplete}
		for _, d := range []Dialect{Common, Make, Ninja} {
			roundTrip(t, r, d)
		}
	})
}

// Parse ends, and what it has read can be read again where it can be written.
func FuzzParse(f *testing.F) {
	f.Add([]byte("a.o: a.c \\\n x\\ y.h $$z\nx\\ y.h:\n# c\n"))
	f.Add([]byte("a\\\\\\;b\\%: [~]c \\*\\\\ | d\r\n"))
	f.Add([]byte("a\\: x\\\\\n\\#\\:\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, d := range []Dialect{Common, Make, Ninja} {
			rules, err := Parse(data, d)
			if err != nil {
				if rules != nil || !strings.HasPrefix(err.Error(), "line ") {
					t.Errorf("%s: got %+v, %v", d, rules, err)
				}
				continue
			}
			for _, r := range rules {
				roundTrip(t, r, d)
			}
		}
	})
}
