package decode

import (
	"encoding/binary"

	"deptrace/trace/syscalls"
)

// Commands of struct iocb (linux/aio_abi.h) that read.
const (
	iocbPRead  = 0
	iocbPReadV = 7
)

// blocksMax bounds how many requests of one io_submit are looked at.
const blocksMax = 1024

// readsStdin reports whether one of the requests of an io_submit reads from
// descriptor 0. struct iocb, the same for all ABIs, has the command in its 16 bits at
// 16 and the descriptor in its 32 bits at 20; what cannot be read is not submitted.
func readsStdin(abi syscalls.ABI, s *syscalls.Spec, args *[6]uint64, mem Memory) (bool, error) {
	size := 8
	if abi == syscalls.I386 {
		size = 4
	}
	pointer, block := make([]byte, size), make([]byte, 24)
	for i := range min(s.Len.Of(args), blocksMax) {
		if err := mem.Read(s.Address.Of(args)+i*uint64(size), pointer); err != nil {
			return false, err
		}
		if err := mem.Read(word(pointer, size), block); err != nil {
			return false, err
		}
		command, fd := binary.LittleEndian.Uint16(block[16:]), binary.LittleEndian.Uint32(block[20:])
		if fd == 0 && (command == iocbPRead || command == iocbPReadV) {
			return true, nil
		}
	}
	return s.Len.Of(args) > blocksMax, nil // what is not looked at may be anything
}
