// Package manifest is the record of a build step: the command, what it found that
// mattered, what it left, and whether that is all.
//
// # What it is
//
// A [Manifest] is a footprint with digests in the place of identities. It has no
// times, inode numbers or pids in it, and no absolute path of the project: paths
// are relative to the root (see [Form]). [Build] makes one from a footprint,
// [Manifest.Encode] writes it as TOML, [Decode] and [Read] get it back:
//
//	version = 1
//	complete = true
//	root = ".."
//	entries = 3
//
//	[step]
//	argv = ["cc", "-c", "-o", "hello.o", "hello.c"]
//	dir = "."
//	exit = 0
//	env = {LANG = "C.UTF-8"}
//
//	[[program]]
//	name = "cc"
//	path = "/usr/bin/cc"
//
//	[[input]]
//	path = "hello.c"
//	kind = "read"
//	sha256 = "…"
//	size = 79
//
//	[[output]]
//	path = "hello.o"
//	kind = "file"
//	sha256 = "…"
//
// These keys stand only where there is something to say, in this order:
//
//	step     stdin        the file that was standard input; it is an input, too
//	         signal       that ended the command; exit is 128 more
//	         env_unset env_off ignore writes stat
//	input    type         of stat and exists: file, dir, link or other
//	         exec = true  of a file that its owner may execute
//	         asked denied of read, stat and exists: read, write or both: whether the step may
//	                      do that was asked for, or tried in vain, and what of it it may not
//	         target       of a link
//	output   exec target  as of an input
//	         handed adds needs = true: see [Output]
//
// TOML is UTF-8 and names are bytes. A string that is not UTF-8 is written in
// hexadecimal under the same key with "_hex" behind it; both at once are refused.
//
// # What it guarantees
//
// Encoding is a function of the manifest's value: the same step gives the same
// bytes. What [Decode] returns is well-formed: every key known and of its type,
// every needed one there, lists sorted and without doubles, paths in the form in
// which they are written. Everything else is a [*VersionError] or a
// [*DamagedError] with the reason, never a panic and never a manifest with
// something left out: "complete" has no default, and "entries" counts the tables
// that follow, so that a file cut off between two of them is damaged and not a
// record of a step with fewer inputs.
//
// # What it does not
//
// It hashes nothing: digests come through [Digester]. It does not look at the
// file system, and whether a record still holds is decided in package cache.
package manifest

import (
	"encoding/hex"
	"fmt"

	"deptrace/trace/footprint"
)

// Version is the version of the format that this package writes and reads.
const Version = 1

// Manifest is the record of a step.
type Manifest struct {
	Version int
	// Complete is whether all that the step did is recorded; if not, Incomplete
	// says why, as "code" or "code: detail".
	Complete   bool
	Incomplete []string
	// Root is the way from the manifest's own directory to the root, "." or
	// "../..". It is empty for a manifest outside its root, whose reader must be
	// told where the root is.
	Root string
	Step Step
	// Programs, Inputs, Outputs and Side are sorted by name or path, then kind.
	Programs []Program
	Inputs   []Input
	Outputs  []Output
	Side     []Output // outputs outside the root
	// Uses are the facts that concern caching: "machine", "network", "random".
	Uses []string
}

// Step is the command and what it ran with.
type Step struct {
	Argv []string
	Dir  string // in path form
	// Stdin is the regular file, in path form, that the command found as its standard
	// input; empty for anything else. Its content is an input like another: this tells which
	// of them it was.
	Stdin string
	// Exit is the command's exit status: 128 and the number of the Signal if one
	// killed it.
	Exit   int
	Signal int
	// Env are the recorded variables that were set, EnvUnset those that were asked
	// for by name and were not, EnvOff those of the list that are not to be looked
	// at. See [Environment].
	Env      map[string]string
	EnvUnset []string
	EnvOff   []string
	// Ignore are the globs whose matches are left out everywhere.
	Ignore []string
	// Writes are the files, in path form, that deptrace itself wrote into a listed
	// directory: they are not part of the list.
	Writes []string
	// Stat is "meta" if the digests of files of kind stat were left out, else "".
	Stat string
}

// End says in words how the command ended: "exit 2" or "signal 9".
func (s *Step) End() string {
	if s.Signal != 0 {
		return fmt.Sprintf("signal %d", s.Signal)
	}
	return fmt.Sprintf("exit %d", s.Exit)
}

// Program is a command name that was searched in PATH.
type Program struct {
	Name string
	Path string // in path form; empty: found nowhere
}

// Input is a state that the step found and that mattered.
type Input struct {
	Path string // in path form
	Kind footprint.Kind
	// Type is that of a Stat or an Exists: footprint.File, Dir, Symlink or Other. A record
	// that was written by hand may leave it out of an Exists: None, for whatever is there.
	Type footprint.Type
	// Digest is that of the content of a Read or of a Stat of a regular file, and
	// of the names of a List. It is zero where none was taken: a Stat under
	// "meta", or whatever could not be hashed in an incomplete record.
	Digest Digest
	Size   int64  // Read, and Stat of a regular file
	Exec   bool   // likewise: whether its owner may execute it
	Target string // Link
	// Asked is what the step asked whether it may do, or tried in vain, and Denied what of
	// that it may not: of a Read, a Stat or an Exists.
	Asked, Denied footprint.Rights
}

// Output is a path that the step created, replaced, changed or removed.
type Output struct {
	Path   string // in path form
	Kind   OutputKind
	Digest Digest // File
	Exec   bool   // File
	Target string // Symlink
	// Handed is set on a file that the step makes for the build tool, which may take it away:
	// the depfile that a compiler writes.
	Handed bool
	// Adds and Needs are set where the step keeps what it finds, or does something only if it
	// finds something, and what it found is no input: see footprint.Output. Only a result
	// that is to be brought back asks for them.
	Adds, Needs bool
}

// OutputKind is what an output is after the step.
type OutputKind uint8

// The kinds of outputs.
const (
	File OutputKind = iota
	Symlink
	Dir
	Removed
)

var outputKindNames = []string{"file", "link", "dir", "removed"}

// String returns the name that the record uses.
func (k OutputKind) String() string { return outputKindNames[k] }

// Digest is a SHA-256. The zero Digest stands for none.
type Digest [32]byte

// String returns the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether there is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }
