package resolve

import (
	"strings"

	"deptrace/trace/event"
)

// way is what a walk found up to the last component of a name: the directory that it is in, the
// links that led there, and the directories that it left again. It holds as long as the directories
// and links that the walk met are remembered, and is forgotten with them. Most names have one of a
// few beginnings, and to walk one of six components took as long as to look at the last.
type way struct {
	dir   string
	links []event.Link
	ups   []string
}

// beginning is the text of a name up to the last component. It is the same for a relative name
// and for an absolute one, because a directory where a name starts has no links in its path;
// but where there is a "..", what was left by it depends on where the name starts, and base says
// that.
type beginning struct{ base, text string }

// atMost is how many ways are remembered, and how many directories and links: a step that makes
// up directories shall not fill the memory.
const atMost = 1 << 14

// beginning returns that of a name, whose last component begins behind the given place.
func (q *Request) beginning(whole string, at int) beginning {
	b := beginning{text: whole[:at]}
	if strings.Contains(b.text, "..") {
		b.base = q.Base
	}
	return b
}

// begun returns the way to the last component of a name, and that, if it was walked before.
func (r *Resolver) begun(q *Request, whole string) (w way, name string, ok bool) {
	at := strings.LastIndexByte(whole, '/')
	switch name = whole[at+1:]; name {
	case "", ".", "..":
		return way{}, "", false
	}
	w, ok = r.ways[q.beginning(whole, at)]
	return w, name, ok
}

// remember keeps the way that a walk has taken to the last component of a name. One that has
// both links and a ".." is not for keeping: it can be a link's.
func (r *Resolver) remember(q *Request, whole string, w way) {
	at := strings.LastIndexByte(whole, '/')
	if at <= 0 {
		return
	}
	if len(r.ways) >= atMost {
		clear(r.ways)
	}
	b := q.beginning(whole, at)
	b.text, w.dir = strings.Clone(b.text), strings.Clone(w.dir)
	w.links, w.ups = w.links[:len(w.links):len(w.links)], w.ups[:len(w.ups):len(w.ups)]
	r.ways[b] = w
}
