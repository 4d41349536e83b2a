package main

import (
	"bytes"
	"testing"
	"time"

	"deptrace/cache/store"
)

// What is quick shows nothing; what is not is shown now and then, and is taken away.
func TestProgress(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1e9, 0)
	p := &progress{to: &out, clock: func() time.Time { return now }, next: now.Add(progressAfter)}
	at := func(d time.Duration, done int) {
		now = time.Unix(1e9, 0).Add(d)
		p.show(store.Step{Doing: "verifying", Done: done, Of: 9})
	}
	at(0, 1)
	at(900*time.Millisecond, 2)
	p.end()
	if out.Len() > 0 {
		t.Errorf("shows %q in the first second", &out)
	}
	at(1100*time.Millisecond, 3)
	at(1150*time.Millisecond, 4)
	at(1250*time.Millisecond, 5)
	p.end()
	want := "\rdeptrace: verifying 3 of 9\x1b[K\rdeptrace: verifying 5 of 9\x1b[K\r\x1b[K"
	if got := out.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	(&progress{}).show(store.Step{})
	(&progress{}).end()
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 1023: "1023 bytes", 1024: "1024 bytes (1.0 KiB)", 1536: "1536 bytes (1.5 KiB)",
		1 << 20: "1048576 bytes (1.0 MiB)", 5 << 30: "5368709120 bytes (5.0 GiB)", 1<<63 - 1: "9223372036854775807 bytes (8.0 EiB)",
	} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %s, want %s", n, got, want)
		}
	}
}
