package replay

import (
	"cmp"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// Kind is what an entry is.
type Kind uint8

// The kinds of entries.
const (
	Dir         Kind = iota
	Mounted          // a file, from where it is, read-only
	Copied           // a file that the step changes
	Link             // a symbolic link
	Placeholder      // an empty file, of which the name counts
)

// Entry is something that has to be there in a replay.
type Entry struct {
	Path   string // absolute, no links above it
	Kind   Kind
	Target string // of a Link
	// Old is, for what is Copied, the file that has the content which the step found, if
	// that is no longer at Path; then Exec says whether it is executable.
	Old  string
	Exec bool
}

// Plan is what has to be there, and where the step works.
type Plan struct {
	// Entries are sorted by path: a directory comes before what is in it.
	Entries []Entry
	Dir     string // absolute
}

// temporary are directories in which any step may make files.
var temporary = []string{"/tmp", "/var/tmp"}

// New plans the replay of a record. Home is the user's home as the record's path forms
// mean it. It looks at the file system for what the record leaves open: the names behind
// the digest of a list, and whether something that only had to be there is a directory.
// What a step changed in place is taken in its old state from where old says that a content
// is kept, as it was recorded; "" is nowhere.
func New(r *cache.Record, home string, old func(manifest.Digest) string) (*Plan, error) {
	p := &planner{r: r, home: home, old: old, entries: map[string]Entry{}, changed: map[string]manifest.OutputKind{}}
	for _, list := range [][]manifest.Output{r.Outputs, r.Side} {
		for i := range list {
			p.changed[p.abs(list[i].Path)] = list[i].Kind
		}
	}
	p.dir(r.Root)
	p.dir(p.abs(r.Step.Dir))
	for _, t := range append(slices.Clone(temporary), os.TempDir()) {
		if real, err := filepath.EvalSymlinks(t); err == nil {
			p.dir(real)
		}
	}
	for i := range r.Inputs {
		if err := p.input(&r.Inputs[i]); err != nil {
			return nil, err
		}
	}
	for out := range p.changed {
		p.way(out)
	}
	p.ignored()
	plan := &Plan{Dir: p.abs(r.Step.Dir)}
	for _, e := range p.entries {
		plan.Entries = append(plan.Entries, e)
	}
	slices.SortFunc(plan.Entries, func(a, b Entry) int { return cmp.Compare(a.Path, b.Path) })
	return plan, nil
}

type planner struct {
	r       *cache.Record
	home    string
	old     func(manifest.Digest) string
	entries map[string]Entry
	changed map[string]manifest.OutputKind // what the step changes
}

func (p *planner) abs(form string) string { return manifest.Abs(form, p.r.Root, p.home) }

// add adds an entry and the way to it. Of two for one path the one that holds more stays.
func (p *planner) add(e Entry) {
	for dir := path.Dir(e.Path); ; dir = path.Dir(dir) {
		if _, ok := p.entries[dir]; !ok {
			p.entries[dir] = Entry{Path: dir, Kind: Dir} // there was something in it
		}
		if dir == "/" {
			break
		}
	}
	old, ok := p.entries[e.Path]
	if !ok || old.Kind == Placeholder {
		p.entries[e.Path] = e
	}
}

func (p *planner) dir(at string) { p.add(Entry{Path: at, Kind: Dir}) }

// way adds the directories that lead to what the step makes or did not find, but for those
// that it makes itself, as far as the record tells: it may have found one, and made it all
// the same (mkdir -p).
func (p *planner) way(at string) {
	for dir := path.Dir(at); ; dir = path.Dir(dir) {
		kind, changed := p.changed[dir]
		if _, ok := p.entries[dir]; ok || changed && kind == manifest.Dir {
			return
		}
		p.entries[dir] = Entry{Path: dir, Kind: Dir}
		if dir == "/" {
			return
		}
	}
}

func (p *planner) input(in *manifest.Input) error {
	at := p.abs(in.Path)
	switch in.Kind {
	case footprint.Read:
		p.file(at, in)
	case footprint.Stat:
		switch in.Type {
		case footprint.File:
			p.file(at, in)
		case footprint.Dir:
			p.dir(at)
		}
	case footprint.Exists:
		return p.like(at)
	case footprint.Absent:
		// In a directory that is there a lookup fails as it did.
		if s, err := osfs.Lstat(path.Dir(at)); err == nil && s.Type == footprint.Dir {
			p.way(at)
		}
	case footprint.Link:
		p.add(Entry{Path: at, Kind: Link, Target: in.Target})
	case footprint.List:
		return p.list(at)
	}
	return nil
}

// ignored adds the directories that the record ignores by name. What a step does with what
// is in them shows nowhere; that it looks for them, above them, would.
func (p *planner) ignored() {
	for _, glob := range p.r.Step.Ignore {
		if strings.ContainsAny(glob, `*?[\`) {
			continue
		}
		if s, err := osfs.Lstat(p.abs(glob)); err == nil && s.Type == footprint.Dir {
			p.dir(p.abs(glob))
		}
	}
}

func (p *planner) file(at string, in *manifest.Input) {
	if _, changed := p.changed[at]; changed {
		p.add(Entry{Path: at, Kind: Copied, Old: p.old(in.Digest), Exec: in.Exec})
		return
	}
	p.add(Entry{Path: at, Kind: Mounted})
}

// like adds something of the kind that is there now.
func (p *planner) like(at string) error {
	s, err := osfs.Lstat(at)
	if err != nil {
		return err
	}
	switch s.Type {
	case footprint.Dir:
		p.dir(at)
	case footprint.Symlink:
		target, err := os.Readlink(at)
		if err != nil {
			return err
		}
		p.add(Entry{Path: at, Kind: Link, Target: target})
	case footprint.File:
		p.add(Entry{Path: at, Kind: Placeholder})
	}
	return nil
}

// list adds a directory whose list is recorded, with placeholders for the names in it, less
// those that the record does not count. One that the step makes is not there before; if it
// held something else the step has only made it anew.
func (p *planner) list(dir string) error {
	entries, err := p.r.Listed(dir, p.home)
	if err != nil {
		return err
	}
	if kind, changed := p.changed[dir]; changed && kind == manifest.Dir && len(entries) == 0 {
		return nil
	}
	p.dir(dir)
	for _, e := range entries {
		if err := p.like(strings.TrimSuffix(dir, "/") + "/" + e.Name); err != nil {
			return err
		}
	}
	return nil
}
