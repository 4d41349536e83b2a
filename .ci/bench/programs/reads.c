// Reads d/0, d/1, ... up to the given number; those whose number is divisible by three are not
// there.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char name[32], buffer[4096];
	for (int i = 0, n = argc > 1 ? atoi(argv[1]) : 0; i < n; i++) {
		sprintf(name, "d/%d", i);
		int fd = open(name, O_RDONLY);
		if ((fd < 0) != (i % 3 == 0))
			return 1;
		if (fd >= 0) {
			read(fd, buffer, sizeof buffer);
			close(fd);
		}
	}
	return 0;
}
