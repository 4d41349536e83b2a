package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/syscalls"

	"github.com/google/go-cmp/cmp"
)

// memory is a process's memory: pieces by their first address.
type memory map[uint64][]byte

func (m memory) String(addr uint64) (string, error) {
	b, ok := m.at(addr)
	if i := bytes.IndexByte(b, 0); ok && i >= 0 {
		return string(b[:i]), nil
	}
	return "", ErrFault
}

func (m memory) Read(addr uint64, buf []byte) error {
	b, ok := m.at(addr)
	if !ok || len(b) < len(buf) {
		return ErrFault
	}
	copy(buf, b)
	return nil
}

func (m memory) at(addr uint64) ([]byte, bool) {
	for start, b := range m {
		if addr >= start && addr < start+uint64(len(b)) {
			return b[addr-start:], true
		}
	}
	return nil, false
}

func bytesOf(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case uint16, uint32, uint64:
			b, _ = binary.Append(b, binary.LittleEndian, p)
		case port:
			b = binary.BigEndian.AppendUint16(b, uint16(p))
		}
	}
	return b
}

type port uint16

// What is in the memory of all tests.
const (
	pa = 0x1000 // "/a"
	pb = 0x1100 // "b"
	pe = 0x1200 // ""
	// The attribute that holds an access control list.
	pacl = 0x1300 // "system.posix_acl_access"
	bad  = 0x9999999

	howRead   = 0x2000 // struct open_how
	howInRoot = 0x2100
	cloneUser = 0x2200 // struct clone_args
	cloneFork = 0x2300
	cloneAway = 0x2400
	cloneHere = 0x2480
	cloneAs   = 0x2500

	saUnix     = 0x3000 // struct sockaddr
	saAbstract = 0x3100
	saInet     = 0x3200
	saInet6    = 0x3300
	saNetlink  = 0x3400
	saUnspec   = 0x3500
	saVsock    = 0x3600
	saAt       = 0x3700
	saMapped   = 0x3800

	msgInet   = 0x4000 // struct msghdr of 64 and of 32 bits
	msgInet32 = 0x4100
	msgNone   = 0x4200
	msgs      = 0x5000 // struct mmsghdr
	msgs32    = 0x5200
	msgsTwo   = 0x5400

	blocks     = 0x6000 // pointers to struct iocb
	blocks32   = 0x6100
	manyBlocks = 0x4000000 // pointers to the second one, as many as are looked at
	block1     = 0x6200
	block2     = 0x6300

	filterTrace    = 0x7000 // struct sock_fprog of 64 and of 32 bits
	filterTrace32  = 0x7100
	filterComputes = 0x7200
	filterRefuses  = 0x7300
	filterNone     = 0x7400
	filterLongest  = 0x7500
	filterTooLong  = 0x7600
	filterNowhere  = 0x7700
	programTrace   = 0x7800 // struct sock_filter
	programRefuses = 0x7900
	programLong    = 0x10000

	subBind       = 0x8000 // arguments of socketcall
	subConnect    = 0x8100
	subConnect0   = 0x8200
	subSendto     = 0x8300
	subSendtoPeer = 0x8400
	subSendmsg    = 0x8500
	subSendmmsg   = 0x8600
	sub0          = 0x8700
	sub3          = 0x8800
	subNowhere    = 0x8900
)

