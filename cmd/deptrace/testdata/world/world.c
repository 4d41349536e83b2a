// The step of TestWorlds: an interpreter for a line of calls on files, which prints what came
// of each. Calls are separated by ";", words by spaces:
//
//	world -c "open 0 - 0 -1 d ; ?list 0"
//	world SCRIPT		the calls are in the lines behind the first
//
// In front of a call "?" makes it only if the one before went well, "!" only if it did not.
// A directory is given as one of the descriptors 0 to 3 of "open", "-" is the working
// directory.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SLOTS 4

extern char **environ;

static int slots[SLOTS] = {-1, -1, -1, -1};

struct program {
	char *ops[200];
	int count;
};

static void say(const char *format, ...)
{
	char line[8192];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (n >= (int)sizeof line)
		n = sizeof line - 1;
	if (write(1, line, n) != n)
		_exit(98);
}

static int slot(const char *word)
{
	return word[0] == '-' ? AT_FDCWD : slots[word[0] & 3];
}

// Without a name the call is about the descriptor.
static const char *name(const char *word)
{
	return strcmp(word, "EMPTY") == 0 ? "" : word;
}

static void say_stat(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG: say(" file %lld %c", (long long)st->st_size, st->st_mode & 0100 ? 'x' : '-'); break;
	case S_IFDIR: say(" dir"); break;
	case S_IFLNK: say(" link %lld", (long long)st->st_size); break;
	default: say(" other"); break;
	}
}

