package restore

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/usertest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// source is a store in memory.
type source struct {
	blobs map[digest.Sum]string
	// before is called before a content is written.
	before func(content string) error
}

var errBroken = errors.New("the store is broken")

func (s *source) Extract(sum digest.Sum, to *os.File) (int64, error) {
	content, ok := s.blobs[sum]
	if !ok {
		return 0, fs.ErrNotExist
	}
	if s.before != nil {
		if err := s.before(content); err != nil {
			to.WriteString(content[:len(content)/2])
			return int64(len(content) / 2), err
		}
	}
	n, err := to.WriteString(content)
	return int64(n), err
}

func newSource() *source { return &source{blobs: map[digest.Sum]string{}} }

func (s *source) file(path, content string) Want {
	sum := digest.Sum(sha256.Sum256([]byte(content)))
	s.blobs[sum] = content
	return Want{Path: path, Sum: sum}
}

func (s *source) program(path, content string) Want {
	w := s.file(path, content)
	w.Exec = true
	return w
}

func dir(path string) Want          { return Want{Path: path, Kind: manifest.Dir} }
func link(path, target string) Want { return Want{Path: path, Kind: manifest.Symlink, Target: target} }
func removed(path string) Want      { return Want{Path: path, Kind: manifest.Removed} }

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// newRoot makes a root with something beside it that must never change.
func newRoot(t testing.TB) string {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err, os.Mkdir(top+"/root", 0o777), os.Mkdir(top+"/outside", 0o777), write(top+"/outside/x", "precious"))
	return top + "/root"
}

func write(path, content string) error { return os.WriteFile(path, []byte(content), 0o666) }

// tree is all that is below a directory, with what of it is not to change.
func tree(t testing.TB, top string) map[string]string {
	t.Helper()
	m := map[string]string{}
	must(t, filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		s := info.Mode().String()
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			s += fmt.Sprintf(" %q inode %d", data, info.Sys().(*syscall.Stat_t).Ino)
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			s += " " + target
		}
		rel, err := filepath.Rel(top, path)
		m[rel] = s
		return err
	}))
	return m
}

// wantSame wants nothing at all to have changed.
func wantSame(t *testing.T, before map[string]string, top string) {
	t.Helper()
	if d := cmp.Diff(before, tree(t, top)); d != "" {
		t.Errorf("something has changed (-before +after)\n%s", d)
	}
}

// restored compares, restores what differs, and wants all to be right then.
func restored(t *testing.T, root string, s Source, wants ...Want) {
	t.Helper()
	differ, err := Compare(root, wants, digest.Files)
	must(t, err)
	var todo []Want
	for i, w := range wants {
		if differ[i] {
			todo = append(todo, w)
		}
	}
	must(t, Outputs(root, todo, s))
	differ, err = Compare(root, wants, digest.Files)
	must(t, err)
	for i, w := range wants {
		if differ[i] {
			t.Errorf("%s still differs", w.Path)
		}
	}
	for name := range tree(t, root) {
		if strings.HasSuffix(name, ".tmp") {
			t.Errorf("left over: %s", name)
		}
	}
}

func TestCompare(t *testing.T) {
	s := newSource()
	for _, tt := range []struct {
		name string
		have func(path string) error
		// What is said of a file of content "x", an executable one, a link to x, a
		// directory and nothing: = same, ! differs, ? the step would leave something else,
		// and - in the way.
		want string
	}{
		{"nothing", func(string) error { return nil }, "!!!!="},
		{"the file", func(p string) error { return write(p, "x") }, "=?--!"},
		{"another file", func(p string) error { return write(p, "y") }, "!?--!"},
		{"an executable file", func(p string) error { return os.WriteFile(p, []byte("x"), 0o777) }, "?=--!"},
		{"one that others may execute", func(p string) error { return errors.Join(write(p, "x"), os.Chmod(p, 0o655)) }, "=?--!"},
		{"the link", func(p string) error { return os.Symlink("x", p) }, "--=-!"},
		{"another link", func(p string) error { return os.Symlink("x/", p) }, "--!-!"},
		{"a link to the file", func(p string) error { return errors.Join(write(p+"2", "x"), os.Symlink(p+"2", p)) }, "--!-!"},
		{"a link to a directory", func(p string) error { return os.Symlink("/", p) }, "--!-!"},
		{"a directory", func(p string) error { return os.Mkdir(p, 0o777) }, "--" + "-=!"},
		{"a fifo", func(p string) error { return unix.Mkfifo(p, 0o666) }, "--!-!"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := newRoot(t)
			must(t, tt.have(root+"/p"))
			var got strings.Builder
			for _, w := range []Want{s.file("p", "x"), s.program("p", "x"), link("p", "x"), dir("p"), removed("p")} {
				differ, err := Compare(root, []Want{w}, digest.Files)
				var way *InTheWayError
				var found *FoundError
				switch {
				case errors.As(err, &found):
					got.WriteByte('?')
				case errors.As(err, &way):
					got.WriteByte('-')
				case err != nil:
					t.Fatal(err)
				case differ[0]:
					got.WriteByte('!')
				default:
					got.WriteByte('=')
				}
			}
			if got.String() != tt.want {
				t.Errorf("got %s, want %s", got.String(), tt.want)
			}
		})
	}
}

