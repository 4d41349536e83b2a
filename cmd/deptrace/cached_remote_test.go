package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"deptrace/cache/remote/remotetest"
)

// site is a checkout somewhere, with the cache of whoever works there.
type site struct {
	*tree
	uid uint32 // 0: as the test
}

// newSite makes a checkout of a C program at a name below the tree, of the same content
// wherever it is.
func (tr *tree) newSite(t *testing.T, name string) *site {
	s := &site{tree: tr.another(t)}
	s.dir = filepath.Join(s.dir, name)
	s.setenv("PWD", s.dir) // gcc asks whether that is where it is
	s.setenv("DEPTRACE_CACHE_DIR", t.TempDir())
	s.write(".git", "")
	s.write("include/hello.h", "#define HELLO \"hello\"\n")
	s.write("hello.c", "#include <stdio.h>\n#include \"hello.h\"\nint main(void)\n{\n\treturn puts(HELLO);\n}\n")
	return s
}

// gcc compiles under cached, and returns what deptrace says.
func (s *site) gcc(flags []string, more ...string) string {
	s.t.Helper()
	args := append([]string{"cached", "-v", "-MF", "hello.d", "-m", "hello.toml"}, flags...)
	args = append(append(args, "--", "gcc", "-Iinclude", "-c", "-o", "hello.o", "hello.c"), more...)
	cmd := exec.Command(s.look("deptrace"), args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	if s.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.uid, Gid: s.uid}}
	}
	said, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%q: %v\n%s", args, err, said)
	}
	return string(said)
}

// wants wants all of some texts in what deptrace said.
func wants(t *testing.T, said string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(said, text) {
			t.Errorf("it says\n%s\nwant %q", said, text)
		}
	}
}

// newRemoteTree is a tree whose steps talk to a server.
func newRemoteTree(t *testing.T) (tr *tree, kill func()) {
	tr = newTree(t)
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", filepath.Dir(tr.look("deptrace")), "deptrace/cmd/deptrace-remote")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	host, kill := remotetest.Start(t)
	tr.setenv("DEPTRACE_REMOTE", "http://"+host)
	return tr, kill
}

// What one checkout has made, another one at another path, of another user, with another
// umask and other times gets from the server.
func TestCachedRemote(t *testing.T) {
	needs(t, "gcc")
	tr, kill := newRemoteTree(t)
	relocatable := []string{"--relocatable"}
	a, b := tr.newSite(t, "a"), tr.newSite(t, "somewhere/else")
	b.setenv("USER", "somebody")
	b.setenv("HOME", t.TempDir())
	old := time.Unix(1e9, 0)
	for _, name := range []string{"hello.c", "include/hello.h"} {
		if err := os.Chtimes(b.path(name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 {
		b.uid = 65534
		b.give(b.uid)
	}

	wants(t, a.gcc(nil), "miss: no result of this command is known", "shared with the remote")
	wants(t, b.gcc(nil), "miss: no result of this command is known", "--relocatable shares between checkouts")
	wants(t, a.gcc(relocatable), "cached: 1 file")
	if err := os.Remove(b.path("hello.o")); err != nil {
		t.Fatal(err)
	}
	wants(t, b.gcc(relocatable), "remote: the input sets of the command (new: 1, ", "hit: brought back hello.o")
	for _, name := range []string{"hello.o", "hello.d", "hello.toml"} {
		if !bytes.Equal(a.read(name), b.read(name)) {
			t.Errorf("%s is another one in the other checkout", name)
		}
	}

	// What holds the path of the checkout is not for others.
	wants(t, a.gcc(relocatable, "-g"), "cached: 1 file")
	wants(t, b.gcc(relocatable, "-g"), "miss: hello.o holds the path of the checkout, and was run in another one")
	wants(t, a.gcc(relocatable, "-g"), "hit: ")
	wants(t, a.gcc(relocatable, "-g", "-ffile-prefix-map="+a.dir+"=."), "cached: 1 file")
	wants(t, b.gcc(relocatable, "-g", "-ffile-prefix-map="+b.dir+"=."), "hit: brought back hello.o")

	// What lies beside the checkout can be another thing beside another one.
	a.write("../beside.h", "#define BESIDE 1\n")
	b.write("../beside.h", "#define BESIDE 2\n")
	if b.uid != 0 {
		if err := os.Chmod(b.path("../beside.h"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	wants(t, a.gcc(relocatable, "-include", "../beside.h"), "cached: 1 file")
	wants(t, b.gcc(relocatable, "-include", "../beside.h"), "miss: the step looked at ", "beside.h, beside the checkout, and was run in another one")
	wants(t, a.gcc(relocatable, "-include", "../beside.h"), "hit: ")

	// A store that has lost its blobs gets them back.
	again := tr.newSite(t, "a")
	again.dir, again.env = a.dir, a.env
	again.setenv("DEPTRACE_CACHE_DIR", t.TempDir())
	wants(t, again.gcc(nil), "hit: ")

	// Nothing is uploaded where nothing is to be; nor when it depends on the machine.
	a.setenv("DEPTRACE_REMOTE_READONLY", "1")
	if said := a.gcc(nil, "-DONE"); strings.Contains(said, "shared") || strings.Contains(said, "warning") {
		t.Errorf("read-only, it says\n%s", said)
	}
	a.setenv("DEPTRACE_REMOTE_READONLY", "")
	a.write("log", "old\n") // a file that is changed in place has two keys
	out, errs, _ := a.try("deptrace", "cached", "-v", "--", "sh", "-c", "read line </proc/cpuinfo; echo more >>log; echo done")
	if out != "done\n" {
		t.Errorf("it printed %q", out)
	}
	wants(t, errs, "cached: ", "not shared with the remote: the step looked at the machine")
	if n := strings.Count(errs, "not shared"); n != 1 {
		t.Errorf("it says %d times that it is not shared:\n%s", n, errs)
	}

	// Without the program, or the server, the step runs, and one line says what was not done.
	alone := tr.newSite(t, "a")
	bin := t.TempDir()
	if err := os.Link(tr.look("deptrace"), filepath.Join(bin, "deptrace")); err != nil {
		t.Fatal(err)
	}
	alone.setenv("PATH", bin+":"+os.Getenv("PATH"))
	wants(t, alone.gcc(nil), "warning: not shared with the remote: deptrace-remote is not beside deptrace nor in PATH", "hint: ")
	kill()
	said := a.gcc(nil, "-DTWO")
	wants(t, said, "no result of this command is known; only results of a checkout at "+a.dir+" are looked for", "cached: 1 file", "warning: not shared with the remote: ")
	if n := strings.Count(said, "warning"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, said)
	}
	wants(t, a.gcc(nil, "-DTWO"), "hit: ")

	// All of this has left every name that is ours in the cache directory, and no other.
	entries, err := os.ReadDir(a.getenv("DEPTRACE_CACHE_DIR"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	ours := slices.Sorted(slices.Values(cacheNames))
	if diff := cmp.Diff(ours, names); diff != "" {
		t.Errorf("names in the cache directory, - known + there:\n%s", diff)
	}
}

// give makes somebody the owner of a checkout and its cache, and opens the way to them.
func (s *site) give(uid uint32) {
	s.t.Helper()
	for _, top := range []string{s.dir, s.getenv("DEPTRACE_CACHE_DIR"), s.getenv("HOME")} {
		err := filepath.WalkDir(top, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, int(uid), int(uid))
		})
		if err != nil {
			s.t.Fatal(err)
		}
		openToAll(s.t, top)
	}
	openToAll(s.t, filepath.Dir(s.look("deptrace")))
}
