// Package tracee looks at a process from outside: its memory, its working
// directory, its descriptors, its place in the process tree.
//
// Everything is asked of the kernel at the time of use, through process_vm_readv(2)
// and proc(5). So nothing has to be kept in step with what a process does to its
// descriptors: dup, close_range, a descriptor that arrived over a socket and a
// thread that shares its table are all right by construction.
//
// The answers hold for a process that stands still. A process that is gone, or whose
// memory may not be read, gives an error and no half answer.
package tracee
