//go:build amd64 || arm64

package observe

import (
	"net/netip"
	"strings"

	"deptrace/trace/event"
	"deptrace/trace/tracee"
)

// ownServer reports whether a connection leads to a socket of the step's. The names that
// sockets were bound to are told as events; but a port can be chosen by the kernel, and a
// socket can be listened on or sent from without a bind. So for a connection within this
// machine the kernel's lists say which sockets are at the other end, and proc(5) who has
// them open.
func (o *Observer) ownServer(t *Thread, address string) bool {
	if o.processes == nil {
		return false
	}
	kind, where, _ := strings.Cut(address, ":")
	var inodes []string
	switch {
	case kind == "unix" && strings.HasPrefix(where, "@"):
		inodes, _ = tracee.AbstractSockets(t.TID, where)
	case kind == "ip":
		to, err := netip.ParseAddrPort(where)
		if ip := to.Addr().Unmap(); err != nil || !ip.IsLoopback() && !ip.IsUnspecified() {
			return false
		}
		inodes, _ = tracee.SocketsAt(t.TID, "tcp", to.Port(), tracee.Listening)
		more, _ := tracee.SocketsAt(t.TID, "udp", to.Port(), "")
		inodes = append(inodes, more...)
	}
	if len(inodes) == 0 {
		return false
	}
	for _, pid := range o.processes() {
		if tracee.HoldsSocket(pid, inodes) {
			return true
		}
	}
	return false
}

// serves sets the flag of a Connect that stays in the step.
func (o *Observer) serves(t *Thread, ev *event.Event) {
	if ev.Op == event.Connect && o.ownServer(t, ev.Address) {
		ev.Flags |= event.OwnServer
	}
}
