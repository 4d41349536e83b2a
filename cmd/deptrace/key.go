package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"deptrace/cache"
	"deptrace/trace/parallel"
)

// maxKey is how long a key of GitHub's cache can be; what is longer, or holds a
// comma, it refuses, and so do we for everybody: a key that works here should work
// there.
const maxKey = 512

// keyFlags are the flags of key.
type keyFlags struct {
	explain, verbose     bool
	prefix, salt, output string
	root                 string
	memory               memory
}

func (f *keyFlags) defs() []flagDef {
	text := func(name string, p *string) flagDef {
		return flagDef{name: name, set: func(v string) error { *p = v; return nil }}
	}
	return append([]flagDef{
		only(boolFlag("explain", &f.explain)),
		text("prefix", &f.prefix),
		text("salt", &f.salt),
		only(textFlag("github-output", &f.output)),
		only(boolFlag("v", &f.verbose)),
		only(textFlag("root", &f.root)),
		memoFlag(&f.memory.use),
	}, helpFlags()...)
}

// keyMain is `deptrace key`.
func keyMain(args []string) int {
	var f keyFlags
	manifests, err := operands(f.defs(), args)
	if err != nil {
		return badUsage(err, statusError)
	}
	if manifests, err = manifestNames(manifests); err != nil {
		return badUsage(err, statusError)
	}
	if len(manifests) == 0 {
		return badUsage(&flagError{"no manifest to take the key of", "deptrace key MANIFEST..."}, statusError)
	}
	if i := strings.IndexFunc(f.prefix, func(r rune) bool { return r == ',' || r < ' ' || r == 0x7f }); i >= 0 {
		return badUsage(&flagError{message: fmt.Sprintf("flag --prefix %q: a key cannot hold %q", f.prefix, f.prefix[i])}, statusError)
	}
	if strings.IndexFunc(f.output, func(r rune) bool { return r <= ' ' || r == '=' || r == 0x7f }) >= 0 || strings.Contains(f.output, "<<") {
		return badUsage(&flagError{message: fmt.Sprintf("flag --github-output %q: cannot be the name of an output", f.output)}, statusError)
	}
	outputFile := os.Getenv("GITHUB_OUTPUT")
	if f.output != "" && outputFile == "" {
		return badUsage(&flagError{"flag --github-output: GITHUB_OUTPUT is not set", "GitHub sets it for the steps of a workflow"}, statusError)
	}

	key, lines, err := keyOf(manifests, f.root, f.salt, f.explain, &f.memory)
	if f.verbose {
		f.memory.report(errorf)
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
	key = f.prefix + key
	if len(key) > maxKey {
		errorf("the key has %d characters, more than %d", len(key), maxKey)
		return statusError
	}
	if f.output != "" {
		if err := appendLine(outputFile, f.output+"="+key+"\n"); err != nil {
			errorf("write %s: %v", printable(outputFile), cause(err))
			return statusError
		}
	}
	if f.explain {
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
	parallel.Each(len(manifests), func(i int) { records[i], errs[i] = withRoot(manifests[i], root, cache.Load) })
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
