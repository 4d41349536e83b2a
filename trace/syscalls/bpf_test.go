package syscalls

import (
	"encoding/binary"
	"fmt"
	"testing"

	"deptrace/trace/event"
)

// data is a struct seccomp_data.
func data(arch uint32, nr uint32, args [6]uint64) []byte {
	b := make([]byte, 64)
	binary.LittleEndian.PutUint32(b, nr)
	binary.LittleEndian.PutUint32(b[4:], arch)
	for i, a := range args {
		binary.LittleEndian.PutUint64(b[16+8*i:], a)
	}
	return b
}

// run interprets a program as the kernel does (kernel/bpf/core.c, for the instructions
// that are in use), and reports whether it looked at an argument.
func run(p []Instruction, data []byte) (answer uint32, arguments bool, err error) {
	var acc uint32
	for pc := 0; pc < len(p); pc++ {
		in := p[pc]
		var holds bool
		switch in.Code {
		case load:
			if in.K%4 != 0 || int(in.K)+4 > len(data) {
				return 0, false, fmt.Errorf("%d: load from %d", pc, in.K)
			}
			arguments = arguments || in.K >= dataArgs
			acc = binary.LittleEndian.Uint32(data[in.K:])
			continue
		case and:
			acc &= in.K
			continue
		case ret:
			return in.K, arguments, nil
		case jump:
			pc += int(in.K)
			continue
		case jumpEqual:
			holds = acc == in.K
		case jumpGE:
			holds = acc >= in.K
		case jumpSet:
			holds = acc&in.K != 0
		default:
			return 0, false, fmt.Errorf("%d: instruction %#x", pc, in.Code)
		}
		if holds {
			pc += int(in.JT)
		} else {
			pc += int(in.JF)
		}
	}
	return 0, false, fmt.Errorf("the program has no end")
}

var allOptions = []Options{{}, {Descriptors: true}, {Stdin: true}, {Descriptors: true, Stdin: true}}

const testAction = RetTrace | 7

// The filter and Matters are two forms of one decision.
func TestProgramAgreesWithMatters(t *testing.T) {
	// One or the other half of a word, the values that rows ask for, and their neighbours.
	values := []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 17, 18, 19, 20, 22, 1030, 1 << 32, 7 << 32, 1030 | 1<<32, 0xffffff9c, 1<<64 - 100, 1<<64 - 1,
		CloneUntraced, 0x20000, CloneNewTime, 0x40000000, 0x7f0000001000, 0x1000, 0xffffffff00000000}
	for _, tt := range []struct{ native, abi ABI }{{AMD64, AMD64}, {AMD64, I386}, {I386, I386}, {ARM64, ARM64}} {
		a := tt.abi
		for _, o := range allOptions {
			p := Program(tt.native, testAction, o)
			for nr := range uint64(600) {
				s := Lookup(a, nr)
				try := func(args [6]uint64) {
					told, reads := o.Matters(s, args)
					want := uint32(RetAllow)
					switch {
					case s != nil && s.Refuse != 0:
						want = RetErrno | 38
					case told || reads:
						want = testAction
					}
					got, arguments, err := run(p, data(a.auditArch(), uint32(nr), args))
					if err != nil {
						t.Fatal(err)
					}
					if got != want {
						t.Fatalf("%v, %+v: call %d(%#x) is answered with %#x, want %#x", tt, o, nr, args, got, want)
					}
					if arguments && (s == nil || s.body(nil, testAction, o) == nil) {
						t.Fatalf("%v, %+v: an argument of call %d was looked at, which keeps the kernel from caching the answer", tt, o, nr)
					}
				}
				for _, other := range []uint64{0, 14} { // no row asks for 14
					args := [6]uint64{other, other, other, other, other, other}
					try(args)
					if s == nil {
						continue
					}
					for i := range args {
						for _, v := range values {
							with := args
							with[i] = v
							try(with)
							with[0] = v
							try(with)
						}
					}
				}
			}
		}
	}
}

