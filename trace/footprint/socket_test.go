package footprint_test

import (
	"strings"
	"testing"

	"deptrace/trace/event"
)

func TestSockets(t *testing.T) {
	outside := []string{"incomplete outside-server"}
	run(t, []row{
		{"somebody else's Unix socket", func(s *story) { s.device("/run/cc.sock") }, func(s *story) { s.connectFile("/run/cc.sock") }, outside, false},
		{"somebody else's abstract socket", nil, func(s *story) { s.connect("unix:@gradle") }, outside, false},
		{"somebody else's port", nil, func(s *story) { s.connect("ip:127.0.0.1:4226") }, outside, false},
		{"somebody else's port, IPv6", nil, func(s *story) { s.connect("ip:[::1]:4226") }, outside, false},
		{"another of 127/8", nil, func(s *story) { s.connect("ip:127.1.2.3:4226") }, outside, false},
		{"twice", nil, func(s *story) { s.connect("unix:@gradle"); s.connect("unix:@gradle") }, outside, false},
		{"the step's own Unix socket", nil, func(s *story) { s.fork().bindFile("s"); s.connectFile("s") }, nil, false},
		{"the step's own abstract socket", nil, func(s *story) { s.fork().bind("unix:@mine"); s.connect("unix:@mine") }, nil, false},
		{"the step's own port", nil, func(s *story) { s.fork().bind("ip:127.0.0.1:80"); s.connect("ip:127.0.0.1:80") }, nil, false},
		{"the step's own port, on every address", nil, func(s *story) { s.fork().bind("ip:0.0.0.0:80"); s.connect("ip:127.0.0.1:80") }, nil, false},
		{"the step's own port, on every address, IPv6", nil, func(s *story) { s.fork().bind("ip:[::]:80"); s.connect("ip:127.0.0.1:80") }, nil, false},
		{"another port than the step's own", nil, func(s *story) { s.fork().bind("ip:127.0.0.1:80"); s.connect("ip:127.0.0.1:81") }, outside, false},
		{"bound only afterwards", nil, func(s *story) { s.connect("ip:127.0.0.1:80"); s.bind("ip:127.0.0.1:80") }, outside, true},
		{"connecting in the background", nil, func(s *story) { s.failing(event.EINPROGRESS).connect("ip:127.0.0.1:4226") }, outside, true},
		{"nobody listens", nil, func(s *story) { s.failing(111).connect("ip:127.0.0.1:4226") }, nil, true},
		{"bind fails", nil, func(s *story) { s.failing(event.EACCES).bind("ip:127.0.0.1:80"); s.connect("ip:127.0.0.1:80") }, outside, true},
		{"network", nil, func(s *story) { s.connect("ip:192.0.2.7:443"); s.connect("ip:192.0.2.8:443") }, []string{"uses network"}, false},
		{"network, IPv6", nil, func(s *story) { s.connect("ip:[2001:db8::1]:443") }, []string{"uses network"}, false},
		{"network, in the background", nil, func(s *story) { s.failing(event.EINPROGRESS).connect("ip:192.0.2.7:443") }, []string{"uses network"}, true},
		{"name lookup", nil, func(s *story) { s.connect("ip:192.0.2.7:53") }, []string{"uses network"}, false},
	})
}

// Name services and loggers are no servers that do a step's work.
func TestNameServices(t *testing.T) {
	for _, p := range []string{
		"/run/nscd/socket", "/var/run/nscd/socket", "/var/lib/sss/pipes/nss", "/run/systemd/userdb/io.systemd.DynamicUser",
		"/run/systemd/resolve/io.systemd.Resolve", "/dev/log", "/run/systemd/journal/dev-log", "/tmp/.X11-unix/X0",
	} {
		s := newStory(t)
		s.device(p)
		s.connectFile(p)
		s.want()
	}
	s := newStory(t)
	s.connect("unix:@/tmp/.X11-unix/X0")
	s.want()
}

func TestMissingSocketIsNoServer(t *testing.T) {
	s := newStory(t)
	s.connectFile("/run/nscd/socket")
	s.connectFile("/run/cc.sock")
	if gaps := s.finish().Incomplete; len(gaps) > 0 {
		t.Errorf("incomplete: %v", gaps)
	}
}

// The reason names the server.
func TestOutsideServerIsNamed(t *testing.T) {
	s := newStory(t)
	s.connect("ip:127.0.0.1:4226")
	for _, g := range s.finish().Incomplete {
		if !strings.Contains(g.String(), "127.0.0.1:4226") {
			t.Errorf("got %q, want the address in it", g)
		}
	}
}
