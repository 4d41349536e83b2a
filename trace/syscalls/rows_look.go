package syscalls

import "deptrace/trace/event"

// atCWD is AT_FDCWD as the filter sees it: an int.
const atCWD = 0xffffff9c

// byName holds if a stat-like call names a file, or the working directory. Without
// a path it is fstat(2) (since 6.11), which is harmless.
var byName = []Cond{given(A1), is(A0, atCWD)}

// lookRows are the calls that only look at what a name leads to.
var lookRows = []Spec{
	{Name: "newfstatat", Nr: Numbers{262, none, 79}, Op: event.Stat, When: AtEntry, Dir: A0, Path: A1, Flags: A3, Style: AtFlags, Any: byName},
	{Name: "readlink", Nr: Numbers{89, 85, none}, Op: event.Readlink, When: AtEntry, Path: A0, Fixed: event.NoFollow},
	{Name: "stat", Nr: Numbers{4, 106, none}, Op: event.Stat, When: AtEntry, Path: A0},
	{Name: "lstat", Nr: Numbers{6, 107, none}, Op: event.Stat, When: AtEntry, Path: A0, Fixed: event.NoFollow},
	{Name: "access", Nr: Numbers{21, 33, none}, Op: event.Access, When: AtEntry, Path: A0, Mode: A1},
	{Name: "statx", Nr: Numbers{332, 383, 291}, Op: event.Stat, When: AtEntry, Dir: A0, Path: A1, Flags: A2, Style: AtFlags, Any: byName},
	// An empty path is the descriptor itself, a link opened with O_PATH|O_NOFOLLOW
	// (readlink(2)).
	{Name: "readlinkat", Nr: Numbers{267, 305, 78}, Op: event.Readlink, When: AtEntry, Dir: A0, Path: A1, Fixed: event.NoFollow, EmptySelf: true},
	// The kernel's faccessat has no flags: libraries that are given some use
	// faccessat2, or emulate them with other calls (access(2)).
	{Name: "faccessat", Nr: Numbers{269, 307, 48}, Op: event.Access, When: AtEntry, Dir: A0, Path: A1, Mode: A2},
	{Name: "faccessat2", Nr: Numbers{439, 439, 439}, Op: event.Access, When: AtEntry, Dir: A0, Path: A1, Mode: A2, Flags: A3, Style: AtFlags},
	{Name: "getdents64", Nr: Numbers{217, 220, 61}, Op: event.List, When: AtEntry, FD: A0},
	{Name: "getdents", Nr: Numbers{78, 141, none}, Op: event.List, When: AtEntry, FD: A0},
	{Name: "readdir", Nr: Numbers{none, 89, none}, Op: event.List, When: AtEntry, FD: A0},
	// Whether the new working directory is there decides what comes next.
	{Name: "chdir", Nr: Numbers{80, 12, 49}, Op: event.Access, When: AtEntry, Path: A0, Fixed: event.Directory, Moves: true},
	// What file system it is on is no input, whether the name is there is one.
	{Name: "statfs", Nr: Numbers{137, 99, 43}, Op: event.Access, When: AtEntry, Path: A0},
	{Name: "statfs64", Nr: Numbers{none, 268, none}, Op: event.Access, When: AtEntry, Path: A0},
	{Name: "inotify_add_watch", Nr: Numbers{254, 292, 27}, Op: event.Access, When: AtEntry, Path: A1, Flags: A2, Style: InotifyMask},
	{Name: "fanotify_mark", Nr: Numbers{301, none, 263}, Op: event.Access, When: AtEntry, Dir: A3, Path: A4, Flags: A1, Style: FanotifyFlags, NullSelf: true},
	// The 64-bit mask takes two registers.
	{Name: "fanotify_mark", Nr: Numbers{none, 339, none}, Op: event.Access, When: AtEntry, Dir: A4, Path: A5, Flags: A1, Style: FanotifyFlags, NullSelf: true},

	{Name: "fstatat64", Nr: Numbers{none, 300, none}, Op: event.Stat, When: AtEntry, Dir: A0, Path: A1, Flags: A3, Style: AtFlags, Any: byName},
	{Name: "stat64", Nr: Numbers{none, 195, none}, Op: event.Stat, When: AtEntry, Path: A0},
	{Name: "lstat64", Nr: Numbers{none, 196, none}, Op: event.Stat, When: AtEntry, Path: A0, Fixed: event.NoFollow},
	{Name: "oldstat", Nr: Numbers{none, 18, none}, Op: event.Stat, When: AtEntry, Path: A0},
	{Name: "oldlstat", Nr: Numbers{none, 84, none}, Op: event.Stat, When: AtEntry, Path: A0, Fixed: event.NoFollow},
}
