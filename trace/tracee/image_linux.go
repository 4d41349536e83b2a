package tracee

import "golang.org/x/sys/unix"

// Image is the memory of a program that a process runs, opened (/proc/PID/mem). It stays that
// program's: what the process executes later has another memory, and once nobody is left who
// uses this one there is nothing in it. To read a name from it takes 1.2 µs, and process_vm_readv(2),
// which looks for the process and asks for leave each time, 1.7; to open and close it takes 3.
type Image struct{ fd int }

// OpenImage opens the memory of a thread's process.
func OpenImage(tid int) (*Image, error) {
	fd, err := unix.Open(proc(tid, "mem"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &Image{fd}, nil
}

// Close closes it. It must not be used afterwards.
func (i *Image) Close() { unix.Close(i.fd) }

// read is a read that may give less than is asked for, and nothing at all for any reason.
func (i *Image) read(addr uint64, b []byte) int {
	n, err := unix.Pread(i.fd, b, int64(addr))
	if err != nil {
		return 0
	}
	return n
}
