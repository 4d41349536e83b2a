package syscalls

import (
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// int80Call returns a function that makes an i386 call: int $0x80 and a return. Go has
// a function's first arguments, and its result, in ax, bx and cx (cmd/compile's
// abi-internal.md), and an i386 call has its number, its arguments and its result there.
func int80Call(t *testing.T) func(nr, a0, a1 uintptr) uintptr {
	t.Helper()
	text, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(text) })
	copy(text, "\xcd\x80\xc3")
	if err := syscall.Mprotect(text, syscall.PROT_READ|syscall.PROT_EXEC); err != nil {
		t.Fatal(err)
	}
	entry := &text[0]
	function := &entry
	return *(*func(nr, a0, a1 uintptr) uintptr)(unsafe.Pointer(&function))
}

// makesI386Calls reports whether the kernel does: it can be built and booted without
// them, and then int $0x80 is a fault.
func makesI386Calls(int80 func(nr, a0, a1 uintptr) uintptr) (ok bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { ok = recover() == nil }()
	int80(20, 0, 0) // getpid
	return true
}

// A 64-bit program's i386 calls are filtered by their own section.
func TestKernelFiltersI386(t *testing.T) {
	int80 := int80Call(t)
	if !makesI386Calls(int80) {
		t.Skip("the kernel makes no i386 calls")
	}
	call := func(step string, want syscall.Errno, nr, a0, a1 uintptr) outcome {
		result := int32(int80(nr, a0, a1))
		return outcome{step, syscall.Errno(max(0, -result)), want}
	}
	underFilter(t, func() []outcome {
		return []outcome{
			call("getpid", 0, 20, 0, 0),
			call("open", kernelAnswer, 5, 0, 0),
			call("close", syscall.EBADF, 6, 1<<30, 0),
			call("unshare of nothing", 0, 310, 0, 0),
			call("unshare of nothing, junk in the register", 0, 310, 1<<32, 0),
			call("unshare", kernelAnswer, 310, CloneNew, 0),
			call("socketcall of getsockname", syscall.EFAULT, 102, 6, 1),
			call("socketcall of connect", kernelAnswer, 102, 3, 1),
			call("socketcall of connect, junk in the register", kernelAnswer, 102, 1<<32|3, 1),
			call("io_uring_setup", syscall.ENOSYS, 425, 0, 0),
			call("prctl", 0, 172, 3, 0), // PR_GET_DUMPABLE: 1
			call("a call of the future", kernelAnswer, 600, 0, 0),
			call("an x32 call's number", kernelAnswer, x32Bit|20, 0, 0),
			call("a negative number", syscall.ENOSYS, 1<<32-1, 0, 0),
		}
	})
}
