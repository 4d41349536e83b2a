//go:build amd64 || arm64

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"syscall"

	"deptrace/cache"
	"deptrace/cache/digest"
	"deptrace/cache/replay"
	"deptrace/depfile/manifest"
	"deptrace/trace"
	"deptrace/trace/event"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
	"deptrace/trace/observe"

	"golang.org/x/sys/unix"
)

// isolate has a process start in a mount namespace of its own. Whoever may not make one
// gets it with a user namespace around it, in which the user is the same and has the
// right to mount until the step begins.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 {
		return
	}
	a := cmd.SysProcAttr
	a.Cloneflags |= syscall.CLONE_NEWUSER
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
	a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_CHROOT}
}

// neededToStart are the files without which a command cannot be executed, as far as they
// can be told from outside: the program and the interpreters that it leads to.
func neededToStart(program string) (needed [][]byte) {
	for len(needed) < 6 && program != "" { // as deep as the kernel follows them
		needed = append(needed, []byte(program))
		program = observe.Interpreter(program)
	}
	return needed
}

// replayInside is the process of a replay: it builds the place, goes there, runs the step
// and answers.
func replayInside(args []string) int {
	answer, err := replayStep(args)
	if err != nil {
		answer = &replayAnswer{Failed: err.Error()}
	}
	out := os.NewFile(3, "answer")
	if err := json.NewEncoder(out).Encode(answer); err != nil {
		errorf("answer: %v", err)
		return statusError
	}
	return 0
}

// firstUse notes in which order a step asks for paths.
type firstUse struct {
	sink       event.Sink
	root, home string
	seen       map[string]bool
	order      [][]byte // as replay.Replay has it
}

// Event implements [event.Sink].
func (f *firstUse) Event(e *event.Event) event.Hold {
	for _, name := range [...]*event.Name{&e.Name, &e.Name2} {
		for _, l := range name.Links {
			f.note(l.Path, "")
		}
		f.note(name.Path, "")
	}
	switch {
	case (e.Op == event.Open || e.Op == event.Inherit) && e.Flags&event.Read != 0, e.Op == event.Exec, e.Op == event.Load:
		f.note(e.Name.Path, replay.ReadMark)
	case e.Op == event.List:
		f.note(e.Name.Path, replay.ListMark)
	}
	return f.sink.Event(e)
}

func (f *firstUse) note(path, mark string) {
	if path != "" && !f.seen[path+mark] {
		f.seen[path+mark] = true
		f.order = append(f.order, []byte(manifest.Form(path, f.root, f.home)+mark))
	}
}

func replayStep(args []string) (*replayAnswer, error) {
	syscall.CloseOnExec(3)
	if len(args) != 4 {
		return nil, errors.New("this is for deptrace itself: use deptrace replay MANIFEST")
	}
	record, err := cache.Load(cache.Place{Manifest: args[0], Root: args[1]})
	if err != nil {
		return nil, err
	}
	now := cache.NewWorld(os.Environ())
	plan, err := replay.New(record, now.Home, oldStates())
	if err != nil {
		return nil, fmt.Errorf("plan the replay: %w", err)
	}
	needed := neededToStart(programOf(record, now))
	stdout, err := nameless()
	if err != nil {
		return nil, err
	}
	stderr := stdout
	if args[3] == apart {
		if stderr, err = nameless(); err != nil {
			return nil, err
		}
	}
	if err := plan.Build(args[2]); err != nil {
		return nil, fmt.Errorf("build a place for the replay: %w", err)
	}
	// The step is to have no more rights than it had.
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("give up the right to mount: %w", err)
	}
	answer := &replayAnswer{}
	stdin, err := answer.standardInput(record, now)
	if err != nil {
		return nil, err
	}
	folder := footprint.New(footprint.Options{FS: new(osfs.FS), Keeper: new(digest.Keeper), Path: trace.SearchPath(), Dir: plan.Dir})
	order := &firstUse{sink: folder, root: record.Root, home: now.Home, seen: map[string]bool{}}
	result, err := trace.Run(context.Background(), trace.Command{
		Args: record.Step.Argv, Stdin: stdin, Stdout: stdout, Stderr: stderr, Adopt: true, Daemons: trace.Kill,
	}, order)
	var start *trace.StartError
	if errors.As(err, &start) {
		// Without its program in the record a step cannot even begin: that is an answer.
		result.Status = statusNotFound
		answer.Start = append(answer.Start, needed...)
	} else if err != nil {
		return nil, err
	}
	m, err := manifest.Build(folder.Finish(), manifest.Options{
		Root: record.Root, Dir: plan.Dir, Home: now.Home, Argv: record.Step.Argv,
		Exit: result.Status, Signal: int(result.Signal), Ignore: record.Step.Ignore, StatMeta: record.Step.Stat == string(statMeta),
	}, cache.Digester{})
	if err != nil {
		return nil, err
	}
	answer.Manifest = m.Encode()
	answer.Order = order.order
	if err := answer.printed(stdout, io.Discard); err != nil {
		return nil, err
	}
	if stderr != stdout {
		err = answer.printed(stderr, os.Stderr)
	}
	return answer, err
}

// nameless returns a new file that has no name.
func nameless() (*os.File, error) {
	f, err := os.CreateTemp("", "deptrace-replay-")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

// standardInput opens the file that the record says was the step's standard input, in the
// place. A record that does not name it among its inputs has it missing there.
func (a *replayAnswer) standardInput(r *cache.Record, now *cache.World) (*os.File, error) {
	if r.Step.Stdin != "" {
		path := manifest.Abs(r.Step.Stdin, r.Root, now.Home)
		f, err := os.Open(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
		a.Start = append(a.Start, []byte(path))
	}
	return os.Open(os.DevNull)
}

// printed adds the digest of what the step wrote to a file, and copies it.
func (a *replayAnswer) printed(f *os.File, to io.Writer) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(h, to), f); err != nil {
		return err
	}
	a.Printed = append(a.Printed, manifest.Digest(h.Sum(nil)))
	return nil
}
