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

// clone(2), or clone3(2), of a child without a tracer in a namespace of its own.
VICTIM(cloneuntracednew)
{
	int go[2];
	char b;
	ok(pipe(go));
	pid_t p = strcmp(argv[1], "clone3") == 0 ? clone_flags(CLONE_UNTRACED | CLONE_NEWUTS)
						 : syscall(SYS_clone, CLONE_UNTRACED | CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0);
	if (ok(p) == 0) {
		want(read(go[0], &b, 1) == 1); // after the clone has returned
		open_f("f");
		_exit(0);
	}
	ok(write(go[1], "", 1));
	want(ended(p) == 0);
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
static long try_filter(unsigned nr, unsigned answer, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { sizeof code / sizeof *code, code };
	ok(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	return sys(seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

static void filter(unsigned nr, unsigned answer) { ok(try_filter(nr, answer, 0)); }

static volatile sig_atomic_t trapped;

static void on_sys(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	trapped = info->si_syscall;
}

VICTIM(filter)
{
	filter(SYS_getppid, SECCOMP_RET_ERRNO | EPERM);
	fails(EPERM, sys(getppid));
	struct sigaction a = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
	ok(sigaction(SIGSYS, &a, NULL));
	filter(SYS_getpgid, SECCOMP_RET_TRAP);
	sys(getpgid, 0);
	want(trapped == SYS_getpgid);
	open_f("f");
}
// A call that its own filter refuses does not happen.
VICTIM(filterunlink)
{
	filter(SYS_unlinkat, SECCOMP_RET_ERRNO | EPERM);
	fails(EPERM, sys(unlinkat, AT_FDCWD, "f", 0));
	open_f("f");
}

// Lets each call happen that the listener's filter takes.
static void *lets_happen(void *pipe)
{
	int listener;
	want(read(*(int *)pipe, &listener, sizeof listener) == sizeof listener);
	for (;;) {
		struct seccomp_notif n = { 0 };
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n) == -1) {
			want(errno == EINTR || errno == ENOENT);
			continue;
		}
		want(n.data.nr == SYS_openat);
		struct seccomp_notif_resp r = { .id = n.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
		ok(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r));
	}
}

// A listener of the step's own, where there can be one, takes the opens: of this thread
// and of what it starts, not of the one that answers.
VICTIM(listener)
{
	int to_answerer[2];
	pthread_t t;
	ok(pipe(to_answerer));
	want(pthread_create(&t, NULL, lets_happen, &to_answerer[0]) == 0);
	int listener = try_filter(SYS_openat, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	want(listener != -1 || errno == EBUSY);
	puts(listener == -1 ? "busy" : "listens");
	if (listener != -1)
		want(write(to_answerer[1], &listener, sizeof listener) == sizeof listener);
	open_f("f");
	pid_t p = ok(fork());
	if (p == 0) {
		open_f("d/g");
		_exit(0);
	}
	want(ended(p) == 0);
}

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
