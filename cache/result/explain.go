package result

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"deptrace/cache"
)

// Reasons for a miss that callers tell apart.
var (
	// ErrUnknown says that nothing is known of a command with these words in this directory.
	ErrUnknown = errors.New("no result of this command is known")

	errState = errors.New("no result is known for the files as they are now")
	errGone  = errors.New("the known input sets of this command are no longer in the store")
)

// Change is how something differs from what a command was given the last time.
type Change string

// The ways in which it can differ.
const (
	Changed Change = "was another one"
	Added   Change = "was not set"
	Removed Change = "is no longer set"
)

// GivenError says what a command is given otherwise than the last time.
type GivenError struct {
	Name   string // of a part of the weak key: "root", "variable CFLAGS"
	Change Change
}

func (e *GivenError) Error() string { return cache.Printable(e.Name) + " " + string(e.Change) }

// Explain finds out why there is no result, if a miss does not know it yet.
func (c *Cache) Explain(cmd *Command, m *Miss) {
	switch {
	case len(m.Why) > 0:
	case m.sets == 0:
		m.Why = c.newlyGiven(cmd)
	default:
		m.Why = c.newlyFound(cmd)
	}
}

// newlyFound compares what is there now with what the last run of the command found.
func (c *Cache) newlyFound(cmd *Command) []error {
	const most = 3
	e := c.lastEntry(cmd)
	if e == nil {
		return []error{errState}
	}
	r, err := c.record(cmd, e)
	if err != nil {
		return []error{errState}
	}
	d := cache.CheckFound(&cache.Record{Manifest: r, Root: cmd.Root}, cmd.World)
	if len(d.Reasons) == 0 {
		return []error{errState}
	}
	m := new(Miss)
	for i, reason := range d.Reasons {
		if i == most {
			m.because(fmt.Errorf("and %d more", len(d.Reasons)-i))
			break
		}
		m.because(errors.New(reason.String()))
	}
	return m.Why
}

// newlyGiven compares what the command is given with what it was given the last time.
func (c *Cache) newlyGiven(cmd *Command) []error {
	was := c.lastGiven(cmd)
	if was == nil {
		return []error{ErrUnknown}
	}
	var why []error
	is := map[string]bool{}
	for _, p := range cmd.weak.Parts {
		is[p.Name] = true
		switch sum, known := was[p.Name]; {
		case !known:
			why = append(why, &GivenError{p.Name, Added})
		case sum != cmd.hide(p):
			why = append(why, &GivenError{p.Name, Changed})
		}
	}
	for name := range was {
		if !is[name] {
			why = append(why, &GivenError{name, Removed})
		}
	}
	if len(why) == 0 {
		return []error{errGone}
	}
	slices.SortFunc(why, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return why
}
