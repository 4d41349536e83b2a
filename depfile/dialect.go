package depfile

import (
	"fmt"
	"strings"
)

// Dialect is the language that a depfile is written in or read as.
type Dialect uint8

// The dialects. The package comment says what they are.
const (
	Common Dialect = iota // what both read alike
	Make                  // GNU make's
	Ninja                 // ninja's
)

var dialectNames = []string{"common", "make", "ninja"}

// String returns the dialect's name on the command line.
func (d Dialect) String() string {
	if int(d) < len(dialectNames) {
		return dialectNames[d]
	}
	return fmt.Sprintf("Dialect(%d)", uint8(d))
}

// Keeps reports whether a name still means the same file where the dialect is read. ninja
// takes ".." away with the name before it (the manual says that paths are "canonicalized"),
// which leads elsewhere if that one is a symbolic link; make asks the kernel.
func (d Dialect) Keeps(name string) bool {
	if d == Make {
		return true
	}
	for strings.HasPrefix(name, "../") {
		name = name[3:]
	}
	return !strings.Contains(name, "/../") && !strings.HasSuffix(name, "/..")
}

// ParseDialect returns the dialect of that name: "common", "make" or "ninja".
func ParseDialect(name string) (Dialect, error) {
	for i, n := range dialectNames {
		if n == name {
			return Dialect(i), nil
		}
	}
	return Common, fmt.Errorf("unknown depfile dialect %q: want common, make or ninja", name)
}
