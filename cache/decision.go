package cache

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// Decision is whether a record is fresh. The zero Decision is not.
type Decision struct {
	Fresh   bool
	Reasons []Reason // why it is not, the cheap ones first
}

// Reason is one difference between a record and the world, or something else that
// keeps a record from being fresh.
type Reason struct {
	// Subject is what differs: a path form, a variable, "program" and its name.
	// It is empty for what concerns the record as a whole, which Is then says.
	Subject string
	Was, Is string
}

// String is the reason on one line: "hello.h: was absent, is a file".
func (r Reason) String() string {
	if r.Subject == "" {
		return r.Is
	}
	return r.Subject + ": was " + r.Was + ", is " + r.Is
}

// Printable returns a name as it can stand in a reason or a message: as it is, or quoted
// where it would not stay on its line, would do something to a terminal, or cannot be told
// from the text around it.
func Printable(name string) string {
	if name == "" || !printable(name) || strings.Contains(name, ": ") || name[0] == '"' {
		return strconv.Quote(name)
	}
	return name
}

// Line returns a text as it can be one line: what would end it, or do something to a
// terminal, stands there as in a quoted string. The names in it are to be Printable; this
// is for what is quoted in it and comes from elsewhere, such as a hand-written record.
func Line(text string) string {
	if printable(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if c := text[:n]; unicode.IsPrint(r) && (r != utf8.RuneError || n > 1) {
			b.WriteString(c)
		} else {
			q := strconv.Quote(c)
			b.WriteString(q[1 : len(q)-1])
		}
		text = text[n:]
	}
	return b.String()
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// short is enough of a digest to tell two apart.
func short[D ~[32]byte](d D) string { return manifest.Digest(d).String()[:12] + "…" }

var typeWords = [...]string{
	footprint.None:    "absent",
	footprint.File:    "a file",
	footprint.Dir:     "a directory",
	footprint.Symlink: "a link",
	footprint.Other:   "a pipe, socket or device",
}

func execWord(exec bool) string {
	if exec {
		return "executable"
	}
	return "not executable"
}

func sizeWord(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

func placeWord(path string) string {
	if path == "" {
		return "nowhere"
	}
	return Printable(path)
}
