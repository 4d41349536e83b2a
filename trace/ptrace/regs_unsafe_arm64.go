//go:build linux

package ptrace

import (
	"unsafe"

	"deptrace/trace/syscalls"

	"golang.org/x/sys/unix"
)

const native = syscalls.ARM64

// trap is the instruction that makes a system call.
var trap = []byte{0x01, 0x00, 0x00, 0xd4} // svc #0

// redZone is the memory below the stack pointer that a function may use: none, but
// the pointer must stay a multiple of 16.
const redZone = 128

type registers = unix.PtraceRegsArm64

func getRegisters(tid int, r *registers) error {
	return unix.PtraceGetRegSetArm64(tid, unix.NT_PRSTATUS, r)
}
func setRegisters(tid int, r *registers) error {
	return unix.PtraceSetRegSetArm64(tid, unix.NT_PRSTATUS, r)
}

func programCounter(r *registers) uintptr { return uintptr(r.Pc) }
func stackPointer(r *registers) uint64    { return r.Sp }

// setCall makes r make a system call at the next instruction.
func setCall(r *registers, nr uint64, a [3]uint64) {
	r.Regs[8] = nr
	r.Regs[0], r.Regs[1], r.Regs[2], r.Regs[3], r.Regs[4] = a[0], a[1], a[2], 0, 0
}

// ntSystemCall is NT_ARM_SYSTEM_CALL (linux/elf.h), the set of registers that holds
// the number of the call.
const ntSystemCall = 0x404

// cancelCall makes the call that the thread is about to make none.
func cancelCall(tid int, _ *registers) error {
	none := int32(-1)
	iov := unix.Iovec{Base: (*byte)(unsafe.Pointer(&none)), Len: 4}
	return request(unix.PTRACE_SETREGSET, tid, ntSystemCall, uintptr(unsafe.Pointer(&iov)))
}

// setFirst changes the first argument of the call that is about to be made.
func setFirst(r *registers, v uint64) { r.Regs[0] = v }

func setResult(r *registers, v int64) { r.Regs[0] = uint64(v) }

func callResult(r *registers) int64 { return int64(r.Regs[0]) }
