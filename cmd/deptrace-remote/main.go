// Deptrace-remote talks to a remote cache on behalf of deptrace, which starts it: see
// package cache/remote/helper for why it is a program of its own, and what they say to
// each other.
//
// This package is wiring: package cache/remote does the work.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"deptrace/cache/remote"
	"deptrace/cache/store"
)

const usage = `usage: deptrace-remote [ping]

deptrace cached starts this program to talk to a remote cache, over HTTP as bazel does
(see bazel-remote for a server); it reads requests from its standard input. By hand:

  deptrace-remote ping    ask the server whether all is well; exit 0 if so, else 1

These variables say where the server is. Only the first is needed:

  DEPTRACE_REMOTE                 http://host:port/path or https://...
  DEPTRACE_REMOTE_USER            with DEPTRACE_REMOTE_PASSWORD, or _PASSWORD_FILE for a
                                  file that holds it; https://user:password@host works, too
  DEPTRACE_REMOTE_TOKEN           instead of them, or _TOKEN_FILE for a file that holds it
  DEPTRACE_REMOTE_CA              file of certificates (PEM) to trust besides the system's
  DEPTRACE_REMOTE_READONLY        1: upload nothing
  DEPTRACE_REMOTE_TIMEOUT         how long the server may be silent (5s)
  DEPTRACE_REMOTE_MAX             how much a result may weigh (1G)

HTTPS_PROXY, HTTP_PROXY and NO_PROXY have a say as everywhere.
`

func main() {
	args := os.Args[1:]
	switch {
	case len(args) == 0:
		os.Exit(serveMain())
	case len(args) == 1 && args[0] == "ping":
		os.Exit(pingMain())
	case len(args) == 1 && (args[0] == "--help" || args[0] == "-h" || args[0] == "-help"):
		if _, err := os.Stdout.WriteString(usage); err != nil {
			os.Exit(1)
		}
	default:
		errorf("unknown arguments: %s", strings.Join(args, " "))
		hintf("deptrace-remote --help says what it is for")
		os.Exit(2)
	}
}

func errorf(format string, args ...any) { say("deptrace-remote: ", format, args) }
func warnf(format string, args ...any)  { say("deptrace-remote: warning: ", format, args) }
func hintf(format string, args ...any)  { say("deptrace-remote: hint: ", format, args) }

// say writes one line in one write: this goes where the lines of parallel steps go.
func say(prefix, format string, args []any) {
	_, _ = syscall.Write(2, []byte(prefix+fmt.Sprintf(format, args...)+"\n"))
}

// open is what there is to be done before the server can be asked.
func open(environ []string) (*remote.Remote, *store.Store, error) {
	config, err := remote.FromEnviron(environ)
	if err != nil {
		return nil, nil, err
	}
	dir, err := store.Dir(environ)
	if err != nil {
		return nil, nil, err
	}
	limit, err := store.Limit(environ)
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(dir, store.Options{Max: limit})
	if err != nil {
		return nil, nil, err
	}
	return remote.New(remote.Options{Config: config, Store: s, Dir: dir, EntryBlobs: entryBlobs}), s, nil
}

// pingLimit is how long a user waits for an answer about a server.
const pingLimit = 30 * time.Second

func pingMain() int {
	config, err := remote.FromEnviron(os.Environ())
	if err != nil {
		return failed(err)
	}
	// The store may be the reason for the question, but the question is not about it.
	dir, err := store.Dir(os.Environ())
	if err != nil || !filepath.IsAbs(dir) {
		dir = ""
	}
	if config.Exposed() {
		warnf("the credentials go over the network unencrypted; https:// would protect them")
	}
	ctx, cancel := context.WithTimeout(context.Background(), pingLimit)
	defer cancel()
	pong, err := remote.New(remote.Options{Config: config, Dir: dir}).Ping(ctx)
	if err != nil {
		errorf("%s: %v", config, err)
		if hint := remote.Hint(err); hint != "" {
			hintf("%s", hint)
		}
		return 1
	}
	what := "reads and writes work"
	if !pong.Writes {
		what = "reads work, writes are turned off"
	}
	if _, err := fmt.Printf("%s: %s, %v a request\n", config, what, pong.Took.Round(10*time.Microsecond)); err != nil {
		return 1
	}
	return 0
}

// failed tells the user what is wrong with the configuration.
func failed(err error) int {
	errorf("%v", err)
	var c *remote.ConfigError
	if errors.As(err, &c) && c.Hint != "" {
		hintf("%s", c.Hint)
	}
	return 1
}
