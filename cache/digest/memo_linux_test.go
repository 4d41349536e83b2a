package digest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
	"deptrace/trace/usertest"

	"golang.org/x/sys/unix"
)

// later is the clock when everything has been left alone for long enough.
func later() time.Time { return time.Now().Add(settled + time.Second) }

// memo opens a memo, in a directory that the memo makes, whose clock says later.
func memo(t testing.TB, path string) *Memo {
	t.Helper()
	m, err := OpenMemo(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	m.now = later
	return m
}

func newMemo(t testing.TB) *Memo { return memo(t, filepath.Join(t.TempDir(), "cache", "memo")) }

// expect wants the next look at a file to give the digest of data, and says whether the
// memo must have known it.
func expect(t *testing.T, m *Memo, path, data string, known bool) {
	t.Helper()
	before, _ := m.Counts()
	r := m.Files([]string{path})[0]
	if want := Sum(sha256.Sum256([]byte(data))); r.Err != nil || r.Sum != want {
		t.Errorf("got %s, %v; want %s", r.Sum, r.Err, want)
	}
	if st, err := osfs.Lstat(path); err != nil || r.State != st {
		t.Errorf("state is %+v, want %+v (%v)", r.State, st, err)
	}
	if after, _ := m.Counts(); (after > before) != known {
		t.Errorf("known: %t, want %t", after > before, known)
	}
}

// An answer from memory is the one that hashing gives, for all that is no file, too.
func TestMemoAnswersAsFiles(t *testing.T) {
	dir := t.TempDir()
	paths := []string{dir, dir + "/none", dir + "/link", dir + "/fifo", "/dev/zero"}
	for _, err := range []error{os.Symlink("0", dir+"/link"), syscall.Mkfifo(dir+"/fifo", 0o666)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 * share {
		p := filepath.Join(dir, fmt.Sprint(i))
		write(t, p, bytes.Repeat([]byte{byte(i)}, i*97))
		paths = append(paths, p)
	}
	want := Files(paths)
	m := newMemo(t)
	for i, known := range []int{0, 3 * share, 6 * share} {
		for j, r := range m.Files(paths) {
			w := &want[j]
			if r.Sum != w.Sum || r.State != w.State || fmt.Sprint(r.Err) != fmt.Sprint(w.Err) {
				t.Errorf("%d: %s: got %+v, want %+v", i, paths[j], r, *w)
			}
		}
		if k, h := m.Counts(); k != known || k+h != (i+1)*len(paths) {
			t.Errorf("%d: %d known, %d hashed; want %d known of %d", i, k, h, known, (i+1)*len(paths))
		}
	}
	if got := m.Files(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// Who has looked at a file already is not made to look again: the answer is about what
// was seen then.
func TestMemoLook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	write(t, path, []byte("before"))
	m := newMemo(t)
	expect(t, m, path, "before", false)
	seen, err := osfs.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	r := m.Look([]Request{{path, seen}})[0]
	if r.Err != nil || r.Sum != sha256.Sum256([]byte("before")) || r.State != seen {
		t.Errorf("got %+v", r)
	}
}

// Whatever is done to a file shows, also where size and mtime are put back.
func TestMemoSeesChanges(t *testing.T) {
	for name, change := range map[string]func(path string, was os.FileInfo) error{
		"touch -r": func(path string, was os.FileInfo) error {
			return errors.Join(os.WriteFile(path, []byte("after!"), 0o666), os.Chtimes(path, was.ModTime(), was.ModTime()))
		},
		"replaced": func(path string, was os.FileInfo) error {
			return errors.Join(os.WriteFile(path+"2", []byte("after!"), 0o666), os.Chtimes(path+"2", was.ModTime(), was.ModTime()), os.Rename(path+"2", path))
		},
		"only touched": func(path string, was os.FileInfo) error {
			return errors.Join(os.WriteFile(path, []byte("after!"), 0o666), os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			write(t, path, []byte("before"))
			m := newMemo(t)
			expect(t, m, path, "before", false)
			expect(t, m, path, "before", true)
			was, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			before, _ := osfs.Lstat(path)
			// Until the file system's clock has ticked, which is what settled is for.
			for now := before; now.Ctime == before.Ctime; now, _ = osfs.Lstat(path) {
				if err := change(path, was); err != nil {
					t.Fatal(err)
				}
			}
			expect(t, m, path, "after!", false)
			expect(t, m, path, "after!", true)
		})
	}
}

// What was just written, and what was written tomorrow, is hashed every time.
func TestMemoDistrusts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	write(t, path, []byte("x"))
	m := newMemo(t)
	for range 2 { // the second time mtime is an old one
		st, err := osfs.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int64{st.Ctime - int64(time.Hour), st.Ctime, st.Ctime + int64(settled)} {
			m.now = func() time.Time { return time.Unix(0, at) }
			expect(t, m, path, "x", false)
			expect(t, m, path, "x", false)
		}
		if err := os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	m.now = later
	tomorrow := time.Now().Add(24 * time.Hour)
	if err := os.Chtimes(path, tomorrow, tomorrow); err != nil {
		t.Fatal(err)
	}
	expect(t, m, path, "x", false)
	expect(t, m, path, "x", false)
	m.now = func() time.Time { return tomorrow.Add(settled + 1) }
	expect(t, m, path, "x", false)
	expect(t, m, path, "x", true)
}

// Another process finds what this one has learned, unless it runs after a reboot.
func TestMemoIsShared(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/x", []byte("x"))
	expect(t, memo(t, dir+"/memo"), dir+"/x", "x", false)
	expect(t, memo(t, dir+"/memo"), dir+"/x", "x", true)
	m := memo(t, dir+"/memo")
	m.boot[0]++
	expect(t, m, dir+"/x", "x", false)
	expect(t, m, dir+"/x", "x", true)
	expect(t, memo(t, dir+"/memo"), dir+"/x", "x", false)
}

// No bit of a slot can be wrong and the slot still be believed.
func TestMemoDamage(t *testing.T) {
	var boot [16]byte
	s := footprint.State{Type: footprint.File, Size: 1, Dev: 2, Ino: 3, Mtime: 4, Ctime: 5}
	sum := Sum{6}
	var p page
	at := p.put(&s, &sum, &boot)
	for bit := range 8 * slotSize {
		q := p
		q[at+bit/8] ^= 1 << (bit % 8)
		if got, ok := q.find(&s, &boot); ok {
			t.Errorf("with bit %d turned over the digest is %s", bit, got)
		}
	}
	if got, ok := p.find(&s, &boot); !ok || got != sum {
		t.Errorf("undamaged: got %s, %t", got, ok)
	}
	if _, ok := new(page).find(&footprint.State{Type: footprint.File}, &boot); ok {
		t.Error("an empty page knows something")
	}
}

// A memo that is cut short or cannot be used any more costs time and nothing else.
func TestMemoIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	write(t, path, []byte("x"))
	m := newMemo(t)
	expect(t, m, path, "x", false)
	if err := m.file.Truncate(pageSize / 2); err != nil {
		t.Fatal(err)
	}
	expect(t, m, path, "x", false)
	m.file.Close()
	expect(t, m, path, "x", false)
	expect(t, nil, path, "x", false)
}

// A file that has changed takes the place of what it was; a full page gives up one slot
// at a time, and never mixes two up.
func TestMemoPage(t *testing.T) {
	var boot [16]byte
	var p page
	state := func(i int) footprint.State {
		return footprint.State{Type: footprint.File, Dev: 1, Ino: uint64(i + 1), Ctime: 7}
	}
	sum := func(i int) *Sum { return &Sum{byte(i), 1} }
	for i := range 100 {
		s := state(0)
		s.Ctime = int64(i)
		p.put(&s, sum(i), &boot)
		if got, ok := p.find(&s, &boot); !ok || got != *sum(i) {
			t.Fatalf("change %d is not found", i)
		}
	}
	used := 0
	for i := range slots {
		if [slotSize]byte(p[i*slotSize:]) != [slotSize]byte{} {
			used++
		}
	}
	if used != 1 {
		t.Errorf("a file that changed uses %d slots", used)
	}
	const many = slots + 9
	for range 2 {
		known := 0
		for i := range many {
			s := state(i)
			if got, ok := p.find(&s, &boot); !ok {
				p.put(&s, sum(i), &boot)
			} else if known++; got != *sum(i) {
				t.Errorf("%d has the digest of another", i)
			}
		}
		if known > 0 && known < slots/2 {
			t.Errorf("of %d files %d are known in %d slots", many, known, slots)
		}
	}
}

// Files of one directory share pages, and those of many use all pages.
func TestMemoPages(t *testing.T) {
	seen := map[int]int{}
	const n = 50000
	for i := range n {
		seen[pageOf(&footprint.State{Dev: 0xfd00, Ino: uint64(1_000_000 + i)})]++
	}
	if len(seen) > n/8+1 || len(seen) < n/8*2/3 {
		t.Errorf("%d inodes are on %d pages", n, len(seen))
	}
	lost := 0
	for _, here := range seen {
		lost += max(0, here-slots)
	}
	if lost > n/1000 {
		t.Errorf("of %d inodes %d do not fit", n, lost)
	}
}

func TestOpenMemo(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	whole := func(path string) { memo(t, path).Close() }
	for _, tt := range []struct {
		name  string
		make  func(path string)
		wrong string // empty: a memo comes of it
	}{
		{"nothing", func(string) {}, ""},
		{"a memo", whole, ""},
		{"an empty file", func(p string) { write(t, p, nil); os.Chmod(p, 0o600) }, ""},
		{"another version", func(p string) {
			write(t, p, []byte(strings.Replace(memoMagic, "1", "2", 1)))
			os.Chmod(p, 0o600)
			os.Truncate(p, memoSize)
		}, ""},
		{"zeros", func(p string) { write(t, p, nil); os.Chmod(p, 0o600); os.Truncate(p, memoSize) }, ""},
		{"readable by others", func(p string) { whole(p); os.Chmod(p, 0o640) }, "other users may open it"},
		{"a link", func(p string) { whole(p + "2"); os.Symlink(p+"2", p) }, "too many levels of symbolic links"},
		{"a directory", func(p string) { os.Mkdir(p, 0o700) }, "is a directory"},
		{"a fifo", func(p string) { syscall.Mkfifo(p, 0o600) }, "not a regular file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "b")
			path := filepath.Join(dir, "memo")
			if tt.name != "nothing" {
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			tt.make(path)
			before, _ := os.Lstat(path)
			m, err := OpenMemo(path)
			after, _ := os.Lstat(path)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) || !strings.Contains(err.Error(), path) {
					t.Errorf("got %v, want %s", err, tt.wrong)
				}
				if !os.SameFile(before, after) {
					t.Error("what was there is gone")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if after.Mode() != 0o600 || after.Size() != memoSize {
				t.Errorf("it has mode %v and size %d", after.Mode(), after.Size())
			}
			if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("its directory has mode %v (%v)", info.Mode(), err)
			}
			if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
				t.Errorf("the directory holds %v (%v)", names, err)
			}
			if st := after.Sys().(*syscall.Stat_t); st.Blocks > 64 {
				t.Errorf("an empty memo takes %d blocks", st.Blocks)
			}
		})
	}
}

