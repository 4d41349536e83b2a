package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"deptrace/cache/digest"
)

func newStore(t testing.TB, max int64) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "cache"), Options{Max: max})
	if err != nil {
		t.Fatal(err)
	}
	s.trimTime = time.Hour // however busy the machine is
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func add(t testing.TB, s *Store, data string) digest.Sum {
	t.Helper()
	sum, err := s.AddBytes([]byte(data))
	check(t, err)
	if want := digest.Sum(sha256.Sum256([]byte(data))); sum != want {
		t.Fatalf("stored as %s, want %s", sum, want)
	}
	return sum
}

func key(s string) [32]byte { return sha256.Sum256([]byte(s)) }

// write makes a file outside the store.
func write(t testing.TB, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(path, []byte(data), 0o666))
	return path
}

// wantBlob wants a blob to come out as it went in, in every way.
func wantBlob(t *testing.T, s *Store, sum digest.Sum, want string) {
	t.Helper()
	if !s.Has(sum) {
		t.Errorf("%s is missing", sum)
	}
	if got, err := s.Bytes(sum, int64(len(want))); err != nil || string(got) != want {
		t.Errorf("Bytes: %d bytes, %v; want %d", len(got), err, len(want))
	}
	f, err := s.OpenBlob(sum)
	check(t, err)
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || string(got) != want {
		t.Errorf("OpenBlob: %d bytes, %v; want %d", len(got), err, len(want))
	}
	to, err := os.Create(filepath.Join(t.TempDir(), "out"))
	check(t, err)
	defer to.Close()
	n, err := s.Extract(sum, to)
	if got, readErr := os.ReadFile(to.Name()); err != nil || readErr != nil || string(got) != want || n != int64(len(want)) {
		t.Errorf("Extract: %d, %v, and %d bytes; want %d", n, err, len(got), len(want))
	}
}

