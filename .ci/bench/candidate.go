package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// candidate is a way of running a workload.
type candidate struct {
	name string
	// prefix is what stands before the command, for a record under the name out.
	prefix func(b *bench, out string) []string
	// argv is the whole command, where it is another one; nil: prefix and the workload's.
	argv func(b *bench) []string
	// leaves are the endings that are added to out in the names of the records.
	leaves []string
	engine string // of deptrace, which has to say so
	env    []string
	says   string // what has to be in its standard error
	// before is done before each run, in its directory, and not timed.
	before func(b *bench, dir string) error
	warm   bool   // wants a run before the first round
	own    bool   // of deptrace
	absent string // why it cannot run here
}

// Names of candidates that others are compared with.
const (
	untraced = "untraced"
	theFloor = "floor"
)

// engines are deptrace's.
var engines = []string{"notify", "ptrace", "ptrace-slow"}

// recorders are the candidates of a step.
func recorders(b *bench, w *workload) []*candidate {
	again := untraced + ", again"
	if w.base != nil {
		again = untraced
	}
	all := []*candidate{
		{name: again, prefix: func(*bench, string) []string { return nil }},
		{name: theFloor, prefix: func(b *bench, _ string) []string { return []string{b.bin("floor")} }, warm: true},
	}
	for _, e := range engines {
		for _, kind := range []struct{ flag, leaves string }{{"-MF", ".d"}, {"-m", ".toml"}} {
			all = append(all, &candidate{
				name: "deptrace --engine " + e + " " + kind.flag, engine: e, own: true, leaves: []string{kind.leaves},
				warm: kind.flag == "-m" && e == "notify",
				prefix: func(b *bench, out string) []string {
					argv := []string{b.bin("deptrace"), "-v", "--engine", e, kind.flag, out + kind.leaves}
					if kind.flag == "-MF" {
						argv = append(argv, "-MT", "target")
					}
					return append(argv, "--")
				},
			})
		}
	}
	for _, mode := range [][]string{{"--seccomp-bpf"}, nil} {
		name := strings.TrimSpace("strace -f " + strings.Join(mode, " "))
		all = append(all, &candidate{
			name: name + " -e trace=%file", leaves: []string{".strace"}, absent: missing("strace"),
			prefix: func(_ *bench, out string) []string {
				return append(append([]string{"strace", "-f"}, mode...), "-e", "trace=%file", "-o", out+".strace")
			},
		})
	}
	return append(all, peers(b, w)...)
}

// peers are the other recorders, as far as they can do the job.
func peers(b *bench, w *workload) []*candidate {
	tup := &candidate{name: "tup", absent: peer(b, "tup")}
	tup.before = func(b *bench, dir string) error { return tupfile(b, dir, w) }
	tup.argv = func(b *bench) []string { return []string{peerPath(b, "tup"), "upd"} }
	if !w.rule {
		tup.absent = "it wants a rule that names each output"
	}
	bear := &candidate{name: "bear (which programs ran)", absent: peer(b, "bear"), leaves: []string{".json"}}
	bear.prefix = func(b *bench, out string) []string {
		return []string{peerPath(b, "bear"), "--output", out + ".json", "--"}
	}
	switch {
	case !w.compiler:
		bear.absent = "it records compilers only"
	case w.wrapped:
		bear.absent = "it is for a whole build"
	}
	return []*candidate{tup, bear}
}

// tupfile makes a project of a directory. With full_deps tup sees what is outside of it,
// too, as the others do.
func tupfile(b *bench, dir string, w *workload) error {
	rule := fmt.Sprintf(": |> %s |> %s\n", strings.Join(w.argv(b), " "), w.outputs[0])
	if err := os.WriteFile(filepath.Join(dir, "Tupfile"), []byte(rule), 0o666); err != nil {
		return err
	}
	if err := command(dir, b.env, peerPath(b, "tup"), "init"); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ".tup/options"), []byte("[updater]\nfull_deps = 1\n"), 0o666)
}

// peerPath is where `make bench-tools` puts a program.
func peerPath(b *bench, name string) string { return filepath.Join(b.top, ".tools/bench/bin", name) }

// peer returns why a program that `make bench-tools` fetches does not run here, or nothing.
func peer(b *bench, name string) string {
	switch out, err := exec.Command(peerPath(b, name), "--version").CombinedOutput(); {
	case errors.Is(err, os.ErrNotExist):
		return "not fetched (make bench-tools)"
	case err != nil:
		return fmt.Sprintf("%v: %.60s", err, out)
	}
	if name == "tup" {
		f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
		if err != nil {
			return "it needs FUSE: " + err.Error()
		}
		f.Close()
	}
	return ""
}

func missing(name string) string {
	if _, err := exec.LookPath(name); err != nil {
		return err.Error()
	}
	return ""
}
