package syscalls

import "deptrace/trace/event"

// enosys is the answer of a kernel without io_uring.
const enosys = 38

// ring is what proc calls a ring of io_uring, and registeredRing the flag by which
// io_uring_enter is given the number of one that was registered
// (IORING_ENTER_REGISTERED_RING of linux/io_uring.h).
const (
	ring           = "anon_inode:[io_uring]"
	registeredRing = 1 << 4
)

// incompleteRows are the calls whose effect on files is not modelled. The names in
// them are told nevertheless: a lookup that fails is one like any other.
var incompleteRows = []Spec{
	{Name: "getxattr", Nr: Numbers{191, 229, 8}, Op: event.Incomplete, Reason: event.Xattr, Xattr: GetXattr, Path: A0, Attr: A1},
	{Name: "lgetxattr", Nr: Numbers{192, 230, 9}, Op: event.Incomplete, Reason: event.Xattr, Xattr: GetXattr, Path: A0, Attr: A1, Fixed: event.NoFollow},
	{Name: "fgetxattr", Nr: Numbers{193, 231, 10}, Op: event.Incomplete, Reason: event.Xattr, Xattr: GetXattr, FD: A0, Attr: A1},
	{Name: "listxattr", Nr: Numbers{194, 232, 11}, Op: event.Incomplete, Reason: event.Xattr, Xattr: ListXattr, Path: A0},
	{Name: "llistxattr", Nr: Numbers{195, 233, 12}, Op: event.Incomplete, Reason: event.Xattr, Xattr: ListXattr, Path: A0, Fixed: event.NoFollow},
	{Name: "flistxattr", Nr: Numbers{196, 234, 13}, Op: event.Incomplete, Reason: event.Xattr, Xattr: ListXattr, FD: A0},
	{Name: "setxattr", Nr: Numbers{188, 226, 5}, Op: event.Incomplete, Reason: event.Xattr, Xattr: SetXattr, Path: A0, Attr: A1},
	{Name: "lsetxattr", Nr: Numbers{189, 227, 6}, Op: event.Incomplete, Reason: event.Xattr, Xattr: SetXattr, Path: A0, Attr: A1, Fixed: event.NoFollow},
	{Name: "fsetxattr", Nr: Numbers{190, 228, 7}, Op: event.Incomplete, Reason: event.Xattr, Xattr: SetXattr, FD: A0, Attr: A1},
	{Name: "removexattr", Nr: Numbers{197, 235, 14}, Op: event.Incomplete, Reason: event.Xattr, Xattr: RemoveXattr, Path: A0, Attr: A1},
	{Name: "lremovexattr", Nr: Numbers{198, 236, 15}, Op: event.Incomplete, Reason: event.Xattr, Xattr: RemoveXattr, Path: A0, Attr: A1, Fixed: event.NoFollow},
	{Name: "fremovexattr", Nr: Numbers{199, 237, 16}, Op: event.Incomplete, Reason: event.Xattr, Xattr: RemoveXattr, FD: A0, Attr: A1},
	// Since 6.13.
	{Name: "setxattrat", Nr: Numbers{463, 463, 463}, Op: event.Incomplete, Reason: event.Xattr, Xattr: SetXattr, Dir: A0, Path: A1, Attr: A3, Flags: A2, Style: AtFlags},
	{Name: "getxattrat", Nr: Numbers{464, 464, 464}, Op: event.Incomplete, Reason: event.Xattr, Xattr: GetXattr, Dir: A0, Path: A1, Attr: A3, Flags: A2, Style: AtFlags},
	{Name: "listxattrat", Nr: Numbers{465, 465, 465}, Op: event.Incomplete, Reason: event.Xattr, Xattr: ListXattr, Dir: A0, Path: A1, Flags: A2, Style: AtFlags},
	{Name: "removexattrat", Nr: Numbers{466, 466, 466}, Op: event.Incomplete, Reason: event.Xattr, Xattr: RemoveXattr, Dir: A0, Path: A1, Attr: A3, Flags: A2, Style: AtFlags},
	// The inode flags that chattr(1) sets, since 6.17.
	{Name: "file_getattr", Nr: Numbers{468, 468, 468}, Op: event.Incomplete, Reason: event.NotModelled, Dir: A0, Path: A1, Flags: A4, Style: AtFlags},
	{Name: "file_setattr", Nr: Numbers{469, 469, 469}, Op: event.Incomplete, Reason: event.NotModelled, Dir: A0, Path: A1, Flags: A4, Style: AtFlags},

	{Name: "name_to_handle_at", Nr: Numbers{303, 341, 264}, Op: event.Incomplete, Reason: event.FileHandle, Dir: A0, Path: A1, Flags: A4, Style: AtFlags, Fixed: event.NoFollow},
	{Name: "open_by_handle_at", Nr: Numbers{304, 342, 265}, Op: event.Incomplete, Reason: event.FileHandle, Needs: DACReadSearch},

	{Name: "mount", Nr: Numbers{165, 21, 40}, Op: event.Incomplete, Reason: event.Mount, Needs: SysAdmin},
	{Name: "umount", Nr: Numbers{none, 22, none}, Op: event.Incomplete, Reason: event.Mount, Needs: SysAdmin},
	{Name: "umount2", Nr: Numbers{166, 52, 39}, Op: event.Incomplete, Reason: event.Mount, Needs: SysAdmin},
	{Name: "open_tree", Nr: Numbers{428, 428, 428}, Op: event.Incomplete, Reason: event.Mount},
	{Name: "move_mount", Nr: Numbers{429, 429, 429}, Op: event.Incomplete, Reason: event.Mount, Needs: SysAdmin},
	{Name: "fsopen", Nr: Numbers{430, 430, 430}, Op: event.Incomplete, Reason: event.Mount, Needs: SysAdmin},
	{Name: "fsconfig", Nr: Numbers{431, 431, 431}, Op: event.Incomplete, Reason: event.Mount},
	{Name: "fsmount", Nr: Numbers{432, 432, 432}, Op: event.Incomplete, Reason: event.Mount, Needs: SysAdmin},
	{Name: "fspick", Nr: Numbers{433, 433, 433}, Op: event.Incomplete, Reason: event.Mount, Needs: SysAdmin},
	{Name: "mount_setattr", Nr: Numbers{442, 442, 442}, Op: event.Incomplete, Reason: event.Mount, Needs: SysAdmin},
	{Name: "open_tree_attr", Nr: Numbers{467, 467, 467}, Op: event.Incomplete, Reason: event.Mount},

	// Programs fall back on ordinary calls if there is no io_uring. The other two are
	// of use only on a ring that was made outside the step.
	{Name: "io_uring_setup", Nr: Numbers{425, 425, 425}, Op: event.Incomplete, Reason: event.IOUring, Refuse: enosys},
	{Name: "io_uring_enter", Nr: Numbers{426, 426, 426}, Op: event.Incomplete, Reason: event.IOUring, Kind: ring, Indexed: has(A3, registeredRing)},
	{Name: "io_uring_register", Nr: Numbers{427, 427, 427}, Op: event.Incomplete, Reason: event.IOUring, Kind: ring},

	// What is asked or changed here are not files of a build, but nobody has looked
	// at what it would mean for one.
	{Name: "uselib", Nr: Numbers{134, 86, none}, Op: event.Incomplete, Reason: event.NotModelled, Path: A0},
	{Name: "acct", Nr: Numbers{163, 51, 89}, Op: event.Incomplete, Reason: event.NotModelled, Needs: SysPacct},
	{Name: "swapon", Nr: Numbers{167, 87, 224}, Op: event.Incomplete, Reason: event.NotModelled, Needs: SysAdmin, Path: A0},
	{Name: "swapoff", Nr: Numbers{168, 115, 225}, Op: event.Incomplete, Reason: event.NotModelled, Needs: SysAdmin, Path: A0},
	{Name: "quotactl", Nr: Numbers{179, 131, 60}, Op: event.Incomplete, Reason: event.NotModelled},
	{Name: "quotactl_fd", Nr: Numbers{443, 443, 443}, Op: event.Incomplete, Reason: event.NotModelled},
	// BPF_OBJ_PIN and BPF_OBJ_GET are the commands that take a path (bpf(2)).
	{Name: "bpf", Nr: Numbers{321, 357, 280}, Op: event.Incomplete, Reason: event.NotModelled, Any: []Cond{is(A0, 6), is(A0, 7)}},
	{Name: "pidfd_getfd", Nr: Numbers{438, 438, 438}, Op: event.Incomplete, Reason: event.NotModelled, Kind: "anon_inode:[pidfd]"},
	// Message queues have names and outlive the processes that made them.
	{Name: "mq_open", Nr: Numbers{240, 277, 180}, Op: event.Incomplete, Reason: event.NotModelled},
	{Name: "mq_unlink", Nr: Numbers{241, 278, 181}, Op: event.Incomplete, Reason: event.NotModelled},
}
