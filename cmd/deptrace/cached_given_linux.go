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

// givenFiles says what the command is given open, in addition to what it prints to: its
// command line does not name it. tokens are the descriptors of make's job server, and form is
// how a path is to be spelled. unknown is one from which it can read what nobody can look at
// beforehand, "" for none.
func givenFiles(tokens []int, form func(string) string) (words []string, unknown string) {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, "its descriptors: " + err.Error()
	}
	for _, n := range names {
		fd, err := strconv.Atoi(n.Name())
		if err != nil || fd == 1 || fd == 2 {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); fd > 2 && (err != nil || flags&unix.FD_CLOEXEC != 0) {
			continue
		}
		what, known := inheritedFile(fd, tokens, form)
		if what != "" {
			words = append(words, n.Name()+" "+what)
		}
		if !known && unknown == "" {
			unknown = "descriptor " + n.Name()
		}
	}
	slices.Sort(words)
	return words, unknown
}

func inheritedFile(fd int, tokens []int, form func(string) string) (what string, known bool) {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return "", true // closed
	}
	flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	named := err == nil && !strings.HasSuffix(name, " (deleted)") && strings.HasPrefix(name, "/")
	switch kind := st.Mode & unix.S_IFMT; {
	case named && kind == unix.S_IFDIR:
		return "is " + form(name), true
	case named && kind == unix.S_IFREG:
		words := fmt.Sprintf("is %s, mode %d", form(name), flags&unix.O_ACCMODE)
		if flags&unix.O_ACCMODE != unix.O_WRONLY {
			at, _ := unix.Seek(fd, 0, unix.SEEK_CUR)
			words += fmt.Sprintf(", at %d", at)
		}
		return words, true
	case !trace.Readable(fd):
		return "", true
	case fd == 0:
		// What a step reads from there keeps its result out of the cache. But it may have
		// found nothing to read when the result was made, and something now.
		return "can be read", true
	}
	// Nobody sees what is read from another one: a shell's <(command), a here-document.
	// The job server of make, and cargo's, says nothing that a result depends on.
	return "", flags&unix.O_ACCMODE == unix.O_WRONLY || slices.Contains(tokens, fd)
}
