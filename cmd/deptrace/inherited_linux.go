//go:build amd64 || arm64

package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"deptrace/trace"
)

// givenFiles says what the command is given open to read from, in addition to what it
// prints to: its command line does not name it. form is how a path is to be spelled.
func givenFiles(form func(string) string) []string {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return []string{"unknown: " + err.Error()}
	}
	var words []string
	for _, n := range names {
		fd, err := strconv.Atoi(n.Name())
		if err != nil || fd == 1 || fd == 2 {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); fd > 2 && (err != nil || flags&unix.FD_CLOEXEC != 0) {
			continue
		}
		if what := inheritedFile(fd, form); what != "" {
			words = append(words, n.Name()+" "+what)
		}
	}
	slices.Sort(words)
	return words
}

func inheritedFile(fd int, form func(string) string) string {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return "" // closed
	}
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if st.Mode&unix.S_IFMT != unix.S_IFREG || err != nil || strings.HasSuffix(name, " (deleted)") || !strings.HasPrefix(name, "/") {
		// What a step reads from a pipe keeps its result out of the cache. But it may have
		// found nothing to read when the result was made, and something now.
		if fd == 0 && trace.Readable(fd) {
			return "can be read"
		}
		return ""
	}
	flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	at, _ := unix.Seek(fd, 0, unix.SEEK_CUR)
	return fmt.Sprintf("is %s, mode %d, at %d", form(name), flags&unix.O_ACCMODE, at)
}
