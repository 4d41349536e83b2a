package syscalls

import "deptrace/trace/event"

// Flags of clone(2), from linux/sched.h.
const (
	// CloneUntraced keeps a tracer from following the child.
	CloneUntraced = 0x00800000
	// CloneFS gives the child its parent's working directory, and not a copy of it, as
	// CloneThread does for a thread.
	CloneFS     = 0x00000200
	CloneThread = 0x00010000
	// CloneNewTime is a flag of clone3 and unshare only: where clone has its flags,
	// the lowest byte is the child's exit signal.
	CloneNewTime = 0x00000080
	// CloneNew are the flags for new namespaces, CloneNewTime excepted: NEWNS,
	// NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
	CloneNew = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
)

// sharesDirectory holds for a clone(2) of a process that changes its parent's working directory
// with its own.
var sharesDirectory = Cond{Arg: A0, Mask: CloneFS | CloneThread, Equal: true, Value: CloneFS}

// processRows are the calls that run programs, and those that make processes which
// an engine cannot follow or whose names mean something else. Ordinary forks are
// reported by the kernel's own events. A clone that sharesDirectory makes nothing incomplete: it
// has to be known of.
var processRows = []Spec{
	{Name: "execve", Nr: Numbers{59, 11, 221}, Op: event.Exec, Path: A0},
	{Name: "execveat", Nr: Numbers{322, 358, 281}, Op: event.Exec, Dir: A0, Path: A1, Flags: A4, Style: AtFlags},

	{Name: "clone", Nr: Numbers{56, 120, 220}, Op: event.Incomplete, Reason: event.Namespace, Needs: SysAdmin, Flags: A0, Style: CloneFlags, Any: []Cond{has(A0, CloneUntraced|CloneNew), sharesDirectory}},
	// The flags are in memory, where a filter cannot see them.
	{Name: "clone3", Nr: Numbers{435, 435, 435}, Op: event.Incomplete, Reason: event.Namespace, Needs: SysAdmin, Flags: A0, Style: CloneArgs, Len: A1},
	// unshare(CLONE_FILES|CLONE_FS) is harmless: descriptors and the working
	// directory are asked of the kernel, or remembered, thread by thread.
	{Name: "unshare", Nr: Numbers{272, 310, 97}, Op: event.Incomplete, Reason: event.Namespace, Needs: SysAdmin, Any: []Cond{has(A0, CloneNew|CloneNewTime)}},
	{Name: "setns", Nr: Numbers{308, 346, 268}, Op: event.Incomplete, Reason: event.Namespace},
	{Name: "chroot", Nr: Numbers{161, 61, 51}, Op: event.Incomplete, Reason: event.Chroot, Needs: SysChroot, Path: A0},
	{Name: "pivot_root", Nr: Numbers{155, 217, 41}, Op: event.Incomplete, Reason: event.Chroot, Needs: SysAdmin},

	// The two ways to install a filter, which may take calls away from an engine's
	// own: SECCOMP_SET_MODE_FILTER, and PR_SET_SECCOMP with SECCOMP_MODE_FILTER
	// (linux/seccomp.h, linux/prctl.h). What the filter can answer is in memory.
	{Name: "seccomp", Nr: Numbers{317, 354, 277}, Op: event.Incomplete, Reason: event.Listener, Flags: A2, Style: FilterProgram, Any: []Cond{is(A0, 1)}},
	{Name: "prctl", Nr: Numbers{157, 172, 167}, Op: event.Incomplete, Reason: event.Listener, Flags: A2, Style: FilterMode, Any: []Cond{is(A0, 22)}},
}
