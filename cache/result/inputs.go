package result

import (
	"fmt"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// inputs are the files whose content a result depends on, less those that it changes, as
// they are when its outputs are in their places.
type inputs struct {
	files  map[fileID]bool
	newest int64 // the time of the newest
}

type fileID struct{ dev, ino uint64 }

// look looks at the inputs of a record. known are the digests by which the result was found:
// a file that holds something else by now is an error.
func look(cmd *Command, m *manifest.Manifest, known map[string]digest.Result) (*inputs, error) {
	outputs := map[string]bool{}
	for i := range m.Outputs {
		outputs[m.Outputs[i].Path] = true
	}
	now := &inputs{files: map[fileID]bool{}}
	for i := range m.Inputs {
		in := &m.Inputs[i]
		if in.Kind != footprint.Read && in.Kind != footprint.Stat || outputs[in.Path] {
			continue
		}
		path := cmd.abs(in.Path)
		st, err := osfs.Lstat(path)
		if was, ok := known[path]; ok && (err != nil || !cmd.holds(path, st, was)) {
			return nil, fmt.Errorf("%s was edited meanwhile", cache.Printable(in.Path))
		}
		if err == nil && st.Type == footprint.File {
			now.newest = max(now.newest, st.Mtime)
			now.files[fileID{st.Dev, st.Ino}] = true
		}
	}
	return now, nil
}

// holds reports whether a file holds what it held: it is the same one, or has been written
// again with the same bytes.
func (cmd *Command) holds(path string, now footprint.State, was digest.Result) bool {
	if now.Exec != was.State.Exec {
		return false
	}
	if now.SameContent(was.State) {
		return true
	}
	again := cmd.digests([]string{path})[0]
	return again.Err == nil && again.Sum == was.Sum
}

// newer reports whether an input is newer than an output that is right already. What is a
// name of an input, too (ln), has its time.
func (in *inputs) newer(output string) bool {
	st, err := osfs.Lstat(output)
	return err == nil && st.Mtime < in.newest && !in.files[fileID{st.Dev, st.Ino}]
}
