package observe

import "deptrace/trace/tracee"

// The memory of a process that makes many calls is kept open. That has to end with the program
// that it runs: a child of vfork(2) has its parent's memory until it executes something, and what
// is read from there afterwards would be the parent's. As with directories, an exec is known of
// before it happens; so nothing is opened until the thread that has called it makes another call.

// memory is what is known of a process's memory.
type memory struct {
	open  *tracee.Image // nil: it is not
	calls int           // since the last exec
	// by is the thread that is about to execute a program; 0 if there is none, and several for
	// good once there has been another one at the same time.
	by int
}

// imageAfter is after how many calls the memory is opened, and imagesAtMost how many are open
// at a time: the end of a process need not be noticed.
const (
	imageAfter   = 6
	imagesAtMost = 16
)

// holder is a process whose memory was opened.
type holder struct {
	process *Process
	open    *tracee.Image
}

// reads has the memory that is read be that of a thread which makes a call.
func (o *Observer) reads(t *Thread) {
	m := &t.Process.memory
	if m.by == t.TID {
		m.by, m.calls = 0, 0
	}
	o.Memory.Thread, o.Memory.Asked, o.asked = t.TID, false, false
	if m.calls++; m.open == nil && m.by == 0 && m.calls == imageAfter {
		o.asked = true
		if m.open, _ = tracee.OpenImage(t.TID); m.open != nil {
			o.hold(t.Process)
		}
	}
	o.Memory.Image = m.open
}

// hold notes that the memory of a process has been opened. What was opened so many times ago is
// closed, if it still is open.
func (o *Observer) hold(p *Process) {
	h := &o.holders[o.oldest]
	h.close()
	*h = holder{p, p.memory.open}
	o.oldest = (o.oldest + 1) % len(o.holders)
}

func (h *holder) close() {
	if h.open != nil && h.process.memory.open == h.open {
		h.process.memory.close()
		h.process.memory.calls = 0
	}
}

// executes notes that a thread is about to execute a program.
func (p *Process) executes(tid int) {
	p.memory.close()
	if p.memory.by != 0 && p.memory.by != tid {
		tid = several
	}
	p.memory.by = tid
}

func (m *memory) close() {
	if m.open != nil {
		m.open.Close()
		m.open = nil
	}
}

// ByNumber reports whether the last call was looked at by way of its thread's number, which can
// be another's as soon as the thread has ended.
func (o *Observer) ByNumber() bool { return o.asked || o.Memory.Asked }

// Close gives up what is kept open.
func (o *Observer) Close() {
	for i := range o.holders {
		o.holders[i].close()
	}
}
