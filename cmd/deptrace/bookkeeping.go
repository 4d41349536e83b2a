package main

import (
	"os"
	"path/filepath"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// bookkeeping returns globs for files in which tools count what they do, and which
// no result depends on, as far as the step has to do with them: the Go commands'
// telemetry (https://go.dev/doc/telemetry), which every go command on the machine
// writes to. They stand in the record like those that --ignore gives.
func (s *step) bookkeeping(fp *footprint.Footprint) []string {
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) {
		if s.home == "" {
			return nil
		}
		config = filepath.Join(s.home, ".config")
	}
	dir := s.place(filepath.Join(config, "go", "telemetry"))
	used := false
	for i := range fp.Inputs {
		used = used || under(fp.Inputs[i].Path, dir)
	}
	for i := range fp.Outputs {
		used = used || under(fp.Outputs[i].Path, dir)
	}
	if !used {
		return nil
	}
	form := manifest.Form(dir, s.root, s.home)
	return []string{form, form + "/**"}
}
