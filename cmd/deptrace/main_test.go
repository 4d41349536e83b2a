package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"deptrace/trace/footprint/osfs"
)

var update = flag.Bool("u", false, "rewrite the golden files in the scripts")

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, programs)
}

// suite runs the tests with a cache directory that is not the user's.
type suite struct{ *testing.M }

func (s suite) Run() int {
	// Ignored signals (nohup, a script's background) would be inherited by all commands.
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
	dir, err := os.MkdirTemp("", "deptrace-cache-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("DEPTRACE_CACHE_DIR", dir)
	return s.M.Run()
}

// programs are what the test binary can be for the scripts.
var programs = map[string]func(){"deptrace": main}

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			// Not below $WORK, which many steps list.
			dir, err := os.MkdirTemp("", "deptrace-cache-")
			env.Defer(func() { os.RemoveAll(dir) })
			env.Setenv("DEPTRACE_CACHE_DIR", dir)
			return err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status": status,
			"tools":  tools,
			"mtime":  mtime,
			"settle": settle,
			"bytes":  writeBytes,
		},
	})
}

// status runs a command and wants an exit status, or the signal that ends it:
//
//	status 3 deptrace -- sh -c 'exit 3'
//	status SIGTERM deptrace -- sh -c 'kill $$'
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N|SIGNAL command [args...]")
	}
	got := "0"
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		if ws := exit.Sys().(syscall.WaitStatus); ws.Signaled() {
			got = signalName(ws.Signal())
			if ws.CoreDump() {
				got += " and a core"
			}
		} else {
			got = strconv.Itoa(ws.ExitStatus())
		}
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != args[0] {
		ts.Fatalf("ended with %s, want %s", got, args[0])
	}
}

func signalName(s syscall.Signal) string {
	for name, n := range map[string]syscall.Signal{
		"SIGHUP": syscall.SIGHUP, "SIGINT": syscall.SIGINT, "SIGQUIT": syscall.SIGQUIT, "SIGILL": syscall.SIGILL,
		"SIGTRAP": syscall.SIGTRAP, "SIGABRT": syscall.SIGABRT, "SIGBUS": syscall.SIGBUS, "SIGFPE": syscall.SIGFPE,
		"SIGKILL": syscall.SIGKILL, "SIGUSR1": syscall.SIGUSR1, "SIGSEGV": syscall.SIGSEGV, "SIGUSR2": syscall.SIGUSR2,
		"SIGPIPE": syscall.SIGPIPE, "SIGALRM": syscall.SIGALRM, "SIGTERM": syscall.SIGTERM,
	} {
		if n == s {
			return name
		}
	}
	return fmt.Sprintf("signal %d", s)
}

// tools wants programs that the script needs.
func tools(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		if _, err := exec.LookPath(name); err != nil {
			ts.Fatalf("%s is missing: run `make tools`", name)
		}
	}
}

// mtime remembers when a file was written, and which file it is, and wants the same,
// or with "!" another, later on:
//
//	mtime save out.d
//	mtime same out.d
func mtime(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || args[0] != "save" && args[0] != "same" {
		ts.Fatalf("usage: mtime save|same file")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	now := fmt.Sprint(info.ModTime().UnixNano(), info.Sys().(*syscall.Stat_t).Ino)
	name := "mtime_" + args[1]
	if args[0] == "save" {
		ts.Setenv(name, now)
	} else if same := ts.Getenv(name) == now; same == neg {
		ts.Fatalf("%s: written again: %t", args[1], !same)
	}
}

// settle waits until files are old enough to be known by their identity.
func settle(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		st, err := osfs.Lstat(ts.MkAbs(name))
		ts.Check(err)
		time.Sleep(time.Until(time.Unix(0, st.Ctime).Add(2100 * time.Millisecond)))
	}
}

// bytes writes a Go string literal to a file, or makes a file of that name:
//
//	bytes out "a\xffb"
func writeBytes(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: bytes file literal")
	}
	s, err := strconv.Unquote(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(s), 0o666))
}