// wantNoTemporaries wants nothing to be left over.
func wantNoTemporaries(t *testing.T, s *Store) {
	t.Helper()
	entries, err := os.ReadDir(s.dir + "/" + tmpDir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

// Sizes around the buffer's are where copying goes wrong.
func TestBlobs(t *testing.T) {
	s := newStore(t, 0)
	for _, size := range []int{0, 1, bufferSize - 1, bufferSize, bufferSize + 1, 3*bufferSize + 7} {
		data := strings.Repeat(string(rune('a'+size%7)), size)
		sum := digest.Sum(sha256.Sum256([]byte(data)))
		for name, store := range map[string]func() error{
			"AddBytes": func() error { _, err := s.AddBytes([]byte(data)); return err },
			"AddFile":  func() error { return s.AddFile(write(t, data), sum) },
			"NewBlob": func() error {
				b, err := s.NewBlob()
				check(t, err)
				for i := 0; i < len(data); i += 1000 {
					if _, err := io.WriteString(b, data[i:min(i+1000, len(data))]); err != nil {
						return err
					}
				}
				got, n, err := b.Commit()
				if got != sum || n != int64(size) {
					t.Errorf("committed as %s of %d bytes, want %s of %d", got, n, sum, size)
				}
				b.Discard()
				return err
			},
		} {
			check(t, store())
			wantBlob(t, s, sum, data)
			check(t, store()) // once more is nothing
			info, err := os.Lstat(s.path(blobs, sum))
			if err != nil || info.Mode() != 0o444 {
				t.Errorf("%s: %v, %v; want mode 0444", name, info.Mode(), err)
			}
			check(t, os.Remove(s.path(blobs, sum)))
		}
	}
	wantNoTemporaries(t, s)
}

// What is stored is what the caller said, or nothing is.
func TestChanged(t *testing.T) {
	s := newStore(t, 0)
	want := digest.Sum(sha256.Sum256([]byte("one")))
	wantErr(t, "AddFile", s.AddFile(write(t, "two"), want), ErrChanged)
	b, err := s.NewBlob()
	check(t, err)
	fmt.Fprint(b, "two")
	wantErr(t, "CommitAs", b.CommitAs(want), ErrChanged)
	if err := b.CommitAs(want); err == nil {
		t.Error("committed after it was given up")
	}
	if _, err := b.Write([]byte("x")); err == nil {
		t.Error("written to after it was given up")
	}
	if s.Has(want) {
		t.Error("it is stored")
	}
	wantNoTemporaries(t, s)
	// A source of another size says that one of the two is not what it was.
	check(t, s.AddFile(write(t, "one"), want))
	wantErr(t, "AddFile", s.AddFile(write(t, "three"), want), ErrChanged)
	wantBlob(t, s, want, "one")
}

func TestAddFileOfNoFile(t *testing.T) {
	s := newStore(t, 0)
	dir := t.TempDir()
	check(t, os.Symlink(write(t, "x"), dir+"/link"))
	check(t, syscall.Mkfifo(dir+"/fifo", 0o666))
	for name, want := range map[string]error{"link": digest.ErrNotRegular, "fifo": digest.ErrNotRegular, ".": digest.ErrNotRegular, "none": fs.ErrNotExist} {
		wantErr(t, name, s.AddFile(filepath.Join(dir, name), sha256.Sum256([]byte("x"))), want)
	}
	wantNoTemporaries(t, s)
}

func TestMissing(t *testing.T) {
	s := newStore(t, 0)
	sum := digest.Sum(key("x"))
	if s.Has(sum) {
		t.Error("an empty store has something")
	}
	_, err := s.OpenBlob(sum)
	wantErr(t, "OpenBlob", err, fs.ErrNotExist)
	_, err = s.Bytes(sum, 10)
	wantErr(t, "Bytes", err, fs.ErrNotExist)
	_, err = s.Extract(sum, nil)
	wantErr(t, "Extract", err, fs.ErrNotExist)
	_, err = s.Get(Entries, key("x"))
	wantErr(t, "Get", err, fs.ErrNotExist)
}

func TestTooBig(t *testing.T) {
	s := newStore(t, 0)
	sum := add(t, s, "four")
	_, err := s.Bytes(sum, 3)
	wantErr(t, "Bytes", err, ErrTooBig)
	wantBlob(t, s, sum, "four")
}

// damages are ways to harm a file of the store.
var damages = map[string]func(path string) error{
	"flipped": func(path string) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		return replace(path, b)
	},
	"cut": func(path string) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return replace(path, b[:len(b)-1])
	},
	"longer": func(path string) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return replace(path, append(b, 0))
	},
	"empty": func(path string) error { return replace(path, nil) },
	"link": func(path string) error {
		if err := os.Rename(path, path+".away"); err != nil {
			return err
		}
		return os.Symlink(path+".away", path)
	},
	"directory": func(path string) error {
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.Mkdir(path, 0o700)
	},
}

func replace(path string, data []byte) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o444)
}

// A damaged blob is told of once, and is then missing.
func TestDamagedBlob(t *testing.T) {
	for name, damage := range damages {
		for _, way := range []string{"Bytes", "Extract", "Verify"} {
			s := newStore(t, 0)
			sum := add(t, s, "some content")
			check(t, damage(s.path(blobs, sum)))
			var err error
			switch way {
			case "Bytes":
				_, err = s.Bytes(sum, 100)
			case "Extract":
				var f *os.File
				f, err = os.Create(filepath.Join(t.TempDir(), "out"))
				check(t, err)
				_, err = s.Extract(sum, f)
				f.Close()
			case "Verify":
				if name == "link" || name == "directory" {
					continue // no files of ours
				}
				var names []string
				_, names, err = s.Verify(nil)
				if err != nil || len(names) != 1 || names[0] != s.path(blobs, sum) {
					t.Errorf("%s: Verify: %v, %v", name, names, err)
				}
				err = ErrDamaged
			}
			wantErr(t, name+" "+way, err, ErrDamaged)
			if s.Has(sum) {
				t.Errorf("%s %s: it is still there", name, way)
			}
			_, err = s.Bytes(sum, 100)
			wantErr(t, name+" again", err, fs.ErrNotExist)
			wantBlob(t, s, add(t, s, "some content"), "some content")
		}
	}
}

// One that is shorter than it should be is mended by storing it again.
func TestCutBlobIsStoredAgain(t *testing.T) {
	for name, store := range map[string]func(s *Store) error{
		"AddBytes": func(s *Store) error { _, err := s.AddBytes([]byte("some content")); return err },
		"AddFile": func(s *Store) error {
			return s.AddFile(write(t, "some content"), sha256.Sum256([]byte("some content")))
		},
	} {
		s := newStore(t, 0)
		sum := add(t, s, "some content")
		check(t, replace(s.path(blobs, sum), nil))
		check(t, store(s))
		t.Run(name, func(t *testing.T) { wantBlob(t, s, sum, "some content") })
	}
}

func TestRecords(t *testing.T) {
	s := newStore(t, 0)
	for _, kind := range Kinds {
		for _, data := range []string{"", "one", strings.Repeat("x", 100000)} {
			check(t, s.Put(kind, key("k"), []byte(data)))
			if got, err := s.Get(kind, key("k")); err != nil || string(got) != data {
				t.Errorf("%s: got %q, %v", kind, got, err)
			}
		}
	}
	// Kinds do not meet.
	check(t, s.Put(Sets, key("k"), []byte("set")))
	check(t, s.Put(Notes, key("k"), []byte("note")))
	if got, err := s.Get(Sets, key("k")); err != nil || string(got) != "set" {
		t.Errorf("got %q, %v", got, err)
	}
	wantNoTemporaries(t, s)
}

func TestDamagedRecord(t *testing.T) {
	for name, damage := range damages {
		s := newStore(t, 0)
		check(t, s.Put(Entries, key("k"), []byte("data")))
		path := s.path(Entries, key("k"))
		check(t, damage(path))
		_, err := s.Get(Entries, key("k"))
		wantErr(t, name, err, fs.ErrNotExist)
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s: it is still there", name)
		}
		check(t, s.Update(Entries, key("k"), func(old []byte) []byte {
			if old != nil {
				t.Errorf("%s: still %q", name, old)
			}
			return []byte("new")
		}))
	}
	// A record is bound to its place.
	s := newStore(t, 0)
	check(t, s.Put(Entries, key("a"), []byte("data")))
	check(t, s.Put(Entries, key("b"), []byte("data")))
	check(t, os.Rename(s.path(Entries, key("a")), s.path(Entries, key("b"))))
	_, err := s.Get(Entries, key("b"))
	wantErr(t, "moved", err, fs.ErrNotExist)
}

func TestUpdate(t *testing.T) {
	s := newStore(t, 0)
	var olds []string
	for _, data := range []string{"one", "two"} {
		check(t, s.Update(Sets, key("k"), func(old []byte) []byte {
			olds = append(olds, fmt.Sprintf("%t %s", old == nil, old))
			return []byte(data)
		}))
	}
	if want := []string{"true ", "false one"}; fmt.Sprint(olds) != fmt.Sprint(want) {
		t.Errorf("found %q, want %q", olds, want)
	}
	// What stays the same is not written.
	before, err := os.Lstat(s.path(Sets, key("k")))
	check(t, err)
	for _, same := range [][]byte{nil, []byte("two")} {
		check(t, s.Update(Sets, key("k"), func([]byte) []byte { return same }))
		after, err := os.Lstat(s.path(Sets, key("k")))
		check(t, err)
		if !os.SameFile(before, after) {
			t.Errorf("written again for %q", same)
		}
	}
}

// A process that holds a lock for ever holds up nobody for ever.
func TestLock(t *testing.T) {
	s := newStore(t, 0)
	unlock, err := s.lock("x", 0)
	check(t, err)
	_, err = s.lock("x", 0)
	wantErr(t, "at once", err, errLocked)
	_, err = s.lock("x", 20*time.Millisecond)
	wantErr(t, "after a while", err, errLocked)
	if err == nil || !strings.Contains(err.Error(), "/locks/x: locked by another process for 20ms") {
		t.Errorf("the error is %v", err)
	}
	unlock()
	unlock, err = s.lock("x", 0)
	check(t, err)
	unlock()
}

// A hit writes nothing, but once an hour.
func TestUsed(t *testing.T) {
	s := newStore(t, 0)
	sum := add(t, s, "blob")
	check(t, s.Put(Notes, key("k"), []byte("note")))
	now := time.Now()
	for name, use := range map[string]func() error{
		"Get":      func() error { _, err := s.Get(Notes, key("k")); return err },
		"Bytes":    func() error { _, err := s.Bytes(sum, 10); return err },
		"AddBytes": func() error { _, err := s.AddBytes([]byte("blob")); return err },
		"AddFile":  func() error { return s.AddFile(write(t, "blob"), sum) },
		"OpenBlob": func() error { f, err := s.OpenBlob(sum); f.Close(); return err },
		"Extract": func() error {
			f, err := os.Create(filepath.Join(t.TempDir(), "out"))
			check(t, err)
			defer f.Close()
			_, err = s.Extract(sum, f)
			return err
		},
	} {
		path := s.path(blobs, sum)
		if name == "Get" {
			path = s.path(Notes, key("k"))
		}
		for _, tt := range []struct {
			age     time.Duration
			touched bool
		}{{30 * time.Minute, false}, {2 * time.Hour, true}, {-2 * time.Hour, true}} {
			then := now.Add(-tt.age)
			check(t, os.Chtimes(path, then, then))
			check(t, use())
			info, err := os.Lstat(path)
			check(t, err)
			if touched := !info.ModTime().Equal(then); touched != tt.touched {
				t.Errorf("%s of what was used %v ago: time written: %t", name, tt.age, touched)
			}
		}
	}
}

// Where a file system shares blocks, what arrived is verified all the same.
func TestClone(t *testing.T) {
	data := strings.Repeat("x", 2*bufferSize+1)
	for _, flag := range []int{os.O_RDWR, os.O_WRONLY} {
		s := newStore(t, 0)
		cloned := 0
		s.clone = func(to, from *os.File) error {
			cloned++
			b, err := os.ReadFile(from.Name())
			if err != nil {
				return err
			}
			_, err = to.WriteAt(b, 0)
			return err
		}
		sum := digest.Sum(sha256.Sum256([]byte(data)))
		check(t, s.AddFile(write(t, data), sum))
		out := filepath.Join(t.TempDir(), "out")
		extract := func() error {
			f, err := os.OpenFile(out, flag|os.O_CREATE|os.O_TRUNC, 0o666)
			check(t, err)
			defer f.Close()
			_, err = s.Extract(sum, f)
			return err
		}
		check(t, extract())
		if got, err := os.ReadFile(out); err != nil || string(got) != data {
			t.Errorf("extracted %d bytes, %v", len(got), err)
		}
		if cloned != 1 {
			t.Errorf("cloned %d times, want once", cloned)
		}
		check(t, damages["flipped"](s.path(blobs, sum)))
		wantErr(t, "Extract", extract(), ErrDamaged)
		wantErr(t, "AddFile", s.AddFile(write(t, "y"), sum), ErrChanged)

		// What arrives is something else.
		if flag == os.O_RDWR {
			check(t, s.AddFile(write(t, data), sum))
			s.clone = func(to, from *os.File) error { _, err := to.WriteAt([]byte(data[1:]+"y"), 0); return err }
			wantErr(t, "Extract", extract(), ErrDamaged)
		}
	}
}

func TestStatsVerifyClear(t *testing.T) {
	s := newStore(t, 1<<20)
	sums := []digest.Sum{add(t, s, "a"), add(t, s, strings.Repeat("b", 5000)), add(t, s, "")}
	check(t, s.Put(Entries, key("k"), []byte("data")))
	check(t, s.Put(Notes, key("k"), []byte("data")))
	check(t, s.Put(Notes, key("l"), []byte("data")))
	then := time.Now().Add(-100 * time.Hour).Truncate(time.Second)
	check(t, os.Chtimes(s.path(Notes, key("l")), then, then))
	st, err := s.Stats(nil)
	check(t, err)
	got := fmt.Sprintf("%v %v %v %v %d %v", st.Blobs, st.Records, st.Temporary, st.Total(), st.Max, st.Oldest.Equal(then))
	if want := "{3 12288} map[entries:{1 4096} notes:{2 8192}] {0 0} {6 24576} 1048576 true"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var last Step
	checked, damaged, err := s.Verify(func(p Step) { last = p })
	if err != nil || checked.Files != 6 || len(damaged) != 0 {
		t.Errorf("Verify: %v, %q, %v", checked, damaged, err)
	}
	if last != (Step{"verifying", 6, 6}) {
		t.Errorf("the last step is %v", last)
	}
	check(t, damages["flipped"](s.path(blobs, sums[1])))
	check(t, damages["cut"](s.path(Notes, key("k"))))
	_, damaged, err = s.Verify(nil)
	if want := []string{s.path(blobs, sums[1]), s.path(Notes, key("k"))}; err != nil || fmt.Sprint(damaged) != fmt.Sprint(want) {
		t.Errorf("Verify: %q, %v; want %q", damaged, err, want)
	}
	removed, err := s.Clear(nil)
	if err != nil || removed.Files != 4 {
		t.Errorf("Clear: %v, %v", removed, err)
	}
	st, err = s.Stats(nil)
	check(t, err)
	if st.Total() != (Count{}) || !st.Oldest.IsZero() {
		t.Errorf("after Clear there are %v", st)
	}
	wantBlob(t, s, add(t, s, "a"), "a")
}

// Whoever removes the whole store while it is in use does no harm.
func TestStoreRemoved(t *testing.T) {
	s := newStore(t, 0)
	add(t, s, "a")
	check(t, os.RemoveAll(filepath.Dir(s.dir)))
	wantBlob(t, s, add(t, s, "b"), "b")
	check(t, os.RemoveAll(filepath.Dir(s.dir)))
	check(t, s.Update(Sets, key("k"), func([]byte) []byte { return []byte("x") }))
	check(t, os.RemoveAll(filepath.Dir(s.dir)))
	check(t, s.Trim())
	if _, err := s.Stats(nil); err != nil {
		t.Error(err)
	}
	if _, err := s.GC(0, nil); err != nil {
		t.Error(err)
	}
}

func BenchmarkGet(b *testing.B) {
	s := newStore(b, 0)
	check(b, s.Put(Entries, key("k"), bytes.Repeat([]byte("x"), 2000)))
	for b.Loop() {
		if _, err := s.Get(Entries, key("k")); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	s := newStore(b, 0)
	data := bytes.Repeat([]byte("x"), 2000)
	for b.Loop() {
		check(b, s.Put(Entries, key("k"), data))
	}
}

func BenchmarkAddFile(b *testing.B) {
	for _, size := range []int{20 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			s := newStore(b, 0)
			data := strings.Repeat("x", size)
			path, sum := write(b, data), digest.Sum(sha256.Sum256([]byte(data)))
			b.SetBytes(int64(size))
			for b.Loop() {
				os.Remove(s.path(blobs, sum))
				check(b, s.AddFile(path, sum))
			}
		})
	}
}

func BenchmarkAddFileThere(b *testing.B) {
	s := newStore(b, 0)
	path, sum := write(b, "x"), add(b, s, "x")
	for b.Loop() {
		check(b, s.AddFile(path, sum))
	}
}

func BenchmarkExtract(b *testing.B) {
	for _, size := range []int{20 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			s := newStore(b, 0)
			sum := add(b, s, strings.Repeat("x", size))
			out := filepath.Join(b.TempDir(), "out")
			b.SetBytes(int64(size))
			for b.Loop() {
				os.Remove(out) // ext4 writes out what replaces something
				f, err := os.Create(out)
				check(b, err)
				_, err = s.Extract(sum, f)
				check(b, err)
				f.Close()
			}
		})
	}
}
