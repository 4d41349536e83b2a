package event

import (
	"fmt"
	"strconv"
	"strings"
)

// Outcome is what became of an operation. The zero Outcome is OK.
type Outcome struct {
	State State
	Errno Errno // where State is Failed
}

// State is how much is known of an outcome.
type State uint8

const (
	// OK: the operation succeeded.
	OK State = iota
	// Failed: it did not; Errno says why.
	Failed
	// Pending: it has not happened yet, and its outcome will be told.
	Pending
	// Unknown: it has not happened yet, and its outcome will not be told.
	Unknown
)

// Fail is the outcome of an operation that failed with an error.
func Fail(e Errno) Outcome { return Outcome{Failed, e} }

// Errno is a Linux error number of the generic set (asm-generic/errno.h), which
// amd64, i386 and arm64 share. It is not the host's: an Event read from a file
// means the same everywhere.
type Errno uint16

// The errors that this project tells apart.
const (
	EPERM        Errno = 1
	ENOENT       Errno = 2
	EINTR        Errno = 4
	ENXIO        Errno = 6
	ENOEXEC      Errno = 8
	EACCES       Errno = 13
	EBUSY        Errno = 16
	EEXIST       Errno = 17
	EXDEV        Errno = 18
	ENOTDIR      Errno = 20
	EISDIR       Errno = 21
	EINVAL       Errno = 22
	ETXTBSY      Errno = 26
	EROFS        Errno = 30
	ENAMETOOLONG Errno = 36
	ENOSYS       Errno = 38
	ENOTEMPTY    Errno = 39
	ELOOP        Errno = 40
	EINPROGRESS  Errno = 115
)

var errnoNames = map[Errno]string{
	EPERM: "EPERM", ENOENT: "ENOENT", EINTR: "EINTR", ENXIO: "ENXIO", ENOEXEC: "ENOEXEC", EACCES: "EACCES",
	EBUSY: "EBUSY", EEXIST: "EEXIST", EXDEV: "EXDEV", ENOTDIR: "ENOTDIR", EISDIR: "EISDIR", EINVAL: "EINVAL",
	ETXTBSY: "ETXTBSY", EROFS: "EROFS", ENAMETOOLONG: "ENAMETOOLONG", ENOSYS: "ENOSYS", ENOTEMPTY: "ENOTEMPTY",
	ELOOP: "ELOOP", EINPROGRESS: "EINPROGRESS",
}

// String returns the symbol, or "errno N".
func (e Errno) String() string {
	if n, ok := errnoNames[e]; ok {
		return n
	}
	return "errno " + strconv.Itoa(int(e))
}

// String returns "ok", "pending", "unknown", or the error's symbol.
func (o Outcome) String() string {
	switch o.State {
	case OK:
		return "ok"
	case Pending:
		return "pending"
	case Unknown:
		return "unknown"
	}
	return o.Errno.String()
}

// MarshalText implements [encoding.TextMarshaler].
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (o *Outcome) UnmarshalText(b []byte) error {
	switch s := string(b); s {
	case "ok":
		*o = Outcome{}
	case "pending":
		*o = Outcome{State: Pending}
	case "unknown":
		*o = Outcome{State: Unknown}
	default:
		for e, n := range errnoNames {
			if n == s {
				*o = Fail(e)
				return nil
			}
		}
		digits, found := strings.CutPrefix(s, "errno ")
		n, err := strconv.ParseUint(digits, 10, 12)
		if !found || err != nil {
			return fmt.Errorf("unknown outcome %q", b)
		}
		*o = Fail(Errno(n))
	}
	return nil
}
