//go:build amd64 || arm64

package notify

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// kernelSince reports whether the kernel is of a release, or a later one, as far as its
// name tells.
func kernelSince(major, minor int) bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return true
	}
	ma, mi, ok := release(unix.ByteSliceToString(u.Release[:]))
	return !ok || ma > major || ma == major && mi >= minor
}

// release returns the first two numbers of a kernel release, as "6.18.1-generic".
func release(s string) (major, minor int, ok bool) {
	first, rest, _ := strings.Cut(s, ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		rest = rest[:end]
	}
	major, err := strconv.Atoi(first)
	minor, err2 := strconv.Atoi(rest)
	return major, minor, err == nil && err2 == nil
}
