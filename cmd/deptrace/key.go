package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"deptrace/cache"
)

// maxKey is how long a key of GitHub's cache can be; what is longer, or holds a
// comma, it refuses, and so do we for everybody: a key that works here should work
// there.
const maxKey = 512

// keyMain is `deptrace key`.
func keyMain(args []string) int {
	var explain, verbose bool
	var prefix, salt, output, root string
	memory := new(memory)
	text := func(name string, p *string) flagDef {
		return flagDef{name: name, set: func(v string) error { *p = v; return nil }}
	}
	defs := append([]flagDef{
		only(boolFlag("explain", &explain)),
		text("prefix", &prefix),
		text("salt", &salt),
		only(textFlag("github-output", &output)),
		only(boolFlag("v", &verbose)),
		only(textFlag("root", &root)),
		memoFlag(&memory.use),
	}, helpFlags()...)
	manifests, err := operands(defs, args)
	if err != nil {
		return badUsage(err, statusError)
	}
	if manifests, err = manifestNames(manifests); err != nil {
		return badUsage(err, statusError)
	}
	if len(manifests) == 0 {
		return badUsage(&flagError{"no manifest to take the key of", "deptrace key MANIFEST..."}, statusError)
	}
	if i := strings.IndexFunc(prefix, func(r rune) bool { return r == ',' || r < ' ' || r == 0x7f }); i >= 0 {
		return badUsage(&flagError{message: fmt.Sprintf("flag --prefix %q: a key cannot hold %q", prefix, prefix[i])}, statusError)
	}
	if strings.IndexFunc(output, func(r rune) bool { return r <= ' ' || r == '=' || r == 0x7f }) >= 0 || strings.Contains(output, "<<") {
		return badUsage(&flagError{message: fmt.Sprintf("flag --github-output %q: cannot be the name of an output", output)}, statusError)
	}
	outputFile := os.Getenv("GITHUB_OUTPUT")
	if output != "" && outputFile == "" {
		return badUsage(&flagError{"flag --github-output: GITHUB_OUTPUT is not set", "GitHub sets it for the steps of a workflow"}, statusError)
	}

	key, lines, err := keyOf(manifests, root, salt, explain, memory)
	if verbose {
		memory.report(errorf)
	}
	var none *cache.NoKeyError
	switch {
	case errors.As(err, &none):
		errorf("%v", err)
		hintf("only a complete record of a step that succeeded has one")
		return statusError
	case err != nil:
		return unread(err)
	}
	key = prefix + key
	if len(key) > maxKey {
		errorf("the key has %d characters, more than %d", len(key), maxKey)
		return statusError
	}
	if output != "" {
		if err := appendLine(outputFile, output+"="+key+"\n"); err != nil {
			errorf("write %s: %v", printable(outputFile), cause(err))
			return statusError
		}
	}
	if explain {
		return printOut(lines)
	}
	return printOut(key + "\n")
}

// unrecorded is the key before there is a record: in CI, at the first run. It is
// always the same, so that a cache that is asked for it finds nothing, and what is
// saved under it is found by nobody who has a record.
const unrecorded = "unrecorded"

// keyOf returns the key of records and, if they are asked for, the lines that it is
// made from.
func keyOf(manifests []string, root, salt string, explain bool, memory *memory) (key, lines string, err error) {
	shortLived()
	records := make([]*cache.Record, len(manifests))
	errs := make([]error, len(manifests))
	cache.Parallel(len(manifests), func(i int) { records[i], errs[i] = withRoot(manifests[i], root, cache.Load) })
	missing := false
	for i, path := range manifests {
		err := errs[i]
		if errors.Is(err, fs.ErrNotExist) && gone(path) {
			hintf("%s is not there yet, and so the key says nothing; deptrace -m %s -- COMMAND writes it", printable(path), shellWord(path))
			missing = true
			continue
		}
		if err != nil {
			return "", "", err
		}
	}
	if missing {
		return unrecorded, "", nil
	}
	now := cache.NewWorld(os.Environ())
	now.Files = memory.several(len(manifests))
	var text bytes.Buffer
	if explain {
		if err := cache.Explain(&text, records, now, salt); err != nil {
			return "", "", err
		}
	}
	k, err := cache.KeyOf(records, now, salt)
	return k.String(), text.String(), err
}

// gone reports whether the manifest itself is missing, and not its root.
func gone(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func appendLine(path, line string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}
