package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/event"
)

var (
	worlds    = flag.Int("worlds", 60, "how many steps TestWorlds makes up")
	worldFrom = flag.Int("world-from", 1, "the seed of the first of them")
)

// A record that is fresh means that the step would do the same again. A small world is made up
// from a seed, and a step of a few calls on it (testdata/world); the step prints what came of
// each call. Of its record the test wants:
//
//   - that it is complete, the same under all engines, and nothing the step can notice;
//   - that what has changed is among the outputs, and that it is fresh where the step has left
//     it; and the same again if the step is run again there and does the same;
//   - that wherever the world as it was found, or left, is changed in a place or two and the
//     inputs are still as recorded (cache.CheckFound, cache.Check), the step does and prints
//     what it did before;
//   - that where `deptrace cached` brings a result back there, it leaves and prints that, too.
//
// What a record does not promise is left out: why a lookup fails, what the step's wishes find
// fulfilled (so nothing is put at outputs, nor into them, nor is a directory taken from them),
// other names of a file that the step writes to, and RESOLVE_NO_SYMLINKS.
//
// With -worlds N -world-from SEED it goes on hunting. What it finds it makes smaller first.
func TestWorlds(t *testing.T) {
	if os.Geteuid() != 0 {
		return // a step that shuts directories off would shut the test out
	}
	needs(t, "gcc")
	built := newTree(t)
	program := filepath.Join(filepath.Dir(built.dir), "bin", "world")
	built.run("gcc", "-static", "-O1", "-s", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program, abs(t, "testdata/world/world.c"))
	const parts = 2
	for part := range parts {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			st := newStage(t, built.another(t), program)
			notes, reported := map[string]int{}, 0
			for seed := *worldFrom + part; seed < *worldFrom+*worlds && reported < 5; seed += parts {
				g := &teller{Rand: rand.New(rand.NewPCG(uint64(seed), 1)), top: st.top, program: program}
				s := g.story()
				tr := &trial{stage: st, story: s, teller: g, engines: []string{"ptrace", "notify"}}
				if seed%4 == 0 {
					tr.engines = []string{"ptrace", "ptrace-slow", "notify"}
				}
				if err := tr.judge(); err != nil {
					t.Errorf("seed %d: %v\n%v", seed, err, s)
					reported++
				}
				notes[tr.note]++
				for _, w := range tr.wrongs {
					small, w := tr.shrink(w)
					t.Errorf("seed %d: %s: %s\n%v", seed, w.mode, w.what, small)
					reported++
				}
			}
			t.Logf("%d changes were judged fresh, %d results brought back; notes: %v", st.fresh, st.hits, notes)
			if total := *worlds / parts; reported == 0 && total >= 20 && (notes["incomplete"] > total/20 || st.fresh < total || st.hits < total) {
				t.Errorf("of %d records %d are incomplete; %d changes were judged fresh, and %d results brought back", total, notes["incomplete"], st.fresh, st.hits)
			}
		})
	}
}

