package depfile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// nasty are the bytes that mean something to somebody, and a few that do not, so
// that there is something between them.
const nasty = "\\\\\\\\  ##$$::%%||;;==**??[]()()~~&&!+^<>,.-@'\"`{}\t\r\v\x01\xc3\xffabab"

func randomName(r *rand.Rand) string {
	b := make([]byte, 1+r.IntN(7))
	for i := range b {
		b[i] = nasty[r.IntN(len(nasty))]
	}
	return clean(string(b))
}

// Names made of nothing but quirks, alone and many in a rule: what Write accepts,
// make and ninja read.
func TestRandomNames(t *testing.T) {
	readers(t, func(t *testing.T, d Dialect, reader string) {
		r := rand.New(rand.NewPCG(1, uint64(d)))
		// A name is a target or a dependency, not both: they would be rebuilt in
		// turn. Nor is a directory a dependency.
		targets, deps := map[string]bool{}, map[string]bool{}
		random := func(role Role, others map[string]bool) string {
			for {
				name := randomName(r)
				_, err := quote(name, d, role)
				if err == nil && strings.Trim(name, ".") != "" && !others[name] {
					return name
				}
			}
		}
		w := &workbench{dir: t.TempDir(), dialect: d}
		for i := range 150 {
			target := fmt.Sprintf("%d.o", i)
			if i%2 == 0 {
				name := random(AsTarget, deps)
				// No build.ninja can name an output with a tab or a bar in it.
				if !targets[name] && !(reader == "ninja" && strings.ContainsAny(name, "\t|")) {
					target = name
				}
			}
			targets[target] = true
			var names []string
			for range 1 + r.IntN(6) {
				name := random(AsDep, targets)
				deps[name] = true
				names = append(names, name)
			}
			slices.Sort(names)
			w.add(target, slices.Compact(names)...)
		}
		w.judgeBy(t, reader)
	})
}
