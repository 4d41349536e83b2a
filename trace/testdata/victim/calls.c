// One victim for each system call that is decoded. They work in a directory that has
// the files f and d/g, the empty directory e, and the links link -> f, dlink -> d and
// dangling -> nowhere.

#include "victim.h"

#include <linux/stat.h>
#include <sys/xattr.h>
#include <utime.h>

static int dir(const char *name)
{
	return ok(sys(openat, AT_FDCWD, name, O_PATH | O_DIRECTORY));
}

VICTIM(faccessat) { ok(sys(faccessat, dir("d"), "g", R_OK)); }
VICTIM(faccessat2) { ok(sys(faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW)); }
VICTIM(chdir) { ok(sys(chdir, "d")); open_f("g"); }
VICTIM(fchdir) { ok(sys(fchdir, dir("dlink"))); open_f("g"); }
VICTIM(newfstatat)
{
#ifdef SYS_newfstatat
	struct stat st;
	ok(sys(newfstatat, AT_FDCWD, "link", &st, AT_SYMLINK_NOFOLLOW));
	want(S_ISLNK(st.st_mode));
	ok(sys(newfstatat, dir("d"), "g", &st, 0));
#endif
}
VICTIM(statx)
{
	struct statx st;
	ok(sys(statx, AT_FDCWD, "dlink/g", 0, STATX_BASIC_STATS, &st));
	fails(ENOENT, sys(statx, AT_FDCWD, "dangling", 0, STATX_BASIC_STATS, &st));
}
VICTIM(fstat)
{
	// The open says it all: none of the forms of fstat is an event.
	struct stat st;
	struct statx stx;
	int fd = open_f("f");
	ok(sys(fstat, fd, &st));
	ok(sys(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx));
#ifdef SYS_newfstatat
	ok(sys(newfstatat, fd, "", &st, AT_EMPTY_PATH));
#endif
}
VICTIM(readlinkat)
{
	char b[100];
	want(ok(sys(readlinkat, AT_FDCWD, "link", b, sizeof b)) == 1);
	fails(EINVAL, sys(readlinkat, AT_FDCWD, "f", b, sizeof b));
	fails(ENOENT, sys(readlinkat, AT_FDCWD, "missing", b, sizeof b));
}
VICTIM(getdents64)
{
	char b[4096];
	int fd = ok(sys(openat, AT_FDCWD, "d", O_RDONLY | O_DIRECTORY));
	want(ok(sys(getdents64, fd, b, sizeof b)) > 0);
}

VICTIM(openat)
{
	ok(sys(openat, AT_FDCWD, "f", O_RDONLY));
	ok(sys(openat, dir("d"), "g", O_RDONLY));
	fails(ENOENT, sys(openat, AT_FDCWD, "missing", O_RDONLY));
}
VICTIM(openat2)
{
	struct open_how how = { .flags = O_WRONLY | O_CREAT | O_TRUNC, .mode = 0644 };
	ok(sys(openat2, AT_FDCWD, "new", &how, sizeof how));
	how = (struct open_how){ .flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS };
	fails(ELOOP, sys(openat2, AT_FDCWD, "link", &how, sizeof how));
	how.resolve = RESOLVE_BENEATH;
	ok(sys(openat2, dir("d"), "g", &how, sizeof how));
	fails(EXDEV, sys(openat2, dir("d"), "../f", &how, sizeof how));
	fails(EINVAL, sys(openat2, AT_FDCWD, "f", &how, 8)); // too small a structure: nothing was looked up
	fails(EFAULT, sys(openat2, AT_FDCWD, "f", (void *)16, sizeof how));
}

VICTIM(mkdirat)
{
	ok(sys(mkdirat, dir("d"), "new", 0755));
	fails(EEXIST, sys(mkdirat, AT_FDCWD, "d", 0755));
}
VICTIM(unlinkat)
{
	ok(sys(unlinkat, dir("d"), "g", 0));
	ok(sys(unlinkat, AT_FDCWD, "d", AT_REMOVEDIR));
	fails(ENOENT, sys(unlinkat, AT_FDCWD, "missing", 0));
	ok(sys(unlinkat, AT_FDCWD, "dlink", 0));
}
#ifdef SYS_renameat
VICTIM(renameat)
{
	int d = dir("d"), e = dir("e"); // in this order
	ok(sys(renameat, d, "g", e, "h"));
	ok(sys(renameat, AT_FDCWD, "link", dir("d"), "l"));
	fails(ENOENT, sys(renameat, AT_FDCWD, "missing", AT_FDCWD, "f"));
}
#endif
VICTIM(renameat2)
{
	ok(sys(renameat2, AT_FDCWD, "f", dir("d"), "g", 2 /* RENAME_EXCHANGE */));
	fails(EEXIST, sys(renameat2, dir("d"), "g", AT_FDCWD, "f", 1 /* RENAME_NOREPLACE */));
	ok(sys(renameat2, dir("d"), "g", AT_FDCWD, "new", 1));
	fails(ENOENT, sys(renameat2, AT_FDCWD, "f", AT_FDCWD, "missing", 2));
	ok(sys(renameat2, AT_FDCWD, "f", AT_FDCWD, "link", 0)); // the link is replaced, not what it leads to
}
VICTIM(linkat)
{
	ok(sys(linkat, AT_FDCWD, "f", dir("e"), "h", 0));
	ok(sys(linkat, AT_FDCWD, "link", AT_FDCWD, "l1", 0));
	ok(sys(linkat, AT_FDCWD, "link", AT_FDCWD, "l2", AT_SYMLINK_FOLLOW));
	fails(EEXIST, sys(linkat, AT_FDCWD, "f", AT_FDCWD, "l1", 0));
}
VICTIM(symlinkat)
{
	ok(sys(symlinkat, "no/such target", dir("e"), "s"));
	fails(EEXIST, sys(symlinkat, "x", AT_FDCWD, "f"));
}
VICTIM(mknodat)
{
	ok(sys(mknodat, AT_FDCWD, "fifo", S_IFIFO | 0644, 0));
	ok(sys(mknodat, dir("e"), "reg", S_IFREG | 0644, 0));
}
VICTIM(truncate)
{
	ok(sys(truncate, "link", 3L));
	fails(ENOENT, sys(truncate, "missing", 3L));
}
VICTIM(ftruncate)
{
	int fd = ok(sys(openat, AT_FDCWD, "link", O_WRONLY));
	ok(sys(ftruncate, fd, 5L));
	int r = open_f("f");
	fails(EINVAL, sys(ftruncate, r, 0L));
}