func abs(t *testing.T, name string) string {
	t.Helper()
	p, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stage is where stories are played: in the directory top, which holds the world's root "r".
type stage struct {
	deptrace, top, rec string
	program            string
	env                []string
	known              map[string]digest.Result // of files outside of the world
	fresh, hits        int
}

func newStage(t *testing.T, tr *tree, program string) *stage {
	st := &stage{tr.look("deptrace"), tr.path("top"), tr.path("rec"), program, nil, map[string]digest.Result{}, 0, 0}
	if err := os.Mkdir(st.rec, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, v := range tr.env {
		if !strings.HasPrefix(v, "PATH=") && !strings.HasPrefix(v, "PWD=") {
			st.env = append(st.env, v)
		}
	}
	return st
}

func (st *stage) root() string              { return filepath.Join(st.top, "r") }
func (st *stage) manifest() string          { return filepath.Join(st.rec, "m.toml") }
func (st *stage) events() string            { return filepath.Join(st.rec, "e.jsonl") }
func (st *stage) environ(s *story) []string { return append(slices.Clone(st.env), "PATH="+s.path) }

// played is what came of a step.
type played struct {
	out, said string // standard output and error
	status    int
	left      world
}

// play runs the step in a world, by itself or with something that runs it.
func (st *stage) play(s *story, w world, with ...string) (*played, error) {
	if err := w.lay(st.top); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	args := append(with, st.program, "-c", strings.Join(s.ops, ";"))
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = filepath.Join(st.top, s.dir), st.environ(s)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("%q: %w", args, err)
	}
	left, err := look(st.top)
	return &played{out.String(), said.String(), cmd.ProcessState.ExitCode(), left}, err
}

// record records the step in a world.
func (st *stage) record(s *story, w world, engine string) (*played, []byte, error) {
	p, err := st.play(s, w, st.deptrace, "run", "--engine", engine, "--root", st.root(), "-m", st.manifest(), "--events", st.events(), "--")
	if err != nil {
		return nil, nil, err
	}
	b, err := os.ReadFile(st.manifest())
	if err != nil {
		err = fmt.Errorf("%s left no record: %w\n%s", engine, err, p.said)
	}
	return p, b, err
}

// cached runs the step in a world under `deptrace cached`; nil if no result was brought back.
func (st *stage) cached(s *story, w world) (*played, error) {
	p, err := st.play(s, w, st.deptrace, "cached", "-v", "--root", st.root(), "--")
	if err != nil || !strings.HasPrefix(p.said, "deptrace: hit: ") {
		return nil, err
	}
	return p, nil
}

// mutated are the paths, below top, that the recorded step has changed or tried to.
func (st *stage) mutated() (map[string]bool, error) {
	b, err := os.ReadFile(st.events())
	if err != nil {
		return nil, err
	}
	paths := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		var e event.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || !e.Changes() {
			continue // the first line is another
		}
		if o := e.Outcome; o.State == event.Failed && o.Errno != event.EEXIST && o.Errno != event.ENOENT {
			continue
		}
		for _, p := range []string{e.Name.Path, e.Name2.Path} {
			if rel, ok := strings.CutPrefix(p, st.top+"/"); ok {
				paths[rel] = true
			}
		}
	}
	return paths, lines.Err()
}

// now is what a record of the story is compared with.
func (st *stage) now(s *story) *cache.World {
	w := cache.NewWorld(st.environ(s))
	w.Files = func(reqs []digest.Request) []digest.Result {
		results := make([]digest.Result, len(reqs))
		for i, r := range reqs {
			known, ok := st.known[r.Path]
			if !ok {
				known = (*digest.Memo)(nil).Look(reqs[i : i+1])[0]
				if !strings.HasPrefix(r.Path, st.top+"/") {
					st.known[r.Path] = known
				}
			}
			results[i] = known
		}
		return results
	}
	return w
}

// trial is a story of which the record is judged.
type trial struct {
	*stage
	story   *story
	teller  *teller
	engines []string
	// only is a change to try, in the world that its mode says, instead of some that the
	// teller makes up.
	only *wrong

	wrongs []wrong
	note   string

	outputs, mutated map[string]bool
	inputs           map[string]bool
	about            []string // paths that matter, or may
}

// wrong is something that should not be.
type wrong struct {
	mode, what string
	change     change
}

func (tr *trial) bad(mode, what string) { tr.wrongs = append(tr.wrongs, wrong{mode: mode, what: what}) }

