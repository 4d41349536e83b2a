package tracee

import (
	"bytes"
	"fmt"

	"deptrace/trace/decode"
	"deptrace/trace/intern"

	"golang.org/x/sys/unix"
)

// pathMax is PATH_MAX (linux/limits.h): the length of the longest path that the
// kernel takes, its NUL included.
const pathMax = 4096

// pageSize is the least size of a page on the systems that there is an engine for.
// Reading up to a boundary of it cannot run into memory that is not there.
const pageSize = 4096

// Memory reads and writes the memory of one thread's process. It is a [decode.Memory]. It must
// not be used by two goroutines at a time.
type Memory struct {
	Thread int

	local  [1]unix.Iovec
	remote [1]unix.RemoteIovec
	buf    [pathMax]byte
	names  intern.Table
}

// shortName is how much is read of a string at first: most paths are shorter, and to copy
// all up to the end of the page costs a quarter more (1.7 and 2.1 µs).
const shortName = 256

// String reads a string that ends in NUL, at most a page at a time. It returns
// [decode.ErrFault] if the string is not all there or is longer than the longest
// path: either way the kernel refuses the call by itself.
func (m *Memory) String(addr uint64) (string, error) {
	for have := 0; have < pathMax; {
		at := addr + uint64(have)
		want := min(pageSize-int(at%pageSize), pathMax-have)
		if have == 0 {
			want = min(want, shortName)
		}
		n, err := m.read(at, m.buf[have:have+want])
		if err != nil {
			return "", err
		}
		if i := bytes.IndexByte(m.buf[have:have+n], 0); i >= 0 {
			return m.names.String(m.buf[:have+i]), nil
		}
		have += n
	}
	return "", decode.ErrFault
}

// Read fills b from addr on.
func (m *Memory) Read(addr uint64, b []byte) error {
	for len(b) > 0 {
		n, err := m.read(addr, b)
		if err != nil {
			return err
		}
		addr, b = addr+uint64(n), b[n:]
	}
	return nil
}

// Write copies b to addr.
func (m *Memory) Write(addr uint64, b []byte) error {
	if err := m.span(addr, b); err != nil || len(b) == 0 {
		return err
	}
	n, err := unix.ProcessVMWritev(m.Thread, m.local[:], m.remote[:], 0)
	if n, err = m.result("write", n, err); err == nil && n < len(b) {
		err = decode.ErrFault
	}
	return err
}

func (m *Memory) read(addr uint64, b []byte) (int, error) {
	if err := m.span(addr, b); err != nil {
		return 0, err
	}
	n, err := unix.ProcessVMReadv(m.Thread, m.local[:], m.remote[:], 0)
	return m.result("read", n, err)
}

// span has the next copy be between b and addr.
func (m *Memory) span(addr uint64, b []byte) error {
	if addr == 0 || addr > 1<<63 {
		return decode.ErrFault
	}
	if len(b) > 0 {
		m.local[0] = unix.Iovec{Base: &b[0]}
	}
	m.local[0].SetLen(len(b))
	m.remote[0] = unix.RemoteIovec{Base: uintptr(addr), Len: len(b)}
	return nil
}

func (m *Memory) result(what string, n int, err error) (int, error) {
	switch {
	case err == unix.EFAULT || err == nil && n == 0:
		return 0, decode.ErrFault
	case err != nil:
		return 0, fmt.Errorf("%s memory of process %d: %w", what, m.Thread, err)
	}
	return n, nil
}
