package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/depfile/manifest"
	"deptrace/trace"
	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

// write writes all that was asked for, after the step has ended; broken is what went
// wrong while it was watched. -v says nothing before all digests are taken: standard error
// can be a file that is in the record.
//
// The manifest comes first, because taking the digests can show that an input was
// edited meanwhile, which the depfile must know. It is written whatever became of
// the command; the depfile is left as it was after a failure.
func (s *step) write(end ending, broken error) {
	var fp *footprint.Footprint
	if s.folder != nil {
		fp = s.folder.Finish()
	}
	for _, err := range []error{broken, s.events.commit()} {
		if err != nil {
			s.failf("%v", err)
		}
	}
	if fp == nil {
		return
	}
	ok := end == (ending{})
	n, err := s.chooseNames(fp, ok)
	if err != nil {
		s.nameless(err)
	}
	s.disown(fp, n)

	var gaps []string
	for _, g := range fp.Incomplete {
		gaps = append(gaps, g.String())
	}
	for _, name := range []*string{&n.manifest, &n.depfile} {
		if *name != "" && s.hasTaken(s.place(*name)) {
			s.failf("the step itself writes %s, which deptrace was to write", printable(*name))
			hintf("give one of the two another name")
			*name = ""
		}
	}
	s.result.names, s.result.specials = n, fp.Specials
	if n.manifest != "" || s.keep {
		if m, err := s.record(fp, end, n); err != nil {
			s.failf("%v", err)
			dropOld(n.manifest)
		} else {
			s.result.record = m
			gaps = m.Incomplete
		}
	}
	s.speak()
	if n.depfile != "" && ok {
		s.writeDepfile(fp, n, len(gaps) > 0)
	}
	if s.line != nil && !s.failed {
		s.line.tidy(fp, n)
	}
	if !s.f.asked() && !s.keep {
		s.summary(fp)
	}
	if len(gaps) > 0 {
		s.incomplete(gaps)
	}
}

// nameless tells why launcher mode has no names.
func (s *step) nameless(err error) {
	s.failf("%v", err)
	var c *collision
	var a *ambiguity
	switch {
	case errors.As(err, &c):
		hintf("--dir DIR keeps deptrace's files apart from the step's own: deptrace -MD --dir DIR -- %s ...", shellWord(s.argv[0]))
	case errors.As(err, &a):
		hintf("give the step a -o, or name the files: -MF FILE -MT TARGET -m FILE")
	}
}

// disown takes the files that are now to be written out of the inputs. Those whose
// names were known from the start the folder has left out itself.
func (s *step) disown(fp *footprint.Footprint, n names) {
	if n.output == "" {
		return
	}
	own := s.ownFiles(n)
	fp.Inputs = slices.DeleteFunc(fp.Inputs, func(in footprint.Input) bool { return slices.Contains(own, in.Path) })
}

// ownFiles are the files, and the directory, that deptrace writes.
func (s *step) ownFiles(n names) []string {
	var own []string
	for _, path := range []string{n.depfile, n.manifest, s.f.events} {
		if path != "" && path != "-" {
			own = append(own, s.places(path)...)
		}
	}
	if n.output != "" && s.f.dir != "" {
		if dir := s.place(s.f.dir); !under(s.dir, dir) {
			own = append(own, dir)
		}
	}
	return own
}

// record makes the record of the step and writes it, if it is to be a file.
func (s *step) record(fp *footprint.Footprint, end ending, n names) (*manifest.Manifest, error) {
	path := ""
	if n.manifest != "" {
		path = s.place(n.manifest)
	}
	m, err := manifest.Build(fp, manifest.Options{
		Root: s.root, Dir: s.dir, Home: s.home,
		Path:     path,
		Own:      s.ownFiles(n),
		Argv:     s.argv,
		Exit:     end.status,
		Signal:   int(end.signal),
		Environ:  os.Environ(),
		Env:      s.f.env,
		Ignore:   append(s.f.ignore, s.bookkeeping(fp)...),
		Handed:   s.handed(),
		StatMeta: s.f.stat == statMeta,
	}, cache.Digester{Files: s.memory.files})
	if err != nil {
		return nil, fmt.Errorf("record the step: %w", err)
	}
	s.memory.report(s.logf)
	if s.line != nil {
		m = s.line.join(m)
	}
	if path == "" {
		return m, nil
	}
	if m.Root == "" {
		s.logf("%s lies outside the root %s: give --root again to whoever reads it", printable(n.manifest), printable(s.root))
	}
	if isRegular(n.manifest) {
		if old, err := manifest.Read(n.manifest); err == nil && m.SameStep(old) {
			return old, nil
		}
	}
	return m, putFile(n.manifest, m.Encode())
}

// dropOld sees to it that a record of an earlier run is not taken for one of the
// run that just was and could not be written: it is removed, or emptied, which
// makes it a damaged one.
func dropOld(path string) {
	if path == "" {
		return
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 || !isRegular(path) {
		return
	}
	if os.Remove(path) != nil && os.Truncate(path, 0) != nil {
		hintf("%s is still that of an earlier run: remove it", printable(path))
	}
}

// isRegular reports whether path is a regular file, and not just the name of a descriptor
// that is open on one.
func isRegular(path string) bool {
	if _, open := descriptor(path); open {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// incomplete says, on one line, why the record is not all; with -v also what the
// user can do.
func (s *step) incomplete(gaps []string) {
	errorf("incomplete record: %s", enumerated(gaps))
	if s.engine == trace.Notify && slices.ContainsFunc(gaps, func(g string) bool { return strings.HasPrefix(g, string(event.Listener)) }) {
		hintf("--engine ptrace can follow a step that has a seccomp filter of its own")
	}
	if !s.f.verbose {
		return
	}
	for i, g := range gaps {
		code, _, _ := strings.Cut(g, ":")
		if i == 0 || !strings.HasPrefix(gaps[i-1], code) {
			hintf("%s: %s", code, event.Help[event.Reason(code)])
		}
	}
}
