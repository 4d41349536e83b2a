package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// story is a step in a world.
type story struct {
	world world
	dir   string // where the step works
	path  string // its PATH
	ops   []string
}

func (s *story) String() string {
	return fmt.Sprintf("%v\tin %s, PATH=%s: %s", s.world, s.dir, s.path, strings.Join(s.ops, "; "))
}

func (s *story) clone() *story {
	return &story{maps.Clone(s.world), s.dir, s.path, slices.Clone(s.ops)}
}

// teller makes stories up.
type teller struct {
	*rand.Rand
	top     string // the world's directory
	program string // what runs a script

	w     world
	dir   string
	used  []string // names in the story so far
	slots string   // descriptors that may be open
}

func (g *teller) p(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *teller, of ...T) T { return of[g.IntN(len(of))] }

func (g *teller) story() *story {
	g.w = world{"r": {kind: 'd'}}
	g.dir = pick(g, "r", "r/s", "r/s")
	g.w["r/s"] = thing{kind: 'd'}
	g.slots, g.used = "", nil
	g.fill("r", 0)
	g.fill("r/s", 0)
	s := &story{world: g.w, dir: g.dir, path: "/usr/bin:/bin"}
	if g.p(10) {
		s.path = g.top + "/" + g.dir + "/a:" + g.top + "/" + g.dir + "/b:" + pick(g, "/usr/bin", "c")
	}
	n := 1 + g.IntN(6)
	for len(s.ops) < n {
		if g.p(8) {
			s.ops = append(s.ops, pick(g, "fork", "thread", "thread own"))
			for range 1 + g.IntN(3) {
				s.ops = append(s.ops, g.guarded())
			}
			s.ops = append(s.ops, "join")
			continue
		}
		s.ops = append(s.ops, g.guarded())
	}
	return s
}

func (g *teller) guarded() string { return pick(g, "", "", "", "", "?", "!") + g.op() }

var letters = []string{"a", "b", "c", "d"}

func (g *teller) fill(dir string, depth int) {
	for _, n := range letters {
		p := dir + "/" + n
		if _, ok := g.w[p]; ok {
			continue
		}
		switch x := g.IntN(100); {
		case x < 25:
		case x < 52:
			g.w[p] = g.file()
		case x < 55:
			if depth > 0 && g.p(30) {
				g.w[p] = thing{kind: 'p'}
			}
		case x < 78:
			g.w[p] = g.link()
		default:
			g.w[p] = thing{kind: 'd'}
			if depth < 2 && g.p(80-depth*40) {
				g.fill(p, depth+1)
			}
		}
	}
}

func (g *teller) link() thing { return thing{kind: 'l', target: g.walk(2)} }

func (g *teller) file() thing {
	if g.p(12) {
		for p, x := range g.sorted() {
			if x.kind == 'f' && g.p(30) {
				x.same = p
				return x
			}
		}
	}
	if g.p(15) {
		interpreter := g.program
		if g.p(40) {
			interpreter = g.walk(2)
		}
		saved := g.slots
		g.slots = ""
		text := "#!" + interpreter + "\n"
		for range g.IntN(3) {
			text += g.guarded() + "\n"
		}
		g.slots = saved
		return thing{kind: 'f', content: text, exec: g.p(85)}
	}
	return thing{kind: 'f', content: pick(g, "", "", "x", "y", "xy", g.walk(1), g.walk(2)), exec: g.p(15)}
}

func (g *teller) sorted() func(yield func(string, thing) bool) {
	return func(yield func(string, thing) bool) {
		for _, p := range slices.Sorted(maps.Keys(g.w)) {
			if !yield(p, g.w[p]) {
				return
			}
		}
	}
}

// walk is a path of any names.
func (g *teller) walk(n int) string {
	if g.p(3) {
		return g.top + "/" + g.dir + "/" + pick(g, letters...)
	}
	var parts []string
	for range 1 + g.IntN(n) {
		switch x := g.IntN(100); {
		case x < 12 && !slices.Contains(parts, ".."):
			parts = append(parts, "..")
		case x < 16:
			parts = append(parts, ".")
		default:
			parts = append(parts, pick(g, letters...))
		}
	}
	s := strings.Join(parts, "/")
	if g.p(4) {
		s += "/"
	}
	return s
}

