// Processes and threads.

#include "victim.h"

#include <linux/sched.h>

VICTIM(exit) { _exit(atoi(argv[1])); }
VICTIM(reads) { for (int i = 1; i < argc; i++) open_f(argv[i]); }
VICTIM(nothing) {}

static void child(int status)
{
	open_f("d/g");
	_exit(status);
}

VICTIM(fork)
{
	pid_t p = ok(fork());
	if (p == 0)
		child(3);
	want(ended(p) == 3 << 8);
	open_f("f");
}

static char stack[4][1 << 16] __attribute__((aligned(16)));

static int vforked(void *unused)
{
	(void)unused;
	open_f("d/g");
	_exit(4);
}

VICTIM(vfork)
{
	pid_t p = ok(clone(vforked, stack[0] + sizeof stack[0], CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
	want(ended(p) == 4 << 8);
	open_f("f");
}

VICTIM(clone3)
{
	struct clone_args a = { .exit_signal = SIGCHLD };
	pid_t p = ok(sys(clone3, &a, sizeof a));
	if (p == 0)
		child(5);
	want(ended(p) == 5 << 8);
	open_f("f");
}

// A process whose end is told by another signal, or by none: the kernel reports it as
// it reports a thread.
VICTIM(clonesignal)
{
	pid_t p = ok(clone(vforked, stack[0] + sizeof stack[0], 0, NULL));
	want(ended(p) == 4 << 8);
	signal(SIGUSR1, SIG_IGN);
	p = ok(clone(vforked, stack[0] + sizeof stack[0], CLONE_VM | SIGUSR1, NULL));
	want(ended(p) == 4 << 8);
}

// A child of the parent's: a sibling.
VICTIM(cloneparent)
{
	pid_t p = ok(fork());
	if (p == 0) {
		ok(clone(vforked, stack[0] + sizeof stack[0], CLONE_PARENT | SIGCHLD, NULL));
		_exit(0);
	}
	want(ended(p) == 0);
	int status;
	ok(waitpid(-1, &status, 0));
	want(status == 4 << 8);
}

static void *opens(void *name)
{
	open_f(name);
	return NULL;
}

static pthread_t start(void *(*f)(void *), void *arg)
{
	pthread_t t;
	want(pthread_create(&t, NULL, f, arg) == 0);
	return t;
}

VICTIM(threads)
{
	for (int i = 0; i < 3; i++)
		pthread_join(start(opens, i % 2 ? "f" : "d/g"), NULL);
}

static void *forks(void *unused)
{
	(void)unused;
	pid_t p = ok(fork());
	if (p == 0)
		child(6);
	want(ended(p) == 6 << 8);
	return NULL;
}

VICTIM(threadfork) { pthread_join(start(forks, NULL), NULL); }

// The leader of the group ends first, the process goes on.
static void *after_leader(void *leader)
{
	pthread_join(*(pthread_t *)leader, NULL);
	open_f("f");
	_exit(7);
}

VICTIM(leaderends)
{
	static pthread_t self;
	self = pthread_self();
	start(after_leader, &self);
	pthread_exit(NULL);
}

static void *waits(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void *opens_fifo(void *unused)
{
	(void)unused;
	sys(openat, AT_FDCWD, "fifo", O_WRONLY); // until nobody is left
	return NULL;
}

static void *execs(void *self)
{
	char *args[] = { "victim", "reads", "f", NULL };
	ok(sys(execve, self, args, environ));
	return NULL;
}

// exec from a thread that is not the leader, while another one waits in a call, and
// the leader in one whose outcome is awaited.
VICTIM(threadexec)
{
	ok(sys(mknodat, AT_FDCWD, "fifo", S_IFIFO | 0644, 0));
	start(waits, NULL);
	start(opens_fifo, NULL);
	start(execs, argv[1]);
	opens_fifo(NULL);
}

// The same after the leader has gone.
static void *execs_after_leader(void *self)
{
	pthread_join(((pthread_t *)self)[0], NULL);
	return execs(((char **)self)[1]);
}

VICTIM(threadexecalone)
{
	static void *both[2];
	both[0] = (void *)pthread_self();
	both[1] = argv[1];
	start(execs_after_leader, both);
	pthread_exit(NULL);
}

// Calls of one thread that begin and end while another one is in a call, and a fork
// in the midst of it.
VICTIM(pairing)
{
	ok(sys(mknodat, AT_FDCWD, "fifo", S_IFIFO | 0644, 0));
	pthread_t t = start(opens_fifo, NULL);
	close(ok(sys(openat, AT_FDCWD, "new", O_WRONLY | O_CREAT, 0644)));
	pid_t p = ok(fork());
	if (p == 0) {
		fails(ENOENT, sys(unlinkat, AT_FDCWD, "missing", 0));
		ok(sys(unlinkat, AT_FDCWD, "new", 0));
		_exit(0);
	}
	want(ended(p) == 0);
	open_f("fifo"); // lets the thread go on
	pthread_join(t, NULL);
}

VICTIM(orphan)
{
	int alive[2];
	ok(pipe(alive));
	pid_t p = ok(fork());
	if (p == 0) {
		if (ok(fork()) != 0)
			_exit(0);
		// Until our grandparent has ended, too.
		char b;
		close(alive[1]);
		want(read(alive[0], &b, 1) == 0);
		open_f("f");
		_exit(8);
	}
	want(ended(p) == 0);
}

// A process in a session of its own that goes on until descriptor 209 is closed at its
// other end.
VICTIM(daemon)
{
	int ready[2];
	char b;
	ok(pipe(ready));
	if (ok(fork()) == 0) {
		ok(setsid());
		if (ok(fork()) != 0)
			_exit(0);
		close(ready[1]);
		close(ready[0]);
		while (read(209, &b, 1) > 0)
			;
		open_f("f");
		_exit(0);
	}
	close(ready[1]);
	want(read(ready[0], &b, 1) == 0);
	open_f("d/g");
}

// A process in a session of its own that opens f for each byte that comes from
// descriptor 209, and says on 210 what becomes of that, until 209 is closed at its other end.
VICTIM(server)
{
	int go[2], ready[2];
	char b;
	ok(pipe(go));
	ok(pipe(ready));
	pid_t p = ok(fork());
	if (p == 0) {
		ok(setsid());
		if (ok(fork()) != 0)
			_exit(0);
		want(read(go[0], &b, 1) == 1);
		open_f("d/g");
		close(ready[1]);
		close(ready[0]);
		while (read(209, &b, 1) > 0) {
			int fd = sys(openat, AT_FDCWD, "f", O_RDONLY);
			dprintf(210, "%s\n", fd == -1 ? strerror(errno) : "opened");
			close(fd);
		}
		_exit(0);
	}
	want(ended(p) == 0);
	ok(write(go[1], "", 1));
	close(ready[1]);
	want(read(ready[0], &b, 1) == 0);
}

// Each process makes the next one.
VICTIM(deep)
{
	for (int depth = atoi(argv[1]); depth > 0; depth--) {
		char name[20];
		sprintf(name, "no%d", depth);
		fails(ENOENT, sys(openat, AT_FDCWD, name, O_RDONLY));
		pid_t p = ok(fork());
		if (p != 0) {
			want(ended(p) == 0);
			_exit(0);
		}
	}
}

VICTIM(parallel)
{
	int processes = atoi(argv[1]), opens = atoi(argv[2]);
	pid_t p[processes];
	for (int i = 0; i < processes; i++) {
		p[i] = ok(fork());
		if (p[i] != 0)
			continue;
		for (int j = 0; j < opens; j++) {
			char name[40];
			sprintf(name, "no-%d-%d", i, j);
			fails(ENOENT, sys(openat, AT_FDCWD, name, O_RDONLY));
		}
		_exit(0);
	}
	for (int i = 0; i < processes; i++)
		want(ended(p[i]) == 0);
}

// Children that are gone at once.
VICTIM(quick)
{
	for (volatile int i = atoi(argv[1]); i > 0; i--) {
		pid_t p = vfork();
		if (p == 0)
			_exit(9);
		want(ended(ok(p)) == 9 << 8);
	}
}

// Children that are killed in the midst of a call, or before their first.
VICTIM(killed)
{
	for (int i = atoi(argv[1]); i > 0; i--) {
		int ready[2];
		char b;
		ok(pipe(ready));
		pid_t p = ok(fork());
		if (p == 0) {
			for (;;) {
				int fd = sys(openat, AT_FDCWD, "busy", O_WRONLY | O_CREAT, 0644);
				sys(close, fd);
				if (ready[1] >= 0)
					ok(write(ready[1], "", 1));
				ready[1] = -1;
			}
		}
		if (i % 2)
			want(read(ready[0], &b, 1) == 1);
		ok(kill(p, SIGKILL));
		want(ended(p) == SIGKILL);
		close(ready[0]), close(ready[1]);
	}
}

// Processes that kill a process with threads while these make calls.
VICTIM(killedthreads)
{
	for (int i = atoi(argv[1]); i > 0; i--) {
		int ready[2];
		char b;
		ok(pipe(ready));
		pid_t p = ok(fork());
		if (p == 0) {
			start(waits, NULL);
			for (int n = 0; n < 4; n++)
				start(opens, "f");
			ok(write(ready[1], "", 1));
			for (;;)
				open_f("f"), close_range(20, ~0U, 0);
		}
		want(read(ready[0], &b, 1) == 1);
		ok(kill(p, SIGKILL));
		want(ended(p) == SIGKILL);
		close(ready[0]), close(ready[1]);
	}
}

// While one child is held at the creation of "held", the other looks for it.
VICTIM(held)
{
	pid_t a = ok(fork());
	if (a == 0) {
		close(ok(sys(openat, AT_FDCWD, "held", O_WRONLY | O_CREAT, 0644)));
		_exit(0);
	}
	pid_t b = ok(fork());
	if (b == 0) {
		while (sys(faccessat, AT_FDCWD, "held", F_OK) != 0)
			;
		_exit(0);
	}
	want(ended(a) == 0 && ended(b) == 0);
}

// A process that is killed while it is held.
VICTIM(heldkilled)
{
	pid_t p = ok(fork());
	if (p == 0) {
		sys(openat, AT_FDCWD, "held", O_WRONLY | O_CREAT, 0644);
		_exit(0);
	}
	char b;
	want(read(0, &b, 1) == 0); // until the test says so
	ok(kill(p, SIGKILL));
	want(ended(p) == SIGKILL);
	open_f("f");
}

// Until it is killed, with a child that says what becomes of a call of its own
// afterwards.
VICTIM(bereaved)
{
	int alive[2];
	char b;
	ok(pipe(alive));
	if (ok(fork()) == 0) {
		ok(close(alive[1]));
		want(read(alive[0], &b, 1) == 0);
		int fd = sys(openat, AT_FDCWD, "f", O_RDONLY);
		puts(fd == -1 ? strerror(errno) : "opened");
		_exit(0);
	}
	for (;;)
		pause();
}

// Until it is killed, with a child.
VICTIM(forever)
{
	if (ok(fork()) != 0)
		open_f("f");
	for (;;)
		pause();
}
