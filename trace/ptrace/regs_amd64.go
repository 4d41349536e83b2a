//go:build linux

package ptrace

import (
	"deptrace/trace/syscalls"

	"golang.org/x/sys/unix"
)

type registers = unix.PtraceRegsAmd64

func getRegisters(tid int, r *registers) error { return unix.PtraceGetRegsAmd64(tid, r) }
func setRegisters(tid int, r *registers) error { return unix.PtraceSetRegsAmd64(tid, r) }

// cancelCall makes the call that the thread is about to make none.
func cancelCall(tid int, r *registers) error {
	r.Orig_rax = ^uint64(0)
	return setRegisters(tid, r)
}

// setFirst changes the first argument of the call that is about to be made.
func setFirst(r *registers, abi syscalls.ABI, v uint64) {
	if abi == syscalls.I386 {
		r.Rbx = v
		return
	}
	r.Rdi = v
}

func setResult(r *registers, v int64) { r.Rax = uint64(v) }
