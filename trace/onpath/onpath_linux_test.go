package onpath

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The answers are those of the twins in package unix, whatever the length of the path.
func TestTwins(t *testing.T) {
	dir := t.TempDir()
	deep := dir + strings.Repeat("/"+strings.Repeat("x", 100), 3)
	if err := os.MkdirAll(deep, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{dir, deep} {
		if err := os.WriteFile(at+"/file", []byte("abc"), 0o444); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("target", at+"/link"); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{at, at + "/file", at + "/link", at + "/none", at + "/file/x", at + "/" + strings.Repeat("x", 300)} {
			var got, want unix.Stat_t
			errno, err := Lstat(path, &got), unix.Lstat(path, &want)
			if wantErrno, _ := err.(syscall.Errno); errno != wantErrno || got != want {
				t.Errorf("Lstat(%s): got %+v, %v, want %+v, %v", path, got, errno, want, err)
			}
			for _, mode := range []uint32{unix.F_OK, unix.R_OK, unix.W_OK, unix.X_OK} {
				errno, err := Access(path, mode), unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS)
				if want, _ := err.(syscall.Errno); errno != want {
					t.Errorf("Access(%s, %d): got %v, want %v", path, mode, errno, want)
				}
			}
			var text, wantText [10]byte
			n, errno := Readlink(path, text[:])
			wantN, err := unix.Readlink(path, wantText[:])
			if want, _ := err.(syscall.Errno); errno != want || errno == 0 && n != wantN || text != wantText {
				t.Errorf("Readlink(%s): got %q, %v, want %q, %v", path, text[:max(n, 0)], errno, wantText, err)
			}
		}
	}
}

func TestAllocations(t *testing.T) {
	var st unix.Stat_t
	var text [100]byte
	name := []byte("/proc/self")
	for what, call := range map[string]func() syscall.Errno{
		"Lstat":    func() syscall.Errno { return Lstat("/", &st) },
		"Access":   func() syscall.Errno { return Access("/", unix.R_OK) },
		"Readlink": func() syscall.Errno { _, errno := Readlink(name, text[:]); return errno },
	} {
		if n := testing.AllocsPerRun(100, func() {
			if errno := call(); errno != 0 {
				t.Fatal(what, errno)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}
