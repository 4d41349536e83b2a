package footprint_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"deptrace/trace/footprint"

	"github.com/google/go-cmp/cmp"
)

// want compares the footprint with what is expected of it, a line a fact, in any
// order:
//
//	read /w/a.h [exec] [inout]    stat /w/d dir    exists /w/a    absent /w/x.h
//	link /bin -> usr/bin          list /w/src: a.c sub/
//	out /w/a.o file [exec]        out /w/x removed        inout /w/log file
//	program cc /usr/bin/cc        program cc nowhere
//	incomplete input-edited       uses network
func (s *story) want(lines ...string) {
	s.t.Helper()
	s.finish()
	slices.Sort(lines)
	got := render(s.print)
	slices.Sort(got)
	if d := cmp.Diff(lines, got); d != "" {
		s.t.Errorf("footprint (-want +got)\n%s", d)
	}
	s.checkFound()
	s.checkForm()
}

// wantNames compares the spellings for make of every input that has some: "/w/a.h:
// a.h inc/a.h".
func (s *story) wantNames(lines ...string) {
	s.t.Helper()
	var got []string
	for _, in := range s.finish().Inputs {
		if len(in.Names) > 0 {
			got = append(got, in.Path+": "+strings.Join(in.Names, " "))
		}
	}
	if d := cmp.Diff(lines, got); d != "" {
		s.t.Errorf("names (-want +got)\n%s", d)
	}
}

// render is the compact form of a footprint.
func render(f *footprint.Footprint) []string {
	var lines []string
	add := func(words ...string) {
		words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
		lines = append(lines, strings.Join(words, " "))
	}
	for _, p := range f.Programs {
		where := p.Path
		if where == "" {
			where = "nowhere"
		}
		add("program", p.Name, where)
	}
	for _, in := range f.Inputs {
		var rest string
		switch in.Kind {
		case footprint.Stat:
			rest = in.State.Type.String()
		case footprint.Link:
			rest = "-> " + in.Target
		case footprint.List:
			add("list", in.Path+":", entries(in.Entries))
			continue
		}
		add(in.Kind.String(), in.Path, rest, executable(in.State, in.Kind <= footprint.Stat), flag("inout", in.InOut), rights(in))
	}
	for _, o := range f.Outputs {
		kind := "out"
		if o.InOut {
			kind = "inout"
		}
		what := o.State.Type.String()
		switch o.State.Type {
		case footprint.None:
			what = "removed"
		case footprint.Symlink:
			what = "link -> " + o.Target
		}
		add(kind, o.Path, what, executable(o.State, true))
	}
	for _, g := range f.Incomplete {
		add("incomplete", string(g.Reason))
	}
	for _, u := range f.Uses {
		add("uses", u)
	}
	return lines
}

// rights are those that the step asked for, with a "!" in front of what it does not have;
// that it could write to what it has changed goes without saying.
func rights(in footprint.Input) string {
	var words []string
	for r := footprint.Reading; r <= footprint.Writing; r <<= 1 {
		switch {
		case in.Denied&r != 0:
			words = append(words, "!"+r.String())
		case in.Asked&r != 0 && !(in.InOut && r == footprint.Writing):
			words = append(words, r.String())
		}
	}
	if words == nil {
		return ""
	}
	return "may " + strings.Join(words, ",")
}

func flag(word string, set bool) string {
	if set {
		return word
	}
	return ""
}

func executable(s footprint.State, matters bool) string { return flag("exec", matters && s.Exec) }

func entries(list []footprint.Entry) string {
	var words []string
	for _, e := range list {
		words = append(words, e.Name+map[footprint.Type]string{footprint.Dir: "/", footprint.Symlink: "@", footprint.Other: "|"}[e.Type])
	}
	return strings.Join(words, " ")
}

// record is all that a manifest would say, digests included: what must not differ
// between two runs of an unchanged step.
func (s *story) record() []string {
	lines := render(s.finish())
	for _, in := range s.print.Inputs {
		if in.Kind <= footprint.Stat && in.State.Type == footprint.File {
			lines = append(lines, fmt.Sprintf("%s holds %d bytes, %s, names %q", in.Path, in.State.Size, s.content(in), in.Names))
		}
	}
	for _, o := range s.print.Outputs {
		if o.State.Type == footprint.File {
			lines = append(lines, fmt.Sprintf("%s is left with %q", o.Path, s.fs.at(o.Path).text))
		}
	}
	for _, g := range s.print.Incomplete {
		lines = append(lines, g.String())
	}
	return lines
}

// content is the digest of an input's content, as whoever writes the manifest gets
// it.
func (s *story) content(in footprint.Input) string {
	if in.Kept != nil {
		sum, err := in.Kept.Sum()
		if err != nil {
			return err.Error()
		}
		return short(sum)
	}
	if n := s.fs.at(in.Path); n != nil {
		return short(sha256.Sum256([]byte(n.text)))
	}
	return "lost"
}