// What Outputs refuses to go through, Compare says before anything was tried, and does
// not find the right file behind it.
func TestCompareOnTheWay(t *testing.T) {
	s := newSource()
	root := newRoot(t)
	must(t, os.MkdirAll(root+"/real/sub", 0o777), write(root+"/real/x", "x"), write(root+"/real/sub/x", "x"),
		os.Symlink("real", root+"/link"), write(root+"/file", ""))
	for _, tt := range []struct {
		want Want
		way  string
	}{
		{s.file("link/x", "x"), "a link"}, {s.file("link/sub/x", "x"), "a link"}, {removed("link/none"), "a link"},
		{s.file("file/x", "x"), "a file"}, {dir("file/x/y"), "a file"}, {removed("file/x"), ""}, {s.file("real/sub/x", "x"), ""},
		{s.file("none/x", "x"), ""},
	} {
		_, err := Compare(root, []Want{tt.want}, digest.Files)
		var way *InTheWayError
		if !errors.As(err, &way) != (tt.way == "") || way != nil && (way.What != tt.way || way.Path != tt.want.Path) {
			t.Errorf("%s: got %v, want %q", tt.want.Path, err, tt.way)
		}
	}
}

func TestOutputs(t *testing.T) {
	for _, umask := range []int{0, 0o077, 0o022} {
		t.Run(fmt.Sprintf("umask %03o", umask), func(t *testing.T) {
			root := newRoot(t)
			must(t, os.MkdirAll(root+"/old/deep", 0o777), write(root+"/old/deep/x", ""), write(root+"/old.c", ""),
				write(root+"/keep", "same"), os.Chmod(root+"/keep", 0o640), os.Symlink("nowhere", root+"/dangling"))
			keep := tree(t, root)["keep"]
			defer syscall.Umask(syscall.Umask(umask))
			s := newSource()
			restored(t, root, s,
				s.file("new/b/x.o", "object"), dir("new/b"), dir("new"), dir("new/b/c"), s.program("new/run", "#!"),
				s.file("\xff\n \"name", "bytes"), s.file("empty", ""), s.file("big", strings.Repeat("0123456789", 100_000)),
				link("l", "new/run"), link("dangling", "/else"), link("new/bytes", "\xff"),
				removed("old/deep/x"), removed("old/deep"), removed("old"), removed("old.c"), removed("never"), removed("never/was"),
				s.file("keep", "same"))
			got := map[string]string{}
			for name, is := range tree(t, root) {
				got[name], _, _ = strings.Cut(is, " inode")
			}
			mode := func(m fs.FileMode, rest string) string { return (m &^ fs.FileMode(umask)).String() + rest }
			want := map[string]string{
				".": got["."], "new": mode(fs.ModeDir|0o777, ""), "new/b": mode(fs.ModeDir|0o777, ""), "new/b/c": mode(fs.ModeDir|0o777, ""),
				"new/b/x.o": mode(0o666, ` "object"`), "new/run": mode(0o777, ` "#!"`), "\xff\n \"name": mode(0o666, ` "bytes"`),
				"empty": mode(0o666, ` ""`), "big": mode(0o666, fmt.Sprintf(" %q", strings.Repeat("0123456789", 100_000))),
				"l": "Lrwxrwxrwx new/run", "dangling": "Lrwxrwxrwx /else", "new/bytes": "Lrwxrwxrwx \xff", "keep": `-rw-r----- "same"`,
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if tree(t, root)["keep"] != keep {
				t.Error("what was right has been touched")
			}
		})
	}
}

// What the step would keep of what is there now, and what it would not make.
func TestSuits(t *testing.T) {
	s := newSource()
	for _, tt := range []struct {
		name string
		have func(path string) error // nil: nothing
		want Want
		err  string
	}{
		{"adds to nothing", nil, Want{Adds: true}, ""},
		{"adds to an empty file", func(p string) error { return write(p, "") }, Want{Adds: true}, ""},
		{"adds to something", func(p string) error { return write(p, "y") }, Want{Adds: true}, "p is not empty: the step would leave something else"},
		{"adds to what it left", func(p string) error { return write(p, "x") }, Want{Adds: true}, ""},
		{"adds to what it knows", func(p string) error { return write(p, "y") }, Want{Adds: true, Input: true}, ""},
		{"needs it", nil, Want{Needs: true}, "p is not there: the step would leave something else"},
		{"needs it, and there is another", func(p string) error { return write(p, "y") }, Want{Needs: true}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := newRoot(t)
			if tt.have != nil {
				must(t, tt.have(root+"/p"))
			}
			w := s.file("p", "x")
			w.Adds, w.Needs, w.Input = tt.want.Adds, tt.want.Needs, tt.want.Input
			_, err := Compare(root, []Want{w}, digest.Files)
			if got := fmt.Sprint(err); got != tt.err && (err != nil || tt.err != "") {
				t.Errorf("got %v, want %s", err, tt.err)
			}
		})
	}
}

