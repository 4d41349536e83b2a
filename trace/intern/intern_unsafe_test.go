package intern

import (
	"strconv"
	"testing"
	"unsafe"
)

func TestString(t *testing.T) {
	var table Table
	b := []byte("a/b")
	first := table.String(b)
	b[0] = 'x'
	if second := table.String(b); first != "a/b" || second != "x/b" {
		t.Fatalf("got %q and %q", first, second)
	}
	if again := table.String([]byte("a/b")); unsafe.StringData(again) != unsafe.StringData(first) {
		t.Error("the same name is another string")
	}
	if got := table.String(nil); got != "" {
		t.Errorf("of nothing: got %q", got)
	}
}

// What a table holds is bounded, and what it gave stays what it was.
func TestLimit(t *testing.T) {
	var table Table
	names := make([]string, 200_000)
	for i := range names {
		names[i] = table.String(strconv.AppendInt(nil, int64(i), 10))
		if table.size > limit || len(table.strings) > limit/perEntry {
			t.Fatalf("%d strings of %d bytes", len(table.strings), table.size)
		}
	}
	if len(table.strings) == len(names) {
		t.Error("the limit was never met: the test is too small")
	}
	for i, name := range names {
		if name != strconv.Itoa(i) {
			t.Fatalf("got %q, want %d", name, i)
		}
	}
}

func TestAllocations(t *testing.T) {
	var table Table
	b := []byte("/usr/include/stdio.h")
	table.String(b)
	if n := testing.AllocsPerRun(100, func() { table.String(b) }); n != 0 {
		t.Errorf("a known name: %v allocations", n)
	}
}
