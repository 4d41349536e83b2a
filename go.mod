module deptrace

go 1.26

require (
	github.com/BurntSushi/toml v1.6.0
	// zstd, in deptrace-remote only: a remote cache keeps its blobs that way, and unpacking
	// what somebody else packed is not for us to write. It needs nothing else.
	github.com/klauspost/compress v1.19.0
	// The newest that lets go.mod say `go 1.26`: 0.48 asks for 1.26.0.
	golang.org/x/sys v0.47.0
)

// Test dependencies.
require (
	github.com/google/go-cmp v0.7.0
	github.com/rogpeppe/go-internal v1.16.0
)

require golang.org/x/tools v0.26.0 // indirect
