// Signals. What a victim prints must be the same with and without an engine.

#include "victim.h"

#include <sys/epoll.h>

VICTIM(die)
{
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	int sig = atoi(argv[1]);
	if (sig == SIGSEGV && argc > 2)
		*(volatile int *)8 = 1;
	ok(kill(getpid(), sig));
	for (;;)
		pause();
}

static volatile sig_atomic_t count, last, value, code;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)context;
	count++;
	last = sig;
	value = info->si_value.sival_int;
	code = info->si_code;
}

static void catch(int sig, int flags)
{
	struct sigaction a = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | flags };
	ok(sigaction(sig, &a, NULL));
}

static void noted(const char *what)
{
	printf("%s: %d of signal %d, value %d, code %d\n", what, count, last, value, code);
	count = last = value = code = 0;
}

VICTIM(caught)
{
	catch(SIGUSR1, 0);
	catch(SIGRTMIN + 3, 0);
	ok(kill(getpid(), SIGUSR1));
	noted("kill");
	ok(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 42 }));
	noted("sigqueue");
	sigset_t all, old, pending;
	sigfillset(&all);
	ok(sigprocmask(SIG_SETMASK, &all, &old));
	for (int i = 1; i <= 3; i++)
		ok(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){ .sival_int = i }));
	ok(sigpending(&pending));
	want(sigismember(&pending, SIGRTMIN + 3));
	noted("blocked");
	siginfo_t info;
	struct timespec now = { 0, 0 };
	want(sigtimedwait(&all, &info, &now) == SIGRTMIN + 3 && info.si_value.sival_int == 1);
	ok(sigprocmask(SIG_SETMASK, &old, NULL));
	noted("queued");
	catch(SIGSEGV, SA_RESETHAND | SA_NODEFER);
	ok(raise(SIGSEGV));
	noted("SIGSEGV");
}

// A program's own traps.
VICTIM(sigtrap)
{
	catch(SIGTRAP, 0);
	ok(raise(SIGTRAP));
	noted("raise");
	ok(kill(getpid(), SIGTRAP));
	noted("kill");
	ok(sigqueue(getpid(), SIGTRAP, (union sigval){ .sival_int = 7 }));
	noted("sigqueue");
#ifdef __x86_64__
	__asm__ volatile("int3");
	noted("int3");
#endif
	// Numbers that ptrace gives a meaning of its own.
	ok(sigqueue(getpid(), SIGTRAP, (union sigval){ .sival_int = 0x80 }));
	noted("0x80");
	signal(SIGTRAP, SIG_IGN);
	ok(raise(SIGTRAP));
	printf("ignored\n");
}

// Stops and continuations as a shell sees them.
VICTIM(stopcont)
{
	int ready[2], status;
	char b;
	ok(pipe(ready));
	pid_t p = ok(fork());
	if (p == 0) {
		ok(write(ready[1], "", 1));
		for (;;)
			pause();
	}
	want(read(ready[0], &b, 1) == 1);
	want(waitpid(p, &status, WNOHANG | WUNTRACED | WCONTINUED) == 0); // no stop but ours
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGSTOP };
	ok(setpgid(p, p));
	for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
		ok(kill(p, stops[i]));
		want(ok(waitpid(p, &status, WUNTRACED | WCONTINUED)) == p);
		printf("stopped: %d, by %d\n", WIFSTOPPED(status), WSTOPSIG(status));
		want(waitpid(p, &status, WNOHANG | WUNTRACED | WCONTINUED) == 0);
		ok(kill(p, SIGCONT));
		want(ok(waitpid(p, &status, WUNTRACED | WCONTINUED)) == p);
		printf("continued: %d\n", WIFCONTINUED(status));
	}
	ok(kill(p, SIGTERM));
	want(ok(waitpid(p, &status, WUNTRACED | WCONTINUED)) == p);
	printf("signaled: %d, %d\n", WIFSIGNALED(status), WTERMSIG(status));
	// A stopped process can be killed.
	p = ok(fork());
	if (p == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	want(ok(waitpid(p, &status, WUNTRACED)) == p && WIFSTOPPED(status));
	ok(kill(p, SIGKILL));
	want(ok(waitpid(p, &status, 0)) == p);
	printf("killed: %d\n", WTERMSIG(status));
	// A process that is continued goes on where it was.
	p = ok(fork());
	if (p == 0) {
		raise(SIGSTOP);
		_exit(11);
	}
	want(ok(waitpid(p, &status, WUNTRACED)) == p && WIFSTOPPED(status));
	ok(kill(p, SIGCONT));
	want(ok(waitpid(p, &status, 0)) == p);
	printf("exited: %d\n", WEXITSTATUS(status));
}

