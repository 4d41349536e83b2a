package result

import (
	"path/filepath"

	"deptrace/cache/restore"
	"deptrace/depfile/manifest"
)

// setTimes sets the times of files. Those that were brought back get one, for they can
// depend on each other (a library that a make made, and the objects in it). So do, without
// Restat, those that were right already and are older than an input: make compares times,
// and would run the step again and again. All get the same.
func setTimes(cmd *Command, in *inputs, wants []restore.Want, differ []bool) error {
	var brought, late []string
	for i, w := range wants {
		switch {
		case w.Kind != manifest.File:
		case differ[i]:
			brought = append(brought, w.Path)
		case !cmd.Restat && in.newer(filepath.Join(cmd.Root, w.Path)):
			late = append(late, w.Path)
		}
	}
	if len(brought) < 2 && len(late) == 0 {
		return nil // one has its time
	}
	return restore.Touch(cmd.Root, append(brought, late...)...)
}
