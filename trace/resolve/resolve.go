// Package resolve follows a path as the kernel would for a given process: it
// returns the absolute path with every link of its directories resolved, the links
// that it went through, and whether anything is there.
//
// # How it works
//
// The walk looks at each component with lstat(2). Directories and links that were seen are kept
// in a prefix cache, and so are, as a whole, ways that were walked; the engine has them forgotten
// ([Resolver.Clear]) at each operation that can make them lead elsewhere. What is neither a
// directory nor a link, or is not there, is looked at anew each time. The cache is for speed only:
// what it says is what the walk would find.
//
// # /proc
//
// /proc/self is the process that asks. The links below /proc/PID that lead to open
// files (fd, cwd, exe, root) are jumps, not texts: the walk goes on where they lead,
// and does not report them as links.
//
// # What it does not do
//
// It asks with deptrace's rights, not the step's, and in deptrace's root directory
// and mount namespace. A step that has others is told so by the engine.
package resolve

import (
	"path"
	"strings"

	"deptrace/trace/event"
	"deptrace/trace/intern"
)

// maxLinks is how many links the kernel follows in one lookup (MAXSYMLINKS,
// path_resolution(7)).
const maxLinks = 40

// Type is what a walk finds at a path.
type Type uint8

// The types that matter to a walk.
const (
	Nothing Type = iota
	Directory
	Link
	Else
)

// FS is what a walk looks at. No method follows a link in the last place.
type FS interface {
	// Type returns what is at p.
	Type(p string) (Type, event.Errno)
	// Readlink returns the text of the link at p.
	Readlink(p string) (string, error)
	// Jump returns where the link at p, which reads target, leads, if it is one of
	// /proc/PID's to an open file; ok is false if that has no name.
	Jump(p, target string) (to string, ok bool)
}

// Resolver follows paths. It must not be used by two goroutines at a time.
type Resolver struct {
	fs      FS
	cache   map[string]seen
	ways    map[beginning]way
	changes int

	names   intern.Table
	joining []byte
}

// seen is a directory, or a link with what it holds.
type seen struct {
	link   bool
	target string
	alone  []event.Link // the link as the only one of a walk
}

// New returns a Resolver with an empty cache.
func New(fs FS) *Resolver {
	return &Resolver{fs: fs, cache: make(map[string]seen), ways: make(map[beginning]way)}
}

// Result is the end of a walk.
type Result struct {
	// Path is where the walk ended, as [event.Name] defines it; empty if that has
	// no name (a pipe behind /dev/fd).
	Path  string
	Links []event.Link
	Ups   []string // as event.Name defines them
	// Missing is the part of Path up to the name at which the walk stopped; empty if
	// it did not.
	Missing string
	// Type is what is there.
	Type Type
	// Err is why nothing is, or 0.
	Err event.Errno
}

// Request is what to resolve.
type Request struct {
	Base    string // where a relative path starts: absolute, links resolved
	Spelled string // not empty
	Follow  bool   // follow a link in the last place
	// Self and Thread are what /proc/self and /proc/thread-self lead to: "123" and
	// "123/task/125".
	Self, Thread string
	// Beneath, NoLinks and NoJumps refuse to leave Base, to follow a link, and to
	// follow one of /proc's.
	Beneath, NoLinks, NoJumps bool
}