func TestNearest(t *testing.T) {
	var f runFlags
	var names []string
	for _, d := range f.defs() {
		names = append(names, d.name)
	}
	for word, want := range map[string]string{
		"mf": "MF", "manifset": "manifest", "root-dir": "root", "MTT": "MT", "Mp": "MP", "statt": "stat",
		"besteffort": "best-effort", "engin": "engine", "V": "v", "ignroe": "ignore",
	} {
		if got, near := nearest(word, names); got != want || !near {
			t.Errorf("nearest(%q) = %q, %t, want %q", word, got, near, want)
		}
	}
	for _, word := range []string{"frob", "x", "foo", "xyzzy", "trash", "verbose", ""} {
		if got, near := nearest(word, append(names, "check", "cache")); near {
			t.Errorf("%q is near %s", got, word)
		}
	}
}

// definitions are the flags of every command, as it reads them.
func definitions() map[string][]flagDef {
	return map[string][]flagDef{
		"run":    newRunFlags().defs(),
		"cached": (&cachedFlags{runFlags: newRunFlags()}).defs(),
		"sh":     newRunFlags().defs(),
		"check":  new(checkFlags).defs(),
		"key":    new(keyFlags).defs(),
		"show":   new(showFlags).defs(),
		"diff":   new(diffFlags).defs(),
		"replay": new(replayFlags).defs(),
		"cache":  new(cacheFlags).defs(),
		"doctor": helpFlags(),
	}
}

// usedFlags returns the flags of each command that the usage text describes: on lines of
// their own, which stand under the commands that have them or, at the end, name those.
func usedFlags(commands []string) map[string][]string {
	header := regexp.MustCompile(`^Flags of (\w+)(?: and (\w+))?:(?: those of (\w+))?(?: but (--[a-z-]+))?`)
	definition := regexp.MustCompile(`^    (-[A-Za-z0-9-]+)(?:, (--[a-z-]+))?(?:\[=false\])?(?: [A-Z|a-z.,]+)?(?:  +(.*))?$`)
	named := regexp.MustCompile(`^(\w+(?:, \w+)*): `)
	flags := map[string][]string{}
	var under []string
	for line := range strings.SplitSeq(usage, "\n") {
		if h := header.FindStringSubmatch(line); h != nil {
			under = slices.DeleteFunc(h[1:3], func(s string) bool { return s == "" })
			for _, f := range flags[h[3]] {
				if f != h[4] {
					flags[h[1]] = append(flags[h[1]], f)
				}
			}
		}
		d := definition.FindStringSubmatch(line)
		switch {
		case strings.HasPrefix(line, "    @"): // what follows is about several commands
			under = commands
		case d != nil:
			of := under
			if n := named.FindStringSubmatch(d[3]); n != nil && len(of) == len(commands) {
				of = strings.Split(n[1], ", ")
			}
			for _, c := range of {
				flags[c] = append(flags[c], d[1])
				if d[2] != "" {
					flags[c] = append(flags[c], d[2])
				}
			}
		}
	}
	return flags
}

// The usage text names every flag of every command, and no flag that is not there; and what
// it says of variables is so.
func TestUsageNamesEveryFlag(t *testing.T) {
	all := definitions()
	for _, c := range commands {
		if all[c.name] == nil {
			t.Errorf("the flags of %s are not looked at", c.name)
		}
	}
	used := usedFlags(slices.Sorted(maps.Keys(all)))
	for command, defs := range all {
		var want []string
		for _, d := range defs {
			if command == "cached" && d.name == "events" {
				continue // which says that it goes with run
			}
			want = append(want, dashed(d.name))
			if d.short != "" {
				want = append(want, dashed(d.short))
			}
			steps := slices.Contains([]string{"run", "cached", "sh"}, command)
			long := strings.HasPrefix(dashed(d.name), "--") && d.name != "help" && d.name != "version"
			if d.variable != (long && (steps || d.name == "memo")) {
				t.Errorf("%s %s can be set as a variable: %t", command, dashed(d.name), d.variable)
			}
		}
		got := used[command]
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("flags of %s (-defined +in the usage)\n%s", command, d)
		}
	}
	for _, line := range strings.Split(usage, "\n") {
		if len(line) > 90 {
			t.Errorf("usage line of %d characters: %s", len(line), line)
		}
	}
}

