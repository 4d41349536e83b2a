package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"deptrace/cache/store"
)

// progress shows on a terminal how far something is that takes longer than a moment.
type progress struct {
	to    io.Writer // nil where nobody looks
	clock func() time.Time
	next  time.Time // when to show it again
	shown bool
}

const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
)

func newProgress() *progress {
	p := &progress{clock: time.Now}
	// A device that is no terminal is /dev/null, where a few lines more do no harm.
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		p.to = os.Stderr
	}
	p.next = p.clock().Add(progressAfter)
	return p
}

// show writes over the line that it wrote before.
func (p *progress) show(s store.Step) {
	if p.to == nil {
		return
	}
	now := p.clock()
	if now.Before(p.next) {
		return
	}
	p.next, p.shown = now.Add(progressEvery), true
	fmt.Fprintf(p.to, "\rdeptrace: %s %d of %d\x1b[K", s.Doing, s.Done, s.Of)
}

// end takes the line away.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}
