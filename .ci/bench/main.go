// Bench measures what it costs to watch a step, against not watching it, against other
// recorders, and against the floor: the least that anybody pays who is told of the same calls
// (see floor). It is run by `make bench` from the top directory; `make bench BENCH=gcc,forks
// ROUNDS=5` picks workloads and says how often. It is a program and not a set of Go
// benchmarks, because what is compared are whole processes, most of them not ours, of which
// one run can take seconds; and it stands here, like the mutants, because it is a tool of the
// repository and no part of what is built from it.
//
// # How it measures
//
// A workload is a command; a candidate is a way of running it. In each round every candidate
// runs once, in an order that is drawn anew from the seed that is printed. What is compared
// is paired: the time of a candidate is divided by that of the untraced run of the same round,
// and the median of these ratios is reported with the smallest and the greatest. So a
// machine that is slow for a minute is slow for all. One of the candidates is the untraced
// command once more: how far its ratio is from 1 is what the machine blurs.
//
// Each run has a fresh copy of its files in a directory that is the same every time. A
// run counts only if the exit status is 0 and what it was to leave is there, the record of the
// recorder included; deptrace has to say which engine ran (-v), once for every time that it
// was started. If a run fails its candidate fails, with the reason in the table, and is run
// no more; the exit status is then 1. No run is dropped. Before the first round one run of
// each quick candidate, and of the untraced command in any case, fills the page cache and
// deptrace's memory of digests, and is not reported.
//
// # What it leaves
//
// In .build/bench: summary.md, which is the README's table, table.md with a row for every
// candidate, overhead.svg, and runs.csv, in which every run is.
//
// # What it does not tell
//
// Wall-clock time is what is measured. Processor time is in runs.csv only. Files are in the page
// cache; a cold disk makes every ratio smaller.
package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// errFailed says that the table has rows that failed.
var errFailed = errors.New("there are failed rows")

func run() error {
	pick := flag.String("bench", "", "workloads, by name or by how their names begin, separated by commas; empty: all")
	only := flag.String("with", "", "candidates, by how their names begin; empty: all")
	rounds := flag.Int("rounds", 5, "rounds; quick workloads are given three times as many")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "what the orders are drawn from")
	out := flag.String("out", ".build/bench", "directory for the results")
	list := flag.Bool("list", false, "list the workloads and exit")
	flag.Parse()

	all := workloads()
	if *list {
		for _, w := range all {
			fmt.Printf("%-16s %s\n", w.name, w.what)
		}
		return nil
	}
	picked, err := choose(all, *pick)
	if err != nil {
		return err
	}
	b, err := newBench(*seed, *only)
	if err != nil {
		return err
	}
	defer b.close()
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		b.close()
		os.Exit(130)
	}()

	say("seed %d, load %.2f", *seed, load())
	var results []*result
	for _, w := range picked {
		r, err := b.measure(w, *rounds*w.often())
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		results = append(results, r)
	}
	rep := &report{results: results, machine: machine(), seed: *seed, loads: b.loads}
	if err := rep.write(*out); err != nil {
		return err
	}
	fmt.Print(rep.table(), "\n", rep.summary(), "\n", rep.budgets())
	if rep.failed() {
		return errFailed
	}
	return nil
}

// choose returns the workloads whose names are one of the words or, where there is no such
// one, begin with it.
func choose(all []*workload, words string) (picked []*workload, err error) {
	if words == "" {
		return all, nil
	}
	for word := range strings.SplitSeq(words, ",") {
		n := len(picked)
		for _, w := range all {
			if w.name == word || strings.HasPrefix(w.name, word) && !slices.ContainsFunc(all, func(w *workload) bool { return w.name == word }) {
				picked = append(picked, w)
			}
		}
		if len(picked) == n {
			return nil, fmt.Errorf("no workload %q: -list names them", word)
		}
	}
	return picked, nil
}

// bench is what all measurements share.
type bench struct {
	top   string // of the repository
	tmp   string // where everything runs
	rng   *rand.Rand
	with  string
	env   []string
	loads []float64 // of the machine, at the beginning of each workload
}

// newBench builds what is measured.
func newBench(seed uint64, with string) (b *bench, err error) {
	b = &bench{rng: rand.New(rand.NewPCG(seed, 0)), with: with}
	if b.top, err = os.Getwd(); err != nil {
		return nil, err
	}
	if b.tmp, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if b.tmp, err = filepath.EvalSymlinks(b.tmp); err != nil {
		return nil, err
	}
	for _, dir := range []string{"bin", "home", "cache"} {
		if err := os.Mkdir(filepath.Join(b.tmp, dir), 0o777); err != nil {
			return nil, err
		}
	}
	if err := b.build(); err != nil {
		return nil, err
	}
	b.environment()
	return b, nil
}

func (b *bench) close() { os.RemoveAll(b.tmp) }

// build builds deptrace and the programs of the workloads.
func (b *bench) build() error {
	commands := [][]string{
		{"go", "build", "-trimpath", "-o", b.bin("deptrace"), "./cmd/deptrace"},
		{"go", "build", "-trimpath", "-o", b.bin("floor"), "./.ci/bench/floor"},
		{"go", "build", "-trimpath", "-o", b.bin("nothing"), "./.ci/bench/nothing"},
	}
	for _, name := range []string{"calls", "forks", "reads"} {
		commands = append(commands, []string{"gcc", "-O1", "-o", b.bin(name), ".ci/bench/programs/" + name + ".c"})
	}
	for _, c := range commands {
		if err := command(b.top, nil, c...); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) bin(name string) string { return filepath.Join(b.tmp, "bin", name) }

// environment makes every run's: the user's own settings and caches are out of it.
func (b *bench) environment() {
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case strings.HasPrefix(name, "DEPTRACE"), strings.HasPrefix(name, "CCACHE"), strings.HasPrefix(name, "LC_"),
			strings.HasPrefix(name, "MAKE"), name == "MFLAGS", name == "HOME", name == "LANG", name == "XDG_CACHE_HOME", name == "GOFLAGS":
		default:
			b.env = append(b.env, v)
		}
	}
	b.env = append(b.env, "LC_ALL=C", "HOME="+filepath.Join(b.tmp, "home"), "XDG_CACHE_HOME="+filepath.Join(b.tmp, "cache"))
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
