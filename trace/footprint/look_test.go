package footprint_test

import (
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

func TestLooking(t *testing.T) {
	run(t, []row{
		{"nothing happens", old, func(*story) {}, nil, false},
		{"stat of a file", old, func(s *story) { s.stat("a") }, []string{"stat /w/a file"}, false},
		{"stat of a program", func(s *story) { s.program("p", "p") }, func(s *story) { s.stat("p") }, []string{"stat /w/p file exec"}, false},
		{"stat of a directory", old, func(s *story) { s.stat("d") }, []string{"stat /w/d dir"}, false},
		{"stat of nothing", old, func(s *story) { s.stat("x") }, []string{"absent /w/x"}, false},
		{"stat fails otherwise", old, func(s *story) { s.failing(event.EACCES).stat("a") }, []string{"exists /w/a"}, true},
		{"stat interrupted", old, func(s *story) { s.failing(event.EINTR).stat("a") }, nil, true},
		{"lstat of a file", old, func(s *story) { s.lstat("a") }, []string{"stat /w/a file"}, false},
		{"lstat of a link", old, func(s *story) { s.lstat("l") }, []string{"link /w/l -> a"}, false},
		{"stat of a link", old, func(s *story) { s.stat("l") }, []string{"link /w/l -> a", "stat /w/a file"}, false},
		{"fstat of what is open", old, func(s *story) { s.read("a").stat() }, []string{"read /w/a"}, false},
		{"fstat of a handle", old, func(s *story) { s.open("a", event.PathOnly).stat() }, []string{"stat /w/a file"}, false},
		{"access", old, func(s *story) { s.access("a") }, []string{"exists /w/a"}, false},
		{"access of a directory", old, func(s *story) { s.access("d") }, []string{"exists /w/d"}, false},
		{"access of nothing", old, func(s *story) { s.access("x") }, []string{"absent /w/x"}, false},
		{"access through a link", old, func(s *story) { s.access("l") }, []string{"link /w/l -> a", "exists /w/a"}, false},
		{"access, not to be read", func(s *story) { old(s); s.fs.names["/w/a"].denied = footprint.Reading },
			func(s *story) { s.accessTo("a", event.Read|event.Write) }, []string{"exists /w/a may !read,write"}, false},
		{"access, not to be written to, and read", func(s *story) { old(s); s.fs.names["/w/a"].denied = footprint.Writing },
			func(s *story) { s.accessTo("a", event.Write); s.read("a") }, []string{"read /w/a may !write"}, false},
		{"access to a directory", func(s *story) { old(s); s.fs.names["/w/d"].denied = footprint.Writing },
			func(s *story) { s.accessTo("d", event.Write); s.stat("d") }, []string{"stat /w/d dir may !write"}, false},
		{"access to all that is asked for", old, func(s *story) { s.accessTo("a", event.Read|event.Write) }, []string{"exists /w/a may read,write"}, false},
		{"open refused", func(s *story) { old(s); s.fs.names["/w/a"].denied = footprint.Reading | footprint.Writing },
			func(s *story) { s.failing(event.EACCES).open("a", r) }, []string{"exists /w/a may !read"}, true},
		{"open to write refused", func(s *story) { old(s); s.fs.names["/w/a"].denied = footprint.Writing },
			func(s *story) { s.failing(event.EACCES).open("a", w) }, []string{"exists /w/a may !write"}, true},
		{"access refused", old, func(s *story) { s.failing(event.EACCES).access("a") }, []string{"exists /w/a"}, true},
		{"access to execute", func(s *story) { s.program("p", "p") }, func(s *story) { s.accessX("p") }, []string{"stat /w/p file exec"}, false},
		{"access to execute, refused", old, func(s *story) { s.accessX("a") }, []string{"stat /w/a file"}, false},
		{"readlink", old, func(s *story) { s.readlink("l") }, []string{"link /w/l -> a"}, false},
		{"readlink of a directory", old, func(s *story) { s.readlink("d") }, []string{"stat /w/d dir"}, false},
		{"readlink of a file", old, func(s *story) { s.readlink("a") }, []string{"exists /w/a"}, false},
		{"readlink of nothing", old, func(s *story) { s.readlink("x") }, []string{"absent /w/x"}, false},
	})
}

// Of read, stat, exists and absent the strongest is kept; link and list stand
// beside them.
func TestStrongestKind(t *testing.T) {
	run(t, []row{
		{"stat, read", old, func(s *story) { s.stat("a"); s.read("a") }, []string{"read /w/a"}, false},
		{"read, stat", old, func(s *story) { s.read("a"); s.stat("a") }, []string{"read /w/a"}, false},
		{"access, stat", old, func(s *story) { s.access("a"); s.stat("a") }, []string{"stat /w/a file"}, false},
		{"stat, access", old, func(s *story) { s.stat("a"); s.access("a") }, []string{"stat /w/a file"}, false},
		{"access, read", old, func(s *story) { s.access("a"); s.read("a") }, []string{"read /w/a"}, false},
		{"exclusive create, stat", old, func(s *story) { s.open("a", newly); s.stat("a") }, []string{"stat /w/a file"}, false},
		{"stat, list", old, func(s *story) { s.stat("d"); s.list("d") }, []string{"stat /w/d dir", "list /w/d: x"}, false},
		{"link, access", old, func(s *story) { s.lstat("l"); s.access("l") }, []string{"link /w/l -> a", "exists /w/a"}, false},
	})
}

func links(s *story) {
	s.file("include/x.h", "x")
	s.file("/opt/sdk/y.h", "y")
	s.file("d/e/deep.h", "d")
	s.file("d/b.h", "b")
	s.symbolic("inc", "include")
	s.symbolic("l1", "l2")
	s.symbolic("l2", "l3")
	s.symbolic("l3", "include/x.h")
	s.symbolic("sdk", "/opt/sdk")
	s.symbolic("deep", "d/e")
	s.symbolic("dangling", "missing")
	s.symbolic("round", "about")
	s.symbolic("about", "round")
}

func TestLinksWalked(t *testing.T) {
	run(t, []row{
		{"in the middle", links, func(s *story) { s.read("inc/x.h") }, []string{"link /w/inc -> include", "read /w/include/x.h"}, false},
		{"twice", links, func(s *story) { s.read("inc/x.h"); s.stat("inc/x.h") },
			[]string{"link /w/inc -> include", "read /w/include/x.h"}, false},
		{"link to link to link", links, func(s *story) { s.read("l1") },
			[]string{"link /w/l1 -> l2", "link /w/l2 -> l3", "link /w/l3 -> include/x.h", "read /w/include/x.h"}, false},
		{"out of the project", links, func(s *story) { s.read("sdk/y.h") }, []string{"link /w/sdk -> /opt/sdk", "read /opt/sdk/y.h"}, false},
		{"nothing behind it", links, func(s *story) { s.read("inc/no.h") }, []string{"link /w/inc -> include", "absent /w/include/no.h"}, false},
		{"dangling", links, func(s *story) { s.stat("dangling") }, []string{"link /w/dangling -> missing", "absent /w/missing"}, false},
		{"in circles", links, func(s *story) { s.read("round") }, []string{"link /w/about -> round", "link /w/round -> about"}, false},
		{"up from where a link leads", links, func(s *story) { s.read("deep/../b.h") }, []string{"link /w/deep -> d/e", "read /w/d/b.h"}, false},
		{"link of a directory's content listed", links, func(s *story) { s.list("inc") },
			[]string{"link /w/inc -> include", "list /w/include: x.h", "stat /w/include dir"}, false},
		{"written through", links, func(s *story) { s.create("inc/new.h", "n") }, []string{"link /w/inc -> include", "out /w/include/new.h file"}, false},
		{"target created", links, func(s *story) { s.create("dangling", "m") }, []string{"link /w/dangling -> missing", "out /w/missing file"}, false},
		{"own link", links, func(s *story) { s.symlink("include", "mine"); s.read("mine/x.h") },
			[]string{"out /w/mine link -> include", "read /w/include/x.h"}, false},
		{"own link read", nil, func(s *story) { s.symlink("t", "mine"); s.readlink("mine"); s.lstat("mine") },
			[]string{"out /w/mine link -> t"}, false},
		{"temporary link", links, func(s *story) { s.symlink("include", "mine"); s.read("mine/x.h"); s.unlink("mine") },
			[]string{"read /w/include/x.h"}, false},
	})
}

// Devices and the kernel's own file systems are never inputs, nor outputs.
func TestKernelAndDevices(t *testing.T) {
	given := func(s *story) {
		s.fs.place("/proc", dirType, "").kernel = true
		s.kernelFile("/proc/meminfo", "1")
		s.fs.place("/proc/here", linkType, "/w").kernel = true
		s.device("/dev/null")
		s.file("/dev/shm/x", "x")
		s.symbolic("/dev/fd0", "null")
		s.file("a", "a")
	}
	run(t, []row{
		{"device read", given, func(s *story) { s.read("/dev/null") }, nil, false},
		{"device written", given, func(s *story) { s.open("/dev/null", creat).write("x") }, nil, false},
		{"device looked at", given, func(s *story) { s.stat("/dev/null"); s.access("/dev/null"); s.accessX("/dev/null") }, nil, false},
		{"device changed", given, func(s *story) { s.utime("/dev/null") }, nil, false},
		{"missing device", given, func(s *story) { s.stat("/dev/no") }, []string{"absent /dev/no"}, false},
		{"link to a device", given, func(s *story) { s.read("/dev/fd0") }, []string{"link /dev/fd0 -> null"}, false},
		{"proc read", given, func(s *story) { s.stat("/proc/meminfo"); s.read("/proc/meminfo") }, nil, false},
		{"proc written", given, func(s *story) { s.open("/proc/meminfo", w).write("2") }, nil, false},
		{"proc listed", given, func(s *story) { s.list("/proc") }, nil, false},
		{"proc, nothing there", given, func(s *story) { s.stat("/proc/no/such") }, nil, false},
		{"proc's link", given, func(s *story) { s.read("/proc/here/a"); s.readlink("/proc/here") }, []string{"read /w/a"}, false},
		{"file in shared memory", given, func(s *story) { s.read("/dev/shm/x"); s.create("/dev/shm/y", "y") },
			[]string{"read /dev/shm/x", "out /dev/shm/y file"}, false},
		{"fifo made", nil, func(s *story) { s.mknod("f", otherType); s.read("f") }, nil, false},
		{"fifo removed", func(s *story) { s.fifo("f") }, func(s *story) { s.unlink("f") }, []string{"out /w/f removed"}, false},
		{"regular file made by mknod", nil, func(s *story) { s.mknod("f", fileType) }, []string{"out /w/f file"}, false},
	})
}
