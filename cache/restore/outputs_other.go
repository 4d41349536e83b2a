//go:build !linux

package restore

import (
	"errors"
	"fmt"
)

// Outputs restores nothing on this system.
func Outputs(string, []Want, Source) error {
	return fmt.Errorf("restore outputs: %w", errors.ErrUnsupported)
}

// Touch sets no time on this system.
func Touch(string, ...string) error { return fmt.Errorf("set times: %w", errors.ErrUnsupported) }
