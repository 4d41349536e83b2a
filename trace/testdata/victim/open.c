// The flags of open(2), and what open descriptors are about.

#include "victim.h"

static void opened(const char *name, int flags)
{
	close(ok(sys(openat, AT_FDCWD, name, flags, 0644)));
}

VICTIM(openflags)
{
	opened("f", O_RDONLY);
	opened("f", O_WRONLY);
	opened("f", O_RDWR);
	opened("f", O_WRONLY | O_APPEND);
	opened("f", O_RDONLY | O_CREAT); // is there: no write of it
	opened("f", O_WRONLY | O_CREAT);
	opened("f", O_PATH);
	opened("f", O_PATH | O_WRONLY | O_TRUNC); // all but O_PATH is ignored
	opened("d", O_RDONLY | O_DIRECTORY);
	opened("d", O_PATH | O_DIRECTORY);
	fails(EEXIST, sys(openat, AT_FDCWD, "f", O_WRONLY | O_CREAT | O_EXCL, 0644));
	fails(EEXIST, sys(openat, AT_FDCWD, "dangling", O_WRONLY | O_CREAT | O_EXCL, 0644));
	fails(ELOOP, sys(openat, AT_FDCWD, "link", O_RDONLY | O_NOFOLLOW));
	opened("link", O_PATH | O_NOFOLLOW);
	fails(ENOTDIR, sys(openat, AT_FDCWD, "f", O_RDONLY | O_DIRECTORY));
	fails(EISDIR, sys(openat, AT_FDCWD, "d", O_WRONLY));
	opened("f", O_RDONLY | O_TRUNC); // empties it
	opened("f", O_RDWR | O_TRUNC);
	opened("new", O_RDONLY | O_CREAT);
	opened("new2", O_WRONLY | O_CREAT | O_EXCL);
	opened("dangling", O_WRONLY | O_CREAT); // makes what the link leads to
}

// Descriptors that say nothing of how they came to be.
VICTIM(descriptors)
{
	int fd = ok(sys(openat, AT_FDCWD, "f", O_WRONLY));
	int d1 = ok(sys(dup, fd));
	ok(sys(ftruncate, d1, 1L));
	ok(sys(dup3, fd, 120, O_CLOEXEC));
	ok(sys(ftruncate, 120, 2L));
	int d2 = ok(sys(fcntl, fd, F_DUPFD_CLOEXEC, 130));
	ok(sys(ftruncate, d2, 3L));
	int g = ok(sys(openat, AT_FDCWD, "d/g", O_WRONLY));
	ok(sys(dup3, g, d1, 0)); // the same number, another file
	ok(sys(ftruncate, d1, 4L));
	ok(sys(close_range, 3, ~0U, 0));
	fails(EBADF, sys(ftruncate, 120, 5L));
}

// The numbers of 100 and more are told; those below belong to the dynamic linker, too.
VICTIM(dupclose)
{
	int fd = open_f("f");
	ok(sys(dup3, fd, 100, O_CLOEXEC));
	want(ok(sys(fcntl, 100, F_DUPFD, 110)) == 110);
	want(ok(sys(fcntl, 100, F_DUPFD_CLOEXEC, 110)) == 111);
	ok(sys(fcntl, 100, F_GETFD)); // makes none
#ifdef SYS_dup2
	ok(sys(dup2, 100, 120));
	close(0);
	want(ok(sys(dup, 100)) == 0);
#endif
	ok(sys(close, 110));
	ok(sys(close_range, 111, 119, 0));
	ok(sys(close_range, 100, ~0U, 4 /* CLOSE_RANGE_CLOEXEC closes nothing */));
	ok(sys(close_range, 100, ~0U, 0));
	fails(EBADF, sys(close, 120));
	fails(EBADF, sys(dup, 120));
}

static void send_fd(int sock, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof fd)] = { 0 };
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	ok(sys(sendmsg, sock, &m, 0));
}

static int receive_fd(int sock)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	ok(sys(recvmsg, sock, &m, 0));
	int fd;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return fd;
}

