package digest

import (
	"testing"

	"deptrace/trace/usertest"
)

// TestAsUser runs all tests of this package again as an ordinary user, whose files root
// may have made and who may not open all that root may.
func TestAsUser(t *testing.T) { usertest.Run(t, "TestOpenMemoOfAnother") }
