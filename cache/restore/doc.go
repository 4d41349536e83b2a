// Package restore brings the outputs of a step back from a store.
//
// # How it works
//
// [Compare] holds what is wanted against what is there and returns what differs. [Outputs]
// then works in three stages, so that most of what can go wrong goes wrong before anything
// has changed: it makes the directories; brings every file under a temporary name in the
// directory where it belongs, its bytes verified by the store; and then removes what is to
// go and gives every file its name. What is there already is not touched, and keeps its
// inode. [Touch] gives several files one time afterwards.
//
// Directories are opened one by one from the root, and no symbolic link is followed on
// the way: recorded paths have none, so one that is there now is not what the step saw.
// Nothing outside the root is written, whatever an entry from a remote may say.
//
// # What it guarantees
//
// A file is the old one or the new one, never half of it. If Outputs fails before the last
// stage, nothing has changed. Files have the permissions that the umask of now leaves.
//
// # What it does not
//
// Several files do not appear at once. Times are those of now; owners, modes beyond the
// executable bit and extended attributes are no part of a record. A parent directory that
// is not there and that the step did not make is an error: the step would have failed.
package restore
