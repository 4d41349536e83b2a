// This file has no code. It lets the compiler accept functions without a body, which
// fork_unsafe_linux.go links to the runtime's.
