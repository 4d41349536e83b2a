// Package digest takes the digests of files: of many at once on all cores, and,
// while a step runs, of what the step is about to destroy.
//
// # How it works
//
// [Files] shares its requests out among as many goroutines as there are processors,
// each with a buffer of its own. A file is opened without blocking and without
// following a link in the last place, and only a regular one is read. Its identity
// is taken before the first and after the last byte; if the two differ, somebody
// wrote while we read, and there is no digest.
//
// A [Keeper] does the same for a recorder that must not wait: it opens the file at
// once and reads it on another goroutine, or, where only the name is about to go,
// keeps the descriptor and reads it when somebody asks.
//
// Where several records are looked at together [Shared] asks for each file once.
//
// What a build reads it reads again and again: the second compile that includes the same
// 300 headers need not hash one of them. A [Memo] is one sparse file of fixed size for
// all processes of a user, a hash table of identities (device, inode, size, mtime,
// ctime) and the digests of what they are of. The hash of device and inode says which
// page of the file an identity lives on. A page is read with one pread(2), and written
// with one pwrite(2) of the part that changed. Nobody locks anything and nothing is
// mapped: a file that somebody cuts short would kill whoever has it mapped.
//
// Eight inodes that follow each other share a page: the headers of a directory were
// mostly made one after the other. A file that has changed takes the place of what it
// was before, so that the memo of a tree that is edited all day does not grow. On a page
// that is full a new slot takes the place of another one, which its check value chooses:
// what a tree too large for the memo loses is part of it, and not all in turn.
//
// # What it guarantees
//
// A digest is that of the file with the State that stands beside it. Whether this is
// the file that the caller meant, the caller sees by comparing States.
//
// A slot of a memo holds the whole identity, the digest, and a check value over both.
// One that was torn by two writers, half written in a crash or damaged on the disk does
// not have its check value, and counts as not there: the file is hashed. So does one
// whose write was lost, or overwritten with a page that somebody had read before. A slot
// that is there is right, whoever wrote it and when, so it does not matter who wins.
//
// An identity means something to one kernel from boot to shutdown: devices are numbered
// anew at the next one, and two machines can have one home directory. The check value
// therefore covers the kernel's boot id, too.
//
// What was changed less than two seconds before it was read a memo does not keep: a file
// system's clock goes in ticks, of 4 ms or of 2 s, and a second change within the tick
// has the times of the first. Nor does it believe times in the future. Size and mtime
// can be set to what they were (touch -r), ctime cannot.
//
// # What it does not
//
// A writer that restores size and mtime within one tick of the file system's clock
// is not noticed; nothing short of a lease could.
//
// A memo believes the file system. One whose clock is more than two seconds behind ours
// (a server's), or that has no ctime of its own, can hide a change to the same size that
// comes within one tick of an earlier one. So can a clock that is turned back, if it
// hits the nanosecond. What a process stores through a shared mapping shows in the times
// when a page is first written to, and not every time. A file whose digest is known is
// not opened: that this process has not the rights to read it is not noticed. And the
// kernel's own files (/proc, /sys), whose times mean nothing, are not to be asked for.
package digest

import (
	"encoding/hex"
	"errors"
	"iter"

	"deptrace/trace/footprint"
	"deptrace/trace/parallel"
)

// Sum is the SHA-256 of a file's content.
type Sum [32]byte

// String returns the sum in hexadecimal.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// Errors that callers tell apart.
var (
	ErrNotRegular = errors.New("not a regular file")
	ErrChanged    = errors.New("changed while it was read")
)

// Result is the digest of one file, or why there is none.
type Result struct {
	Sum   Sum
	State footprint.State // of what was read, the same before and after; Kernel is not filled in
	Err   error
}

// Files returns the digests of the files at paths, in their order.
func Files(paths []string) []Result {
	return (*Memo)(nil).Files(paths)
}

// hashAll hashes the requests with the indices and puts the results in their places.
func hashAll(reqs []Request, results []Result, indices []int) {
	const handful = 4 // of files are worth a goroutine
	parallel.Share(len(indices), handful, func(own iter.Seq[int]) {
		h := newHasher()
		for n := range own {
			i := indices[n]
			results[i] = h.file(reqs[i].Path)
		}
	})
}