// Resolve follows a path.
func (r *Resolver) Resolve(q Request) Result {
	cur, rest := q.Base, q.Spelled
	whole := q.Spelled // from the root on: the names on the way are parts of it, if no link intervenes
	var res Result
	if rest[0] == '/' {
		if q.Beneath {
			return Result{Err: event.EXDEV} // nothing is looked up
		}
		cur = "/"
	} else {
		whole = r.join(q.Base, q.Spelled)
	}
	follow := q.Follow
	// Whether the way to the last component may be remembered: not one that depends on who goes
	// it or on what is forbidden.
	plain, up := !q.Beneath && !q.NoLinks && !q.NoJumps, false
	if plain {
		if w, name, ok := r.begun(&q, whole); ok {
			cur, rest, res.Links, res.Ups, plain = w.dir, name, w.links, w.ups, false
		}
	}
	for {
		rest = strings.TrimLeft(rest, "/")
		if rest == "" {
			// The path was "/", or ended in "." or "..".
			res.Path = cur
			res.Type, res.Err = r.typeOf(cur)
			return res
		}
		name, tail, slash := strings.Cut(rest, "/")
		tail = strings.TrimLeft(tail, "/")
		last := tail == ""
		switch name {
		case ".":
			rest = tail
			continue
		case "..":
			up = true
			if cur == q.Base && q.Beneath {
				res.Path, res.Err = cur, event.EXDEV
				return res
			}
			if cur != q.Base && cur != "/" {
				res.Ups = append(res.Ups, cur)
			}
			cur = path.Dir(cur)
			rest = tail
			continue
		case "self", "thread-self":
			if cur == "/proc" && q.Self != "" {
				name = q.Self
				if rest[:1] == "t" {
					name = q.Thread
				}
				if last && !slash && !follow {
					// The link itself is asked for; it is in proc, which is never
					// an input.
					return Result{Path: "/proc/" + rest, Links: res.Links, Ups: res.Ups, Type: Link}
				}
			}
		}
		p := r.joinIn(whole, cur, name, len(whole)-len(rest))
		if strings.HasPrefix(p, "/proc/") {
			plain = false // processes come and go
		}
		if last {
			if plain && !slash && !(up && len(res.Links) > 0) {
				r.remember(&q, whole, way{cur, res.Links, res.Ups})
			}
			plain = false // what follows is a link's
			res.Type, res.Err = r.typeOf(p)
			if res.Type != Link || !follow && !slash {
				if slash && res.Type == Else {
					res.Err = event.ENOTDIR
				}
				res.Path = p
				return res
			}
		}
		s, t, errno := r.look(p)
		switch {
		case t == Directory:
			cur, rest = p, tail
			continue
		case t != Link:
			if errno == 0 {
				errno = event.ENOTDIR
			}
			res.Path, res.Err, res.Type, res.Missing = beyond(whole, p, tail), errno, Nothing, p
			return res
		}
		if jumps(p) {
			if q.NoJumps {
				res.Path, res.Err = p, event.ELOOP
				return res
			}
			to, ok := r.fs.Jump(p, s.target)
			if !ok {
				return Result{Links: res.Links, Ups: res.Ups, Type: Else}
			}
			if last {
				res.Path = to
				res.Type, res.Err = r.fs.Type(to)
				return res
			}
			cur, rest = to, tail
			continue
		}
		if res.Links == nil {
			res.Links = s.alone
		} else {
			res.Links = append(res.Links, s.alone...)
		}
		if len(res.Links) > maxLinks || q.NoLinks {
			res.Path, res.Err, res.Type = p, event.ELOOP, Nothing
			return res
		}
		if strings.HasPrefix(s.target, "/") {
			if q.Beneath {
				res.Path, res.Err, res.Type = p, event.EXDEV, Nothing
				return res
			}
			cur = "/"
		}
		switch {
		case last && slash:
			rest = s.target + "/"
		case last:
			rest = s.target
		default:
			rest = s.target + "/" + tail
		}
		if rest == "" { // an empty link cannot be made on Linux
			res.Path, res.Err = p, event.ENOENT
			return res
		}
	}
}

// typeOf returns what is at p. A directory is remembered from now on, as those on the way are:
// realpath(3) asks for each of them by its name.
func (r *Resolver) typeOf(p string) (Type, event.Errno) {
	if s, ok := r.cache[p]; ok {
		if s.link {
			return Link, 0
		}
		return Directory, 0
	}
	t, errno := r.fs.Type(p)
	if t == Directory {
		r.keep(p, seen{})
	}
	return t, errno
}

// look returns what is at p, from the cache if it is a directory or a link there.
func (r *Resolver) look(p string) (seen, Type, event.Errno) {
	if s, ok := r.cache[p]; ok {
		if s.link {
			return s, Link, 0
		}
		return s, Directory, 0
	}
	t, errno := r.fs.Type(p)
	switch t {
	case Directory:
		r.keep(p, seen{})
		return seen{}, t, 0
	case Link:
		target, err := r.fs.Readlink(p)
		if err != nil {
			return seen{}, Nothing, event.ENOENT
		}
		s := seen{link: true, target: target, alone: []event.Link{{Path: p, Target: target}}}
		r.keep(p, s)
		return s, t, 0
	}
	return seen{}, t, errno
}

// keep remembers what is at p, but nothing of proc(5), where directories come and go with
// processes.
func (r *Resolver) keep(p string, s seen) {
	if strings.HasPrefix(p, "/proc/") {
		return
	}
	if len(r.cache) >= atMost {
		clear(r.cache)
		clear(r.ways)
	}
	r.cache[strings.Clone(p)] = s // not with all of a longer path
}

// Clear forgets everything.
func (r *Resolver) Clear() {
	clear(r.cache)
	clear(r.ways)
	r.changes++
}

// Changes counts how often all was forgotten. As long as it is the same, no directory has got
// another path.
func (r *Resolver) Changes() int { return r.changes }

// jumps reports whether a link at p is one of /proc/PID's to an open file.
func jumps(p string) bool {
	rest, ok := strings.CutPrefix(p, "/proc/")
	return ok && rest[0] >= '0' && rest[0] <= '9'
}

// beyond is the path of something that cannot be there because p is not, or is no
// directory.
func beyond(whole, p, tail string) string {
	if tail == "" || hasUp(tail) {
		return p
	}
	if len(whole) == len(p)+1+len(tail) && whole[:len(p)] == p && whole[len(p)+1:] == tail && whole[len(p)] == '/' && path.Clean(whole) == whole {
		return whole
	}
	return path.Join(p, tail)
}

// hasUp reports whether one of the components is "..".
func hasUp(tail string) bool {
	for name := range strings.SplitSeq(tail, "/") {
		if name == ".." {
			return true
		}
	}
	return false
}
