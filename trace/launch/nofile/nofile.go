// Package nofile knows the limit of open descriptors with which this process was
// started.
//
// Package syscall raises the soft limit in its own initialisation and gives
// commands the old one back in [syscall.ForkExec]; it shows the old one to nobody.
// A command that is started in another way must get it back, too: programs that use
// select(2) count on it. So it is read before package syscall is initialised: packages are
// initialised in the order of their import paths as soon as all that they import is
// (Go specification, "Program initialization"), and this one imports nothing. A test
// holds it to that.
package nofile

// Limit is a struct rlimit (getrlimit(2)).
type Limit struct{ Soft, Hard uint64 }

var original, known = func() (l Limit, ok bool) {
	return l, read(&l) == 0
}()

// Restore returns the limit to give to a command, and whether it is another one than
// this process has now because package syscall raised it. now is the limit in force.
func Restore(now Limit) (Limit, bool) {
	// What package syscall makes of it (syscall/rlimit.go). Any other limit was set
	// since, by somebody who meant it.
	raised := known && original.Hard > 0 && original.Soft < original.Hard-1 &&
		now == Limit{original.Hard - 1, original.Hard}
	return original, raised
}
