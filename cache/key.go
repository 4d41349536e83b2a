package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
	"deptrace/trace/parallel"
)

// keyFormat is the first line of the text of a key. Whatever changes the meaning of a
// line changes it.
const keyFormat = "deptrace key v1\n"

// Key is the SHA-256 of all that the result of one or more steps depends on.
type Key [32]byte

// String returns the key in hexadecimal.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// NoKeyError says why a record has no key.
type NoKeyError struct {
	Path    string   // the record's
	Reasons []string // at least one
}

// Error names the record and all reasons.
func (e *NoKeyError) Error() string {
	return fmt.Sprintf("%s has no key: %s", Printable(e.Path), strings.Join(e.Reasons, "; "))
}

// KeyOf returns the key of records as the files are now. The order of the records
// does not count, nor does one that is there twice. A record that is incomplete, or
// of a step that failed, has no key: the error is a [*NoKeyError].
func KeyOf(records []*Record, now *World, salt string) (Key, error) {
	h := sha256.New()
	if err := describe(h, records, now, salt); err != nil {
		return Key{}, err
	}
	return Key(h.Sum(nil)), nil
}

// Explain writes the text of which KeyOf returns the digest.
func Explain(w io.Writer, records []*Record, now *World, salt string) error {
	return describe(w, records, now, salt)
}

