package syscalls

import (
	"fmt"
	"runtime"
)

// ABI is a set of system call numbers and the layout of the structures that go
// with it. It belongs to a call, not to a process: a program for amd64 can make an
// i386 call with int 0x80.
type ABI uint8

// The ABIs. There are rows for AMD64, I386 and ARM64.
const (
	Unknown ABI = iota
	AMD64
	I386
	ARM64
	X32

	numABI
)

// The AUDIT_ARCH values of linux/audit.h: ELF machine, byte order and word size.
const (
	auditAMD64 = 0xc000003e
	auditI386  = 0x40000003
	auditARM64 = 0xc00000b7
)

// x32Bit marks the numbers of x32 calls, which have the architecture value of
// amd64 (__X32_SYSCALL_BIT of asm/unistd.h).
const x32Bit = 0x40000000

// noCall is the first of the numbers that are negative as the int that the kernel
// takes them for. There is no such call: the answer is always ENOSYS.
const noCall = 0x80000000

// ABIOf returns the ABI of a call from its AUDIT_ARCH value and its number, as
// seccomp and PTRACE_GET_SYSCALL_INFO tell them.
func ABIOf(auditArch uint32, nr uint64) ABI {
	switch auditArch {
	case auditAMD64:
		if n := uint32(nr); n&x32Bit != 0 && n < noCall {
			return X32
		}
		return AMD64
	case auditI386:
		return I386
	case auditARM64:
		return ARM64
	}
	return Unknown
}

// auditArch is the reverse of ABIOf; 0 where there is no table.
func (a ABI) auditArch() uint32 {
	switch a {
	case AMD64:
		return auditAMD64
	case I386:
		return auditI386
	case ARM64:
		return auditARM64
	}
	return 0
}

// Args returns arguments as the kernel takes them. Those of a 32-bit call are the lower
// halves of registers, whose upper halves can hold anything.
func (a ABI) Args(args [6]uint64) [6]uint64 {
	if a == I386 {
		for i := range args {
			args[i] = uint64(uint32(args[i]))
		}
	}
	return args
}

// Native returns the ABI that this program is built for, Unknown if it has no table.
func Native() ABI {
	switch runtime.GOARCH {
	case "amd64":
		return AMD64
	case "386":
		return I386
	case "arm64":
		return ARM64
	}
	return Unknown
}

// Knows reports whether a process of the ABI native can make calls of abi, and there
// is a table for them. [Program] has a section for each such ABI, and an engine decodes
// their calls. That a filter stops for a call of another ABI says nothing of the call,
// and the record is incomplete.
//
// On amd64 every process can make i386 calls: a 32-bit program makes hardly any others,
// and a 64-bit one has int 0x80. On arm64 a 32-bit program makes those of arm, which
// have no table.
func Knows(native, abi ABI) bool {
	if abi.auditArch() == 0 {
		return false
	}
	return abi == native || native == AMD64 && abi == I386
}

// String returns the name that Go has for the architecture.
func (a ABI) String() string {
	switch a {
	case AMD64:
		return "amd64"
	case I386:
		return "386"
	case ARM64:
		return "arm64"
	case X32:
		return "x32"
	case Unknown:
		return "unknown"
	}
	return fmt.Sprintf("abi(%d)", uint8(a))
}
