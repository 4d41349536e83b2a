package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// tree is a directory in which a test builds something with a deptrace of its own,
// in an environment that owes nothing to the user's or to the make that runs the test.
type tree struct {
	t   *testing.T
	dir string
	env []string
}

// settings are variables that would have a say in what a step does or is recorded as.
var settings = []string{
	"CC", "CFLAGS", "CPATH", "CPPFLAGS", "GCC_", "GO", "LANG", "LC_", "LD_", "LIBRARY_PATH", "MAKE", "MFLAGS", "NINJA_STATUS",
	"DEPTRACE_", "PYTHON", "SOURCE_DATE_EPOCH", "XDG_", "TAR_OPTIONS", "GZIP",
}

// newTree returns a tree with the directory "tree", a HOME beside it, and on PATH the
// deptrace of this source.
func newTree(t *testing.T) *tree {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tr := &tree{t: t, dir: filepath.Join(top, "tree")}
	for _, d := range []string{"bin", "home", "cache", "tree"} {
		if err := os.Mkdir(filepath.Join(top, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range os.Environ() {
		if !slices.ContainsFunc(settings, func(s string) bool { return strings.HasPrefix(v, s) }) {
			tr.env = append(tr.env, v)
		}
	}
	tr.setenv("HOME", filepath.Join(top, "home"))
	tr.setenv("DEPTRACE_CACHE_DIR", filepath.Join(top, "cache"))
	tr.setenv("LC_ALL", "C")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", filepath.Join(top, "bin", "deptrace"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	tr.setenv("PATH", filepath.Join(top, "bin")+":"+os.Getenv("PATH"))
	return tr
}

// another returns a tree in a new directory, with the same environment.
func (tr *tree) another(t *testing.T) *tree {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	other := &tree{t, dir, slices.Clone(tr.env)}
	// The tester's own would be a directory beside it, which shells and compilers look at.
	other.setenv("PWD", dir)
	return other
}

// needs wants programs that the test cannot do without.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s is missing: run make tools", name)
		}
	}
}

func (tr *tree) setenv(name, value string) {
	tr.env = slices.DeleteFunc(tr.env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	tr.env = append(tr.env, name+"="+value)
}

func (tr *tree) getenv(name string) string {
	for _, v := range tr.env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// path returns where a name of the tree is.
func (tr *tree) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(tr.dir, name)
}

// try runs a command in the tree, with nothing on its standard input, and returns what
// it says and its exit status.
func (tr *tree) try(args ...string) (stdout, stderr string, status int) {
	tr.t.Helper()
	return tr.tryIn(tr.dir, args...)
}

func (tr *tree) tryIn(dir string, args ...string) (stdout, stderr string, status int) {
	tr.t.Helper()
	cmd := exec.Command(tr.look(args[0]), args[1:]...)
	cmd.Args[0] = args[0]
	cmd.Dir, cmd.Env = dir, tr.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tr.t.Fatalf("%q: %v", args, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// nobody is a user without privileges.
const nobody = 65534

// openTo lets a user reach the tree and change what is in its top directory.
func (tr *tree) openTo(user int) {
	tr.t.Helper()
	for dir := tr.dir; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			tr.t.Fatal(err)
		}
	}
	if err := os.Chown(tr.dir, user, user); err != nil {
		tr.t.Fatal(err)
	}
}

// tryAs runs a command as another user, as root can, and returns all that it says.
func (tr *tree) tryAs(user uint32, args ...string) (said string, status int) {
	tr.t.Helper()
	c := exec.Command(tr.look(args[0]), args[1:]...)
	c.Dir, c.Env = tr.dir, tr.env
	if os.Geteuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	}
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tr.t.Fatalf("%q: %v", args, err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// look finds a program with the PATH of the tree, not with that of the test.
func (tr *tree) look(name string) string {
	tr.t.Helper()
	if strings.Contains(name, "/") {
		return name
	}
	for _, dir := range filepath.SplitList(tr.getenv("PATH")) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	tr.t.Fatalf("%s is missing: run make tools", name)
	return ""
}

// run runs a command that must succeed, and returns its standard output.
func (tr *tree) run(args ...string) string {
	tr.t.Helper()
	return tr.runIn(tr.dir, args...)
}

func (tr *tree) runIn(dir string, args ...string) string {
	tr.t.Helper()
	stdout, stderr, status := tr.tryIn(dir, args...)
	if status != 0 {
		tr.t.Fatalf("%q: exit status %d\n%s%s", args, status, stdout, stderr)
	}
	return stdout
}

// record runs a step under deptrace, which must be silent, and returns the manifest.
func (tr *tree) record(manifest string, step ...string) []byte {
	tr.t.Helper()
	args := append([]string{"deptrace", "-m", manifest, "--"}, step...)
	_, stderr, status := tr.try(args...)
	if status != 0 || stderr != "" {
		tr.t.Fatalf("%q: exit status %d\n%s", args, status, stderr)
	}
	return tr.read(manifest)
}

func (tr *tree) read(name string) []byte {
	tr.t.Helper()
	b, err := os.ReadFile(tr.path(name))
	if err != nil {
		tr.t.Fatal(err)
	}
	return b
}

func (tr *tree) write(name, content string) {
	tr.t.Helper()
	path := tr.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		tr.t.Fatal(err)
	}
}

// program writes a shell script that can be executed.
func (tr *tree) program(name, body string) {
	tr.t.Helper()
	tr.write(name, "#!/bin/sh\n"+body)
	if err := os.Chmod(tr.path(name), 0o777); err != nil {
		tr.t.Fatal(err)
	}
}

// replace changes the one place in a file that has the text old.
func (tr *tree) replace(name, old, new string) {
	tr.t.Helper()
	text := string(tr.read(name))
	if strings.Count(text, old) != 1 {
		tr.t.Fatalf("%s has %q %d times, want once", name, old, strings.Count(text, old))
	}
	tr.write(name, strings.Replace(text, old, new, 1))
}

// editUnseen is replace for an edit that neither size nor time gives away.
func (tr *tree) editUnseen(name, old, new string) {
	tr.t.Helper()
	info, err := os.Stat(tr.path(name))
	if err != nil {
		tr.t.Fatal(err)
	}
	if len(old) != len(new) {
		tr.t.Fatalf("%q and %q differ in length", old, new)
	}
	tr.replace(name, old, new)
	if err := os.Chtimes(tr.path(name), info.ModTime(), info.ModTime()); err != nil {
		tr.t.Fatal(err)
	}
}

// age makes all that is in the tree an hour older, so that an edit is newer than what
// was built just before it, whatever the file system's clock can tell apart; but no
// older than what the steps found outside the tree, for some of that has been there
// for a few minutes only on a machine that was just set up.
func (tr *tree) age() {
	tr.t.Helper()
	oldest := tr.newestOutside()
	tr.files(func(path string, info fs.FileInfo) {
		then := info.ModTime().Add(-time.Hour)
		if then.Before(oldest) {
			then = oldest
		}
		if err := os.Chtimes(path, then, then); err != nil {
			tr.t.Fatal(err)
		}
	})
}

// newestOutside is when the youngest file outside the tree that a manifest in it names
// was changed.
func (tr *tree) newestOutside() (newest time.Time) {
	tr.t.Helper()
	tr.files(func(path string, _ fs.FileInfo) {
		if filepath.Ext(path) != ".toml" {
			return
		}
		m, err := manifest.Read(path)
		if err != nil {
			return // not one of ours
		}
		for i := range m.Inputs {
			in := &m.Inputs[i]
			if !filepath.IsAbs(in.Path) || in.Digest.IsZero() || in.Kind == footprint.List {
				continue
			}
			if info, err := os.Stat(in.Path); err == nil && info.ModTime().After(newest) {
				newest = info.ModTime()
			}
		}
	})
	return newest
}

// files calls f with every regular file in the tree.
func (tr *tree) files(f func(path string, info fs.FileInfo)) {
	tr.t.Helper()
	err := filepath.WalkDir(tr.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			f(path, info)
		}
		return err
	})
	if err != nil {
		tr.t.Fatal(err)
	}
}

