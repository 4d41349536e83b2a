package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/depfile/outfile"
	"deptrace/trace"
	"deptrace/trace/event"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// step is the step that deptrace is to run, and what it learns of it. It is the
// sink of the step's events.
type step struct {
	f    *runFlags
	argv []string
	line *line // nil: it is not one of a recipe
	// The working directory, the root and the user's home: absolute, links
	// resolved. home may be empty.
	dir, root, home string
	ignore          manifest.Globs
	// tokens and tokenPipe are where make's job server is, see jobServers.
	tokens    []int
	tokenPipe string

	logs  []os.FileInfo // see openLogs
	fs    *osfs.FS
	own   map[string]bool // the files whose names are known from the start
	taken map[string]bool // those of them that the step itself has written
	// suspect are those that it may have written, with what was there before.
	suspect map[string]footprint.State
	folder  *footprint.Folder
	memory  *memory
	events  *eventLog // nil: not asked for

	// keep has a record made also if no file is asked for; stdout and stderr are the
	// command's, nil being this process's.
	keep           bool
	save           func() (digest.Saved, error) // see digest.Keeper; may be nil
	stdout, stderr *os.File
	stdoutTo       *os.File // see trace.Command
	terminal       bool     // what is read from a terminal counts as from a pipe
	drain          func()   // waits for what the command wrote to them; may be nil
	result         written

	log    []string // lines that are not written yet
	folded bool     // all that there is of the step has been looked at

	engine    trace.Engine // the one that ran
	unwatched bool         // the command ran under no engine
	failed    bool         // deptrace could not do all that was asked for
}

// written is what write made of a step. What could not be made is empty.
type written struct {
	names    names
	record   *manifest.Manifest
	depfile  []byte
	specials []string // see footprint.Footprint
}

func newStep(f *runFlags, argv []string) (*step, error) {
	// Not os.Getwd, which believes $PWD: there are links in that.
	dir, err := syscall.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	s := &step{f: f, argv: argv, dir: dir, home: cache.Home(os.Environ()), logs: openLogs(), fs: new(osfs.FS), own: map[string]bool{}, taken: map[string]bool{}, suspect: map[string]footprint.State{}}
	s.tokens, s.tokenPipe = jobServers()
	s.memory = &memory{use: f.memo}
	if s.root, err = findRoot(f.root, dir); err != nil {
		return nil, err
	}
	if s.ignore, err = manifest.ParseGlobs(f.ignore); err != nil {
		return nil, err
	}
	for _, path := range []string{f.depfile, f.manifest, f.events} {
		if path == "" || path == "-" || path == f.events && !regularToBe(path) {
			continue
		}
		at := s.places(path)
		for _, p := range at {
			if s.own[p] {
				return nil, fmt.Errorf("%s is to be two files at once", printable(path))
			}
		}
		for _, p := range at {
			s.own[p] = true
		}
	}
	return s, nil
}

// places are the paths that writing a file concerns: its own and, if that is a
// symbolic link, what it leads to, which is what gets written.
func (s *step) places(path string) []string {
	at := s.place(path)
	if target, err := filepath.EvalSymlinks(at); err == nil && target != at {
		return []string{at, target}
	}
	return []string{at}
}

// place is where a file that deptrace writes will be: absolute, with the links of
// its directory resolved if that is there already.
func (s *step) place(path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.dir, path)
	}
	dir, name := filepath.Split(path)
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		return filepath.Join(resolved, name)
	}
	return filepath.Clean(path)
}

// findRoot returns the root that is asked for, or the nearest directory upwards
// that holds a .git (a file in a worktree), or the working directory itself.
func findRoot(asked, dir string) (string, error) {
	if asked != "" {
		root, err := filepath.Abs(asked)
		if err == nil {
			root, err = filepath.EvalSymlinks(root)
		}
		if err != nil {
			return "", fmt.Errorf("root %s: %w", printable(asked), cause(err))
		}
		if info, err := os.Stat(root); err != nil || !info.IsDir() {
			return "", fmt.Errorf("root %s: %w", printable(asked), syscall.ENOTDIR)
		}
		return root, nil
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return dir, nil
		}
	}
}

// newFolder starts a footprint, unless nobody asked for what is made from it. The
// contents that the step destroys are saved only for a manifest.
func (s *step) newFolder() {
	if s.f.asked() && s.f.depfile == "" && !s.hashes() {
		return // events only
	}
	o := footprint.Options{
		FS:     s.fs,
		Path:   trace.SearchPath(),
		Dir:    s.dir,
		Own:    s.isOwn,
		Tokens: s.tokenPipe,
	}
	if s.hashes() {
		o.Keeper = &digest.Keeper{Save: s.save}
	}
	s.folder = footprint.New(o)
}

// hashes reports whether digests are needed.
func (s *step) hashes() bool { return s.keep || s.f.manifest != "" || s.f.launcher }

// isOwn reports whether deptrace writes the file, this one or another at the same
// time: both go through temporary names.
func (s *step) isOwn(path string) bool {
	return s.own[path] || outfile.IsTemp(path[strings.LastIndexByte(path, '/')+1:])
}

// Event implements [event.Sink].
func (s *step) Event(e *event.Event) event.Hold {
	s.events.write(e)
	if e.Op == event.Inherit && e.Descriptor == 2 && s.f.verbose {
		// What deptrace says itself comes behind it: a log, not a product of the step.
		log := *e
		log.Flags |= event.Shared
		e = &log
	}
	if e.Changes() {
		for _, path := range [...]string{e.Name.Path, e.Name2.Path} {
			if s.own[path] {
				s.take(path, e.Outcome.State)
			}
		}
	}
	if s.folder == nil {
		return nil
	}
	return s.folder.Event(e)
}

// take notes that the step changes a file that deptrace is to write. An engine that does
// not see results says so before it happens: then the file shows afterwards whether it did.
func (s *step) take(path string, outcome event.State) {
	switch outcome {
	case event.OK:
		s.taken[path] = true
	case event.Unknown:
		if _, already := s.suspect[path]; !already {
			s.suspect[path], _ = s.fs.Lstat(path)
		}
	}
}

// hasTaken reports whether the step has written a file that deptrace is to write.
func (s *step) hasTaken(path string) bool {
	if was, ok := s.suspect[path]; ok {
		now, err := s.fs.Lstat(path)
		return err == nil && now.Type != footprint.None && !now.Same(was)
	}
	return s.taken[path]
}

// under reports whether path is dir or below it.
func under(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir) && (dir[len(dir)-1] == '/' || path[len(dir)] == '/')
}

// relative is path as seen from the step's directory if it is below it, else
// unchanged.
func (s *step) relative(path string) string {
	if path != s.dir && under(path, s.dir) {
		return strings.TrimPrefix(path[len(s.dir):], "/")
	}
	return path
}

// ignored reports whether the user wants to hear nothing of path.
func (s *step) ignored(path string) bool {
	return len(s.ignore) > 0 && s.ignore.Match(manifest.Form(path, s.root, s.home))
}
