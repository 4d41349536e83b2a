package main

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// thing is what is at a path of a world.
type thing struct {
	kind    byte // a file, a directory, a link or a pipe, by the first letter; 0: nothing
	content string
	target  string
	exec    bool
	same    string // another name of the same file
}

func (x thing) String() string {
	switch x.kind {
	case 'f':
		s := fmt.Sprintf("file %.60q", x.content)
		if x.exec {
			s += " exec"
		}
		if x.same != "" {
			s += " same as " + x.same
		}
		return s
	case 'd':
		return "dir"
	case 'l':
		return "link " + x.target
	case 'p':
		return "fifo"
	}
	return "nothing"
}

// plain is x without its other names.
func (x thing) plain() thing { x.same = ""; return x }

// world is what a directory holds, by path.
type world map[string]thing

func (w world) String() string {
	var b strings.Builder
	for _, p := range slices.Sorted(maps.Keys(w)) {
		fmt.Fprintf(&b, "\t%s: %v\n", p, w[p])
	}
	return b.String()
}

// without removes a path and what is below.
func (w world) without(p string) {
	maps.DeleteFunc(w, func(q string, _ thing) bool { return q == p || strings.HasPrefix(q, p+"/") })
}

// lay makes dir hold the world and nothing else.
func (w world) lay(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, p := range slices.Sorted(maps.Keys(w)) {
		at := filepath.Join(dir, p)
		if up := path.Dir(p); up != "." && w[up].kind != 'd' {
			continue
		}
		var err error
		switch x := w[p]; x.kind {
		case 'd':
			err = os.Mkdir(at, 0o755)
		case 'l':
			err = os.Symlink(x.target, at)
		case 'p':
			err = unix.Mkfifo(at, 0o644)
		case 'f':
			if x.same != "" && x.same != p && w[x.same].kind == 'f' && w[x.same].content == x.content && w[x.same].exec == x.exec {
				if err = os.Link(filepath.Join(dir, x.same), at); err == nil {
					break
				}
			}
			mode := os.FileMode(0o644)
			if x.exec {
				mode = 0o744
			}
			var fd int
			if fd, err = unix.Open(at, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, uint32(mode)); err == nil {
				_, err = unix.Write(fd, []byte(x.content))
				unix.Close(fd)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// look returns what dir holds.
func look(dir string) (world, error) {
	w := world{}
	inodes := map[uint64]string{}
	var walk func(rel string) error
	walk = func(rel string) error {
		entries, err := os.ReadDir(filepath.Join(dir, rel))
		if err != nil {
			return err
		}
		for _, e := range entries {
			p := path.Join(rel, e.Name())
			at := filepath.Join(dir, p)
			var st unix.Stat_t
			if err := unix.Lstat(at, &st); err != nil {
				return err
			}
			switch st.Mode & unix.S_IFMT {
			case unix.S_IFDIR:
				w[p] = thing{kind: 'd'}
				if err := walk(p); err != nil {
					return err
				}
			case unix.S_IFLNK:
				target, err := os.Readlink(at)
				if err != nil {
					return err
				}
				w[p] = thing{kind: 'l', target: target}
			case unix.S_IFREG:
				b, err := os.ReadFile(at)
				if err != nil {
					return err
				}
				x := thing{kind: 'f', content: string(b), exec: st.Mode&0o100 != 0}
				if st.Nlink > 1 {
					if inodes[st.Ino] == "" {
						inodes[st.Ino] = p
					} else {
						x.same = inodes[st.Ino]
					}
				}
				w[p] = x
			default:
				w[p] = thing{kind: 'p'}
			}
		}
		return nil
	}
	return w, walk("")
}

// change sets paths to things, or to nothing.
type change []assignment

type assignment struct {
	path string
	to   thing
}

func (c change) String() string {
	var s []string
	for _, a := range c {
		s = append(s, a.path+" := "+a.to.String())
	}
	return strings.Join(s, ", ")
}

func (c change) apply(w world) world {
	w = maps.Clone(w)
	for _, a := range c {
		if w[a.path].kind == 'd' && a.to.kind != 'd' || a.to.kind == 0 {
			w.without(a.path)
		}
		if a.to.kind != 0 {
			if up := path.Dir(a.path); up == "." || w[up].kind == 'd' {
				w[a.path] = a.to
			}
		}
	}
	return w
}

// shared reports whether the file at p has several names.
func (w world) shared(p string) bool {
	for q, x := range w {
		if x.kind == 'f' && x.same != "" && (q == p || x.same == p) {
			return true
		}
	}
	return false
}

// unlike are the paths at which two worlds differ.
func unlike(w, w2 world) (paths []string) {
	for _, p := range slices.Sorted(maps.Keys(union(w, w2))) {
		if w[p].plain() != w2[p].plain() {
			paths = append(paths, p)
		}
	}
	return paths
}

func union(ws ...world) world {
	all := world{}
	for _, w := range ws {
		maps.Copy(all, w)
	}
	return all
}
