package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"deptrace/cache/digest"
	"deptrace/trace/usertest"

	"golang.org/x/sys/unix"
)

func init() {
	workers["full"] = full
	workers["large"] = large
}

// TestAsUser runs all the tests of this package again as an ordinary user, who cannot
// do to a directory what its mode forbids.
func TestAsUser(t *testing.T) { usertest.Run(t, "TestReadOnly") }

// full uses a store on a file system that has no room, and then on one that cannot be
// written to.
func full(dir string, _ []string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=1m,mode=700"); err != nil {
		return err
	}
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	var sums []digest.Sum
	var noRoom error
	for i := 0; noRoom == nil; i++ {
		sum, err := s.AddBytes(bytes.Repeat([]byte{byte(i)}, 100<<10))
		if noRoom = err; err == nil {
			sums = append(sums, sum)
		}
	}
	if len(sums) < 5 || !errors.Is(noRoom, unix.ENOSPC) || !strings.Contains(noRoom.Error(), "/v1/blobs/") {
		return fmt.Errorf("%d blobs, and then: %w", len(sums), noRoom)
	}
	big := dir + "-big"
	if err := os.WriteFile(big, make([]byte, 200<<10), 0o600); err != nil {
		return err
	}
	defer os.Remove(big)
	b, err := s.NewBlob()
	if err != nil {
		return err
	}
	_, writeErr := b.Write(make([]byte, 200<<10))
	_, _, commitErr := b.Commit()
	for what, err := range map[string]error{
		"AddFile": s.AddFile(big, digest.Files([]string{big})[0].Sum),
		"Put":     s.Put(Entries, key("k"), make([]byte, 200<<10)),
		"Update":  s.Update(Entries, key("k"), func([]byte) []byte { return make([]byte, 200<<10) }),
		"Write":   writeErr,
		"Commit":  commitErr,
	} {
		if !errors.Is(err, unix.ENOSPC) {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if left, err := os.ReadDir(s.dir + "/" + tmpDir); err != nil || len(left) > 0 {
		return fmt.Errorf("left over: %v, %v", left, err)
	}
	if err := s.Put(Entries, key("small"), []byte("small")); err != nil {
		return err
	}
	if _, damaged, err := s.Verify(nil); err != nil || len(damaged) > 0 {
		return fmt.Errorf("verify: %v, %w", damaged, err)
	}
	// Room can be made.
	if _, err := s.GC(300<<10, nil); err != nil {
		return err
	}
	if _, err := s.AddBytes(make([]byte, 200<<10)); err != nil {
		return err
	}

	// That it was used cannot be written down, and does no harm.
	then := time.Now().Add(-2 * touchAfter)
	for _, path := range []string{s.path(blobs, sums[len(sums)-1]), s.path(Entries, key("small"))} {
		if err := os.Chtimes(path, then, then); err != nil {
			return err
		}
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "size=1m,mode=700"); err != nil {
		return err
	}
	return readOnly(dir, sums[len(sums)-1], unix.EROFS)
}

// readOnly uses a store that cannot be written to and has a blob of 100 KiB and a record
// "small".
func readOnly(dir string, sum digest.Sum, want error) error {
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	path := s.path(blobs, sum)
	if _, err := s.Bytes(sum, 1<<20); err != nil {
		return err
	}
	if _, err := s.Get(Entries, key("small")); err != nil {
		return err
	}
	_, addErr := s.AddBytes([]byte("other"))
	_, blobErr := s.NewBlob()
	_, gcErr := s.GC(1, nil)
	_, clearErr := s.Clear(nil)
	for what, err := range map[string]error{
		"AddBytes": addErr,
		"NewBlob":  blobErr,
		"AddFile":  s.AddFile(path, key("other")),
		"Put":      s.Put(Entries, key("k"), nil),
		"Update":   s.Update(Entries, key("k"), func([]byte) []byte { return []byte{} }),
		"GC":       gcErr,
		"Clear":    clearErr,
	} {
		var p *fs.PathError
		if !errors.Is(err, want) || !errors.As(err, &p) || !strings.HasPrefix(p.Path, dir) {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := s.AddFile(path, sum); err != nil { // it is there already
		return err
	}
	if _, damaged, err := s.Verify(nil); err != nil || len(damaged) > 0 {
		return fmt.Errorf("verify: %v, %w", damaged, err)
	}
	if _, err := s.Stats(nil); err != nil {
		return err
	}
	return s.Trim()
}

// On a disk that is full, or that cannot be written to, all is told and nothing is left.
func TestDiskFull(t *testing.T) {
	s := newStore(t, 0)
	c := worker(t, "full", s)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if uid := os.Geteuid(); uid != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// large stores what is larger than a file may be.
func large(dir string, _ []string) error {
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 50 << 10, Max: 50 << 10}); err != nil {
		return err
	}
	_, addErr := s.AddBytes(make([]byte, 60<<10))
	if putErr := s.Put(Notes, key("k"), make([]byte, 60<<10)); !errors.Is(addErr, unix.EFBIG) || !errors.Is(putErr, unix.EFBIG) {
		return fmt.Errorf("got %v and %v", addErr, putErr)
	}
	if left, err := os.ReadDir(s.dir + "/" + tmpDir); err != nil || len(left) > 0 {
		return fmt.Errorf("left over: %v, %v", left, err)
	}
	_, err = s.AddBytes(make([]byte, 40<<10))
	return err
}

func TestFileTooLarge(t *testing.T) {
	if out, err := worker(t, "large", newStore(t, 0)).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// An ordinary user's store that he may not write to. (To root modes mean nothing; see
// TestDiskFull and TestAsUser.)
func TestReadOnly(t *testing.T) {
	if os.Geteuid() == 0 {
		return
	}
	s := newStore(t, 0)
	data := make([]byte, 100<<10)
	sum := add(t, s, string(data))
	check(t, s.Put(Entries, key("small"), []byte("small")))
	chmod := func(mode os.FileMode) {
		check(t, filepath.WalkDir(filepath.Dir(s.dir), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				err = os.Chmod(path, mode)
			}
			return err
		}))
	}
	chmod(0o500)
	defer chmod(0o700)
	if err := readOnly(filepath.Dir(s.dir), sum, unix.EACCES); err != nil {
		t.Error(err)
	}
	_, err := Open(filepath.Dir(s.dir)+"/in", Options{})
	var d *DirError
	if !errors.As(err, &d) || !errors.Is(err, unix.EACCES) || d.Hint == "" {
		t.Errorf("Open: %v, want a DirError", err)
	}
}

// Another user's directory is not believed; root's is.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		return // who is not root cannot give anything away
	}
	s := newStore(t, 0)
	dir := filepath.Dir(s.dir)
	check(t, os.Chown(dir, usertest.Nobody, usertest.Nobody))
	opened, err := Open(dir, Options{})
	if opened != nil {
		t.Error("it can be used all the same")
	}
	var d *DirError
	if want := "cache directory " + dir + ": it belongs to user 65534, and this is user 0"; !errors.As(err, &d) || err.Error() != want || d.Hint == "" {
		t.Errorf("got %v, want %s", err, want)
	}
	empty := t.TempDir()
	check(t, os.Chown(empty, usertest.Nobody, usertest.Nobody))
	if _, err := Open(empty, Options{}); err == nil {
		t.Error("made a store in another user's directory")
	}
	if names, err := os.ReadDir(empty); err != nil || len(names) > 0 {
		t.Errorf("it now holds %v, %v", names, err)
	}
}
