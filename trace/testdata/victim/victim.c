#include "victim.h"

static struct {
	const char *name;
	victim *v;
} victims[300];

static int count;

void add_victim(const char *name, victim *v)
{
	victims[count].name = name;
	victims[count++].v = v;
}

void die(const char *what, const char *file, int line)
{
	dprintf(2, "%s:%d: %s\n", file, line, what);
	_exit(99);
}

long must(const char *what, const char *file, int line, long result)
{
	if (result == -1) {
		dprintf(2, "%s:%d: %s: %s\n", file, line, what, strerror(errno));
		_exit(99);
	}
	return result;
}

void must_fail(const char *what, const char *file, int line, int wanted, long result)
{
	if (result != -1 || errno != wanted) {
		dprintf(2, "%s:%d: %s: got %ld, %s, want %s\n", file, line, what, result,
			result == -1 ? strerror(errno) : "no error", strerror(wanted));
		_exit(99);
	}
}

int open_f(const char *name)
{
	return ok(sys(openat, AT_FDCWD, name, O_RDONLY));
}

int ended(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, __WALL) == -1)
		want(errno == EINTR);
	return status;
}

void run_victim(int argc, char **argv)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(victims[i].name, argv[0]) == 0) {
			victims[i].v(argc, argv);
			return;
		}
	}
	die(argv[0], "no such victim", 0);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		die("usage: victim NAME [ARG...]", __FILE__, __LINE__);
	// The parallel children of one victim must not share a buffer.
	setvbuf(stdout, NULL, _IONBF, 0);
	run_victim(argc - 1, argv + 1);
	return 0;
}
