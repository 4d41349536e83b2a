package trace

import (
	"os"
	"strings"
)

// SearchPath returns the directories in which [Run] searches a command: those of the
// environment's PATH, as spelled, or the ones that execvp(3) takes if there is none.
func SearchPath() []string {
	path, ok := os.LookupEnv("PATH")
	if !ok {
		path = "/bin:/usr/bin"
	}
	return strings.Split(path, ":")
}
