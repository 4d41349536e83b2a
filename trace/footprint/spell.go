package footprint

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"deptrace/trace/event"
)

// wording is a name as the step spelled it, and where that starts.
type wording struct{ name, base string }

// wordingsAtMost is how many of a file are remembered. Further ones are spelled out each time.
const wordingsAtMost = 16

// spell remembers how the step spelled the name of n, for make, which knows files
// by their names.
func (f *Folder) spell(n *node, name event.Name) {
	if n.own || n.found.Type != File {
		return
	}
	if name.Spelled == "" {
		return // a descriptor: if it was opened by a name of the step's, that one counts
	}
	how := wording{name.Spelled, name.Base}
	if slices.Contains(n.wordings, how) {
		return
	}
	if len(n.wordings) < wordingsAtMost {
		n.wordings = append(n.wordings, how)
	}
	s := f.spelling(name)
	if !slices.Contains(n.names, s) {
		n.names = append(n.names, s)
	}
}

// spellings are the names of n for make, sorted; its path, if the step never used any.
func (f *Folder) spellings(n *node) []string {
	if len(n.names) == 0 && n.found.Type == File {
		return []string{f.relative(n.path)}
	}
	slices.Sort(n.names)
	return n.names
}

// relative makes an absolute path below the step's directory relative to it.
func (f *Folder) relative(p string) string {
	if p != f.o.Dir && under(p, f.o.Dir) {
		return p[len(strings.TrimSuffix(f.o.Dir, "/"))+1:]
	}
	return p
}

// spelling is the name as seen from the step's directory: relative if it is under
// it or was spelled so, else absolute.
func (f *Folder) spelling(name event.Name) string {
	s := name.Spelled
	if strings.HasPrefix(s, "/proc/") || strings.HasPrefix(s, "/dev/") {
		s = name.Path // /dev/stdin, /proc/self/fd/3
	}
	// A link among the directories makes x/../y another file than y. A link in the
	// last place does not, but the two are not told apart here: keeping ".." is
	// always right.
	clean := path.Clean
	if len(name.Links) > 0 && strings.Contains(s, "..") {
		clean = func(s string) string { return strings.TrimPrefix(s, "./") }
	}
	if !path.IsAbs(s) && name.Base != f.o.Dir {
		base, err := filepath.Rel(f.o.Dir, name.Base)
		if err != nil { // not both absolute
			base = name.Base
		}
		s = base + "/" + s
	}
	return f.relative(clean(s))
}

// under reports whether p is dir or below it.
func under(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, dir) && (strings.HasSuffix(dir, "/") || p[len(dir)] == '/')
}
