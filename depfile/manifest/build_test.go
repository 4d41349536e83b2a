package manifest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

// files is a Digester over contents; what is not in it cannot be read.
type files map[string]struct {
	content string
	state   footprint.State
}

func (f files) Digests(reqs []Request) []Result {
	var results []Result
	for _, r := range reqs {
		if have, ok := f[r.Path]; ok {
			results = append(results, Result{Digest: sum(have.content), State: have.state})
		} else {
			results = append(results, Result{Err: errors.New("permission denied")})
		}
	}
	return results
}

// kept is a content that was saved.
type kept string

func (k kept) Done() <-chan struct{} { return nil }
func (k kept) Sum() ([32]byte, error) {
	if k == "" {
		return [32]byte{}, errors.New("lost")
	}
	return sum(string(k)), nil
}

func regular(ino uint64, size int64) footprint.State {
	return footprint.State{Type: footprint.File, Ino: ino, Size: size}
}

var options = Options{Root: "/p", Dir: "/p/sub", Home: "/home/u", Argv: []string{"cc"}}

// build builds a record whose form is sound: it survives encoding.
func build(t *testing.T, fp *footprint.Footprint, o Options, d Digester) *Manifest {
	t.Helper()
	m, err := Build(fp, o, d)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(m.Encode())
	if err != nil {
		t.Fatalf("%v:\n%s", err, m.Encode())
	}
	if d := cmp.Diff(m, back); d != "" {
		t.Errorf("encoding loses something (-want +got)\n%s", d)
	}
	return m
}

