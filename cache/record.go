package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/env"
)

// ErrNoRoot is the error for a record that is kept outside its root, if nobody says
// where the root is.
var ErrNoRoot = errors.New("the record is kept outside its root, and no root is given")

// Place is where a record is and what it is about.
type Place struct {
	Manifest string // the record's path
	Root     string // the root; empty: where the record says
}

// Record is a manifest in its place.
type Record struct {
	*manifest.Manifest
	// Path and Root are absolute; links in Root and in Path's directory are
	// resolved.
	Path, Root string
}

// Load reads the record at a place. Its errors are those of [manifest.Read], with the
// path as messages have it, and those of [New].
func Load(p Place) (*Record, error) {
	m, err := read(p)
	if err != nil {
		return nil, err
	}
	return New(m, p)
}

func read(p Place) (*manifest.Manifest, error) {
	m, err := manifest.Read(p.Manifest)
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		err = fmt.Errorf("read %s: %w", Printable(p.Manifest), path.Err)
	case err != nil:
		err = fmt.Errorf("%s: %w", Printable(p.Manifest), err)
	}
	return m, err
}

// New puts a manifest into its place. The error is [ErrNoRoot], or about a directory
// that is not there.
func New(m *manifest.Manifest, p Place) (*Record, error) {
	dir, err := resolved(filepath.Dir(p.Manifest))
	if err != nil {
		return nil, fmt.Errorf("find the directory of %s: %w", Printable(p.Manifest), err)
	}
	r := &Record{Manifest: m, Path: filepath.Join(dir, filepath.Base(p.Manifest))}
	switch {
	case p.Root != "":
		if r.Root, err = resolved(p.Root); err != nil {
			return nil, fmt.Errorf("find the root %s: %w", Printable(p.Root), err)
		}
	case m.Root != "":
		r.Root = filepath.Join(dir, m.Root)
	default:
		return nil, fmt.Errorf("%s: %w", Printable(p.Manifest), ErrNoRoot)
	}
	return r, nil
}

// resolved makes a path absolute and resolves its links. Its error does not name it.
func resolved(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	var named *fs.PathError
	if errors.As(err, &named) {
		err = named.Err
	}
	return path, err
}

// flaws says why a record is never fresh and has no key, whatever is there now.
func (r *Record) flaws() (why []string) {
	for _, reason := range r.Incomplete {
		why = append(why, "the record is incomplete: "+reason)
	}
	if !r.Complete && why == nil {
		why = append(why, "the record is incomplete")
	}
	if r.Step.Exit != 0 {
		why = append(why, "the step failed: "+r.Step.End())
	}
	return why
}

// World is what a record is compared with, beside the file system.
type World struct {
	Environ []string // in the form of os.Environ
	Home    string   // the user's home, its links resolved; may be empty
	// Files takes the digests of files; nil hashes all of them. Where several records
	// are looked at together it is called by several goroutines.
	Files func([]digest.Request) []digest.Result
}

// NewWorld is the world of an environment: Home is its HOME.
func NewWorld(environ []string) *World {
	return &World{Environ: environ, Home: Home(environ)}
}

// Home returns the HOME of an environment with its links resolved, as the path forms
// of a record want it; empty if there is none.
func Home(environ []string) string {
	home := env.Get(environ, "HOME")
	if !filepath.IsAbs(home) {
		return ""
	}
	if r, err := filepath.EvalSymlinks(home); err == nil {
		return r
	}
	return filepath.Clean(home)
}

func (w *World) files(reqs []digest.Request) []digest.Result {
	if w.Files != nil {
		return w.Files(reqs)
	}
	return (*digest.Memo)(nil).Look(reqs)
}
