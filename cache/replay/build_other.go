//go:build !linux

package replay

import "errors"

// Build makes the place of a replay; there is none on this system.
func (p *Plan) Build(string) error { return errors.ErrUnsupported }
