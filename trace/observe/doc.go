// Package observe looks at a system call while its caller stands still, and says as an
// event what it is about to do: the names resolved as the kernel is going to resolve
// them, the interpreters that an exec needs, and the outcome as far as a look at the
// file system can tell it.
//
// It is what the engines have in common. Both stop a thread at the entry of a call, by
// different means, and know its number and arguments; package decode says what they
// ask for; from here on it does not matter who stopped the thread.
//
// What a directory is called is asked of the kernel, or remembered as long as the step cannot
// have given it another name, for 5 ms at most: the file about directories says how that is known.
//
// # What it guarantees
//
// What it says holds at the time of the look, for the file system as this process sees
// it. What it cannot see it tells as a gap: memory that may not be read, a path that is
// longer than the kernel can say. An error that means that the caller is gone
// (ESRCH, ENOENT below its directory in proc(5)) is no gap: the call will not be made.
package observe
