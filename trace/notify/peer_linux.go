//go:build amd64 || arm64

package notify

import (
	"bytes"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"

	"deptrace/trace/decode"
	"deptrace/trace/event"

	"golang.org/x/sys/unix"
)

// expectPeer returns why a socket cannot be connected or bound, as far as the kernel's
// lists of sockets (proc(5), net) tell. glibc asks for nscd in every lookup of a user, and mostly
// there is none.
func expectPeer(t *thread, d *decode.Call, ev *event.Event) syscall.Errno {
	kind, where, _ := strings.Cut(ev.Address, ":")
	switch {
	case ev.Op == event.Bind:
		if ev.Name.Path == "" {
			return 0
		}
		if there(ev.Name.Path) {
			return syscall.EADDRINUSE
		}
		return mayChange(parent(ev.Name.Path))
	case kind == "unix":
		if !boundUnix(t.TID, where) {
			return syscall.ECONNREFUSED
		}
	case kind == "ip":
		addr, err := netip.ParseAddrPort(where)
		if err != nil {
			return 0
		}
		if addr.Addr().Unmap().IsLoopback() {
			if isTCP(t.TID, d.Descriptor) && !listensTCP(t.TID, addr.Port()) {
				return syscall.ECONNREFUSED
			}
			return 0
		}
		return route(addr)
	}
	return 0
}

func parent(p string) string { return p[:max(strings.LastIndexByte(p, '/'), 1)] }

// table calls f with the fields of each line but the first of a file of a thread's
// /proc/TID/net until f returns true.
func table(tid int, name string, f func(fields [][]byte) bool) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/net/" + name)
	if err != nil {
		return false
	}
	first := true
	for line := range bytes.Lines(b) {
		if !first && f(bytes.Fields(line)) {
			return true
		}
		first = false
	}
	return false
}

// boundUnix reports whether a Unix socket is bound to a name, an abstract one with an "@"
// in front. The list shows the name as it was bound, which may be relative.
func boundUnix(tid int, name string) bool {
	const path = 7
	last := name[strings.LastIndexByte(name, '/')+1:]
	return table(tid, "unix", func(f [][]byte) bool {
		if len(f) <= path {
			return false
		}
		bound := string(bytes.Join(f[path:], []byte(" ")))
		return bound == name || name != "" && name[0] == '/' && bound[strings.LastIndexByte(bound, '/')+1:] == last
	})
}

// isTCP reports whether a descriptor is a TCP socket: one that is none yet is in no
// list, and neither is a UDP socket that is not bound. So that counts as one only if its protocol says so.
func isTCP(tid, fd int) bool {
	var b [64]byte
	n, err := unix.Getxattr("/proc/"+strconv.Itoa(tid)+"/fd/"+strconv.Itoa(fd), "system.sockprotoname", b[:])
	return err == nil && strings.HasPrefix(string(b[:n]), "TCP") // or TCPv6
}

// listensTCP reports whether somebody listens on a port of this machine.
func listensTCP(tid int, port uint16) bool {
	const local, state = 1, 3
	listening := func(f [][]byte) bool {
		if len(f) <= state || string(f[state]) != "0A" { // TCP_LISTEN
			return false
		}
		n, err := strconv.ParseUint(string(f[local][bytes.LastIndexByte(f[local], ':')+1:]), 16, 16)
		return err == nil && uint16(n) == port
	}
	return table(tid, "tcp", listening) || table(tid, "tcp6", listening)
}

// route returns why an address cannot be reached. Connecting a UDP socket asks for the
// way and sends nothing.
func route(addr netip.AddrPort) syscall.Errno {
	family, sa := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().Unmap().As4()})
	if a := addr.Addr(); a.Is6() && !a.Is4In6() {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: int(addr.Port()), Addr: a.As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		defer unix.Close(fd)
		err = unix.Connect(fd, sa)
	}
	errno, _ := err.(syscall.Errno)
	switch errno {
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EAFNOSUPPORT:
		return errno
	}
	return 0
}
