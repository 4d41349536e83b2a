package result

import (
	"fmt"
	"strings"

	"deptrace/cache"
	"deptrace/depfile/manifest"
)

// portable returns a record as it counts for checkouts at other paths, and why its result is
// of use only in this one; empty: it is of use in all.
func (c *Cache) portable(cmd *Command, m *manifest.Manifest, e *cache.Entry) (_ *manifest.Manifest, bound string, err error) {
	m, beside := cache.Portable(m, cmd.Root, cmd.World)
	if beside != "" {
		return m, fmt.Sprintf("the step looked at %s, beside the checkout", cache.Printable(beside)), nil
	}
	holds, err := c.holdsRoot(cmd, m, e)
	if holds != "" {
		bound = cache.Printable(holds) + " holds the path of the checkout"
	}
	return m, bound, err
}

// holdsRoot says what of a result holds the path of the root; empty: nothing.
func (c *Cache) holdsRoot(cmd *Command, m *manifest.Manifest, e *cache.Entry) (what string, err error) {
	for _, out := range m.Outputs {
		if out.Kind == manifest.Symlink && strings.Contains(out.Target, cmd.Root) {
			return out.Path, nil
		}
	}
	type part struct {
		name string
		blob *cache.Blob
	}
	var parts []part
	for i := range e.Files {
		parts = append(parts, part{e.Files[i].Path, &e.Files[i].Blob})
	}
	parts = append(parts, part{"the depfile", e.Depfile}, part{"standard output", e.Stdout}, part{"standard error", e.Stderr})
	for _, p := range parts {
		if p.blob == nil {
			continue
		}
		if held, err := c.blobHolds(p.blob, cmd.Root); held || err != nil {
			return p.name, err
		}
	}
	return "", nil
}

func (c *Cache) blobHolds(b *cache.Blob, root string) (bool, error) {
	f, err := c.Store.OpenBlob(b.Sum)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return cache.HoldsRoot(f, root)
}
