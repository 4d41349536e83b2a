//go:build !linux || !(amd64 || arm64)

package nofile

// read knows nothing.
func read(*Limit) (errno uintptr) { return 1 }