func TestFlags(t *testing.T) {
	parse := func(named bool, args ...string) (string, error) {
		f, argv, err := parseRun(args, named)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("MF=%s m=%s MD=%t argv=%q", f.depfile, f.manifest, f.launcher, argv), nil
	}
	for _, c := range []struct {
		named bool
		args  string
		want  string // or the beginning of the error
	}{
		{false, "-MF x.d -- cc -c", `MF=x.d m= MD=false argv=["cc" "-c"]`},
		{false, "-MF=x.d --manifest x.toml -- cc -- d", `MF=x.d m=x.toml MD=false argv=["cc" "--" "d"]`},
		{false, "--MF x.d -m x.toml -- -c", `MF=x.d m=x.toml MD=false argv=["-c"]`},
		{true, "-m x.toml cc -m y", `MF= m=x.toml MD=false argv=["cc" "-m" "y"]`},
		{true, "-m x.toml -- cc", `MF= m=x.toml MD=false argv=["cc"]`},
		{true, "-", `MF= m= MD=false argv=["-"]`},
		{false, "-MMD -- cc", `MF= m= MD=true argv=["cc"]`},
		{false, "-MMD -MF x.d -- cc", `MF=x.d m= MD=false argv=["cc"]`},
		{false, "-MD=false -- cc", `MF= m= MD=false argv=["cc"]`},
		{false, "-m x.toml cc", "cc is not a flag"},
		{false, "-m", "flag -m needs a value"},
		{false, "-MF -- cc", "flag -MF needs a value"},
		{false, "-MF= -- cc", `flag -MF "": the value is empty`},
		{false, "-MD=perhaps -- cc", `flag -MD "perhaps": want true or false`},
		{false, "--stat size -- cc", `flag --stat "size": want content or meta`},
		{false, "--ignore a/../b -- cc", `flag --ignore "a/../b": pattern "a/../b": no file's path has a part ".."`},
		{false, "-MP -- cc", "-MP is given and no depfile"},
		{true, "", "no command"},
	} {
		got, err := parse(c.named, strings.Fields(c.args)...)
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.HasPrefix(got, c.want)) {
			t.Errorf("deptrace %s\n got %s\nwant %s", c.args, got, c.want)
		}
	}
}

// A variable sets a flag, a flag wins over it, and adds to a list.
func TestVariables(t *testing.T) {
	t.Setenv("DEPTRACE_ENGINE", "ptrace-slow")
	t.Setenv("DEPTRACE_BEST_EFFORT", "1")
	t.Setenv("DEPTRACE_ENV", "A,-B")
	t.Setenv("DEPTRACE_MANIFEST", "a.toml")
	t.Setenv("DEPTRACE_MF", "no.d")
	t.Setenv("DEPTRACE_ROOT", "")
	f, _, err := parseRun([]string{"--env", "C", "-m", "b.toml", "--", "cc"}, false)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s %t %s %s %q %q", f.engine, f.bestEffort, f.env, f.manifest, f.depfile, f.root)
	if want := `ptrace-slow true [A -B C] b.toml "" ""`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	t.Setenv("DEPTRACE_ENGINE", "strace")
	_, _, err = parseRun([]string{"--", "cc"}, false)
	if want := `variable DEPTRACE_ENGINE is "strace": want auto, notify, ptrace or ptrace-slow`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func FuzzFlags(f *testing.F) {
	f.Add("-MF\x00x.d\x00--\x00cc", false)
	f.Add("--env\x00A\x00-MP=\x00cc", true)
	f.Fuzz(func(t *testing.T, line string, named bool) {
		args := strings.Split(line, "\x00")
		got, argv, err := parseRun(args, named)
		if err == nil && (got == nil || len(argv) == 0 || argv[0] == "") {
			t.Errorf("%q: no error and no command", args)
		}
		if err == nil && strings.Join(args[len(args)-len(argv):], "\x00") != strings.Join(argv, "\x00") {
			t.Errorf("%q: the command %q is not its end", args, argv)
		}
	})
}
