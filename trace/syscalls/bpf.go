package syscalls

import "deptrace/trace/event"

// Instruction is one instruction of a classic BPF program, laid out as struct
// sock_filter of linux/filter.h.
type Instruction struct {
	Code   uint16
	JT, JF uint8
	K      uint32
}

// What a filter can answer, from linux/seccomp.h. The lower 16 bits of RetTrace and
// RetErrno are data.
const (
	RetTrace     = 0x7ff00000
	RetUserNotif = 0x7fc00000
	RetErrno     = 0x00050000
	RetAllow     = 0x7fff0000
)

// The instructions in use, from linux/bpf_common.h.
const (
	load      = 0x20 // BPF_LD|BPF_W|BPF_ABS: A = word at K
	jumpEqual = 0x15 // BPF_JMP|BPF_JEQ|BPF_K
	jumpGE    = 0x35 // BPF_JMP|BPF_JGE|BPF_K, unsigned
	jumpSet   = 0x45 // BPF_JMP|BPF_JSET|BPF_K: A & K != 0
	and       = 0x54 // BPF_ALU|BPF_AND|BPF_K
	ret       = 0x06 // BPF_RET|BPF_K
)

// The offsets in struct seccomp_data. An argument's low word comes first: all ABIs
// here are little-endian.
const (
	dataNr   = 0
	dataArch = 4
	dataArgs = 16
)

// Program returns a seccomp filter for processes of the ABI native. It answers
// with action for the calls that concern an engine (see [Options.Matters]), for every
// call of another ABI, and for numbers that are beyond the table; with an error for
// those that are to be refused; and lets all others pass.
//
// The number is compared with one row after the other. That costs nothing where
// nothing is traced: since 5.11 the kernel finds out by itself for which numbers
// the answer is always RetAllow, and does not run the program for them
// (seccomp_cache_prepare in kernel/seccomp.c; it follows exactly the instructions
// that are used here before an argument is loaded).
func Program(native ABI, action uint32, o Options) []Instruction {
	p := []Instruction{
		{load, 0, 0, dataArch},
		{jumpEqual, 1, 0, native.auditArch()},
		{ret, 0, 0, action},
		{load, 0, 0, dataNr},
		// A negative number is no call at all, a high one is x32 or newer than the table.
		{jumpGE, 0, 1, noCall},
		{ret, 0, 0, RetAllow},
		{jumpGE, 0, 1, uint32(last[native] + 1)},
		{ret, 0, 0, action},
	}
	All(func(s *Spec) {
		nr := s.Nr.Of(native)
		if nr == none {
			return
		}
		body := s.body(action, o)
		if body == nil {
			return
		}
		// No body is long enough for its length not to fit: a test says so.
		p = append(p, Instruction{jumpEqual, 0, uint8(len(body)), uint32(nr)})
		p = append(p, body...)
	})
	return append(p, Instruction{ret, 0, 0, RetAllow})
}

// body returns the instructions for the calls of a row, nil if none is of interest.
// Each way through them ends in an answer.
func (s *Spec) body(action uint32, o Options) []Instruction {
	var p []Instruction
	switch {
	case s.Refuse != 0:
		return []Instruction{{ret, 0, 0, RetErrno | uint32(s.Refuse)}}
	case s.Op != event.None && !s.OnDemand, s.OnDemand && o.Descriptors, o.Stdin && s.Style == ControlBlocks:
	case o.Stdin && s.Reads != NoArg:
		c := is(s.Reads, 0)
		p = append(c.test(1), Instruction{ret, 0, 0, RetAllow})
	default:
		return nil
	}
	for i := range s.Any {
		p = append(p, s.Any[i].test(0)...)
		p = append(p, Instruction{ret, 0, 0, action})
	}
	if len(s.Any) > 0 {
		return append(p, Instruction{ret, 0, 0, RetAllow})
	}
	return append(p, Instruction{ret, 0, 0, action})
}

// test returns the instructions that compare an argument. Where the condition
// holds, they go on with the instruction that follows them, or leave out skip
// ones; where it does not hold, the other way round: it is skip 0 or 1, and the
// other case leaves out 1 or 0.
func (c *Cond) test(skip uint8) []Instruction {
	at := dataArgs + 8*uint32(c.Arg-1)
	yes, no := skip, 1-skip
	low, high := uint32(c.Mask), uint32(c.Mask>>32)
	if !c.Equal {
		if high == 0 {
			return []Instruction{{load, 0, 0, at}, {jumpSet, yes, no, low}}
		}
		return []Instruction{
			{load, 0, 0, at}, {jumpSet, 2 + yes, 0, low},
			{load, 0, 0, at + 4}, {jumpSet, yes, no, high},
		}
	}
	p := []Instruction{{load, 0, 0, at}, {and, 0, 0, low}}
	if high == 0 {
		return append(p, Instruction{jumpEqual, yes, no, uint32(c.Value)})
	}
	return append(p,
		Instruction{jumpEqual, 0, 3 + no, uint32(c.Value)},
		Instruction{load, 0, 0, at + 4}, Instruction{and, 0, 0, high},
		Instruction{jumpEqual, yes, no, uint32(c.Value >> 32)})
}