// A file is replaced and not written to: whoever has the old one by another name or by a
// descriptor keeps it, and a link leads nowhere.
func TestReplace(t *testing.T) {
	root := newRoot(t)
	must(t, write(root+"/a", "old"), os.Link(root+"/a", root+"/b"), os.Chmod(root+"/a", 0o444), os.Symlink("../outside/x", root+"/l"))
	reader, err := os.Open(root + "/a")
	must(t, err)
	defer reader.Close()
	outside := tree(t, filepath.Dir(root)+"/outside")
	s := newSource()
	if _, err := Compare(root, []Want{s.file("a", "new")}, digest.Files); err == nil || err.Error() != "a has other names: the step would leave something else" {
		t.Errorf("a file with two names: %v", err)
	}
	must(t, Outputs(root, []Want{s.file("a", "new"), s.file("l", "in")}, s)) // ones that came after Compare
	var buf [10]byte
	if n, _ := reader.Read(buf[:]); string(buf[:n]) != "old" {
		t.Errorf("the reader has %q", buf[:n])
	}
	if data, err := os.ReadFile(root + "/b"); err != nil || string(data) != "old" {
		t.Errorf("the other name has %q, %v", data, err)
	}
	wantSame(t, outside, filepath.Dir(root)+"/outside")
}

// Whatever an entry says, nothing outside the root is written, and nothing at all.
func TestNothingOutside(t *testing.T) {
	s := newSource()
	var wants []Want
	for _, path := range []string{
		"", ".", "..", "/", "../x", "../outside/x", "a/../../outside/x", "a/..", "./a", "a/", "a//b", "a/.", "a\x00b", "/outside/x",
		"out/x", "in/x", "out/new/x", "deep/out/x", "file/x", "self/a", "none/x", "none/deeper/x",
	} {
		wants = append(wants, s.file(path, "evil"), dir(path), link(path, "evil"), removed(path))
	}
	wants = append(wants, dir("out"), dir("file"), dir("in"))
	for _, w := range wants {
		t.Run(fmt.Sprintf("%s %q", w.Kind, w.Path), func(t *testing.T) {
			if w.Kind == manifest.Removed && strings.HasPrefix(w.Path, "none/") {
				return // it is fulfilled, see TestOutputs
			}
			root := newRoot(t)
			must(t, os.MkdirAll(root+"/a", 0o777), os.Mkdir(root+"/deep", 0o777), write(root+"/file", ""), write(root+"/a/x", "a"),
				os.Symlink("../outside", root+"/out"), os.Symlink("a", root+"/in"), os.Symlink("../../outside", root+"/deep/out"),
				os.Symlink(".", root+"/self"))
			before := tree(t, filepath.Dir(root))
			// Before it in order, and after it: nothing is done of these either.
			if err := Outputs(root, []Want{s.file("a/first", "1"), w, dir("a/new"), removed("a/x"), link("z", "z")}, s); err == nil {
				t.Error("no error")
			}
			wantSame(t, before, filepath.Dir(root))
		})
	}
}

