//go:build amd64 || arm64

package notify

import (
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"deptrace/trace/event"
	"deptrace/trace/launch"
	"deptrace/trace/tracee"
	"deptrace/trace/watch"

	"golang.org/x/sys/unix"
)

// between is how long a wait for stragglers lasts at most: orphans that this process
// has adopted have to be waited for, and those to be killed looked for again.
const between = 50 * time.Millisecond

// patience is the time limit of a wait after the command's end, in milliseconds.
func (e *engine) patience() int {
	d := between
	if !e.late {
		d = min(d, time.Until(e.ended.Add(e.c.Grace)))
	}
	return int(max(d.Milliseconds(), 0)) + 1
}

// afterEnd does what is due when the command has ended and processes are left. done
// says that they are left to a keeper.
func (e *engine) afterEnd() (done bool, err error) {
	now := time.Now()
	if !e.late {
		if now.Sub(e.ended) < e.c.Grace {
			return false, nil
		}
		e.late = true
		for _, name := range e.stragglers() {
			e.Incomplete(0, event.Outlived, name)
		}
		if e.c.Late == watch.Leave {
			e.holds.Wait()
			return true, launch.Keep(int(e.listener))
		}
	}
	if now.Sub(e.looked) < between {
		return false, nil // busy ones do not let us wait
	}
	e.looked = now
	e.reapOrphans()
	if e.c.Late == watch.Kill {
		e.killAll()
	}
	return false, nil
}

// stragglers are the names of the programs that are left. Without [watch.Config.Adopt] an orphan
// that has not made a watched call yet is not known.
func (e *engine) stragglers() (names []string) {
	for _, pid := range e.left() {
		names = append(names, tracee.Command(pid))
	}
	if len(names) == 0 {
		names = append(names, "?")
	}
	return names
}

// left are the processes of the step that have not ended, as far as they are known: those
// that have made a watched call, and what descends from them.
func (e *engine) left() (pids []int) {
	seen := map[int]bool{}
	var add func(pid int)
	add = func(pid int) {
		if seen[pid] || !tracee.Alive(pid) {
			return
		}
		seen[pid] = true
		pids = append(pids, pid)
		for _, child := range children(pid) {
			add(child)
		}
	}
	e.mu.Lock()
	known, over := maps.Clone(e.living), e.finished
	e.mu.Unlock()
	for pid, at := range known {
		if tracee.StartedBefore(pid, at) {
			add(pid)
		}
	}
	if e.c.Adopt && !over {
		for _, pid := range children(os.Getpid()) {
			add(pid)
		}
	}
	return pids
}

// children are the processes that a process has started or adopted (proc(5)).
func children(pid int) (pids []int) {
	files, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, f := range files {
		b, _ := os.ReadFile(f)
		for _, word := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(word); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// reapOrphans takes note of adopted orphans that have ended: until somebody has, they are
// still there for whoever asks by kill(2). The command is the engine's thread's to wait
// for; this may run on another one.
func (e *engine) reapOrphans() {
	for e.c.Adopt {
		pid := peekEnded()
		if pid == 0 || pid == e.root {
			return
		}
		syscall.Wait4(pid, nil, unix.WNOHANG|unix.WALL, nil)
	}
}

// killAll kills every process of the step, those that are yet to be noticed included.
func (e *engine) killAll() {
	e.mu.Lock()
	e.killing = true
	e.mu.Unlock()
	for _, pid := range e.left() {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}
