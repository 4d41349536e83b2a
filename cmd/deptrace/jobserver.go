package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// onePipe reports whether two descriptors are one pipe. Make closes its own for a recipe that
// does not run make, and says the same of it: then these are something else.
func onePipe(a, b int) bool {
	name := func(fd int) string {
		s, _ := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
		return s
	}
	return strings.HasPrefix(name(a), "pipe:") && name(a) == name(b)
}

// jobServers returns where make's job server is, and cargo's: what MAKEFLAGS and
// CARGO_MAKEFLAGS say of it, as in "--jobserver-auth=3,4" (descriptors) or
// "--jobserver-auth=fifo:/tmp/GMfifo7" (a named pipe, make 4.4). A token from there says
// nothing that a result depends on.
func jobServers() (descriptors []int, fifo string) {
	for _, name := range []string{"MAKEFLAGS", "CARGO_MAKEFLAGS"} {
		for word := range strings.FieldsSeq(os.Getenv(name)) {
			flag, value, _ := strings.Cut(word, "=")
			if flag != "--jobserver-auth" && flag != "--jobserver-fds" {
				continue
			}
			if path, ok := strings.CutPrefix(value, "fifo:"); ok {
				if real, err := filepath.EvalSymlinks(path); err == nil {
					fifo = real
				}
				continue
			}
			read, write, _ := strings.Cut(value, ",")
			from, err := strconv.Atoi(read)
			to, err2 := strconv.Atoi(write)
			if err == nil && err2 == nil && onePipe(from, to) {
				descriptors = append(descriptors, from, to)
			}
		}
	}
	return descriptors, fifo
}
