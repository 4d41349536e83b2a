package osfs

import (
	"golang.org/x/sys/unix"

	"deptrace/trace/footprint"
)

// lstat is lstat(2) with the state of what is not there in the place of its errors.
func lstat(path string) (footprint.State, error) { return lstatAt(unix.AT_FDCWD, path) }

func lstatAt(dir int, path string) (footprint.State, error) {
	var st unix.Stat_t
	for {
		switch err := unix.Fstatat(dir, path, &st, unix.AT_SYMLINK_NOFOLLOW); err {
		case nil:
			return state(&st), nil
		case unix.ENOENT, unix.ENOTDIR, unix.ENAMETOOLONG, unix.ELOOP:
			return footprint.State{}, nil
		case unix.EINTR: // network file systems
		default:
			return footprint.State{}, err
		}
	}
}

// Fstat returns what an open descriptor is of.
func Fstat(fd int) (footprint.State, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return footprint.State{}, err
	}
	return state(&st), nil
}

func state(st *unix.Stat_t) footprint.State {
	s := footprint.State{
		Type:  footprint.Other,
		Size:  st.Size,
		Dev:   uint64(st.Dev),
		Ino:   st.Ino,
		Nlink: uint64(st.Nlink),
		Mtime: st.Mtim.Nano(),
		Ctime: st.Ctim.Nano(),
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		s.Type = footprint.File
		s.Exec = st.Mode&unix.S_IXUSR != 0
	case unix.S_IFDIR:
		s.Type = footprint.Dir
	case unix.S_IFLNK:
		s.Type = footprint.Symlink
	case unix.S_IFCHR, unix.S_IFBLK:
		s.Kernel = true
	}
	return s
}

// Denied returns those of the rights that this process does not have to what is at path,
// by its effective user (faccessat(2), AT_EACCESS). Of what is not there it has all.
func Denied(path string, r footprint.Rights) (denied footprint.Rights) {
	refused := func(mode uint32) bool {
		err := unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS)
		return err == unix.EACCES || err == unix.EROFS
	}
	if r&footprint.Reading != 0 && refused(unix.R_OK) {
		denied |= footprint.Reading
	}
	if r&footprint.Writing != 0 && refused(unix.W_OK) {
		denied |= footprint.Writing
	}
	return denied
}

// kernelTypes are the file systems whose files are the kernel's state, or handles
// into it, and not data that somebody stored.
var kernelTypes = map[uint32]bool{
	unix.PROC_SUPER_MAGIC:     true,
	unix.SYSFS_MAGIC:          true,
	unix.CGROUP_SUPER_MAGIC:   true,
	unix.CGROUP2_SUPER_MAGIC:  true,
	unix.DEBUGFS_MAGIC:        true,
	unix.TRACEFS_MAGIC:        true,
	unix.SECURITYFS_MAGIC:     true,
	unix.SELINUX_MAGIC:        true,
	unix.SMACK_MAGIC:          true,
	unix.AAFS_MAGIC:           true,
	unix.BPF_FS_MAGIC:         true,
	unix.DEVPTS_SUPER_MAGIC:   true,
	unix.PSTOREFS_MAGIC:       true,
	unix.EFIVARFS_MAGIC:       true,
	unix.NSFS_MAGIC:           true,
	unix.PID_FS_MAGIC:         true,
	unix.BINFMTFS_MAGIC:       true,
	unix.BINDERFS_SUPER_MAGIC: true,
	unix.RDTGROUP_SUPER_MAGIC: true, // resctrl
	unix.XENFS_SUPER_MAGIC:    true,
	unix.OPENPROM_SUPER_MAGIC: true,
	unix.PIPEFS_MAGIC:         true,
	unix.SOCKFS_MAGIC:         true,
	unix.ANON_INODE_FS_MAGIC:  true,
	unix.DMA_BUF_MAGIC:        true,
	unix.SECRETMEM_MAGIC:      true,
	0x62656570:                true, // configfs
	0x65735543:                true, // fusectl
	0x19800202:                true, // mqueue
	0x67596969:                true, // rpc_pipefs
	0x6e667364:                true, // nfsd
}

func kernelFS(path string) bool {
	var fs unix.Statfs_t
	for {
		err := unix.Statfs(path, &fs)
		if err != unix.EINTR {
			return err == nil && kernelTypes[uint32(fs.Type)]
		}
	}
}