VICTIM(fchmod) { ok(sys(fchmod, open_f("link"), 0600)); }
VICTIM(fchmodat) { ok(sys(fchmodat, AT_FDCWD, "link", 0600)); }
VICTIM(fchmodat2)
{
#ifdef SYS_fchmodat2
	const long nr = SYS_fchmodat2;
#else
	const long nr = 452;
#endif
	ok(syscall(nr, AT_FDCWD, "f", 0600, AT_SYMLINK_NOFOLLOW));
	ok(syscall(nr, open_f("d/g"), "", 0600, AT_EMPTY_PATH));
}
VICTIM(fchown) { ok(sys(fchown, open_f("f"), -1, -1)); }
VICTIM(fchownat)
{
	ok(sys(fchownat, AT_FDCWD, "link", -1, -1, AT_SYMLINK_NOFOLLOW));
	ok(sys(fchownat, open_f("f"), "", -1, -1, AT_EMPTY_PATH));
}
VICTIM(utimensat)
{
	struct timespec now[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };
	ok(sys(utimensat, AT_FDCWD, "link", now, 0));
	ok(sys(utimensat, AT_FDCWD, "link", now, AT_SYMLINK_NOFOLLOW));
	ok(sys(utimensat, open_f("f"), NULL, now, 0)); // futimens(3)
}

// What is not modelled leaves a record incomplete if it succeeds, and is a lookup if
// it does not.
VICTIM(getxattr)
{
	char b[100];
	fails(ENODATA, sys(getxattr, "f", "user.none", b, sizeof b));
}
VICTIM(listxattr)
{
	char b[100];
	ok(sys(llistxattr, "f", b, sizeof b));
}
VICTIM(setxattr) { ok(sys(setxattr, "f", "user.x", "1", 1L, 0)); }
VICTIM(fgetxattr)
{
	char b[100];
	int fd = open_f("f");
	ok(sys(flistxattr, fd, b, sizeof b));
}

// The calls that only some architectures have.
#ifdef SYS_open
VICTIM(open)
{
	ok(sys(open, "f", O_RDONLY));
	fails(ENOTDIR, sys(open, "f/x", O_RDONLY));
}
VICTIM(creat) { ok(sys(creat, "new", 0644)); }
VICTIM(access) { ok(sys(access, "dlink/g", R_OK)); fails(ENOENT, sys(access, "dangling", F_OK)); }
VICTIM(stat) { struct stat st; ok(sys(stat, "link", &st)); want(S_ISREG(st.st_mode)); }
VICTIM(lstat) { struct stat st; ok(sys(lstat, "link", &st)); want(S_ISLNK(st.st_mode)); }
VICTIM(readlink) { char b[100]; want(ok(sys(readlink, "dlink", b, sizeof b)) == 1); }
VICTIM(getdents)
{
	char b[4096];
	int fd = ok(sys(open, "e", O_RDONLY | O_DIRECTORY));
	want(ok(sys(getdents, fd, b, sizeof b)) > 0);
}
VICTIM(mkdir) { ok(sys(mkdir, "new", 0755)); }
VICTIM(rmdir) { ok(sys(rmdir, "e")); fails(ENOTEMPTY, sys(rmdir, "d")); fails(ENOTDIR, sys(rmdir, "f")); }
VICTIM(unlink) { ok(sys(unlink, "link")); fails(EISDIR, sys(unlink, "d")); }
VICTIM(rename) { ok(sys(rename, "f", "e/f")); fails(EISDIR, sys(rename, "e/f", "d")); }
VICTIM(link) { ok(sys(link, "f", "e/h")); }
VICTIM(symlink) { ok(sys(symlink, "f", "s")); }
VICTIM(mknod) { ok(sys(mknod, "fifo", S_IFIFO | 0644, 0)); }
VICTIM(chmod) { ok(sys(chmod, "f", 0600)); }
VICTIM(chown) { ok(sys(chown, "f", -1, -1)); }
VICTIM(lchown) { ok(sys(lchown, "link", -1, -1)); }
VICTIM(utime) { ok(sys(utime, "f", NULL)); }
VICTIM(utimes) { ok(sys(utimes, "f", NULL)); }
VICTIM(futimesat) { ok(sys(futimesat, dir("d"), "g", NULL)); }
#endif
