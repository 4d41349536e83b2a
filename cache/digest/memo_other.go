//go:build !linux

package digest

import (
	"errors"
	"os"
)

// There is no identity to go by: see package osfs.

func bootID() (id [16]byte, err error) { return id, errors.ErrUnsupported }

func openMemo(string) (*os.File, error) { return nil, errors.ErrUnsupported }
