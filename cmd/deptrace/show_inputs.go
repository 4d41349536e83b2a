package main

import (
	"os"
	"strings"
	"syscall"

	"deptrace/cache"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// showInputs prints the files whose content the step found and that mattered, as they are
// named from here, for tar, rsync or entr: the same as a depfile holds, so without what the
// step itself changed. end is what stands behind each.
func showInputs(path, root, end string) int {
	r, err := withRoot(path, root, cache.Load)
	if err != nil {
		return unread(err)
	}
	here, err := syscall.Getwd() // without links, as the paths of a record
	if err != nil {
		errorf("find the working directory: %v", err)
		return statusError
	}
	home := cache.Home(os.Environ())
	changed := map[string]bool{}
	for _, list := range [][]manifest.Output{r.Outputs, r.Side} {
		for i := range list {
			changed[list[i].Path] = true
		}
	}
	var b strings.Builder
	for i := range r.Inputs {
		in := &r.Inputs[i]
		if in.Kind != footprint.Read && (in.Kind != footprint.Stat || in.Type != footprint.File) || changed[in.Path] {
			continue
		}
		name := manifest.Abs(in.Path, r.Root, home)
		if name == "" {
			errorf("%s names files in the user's home, and HOME is not set", printable(path))
			return statusError
		}
		if name != here && under(name, here) {
			name = strings.TrimPrefix(name[len(here):], "/")
			if name[0] == '-' {
				name = "./" + name
			}
		}
		if strings.Contains(name, end) {
			errorf("the name %s would be two lines", printable(name))
			hintf("-0 puts a NUL behind each name")
			return statusError
		}
		b.WriteString(name + end)
	}
	return printOut(b.String())
}
