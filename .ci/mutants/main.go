// Mutants takes each row of the table of system calls away, number by number, and runs
// the tests that are meant to notice. It is run by `make mutants`, from the top
// directory; MUTANTS='^open' takes some calls only, MUTANTS=-quick the first two kinds of
// tests. It exits with 1 if a row that matters to a footprint is missed by none.
//
// The tests are of four kinds:
//
//   - list: the table against the kernel's list of calls. They notice every row, but not what is in
//     it. They are all that a row needs that says why a call is harmless.
//   - unit: of the decoder and the filter, which have a case for each call and ABI.
//   - engines: package trace's, which run a program that makes the calls.
//   - conformance: the behaviours of cmd/deptrace/testdata/conformance.
//
// The last two can only notice a call that one of their programs makes. Which do is found
// out first, with the whole table; then only those are run, until one fails, twice.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"deptrace/trace/event"
	"deptrace/trace/parallel"
	"deptrace/trace/syscalls"
)

const (
	// listTests are what the list kind is. Those of agreement are no judges at all: they ask
	// the table what to expect.
	listTests = "^(TestEveryCallIsAccountedFor|TestEveryPathIsAccountedFor|TestRowsMakeSense)$"
	agreement = "^(TestProgramAgreesWithMatters|TestProgramIsValid)$"

	// slow is what no test of the last two kinds may take: the parts of one that does are run
	// instead. patience is how long a mutant is pursued with one of the kinds.
	slow     = 4 * time.Second
	patience = 8 * time.Second

	numABI = 5 // as in package syscalls
)

// again are the tests that run the others of their package once more, in another way.
var again = []string{"TestAsUser", "TestOnOneProcessor"}

// steps are the programs that a test runs: one of the last two kinds.
type steps struct {
	kind string // "engines" or "conformance"
	name string
	took time.Duration
	seen []byte // the calls that came as far as the decoder
}

// mutant is a row without one of its numbers.
type mutant struct {
	spec *syscalls.Spec
	abi  syscalls.ABI
	nr   int

	list, unit bool
	made       int               // the tests of the last two kinds that make the call
	by         map[string]string // the tests that noticed, by kind
	gaveUp     bool
}

func (m *mutant) String() string { return fmt.Sprintf("%s %v (%d)", m.spec.Name, m.abi, m.nr) }

// matters reports whether a footprint can depend on the row.
func (m *mutant) matters() bool {
	return m.spec.Op != event.None || m.spec.Reads != syscalls.NoArg || m.spec.Style == syscalls.ControlBlocks
}

var (
	top, tmp string
	env      []string
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	began := time.Now()
	quick := flag.Bool("quick", false, "run the list and the unit tests only")
	flag.Parse()
	only, err := regexp.Compile(strings.Join(flag.Args(), "|")) // names of calls
	if err != nil {
		return err
	}
	if top, err = os.Getwd(); err != nil {
		return err
	}
	if tmp, err = os.MkdirTemp("", "mutants"); err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil { // for tests as another user
		return err
	}
	if err := build(); err != nil {
		return err
	}
	say("%3.0fs built", time.Since(began).Seconds())

	var mutants []*mutant
	syscalls.All(func(s *syscalls.Spec) {
		for _, a := range []syscalls.ABI{syscalls.AMD64, syscalls.I386, syscalls.ARM64} {
			if nr := s.Nr.Of(a); nr >= 0 && only.MatchString(s.Name) {
				mutants = append(mutants, &mutant{spec: s, abi: a, nr: nr, by: map[string]string{}})
			}
		}
	})
	if !(&mutant{}).pass("syscalls", "Test", agreement) || !(&mutant{}).pass("decode", "Test", agreement) {
		return errors.New("tests fail without a mutant")
	}
	parallel.Each(len(mutants), func(i int) {
		m := mutants[i]
		m.list = !m.pass("syscalls", listTests, "^$")
		if m.matters() {
			m.unit = !m.pass("decode", "^Test", agreement) || !m.pass("syscalls", "^Test", listTests+"|"+agreement)
		}
	})
	say("%3.0fs list and unit", time.Since(began).Seconds())

	if *quick {
		return report(mutants)
	}
	tests, err := survey()
	if err != nil {
		return err
	}
	say("%3.0fs %d tests surveyed", time.Since(began).Seconds(), len(tests))
	parallel.Each(len(mutants), func(i int) { mutants[i].pursue(tests) })
	err = report(mutants)
	say("%3.0fs in all", time.Since(began).Seconds())
	return err
}

