package syscalls

import "deptrace/trace/event"

// duplicates holds for the commands F_DUPFD and F_DUPFD_CLOEXEC of fcntl(2).
var duplicates = []Cond{is(A1, 0), is(A1, 1030)}

// descriptorRows are the calls that change what a descriptor's number means.
var descriptorRows = []Spec{
	{Name: "close", Nr: Numbers{3, 6, 57}, Op: event.Close, FD: A0, OnDemand: true},
	// With CLOSE_RANGE_CLOEXEC (4) nothing is closed.
	{Name: "close_range", Nr: Numbers{436, 436, 436}, Op: event.Close, FD: A0, FD2: A1, OnDemand: true, Any: []Cond{lacks(A2, 4)}},
	{Name: "dup", Nr: Numbers{32, 41, 23}, Op: event.Dup, FD: A0, OnDemand: true, Reads: A0},
	{Name: "dup2", Nr: Numbers{33, 63, none}, Op: event.Dup, FD: A0, FD2: A1, OnDemand: true, Reads: A0},
	{Name: "dup3", Nr: Numbers{292, 330, 24}, Op: event.Dup, FD: A0, FD2: A1, OnDemand: true, Reads: A0},
	{Name: "fcntl", Nr: Numbers{72, 55, 25}, Op: event.Dup, FD: A0, OnDemand: true, Reads: A0, Any: duplicates},
	{Name: "fcntl64", Nr: Numbers{none, 221, none}, Op: event.Dup, FD: A0, OnDemand: true, Reads: A0, Any: duplicates},
	{Name: "fchdir", Nr: Numbers{81, 133, 50}, Op: event.Access, FD: A0, Fixed: event.Directory, OnDemand: true, Moves: true},
}
