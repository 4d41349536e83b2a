package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// descriptor returns which of this process's descriptors a name stands for. To open such a
// name is not the same on Linux: of a regular file that makes another open file, which does
// not move the place at which others who have the first one go on writing
// (`(deptrace -MF /dev/stdout ...; echo more) >file`).
func descriptor(path string) (fd int, ok bool) {
	path = filepath.Clean(path)
	switch path {
	case "/dev/stdin":
		return 0, true
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	for _, dir := range []string{"/dev/fd/", "/proc/self/fd/"} {
		if number, in := strings.CutPrefix(path, dir); in {
			fd, err := strconv.Atoi(number)
			return fd, err == nil && fd >= 0
		}
	}
	return 0, false
}

// openDescriptor returns the open file that was given to this process as a descriptor, to be
// closed like any other. One that is open here and does not go on to the command is none that
// anybody has given: it is deptrace's own.
func openDescriptor(fd int) (*os.File, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil {
		return nil, err
	}
	if fd > 2 && flags&unix.FD_CLOEXEC != 0 {
		return nil, unix.EBADF
	}
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(copied), "descriptor "+strconv.Itoa(fd)), nil
}

// writeDescriptor writes to what was given to this process as a descriptor.
func writeDescriptor(fd int, data []byte) error {
	f, err := openDescriptor(fd)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(data)
	return err
}
