package decode

import (
	"encoding/binary"

	"deptrace/trace/syscalls"
)

// subcall is what a socketcall(2) can stand for.
type subcall struct {
	direct uint64 // the number of the call, or of one like it, in i386
	words  int    // how many arguments it has (nas in net/compat.c)
}

// subcalls are those that send to an address, and those that read, by their numbers in
// linux/net.h. i386 has no accept and no recv of its own; as far as descriptors go,
// they are accept4 and recvfrom.
var subcalls = map[uint32]subcall{
	2:  {361, 3}, // SYS_BIND
	3:  {362, 3}, // SYS_CONNECT
	5:  {364, 3}, // SYS_ACCEPT
	10: {371, 4}, // SYS_RECV
	11: {369, 6}, // SYS_SENDTO
	12: {371, 6}, // SYS_RECVFROM
	16: {370, 3}, // SYS_SENDMSG
	17: {372, 3}, // SYS_RECVMSG
	18: {364, 4}, // SYS_ACCEPT4
	19: {337, 5}, // SYS_RECVMMSG
	20: {345, 4}, // SYS_SENDMMSG
}

// socketCall decodes a socketcall(2) as the call that it stands for. Its arguments are
// an array of 32-bit words: only i386 has it.
func socketCall(abi syscalls.ABI, s *syscalls.Spec, args *[6]uint64, mem Memory) (c Call, ok bool, err error) {
	sub := subcalls[uint32(args[0])]
	words := make([]byte, 4*sub.words)
	if err := mem.Read(s.Address.Of(args), words); err != nil {
		return Call{Spec: s}, false, err
	}
	var direct [6]uint64
	for i := range sub.words {
		direct[i] = uint64(binary.LittleEndian.Uint32(words[4*i:]))
	}
	return Decode(abi, sub.direct, direct, mem)
}
