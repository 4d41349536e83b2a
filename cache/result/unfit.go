package result

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/depfile/manifest"
)

// Run is what came of a command that was run because no result was known.
type Run struct {
	// Status is how it ended, and Signal what ended it, 0 for nothing.
	Status, Signal int
	// Failed is whether something went wrong that is not the command's fault. Then Status
	// says nothing of the command.
	Failed bool
	// Record is its record, and RecordPath the file that it was written to, absolute; empty:
	// none.
	Record     *manifest.Manifest
	RecordPath string
	// Depfile is the depfile, nil for none.
	Depfile []byte
	// Specials are the named pipes, sockets and devices that it made and left, as a message
	// calls them.
	Specials []string
	// Printed stores what the command printed, and returns nil for nothing. It is called
	// once, for a result that is kept.
	Printed func() (stdout, stderr *cache.Blob, err error)
}

// UseError says that a result depends on what is never the same, and that the user has not
// allowed it.
type UseError struct {
	Use string // as in [manifest.Manifest].Uses
}

func (e *UseError) Error() string {
	switch e.Use {
	case "network":
		return "it used the network"
	case "random":
		return "it used random numbers"
	}
	return "it used " + cache.Printable(e.Use)
}

// SideError says that a step wrote outside the root.
type SideError struct {
	Root string
	Path string // in path form
}

func (e *SideError) Error() string {
	return fmt.Sprintf("it wrote outside the root %s: %s", cache.Printable(e.Root), cache.Printable(e.Path))
}

// Unfit says why the result of a run is not to be kept; nil: it is. Where the user can
// allow it the error is a [*UseError] or a [*SideError].
func (cmd *Command) Unfit(r *Run) error {
	m := r.Record
	switch {
	case r.Signal != 0:
		return fmt.Errorf("the command was ended by signal %d", r.Signal)
	case r.Status != 0 && !r.Failed:
		return fmt.Errorf("the command failed: exit %d", r.Status)
	case r.Failed || m == nil:
		return errors.New("deptrace could not do all that was asked for")
	case !m.Complete:
		return errors.New("the record is incomplete: " + strings.Join(m.Incomplete, "; "))
	case len(m.Side) > 0:
		return &SideError{cmd.Root, m.Side[0].Path}
	case cmd.Unseen != "":
		return fmt.Errorf("the step can read from %s, which is a pipe or the like; close it, or give it a file instead", cmd.Unseen)
	case len(r.Specials) > 0:
		return fmt.Errorf("it left %s, a pipe, socket or device, which cannot be brought back", cache.Printable(r.Specials[0]))
	}
	return cmd.unwanted(m)
}

// machine is the use that does not keep a result out of the store of the machine.
const machine = "machine"

// unwanted says which of the things that a step used keeps its result out of the cache.
func (cmd *Command) unwanted(m *manifest.Manifest) error {
	for _, use := range m.Uses {
		if use != machine && !slices.Contains(cmd.Allow, use) {
			return &UseError{use}
		}
	}
	return nil
}

// local reports whether a result is for this machine alone.
func (cmd *Command) local(m *manifest.Manifest) bool {
	return slices.Contains(m.Uses, machine) && !slices.Contains(cmd.Allow, machine)
}
