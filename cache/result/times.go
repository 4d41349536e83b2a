package result

import (
	"path/filepath"

	"deptrace/cache/restore"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// setTimes sets the times of files. Those that were brought back get one, for they can
// depend on each other (a library that a make made, and the objects in it). So do, without
// Restat, those that were right already and are older than an input: make compares times,
// and would run the step again and again. All get the same.
func setTimes(cmd *Command, m *manifest.Manifest, wants []restore.Want, differ []bool) error {
	var brought, late []string
	for i, w := range wants {
		if differ[i] && w.Kind == manifest.File {
			brought = append(brought, w.Path)
		}
	}
	if !cmd.Restat {
		late = older(cmd, m, wants, differ)
	}
	if len(brought) < 2 && len(late) == 0 {
		return nil // one has its time
	}
	return restore.Touch(cmd.Root, append(brought, late...)...)
}

// older returns the files that were right already and are older than an input. What is
// a name of an input, too (ln), has its time.
func older(cmd *Command, m *manifest.Manifest, wants []restore.Want, differ []bool) []string {
	outputs := map[string]bool{}
	for i := range m.Outputs {
		outputs[m.Outputs[i].Path] = true
	}
	type id struct{ dev, ino uint64 }
	inputs := map[id]bool{}
	newest := int64(0)
	for i := range m.Inputs {
		in := &m.Inputs[i]
		if in.Kind != footprint.Read && in.Kind != footprint.Stat || outputs[in.Path] {
			continue
		}
		if st, err := osfs.Lstat(cmd.abs(in.Path)); err == nil && st.Type == footprint.File {
			newest = max(newest, st.Mtime)
			inputs[id{st.Dev, st.Ino}] = true
		}
	}
	var files []string
	for i, w := range wants {
		if differ[i] || w.Kind != manifest.File {
			continue
		}
		st, err := osfs.Lstat(filepath.Join(cmd.Root, w.Path))
		if err == nil && st.Mtime < newest && !inputs[id{st.Dev, st.Ino}] {
			files = append(files, w.Path)
		}
	}
	return files
}
