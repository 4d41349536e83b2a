package main

import (
	"path/filepath"
	"strings"
)

// handed returns the depfiles that a compiler writes for the build tool, by its command
// line: ninja (deps = gcc) reads such a file and removes it, automake renames it. Without
// them the step is as much up to date as with them.
func (s *step) handed() []string {
	var names []string
	beside := false // named after the output, or after the source
	words := s.words()
	for i := 1; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "-MF" && i+1 < len(words):
			i++
			names = append(names, words[i])
		case strings.HasPrefix(word, "-MF"):
			names = append(names, word[len("-MF"):])
		case strings.HasPrefix(word, "-Wp,-MD,"), strings.HasPrefix(word, "-Wp,-MMD,"):
			names = append(names, word[strings.LastIndexByte(word, ',')+1:])
		case word == "-MD", word == "-MMD":
			beside = true
		}
	}
	if beside && len(names) == 0 {
		for _, g := range s.givenOutputs() {
			names = append(names, strings.TrimSuffix(g.name, filepath.Ext(g.name))+".d")
		}
		for _, word := range words[1:] {
			if !strings.HasPrefix(word, "-") {
				names = append(names, strings.TrimSuffix(filepath.Base(word), filepath.Ext(word))+".d")
			}
		}
	}
	for i, name := range names {
		names[i] = s.place(name)
	}
	return names
}