func TestTouch(t *testing.T) {
	root := newRoot(t)
	top := filepath.Dir(root)
	must(t, os.Mkdir(root+"/d", 0o777), write(root+"/d/x", ""), os.Symlink("../outside/x", root+"/l"), os.Symlink("../outside", root+"/ld"))
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	times := func() map[string]bool { // whether the time is the old one
		m := map[string]bool{}
		must(t, filepath.WalkDir(top, func(path string, _ fs.DirEntry, _ error) error {
			info, err := os.Lstat(path)
			m[strings.TrimPrefix(path, top)] = err == nil && info.ModTime().Equal(old)
			return err
		}))
		return m
	}
	for _, tt := range []struct{ name, touched string }{
		{"d/x", "/root/d/x"}, {"d", "/root/d"}, {"l", "/root/l"},
		{"..", "-"}, {".", "-"}, {"", "-"}, {"../outside/x", "-"}, {"ld/x", "-"}, {"none", "-"}, {"d/..", "-"}, {top + "/outside/x", "-"},
	} {
		for path := range times() {
			ts := []unix.Timespec{unix.NsecToTimespec(old.UnixNano()), unix.NsecToTimespec(old.UnixNano())}
			must(t, unix.UtimesNanoAt(unix.AT_FDCWD, top+path, ts, unix.AT_SYMLINK_NOFOLLOW))
		}
		if err := Touch(root, tt.name); (err != nil) != (tt.touched == "-") {
			t.Errorf("%q: %v", tt.name, err)
		}
		for path, is := range times() {
			if is != (path != tt.touched) {
				t.Errorf("%q: the time of %q is the old one: %t", tt.name, path, is)
			}
		}
	}
}

// Files that belong together get one time: with a later one each, make would find that the
// first is older than the last.
func TestTouchTogether(t *testing.T) {
	root := newRoot(t)
	must(t, os.Mkdir(root+"/d", 0o777))
	names := []string{"b", "a", "d/c"}
	for _, name := range names {
		must(t, write(root+"/"+name, ""), os.Chtimes(root+"/"+name, time.Unix(0, 0), time.Unix(0, 0)))
	}
	must(t, Touch(root, names...))
	var times []time.Time
	for _, name := range names {
		info, err := os.Stat(root + "/" + name)
		must(t, err)
		times = append(times, info.ModTime())
	}
	if times[0].Year() == 1970 || times[1] != times[0] || times[2] != times[0] {
		t.Errorf("the times are %v", times)
	}
	must(t, Touch(root))
}

// A store that fails leaves the tree as it was, new directories included.
func TestBrokenSource(t *testing.T) {
	for fail := range 4 {
		root := newRoot(t)
		must(t, write(root+"/b", "old"), write(root+"/gone", ""))
		before := tree(t, root)
		s := newSource()
		n := 0
		s.before = func(string) error {
			if n++; n == fail+1 {
				return errBroken
			}
			return nil
		}
		wants := []Want{s.file("a", "new a"), s.file("b", "new b"), dir("d"), dir("d/e"), s.file("d/e/x", "x"), link("d/l", "x"), removed("gone")}
		if fail == 3 {
			wants = append(wants, Want{Path: "z", Sum: digest.Sum{1}}) // which the store does not have
		}
		err := Outputs(root, wants, s)
		if want := []error{errBroken, errBroken, errBroken, fs.ErrNotExist}[fail]; !errors.Is(err, want) {
			t.Errorf("%d: got %v, want %v", fail, err, want)
		}
		wantSame(t, before, root)
	}
}

// Nobody's files go with a directory that is to be removed.
func TestRemoveNotEmpty(t *testing.T) {
	root := newRoot(t)
	must(t, os.MkdirAll(root+"/d", 0o777), write(root+"/d/mine", "precious"), write(root+"/a", "old"))
	before := tree(t, root)
	s := newSource()
	err := Outputs(root, []Want{removed("d"), s.file("a", "new"), dir("e"), s.file("e/x", "x")}, s)
	if !errors.Is(err, unix.ENOTEMPTY) {
		t.Errorf("got %v, want %v", err, unix.ENOTEMPTY)
	}
	wantSame(t, before, root)
}

