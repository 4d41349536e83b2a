package resolve_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/trace/event"
	"deptrace/trace/resolve"

	"golang.org/x/sys/unix"
)

// TestKernel compares walks with the kernel's over random trees with links.
func TestKernel(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			root, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			names := []string{"a", "b", "c", "d", "e"}
			name := func() string { return names[random.IntN(len(names))] }
			// spelling makes a path that may lead anywhere.
			spelling := func(most int) string {
				var parts []string
				for range 1 + random.IntN(most) {
					switch random.IntN(8) {
					case 0:
						parts = append(parts, "..")
					case 1:
						parts = append(parts, ".")
					default:
						parts = append(parts, name())
					}
				}
				p := strings.Join(parts, [...]string{"/", "/", "//"}[random.IntN(3)])
				switch random.IntN(12) {
				case 0:
					p += "/"
				case 1:
					p += "/."
				case 2, 3:
					p = root + "/" + p
				}
				return p
			}
			dirs := []string{root}
			for range 60 {
				dir := dirs[random.IntN(len(dirs))]
				p := filepath.Join(dir, name())
				switch random.IntN(4) {
				case 0, 1:
					if os.Mkdir(p, 0o755) == nil {
						dirs = append(dirs, p)
					}
				case 2:
					if f, err := os.OpenFile(p, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644); err == nil {
						f.Close()
					}
				case 3:
					os.Symlink(spelling(4), p) // or it is there already
				}
			}
			r := resolve.New(resolve.OS{})
			for range 3000 {
				base := dirs[random.IntN(len(dirs))]
				q := resolve.Request{Base: base, Spelled: spelling(6), Follow: random.IntN(2) == 0}
				compare(t, r, q)
				if t.Failed() {
					return
				}
				// Now and then a name means something else from now on.
				p, to := filepath.Join(dirs[random.IntN(len(dirs))], name()), filepath.Join(dirs[random.IntN(len(dirs))], name())
				switch random.IntN(150) {
				case 0, 1, 2:
					if _, err := os.Readlink(p); err == nil && os.Remove(p) == nil {
						r.Clear()
						os.Symlink(spelling(4), p)
					}
				case 3:
					if unix.Rmdir(p) == nil {
						r.Clear()
						os.WriteFile(p, nil, 0o644)
					}
				case 4:
					flags := uint(random.IntN(2) * unix.RENAME_EXCHANGE)
					if unix.Renameat2(unix.AT_FDCWD, p, unix.AT_FDCWD, to, flags) == nil {
						r.Clear()
					}
				default:
					continue
				}
				dirs = slices.DeleteFunc(dirs, func(dir string) bool {
					real, err := filepath.EvalSymlinks(dir)
					info, err2 := os.Stat(dir)
					return err != nil || err2 != nil || real != dir || !info.IsDir()
				})
			}
		})
	}
}

// compare wants a walk to end where open(2) with O_PATH does, and to be what it is for somebody
// who remembers nothing.
func compare(t *testing.T, r *resolve.Resolver, q resolve.Request) {
	t.Helper()
	got := r.Resolve(q)
	if diff := cmp.Diff(resolve.New(resolve.OS{}).Resolve(q), got); diff != "" {
		t.Errorf("%+v: what is remembered makes a difference (-want +got):\n%s", q, diff)
	}
	dir, err := unix.Open(q.Base, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(dir)
	flags := unix.O_PATH | unix.O_CLOEXEC
	if !q.Follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := unix.Openat(dir, q.Spelled, flags, 0)
	if err != nil {
		var errno unix.Errno
		errors.As(err, &errno)
		if got.Err != event.Errno(errno) {
			t.Errorf("%+v: got %s, the kernel says %v", q, answer(got), err)
		}
		return
	}
	defer unix.Close(fd)
	want, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		t.Fatal(err)
	}
	if got.Err != 0 || got.Path != want {
		t.Errorf("%+v: got %s, the kernel says %s", q, answer(got), want)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	kind := resolve.Else
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		kind = resolve.Directory
	case unix.S_IFLNK:
		kind = resolve.Link
	}
	if got.Type != kind {
		t.Errorf("%+v: got %s, the kernel has mode %o", q, answer(got), st.Mode)
	}
}

// TestProc: proc's links of this very process.
func TestProc(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "file")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	pipe, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	defer w.Close()
	self := fmt.Sprint(os.Getpid())
	r := resolve.New(resolve.OS{})
	for spelled, want := range map[string]string{
		fmt.Sprintf("/proc/self/fd/%d", f.Fd()):         name,
		fmt.Sprintf("/dev/fd/%d", f.Fd()):               name,
		fmt.Sprintf("/proc/self/fd/%d/file", d.Fd()):    name,
		fmt.Sprintf("/proc/self/fd/%d/../x", d.Fd()):    filepath.Join(filepath.Dir(dir), "x"),
		fmt.Sprintf("/proc/self/fd/%d", pipe.Fd()):      "",
		fmt.Sprintf("/proc/%s/fd/%d", self, f.Fd()):     name,
		"/proc/self/root" + name:                        name,
		fmt.Sprintf("/proc/self/../self/fd/%d", f.Fd()): name,
	} {
		got := r.Resolve(resolve.Request{Base: "/", Spelled: spelled, Follow: true, Self: self, Thread: self + "/task/" + self})
		if got.Path != want {
			t.Errorf("%s: got %s, want %q", spelled, answer(got), want)
		}
	}
	// A file that was removed has no name, one that is called so has.
	odd := filepath.Join(dir, "odd (deleted)")
	g, err := os.Create(odd)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	for fd, want := range map[uintptr]string{f.Fd(): "", g.Fd(): odd} {
		spelled := fmt.Sprintf("/proc/self/fd/%d", fd)
		got := r.Resolve(resolve.Request{Base: "/", Spelled: spelled, Follow: true, Self: self})
		if got.Path != want {
			t.Errorf("%s: got %s, want %q", spelled, answer(got), want)
		}
	}
}
