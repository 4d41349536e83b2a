package cache

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"deptrace/depfile/manifest"
	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

// A recipe makes its target in several steps: it compiles to a temporary name and renames
// that, strips what it has linked, makes executable what it has written. The record of the
// last one alone would know of nothing but the file that the one before it made. What goes
// on with the content of another step's output is therefore one step with it, and has one
// record.

// GoesOn reports whether a step can be one with an earlier one: it ran the same shell in the
// same directory, each with a line of its own.
func GoesOn(first *manifest.Manifest, dir string, argv []string) bool {
	f := first.Step.Argv
	n := len(argv) - 1
	return first.Step.Dir == dir && n > 0 && len(f) == len(argv) && slices.Equal(f[:n], argv[:n])
}

// Join returns the record of two steps as one. Then must go on with what first left (see
// [GoesOn]): what it found of that is no input. If it found something else there, then
// somebody had changed it in between, and the record is incomplete.
//
// Where both found another state of one thing, first's counts, so that the record is stale:
// unless then's line is one of first's already. That is the rerun of a line that adds to
// what is there (ar r), and it tells of now.
func Join(first, then *manifest.Manifest) *manifest.Manifest {
	j := *then
	line := len(then.Step.Argv) - 1
	text, again := joinLines(first.Step.Argv[line], then.Step.Argv[line])
	j.Step.Argv = append(slices.Clone(then.Step.Argv[:line]), text)

	left := map[string]*manifest.Output{}
	for _, list := range [][]manifest.Output{first.Outputs, first.Side} {
		for i := range list {
			left[list[i].Path] = &list[i]
		}
	}
	older, newer := first, then
	if again {
		older, newer = then, first
	}
	// Of what is in both the older's remains.
	var edited []string
	j.Inputs = slices.DeleteFunc(slices.Clone(then.Inputs), func(in manifest.Input) bool {
		out := left[in.Path]
		if out == nil {
			return false
		}
		if in.Kind == footprint.Read && (out.Kind != manifest.File || out.Digest != in.Digest) {
			edited = append(edited, footprint.Gap{Reason: event.Edited, Detail: Printable(in.Path)}.String())
		}
		// Which of the names in a directory were there before, and which first has made, its
		// digest does not tell.
		return in.Kind != footprint.List
	})
	j.Inputs = joinInputs(first.Inputs, j.Inputs, again)

	j.Programs = slices.Concat(first.Programs, then.Programs)
	slices.SortFunc(j.Programs, func(a, b manifest.Program) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Path, b.Path))
	})
	j.Programs = slices.Compact(j.Programs)
	j.Outputs = joinOutputs(first.Outputs, then.Outputs)
	j.Side = joinOutputs(first.Side, then.Side)
	j.Uses = union(first.Uses, then.Uses)
	j.Incomplete = union(then.Incomplete, edited)
	if !again { // what was wrong the last time may be right now
		j.Incomplete = union(first.Incomplete, j.Incomplete)
	}
	j.Complete = len(j.Incomplete) == 0

	s := &j.Step
	if s.Exit == 0 && !again {
		s.Exit, s.Signal = first.Step.Exit, first.Step.Signal
	}
	s.Stdin = cmp.Or(then.Step.Stdin, first.Step.Stdin)
	s.Env = maps.Clone(newer.Step.Env)
	if s.Env == nil {
		s.Env = map[string]string{}
	}
	maps.Copy(s.Env, older.Step.Env)
	s.EnvUnset = union(first.Step.EnvUnset, then.Step.EnvUnset)
	s.EnvUnset = slices.DeleteFunc(s.EnvUnset, func(name string) bool { _, set := s.Env[name]; return set })
	s.EnvOff = union(first.Step.EnvOff, then.Step.EnvOff)
	s.Ignore = union(first.Step.Ignore, then.Step.Ignore)
	s.Writes = union(first.Step.Writes, then.Step.Writes)
	s.Stat = cmp.Or(first.Step.Stat, then.Step.Stat)
	return &j
}

// joinLines makes one line of a shell of two. again is whether the second is in the first
// already, which says the same then.
func joinLines(first, then string) (line string, again bool) {
	part := "(" + then + "\n)"
	if first == then || strings.Contains(first, part) {
		return first, true
	}
	return "(" + first + "\n) && " + part, false
}

// joinInputs returns the inputs of both lists. Of one path the stronger kind counts, and of
// two equal ones the first's, or the second's if it tells of now.
func joinInputs(first, then []manifest.Input, again bool) []manifest.Input {
	all := slices.Concat(first, then)
	if again {
		all = slices.Concat(then, first)
	}
	// Stable: of the same kind the one that counts comes first.
	slices.SortStableFunc(all, func(a, b manifest.Input) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind))
	})
	return slices.CompactFunc(all, func(a, b manifest.Input) bool {
		return a.Path == b.Path && aspect(a.Kind) == aspect(b.Kind)
	})
}

// joinOutputs returns what both steps left.
func joinOutputs(first, then []manifest.Output) []manifest.Output {
	all := slices.Concat(then, first)
	slices.SortStableFunc(all, func(a, b manifest.Output) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(all, func(a, b manifest.Output) bool { return a.Path == b.Path })
}

// Without returns a record without those of its outputs that another step has made or removed
// since, and whether there is a file among the rest.
func Without(m *manifest.Manifest, gone func(form string) bool) (rest *manifest.Manifest, files bool) {
	r := *m
	r.Outputs = slices.DeleteFunc(slices.Clone(m.Outputs), func(o manifest.Output) bool { return gone(o.Path) })
	files = slices.ContainsFunc(r.Outputs, func(o manifest.Output) bool { return o.Kind == manifest.File })
	return &r, files
}

func union(lists ...[]string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(lists...))))
}