func TestProgramAnswers(t *testing.T) {
	x86, i386, arm := uint32(0xc000003e), uint32(0x40000003), uint32(0xc00000b7)
	const refused = 0x00050000 | 38
	for name, tt := range map[string]struct {
		native ABI
		o      Options
		arch   uint32
		nr     uint32
		args   [6]uint64
		want   uint32
	}{
		"openat":                              {AMD64, Options{}, x86, 257, [6]uint64{}, testAction},
		"getpid":                              {AMD64, Options{}, x86, 39, [6]uint64{}, RetAllow},
		"write":                               {AMD64, Options{true, true}, x86, 1, [6]uint64{}, RetAllow},
		"i386 getpid":                         {AMD64, Options{}, i386, 20, [6]uint64{}, RetAllow},
		"i386 close, the number of lstat":     {AMD64, Options{}, i386, 6, [6]uint64{}, RetAllow},
		"i386 openat":                         {AMD64, Options{}, i386, 295, [6]uint64{}, testAction},
		"i386 io_uring_setup":                 {AMD64, Options{}, i386, 425, [6]uint64{}, refused},
		"i386, the last call":                 {AMD64, Options{}, i386, 471, [6]uint64{}, RetAllow},
		"i386, a call of the future":          {AMD64, Options{}, i386, 472, [6]uint64{}, testAction},
		"i386, an x32 number":                 {AMD64, Options{}, i386, 0x40000000 | 20, [6]uint64{}, testAction},
		"i386 syscall(-1)":                    {AMD64, Options{}, i386, 0xffffffff, [6]uint64{}, RetAllow},
		"i386 statx of a descriptor":          {AMD64, Options{}, i386, 383, [6]uint64{3, 0, 0x1000}, RetAllow},
		"i386 statx of the working directory": {AMD64, Options{}, i386, 383, [6]uint64{0xffffff9c, 0, 0x1000}, testAction},
		"i386 statx, junk in the register":    {AMD64, Options{}, i386, 383, [6]uint64{3<<32 | 0xffffff9c, 0, 0x1000}, testAction},
		"i386 close on demand":                {AMD64, Options{Descriptors: true}, i386, 6, [6]uint64{}, testAction},
		"i386 read of stdin":                  {AMD64, Options{Stdin: true}, i386, 3, [6]uint64{}, testAction},
		"amd64 on i386":                       {I386, Options{}, x86, 39, [6]uint64{}, testAction},
		"i386 on arm64":                       {ARM64, Options{}, i386, 20, [6]uint64{}, testAction},
		"arm on arm64":                        {ARM64, Options{}, 0x40000028, 20, [6]uint64{}, testAction},
		"nothing is known":                    {Unknown, Options{}, 0, 39, [6]uint64{}, testAction},
		"socketcall of socket":                {AMD64, Options{Stdin: true}, i386, 102, [6]uint64{1}, RetAllow},
		"socketcall of connect":               {AMD64, Options{}, i386, 102, [6]uint64{3}, testAction},
		"socketcall of recv":                  {AMD64, Options{Stdin: true}, i386, 102, [6]uint64{10}, testAction},
		"socketcall of recv, nobody asks":     {AMD64, Options{}, i386, 102, [6]uint64{10}, RetAllow},
		"an arm64 call on amd64":              {AMD64, Options{}, arm, 56, [6]uint64{}, testAction},
		"an x32 call":                         {AMD64, Options{}, x86, 0x40000000 | 39, [6]uint64{}, testAction},
		"syscall(-1)":                         {AMD64, Options{}, x86, 0xffffffff, [6]uint64{}, RetAllow},
		"a call of the future":                {AMD64, Options{}, x86, 472, [6]uint64{}, testAction},
		"a call of the future, arm64":         {ARM64, Options{}, arm, 472, [6]uint64{}, testAction},
		"the last call":                       {AMD64, Options{}, x86, 471, [6]uint64{}, RetAllow},
		"openat on arm64":                     {ARM64, Options{}, arm, 56, [6]uint64{}, testAction},
		"close on arm64":                      {ARM64, Options{}, arm, 57, [6]uint64{}, RetAllow},
		"close on demand":                     {ARM64, Options{Descriptors: true}, arm, 57, [6]uint64{}, testAction},
		"io_uring_setup":                      {AMD64, Options{}, x86, 425, [6]uint64{}, refused},
		"io_uring_enter":                      {AMD64, Options{}, x86, 426, [6]uint64{}, testAction},
		"fork by clone":                       {AMD64, Options{}, x86, 56, [6]uint64{0x1200011}, RetAllow},
		"clone with an exit signal of 0x80":   {AMD64, Options{}, x86, 56, [6]uint64{0x80}, RetAllow},
		"clone of a user namespace":           {AMD64, Options{}, x86, 56, [6]uint64{0x10000011}, testAction},
		"clone of a thread":                   {AMD64, Options{}, x86, 56, [6]uint64{0x3d0f00}, RetAllow},
		"clone that shares a directory":       {AMD64, Options{}, x86, 56, [6]uint64{0x211}, testAction},
		"fchdir":                              {ARM64, Options{}, arm, 50, [6]uint64{3}, testAction},
		"clone untraced":                      {ARM64, Options{}, arm, 220, [6]uint64{0x00800011}, testAction},
		"unshare of descriptors":              {AMD64, Options{}, x86, 272, [6]uint64{0x600}, RetAllow},
		"unshare of the clock":                {AMD64, Options{}, x86, 272, [6]uint64{0x80}, testAction},
		"sendto without an address":           {AMD64, Options{}, x86, 44, [6]uint64{3, 1, 1, 1, 0, 16}, RetAllow},
		"sendto":                              {AMD64, Options{}, x86, 44, [6]uint64{3, 1, 1, 1, 0x1000, 16}, testAction},
		"an address above 4 GiB":              {AMD64, Options{}, x86, 44, [6]uint64{3, 1, 1, 1, 1 << 32, 16}, testAction},
		"statx of a descriptor":               {AMD64, Options{}, x86, 332, [6]uint64{3, 0, 0x1000}, RetAllow},
		"statx of the working directory":      {AMD64, Options{}, x86, 332, [6]uint64{1<<64 - 100, 0, 0x1000}, testAction},
		"statx, AT_FDCWD not extended":        {AMD64, Options{}, x86, 332, [6]uint64{0xffffff9c, 0, 0x1000}, testAction},
		"newfstatat":                          {AMD64, Options{}, x86, 262, [6]uint64{3, 0x7f0000000000}, testAction},
		"seccomp, strict":                     {AMD64, Options{}, x86, 317, [6]uint64{0, 0}, RetAllow},
		"seccomp with a question":             {AMD64, Options{}, x86, 317, [6]uint64{2, 0, 0x1000}, RetAllow},
		"seccomp without a listener":          {AMD64, Options{}, x86, 317, [6]uint64{1, 1}, testAction},
		"seccomp with a listener":             {AMD64, Options{}, x86, 317, [6]uint64{1, 9}, testAction},
		"prctl with a filter":                 {AMD64, Options{}, x86, 157, [6]uint64{22, 2}, testAction},
		"prctl with a name":                   {AMD64, Options{}, x86, 157, [6]uint64{15, 2}, RetAllow},
		"bpf without a path":                  {AMD64, Options{}, x86, 321, [6]uint64{5}, RetAllow},
		"bpf with a path":                     {AMD64, Options{}, x86, 321, [6]uint64{7}, testAction},
		"fcntl F_DUPFD":                       {AMD64, Options{Descriptors: true}, x86, 72, [6]uint64{3, 0}, testAction},
		"fcntl F_DUPFD_CLOEXEC":               {AMD64, Options{Descriptors: true}, x86, 72, [6]uint64{3, 1030}, testAction},
		"fcntl F_GETFL":                       {AMD64, Options{Descriptors: true}, x86, 72, [6]uint64{3, 3}, RetAllow},
		"close_range that only marks":         {AMD64, Options{Descriptors: true}, x86, 436, [6]uint64{3, 9, 4}, RetAllow},
		"read of stdin":                       {AMD64, Options{Stdin: true}, x86, 0, [6]uint64{0}, testAction},
		"read of stdin, nobody asks":          {AMD64, Options{}, x86, 0, [6]uint64{0}, RetAllow},
		"read of another":                     {AMD64, Options{Stdin: true}, x86, 0, [6]uint64{3}, RetAllow},
		"read of stdin, junk in the register": {AMD64, Options{Stdin: true}, x86, 0, [6]uint64{1 << 32}, testAction},
		"sendfile from stdin":                 {AMD64, Options{Stdin: true}, x86, 40, [6]uint64{1, 0}, testAction},
		"sendfile to stdin":                   {AMD64, Options{Stdin: true}, x86, 40, [6]uint64{0, 1}, RetAllow},
		"dup of stdin":                        {AMD64, Options{Stdin: true}, x86, 32, [6]uint64{0}, testAction},
		"dup of another":                      {AMD64, Options{Stdin: true}, x86, 32, [6]uint64{1}, RetAllow},
		"fcntl F_DUPFD of stdin":              {AMD64, Options{Stdin: true}, x86, 72, [6]uint64{0, 0}, testAction},
		"fcntl F_GETFL of stdin":              {AMD64, Options{Stdin: true}, x86, 72, [6]uint64{0, 3}, RetAllow},
		"io_submit":                           {AMD64, Options{Stdin: true}, x86, 209, [6]uint64{9}, testAction},
	} {
		got, _, err := run(Program(tt.native, testAction, tt.o), data(tt.arch, tt.nr, tt.args))
		if err != nil || got != tt.want {
			t.Errorf("%s: got %#x, %v, want %#x", name, got, err, tt.want)
		}
	}
}

