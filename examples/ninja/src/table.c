#include "planets.h"

const struct planet planets[] = {
#include "table.h"
};

const size_t planet_count = sizeof planets / sizeof planets[0];
