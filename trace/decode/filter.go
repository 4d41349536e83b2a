package decode

import (
	"encoding/binary"

	"deptrace/trace/syscalls"
)

// From linux/seccomp.h.
const (
	newListener = 8          // SECCOMP_FILTER_FLAG_NEW_LISTENER
	modeFilter  = 2          // SECCOMP_MODE_FILTER
	actionBits  = 0xffff0000 // SECCOMP_RET_ACTION_FULL
)

// From linux/bpf_common.h: the instructions with which a filter answers, the only ones
// that the kernel lets it have (seccomp_check_filter in kernel/seccomp.c), and how many
// there can be of any kind.
const (
	returnValue     = 0x06 // BPF_RET|BPF_K
	returnComputed  = 0x16 // BPF_RET|BPF_A
	maxInstructions = 4096 // BPF_MAXINSNS
)

// filter looks at the seccomp filter that the step installs. One with a listener and
// one that asks for a tracer are told: an engine's own filter may lose calls to them.
// It reports false for all others, which can only refuse calls, or kill: those calls
// do not happen.
//
// A listener is told without a look at the program. Whether the kernel takes it is for
// the outcome to say.
func (c *Call) filter(abi syscalls.ABI, args *[6]uint64, mem Memory) (ok bool, err error) {
	s := c.Spec
	switch how := syscalls.A1.Of(args); {
	case s.Style == syscalls.FilterProgram && how&newListener != 0:
		c.Listens = true
		return true, nil
	case s.Style == syscalls.FilterMode && how != modeFilter:
		return false, nil
	}
	program, err := filterProgram(abi, s.Flags.Of(args), mem)
	if err != nil || !asksTracer(program) {
		return false, err
	}
	c.Detail = "seccomp filter for a tracer"
	return true, nil
}

// filterProgram reads the program that a struct sock_fprog leads to: a length in 16
// bits, and a pointer, aligned. It returns none if the kernel takes none of that length.
func filterProgram(abi syscalls.ABI, addr uint64, mem Memory) ([]byte, error) {
	pointer := 8
	if abi == syscalls.I386 {
		pointer = 4
	}
	b := make([]byte, 2*pointer)
	if err := mem.Read(addr, b); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint16(b)
	if n == 0 || n > maxInstructions {
		return nil, nil
	}
	program := make([]byte, 8*int(n))
	if err := mem.Read(word(b[pointer:], pointer), program); err != nil {
		return nil, err
	}
	return program, nil
}

// asksTracer reports whether a filter has an instruction that answers with
// SECCOMP_RET_TRACE, or with what it has computed, which may be that. Whether the
// instruction is ever reached is not asked. A struct sock_filter has its code in the
// first 16 bits, its value in the last 32.
func asksTracer(program []byte) bool {
	for ; len(program) >= 8; program = program[8:] {
		switch binary.LittleEndian.Uint16(program) {
		case returnComputed:
			return true
		case returnValue:
			if binary.LittleEndian.Uint32(program[4:])&actionBits == syscalls.RetTrace {
				return true
			}
		}
	}
	return false
}
