// What a command can find out about what it was given. The victims print it, and the
// same must come with and without an engine.

#include "victim.h"

static void status_line(const char *prefix)
{
	char line[500];
	FILE *f = fopen("/proc/self/status", "r");
	want(f != NULL);
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, prefix, strlen(prefix)) == 0)
			fputs(line, stdout);
	fclose(f);
}

VICTIM(state)
{
	static const char *const lines[] = { "SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd", "Umask", "Groups",
					     "Uid", "CapEff", "CapAmb" };
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		status_line(lines[i]);
	if (geteuid() == 0)
		status_line("NoNewPrivs"); // an ordinary user's filter needs it
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit l;
		ok(getrlimit(i, &l));
		printf("limit %d: %lld %lld\n", i, (long long)l.rlim_cur, (long long)l.rlim_max);
	}
	printf("session ours: %d\n", getsid(0) == getsid(getppid()));
	printf("group ours: %d\n", getpgrp() == getpgid(getppid()));
	for (int i = 0; i < 300; i++)
		if (fcntl(i, F_GETFD) != -1)
			printf("descriptor %d: %d %o\n", i, fcntl(i, F_GETFD), fcntl(i, F_GETFL));
	printf("nice %d\n", (int)syscall(SYS_getpriority, PRIO_PROCESS, 0));
}

VICTIM(deathsig)
{
	int sig;
	ok(prctl(PR_GET_PDEATHSIG, &sig));
	printf("%d\n", sig);
}

// Runs a program with a signal blocked.
VICTIM(blocked)
{
	sigset_t s;
	sigemptyset(&s);
	sigaddset(&s, atoi(argv[1]));
	ok(sigprocmask(SIG_BLOCK, &s, NULL));
	ok(execv(argv[2], argv + 2));
}

VICTIM(args)
{
	extern char **environ;
	printf("%d\n", argc);
	for (int i = 0; i < argc; i++)
		printf("%zu [%s]\n", strlen(argv[i]), argv[i]);
	for (char **e = environ; *e != NULL; e++)
		printf("%zu [%s]\n", strlen(*e), *e);
}

// Copies standard input to standard output.
VICTIM(cat)
{
	char b[4096];
	ssize_t n;
	while ((n = ok(read(0, b, sizeof b))) > 0)
		want(write(1, b, n) == n);
}

// The ways to take something from descriptor 0.
VICTIM(readv)
{
	char b;
	struct iovec v = { &b, 1 };
	want(readv(0, &v, 1) == 1);
}
VICTIM(dup0)
{
	char b;
	int fd = ok(dup(0));
	want(read(fd, &b, 1) == 1);
}
VICTIM(splice0)
{
	int p[2];
	ok(pipe(p));
	want(splice(0, NULL, p[1], NULL, 1, 0) == 1);
}
// Reads another descriptor 0 than the one that was inherited.
VICTIM(replaced0)
{
	char b;
	ok(sys(dup3, open_f("f"), 0, 0));
	want(read(0, &b, 1) == 1);
}
VICTIM(closed0)
{
	char b;
	close(0);
	fails(EBADF, read(0, &b, 1));
}
// A descriptor that is not there is no standard input.
VICTIM(dupclosed0)
{
	close(0);
	fails(EBADF, dup(0));
}
// The child reads.
VICTIM(child0)
{
	char b;
	pid_t p = ok(fork());
	if (p == 0) {
		want(read(0, &b, 1) == 1);
		_exit(0);
	}
	want(ended(p) == 0);
}
VICTIM(read0)
{
	char b[100];
	ok(read(0, b, sizeof b));
}

// Writes to and reads from descriptors given by number, as make does with its
// jobserver's.
VICTIM(jobserver)
{
	char b = 'x';
	int r = atoi(argv[1]), w = atoi(argv[2]);
	want(write(w, &b, 1) == 1);
	want(read(r, &b, 1) == 1 && b == 'x');
	fails(EBADF, read(atoi(argv[3]), &b, 1));
}

static void *nothing(void *p) { return p; }

// Many threads of short life.
VICTIM(storm)
{
	for (int i = 0; i < 500; i++) {
		pthread_t t;
		want(pthread_create(&t, NULL, nothing, NULL) == 0);
		if (i % 10 == 0)
			close(open_f("f"));
		pthread_join(t, NULL);
	}
}
