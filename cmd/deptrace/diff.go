package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"deptrace/cache"
	"deptrace/depfile/manifest"
)

// diffFlags are the flags of diff.
type diffFlags struct{ quiet bool }

func (f *diffFlags) defs() []flagDef {
	return append([]flagDef{only(boolFlag("q", &f.quiet))}, helpFlags()...)
}

// diffMain is `deptrace diff`: what is not the same in two records. As diff(1) it exits
// with 0 if they are the same, 1 if not, and 2 if that is not to be found out. A record
// that is damaged is no stale one here: nothing can be said of what is in it.
func diffMain(args []string) int {
	var f diffFlags
	manifests, err := operands(f.defs(), args)
	if err != nil {
		return badUsage(err, statusError)
	}
	if len(manifests) != 2 {
		return badUsage(&flagError{fmt.Sprintf("diff takes two manifests, not %d", len(manifests)), "deptrace diff OLD NEW"}, statusError)
	}
	var records [2]*manifest.Manifest
	for i, path := range manifests {
		m, _, status := readRecord(path)
		if status != 0 {
			return status
		}
		records[i] = m
	}
	reasons := cache.Diff(records[0], records[1])
	if !f.quiet {
		var b strings.Builder
		for _, r := range reasons {
			b.WriteString(r.String() + "\n")
		}
		if status := printOut(b.String()); status != 0 {
			return status
		}
	}
	if len(reasons) > 0 {
		return statusDiffer
	}
	return 0
}

// readRecord reads a record that is to be shown and not compared with the files of now. It
// returns the bytes, too; if the status is not 0, it has told why.
func readRecord(path string) (*manifest.Manifest, []byte, int) {
	data, err := os.ReadFile(path)
	if err != nil {
		errorf("read %s: %v", printable(path), cause(err))
		if errors.Is(err, fs.ErrNotExist) {
			hintf("deptrace -m %s -- COMMAND writes it", shellWord(path))
		}
		return nil, nil, statusError
	}
	m, err := manifest.Decode(data)
	if err != nil {
		errorf("%s: %v", printable(path), err)
		return nil, nil, statusError
	}
	return m, data, 0
}
