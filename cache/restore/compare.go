package restore

import (
	"fmt"
	"os"
	"path"
	"strings"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// Want is an output as it should be.
type Want struct {
	Path   string // relative to the root and clean
	Kind   manifest.OutputKind
	Sum    digest.Sum // File
	Exec   bool       // File
	Target string     // Symlink
	// Input is set if what the step found here is an input, so that whoever wants this knows
	// that it is here again, or what the step left. Else Adds and Needs say what the step
	// would have made of something else. See [manifest.Output].
	Input, Adds, Needs bool
}

// Source is where contents come from. [deptrace/cache/store.Store] is one.
type Source interface {
	// Extract writes a content, verified, into an empty file.
	Extract(sum digest.Sum, to *os.File) (int64, error)
}

// InTheWayError says that something is there that cannot be replaced.
type InTheWayError struct {
	Path string
	What string
}

func (e *InTheWayError) Error() string { return fmt.Sprintf("%s is in the way of %s", e.What, e.Path) }

// FoundError says that the step would do something else with what is there now.
type FoundError struct {
	Path string
	Is   string
}

func (e *FoundError) Error() string {
	return e.Path + " " + e.Is + ": the step would leave something else"
}

// suits looks at what is in the place of an output and not as the step left it: would the
// step, run now, leave it as it left it then? It would put something whole there, and so it
// would, if not for what a file keeps when it is written to.
func (w *Want) suits(st footprint.State) error {
	file := st.Type == footprint.File
	switch {
	case w.Kind == manifest.File && file && st.Nlink > 1:
		return &FoundError{w.Path, "has other names"}
	case w.Input:
		return nil
	case w.Needs && st.Type == footprint.None:
		return &FoundError{w.Path, "is not there"}
	case w.Adds && file && st.Size > 0:
		return &FoundError{w.Path, "is not empty"}
	case w.Kind == manifest.File && file && st.Exec && !w.Exec:
		return &FoundError{w.Path, "can be executed"}
	case w.Kind == manifest.File && file && !st.Exec && w.Exec:
		return &FoundError{w.Path, "cannot be executed"}
	}
	return nil
}

// Compare returns which of the wants are not as they should be. files takes digests. The
// error is an [*InTheWayError] if something is there that Outputs would not replace, and a
// [*FoundError] if the step would not.
func Compare(root string, wants []Want, files func([]string) []digest.Result) (differ []bool, err error) {
	differ = make([]bool, len(wants))
	found := make([]footprint.State, len(wants))
	var paths []string
	var at []int
	dirs := map[string]footprint.Type{".": footprint.Dir}
	for i, w := range wants {
		if err := valid(w.Path); err != nil {
			return nil, err
		}
		// What is found through a link is not at the place where it should be, and
		// Outputs would not go there.
		switch above, err := directory(root, path.Dir(w.Path), dirs); {
		case err != nil:
			return nil, err
		case above == footprint.Symlink:
			return nil, &InTheWayError{w.Path, "a link"}
		case above != footprint.Dir && above != footprint.None && w.Kind != manifest.Removed:
			return nil, &InTheWayError{w.Path, "a file"}
		}
		path := join(root, w.Path)
		st, err := osfs.Lstat(path)
		found[i] = st
		switch {
		case err != nil:
			return nil, err
		case w.Kind == manifest.File && st.Type == footprint.Dir, w.Kind == manifest.Symlink && st.Type == footprint.Dir:
			return nil, &InTheWayError{w.Path, "a directory"}
		case w.Kind == manifest.Dir && st.Type != footprint.Dir && st.Type != footprint.None,
			w.Kind == manifest.Symlink && st.Type == footprint.File: // ln -s would fail, ln -sf would not
			return nil, &InTheWayError{w.Path, "a file"}
		// The step would write to what the link leads to, or into the pipe.
		case w.Kind == manifest.File && st.Type == footprint.Symlink:
			return nil, &InTheWayError{w.Path, "a link"}
		case w.Kind == manifest.File && st.Type == footprint.Other:
			return nil, &InTheWayError{w.Path, "a pipe or device"}
		}
		switch w.Kind {
		case manifest.File:
			if st.Type != footprint.File || st.Exec != w.Exec {
				differ[i] = true
				continue
			}
			paths, at = append(paths, path), append(at, i)
		case manifest.Symlink:
			differ[i] = true
			if st.Type == footprint.Symlink {
				target, err := os.Readlink(path)
				differ[i] = err != nil || target != w.Target
			}
		case manifest.Dir:
			differ[i] = st.Type != footprint.Dir
		case manifest.Removed:
			differ[i] = st.Type != footprint.None
		}
	}
	for n, r := range files(paths) {
		i := at[n]
		differ[i] = r.Err != nil || r.Sum != wants[i].Sum
	}
	for i := range wants {
		if differ[i] {
			if err := wants[i].suits(found[i]); err != nil {
				return nil, err
			}
		}
	}
	return differ, nil
}

// directory returns what a directory below the root is: a Symlink if it or one on the way
// to it is one, and likewise for whatever else is no directory. known are those that were
// looked at before.
func directory(root, name string, known map[string]footprint.Type) (footprint.Type, error) {
	is, ok := known[name]
	if ok {
		return is, nil
	}
	is, err := directory(root, path.Dir(name), known)
	if err == nil && is == footprint.Dir {
		var st footprint.State
		st, err = osfs.Lstat(join(root, name))
		is = st.Type
	}
	known[name] = is
	return is, err
}

// valid returns an error for what cannot be the path of an output: whoever wrote it may
// have meant to lead us out of the root.
func valid(name string) error {
	if name == "" || name == "." || name == ".." || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "../") ||
		strings.IndexByte(name, 0) >= 0 || path.Clean(name) != name {
		return fmt.Errorf("%q is no path of an output", name)
	}
	return nil
}

func join(root, path string) string {
	if root == "/" {
		return "/" + path
	}
	return root + "/" + path
}
