package outfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestTemp(t *testing.T) {
	dir := t.TempDir()
	for _, failed := range []error{nil, errors.New("failed")} {
		f, err := CreateTemp(dir, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(f.Name()); !IsTemp(name) || IsTemp("x"+name) || IsTemp(name+"x") {
			t.Errorf("%s is no temporary name, or what is longer is one", name)
		}
		info, err := f.Stat()
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("mode %v, error %v, want -rw-------", info.Mode(), err)
		}
		to := filepath.Join(dir, "f")
		if got := Publish(f, to, failed); got != failed {
			t.Errorf("Publish: %v, want %v", got, failed)
		}
		if _, err := os.Stat(to); (err == nil) != (failed == nil) {
			t.Errorf("Publish after %v: the file: %v", failed, err)
		}
		os.Remove(to)
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("left are %v, error %v", left, err)
		}
	}
}