var mem = memory{
	pa: bytesOf("/a\x00"), pb: bytesOf("b\x00"), pe: bytesOf("\x00"),
	pacl: bytesOf("system.posix_acl_access\x00"),

	howRead:   bytesOf(uint64(oCreat|oWrOnly|oAppend), uint64(0644), uint64(4)),
	howInRoot: bytesOf(uint64(0), uint64(0), uint64(resolveInRoot)),
	cloneUser: bytesOf(uint64(0x10000000), string(make([]byte, 80))),
	cloneFork: bytesOf(uint64(0x4100), string(make([]byte, 80))), // CLONE_VM|CLONE_VFORK: posix_spawn
	cloneAway: bytesOf(uint64(0x00800000), string(make([]byte, 80))),
	cloneAs:   bytesOf(uint64(0), string(make([]byte, 56)), uint64(0x3000), uint64(1)), // set_tid
	cloneHere: bytesOf(uint64(0x200), string(make([]byte, 80))),                        // CLONE_FS

	saUnix:     bytesOf(uint16(1), "sock\x00junk", string(make([]byte, 99))),
	saAbstract: bytesOf(uint16(1), "\x00a\x00b"),
	saInet:     bytesOf(uint16(2), port(80), "\x7f\x00\x00\x01", uint64(0)),
	saInet6:    bytesOf(uint16(10), port(443), uint32(0), string(make([]byte, 15)), "\x01", uint32(0)),
	saMapped:   bytesOf(uint16(10), port(443), uint32(0), string(make([]byte, 10)), "\xff\xff\x7f\x00\x00\x01", uint32(0)),
	saNetlink:  bytesOf(uint16(16), uint16(0), uint64(0)),
	saUnspec:   bytesOf(uint16(0), port(53), "\x0a\x00\x00\x01", uint64(0)),
	saVsock:    bytesOf(uint16(40), string(make([]byte, 14))),
	saAt:       bytesOf(uint16(1), "@a"),

	msgInet:   bytesOf(uint64(saInet), uint32(16), uint32(0), string(make([]byte, 40))),
	msgInet32: bytesOf(uint32(saInet), uint32(16), string(make([]byte, 20))),
	msgNone:   make([]byte, 56),
	msgs: bytesOf(string(make([]byte, 64)), uint64(saUnix), uint32(7), string(make([]byte, 52)),
		uint64(saUnix), uint32(7), string(make([]byte, 52))),
	msgs32:  bytesOf(string(make([]byte, 32)), uint32(saUnix), uint32(7), string(make([]byte, 24))),
	msgsTwo: bytesOf(uint64(saUnix), uint32(7), string(make([]byte, 52)), uint64(saInet), uint32(16), string(make([]byte, 52))),

	blocks:     bytesOf(uint64(block1), uint64(block2)),
	blocks32:   bytesOf(uint32(block1), uint32(block2)),
	manyBlocks: bytes.Repeat(bytesOf(uint64(block1)), 1025),
	block1:     bytesOf(uint64(0), uint64(0), uint16(1), uint16(0), uint32(0)), // writes to 0
	block2:     bytesOf(uint64(0), uint64(0), uint16(0), uint16(0), uint32(0)), // reads from 0

	filterTrace:    bytesOf(uint16(3), "padded", uint64(programTrace)),
	filterTrace32:  bytesOf(uint16(3), "pa", uint32(programTrace)),
	filterComputes: bytesOf(uint16(1), "padded", uint64(programTrace+24)),
	filterRefuses:  bytesOf(uint16(7), "padded", uint64(programRefuses)),
	filterNone:     bytesOf(uint16(0), "padded", uint64(programTrace)),
	filterLongest:  bytesOf(uint16(4096), "padded", uint64(programLong)),
	filterTooLong:  bytesOf(uint16(4097), "padded", uint64(programLong)),
	filterNowhere:  bytesOf(uint16(1), "padded", uint64(bad)),
	programTrace: bytesOf(
		instruction(0x20, 0),           // BPF_LD|BPF_W|BPF_ABS
		instruction(0x06, 0x7ff01234),  // SECCOMP_RET_TRACE with data
		instruction(0x06, 0x7fff0000),  // SECCOMP_RET_ALLOW
		instruction(0x16, 0x7fff0000)), // BPF_RET|BPF_A
	programRefuses: bytesOf(
		instruction(0x15, 0x7ff00000), // a comparison with it is no answer
		instruction(0x06, 0x00050001), // SECCOMP_RET_ERRNO
		instruction(0x06, 0x00030000), // SECCOMP_RET_TRAP
		instruction(0x06, 0x80000000), // SECCOMP_RET_KILL_PROCESS
		instruction(0x06, 0x7fc00000), // SECCOMP_RET_USER_NOTIF: ENOSYS without a listener
		instruction(0x06, 0x7ffc0000), // SECCOMP_RET_LOG
		instruction(0x06, 0x7fff0000)),
	programLong: bytesOf(strings.Repeat(instruction(0x06, 0x7fff0000), 4095), instruction(0x06, 0x7ff00000), instruction(0x06, 0x7ff00000)),

	subBind:       bytesOf(uint32(3), uint32(saUnix), uint32(110)),
	subConnect:    bytesOf(uint32(3), uint32(saInet), uint32(16)),
	subConnect0:   bytesOf(uint32(0), uint32(saInet), uint32(16)),
	subSendto:     bytesOf(uint32(3), uint32(pa), uint32(1), uint32(0), uint32(saUnspec), uint32(16)),
	subSendtoPeer: bytesOf(uint32(3), uint32(pa), uint32(1), uint32(0), uint32(0), uint32(16)),
	subSendmsg:    bytesOf(uint32(3), uint32(msgInet32), uint32(0)),
	subSendmmsg:   bytesOf(uint32(3), uint32(msgs32), uint32(2), uint32(0)),
	sub0:          bytesOf(uint32(0), uint32(pa), uint32(1), uint32(0), uint32(0), uint32(0)),
	sub3:          bytesOf(uint32(3), uint32(pa), uint32(1), uint32(0), uint32(0), uint32(0)),
	subNowhere:    bytesOf(uint32(3), uint32(bad), uint32(16)),
}

