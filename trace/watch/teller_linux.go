//go:build amd64 || arm64

package watch

import "deptrace/trace/event"

// Teller tells a sink what happens, and numbers it.
type Teller struct {
	sink event.Sink
	seq  uint64 // the last number
}

// NewTeller returns a Teller that begins behind the number last.
func NewTeller(sink event.Sink, last uint64) Teller { return Teller{sink, last} }

// Next returns the next number. An event gets it before it is told if its place is where it
// begins, or if it is to be told again.
func (t *Teller) Next() uint64 {
	t.seq++
	return t.seq
}

// Tell tells an event. One that has no number gets the next.
func (t *Teller) Tell(ev *event.Event) event.Hold {
	if ev.Seq == 0 {
		ev.Seq = t.Next()
	}
	return t.sink.Event(ev)
}

// Incomplete tells a reason. That the same is told twice is for the receiver to sort
// out.
func (t *Teller) Incomplete(pid int, r event.Reason, detail string) {
	t.Tell(&event.Event{Op: event.Incomplete, Process: pid, Reason: r, Detail: detail})
}
