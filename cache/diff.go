package cache

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// Diff returns what is not the same in two records, in the words of a check: what was is
// the old record's, what is is the new one's. Records that differ in nothing that Diff
// tells are of the same step, with the same result.
//
// Paths are compared by their forms, so that the roots need not be the same. What is under
// the root comes first among the inputs and the outputs: it is what is being built. Where
// the records themselves are, and which of deptrace's files a list leaves out, does not
// count.
func Diff(old, new *manifest.Manifest) []Reason {
	d := &differ{old: old, new: new}
	d.command()
	d.word("directory", Printable(old.Step.Dir), Printable(new.Step.Dir))
	d.word("end", old.Step.End(), new.Step.End())
	if !slices.Equal(old.Step.Ignore, new.Step.Ignore) {
		d.say("ignored", wordsWord(old.Step.Ignore, "nothing"), wordsWord(new.Step.Ignore, "nothing"))
	}
	d.word("stat", statWord(&old.Step), statWord(&new.Step))
	d.variables()
	d.programs()
	d.inputs()
	d.outputs(old.Outputs, new.Outputs)
	d.outputs(old.Side, new.Side)
	d.uses()
	d.word("the record", completeWord(old), completeWord(new))
	return d.reasons
}

type differ struct {
	old, new *manifest.Manifest
	reasons  []Reason
}

func (d *differ) say(subject, was, is string) {
	d.reasons = append(d.reasons, Reason{subject, was, is})
}

// word is say for words that are the same only if what they stand for is.
func (d *differ) word(subject, was, is string) {
	if was != is {
		d.say(subject, was, is)
	}
}

// command compares the command lines word by word: of a link with a thousand objects one
// wants to see the one that came. A run of words is named after where it begins, counted
// from the command itself, which is 0.
func (d *differ) command() {
	for _, h := range hunks(d.old.Step.Argv, d.new.Step.Argv) {
		subject := "argument " + strconv.Itoa(h.at)
		if h.at == 0 {
			subject = "command"
		}
		d.say(subject, wordsWord(h.was, "absent"), wordsWord(h.is, "absent"))
	}
}

// wordsWord returns words on one line, so that one can tell where each ends.
func wordsWord(words []string, none string) string {
	if len(words) == 0 {
		return none
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if strings.Contains(w, " ") || w == none || Printable(w) != w {
			quoted[i] = strconv.Quote(w)
		}
	}
	return strings.Join(quoted, " ")
}

func statWord(s *manifest.Step) string { return cmp.Or(s.Stat, "content") }

func completeWord(m *manifest.Manifest) string {
	if m.Complete {
		return "complete"
	}
	return "incomplete: " + strings.Join(m.Incomplete, "; ")
}

