//go:build amd64 || arm64

package notify

import (
	"net/netip"
	"path"
	"strconv"
	"strings"
	"syscall"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// expectPeer returns why a socket cannot be connected or bound, where the file system or
// the kernel's lists of sockets (proc(5), net) leave no doubt. glibc asks for nscd in every
// lookup of a user, and mostly there is none.
//
// A socket in the file system has no certain place in those lists: it can have been renamed
// or linked, and its server can be in another network namespace. So whether anybody
// listens on one that is there is not known, and the connection counts.
func expectPeer(t *thread, d *decode.Call, ev *event.Event) syscall.Errno {
	kind, where, _ := strings.Cut(ev.Address, ":")
	binds := ev.Op == event.Bind
	switch {
	case kind == "unix" && ev.Name.Path != "":
		switch {
		case !binds:
			if !isSocket(ev.Name.Path) {
				return syscall.ECONNREFUSED
			}
		case there(ev.Name.Path):
			return syscall.EADDRINUSE
		default:
			return mayChange(path.Dir(ev.Name.Path))
		}
	case kind == "unix":
		bound, certain := boundAbstract(t.TID, where)
		switch {
		case certain && binds && bound:
			return syscall.EADDRINUSE
		case certain && !binds && !bound:
			return syscall.ECONNREFUSED
		}
	case kind == "ip":
		addr, err := netip.ParseAddrPort(where)
		if err != nil {
			return 0
		}
		ip := addr.Addr().Unmap()
		here := ip.IsLoopback() || ip.IsUnspecified()
		tcp := (binds || here) && isTCP(t.TID, d.Descriptor)
		switch {
		case !binds && !tcp:
			return route(addr)
		case !tcp:
			if taken, certain := boundUDP(t.TID, addr.Port()); certain && taken {
				return syscall.EADDRINUSE
			}
		default:
			listens, certain := listensTCP(t.TID, addr.Port())
			switch {
			case certain && binds && listens:
				return syscall.EADDRINUSE // or shared (SO_REUSEPORT), and then not the step's alone
			case certain && !binds && !listens:
				return syscall.ECONNREFUSED
			}
		}
	}
	return 0
}

func isSocket(p string) bool {
	var st unix.Stat_t
	return unix.Stat(p, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFSOCK
}

// boundAbstract reports whether a Unix socket is bound to an abstract name, which begins
// with "@".
func boundAbstract(tid int, name string) (bound, certain bool) {
	inodes, certain := tracee.AbstractSockets(tid, name)
	return len(inodes) > 0, certain
}

// isTCP reports whether a descriptor is a TCP socket: one that is none yet is in no list,
// and neither is a UDP socket that is not bound. So that counts as one only if its
// protocol says so.
func isTCP(tid, fd int) bool {
	var b [64]byte
	n, err := unix.Getxattr("/proc/"+strconv.Itoa(tid)+"/fd/"+strconv.Itoa(fd), "system.sockprotoname", b[:])
	return err == nil && strings.HasPrefix(string(b[:n]), "TCP") // or TCPv6
}

// listensTCP reports whether somebody listens on a port of this machine.
func listensTCP(tid int, port uint16) (listens, certain bool) {
	return hasPort(tid, "tcp", port, tracee.Listening)
}

// boundUDP reports whether a UDP socket has a port of this machine.
func boundUDP(tid int, port uint16) (bound, certain bool) { return hasPort(tid, "udp", port, "") }

// hasPort looks for a local port in a list and, where there is IPv6, in its twin; state is
// that of the socket, if it matters.
func hasPort(tid int, list string, port uint16, state string) (found, certain bool) {
	inodes, certain := tracee.SocketsAt(tid, list, port, state)
	return len(inodes) > 0, certain
}

// route returns why an address cannot be reached. Connecting a UDP socket asks for the
// way and sends nothing.
func route(addr netip.AddrPort) syscall.Errno {
	var family int
	var sa unix.Sockaddr
	if a := addr.Addr().Unmap(); a.Is4() {
		family, sa = unix.AF_INET, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: a.As4()}
	} else {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: int(addr.Port()), Addr: a.As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		defer unix.Close(fd)
		err = unix.Connect(fd, sa)
	}
	errno, _ := err.(syscall.Errno)
	switch errno {
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EAFNOSUPPORT, syscall.EADDRNOTAVAIL, syscall.ENETDOWN:
		return errno
	}
	return 0
}
