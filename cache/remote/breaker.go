package remote

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// maxFaults is how many in a row it takes. One can be chance.
	maxFaults = 3
	// pause is how long the server is left alone then. A whole build without a cache that
	// has come back is worse than a second lost each minute.
	pause = time.Minute
)

// breaker remembers how the server did, for this process and, in a file, for the next
// ones: each compile of a build is a process of its own, and none may wait for a server
// that another one has found dead.
//
// The file holds one line: how many faults there were in a row, when the last one was,
// until when nobody is to ask, and its words. It is read and written under a lock, and
// as it is a hint only, nothing is lost with it: a file that cannot be had or understood
// is no fault.
type breaker struct {
	path string // empty: for this process only
	now  func() time.Time
	hold time.Duration // for how long a probe keeps others from probing

	mu    sync.Mutex
	alone bool    // the file cannot be written
	mem   trouble // what is known then
}

// trouble is what the file holds.
type trouble struct {
	faults int
	last   time.Time
	until  time.Time
	what   string
}

// newBreaker returns the breaker of a server. dir is where the files are; empty for none.
func newBreaker(dir string, c *Config) *breaker {
	b := &breaker{now: time.Now, hold: 2 * c.timeout}
	if dir != "" {
		name := sha256.Sum256([]byte(c.String()))
		b.path = filepath.Join(dir, hex.EncodeToString(name[:16]))
	}
	return b
}

// ask returns nil if the server may be asked, or why not. When the pause is over one
// caller may ask and all others go on waiting until it has told how it went, or has
// taken too long for that.
func (b *breaker) ask() error {
	var refused error
	b.change(func(t trouble) trouble {
		now := b.now()
		switch {
		case t.faults < maxFaults:
		case now.Before(t.until) && t.until.Before(now.Add(pause+b.hold)): // or the clock was put back
			refused = missf("the server is left alone for %d s after %d faults in a row, the last: %s",
				(t.until.Sub(now)+time.Second-1)/time.Second, t.faults, t.what)
		default:
			t.until = now.Add(b.hold)
		}
		return t
	})
	return refused
}

// fault takes note of one.
func (b *breaker) fault(err error) {
	b.change(func(t trouble) trouble {
		now := b.now()
		if now.Sub(t.last) > 2*pause && t.faults < maxFaults {
			t.faults = 0 // those were other times
		}
		t.faults++
		t.last, t.what = now, words(err)
		if t.faults >= maxFaults {
			t.until = now.Add(pause)
		}
		return t
	})
}

// success ends the row.
func (b *breaker) success() {
	b.change(func(trouble) trouble { return trouble{} })
}

// change changes what is known. The file is locked, and looked at again, only if there
// is something to change in it, which there is not while all is well.
func (b *breaker) change(f func(trouble) trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.path != "" && !b.alone {
		data, err := os.ReadFile(b.path)
		if t := parseTrouble(data); f(t) == t && (err == nil || errors.Is(err, fs.ErrNotExist)) {
			return
		}
		if b.locked(f) == nil {
			return
		}
		b.alone = true
	}
	b.mem = f(b.mem)
}

func (b *breaker) locked(f func(trouble) trouble) error {
	file, err := os.OpenFile(b.path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(b.path), 0o700); err == nil {
			file, err = os.OpenFile(b.path, os.O_RDWR|os.O_CREATE, 0o600)
		}
	}
	if err != nil {
		return err
	}
	defer file.Close() // and with it the lock
	for {
		// It is held for the microseconds that the lines below take.
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if err == nil {
			break
		}
		if err != syscall.EINTR {
			return err
		}
	}
	data, err := io.ReadAll(io.LimitReader(file, maxTrouble))
	if err != nil {
		return err
	}
	data = f(parseTrouble(data)).encode()
	// In place: a rename would leave others with a lock on a file that has no name.
	if _, err := file.WriteAt(data, 0); err != nil {
		return err
	}
	return file.Truncate(int64(len(data)))
}

// maxTrouble bounds the file, and with it the words in it.
const maxTrouble = 4 << 10

func (t trouble) encode() []byte {
	if t.faults == 0 {
		return nil
	}
	return fmt.Appendf(nil, "%d %d %d %s\n", t.faults, t.last.UnixNano(), t.until.UnixNano(), t.what)
}

// parseTrouble reads what encode wrote. Anything else is no trouble.
func parseTrouble(data []byte) trouble {
	line, _, whole := strings.Cut(string(data), "\n")
	words := strings.SplitN(line, " ", 4)
	if !whole || len(words) != 4 {
		return trouble{}
	}
	var n [3]int64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(words[i], 10, 64); err != nil {
			return trouble{}
		}
	}
	if n[0] < 1 || n[0] > math.MaxInt32 {
		return trouble{}
	}
	return trouble{int(n[0]), time.Unix(0, n[1]), time.Unix(0, n[2]), words[3]}
}

// words are those of an error on one line, and not too many.
func words(err error) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, err.Error())
	return s[:min(len(s), maxTrouble/2)]
}

// first reports whether this is the first time that somebody asks on behalf of this
// server and store. Who cannot say says yes.
func (b *breaker) first() bool {
	if b.path == "" {
		return true
	}
	if err := os.MkdirAll(filepath.Dir(b.path), 0o700); err != nil {
		return true
	}
	f, err := os.OpenFile(b.path+".warned", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return !errors.Is(err, fs.ErrExist)
	}
	f.Close()
	return true
}
