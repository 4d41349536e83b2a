// Makes the given number of calls that name files and nothing else: by turns it opens one of a
// hundred files that are there and looks for one of a hundred that are not.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char name[32];
	struct stat st;
	for (int i = 0; i < 100; i++) {
		sprintf(name, "there%d", i);
		close(open(name, O_WRONLY | O_CREAT, 0666));
	}
	for (int i = argc > 1 ? atoi(argv[1]) / 2 : 0; i > 0; i--) {
		sprintf(name, "there%d", i % 100);
		int fd = open(name, O_RDONLY);
		if (fd < 0)
			return 1;
		close(fd);
		sprintf(name, "missing%d", i % 100);
		if (stat(name, &st) == 0)
			return 1;
	}
	close(open("done", O_WRONLY | O_CREAT, 0666));
	return 0;
}
