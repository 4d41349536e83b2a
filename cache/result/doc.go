// Package result decides what becomes of the result of a step: whether one is known that
// can stand for a run, how it is brought back, whether a new one may be kept and under
// which keys, and in each case why not.
//
// # How it works
//
// A [Command] is a step before it is run. All that it is given makes its weak key, which
// leads to the input sets of its earlier runs; a set and the files as they are now make a
// strong key, and under that there is an entry, if a run found the same before. What these
// are, and why a result that is found so is the right one, package cache says.
//
// A hit is more than an entry. [Cache.BringBack] takes the sets in their order, the latest
// first, and an entry counts only if
//
//   - its record is of a step that may be cached, for this user: who made it can have
//     allowed more;
//   - the record, the depfile and what the command printed are at hand, and verified;
//   - every output is as it should be, or can be made so: nothing stands in the way, and
//     its bytes are at hand.
//
// Otherwise the next set has its turn, and in the end the step runs: an error on the way
// to a hit is a miss with a reason. [Cache.Explain] looks for the reason where none was
// met, by comparing with what the command was given, or found, the last time. That takes
// time, and is for those who asked.
//
// The local store is asked first, for all sets; the remote only if it has no answer, and
// at most once for the sets of the command. All sets have their turn again then, the local
// ones too, for they can have an entry there. What the remote has comes into the store and
// is found there: nothing here sees a byte that the store has not verified. A remote that
// fails is not asked again.
//
// After a run [Command.Unfit] says whether its result may be kept. What it says stands for
// all; the user decides over the network and random numbers ([Given.Allow]) and over how
// far the root goes. [Cache.Keep] stores the result under the state that the step found
// and, if the step changed what it had looked at, also under the state that it left: run
// over its own outputs it finds that, and would do nothing. [Cache.Share] uploads it. What
// looked at the machine stays on it; what is of use only in one checkout, though it was to
// be shared between several, stands under a key with the checkout's path, and under the
// key of all there is only the reason.
//
// # What it guarantees
//
// BringBack writes nothing before all that it needs is at hand, but for the outputs
// themselves, which package restore verifies under temporary names before the first of
// them is replaced. So a miss has changed no file, unless the file system refused to
// rename or to remove in the midst of it, or an input was edited; the step that runs then
// makes it all anew.
//
// A file whose content led to a hit and that somebody edits before all outputs are in their
// places is a miss, though they are: the step runs. (A look at each input once more takes
// 0.1 ms for a compile.)
//
// Keep writes what is named before what names it: contents, then entries, then the input
// set, then the notes for Explain. Where it fails, or is killed, half way, there are
// contents that nobody asks for, or an entry that no set leads to, and the command is as
// unknown as before. What is kept is what the record says: an output that somebody has
// changed since is an error.
//
// The remote changes no decision. Without it, or with one that is slow, fails or lies,
// steps run that need not, after a wait of 10 seconds for the sets and two minutes for
// each result that was to come.
//
// # What it does not
//
// A hit is no snapshot: what was only looked for, and a list of names, can have changed by
// the time at which the outputs are there. Two processes that bring back the same outputs
// at once each do all of it; both leave the same.
//
// Nothing here runs a step, speaks to anybody or knows a flag. The files that deptrace
// writes itself come back as bytes and a record: whoever asked for them writes them.
package result