func (g *teller) name() string {
	s := g.anyName()
	g.used = append(g.used, s)
	return s
}

func (g *teller) anyName() string {
	if len(g.used) > 0 && g.p(45) {
		s := pick(g, g.used...)
		switch x := g.IntN(20); {
		case x == 0:
			s += "/" + pick(g, letters...)
		case x == 1:
			s = path.Dir(s)
		case x == 2:
			s += "/"
		}
		return s
	}
	if g.p(55) {
		var all []string
		for p := range g.sorted() {
			if p != "r" && p != "r/s" {
				all = append(all, p)
			}
		}
		if len(all) > 0 {
			p := pick(g, all...)
			if rel, ok := strings.CutPrefix(p, g.dir+"/"); ok {
				p = rel
			} else if g.p(50) {
				p = "../" + strings.TrimPrefix(p, "r/")
				if g.dir == "r" {
					p = strings.TrimPrefix(p, "../")
				}
			} else {
				p = strings.TrimPrefix(strings.TrimPrefix(p, "r/"), "s/")
			}
			switch x := g.IntN(30); {
			case x == 0:
				p += "/"
			case x == 1:
				p = "./" + p
			case x == 2:
				p = g.top + "/" + g.dir + "/" + p
			case x < 5:
				p += "/" + pick(g, letters...)
			case x == 5:
				p += "/.."
			case x == 6:
				p += "/."
			}
			return p
		}
	}
	return g.walk(3)
}

// at is a directory and a name in it.
func (g *teller) at() string {
	if g.slots != "" && g.p(35) {
		s := string(g.slots[g.IntN(len(g.slots))])
		if g.p(20) {
			return s + " EMPTY"
		}
		return s + " " + pick(g, g.walk(2), g.name())
	}
	return "- " + g.name()
}

func (g *teller) slot() string {
	if g.slots == "" {
		return "0"
	}
	return string(g.slots[g.IntN(len(g.slots))])
}

func (g *teller) openSlot() string {
	s := pick(g, "0", "1", "2", "3")
	if !strings.Contains(g.slots, s) {
		g.slots += s
	}
	return s
}

