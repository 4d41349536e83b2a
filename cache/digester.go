package cache

import (
	"errors"
	"io/fs"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
)

// Digester answers the questions of [manifest.Build] with package digest.
type Digester struct {
	// Files takes the digests of files; nil hashes all of them.
	Files func([]digest.Request) []digest.Result
}

var _ manifest.Digester = Digester{}

// Digests hashes files. One that is gone, has become something else or is being
// written has no State: it is not what the step used, and not unreadable either.
func (d Digester) Digests(reqs []manifest.Request) []manifest.Result {
	// The states in reqs are those of the step's first use: what is there now counts.
	paths := make([]digest.Request, len(reqs))
	for i := range reqs {
		paths[i].Path = reqs[i].Path
	}
	results := make([]manifest.Result, len(reqs))
	for i, r := range (&World{Files: d.Files}).files(paths) {
		switch {
		case errors.Is(r.Err, fs.ErrNotExist), errors.Is(r.Err, digest.ErrNotRegular), errors.Is(r.Err, digest.ErrChanged):
		default:
			results[i] = manifest.Result{Digest: manifest.Digest(r.Sum), State: r.State, Err: r.Err}
		}
	}
	return results
}