// judge finds out what is wrong.
func (tr *trial) judge() error {
	s := tr.story
	plain, err := tr.play(s, s.world)
	if err != nil {
		return err
	}
	if plain.left[s.dir].kind != 'd' {
		tr.note = "moved away"
		return nil
	}
	if err := os.RemoveAll(tr.manifest()); err != nil {
		return err
	}
	var record []byte
	var m *manifest.Manifest
	for _, engine := range tr.engines {
		p, b, err := tr.record(s, s.world, engine)
		if err != nil {
			return err
		}
		if p.said != "" && !strings.HasPrefix(p.said, "deptrace: incomplete record: ") {
			tr.bad("said by "+engine, p.said)
		}
		if d := differ(s.world, plain, s.world, p, nil); d != "" {
			tr.bad("watched by "+engine, d)
			return nil
		}
		if record != nil {
			if !bytes.Equal(b, record) {
				tr.bad("engines", engine+difference(record, b))
			}
			continue
		}
		record = b
		if m, err = manifest.Read(tr.manifest()); err != nil {
			return err
		}
		if tr.mutated, err = tr.stage.mutated(); err != nil {
			return err
		}
	}
	switch {
	case !m.Complete:
		tr.note = "incomplete"
		return nil
	case len(m.Side) > 0:
		tr.note = "outside"
		return nil
	}
	tr.consider(m)
	for _, p := range slices.Sorted(maps.Keys(union(s.world, plain.left))) {
		was, left := s.world[p].plain(), plain.left[p].plain()
		if was != left && !tr.outputs[p] && left.kind != 'p' && !s.world.shared(p) {
			tr.bad("outputs", fmt.Sprintf("%s was %v and is %v", p, was, left))
		}
	}
	r, err := cache.New(m, cache.Place{Manifest: tr.manifest(), Root: tr.root()})
	if err != nil {
		return err
	}
	now := tr.now(s)
	if d := cache.Check(r, now); !d.Fresh && m.Step.Exit == 0 {
		tr.bad("fresh", fmt.Sprint(d.Reasons))
		return nil
	}
	if _, err := tr.cached(s, s.world); err != nil {
		return err
	}
	if err := tr.try("found", plain, s.world, func() bool { return cache.CheckFound(r, now).Fresh }); err != nil {
		return err
	}
	again, b, err := tr.record(s, plain.left, tr.engines[len(tr.engines)-1])
	if err != nil {
		return err
	}
	if !bytes.Equal(b, record) {
		if again.out == plain.out && len(unlike(plain.left, again.left)) == 0 && !tr.changedInPlace(plain.left) {
			tr.bad("again", difference(record, b))
		}
		tr.note = "another step over its outputs"
		return nil
	}
	return tr.try("left", again, plain.left, func() bool { return cache.Check(r, now).Fresh })
}

// consider finds the paths that a record is about.
func (tr *trial) consider(m *manifest.Manifest) {
	tr.outputs, tr.inputs = map[string]bool{}, map[string]bool{}
	for i := range m.Outputs {
		tr.outputs[path.Join("r", m.Outputs[i].Path)] = true
	}
	for i := range m.Inputs {
		if p := m.Inputs[i].Path; !path.IsAbs(p) && p[0] != '~' {
			tr.inputs[path.Join("r", p)] = true
		}
	}
	about := maps.Clone(tr.inputs)
	for p := range tr.mutated {
		about[p], about[path.Dir(p)] = true, true
	}
	for _, o := range tr.story.ops { // names that are not in the record, which may be wrong
		for _, word := range strings.Fields(o) {
			if p := path.Join(tr.story.dir, word); strings.Contains(word, "/") && strings.HasPrefix(p, "r/") && !path.IsAbs(word) {
				about[p] = true
			}
		}
	}
	tr.about = slices.Sorted(maps.Keys(about))
}

// changedInPlace reports whether an output was made from what was there, or from nothing and
// is empty: another run may find it as it is to be, and leave it.
func (tr *trial) changedInPlace(left world) bool {
	for p := range tr.outputs {
		if tr.inputs[p] || left[p].kind == 'f' && left[p].content == "" {
			return true
		}
	}
	return false
}

// try changes a world in which the step has done what base is, and wants the same of it where
// the record is fresh.
func (tr *trial) try(mode string, base *played, w world, fresh func() bool) error {
	var changes []change
	switch {
	case tr.only == nil:
		for range 14 {
			c := tr.teller.change(w, tr.story.dir, tr.about)
			if tr.teller.p(15) {
				c = append(c, tr.teller.change(c.apply(w), tr.story.dir, tr.about)...)
			}
			changes = append(changes, c)
		}
	case tr.only.mode == mode || tr.only.mode == "hit" && mode == "found":
		changes = []change{tr.only.change}
	}
	hits := 0
	for _, c := range changes {
		w2 := c.apply(w)
		if !tr.fair(mode, w, w2) {
			continue
		}
		if err := w2.lay(tr.top); err != nil {
			return err
		}
		if !fresh() {
			continue
		}
		tr.fresh++
		p, err := tr.play(tr.story, w2)
		if err != nil {
			return err
		}
		if d := differ(w, base, w2, p, tr.outputs); d != "" {
			tr.wrongs = append(tr.wrongs, wrong{mode, fmt.Sprintf("%s; changed: %v", d, c), c})
			continue
		}
		if hits++; mode != "found" || hits > 2 && tr.only == nil { // a hit costs as much as all the rest
			continue
		}
		hit, err := tr.cached(tr.story, w2)
		if err != nil {
			return err
		}
		if hit == nil {
			continue
		}
		tr.hits++
		if d := differ(p.left, p, p.left, hit, nil); d != "" && !tr.writesShared(w) {
			tr.wrongs = append(tr.wrongs, wrong{"hit", fmt.Sprintf("%s; changed: %v", d, c), c})
		}
	}
	return nil
}

