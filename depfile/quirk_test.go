package depfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A quirk is a name that make or ninja treats in a way of its own.
type quirk struct {
	what string
	name string
	// The dialects that can write the name, by their initials, as a dependency and
	// to the left of a colon.
	dep, target string
}

var quirks = []quirk{
	{"Plain", "plain.h", "cmn", "cmn"},
	{"Space", "m a", "cmn", "cmn"},
	{"TwoSpaces", "m  a", "cmn", "cmn"},
	{"LeadingSpace", " m", "cmn", "cmn"},
	{"TrailingSpace", "mt ", "cmn", "cmn"},
	{"TrailingSpaces", "mt  ", "cmn", "cmn"},
	{"OnlySpace", " ", "cmn", "cmn"},
	{"BackslashSpace", `m\ a`, "cmn", "cmn"},
	{"BackslashesSpace", `m\\ a`, "cmn", "cmn"},
	{"Tab", "m\ta", "m", ""},
	{"LeadingTab", "\tm", "m", ""},
	{"TrailingTab", "mtab\t", "m", ""},
	{"BackslashTab", "m\\\ta", "mn", "n"},
	{"Hash", "m#a", "cmn", "cmn"},
	{"LeadingHash", "#m", "cmn", "cmn"},
	{"BackslashHash", `m\#a`, "mn", "mn"},
	{"Dollar", "m$a", "cmn", "cmn"},
	{"DollarParen", "$(m)a", "cmn", "cmn"},
	{"Dollars", "m$$", "cmn", "cmn"},
	{"BackslashDollar", `m\$a`, "mn", "mn"},
	{"Colon", "m:a", "cmn", "cmn"},
	{"DoubleColon", "m::a", "cmn", "cmn"},
	{"LeadingColon", ":m", "cmn", "cmn"},
	{"TrailingColon", "m:", "m", "m"},
	{"BackslashColon", `m\:a`, "mn", "mn"},
	{"ColonSpace", "m: a", "cmn", "cmn"},
	{"Percent", "m%a", "cmn", "mn"},
	{"BackslashPercent", `m\%a`, "cmn", "mn"},
	{"Percents", "%m%", "cmn", "mn"},
	{"PercentAndStar", "m%*a", "m", ""},
	{"PercentAndTilde", "~m%", "mn", "n"},
	{"Bar", "m|a", "m", "m"},
	{"OnlyBar", "|", "m", "m"},
	{"BackslashBar", `m\|a`, "mn", "cmn"},
	{"Semicolon", "m;a", "m", "m"},
	{"BackslashSemicolon", `m\;a`, "mn", "mn"},
	{"Equals", "m=a", "cmn", "n"},
	{"LeadingEquals", "=m", "cmn", "n"},
	{"PlusEquals", "+=m", "cmn", "n"},
	{"BangEquals", "!=m", "cmn", "n"},
	{"QuestionEquals", "?=m", "m", ""},
	{"ColonEquals", ":=m", "cmn", "n"},
	{"TrailingEquals", "m=", "cmn", "n"},
	{"BackslashEquals", `m\=a`, "n", "n"},
	{"Backslash", `m\a`, "cmn", "cmn"},
	{"Backslashes", `m\\a`, "cmn", "cmn"},
	{"LeadingBackslash", `\m`, "cmn", "cmn"},
	{"TrailingBackslash", `m\`, "m", "m"},
	{"TrailingBackslashes", `m\\`, "m", "m"},
	{"OnlyBackslash", `\`, "m", "m"},
	{"Star", "m*a", "m", "m"},
	{"OnlyStar", "*", "m", "m"},
	{"BackslashStar", `m\*a`, "mn", "mn"},
	{"Question", "m?a", "m", "m"},
	{"Brackets", "m[ab]a", "mn", "mn"},
	{"LeadingBracket", "[m].tsx", "mn", "mn"},
	{"StarBackslash", `m\a*`, "m", "m"},
	{"StarTrailingBackslash", `m*\`, "m", "m"},
	{"StarSpace", `m* \ a`, "m", "m"},
	{"Tilde", "m~a", "cmn", "cmn"},
	{"HomeOfNobody", "~m", "mn", "mn"},
	{"HomeOfRoot", "~root", "mn", "mn"},
	{"Home", "~", "mn", "mn"},
	{"HomeAndBackslash", `~m\a`, "mn", "mn"},
	{"TildeInBrackets", "[~]m", "mn", "mn"},
	{"ArchiveMember", "m.a(b)", "n", "n"},
	{"Parentheses", "(m)", "cmn", "cmn"},
	{"ParenthesesInside", "m(1).h", "cmn", "cmn"},
	{"OpenParenthesis", "m(a", "cmn", "cmn"},
	{"CloseParenthesis", "m)", "cmn", "cmn"},
	{"CloseParenthesisEquals", "m=a)", "cmn", "n"},
	{"OpenParenthesisEquals", "m(=a", "cmn", "n"},
	{"TrailingAmpersand", "m&", "m", "m"},
	{"Ampersand", "m&a", "m", "m"},
	{"OnlyAmpersand", "&", "m", "m"},
	{"Quotes", `m"'a`, "m", "m"},
	{"Newline", "m\na", "", ""},
	{"NUL", "m\x00a", "", ""},
	{"CarriageReturn", "m\ra", "m", "m"},
	{"LeadingCarriageReturn", "\rm", "m", "m"},
	{"TrailingCarriageReturn", "mc\r", "m", "m"},
	{"VerticalTab", "m\va", "m", "m"},
	{"LeadingVerticalTab", "\vm", "m", "m"},
	{"TrailingFormFeed", "mf\f", "m", "m"},
	{"Control", "m\x01\x7fa", "m", "m"},
	{"Umlaut", "mü", "cmn", "cmn"},
	{"NotUTF8", "m\xff\x80", "cmn", "cmn"},
	{"ByteOrderMark", "\ufeffm", "cmn", "cmn"},
	{"Punctuation", "m!@,+{}^<>`a", "m", "m"},
	{"NinjaPunctuation", "m!@,+{}]a", "cmn", "cmn"},
	{"LeadingDash", "-m", "cmn", "cmn"},
	{"Include", "include", "cmn", "cmn"},
	{"Export", "export", "cmn", "cmn"},
	{"Define", "define", "cmn", "cmn"},
	{"Undefine", "undefine", "cmn", "cmn"},
	{"Override", "override", "cmn", "cmn"},
	{"Endif", "endif", "cmn", "cmn"},
	{"PHONY", ".PHONY", "cmn", "n"},
	{"SECONDEXPANSION", ".SECONDEXPANSION", "cmn", "n"},
	{"SuffixRule", ".c.o", "cmn", "cmn"},
	{"DotFile", ".bashrc", "cmn", "cmn"},
	{"WAIT", ".WAIT", "n", "cmn"},
	{"IncompleteName", IncompleteName, "", ""},
	{"Empty", "", "", ""},
}

func can(where string, d Dialect) bool {
	return strings.Contains(where, d.String()[:1])
}

// Each name is expressible in exactly the dialects that the table says, and what
// is not is refused with an error that names it.
func TestQuirksExpressible(t *testing.T) {
	for _, q := range quirks {
		t.Run(q.what, func(t *testing.T) {
			for _, d := range []Dialect{Common, Make, Ninja} {
				check := func(err error, want bool, role Role) {
					t.Helper()
					var e *NameError
					switch {
					case (err == nil) != want:
						t.Errorf("%s: %q as %s: %v, want it to be possible: %v", d, q.name, role, err, want)
					case err == nil:
					case !errors.As(err, &e):
						t.Errorf("%s: %T is no NameError", d, err)
					case e.Name != q.name || e.Dialect != d || e.Role != role || e.Reason == "" ||
						q.name != "" && e.Byte != q.name[e.Offset]:
						t.Errorf("%s: %q as %s: got %#v", d, q.name, role, e)
					}
				}
				check(Expressible(q.name, d, false), can(q.dep, d), AsDep)
				_, err := Append(nil, Rule{Targets: []Target{{Name: "t"}}, Deps: []string{q.name}}, d)
				check(err, can(q.dep, d), AsDep)
				_, err = Append(nil, Rule{Targets: []Target{{Name: q.name}}}, d)
				check(err, can(q.target, d), AsTarget)
				if can(q.dep, d) {
					check(Expressible(q.name, d, true), can(q.target, d), AsPhony)
				}
			}
		})
	}
}

// readers calls f for every dialect and who has to understand it.
func readers(t *testing.T, f func(t *testing.T, d Dialect, reader string)) {
	for _, c := range []struct {
		d      Dialect
		reader string
	}{{Common, "make"}, {Common, "ninja"}, {Make, "make"}, {Ninja, "ninja"}} {
		t.Run(c.d.String()+"/"+c.reader, func(t *testing.T) {
			t.Parallel()
			f(t, c.d, c.reader)
		})
	}
}

func (w *workbench) judgeBy(t *testing.T, reader string) {
	t.Helper()
	w.setUp(t)
	if reader == "make" {
		w.makeReads(t)
		w.judge(t, "make", w.prepareMake(t))
		return
	}
	rebuilds := w.prepareNinja(t)
	w.ninjaReads(t)
	for _, file := range []string{logNinja, plainNinja} {
		w.judge(t, "ninja -f "+file, func() []string { return rebuilds(file) })
	}
}

// A name is the only dependency, the first, the last and one in between.
func TestQuirksAsDependencies(t *testing.T) {
	readers(t, func(t *testing.T, d Dialect, reader string) {
		w := &workbench{dir: t.TempDir(), dialect: d}
		for i, q := range quirks {
			if !can(q.dep, d) {
				continue
			}
			w.add(fmt.Sprintf("only-%d.o", i), q.name)
			w.add(fmt.Sprintf("first-%d.o", i), q.name, "z.in")
			w.add(fmt.Sprintf("last-%d.o", i), "a.in", q.name)
			w.add(fmt.Sprintf("between-%d.o", i), "a.in", q.name, "z.in")
		}
		w.judgeBy(t, reader)
	})
}

func TestQuirksAsTargets(t *testing.T) {
	readers(t, func(t *testing.T, d Dialect, reader string) {
		w := &workbench{dir: t.TempDir(), dialect: d}
		for i, q := range quirks {
			// No build.ninja can name an output with a tab or a bar in it.
			if can(q.target, d) && !(reader == "ninja" && strings.ContainsAny(q.name, "\t|")) {
				w.add(q.name, "all.in", fmt.Sprintf("%d.in", i%5))
			}
		}
		w.judgeBy(t, reader)
	})
}

// All names in one rule get along: none changes how another is read.
func TestQuirksTogether(t *testing.T) {
	readers(t, func(t *testing.T, d Dialect, reader string) {
		var names []string
		for _, q := range quirks {
			if can(q.dep, d) {
				names = append(names, q.name)
			}
		}
		w := &workbench{dir: t.TempDir(), dialect: d}
		w.add("all.o", names...)
		if reader == "make" {
			// Two at a time: what is wrong with one is not mended by a third.
			for i, a := range names {
				for j, b := range names[:i] {
					if (i+j)%4 == 0 { // all of them take seconds
						w.add(fmt.Sprintf("%d.o", len(w.rules)), a, b)
					}
				}
			}
			w.setUp(t)
			w.makeReads(t)
		} else {
			w.setUp(t)
			w.prepareNinja(t)
			w.ninjaReads(t)
		}
	})
}

// With its phony line a file can be removed, and make runs the step again; without
// it make stops, which shows that the line did it.
func TestQuirksPhony(t *testing.T) {
	for _, d := range []Dialect{Common, Make} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			setTime(t, dir, "a.in", timeOld)
			setTime(t, dir, "out", timeTarget)
			for i, q := range quirks {
				if !can(q.dep, d) {
					continue
				}
				for _, phony := range []bool{true, false} {
					r := Rule{Targets: []Target{{Name: "out"}}, Deps: []string{"a.in", q.name}, Phony: phony}
					mk := fmt.Sprintf("%d-%v.mk", i, phony)
					writeFile(t, dir, mk, string(mustAppend(t, r, d))+"out:\n\t$(info built $@)@:\n")
					out, err := run(t, dir, "make", "-rR", "-f", mk, "out")
					if goesOn := err == nil && out == "built out\n"; goesOn != (phony && can(q.target, d)) {
						t.Errorf("%q was removed, phony lines: %v: %v\n%s", q.name, phony, err, out)
					} else if !goesOn && !strings.Contains(out, "No rule to make target") {
						t.Errorf("%q was removed: make says %s", q.name, out)
					}
				}
			}
		})
	}
}

