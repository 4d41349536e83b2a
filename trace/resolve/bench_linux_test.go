package resolve_test

import (
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/resolve"
)

// The walks that a compile makes by the thousand. All but the last name comes from the
// prefix cache.
func benchmark(b *testing.B, spelled string, want event.Errno) {
	r := resolve.New(resolve.OS{})
	q := resolve.Request{Base: "/usr", Spelled: spelled, Follow: true, Self: "1", Thread: "1/task/1"}
	b.ReportAllocs()
	for b.Loop() {
		if res := r.Resolve(q); res.Err != want {
			b.Fatal(res.Err)
		}
	}
}

func BenchmarkThere(b *testing.B)    { benchmark(b, "/usr/bin/env", 0) }
func BenchmarkMissing(b *testing.B)  { benchmark(b, "/usr/include/missing.h", event.ENOENT) }
func BenchmarkRelative(b *testing.B) { benchmark(b, "bin/env", 0) }
func BenchmarkUp(b *testing.B)       { benchmark(b, "lib/../bin/../bin/env", 0) }

// BenchmarkAnew is a walk of which nothing is remembered, as after a rename of a directory.
func BenchmarkAnew(b *testing.B) {
	r := resolve.New(resolve.OS{})
	q := resolve.Request{Base: "/", Spelled: "/usr/bin/env", Follow: true}
	b.ReportAllocs()
	for b.Loop() {
		r.Clear()
		if res := r.Resolve(q); res.Err != 0 {
			b.Fatal(res.Err)
		}
	}
}
