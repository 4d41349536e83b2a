package main

import (
	"bytes"
	"errors"
	"os"

	"deptrace/cache"
	"deptrace/trace/parallel"
)

// withRoot has f look at a manifest. given is --root; the variable
// serves only for a manifest that does not know its root.
func withRoot[T any](path, given string, f func(cache.Place) (T, error)) (T, error) {
	v, err := f(cache.Place{Manifest: path, Root: given})
	if variable := os.Getenv("DEPTRACE_ROOT"); errors.Is(err, cache.ErrNoRoot) && variable != "" {
		return f(cache.Place{Manifest: path, Root: variable})
	}
	return v, err
}

// unread tells about a manifest that could not be used.
func unread(err error) int {
	errorf("%v", err)
	if errors.Is(err, cache.ErrNoRoot) {
		hintf("--root DIR says where it is")
	}
	return statusError
}

// checkFlags are the flags of check.
type checkFlags struct {
	quiet, verbose bool
	root           string
	memory         memory
}

func (f *checkFlags) defs() []flagDef {
	return append([]flagDef{
		only(boolFlag("q", &f.quiet)),
		only(boolFlag("v", &f.verbose)),
		only(textFlag("root", &f.root)),
		memoFlag(&f.memory.use),
	}, helpFlags()...)
}

// checkMain is `deptrace check`: the worst of all answers is the exit status. Of several
// manifests, each named, the reasons come in their order; how many are fresh and stale comes
// at the end, on standard error, away from the reasons. A single one is named where the
// reason names nothing else.
func checkMain(args []string) int {
	var f checkFlags
	manifests, err := operands(f.defs(), args)
	if err != nil {
		return badUsage(err, statusError)
	}
	if manifests, err = manifestNames(manifests); err != nil {
		return badUsage(err, statusError)
	}
	if len(manifests) == 0 {
		return badUsage(&flagError{"no manifest to check", "deptrace check MANIFEST..."}, statusError)
	}

	shortLived()
	now := cache.NewWorld(os.Environ())
	now.Files = f.memory.several(len(manifests))
	decisions := make([]cache.Decision, len(manifests))
	errs := make([]error, len(manifests))
	parallel.Each(len(manifests), func(i int) {
		decisions[i], errs[i] = withRoot(manifests[i], f.root, func(p cache.Place) (cache.Decision, error) { return cache.CheckFile(p, now) })
	})

	var out bytes.Buffer
	var fresh, stale, failed int
	for i, d := range decisions {
		switch {
		case errs[i] != nil:
			unread(errs[i])
			failed++
		case d.Fresh:
			fresh++
		default:
			stale++
		}
		for _, r := range d.Reasons {
			if len(manifests) > 1 || r.Subject == "" {
				out.WriteString(printable(manifests[i]) + ": ")
			}
			out.WriteString(cache.Line(r.String()) + "\n")
		}
	}
	if f.verbose {
		f.memory.report(errorf)
	}
	if !f.quiet {
		if s := printOut(out.String()); s != 0 {
			return s
		}
		if len(manifests) > 1 {
			errorf("%d fresh, %d stale, %s", fresh, stale, count(failed, "error"))
		}
	}
	switch {
	case failed > 0:
		return statusError
	case stale > 0:
		return statusStale
	}
	return 0
}
