package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timing is one run of a candidate.
type timing struct {
	round, place int // in the order of the round
	wall, cpu    time.Duration
}

// row is what was measured of a candidate.
type row struct {
	*candidate
	runs   []timing
	failed error
	remark string // of deptrace: why its record is incomplete
}

// result is what was measured of a workload.
type result struct {
	*workload
	base  *row
	rows  []*row // without base
	calls int    // notified ones, counted by the floor; 0: there is none
}

// job is where and what a workload runs.
type job struct {
	b        *bench
	w        *workload
	template string
	dir      string // of the runs
	out      string // of what recorders and the harness itself leave
	warming  bool   // a cache need not know yet what it is about to learn
}

// measure runs a workload in rounds.
func (b *bench) measure(w *workload, rounds int) (*result, error) {
	say("%s: %s, %d rounds, load %.2f", w.name, w.what, rounds, load())
	b.loads = append(b.loads, load())
	j := &job{b: b, w: w, template: filepath.Join(b.tmp, w.name, "template"), dir: filepath.Join(b.tmp, w.name, "run"), out: filepath.Join(b.tmp, w.name, "out")}
	for _, dir := range []string{j.template, j.out} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	}
	defer os.RemoveAll(filepath.Dir(j.dir))
	if w.template != nil {
		if err := w.template(b, j.template); err != nil {
			return nil, err
		}
	}
	r := &result{workload: w, base: &row{candidate: j.baseline()}}
	candidates := recorders
	if w.candidates != nil {
		candidates = w.candidates
	}
	for _, c := range candidates(b, w) {
		if b.wants(c) {
			r.rows = append(r.rows, &row{candidate: c})
		}
	}
	all := append([]*row{r.base}, r.rows...)
	j.warming = true
	for _, row := range all {
		if row.absent != "" || !(row.warm || w.quick || row == r.base) {
			continue
		}
		if _, err := j.run(row); err != nil {
			row.fail(err)
		}
	}
	j.warming = false
	var err error
	if w.candidates == nil && w.base == nil {
		if r.calls, err = j.count(); err != nil {
			return nil, err
		}
	}
	for round := range rounds {
		b.rng.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		for place, row := range all {
			if row.absent != "" || row.failed != nil {
				continue
			}
			t, err := j.run(row)
			if err != nil {
				row.fail(err)
				continue
			}
			t.round, t.place = round, place
			row.runs = append(row.runs, t)
		}
		if r.base.failed != nil {
			return nil, r.base.failed
		}
	}
	return r, nil
}

func (r *row) fail(err error) {
	r.failed = err
	say("%s: failed: %v", r.name, err)
}

// wants reports whether a candidate was picked.
func (b *bench) wants(c *candidate) bool {
	if b.with == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(b.with, ","), func(word string) bool { return strings.HasPrefix(c.name, word) })
}

// baseline is what the candidates are compared with.
func (j *job) baseline() *candidate {
	if j.w.base != nil {
		return &candidate{name: "empty Go program", argv: j.w.base}
	}
	return &candidate{name: untraced, prefix: func(*bench, string) []string { return nil }}
}

// commandOf is the command line of a candidate.
func (j *job) commandOf(c *candidate) []string {
	if c.argv != nil {
		return c.argv(j.b)
	}
	argv := slices.Clone(j.w.argv(j.b))
	if !j.w.wrapped {
		return append(slices.Clone(c.prefix(j.b, filepath.Join(j.out, "record"))), argv...)
	}
	// In a makefile $@ is what a compile makes, which is what its record is named after.
	cc := append(slices.Clone(c.prefix(j.b, "$@")), "gcc")
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], "$CC", strings.Join(cc, " "))
	}
	return argv
}

// fresh makes the directory of a run.
func (j *job) fresh() (dir string, err error) {
	if err := os.RemoveAll(j.out); err != nil {
		return "", err
	}
	if err := os.Mkdir(j.out, 0o777); err != nil || j.w.inPlace {
		return j.template, err
	}
	if err := os.RemoveAll(j.dir); err != nil {
		return "", err
	}
	if err := os.Mkdir(j.dir, 0o777); err != nil {
		return "", err
	}
	return j.dir, copyTree(j.dir, j.template)
}