static int is_regular(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static void say_content(int fd)
{
	char b[4096];
	long n = pread(fd, b, sizeof b, 0), i;
	if (n < 0) {
		say(" read errno %d", errno);
		return;
	}
	unsigned long h = 0; // programs are longer than what is worth showing
	for (i = 0; i < n; i++)
		h = h * 31 + (unsigned char)b[i];
	if (n < 100)
		say(" %ld {%.*s}", n, (int)n, b);
	else
		say(" %ld %lx", n, h);
}

struct entry {
	char text[300];
};

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

static long list(int fd)
{
	static struct entry entries[200];
	char b[8192];
	long n;
	int count = 0;
	if (lseek(fd, 0, SEEK_SET) == -1)
		return -1;
	while ((n = syscall(SYS_getdents64, fd, b, sizeof b)) > 0) {
		for (long at = 0; at < n;) {
			struct dirent64 *d = (struct dirent64 *)(b + at);
			at += d->d_reclen;
			if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
				continue;
			if (count < 200)
				snprintf(entries[count++].text, sizeof entries[0].text, "%s:%d", d->d_name, d->d_type);
		}
	}
	if (n == -1)
		return -1;
	qsort(entries, count, sizeof entries[0], by_text);
	for (int i = 0; i < count; i++)
		say(" %s", entries[i].text);
	return 0;
}

static void run(struct program *p, int from, int to);

static void keep(const char *word, int fd)
{
	if (word[0] == '-') {
		close(fd);
		return;
	}
	int *s = &slots[word[0] & 3];
	if (*s != -1)
		close(*s);
	*s = fd;
}

static int clone_child(void *arg)
{
	char **w = arg;
	syscall(SYS_execve, w[1], (char *[]){w[1], NULL}, environ);
	_exit(120);
}

// Runs a program and tells how it ended.
static long execute(char **w, int words)
{
	// A script can run itself.
	const char *depth = getenv("WORLD_DEPTH");
	if (depth && strlen(depth) > 2) {
		errno = ELOOP;
		return -1;
	}
	char deeper[8];
	snprintf(deeper, sizeof deeper, "%s+", depth ? depth : "");
	setenv("WORLD_DEPTH", deeper, 1);
	int how = words > 2 ? atoi(w[2]) : 0;
	static char stack[65536];
	pid_t child = how == 4 ? clone(clone_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, w) : fork();
	if (child == -1)
		return -1;
	if (child == 0) {
		char *argv[] = {w[1], NULL};
		switch (how) {
		case 0: syscall(SYS_execve, w[1], argv, environ); break;
		case 1: syscall(SYS_execveat, slot(w[3]), name(w[1]), argv, environ, 0); break;
		case 2: syscall(SYS_execveat, slot(w[3]), name(w[1]), argv, environ, AT_SYMLINK_NOFOLLOW); break;
		case 3: syscall(SYS_execveat, slot(w[3]), name(w[1]), argv, environ, AT_EMPTY_PATH); break;
		case 5: execvp(w[1], argv); break;
		}
		say(" not run %d", errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : errno);
		_exit(121);
	}
	deeper[strlen(deeper) - 1] = 0;
	setenv("WORLD_DEPTH", deeper, 1);
	int status;
	if (waitpid(child, &status, __WALL) != child)
		return -1;
	say(" ended %x", status);
	if (status == 0)
		return 0;
	errno = 0;
	return -1;
}

// Opens what the content of a file names.
static long follow(const char *path)
{
	char b[100];
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	if (fd == -1)
		return -1;
	long n = read(fd, b, sizeof b - 1);
	close(fd);
	if (n < 0)
		return -1;
	b[n] = 0;
	b[strcspn(b, "\n")] = 0;
	say(" to {%s}", b);
	fd = open(b, O_RDONLY | O_NONBLOCK);
	if (fd == -1)
		return -1;
	if (is_regular(fd))
		say_content(fd);
	close(fd);
	return 0;
}

static long copy(int from, int to, int how)
{
	off_t a = 0;
	switch (how) {
	case 0: {
		loff_t x = 0, y = 0;
		return copy_file_range(from, &x, to, &y, 1000, 0);
	}
	case 1:
		return sendfile(to, from, &a, 1000);
	}
	int p[2];
	if (pipe(p) == -1)
		return -1;
	loff_t x = 0;
	long n = splice(from, &x, p[1], NULL, 1000, 0);
	if (n > 0)
		n = splice(p[0], NULL, to, NULL, n, 0);
	int e = errno;
	close(p[0]);
	close(p[1]);
	errno = e;
	return n;
}

static long temporary(char **w)
{
	int fd = syscall(SYS_openat, slot(w[1]), name(w[2]), O_TMPFILE | O_RDWR, 0644);
	if (fd == -1)
		return -1;
	long r = write(fd, w[3], strlen(w[3]));
	if (strcmp(w[5], "-") != 0) {
		char proc[40];
		sprintf(proc, "/proc/self/fd/%d", fd);
		if (w[4][0] == 'p')
			r = syscall(SYS_linkat, AT_FDCWD, proc, AT_FDCWD, w[5], AT_SYMLINK_FOLLOW);
		else
			r = syscall(SYS_linkat, fd, "", AT_FDCWD, w[5], AT_EMPTY_PATH);
	}
	int e = errno;
	close(fd);
	errno = e;
	return r;
}

static long open_call(char **w)
{
	int flags = strtol(w[3], NULL, 8), resolve = atoi(w[4]), fd;
	int mode = flags & (O_CREAT | __O_TMPFILE) ? (resolve & 1 ? 0644 : 0744) : 0;
	switch (resolve) {
	case -1:
		fd = syscall(SYS_openat, slot(w[2]), name(w[5]), flags, mode);
		break;
#ifdef SYS_open
	case -2:
		fd = syscall(SYS_open, name(w[5]), flags, mode);
		break;
	case -3:
		flags = O_WRONLY | O_CREAT | O_TRUNC;
		fd = syscall(SYS_creat, name(w[5]), 0644);
		break;
#endif
	default: {
		struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve < 0 ? 0 : resolve};
		fd = syscall(SYS_openat2, slot(w[2]), name(w[5]), &how, sizeof how);
	}
	}
	if (fd == -1) {
		if (errno == EISDIR && w[5][strlen(w[5]) - 1] == '/')
			errno = ENOENT; // the kernel does not even look
		if (errno == EXDEV)
			errno = ENOENT; // RESOLVE_BENEATH
		return -1;
	}
	struct stat st;
	if (fstat(fd, &st) == 0)
		say_stat(&st);
	int access = flags & O_ACCMODE;
	if (!(flags & O_PATH) && S_ISREG(st.st_mode)) {
		if (access != O_WRONLY)
			say_content(fd);
		if (access != O_RDONLY && strcmp(w[6], "-") != 0)
			say(" wrote %zd", write(fd, w[6], strlen(w[6])));
	}
	keep(w[1], fd);
	return 0;
}

static long stat_call(char **w)
{
	struct stat st;
	int flags = strtol(w[3], NULL, 16);
	long r;
	switch (w[1][0]) {
#ifdef SYS_stat
	case 's': r = syscall(SYS_stat, name(w[4]), &st); break;
	case 'l': r = syscall(SYS_lstat, name(w[4]), &st); break;
#endif
	case 'x': {
		struct statx sx;
		r = syscall(SYS_statx, slot(w[2]), name(w[4]), flags, STATX_BASIC_STATS, &sx);
		st.st_mode = sx.stx_mode;
		st.st_size = sx.stx_size;
		break;
	}
	default:
		r = syscall(SYS_newfstatat, slot(w[2]), name(w[4]), &st, flags);
	}
	if (r == 0)
		say_stat(&st);
	return r;
}