// What somebody else does between the first look and the last name.
func TestMeanwhile(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(root string) error
		fail bool
		want map[string]string // of what is there then
	}{
		{"the same file", func(root string) error { return write(root+"/x", "theirs") }, false, map[string]string{"x": "new", "d/y": "new"}},
		{"a directory in its place", func(root string) error { return os.Mkdir(root+"/x", 0o777) }, true, nil},
		{"a link in its place", func(root string) error { return os.Symlink("../outside/x", root+"/x") }, false,
			map[string]string{"x": "new", "d/y": "new", "../outside/x": "precious"}},
		{"the directory is another one", func(root string) error {
			return errors.Join(os.Rename(root+"/d", root+"/d2"), os.Symlink("../outside", root+"/d"))
		}, false, map[string]string{"x": "new", "d2/y": "new", "../outside/x": "precious"}},
		{"a file in a new directory", func(root string) error { return errors.Join(write(root+"/d/theirs", "theirs"), errBroken) }, true,
			map[string]string{"d/theirs": "theirs"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := newRoot(t)
			s := newSource()
			s.before = func(content string) error {
				s.before = nil
				return tt.do(root)
			}
			err := Outputs(root, []Want{s.file("x", "new"), dir("d"), s.file("d/y", "new")}, s)
			if (err != nil) != tt.fail {
				t.Errorf("got %v", err)
			}
			for name, want := range tt.want {
				if data, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(data) != want {
					t.Errorf("%s: %q, %v; want %q", name, data, err, want)
				}
			}
			for name := range tree(t, filepath.Dir(root)) {
				if strings.HasSuffix(name, ".tmp") {
					t.Errorf("left over: %s", name)
				}
			}
		})
	}
}

// Many at once, as with two makes: nobody fails, and all is right.
func TestAtOnce(t *testing.T) {
	for range 5 {
		root := newRoot(t)
		must(t, os.MkdirAll(root+"/old/sub", 0o777), write(root+"/old/sub/x", ""), write(root+"/f0", "old"))
		s := newSource()
		wants := []Want{dir("d"), dir("d/e"), link("d/l", "e"), removed("old/sub/x"), removed("old/sub"), removed("old")}
		for i := range 10 {
			wants = append(wants, s.file(fmt.Sprintf("d/e/f%d", i), strings.Repeat(fmt.Sprint(i), 10_000)), s.file(fmt.Sprintf("f%d", i), "new"))
		}
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range 16 {
			wg.Go(func() {
				<-start
				if err := Outputs(root, wants, s); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		restored(t, root, s, wants...)
	}
}

// An entry with many directories opens one after the other, and closes all.
func TestDescriptors(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(entries)
	}
	root := newRoot(t)
	s := newSource()
	before := count()
	for _, broken := range []bool{false, true} {
		var wants []Want
		for i := range 50 {
			wants = append(wants, dir(fmt.Sprint(i)), s.file(fmt.Sprintf("%d/x", i), "x"))
		}
		if broken {
			wants = append(wants, s.file("none/x", "x"))
		}
		if err := Outputs(root, wants, s); (err != nil) != broken {
			t.Error(err)
		}
	}
	runtime.GC() // of what others left open
	if after := count(); after > before {
		t.Errorf("%d descriptors were open, %d are", before, after)
	}
}

// TestAsUser runs all the tests of this package again as an ordinary user, whom
// permissions concern.
func TestAsUser(t *testing.T) { usertest.Run(t, "TestReadOnlyDirectory") }

// Where a directory may not be written to, nothing else is either. (Root may, and this
// test comes again as another user.)
func TestReadOnlyDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		return
	}
	s := newSource()
	for _, w := range []Want{s.file("ro/x", "new"), link("ro/x", "new"), dir("ro/d"), removed("ro/x"), removed("ro/none/x")} {
		root := newRoot(t)
		must(t, os.Mkdir(root+"/ro", 0o777), write(root+"/ro/x", "old"), write(root+"/gone", ""), os.Chmod(root+"/ro", 0o555))
		t.Cleanup(func() { os.Chmod(root+"/ro", 0o777) })
		before := tree(t, root)
		err := Outputs(root, []Want{s.file("a", "new"), w, dir("z"), removed("gone")}, s)
		if w.Path == "ro/none/x" {
			must(t, err)
			continue
		}
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s %s: got %v, want %v", w.Kind, w.Path, err, fs.ErrPermission)
		}
		wantSame(t, before, root)
	}
}
