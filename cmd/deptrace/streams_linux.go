package main

import (
	"fmt"
	"math"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"deptrace/cache/store"
)

// newStreams looks at deptrace's own standard output and error.
func newStreams() *streams {
	s := &streams{out: &stream{to: 1, tty: isTerminal(1)}}
	if !sameOpenFile(1, 2) {
		s.err = &stream{to: 2, tty: isTerminal(2)}
	}
	return s
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// sameOpenFile reports whether what is written to two descriptors ends up in one order:
// they are duplicates, or one terminal or pipe.
func sameOpenFile(a, b int) bool {
	var sa, sb unix.Stat_t
	if unix.Fstat(a, &sa) != nil || unix.Fstat(b, &sb) != nil {
		return false
	}
	if sa.Mode&unix.S_IFMT == unix.S_IFCHR && sa.Mode == sb.Mode && sa.Rdev == sb.Rdev {
		return true
	}
	if sa.Dev != sb.Dev || sa.Ino != sb.Ino {
		return false
	}
	if sa.Mode&unix.S_IFMT == unix.S_IFIFO {
		return true
	}
	// kcmp(2): 0 for the same open file. Where it is refused, two descriptors of one
	// regular file are duplicates in all likelihood.
	pid := uintptr(os.Getpid())
	const kcmpFile = 0
	order, _, errno := unix.Syscall6(unix.SYS_KCMP, pid, pid, kcmpFile, uintptr(a), uintptr(b), 0)
	return errno != 0 || order == 0
}

func (s *stream) begin(st *store.Store) (err error) {
	if s.tty {
		s.reader, s.given, err = newTerminal(s.to)
	} else {
		s.reader, s.given, err = pipe()
	}
	if err == nil {
		s.stop[0], s.stop[1], err = pipe()
	}
	if err != nil {
		return fmt.Errorf("make a pipe for the command's output: %w", cause(err))
	}
	if st != nil {
		s.blob, s.failed = st.NewBlob()
	}
	s.done = make(chan struct{})
	go s.pass()
	return nil
}

// pipe is os.Pipe without the runtime's poller, which would be started for it.
func pipe() (r, w *os.File, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(p[0]), "pipe"), os.NewFile(uintptr(p[1]), "pipe"), nil
}

// newTerminal makes a pseudo-terminal like the terminal at fd: of the same size and with
// the same settings, but that it passes output on as it is, for the real one does with it
// what it does.
func newTerminal(fd int) (master, slave *os.File, err error) {
	m, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	master = os.NewFile(uintptr(m), "/dev/ptmx")
	if err := unix.IoctlSetPointerInt(m, unix.TIOCSPTLCK, 0); err != nil {
		master.Close()
		return nil, nil, err
	}
	// The other end without its name, which another mount of devpts may not have (Linux 4.13).
	p, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(m), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		master.Close()
		return nil, nil, errno
	}
	slave = os.NewFile(p, "pseudo-terminal")
	if t, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
		t.Oflag &^= unix.OPOST
		_ = unix.IoctlSetTermios(int(slave.Fd()), unix.TCSETS, t)
	}
	copySize(fd, m)
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	go func() {
		for range resized {
			copySize(fd, m)
		}
	}()
	return master, slave, nil
}

func copySize(from, to int) {
	if size, err := unix.IoctlGetWinsize(from, unix.TIOCGWINSZ); err == nil {
		_ = unix.IoctlSetWinsize(to, unix.TIOCSWINSZ, size)
	}
}

// late is how long a pseudo-terminal that somebody still holds open may take, in
// milliseconds, to hand on what was written to it: the kernel does that on another thread.
const late = 50

// holds is how many bytes can have been written to the other end and not been read: as many
// as a pipe takes (fcntl(2)), or the buffers of a terminal (TTYB_DEFAULT_MEM_LIMIT in
// drivers/tty/tty_buffer.c).
func (s *stream) holds() int {
	if !s.tty {
		if n, err := unix.FcntlInt(s.reader.Fd(), unix.F_GETPIPE_SZ, 0); err == nil {
			return n
		}
	}
	return 640 << 10
}

// pass passes on what comes until the other end is closed everywhere or, after stop, until
// nothing more is there, or only what has been written since.
func (s *stream) pass() {
	defer close(s.done)
	defer s.reader.Close()
	buf := make([]byte, 64<<10)
	fd, stop := int(s.reader.Fd()), int(s.stop[0].Fd())
	wait, left := -1, math.MaxInt
	for left > 0 {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(stop), Events: unix.POLLIN}}
		n, err := unix.Poll(poll, wait)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || n == 0:
			return
		}
		if poll[1].Revents != 0 { // told to stop: only what is there already
			s.stop[0].Close()
			stop, wait, left = -1, 0, s.holds()
			if s.tty {
				wait = late
			}
			continue
		}
		n, err = unix.Read(fd, buf[:min(len(buf), left)])
		switch {
		case err == unix.EINTR, err == unix.EAGAIN:
			continue
		case err != nil || n <= 0: // a terminal that nobody holds open is EIO
			return
		}
		left -= n
		s.save(buf[:n])
		if err := writeAll(s.to, buf[:n]); err != nil {
			// Nobody reads any more, or the disk is full. The command shall see that, too:
			// its end is closed. If it has ended already, or does not care, what was kept is
			// not all that it would print.
			s.lost, s.failed = err, errNotArrived
			return
		}
	}
}

// end closes the command's end, of which it has copies, and waits for pass.
func (s *stream) end() {
	if s.done == nil {
		return
	}
	s.given.Close()
	s.stop[1].Close()
	<-s.done
}

// writeAll writes to a descriptor, which may not block.
func writeAll(fd int, data []byte) error {
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
			if _, err := unix.Poll(poll, -1); err != nil && err != unix.EINTR {
				return err
			}
		case err != nil:
			return err
		default:
			data = data[n:]
		}
	}
	return nil
}
