//go:build amd64 || arm64

package notify

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"deptrace/trace/decode"
	"deptrace/trace/event"

	"golang.org/x/sys/unix"
)

// bind makes a socket that is bound to an address, until the test ends.
func bind(t *testing.T, family, kind int, sa unix.Sockaddr) (fd int) {
	t.Helper()
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, sa); err != nil {
		t.Fatal(err)
	}
	return fd
}

// shortDir is a directory whose name is short enough for a socket's (unix(7)).
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "deptrace")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestBoundAbstract(t *testing.T) {
	abstract := fmt.Sprintf("deptrace test  %d", os.Getpid()) // two spaces
	bind(t, unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: "@" + abstract})
	bind(t, unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: "@" + abstract + "\x00tail"})
	for name, want := range map[string]bool{
		"@" + abstract: true, "@" + abstract + "\x00tail": true, "@" + abstract + "@tail": true, // not to be told apart
		abstract: false, "@" + abstract + "x": false, "@" + abstract[:len(abstract)-1]: false, "@": false,
	} {
		if got, certain := boundAbstract(os.Getpid(), name); got != want || !certain {
			t.Errorf("%q: got %v, certain %v, want %v", name, got, certain, want)
		}
	}
	if _, certain := boundAbstract(os.Getpid(), "@a\nb"); certain {
		t.Error("a name with a newline: certain")
	}
	if _, certain := boundAbstract(1<<30, "@a"); certain {
		t.Error("a process that is not there: certain")
	}
}

func TestIsSocket(t *testing.T) {
	dir := shortDir(t)
	p := func(name string) string { return filepath.Join(dir, name) }
	bind(t, unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: p("stream")})
	if err := os.Rename(p("stream"), p("renamed")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p("file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{p("renamed"): true, p("file"): false, p("missing"): false, dir: false} {
		if got := isSocket(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}

func TestListensTCP(t *testing.T) {
	port := func(l net.Listener, err error) (uint16, func() error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l.Addr().(*net.TCPAddr).AddrPort().Port(), l.Close
	}
	want := func(what string, p uint16, want bool) {
		t.Helper()
		if got, certain := listensTCP(os.Getpid(), p); got != want || !certain {
			t.Errorf("%s: got %v, certain %v, want %v", what, got, certain, want)
		}
	}
	// Where there is no IPv6 nobody can listen there.
	if _, err := os.Stat("/proc/self/net/tcp6"); err == nil {
		p, _ := port(net.Listen("tcp6", "[::1]:0"))
		want("IPv6", p, true)
	}
	p, stop := port(net.Listen("tcp4", "127.0.0.1:0"))
	want("IPv4", p, true)
	c, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", p))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want("the port that a client has", c.LocalAddr().(*net.TCPAddr).AddrPort().Port(), false)
	stop()
	want("a port with a connection and no listener", p, false)

	// Bound, and not listening.
	fd := bind(t, unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	p = uint16(sa.(*unix.SockaddrInet4).Port)
	want("bound only", p, false)
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	want("bound, and then listening", p, true)
	want("port 0", 0, false)
}

func TestIsTCP(t *testing.T) {
	for _, c := range []struct {
		family, kind int
		want         bool
	}{
		{unix.AF_INET, unix.SOCK_STREAM, true}, {unix.AF_INET6, unix.SOCK_STREAM, true},
		{unix.AF_INET, unix.SOCK_DGRAM, false}, {unix.AF_UNIX, unix.SOCK_STREAM, false},
	} {
		fd, err := unix.Socket(c.family, c.kind|unix.SOCK_CLOEXEC, 0)
		if err == unix.EAFNOSUPPORT {
			continue // no IPv6 here
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := isTCP(os.Getpid(), fd); got != c.want {
			t.Errorf("family %d, type %d: got %v, want %v", c.family, c.kind, got, c.want)
		}
		unix.Close(fd)
	}
	for _, fd := range []int{-1, 1 << 20} {
		if isTCP(os.Getpid(), fd) {
			t.Errorf("descriptor %d is a TCP socket", fd)
		}
	}
}

// TestRoute: an address that cannot be reached is one that nobody answers from.
func TestRoute(t *testing.T) {
	unreachable := fmt.Sprint(int(syscall.ENETUNREACH))
	// Addresses for documentation (RFC 5737 and 3849). Why it is that there is no way to one
	// of IPv6 depends on what else is missing.
	got := alone(t, "203.0.113.1:80", "[::ffff:203.0.113.1]:80", "[2001:db8::1]:80", "[::1]:80")
	if want := []string{unreachable, unreachable}; len(got) != 4 || !slices.Equal(got[:2], want) || got[2] == "0" || got[3] == "0" {
		t.Errorf("without a network: got %v, want %v", got, want)
	}
	for _, a := range []string{"127.0.0.1:1", "127.1.2.3:65535", "[::ffff:127.0.0.1]:1"} {
		if errno := route(netip.MustParseAddrPort(a)); errno != 0 {
			t.Errorf("%s: got %v, want a way", a, errno)
		}
	}
}

// TestPeer: what a look tells of a connection or a binding before it is made.
func TestPeer(t *testing.T) {
	dir := shortDir(t)
	p := func(name string) string { return filepath.Join(dir, name) }
	bind(t, unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: p("live")})
	if err := os.WriteFile(p("file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	stream := bind(t, unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	sa, err := unix.Getsockname(stream)
	if err != nil {
		t.Fatal(err)
	}
	nobody := fmt.Sprintf("ip:127.0.0.1:%d", sa.(*unix.SockaddrInet4).Port)
	datagrams := bind(t, unix.AF_INET, unix.SOCK_DGRAM, &unix.SockaddrInet4{})
	const refused = syscall.ECONNREFUSED
	for _, c := range []struct {
		op      event.Op
		address string
		path    string
		fd      int
		want    syscall.Errno
	}{
		{event.Connect, "unix:" + p("live"), p("live"), -1, 0},
		{event.Connect, "unix:" + p("file"), p("file"), -1, refused},
		{event.Connect, "unix:@deptrace: nobody", "", -1, refused},
		{event.Connect, nobody, "", stream, refused},
		{event.Connect, nobody, "", datagrams, 0}, // sends to whoever is there
		{event.Connect, nobody, "", -1, 0},        // not known what it is
		{event.Connect, "ip:no address", "", stream, 0},
		{event.Connect, "other:40", "", -1, 0},
		{event.Bind, "unix:" + p("live"), p("live"), -1, syscall.EADDRINUSE},
		{event.Bind, "unix:" + p("file"), p("file"), -1, syscall.EADDRINUSE},
		{event.Bind, "unix:" + p("new"), p("new"), -1, 0},
		{event.Bind, "unix:@deptrace: new", "", -1, 0},
		{event.Bind, nobody, "", stream, 0},
	} {
		ev := &event.Event{Op: c.op, Address: c.address, Name: event.Name{Path: c.path}}
		th := &thread{}
		th.TID = os.Getpid()
		if got := expectPeer(th, &decode.Call{Descriptor: c.fd}, ev); got != c.want {
			t.Errorf("%v %s, descriptor %d: got %v, want %v", c.op, c.address, c.fd, got, c.want)
		}
	}
}
