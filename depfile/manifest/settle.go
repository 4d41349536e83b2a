package manifest

import (
	"bytes"
	"slices"

	"deptrace/trace/footprint"
)

// SameStep reports whether m is what a second run of the step that left old records,
// over the outputs of the first and with the same inputs: then old says it all, and
// is to be kept.
//
// Some tools read their own old output before they replace it with the same one: ar
// adds to the archive that is there, rm -r lists the directory that the step then
// makes anew. From one run alone, nobody can tell that from a file that the
// step really depends on. From both it shows: what m has too much are looks at
// outputs of old, found just as old left them, and all else is the same.
func (m *Manifest) SameStep(old *Manifest) bool {
	left := make(map[string]*Output, len(old.Outputs))
	for i := range old.Outputs {
		left[old.Outputs[i].Path] = &old.Outputs[i]
	}
	input := make(map[string]bool, len(old.Inputs))
	for i := range old.Inputs {
		input[old.Inputs[i].Path] = true
	}
	less := *m
	less.Inputs = slices.DeleteFunc(slices.Clone(m.Inputs), func(in Input) bool {
		out := left[in.Path]
		return out != nil && !input[in.Path] && foundAsLeft(in, out)
	})
	// What the step keeps of what it finds, it says of an output only where it found nothing.
	return bytes.Equal(withoutFound(&less).Encode(), withoutFound(old).Encode())
}

// withoutFound returns a record without what its outputs say of what was found.
func withoutFound(m *Manifest) *Manifest {
	r := *m
	r.Outputs = slices.Clone(m.Outputs)
	for i := range r.Outputs {
		r.Outputs[i].Adds, r.Outputs[i].Needs = false, false
	}
	return &r
}

// foundAsLeft reports whether an input is an output in the state in which it was left.
func foundAsLeft(in Input, out *Output) bool {
	if in.Denied != 0 {
		return false
	}
	switch in.Kind {
	case footprint.Read:
		return out.Kind == File && in.Digest == out.Digest && in.Exec == out.Exec
	case footprint.Stat:
		return out.Kind == File && in.Type == footprint.File && in.Digest == out.Digest && in.Exec == out.Exec ||
			out.Kind == Dir && in.Type == footprint.Dir
	case footprint.Exists:
		return out.Kind == File && in.Type == footprint.File || out.Kind == Dir && in.Type == footprint.Dir
	case footprint.Absent:
		return out.Kind == Removed
	case footprint.Link:
		return out.Kind == Symlink && in.Target == out.Target
	case footprint.List:
		return out.Kind == Dir && in.Digest == ListDigest(nil, nil)
	}
	return false
}