// copyFrom puts a copy of a directory's content into the tree.
func (tr *tree) copyFrom(dir string) {
	tr.t.Helper()
	if err := os.CopyFS(tr.dir, os.DirFS(dir)); err != nil {
		tr.t.Fatal(err)
	}
}

// wantFresh and wantStale judge manifests by `deptrace check`; stale wants all reasons.
func (tr *tree) wantFresh(manifests ...string) {
	tr.t.Helper()
	summary := ""
	if len(manifests) > 1 {
		summary = allFresh(len(manifests))
	}
	stdout, stderr, status := tr.try(append([]string{"deptrace", "check"}, manifests...)...)
	if status != 0 || stdout != "" || stderr != summary {
		tr.t.Errorf("deptrace check %q: exit status %d, want 0\n%s%s", manifests, status, stdout, stderr)
	}
}

// allFresh is what a check of several manifests ends with if all of them are fresh.
func allFresh(n int) string { return fmt.Sprintf("deptrace: %d fresh, 0 stale, 0 errors\n", n) }

func (tr *tree) wantStale(manifest string, reasons ...string) {
	tr.t.Helper()
	stdout, stderr, status := tr.try("deptrace", "check", manifest)
	got := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if status != 1 || stderr != "" || !slices.EqualFunc(got, reasons, func(line, reason string) bool {
		// A reason that ends in "…" is the beginning of one.
		begin, cut := strings.CutSuffix(reason, "…")
		return line == reason || cut && strings.HasPrefix(line, begin)
	}) {
		tr.t.Errorf("deptrace check %s: exit status %d\n got %q\nwant %q\n%s", manifest, status, got, reasons, stderr)
	}
}

// shown is a manifest as `deptrace show --format json` prints it, as far as the tests
// look at it.
type shown struct {
	Complete   bool
	Incomplete []string
	Root       string
	Step       struct {
		Argv []string
		Dir  string
	}
	Program []struct{ Name, Path string }
	Input   []entry
	Output  []entry
	Side    []entry
}

type entry struct{ Path, Kind, Sha256, Type string }

func (tr *tree) show(manifest string) shown {
	tr.t.Helper()
	var s shown
	if err := json.Unmarshal([]byte(tr.run("deptrace", "show", "--format", "json", manifest)), &s); err != nil {
		tr.t.Fatalf("show %s: %v", manifest, err)
	}
	return s
}

// input returns the strongest kind that a path has as an input, or nothing.
func (s shown) input(path string) string {
	for _, e := range s.Input {
		if e.Path == path && e.Kind != "link" && e.Kind != "list" {
			return e.Kind
		}
	}
	return ""
}