func (d *differ) variables() {
	names := map[string]bool{}
	for _, s := range []*manifest.Step{&d.old.Step, &d.new.Step} {
		for name := range s.Env {
			names[name] = true
		}
		for _, list := range [][]string{s.EnvUnset, s.EnvOff} {
			for _, name := range list {
				names[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d.word(Printable(name), variableWord(&d.old.Step, name), variableWord(&d.new.Step, name))
	}
}

// variableWord says what a record knows of a variable.
func variableWord(s *manifest.Step, name string) string {
	value, set := s.Env[name]
	switch {
	case slices.Contains(s.EnvOff, name), !set && !slices.Contains(s.EnvUnset, name) && !manifest.IsListed(name):
		return "not recorded"
	default:
		return valueWord(value, set)
	}
}

// programs compares where names were found. A name can be found in two places: processes
// of the step had another PATH each.
func (d *differ) programs() {
	places := func(m *manifest.Manifest) map[string][]string {
		by := map[string][]string{}
		for _, p := range m.Programs {
			by[p.Name] = append(by[p.Name], p.Path)
		}
		return by
	}
	was, is := places(d.old), places(d.new)
	word := func(places []string) string {
		if places == nil {
			return "not searched for"
		}
		words := make([]string, len(places))
		for i, p := range places {
			words[i] = placeWord(p)
		}
		return strings.Join(words, " and ")
	}
	names := maps.Clone(was)
	maps.Copy(names, is)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !slices.Equal(was[name], is[name]) {
			d.say("program "+Printable(name), word(was[name]), word(is[name]))
		}
	}
}

// inputs compares the inputs. A path is up to three of them: what was looked up there, the
// link and the list.
func (d *differ) inputs() {
	for _, p := range paired(d.old.Inputs, d.new.Inputs, compareInputs) {
		switch {
		case p.new == nil:
			d.word(Printable(p.old.Path), usedWord(p.old), "no input")
		case p.old == nil:
			d.word(Printable(p.new.Path), "no input", usedWord(p.new))
		default:
			d.input(p.old, p.new)
		}
	}
}

func compareInputs(a, b *manifest.Input) int {
	return cmp.Or(compareForms(a.Path, b.Path), cmp.Compare(aspect(a.Kind), aspect(b.Kind)))
}

// aspect is Read for all the kinds of which a path has one.
func aspect(k footprint.Kind) footprint.Kind {
	if k <= footprint.Absent {
		return footprint.Read
	}
	return k
}

// usedWord says what an input was to a step, and of which type where the kind does not say
// it.
func usedWord(in *manifest.Input) string {
	var used string
	switch in.Kind {
	case footprint.Stat:
		used = "looked at"
	case footprint.Exists:
		used = "found"
	default:
		return kindWord(in)
	}
	if in.Type == footprint.File || in.Type == footprint.None {
		return used
	}
	return used + ", " + typeWords[in.Type]
}

// input compares two states of what two steps looked at.
func (d *differ) input(was, is *manifest.Input) {
	form := Printable(was.Path)
	if was.Kind != is.Kind {
		d.word(form, usedWord(was), usedWord(is))
	}
	switch {
	case isFile(was) && isFile(is):
		d.word(form, execWord(was.Exec), execWord(is.Exec))
		switch {
		case was.Size != is.Size:
			d.word(form, sizeWord(was.Size), sizeWord(is.Size))
		case was.Digest != is.Digest && (was.Kind == is.Kind || !was.Digest.IsZero() && !is.Digest.IsZero()):
			verb := ""
			if was.Kind == footprint.Read {
				verb = "read "
			}
			d.word(form, verb+sumWord(was.Digest), shortWord(is.Digest))
		}
	case was.Kind != is.Kind:
	case was.Kind == footprint.List:
		if was.Digest != is.Digest {
			d.word(form, "list "+sumWord(was.Digest), shortWord(is.Digest))
		}
	default: // types of what was looked at or found, targets of links
		d.word(form, kindWord(was), kindWord(is))
	}
}

// isFile reports whether an input has a size and an executable bit.
func isFile(in *manifest.Input) bool {
	return in.Kind == footprint.Read || in.Kind == footprint.Stat && in.Type == footprint.File
}

func sumWord(d manifest.Digest) string {
	if d.IsZero() {
		return "without a digest"
	}
	return "sha256 " + short(d)
}

func shortWord(d manifest.Digest) string {
	if d.IsZero() {
		return sumWord(d)
	}
	return short(d)
}

func (d *differ) outputs(old, new []manifest.Output) {
	for _, p := range paired(old, new, func(a, b *manifest.Output) int { return compareForms(a.Path, b.Path) }) {
		switch {
		case p.new == nil:
			d.word(Printable(p.old.Path), leftWord(p.old), "no output")
		case p.old == nil:
			d.word(Printable(p.new.Path), "no output", leftWord(p.new))
		case p.old.Kind != p.new.Kind:
			d.word(Printable(p.old.Path), leftWord(p.old), leftWord(p.new))
		case p.old.Kind == manifest.Symlink:
			if p.old.Target != p.new.Target {
				d.say(Printable(p.old.Path), "left "+targetWord(p.old.Target), targetWord(p.new.Target))
			}
		default:
			if p.old.Exec != p.new.Exec {
				d.word(Printable(p.old.Path), "left "+execWord(p.old.Exec), execWord(p.new.Exec))
			}
			if p.old.Digest != p.new.Digest {
				d.word(Printable(p.old.Path), "left "+sumWord(p.old.Digest), shortWord(p.new.Digest))
			}
		}
	}
}

// leftWord says what an output is after the step.
func leftWord(out *manifest.Output) string {
	if out.Kind == manifest.Removed {
		return leftWords[out.Kind]
	}
	return "left " + leftWords[out.Kind]
}

func (d *differ) uses() {
	word := func(list []string, use string) string {
		if slices.Contains(list, use) {
			return "used"
		}
		return "not used"
	}
	for _, use := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(d.old.Uses, d.new.Uses)))) {
		d.word(use, word(d.old.Uses, use), word(d.new.Uses, use))
	}
}

// compareForms puts what is under the root before the user's home, and that before the rest.
func compareForms(a, b string) int {
	rank := func(form string) int {
		switch form[0] {
		case '~':
			return 1
		case '/':
			return 2
		}
		return 0
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}

// pair is what two lists have for one thing; nil is nothing.
type pair[T any] struct{ old, new *T }

// paired puts what is the same thing in two lists side by side, in order.
func paired[T any](old, new []T, compare func(a, b *T) int) []pair[T] {
	sorted := func(list []T) []*T {
		all := make([]*T, len(list))
		for i := range list {
			all[i] = &list[i]
		}
		slices.SortFunc(all, compare)
		return all
	}
	a, b := sorted(old), sorted(new)
	var pairs []pair[T]
	for len(a) > 0 || len(b) > 0 {
		var p pair[T]
		order := 0
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = compare(a[0], b[0])
		}
		if order <= 0 {
			p.old, a = a[0], a[1:]
		}
		if order >= 0 {
			p.new, b = b[0], b[1:]
		}
		pairs = append(pairs, p)
	}
	return pairs
}
