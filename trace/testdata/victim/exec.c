// Programs that run programs. The first argument is the victim's own path.

#include "victim.h"

static char *args[] = { "victim", "reads", "f", NULL };

static void copy_to(int to, const char *from)
{
	char b[1 << 16];
	ssize_t n;
	int fd = open_f(from);
	while ((n = ok(read(fd, b, sizeof b))) > 0)
		want(write(to, b, n) == n);
	close(fd);
}

VICTIM(execfails)
{
	fails(ENOENT, sys(execve, "missing", args, environ));
	fails(EACCES, sys(execve, "f", args, environ)); // no permission
	fails(EACCES, sys(execve, "d", args, environ));
	fails(ENOTDIR, sys(execve, "f/x", args, environ));
	fails(ENOEXEC, sys(execve, "text", args, environ)); // permission, but no program
	fails(ENOENT, sys(execve, "badscript", args, environ)); // whose interpreter is not there
	fails(EFAULT, sys(execve, (void *)1, args, environ));
	open_f("f");
}

VICTIM(execve) { ok(sys(execve, argv[1], args, environ)); }
VICTIM(execlink) { ok(sys(execve, "proglink", args, environ)); }

VICTIM(execveat)
{
	int fd = ok(sys(openat, AT_FDCWD, argv[1], O_PATH | O_CLOEXEC));
	ok(sys(execveat, fd, "", args, environ, AT_EMPTY_PATH));
}

VICTIM(execveatdir)
{
	int fd = ok(sys(openat, AT_FDCWD, "bin", O_PATH));
	fails(ELOOP, sys(execveat, fd, "../proglink", args, environ, AT_SYMLINK_NOFOLLOW));
	ok(sys(execveat, fd, "prog", args, environ, 0));
}

// A program that is in no directory: only the kernel's reading of its interpreter can
// be told.
VICTIM(execmemfd)
{
	int fd = ok(sys(memfd_create, "program", 0));
	copy_to(fd, argv[1]);
	char p[50];
	sprintf(p, "/proc/self/fd/%d", fd);
	int r = open_f(p); // not open for writing, or else ETXTBSY
	ok(close(fd));
	ok(sys(execveat, r, "", args, environ, AT_EMPTY_PATH));
}

VICTIM(execremoved)
{
	int fd = open_f("bin/prog");
	ok(sys(unlinkat, AT_FDCWD, "bin/prog", 0));
	ok(sys(execveat, fd, "", args, environ, AT_EMPTY_PATH));
}

VICTIM(execself) { ok(sys(execve, "/proc/self/exe", args, environ)); }

// outer is a script of inner, which is a script of the victim.
VICTIM(execscript)
{
	char *a[] = { "outer", "f", NULL };
	ok(sys(execve, "bin/outer", a, environ));
}
// A script by descriptor, which the kernel gives to the interpreter as /dev/fd/N.
VICTIM(execscriptfd)
{
	char *a[] = { "outer", "f", NULL };
	int fd = open_f("bin/outer");
	ok(sys(execveat, fd, "", a, environ, AT_EMPTY_PATH));
}
// What the scripts run: the names of the scripts come first.
VICTIM(script) { open_f(argv[argc - 1]); }

// A chain that is longer than the kernel goes (ELOOP).
VICTIM(execdeep) { fails(ELOOP, sys(execve, "bin/s7", args, environ)); }

VICTIM(execchdir)
{
	ok(sys(chdir, "bin"));
	ok(sys(chdir, ".."));
	ok(sys(chdir, "bin"));
	char *a[] = { "prog", "reads", "../f", NULL };
	ok(sys(execve, "./prog", a, environ));
}
