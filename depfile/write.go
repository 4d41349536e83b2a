package depfile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Write writes r to w, all of it in one call, or nothing if d cannot express it.
// [Append] says when.
func Write(w io.Writer, r Rule, d Dialect) error {
	b, err := Append(nil, r, d)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// Append appends r to b as d writes it. The error is a [*NameError] for a target
// or the first dependency that d cannot write: one for which [Expressible], with
// phony unset, has an error. A phony line that cannot be written is left out.
func Append(b []byte, r Rule, d Dialect) ([]byte, error) {
	targets, err := quoteTargets(r.Targets, d)
	if err != nil {
		return nil, err
	}
	words, err := quoteDeps(r, d)
	if err != nil {
		return nil, err
	}

	for i, t := range targets {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, t...)
	}
	if strings.HasSuffix(targets[len(targets)-1], "&") {
		b = append(b, ' ') // "&:" starts a grouped rule
	}
	b = append(b, ':')
	b = appendDeps(b, words, d)
	b = append(b, '\n')

	for _, w := range words {
		if !r.Phony && w.name != IncompleteName {
			continue
		}
		if w.name != IncompleteName {
			text, err := quote(w.name, d, AsPhony)
			if err != nil {
				continue // the package comment says why
			}
			w.text = text
		}
		// A name can end in "&" here only for make, which needs the space.
		b = append(b, w.text...)
		if strings.HasSuffix(w.text, "&") {
			b = append(b, ' ')
		}
		b = append(b, ":\n"...)
	}
	return b, nil
}

// clean takes off what make and ninja take off.
func clean(name string) string {
	for len(name) > 2 && strings.HasPrefix(name, "./") {
		name = strings.TrimLeft(name[2:], "/")
	}
	return name
}

func quoteTargets(targets []Target, d Dialect) ([]string, error) {
	if len(targets) == 0 {
		return nil, errors.New("a depfile needs a target")
	}
	var texts []string
	for i, t := range targets {
		if t.Verbatim {
			if strings.TrimSpace(t.Name) == "" || strings.ContainsAny(t.Name, "\n\x00") {
				return nil, fmt.Errorf("%q cannot be a target", t.Name)
			}
			texts = append(texts, t.Name)
			continue
		}
		name := clean(t.Name)
		if slices.ContainsFunc(targets[:i], func(t Target) bool { return !t.Verbatim && clean(t.Name) == name }) {
			continue // make warns about a target that is given twice
		}
		text, err := quote(name, d, AsTarget)
		if err != nil {
			return nil, err
		}
		// make takes the first word for a directive, or a byte order mark off.
		if i == 0 && d != Ninja && (makeWords[name] && len(targets) > 1 || strings.HasPrefix(name, "\ufeff")) {
			text = "./" + text
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// word is a dependency and how it is written.
type word struct{ name, text string }

// quoteDeps returns the dependencies, sorted by name.
func quoteDeps(r Rule, d Dialect) ([]word, error) {
	names := make([]string, 0, len(r.Deps)+1)
	for _, name := range r.Deps {
		names = append(names, clean(name))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, t := range r.Targets {
		if i, ok := slices.BinarySearch(names, clean(t.Name)); ok {
			names = slices.Delete(names, i, i+1)
		}
	}
	words := make([]word, 0, len(names)+1)
	for _, name := range names {
		text, err := quote(name, d, AsDep)
		if err != nil {
			return nil, err
		}
		words = append(words, word{name, text})
	}
	if r.Incomplete {
		w := word{IncompleteName, IncompleteName}
		i, _ := slices.BinarySearchFunc(words, w, func(a, b word) int { return strings.Compare(a.name, b.name) })
		words = slices.Insert(words, i, w)
	}
	return words, nil
}

// Fillers: words that are nothing to make, and white space to ninja.
const (
	frontFiller = "$^"
	endFiller   = "|"
)

func appendDeps(b []byte, words []word, d Dialect) []byte {
	if d != Ninja {
		words = arrange(words)
	}
	sameLine := false
	for _, w := range words {
		if !sameLine {
			b = append(b, " \\\n"...)
		}
		b = append(b, ' ')
		b = append(b, w.text...)
		sameLine = strings.HasSuffix(w.name, " ") || strings.HasSuffix(w.name, "\t")
	}
	return b
}

// arrange returns the words in the order, and with the fillers, that make needs.
func arrange(words []word) []word {
	if len(words) == 0 {
		return nil
	}
	words = slices.Clone(words)
	archives := slices.ContainsFunc(words, opensArchive)
	if archives {
		slices.SortStableFunc(words, func(a, b word) int { return closing(b) - closing(a) })
	}
	if setsVariable(words[0]) {
		i := slices.IndexFunc(words, func(w word) bool { return !setsVariable(w) && !opensArchive(w) })
		if i > 0 {
			w := words[i]
			copy(words[1:], words[:i])
			words[0] = w
		} else {
			words = slices.Insert(words, 0, word{"", frontFiller})
		}
	}
	if n := len(words); badAtEnd(words[n-1]) {
		i := n - 2
		for i >= 0 && !canEnd(words, i, archives) {
			i--
		}
		if i >= 0 {
			w := words[i]
			copy(words[i:], words[i+1:])
			words[n-1] = w
		} else {
			words = append(words, word{"", endFiller})
		}
	}
	return words
}

func setsVariable(w word) bool { return strings.Contains(w.name, "=") }

func opensArchive(w word) bool { return strings.IndexByte(w.name, '(') > 0 }

// closing is 1 for a word that an open archive group would end with.
func closing(w word) int {
	if strings.HasSuffix(w.name, ")") {
		return 1
	}
	return 0
}

// canEnd reports whether words[i] can be moved to the end.
func canEnd(words []word, i int, archives bool) bool {
	w := words[i]
	return w.name != "" && !badAtEnd(w) &&
		!(archives && closing(w) == 1) &&
		!(i == 0 && setsVariable(words[1]))
}

func badAtEnd(w word) bool {
	return w.name != "" && strings.IndexByte("\\ \t\v\f\r", w.name[len(w.name)-1]) >= 0
}
