package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Another user's store is said to be none, and is none: nothing comes from it, and nothing
// goes there.
func TestCachedOwner(t *testing.T) {
	const nobody, another = 65534, 1
	if os.Getuid() != 0 {
		return // who is not root cannot give anything away
	}
	tr := newTree(t)
	openToAll(t, filepath.Dir(tr.look("deptrace")))
	for _, uid := range []uint32{0, nobody} {
		t.Run(fmt.Sprint("user ", uid), func(t *testing.T) {
			tr := tr.withCache(t)
			store := tr.getenv("DEPTRACE_CACHE_DIR")
			give := func(uid uint32, tops ...string) {
				for _, top := range tops {
					if out, err := exec.Command("chown", "-R", fmt.Sprint(uid), top).CombinedOutput(); err != nil {
						t.Fatalf("%v: %s", err, out)
					}
					openToAll(t, top)
				}
			}
			cached := func() string {
				cmd := exec.Command(tr.look("deptrace"), "cached", "-v", "--memo=off", "--", "sh", "-c", "cat in >out")
				cmd.Dir, cmd.Env = tr.dir, tr.env
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
				said, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, said)
				}
				return string(said)
			}
			tr.write("in", "one")
			give(uid, tr.dir, store)
			wants(t, cached(), "cached: 1 file")
			wants(t, cached(), "hit: ")
			before := filesIn(t, store)

			give(another, store)
			if out, err := exec.Command("chmod", "-R", "a+rwX", store).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, in := range []string{"one", "two"} {
				tr.write("in", in)
				said := cached()
				wants(t, said, "nothing is cached: ", "belongs to user 1,")
				if strings.Contains(said, "hit: ") || strings.Contains(said, "deptrace: cached: ") {
					t.Errorf("it uses the store all the same:\n%s", said)
				}
			}
			if after := filesIn(t, store); after != before {
				t.Errorf("the store held\n%s\nand now\n%s", before, after)
			}
		})
	}
}

// filesIn are the names and sizes of all files under a directory.
func filesIn(t *testing.T, top string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(&b, path, info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
