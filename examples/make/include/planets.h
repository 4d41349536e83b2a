#ifndef PLANETS_H
#define PLANETS_H

#include <stddef.h>

struct planet {
	const char *name;
	double gravity; /* at the surface, in m/s^2 */
};

extern const struct planet planets[];
extern const size_t planet_count;

#endif
