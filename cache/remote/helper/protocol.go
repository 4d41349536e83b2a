package helper

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Verb is what can be asked for.
type Verb string

// The verbs.
const (
	Sets      Verb = "sets"       // bring the input sets of a weak key into the local store
	Entry     Verb = "entry"      // bring the entry of a strong key, and its blobs
	PushSets  Verb = "push-sets"  // upload what the local store has of them
	PushEntry Verb = "push-entry" // the same
)

// Request is a line to the other side: a verb, a key in hexadecimal and, if there is a
// limit, how many milliseconds there are for it.
//
//	entry 0123…cdef 5000
type Request struct {
	Verb  Verb
	Key   [32]byte
	Limit time.Duration // 0 for none
}

// maxLimit is the longest limit that can be said: a year.
const maxLimit = 365 * 24 * time.Hour

// String returns the line, without its end.
func (r Request) String() string {
	line := string(r.Verb) + " " + hex.EncodeToString(r.Key[:])
	if r.Limit > 0 {
		// To say 0 would be to say nothing.
		line += " " + strconv.FormatInt(max(r.Limit.Milliseconds(), 1), 10)
	}
	return line
}

// ParseRequest reads a line.
func ParseRequest(line string) (Request, error) {
	words := strings.Split(line, " ")
	r := Request{Verb: Verb(words[0])}
	switch r.Verb {
	case Sets, Entry, PushSets, PushEntry:
	default:
		return Request{}, fmt.Errorf("unknown request %q", words[0])
	}
	if len(words) != 2 && len(words) != 3 {
		return Request{}, fmt.Errorf("%s wants a key, and perhaps a number of milliseconds", r.Verb)
	}
	if len(words[1]) != hex.EncodedLen(len(r.Key)) {
		return Request{}, fmt.Errorf("a key has %d digits, not %d", hex.EncodedLen(len(r.Key)), len(words[1]))
	}
	if _, err := hex.Decode(r.Key[:], []byte(words[1])); err != nil {
		return Request{}, errors.New("a key has hexadecimal digits only")
	}
	if len(words) == 3 {
		ms, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil || ms < 1 || ms > maxLimit.Milliseconds() {
			return Request{}, fmt.Errorf("%q is no number of milliseconds", words[2])
		}
		r.Limit = time.Duration(ms) * time.Millisecond
	}
	return r, nil
}

// Status is the first word of an answer.
type Status string

// The words.
const (
	OK    Status = "ok"
	Miss  Status = "miss"  // the server does not have it, or what it did was not to be trusted
	Error Status = "error" // something is wrong here: the configuration, or the local store
)

// Answer is a line from the other side: a word, and for people the details.
type Answer struct {
	Status Status
	Detail string
}

// String returns the line, without its end. Whatever would end it earlier is a space.
func (a Answer) String() string {
	if a.Detail == "" {
		return string(a.Status)
	}
	detail := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, a.Detail)
	if len(detail) > maxDetail {
		detail = strings.ToValidUTF8(detail[:maxDetail], "") + "…"
	}
	return string(a.Status) + " " + detail
}

const (
	maxDetail = 2 << 10
	// MaxLine is longer than any line.
	MaxLine = 4 << 10
)

// ParseAnswer reads a line.
func ParseAnswer(line string) (Answer, error) {
	word, detail, _ := strings.Cut(line, " ")
	switch a := (Answer{Status(word), detail}); a.Status {
	case OK, Miss, Error:
		return a, nil
	}
	return Answer{}, fmt.Errorf("an answer that is none: %.40q", line)
}