static long call(char **w, int words)
{
	char b[4096];
	long r;
	struct stat st;
	struct statfs sf;
	const char *op = w[0];
#define OP(NAME, WORDS) if (strcmp(op, NAME) == 0 && words == WORDS)
	OP("open", 7) return open_call(w);
	OP("stat", 5) return stat_call(w);
	OP("access", 5) return syscall(SYS_faccessat2, slot(w[1]), name(w[4]), atoi(w[2]), strtol(w[3], NULL, 16));
	OP("access3", 4) return syscall(SYS_faccessat, slot(w[1]), name(w[3]), atoi(w[2]));
	OP("readlink", 3) {
		r = syscall(SYS_readlinkat, slot(w[1]), name(w[2]), b, sizeof b);
		if (r >= 0)
			say(" {%.*s}", (int)r, b);
		return r;
	}
	OP("list", 2) return list(slot(w[1]));
	OP("ls", 2) {
		int fd = open(w[1], O_RDONLY | O_DIRECTORY);
		if (fd == -1)
			return -1;
		r = list(fd);
		close(fd);
		return r;
	}
	OP("mkdir", 3) return syscall(SYS_mkdirat, slot(w[1]), name(w[2]), 0755);
	OP("unlink", 4) return syscall(SYS_unlinkat, slot(w[1]), name(w[3]), atoi(w[2]) ? AT_REMOVEDIR : 0);
	OP("rename", 6) return syscall(SYS_renameat2, slot(w[1]), name(w[2]), slot(w[3]), name(w[4]), atoi(w[5]));
	OP("link", 6) return syscall(SYS_linkat, slot(w[1]), name(w[2]), slot(w[3]), name(w[4]), strtol(w[5], NULL, 16));
	OP("symlink", 4) return syscall(SYS_symlinkat, w[1], slot(w[2]), name(w[3]));
	OP("mknod", 4) return syscall(SYS_mknodat, slot(w[1]), name(w[2]), strtol(w[3], NULL, 8), 0);
	OP("truncate", 3) return syscall(SYS_truncate, name(w[2]), atol(w[1]));
	OP("chmod", 5) {
		if (w[3][0] == '0')
			return syscall(SYS_fchmodat, slot(w[1]), name(w[4]), strtol(w[2], NULL, 8));
		return syscall(452, slot(w[1]), name(w[4]), strtol(w[2], NULL, 8), strtol(w[3], NULL, 16));
	}
	OP("chown", 4) return syscall(SYS_fchownat, slot(w[1]), name(w[3]), 0, 0, strtol(w[2], NULL, 16));
	OP("utime", 4) {
		struct timespec ts[2] = {{1000000000, 0}, {1000000000, 0}};
		return syscall(SYS_utimensat, slot(w[1]), name(w[3]), ts, strtol(w[2], NULL, 16));
	}
	OP("chdir", 2) return syscall(SYS_chdir, name(w[1]));
	OP("statfs", 2) return syscall(SYS_statfs, name(w[1]), &sf);
	OP("getxattr", 3) return atoi(w[1]) ? lgetxattr(name(w[2]), "user.x", b, sizeof b) : getxattr(name(w[2]), "user.x", b, sizeof b);
	OP("getcwd", 1) {
		r = syscall(SYS_getcwd, b, sizeof b);
		if (r > 0)
			say(" {%s}", b);
		return r;
	}
	OP("follow", 2) return follow(w[1]);
	OP("tmpfile", 6) return temporary(w);
	OP("exec", 2) return execute(w, words);
	OP("exec", 4) return execute(w, words);

	OP("fstat", 2) {
		r = fstat(slot(w[1]), &st);
		if (r == 0)
			say_stat(&st);
		return r;
	}
	OP("fread", 2) {
		say_content(slot(w[1]));
		return 0;
	}
	OP("fwrite", 3) return write(slot(w[1]), w[2], strlen(w[2]));
	OP("ftruncate", 3) return ftruncate(slot(w[1]), atol(w[2]));
	OP("fallocate", 2) return fallocate(slot(w[1]), 0, 0, 9);
	OP("fchmod", 3) return fchmod(slot(w[1]), strtol(w[2], NULL, 8));
	OP("futimens", 2) {
		struct timespec ts[2] = {{1000000000, 0}, {1000000000, 0}};
		return syscall(SYS_utimensat, slot(w[1]), NULL, ts, 0);
	}
	OP("fchdir", 2) return fchdir(slot(w[1]));
	OP("flink", 5) return syscall(SYS_linkat, slot(w[1]), "", slot(w[2]), name(w[3]), AT_EMPTY_PATH | strtol(w[4], NULL, 16));
	OP("reopen", 3) {
		char proc[60];
		sprintf(proc, "/proc/self/fd/%d", slot(w[1]));
		int fd = open(proc, strtol(w[2], NULL, 8) | O_NONBLOCK, 0644);
		if (fd == -1)
			return -1;
		if (is_regular(fd))
			say_content(fd);
		close(fd);
		return 0;
	}
	OP("mmap", 3) {
		int shared = w[2][0] == 'w';
		char *m = mmap(NULL, 4096, PROT_READ | (shared ? PROT_WRITE : 0), shared ? MAP_SHARED : MAP_PRIVATE, slot(w[1]), 0);
		if (m == MAP_FAILED)
			return -1;
		if (fstat(slot(w[1]), &st) == 0 && st.st_size > 0) {
			say(" first %d", m[0]);
			if (shared)
				m[0] = 'M';
		}
		munmap(m, 4096);
		return 0;
	}
	OP("copy", 4) return copy(slot(w[1]), slot(w[2]), atoi(w[3]));
	say(" what?");
	_exit(97);
}

