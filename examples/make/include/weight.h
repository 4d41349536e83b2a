#ifndef WEIGHT_H
#define WEIGHT_H

/* weight returns the force in newton. */
double weight(double kilograms, double gravity);

#endif
