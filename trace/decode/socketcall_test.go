package decode

import (
	"testing"

	"deptrace/trace/syscalls"
)

// The filter stops for the sub-calls that the decoder knows, and they are what
// linux/net.h and net/compat.c say.
func TestSubcalls(t *testing.T) {
	want := map[uint32]string{
		2: "bind", 3: "connect", 5: "accept4", 10: "recvfrom", 11: "sendto", 12: "recvfrom",
		16: "sendmsg", 17: "recvmsg", 18: "accept4", 19: "recvmmsg", 20: "sendmmsg",
	}
	tells := map[uint32]bool{2: true, 3: true, 11: true, 16: true, 20: true}
	words := map[uint32]int{2: 3, 3: 3, 5: 3, 10: 4, 11: 6, 12: 6, 16: 3, 17: 3, 18: 4, 19: 5, 20: 4}
	row := syscalls.Lookup(syscalls.I386, 102)
	for n := range uint32(32) {
		got := ""
		if sub, ok := subcalls[n]; ok {
			got = syscalls.Lookup(syscalls.I386, sub.direct).Name
		}
		if got != want[n] {
			t.Errorf("sub-call %d is %q, want %q", n, got, want[n])
		}
		if got := subcalls[n].words; got != words[n] {
			t.Errorf("sub-call %d has %d words, want %d", n, got, words[n])
		}
		told, reads := syscalls.Options{Stdin: true}.Matters(row, [6]uint64{uint64(n)})
		if told != tells[n] || reads != (want[n] != "" && !tells[n]) {
			t.Errorf("sub-call %d matters: %v, %v", n, told, reads)
		}
		if told, reads := (syscalls.Options{}).Matters(row, [6]uint64{uint64(n)}); told != tells[n] || reads {
			t.Errorf("sub-call %d matters when nobody asks: %v, %v", n, told, reads)
		}
	}
}
