// Where names start, and where the strings stand that spell them.

#include "victim.h"

#include <sys/inotify.h>

VICTIM(relative)
{
	int d = ok(sys(openat, AT_FDCWD, "dlink", O_RDONLY | O_DIRECTORY));
	open_f("./d/../d/g");
	open_f("dlink/g");
	open_f("dlink/../f"); // .. of what the link leads to
	ok(sys(openat, d, "g", O_RDONLY));
	ok(sys(openat, d, "../link", O_RDONLY));
	char abs[4096];
	ok(sys(getcwd, abs, sizeof abs - 2));
	strcat(abs, "/f");
	ok(sys(openat, -1, abs, O_RDONLY)); // the descriptor is not looked at
	fails(EBADF, sys(openat, 999, "f", O_RDONLY));
	fails(ENOTDIR, sys(openat, open_f("f"), "g", O_RDONLY));
	ok(sys(chdir, "dlink")); // itself resolved in the old directory
	open_f("g");
	open_f("../f");
	ok(sys(openat, d, "../e", O_RDONLY));
	ok(sys(renameat2, AT_FDCWD, "../d", AT_FDCWD, "../moved", 0));
	open_f("g"); // where the working directory is now
	ok(sys(openat, d, "g", O_RDONLY));
	fails(ENOENT, sys(openat, AT_FDCWD, "../dlink/g", O_RDONLY));
	ok(sys(chdir, ".."));
	fails(ENOENT, sys(chdir, "missing"));
	open_f("f");
}

// The kernel's own lookup goes up from a directory that was removed.
VICTIM(removedcwd)
{
	struct stat st;
	ok(sys(chdir, "e"));
	ok(sys(unlinkat, AT_FDCWD, "../e", AT_REMOVEDIR));
	fails(ENOENT, sys(openat, AT_FDCWD, "x", O_RDONLY));
	fails(ENOENT, sys(openat, AT_FDCWD, "x", O_WRONLY | O_CREAT, 0644));
	ok(sys(openat, AT_FDCWD, "../f", O_RDONLY));
	ok(stat(".", &st));
}

static void *chdirs(void *to)
{
	ok(sys(chdir, to));
	return NULL;
}

// Threads share the working directory.
VICTIM(threadcwd)
{
	pthread_t t;
	open_f("f");
	pthread_create(&t, NULL, chdirs, "d");
	pthread_join(t, NULL);
	open_f("g");
}

static void *parts(void *to)
{
	ok(sys(unshare, CLONE_FS));
	ok(sys(chdir, to));
	open_f("g");
	return NULL;
}

// Until one parts from it.
VICTIM(partedcwd)
{
	pthread_t t;
	open_f("f");
	pthread_create(&t, NULL, parts, "d");
	pthread_join(t, NULL);
	open_f("f");
	ok(sys(chdir, "e"));
	open_f("../f");
}

static pthread_barrier_t parted;

static void *parts_and_execs(void *self)
{
	ok(sys(unshare, CLONE_FS));
	ok(sys(chdir, "d"));
	open_f("g");
	pthread_barrier_wait(&parted);
	pthread_barrier_wait(&parted); // the others are looked for where they are
	ok(execl(self, "victim", "opens", "g", NULL));
	return NULL;
}

VICTIM(opens) { open_f(argv[1]); }

// The number of the leader goes to a thread that was elsewhere.
VICTIM(partedexec)
{
	pthread_t t;
	pthread_barrier_init(&parted, NULL, 2);
	pthread_create(&t, NULL, parts_and_execs, argv[1]);
	pthread_barrier_wait(&parted);
	open_f("f");
	open_f("f");
	pthread_barrier_wait(&parted);
	pthread_join(t, NULL);
}

// A working directory gets another name, by another process and by an exchange with a file.
VICTIM(renamedcwd)
{
	ok(sys(chdir, "d"));
	open_f("g");
	pid_t p = ok(fork());
	if (p == 0) {
		ok(sys(renameat2, AT_FDCWD, "../d", AT_FDCWD, "../moved", 0));
		_exit(0);
	}
	want(ended(p) == 0);
	open_f("g");
	ok(sys(renameat2, AT_FDCWD, "../moved", AT_FDCWD, "../f", RENAME_EXCHANGE));
	open_f("g");
}

