/* What a classical filter would do: the best median and the best Gaussian, each of a width that is tuned on
 * the clean samples, which nobody has in earnest. */
#ifndef DAE_FILTERS_H
#define DAE_FILTERS_H

#include <stdbool.h>

#include "figures.h"

typedef struct filtered {
    char name[48]; /* "a median of 3 x 3" */
    double psnr;   /* the mean over samples, dB; NaN where data have no neighbours */
} filtered;

/* The best over the first `count` samples, inputs of which are noisy and targets clean. */
bool find_best_filter(filtered *best, dae_dataset *data, size_t count, double peak);

#endif
