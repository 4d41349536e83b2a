package event

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The README lists every reason with its help, word for word.
func TestReadmeListsEveryReason(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for r, help := range Help {
		if row := fmt.Sprintf("| `%s` | %s |\n", r, help); !strings.Contains(string(readme), row) {
			t.Errorf("README.md has no row\n%s", row)
		}
	}
}
