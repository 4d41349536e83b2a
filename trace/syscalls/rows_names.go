package syscalls

import "deptrace/trace/event"

// nameRows are the calls that make, move and remove names. None follows a link in
// the last place but linkat if it is told to (path_resolution(7), fs/namei.c).
var nameRows = []Spec{
	{Name: "unlink", Nr: Numbers{87, 10, none}, Op: event.Unlink, Path: A0, Fixed: event.NoFollow},
	{Name: "unlinkat", Nr: Numbers{263, 301, 35}, Op: event.Unlink, Dir: A0, Path: A1, Fixed: event.NoFollow, Flags: A2, Style: UnlinkFlags},
	{Name: "mkdir", Nr: Numbers{83, 39, none}, Op: event.Mkdir, Path: A0, Fixed: event.NoFollow},
	{Name: "mkdirat", Nr: Numbers{258, 296, 34}, Op: event.Mkdir, Dir: A0, Path: A1, Fixed: event.NoFollow},
	{Name: "rmdir", Nr: Numbers{84, 40, none}, Op: event.Rmdir, Path: A0, Fixed: event.NoFollow},
	{Name: "rename", Nr: Numbers{82, 38, none}, Op: event.Rename, Path: A0, Path2: A1, Fixed: event.NoFollow},
	{Name: "renameat", Nr: Numbers{264, 302, 38}, Op: event.Rename, Dir: A0, Path: A1, Dir2: A2, Path2: A3, Fixed: event.NoFollow},
	{Name: "renameat2", Nr: Numbers{316, 353, 276}, Op: event.Rename, Dir: A0, Path: A1, Dir2: A2, Path2: A3, Fixed: event.NoFollow, Flags: A4, Style: RenameFlags},
	{Name: "link", Nr: Numbers{86, 9, none}, Op: event.LinkTo, Path: A0, Path2: A1, Fixed: event.NoFollow},
	{Name: "linkat", Nr: Numbers{265, 303, 37}, Op: event.LinkTo, Dir: A0, Path: A1, Dir2: A2, Path2: A3, Fixed: event.NoFollow, Flags: A4, Style: AtFlags},
	{Name: "symlink", Nr: Numbers{88, 83, none}, Op: event.Symlink, Target: A0, Path: A1, Fixed: event.NoFollow},
	{Name: "symlinkat", Nr: Numbers{266, 304, 36}, Op: event.Symlink, Target: A0, Dir: A1, Path: A2, Fixed: event.NoFollow},
	{Name: "mknod", Nr: Numbers{133, 14, none}, Op: event.Mknod, Path: A0, Fixed: event.NoFollow},
	{Name: "mknodat", Nr: Numbers{259, 297, 33}, Op: event.Mknod, Dir: A0, Path: A1, Fixed: event.NoFollow},
}
