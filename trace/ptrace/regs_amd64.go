//go:build linux

package ptrace

import (
	"deptrace/trace/syscalls"

	"golang.org/x/sys/unix"
)

const native = syscalls.AMD64

// trap is the instruction that makes a system call.
var trap = []byte{0x0f, 0x05} // syscall

// redZone is the memory below the stack pointer that a function may use.
const redZone = 128

type registers = unix.PtraceRegsAmd64

func getRegisters(tid int, r *registers) error { return unix.PtraceGetRegsAmd64(tid, r) }
func setRegisters(tid int, r *registers) error { return unix.PtraceSetRegsAmd64(tid, r) }

func programCounter(r *registers) uintptr { return uintptr(r.Rip) }
func stackPointer(r *registers) uint64    { return r.Rsp }

// setCall makes r make a system call at the next instruction. Orig_rax is -1 so
// that the kernel does not take the thread for one that is inside a call.
func setCall(r *registers, nr uint64, a [3]uint64) {
	r.Rax, r.Orig_rax = nr, ^uint64(0)
	r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8 = a[0], a[1], a[2], 0, 0
}

// cancelCall makes the call that the thread is about to make none.
func cancelCall(tid int, r *registers) error {
	r.Orig_rax = ^uint64(0)
	return setRegisters(tid, r)
}

// setFirst changes the first argument of the call that is about to be made.
func setFirst(r *registers, v uint64) { r.Rdi = v }

func setResult(r *registers, v int64) { r.Rax = uint64(v) }

func callResult(r *registers) int64 { return int64(r.Rax) }
