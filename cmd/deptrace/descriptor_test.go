package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDescriptor(t *testing.T) {
	for path, want := range map[string]int{
		"/dev/stdin": 0, "/dev/stdout": 1, "/dev//stderr": 2, "/dev/fd/3": 3, "/proc/self/fd/12": 12, "/dev/fd/../fd/4": 4,
		"/dev/null": -1, "stdout": -1, "/dev/fd": -1, "/dev/fd/": -1, "/dev/fd/x": -1, "/dev/fd/-1": -1, "/dev/fd/3/x": -1, "/proc/1/fd/3": -1, "-": -1, "": -1,
	} {
		if fd, ok := descriptor(path); ok != (want >= 0) || ok && fd != want {
			t.Errorf("%q: got %d, %t, want %d", path, fd, ok, want)
		}
	}
}

// Only what the command inherits, too, was given to deptrace; what it has opened itself is no
// place to write to.
func TestOwnDescriptor(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := writeDescriptor(int(f.Fd()), []byte("x")); err != unix.EBADF {
		t.Errorf("a descriptor of its own: got %v, want EBADF", err)
	}
	given, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(given)
	for _, text := range []string{"one ", "two"} {
		if err := writeDescriptor(given, []byte(text)); err != nil {
			t.Error(err)
		}
	}
	fmt.Fprint(f, ", and behind it")
	if got, err := os.ReadFile(f.Name()); string(got) != "one two, and behind it" {
		t.Errorf("got %q, %v", got, err)
	}
}
