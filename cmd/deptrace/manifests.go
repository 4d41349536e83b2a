package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

// manifestNames returns the manifests that the operands of a command name. "@FILE" stands
// for those that a file names, "@-" for those on standard input: one on a line, or, as
// `find -print0` writes them, each with a NUL behind it. A command line has room for some
// thousands of names, and a build for more steps.
func manifestNames(operands []string) ([]string, error) {
	var names []string
	for _, o := range operands {
		list, ok := strings.CutPrefix(o, "@")
		if !ok {
			names = append(names, o)
			continue
		}
		var data []byte
		var err error
		if list == "-" {
			data, err = io.ReadAll(os.Stdin)
		} else {
			data, err = os.ReadFile(list)
		}
		if err != nil {
			return nil, &flagError{fmt.Sprintf("read the list %s: %v", printable(list), cause(err)), "a manifest with that name is " + printable("./"+o)}
		}
		end := "\n"
		if bytes.IndexByte(data, 0) >= 0 {
			end = "\x00"
		}
		for name := range strings.SplitSeq(string(data), end) {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// shortLived tells the garbage collector that what a check or a key of many inputs takes
// is soon given back: a collection is a fifth of the time for 50,000.
func shortLived() { debug.SetGCPercent(400) }
