package syscalls

import "deptrace/trace/event"

// openRows are the calls that open files.
var openRows = []Spec{
	{Name: "openat", Nr: Numbers{257, 295, 56}, Op: event.Open, Dir: A0, Path: A1, Flags: A2, Style: OpenFlags},
	{Name: "open", Nr: Numbers{2, 5, none}, Op: event.Open, Path: A0, Flags: A1, Style: OpenFlags},
	{Name: "openat2", Nr: Numbers{437, 437, 437}, Op: event.Open, Dir: A0, Path: A1, Flags: A2, Style: OpenHow, Len: A3},
	// open(2): creat is open with O_CREAT|O_WRONLY|O_TRUNC.
	{Name: "creat", Nr: Numbers{85, 8, none}, Op: event.Open, Path: A0, Fixed: event.Write | event.Create | event.Truncated},
}
