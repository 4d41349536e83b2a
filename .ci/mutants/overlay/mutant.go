// This file is compiled into package syscalls by `make mutants` only, with the -overlay of
// go build: no build of the repository ever contains it, whatever its tags. It takes a row
// away at run time, so that not everything has to be compiled again for each row.

package syscalls

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// seen has a byte for each call, by ABI and number, that is not 0 if the call has come as
// far as the decoder. It is a file in memory, which costs neither a system call nor an
// allocation where an engine can afford none, and which all processes of a test share.
var seen []byte

func init() {
	if name := seenFile(); name != "" {
		fd, err := syscall.Open(name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o666)
		if err == nil {
			err = syscall.Ftruncate(fd, int64(numABI)*512)
		}
		if err == nil {
			seen, err = syscall.Mmap(fd, 0, int(numABI)*512, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
			syscall.Close(fd)
		}
		if err != nil && err != syscall.EACCES { // another user's deptrace
			panic(err)
		}
	}
	name, nr, ok := strings.Cut(os.Getenv("MUTANT"), " ")
	if !ok {
		return
	}
	var n int
	fmt.Sscan(nr, &n)
	for a := range numABI {
		if s := index[a][n]; a.String() == name && s != nil {
			*map[ABI]*int16{AMD64: &s.Nr.AMD64, I386: &s.Nr.I386, ARM64: &s.Nr.ARM64}[a] = none
			index[a][n] = nil
			return
		}
	}
	panic("MUTANT: no such row")
}

// seenFile is the file of seen: MUTANT_SEEN, or in the directory MUTANT_SEEN_IN one that is
// called after the behaviour of the conformance suite in whose directory this process is.
func seenFile() string {
	in := os.Getenv("MUTANT_SEEN_IN")
	if in == "" {
		return os.Getenv("MUTANT_SEEN")
	}
	wd, _ := os.Getwd()
	for _, part := range strings.Split(wd, "/") {
		if name, ok := strings.CutPrefix(part, "TestConformanceall"); ok { // as testing's TempDir has it
			return in + "/" + strings.TrimRight(name, "0123456789")
		}
	}
	return ""
}

// Seen notes that a call has come as far as the decoder.
func Seen(abi ABI, nr uint64) {
	if seen != nil && abi < numABI && nr < 512 {
		seen[int(abi)*512+int(nr)] = 1
	}
}

// Lookup is what the rest of the program calls in place of the Lookup of table.go. What
// an engine refuses does not come as far as the decoder.
func Lookup(abi ABI, nr uint64) *Spec {
	s := lookup(abi, nr)
	if s != nil && s.Refuse != 0 {
		Seen(abi, nr)
	}
	return s
}
