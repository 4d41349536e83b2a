// Package depfile writes and reads depfiles: the rules by which make and ninja
// learn what a step needed.
//
// # Dialects
//
// GNU make and ninja do not read the same language. Both take `a\ b` for "a b" and
// $$ for a dollar sign, but `\*` is an asterisk to make and a backslash and an
// asterisk to ninja, and an unescaped asterisk is a pattern to make and white space
// to ninja, which then reads two names where there was one. There are three
// dialects:
//
//   - [Make] is what GNU make 4.3 reads,
//   - [Ninja] is what ninja reads, from 1.11 on,
//   - [Common] is where both agree: a name is written only if it comes out as the
//     same bytes for both.
//
// What a dialect cannot say is an error, a [NameError], and never something near
// it: a name that is silently split, cut or taken for a pattern is a missed
// dependency. The escapes come from the sources of both programs (read.c,
// depfile_parser.in.cc), and the tests have the programs themselves judge them.
//
// # Form
//
// A rule is written as its targets and a colon, then one dependency a line, sorted
// by bytes, each once, then the phony lines, sorted too. Four quirks of make's
// bend this form, and only for names that need it:
//
//   - The first word after the colon must hold no "=", or the line sets a variable;
//     a name without one is moved to the front. If there is none, the rule starts
//     with $^, which is empty to make and white space to ninja.
//   - make strips white space from the end of the line, and cannot quote a
//     backslash there; another name is moved to the end. If there is none, the rule
//     ends in a bar, after which make expects order-only prerequisites and finds
//     none, and which is white space to ninja.
//   - make joins continued lines with the white space around them removed, so that a
//     name which ends in a blank shares its line with the next one.
//   - "a(b" followed anywhere on the line by a word that ends in ")" is a group of
//     members of an archive; words that end so come first.
//
// A leading "./" is left out, as make and ninja themselves do: to them it is the
// same name. It is put before what make would otherwise take for a word of its own,
// such as "export".
//
// # Phony lines
//
// make stops when a dependency that it knows no rule for has been removed, and its
// own remedy is an empty rule for each ([Rule].Phony, gcc's -MP). Some names can be
// dependencies and not targets: with a tab or "=" in them for make, with "%" in the
// common dialect, or ".PHONY". Such a dependency is written without its phony line.
// To refuse it would be to lose a dependency over what is only convenience, and
// what it costs is loud: after the file was removed make stops and names it, until
// the depfile is deleted. [Expressible] tells these names beforehand, for whoever
// wants to warn.
//
// # What it does not do
//
// It does not decide which files are dependencies, and it does not look at the
// file system. A dependency that is also a target is left out (ninja takes it for
// a cycle, and fails).
package depfile
