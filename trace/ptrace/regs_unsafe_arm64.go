//go:build linux

package ptrace

import (
	"unsafe"

	"deptrace/trace/syscalls"

	"golang.org/x/sys/unix"
)

type registers = unix.PtraceRegsArm64

func getRegisters(tid int, r *registers) error {
	return unix.PtraceGetRegSetArm64(tid, unix.NT_PRSTATUS, r)
}
func setRegisters(tid int, r *registers) error {
	return unix.PtraceSetRegSetArm64(tid, unix.NT_PRSTATUS, r)
}

// ntSystemCall is NT_ARM_SYSTEM_CALL (linux/elf.h), the set of registers that holds
// the number of the call.
const ntSystemCall = 0x404

// cancelCall makes the call that the thread is about to make none.
func cancelCall(tid int, _ *registers) error {
	none := int32(-1)
	iov := unix.Iovec{Base: (*byte)(unsafe.Pointer(&none)), Len: 4}
	return requestAt(unix.PTRACE_SETREGSET, tid, ntSystemCall, unsafe.Pointer(&iov))
}

// setFirst changes the first argument of the call that is about to be made.
func setFirst(r *registers, _ syscalls.ABI, v uint64) { r.Regs[0] = v }

func setResult(r *registers, v int64) { r.Regs[0] = uint64(v) }
