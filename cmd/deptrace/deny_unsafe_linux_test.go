package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() { programs["deny"] = denyMain }

// denyMain is a program that runs another one where system calls are denied, as
// containers do:
//
//	deny ptrace seccomp -- deptrace doctor
func denyMain() {
	numbers := map[string]uint32{"ptrace": unix.SYS_PTRACE, "seccomp": unix.SYS_SECCOMP, "unshare": unix.SYS_UNSHARE}
	end := slices.Index(os.Args, "--")
	if end < 0 || end+1 == len(os.Args) {
		fail("usage: deny CALL... -- COMMAND")
	}
	const load, jumpEqual, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	program := []unix.SockFilter{{Code: load, K: 0}}
	for _, name := range os.Args[1:end] {
		nr, ok := numbers[name]
		if !ok {
			fail("no such call: " + name)
		}
		program = append(program,
			unix.SockFilter{Code: jumpEqual, Jf: 1, K: nr},
			unix.SockFilter{Code: ret, K: 0x00050000 | uint32(unix.EPERM)}) // SECCOMP_RET_ERRNO
	}
	program = append(program, unix.SockFilter{Code: ret, K: 0x7fff0000}) // SECCOMP_RET_ALLOW
	path, err := exec.LookPath(os.Args[end+1])
	if err != nil {
		fail(err.Error())
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		fail("no_new_privs: " + err.Error())
	}
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog))); errno != 0 {
		fail("seccomp: " + errno.Error())
	}
	fail(syscall.Exec(path, os.Args[end+1:], os.Environ()).Error())
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "deny:", message)
	os.Exit(124)
}