func short(sum [32]byte) string { return fmt.Sprintf("%x", sum[:4]) }

// checkFound checks that inputs are what the step found, contents included, and
// that what the step read of that is among the inputs.
func (s *story) checkFound() {
	s.t.Helper()
	if s.edited {
		return
	}
	read := map[string]bool{}
	for _, in := range s.print.Inputs {
		was, there := s.found[in.Path]
		switch in.Kind {
		case footprint.Absent:
			if there {
				s.t.Errorf("%s is said to be absent, and was there", in.Path)
			}
			continue
		case footprint.Read:
			read[in.Path] = true
		}
		if !there && in.Kind == footprint.List {
			continue // of a directory that the step has made
		}
		if !there {
			s.t.Errorf("%s %s: nothing was there before the step", in.Kind, in.Path)
			continue
		}
		if a, b := in.State, was.state; a.Type != b.Type || a.Ino != b.Ino || a.Exec != b.Exec ||
			a.Type != footprint.Dir && (a.Size != b.Size || a.Mtime != b.Mtime) {
			s.t.Errorf("%s %s: the state is %+v, was %+v before the step", in.Kind, in.Path, a, b)
		}
		if in.Kind <= footprint.Stat && was.typ == footprint.File && s.options.Keeper != nil {
			if got, want := s.content(in), short(sha256.Sum256([]byte(was.text))); got != want {
				s.t.Errorf("%s %s: the content is %s, was %s (%q) before the step; kept: %v",
					in.Kind, in.Path, got, want, was.text, in.Kept != nil)
			}
		}
	}
	for _, p := range s.paths() {
		if slices.Contains(s.used, s.found[p].inode) && s.found[p].state.Nlink == 1 && !read[p] {
			s.t.Errorf("%s was read, and is no read input", p)
		}
	}
}

// checkForm checks what holds of every footprint, and that no path has changed
// that is not an output.
func (s *story) checkForm() {
	s.t.Helper()
	f := s.print
	if !slices.IsSortedFunc(f.Inputs, func(a, b footprint.Input) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return int(a.Kind) - int(b.Kind)
	}) {
		s.t.Errorf("the inputs are not sorted: %q", render(f))
	}
	if !slices.IsSortedFunc(f.Outputs, func(a, b footprint.Output) int { return strings.Compare(a.Path, b.Path) }) {
		s.t.Errorf("the outputs are not sorted: %q", render(f))
	}
	inOut, strongest := map[string]bool{}, map[string]footprint.Kind{}
	for _, in := range f.Inputs {
		if in.Kind < footprint.Link {
			if k, twice := strongest[in.Path]; twice {
				s.t.Errorf("%s is both %s and %s", in.Path, k, in.Kind)
			}
			strongest[in.Path] = in.Kind
		}
		if in.Kind == footprint.Read && in.InOut {
			inOut[in.Path] = true
		}
	}
	left := map[string]bool{}
	for _, o := range f.Outputs {
		if left[o.Path] {
			s.t.Errorf("%s is an output twice", o.Path)
		}
		left[o.Path] = true
		if o.InOut != inOut[o.Path] {
			s.t.Errorf("%s: InOut is %v for the output and %v for the input", o.Path, o.InOut, inOut[o.Path])
		}
		if now, _ := s.fs.Lstat(o.Path); now != o.State {
			s.t.Errorf("%s: left in the state %+v, is %+v", o.Path, o.State, now)
		}
	}
	for p := range inOut {
		if !left[p] {
			s.t.Errorf("%s is in-out, and no output", p)
		}
	}
	if !s.edited {
		s.checkChanged(left)
	}
}

func (s *story) checkChanged(outputs map[string]bool) {
	s.t.Helper()
	all := s.paths()
	for p := range s.fs.names {
		if _, was := s.found[p]; !was {
			all = append(all, p)
		}
	}
	for _, p := range all {
		now, _ := s.fs.Lstat(p)
		was := s.found[p].state
		if now.Type == footprint.Other || now.Kernel || was.Type == footprint.Other || outputs[p] {
			continue
		}
		if now.Type != was.Type || now.Ino != was.Ino || now.Type != footprint.Dir && (now.Mtime != was.Mtime || now.Size != was.Size) {
			s.t.Errorf("%s has changed, and is no output", p)
		}
	}
}

// A row is a story with its footprint.
type row struct {
	name  string
	given func(s *story)
	steps func(s *story)
	want  []string
	exact bool // only for engines that see results
}

// run tells every story to a Folder whose engine sees results, and to one whose
// engine does not.
func run(t *testing.T, rows []row) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Run("exact", func(t *testing.T) { r.tell(newStory(t)) })
			if !r.exact {
				s := newStory(t)
				s.blind = true
				t.Run("blind", func(t *testing.T) { s.t = t; r.tell(s) })
			}
		})
	}
}

func (r *row) tell(s *story) {
	if r.given != nil {
		r.given(s)
	}
	r.steps(s)
	s.want(slices.Clone(r.want)...)
}
