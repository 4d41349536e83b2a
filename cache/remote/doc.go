// Package remote shares records of the local store, and the blobs that they name, with a
// server that speaks Bazel's HTTP cache protocol, as bazel-remote does.
//
// # How it works
//
// Two sorts of records travel: the entry of a strong key, which is the result of a step,
// and the list of input sets of a weak key. On the server a record is an ActionResult
// under /ac/, whose name is the SHA-256 of the sort and the key, so that a server that
// bazel uses too cannot take one for the other. Its output files are the record itself,
// called deptrace/record, and the blobs that it names; all of them are under /cas/.
// Servers that know the protocol show an ActionResult only as long as they have all of its
// files, and a record is uploaded accordingly: blobs that are missing there first, the
// ActionResult last.
//
// A download goes the other way round: the ActionResult, then all that is not in the
// local store, at most 8 at once, in zstd where the server has it so, and the record at
// the end. The paths in an ActionResult are for people: no file is ever written under a
// name that came from a server.
//
// # What it guarantees
//
// Every byte is verified before it is in the store: sizes are bounded before anything is
// read, digests compared before anything is kept. A server that is absent, slow, full,
// damaged, or lying is a [MissError] with a reason, and the step runs as if there were
// none. A request ends with its context, or when the server has been silent for the
// configured time. After 3 faults in a row, of whichever processes use the store, the
// server is left alone for a minute; after that, one process tries it for all.
//
// Credentials go to the scheme, host and port of the configured address, and nowhere
// else: not to where it redirects, not into messages, not into the store. Downloads
// follow redirections, but not from https to http; uploads follow none.
//
// # What it does not
//
// Whoever can write to the server decides what a step's result is: that the blobs are
// those that the entry names is verified, that the entry is the step's cannot be. Keep
// write access to those whom you would let build for you, and give the others
// DEPTRACE_REMOTE_READONLY=1 and a server that enforces it.
//
// Two machines that push sets of one command in the same moment can lose those of one,
// for HTTP has no merge; the next push brings them back. What an interrupted upload left
// on the server stays until the server drops it. The gRPC protocol is not spoken.
package remote
