package cache

import (
	"errors"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"deptrace/depfile/manifest"
	"deptrace/trace/cause"
	"deptrace/trace/env"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
	"deptrace/trace/parallel"

	"golang.org/x/sys/unix"
)

// look is how both a check and a key see what a record is about.
type look struct {
	r   *Record
	now *World
	// skip are the names that no list contains, by directory: those of the step's
	// outputs and of what deptrace wrote.
	skip   map[string]map[string]bool
	ignore manifest.Globs
	// homeless is set if a file in the user's home was asked for and there is none.
	homeless bool
}

// errHomeless is what homeless means to a user.
var errHomeless = errors.New("the record names files in the user's home, and HOME is not set")

func newLook(r *Record, now *World) *look {
	l := &look{r: r, now: now}
	// What does not parse ignores nothing; Decode has seen to it that all do.
	l.ignore, _ = manifest.ParseGlobs(r.Step.Ignore)
	return l
}

// abs returns the absolute path that a form stands for.
func (l *look) abs(form string) string {
	p := manifest.Abs(form, l.r.Root, l.now.Home)
	if p == "" {
		l.homeless = true
	}
	return p
}

// seen is what is at a path now.
type seen struct {
	path string
	st   footprint.State
	err  error
}

func (l *look) see(path string) seen {
	st, err := osfs.Lstat(path)
	return seen{path, st, err}
}

// inputs looks at all inputs of the record, on all cores: this is most of what there is
// to do for a record whose digests are known.
func (l *look) inputs() []seen {
	const least = 100 // are worth a goroutine
	all := make([]seen, len(l.r.Inputs))
	parallel.Parts(len(all), least, func(from, to int) {
		var d directory
		defer d.leave()
		for j := from; j < to; j++ {
			p := manifest.Abs(l.r.Inputs[j].Path, l.r.Root, l.now.Home)
			st, err := d.lstat(p)
			all[j] = seen{p, st, err}
		}
	})
	l.homeless = l.homeless || slices.ContainsFunc(all, func(s seen) bool { return s.path == "" })
	return all
}

// directory is where the last path looked at was. Records are sorted, so the next one is
// there, too, more often than not; it is opened when the second comes.
type directory struct {
	path  string
	dir   *osfs.Dir // nil: not opened
	tried bool      // to open it
}

func (d *directory) lstat(p string) (footprint.State, error) {
	i := strings.LastIndexByte(p, '/')
	if i <= 0 {
		return osfs.Lstat(p)
	}
	if p[:i] != d.path {
		d.leave()
		d.path = p[:i]
		return osfs.Lstat(p)
	}
	if !d.tried {
		d.dir, _ = osfs.OpenDir(d.path)
		d.tried = true
	}
	if d.dir == nil {
		return osfs.Lstat(p)
	}
	return d.dir.Lstat(p[i+1:])
}

func (d *directory) leave() {
	if d.dir != nil {
		d.dir.Close()
	}
	*d = directory{}
}

// target says where a symbolic link leads.
func (l *look) target(path string) string {
	t, err := os.Readlink(path)
	if err != nil {
		return "not to be read: " + cause.Of(err).Error()
	}
	return targetWord(t)
}

// list returns the digest of the names in a directory that are not the step's doing.
func (l *look) list(dir string) (manifest.Digest, error) {
	entries, err := osfs.ReadDir(dir)
	if err != nil {
		return manifest.Digest{}, err
	}
	return manifest.ListDigest(entries, l.uncounted(dir)), nil
}

// Listed returns the names in a directory that a list of it in the record counts: those
// that are not the step's doing, nor deptrace's.
func (r *Record) Listed(dir, home string) ([]footprint.Entry, error) {
	entries, err := osfs.ReadDir(dir)
	uncounted := newLook(r, &World{Home: home}).uncounted(dir)
	return slices.DeleteFunc(entries, func(e footprint.Entry) bool { return uncounted(e.Name) }), err
}

// uncounted reports of a name in a directory whether a list does not count it.
func (l *look) uncounted(dir string) func(name string) bool {
	if l.skip == nil {
		l.skip = map[string]map[string]bool{}
		l.leaveOut(l.r.Path)
		for _, form := range l.r.Step.Writes {
			l.leaveOut(l.abs(form))
		}
		for _, list := range [][]manifest.Output{l.r.Outputs, l.r.Side} {
			for i := range list {
				l.leaveOut(l.abs(list[i].Path))
			}
		}
	}
	skip := l.skip[dir]
	return func(name string) bool {
		return skip[name] || len(l.ignore) > 0 && l.ignore.Match(manifest.Form(filepath.Join(dir, name), l.r.Root, l.now.Home))
	}
}

func (l *look) leaveOut(p string) {
	dir, name := path.Dir(p), path.Base(p)
	if l.skip[dir] == nil {
		l.skip[dir] = map[string]bool{}
	}
	l.skip[dir][name] = true
}

// search finds a program name in the PATH of now, as [FindProgram] does. front is what is
// called like it in a directory before that, and cannot be run: "" if there is nothing.
// execvp(3) goes past it. But a step that only asked whether it is there (test -e), in the
// same order, has an answer in the record that says no more than where the program was; what
// it found there then is an input.
func (l *look) search(name string) (at, front string) {
	for p := range candidates(name, l.abs(l.r.Step.Dir), l.now.Environ) {
		if _, err := os.Lstat(p); err != nil {
			continue
		}
		if runnable(p) {
			return p, front
		}
		if front == "" && !l.names(p) {
			front = p
		}
	}
	return "", front
}

// names reports whether a path is among the inputs or outputs of the record.
func (l *look) names(p string) bool {
	form := manifest.Form(p, l.r.Root, l.now.Home)
	return slices.ContainsFunc(l.r.Inputs, func(in manifest.Input) bool { return in.Path == form }) ||
		slices.ContainsFunc(l.r.Outputs, func(out manifest.Output) bool { return out.Path == form })
}

// candidates are the places where a program name is searched, in their order.
func candidates(name, dir string, environ []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, d := range env.SearchPath(environ) {
			p := d + "/" + name
			if !strings.HasPrefix(d, "/") {
				p = path.Join(dir, d) + "/" + name
			}
			if !yield(p) {
				return
			}
		}
	}
}

// FindProgram finds a program name in the PATH of an environment as execvp(3) does; it
// returns an empty path if it is nowhere. A part of PATH that is not absolute counts from
// dir.
func FindProgram(name, dir string, environ []string) string {
	for p := range candidates(name, dir, environ) {
		if runnable(p) {
			return p
		}
	}
	return ""
}

// runnable reports whether execve(2) would go on with a file.
func runnable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && unix.Access(path, unix.X_OK) == nil
}

// sameFile reports whether two paths lead to one file name, all links resolved. Two
// hard links are two programs: what is started can tell by what name it was.
func sameFile(a, b string) bool {
	ra, err := filepath.EvalSymlinks(a)
	if err != nil {
		return false
	}
	rb, err := filepath.EvalSymlinks(b)
	return err == nil && ra == rb
}
