package digest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"deptrace/depfile/outfile"

	"golang.org/x/sys/unix"
)

// errNoMemo is that of a file of our own that is no memo, or not a whole one.
var errNoMemo = errors.New("not a memo of this version")

// bootID returns what tells this boot of this kernel from all others.
func bootID() (id [16]byte, err error) {
	const path = "/proc/sys/kernel/random/boot_id"
	data, err := os.ReadFile(path)
	if err != nil {
		return id, err
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(string(data)), "-", ""))
	if err != nil || len(raw) != len(id) {
		return id, fmt.Errorf("%s: not a boot id", path)
	}
	return [16]byte(raw), nil
}

// openMemo opens the memo at path; it makes one if there is none, or none that is whole.
func openMemo(path string) (*os.File, error) {
	f, err := existing(path)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, errNoMemo) {
		if err := create(path); err != nil {
			return nil, err
		}
		f, err = existing(path)
	}
	return f, err
}

// existing opens the memo that is there. O_NONBLOCK is for what is no file.
func existing(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := proper(f); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return f, nil
}

// proper reports whether a file is a memo that nobody else can have written to.
func proper(f *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return ErrNotRegular
	case int(st.Uid) != os.Geteuid():
		return errors.New("it belongs to another user")
	case st.Mode&0o077 != 0:
		return errors.New("other users may open it")
	case st.Size != memoSize:
		return errNoMemo
	}
	var magic [len(memoMagic)]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil {
		return err
	}
	if string(magic[:]) != memoMagic {
		return errNoMemo
	}
	return nil
}

// create makes an empty memo under another name and renames it. Of two processes that
// do so at once one works on with a file that nobody finds any more.
func create(path string) error {
	dir := filepath.Dir(path)
	if err := ours(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := outfile.CreateTemp(dir, 0o600)
	if err != nil {
		return err
	}
	if err = f.Truncate(memoSize); err == nil {
		_, err = f.WriteAt([]byte(memoMagic), 0)
	}
	return outfile.Publish(f, path, err)
}

// ours reports whether a directory is ours, or will be if we make it and what is above
// it. Under sudo with the user's HOME it is not: root would make there what the user
// could not use any more.
func ours(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		var st unix.Stat_t
		err := unix.Stat(at, &st)
		if err == unix.ENOENT && at != filepath.Dir(at) {
			continue
		}
		if err != nil {
			return &os.PathError{Op: "stat", Path: at, Err: err}
		}
		if uid := int(st.Uid); uid != os.Geteuid() && (uid != 0 || at == dir) {
			return fmt.Errorf("%s belongs to another user", at)
		}
		return nil
	}
}
