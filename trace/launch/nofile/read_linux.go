//go:build amd64 || arm64

package nofile

// read asks the kernel for the limit of this process. It is a raw system call
// because there is no package to ask yet.
//
//go:noescape
func read(l *Limit) (errno uintptr)
