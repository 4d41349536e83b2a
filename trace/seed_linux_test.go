//go:build amd64 || arm64

package trace_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"

	"github.com/google/go-cmp/cmp"
)

// TestSeed has a subtest for each row of the table of the tracer that this project
// started from (a port must not do less), named after the row.
func TestSeed(t *testing.T) {
	t.Run("system calls decoded", seedCalls)
	t.Run("open flags", seedOpenFlags)
	t.Run("two-path calls", seedTwoPaths)
	t.Run("descriptor calls", seedDescriptors)
	t.Run("path resolution", seedPaths)
	t.Run("entry-exit pairing", seedPairing)
	t.Run("reading strings", seedStrings)
	t.Run("events", seedEvents)
	t.Run("following", seedFollowing)
	t.Run("attach stops", seedAttachStops)
	t.Run("races", seedRaces)
	t.Run("signals", seedSignals)
	t.Run("start", seedStart)
}

// called are the events of the victim of each call: an empty text for none. What "?"
// stands for is explained at difference.
var called = map[string]string{
	"access": `
		access read d/g [dlink -> d] ok
		access nowhere [dangling -> nowhere] ENOENT`,
	"chdir": `
		access directory d ok
		open read d/g ok`,
	"chmod":  `chmod f ok`,
	"chown":  `chown f ok`,
	"creat":  `open write,create,truncate new ok`,
	"lchown": `chown nofollow link ok`,
	"faccessat": `
		open directory,path d ok
		access read d/g ok`,
	"faccessat2": `access nofollow dangling ok`,
	"fchdir": `
		open directory,path d [dlink -> d] ok
		open read d/g ok`,
	"fchmod": `
		open read f [link -> f] ok
		chmod descriptor f ok`,
	"fchmodat": `chmod f [link -> f] ok`,
	"fchmodat2": `
		chmod nofollow f ok
		open read d/g ok
		chmod descriptor d/g ok`,
	"fchown": `
		open read f ok
		chown descriptor f ok`,
	"fchownat": `
		chown nofollow link ok
		open read f ok
		chown descriptor f ok`,
	"fstat": `open read f ok`,
	"ftruncate": `
		open write f [link -> f] ok
		truncate descriptor f to 5 ok
		open read f ok
		truncate descriptor f to 0 EINVAL?`,
	"futimesat": `
		open directory,path d ok
		utime d/g ok`,
	"getdents": `
		open read,directory e ok
		list descriptor e ok`,
	"getdents64": `
		open read,directory d ok
		list descriptor d ok`,
	"link": `link nofollow f e/h ok`,
	"linkat": `
		open directory,path e ok
		link nofollow f e/h ok
		link nofollow link l1 ok
		link f [link -> f] l2 ok
		link nofollow f l1 EEXIST?`,
	"lstat": `stat nofollow link ok`,
	"mkdir": `mkdir new ok`,
	"mkdirat": `
		open directory,path d ok
		mkdir d/new ok
		mkdir d EEXIST?`,
	"mknod": `mknod fifo ok`,
	"mknodat": `
		mknod fifo ok
		open directory,path e ok
		mknod e/reg ok`,
	"newfstatat": `
		stat nofollow link ok
		open directory,path d ok
		stat d/g ok`,
	"open": `
		open read f ok
		open read f/x ENOTDIR`,
	"openat": `
		open read f ok
		open directory,path d ok
		open read d/g ok
		open read missing ENOENT`,
	"openat2": `
		open write,create,truncate new ok
		open read link [link -> f] ELOOP
		open directory,path d ok
		open read d/g ok
		open directory,path d ok
		open read d EXDEV`,
	"readlink": `readlink dlink =d ok`,
	"readlinkat": `
		readlink link =f ok
		readlink f = EINVAL
		readlink missing = ENOENT`,
	"rename": `
		rename f e/f ok
		rename e/f d EISDIR?`,
	"renameat": `
		open directory,path d ok
		open directory,path e ok
		rename d/g e/h ok
		open directory,path d ok
		rename link d/l ok
		rename missing f ENOENT`,
	"renameat2": `
		open directory,path d ok
		rename exchange f d/g ok
		open directory,path d ok
		rename noreplace d/g f EEXIST?
		open directory,path d ok
		rename noreplace d/g new ok
		rename exchange f missing ENOENT?
		rename f link ok`,
	"rmdir": `
		rmdir e ok
		rmdir d ENOTEMPTY?
		rmdir f ENOTDIR?`,
	"stat": `stat f [link -> f] ok`,
	"statx": `
		stat d/g [dlink -> d] ok
		stat nowhere [dangling -> nowhere] ENOENT`,
	"symlink": `symlink s =f ok`,
	"symlinkat": `
		open directory,path e ok
		symlink e/s =no/such target ok
		symlink f =x EEXIST?`,
	"truncate": `
		truncate f [link -> f] to 3 ok
		truncate missing to 3 ENOENT`,
	"unlink": `
		unlink link ok
		unlink d EISDIR?`,
	"unlinkat": `
		open directory,path d ok
		unlink d/g ok
		rmdir d ok
		unlink missing ENOENT
		unlink dlink ok`,
	"utime": `utime f ok`,
	"utimensat": `
		utime f [link -> f] ok
		utime nofollow link ok
		open read f ok
		utime descriptor f ok`,
	"utimes": `utime f ok`,

	"getxattr": `access f errno 61`, // ENODATA
	"fgetxattr": `
		open read f ok
		access descriptor f ok`, // there are none
	"listxattr": `access nofollow f ok`,
	"setxattr":  `incomplete extended-attributes: setxattr`,

	// Those that are told for whoever asks for descriptors are in seedDescriptors, execve,
	// execveat and clone3 have tests of their own.
}

