package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/depfile"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// showAgainst compares the depfile of another tool with a record. As diff(1) it
// exits with 1 if the depfile is not as good: if it missed something that a depfile
// of ours would hold. What it has too much costs time only, and leaves the status 0.
func showAgainst(path, root, against string) int {
	record, err := withRoot(path, root, cache.Load)
	if err != nil {
		return unread(err)
	}
	data, err := os.ReadFile(against)
	if err != nil {
		errorf("read %s: %v", printable(against), cause(err))
		return statusError
	}
	rules, err := depfile.Parse(data, depfile.Common)
	if err != nil {
		errorf("%s: %v", printable(against), err)
		return statusError
	}
	if len(rules) == 0 {
		errorf("%s: there is no rule in it", printable(against))
		return statusError
	}
	c := compare(record, cache.Home(os.Environ()), rules)

	var b strings.Builder
	section := func(what string, lines []string) {
		fmt.Fprintf(&b, "%s in %s: %d\n", what, printable(against), len(lines))
		for _, l := range lines {
			b.WriteString("  " + l + "\n")
		}
	}
	section("missed", c.missed)
	section("too much", c.tooMuch)
	for _, why := range record.Incomplete {
		warnf("the record is incomplete: %s", why)
	}
	if status := printOut(b.String()); status != 0 {
		return status
	}
	if len(c.missed) > 0 {
		return statusStale
	}
	return 0
}

// comparison is what a depfile missed and what it has too much, in words.
type comparison struct{ missed, tooMuch []string }

// compare compares by the files that names lead to, their links resolved: another
// tool may have spelled them otherwise.
func compare(r *cache.Record, home string, rules []depfile.Rule) comparison {
	dir := manifest.Abs(r.Step.Dir, r.Root, home)
	left := map[string]bool{} // what the step left
	for _, list := range [][]manifest.Output{r.Outputs, r.Side} {
		for i := range list {
			left[manifest.Abs(list[i].Path, r.Root, home)] = true
		}
	}
	needed := map[string]string{} // path to form
	other := map[string]string{}  // path to what it was to the step instead
	for i := range r.Inputs {
		in := &r.Inputs[i]
		path := manifest.Abs(in.Path, r.Root, home)
		switch {
		case left[path]:
			other[path] = "the step changed it"
		case in.Kind == footprint.Read, in.Kind == footprint.Stat && in.Type == footprint.File:
			needed[path] = in.Path
		case other[path] == "":
			other[path] = map[footprint.Kind]string{
				footprint.Stat:   "not a file",
				footprint.Exists: "the step only asked whether it is there",
				footprint.Absent: "it was not there",
				footprint.Link:   "a link",
				footprint.List:   "a directory",
			}[in.Kind]
		}
	}
	for path := range left {
		if other[path] == "" {
			other[path] = "the step made it"
		}
	}

	var c comparison
	has := map[string]bool{}
	for _, rule := range rules {
		for _, name := range rule.Deps {
			path := name
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, name)
			}
			if resolved, err := filepath.EvalSymlinks(path); err == nil {
				path = resolved
			}
			if has[path] {
				continue
			}
			has[path] = true
			if _, ok := needed[path]; ok {
				continue
			}
			why := other[path]
			if why == "" {
				why = "the step did not use it"
			}
			c.tooMuch = append(c.tooMuch, printable(name)+": "+why)
		}
	}
	for path, form := range needed {
		if !has[path] {
			c.missed = append(c.missed, form)
		}
	}
	// What is under the root first: it is what is being built.
	slices.SortFunc(c.missed, func(a, b string) int {
		rank := func(s string) int { return strings.IndexByte("~/", s[0]) + 1 }
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i := range c.missed {
		c.missed[i] = printable(c.missed[i])
	}
	slices.Sort(c.tooMuch)
	return c
}
