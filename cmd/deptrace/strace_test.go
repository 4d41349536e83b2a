package main

import (
	"bufio"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// straced is what strace saw a step do to regular files, resolved: the oracle that
// deptrace's records are held against.
type straced struct {
	opened  map[string]bool // for reading, with success
	run     map[string]bool // executed
	kept    map[string]bool // opened for writing, with what it had before
	touched map[string]bool // all that a call with success named
}

// A line of strace -ff -y: the call's name, its arguments, its result.
var straceLine = regexp.MustCompile(`^(\w+)\((.*)\)\s+= (\S.*)$`)

// What -y says of a descriptor, as a result and as the first argument.
var (
	straceResult = regexp.MustCompile(`^\d+<(/.*)>$`)
	straceDir    = regexp.MustCompile(`^(?:AT_FDCWD|\d+)<(/.*?)>, "`)
	straceString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
)

// strace runs a step under strace.
func (tr *tree) strace(step ...string) straced {
	tr.t.Helper()
	return tr.straceIn(tr.dir, step...)
}

func (tr *tree) straceIn(dir string, step ...string) straced {
	tr.t.Helper()
	logs := tr.t.TempDir()
	// One file a thread: no call is cut in two by another's.
	args := []string{"strace", "-ff", "--seccomp-bpf", "-y", "-qq", "-e", "trace=%file", "-e", "signal=none", "-o", filepath.Join(logs, "log"), "--"}
	tr.runIn(dir, append(args, step...)...)
	s := straced{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	files, err := filepath.Glob(filepath.Join(logs, "log.*"))
	if err != nil || len(files) == 0 {
		tr.t.Fatalf("strace left %q, %v", files, err)
	}
	for _, file := range files {
		s.add(tr.t, dir, file)
	}
	return s
}

func (s straced) add(t *testing.T, dir, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		m := straceLine.FindStringSubmatch(lines.Text())
		if m == nil || strings.HasPrefix(m[3], "-1 ") || m[3] == "?" {
			continue
		}
		call, args, result := m[1], m[2], m[3]
		if r := straceResult.FindStringSubmatch(result); r != nil && call != "execve" {
			// The kernel's own name for what was opened.
			switch {
			case strings.Contains(args, "O_PATH"), strings.Contains(args, "O_TRUNC"):
			case strings.Contains(args, "O_RDONLY"):
				s.note(s.opened, r[1])
			case strings.Contains(args, "O_RDWR"):
				s.note(s.opened, r[1])
			case strings.Contains(args, "O_WRONLY"):
				s.note(s.kept, r[1])
			}
			continue
		}
		at := dir
		if d := straceDir.FindStringSubmatch(args); d != nil {
			at = d[1]
		}
		quoted := straceString.FindString(args)
		if quoted == "" {
			continue // about a descriptor, whose opening stands elsewhere
		}
		path, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("strace printed %s: %v", lines.Text(), err)
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(at, path)
		}
		if call == "execve" || call == "execveat" {
			s.note(s.run, path)
		} else {
			s.note(s.touched, path)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// read returns the files whose content the step got to see.
func (s straced) read() map[string]bool {
	all := maps.Clone(s.opened)
	maps.Copy(all, s.run)
	return all
}

// note adds a path to a set, resolved, if it is a regular file that is still there.
func (s straced) note(set map[string]bool, path string) {
	if path, ok := regular(path); ok {
		set[path] = true
		s.touched[path] = true
	}
}

// regular resolves a path and reports whether it is a regular file on a file system
// that has files.
func regular(path string) (string, bool) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", false
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(path, "/proc/") || strings.HasPrefix(path, "/sys/") {
		return "", false
	}
	return path, true
}

// resolved returns paths that are relative to dir as a set of what they lead to.
func resolved(t *testing.T, dir string, paths []string) map[string]bool {
	t.Helper()
	set := map[string]bool{}
	for _, p := range paths {
		if !filepath.IsAbs(p) {
			p = filepath.Join(dir, p)
		}
		r, err := filepath.EvalSymlinks(p)
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		set[r] = true
	}
	return set
}

// without returns what is in a and not in b, sorted.
func without(a, b map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(a)), func(p string) bool { return b[p] })
}

// explained is a class of difference between two ways to look at a step.
type explained struct {
	why string
	is  func(path string) bool
	n   int
}

// explain wants every path explained, and every explanation of use.
func explain(t *testing.T, what string, paths []string, classes ...explained) {
	t.Helper()
	for _, p := range paths {
		i := slices.IndexFunc(classes, func(e explained) bool { return e.is(p) })
		if i < 0 {
			t.Errorf("%s: %s", what, p)
			continue
		}
		classes[i].n++
	}
	for _, e := range classes {
		if e.n == 0 {
			t.Errorf("%s: nothing is explained by: %s", what, e.why)
		} else {
			t.Logf("%s: %d by: %s", what, e.n, e.why)
		}
	}
}

// elfInterpreter explains what the kernel opens for an execve without a call.
var elfInterpreter = explained{why: "the ELF interpreter, which the kernel loads", is: func(path string) bool {
	return strings.HasPrefix(filepath.Base(path), "ld-linux")
}}