// instruction is a struct sock_filter.
func instruction(code uint16, k uint32) string { return string(bytesOf(code, uint16(0), k)) }

// direct is the row of an i386 call that a socketcall stands for.
func direct(nr uint64) *syscalls.Spec { return syscalls.Lookup(syscalls.I386, nr) }

const (
	none   = -1
	cwd    = 1<<64 - 100 // AT_FDCWD, sign-extended
	cwd32  = 0xffffff9c  // and not
	rd     = event.Read
	wr     = event.Write
	nofol  = event.NoFollow
	byFD   = event.ByDescriptor
	atEnt  = syscalls.AtEntry
	atExit = syscalls.AtExit
)

type args = [6]uint64

// call is a case: the same arguments for each ABI that has a number.
type call struct {
	amd64, i386, arm64 int
	args               args
	when               syscalls.When
	want               Call // without Spec, unless that is another row
}

func a(dir int) Name   { return Name{Dir: dir, Text: "/a"} }
func b(dir int) Name   { return Name{Dir: dir, Text: "b"} }
func la(dir int) Name  { return Name{Dir: dir, Text: "/a", NoFollow: true} }
func lb(dir int) Name  { return Name{Dir: dir, Text: "b", NoFollow: true} }
func self(fd int) Name { return Name{Dir: fd, Self: true} }

// one is a call about one name.
func one(op event.Op, f event.Flags, n Name) Call {
	return Call{Op: op, Flags: f, Name: n, Has: true}
}

func two(op event.Op, f event.Flags, n, n2 Name) Call {
	return Call{Op: op, Flags: f, Name: n, Has: true, Name2: n2, Has2: true}
}

func gap(r event.Reason, detail string) Call {
	return Call{Op: event.Incomplete, Reason: r, Detail: detail}
}

func untraced(c Call) Call {
	c.Untraced = true
	return c
}

func gapAt(r event.Reason, detail string, f event.Flags, n Name) Call {
	return Call{Op: event.Incomplete, Reason: r, Detail: detail, Flags: f, Name: n, Has: true}
}

func peer(op event.Op, fd int, address string) Call {
	return Call{Op: op, Descriptor: fd, Address: address}
}

func TestDecode(t *testing.T) {
	type key struct {
		abi syscalls.ABI
		nr  int
	}
	tested := make(map[key]bool)
	for name, tt := range calls {
		for abi, nr := range map[syscalls.ABI]int{syscalls.AMD64: tt.amd64, syscalls.I386: tt.i386, syscalls.ARM64: tt.arm64} {
			if nr == none {
				continue
			}
			tested[key{abi, nr}] = true
			got, ok, err := Decode(abi, uint64(nr), tt.args, mem)
			if !ok || err != nil {
				t.Errorf("%s, %v: got %v, %v, want a call", name, abi, ok, err)
				continue
			}
			if tt.want.Spec == nil {
				tt.want.Spec = syscalls.Lookup(abi, uint64(nr))
			}
			if got.Spec != tt.want.Spec || got.Spec.When != tt.when {
				t.Errorf("%s, %v: got %+v, want %+v, When %v", name, abi, got.Spec, tt.want.Spec, tt.when)
			}
			got.Spec, tt.want.Spec = nil, nil
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s, %v (-want +got)\n%s", name, abi, d)
			}
		}
	}
	syscalls.All(func(s *syscalls.Spec) {
		for _, abi := range []syscalls.ABI{syscalls.AMD64, syscalls.I386, syscalls.ARM64} {
			if nr := s.Nr.Of(abi); s.Op != event.None && nr != none && !tested[key{abi, nr}] {
				t.Errorf("no case for %s, %v (%d)", s.Name, abi, nr)
			}
		}
	})
}