static int matching(struct program *p, int from)
{
	int depth = 0;
	for (int i = from; i < p->count; i++) {
		const char *o = p->ops[i] + strspn(p->ops[i], "?!");
		if (strncmp(o, "fork", 4) == 0 || strncmp(o, "thread", 6) == 0)
			depth++;
		if (strncmp(o, "join", 4) == 0 && --depth == 0)
			return i;
	}
	return p->count;
}

struct part {
	struct program *p;
	int from, to, own;
};

static void *in_thread(void *arg)
{
	struct part *part = arg;
	if (part->own)
		unshare(CLONE_FS);
	run(part->p, part->from, part->to);
	return NULL;
}

static void run(struct program *p, int from, int to)
{
	int good = 1;
	for (int i = from; i < to; i++) {
		char text[600], *w[12], *at, *o = p->ops[i];
		int words = 0, end = i;
		if (strlen(o) >= sizeof text)
			_exit(96);
		strcpy(text, o);
		at = text;
		int skip = (*at == '?' && !good) || (*at == '!' && good);
		if (*at == '?' || *at == '!')
			at++;
		for (char *tok = strtok_r(at, " ", &at); tok && words < 12; tok = strtok_r(NULL, " ", &at))
			w[words++] = tok;
		if (words == 0 || strcmp(w[0], "join") == 0)
			continue;
		int block = strcmp(w[0], "fork") == 0 || strcmp(w[0], "thread") == 0;
		if (block)
			end = matching(p, i);
		if (skip) {
			i = end;
			continue;
		}
		if (!block) {
			say("%d %s", i, w[0]);
			errno = 0;
			long r = call(w, words);
			good = r >= 0;
			if (good)
				say(" = %ld\n", r > 0 && strcmp(w[0], "getcwd") != 0 ? r : 0);
			else if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EBADF)
				say(" leads nowhere\n");
			else
				say(" errno %d\n", errno);
			continue;
		}
		if (w[0][0] == 'f') {
			pid_t child = fork();
			if (child == 0) {
				run(p, i + 1, end);
				_exit(0);
			}
			int status;
			good = waitpid(child, &status, 0) == child && status == 0;
		} else {
			pthread_t t;
			struct part part = {p, i + 1, end, words > 1};
			if (pthread_create(&t, NULL, in_thread, &part) != 0)
				_exit(95);
			pthread_join(t, NULL);
		}
		i = end;
	}
}

int main(int argc, char **argv)
{
	static char text[65536];
	static struct program p;
	if (argc == 3 && strcmp(argv[1], "-c") == 0) {
		strncpy(text, argv[2], sizeof text - 1);
	} else if (argc >= 2) {
		int fd = open(argv[argc - 1], O_RDONLY);
		if (fd == -1 || read(fd, text, sizeof text - 1) < 0)
			_exit(94);
		close(fd);
		char *line = strchr(text, '\n');
		memmove(text, line ? line + 1 : "", line ? strlen(line + 1) + 1 : 1);
	}
	say("world %d", argc);
	say("\n");
	char *at;
	for (char *o = strtok_r(text, ";\n", &at); o && p.count < 200; o = strtok_r(NULL, ";\n", &at)) {
		o += strspn(o, " ");
		p.ops[p.count++] = o;
	}
	run(&p, 0, p.count);
	return 0;
}
