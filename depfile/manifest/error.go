package manifest

import "fmt"

// VersionError is that of a record in a format that is not this one.
type VersionError struct {
	Version int64
}

// Error says which version the record has and which are read.
func (e *VersionError) Error() string {
	if e.Version > Version {
		return fmt.Sprintf("the record has version %d, newer than %d, the newest that this deptrace reads", e.Version, Version)
	}
	return fmt.Sprintf("the record has version %d, this deptrace reads version %d", e.Version, Version)
}

// DamagedError is that of a record that is not well-formed.
type DamagedError struct {
	Reason string
}

// Error says what is wrong with the record.
func (e *DamagedError) Error() string { return "the record is damaged: " + e.Reason }

func damaged(format string, args ...any) error {
	return &DamagedError{fmt.Sprintf(format, args...)}
}
