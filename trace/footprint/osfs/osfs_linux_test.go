package osfs

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/trace/footprint"
)

func TestLstat(t *testing.T) {
	dir := t.TempDir()
	for _, err := range []error{
		os.WriteFile(dir+"/file", []byte("abc"), 0o666),
		os.WriteFile(dir+"/tool", nil, 0o777),
		os.WriteFile(dir+"/group", nil, 0o610),
		os.Symlink("file", dir+"/link"),
		os.Symlink("loop", dir+"/loop"),
		os.Link(dir+"/file", dir+"/file2"),
		os.Mkdir(dir+"/dir", 0o777),
		syscall.Mkfifo(dir+"/fifo", 0o666),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var fs FS
	for _, tt := range []struct {
		name string
		want footprint.Type
		exec bool
	}{
		{"file", footprint.File, false}, {"tool", footprint.File, true}, {"group", footprint.File, false},
		{"dir", footprint.Dir, false}, {"link", footprint.Symlink, false}, {"fifo", footprint.Other, false},
		{"loop", footprint.Symlink, false}, {"none", footprint.None, false}, {"none/x", footprint.None, false},
		{"file/x", footprint.None, false}, {"loop/x", footprint.None, false}, {strings.Repeat("x", 300), footprint.None, false},
	} {
		s, err := fs.Lstat(filepath.Join(dir, tt.name))
		if err != nil || s.Type != tt.want || s.Exec != tt.exec {
			t.Errorf("%s: got %+v, %v; want %s, exec %t", tt.name, s, err, tt.want, tt.exec)
		}
		if s.Type == footprint.None && s != (footprint.State{}) {
			t.Errorf("%s: what is not there is %+v", tt.name, s)
		}
	}
	a, _ := fs.Lstat(dir + "/file")
	b, _ := fs.Lstat(dir + "/file2")
	if !a.Same(b) || a.Size != 3 || a.Nlink != 2 || a.Mtime == 0 || a.Ctime == 0 {
		t.Errorf("two names of one file: %+v, %+v", a, b)
	}
	if got, err := fs.Readlink(dir + "/link"); err != nil || got != "file" {
		t.Errorf("Readlink = %q, %v", got, err)
	}
	entries, err := fs.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]footprint.Type{"dir": footprint.Dir, "fifo": footprint.Other, "file": footprint.File, "file2": footprint.File,
		"group": footprint.File, "link": footprint.Symlink, "loop": footprint.Symlink, "tool": footprint.File}
	got := map[string]footprint.Type{}
	for _, e := range entries {
		got[e.Name] = e.Type
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// The type of the file system decides, not the name; what is not there is like the
// directory in which it is not.
func TestKernel(t *testing.T) {
	var fs FS
	link := filepath.Join(t.TempDir(), "proc")
	if err := os.Symlink("/proc", link); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		want bool
	}{
		{"/proc", true}, {"/proc/cpuinfo", true}, {"/proc/self", true}, {"/proc/none/of/it", true}, {"/proc/none/other", true},
		{"/", false}, {"/none", false}, {"/none/of/it", false}, {"/dev/null", true}, {"/dev", false}, {"/dev/none", false},
		{link, false}, {"/bin", false}, {t.TempDir() + "/x", false},
	} {
		for range 2 { // the second answer is a remembered one
			s, err := fs.Lstat(tt.path)
			if err != nil || s.Kernel != tt.want {
				t.Errorf("%s: got %+v, %v; want kernel %t", tt.path, s, err, tt.want)
			}
		}
	}
}

func TestFstat(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := Fstat(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Lstat(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func BenchmarkLstatAbsent(b *testing.B) {
	var fs FS
	for b.Loop() {
		if _, err := fs.Lstat("/usr/include/none.h"); err != nil {
			b.Fatal(err)
		}
	}
}
