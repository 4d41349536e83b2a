package syscalls

import (
	"slices"

	"deptrace/trace/event"
)

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
	jump      = 0x05 // BPF_JMP|BPF_JA: over K instructions, all 32 bits of it
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
// call of an ABI that has no table (see [Knows]), and for numbers that are beyond the
// table; with an error for those that are to be refused; and lets all others pass.
//
// It has a section for each ABI, the native one first. An i386 call that a 64-bit
// program makes with int 0x80 has the program's whole registers for arguments, though
// the kernel takes their lower halves only (seen on Linux 6.18). Junk in an upper half
// makes the filter stop once too often at most, because no condition asks for a value
// there; the decoder cuts it off.
//
// The number is looked for by halves. Where nothing is traced that costs nothing: since
// 5.11 the kernel finds out by itself for which numbers the answer is always RetAllow,
// and does not run the program for them (seccomp_cache_prepare in kernel/seccomp.c; it
// follows exactly the instructions that are used here before an argument is loaded). But
// it finds out by running the program for every number there is when the filter is
// installed, which took 0.5 ms of a step's start with one comparison after the other.
func Program(native ABI, action uint32, o Options) []Instruction {
	p := append(make([]Instruction, 0, 1024), Instruction{load, 0, 0, dataArch})
	for a := range numABI { // AMD64 comes before I386
		if !Knows(native, a) {
			continue
		}
		p = append(p, Instruction{jumpEqual, 1, 0, a.auditArch()}, Instruction{})
		over := len(p)
		p = section(p, a, action, o)
		p[over-1] = Instruction{jump, 0, 0, uint32(len(p) - over)}
	}
	return append(p, Instruction{ret, 0, 0, action})
}

// section appends the instructions for the calls of an ABI. Each way through them ends
// in an answer.
func section(p []Instruction, abi ABI, action uint32, o Options) []Instruction {
	allow, stop := []Instruction{{ret, 0, 0, RetAllow}}, []Instruction{{ret, 0, 0, action}}
	// All bodies are in one slice: an allocation for each was a tenth of a millisecond of a
	// step's start.
	bodies, ranges := make([]Instruction, 0, 512), make([]span, 0, 256)
	from := func(nr uint32, body []Instruction) {
		if n := len(ranges); n == 0 || !slices.Equal(ranges[n-1].body, body) {
			ranges = append(ranges, span{nr, body})
		}
	}
	for nr, s := range index[abi][:last[abi]+1] {
		body := allow
		if s != nil {
			end := len(bodies)
			bodies = s.body(bodies, action, o)
			if own := bodies[end:len(bodies):len(bodies)]; len(own) > 0 {
				body = own
			}
		}
		from(uint32(nr), body)
	}
	from(uint32(last[abi]+1), stop) // newer than the table, or x32
	from(noCall, allow)             // negative: no call at all
	return search(append(p, Instruction{load, 0, 0, dataNr}), ranges)
}

// span is a number and the instructions for it and those above it, up to the next
// span.
type span struct {
	from uint32
	body []Instruction
}

// search appends the instructions that find the span of the number, which is loaded.
func search(p []Instruction, spans []span) []Instruction {
	if len(spans) == 1 {
		return append(p, spans[0].body...)
	}
	below, above := halves(spans)
	if n := size(below); n <= 255 {
		p = append(p, Instruction{jumpGE, uint8(n), 0, above[0].from})
	} else { // that does not fit
		p = append(p, Instruction{jumpGE, 0, 1, above[0].from}, Instruction{jump, 0, 0, uint32(n)})
	}
	return search(search(p, below), above)
}

func halves(spans []span) (below, above []span) {
	half := len(spans) / 2
	return spans[:half], spans[half:]
}

// size is how many instructions search appends.
func size(spans []span) int {
	if len(spans) == 1 {
		return len(spans[0].body)
	}
	below, above := halves(spans)
	n := size(below)
	if n > 255 {
		n++
	}
	return 1 + n + size(above)
}

// body appends the instructions for the calls of a row, none if no call is of interest.
// Each way through them ends in an answer.
func (s *Spec) body(p []Instruction, action uint32, o Options) []Instruction {
	switch {
	case s.Refuse != 0:
		return append(p, Instruction{ret, 0, 0, RetErrno | uint32(s.Refuse)})
	case s.Op != event.None && !s.OnDemand, s.Moves, s.OnDemand && o.Descriptors, o.Stdin && s.Style == ControlBlocks:
	case o.Stdin && s.Reads != NoArg:
		c := is(s.Reads, 0)
		p = append(c.test(p, 1), Instruction{ret, 0, 0, RetAllow})
	default:
		return p
	}
	conditions := s.Any
	if o.Stdin && len(s.MayRead) > 0 {
		conditions = slices.Concat(s.Any, s.MayRead)
	}
	for i := range conditions {
		p = append(conditions[i].test(p, 0), Instruction{ret, 0, 0, action})
	}
	if len(conditions) > 0 {
		return append(p, Instruction{ret, 0, 0, RetAllow})
	}
	return append(p, Instruction{ret, 0, 0, action})
}

// test appends the instructions that compare an argument. Where the condition
// holds, they go on with the instruction that follows them, or leave out skip
// ones; where it does not hold, the other way round: it is skip 0 or 1, and the
// other case leaves out 1 or 0.
func (c *Cond) test(p []Instruction, skip uint8) []Instruction {
	at := dataArgs + 8*uint32(c.Arg-1)
	yes, no := skip, 1-skip
	low, high := uint32(c.Mask), uint32(c.Mask>>32)
	if !c.Equal {
		if high == 0 {
			return append(p, Instruction{load, 0, 0, at}, Instruction{jumpSet, yes, no, low})
		}
		return append(p,
			Instruction{load, 0, 0, at}, Instruction{jumpSet, 2 + yes, 0, low},
			Instruction{load, 0, 0, at + 4}, Instruction{jumpSet, yes, no, high})
	}
	return append(p, Instruction{load, 0, 0, at}, Instruction{and, 0, 0, low}, Instruction{jumpEqual, yes, no, uint32(c.Value)})
}
