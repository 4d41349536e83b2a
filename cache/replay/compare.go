package replay

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/depfile/manifest"
	"deptrace/trace/env"
	"deptrace/trace/footprint"
)

// Difference is one thing in which a replay was not as recorded.
type Difference struct {
	Path string // in path form; empty for the step as a whole
	Is   string // in words
	rank int    // when it showed, among those that the step wanted
	// unmade is set for a file that the step was to leave and did not make.
	unmade bool
}

// String is the difference on one line, as a message has it.
func (d Difference) String() string {
	if d.Path == "" {
		return d.Is
	}
	return cache.Printable(d.Path) + ": " + d.Is
}

// Unmade reports whether all differences are files that were not made: another maker, of
// which the record says nothing, explains them.
func Unmade(all []Difference) bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(d Difference) bool { return !d.unmade })
}

// Replay is what came of a replay.
type Replay struct {
	*manifest.Manifest
	// Printed are the digests of what the step wrote to its standard output and to its
	// standard error. A file to which a shell has led one of them has no other maker.
	Printed []manifest.Digest
	// Start are the files that it would have needed to begin, if it could not: for its first
	// exec, or to be its standard input.
	Start []string
	// Order are the path forms that the step asked for, in the order of first use; again,
	// with a mark behind it, where the first use for reading or listing is.
	Order []string
}

// The marks of path forms in Replay.Order.
const (
	ReadMark = "\x00read"
	ListMark = "\x00list"
)

var marks = [footprint.List + 1]string{footprint.Read: ReadMark, footprint.List: ListMark}

// Compare holds a replay against the record that was replayed. What the step asked for
// and the record does not name explains all else: causes are that, in the order in which it
// was asked for, so that the first is where the replay left the record's way. Consequences
// are whatever may have followed from it.
func Compare(r *cache.Record, home string, replay *Replay) (causes, consequences []Difference) {
	c := &comparison{
		r: r, home: home, replay: replay,
		recorded: map[string][]footprint.Kind{}, made: map[string]bool{}, named: map[string]bool{}, rank: map[string]int{}, numbered: map[string]int{},
		printed: slices.Clone(replay.Printed),
	}
	for i, form := range replay.Order {
		c.rank[form] = i + 1 // 0 is before the beginning
	}
	for i := range r.Inputs {
		in := &r.Inputs[i]
		c.recorded[in.Path] = append(c.recorded[in.Path], in.Kind)
	}
	asked := map[string]bool{}
	for i := range replay.Inputs {
		asked[replay.Inputs[i].Path] = true
	}
	for i := range r.Inputs {
		if in := &r.Inputs[i]; in.Kind == footprint.Absent && !asked[in.Path] {
			c.numbered[unnumbered(in.Path)]++
		}
	}
	for _, list := range [][]manifest.Output{r.Outputs, r.Side} {
		for i := range list {
			c.made[list[i].Path] = true
			c.named[list[i].Path] = true // whether it was made is another question
		}
	}
	for _, needed := range replay.Start {
		c.missing(manifest.Form(needed, r.Root, home))
	}
	c.programs()
	c.wanted()
	if r.Step.Exit != replay.Step.Exit || r.Step.Signal != replay.Step.Signal {
		c.say("", "ended with "+replay.Step.End()+", was "+r.Step.End())
	}
	for _, why := range replay.Incomplete {
		c.say("", "the record of the replay is incomplete: "+why)
	}
	c.left(r.Outputs, replay.Outputs)
	c.left(r.Side, replay.Side)
	byRank := func(a, b Difference) int { return cmp.Compare(a.rank, b.rank) }
	slices.SortStableFunc(c.wants, byRank)
	slices.SortStableFunc(c.lookups, byRank)
	switch {
	case len(c.wants) > 0:
		return c.wants, append(c.lookups, c.rest...)
	case len(c.lookups) > 0:
		return c.lookups, c.rest
	}
	return c.rest, nil
}

type comparison struct {
	r        *cache.Record
	home     string
	replay   *Replay
	recorded map[string][]footprint.Kind // by path form
	made     map[string]bool             // by the recorded step
	named    map[string]bool             // what there is nothing more to say of
	rank     map[string]int              // when a path form was first asked for
	// numbered counts the recorded path forms that were absent and for which the replay did
	// not ask, by what they are but for numbers.
	numbered map[string]int
	// printed are those of Replay.Printed for which no file has been found yet.
	printed []manifest.Digest

	wants   []Difference // what is there, and not in the record
	lookups []Difference // what is not there, which the record does not know
	rest    []Difference
}

func (c *comparison) say(form, is string) { c.rest = append(c.rest, Difference{Path: form, Is: is}) }

// covers reports whether one of the recorded inputs of a path holds what kind asks for.
func (c *comparison) covers(form string, kind footprint.Kind) bool {
	return slices.ContainsFunc(c.recorded[form], func(k footprint.Kind) bool {
		return k == kind || kind <= footprint.Exists && k <= kind // strongest first
	})
}

// programs looks for what keeps the replay from finding a program that is there: where the
// record found it, or, if the record only looked at it, somewhere in PATH.
func (c *comparison) programs() {
	recorded := map[string]string{}
	for _, p := range c.r.Programs {
		recorded[p.Name] = p.Path
	}
	for _, p := range c.replay.Programs {
		at, known := recorded[p.Name]
		switch {
		case at != "" && at != p.Path:
			c.missing(at)
		case !known && p.Path == "":
			for _, dir := range env.SearchPath(os.Environ()) {
				if at := filepath.Join(dir, p.Name); filepath.IsAbs(at) {
					if _, err := os.Stat(at); err == nil {
						c.missing(manifest.Form(at, c.r.Root, c.home))
						break
					}
				}
			}
		}
	}
}

