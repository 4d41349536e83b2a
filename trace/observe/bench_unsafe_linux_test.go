//go:build amd64 || arm64

package observe

import (
	"os"
	"runtime"
	"testing"
	"unsafe"

	"deptrace/trace/event"
	"deptrace/trace/syscalls"

	"golang.org/x/sys/unix"
)

// BenchmarkEvent is what both engines do about a call between its stop and telling it: decode it,
// read its name in the caller's memory, resolve that. The caller is this process itself.
func BenchmarkEvent(b *testing.B) {
	abi := syscalls.Native()
	for _, c := range []struct{ name, spelled string }{
		{"absolute", "/usr/bin/env"}, {"missing", "/usr/include/missing.h"}, {"relative", "missing.h"},
	} {
		b.Run(c.name, func(b *testing.B) {
			text, err := unix.BytePtrFromString(c.spelled)
			if err != nil {
				b.Fatal(err)
			}
			t := NewThread(os.Getpid(), NewProcess(os.Getpid(), "test"))
			o := New(syscalls.Options{}, "", nil, func(_ *Process, r event.Reason, detail string) { b.Fatal(r, detail) }, func() []int { return nil })
			at := unix.AT_FDCWD
			call := Call{Arch: auditArch(abi), Nr: unix.SYS_OPENAT, Args: [6]uint64{uint64(at), uint64(uintptr(unsafe.Pointer(text))), unix.O_RDONLY}}
			b.ReportAllocs()
			for b.Loop() {
				var ev event.Event
				d, ok := o.Decode(t, call)
				if !ok {
					b.Fatal("not decoded")
				}
				if _, ok := o.Event(t, &d, &ev); !ok || ev.Name.Spelled != c.spelled {
					b.Fatalf("%+v", ev)
				}
			}
			runtime.KeepAlive(text)
		})
	}
}

// auditArch is AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 of linux/audit.h.
func auditArch(abi syscalls.ABI) uint32 {
	if abi == syscalls.ARM64 {
		return 0xc00000b7
	}
	return 0xc000003e
}
