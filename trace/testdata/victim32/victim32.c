// A victim as a real 32-bit program: `victim32 NAME [ARG...]` makes the i386 calls of NAME.
// It has no C library, which for i386 is seldom installed, and so brings what it needs
// itself. A call with another result than it should have ends it with the number of the
// line as its status.

typedef unsigned char byte;
typedef unsigned short half;
typedef unsigned int word;
typedef unsigned long long wide;

enum { AT_FDCWD = -100, EINTR = 4, ENOENT = 2, ECONNREFUSED = 111 };
enum { O_WRONLY = 01, O_LARGEFILE = 0100000, O_DIRECTORY = 0200000 };

// The numbers of i386 (asm/unistd_32.h).
enum {
	EXIT = 1, FORK = 2, OPEN = 5, WAITPID = 7, CREAT = 8, LINK = 9, UNLINK = 10, EXECVE = 11, CHDIR = 12,
	MKNOD = 14, CHMOD = 15, ACCESS = 33, RENAME = 38, MKDIR = 39, RMDIR = 40, SYMLINK = 83, READLINK = 85,
	SOCKETCALL = 102, TRUNCATE64 = 193, FTRUNCATE64 = 194, STAT64 = 195, LSTAT64 = 196, CHOWN32 = 212,
	GETDENTS64 = 220, OPENAT = 295, FSTATAT64 = 300, UNLINKAT = 301, RENAMEAT = 302, UTIMENSAT = 320,
	RENAMEAT2 = 353, EXECVEAT = 358, SOCKET = 359, CONNECT = 362, STATX = 383, UTIMENSAT_TIME64 = 412,
	CLONE3 = 435, OPENAT2 = 437,
};

#define ARGS "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)

static int int80(int nr, int a, int b, int c, int d, int e)
{
	int r;
	__asm__ volatile("int $0x80" : "=a"(r) : ARGS : "memory");
	return r;
}

// The kernel offers 32-bit programs a faster way, which the C library takes (vdso(7)).
static word fast;

static int vdso(int nr, int a, int b, int c, int d, int e)
{
	int r;
	__asm__ volatile("call *%[fast]" : "=a"(r) : ARGS, [fast] "m"(fast) : "memory");
	return r;
}

static void __attribute__((noreturn)) leave(int status)
{
	for (;;)
		int80(EXIT, status, 0, 0, 0, 0);
}

static void must(int line, int good)
{
	if (!good)
		leave(line);
}

#define want(cond) must(__LINE__, cond)
#define sys5(nr, a, b, c, d, e, ...) int80(nr, (int)(a), (int)(b), (int)(c), (int)(d), (int)(e))
#define sys(...) sys5(__VA_ARGS__, 0, 0, 0, 0, 0)
#define ok(...) want(sys(__VA_ARGS__) >= 0)
#define fails(errno, ...) want(sys(__VA_ARGS__) == -(errno))

static byte buffer[4096];

static void opens(void)
{
	ok(OPEN, "f", 0);
	ok(OPENAT, AT_FDCWD, "d/g", 0);
	fails(ENOENT, OPENAT, AT_FDCWD, "missing", 0);
	int d = sys(OPEN, "dlink", O_DIRECTORY);
	want(d >= 0);
	ok(OPENAT, d, "g", 0);
	ok(GETDENTS64, d, buffer, sizeof buffer);
	wide how[3] = { O_WRONLY };
	ok(OPENAT2, AT_FDCWD, "f", how, sizeof how);
	ok(CREAT, "new", 0644);
}

static void looks(void)
{
	ok(STAT64, "link", buffer);
	ok(LSTAT64, "link", buffer);
	ok(FSTATAT64, AT_FDCWD, "d/g", buffer, 0);
	ok(STATX, AT_FDCWD, "f", 0, 0x7ff, buffer);
	ok(ACCESS, "d/g", 4);
	fails(ENOENT, ACCESS, "dangling", 0);
	want(sys(READLINK, "dlink", buffer, sizeof buffer) == 1);
	ok(CHDIR, "d");
	ok(ACCESS, "g", 4);
}

