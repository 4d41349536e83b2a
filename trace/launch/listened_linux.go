//go:build amd64 || arm64

package launch

import (
	"errors"
	"runtime"
	"syscall"

	"deptrace/trace/syscalls"
)

// Listened reports whether a filter with a listener stands above this process, so that
// a further listener is refused (EBUSY) and a filter for a tracer does not see the calls
// that the listener takes. A process that is made for it tries to install one.
func Listened() bool {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := Start(&Command{
		Path: "/", Args: []string{"/"}, Files: [3]int{0, 1, 2},
		Filter: []syscalls.Instruction{{Code: 0x06, K: syscalls.RetAllow}}, Listen: true, // BPF_RET|BPF_K
	})
	if err == nil {
		p.Kill()
		p.Close()
	}
	return errors.Is(err, syscall.EBUSY)
}
