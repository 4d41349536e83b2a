package outfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also a command: it writes "new\n" to the file it is given.
func TestMain(m *testing.M) {
	if path := os.Getenv("OUTFILE_TEST_WRITE"); path != "" {
		if err := Write(path, []byte("new\n")); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestNewFileHasThePermissionsOfAnyNewFile(t *testing.T) {
	// The umask belongs to the whole process, so the other tests here do not run
	// beside this one.
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	path := filepath.Join(t.TempDir(), "out.d")
	write(t, path, "x")
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fi.Mode(), fs.FileMode(0o640); got != want {
		t.Errorf("mode %v, want %v", got, want)
	}
	wantContent(t, path, "x")
}

func TestSameContentKeepsInodeAndTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.d")
	write(t, path, "same\n")
	past := time.Unix(1_000_000_000, 0)
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	write(t, path, "same\n")
	after, _ := os.Stat(path)
	if !os.SameFile(before, after) || !after.ModTime().Equal(past) {
		t.Errorf("the file was written again: before %v, after %v", before, after)
	}
}

func TestOtherContentOfTheSameLengthIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.d")
	write(t, path, "one\n")
	// An open file keeps the old content: the new one has another inode.
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write(t, path, "two\n")
	wantContent(t, path, "two\n")
	if old, _ := io.ReadAll(f); string(old) != "one\n" {
		t.Errorf("the old file now holds %q", old)
	}
}

func TestEmptyData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.d")
	write(t, path, "")
	wantContent(t, path, "")
}

func TestLongestName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 255))
	write(t, path, "x")
	wantContent(t, path, "x")
}

func TestLinkStaysAndItsTargetIsReplaced(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	symlink(t, "sub/link2", filepath.Join(dir, "link"))
	symlink(t, "../real", filepath.Join(dir, "sub/link2"))

	// Dangling first, then there.
	for _, content := range []string{"one", "two"} {
		write(t, filepath.Join(dir, "link"), content)
		wantContent(t, filepath.Join(dir, "real"), content)
		if target, _ := os.Readlink(filepath.Join(dir, "link")); target != "sub/link2" {
			t.Errorf("the link now holds %q", target)
		}
	}
	noLitter(t, dir)
	noLitter(t, filepath.Join(dir, "sub"))
}

func TestLinkLoop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loop")
	symlink(t, "loop", path)
	wantError(t, Write(path, []byte("x")), path, syscall.ELOOP)
}

func TestFifoIsWrittenThrough(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	// Opened for both, so that neither side waits for the other.
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write(t, path, "through")
	got := make([]byte, len("through"))
	if _, err := io.ReadFull(f, got); err != nil || string(got) != "through" {
		t.Errorf("read %q, %v from the fifo", got, err)
	}
	if fi, _ := os.Lstat(path); fi.Mode().Type() != fs.ModeNamedPipe {
		t.Errorf("the fifo became %v", fi.Mode())
	}
}

func TestDeviceIsWrittenThrough(t *testing.T) {
	write(t, os.DevNull, "x")
	if fi, _ := os.Stat(os.DevNull); fi.Mode()&fs.ModeCharDevice == 0 {
		t.Fatalf("%s became %v", os.DevNull, fi.Mode())
	}
}

// A shell's ">" holds the file open; one that took its name would be lost on it.
func TestStandardOutputIsWrittenThrough(t *testing.T) {
	for _, path := range []string{"/dev/stdout", "/dev/fd/1"} {
		file := filepath.Join(t.TempDir(), "log")
		f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		f.WriteString("before\n")
		var stderr bytes.Buffer
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "OUTFILE_TEST_WRITE="+path)
		cmd.Stdout, cmd.Stderr = f, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %s", err, &stderr)
		}
		f.WriteString("after\n")
		wantContent(t, file, "before\nnew\nafter\n")

		// And a pipe.
		out, err := (&exec.Cmd{Path: os.Args[0], Env: cmd.Env}).Output()
		if err != nil || string(out) != "new\n" {
			t.Errorf("%s: the pipe got %q, %v", path, out, err)
		}
	}
}

func TestErrorsNameThePathAndLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "x")
	if err := os.Mkdir(filepath.Join(dir, "dir"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		want error
	}{
		{filepath.Join(dir, "missing/out.d"), fs.ErrNotExist},
		{filepath.Join(dir, "file/out.d"), syscall.ENOTDIR},
		{filepath.Join(dir, "dir"), syscall.EISDIR},
		{filepath.Join(dir, "new") + "/", syscall.EISDIR},
		{"", fs.ErrNotExist},
	} {
		wantError(t, Write(c.path, []byte("x")), c.path, c.want)
	}
	noLitter(t, dir)
}

// A name that is too long is found out only by the rename.
func TestFailedRenameLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	if err := replace(path+strings.Repeat("n", 255), []byte("x")); !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("got %v, want %v", err, syscall.ENAMETOOLONG)
	}
	noLitter(t, dir)
}

// proc is read-only for root, too.
func TestDirectoryThatCannotBeWrittenTo(t *testing.T) {
	dir := t.TempDir()
	if os.Geteuid() == 0 {
		dir = "/proc/sys"
		if _, err := os.Stat(dir); err != nil {
			dir = "/dev/fd" // not Linux
		}
	} else if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "out.d")
	for _, err := range []error{Write(path, []byte("x"))} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want an error that names %s", err, path)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := Write(path, []byte(content)); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s holds %q, want %q", path, got, want)
	}
}

func wantError(t *testing.T, err error, path string, want error) {
	t.Helper()
	if !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "write "+path+": ") {
		t.Errorf("got %v, want \"write %s: \" and %v", err, path, want)
	}
}

func noLitter(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".deptrace-") {
			t.Errorf("%s is left over", e.Name())
		}
	}
}
