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

// Compare returns which of the wants are not as they should be. files takes digests. The
// error is an [*InTheWayError] if something is there that Outputs would not replace.
func Compare(root string, wants []Want, files func([]string) []digest.Result) (differ []bool, err error) {
	differ = make([]bool, len(wants))
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
		switch {
		case err != nil:
			return nil, err
		case w.Kind == manifest.File && st.Type == footprint.Dir, w.Kind == manifest.Symlink && st.Type == footprint.Dir:
			return nil, &InTheWayError{w.Path, "a directory"}
		case w.Kind == manifest.Dir && st.Type != footprint.Dir && st.Type != footprint.None:
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
