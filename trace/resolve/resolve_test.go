package resolve_test

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/resolve"

	"github.com/google/go-cmp/cmp"
)

// tree is a file system in memory: paths to what is there. A text that begins with
// "->" is a link, "dir" a directory, "=>" one of proc's links to an open file.
type tree map[string]string

func (f tree) Type(p string) (resolve.Type, event.Errno) {
	if p == "/" {
		return resolve.Directory, 0
	}
	if at := f[path.Dir(p)]; path.Dir(p) != "/" && at != "dir" {
		if at == "" {
			return resolve.Nothing, event.ENOENT
		}
		return resolve.Nothing, event.ENOTDIR
	}
	switch what := f[p]; {
	case what == "":
		return resolve.Nothing, event.ENOENT
	case what == "dir":
		return resolve.Directory, 0
	case strings.HasPrefix(what, "->"), strings.HasPrefix(what, "=>"):
		return resolve.Link, 0
	}
	return resolve.Else, 0
}

func (f tree) Readlink(p string) (string, error) {
	if what := f[p]; strings.HasPrefix(what, "->") || strings.HasPrefix(what, "=>") {
		return strings.TrimSpace(what[2:]), nil
	}
	return "", errors.New("no link")
}

func (f tree) Jump(p, target string) (string, bool) { return target, strings.HasPrefix(target, "/") }

var example = tree{
	"/home": "dir", "/home/a": "dir", "/home/a/b": "dir", "/home/a/b/file": "file", "/home/file": "file",
	"/home/abs": "-> /home/a/b", "/home/rel": "-> a/b", "/home/up": "-> ../home/a", "/home/a/b/up": "-> ..",
	"/home/chain": "-> rel", "/home/tofile": "-> file", "/home/slash": "-> a/", "/home/fileslash": "-> file/",
	"/home/dangling": "-> none/there", "/home/self": "-> self", "/home/l1": "-> l2", "/home/l2": "-> l1",
	"/home/dot": "-> .", "/home/root": "-> /", "/home/outofroot": "-> ../../../home/file",
	"/proc": "dir", "/proc/self": "-> 999", "/proc/7": "dir", "/proc/7/fd": "dir", "/proc/7/task": "dir", "/proc/7/task/8": "dir",
	"/proc/7/fd/3": "=> /home/a/b/file", "/proc/7/fd/4": "=> pipe:[1]", "/proc/7/cwd": "=> /home/a", "/proc/7/root": "=> /",
	"/proc/7/exe": "=> /home/file", "/proc/7/task/8/cwd": "=> /home/a/b", "/proc/7/status": "file", "/proc/mounts": "-> self/mounts",
	"/proc/7/mounts": "file", "/dev": "dir", "/dev/stdin": "-> /proc/self/fd/3", "/dev/fd": "-> /proc/self/fd",
}

