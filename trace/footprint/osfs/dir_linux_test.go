package osfs

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// A name in an open directory is what the whole path is.
func TestDir(t *testing.T) {
	dir := t.TempDir()
	for _, err := range []error{
		os.WriteFile(dir+"/file", []byte("abc"), 0o777), os.Symlink("file", dir+"/link"), os.Symlink(".", dir+"/self"), os.Mkdir(dir+"/dir", 0o777),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := OpenDir(dir + "/self")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, name := range []string{"file", "link", "self", "dir", "none", "file/x"} {
		got, err := d.Lstat(name)
		want, wantErr := Lstat(dir + "/self/" + name)
		if got != want || err != nil || wantErr != nil {
			t.Errorf("%s: got %+v, %v; want %+v, %v", name, got, err, want, wantErr)
		}
	}
	for path, want := range map[string]error{"/file": syscall.ENOTDIR, "/none": syscall.ENOENT} {
		if _, err := OpenDir(dir + path); !errors.Is(err, want) {
			t.Errorf("OpenDir(%s): got %v, want %v", path, err, want)
		}
	}
}