// The directory is that of a descriptor, and one of the same number is another one.
VICTIM(fchdirs)
{
	int d = ok(sys(openat, AT_FDCWD, "d", O_PATH | O_DIRECTORY));
	int top = ok(sys(openat, AT_FDCWD, ".", O_PATH | O_DIRECTORY));
	open_f("f");
	ok(sys(fchdir, d));
	open_f("g");
	fails(EBADF, sys(fchdir, 999));
	open_f("g");
	ok(sys(dup3, top, d, 0));
	ok(sys(fchdir, d));
	open_f("f");
}

static int other_cwd(void *arg)
{
	ok(sys(chdir, arg));
	open_f("g");
	return 0;
}

static char stack[1 << 16] __attribute__((aligned(16)));

// clone(2) shares what it is told to.
VICTIM(clonefs)
{
	open_f("f");
	pid_t p = ok(clone(other_cwd, stack + sizeof stack, CLONE_FS | SIGCHLD, "d"));
	want(ended(p) == 0);
	open_f("g"); // the child's chdir was ours
	p = ok(clone(other_cwd, stack + sizeof stack, SIGCHLD, "."));
	want(ended(p) == 0);
	ok(sys(chdir, ".."));
	p = ok(clone(other_cwd, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, "d"));
	want(ended(p) == 0);
	open_f("f"); // this one's was not
}