// wanted finds what the replay asked for and the record does not name.
func (c *comparison) wanted() {
	for i := range c.replay.Inputs {
		in := &c.replay.Inputs[i]
		switch {
		case c.covers(in.Path, in.Kind):
		case in.Kind == footprint.Absent:
			c.missing(in.Path)
		default:
			asked := in.Path
			if c.made[in.Path] || c.covers(in.Path, footprint.Exists) {
				asked += marks[in.Kind] // it could be looked for, as recorded
			}
			if in.Kind == footprint.List && c.made[in.Path] {
				delete(c.named, in.Path) // the step may list what it has made, if the record says so
			}
			c.want(asked, in.Path, kindWords[in.Kind]+", and is not in the record")
		}
	}
}

var kindWords = [...]string{
	footprint.Read: "was read", footprint.Stat: "was looked at", footprint.Exists: "was looked for",
	footprint.Link: "was followed", footprint.List: "was listed",
}

// want notes what was wanted when asked, a path form, was first asked for.
func (c *comparison) want(asked, form, is string) {
	if !c.named[form] {
		c.named[form] = true
		c.wants = append(c.wants, Difference{Path: form, Is: is, rank: c.rank[asked]})
	}
}

// missing finds out what keeps the replay from finding something: a link on the way to it
// or the thing itself, which are there and not in the record, or nothing.
func (c *comparison) missing(form string) {
	at, rest := "/", strings.TrimPrefix(manifest.Abs(form, c.r.Root, c.home), "/")
	for links := 0; rest != "" && links < 40; {
		name, tail, _ := strings.Cut(rest, "/")
		here := path.Join(at, name)
		hereForm := manifest.Form(here, c.r.Root, c.home)
		info, err := os.Lstat(here)
		switch {
		case err != nil:
			if !c.named[form] {
				c.named[form] = true
				if n := unnumbered(form); c.numbered[n] > 0 {
					c.numbered[n]-- // that name, with the number of another process
					return
				}
				c.lookups = append(c.lookups, Difference{Path: form, Is: "was looked for; that it is not there is not in the record", rank: c.rank[form]})
			}
			return
		case info.Mode()&os.ModeSymlink != 0:
			if !c.covers(hereForm, footprint.Link) {
				c.want(form, hereForm, "is a link on the way, and is not in the record")
				return
			}
			target, err := os.Readlink(here)
			if err != nil {
				return
			}
			links++
			if path.IsAbs(target) {
				at = "/"
			}
			rest = strings.TrimPrefix(path.Join(target, tail), "/")
		case info.IsDir() && tail != "":
			at, rest = here, tail
		default:
			if !c.covers(hereForm, footprint.Exists) {
				c.want(form, hereForm, "was looked for and not found: it is there, and is not in the record")
			}
			return
		}
	}
}

// unnumbered is a path form without the numbers of processes, and any other, in it.
func unnumbered(form string) string {
	var b strings.Builder
	digit := false
	for i := range len(form) {
		c := form[i]
		was := digit
		if digit = c >= '0' && c <= '9'; digit {
			c = '0'
		}
		if !digit || !was {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// left compares what the step left with what the replay did.
func (c *comparison) left(recorded, replayed []manifest.Output) {
	now := map[string]*manifest.Output{}
	for i := range replayed {
		now[replayed[i].Path] = &replayed[i]
	}
	var unmade []*manifest.Output
	for i := range recorded {
		was := &recorded[i]
		is := now[was.Path]
		delete(now, was.Path)
		switch {
		case is == nil && was.Kind == manifest.Removed:
			// It was not there to be removed.
		case is == nil && was.Kind == manifest.File && slices.Contains(c.printed, was.Digest):
			// The shell had opened it for what the step prints.
			i := slices.Index(c.printed, was.Digest)
			c.printed = slices.Delete(c.printed, i, i+1)
		case is == nil:
			unmade = append(unmade, was)
		case is.Kind != was.Kind:
			c.say(was.Path, fmt.Sprintf("is left as %v, was %v", is.Kind, was.Kind))
		case is.Target != was.Target:
			c.say(was.Path, fmt.Sprintf("leads to %q, led to %q", is.Target, was.Target))
		case is.Digest != was.Digest:
			c.say(was.Path, "has other bytes: sha256 "+short(is.Digest)+", was "+short(was.Digest))
		case is.Exec != was.Exec:
			c.say(was.Path, "differs in being executable")
		}
	}
	for _, was := range unmade {
		c.rest = append(c.rest, Difference{Path: was.Path, Is: "was not made", unmade: was.Kind == manifest.File})
	}
	for i := range replayed {
		is := &replayed[i]
		if now[is.Path] == nil {
			continue
		}
		info, err := os.Lstat(manifest.Abs(is.Path, c.r.Root, c.home))
		if err != nil && is.Kind == manifest.Removed {
			continue // a temporary file, of another name each time
		}
		if err == nil && is.Kind != manifest.Removed && (info.Mode().IsRegular() || info.IsDir()) {
			// Had it been there the step would have used it.
			c.want(is.Path, is.Path, "was not found and made anew: it is there, and is not in the record")
			continue
		}
		c.say(is.Path, "was "+madeWords[is.Kind]+", and is not in the record")
	}
}

var madeWords = [...]string{manifest.File: "written", manifest.Symlink: "made", manifest.Dir: "made", manifest.Removed: "removed"}

func short(d manifest.Digest) string { return d.String()[:12] + "…" }