// fair reports whether a record promises something about a change.
func (tr *trial) fair(mode string, w, w2 world) bool {
	changed := unlike(w, w2)
	for _, p := range changed {
		about := tr.inputs[p]
		if tr.outputs[p] {
			about = mode == "left"
		}
		if tr.mutated[p] && !about || p == tr.story.dir || w.shared(p) || w[p].kind == 'p' {
			return false
		}
		for q := range tr.mutated {
			if strings.HasPrefix(q, p+"/") || w[p].kind == 0 && strings.HasPrefix(p, q+"/") {
				return false
			}
		}
	}
	return len(changed) > 0
}

// writesShared reports whether a file that is written to has another name.
func (tr *trial) writesShared(w world) bool {
	for p := range tr.outputs {
		if w.shared(p) {
			return true
		}
	}
	return false
}

// differ says in what two runs differ, in worlds that may differ themselves: what the first has
// changed, and all outputs, must be the same after the second.
func differ(w world, a *played, w2 world, b *played, outputs map[string]bool) string {
	if a.status != b.status {
		return fmt.Sprintf("status %d and %d: %s", a.status, b.status, b.said)
	}
	if a.out != b.out {
		return "printed" + difference([]byte(a.out), []byte(b.out))
	}
	for _, p := range slices.Sorted(maps.Keys(union(w, a.left, w2, b.left))) {
		want := w2[p].plain()
		if outputs[p] || a.left[p].plain() != w[p].plain() {
			want = a.left[p].plain()
		}
		if got := b.left[p].plain(); got != want {
			return fmt.Sprintf("%s is %v and not %v", p, got, want)
		}
	}
	return ""
}

// difference are the lines that are in one text and not in the other.
func difference(a, b []byte) string {
	as, bs := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	text := ":"
	for _, l := range as {
		if !slices.Contains(bs, l) {
			text += "\n\t-" + l
		}
	}
	for _, l := range bs {
		if !slices.Contains(as, l) {
			text += "\n\t+" + l
		}
	}
	return text
}

// shrink makes the story and the change of something wrong as small as they can be.
func (tr *trial) shrink(w wrong) (*story, wrong) {
	has := func(s *story, c change) bool {
		t := &trial{stage: tr.stage, story: s, engines: tr.engines, only: &wrong{mode: w.mode, change: c}}
		if err := t.judge(); err != nil {
			return false
		}
		i := slices.IndexFunc(t.wrongs, func(w2 wrong) bool { return w2.mode == w.mode })
		if i >= 0 {
			w = t.wrongs[i]
		}
		return i >= 0
	}
	s := tr.story
	for again := true; again; {
		again = false
		keep := func(t *story, c change) {
			if has(t, c) {
				s, again = t, true
			}
		}
		for i := len(s.ops) - 1; i >= 0; i-- {
			t := s.clone()
			if t.ops = slices.Delete(t.ops, i, i+1); len(t.ops) > 0 {
				keep(t, w.change)
			}
		}
		for _, p := range slices.Backward(slices.Sorted(maps.Keys(s.world))) {
			t := s.clone()
			if t.world.without(p); p != "r" && p != s.dir {
				keep(t, w.change)
			}
		}
		for i := len(w.change) - 1; i >= 0 && len(w.change) > 1; i-- {
			keep(s, slices.Delete(slices.Clone(w.change), i, i+1))
		}
	}
	return s, w
}
