package depfile

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The judges of what Write writes are the programs that read it.

// Everything that a target depends on is older than the target, until it is
// touched. Whole seconds, and none of them now.
var (
	timeOld    = time.Unix(1_000_000_000, 0)
	timeTarget = time.Unix(1_100_000_000, 0)
	timeNew    = time.Unix(1_200_000_000, 0)
)

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf(`%s: %v; run "make tools"`, name, err)
	}
	return path
}

// run returns what a tool says, in the order in which it says it.
func run(t *testing.T, dir string, argv ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(tool(t, argv[0]), argv[1:]...)
	cmd.Dir = dir
	// Neither the make nor the ninja that runs this test has a say, and messages
	// are in English.
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !slices.Contains([]string{"MAKEFLAGS", "MAKELEVEL", "MAKEFILES", "NINJA_STATUS"}, name) {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C", "TERM=dumb")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, dir string, argv ...string) string {
	t.Helper()
	out, err := run(t, dir, argv...)
	if err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, out)
	}
	return out
}

func writeFile(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// setTime makes the file if it is not there.
func setTime(t *testing.T, dir, name string, at time.Time) {
	t.Helper()
	path := dir + "/" + name
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func mustAppend(t *testing.T, r Rule, d Dialect) []byte {
	t.Helper()
	b, err := Append(nil, r, d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A workbench is a directory with many rules in it, each a target of its own, that
// one run of make or ninja judges. The targets and dependencies are files there.
type workbench struct {
	dir     string
	dialect Dialect
	rules   []Rule // one target each
}

func (w *workbench) add(target string, deps ...string) {
	w.rules = append(w.rules, Rule{Targets: []Target{{Name: target}}, Deps: deps})
}

// deps returns every name that a rule depends on.
func (w *workbench) deps() []string {
	var names []string
	for _, r := range w.rules {
		names = append(names, r.Deps...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (w *workbench) setUp(t *testing.T) {
	t.Helper()
	for _, name := range w.deps() {
		setTime(t, w.dir, name, timeOld)
	}
	for _, r := range w.rules {
		setTime(t, w.dir, r.Targets[0].Name, timeTarget)
	}
}

// prepareMake writes a makefile of all rules, each with a recipe that does nothing
// but print. It returns a function that says what make rebuilds now.
func (w *workbench) prepareMake(t *testing.T) func() []string {
	t.Helper()
	var mk bytes.Buffer
	mk.WriteString("default:\n")
	argv := []string{"make", "-rR", "-f", "rules.mk", "--"}
	for _, r := range w.rules {
		mk.Write(w.text(t, r))
		mk.WriteString("\t$(info built $@)@:\n")
		argv = append(argv, goal(r))
	}
	writeFile(t, w.dir, "rules.mk", mk.String())
	return func() []string {
		t.Helper()
		return sortedMatches(makeBuilt, mustRun(t, w.dir, argv...))
	}
}

// text returns the depfile of r and, for a recipe to follow, its target once more.
func (w *workbench) text(t *testing.T, r Rule) []byte {
	t.Helper()
	return append(mustAppend(t, r, w.dialect), mustAppend(t, Rule{Targets: r.Targets}, w.dialect)...)
}

// goal returns the target of r for make's command line, where a "~" would be a home
// directory, and "./" is taken off.
func goal(r Rule) string { return "./" + r.Targets[0].Name }

var (
	makeBuilt  = regexp.MustCompile(`(?m)^built (.*)$`)
	ninjaBuilt = regexp.MustCompile(`(?m)^\[\d+/\d+\] built <(.*)>$`)
)

func sortedMatches(re *regexp.Regexp, out string) []string {
	var names []string
	for _, m := range re.FindAllStringSubmatch(out, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return names
}

// makeReads has make print the dependencies of every rule as it understood them,
// and compares.
func (w *workbench) makeReads(t *testing.T) {
	t.Helper()
	var mk bytes.Buffer
	mk.WriteString("default:\n")
	argv := []string{"make", "-rRB", "-f", "reads.mk", "--"}
	var want []string
	for i, r := range w.rules {
		mk.Write(w.text(t, r))
		fmt.Fprintf(&mk, "\t$(info %d [$^])@:\n", i)
		argv = append(argv, goal(r))
		words, err := quoteDeps(r, w.dialect)
		if err != nil {
			t.Fatal(err)
		}
		// The order is of our own choice, and make keeps it.
		var names []string
		for _, word := range arrange(words) {
			if word.name != "" {
				names = append(names, word.name)
			}
		}
		want = append(want, fmt.Sprintf("%d [%s]", i, strings.Join(names, " ")))
	}
	writeFile(t, w.dir, "reads.mk", mk.String())
	// Neither ninja nor make -j promises an order.
	got := map[string]bool{}
	for line := range strings.Lines(mustRun(t, w.dir, argv...)) {
		got[strings.TrimSuffix(line, "\n")] = true
	}
	for i, line := range want {
		if !got[line] {
			t.Errorf("make does not read %q in\n%s", line, mustAppend(t, w.rules[i], w.dialect))
		}
		delete(got, line)
	}
	for line := range got {
		t.Errorf("make reads %q", line)
	}
}

// The two ways in which ninja takes a depfile: it reads it once, after the command,
// and keeps the dependencies in a log; or it reads it at every start, and then
// compares the targets, too.
const (
	logNinja   = "log.ninja"
	plainNinja = "plain.ninja"
)

// prepareNinja writes build files with an edge for each rule, and builds all. It
// returns a function that says what ninja would rebuild now, with either file.
func (w *workbench) prepareNinja(t *testing.T) func(file string) []string {
	t.Helper()
	var edges bytes.Buffer
	for i, r := range w.rules {
		name := r.Targets[0].Name
		path := strings.NewReplacer("$", "$$", " ", "$ ", ":", "$:").Replace(name)
		value := strings.ReplaceAll(name, "$", "$$")
		if value[0] == ' ' {
			value = "$" + value // or it would be trimmed
		}
		fmt.Fprintf(&edges, "build %s: trace\n  n = %d\n  name = %s\n", path, i, value)
		writeFile(t, w.dir, fmt.Sprintf("%d.d", i), string(mustAppend(t, r, w.dialect)))
	}
	rule := "rule trace\n  command = : $n\n  description = built <$name>\n  depfile = $n.d\n"
	writeFile(t, w.dir, plainNinja, rule+edges.String())
	writeFile(t, w.dir, logNinja, rule+"  deps = gcc\n"+edges.String())
	mustRun(t, w.dir, "ninja", "-d", "keepdepfile", "-f", logNinja)
	return func(file string) []string {
		t.Helper()
		out := mustRun(t, w.dir, "ninja", "-n", "-d", "keepdepfile", "-f", file) // even a dry run removes it
		got := sortedMatches(ninjaBuilt, out)
		if len(got) == 0 && !strings.Contains(out, "ninja: no work to do.") {
			t.Errorf("ninja says %q", out)
		}
		return got
	}
}

// ninjaReads compares what is in ninja's dependency log.
func (w *workbench) ninjaReads(t *testing.T) {
	t.Helper()
	got := map[string][]string{}
	target := ""
	for line := range strings.Lines(mustRun(t, w.dir, "ninja", "-f", logNinja, "-t", "deps")) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "    "); ok {
			got[target] = append(got[target], name)
		} else if i := strings.LastIndex(line, ": #deps "); i >= 0 {
			target = line[:i]
			got[target] = nil
			if !strings.HasSuffix(line, "(VALID)") {
				t.Errorf("ninja says %q", line)
			}
		}
	}
	for _, r := range w.rules {
		want := slices.Sorted(slices.Values(r.Deps))
		names := slices.Sorted(slices.Values(got[r.Targets[0].Name]))
		if !slices.Equal(names, want) {
			t.Errorf("ninja reads %q, want %q in\n%s", names, want, mustAppend(t, r, w.dialect))
		}
	}
}

// judge touches dependencies and wants exactly their dependents rebuilt. In round k
// it touches those whose number has bit k set, so that every name is touched in a
// choice of rounds of its own, and a target that follows another name than its own
// is found out.
func (w *workbench) judge(t *testing.T, reader string, rebuilds func() []string) {
	t.Helper()
	if got := rebuilds(); len(got) > 0 {
		t.Errorf("%s: nothing was touched, and it rebuilds %q", reader, got)
	}
	names := w.deps()
	for bit := 1; bit <= len(names); bit <<= 1 {
		touched := map[string]bool{}
		for i, name := range names {
			at := timeOld
			if (i+1)&bit != 0 {
				touched[name] = true
				at = timeNew
			}
			setTime(t, w.dir, name, at)
		}
		got := rebuilds()
		for _, r := range w.rules {
			target := r.Targets[0].Name
			want := slices.ContainsFunc(r.Deps, func(dep string) bool { return touched[dep] })
			if _, rebuilt := slices.BinarySearch(got, target); rebuilt != want {
				t.Errorf("%s: rebuilds %q: %v, want %v, for\n%s", reader, target, rebuilt, want, mustAppend(t, r, w.dialect))
			}
		}
	}
	w.setUp(t)
}