func (g *teller) op() string {
	split := func(at string) (string, string) { dir, name, _ := strings.Cut(at, " "); return dir, name }
	text := func() string { return pick(g, "-", "x", "y", "xy", "long-text") }
	flag := func(percent, bit int) int {
		if g.p(percent) {
			return bit
		}
		return 0
	}
	switch x := g.IntN(100); {
	case x < 27:
		how, resolve := pick(g, -1, -1, -1, -1, -2, -3, 0, 0), 0
		if how == 0 {
			resolve = flag(10, 1) | flag(10, 2) | flag(25, 8)
			how = resolve
		}
		flags := 0
		switch y := g.IntN(100); {
		case y < 12:
			flags = unix.O_PATH | flag(15, unix.O_DIRECTORY) | flag(30, unix.O_NOFOLLOW)
		default:
			access := pick(g, unix.O_RDONLY, unix.O_RDONLY, unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR)
			create := 8
			if access != unix.O_RDONLY {
				create = 50
			}
			flags = access | flag(create, unix.O_CREAT) | flag(12, unix.O_NOFOLLOW) | flag(create/2, unix.O_TRUNC) | flag(create/4, unix.O_APPEND)
			if flags&unix.O_CREAT != 0 {
				flags |= flag(25, unix.O_EXCL)
			} else {
				flags |= flag(10, unix.O_DIRECTORY)
			}
			flags |= unix.O_NONBLOCK
		}
		if how == -3 && g.fifos() {
			how = -1
		}
		at := g.at()
		if how < -1 {
			at = "- " + g.name()
		}
		slot := "-"
		if g.p(40) {
			slot = g.openSlot()
		}
		dir, name := split(at)
		return fmt.Sprintf("open %s %s %o %d %s %s", slot, dir, flags, how, name, text())
	case x < 31:
		return fmt.Sprintf("open %s - %o -1 %s -", g.openSlot(), unix.O_DIRECTORY|flag(30, unix.O_PATH), g.name())
	case x < 41:
		return fmt.Sprintf("stat %s", g.stat())
	case x < 44:
		dir, name := split(g.at())
		return fmt.Sprintf("access %s %d %x %s", dir, pick(g, 0, 0, 1, 2, 4, 5), flag(20, unix.AT_SYMLINK_NOFOLLOW)|flag(10, unix.AT_EMPTY_PATH)|flag(10, unix.AT_EACCESS), name)
	case x < 46:
		dir, name := split(g.at())
		return fmt.Sprintf("access3 %s %d %s", dir, pick(g, 0, 1, 4), name)
	case x < 49:
		return "readlink " + g.at()
	case x < 51:
		return "list " + g.slot()
	case x < 54:
		return "ls " + g.name()
	case x < 57:
		return "mkdir " + g.at()
	case x < 61:
		dir, name := split(strings.TrimRight(g.at(), "/"))
		return fmt.Sprintf("unlink %s %d %s", dir, pick(g, 0, 0, 0, 1, 1), name)
	case x < 66:
		dir, name := split(strings.TrimRight(g.at(), "/"))
		dir2, name2 := split(strings.TrimRight(g.at(), "/"))
		return fmt.Sprintf("rename %s %s %s %s %d", dir, name, dir2, name2, pick(g, 0, 0, 0, 1, 2))
	case x < 69:
		dir, name := split(g.at())
		dir2, name2 := split(g.at())
		return fmt.Sprintf("link %s %s %s %s %x", dir, name, dir2, name2, flag(30, unix.AT_SYMLINK_FOLLOW)|flag(10, unix.AT_EMPTY_PATH))
	case x < 71:
		return fmt.Sprintf("symlink %s %s", pick(g, g.walk(2), g.name()), g.at())
	case x < 72:
		return fmt.Sprintf("mknod %s 100644", g.at())
	case x < 74:
		return fmt.Sprintf("truncate %d %s", pick(g, 0, 0, 1, 5), g.name())
	case x < 76:
		dir, name := split(g.at())
		return fmt.Sprintf("chmod %s %o %x %s", dir, pick(g, 0o644, 0o755), pick(g, 0, 0, unix.AT_SYMLINK_NOFOLLOW, unix.AT_EMPTY_PATH), name)
	case x < 77:
		dir, name := split(g.at())
		return fmt.Sprintf("chown %s %x %s", dir, pick(g, 0, unix.AT_SYMLINK_NOFOLLOW, unix.AT_EMPTY_PATH), name)
	case x < 78:
		dir, name := split(g.at())
		return fmt.Sprintf("utime %s %x %s", dir, pick(g, 0, unix.AT_SYMLINK_NOFOLLOW), name)
	case x < 81:
		return "chdir " + g.name()
	case x < 82:
		return "statfs " + g.name()
	case x < 83:
		return fmt.Sprintf("getxattr %d %s", g.IntN(2), g.name())
	case x < 84:
		return "getcwd"
	case x < 86:
		return "follow " + g.name()
	case x < 87:
		dir, name := split(g.at())
		return fmt.Sprintf("tmpfile %s %s %s %s %s", dir, name, pick(g, "x", "y"), pick(g, "p", "e"), pick(g, "-", g.name(), g.name()))
	case x < 91:
		how := pick(g, 0, 0, 1, 2, 3, 4, 5)
		if how == 5 {
			return fmt.Sprintf("exec %s 5 -", pick(g, pick(g, letters...), g.name()))
		}
		if how == 0 || how == 4 {
			return fmt.Sprintf("exec %s %d -", g.name(), how)
		}
		dir, name := split(g.at())
		return fmt.Sprintf("exec %s %d %s", name, how, dir)
	default:
		return g.onDescriptor()
	}
}

// fifos reports whether there are any, on which an open can block.
func (g *teller) fifos() bool {
	for _, x := range g.w {
		if x.kind == 'p' {
			return true
		}
	}
	return false
}

func (g *teller) stat() string {
	kind := pick(g, "s", "l", "f", "f", "x")
	flags := 0
	if kind == "f" || kind == "x" {
		if g.p(30) {
			flags |= unix.AT_SYMLINK_NOFOLLOW
		}
		if g.p(20) {
			flags |= unix.AT_EMPTY_PATH
		}
		if g.p(10) {
			flags |= unix.AT_NO_AUTOMOUNT
		}
		dir, name, _ := strings.Cut(g.at(), " ")
		return fmt.Sprintf("%s %s %x %s", kind, dir, flags, name)
	}
	return fmt.Sprintf("%s - 0 %s", kind, g.name())
}

