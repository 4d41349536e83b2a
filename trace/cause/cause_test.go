package cause

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestOf(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	_, open := os.Open(missing)
	other := errors.New("other")
	for _, tt := range []struct{ err, want error }{
		{open, syscall.ENOENT},
		{fmt.Errorf("read it: %w", open), syscall.ENOENT},
		{os.Rename(missing, missing+"2"), syscall.ENOENT},
		{other, other},
		{nil, nil},
	} {
		if got := Of(tt.err); got != tt.want {
			t.Errorf("Of(%v) = %v, want %v", tt.err, got, tt.want)
		}
	}
}