// legacy are the calls that arm64 does not have.
var legacy = []string{"access", "chmod", "chown", "creat", "futimesat", "getdents", "lchown", "link", "lstat", "mkdir",
	"mknod", "newfstatat", "open", "readlink", "rename", "rmdir", "stat", "symlink", "unlink", "utime", "utimes"}

func seedCalls(t *testing.T) {
	for name, want := range called {
		if runtime.GOARCH != "amd64" && slices.Contains(legacy, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				wantLines(t, engine, victimStep(t, engine, name).good(t).files(), want)
			})
		})
	}
}

func seedOpenFlags(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		wantLines(t, engine, victimStep(t, engine, "openflags").good(t).files(), `
			open read f ok
			open write f ok
			open read,write f ok
			open write,append f ok
			open read,create f ok
			open write,create f ok
			open path f ok
			open path f ok
			open read,directory d ok
			open directory,path d ok
			open write,create,exclusive,nofollow f EEXIST?
			open write,create,exclusive,nofollow dangling EEXIST?
			open read,nofollow link ELOOP?
			open path,nofollow link ok
			open read,directory f ENOTDIR?
			open write d EISDIR?
			open read,truncate f ok
			open read,write,truncate f ok
			open read,create new ok
			open write,create,exclusive,nofollow new2 ok
			open write,create nowhere [dangling -> nowhere] ok`)
	})
}

// seedTwoPaths is about directory descriptors on each side, RENAME_EXCHANGE and
// RENAME_NOREPLACE, each with its outcome.
func seedTwoPaths(t *testing.T) {
	for _, name := range []string{"rename", "renameat", "renameat2", "link", "linkat", "symlinkat"} {
		if runtime.GOARCH != "amd64" && slices.Contains(legacy, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				wantLines(t, engine, victimStep(t, engine, name).good(t).files(), called[name])
			})
		})
	}
}

func seedDescriptors(t *testing.T) {
	// Notify does not see which descriptors calls return, and says so.
	t.Run("told", func(t *testing.T) {
		s := victimStep(t, trace.Notify, "dupclose")
		s.Descriptors = true
		var refused *trace.EngineError
		if r, _, err := s.try(t); !errors.As(err, &refused) || len(r.of(event.Exec)) > 0 {
			t.Errorf("notify: got %v after %q, want an EngineError", err, r.story())
		}
		tracers(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "dupclose")
			s.Descriptors = true
			want := `
				open read f ok
				dup N 100 ok
				dup 100 110 ok
				dup 100 111 ok`
			if runtime.GOARCH == "amd64" {
				want += `
				dup 100 120 ok
				dup 100 0 ok`
			}
			want += `
				close 110 ok
				close 111 119 ok
				close 100 4294967295 ok
				close 120 errno 9
				dup 120 errno 9`
			wantLines(t, engine, s.good(t).files(), want)

			s = victimStep(t, engine, "fchdir")
			s.Descriptors = true
			wantLines(t, engine, s.good(t).files(), `
				open directory,path d [dlink -> d] ok
				access directory,descriptor d ok
				open read d/g ok`)
		})
	})
	t.Run("not asked for", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			wantLines(t, engine, victimStep(t, engine, "dupclose").good(t).files(), `open read f ok`)
		})
	})
	t.Run("name the file", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			wantLines(t, engine, victimStep(t, engine, "descriptors").good(t).files(), `
				open write f ok
				truncate descriptor f to 1 ok
				truncate descriptor f to 2 ok
				truncate descriptor f to 3 ok
				open write d/g ok
				truncate descriptor d/g to 4 ok`)
		})
	})
	t.Run("SCM_RIGHTS", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			wantLines(t, engine, victimStep(t, engine, "scm").good(t).files(), `
				open write d/g ok
				2: truncate descriptor d/g to 2 ok
				2: chmod descriptor d/g ok`)
		})
	})
	t.Run("removed files", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			wantLines(t, engine, victimStep(t, engine, "deleted").good(t).files(), `
				open write,create f (deleted) ok
				truncate descriptor f (deleted) to 1 ok
				open write,create gone ok
				unlink gone ok`)
		})
	})
}

