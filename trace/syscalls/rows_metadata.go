package syscalls

import "deptrace/trace/event"

// metadataRows are the calls that change a file's length, mode, owner and times.
var metadataRows = []Spec{
	{Name: "chmod", Nr: Numbers{90, 15, none}, Op: event.Chmod, Path: A0},
	{Name: "fchmod", Nr: Numbers{91, 94, 52}, Op: event.Chmod, FD: A0},
	// The kernel's fchmodat has no flags (chmod(2), "C library/kernel differences").
	{Name: "fchmodat", Nr: Numbers{268, 306, 53}, Op: event.Chmod, Dir: A0, Path: A1},
	{Name: "fchmodat2", Nr: Numbers{452, 452, 452}, Op: event.Chmod, Dir: A0, Path: A1, Flags: A3, Style: AtFlags},

	{Name: "chown", Nr: Numbers{92, 182, none}, Op: event.Chown, Path: A0},
	{Name: "lchown", Nr: Numbers{94, 16, none}, Op: event.Chown, Path: A0, Fixed: event.NoFollow},
	{Name: "fchown", Nr: Numbers{93, 95, 55}, Op: event.Chown, FD: A0},
	{Name: "fchownat", Nr: Numbers{260, 298, 54}, Op: event.Chown, Dir: A0, Path: A1, Flags: A4, Style: AtFlags},
	{Name: "chown32", Nr: Numbers{none, 212, none}, Op: event.Chown, Path: A0},
	{Name: "lchown32", Nr: Numbers{none, 198, none}, Op: event.Chown, Path: A0, Fixed: event.NoFollow},
	{Name: "fchown32", Nr: Numbers{none, 207, none}, Op: event.Chown, FD: A0},

	// Without a path the last three are about the descriptor (utimensat(2)).
	{Name: "utime", Nr: Numbers{132, 30, none}, Op: event.Utime, Path: A0},
	{Name: "utimes", Nr: Numbers{235, 271, none}, Op: event.Utime, Path: A0},
	{Name: "futimesat", Nr: Numbers{261, 299, none}, Op: event.Utime, Dir: A0, Path: A1, NullSelf: true},
	{Name: "utimensat", Nr: Numbers{280, 320, 88}, Op: event.Utime, Dir: A0, Path: A1, Flags: A3, Style: AtFlags, NullSelf: true},
	{Name: "utimensat_time64", Nr: Numbers{none, 412, none}, Op: event.Utime, Dir: A0, Path: A1, Flags: A3, Style: AtFlags, NullSelf: true},

	{Name: "truncate", Nr: Numbers{76, 92, 45}, Op: event.Truncate, Path: A0, Size: A1},
	{Name: "ftruncate", Nr: Numbers{77, 93, 46}, Op: event.Truncate, FD: A0, Size: A1},
	{Name: "truncate64", Nr: Numbers{none, 193, none}, Op: event.Truncate, Path: A0, Size: A1, High: A2},
	{Name: "ftruncate64", Nr: Numbers{none, 194, none}, Op: event.Truncate, FD: A0, Size: A1, High: A2},
}
