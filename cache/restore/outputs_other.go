//go:build !linux

package restore

// Outputs restores nothing on this system.
func Outputs(string, []Want, Source) error { return ErrUnsupported }

// Touch sets no time on this system.
func Touch(string, ...string) error { return ErrUnsupported }
