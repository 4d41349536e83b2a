package store

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"deptrace/trace/env"
)

// Dir returns the directory for a user's store: DEPTRACE_CACHE_DIR, else deptrace in
// XDG_CACHE_HOME, else .cache/deptrace in HOME. An XDG_CACHE_HOME that is not absolute
// counts as not set, as its specification wants.
func Dir(environ []string) (string, error) {
	if dir := env.Get(environ, "DEPTRACE_CACHE_DIR"); dir != "" {
		if !filepath.IsAbs(dir) {
			return "", &DirError{Err: fmt.Errorf("variable DEPTRACE_CACHE_DIR is %q, which is not absolute", dir),
				Hint: "each step would have a store of its own"}
		}
		return filepath.Clean(dir), nil
	}
	if dir := env.Get(environ, "XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "deptrace"), nil
	}
	if dir := env.Get(environ, "HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, ".cache", "deptrace"), nil
	}
	return "", &DirError{Err: errors.New("none of DEPTRACE_CACHE_DIR, XDG_CACHE_HOME and HOME is set"),
		Hint: "set DEPTRACE_CACHE_DIR to a directory for it"}
}

// Limit returns the limit that DEPTRACE_CACHE_SIZE sets for a store, or 0.
func Limit(environ []string) (int64, error) {
	v := env.Get(environ, "DEPTRACE_CACHE_SIZE")
	if v == "" {
		return 0, nil
	}
	n, err := ParseSize(v)
	if err != nil {
		return 0, fmt.Errorf("variable DEPTRACE_CACHE_SIZE is %q: %w", v, err)
	}
	return n, nil
}

// errSize is what a size should look like.
var errSize = errors.New("want a number of bytes more than 0, or one with K, M, G or T behind it, such as 500M")

// ParseSize reads a number of bytes. K, M, G and T behind it stand for powers of 1024.
func ParseSize(text string) (int64, error) {
	digits := text
	shift := 0
	if i := len(text) - 1; i >= 0 {
		if unit := strings.IndexByte("KMGT", text[i]&^0x20); unit >= 0 {
			digits, shift = text[:i], 10*(unit+1)
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n == 0 || n > math.MaxInt64>>shift {
		return 0, errSize
	}
	return int64(n) << shift, nil
}
