package helper

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Program is the name of what is started.
const Program = "deptrace-remote"

const (
	// longest is how long an answer is waited for where the context has no deadline.
	longest = 2 * time.Minute
	// reserve is what is kept back of the time for an answer, so that the program can say
	// that there was no more.
	reserve = 200 * time.Millisecond
	// leaving is how long the program may take to end: it tidies the store up.
	leaving = 2 * time.Second
)

// NotFoundError says that the program is not there.
type NotFoundError struct{}

func (*NotFoundError) Error() string { return Program + " is not beside deptrace nor in PATH" }

// Hint says what to do about it.
func (*NotFoundError) Hint() string {
	return "go install ./cmd/... or make build builds both; without " + Program + " there is only the local cache"
}

// MissError is a request that was answered, and without success.
type MissError struct {
	Reason string
}

func (e *MissError) Error() string { return e.Reason }

// Find returns where the program is: beside this process's own, or in PATH. Its error is
// a [*NotFoundError].
func Find() (string, error) {
	if self, err := os.Executable(); err == nil {
		// Whether it can be executed shows when it is.
		path := filepath.Join(filepath.Dir(self), Program)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	path, err := exec.LookPath(Program)
	if err != nil { // also if PATH leads to one in the working directory, which is not to be trusted
		return "", &NotFoundError{}
	}
	return path, nil
}

// Options say how to start the program.
type Options struct {
	Path   string   // empty: what Find returns
	Env    []string // nil: that of this process
	Stderr *os.File // nil: that of this process
}

// Helper is a running program. Its methods can be called by several goroutines; one
// request is under way at a time.
type Helper struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stdout  io.ReadCloser
	answers chan string   // lines; closed at their end
	done    chan struct{} // closed when the process has ended
	waited  error         // then, what Wait said

	mu   sync.Mutex
	dead error // why nothing can be asked any more
}

// Start starts the program.
func Start(o Options) (*Helper, error) {
	if o.Path == "" {
		var err error
		if o.Path, err = Find(); err != nil {
			return nil, err
		}
	}
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
	h := &Helper{
		cmd:     &exec.Cmd{Path: o.Path, Args: []string{Program}, Env: o.Env, Stderr: o.Stderr},
		answers: make(chan string),
		done:    make(chan struct{}),
	}
	var err error
	if h.stdin, err = h.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if h.stdout, err = h.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := h.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", Program, err)
	}
	go h.listen()
	return h, nil
}

// listen reads the answers, and then what became of the process.
func (h *Helper) listen() {
	lines := bufio.NewScanner(h.stdout)
	lines.Buffer(nil, MaxLine)
	for lines.Scan() {
		h.answers <- lines.Text()
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		h.cmd.Process.Kill() // or it could wait for ever for somebody to read the rest
	}
	close(h.answers)
	h.waited = h.cmd.Wait()
	close(h.done)
}

// Sets brings the input sets that the server knows of a command into the local store,
// behind those that are there. Without success its error is a [*MissError].
func (h *Helper) Sets(ctx context.Context, weak [32]byte) (detail string, err error) {
	return h.ask(ctx, Request{Verb: Sets, Key: weak})
}

// Entry brings an entry, and all blobs that it names, into the local store. Without
// success its error is a [*MissError].
func (h *Helper) Entry(ctx context.Context, strong [32]byte) (detail string, err error) {
	return h.ask(ctx, Request{Verb: Entry, Key: strong})
}

// PushSets uploads the local store's input sets of a command.
func (h *Helper) PushSets(ctx context.Context, weak [32]byte) (detail string, err error) {
	return h.ask(ctx, Request{Verb: PushSets, Key: weak})
}

// PushEntry uploads the local store's entry and its blobs.
func (h *Helper) PushEntry(ctx context.Context, strong [32]byte) (detail string, err error) {
	return h.ask(ctx, Request{Verb: PushEntry, Key: strong})
}

func (h *Helper) ask(ctx context.Context, r Request) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead != nil {
		return "", h.dead
	}
	if err := ctx.Err(); err != nil { // and nothing is lost
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline)
	r.Limit = left - min(reserve, left/4)
	// A line fits into the pipe: all that was asked before has been read.
	if _, err := io.WriteString(h.stdin, r.String()+"\n"); err != nil {
		return "", h.end(fmt.Errorf("it does not listen: %w", err))
	}
	select {
	case line, ok := <-h.answers:
		if !ok {
			return "", h.end(errors.New("it has ended"))
		}
		a, err := ParseAnswer(line)
		switch {
		case err != nil:
			return "", h.end(err)
		case a.Status == Miss:
			return "", &MissError{a.Detail}
		case a.Status == Error:
			return "", errors.New(a.Detail)
		}
		return a.Detail, nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return "", h.end(fmt.Errorf("no answer for %v", left.Round(time.Millisecond)))
		}
		// The answer would be taken for that to the next request.
		return "", h.end(ctx.Err())
	}
}

// kill ends the process, and the reading: a child of its own can hold the pipe open.
func (h *Helper) kill() {
	h.cmd.Process.Kill()
	h.stdout.Close()
}

// end kills the program. It returns why, for this request and all later ones.
func (h *Helper) end(why error) error {
	h.stdin.Close()
	h.kill()
	for range h.answers { // so that nobody waits to hand one over
	}
	<-h.done
	if h.waited != nil && h.cmd.ProcessState != nil && h.cmd.ProcessState.Exited() {
		why = fmt.Errorf("%w: %w", why, h.waited)
	}
	h.dead = fmt.Errorf("%s: %w", Program, why)
	return h.dead
}

// Close ends the program, which may finish what it is at: not for long.
func (h *Helper) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead != nil {
		return nil
	}
	h.dead = errors.New(Program + ": it has been closed")
	h.stdin.Close()
	late := time.AfterFunc(leaving, h.kill)
	defer late.Stop()
	for range h.answers {
	}
	<-h.done
	if h.waited != nil {
		return fmt.Errorf("%s: %w", Program, h.waited)
	}
	return nil
}