// run runs a candidate once, and sees that it has done its work.
func (j *job) run(r *row) (t timing, err error) {
	dir, err := j.fresh()
	if err != nil {
		return t, err
	}
	if r.before != nil {
		if err := r.before(j.b, dir); err != nil {
			return t, err
		}
	}
	// Not os.Create, which opens for reading, too: that would make an input of it.
	stdout, err := os.OpenFile(filepath.Join(j.out, "stdout"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return t, err
	}
	defer stdout.Close()
	// A pipe: what deptrace -v writes to a file is not the command's.
	var stderr bytes.Buffer
	argv := j.commandOf(r.candidate)
	c := exec.Command(argv[0], argv[1:]...)
	c.Dir, c.Env, c.Stdout, c.Stderr = dir, append(slices.Clone(j.b.env), r.env...), stdout, &stderr
	c.Env = append(c.Env, "PWD="+dir)
	began := time.Now()
	err = c.Run()
	t.wall = time.Since(began)
	if err != nil {
		return t, fmt.Errorf("%w: %s", err, tail(stderr.Bytes()))
	}
	t.cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	return t, j.check(r, dir, stderr.Bytes())
}

// check sees that a run has left what it was to leave.
func (j *job) check(r *row, dir string, said []byte) error {
	if r.argv == nil || j.w.base == nil {
		for _, name := range j.w.outputs {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil {
				return err
			} else if j.w.compiler && info.Size() == 0 {
				return fmt.Errorf("%s is empty", name)
			}
		}
	}
	started := 1
	for _, ending := range r.leaves {
		records := []string{filepath.Join(j.out, "record"+ending)}
		if j.w.wrapped {
			if err := filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
				if strings.HasSuffix(p, "o"+ending) {
					records = append(records, p)
				}
				return err
			}); err != nil {
				return err
			}
			records = records[1:]
			if started = len(records); started < 20 {
				return fmt.Errorf("%d records of objects, want more", started)
			}
		}
		for _, p := range records {
			if info, err := os.Stat(p); err != nil {
				return err
			} else if info.Size() == 0 {
				return fmt.Errorf("the record %s is empty", p)
			}
		}
	}
	if r.says != "" && !j.warming && !bytes.Contains(said, []byte(r.says)) {
		return fmt.Errorf("it does not say %q: %s", r.says, tail(said))
	}
	if r.engine == "" {
		return nil
	}
	if m := incomplete.FindSubmatch(said); m != nil {
		r.remark = "incomplete: " + string(m[1])
	}
	ran := engineRan.FindAllSubmatch(said, -1)
	if len(ran) < started {
		return fmt.Errorf("it does not say which engine ran: %s", tail(said))
	}
	for _, m := range ran {
		if string(m[1]) != r.engine || len(m[2]) > 0 {
			return fmt.Errorf("another engine ran: %s", m[0])
		}
	}
	return nil
}

var (
	engineRan  = regexp.MustCompile(`(?m)^deptrace: engine (\S+)(.*)$`)
	incomplete = regexp.MustCompile(`(?m)^deptrace: incomplete record: (.*)$`)
)

// count returns how many calls are notified, counted by the floor in a run of its own.
func (j *job) count() (int, error) {
	file := filepath.Join(filepath.Dir(j.out), "calls")
	r := &row{candidate: &candidate{name: "count", prefix: func(b *bench, _ string) []string { return []string{b.bin("floor"), "-count", file} }}}
	if _, err := j.run(r); err != nil {
		return 0, fmt.Errorf("count the calls: %w", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	calls := 0
	for word := range strings.FieldsSeq(string(text)) {
		n, err := strconv.Atoi(word)
		if err != nil {
			return 0, err
		}
		calls += n
	}
	if calls == 0 {
		return 0, errors.New("the floor saw no call")
	}
	return calls, nil
}

// command runs a command that is not measured.
func command(dir string, env []string, argv ...string) error {
	c := exec.Command(argv[0], argv[1:]...)
	c.Dir, c.Env = dir, env
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, tail(out))
	}
	return nil
}

// tail is the end of what a program has said, on one line.
func tail(b []byte) string {
	words := strings.Fields(string(b))
	s := strings.Join(words, " ")
	if len(s) > 300 {
		s = "…" + s[len(s)-300:]
	}
	return s
}