// A call that a stop interrupts is made on to its end, or ends with EINTR, as the
// manual has it for each (signal(7)).
static void interrupted(const char *what, long (*call)(void))
{
	int status;
	pid_t p = ok(fork());
	if (p == 0) {
		long r = call();
		_exit(r == -1 ? errno : 0);
	}
	// Until it sleeps in its call.
	char path[50], line[200];
	sprintf(path, "/proc/%d/stat", p);
	for (char state = 'R'; state != 'S';) {
		FILE *f = fopen(path, "r");
		want(f != NULL);
		want(fgets(line, sizeof line, f) != NULL);
		fclose(f);
		state = strrchr(line, ')')[2];
	}
	ok(kill(p, SIGSTOP));
	want(ok(waitpid(p, &status, WUNTRACED)) == p && WIFSTOPPED(status));
	ok(kill(p, SIGCONT));
	status = ended(p);
	printf("%s: %s\n", what, status >> 8 == 0 ? "done" : strerror(status >> 8));
}

static long sleeps(void)
{
	struct timespec t = { 0, 200 * 1000 * 1000 };
	return sys(nanosleep, &t, NULL);
}

static long polls(void) { return poll(NULL, 0, 200); }

// It is not made anew when it was interrupted, and so can wait for long.
static long epolls(void)
{
	struct epoll_event e;
	return epoll_wait(epoll_create1(0), &e, 1, 20 * 1000);
}

VICTIM(restart)
{
	interrupted("nanosleep", sleeps);
	interrupted("poll", polls);
	interrupted("epoll_wait", epolls);
}

static void timer(int ms)
{
	struct itimerval t = { .it_value = { .tv_usec = ms * 1000 }, .it_interval = { .tv_usec = 1000 } };
	ok(setitimer(ITIMER_REAL, &t, NULL));
}

static void untimer(void)
{
	struct itimerval none = { { 0, 0 }, { 0, 0 } };
	ok(setitimer(ITIMER_REAL, &none, NULL));
}

// alarm(2) and its like interrupt calls as ever.
VICTIM(eintr)
{
	char b;
	int p[2];
	ok(pipe(p));
	catch(SIGALRM, 0);
	timer(2);
	fails(EINTR, read(p[0], &b, 1));
	fails(EINTR, sys(openat, AT_FDCWD, "fifo", O_RDONLY));
	fails(EINTR, sys(openat, AT_FDCWD, "fifo", O_WRONLY));
	untimer();
	printf("interrupted\n");
	// With SA_RESTART the same calls are made anew until something comes.
	catch(SIGALRM, SA_RESTART);
	pid_t child = ok(fork());
	if (child == 0) {
		untimer();
		while (count < 5) // of the child's own timer
			timer(1), pause();
		untimer();
		close(ok(sys(openat, AT_FDCWD, "fifo", O_WRONLY)));
		_exit(0);
	}
	timer(1);
	ok(sys(openat, AT_FDCWD, "fifo", O_RDONLY));
	untimer();
	want(ended(child) == 0);
	printf("restarted\n");
	// Calls that a signal cannot interrupt are not: 300 opens under a 1 ms timer. With an
	// argument those that are, nevertheless, are made again.
	catch(SIGALRM, 0);
	timer(1);
	for (int i = 0; i < 300; i++) {
		int fd;
		while ((fd = sys(openat, AT_FDCWD, "f", O_RDONLY)) == -1 && errno == EINTR && argc > 1)
			;
		close(ok(fd));
	}
	untimer();
}

static volatile sig_atomic_t got_term;

static void on_term(int sig) { got_term = sig; }

// Says so in a file when it gets the signal, and ends with status 3.
VICTIM(onterm)
{
	int sig = atoi(argv[1]);
	signal(sig, on_term);
	sigset_t s, old;
	sigemptyset(&s);
	sigaddset(&s, sig);
	ok(sigprocmask(SIG_BLOCK, &s, &old));
	open_f("f"); // tells the test
	while (got_term == 0)
		sigsuspend(&old);
	close(ok(sys(openat, AT_FDCWD, "terminated", O_WRONLY | O_CREAT, 0644)));
	_exit(3);
}

// Says how often it gets SIGINT until 300 ms after the first.
VICTIM(interrupts)
{
	sigset_t s, old;
	catch(SIGINT, 0);
	sigemptyset(&s);
	sigaddset(&s, SIGINT);
	ok(sigprocmask(SIG_BLOCK, &s, &old));
	printf("ready\n");
	while (count == 0)
		sigsuspend(&old);
	struct timespec rest = { 0, 300 * 1000 * 1000 };
	ok(sigprocmask(SIG_SETMASK, &old, NULL));
	while (nanosleep(&rest, &rest) == -1)
		want(errno == EINTR);
	printf("SIGINT: %d\n", count);
}

VICTIM(waits)
{
	printf("ready\n");
	for (;;)
		pause();
}
