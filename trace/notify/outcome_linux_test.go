//go:build amd64 || arm64

package notify

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRelease(t *testing.T) {
	for s, want := range map[string][2]int{
		"6.18.1-generic": {6, 18}, "6.18": {6, 18}, "6.18-rc1": {6, 18}, "6.1.0-28-amd64": {6, 1}, "10.20+": {10, 20},
		"5.15.153.1-microsoft-standard-WSL2": {5, 15}, "4.4.0": {4, 4}, "06.018": {6, 18},
	} {
		if major, minor, ok := release(s); !ok || major != want[0] || minor != want[1] {
			t.Errorf("%q: got %d, %d, %v, want %v", s, major, minor, ok, want)
		}
	}
	for _, s := range []string{"", "6", "6.", "6.x", ".18", "x.18", "6-rc1", "6-18", " 6.18"} {
		if major, minor, ok := release(s); ok {
			t.Errorf("%q: got %d, %d, want no release", s, major, minor)
		}
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	major, minor, ok := release(unix.ByteSliceToString(u.Release[:]))
	if !ok {
		t.Fatalf("this kernel's, %s, is none", u.Release)
	}
	for _, c := range []struct {
		major, minor int
		want         bool
	}{
		{major, minor, true}, {major, minor + 1, false}, {major + 1, 0, false}, {major - 1, minor + 1, true}, {major, 0, true},
	} {
		if got := kernelSince(c.major, c.minor); got != c.want {
			t.Errorf("%d.%d is since %d.%d: got %v, want %v", major, minor, c.major, c.minor, got, c.want)
		}
	}
}

// TestMountOf: what is one mount to rename(2) is one here.
func TestMountOf(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/proc", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	mount := func(p string) uint64 {
		t.Helper()
		id, ok := mountOf(p)
		if !ok {
			t.Fatalf("%s: not known", p)
		}
		return id
	}
	if a, b := mount(dir), mount(sub); a != b {
		t.Errorf("a directory and one in it: mounts %d and %d", a, b)
	}
	if a, b := mount(dir), mount("/proc"); a == b {
		t.Errorf("%s and /proc: both of mount %d", dir, a)
	}
	if a, b := mount(filepath.Join(dir, "link")), mount("/proc/self"); a != b {
		t.Errorf("through a link: mounts %d and %d", a, b)
	}
	if id, ok := mountOf(filepath.Join(dir, "missing")); ok {
		t.Errorf("a directory that is not there: mount %d", id)
	}
}