func seedPaths(t *testing.T) {
	t.Run("seen before it returns", seedSeenEarly)
	t.Run("relative", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			wantLines(t, engine, victimStep(t, engine, "relative").good(t).files(), `
				open read,directory d [dlink -> d] ok
				open read d/g ok
				open read d/g [dlink -> d] ok
				open read f [dlink -> d] ok
				open read d/g ok
				open read f [link -> f] ok
				open read f ok
				open read f ok
				open read f/g ENOTDIR
				access directory d [dlink -> d] ok
				open read d/g ok
				open read f ok
				open read e ok
				rename d moved ok
				open read moved/g ok
				open read moved/g ok
				open read d/g [dlink -> d] ENOENT
				access directory . ok
				access directory missing ENOENT
				open read f ok`)
		})
	})
	for name, want := range map[string]string{
		"clonefs": `
			open read f ok
			2: access directory d ok
			2: open read d/g ok
			open read d/g ok
			3: access directory d ok
			3: open read d/g ok
			access directory . ok
			4: access directory d ok
			4: open read d/g ok
			open read f ok`,
		"threadcwd": `
			open read f ok
			access directory d ok
			open read d/g ok`,
		"partedcwd": `
			open read f ok
			access directory d ok
			open read d/g ok
			open read f ok
			access directory e ok
			open read f ok`,
		"partedexec": `
			access directory d ok
			open read d/g ok
			open read f ok
			open read f ok
			open read d/g ok`,
		"renamedcwd": `
			access directory d ok
			open read d/g ok
			2: rename d moved ok
			open read moved/g ok
			rename exchange moved f ok
			open read f/g ok`,
		"fchdirs": `
			open directory,path d ok
			open directory,path . ok
			open read f ok
			open read d/g ok
			open read d/g ok
			open read f ok`,
		// From a directory that was removed there is still a way up.
		"removedcwd": `
			access directory e ok
			rmdir e ok
			open read f ok`,
		"swapped": `
			open read d/g ok
			rename d real ok
			symlink d =real ok
			open read real/g [d -> real] ok
			unlink d ok
			mkdir d ok
			open write,create d/g ok
			mkdir a ok
			mkdir b ok
			symlink a/l =../real ok
			symlink b/l =../d ok
			open read real/g [a/l -> ../real] ok
			open read d/g [b/l -> ../d] ok
			rename exchange a b ok
			open read d/g [a/l -> ../d] ok
			open read real/g [b/l -> ../real] ok`,
	} {
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				wantLines(t, engine, victimStep(t, engine, name, victim(t)).good(t).files(), want)
			})
		})
	}
}

func seedSeenEarly(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		r := victimStep(t, engine, "seenearly").good(t)
		var got []string
		for _, line := range supposed(engine, r.of(event.Open)) {
			if strings.HasSuffix(line, "ok") && strings.HasPrefix(line, "open read ") && strings.Contains(line, "dlink") {
				got = append(got, line)
			}
		}
		d, e := "open read d/g [dlink -> d] ok", "open read e/g [dlink -> e] ok"
		want := slices.Concat(slices.Repeat([]string{d, e, e, d}, 10))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the way before and after each exchange (-want +got):\n%s", diff)
		}
	})
}

func seedStrings(t *testing.T) {
	t.Run("of another program", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			open := func(line string) string { return strings.Repeat(line+" ok\n", 20) }
			wantLines(t, engine, victimStep(t, engine, "memories", victim(t)).good(t).files(),
				open("open read f")+open("2: open read f")+open("2: open read d/g")+open("open read f")+open("open read f")+open("open read d/g"))
		})
	})
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		wantLines(t, engine, victimStep(t, engine, "strings").good(t).files(), `
			open read d/g ok
			open read f ok
			open read f ok
			open read,write,create name ok
			open read d/g ok
			open read f ok`)
	})
	t.Run("bytes", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "longnames")
			write(t, s.dir, "n\xff\nn", "", 0o644)
			r := s.good(t)
			var got []string
			for _, e := range r.events {
				if r.mine(e.Name) && e.Op == event.Open {
					got = append(got, e.Name.Spelled+" "+e.Outcome.String())
				}
			}
			want := []string{strings.Repeat("x", 255) + " ENOENT", strings.Repeat("x", 256) + " ENAMETOOLONG", "n\xff\nn ok"}
			if diff := difference(engine, want, got); diff != "" {
				t.Errorf("two names of x and one that is not UTF-8 (-want +got):\n%s", diff)
			}
		})
	})
}