// answer is a Result in one line.
func answer(r resolve.Result) string {
	var s []string
	if r.Path == "" {
		s = append(s, `""`)
	} else {
		s = append(s, r.Path)
	}
	for _, l := range r.Links {
		s = append(s, fmt.Sprintf("[%s -> %s]", l.Path, l.Target))
	}
	switch {
	case r.Err != 0:
		s = append(s, r.Err.String())
	default:
		s = append(s, [...]string{"nothing", "directory", "link", "else"}[r.Type])
	}
	return strings.Join(s, " ")
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ name, spelled, want string }{
		{"plain", "file", "/home/file else"},
		{"absolute", "/home/file", "/home/file else"},
		{"root", "/", "/ directory"},
		{"above the root", "/../../home/file", "/home/file else"},
		{"doubled slashes", "//home///a//b/", "/home/a/b directory"},
		{"dot", ".", "/home directory"},
		{"dots in the middle", "./a/./b/../b/file", "/home/a/b/file else"},
		{"dot dot", "..", "/ directory"},
		{"missing", "missing", "/home/missing ENOENT"},
		{"missing middle", "missing/x/y", "/home/missing/x/y ENOENT"},
		{"missing middle and back", "missing/../file", "/home/missing ENOENT"},
		{"file as a directory", "file/x", "/home/file/x ENOTDIR"},
		{"file and back", "file/../file", "/home/file ENOTDIR"},
		{"file and dot", "file/.", "/home/file ENOTDIR"},
		{"file and slash", "file/", "/home/file ENOTDIR"},
		{"missing and slash", "missing/", "/home/missing ENOENT"},
		{"directory and slash", "a/", "/home/a directory"},
		{"link at the end", "tofile", "/home/file [/home/tofile -> file] else"},
		{"link at the end and slash", "rel/", "/home/a/b [/home/rel -> a/b] directory"},
		{"link to a file and slash", "tofile/", "/home/file [/home/tofile -> file] ENOTDIR"},
		{"link in the middle", "rel/file", "/home/a/b/file [/home/rel -> a/b] else"},
		{"absolute link in the middle", "abs/file", "/home/a/b/file [/home/abs -> /home/a/b] else"},
		{"dot dot behind a link", "rel/../../file", "/home/file [/home/rel -> a/b] else"},
		{"link up", "a/b/up/b/file", "/home/a/b/file [/home/a/b/up -> ..] else"},
		{"chain", "chain/file", "/home/a/b/file [/home/chain -> rel] [/home/rel -> a/b] else"},
		{"target with a slash", "slash/b/file", "/home/a/b/file [/home/slash -> a/] else"},
		{"target with a slash at the end", "slash", "/home/a [/home/slash -> a/] directory"},
		{"target file with a slash", "fileslash", "/home/file [/home/fileslash -> file/] ENOTDIR"},
		{"dangling", "dangling", "/home/none/there [/home/dangling -> none/there] ENOENT"},
		{"beyond dangling", "dangling/x", "/home/none/there/x [/home/dangling -> none/there] ENOENT"},
		{"link to dot", "dot/dot/file", "/home/file [/home/dot -> .] [/home/dot -> .] else"},
		{"link to the root", "root/home/file", "/home/file [/home/root -> /] else"},
		{"link to the root at the end", "root", "/ [/home/root -> /] directory"},
		{"link above the root", "outofroot", "/home/file [/home/outofroot -> ../../../home/file] else"},
		{"self", "/proc/self/status", "/proc/7/status else"},
		{"self through a link", "/proc/mounts", "/proc/7/mounts [/proc/mounts -> self/mounts] else"},
		{"thread", "/proc/thread-self/cwd/file", "/home/a/b/file else"},
		{"descriptor", "/proc/self/fd/3", "/home/a/b/file else"},
		{"descriptor without a name", "/proc/self/fd/4", `"" else`},
		{"working directory", "/proc/self/cwd/b/file", "/home/a/b/file else"},
		{"root directory", "/proc/7/root/home/file", "/home/file else"},
		{"program", "/proc/self/exe", "/home/file else"},
		{"dev stdin", "/dev/stdin", "/home/a/b/file [/dev/stdin -> /proc/self/fd/3] else"},
		{"dev fd", "/dev/fd/3", "/home/a/b/file [/dev/fd -> /proc/self/fd] else"},
		{"self elsewhere", "self", "/home/self ELOOP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := resolve.New(example)
			q := resolve.Request{Base: "/home", Spelled: c.spelled, Follow: true, Self: "7", Thread: "7/task/8"}
			got := answer(r.Resolve(q))
			if c.name == "self elsewhere" { // the links of a loop are many
				got = got[:strings.Index(got, " ")] + got[strings.LastIndex(got, " "):]
			}
			if got != c.want {
				t.Errorf("%q:\n got %s\nwant %s", c.spelled, got, c.want)
			}
			// The cache only saves time.
			if again := answer(r.Resolve(q)); c.name != "self elsewhere" && again != c.want {
				t.Errorf("%q, the second time:\n got %s\nwant %s", c.spelled, again, c.want)
			}
		})
	}
}

func TestNoFollow(t *testing.T) {
	for _, c := range []struct{ spelled, want string }{
		{"tofile", "/home/tofile link"},
		{"rel", "/home/rel link"},
		{"rel/", "/home/a/b [/home/rel -> a/b] directory"}, // the slash follows
		{"rel/file", "/home/a/b/file [/home/rel -> a/b] else"},
		{"chain/../b", "/home/a/b [/home/chain -> rel] [/home/rel -> a/b] directory"},
		{"dangling", "/home/dangling link"},
		{"self", "/home/self link"},
		{"/proc/self", "/proc/self link"},
		{"/proc/self/cwd", "/proc/7/cwd link"},
		{"/proc/self/fd/3", "/proc/7/fd/3 link"},
		{"a", "/home/a directory"},
	} {
		got := answer(resolve.New(example).Resolve(resolve.Request{Base: "/home", Spelled: c.spelled, Self: "7", Thread: "7/task/8"}))
		if got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.spelled, got, c.want)
		}
	}
}