func TestBuildInputs(t *testing.T) {
	script := regular(1, 3)
	script.Exec = true
	moved := regular(2, 3)
	moved.Mtime = 7
	linked := regular(1, 3)
	linked.Ctime, linked.Nlink = 9, 2
	for _, tt := range []struct {
		name    string
		in      footprint.Input
		now     footprint.State // what a Digester finds, content "abc"
		meta    bool
		want    []Input
		because []string
	}{
		{"read", footprint.Input{Path: "/p/a", State: regular(1, 3)}, regular(1, 3), false,
			[]Input{{Path: "a", Digest: sum("abc"), Size: 3}}, nil},
		{"read and executed", footprint.Input{Path: "/usr/a", State: script}, script, false,
			[]Input{{Path: "/usr/a", Digest: sum("abc"), Size: 3, Exec: true}}, nil},
		{"stat of a file", footprint.Input{Path: "/p/a", Kind: footprint.Stat, State: regular(1, 3)}, regular(1, 3), false,
			[]Input{{Path: "a", Kind: footprint.Stat, Type: footprint.File, Digest: sum("abc"), Size: 3}}, nil},
		{"stat without contents", footprint.Input{Path: "/p/a", Kind: footprint.Stat, State: regular(1, 3)}, regular(1, 3), true,
			[]Input{{Path: "a", Kind: footprint.Stat, Type: footprint.File, Size: 3}}, nil},
		{"stat of a directory, whose size is nothing", footprint.Input{Path: "/p", Kind: footprint.Stat, State: footprint.State{Type: footprint.Dir, Size: 4096}}, moved, false,
			[]Input{{Path: ".", Kind: footprint.Stat, Type: footprint.Dir}}, nil},
		{"a directory opened", footprint.Input{Path: "/p/d", Kind: footprint.Read, State: footprint.State{Type: footprint.Dir}}, moved, false,
			[]Input{{Path: "d", Kind: footprint.Stat, Type: footprint.Dir}}, nil},
		{"the directory above the root", footprint.Input{Path: "/", Kind: footprint.Stat, State: footprint.State{Type: footprint.Dir}}, moved, false, nil, nil},
		{"opened", footprint.Input{Path: "/", State: footprint.State{Type: footprint.Dir}}, moved, false, nil, nil},
		{"not to be written to", footprint.Input{Path: "/", Kind: footprint.Exists, State: footprint.State{Type: footprint.Dir}, Asked: footprint.Writing}, moved, false,
			[]Input{{Path: "/", Kind: footprint.Exists, Type: footprint.Dir, Asked: footprint.Writing}}, nil},
		{"a link above the root", footprint.Input{Path: "/", Kind: footprint.Link, State: footprint.State{Type: footprint.Symlink}, Target: "t"}, moved, false,
			[]Input{{Path: "/", Kind: footprint.Link, Target: "t"}}, nil},
		{"absent", footprint.Input{Path: "/home/u/a", Kind: footprint.Absent}, moved, false,
			[]Input{{Path: "~/a", Kind: footprint.Absent}}, nil},
		{"link", footprint.Input{Path: "/p/l", Kind: footprint.Link, State: footprint.State{Type: footprint.Symlink, Size: 1}, Target: "t"}, moved, false,
			[]Input{{Path: "l", Kind: footprint.Link, Target: "t"}}, nil},
		{"the kernel's", footprint.Input{Path: "/proc/x", State: footprint.State{Type: footprint.File, Kernel: true}}, moved, false, nil, nil},
		{"ignored", footprint.Input{Path: "/p/x.log", State: regular(1, 3)}, moved, false, nil, nil},
		{"kept", footprint.Input{Path: "/p/a", State: regular(1, 3), Kept: kept("old"), InOut: true}, moved, false,
			[]Input{{Path: "a", Digest: sum("old"), Size: 3}}, nil},
		{"kept and lost", footprint.Input{Path: "/p/a", State: regular(1, 3), Kept: kept(""), InOut: true}, moved, false,
			[]Input{{Path: "a", Size: 3}}, []string{"input-unreadable: a"}},
		{"edited during the run", footprint.Input{Path: "/p/a", State: regular(1, 3)}, moved, false,
			[]Input{{Path: "a", Size: 3}}, []string{"input-edited: a"}},
		{"linked during the run", footprint.Input{Path: "/p/a", State: regular(1, 3)}, linked, false,
			[]Input{{Path: "a", Digest: sum("abc"), Size: 3}}, nil},
		{"made executable by somebody", footprint.Input{Path: "/p/a", State: regular(1, 3)}, script, false,
			[]Input{{Path: "a", Size: 3}}, []string{"input-edited: a"}},
		{"made executable by the step", footprint.Input{Path: "/p/a", State: regular(1, 3), InOut: true}, script, false,
			[]Input{{Path: "a", Digest: sum("abc"), Size: 3}}, nil},
		{"unreadable, not UTF-8", footprint.Input{Path: "/p/a\xff", State: regular(1, 3)}, footprint.State{}, false,
			[]Input{{Path: "a\xff", Size: 3}}, []string{`input-unreadable: "a\xff"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := files{}
			if tt.now != (footprint.State{}) {
				d[tt.in.Path] = struct {
					content string
					state   footprint.State
				}{"abc", tt.now}
			}
			o := options
			o.StatMeta = tt.meta
			o.Ignore = []string{"**/*.log"}
			m := build(t, &footprint.Footprint{Inputs: []footprint.Input{tt.in}}, o, d)
			if d := cmp.Diff(tt.want, m.Inputs); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if d := cmp.Diff(tt.because, m.Incomplete); d != "" {
				t.Errorf("incomplete (-want +got)\n%s", d)
			}
			if m.Complete != (tt.because == nil) {
				t.Errorf("complete = %t", m.Complete)
			}
		})
	}
}

func TestBuildOutputs(t *testing.T) {
	exec := regular(1, 3)
	exec.Exec = true
	fp := &footprint.Footprint{
		Inputs: []footprint.Input{{Path: "/p/db", State: regular(2, 3), Kept: kept("old"), InOut: true}},
		Outputs: []footprint.Output{
			{Path: "/p/gone"},
			{Path: "/p/d", State: footprint.State{Type: footprint.Dir}},
			{Path: "/p/a.out", State: exec},
			{Path: "/p/db", State: regular(2, 3), InOut: true},
			{Path: "/home/u/.cache/x", State: exec},
			{Path: "/p/l", State: footprint.State{Type: footprint.Symlink}, Target: "a.out"},
			{Path: "/p/fifo", State: footprint.State{Type: footprint.Other}},
			{Path: "/p/x.log", State: exec},
		},
	}
	d := files{"/p/a.out": {"out", exec}, "/p/db": {"new", regular(2, 3)}, "/home/u/.cache/x": {"x", exec}}
	o := options
	o.Ignore = []string{"*.log"}
	m := build(t, fp, o, d)
	want := []Output{
		{Path: "a.out", Digest: sum("out"), Exec: true},
		{Path: "d", Kind: Dir},
		{Path: "db", Digest: sum("new")},
		{Path: "gone", Kind: Removed},
		{Path: "l", Kind: Symlink, Target: "a.out"},
	}
	if d := cmp.Diff(want, m.Outputs); d != "" {
		t.Errorf("outputs (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]Output{{Path: "~/.cache/x", Digest: sum("x"), Exec: true}}, m.Side); d != "" {
		t.Errorf("side (-want +got)\n%s", d)
	}
	if d := cmp.Diff([]Input{{Path: "db", Digest: sum("old"), Size: 3}}, m.Inputs); d != "" {
		t.Errorf("inputs (-want +got)\n%s", d)
	}
	if !m.Complete {
		t.Errorf("incomplete: %q", m.Incomplete)
	}
}

func TestBuildList(t *testing.T) {
	entries := []footprint.Entry{{Name: "a", Type: footprint.File}, {Name: "d", Type: footprint.Dir}, {Name: "m.toml", Type: footprint.File}, {Name: "x.d", Type: footprint.File}, {Name: "x.log", Type: footprint.File}}
	fp := &footprint.Footprint{Inputs: []footprint.Input{{Path: "/p/sub", Kind: footprint.List, State: footprint.State{Type: footprint.Dir}, Entries: entries}}}
	o := options
	o.Path = "/p/sub/m.toml"
	o.Own = []string{"/p/sub/x.d", "/p/events", "/p/sub/m.toml", "/p/sub/x.d"}
	o.Ignore = []string{"**/*.log"}
	m := build(t, fp, o, nil)
	// Types and names, sorted as they stand.
	if got, want := m.Inputs[0].Digest, sum("dir\x00d\x00file\x00a\x00"); got != want {
		t.Errorf("digest = %s, want %s", got, want)
	}
	if d := cmp.Diff([]string{"sub/x.d"}, m.Step.Writes); d != "" {
		t.Errorf("writes (-want +got)\n%s", d)
	}
	if m.Root != ".." {
		t.Errorf("root = %q, want ..", m.Root)
	}
}

func TestBuildStep(t *testing.T) {
	fp := &footprint.Footprint{
		Programs:   []footprint.Program{{Name: "ld"}, {Name: "cc", Path: "/usr//bin/cc"}, {Name: "as", Path: "bin/as"}, {Name: "x", Path: "/a/../b/x"}},
		Incomplete: []footprint.Gap{{Reason: event.Stdin}, {Reason: event.Edited, Detail: "/p/x"}, {Reason: event.Stdin}},
		Uses:       []string{"random", "network"},
	}
	o := options
	o.Signal, o.Exit = 9, -1
	o.Path = "/p/a/b/m.toml"
	o.Environ = []string{"LANG=C", "X=1"}
	o.Ignore = []string{"b", "a", "b"}
	m := build(t, fp, o, nil)
	want := &Manifest{
		Version: 1, Root: "../..", Incomplete: []string{"input-edited: x", "stdin"},
		Step:     Step{Argv: []string{"cc"}, Dir: "sub", Exit: 137, Signal: 9, Env: map[string]string{"LANG": "C"}, Ignore: []string{"a", "b"}},
		Programs: []Program{{"as", "sub/bin/as"}, {"cc", "/usr/bin/cc"}, {"ld", ""}, {"x", "/a/../b/x"}},
		Uses:     []string{"network", "random"},
	}
	if d := cmp.Diff(want, m); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// The file that was standard input is named as the input that it is, and left out with it.
func TestBuildStdin(t *testing.T) {
	o := options
	o.Ignore = []string{"*.log"}
	for path, want := range map[string]string{"": "", "/p/in": "in", "/home/u/in": "~/in", "/p/x.log": ""} {
		if got := build(t, &footprint.Footprint{Stdin: path}, o, nil).Step.Stdin; got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

func TestManifestOutsideItsRoot(t *testing.T) {
	o := options
	o.Path = "/tmp/m.toml"
	if m := build(t, &footprint.Footprint{}, o, nil); m.Root != "" {
		t.Errorf("root = %q, want none", m.Root)
	}
}

func TestBadIgnore(t *testing.T) {
	o := options
	o.Ignore = []string{"["}
	if _, err := Build(&footprint.Footprint{}, o, nil); err == nil {
		t.Error("no error")
	}
}

// The order in which a footprint tells does not show.
func TestBuildIsDeterministic(t *testing.T) {
	var ins []footprint.Input
	d := files{}
	for _, n := range []string{"/p/b", "/p/a", "/p/~", "/usr/x", "/home/u/y"} {
		ins = append(ins, footprint.Input{Path: n, Kind: footprint.Link, Target: "x"}, footprint.Input{Path: n, Kind: footprint.Absent})
	}
	first := build(t, &footprint.Footprint{Inputs: ins}, options, d).Encode()
	slices.Reverse(ins)
	if diff := cmp.Diff(string(first), string(build(t, &footprint.Footprint{Inputs: ins}, options, d).Encode())); diff != "" {
		t.Error(diff)
	}
}
