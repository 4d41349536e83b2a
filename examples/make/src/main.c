#include <stdio.h>
#include <stdlib.h>

#include "about.h"
#include "planets.h"
#include "weight.h"

int main(int argc, char **argv)
{
	double kilograms = argc > 1 ? atof(argv[1]) : 70;

	for (size_t i = 0; i < planet_count; i++)
		printf("%-8s %6.0f N\n", planets[i].name, weight(kilograms, planets[i].gravity));
	fputs(about, stdout);
	return 0;
}