// TestLoop: the kernel follows 40 links in one lookup and refuses the next
// (path_resolution(7)).
func TestLoop(t *testing.T) {
	fs := tree{"/0": "file"}
	for i := 1; i <= 41; i++ {
		fs[fmt.Sprintf("/%d", i)] = fmt.Sprintf("-> %d", i-1)
	}
	for i, want := range map[int]event.Errno{39: 0, 40: 0, 41: event.ELOOP} {
		r := resolve.New(fs).Resolve(resolve.Request{Base: "/", Spelled: fmt.Sprint(i), Follow: true})
		if r.Err != want || want == 0 && r.Path != "/0" {
			t.Errorf("%d links: got %s, want error %d", i, answer(r), want)
		}
	}
	// Those of a middle count as well.
	r := resolve.New(tree{"/d": "dir", "/d/l": "-> ."}).Resolve(resolve.Request{
		Base: "/", Spelled: "d/" + strings.Repeat("l/", 41), Follow: true})
	if r.Err != event.ELOOP {
		t.Errorf("41 links in the middle: got %s, want ELOOP", answer(r))
	}
}

// TestChanged: what was seen of directories and links is forgotten where the step
// changes them.
func TestChanged(t *testing.T) {
	fs := tree{"/d": "dir", "/d/f": "file", "/l": "-> d", "/e": "dir", "/e/f": "file"}
	r := resolve.New(fs)
	at := func(spelled string) string {
		return answer(r.Resolve(resolve.Request{Base: "/", Spelled: spelled, Follow: true}))
	}
	want := func(spelled, want string) {
		t.Helper()
		if got := at(spelled); got != want {
			t.Errorf("%s: got %s, want %s", spelled, got, want)
		}
	}
	want("l/f", "/d/f [/l -> d] else")
	fs["/l"] = "-> e"
	r.Clear()
	want("l/f", "/e/f [/l -> e] else")
	fs["/l"] = "dir"
	fs["/l/f"] = "file"
	r.Clear()
	want("l/f", "/l/f else")
	// The parent of what was seen.
	fs["/d/sub"] = "dir"
	fs["/d/sub/f"] = "file"
	want("d/sub/f", "/d/sub/f else")
	fs["/d"] = "-> e"
	r.Clear()
	want("d/sub/f", "/e/sub/f [/d -> e] ENOENT")
	// A directory that was never looked at itself, because walks started in it.
	fs["/w"], fs["/w/c"], fs["/w/c/x"] = "dir", "dir", "file"
	if got := answer(r.Resolve(resolve.Request{Base: "/w", Spelled: "c/x", Follow: true})); got != "/w/c/x else" {
		t.Errorf("c/x in /w: got %s", got)
	}
	fs["/old"], fs["/w/c"] = "dir", "-> ../e"
	r.Clear()
	want("w/c/f", "/e/f [/w/c -> ../e] else")
	// What is made where nothing was is seen without being told.
	want("new/f", "/new/f ENOENT")
	fs["/new"], fs["/new/f"] = "dir", "file"
	want("new/f", "/new/f else")
	// A file, or none, is looked at each time.
	want("new/g", "/new/g ENOENT")
	fs["/new/g"] = "file"
	want("new/g", "/new/g else")
}

func TestRequestIsKept(t *testing.T) {
	r := resolve.New(example)
	first := r.Resolve(resolve.Request{Base: "/home", Spelled: "chain/file", Follow: true})
	links := append([]event.Link(nil), first.Links...)
	r.Resolve(resolve.Request{Base: "/home", Spelled: "abs/up/b/up", Follow: true})
	if diff := cmp.Diff(links, first.Links); diff != "" {
		t.Errorf("a result changed by a later one (-want +got):\n%s", diff)
	}
}

// everywhere is a file system in which everything is there: directories, files below /bin, and
// a link at /lib. What is called missing is not.
type everywhere struct{ resolve.FS }

func (everywhere) Type(p string) (resolve.Type, event.Errno) {
	switch {
	case strings.HasPrefix(p, "/bin/"):
		return resolve.Else, 0
	case p == "/lib":
		return resolve.Link, 0
	case strings.HasSuffix(p, "missing"):
		return resolve.Nothing, event.ENOENT
	}
	return resolve.Directory, 0
}

func (everywhere) Readlink(string) (string, error) { return "usr/lib", nil }

// Nothing is allocated for a name that was there before.
func TestAllocations(t *testing.T) {
	r := resolve.New(everywhere{})
	for _, spelled := range []string{"/bin/a", "/usr/lib/gcc/x/12/include/stddef.h", "a/b/c.h", "/usr//lib", "/lib/libc.so.6", "/lib", "missing/x.h", "../x/../y.h", "/usr/a/../../x", "/usr/missing/a/x.h"} {
		q := resolve.Request{Base: "/home", Spelled: spelled, Follow: true, Self: "1", Thread: "1/task/1"}
		if got := testing.AllocsPerRun(100, func() { r.Resolve(q) }); got != 0 {
			t.Errorf("%s: %v allocations", spelled, got)
		}
	}
}
