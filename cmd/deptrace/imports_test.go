package main

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Data flows one way: trace, footprint, depfile, cache, cmd. What a package may
// import of this module is what stands to its right here; a package that is not in
// the list has not been thought about.
var allowed = map[string][]string{
	"trace/event":             {},
	"trace/syscalls":          {"trace/event"},
	"trace/decode":            {"trace/event", "trace/syscalls"},
	"trace/intern":            {},
	"trace/onpath":            {},
	"trace/env":               {},
	"trace/cause":             {},
	"trace/parallel":          {},
	"trace/tracee":            {"trace/event", "trace/syscalls", "trace/decode", "trace/intern", "trace/onpath"},
	"trace/resolve":           {"trace/event", "trace/syscalls", "trace/decode", "trace/intern", "trace/onpath", "trace/tracee"},
	"trace/observe":           {"trace/event", "trace/syscalls", "trace/decode", "trace/intern", "trace/onpath", "trace/tracee", "trace/resolve"},
	"trace/launch/nofile":     {},
	"trace/launch":            {"trace/event", "trace/syscalls", "trace/launch/nofile"},
	"trace/watch":             {"trace/event", "trace/syscalls", "trace/launch", "trace/launch/nofile"},
	"trace/watch/watchtest":   {"trace/event", "trace/syscalls", "trace/launch", "trace/launch/nofile", "trace/watch"}, // for tests
	"trace/usertest":          {},                                                                                      // for tests
	"trace/ptrace":            {"trace/event", "trace/syscalls", "trace/decode", "trace/intern", "trace/onpath", "trace/tracee", "trace/resolve", "trace/observe", "trace/launch", "trace/launch/nofile", "trace/watch"},
	"trace/notify":            {"trace/event", "trace/syscalls", "trace/decode", "trace/intern", "trace/onpath", "trace/tracee", "trace/resolve", "trace/observe", "trace/launch", "trace/launch/nofile", "trace/watch"},
	"trace":                   {"trace/event", "trace/syscalls", "trace/decode", "trace/intern", "trace/onpath", "trace/tracee", "trace/resolve", "trace/observe", "trace/launch", "trace/launch/nofile", "trace/watch", "trace/ptrace", "trace/notify"},
	"trace/footprint":         {"trace/event"},
	"trace/footprint/osfs":    {"trace/event", "trace/footprint"},
	"depfile":                 {"depfile/outfile"},
	"depfile/outfile":         {},
	"depfile/manifest":        {"trace/event", "trace/footprint", "depfile/outfile"},
	"cache/digest":            {"trace/event", "trace/footprint", "trace/footprint/osfs", "depfile/manifest", "depfile/outfile"},
	"cache/store":             {"trace/event", "trace/footprint", "trace/footprint/osfs", "depfile/outfile", "cache/digest"},
	"cache":                   {"trace/event", "trace/footprint", "trace/footprint/osfs", "depfile/manifest", "depfile/outfile", "cache/digest"},
	"cache/restore":           {"trace/event", "trace/footprint", "trace/footprint/osfs", "depfile/manifest", "depfile/outfile", "cache/digest"},
	"cache/replay":            {"trace/event", "trace/footprint", "trace/footprint/osfs", "depfile/manifest", "depfile/outfile", "cache/digest", "cache"},
	"cache/result":            {"trace/event", "trace/footprint", "trace/footprint/osfs", "depfile/manifest", "depfile/outfile", "cache/digest", "cache", "cache/store", "cache/restore"},
	"cache/remote":            {"trace/event", "trace/footprint", "trace/footprint/osfs", "depfile/outfile", "cache/digest", "cache/store"},
	"cache/remote/helper":     {},
	"cache/remote/remotetest": {},  // for tests
	"cmd/deptrace":            nil, // everything
	"cmd/deptrace-remote":     nil, // the same
}

// anywhere are packages that know nothing of what this module is about, and that every other
// may import.
var anywhere = []string{"trace/env", "trace/cause", "trace/parallel"}

// costly are packages whose initialisation is a measurable share of the wrapper's
// start-up, or that bring such along. Those who speak HTTP have a program of their own.
var costly = []string{"net/http", "net", "crypto/tls", "regexp", "text/template", "html/template", "go/ast"}

var speakHTTP = []string{"cache/remote", "cmd/deptrace-remote"}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Deps}} {{.}}{{end}}`, "deptrace/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], "deptrace/")
		may, known := allowed[name]
		if !known {
			t.Errorf("package %s has no place in the order of packages", name)
			continue
		}
		for _, dep := range words[1:] {
			own, ours := strings.CutPrefix(dep, "deptrace/")
			if ours && may != nil && !slices.Contains(may, own) && !slices.Contains(anywhere, own) {
				t.Errorf("%s depends on %s: data flows the other way", name, own)
			}
			if slices.Contains(costly, dep) && !slices.Contains(speakHTTP, name) {
				t.Errorf("%s depends on %s, which costs start-up time", name, dep)
			}
		}
	}
}

// What packages do before main is part of every step's cost. Time is no measure on a busy
// machine; what they allocate is the same every time, and a package that builds tables,
// compiles expressions or reads files shows in it. Today it is 26 KiB for all.
func TestInitialisation(t *testing.T) {
	tr := newTree(t)
	tr.setenv("GODEBUG", "inittrace=1")
	_, stderr, status := tr.try("deptrace", "--version")
	if status != 0 {
		t.Fatalf("deptrace --version ended with %d: %s", status, stderr)
	}
	const most, mostOfOne = 48 << 10, 12 << 10
	total, packages := 0, 0
	for line := range strings.Lines(stderr) {
		var name, at, clock string
		var bytes int
		if n, _ := fmt.Sscanf(line, "init %s @%s ms, %s ms clock, %d bytes", &name, &at, &clock, &bytes); n != 4 {
			continue
		}
		packages++
		total += bytes
		if bytes > mostOfOne {
			t.Errorf("the initialisation of %s allocates %d bytes, want at most %d: what for?", name, bytes, mostOfOne)
		}
	}
	if packages < 10 {
		t.Fatalf("only %d packages say what they do:\n%s", packages, stderr)
	}
	if total > most {
		t.Errorf("initialisation allocates %d bytes, want at most %d:\n%s", total, most, stderr)
	}
}
