package main

import (
	"os"
	"path/filepath"
	"strings"

	"deptrace/cache/store"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// bookkeeping returns globs for files in which tools keep what they count or remember,
// and which no result depends on, as far as the step has to do with them. They stand in
// the record like those that --ignore gives.
func (s *step) bookkeeping(fp *footprint.Footprint) []string {
	return append(s.telemetry(fp), s.remembered(fp)...)
}

// telemetry is that of the Go commands (https://go.dev/doc/telemetry), which every go
// command on the machine writes to.
func (s *step) telemetry(fp *footprint.Footprint) []string {
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		if s.home == "" {
			return nil
		}
		config = filepath.Join(s.home, ".config")
	}
	dir := s.place(filepath.Join(config, "go", "telemetry"))
	if !s.touches(fp, dir) {
		return nil
	}
	form := s.glob(dir)
	return []string{form, form + "/**"}
}

// remembered is what deptrace itself keeps for its user: the step may run a deptrace, or
// list the directory while others come and go there. Only our own names are left out,
// for the directory can be one with other files in it.
func (s *step) remembered(fp *footprint.Footprint) []string {
	dir, err := store.Dir(os.Environ())
	if err != nil {
		return nil
	}
	dir = s.place(dir)
	if !s.touches(fp, dir) {
		return nil
	}
	var globs []string
	if !under(s.root, dir) {
		globs = append(globs, s.glob(dir))
	}
	for _, name := range cacheNames {
		form := s.glob(filepath.Join(dir, name))
		globs = append(globs, form, form+"/**")
	}
	return globs
}

// touches reports whether the step has to do with a directory: whether it used or
// changed something there, or listed the directory in which it is.
func (s *step) touches(fp *footprint.Footprint, dir string) bool {
	for i := range fp.Inputs {
		in := &fp.Inputs[i]
		if under(in.Path, dir) || in.Kind == footprint.List && in.Path == filepath.Dir(dir) {
			return true
		}
	}
	for i := range fp.Outputs {
		if under(fp.Outputs[i].Path, dir) {
			return true
		}
	}
	return false
}

// glob returns the pattern that matches a path and no other.
func (s *step) glob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(manifest.Form(path, s.root, s.home))
}
