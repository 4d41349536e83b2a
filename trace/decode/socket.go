package decode

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"deptrace/trace/event"
	"deptrace/trace/syscalls"
)

// Address families (linux/socket.h).
const (
	afUnspec  = 0
	afUnix    = 1
	afInet    = 2
	afInet6   = 10
	afNetlink = 16
)

const (
	sockaddrMax   = 128 // struct sockaddr_storage
	sockaddrUnMax = 110 // struct sockaddr_un
	messagesMax   = 1024
)

// socket reads the address of a call. It reports false if there is none, or one that
// leads to nobody.
func (c *Call) socket(abi syscalls.ABI, args *[6]uint64, mem Memory) (ok bool, err error) {
	s := c.Spec
	addr := s.Address.Of(args)
	switch s.Style {
	case syscalls.MsgHdr:
		return c.message(abi, addr, mem)
	case syscalls.MMsgHdr:
		return c.messages(abi, addr, uint32(s.Len.Of(args)), mem)
	}
	n := int32(s.Len.Of(args))
	if n > sockaddrMax {
		return false, nil // EINVAL
	}
	return c.sockaddr(addr, int(n), mem)
}

// message reads the address in a struct msghdr: a pointer and a 32-bit length come
// first. The kernel cuts a length that is too great (copy_msghdr_from_user in
// net/socket.c).
func (c *Call) message(abi syscalls.ABI, addr uint64, mem Memory) (ok bool, err error) {
	b := make([]byte, 12)
	pointer := 8
	if abi == syscalls.I386 {
		pointer = 4
	}
	if err := mem.Read(addr, b[:pointer+4]); err != nil {
		return false, err
	}
	name := word(b, pointer)
	if name == 0 {
		return false, nil
	}
	n := int32(binary.LittleEndian.Uint32(b[pointer:]))
	return c.sockaddr(name, int(min(n, sockaddrMax)), mem)
}

// messages reads the addresses in an array of struct mmsghdr. Different ones in one
// call are more than a Call can hold: then the record is incomplete.
func (c *Call) messages(abi syscalls.ABI, addr uint64, n uint32, mem Memory) (ok bool, err error) {
	size := uint64(64)
	if abi == syscalls.I386 {
		size = 32
	}
	first := *c
	for i := range uint64(min(n, messagesMax)) {
		next := first
		has, err := next.message(abi, addr+i*size, mem)
		if err != nil {
			if i == 0 {
				return false, err
			}
			break // the messages before it are sent (sendmmsg(2))
		}
		switch {
		case !has:
		case !ok:
			*c, ok = next, true
		case next.Address != c.Address || next.Name != c.Name:
			*c = Call{Spec: c.Spec, Op: event.Incomplete, Reason: event.NotModelled, Detail: "sendmmsg to several addresses"}
			return true, nil
		}
	}
	return ok, nil
}

// sockaddr reads a socket address of n bytes.
func (c *Call) sockaddr(addr uint64, n int, mem Memory) (ok bool, err error) {
	if n < 2 {
		return false, nil
	}
	b := make([]byte, n)
	if err := mem.Read(addr, b); err != nil {
		return false, err
	}
	family := binary.LittleEndian.Uint16(b)
	if family == afUnspec && !c.disconnects() {
		family = afInet // for the sake of old programs (inet_bind, udp_sendmsg)
	}
	switch family {
	case afUnspec, afNetlink:
		return false, nil
	case afUnix:
		return c.unix(b[2:]), nil
	case afInet:
		if n < 8 {
			return false, nil
		}
		c.internet(netip.AddrFrom4([4]byte(b[4:8])), b)
	case afInet6:
		if n < 24 { // SIN6_LEN_RFC2133
			return false, nil
		}
		c.internet(netip.AddrFrom16([16]byte(b[8:24])), b)
	default:
		c.Address = "other:" + strconv.Itoa(int(family))
	}
	return true, nil
}

// disconnects reports whether an address without a family ends a connection
// (connect(2)).
func (c *Call) disconnects() bool {
	return c.Op == event.Connect && c.Spec.Style == syscalls.SockAddr && len(c.Spec.Any) == 0
}

// unix takes a sun_path as unix(7) has it: a name that ends in NUL or with the
// address, an abstract one that begins with NUL and has no end of its own, or
// nothing, for which the kernel chooses an abstract one.
func (c *Call) unix(path []byte) (ok bool) {
	switch {
	case len(path) == 0 || len(path) > sockaddrUnMax-2:
		return false
	case path[0] == 0:
		c.Address = "unix:@" + string(path[1:])
		return true
	}
	if i := bytes.IndexByte(path, 0); i >= 0 {
		path = path[:i]
	}
	c.Address = "unix:"
	c.Has = true
	c.Name = Name{Dir: CWD, Text: string(path), NoFollow: c.Flags&event.NoFollow != 0}
	return true
}

// internet takes an address; sockaddr_in and sockaddr_in6 have the port in the same
// place.
func (c *Call) internet(a netip.Addr, b []byte) {
	c.Address = "ip:" + netip.AddrPortFrom(a, binary.BigEndian.Uint16(b[2:])).String()
}

// word reads a pointer of 4 or 8 bytes.
func word(b []byte, size int) uint64 {
	if size == 4 {
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}