// The kernel takes at most 4096 instructions (BPF_MAXINSNS) and no jump out of them;
// offsets are bytes, so a body must be short.
func TestProgramIsValid(t *testing.T) {
	for _, a := range abis {
		for _, o := range allOptions {
			p := Program(a, RetUserNotif, o)
			if len(p) > 4096 {
				t.Errorf("%v, %+v: %d instructions", a, o, len(p))
			}
			for pc, in := range p {
				farthest := pc + 1 + int(max(in.JT, in.JF))
				if in.Code == jump {
					farthest = pc + 1 + int(in.K)
				}
				if in.Code&7 == 5 && farthest >= len(p) {
					t.Errorf("%v, %+v: the jump at %d goes to %d, the length is %d", a, o, pc, farthest, len(p))
				}
			}
			if p[len(p)-1].Code != ret {
				t.Errorf("%v, %+v: the last instruction is %v", a, o, p[len(p)-1])
			}
			All(func(s *Spec) {
				if body := s.body(nil, RetTrace, o); len(body) > 255 {
					t.Errorf("%v: the body of %s has %d instructions", a, s.Name, len(body))
				}
			})
		}
	}
}

func TestMattersOfNothing(t *testing.T) {
	if told, reads := (Options{true, true}).Matters(nil, [6]uint64{}); told || reads {
		t.Errorf("got %v, %v, want false, false", told, reads)
	}
	if told, _ := (Options{}).Matters(&Newer, [6]uint64{}); !told || Newer.Op != event.Incomplete {
		t.Error("a call that is not known does not matter")
	}
}

func BenchmarkProgram(b *testing.B) {
	for b.Loop() {
		Program(AMD64, RetTrace, Options{})
	}
}
