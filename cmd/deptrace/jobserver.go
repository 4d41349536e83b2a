package main

import (
	"os"
	"strconv"
	"strings"
)

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
				fifo = path
				continue
			}
			for number := range strings.SplitSeq(value, ",") {
				if fd, err := strconv.Atoi(number); err == nil {
					descriptors = append(descriptors, fd)
				}
			}
		}
	}
	return descriptors, fifo
}
