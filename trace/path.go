package trace

import (
	"os"

	"deptrace/trace/env"
)

// SearchPath returns the directories in which [Run] searches a command: those of the
// environment's PATH, as spelled, or the ones that execvp(3) takes if there is none.
func SearchPath() []string { return env.SearchPath(os.Environ()) }
