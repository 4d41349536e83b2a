package main

import (
	"errors"
	"fmt"
	"strings"

	"deptrace/cache/result"
)

// sayMiss says why there is no result, and what would have one.
func (c *cached) sayMiss(miss *result.Miss) {
	remoteHint(miss.Remote)
	if c.f.verbose {
		c.results.Explain(c.command, miss)
	}
	var why []string
	elsewhere := false // whether it was made for another root
	for _, err := range miss.Why {
		why = append(why, wayOut(err))
		var given *result.GivenError
		elsewhere = elsewhere || errors.As(err, &given) && *given == result.GivenError{Name: "root", Change: result.Changed}
		if errors.Is(err, result.ErrUnknown) && !c.cf.relocatable && c.results.Remote != nil {
			why = append(why, fmt.Sprintf("only results of a checkout at %s are looked for; --relocatable shares between checkouts", printable(c.root)))
		}
	}
	if elsewhere {
		why = append(why, "--relocatable shares between checkouts")
	}
	c.logf("miss: %s", strings.Join(why, "; "))
}

// wayOut is what an error says and, where a flag is the way out, the flag.
func wayOut(err error) string {
	var use *result.UseError
	var side *result.SideError
	switch {
	case errors.As(err, &use):
		return fmt.Sprintf("%v; --allow %s allows it", err, use.Use)
	case errors.As(err, &side):
		return fmt.Sprintf("%v; a --root that holds both allows it", err)
	}
	return err.Error()
}