// describe writes everything that a key depends on.
func describe(w io.Writer, records []*Record, now *World, salt string) error {
	texts := make([]string, len(records))
	errs := make([]error, len(records))
	parallel.Each(len(records), func(i int) {
		d := &describer{look: newLook(records[i], now)}
		errs[i] = d.record()
		texts[i] = d.text.String()
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	slices.Sort(texts)
	_, err := fmt.Fprintf(w, "%ssalt %q\n%s", keyFormat, salt, strings.Join(slices.Compact(texts), ""))
	return err
}

// describer writes the lines of one record.
type describer struct {
	*look
	text bytes.Buffer
	sums map[string]digest.Result
	// places is whether programs count by their place, too.
	places bool
}

func (d *describer) line(format string, args ...any) { fmt.Fprintf(&d.text, format+"\n", args...) }

func (d *describer) record() error {
	if why := d.r.flaws(); why != nil {
		return &NoKeyError{d.r.Path, why}
	}
	found, err := d.programs()
	if err != nil {
		return err
	}
	now, err := d.hash(found)
	if err != nil {
		return err
	}
	d.step()
	return d.states(found, now)
}

// program is what is found, or was, where a program name is searched for.
type program struct {
	name string
	// at is the path, links resolved; empty: nowhere.
	at string
	// place is the path with only the links of the directory resolved, as a path form.
	place string
	// front is what is in front of it in PATH, as a path form: see look.search.
	front string
	sum   digest.Sum
}

// programs returns what each program name leads to now, without digests.
func (d *describer) programs() ([]program, error) {
	found := make([]program, len(d.r.Programs))
	for i, p := range d.r.Programs {
		at, front := d.search(p.Name)
		var err error
		if found[i], err = d.located(p.Name, at); err != nil {
			return nil, fmt.Errorf("program %s: %w", p.Name, err)
		}
		if front != "" {
			found[i].front = manifest.Form(front, d.r.Root, d.now.Home)
		}
	}
	return found, nil
}

func (d *describer) located(name, path string) (program, error) {
	if path == "" {
		return program{name: name}, nil
	}
	at, err := filepath.EvalSymlinks(path)
	if err != nil {
		return program{}, err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return program{}, err
	}
	return program{name: name, at: at, place: manifest.Form(filepath.Join(dir, filepath.Base(path)), d.r.Root, d.now.Home)}, nil
}

// states writes what is there now.
func (d *describer) states(found []program, now []seen) error {
	for _, p := range found {
		if p.at != "" {
			p.sum = d.sums[p.at].Sum
		}
		d.program(p)
	}
	for i := range d.r.Inputs {
		if err := d.input(&d.r.Inputs[i], &now[i]); err != nil {
			return err
		}
	}
	if d.homeless {
		return errHomeless
	}
	return nil
}

func (d *describer) program(p program) {
	if p.front != "" {
		d.line("program %q behind %q", p.name, p.front)
	}
	switch {
	case p.at == "":
		d.line("program %q nowhere", p.name)
	case d.places:
		d.line("program %q at %q sha256 %s", p.name, p.place, p.sum)
	default:
		d.line("program %q sha256 %s", p.name, p.sum)
	}
}

// hash looks at every input and takes the digest of every regular file whose content
// the key wants, all at once.
func (d *describer) hash(programs []program) ([]seen, error) {
	d.sums = map[string]digest.Result{}
	var reqs []digest.Request
	want := func(p string, st footprint.State) {
		if _, twice := d.sums[p]; !twice {
			d.sums[p] = digest.Result{}
			reqs = append(reqs, digest.Request{Path: p, State: st})
		}
	}
	for _, p := range programs {
		if p.at != "" {
			want(p.at, footprint.State{})
		}
	}
	now := d.inputs()
	for i := range d.r.Inputs {
		in, is := &d.r.Inputs[i], &now[i]
		if is.err != nil && in.Kind != footprint.Exists && in.Kind != footprint.Absent {
			return nil, is.err
		}
		if is.st.Type == footprint.File && d.content(in) {
			want(is.path, is.st)
		}
	}
	for i, r := range d.now.files(reqs) {
		if r.Err != nil {
			return nil, r.Err
		}
		d.sums[reqs[i].Path] = r
	}
	return now, nil
}

// content reports whether the key wants the content of an input that is a file.
func (d *describer) content(in *manifest.Input) bool {
	return in.Kind == footprint.Read || in.Kind == footprint.Stat && d.r.Step.Stat != "meta"
}

func (d *describer) step() {
	s := &d.r.Step
	d.text.WriteString("step")
	for _, a := range s.Argv {
		fmt.Fprintf(&d.text, " %q", a)
	}
	d.text.WriteByte('\n')
	d.line("dir %q", s.Dir)
	if s.Stdin != "" {
		d.line("stdin %q", s.Stdin)
	}
	for _, g := range s.Ignore {
		d.line("ignore %q", g)
	}
	env, unset := s.EnvironmentNow(d.now.Environ)
	var lines []string
	for name, value := range env {
		lines = append(lines, fmt.Sprintf("env %q %q", name, value))
	}
	for _, name := range unset {
		lines = append(lines, fmt.Sprintf("env %q unset", name))
	}
	slices.Sort(lines)
	for _, l := range lines {
		d.line("%s", l)
	}
}

// input writes what is now where an input was.
func (d *describer) input(in *manifest.Input, now *seen) error {
	p, st := now.path, now.st
	is := condition{Type: st.Type, Size: st.Size, Exec: st.Exec, Denied: osfs.Denied(p, in.Asked)}
	switch {
	case in.Kind == footprint.Link && st.Type == footprint.Symlink:
		target, err := os.Readlink(p)
		if err != nil {
			return err
		}
		is.Target = target
	case in.Kind == footprint.List && st.Type == footprint.Dir:
		sum, err := d.list(p)
		if err != nil {
			return err
		}
		is.Digest = sum
	case st.Type == footprint.File && d.content(in):
		is.Digest = manifest.Digest(d.sums[p].Sum)
	}
	d.write(in, is)
	return nil
}

// condition is what was found, or is, where an input is looked for.
type condition struct {
	Type   footprint.Type
	Digest manifest.Digest // of the content of a file, if it counts, and of the names of a list
	Size   int64
	Exec   bool
	Target string
	Denied footprint.Rights // of those that were asked for
}

// write writes the line of an input.
func (d *describer) write(in *manifest.Input, s condition) {
	is := s.Type.String()
	if s.Type == footprint.None {
		is = "absent"
	}
	if s.Denied != 0 {
		d.line("denied %q %s", in.Path, s.Denied)
	}
	switch in.Kind {
	case footprint.Exists, footprint.Absent:
		// What the record's run found does not count: the line is the same.
		d.line("lookup %q %s", in.Path, is)
		return
	case footprint.Link:
		if s.Type == footprint.Symlink {
			is = strconv.Quote(s.Target)
		}
	case footprint.List:
		if s.Type == footprint.Dir {
			is = "sha256 " + s.Digest.String()
		}
	default:
		if s.Type != footprint.File {
			break
		}
		is = fmt.Sprintf("file size %d", s.Size)
		if d.content(in) {
			is = "sha256 " + s.Digest.String()
		}
		if s.Exec {
			is += " executable"
		}
	}
	d.line("%s %q %s", in.Kind, in.Path, is)
}
