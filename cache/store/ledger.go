package store

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The ledger is how Trim knows, without looking at the files, how large the store is
// about. It is a text of lines
//
//	= 4096000 17   what the files took when they were last looked at, and the part of
//	               the store where the next look begins
//	+ 8192         what was added since; or "-", what was taken away
//
// Lines are appended without a lock, each by one write(2), and put together into one
// when they are many. A line that was cut off, or is lost because it came in between,
// makes the sum a little wrong, until the files are looked at. If the first line is not
// a "=" line nothing is known.

// ledgerMax is how long the ledger gets. It takes 0.1 ms to sum up then.
const ledgerMax = 64 << 10

// ledger is what is in there.
type ledger struct {
	known  bool
	total  int64
	cursor int   // the part of the store to look at next
	length int64 // of the file
}

func (s *Store) ledgerPath() string { return s.dir + "/ledger" }

// account adds a line. The ledger is no reason for anything else to fail.
func (s *Store) account(delta int64) {
	if delta == 0 {
		return
	}
	f, err := os.OpenFile(s.ledgerPath(), os.O_WRONLY|os.O_APPEND|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	sign := "+"
	if delta < 0 {
		sign, delta = "-", -delta
	}
	_, _ = f.WriteString(sign + " " + strconv.FormatInt(delta, 10) + "\n")
}

// readLedger sums up.
func (s *Store) readLedger() ledger {
	f, _, err := open(s.ledgerPath())
	if err != nil {
		return ledger{}
	}
	defer f.Close()
	text, err := io.ReadAll(f) // it may be growing
	if err != nil {
		return ledger{}
	}
	l := ledger{length: int64(len(text))}
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) < 2 || line[len(line)-1] != '\n' {
			continue
		}
		n, err := strconv.ParseInt(words[1], 10, 64)
		switch {
		case err != nil || n < 0:
		case words[0] == "+" && len(words) == 2:
			l.total += n
		case words[0] == "-" && len(words) == 2:
			l.total -= n
		case words[0] == "=" && len(words) == 3:
			cursor, err := strconv.Atoi(words[2])
			if err == nil && cursor >= 0 && cursor < parts {
				l.known, l.total, l.cursor = true, n, cursor
			}
		}
	}
	l.total = max(l.total, 0)
	return l
}

// writeLedger begins a new ledger. The caller has the lock for trimming.
func (s *Store) writeLedger(total int64, cursor int) error {
	f, err := s.temp()
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintf(f, "= %d %d\n", max(total, 0), cursor); err == nil {
		err = s.rename(f.Name(), s.ledgerPath())
	}
	if err != nil {
		drop(f)
		return named("write", s.ledgerPath(), err)
	}
	return f.Close()
}

// space is what a file of a size takes. Most records are a fraction of a block, and a
// store of many would be larger than it says.
func space(size int64) int64 {
	const block = 4096
	return (size + block - 1) &^ (block - 1)
}
