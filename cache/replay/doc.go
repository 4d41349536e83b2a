// Package replay runs a recorded step again in a place where only what the record names
// exists, and compares what comes of it with the record.
//
// It answers two questions about a record. Is it complete? A file that the step needs and
// the record does not name is not there, and the step fails or does something else. Is the
// step deterministic? If all it needs is there, its outputs must be the recorded ones, byte
// for byte.
//
// # How it works
//
// [New] turns a record into a [Plan], a list of what to put into an empty root directory:
// recorded files one by one, each at its own path; recorded links with their targets;
// directories only as the way to something, and empty but for that; for a recorded list
// of names a placeholder for each; directories that the record ignores by name, empty.
// [Plan.Build] puts that into a file system in memory in a mount namespace: a file is
// mounted, read-only, from where it is; one that the step changes is copied, in the state
// in which the step found it, which a cache may have kept. Nothing is there that the record
// does not name but the kernel's own (/proc, /sys, a few devices) and empty directories for
// temporary files.
//
// The step runs there under an engine, which makes a record of the replay. [Compare]
// holds the two against each other: what the replay asked for and the record does not
// name, and what it left otherwise. Of what the record does not name, the first thing that
// the replay asked for comes first: there it left the record's way.
//
// Steps give temporary files names that are others each time. What the replay made and
// removed again under a name that nothing has here is left out, and a lookup that is like
// a recorded one, for which the replay did not ask, but for numbers, counts as that.
//
// # What it does not do
//
// Inputs must be as recorded, or there is nothing to replay: what a step changed in place
// is gone in the state in which it was found, unless the step ran under cached. The
// environment is that of now. Standard input is the file that the record says, from its
// beginning, and read-only; else it is empty. What a shell redirected into a file before the
// step began (">", "2>", or both into one) is told from what the replay prints; what it
// appends to a file that held something, or gives the step as another descriptor, is not.
// The order in which a directory gives its names is not recorded, and another one here than
// there.
package replay