// build builds the tests and deptrace, with overlay/mutant.go, and what stands in for go
// where a test builds its own deptrace.
func build() error {
	replaced := map[string]string{filepath.Join(top, "trace/syscalls/mutant.go"): filepath.Join(top, ".ci/mutants/overlay/mutant.go")}
	for file, edit := range map[string][2]string{
		"trace/syscalls/table.go": {"func Lookup(", "func lookup("},
		"trace/decode/decode.go":  {"s := syscalls.Lookup(abi, nr)", "s := syscalls.Lookup(abi, nr)\n\tsyscalls.Seen(abi, nr)"},
	} {
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if n := strings.Count(string(source), edit[0]); n != 1 {
			return fmt.Errorf("%s has %q %d times, want once", file, edit[0], n)
		}
		to := filepath.Join(tmp, filepath.Base(file))
		if err := os.WriteFile(to, []byte(strings.Replace(string(source), edit[0], edit[1], 1)), 0o666); err != nil {
			return err
		}
		replaced[filepath.Join(top, file)] = to
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return err
	}
	overlayFile := filepath.Join(tmp, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o666); err != nil {
		return err
	}
	victims, err := filepath.Glob("trace/testdata/victim/*.c")
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"go", "test", "-c", "-overlay", overlayFile, "-o", tmp + "/", "./trace/syscalls", "./trace/decode", "./trace"},
		{"go", "test", "-c", "-overlay", overlayFile, "-o", tmp + "/command.test", "./cmd/deptrace"},
		{"go", "build", "-overlay", overlayFile, "-trimpath", "-buildvcs=false", "-o", tmp + "/deptrace", "./cmd/deptrace"},
		append([]string{"gcc", "-O1", "-pthread", "-o", tmp + "/victim"}, victims...), // as trace's TestMain does
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%q: %w\n%s", args, err, out)
		}
	}
	real, err := exec.LookPath("go")
	if err != nil {
		return err
	}
	xsys, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys").Output()
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(tmp, "bin"), 0o777); err != nil {
		return err
	}
	standIn := fmt.Sprintf("#!/bin/sh\ncase \"$*\" in\n"+
		"\"list -m -f {{.Dir}} golang.org/x/sys\") echo '%s' ;;\n"+
		"\"build -trimpath -buildvcs=false -o \"*\" .\") cp '%s/deptrace' \"$5\" ;;\n"+
		"*) exec '%s' \"$@\" ;;\nesac\n", strings.TrimSpace(string(xsys)), tmp, real)
	if err := os.WriteFile(filepath.Join(tmp, "bin/go"), []byte(standIn), 0o777); err != nil {
		return err
	}
	env = append(os.Environ(), "PATH="+filepath.Join(tmp, "bin")+":"+os.Getenv("PATH"), "DEPTRACE_TEST_VICTIM="+tmp+"/victim")
	return nil
}

// test runs tests of a package and returns what they print. More are flags, and
// variables for the environment.
func test(pkg, run, skip string, more ...string) (string, error) {
	dir := map[string]string{"syscalls": "trace/syscalls", "decode": "trace/decode", "trace": "trace", "command": "cmd/deptrace"}[pkg]
	ctx, cancel := context.WithTimeout(context.Background(), 16*time.Minute) // the test's own limit comes first
	defer cancel()
	c := exec.CommandContext(ctx, filepath.Join(tmp, pkg+".test"), "-test.run", run, "-test.skip", skip, "-test.failfast", "-test.timeout", "240s")
	c.Dir, c.Env = filepath.Join(top, dir), slices.Clone(env)
	for _, s := range more {
		if strings.HasPrefix(s, "-") {
			c.Args = append(c.Args, s)
		} else {
			c.Env = append(c.Env, s)
		}
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	c.WaitDelay = time.Second // a victim may be left with the pipe
	err := c.Run()
	if strings.Contains(out.String(), "MUTANT: no such row") {
		panic(out.String())
	}
	return out.String(), err
}

// pass runs tests without the row.
func (m *mutant) pass(pkg, run, skip string, more ...string) bool {
	if m.spec != nil {
		more = append([]string{fmt.Sprintf("MUTANT=%v %d", m.abi, m.nr)}, more...)
	}
	_, err := test(pkg, run, skip, more...)
	return err == nil
}

// survey returns the tests that run steps, the quickest first, with the calls that these
// make. A test that fails with the whole table, or is slow, is left out.
func survey() ([]*steps, error) {
	listed, err := test("trace", "^$", "^$", "-test.list=^Test")
	if err != nil {
		return nil, fmt.Errorf("the tests of package trace: %w\n%s", err, listed)
	}
	var tests []*steps
	for _, name := range regexp.MustCompile(`(?m)^Test\w+$`).FindAllString(listed, -1) {
		if slices.Contains(again, name) {
			continue
		}
		tests = append(tests, &steps{kind: "engines", name: name})
	}
	good, err := behaviours()
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	for len(tests) > 0 {
		var parts []*steps
		parallel.Each(len(tests), func(i int) {
			s := tests[i]
			of := s.look()
			mu.Lock()
			defer mu.Unlock()
			parts = append(parts, of...)
			if s.seen != nil {
				good = append(good, s)
			}
		})
		tests = parts
	}
	slices.SortFunc(good, func(a, b *steps) int { return int(a.took - b.took) })
	return good, nil
}

// behaviours runs the conformance suite with the whole table and returns what passes of it.
func behaviours() (good []*steps, err error) {
	in := filepath.Join(tmp, "seen")
	if err := os.Mkdir(in, 0o777); err != nil {
		return nil, err
	}
	if err := os.Chmod(in, 0o777); err != nil { // for behaviours as another user
		return nil, err
	}
	out, _ := test("command", (&steps{kind: "conformance", name: ".*"}).run(), "^$", "MUTANT_SEEN_IN="+in, "-test.v", "-test.failfast=false", "-test.timeout=900s")
	var failing []string
	for _, ended := range regexp.MustCompile(`(?m)^ *--- (PASS|FAIL): TestConformance/all/([^/ \n]+) \(([\d.]+)s\)$`).FindAllStringSubmatch(out, -1) {
		if ended[1] == "FAIL" {
			failing = append(failing, ended[2])
			continue
		}
		s := &steps{kind: "conformance", name: ended[2]}
		s.took, _ = time.ParseDuration(ended[3] + "s")
		if s.seen, err = os.ReadFile(filepath.Join(in, strings.TrimRight(s.name, "0123456789"))); err == nil {
			good = append(good, s)
		}
	}
	if len(failing) > 0 {
		say("left out, fails with the whole table: conformance %s", strings.Join(failing, " "))
	}
	if len(good) == 0 {
		return nil, fmt.Errorf("the conformance suite does not run what was built here:\n%.3000s", out)
	}
	return good, nil
}

// look runs a test with the whole table. The parts of one that is slow are returned, to
// be looked at in its place.
func (s *steps) look() (parts []*steps) {
	file := filepath.Join(tmp, fmt.Sprintf("seen%d", count.Add(1)))
	if err := os.WriteFile(file, make([]byte, numABI*512), 0o666); err != nil {
		panic(err)
	}
	defer os.Remove(file)
	if err := os.Chmod(file, 0o666); err != nil { // for tests as another user
		panic(err)
	}
	began := time.Now()
	out, err := test(s.pkg(), s.run(), "^$", "MUTANT_SEEN="+file, "-test.v")
	s.took = time.Since(began)
	for _, found := range regexp.MustCompile(`(?m)^=== RUN +`+regexp.QuoteMeta(s.name)+`/([^/\n]+)$`).FindAllStringSubmatch(out, -1) {
		parts = append(parts, &steps{kind: s.kind, name: s.name + "/" + found[1]})
	}
	switch {
	case err != nil && len(parts) == 0:
		say("left out, fails with the whole table: %s %s\n%.600s", s.kind, s.name, out)
	case s.took > slow && len(parts) == 0:
		say("left out, takes %.1fs: %s %s", s.took.Seconds(), s.kind, s.name)
	case err == nil && s.took <= slow:
		s.seen, _ = os.ReadFile(file)
		return nil
	}
	return parts
}

var count atomic.Int64

// run is what -test.run has to be. A behaviour is run under two engines: the third is
// ptrace with a wider filter.
func (s *steps) run() string {
	if s.kind == "conformance" {
		return "^TestConformance$/^all$/^" + s.name + "$/^(notify|ptrace)(_as_user)?$"
	}
	parts := strings.Split(s.name, "/")
	for i := range parts {
		parts[i] = "^" + regexp.QuoteMeta(parts[i]) + "$"
	}
	return strings.Join(parts, "/")
}

func (s *steps) pkg() string {
	if s.kind == "engines" {
		return "trace"
	}
	return "command"
}

// pursue runs the tests whose steps make the call.
func (m *mutant) pursue(tests []*steps) {
	if !m.matters() {
		return
	}
	spent := map[string]time.Duration{}
	for _, s := range tests {
		if s.seen[int(m.abi)*512+m.nr] == 0 {
			continue
		}
		m.made++
		if m.by[s.kind] != "" {
			continue
		}
		if spent[s.kind] > patience {
			m.gaveUp = true
			continue
		}
		began := time.Now()
		if !m.pass(s.pkg(), s.run(), "^$") && !m.pass(s.pkg(), s.run(), "^$") {
			m.by[s.kind] = s.name
		}
		spent[s.kind] += time.Since(began)
	}
}

func report(mutants []*mutant) error {
	yes := map[bool]string{true: "yes", false: "-"}
	var survivors, unlisted, unitOnly []string
	harmless := 0
	say("\n| call | list | unit | engines | conformance |\n|---|---|---|---|---|")
	for _, m := range mutants {
		if !m.list {
			unlisted = append(unlisted, m.String())
		}
		if !m.matters() {
			harmless++
			continue
		}
		by := func(kind string) string {
			if m.by[kind] == "" {
				return "-"
			}
			return m.by[kind]
		}
		say("| %v | %s | %s | %s | %s |", m, yes[m.list], yes[m.unit], by("engines"), by("conformance"))
		if len(m.by) > 0 {
			continue
		}
		why := "no step makes it"
		if m.made > 0 {
			why = fmt.Sprintf("%d steps make it", m.made)
		}
		if m.gaveUp {
			why += ", not all were tried"
		}
		if !m.unit {
			survivors = append(survivors, fmt.Sprintf("%v: %s", m, why))
		} else if syscalls.Knows(syscalls.Native(), m.abi) {
			unitOnly = append(unitOnly, fmt.Sprintf("%v: %s", m, why))
		}
	}
	print := func(title string, lines []string) {
		say("\n%s: %d", title, len(lines))
		for _, l := range lines {
			say("  %s", l)
		}
	}
	say("\n%d numbers in rows, %d of them declared harmless: only the list is to notice those", len(mutants), harmless)
	print("noticed by a unit test alone, of what this machine can run", unitOnly)
	print("not noticed by the list", unlisted)
	print("survivors", survivors)
	if len(survivors)+len(unlisted) > 0 {
		return errors.New("there are survivors")
	}
	return nil
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }
