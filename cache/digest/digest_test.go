package digest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// Sizes around the buffer's are where reading goes wrong.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	var want []Sum
	for i, size := range []int{0, 1, 79, bufferSize - 1, bufferSize, bufferSize + 1, 2 * bufferSize, 5*bufferSize + 7} {
		data := bytes.Repeat([]byte{byte(i + 1)}, size)
		p := filepath.Join(dir, fmt.Sprint(i))
		write(t, p, data)
		paths = append(paths, p)
		want = append(want, sha256.Sum256(data))
	}
	for i, r := range Files(paths) {
		if r.Err != nil || r.Sum != want[i] {
			t.Errorf("%s: got %s, %v; want %s", paths[i], r.Sum, r.Err, want[i])
		}
		st, err := osfs.Lstat(paths[i])
		if err != nil || !r.State.Same(st) {
			t.Errorf("%s: state is %+v, want %+v (%v)", paths[i], r.State, st, err)
		}
	}
	if got := Files(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// Nothing but a regular file is read, and nothing waits.
func TestNotRegular(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/file", nil)
	for _, err := range []error{os.Symlink("file", dir+"/link"), syscall.Mkfifo(dir+"/fifo", 0o666)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		path string
		want error
	}{
		{dir, ErrNotRegular}, {dir + "/link", ErrNotRegular}, {dir + "/fifo", ErrNotRegular}, {"/dev/zero", ErrNotRegular},
		{dir + "/none", fs.ErrNotExist},
	} {
		r := Files([]string{tt.path})[0]
		if !errors.Is(r.Err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.path, r.Err, tt.want)
		}
		var p *fs.PathError
		if !errors.As(r.Err, &p) || p.Path != tt.path {
			t.Errorf("%s: %v does not name it", tt.path, r.Err)
		}
	}
}

func sumOf(t *testing.T, k footprint.Kept) Sum {
	t.Helper()
	s, err := k.Sum()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeeperDigest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	data := bytes.Repeat([]byte("x"), 3*bufferSize)
	write(t, path, data)
	var k Keeper
	kept := k.Digest(path)
	if err := os.Remove(path); err != nil { // the name can go at once
		t.Fatal(err)
	}
	<-kept.Done()
	if got, want := sumOf(t, kept), Sum(sha256.Sum256(data)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	gone := k.Digest(path)
	<-gone.Done()
	if _, err := gone.Sum(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
}

// What is held can be read when its name is long gone, however many there are.
func TestKeeperOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	var k Keeper
	var all []footprint.Kept
	for i := range maxKept + 10 {
		write(t, path, []byte{byte(i)})
		all = append(all, k.Open(path))
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if n := k.open.Load(); n != maxKept {
		t.Errorf("%d are open, want %d", n, maxKept)
	}
	for i, kept := range all {
		for range 2 {
			if got, want := sumOf(t, kept), Sum(sha256.Sum256([]byte{byte(i)})); got != want {
				t.Errorf("%d: got %s, want %s", i, got, want)
			}
		}
	}
	if n := k.open.Load(); n != 0 {
		t.Errorf("%d are still open", n)
	}
	if _, err := k.Open(path).Sum(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
}

func TestKeeperSeesAWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	write(t, path, []byte("before"))
	var k Keeper
	kept := k.Open(path)
	write(t, path, []byte("changed since"))
	if _, err := kept.Sum(); !errors.Is(err, ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
}

func BenchmarkFiles1000(b *testing.B) {
	dir := b.TempDir()
	var paths []string
	for i := range 1000 {
		paths = append(paths, fmt.Sprintf("%s/%d", dir, i))
		write(b, paths[i], make([]byte, 4096))
	}
	for b.Loop() {
		Files(paths)
	}
}
