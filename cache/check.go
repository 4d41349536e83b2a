package cache

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strconv"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/cause"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// CheckFile is Check of the record at a place. A record that is not there or cannot
// be used is stale. The error is for what the caller must put right: a root that is
// not given, a file that may not be read.
func CheckFile(p Place, now *World) (Decision, error) {
	m, err := read(p)
	var version *manifest.VersionError
	var damaged *manifest.DamagedError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return stale("no manifest"), nil
	case errors.As(err, &version):
		return stale(version.Error()), nil
	case errors.As(err, &damaged):
		return stale(damaged.Error()), nil
	case err != nil:
		return Decision{}, err
	}
	r, err := New(m, p)
	if err != nil {
		return Decision{}, err
	}
	return Check(r, now), nil
}

func stale(why string) Decision { return Decision{Reasons: []Reason{{Is: why}}} }

// Check decides whether the step of a record would find everything as it was and
// leave everything as it is.
func Check(r *Record, now *World) Decision {
	c := &checker{look: newLook(r, now)}
	c.whole()
	c.variables()
	c.programs()
	c.inputs()
	for i := range r.Outputs {
		c.output(&r.Outputs[i])
	}
	c.digests()
	if c.homeless {
		c.say(Reason{Is: errHomeless.Error()})
	}
	return Decision{Fresh: len(c.reasons) == 0, Reasons: c.reasons}
}

// CheckFound decides whether the step of a record would find everything as it found it
// then: what it changed itself must be as it was before. Reasons about the end of the step,
// and about what it left, are not among them.
func CheckFound(r *Record, now *World) Decision {
	c := &checker{look: newLook(r, now), found: true}
	c.variables()
	c.programs()
	c.inputs()
	c.digests()
	return Decision{Fresh: len(c.reasons) == 0, Reasons: c.reasons}
}

type checker struct {
	*look
	found   bool // compare with what the step found, also where it changed that
	reasons []Reason
	// todo are the files whose digest is to be compared, once each.
	todo []comparison
}

type comparison struct {
	now  *seen
	want manifest.Digest
	form string
	was  string // what the digest is of, in words
}

// say adds a reason. A path that is two inputs can have one reason twice, one after
// the other.
func (c *checker) say(r Reason) {
	if n := len(c.reasons); n == 0 || c.reasons[n-1] != r {
		c.reasons = append(c.reasons, r)
	}
}

// differ says that the file with a path form is not what it was.
func (c *checker) differ(form, was, is string) { c.say(Reason{Printable(form), was, is}) }

// whole looks at the record itself.
func (c *checker) whole() {
	for _, why := range c.r.flaws() {
		c.say(Reason{Is: why})
	}
}

func (c *checker) variables() {
	env, _ := c.r.Step.EnvironmentNow(c.now.Environ)
	names := slices.AppendSeq(slices.Collect(maps.Keys(env)), maps.Keys(c.r.Step.Env))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		was, wasSet := c.r.Step.Env[name]
		is, isSet := env[name]
		if wasSet != isSet || was != is {
			c.say(Reason{Printable(name), valueWord(was, wasSet), valueWord(is, isSet)})
		}
	}
}

func valueWord(value string, set bool) string {
	if !set {
		return "unset"
	}
	return strconv.Quote(value)
}

func (c *checker) programs() {
	for _, p := range c.r.Programs {
		var was string
		if p.Path != "" {
			was = c.abs(p.Path)
		}
		is, front := c.search(p.Name)
		if was != is && (was == "" || is == "" || !sameFile(was, is)) {
			c.say(Reason{"program " + Printable(p.Name), placeWord(was), placeWord(is)})
		} else if front != "" {
			c.say(Reason{"program " + Printable(p.Name), placeWord(was), "behind " + Printable(front) + ", which cannot be run"})
		}
	}
}

// inputs compares the inputs but those that the step changed itself: they are
// compared as outputs. A directory that the step made and whose names it listed,
// less its own, has the same list as before.
func (c *checker) inputs() {
	now := c.look.inputs()
	c.todo = make([]comparison, 0, len(now)+len(c.r.Outputs))
	if c.found {
		for i := range c.r.Inputs {
			c.input(&c.r.Inputs[i], &now[i])
		}
		return
	}
	changed := map[string]manifest.OutputKind{}
	for i := range c.r.Outputs {
		changed[c.r.Outputs[i].Path] = c.r.Outputs[i].Kind
	}
	side := map[string]manifest.Digest{}
	for i := range c.r.Side {
		side[c.r.Side[i].Path] = c.r.Side[i].Digest
	}
	for i := range c.r.Inputs {
		in := &c.r.Inputs[i]
		left, outside := side[in.Path]
		if outside && (left.IsZero() || left != in.Digest) {
			continue
		}
		if kind, ok := changed[in.Path]; ok && !(in.Kind == footprint.List && kind == manifest.Dir) {
			continue
		}
		c.input(in, &now[i])
	}
}

