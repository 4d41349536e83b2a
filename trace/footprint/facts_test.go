package footprint_test

import (
	"slices"
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/footprint"

	"github.com/google/go-cmp/cmp"
)

func TestUses(t *testing.T) {
	given := func(s *story) {
		s.device("/dev/random")
		s.device("/dev/urandom")
		s.device("/dev/zero")
		s.kernelFile("/proc/cpuinfo", "cpu")
		s.kernelFile("/proc/meminfo", "mem")
		s.kernelFile("/proc/sys/kernel/random/uuid", "id")
	}
	run(t, []row{
		{"random", given, func(s *story) { s.read("/dev/random") }, []string{"uses random"}, false},
		{"urandom", given, func(s *story) { s.read("/dev/urandom") }, []string{"uses random"}, false},
		{"a name at random", given, func(s *story) { s.read("/proc/sys/kernel/random/uuid") }, []string{"uses random"}, false},
		{"random looked at", given, func(s *story) { s.stat("/dev/urandom") }, nil, false},
		{"random refused", given, func(s *story) { s.failing(event.EACCES).read("/dev/urandom") }, nil, true},
		{"other devices", given, func(s *story) { s.read("/dev/zero") }, nil, false},
		{"machine", given, func(s *story) { s.read("/proc/cpuinfo") }, []string{"uses machine"}, false},
		{"machine looked at", given, func(s *story) { s.stat("/proc/cpuinfo") }, nil, false},
		{"other files of proc", given, func(s *story) { s.read("/proc/meminfo") }, nil, false},
	})
}

func TestUsesAreSorted(t *testing.T) {
	s := newStory(t)
	s.device("/dev/random")
	s.kernelFile("/proc/cpuinfo", "cpu")
	s.read("/dev/random")
	s.connect("ip:192.0.2.7:443")
	s.read("/proc/cpuinfo")
	s.read("/dev/random")
	want := []string{"machine", "network", "random"}
	if d := cmp.Diff(want, s.finish().Uses); d != "" {
		t.Errorf("uses (-want +got)\n%s", d)
	}
}

// What an engine cannot follow is said once, in the same order every time.
func TestIncomplete(t *testing.T) {
	gap := func(r event.Reason, detail string) event.Event {
		return event.Event{Op: event.Incomplete, Reason: r, Detail: detail}
	}
	orders := [][]event.Event{
		{gap(event.Mount, ""), gap(event.ABINotModelled, "x"), gap(event.ABINotModelled, "a"), gap(event.Mount, "")},
		{gap(event.ABINotModelled, "a"), gap(event.Mount, ""), gap(event.ABINotModelled, "x")},
	}
	want := []footprint.Gap{{Reason: event.ABINotModelled, Detail: "a"}, {Reason: event.ABINotModelled, Detail: "x"}, {Reason: event.Mount}}
	for _, order := range orders {
		s := newStory(t)
		for _, e := range order {
			s.once(e)
		}
		if d := cmp.Diff(want, s.finish().Incomplete); d != "" {
			t.Errorf("incomplete (-want +got)\n%s", d)
		}
	}
}

// Events that say nothing about files leave nothing.
func TestNeutralEvents(t *testing.T) {
	s := newStory(t)
	s.exit()
	s.once(event.Event{Op: event.Signal, Signal: 15})
	s.once(event.Event{Op: event.Close, Descriptor: 3})
	s.once(event.Event{Op: event.Dup, Descriptor: 3, Descriptor2: 4})
	s.fork().exit()
	s.want()
}

// What comes out of a pipe that was there before nobody knows.
func TestPipes(t *testing.T) {
	found := func(s *story) {
		s.fifo("f")
		s.fifo("jobs")
		s.device("/dev/tty")
	}
	run(t, []row{
		{"read", found, func(s *story) { s.read("f"); s.read("f") }, []string{"stat /w/f other", "incomplete pipe"}, false},
		{"looked at", found, func(s *story) { s.stat("f") }, []string{"stat /w/f other"}, false},
		{"asked for", found, func(s *story) { s.access("f") }, []string{"exists /w/f"}, false},
		{"written to", found, func(s *story) { s.open("f", w) }, []string{"exists /w/f may write"}, false},
		{"not to be written to", found, func(s *story) { s.failing(event.ENXIO).open("f", w) }, []string{"exists /w/f"}, true},
		{"of the step", found, func(s *story) { s.mknod("mine", otherType); s.read("mine") }, nil, false},
		{"tokens", found, func(s *story) { s.options.Tokens = "/w/jobs"; s.read("jobs") }, nil, false},
		{"device", found, func(s *story) { s.read("/dev/tty") }, nil, false},
	})
}

// A pipe, socket or device is no output, but it is told that the step has left one. That it
// was not there before is no input then, or the next run would find it and be another step.
func TestSpecials(t *testing.T) {
	s := newStory(t)
	s.fifo("/w/old")
	s.fifo("/w/again")
	s.device("/dev/null")
	s.open("old", event.Write)
	s.open("/dev/null", event.Write)
	s.stat("new")
	s.mknod("new", footprint.Other)
	s.unlink("again")
	s.mknod("again", footprint.Other)
	s.mknod("gone", footprint.Other)
	s.unlink("gone")
	fp := s.finish()
	if d := cmp.Diff([]string{"/w/again", "/w/new"}, fp.Specials); d != "" {
		t.Errorf("specials (-want +got)\n%s", d)
	}
	if got := render(fp); !slices.Equal(got, []string{"exists /w/old may write"}) {
		t.Errorf("footprint %q, want only that the old one is there", got)
	}
}
