package footprint

import (
	"strings"

	"deptrace/trace/event"
)

// services are the sockets of name services and loggers. What a step asks them
// (who is uid 1000, what is the address of a host) is not the kind of thing that a
// build depends on, and nearly every program asks.
var services = []string{
	"/run/nscd/socket",
	"/run/systemd/userdb/",
	"/run/systemd/resolve/",
	"/run/systemd/journal/",
	"/run/dbus/system_bus_socket",
	"/var/lib/sss/pipes/",
	"/dev/log",
	"/tmp/.X11-unix/",
}

func service(path string) bool {
	if rest, ok := strings.CutPrefix(path, "/var/run/"); ok {
		path = "/run/" + rest
	}
	for _, s := range services {
		if path == s || strings.HasSuffix(s, "/") && strings.HasPrefix(path, s) {
			return true
		}
	}
	return false
}

// socket folds a bind or a connect. A server that the step started is a part of the
// step; one that it did not start does work that nobody sees.
func (f *Folder) socket(e *event.Event) {
	if e.Name.Path != "" && e.Op == event.Bind {
		f.node(e.Name.Path) // what was there before
	}
	if e.Outcome.State == event.Pending {
		return
	}
	done := e.Outcome.State != event.Failed || e.Outcome.Errno == event.EINPROGRESS || e.Outcome.Errno == event.EINTR
	kind, where, _ := strings.Cut(e.Address, ":")
	if e.Op == event.Bind {
		if done {
			f.bound[e.Address] = true
			if e.Name.Path != "" {
				f.walked(e)
				f.node(e.Name.Path).put()
			}
		}
		return
	}
	switch {
	case f.bound[e.Address], e.Flags&event.OwnServer != 0:
	case kind == "unix":
		if service(strings.TrimPrefix(where, "@")) {
			return
		}
		if done {
			f.gap(event.OutsideServer, where)
			return
		}
		if e.Name.Path != "" {
			f.walked(e)
			f.failed(f.node(e.Name.Path))
		}
	case kind == "ip" && loopback(where):
		if !done || f.boundPort(where) {
			return
		}
		if strings.HasSuffix(where, ":53") {
			f.uses["network"] = true // a resolver of this machine's
			return
		}
		f.gap(event.OutsideServer, where)
	case done:
		f.uses["network"] = true
	}
}

func loopback(hostport string) bool {
	for _, prefix := range []string{"127.", "[::1]:", "[::ffff:127.", "0.0.0.0:", "[::]:"} { // none in particular is this machine
		if strings.HasPrefix(hostport, prefix) {
			return true
		}
	}
	return false
}

// boundPort reports whether the step listens on the port, on any address of this
// machine.
func (f *Folder) boundPort(hostport string) bool {
	port := hostport[strings.LastIndexByte(hostport, ':'):]
	for a := range f.bound {
		if rest, ok := strings.CutPrefix(a, "ip:"); ok && strings.HasSuffix(rest, port) {
			return true
		}
	}
	return false
}