func (g *teller) onDescriptor() string {
	s := g.slot()
	switch g.IntN(15) {
	case 0:
		return "fstat " + s
	case 1:
		return "fread " + s
	case 2:
		return "fwrite " + s + " " + pick(g, "x", "zz")
	case 3:
		return fmt.Sprintf("ftruncate %s %d", s, pick(g, 0, 0, 3))
	case 4:
		return "fallocate " + s
	case 5:
		return fmt.Sprintf("fchmod %s %o", s, pick(g, 0o644, 0o755))
	case 6:
		return "futimens " + s
	case 7, 8, 9:
		return "fchdir " + s
	case 10:
		return fmt.Sprintf("flink %s %s 0", s, g.at())
	case 11:
		return fmt.Sprintf("reopen %s %o", s, pick(g, unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR, unix.O_WRONLY|unix.O_TRUNC))
	case 12:
		return "mmap " + s + " " + pick(g, "r", "w")
	default:
		return fmt.Sprintf("copy %s %s %d", s, g.slot(), g.IntN(3))
	}
}

// change makes up a change of a world, about one of the given paths mostly.
func (g *teller) change(w world, dir string, about []string) change {
	var p string
	if len(about) > 0 && g.p(75) {
		p = pick(g, about...)
	} else {
		all := slices.Sorted(maps.Keys(w))
		p = pick(g, all...)
		if g.p(30) {
			p = path.Dir(p) + "/" + pick(g, letters...)
		}
	}
	for p != "." && p != "r" && w[path.Dir(p)].kind != 'd' {
		p = path.Dir(p)
	}
	if p == "." || p == "r" || p == "r/s" || !strings.HasPrefix(p, "r/") {
		p = dir + "/" + pick(g, letters...)
	}
	copyTo := func(to string, top thing) change {
		c := change{{to, top}}
		if top.kind == 'd' {
			for _, q := range slices.Sorted(maps.Keys(w)) {
				if rest, ok := strings.CutPrefix(q, p+"/"); ok {
					c = append(c, assignment{to + "/" + rest, w[q].plain()})
				}
			}
		}
		return c
	}
	aside := path.Dir(p) + "/z"
	g.w = w
	newFile := func() thing { return g.file().plain() }
	switch x := w[p]; x.kind {
	case 0, 'p':
		return change{{p, pick(g, newFile(), thing{kind: 'd'}, g.link(), thing{kind: 'f'})}}
	case 'f':
		switch g.IntN(10) {
		case 0, 1:
			return change{{p, thing{}}}
		case 2:
			return change{{p, newFile()}}
		case 3:
			y := x.plain()
			if y.content == "" {
				y.content = "q"
			} else {
				y.content = y.content[:len(y.content)-1] + pick(g, "q", "r")
			}
			return change{{p, y}}
		case 4:
			y := x.plain()
			y.content += "q"
			return change{{p, y}}
		case 5:
			y := x.plain()
			y.exec = !y.exec
			return change{{p, y}}
		case 6:
			return change{{p, thing{kind: 'd'}}}
		case 7:
			return append(copyTo(aside, x.plain()), assignment{p, thing{kind: 'l', target: "z"}})
		case 8:
			return change{{p, g.link()}}
		default:
			return change{{p, thing{}}, {p, thing{kind: 'd'}}, {p + "/" + pick(g, letters...), newFile()}}
		}
	case 'd':
		switch g.IntN(7) {
		case 0:
			return change{{p, thing{}}}
		case 1:
			return change{{p, newFile()}}
		case 2:
			return append(copyTo(aside, x), assignment{p, thing{kind: 'l', target: "z"}})
		case 3:
			return change{{p, thing{}}, {p, x}}
		case 4, 5:
			return change{{p + "/" + pick(g, "a", "b", "c", "d", "y"), pick(g, newFile(), thing{kind: 'd'}, g.link())}}
		default:
			return change{{p, g.link()}}
		}
	default:
		switch g.IntN(5) {
		case 0:
			return change{{p, thing{}}}
		case 1, 2:
			return change{{p, g.link()}}
		case 3:
			return change{{p, newFile()}}
		default:
			return change{{p, thing{kind: 'd'}}}
		}
	}
}
