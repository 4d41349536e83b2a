package result

import (
	"testing"

	"deptrace/trace/usertest"
)

// TestAsUser runs all tests of this package again as an ordinary user.
func TestAsUser(t *testing.T) { usertest.Run(t, "TestUntimed") }
