#ifndef UNITS_H
#define UNITS_H

#define NEWTON 1.0 /* kg m/s^2 */

#endif
