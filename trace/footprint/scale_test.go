package footprint_test

import (
	"fmt"
	"runtime"
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

// heap is what is allocated and still in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What a Folder remembers grows with the number of paths, not with the number of
// events.
func TestMemoryGrowsWithPathsOnly(t *testing.T) {
	const rounds, allowed = 1000, 64 << 10
	for name, round := range map[string]func(s *story){
		"opens and stats": func(s *story) {
			for i := range 10 {
				s.read(fmt.Sprintf("f%d", i))
				s.stat("f0")
				s.access("missing")
			}
		},
		"processes that search": func(s *story) {
			child := s.fork()
			execvp(child, "cc")
			child.exit()
		},
		"lookups in the first directory of PATH": func(s *story) {
			for range 20 {
				s.stat("/usr/local/bin/none")
			}
		},
		"search nowhere": func(s *story) { execvp(s.proc, "yacc") },
		"temporaries of one name": func(s *story) {
			s.mkstemp("t", "x")
			s.unlink("t")
		},
		"spellings": func(s *story) { s.read("f1"); s.read("/w/f1"); s.read("d/../f1") },
		"lists":     func(s *story) { s.list("d") },
		"sockets":   func(s *story) { s.connect("ip:127.0.0.1:80"); s.bind("ip:127.0.0.1:81") },
		"in-out":    func(s *story) { s.add("log", "") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			commands(s)
			s.emptyDir("d")
			s.file("log", "old")
			for i := range 10 {
				s.file(fmt.Sprintf("f%d", i), "x")
			}
			for range 20 {
				round(s)
			}
			before := heap()
			for range rounds {
				round(s)
				s.used, s.keeper.calls = nil, nil
			}
			if grown := heap() - before; grown > allowed {
				t.Errorf("%d bytes more after %d rounds, want less than %d", grown, rounds, allowed)
			}
			runtime.KeepAlive(s)
		})
	}
}

// BenchmarkFold folds the events of a compile: 10 000 of them, about 1000 headers in 5
// directories, each looked up until it is found, stat-ed and read, some of them again.
func BenchmarkFold(b *testing.B) {
	s := newStory(b)
	var events []event.Event
	tell := func(op event.Op, p string, f event.Flags, errno event.Errno) {
		e := event.Event{Seq: uint64(len(events) + 1), Process: firstPID, Op: op, Flags: f, Name: event.Name{Spelled: p, Path: p}}
		if errno != 0 {
			e.Outcome = event.Fail(errno)
		}
		events = append(events, e)
	}
	for i := 0; len(events) < 10_000; i++ {
		header := fmt.Sprintf("x%d.h", i%1000)
		for dir := range 5 {
			p := fmt.Sprintf("/usr/include/%d/%s", dir, header)
			if dir < i%5 {
				tell(event.Open, p, event.Read, event.ENOENT)
				continue
			}
			if s.fs.names[p] == nil {
				s.file(p, "x")
			}
			tell(event.Stat, p, 0, 0)
			tell(event.Open, p, event.Read, 0)
			tell(event.Stat, p, event.ByDescriptor, 0)
			break
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		folder := footprint.New(s.options)
		for i := range events {
			folder.Event(&events[i])
		}
		folder.Finish()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
}
