package syscalls

import "testing"

// reading has every call that takes data out of a descriptor or duplicates it, its
// numbers by ABI, and the argument that is this descriptor, counted from 0 (manual
// pages).
var reading = map[string]struct{ amd64, i386, arm64, arg int }{
	"read":            {0, 3, 63, 0},
	"pread64":         {17, 180, 67, 0},
	"readv":           {19, 145, 65, 0},
	"preadv":          {295, 333, 69, 0},
	"preadv2":         {327, 378, 286, 0},
	"sendfile":        {40, 187, 71, 1},
	"sendfile64":      {none, 239, none, 1},
	"copy_file_range": {326, 377, 285, 0},
	"splice":          {275, 313, 76, 0},
	"tee":             {276, 315, 77, 0},
	"vmsplice":        {278, 316, 75, 0},
	"io_submit":       {209, 248, 2, inMemory},
	"recvfrom":        {45, 371, 207, 0},
	"recvmsg":         {47, 372, 212, 0},
	"recvmmsg":        {299, 337, 243, 0},
	"recvmmsg_time64": {none, 417, none, 0},
	"accept":          {43, none, 202, 0},
	"accept4":         {288, 364, 242, 0},
	"dup":             {32, 41, 23, 0},
	"dup2":            {33, 63, none, 0},
	"dup3":            {292, 330, 24, 0},
	"fcntl":           {72, 55, 25, 0}, // with a second argument of 0 or 1030 only
	"fcntl64":         {none, 221, none, 0},
}

const inMemory = -1 // where a filter cannot see it

// The filter stops for each of them if the descriptor is 0 and somebody asks for it, and
// otherwise not.
func TestReading(t *testing.T) {
	for name, tt := range reading {
		for a, nr := range map[ABI]int{AMD64: tt.amd64, I386: tt.i386, ARM64: tt.arm64} {
			if nr == none {
				continue
			}
			from := func(fd uint64) [6]uint64 {
				args := [6]uint64{9, 9, 9, 9, 9, 9}
				if name == "fcntl" || name == "fcntl64" {
					args[1] = 1030
				}
				if tt.arg != inMemory {
					args[tt.arg] = fd
				}
				return args
			}
			other := uint32(RetAllow)
			if tt.arg == inMemory {
				other = testAction
			}
			for _, c := range []struct {
				o    Options
				fd   uint64
				want uint32
			}{{Options{Stdin: true}, 0, testAction}, {Options{Stdin: true}, 3, other}, {Options{}, 0, RetAllow}} {
				got, _, err := run(Program(a, testAction, c.o), data(a.auditArch(), uint32(nr), from(c.fd)))
				if err != nil || got != c.want {
					t.Errorf("%s of %d, %v, %+v: got %#x, %v, want %#x", name, c.fd, a, c.o, got, err, c.want)
				}
			}
		}
	}
	All(func(s *Spec) {
		tt, ok := reading[s.Name]
		if reads := s.Reads != NoArg || s.Style == ControlBlocks; reads != ok {
			t.Errorf("%s: reads is %v, and it is in the list of those that do: %v", s.Name, reads, ok)
		}
		if ok && (s.Nr.Of(AMD64) != tt.amd64 || s.Nr.Of(I386) != tt.i386 || s.Nr.Of(ARM64) != tt.arm64) {
			t.Errorf("%s: the row has the numbers %v, want %v", s.Name, s.Nr, tt)
		}
	})
}