static char *pages(int n)
{
	char *p = mmap(NULL, (n + 1) * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	want(p != MAP_FAILED);
	ok(munmap(p + n * 4096, 4096));
	return p;
}

VICTIM(strings)
{
	char *end = pages(3) + 3 * 4096;
	char *p = end - 4096 - 2; // across a page boundary
	open_f(strcpy(p, "d/g"));
	open_f(strcpy(end - 2, "f")); // up to the last byte
	// The longest name there is has 4095 bytes.
	p = end - 4096;
	for (int i = 0; i < 4094; i += 2)
		memcpy(p + i, "./", 2);
	strcpy(p + 4094, "f");
	open_f(p);
	// One more byte is too much.
	p = end - 4097;
	memset(p, '/', 4095);
	p[4095] = 'f';
	end[-1] = 0;
	fails(ENAMETOOLONG, sys(openat, AT_FDCWD, p, O_RDONLY));
	// A string that has no end before its memory has.
	memset(end - 3, 'f', 3);
	fails(EFAULT, sys(openat, AT_FDCWD, end - 3, O_RDONLY));
	fails(EFAULT, sys(openat, AT_FDCWD, end, O_RDONLY));
	fails(EFAULT, sys(openat, AT_FDCWD, (void *)0, O_RDONLY));
	fails(EFAULT, sys(openat, AT_FDCWD, (void *)1, O_WRONLY | O_CREAT, 0644));
	fails(EFAULT, sys(openat, AT_FDCWD, (void *)-1L, O_RDONLY));
	fails(EFAULT, sys(openat, AT_FDCWD, (void *)(1UL << 63), O_RDONLY));
	fails(EFAULT, sys(renameat2, AT_FDCWD, "f", AT_FDCWD, (void *)1, 0));
	fails(EFAULT, sys(unlinkat, AT_FDCWD, (void *)1, 0));
	fails(EFAULT, sys(symlinkat, (void *)1, AT_FDCWD, "s"));
	char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fails(EFAULT, sys(openat, AT_FDCWD, none, O_RDONLY));
	fails(ENOENT, sys(openat, AT_FDCWD, "", O_RDONLY));
	// A page that is still on disk.
	int fd = ok(sys(openat, AT_FDCWD, "name", O_RDWR | O_CREAT, 0644));
	ok(write(fd, "d/g", 4));
	char *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	want(mapped != MAP_FAILED);
	open_f(mapped);
	open_f("f");
}

// A component longer than any file's name.
VICTIM(longnames)
{
	char b[400];
	memset(b, 'x', 255);
	strcpy(b + 255, "");
	fails(ENOENT, sys(openat, AT_FDCWD, b, O_RDONLY));
	memset(b, 'x', 256);
	strcpy(b + 256, "");
	fails(ENAMETOOLONG, sys(openat, AT_FDCWD, b, O_RDONLY));
	open_f("n\xff\nn");
}

// A directory that becomes a link, and back: what was seen of it must not be kept.
VICTIM(swapped)
{
	open_f("d/g");
	ok(sys(renameat2, AT_FDCWD, "d", AT_FDCWD, "real", 0));
	ok(sys(symlinkat, "real", AT_FDCWD, "d"));
	open_f("d/g");
	ok(sys(unlinkat, AT_FDCWD, "d", 0));
	ok(sys(mkdirat, AT_FDCWD, "d", 0755));
	close(ok(sys(openat, AT_FDCWD, "d/g", O_WRONLY | O_CREAT, 0644)));
	// The links change under the name of their directory.
	ok(sys(mkdirat, AT_FDCWD, "a", 0755));
	ok(sys(mkdirat, AT_FDCWD, "b", 0755));
	ok(sys(symlinkat, "../real", AT_FDCWD, "a/l"));
	ok(sys(symlinkat, "../d", AT_FDCWD, "b/l"));
	open_f("a/l/g");
	open_f("b/l/g");
	ok(sys(renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 2 /* RENAME_EXCHANGE */));
	open_f("a/l/g");
	open_f("b/l/g");
}

// Without rights to look into this process an engine cannot see names.
VICTIM(undumpable)
{
	int fd = ok(sys(openat, AT_FDCWD, "f", O_WRONLY));
	ok(prctl(PR_SET_DUMPABLE, 0));
	ok(sys(ftruncate, fd, 3L));
	if (argc > 1)
		open_f("d/g");
}

// fixed is where the victims below have a name, each another one.
static char *const fixed = (char *)0x600000000000;

static void opens_fixed(const char *name)
{
	char *p = mmap(fixed, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	want(p == fixed);
	strcpy(p, name);
	for (int i = 0; i < 20; i++)
		close(open_f(fixed));
}

VICTIM(fixedname) { opens_fixed(argv[1]); }

static int opens_and_execs(void *arg)
{
	for (int i = 0; i < 20; i++)
		close(open_f(fixed));
	ok(execv(((char **)arg)[1], ((char **)arg) + 2));
	return 0;
}

// A process has its parent's memory, and then one of its own; so has one that executes.
VICTIM(memories)
{
	char *other[] = { "", argv[1], "victim", "fixedname", "d/g", NULL };
	opens_fixed("f");
	pid_t p = ok(clone(opens_and_execs, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, other));
	want(ended(p) == 0);
	for (int i = 0; i < 20; i++)
		close(open_f(fixed));
	opens_and_execs(other);
}

// Somebody else sees that a name leads elsewhere before the call that has made it so returns:
// the kernel tells it to who waits for that. Twenty times, because it is a race who is heard first.
VICTIM(seenearly)
{
	char event[4096];
	ok(sys(symlinkat, "e", AT_FDCWD, "elink"));
	ok(close(ok(sys(openat, AT_FDCWD, "e/g", O_WRONLY | O_CREAT, 0644))));
	for (int i = 0; i < 20; i++) {
		int watch = ok(inotify_init1(IN_CLOEXEC));
		ok(inotify_add_watch(watch, ".", IN_MOVED_TO));
		close(open_f("dlink/g"));
		pid_t p = ok(fork());
		if (p == 0) {
			struct sched_param none = { 0 };
			sched_setscheduler(0, SCHED_IDLE, &none);
			ok(sys(renameat2, AT_FDCWD, "elink", AT_FDCWD, "dlink", RENAME_EXCHANGE));
			_exit(0);
		}
		ok(read(watch, event, sizeof event));
		close(open_f("dlink/g"));
		want(ended(p) == 0);
		close(watch);
	}
}
