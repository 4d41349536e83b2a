//go:build amd64 || arm64

package trace_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"deptrace/trace"
	"deptrace/trace/event"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// everyEngine runs a test under each engine: they tell the same events. What Notify
// cannot see wantLines and recorder.check make allowance for.
func everyEngine(t *testing.T, f func(t *testing.T, engine trace.Engine)) {
	t.Helper()
	for _, e := range []trace.Engine{trace.Notify, trace.Ptrace, trace.PtraceSlow} {
		t.Run(string(e), func(t *testing.T) { f(t, e) })
	}
}

// tracers runs a test under the engines that see results, signals, descriptors, and the
// birth and the end of each process.
func tracers(t *testing.T, f func(t *testing.T, engine trace.Engine)) {
	t.Helper()
	for _, e := range []trace.Engine{trace.Ptrace, trace.PtraceSlow} {
		t.Run(string(e), func(t *testing.T) { f(t, e) })
	}
}

// limit is when a step that should have ended long ago is taken to hang.
const limit = 30 * time.Second

// recorder is a sink that keeps what it is told.
type recorder struct {
	engine trace.Engine
	dir    string // what the test is about: paths elsewhere are left out
	events []event.Event
	// then, if not nil, is called with each event.
	then func(*event.Event) event.Hold
}

func (r *recorder) Event(e *event.Event) event.Hold {
	c := *e
	c.Name.Links = slices.Clone(c.Name.Links)
	c.Name2.Links = slices.Clone(c.Name2.Links)
	r.events = append(r.events, c)
	if r.then != nil {
		return r.then(e)
	}
	return nil
}

// step is a step to be run by a test.
type step struct {
	trace.Command
	dir  string
	then func(*event.Event) event.Hold
}

// fixture makes a directory that has files f and d/g, an empty directory e, and links
// link -> f, dlink -> d, dangling -> nowhere.
func fixture(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	mkdir(t, dir, "d", "e")
	write(t, dir, "f", "content\n", 0o644)
	write(t, dir, "d/g", "content\n", 0o644)
	symlink(t, dir, "f", "link")
	symlink(t, dir, "d", "dlink")
	symlink(t, dir, "nowhere", "dangling")
	return dir
}

