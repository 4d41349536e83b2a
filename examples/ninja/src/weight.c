#include "units.h"
#include "weight.h"

double weight(double kilograms, double gravity)
{
	return kilograms * gravity / NEWTON;
}
