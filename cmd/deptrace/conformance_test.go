package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// The conformance suite: what a recorder of build steps must get right, a behaviour a
// file in testdata/conformance, whose README.md says how one is written. What is expected
// is data beside the step, from the manual pages; there is no flag that rewrites it.
// Every behaviour runs under every engine, as root and as an ordinary user.
func TestConformance(t *testing.T) {
	needs(t, "gcc", "python3", "go")
	files, err := filepath.Glob("testdata/conformance/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no behaviours: %v", err)
	}
	built := newTree(t)
	openToAll(t, built.dir)
	table := &conformanceTable{rows: map[string]map[string]string{}}
	t.Run("all", func(t *testing.T) {
		for _, file := range files {
			c := readConformance(t, file)
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.compile(built.another(t))
				for _, engine := range []string{"notify", "ptrace", "ptrace-slow"} {
					for _, uid := range []int{0, 65534} {
						if c.needs == "root" && uid != 0 || c.needs == "user" && uid == 0 || uid == 0 && os.Geteuid() != 0 {
							continue
						}
						if uid != 0 && os.Geteuid() != 0 {
							uid = os.Geteuid()
						}
						c.run(t, built.another(t), engine, uid, table)
					}
				}
			})
		}
	})
	t.Log("\n" + table.String())
}

// conformance is one behaviour.
type conformance struct {
	name   string
	title  string // the first line of the file: numbers and a sentence
	needs  string // "root", "user", or nothing
	files  []txtar.File
	want   map[string][]string // by engine; "" for all
	step   []string
	binary string // the compiled step, or empty
}

func readConformance(t *testing.T, file string) *conformance {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := &conformance{name: strings.TrimSuffix(filepath.Base(file), ".txtar"), want: map[string][]string{}}
	for i, line := range strings.Split(strings.TrimSpace(string(a.Comment)), "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(line, "#"))
		switch {
		case i == 0:
			c.title = line
		case line == "needs root" || line == "needs user":
			c.needs = strings.TrimPrefix(line, "needs ")
		}
	}
	for _, f := range a.Files {
		switch {
		case f.Name == "want":
			c.want[""] = wantedLines(f.Data)
		case strings.HasPrefix(f.Name, "want."):
			c.want[strings.TrimPrefix(f.Name, "want.")] = wantedLines(f.Data)
		default:
			c.files = append(c.files, f)
			switch f.Name {
			case "step.sh":
				c.step = []string{"sh", "step.sh"}
			case "step.py":
				c.step = []string{"python3", "step.py"}
			case "step.c", "step.go":
				c.step = []string{"./step"}
			}
		}
	}
	if c.step == nil || c.want[""] == nil {
		t.Fatalf("%s: it takes a step.sh, step.py, step.c or step.go, and a want", file)
	}
	return c
}