func mkdir(t testing.TB, dir string, names ...string) {
	t.Helper()
	for _, n := range names {
		if err := os.Mkdir(filepath.Join(dir, n), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func write(t testing.TB, dir, name, content string, mode os.FileMode) {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.WriteFile(p, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(p, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

func symlink(t testing.TB, dir, target, name string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// victimStep is a step that runs a victim in a fixture of its own.
func victimStep(t testing.TB, engine trace.Engine, args ...string) *step {
	t.Helper()
	dir := fixture(t)
	return &step{
		Command: trace.Command{Args: append([]string{victim(t)}, args...), Dir: dir, Engine: engine},
		dir:     dir,
	}
}

// run runs the step. Whatever happens it must not hang.
func (s *step) run(t testing.TB) (*recorder, trace.Result) {
	t.Helper()
	r, result, err := s.try(t)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return r, result
}

func (s *step) try(t testing.TB) (*recorder, trace.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	r := &recorder{engine: s.Engine, dir: s.dir, then: s.then}
	result, err := trace.Run(ctx, s.Command, r)
	if err == nil {
		r.engine = result.Engine // which Auto has chosen
	}
	if ctx.Err() != nil {
		t.Errorf("%q hangs: it was killed after %v, having told\n%s", s.Args, limit, strings.Join(r.story(), "\n"))
	}
	if err == nil {
		r.check(t)
	}
	return r, result, err
}

// good runs the step and wants its status to be 0.
func (s *step) good(t testing.TB) *recorder {
	t.Helper()
	r, result := s.run(t)
	if result.Status != 0 {
		t.Errorf("%q ended with status %d, signal %v, want 0", s.Args, result.Status, result.Signal)
	}
	return r
}

// output runs the step and returns what it prints.
func (s *step) output(t testing.TB) (string, *recorder, trace.Result) {
	t.Helper()
	out, finish := collect(t)
	s.Stdout = out
	r, result := s.run(t)
	return finish(), r, result
}

// collect returns the writing end of a pipe and a function that closes it and returns
// all that was written to it.
func collect(t testing.TB) (*os.File, func() string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		r.Close()
		got <- string(b)
	}()
	return w, func() string {
		w.Close()
		return <-got
	}
}

// wantLines compares what an engine has told with what it should have, given as one
// string with a line each. See difference.
func wantLines(t testing.TB, engine trace.Engine, got []string, want string) {
	t.Helper()
	if diff := difference(engine, lines(want), got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// difference compares lines that a recorder has rendered; it is empty if they are as
// wanted. That is word for word, but for what Notify cannot see: it may tell an
// operation that is to succeed, or to fail in a way that no look tells beforehand
// (marked with "?"), as unknown; it need not tell the end of another process than the
// command; and it tells of no signals.
func difference(engine trace.Engine, want, got []string) string {
	var wanted, told []string
	for _, l := range want {
		if engine != trace.Notify || !strings.HasPrefix(l, "signal ") && !endOfOther.MatchString(l) {
			wanted = append(wanted, l)
		}
	}
	for _, l := range got {
		if engine != trace.Notify || !endOfOther.MatchString(l) {
			told = append(told, l)
		}
	}
	for i, l := range wanted {
		l, unseen := strings.CutSuffix(l, "?")
		wanted[i] = l
		what, success := strings.CutSuffix(l, " ok")
		if !success {
			what = outcome.ReplaceAllString(l, "")
		}
		if engine == trace.Notify && (success || unseen) && i < len(told) && told[i] == what+" unknown" {
			wanted[i] = told[i]
		}
	}
	return cmp.Diff(wanted, told)
}

// supposed returns lines that a recorder has rendered, with success for Notify's
// unknown outcomes: for comparisons that are not line by line. What a lookup finds, and
// what cannot be, it does know.
func supposed(engine trace.Engine, got []string) []string {
	if engine != trace.Notify {
		return got
	}
	lines := []string{}
	for _, l := range got {
		if what, unknown := strings.CutSuffix(l, " unknown"); unknown {
			l = what + " ok"
		}
		lines = append(lines, l)
	}
	return lines
}

var (
	endOfOther = regexp.MustCompile(`^[0-9]+: exit `)
	outcome    = regexp.MustCompile(` (ok|E[A-Z]+|errno [0-9]+)$`)
)

// lines splits a text into its lines, without the space around them.
func lines(text string) []string {
	all := []string{}
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			all = append(all, l)
		}
	}
	return all
}

// check wants what holds for every step.
func (r *recorder) check(t testing.TB) {
	t.Helper()
	alive := map[int]bool{}
	pending := map[uint64]event.Event{}
	told := map[uint64]bool{}
	command := 0
	for i := range r.events {
		e := &r.events[i]
		where := fmt.Sprintf("event %d (%s)", i, r.line(e))
		if e.Process == 0 && e.Op != event.Fork {
			continue // before the first process
		}
		if e.Process != 0 && !alive[e.Process] {
			t.Errorf("%s: process %d is not alive", where, e.Process)
		}
		p, again := pending[e.Seq]
		switch {
		case again:
			delete(pending, e.Seq)
			if e.Outcome.State == event.Pending {
				t.Errorf("%s: pending twice", where)
			}
			if e.Op != p.Op || e.Process != p.Process || e.Name.Path != p.Name.Path || e.Name2.Path != p.Name2.Path || e.Flags != p.Flags {
				t.Errorf("%s: is not the operation that was announced: %s", where, r.line(&p))
			}
		case e.Seq == 0 || told[e.Seq]:
			t.Errorf("%s: number %d again", where, e.Seq)
		case e.Outcome.State == event.Pending && r.engine != trace.Notify:
			pending[e.Seq] = *e
			if !e.Changes() {
				t.Errorf("%s: pending, but changes nothing", where)
			}
		case r.engine == trace.Notify:
			r.checkSeenBefore(t, e, command, where)
		case e.Changes():
			t.Errorf("%s: changes something, but was not told before it happened", where)
		}
		told[e.Seq] = true
		switch e.Op {
		case event.Fork:
			if alive[e.Child] {
				t.Errorf("%s: process %d is born twice", where, e.Child)
			}
			alive[e.Child] = true
			if e.Process == 0 && command == 0 {
				command = e.Child
			}
		case event.Exit:
			delete(alive, e.Process)
		}
		if e.Op == event.Incomplete && event.Help[e.Reason] == "" {
			t.Errorf("%s: unknown reason", where)
		}
	}
	if r.engine == trace.Notify {
		// It need not notice the end of any other process.
		alive = map[int]bool{command: alive[command]}
	}
	for p, is := range alive {
		if is {
			t.Errorf("process %d has not ended", p)
		}
	}
}

// checkSeenBefore wants what holds for an event of an engine that sees calls before they
// are made and not what becomes of them.
func (r *recorder) checkSeenBefore(t testing.TB, e *event.Event, command int, where string) {
	t.Helper()
	state := e.Outcome.State
	switch e.Op {
	case event.Signal, event.Close, event.Dup:
		t.Errorf("%s: this engine cannot see it", where)
	case event.Exit:
		if e.Process != command && (e.Status != -1 || e.Signal != 0) {
			t.Errorf("%s: only the command's status is seen", where)
		}
	case event.Fork, event.Inherit, event.Load, event.Incomplete:
	case event.Stat, event.Access, event.Readlink, event.List:
		// A look finds what they are about to find.
		if state != event.OK && state != event.Failed {
			t.Errorf("%s: a lookup whose outcome is not known", where)
		}
	default:
		if state != event.Unknown && state != event.Failed {
			t.Errorf("%s: the outcome cannot be seen", where)
		}
	}
}

// files renders the operations on files in the test's directory, once each, with
// their outcome, and what is incomplete.
func (r *recorder) files() []string {
	return r.render(func(e *event.Event) bool {
		switch e.Op {
		case event.Fork, event.Exit, event.Signal:
			return false
		case event.Exec:
			return r.mine(e.Name) && e.Name.Path != r.dir
		}
		return true
	})
}

// story renders, besides, what happens to processes.
func (r *recorder) story() []string {
	return r.render(func(e *event.Event) bool { return e.Op != event.Fork || e.Process != 0 })
}

// of renders the operations of some kinds.
func (r *recorder) of(ops ...event.Op) []string {
	return r.render(func(e *event.Event) bool { return slices.Contains(ops, e.Op) })
}

func (r *recorder) render(keep func(*event.Event) bool) []string {
	number := map[int]int{} // of a process, in the order of birth
	lines := []string{}
	for i := range r.events {
		e := &r.events[i]
		if e.Op == event.Fork {
			number[e.Child] = len(number) + 1
		}
		if e.Outcome.State == event.Pending || !r.concerns(e) || !keep(e) {
			continue
		}
		line := r.line(e)
		if e.Op == event.Fork {
			line = fmt.Sprintf("fork %d", number[e.Child])
		}
		if n := number[e.Process]; n > 1 {
			line = fmt.Sprintf("%d: %s", n, line)
		}
		lines = append(lines, line)
	}
	return lines
}

// concerns reports whether the event is about the test's directory, or about no file
// at all.
func (r *recorder) concerns(e *event.Event) bool {
	switch e.Op {
	case event.Fork, event.Exit, event.Signal, event.Incomplete, event.Exec, event.Connect:
		return true
	case event.Close, event.Dup:
		return max(e.Descriptor, e.Descriptor2) >= 100
	}
	if r.mine(e.Name) || r.mine(e.Name2) {
		return true
	}
	for _, l := range e.Name.Links {
		if strings.HasPrefix(l.Path, r.dir+"/") {
			return true
		}
	}
	return false
}

func (r *recorder) mine(n event.Name) bool {
	return n.Path == r.dir || strings.HasPrefix(n.Path, r.dir+"/")
}

// line renders an event: operation, flags, names, what belongs to it, outcome. Names
// are relative to the test's directory. Links are shown as "[link -> target]". That
// an operation on a name does not follow a link goes without saying.
func (r *recorder) line(e *event.Event) string {
	words := []string{e.Op.String()}
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	flags := e.Flags
	switch e.Op {
	case event.Exit:
		if e.Signal != 0 {
			return "exit " + unix.SignalName(syscall.Signal(e.Signal))
		}
		return "exit " + strconv.Itoa(e.Status)
	case event.Signal:
		return "signal " + unix.SignalName(syscall.Signal(e.Signal))
	case event.Incomplete:
		return strings.TrimSuffix(fmt.Sprintf("incomplete %s: %s", e.Reason, strings.ReplaceAll(e.Detail, r.dir, "DIR")), ": ")
	case event.Fork:
		return fmt.Sprintf("fork %d", e.Child)
	case event.Close, event.Dup:
		add("%s", r.descriptor(e.Descriptor))
		if e.Op == event.Dup && e.Outcome.State == event.OK || e.Op == event.Close && e.Descriptor2 > 0 {
			add("%s", r.descriptor(e.Descriptor2))
		}
		add("%v", e.Outcome)
		return strings.Join(words, " ")
	case event.Mkdir, event.Rmdir, event.Unlink, event.Symlink, event.Mknod, event.Rename, event.Readlink, event.Bind:
		flags &^= event.NoFollow
	}
	if flags != 0 {
		add("%v", flags)
	}
	for _, n := range []event.Name{e.Name, e.Name2} {
		if !n.IsZero() {
			add("%s", r.name(n))
		}
	}
	switch e.Op {
	case event.Inherit:
		add("as %d", e.Descriptor)
	case event.Readlink, event.Symlink:
		add("=%s", e.Target)
	case event.Truncate:
		add("to %d", e.Size)
	case event.Connect, event.Bind:
		add("%s", strings.ReplaceAll(e.Address, r.dir, "DIR"))
	}
	add("%v", e.Outcome)
	return strings.Join(words, " ")
}

// descriptor renders a descriptor. Small numbers depend on what else is open.
func (r *recorder) descriptor(d int) string {
	if d > 2 && d < 100 {
		return "N"
	}
	return strconv.Itoa(d)
}

func (r *recorder) name(n event.Name) string {
	s := r.relative(n.Path)
	for _, l := range n.Links {
		if strings.HasPrefix(l.Path, r.dir+"/") {
			s += fmt.Sprintf(" [%s -> %s]", r.relative(l.Path), l.Target)
		}
	}
	return s
}

func (r *recorder) relative(p string) string {
	if v, _ := compile(); p == v {
		return "VICTIM"
	}
	if p == r.dir {
		return "."
	}
	if p == "" {
		return `""`
	}
	return strings.TrimPrefix(p, r.dir+"/")
}