// Phony lines do not disturb ninja, which has no use for them.
func TestNinjaToleratesPhonyLines(t *testing.T) {
	t.Parallel()
	for _, d := range []Dialect{Common, Ninja} {
		w := &workbench{dir: t.TempDir(), dialect: d}
		for i, q := range quirks {
			if can(q.dep, d) {
				w.add(fmt.Sprintf("%d.o", i), "a.in", q.name)
				w.rules[len(w.rules)-1].Phony = true
			}
		}
		w.setUp(t)
		rebuilds := w.prepareNinja(t)
		w.ninjaReads(t)
		if got := rebuilds(plainNinja); len(got) > 0 {
			t.Errorf("%s: nothing was touched, and ninja rebuilds %q", d, got)
		}
	}
}

// The names that the table calls impossible are so: none of the ways to quote that
// anybody uses has make or ninja read the name.
func TestImpossibleIsImpossible(t *testing.T) {
	ways := func(name string) []string {
		var texts []string
		for n := range 5 {
			texts = append(texts, quoteAll(name, n), "./"+quoteAll(name, n))
		}
		return append(texts, `"`+name+`"`, "'"+name+"'")
	}
	t.Run("make", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct{ name, rule string }{
			{"m=a", "%s: in"}, {"m\ta", "%s: in"},
			{"m.a(b)", "%s: in"}, {"m.a(b)", "out: %s"}, {"m\na", "out: %s"},
		} {
			for i, text := range ways(c.name) {
				dir := t.TempDir()
				for _, name := range []string{"in", "out", c.name} {
					setTime(t, dir, name, timeTarget)
				}
				setTime(t, dir, "in", timeNew)
				target := c.name
				if strings.HasPrefix(c.rule, "out") {
					setTime(t, dir, c.name, timeNew)
					target = "out"
				}
				writeFile(t, dir, "mk", fmt.Sprintf(c.rule, text)+"\n\t$(info built $@ [$^])@:\n")
				out, err := run(t, dir, "make", "-f", "mk", "--", target)
				if strings.HasPrefix(c.rule, "out") {
					if err == nil && strings.Contains(out, "["+c.name+"]") {
						t.Errorf("make reads %q from %q (way %d)", c.name, text, i)
					}
				} else if err == nil && strings.Contains(out, "built "+c.name+" ") {
					t.Errorf("make reads the target %q from %q (way %d)", c.name, text, i)
				}
			}
		}
	})
	t.Run("ninja", func(t *testing.T) {
		t.Parallel()
		// ? " ' & are plain from ninja 1.13 on, and so left out.
		for _, name := range []string{"m\ta", "m\na", "m*a", "m;a", "m|a", "m<a", "m>a", "m^a", "m`a", "m\x01a", "m\ra", `m\`, "m:"} {
			dir := t.TempDir()
			var b strings.Builder
			b.WriteString("rule r\n  command = : $n\n  depfile = $n.d\n  deps = gcc\n")
			n := 0
			for _, text := range ways(name) {
				if strings.HasPrefix(text, "./") {
					continue // ninja takes it off
				}
				fmt.Fprintf(&b, "build %d: r\n  n = %d\n", n, n)
				writeFile(t, dir, fmt.Sprintf("%d.d", n), fmt.Sprintf("%d: %s x\n", n, text))
				n++
			}
			writeFile(t, dir, "build.ninja", b.String())
			// A depfile that is an error does not give the name either.
			run(t, dir, "ninja", "-k0")
			out, _ := run(t, dir, "ninja", "-t", "deps")
			if strings.Contains(out, "    "+name+"\n") {
				t.Errorf("ninja reads %q after all:\n%s", name, out)
			}
		}
	})
}

// quoteAll puts n backslashes before each byte that is not a letter.
func quoteAll(name string, n int) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i] | 0x20; c < 'a' || c > 'z' {
			b.WriteString(strings.Repeat(`\`, n))
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// An incomplete rule has make and ninja run the step every time. make needs no
// phony lines for the others.
func TestIncomplete(t *testing.T) {
	readers(t, func(t *testing.T, d Dialect, reader string) {
		w := &workbench{dir: t.TempDir(), dialect: d}
		for i, deps := range [][]string{nil, {"a.in"}, {"z.in"}, {"m=a"}, {"mt "}, {"a.in", "z.in"}} {
			w.add(fmt.Sprintf("%d.o", i), deps...)
			w.rules[i].Incomplete = true
		}
		w.setUp(t)
		want := []string{"0.o", "1.o", "2.o", "3.o", "4.o", "5.o"}
		var rebuilds []func() []string
		if reader == "make" {
			rebuilds = append(rebuilds, w.prepareMake(t))
		} else {
			f := w.prepareNinja(t)
			rebuilds = append(rebuilds, func() []string { return f(logNinja) }, func() []string { return f(plainNinja) })
		}
		for _, f := range rebuilds {
			for range 2 {
				if got := f(); !slices.Equal(got, want) {
					t.Errorf("%s rebuilds %q, want %q", reader, got, want)
				}
			}
		}
	})
}

// As a makefile has it: the rule with the recipe first, the depfile included.
func TestIncludedDepfile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, dir, "Makefile", "out: in\n\t$(info built $@)@:\nother:\n\t@:\n-include out.d\n")
	setTime(t, dir, "in", timeOld)
	setTime(t, dir, "a b.h", timeOld)
	setTime(t, dir, "out", timeTarget)
	runs := func(want string) {
		t.Helper()
		if got := mustRun(t, dir, "make"); got != want {
			t.Errorf("make says %q, want %q", got, want)
		}
	}
	upToDate := "make: 'out' is up to date.\n"
	runs(upToDate) // there is no depfile yet
	r := Rule{Targets: []Target{{Name: "out"}}, Deps: []string{"in", "a b.h", "a b.h", "out"}, Phony: true}
	writeFile(t, dir, "out.d", string(mustAppend(t, r, Common)))
	runs(upToDate)
	setTime(t, dir, "a b.h", timeNew)
	runs("built out\n")
	if err := os.Remove(filepath.Join(dir, "a b.h")); err != nil {
		t.Fatal(err)
	}
	runs("built out\n")
	// So it stays until the step has been run and has made a new depfile.
	r.Deps = []string{"in"}
	writeFile(t, dir, "out.d", string(mustAppend(t, r, Common)))
	runs(upToDate)
	r.Incomplete = true
	writeFile(t, dir, "out.d", string(mustAppend(t, r, Common)))
	runs("built out\n")
	runs("built out\n")
}

// A first target that is a directive to make, when others follow.
func TestSeveralTargets(t *testing.T) {
	t.Parallel()
	for word := range makeWords {
		for _, second := range []string{"second", "export", "mt&"} {
			if second == word {
				continue
			}
			dir := t.TempDir()
			r := Rule{Targets: []Target{{Name: word}, {Name: second}, {Name: "./" + word}}, Deps: []string{"in"}}
			setTime(t, dir, "in", timeNew)
			setTime(t, dir, word, timeTarget)
			setTime(t, dir, second, timeTarget)
			writeFile(t, dir, "mk", string(mustAppend(t, r, Make))+"\t$(info built $@)@:\n")
			got := mustRun(t, dir, "make", "-rR", "-f", "mk", "--", word, second)
			if want := "built " + word + "\nbuilt " + second + "\n"; got != want {
				t.Errorf("make says %q, want %q", got, want)
			}
		}
	}
}