// What another user could have written is not believed, and nothing is made where it
// would be another user's who could not use it: root is given a user's home by sudo.
func TestOpenMemoOfAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		// The root directory is root's, and /etc root's to write to.
		for _, p := range []string{"/memo", "/etc/memo"} {
			if _, err := OpenMemo(p); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
				t.Errorf("%s: got %v", p, err)
			}
		}
		return
	}
	dir := t.TempDir()
	memo(t, dir+"/memo").Close()
	if err := os.Mkdir(dir+"/home", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{dir + "/memo", dir + "/home"} {
		if err := os.Chown(p, usertest.Nobody, usertest.Nobody); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{dir + "/memo", dir + "/home/memo", dir + "/home/.cache/deptrace/memo"} {
		if _, err := OpenMemo(p); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
			t.Errorf("%s: got %v", p, err)
		}
	}
	if names, err := os.ReadDir(dir + "/home"); err != nil || len(names) != 0 {
		t.Errorf("the home directory holds %v (%v)", names, err)
	}
}

// Many processes look and learn at once, of files that share few slots. None is ever
// told the digest of another file, or of another version.
func TestMemoConcurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "memo")
	memo(t, path).Close()
	var wg sync.WaitGroup
	var known atomic.Int64
	for range 8 {
		m := memo(t, path)
		wg.Go(func() {
			var p page
			for range 3000 {
				s := footprint.State{Type: footprint.File, Dev: 1, Ino: 8 + rand.Uint64N(8), Ctime: rand.Int64N(20)}
				k := key(&s)
				want := Sum(sha256.Sum256(k[:]))
				n := pageOf(&s)
				m.read(&p, n)
				if got, ok := p.find(&s, &m.boot); ok {
					known.Add(1)
					if got != want {
						t.Errorf("%+v: got %s, want %s", s, got, want)
					}
				}
				results := []Result{{Sum: want, State: s}}
				m.keep(results, []int{0}, m.now())
			}
		})
	}
	wg.Wait()
	if known.Load() == 0 {
		t.Error("nobody has learned anything")
	}
}

