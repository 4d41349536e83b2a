package resolve

import (
	"strings"

	"deptrace/trace/event"
)

// way is what a walk found up to the last component of a name: the directory that it is in, and
// the links that led there. It holds as long as the directories and links that the walk met are
// remembered, and is forgotten with them. Most names have one of a few beginnings, and to go
// through one of six components took as long as to look at the last.
type way struct {
	dir   string
	links []event.Link
}

// waysAtMost is how many are remembered: a step that makes up directories shall not fill the
// memory.
const waysAtMost = 1 << 14

// begun returns the way to the last component of a name, if it was walked before. It is the
// same for a relative name and for an absolute one: a directory where a name starts has no
// links in its path.
func (r *Resolver) begun(whole string) (w way, name string, ok bool) {
	at := strings.LastIndexByte(whole, '/')
	switch name = whole[at+1:]; name {
	case "", ".", "..":
		return way{}, "", false
	}
	w, ok = r.ways[whole[:at]]
	return w, name, ok
}

// remember keeps the way that a walk has taken to the last component of a name.
func (r *Resolver) remember(whole, dir string, links []event.Link) {
	at := strings.LastIndexByte(whole, '/')
	if at <= 0 || dir == "/proc" || strings.HasPrefix(dir, "/proc/") {
		return
	}
	if len(r.ways) >= waysAtMost {
		clear(r.ways)
	}
	r.ways[strings.Clone(whole[:at])] = way{strings.Clone(dir), links[:len(links):len(links)]}
}