// wantedLines are the lines of a want, without comments.
func wantedLines(b []byte) []string {
	lines := []string{}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// compile compiles the step, once for all runs.
func (c *conformance) compile(tr *tree) {
	tr.t.Helper()
	for _, f := range c.files {
		switch f.Name {
		case "step.c":
			tr.write(f.Name, string(f.Data))
			tr.run("gcc", "-O1", "-pthread", "-o", "step", "step.c")
		case "step.go":
			tr.write(f.Name, string(f.Data))
			tr.setenv("CGO_ENABLED", "0")
			tr.run("go", "build", "-o", "step", "step.go")
		default:
			continue
		}
		c.binary = string(tr.read("step"))
	}
}

// run runs the behaviour under an engine, as a user.
func (c *conformance) run(t *testing.T, tr *tree, engine string, uid int, table *conformanceTable) {
	who := engine
	if uid != 0 {
		who += " as user"
	}
	t.Run(who, func(t *testing.T) {
		tr.t = t
		c.lay(tr)
		cmd := exec.Command(tr.look("deptrace"), append([]string{"--engine", engine, "--root", ".", "-m", "m.toml", "--"}, c.step...)...)
		cmd.Dir, cmd.Env = tr.dir, append(slices.Clone(tr.env), "LC_ALL=C", "PYTHONDONTWRITEBYTECODE=1")
		if uid != os.Geteuid() {
			if err := filepath.WalkDir(tr.dir, func(p string, _ os.DirEntry, err error) error { return os.Lchown(p, uid, uid) }); err != nil {
				t.Fatal(err)
			}
			openToAll(t, tr.dir)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
		}
		out, err := cmd.CombinedOutput()
		m, readErr := manifest.Read(tr.path("m.toml"))
		if readErr != nil {
			t.Fatalf("there is no record: %v, %v\n%s", readErr, err, out)
		}
		want, ok := c.want[engine]
		if !ok {
			want = c.want[""]
		}
		diff := cmp.Diff(want, c.footprint(m))
		table.add(c.title, c.name, who, diff == "")
		if diff != "" {
			t.Errorf("%s\n(-want +got):\n%s%s", c.title, diff, out)
		}
	})
}

// lay lays the files of the behaviour. A name that ends in "/" is an empty directory, and
// "NAME -> TARGET" a link.
func (c *conformance) lay(tr *tree) {
	tr.t.Helper()
	for _, f := range c.files {
		if name, target, isLink := strings.Cut(f.Name, " -> "); isLink {
			if err := os.Symlink(target, tr.path(name)); err != nil {
				tr.t.Fatal(err)
			}
			continue
		}
		if strings.HasSuffix(f.Name, "/") {
			if err := os.MkdirAll(tr.path(f.Name), 0o755); err != nil {
				tr.t.Fatal(err)
			}
			continue
		}
		tr.write(f.Name, string(f.Data))
		if strings.HasPrefix(string(f.Data), "#!") {
			if err := os.Chmod(tr.path(f.Name), 0o755); err != nil {
				tr.t.Fatal(err)
			}
		}
	}
	if c.binary != "" {
		// A process that is forked now would inherit the descriptor, and the file be busy
		// (ETXTBSY).
		syscall.ForkLock.RLock()
		err := os.WriteFile(tr.path("step"), []byte(c.binary), 0o755)
		syscall.ForkLock.RUnlock()
		if err != nil {
			tr.t.Fatal(err)
		}
	}
}

// footprint are the lines of a record that a want is about: what is under the root, but
// for the step itself, and what concerns the step as a whole.
func (c *conformance) footprint(m *manifest.Manifest) []string {
	lines := []string{}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for i := range m.Inputs {
		in := &m.Inputs[i]
		if strings.HasPrefix(in.Path, "/") || strings.HasPrefix(in.Path, "~") || strings.HasPrefix(in.Path, "step") {
			continue
		}
		switch in.Kind {
		case footprint.Stat:
			add("stat %s %s", in.Path, map[footprint.Type]string{footprint.File: "file", footprint.Dir: "dir"}[in.Type])
		case footprint.Link:
			add("link %s -> %s", in.Path, in.Target)
		default:
			add("%v %s", in.Kind, in.Path)
		}
	}
	for i := range m.Outputs {
		out := &m.Outputs[i]
		line := fmt.Sprintf("out %s %v", out.Path, out.Kind)
		if out.Exec {
			line += " exec"
		}
		if out.Kind == manifest.Symlink {
			line += " -> " + out.Target
		}
		lines = append(lines, line)
	}
	for i := range m.Side {
		add("side %s", m.Side[i].Path)
	}
	for _, p := range m.Programs {
		if p.Path == "" {
			add("program %s nowhere", p.Name)
		}
	}
	for _, why := range m.Incomplete {
		code, _, _ := strings.Cut(why, ":")
		add("incomplete %s", code)
	}
	for _, u := range m.Uses {
		add("uses %s", u)
	}
	if m.Step.Exit != 0 {
		add("%s", m.Step.End())
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// openToAll lets every user come as far as a directory.
func openToAll(t *testing.T, dir string) {
	t.Helper()
	for dir := filepath.Dir(dir); dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// conformanceTable is what came of each behaviour under each engine.
type conformanceTable struct {
	mu    sync.Mutex
	rows  map[string]map[string]string // title and name, then engine
	names []string
}

func (c *conformanceTable) add(title, name, who string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	row := title + " | " + name
	if c.rows[row] == nil {
		c.rows[row] = map[string]string{}
		c.names = append(c.names, row)
	}
	c.rows[row][who] = map[bool]string{true: "ok", false: "**FAILS**"}[ok]
}

// String is the table in Markdown.
func (c *conformanceTable) String() string {
	columns := []string{"notify", "ptrace", "ptrace-slow", "notify as user", "ptrace as user", "ptrace-slow as user"}
	var b strings.Builder
	fmt.Fprintf(&b, "| behaviour | file | %s |\n|---|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	slices.Sort(c.names)
	for _, row := range c.names {
		b.WriteString("| " + row)
		for _, who := range columns {
			b.WriteString(" | " + c.rows[row][who])
		}
		b.WriteString(" |\n")
	}
	return b.String()
}
