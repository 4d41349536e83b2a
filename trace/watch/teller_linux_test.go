//go:build amd64 || arm64

package watch

import (
	"slices"
	"testing"

	"deptrace/trace/event"
)

// numbers are those of what was told.
type numbers []uint64

func (n *numbers) Event(ev *event.Event) event.Hold {
	*n = append(*n, ev.Seq)
	return nil
}

// An event keeps the number that it has, and is told by it again.
func TestTeller(t *testing.T) {
	var got numbers
	teller := NewTeller(&got, 7)
	early := event.Event{Seq: teller.Next()}
	teller.Tell(&event.Event{})
	teller.Tell(&early)
	teller.Incomplete(0, event.Lost, "")
	teller.Tell(&early)
	if want := []uint64{9, 8, 10, 8}; !slices.Equal(got, want) {
		t.Errorf("numbers %d, want %d", got, want)
	}
}
