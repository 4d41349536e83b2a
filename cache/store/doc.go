// Package store keeps the contents of files, and small records about them, for any
// number of processes of one user at once.
//
// # How it works
//
// A store is a directory of plain files:
//
//	CACHEDIR.TAG       says to backup programs that nothing here is worth keeping
//	v1/blobs/ab/…      contents, named by their SHA-256, mode 0444
//	v1/entries/ab/…    records, each behind a SHA-256 of its own; sets and notes alike
//	v1/tmp/…           what is being written
//	v1/locks/…         files to lock; they are empty, and never removed
//	v1/ledger          what was added, to know roughly how large the store is
//
// Whatever is written goes to a file in tmp, is hashed on the way, and is renamed into
// place: a name that is there has whole content. Nothing is read without being hashed
// again, but through [Store.OpenBlob], and what is not what its name says is removed
// and counts as missing. Hence no fsync: on the machine where this was written it makes
// adding a file of 20 kB six times as dear (0.64 ms, not 0.10), to guard against a power
// cut whose damage the next reader notices.
//
// A temporary file is locked with flock(2) as long as its writer lives. A lock is not
// there any more when the process is not, however it ended, and says so to processes in
// other containers too, which the number of a process does not: what is not locked and
// an hour old is a leftover, and goes.
//
// # What is used, and what goes
//
// The time of a file is when it was used last, to the hour: most hits write nothing.
// Adding something also adds a line to the ledger. [Store.Trim] sums it up, and only
// where the sum is over the limit does it look at the files themselves: one process at a
// time, for a fraction of a second, as many of the 256 parts of the store as that
// allows, and the next part next time. What was used longest ago goes first, until a
// tenth of the limit is free.
//
// Blobs go before the records that name them. A record is a thousandth of what it names,
// and worth having alone: where the files that it tells of are still in the tree, nobody
// asks for their content. Records go when nobody has read them for two months, or when
// there is no blob left to remove.
//
// # What it guarantees
//
// A process that is killed at any point, or a machine that loses power, leaves behind
// nothing that is taken for something else. A blob that goes between two calls is a
// missing blob, not an error. No reader ever waits; a writer waits only in
// [Store.Update], for another one's update of the same records, and not for long.
//
// # What it does not
//
// The limit holds for the sum of sizes, each rounded up to 4 KiB. Others may store more
// while a process trims, so that a store can be over its limit for a while. Where a file
// system has no flock(2), two updates at once can lose one of the two. Whoever can write
// to the directory can store anything; that is why it must belong to the user, or to
// root.
package store
