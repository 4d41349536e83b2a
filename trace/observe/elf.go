package observe

import (
	"bytes"
	"encoding/binary"
)

// elfInterpreter returns the PT_INTERP of an ELF file (elf(5)) that begins with head,
// or "". It reads the few bytes that it needs: debug/elf would read and check the whole
// of the headers.
func elfInterpreter(file interface {
	ReadAt([]byte, int64) (int, error)
}, head []byte) string {
	const (
		ptInterp = 3
		maxPath  = 4096
		maxTable = 64 << 10 // load_elf_phdrs in fs/binfmt_elf.c
	)
	var order binary.ByteOrder = binary.LittleEndian
	if head[5] == 2 {
		order = binary.BigEndian
	}
	wide := head[4] == 2
	var offset int64
	var size, count int
	if wide {
		offset, size, count = int64(order.Uint64(head[32:])), int(order.Uint16(head[54:])), int(order.Uint16(head[56:]))
	} else {
		offset, size, count = int64(order.Uint32(head[28:])), int(order.Uint16(head[42:])), int(order.Uint16(head[44:]))
	}
	if size < 32 || wide && size < 56 || size*count > maxTable {
		return ""
	}
	table := make([]byte, size*count)
	if n, _ := file.ReadAt(table, offset); n < len(table) {
		return ""
	}
	for ; len(table) >= size; table = table[size:] {
		if order.Uint32(table) != ptInterp {
			continue
		}
		var at, length uint64
		if wide {
			at, length = order.Uint64(table[8:]), order.Uint64(table[32:])
		} else {
			at, length = uint64(order.Uint32(table[4:])), uint64(order.Uint32(table[16:]))
		}
		if length < 2 || length > maxPath {
			return ""
		}
		name := make([]byte, length)
		if n, _ := file.ReadAt(name, int64(at)); n < len(name) || name[length-1] != 0 {
			return ""
		}
		name, _, _ = bytes.Cut(name, []byte{0}) // the kernel takes it for a C string
		return string(name)
	}
	return ""
}
