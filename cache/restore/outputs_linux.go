package restore

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"deptrace/depfile/manifest"
	"deptrace/depfile/outfile"

	"golang.org/x/sys/unix"
)

// Outputs makes the outputs under root be as they are wanted; each of them is one that
// [Compare] said differs. On an error about the store, [errors.Is] and [errors.As] find
// what [Source] returned.
func Outputs(root string, wants []Want, from Source) error {
	wants = slices.Clone(wants)
	slices.SortFunc(wants, func(a, b Want) int { return strings.Compare(a.Path, b.Path) })
	r, err := newRestorer(root)
	if err != nil {
		return err
	}
	defer r.close()
	r.source = from
	if err := r.prepare(wants); err != nil {
		r.undo()
		return err
	}
	return r.publish(wants)
}

// restorer works under a root.
type restorer struct {
	source Source
	// dirs are the directories that are open, by their path from the root.
	dirs map[string]int
	made []string  // directories that were made, parents first
	temp []pending // files that do not have their names yet
}

// pending is a file or link under a temporary name.
type pending struct {
	dir        int
	temp, name string
	path       string
}

// newRestorer opens the root.
func newRestorer(root string) (*restorer, error) {
	fd, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: root, Err: err}
	}
	return &restorer{dirs: map[string]int{".": fd}}, nil
}

func (r *restorer) close() {
	for _, fd := range r.dirs {
		unix.Close(fd)
	}
}

// undo takes everything back that prepare did.
func (r *restorer) undo() {
	for _, p := range r.temp {
		unix.Unlinkat(p.dir, p.temp, 0)
	}
	for _, dir := range slices.Backward(r.made) {
		if parent, err := r.dir(path.Dir(dir)); err == nil {
			unix.Unlinkat(parent, path.Base(dir), unix.AT_REMOVEDIR)
		}
	}
}

// dir opens a directory that is there, without following a link on the way.
func (r *restorer) dir(name string) (int, error) {
	if fd, ok := r.dirs[name]; ok {
		return fd, nil
	}
	parent, err := r.dir(path.Dir(name))
	if err != nil {
		return 0, err
	}
	fd, err := unix.Openat(parent, path.Base(name), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open the directory", Path: name, Err: err}
	}
	r.dirs[name] = fd
	return fd, nil
}

// prepare makes directories, and files and links under temporary names.
func (r *restorer) prepare(wants []Want) error {
	for _, w := range wants {
		if err := valid(w.Path); err != nil {
			return err
		}
		dir, err := r.dir(path.Dir(w.Path))
		if w.Kind == manifest.Removed && errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			return err
		}
		name := path.Base(w.Path)
		switch w.Kind {
		case manifest.Dir:
			if err := unix.Mkdirat(dir, name, 0o777); err != nil && err != unix.EEXIST {
				return &os.PathError{Op: "make the directory", Path: w.Path, Err: err}
			} else if err == nil {
				r.made = append(r.made, w.Path)
			}
			// Something else can have the name, too.
			_, err = r.dir(w.Path)
		case manifest.File:
			err = r.file(dir, w)
		case manifest.Symlink:
			err = r.temporary(dir, w, func(temp string) error { return unix.Symlinkat(w.Target, dir, temp) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// file brings a file under a temporary name.
func (r *restorer) file(dir int, w Want) error {
	mode := uint32(0o666)
	if w.Exec {
		mode = 0o777
	}
	var fd int
	err := r.temporary(dir, w, func(temp string) (err error) {
		fd, err = unix.Openat(dir, temp, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC|unix.O_NOFOLLOW, mode)
		return err
	})
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), w.Path)
	_, err = r.source.Extract(w.Sum, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", w.Path, err)
	}
	return nil
}

// temporary has something made under a name that is not taken.
func (r *restorer) temporary(dir int, w Want, make func(temp string) error) error {
	for {
		temp := outfile.TempName() // which the recorder knows for deptrace's own
		switch err := make(temp); err {
		case nil:
			r.temp = append(r.temp, pending{dir, temp, path.Base(w.Path), w.Path})
			return nil
		case unix.EEXIST, unix.EINTR:
		default:
			return &os.PathError{Op: "create", Path: w.Path, Err: err}
		}
	}
}

// publish removes what is to go, children first, and renames.
func (r *restorer) publish(wants []Want) error {
	for _, w := range slices.Backward(wants) {
		if w.Kind != manifest.Removed {
			continue
		}
		dir, err := r.dir(path.Dir(w.Path))
		if err == nil {
			err = unix.Unlinkat(dir, path.Base(w.Path), 0)
			if err == unix.EISDIR {
				err = unix.Unlinkat(dir, path.Base(w.Path), unix.AT_REMOVEDIR)
			}
		}
		if err != nil && !errors.Is(err, unix.ENOENT) {
			r.undo()
			return &os.PathError{Op: "remove", Path: w.Path, Err: err}
		}
	}
	for i, p := range r.temp {
		if err := unix.Renameat(p.dir, p.temp, p.dir, p.name); err != nil {
			r.temp, r.made = r.temp[i:], nil
			r.undo()
			return &os.PathError{Op: "replace", Path: p.path, Err: err}
		}
	}
	return nil
}