// Nothing is told of these.
func TestNothingToTell(t *testing.T) {
	for name, tt := range map[string]struct {
		abi  syscalls.ABI
		nr   uint64
		args args
		err  error
	}{
		"getpid":                            {syscalls.AMD64, 39, args{}, nil},
		"syscall(-1)":                       {syscalls.AMD64, 1<<64 - 1, args{}, nil},
		"an x32 call":                       {syscalls.X32, 0x40000002, args{pa}, nil},
		"an ABI without a table":            {syscalls.Unknown, 2, args{pa}, nil},
		"fstat":                             {syscalls.AMD64, 5, args{3}, nil},
		"newfstatat of a descriptor":        {syscalls.AMD64, 262, args{3, pe, 0x5000, 0x1000}, nil},
		"statx of a descriptor":             {syscalls.ARM64, 291, args{3, pe, 0x1000}, nil},
		"statx of a descriptor without":     {syscalls.AMD64, 332, args{3, 0, 0x1000}, nil},
		"statx without a name":              {syscalls.AMD64, 332, args{cwd, 0, 0}, ErrFault},
		"write":                             {syscalls.AMD64, 1, args{1}, nil},
		"a bad pointer":                     {syscalls.AMD64, 2, args{bad}, ErrFault},
		"a bad second pointer":              {syscalls.AMD64, 82, args{pa, bad}, ErrFault},
		"a bad target":                      {syscalls.AMD64, 88, args{bad, pa}, ErrFault},
		"NULL":                              {syscalls.ARM64, 56, args{cwd, 0}, ErrFault},
		"utimensat, NULL and no descriptor": {syscalls.AMD64, 280, args{cwd, 0}, ErrFault},
		"clone of a thread":                 {syscalls.AMD64, 56, args{0x3d0f00}, nil},
		"clone, exit signal 0x80":           {syscalls.AMD64, 56, args{0x80}, nil},
		"clone3 of posix_spawn":             {syscalls.AMD64, 435, args{cloneFork, 88}, nil},
		"clone3, too short":                 {syscalls.AMD64, 435, args{cloneUser, 56}, nil},
		"clone3, bad pointer":               {syscalls.AMD64, 435, args{bad, 88}, ErrFault},
		"unshare of descriptors":            {syscalls.AMD64, 272, args{0x600}, nil},
		"seccomp, strict":                   {syscalls.AMD64, 317, args{0, 0}, nil},
		"seccomp, a question":               {syscalls.AMD64, 317, args{2, 0, bad}, nil},
		"seccomp that refuses":              {syscalls.AMD64, 317, args{1, 1, filterRefuses}, nil},
		"seccomp, no program":               {syscalls.AMD64, 317, args{1, 0, filterNone}, nil},
		"seccomp, too long":                 {syscalls.AMD64, 317, args{1, 0, filterTooLong}, nil},
		"seccomp, bad pointer":              {syscalls.AMD64, 317, args{1, 0, bad}, ErrFault},
		"seccomp, bad pointer to program":   {syscalls.ARM64, 277, args{1, 0, filterNowhere}, ErrFault},
		"prctl that refuses":                {syscalls.AMD64, 157, args{22, 2, filterRefuses}, nil},
		"prctl, strict":                     {syscalls.AMD64, 157, args{22, 1, filterTrace}, nil},
		"prctl, no such mode":               {syscalls.AMD64, 157, args{22, 1<<32 | 2, filterTrace}, nil},
		"prctl, no such mode, bit 8":        {syscalls.AMD64, 157, args{22, 8, filterTrace}, nil},
		"prctl of a name":                   {syscalls.AMD64, 157, args{15, pa}, nil},
		"openat2, too short":                {syscalls.AMD64, 437, args{cwd, pa, howRead, 16}, nil},
		"openat2, too long":                 {syscalls.AMD64, 437, args{cwd, pa, howRead, 4097}, nil},
		"openat2, bad pointer":              {syscalls.AMD64, 437, args{cwd, pa, bad, 24}, ErrFault},
		"fcntl F_GETFD":                     {syscalls.AMD64, 72, args{3, 1}, nil},
		"close_range that only marks":       {syscalls.AMD64, 436, args{3, 9, 4}, nil},
		"connect to nobody":                 {syscalls.AMD64, 42, args{3, saUnspec, 16}, nil},
		"connect to the kernel":             {syscalls.AMD64, 42, args{3, saNetlink, 12}, nil},
		"connect, length 0":                 {syscalls.AMD64, 42, args{3, saInet, 0}, nil},
		"connect, length -1":                {syscalls.AMD64, 42, args{3, saInet, 0xffffffff}, nil},
		"connect, too long":                 {syscalls.AMD64, 42, args{3, saInet, 129}, nil},
		"connect, half an address":          {syscalls.AMD64, 42, args{3, saInet, 6}, nil},
		"connect, half a long address":      {syscalls.AMD64, 42, args{3, saInet6, 16}, nil},
		"connect, bad pointer":              {syscalls.AMD64, 42, args{3, bad, 16}, ErrFault},
		"bind to a name of the kernel's":    {syscalls.AMD64, 49, args{3, saUnix, 2}, nil},
		"sendto on a connection":            {syscalls.AMD64, 44, args{3, pa, 1, 0, 0, 16}, nil},
		"sendmsg on a connection":           {syscalls.AMD64, 46, args{3, msgNone}, nil},
		"sendmsg, bad pointer":              {syscalls.AMD64, 46, args{3, bad}, ErrFault},
		"sendmmsg, bad pointer":             {syscalls.AMD64, 307, args{3, bad, 1}, ErrFault},
		"sendmmsg of nothing":               {syscalls.AMD64, 307, args{3, msgs, 0}, nil},
		"socketcall of socket":              {syscalls.I386, 102, args{1, sub3}, nil},
		"socketcall of send":                {syscalls.I386, 102, args{9, sub3}, nil},
		"socketcall of recv":                {syscalls.I386, 102, args{10, sub3}, nil},
		"socketcall of nothing":             {syscalls.I386, 102, args{21, sub3}, nil},
		"socketcall, sendto on connection":  {syscalls.I386, 102, args{11, subSendtoPeer}, nil},
		"socketcall, bad pointer":           {syscalls.I386, 102, args{3, bad}, ErrFault},
		"socketcall, bad address":           {syscalls.I386, 102, args{2, subNowhere}, ErrFault},
		"socketcall of recv, bad pointer":   {syscalls.I386, 102, args{10, bad}, ErrFault},
		"socketcall, a word is missing":     {syscalls.I386, 102, args{11, sub3 + 4}, ErrFault},
		"socketcall, sendmmsg a word less":  {syscalls.I386, 102, args{20, subSendmmsg + 4}, ErrFault},
		"bpf without a path":                {syscalls.AMD64, 321, args{5}, nil},
		"fanotify_mark, flush":              {syscalls.AMD64, 301, args{3, 0x80, 0, cwd, pa}, nil},
	} {
		if c, ok, err := Decode(tt.abi, tt.nr, tt.args, mem); ok || err != tt.err {
			t.Errorf("%s: got %+v, %v, %v, want %v", name, c, ok, err, tt.err)
		}
	}
}