func (c *checker) input(in *manifest.Input, now *seen) {
	path, st, err := now.path, now.st, now.err
	if err != nil && in.Kind != footprint.Exists && in.Kind != footprint.Absent {
		c.differ(in.Path, kindWord(in), "not to be seen: "+cause.Of(err).Error())
		return
	}
	is := typeWords[st.Type]
	if denied := osfs.Denied(path, in.Asked); denied != in.Denied && st.Type != footprint.None {
		c.differ(in.Path, rightsWord(in.Asked, in.Denied), rightsWord(in.Asked, denied))
	}
	switch in.Kind {
	case footprint.Absent:
		// A lookup that fails for another reason fails like before.
		if st.Type != footprint.None {
			c.differ(in.Path, "absent", is)
		}
	case footprint.Exists:
		if st.Type == footprint.None || in.Type != footprint.None && st.Type != in.Type {
			c.differ(in.Path, kindWord(in), is)
		}
	case footprint.Link:
		if st.Type == footprint.Symlink {
			is = c.target(path)
		}
		if was := targetWord(in.Target); was != is {
			c.differ(in.Path, was, is)
		}
	case footprint.List:
		if st.Type != footprint.Dir {
			c.differ(in.Path, "a directory", is)
			return
		}
		sum, err := c.list(path)
		switch {
		case err != nil:
			c.differ(in.Path, kindWord(in), "not to be listed: "+cause.Of(err).Error())
		case sum != in.Digest:
			c.differ(in.Path, "list sha256 "+short(in.Digest), short(sum))
		}
	case footprint.Stat:
		if st.Type != in.Type {
			c.differ(in.Path, typeWords[in.Type], is)
		} else if st.Type == footprint.File {
			c.file(in, now, "sha256 ")
		}
	case footprint.Read:
		if st.Type != footprint.File {
			c.differ(in.Path, "read", is)
			return
		}
		c.file(in, now, "read sha256 ")
	}
}

// file compares a regular file with an input that was one.
func (c *checker) file(in *manifest.Input, now *seen, was string) {
	st := &now.st
	if in.Exec != st.Exec {
		c.differ(in.Path, execWord(in.Exec), execWord(st.Exec))
	}
	if in.Size != st.Size {
		c.differ(in.Path, sizeWord(in.Size), sizeWord(st.Size))
		return // and so the digest
	}
	if !in.Digest.IsZero() {
		c.todo = append(c.todo, comparison{now, in.Digest, in.Path, was})
	}
}

// output compares what is there now with what the step left.
func (c *checker) output(out *manifest.Output) {
	now := c.see(c.abs(out.Path))
	path, st, err := now.path, now.st, now.err
	if err != nil {
		c.differ(out.Path, "left "+leftWords[out.Kind], "not to be seen: "+cause.Of(err).Error())
		return
	}
	if out.Handed && st.Type == footprint.None {
		return
	}
	if st.Type != leftTypes[out.Kind] {
		was := "left " + leftWords[out.Kind]
		if out.Kind == manifest.Removed {
			was = leftWords[out.Kind]
		}
		c.differ(out.Path, was, typeWords[st.Type])
		return
	}
	switch out.Kind {
	case manifest.File:
		if out.Exec != st.Exec {
			c.differ(out.Path, "left "+execWord(out.Exec), execWord(st.Exec))
		}
		if !out.Digest.IsZero() {
			c.todo = append(c.todo, comparison{&now, out.Digest, out.Path, "left sha256 "})
		}
	case manifest.Symlink:
		if was, is := targetWord(out.Target), c.target(path); was != is {
			c.differ(out.Path, "left "+was, is)
		}
	}
}

var leftTypes = [...]footprint.Type{
	manifest.File: footprint.File, manifest.Symlink: footprint.Symlink,
	manifest.Dir: footprint.Dir, manifest.Removed: footprint.None,
}

var leftWords = [...]string{
	manifest.File: "a file", manifest.Symlink: "a link", manifest.Dir: "a directory", manifest.Removed: "removed",
}

// digests hashes what the cheap comparisons left over.
func (c *checker) digests() {
	reqs := make([]digest.Request, len(c.todo))
	for i := range c.todo {
		reqs[i] = digest.Request{Path: c.todo[i].now.path, State: c.todo[i].now.st}
	}
	for i, r := range c.now.files(reqs) {
		t := &c.todo[i]
		switch {
		case r.Err != nil:
			c.differ(t.form, t.was+short(t.want), "not to be read: "+cause.Of(r.Err).Error())
		case manifest.Digest(r.Sum) != t.want:
			c.differ(t.form, t.was+short(t.want), short(r.Sum))
		}
	}
}

// kindWord says what was known of an input.
func kindWord(in *manifest.Input) string {
	switch in.Kind {
	case footprint.Read:
		return "read"
	case footprint.Stat, footprint.Exists:
		if in.Type == footprint.None {
			return "there"
		}
		return typeWords[in.Type]
	case footprint.Link:
		return targetWord(in.Target)
	case footprint.List:
		return "listed"
	}
	return in.Kind.String()
}

// rightsWord says what may be done of what was asked for.
func rightsWord(asked, denied footprint.Rights) string {
	if may := asked &^ denied; may != 0 {
		return "allowed to " + may.String()
	}
	return "denied"
}

func targetWord(target string) string { return "a link to " + strconv.Quote(target) }
