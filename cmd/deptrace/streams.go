package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"deptrace/cache"
	"deptrace/cache/store"
)

// maxPrinted is how much a command can print and still be cached: a result is taken to
// memory to be printed again.
const maxPrinted = 16 << 20

// streams are the standard output and error of a command that runs under cached: what it
// writes is passed on at once and kept. A terminal becomes a pseudo-terminal, so that
// compilers go on colouring their messages; anything else becomes a pipe. Where the two
// are one open file they share one stream, and so their order is exact.
type streams struct {
	out, err *stream // err is nil if it shares out
}

// stream is one of them, from the command to where deptrace's own goes.
type stream struct {
	tty    bool
	to     int      // deptrace's own descriptor
	given  *os.File // the command's end
	reader *os.File // ours
	stop   [2]*os.File
	done   chan struct{}

	blob   *store.Writer
	size   int64
	failed error // why nothing is kept
	lost   error // why what the command wrote did not arrive
}

// lost returns the error for what the command wrote to its standard output and did not
// arrive there, though the command may have taken it for written. That nobody reads there any
// more is none; and what is lost of the messages is not worth failing for.
func (s *streams) lost() error {
	if err := s.out.lost; err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("write standard output: %w", err)
	}
	return nil
}

var (
	errNotArrived     = errors.New("not all that the command wrote was taken")
	errPrintedTooMuch = errors.New("the command printed more than 16 MiB")
)

// begin has the command write into the streams. Blobs come from st, which may be nil.
func (s *streams) begin(st *store.Store) error {
	for _, each := range s.each() {
		if err := each.begin(st); err != nil {
			s.end()
			return err
		}
	}
	return nil
}

func (s *streams) each() []*stream {
	if s.err == nil {
		return []*stream{s.out}
	}
	return []*stream{s.out, s.err}
}

// stdout and stderr are the command's ends.
func (s *streams) stdout() *os.File { return s.out.given }
func (s *streams) stderr() *os.File {
	if s.err == nil {
		return s.out.given
	}
	return s.err.given
}

// end waits until all that the command has written is passed on. Processes that outlive it
// and hold a stream open are not waited for.
func (s *streams) end() {
	for _, each := range s.each() {
		each.end()
	}
}

// keep returns what was written as blobs; nil for nothing.
func (s *streams) keep() (out, errs *cache.Blob, err error) {
	if out, err = s.out.keep(); err != nil || s.err == nil {
		return out, nil, err
	}
	errs, err = s.err.keep()
	return out, errs, err
}

func (s *stream) keep() (*cache.Blob, error) {
	if s.failed != nil || s.blob == nil {
		return nil, s.failed
	}
	blob := s.blob
	s.blob = nil
	if s.size == 0 {
		blob.Discard()
		return nil, nil
	}
	sum, size, err := blob.Commit()
	if err != nil {
		return nil, err
	}
	return &cache.Blob{Sum: sum, Size: size}, nil
}

// discard drops what was kept.
func (s *streams) discard() {
	for _, each := range s.each() {
		if each.blob != nil {
			each.blob.Discard()
			each.blob = nil
		}
	}
}

// save keeps what was read.
func (s *stream) save(data []byte) {
	if s.blob == nil {
		return
	}
	s.size += int64(len(data))
	_, err := s.blob.Write(data)
	if s.size > maxPrinted {
		err = errPrintedTooMuch
	}
	if err != nil {
		s.failed = err
		s.blob.Discard()
		s.blob = nil
	}
}