// A process that is killed while it writes leaves nothing wrong behind: the test runs
// itself as the writer.
func TestMemoKilled(t *testing.T) {
	const env = "DEPTRACE_TEST_MEMO"
	synthetic := func(i uint64) Result {
		s := footprint.State{Type: footprint.File, Dev: 1, Ino: 1 + i%500, Ctime: int64(i)}
		k := key(&s)
		return Result{Sum: sha256.Sum256(k[:]), State: s}
	}
	if path := os.Getenv(env); path != "" {
		m := memo(t, path)
		fmt.Println("ready")
		for i := uint64(0); ; i++ {
			var results []Result
			var all []int
			for j := range 50 {
				results = append(results, synthetic(i*50+uint64(j)))
				all = append(all, j)
			}
			m.keep(results, all, m.now())
		}
	}
	path := filepath.Join(t.TempDir(), "memo")
	known := 0
	for range 20 {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p, err := os.StartProcess("/proc/self/exe", []string{os.Args[0], "-test.run=^TestMemoKilled$"}, &os.ProcAttr{
			Env: append(os.Environ(), env+"="+path), Files: []*os.File{nil, w, w},
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
		if _, err := r.Read(make([]byte, 1)); err != nil {
			t.Errorf("the writer is not ready: %v", err)
		}
		// From here on it writes without a pause, and any moment is as good as another.
		m := memo(t, path)
		var pg page
		for range rand.IntN(200) {
			m.read(&pg, rand.IntN(pages))
		}
		if err := p.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Wait(); err != nil {
			t.Fatal(err)
		}
		r.Close()
		for n := range pages {
			m.read(&pg, n)
			for i := range slots {
				slot := pg[i*slotSize:][:slotSize]
				s := footprint.State{Type: footprint.File, Dev: binary.LittleEndian.Uint64(slot), Ino: binary.LittleEndian.Uint64(slot[8:]), Ctime: int64(binary.LittleEndian.Uint64(slot[32:]))}
				if s.Ino == 0 {
					continue
				}
				k := key(&s)
				got, ok := pg.find(&s, &m.boot)
				if ok && got != sha256.Sum256(k[:]) {
					t.Fatalf("page %d, slot %d: wrong digest", n, i)
				}
				if ok {
					known++
				}
			}
		}
	}
	if known == 0 {
		t.Error("nothing was written")
	}
}

// The errors of a memo are those of the file system, for callers that ask.
func TestOpenMemoErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/file", nil)
	if _, err := OpenMemo(dir + "/file/memo"); !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("got %v, want ENOTDIR", err)
	}
	var p *fs.PathError
	if _, err := OpenMemo(dir + "/file/memo"); !errors.As(err, &p) {
		t.Errorf("%v does not name the file", err)
	}
}

// The figures that the memo is for: headers as a compile reads them.
func benchmark(b *testing.B, n, size int, files func([]string) []Result) {
	dir := b.TempDir()
	var paths []string
	for i := range n {
		paths = append(paths, fmt.Sprintf("%s/%d", dir, i))
		write(b, paths[i], make([]byte, size))
	}
	files(paths)
	for b.Loop() {
		files(paths)
	}
}

func BenchmarkFiles300(b *testing.B)   { benchmark(b, 300, 8<<10, Files) }
func BenchmarkMemo300(b *testing.B)    { benchmark(b, 300, 8<<10, newMemo(b).Files) }
func BenchmarkFiles50000(b *testing.B) { benchmark(b, 50000, 8<<10, Files) }
func BenchmarkMemo50000(b *testing.B)  { benchmark(b, 50000, 8<<10, newMemo(b).Files) }
