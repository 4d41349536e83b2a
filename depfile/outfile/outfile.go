// Package outfile writes the files that a build reads: whole or not at all, and
// not when they hold the right bytes already.
//
// # How it works
//
// [Write] compares first. If the file has the content that it is to have, nothing
// is done: inode and time stay, and what depends on the file does not run again.
// Otherwise the content goes to a temporary name in the same directory, which is
// then renamed: a reader sees the old file or the new one, and a command that is
// killed on the way leaves the old one.
//
// A symbolic link is followed and stays, as under a shell's ">": what it points at
// is replaced, and made if it is not there. What is no regular file (a terminal, a
// fifo, /dev/null) is written to, and so is whatever is reached through a
// descriptor's link in /proc, such as /dev/stdout: somebody holds that file open
// and would not notice that another one took its name.
//
// # What it does not
//
// It does not call fsync: after a power cut a build starts again anyway. Nor does
// it keep the permissions of the file that it replaces: like any file that a
// compiler writes, the new one has those that the umask leaves. A process that is
// killed between the two steps leaves a file named .deptrace-*.tmp.
package outfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"deptrace/trace/cause"
)

// Write makes data the content of the file at path. On an error the file is as it
// was, unless it is no regular one. Errors name path.
func Write(path string, data []byte) error {
	p, err := locate(path)
	if err != nil {
		return failed(path, err)
	}
	if p.through {
		err = writeThrough(p.name, data)
	} else if !p.exists || !holds(p.name, data) {
		err = replace(p.name, data)
	}
	if err != nil {
		return failed(path, err)
	}
	return nil
}

// place is where the bytes for a path go.
type place struct {
	name    string // path with the links in its last place followed
	exists  bool
	through bool // opened and written to, not replaced
}

// maxLinks is where the kernel gives up, too.
const maxLinks = 40

func locate(path string) (place, error) {
	// An empty name would become "." below.
	if path == "" {
		return place{}, syscall.ENOENT
	}
	fi, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return place{}, err
	}
	switch {
	case err != nil && strings.HasSuffix(path, "/"):
		return place{}, syscall.EISDIR
	case err == nil && fi.IsDir():
		return place{}, syscall.EISDIR
	case err == nil && !fi.Mode().IsRegular():
		return place{name: path, exists: true, through: true}, nil
	}

	name := path
	for range maxLinks {
		target, err := os.Readlink(name)
		if err != nil { // no link, or nothing at all
			return place{name: name, exists: fi != nil}, nil
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(name))
		if err != nil {
			return place{}, err
		}
		// What a link in /proc holds is a description, not always a name.
		if dir == "/proc" || strings.HasPrefix(dir, "/proc/") {
			return place{name: name, exists: true, through: true}, nil
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		name = target
	}
	return place{}, syscall.ELOOP
}

// holds reports whether the file's content is data. A file that cannot be read
// holds something else.
func holds(name string, data []byte) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || fi.Size() != int64(len(data)) {
		return false
	}
	old, err := io.ReadAll(io.LimitReader(f, int64(len(data))+1))
	return err == nil && bytes.Equal(old, data)
}

// writeThrough appends: what others wrote to the same descriptor before stays.
func writeThrough(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

func replace(name string, data []byte) error {
	f, err := CreateTemp(filepath.Dir(name), 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return Publish(f, name, err)
}

// failed is an error for path, as the user spells it.
func failed(path string, err error) error {
	return fmt.Errorf("write %s: %w", path, cause.Of(err))
}
