// What a step finds when whoever watched it has been killed.

#include "victim.h"

// The command waits for good; a child of it, in a session of its own, goes on when
// descriptor 3 ends. Then it says what became of calls that are watched, if it still can.
VICTIM(abandoned)
{
	int alive[2];
	char b;
	ok(pipe(alive));
	if (ok(fork()) != 0)
		for (;;)
			pause();
	ok(close(alive[1]));
	pid_t self = ok(setsid());
	open_f("f");
	printf("child %d of %d\n", self, getppid());

	want(read(3, &b, 1) == 0);
	int opened = sys(openat, AT_FDCWD, "f", O_RDONLY) == -1 ? errno : 0;
	want(read(alive[0], &b, 1) == 0); // the command has ended
	printf("openat: %s\n", opened ? strerror(opened) : "done");

	char *args[] = { "true", NULL };
	fails(ENOSYS, sys(unlinkat, AT_FDCWD, "d/g", 0));
	fails(ENOSYS, sys(execve, "/bin/true", args, environ));
	want(sys(getpid) == self);
	pid_t p = ok(fork());
	if (p == 0)
		_exit(3);
	want(ended(p) == 3 << 8);
	puts("all else: done");
}
