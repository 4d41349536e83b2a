package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What deptrace sh can know of the make that runs it is in /proc: the name that it was
// called by, which is what $(MAKE) becomes, and the environment that it was given.

// unrecorded says why a line is not to be recorded, or nothing.
func (l *line) unrecorded() string {
	if pid := recorder(); pid != 0 {
		return fmt.Sprintf("it is inside a step that process %d records", pid)
	}
	make := parentMake()
	if make == "" {
		return ""
	}
	if shellFunction() {
		return "make wants to know what it prints"
	}
	// make hands on what stands on its command line, and nothing else of SHELL.
	if strings.Contains(os.Getenv("MAKEFLAGS"), "SHELL=") && runsMake(l.text, make) {
		return "it runs make, whose lines are recorded one by one"
	}
	return ""
}

// recorder returns the process above this one that is a deptrace, too, or 0: the same file,
// called by the same name. (One that has let the shell take its place is none any more. One
// that is not recognised costs time: the step is recorded twice.)
func recorder() int {
	self, err := os.Stat("/proc/self/exe")
	if err != nil {
		return 0
	}
	for pid := os.Getppid(); pid > 0; pid = parentOf(pid) {
		if exe, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && os.SameFile(self, exe) &&
			filepath.Base(calledBy(pid)) == filepath.Base(os.Args[0]) {
			return pid
		}
	}
	return 0
}

// parentOf returns the parent of a process, or 0.
func parentOf(pid int) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	// The name stands in parentheses, and can hold some.
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return parent
}

// calledBy returns the name by which a process was called.
func calledBy(pid int) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	name, _, _ := strings.Cut(string(data), "\x00")
	return name
}

// parentMake returns the name by which the make that runs this process was called, or
// nothing if no make does.
func parentMake() string {
	name := calledBy(os.Getppid())
	if base := filepath.Base(name); base == "make" || base == "gmake" {
		return name
	}
	return ""
}

// shellFunction reports whether make runs this process for $(shell ...): GNU make up to 4.3
// gives it the environment that make itself was given, and every recipe one in which
// MAKELEVEL is one more. Where a later make gives both the same, what $(shell ...) runs is
// recorded like a line.
func shellFunction() bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", os.Getppid()))
	if err != nil {
		return false
	}
	was := ""
	for v := range strings.SplitSeq(string(data), "\x00") {
		if value, ok := strings.CutPrefix(v, "MAKELEVEL="); ok {
			was = value
			break
		}
	}
	return os.Getenv("MAKELEVEL") == was
}

// runsMake reports whether a line of a shell has make for one of its commands. It reads as
// much of the language as recipes with $(MAKE) in them are written in, and takes what it does
// not know for something else: such a line is recorded as a whole, which is never wrong.
// What stands in quotes or in $(...) is not looked into.
func runsMake(text, make string) bool {
	command := true // a word here would be the name of one
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t':
			i++
		case strings.IndexByte(";&|()\n", c) >= 0:
			command = true
			i++
		case c == '\\' && i+1 < len(text) && text[i+1] == '\n':
			i += 2
		default:
			end := i + wordEnd(text[i:])
			word := text[i:end]
			i = end
			if !command {
				break
			}
			if word == make || word == "make" || word == "gmake" {
				return true
			}
			command = slices.Contains(opening, word) || isAssignment(word)
		}
	}
	return false
}

// opening are the words behind which a command comes.
var opening = []string{"if", "then", "elif", "else", "while", "until", "do", "!", "{", "exec", "env", "command", "time", "nice"}

// isAssignment reports whether a word is NAME=VALUE.
func isAssignment(word string) bool {
	name, _, ok := strings.Cut(word, "=")
	return ok && name != "" && strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) < 0
}

// wordEnd returns the length of the word at the beginning of a line of a shell: at least 1.
func wordEnd(text string) int {
	depth := 0 // of $(
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '\'':
			i += 1 + max(0, strings.IndexByte(text[i+1:], '\''))
		case c == '"' || c == '`':
			for i++; i < len(text) && text[i] != c; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case c == '$' && i+1 < len(text) && text[i+1] == '(':
			depth++
			i++
		case depth > 0:
			switch c {
			case '(':
				depth++
			case ')':
				depth--
			}
		case strings.IndexByte(" \t\n;&|()", c) >= 0 && i > 0:
			return i
		}
	}
	return len(text)
}
