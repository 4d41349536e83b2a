// What an engine does not follow, or the table does not model.

#include "victim.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sched.h>
#include <sys/mount.h>

VICTIM(mount)
{
	ok(unshare(CLONE_NEWNS));
	ok(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ok(mount("none", "e", "tmpfs", 0, NULL));
	ok(umount("e"));
}
VICTIM(mountfails) { fails(EPERM, mount("none", "e", "tmpfs", 0, NULL)); }
VICTIM(chroot) { ok(chroot("d")); }
VICTIM(chrootfails) { fails(ENOENT, chroot("missing")); }
VICTIM(unshare) { ok(unshare(CLONE_NEWUTS)); }
VICTIM(unsharefs) { ok(unshare(CLONE_FS | CLONE_FILES)); open_f("f"); }
VICTIM(setns) { ok(setns(open_f("/proc/self/ns/uts"), 0)); }
VICTIM(handle)
{
	struct { struct file_handle h; char room[128]; } h = { .h.handle_bytes = 128 };
	int mount;
	ok(sys(name_to_handle_at, AT_FDCWD, "f", &h, &mount, 0));
	h.h.handle_bytes = 128;
	fails(ENOENT, sys(name_to_handle_at, AT_FDCWD, "missing", &h, &mount, 0));
}
VICTIM(iouring)
{
	char params[120] = { 0 };
	// Programs fall back on ordinary calls.
	fails(ENOSYS, syscall(425, 4, params));
	fails(EFAULT, syscall(425, 4, (void *)1) == -1 && errno == ENOSYS ? (errno = EFAULT, -1) : 0);
	open_f("f");
}
VICTIM(ringoutside) { fails(EBADF, syscall(426, 999, 0, 0, 0, NULL, 0)); }

static pid_t clone_flags(uint64_t flags)
{
	struct clone_args a = { .flags = flags, .exit_signal = SIGCHLD };
	return sys(clone3, &a, sizeof a);
}
VICTIM(clonenew)
{
	pid_t p = ok(clone_flags(CLONE_NEWUTS));
	if (p == 0)
		_exit(0);
	want(ended(p) == 0);
}
VICTIM(cloneuntraced)
{
	pid_t p = ok(syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0));
	if (p == 0) {
		// Nobody traces it: under a filter that asks a tracer its calls would fail.
		int fd = sys(openat, AT_FDCWD, "f", O_RDONLY);
		puts(fd == -1 ? strerror(errno) : "opened");
		_exit(0);
	}
	ended(p);
}

#ifdef __x86_64__
VICTIM(int80)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	want(r == getpid());
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	want(r == getpid());
	open_f("f"); // a call of the usual kind after it
}
VICTIM(x32)
{
	long r = syscall(0x40000000 + 39); // getpid, or ENOSYS on most kernels
	want(r == getpid() || errno == ENOSYS);
}
#endif
VICTIM(newer) { fails(ENOSYS, syscall(900)); }
VICTIM(negative) { fails(ENOSYS, syscall(-5)); open_f("f"); }

// A filter of the step's own.
static int filter(unsigned nr, unsigned answer, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { sizeof code / sizeof *code, code };
	ok(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	return ok(sys(seccomp, SECCOMP_SET_MODE_FILTER, flags, &p));
}

static volatile sig_atomic_t trapped;

static void on_sys(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	trapped = info->si_syscall;
}

VICTIM(filter)
{
	filter(SYS_getppid, SECCOMP_RET_ERRNO | EPERM, 0);
	fails(EPERM, sys(getppid));
	struct sigaction a = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
	ok(sigaction(SIGSYS, &a, NULL));
	filter(SYS_getpgid, SECCOMP_RET_TRAP, 0);
	sys(getpgid, 0);
	want(trapped == SYS_getpgid);
	open_f("f");
}
// A call that its own filter refuses does not happen.
VICTIM(filterunlink)
{
	filter(SYS_unlinkat, SECCOMP_RET_ERRNO | EPERM, 0);
	fails(EPERM, sys(unlinkat, AT_FDCWD, "f", 0));
	open_f("f");
}
VICTIM(listener) { filter(SYS_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER); open_f("f"); }

// Sockets with names.
VICTIM(unixsocket)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "dlink/sock" };
	int s = ok(socket(AF_UNIX, SOCK_STREAM, 0));
	fails(ENOENT, connect(s, (void *)&a, sizeof a));
	ok(bind(s, (void *)&a, sizeof a));
	ok(listen(s, 1));
	int c = ok(socket(AF_UNIX, SOCK_STREAM, 0));
	ok(connect(c, (void *)&a, offsetof(struct sockaddr_un, sun_path) + 10)); // no NUL behind it
	int d = ok(socket(AF_UNIX, SOCK_STREAM, 0));
	fails(EADDRINUSE, bind(d, (void *)&a, sizeof a));
	struct sockaddr_un abstract = { .sun_family = AF_UNIX, .sun_path = "\0no such name" };
	fails(ECONNREFUSED, connect(d, (void *)&abstract, offsetof(struct sockaddr_un, sun_path) + 13));
}

VICTIM(badargs)
{
	// What the kernel refuses must be refused the same way, and break nothing.
	fails(EINVAL, sys(openat, AT_FDCWD, "d", O_RDONLY | O_TMPFILE));
	fails(EINVAL, sys(unlinkat, AT_FDCWD, "f", 0x8000));
	fails(EINVAL, sys(renameat2, AT_FDCWD, "f", AT_FDCWD, "e", 0xff));
	fails(EINVAL, sys(faccessat, AT_FDCWD, "f", 077));
	fails(EBADF, sys(ftruncate, 999, 0L));
	fails(EBADF, sys(fchmod, 999, 0));
	fails(EBADF, sys(fchdir, 999));
	fails(EBADF, sys(getdents64, 999, NULL, 0));
	fails(ENOTDIR, sys(getdents64, open_f("f"), NULL, 0));
}
