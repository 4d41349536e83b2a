package depfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Parse reads a depfile as d does and returns its rules, with the names unquoted
// and, as [Write] does it, "./" taken off. Dependencies come in the order of the
// file, each once a rule.
//
// An empty rule for a dependency of an earlier rule is that one's phony line: it
// sets Phony and is no rule of its own. The dependency [IncompleteName] sets
// Incomplete and is no dependency. So what Write has written is one rule, the
// one that was written, but for the order of the dependencies.
//
// Parse reads what tools write, and [Write] of d, not the whole of a language:
//
//   - [Ninja] follows ninja's own parser (src/depfile_parser.in.cc), which follows
//     what gcc and clang write: a backslash quotes a space, "#" or ":" and is itself
//     otherwise, $$ is a dollar sign, and all but a list of plain bytes is white
//     space.
//   - [Common] is the same, but takes every byte but white space as plain, because
//     many tools (rustc, go) quote spaces and nothing else; and a line that starts
//     with "#" is a comment, because rustc writes them.
//   - [Make] unquotes as GNU make 4.3 does in explicit rules without recipes.
//     Patterns are taken for the names they are written as; order-only
//     prerequisites are left out. What would need make itself is an error:
//     variables, recipes, directives, static patterns, double colons.
//
// Errors name the line, from 1.
func Parse(data []byte, d Dialect) ([]Rule, error) {
	var rules []Rule
	var err error
	if d == Make {
		rules, err = parseMake(data)
	} else {
		rules, err = parseNinja(data, d == Ninja)
	}
	if err != nil {
		return nil, err
	}
	return fold(rules), nil
}

// fold takes phony lines and the incomplete mark together with the rule they
// belong to.
func fold(lines []Rule) []Rule {
	var rules []Rule
	owner := map[string]int{} // dependency -> its first rule
	for _, r := range lines {
		if len(r.Targets) == 1 && len(r.Deps) == 0 {
			name := r.Targets[0].Name
			if i, ok := owner[name]; ok {
				rules[i].Phony = rules[i].Phony || name != IncompleteName
				continue
			}
		}
		deps := r.Deps
		r.Deps = nil
		seen := map[string]bool{}
		for _, name := range deps {
			if seen[name] {
				continue
			}
			seen[name] = true
			if _, ok := owner[name]; !ok {
				owner[name] = len(rules)
			}
			if name == IncompleteName {
				r.Incomplete = true
			} else {
				r.Deps = append(r.Deps, name)
			}
		}
		rules = append(rules, r)
	}
	return rules
}

func addTarget(r *Rule, name string) {
	t := Target{Name: clean(name)}
	if !slices.Contains(r.Targets, t) {
		r.Targets = append(r.Targets, t)
	}
}

// lineAt returns the number of the line that offset is on.
func lineAt(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(offset, len(data))], []byte{'\n'})
}

func syntaxError(data []byte, offset int, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", lineAt(data, offset), fmt.Sprintf(format, args...))
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isSpace(c byte) bool { return strings.IndexByte(" \t\n\v\f\r", c) >= 0 }
