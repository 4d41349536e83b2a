// A victim is a program that does one thing to files or processes, for the tests of
// the engines to watch: `victim NAME [ARG...]` runs the function VICTIM(NAME).
//
// The functions make raw system calls, so that what is watched does not depend on the
// C library, and check each result: a victim that is disturbed by being watched says
// so on standard error and ends with status 99.

#ifndef VICTIM_H
#define VICTIM_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void victim(int argc, char **argv);

void add_victim(const char *name, victim *v);

#define VICTIM(name)                                                                  \
	static victim victim_##name;                                                  \
	__attribute__((constructor)) static void add_##name(void)                     \
	{                                                                             \
		add_victim(#name, victim_##name);                                     \
	}                                                                             \
	static void victim_##name(__attribute__((unused)) int argc, __attribute__((unused)) char **argv)

// sys makes a system call.
#define sys(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

// ok wants a call to succeed and returns its result, fails wants an error.
#define ok(call) must(#call, __FILE__, __LINE__, (long)(call))
#define fails(wanted, call) must_fail(#call, __FILE__, __LINE__, wanted, (long)(call))
// want wants a condition.
#define want(cond) ((cond) ? (void)0 : die("not so: " #cond, __FILE__, __LINE__))

long must(const char *what, const char *file, int line, long result);
void must_fail(const char *what, const char *file, int line, int wanted, long result);
void die(const char *what, const char *file, int line) __attribute__((noreturn));

// open_f opens a file for reading.
int open_f(const char *name);
// ended waits for a child and returns its status as waitpid(2) gives it.
int ended(pid_t pid);
// run_victim runs another victim in this process.
void run_victim(int argc, char **argv);

#endif