static void changes(void)
{
	ok(MKDIR, "m", 0755);
	ok(RENAME, "f", "m/f");
	ok(LINK, "m/f", "h");
	ok(UNLINK, "h");
	ok(SYMLINK, "m/f", "s");
	ok(RENAMEAT, AT_FDCWD, "s", AT_FDCWD, "t");
	ok(RENAMEAT2, AT_FDCWD, "t", AT_FDCWD, "m/f", 2); // RENAME_EXCHANGE
	ok(MKNOD, "fifo", 010644, 0);
	ok(CHMOD, "d/g", 0600);
	ok(CHOWN32, "d/g", -1, -1);
	ok(TRUNCATE64, "d/g", 3, 1); // 4 GiB and 3: in two registers
	int fd = sys(OPEN, "d/g", O_WRONLY | O_LARGEFILE);
	want(fd >= 0);
	ok(FTRUNCATE64, fd, 5, 0);
	ok(UTIMENSAT, AT_FDCWD, "d/g", 0, 0);
	ok(UTIMENSAT_TIME64, AT_FDCWD, "d/g", 0, 0);
	ok(UNLINKAT, AT_FDCWD, "d/g", 0);
	ok(UNLINKAT, AT_FDCWD, "d", 0x200); // AT_REMOVEDIR
	ok(RMDIR, "e");
}

static void child(void)
{
	ok(OPEN, "d/g", 0);
	leave(3);
}

static void ended(int pid)
{
	int status, r;
	want(pid > 0);
	while ((r = sys(WAITPID, pid, &status, 0)) == -EINTR)
		;
	want(r == pid && status == 3 << 8);
}

static void forks(void)
{
	int pid = sys(FORK);
	if (pid == 0)
		child();
	ended(pid);
	wide args[11] = { [4] = 17 }; // exit_signal
	pid = sys(CLONE3, args, sizeof args);
	if (pid == 0)
		child();
	ended(pid);
	ok(OPEN, "f", 0);
}

static void sockets(void)
{
	struct { half family; char path[20]; } name = { 1, "d/sock" }, nobody = { 1, "\0nobody there at all" };
	int new[3] = { 1, 1, 0 };
	int fd = sys(SOCKETCALL, 1, new);
	want(fd >= 0);
	int address[3] = { fd, (int)&name, sizeof name };
	fails(ENOENT, SOCKETCALL, 3, address); // SYS_CONNECT
	ok(SOCKETCALL, 2, address);            // SYS_BIND
	fd = sys(SOCKET, 1, 1, 0);
	want(fd >= 0);
	fails(ECONNREFUSED, CONNECT, fd, &nobody, sizeof nobody);
}

static void through_vdso(void)
{
	want(fast != 0);
	want(vdso(OPENAT, AT_FDCWD, (int)"f", 0, 0, 0) >= 0);
	want(vdso(ACCESS, (int)"missing", 0, 0, 0, 0) == -ENOENT);
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

// What the kernel puts on the stack: argc, argv, NULL, environ, NULL, pairs of auxiliary values.
static void __attribute__((used)) start(word *stack)
{
	char **argv = (char **)(stack + 1), **env = argv + stack[0] + 1;
	word *aux = (word *)env;
	while (*aux++)
		;
	for (; aux[0]; aux += 2)
		if (aux[0] == 32) // AT_SYSINFO
			fast = aux[1];
	want(stack[0] > 1);

	static const struct { const char *name; void (*run)(void); } all[] = {
		{ "opens", opens }, { "looks", looks }, { "changes", changes }, { "forks", forks }, { "sockets", sockets },
		{ "vdso", through_vdso },
	};
	for (word i = 0; i < sizeof all / sizeof *all; i++) {
		if (same(argv[1], all[i].name)) {
			all[i].run();
			leave(0);
		}
	}
	// exec PROGRAM ARG...: run the rest.
	if (same(argv[1], "exec")) {
		fails(ENOENT, EXECVE, "missing", argv + 2, env);
		ok(EXECVE, argv[2], argv + 2, env);
	}
	if (same(argv[1], "execat"))
		ok(EXECVEAT, AT_FDCWD, argv[2], argv + 2, env, 0);
	leave(255);
}

__asm__(".globl _start\n_start:\n\tmov %esp, %eax\n\tpush %eax\n\tcall start\n");
_Static_assert(__LINE__ < 255, "a line is an exit status");