// What a reader of memory has to say comes back as it is.
func TestMemoryError(t *testing.T) {
	want := errors.New("no such process")
	special := map[uint64]args{
		435: {0x10, 88},    // clone3
		317: {1, 0, 0x10},  // seccomp
		157: {22, 2, 0x10}, // prctl
	}
	for _, nr := range []uint64{2, 42, 46, 82, 88, 157, 209, 257, 307, 317, 435, 437} {
		words, ok := special[nr]
		if !ok {
			words = args{0x10, 0x20, 0x40, 24, 0, 0}
		}
		if _, ok, err := Decode(syscalls.AMD64, nr, words, failing{want}); ok || err != want {
			t.Errorf("call %d: got %v, %v, want %v", nr, ok, err, want)
		}
	}
	if _, ok, err := Decode(syscalls.I386, 102, args{3, 0x10}, failing{want}); ok || err != want {
		t.Errorf("socketcall: got %v, %v, want %v", ok, err, want)
	}
}

type failing struct{ err error }

func (f failing) String(uint64) (string, error) { return "", f.err }
func (f failing) Read(uint64, []byte) error     { return f.err }

func TestReadsStdin(t *testing.T) {
	type read struct {
		abi  syscalls.ABI
		nr   uint64
		args args
	}
	for name, tt := range map[string]struct {
		read
		want bool
	}{
		"read":                               {read{syscalls.AMD64, 0, args{0}}, true},
		"read of 3":                          {read{syscalls.AMD64, 0, args{3}}, false},
		"read, arm64":                        {read{syscalls.ARM64, 63, args{0}}, true},
		"read, i386":                         {read{syscalls.I386, 3, args{1 << 32}}, true},
		"sendfile":                           {read{syscalls.AMD64, 40, args{1, 0}}, true},
		"sendfile to 0":                      {read{syscalls.AMD64, 40, args{0, 1}}, false},
		"dup":                                {read{syscalls.AMD64, 32, args{0}}, true},
		"dup2":                               {read{syscalls.AMD64, 33, args{0, 3}}, true},
		"dup2 onto 0":                        {read{syscalls.AMD64, 33, args{3, 0}}, false},
		"fcntl F_DUPFD":                      {read{syscalls.AMD64, 72, args{0, 0, 10}}, true},
		"fcntl F_GETFL":                      {read{syscalls.AMD64, 72, args{0, 3}}, false},
		"io_submit":                          {read{syscalls.AMD64, 209, args{1, 2, blocks}}, true},
		"io_submit, write":                   {read{syscalls.AMD64, 209, args{1, 1, blocks}}, false},
		"io_submit, more than are looked at": {read{syscalls.AMD64, 209, args{1, 1025, manyBlocks}}, true},
		"io_submit, i386":                    {read{syscalls.I386, 248, args{1, 2, blocks32}}, true},
		"openat":                             {read{syscalls.AMD64, 257, args{0, pa}}, false},

		"socketcall of accept":      {read{syscalls.I386, 102, args{5, sub0}}, true},
		"socketcall of recv":        {read{syscalls.I386, 102, args{10, sub0}}, true},
		"socketcall of recv from 3": {read{syscalls.I386, 102, args{10, sub3}}, false},
		"socketcall of recvfrom":    {read{syscalls.I386, 102, args{12, sub0}}, true},
		"socketcall of recvmsg":     {read{syscalls.I386, 102, args{17, sub0}}, true},
		"socketcall of accept4":     {read{syscalls.I386, 102, args{18, sub0}}, true},
		"socketcall of recvmmsg":    {read{syscalls.I386, 102, args{1<<32 | 19, sub0}}, true},
		"socketcall of send":        {read{syscalls.I386, 102, args{9, sub0}}, false},
		"socketcall of connect":     {read{syscalls.I386, 102, args{3, subConnect0}}, false},
	} {
		c, ok, err := Decode(tt.abi, tt.nr, tt.args, mem)
		if err != nil || c.Reads != tt.want {
			t.Errorf("%s: got %v, %v, want %v", name, c.Reads, err, tt.want)
		}
		if c.Spec != nil && c.Op == event.None && ok {
			t.Errorf("%s: is to be told", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, tt := range calls {
		x := tt.args
		for abi, nr := range []int{none, tt.amd64, tt.i386, tt.arm64} {
			if nr != none {
				f.Add(uint8(abi), uint64(nr), x[0], x[1], x[2], x[3], x[4], x[5], []byte("\x01\x00/a\x00"))
			}
		}
	}
	f.Fuzz(func(t *testing.T, abi uint8, nr, a0, a1, a2, a3, a4, a5 uint64, content []byte) {
		// The content is at the first addresses, and what the other tests have is where
		// it always is.
		m := memory{1: content[:min(len(content), 0xf00)]}
		for start, b := range mem {
			m[start] = b
		}
		c, ok, err := Decode(syscalls.ABI(abi), nr, args{a0, a1, a2, a3, a4, a5}, m)
		if err != nil && (ok || !errors.Is(err, ErrFault)) {
			t.Fatalf("ok %v, error %v", ok, err)
		}
		if !ok {
			return
		}
		switch {
		case c.Spec == nil, c.Op == event.None:
			t.Errorf("nothing to tell: %+v", c)
		case (c.Op == event.Incomplete) != (c.Reason != "" && c.Detail != ""):
			t.Errorf("incomplete without a reason, or the other way round: %+v", c)
		case c.Listens && c.Reason != event.Listener:
			t.Errorf("a listener that is not one: %+v", c)
		case c.Has && c.Name.NoFollow != (c.Flags&nofol != 0), c.Name.Self && c.Name.Text != "":
			t.Errorf("two answers: %+v", c)
		case (c.Op == event.Bind || c.Op == event.Connect) != (c.Address != ""):
			t.Errorf("address: %+v", c)
		}
	})
}

// everywhere is a memory that has the same string everywhere.
type everywhere string

func (e everywhere) String(uint64) (string, error) { return string([]byte(e)), nil }
func (everywhere) Read(uint64, []byte) error       { return ErrFault }

func benchmark(b *testing.B, nr uint64, args args) {
	m := everywhere("/usr/include/x86_64-linux-gnu/bits/types/struct_timespec.h")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, _ := Decode(syscalls.AMD64, nr, args, m); !ok {
			b.Fatal("not decoded")
		}
	}
}

func BenchmarkOpenat(b *testing.B)     { benchmark(b, 257, args{cwd, 1, 0x80000}) }
func BenchmarkNewfstatat(b *testing.B) { benchmark(b, 262, args{cwd, 1, 2, 0x100}) }

// Nothing but the name is allocated for the calls that a build makes by the thousand.
func TestAllocations(t *testing.T) {
	m := everywhere("/usr/include/x86_64-linux-gnu/bits/types/struct_timespec.h")
	for _, nr := range []uint64{2, 4, 21, 89, 257, 262} {
		if got := testing.AllocsPerRun(100, func() { Decode(syscalls.AMD64, nr, args{cwd, 1, 0}, m) }); got > 1 {
			t.Errorf("call %d: %v allocations, want 1", nr, got)
		}
	}
}

// A process that is made to share its maker's working directory is none to tell of, but has
// to be known of.
func TestShares(t *testing.T) {
	for _, tt := range []struct {
		name   string
		abi    syscalls.ABI
		nr     uint64
		args   args
		shares bool
	}{
		{"fork", syscalls.AMD64, 56, args{0x1200011}, false},
		{"of a thread", syscalls.AMD64, 56, args{0x3d0f00}, false},
		{"of a process", syscalls.AMD64, 56, args{0x211}, true},
		{"of a process for i386", syscalls.I386, 120, args{0x211}, true},
		{"of a process in a namespace", syscalls.ARM64, 220, args{0x10000211}, true},
		{"clone3 of posix_spawn", syscalls.AMD64, 435, args{cloneFork, 88}, false},
		{"clone3 of a process", syscalls.AMD64, 435, args{cloneHere, 88}, true},
	} {
		if c, _, err := Decode(tt.abi, tt.nr, tt.args, mem); c.Shares != tt.shares || err != nil {
			t.Errorf("%s: got %v, %v, want %v", tt.name, c.Shares, err, tt.shares)
		}
	}
}

// So is one that gets a number of its maker's choice.
func TestNumbered(t *testing.T) {
	for _, tt := range []struct {
		name     string
		args     args
		numbered bool
	}{
		{"fork", args{cloneFork, 88}, false},
		{"with set_tid", args{cloneAs, 80}, true},
		{"before there was set_tid", args{cloneAs, 64}, false},
	} {
		if c, ok, err := Decode(syscalls.AMD64, 435, tt.args, mem); c.Numbered != tt.numbered || ok || err != nil {
			t.Errorf("%s: got %v, %v, %v, want %v", tt.name, c.Numbered, ok, err, tt.numbered)
		}
	}
}