// A descriptor that another process has opened.
VICTIM(scm)
{
	int s[2];
	ok(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	pid_t child = ok(fork());
	if (child == 0) {
		int fd = receive_fd(s[1]);
		ok(sys(ftruncate, fd, 2L));
		ok(sys(fchmod, fd, 0600));
		_exit(0);
	}
	send_fd(s[0], ok(sys(openat, AT_FDCWD, "d/g", O_WRONLY)));
	want(ended(child) == 0);
}

// A file without a name gets one.
VICTIM(tmpfile)
{
	char p[100];
	int fd = ok(sys(openat, AT_FDCWD, "d", O_WRONLY | O_TMPFILE, 0644));
	ok(write(fd, "x", 1));
	sprintf(p, "/proc/self/fd/%d", fd);
	ok(sys(linkat, AT_FDCWD, p, AT_FDCWD, "d/new", AT_SYMLINK_FOLLOW));
}

VICTIM(tmpfileempty)
{
	int fd = ok(sys(openat, AT_FDCWD, "d", O_WRONLY | O_TMPFILE, 0644));
	if (geteuid() != 0) // needs CAP_DAC_READ_SEARCH, or since 6.10 the same credentials
		syscall(SYS_linkat, fd, "", AT_FDCWD, "d/new", AT_EMPTY_PATH);
	else
		ok(sys(linkat, fd, "", AT_FDCWD, "d/new", AT_EMPTY_PATH));
	struct stat st;
	if (stat("d/new", &st) == -1)
		ok(sys(linkat, AT_FDCWD, "f", AT_FDCWD, "d/new", 0));
}

// Files whose names look like those of removed ones, and removed ones.
VICTIM(deleted)
{
	int fd = ok(sys(openat, AT_FDCWD, "f (deleted)", O_WRONLY | O_CREAT, 0644));
	ok(sys(ftruncate, fd, 1L));
	int gone = ok(sys(openat, AT_FDCWD, "gone", O_WRONLY | O_CREAT, 0644));
	ok(sys(unlinkat, AT_FDCWD, "gone", 0));
	ok(sys(ftruncate, gone, 1L)); // of a file that is nowhere
}

// proc's links to open files lead to them.
VICTIM(procfd)
{
	char p[100];
	int fd = open_f("f");
	sprintf(p, "/proc/self/fd/%d", fd);
	open_f(p);
	sprintf(p, "/dev/fd/%d", fd);
	open_f(p);
	sprintf(p, "/proc/%d/task/%d/fd/%d", getpid(), getpid(), fd);
	open_f(p);
	sprintf(p, "/proc/thread-self/fd/%d", fd);
	open_f(p);
	int d = ok(sys(openat, AT_FDCWD, "d", O_PATH));
	sprintf(p, "/proc/self/fd/%d/g", d);
	open_f(p);
	open_f("/proc/self/cwd/d/g");
	sprintf(p, "/proc/%d/root%s", getpid(), argv[1]);
	open_f(p);
}

VICTIM(devstdin)
{
	open_f("/dev/stdin");
	open_f("/proc/self/fd/0");
}

// The same calls over and over: names that are absolute, relative, below a directory
// descriptor, behind links, and not there.
VICTIM(steady)
{
	char cwd[4096], f[4200];
	struct stat st;
	want(getcwd(cwd, sizeof cwd) != NULL);
	snprintf(f, sizeof f, "%s/d/g", cwd);
	int d = ok(sys(openat, AT_FDCWD, "d", O_PATH | O_DIRECTORY));
	for (int i = argc > 1 ? atoi(argv[1]) / 10 : 0; i > 0; i--) {
		opened("f", O_RDONLY);
		opened(f, O_RDONLY);
		opened("dlink/g", O_RDONLY);
		close(ok(sys(openat, d, "g", O_RDONLY)));
		fails(ENOENT, sys(openat, AT_FDCWD, "missing", O_RDONLY));
		fails(ENOENT, sys(openat, AT_FDCWD, "missing/x.h", O_RDONLY));
		ok(sys(faccessat, AT_FDCWD, "d/../f", R_OK));
		ok(sys(readlinkat, AT_FDCWD, "link", f + sizeof f / 2, 100));
		ok(fstatat(AT_FDCWD, "link", &st, 0));
		ok(fstatat(AT_FDCWD, "link", &st, AT_SYMLINK_NOFOLLOW));
	}
}
