/* The loops of structural similarity, for the test that compares those of all processors. */
#ifndef DAE_RUN_SSIM_H
#define DAE_RUN_SSIM_H

#include "math/loops.h"

/* Sum of the similarity over all places of one plane [height, width], at least 11 each, where the window lies
 * in it. */
typedef void dae_ssim_loop(double *sum, const float *x, const float *y, size_t height, size_t width,
                           double peak);

extern dae_ssim_loop *const dae_ssim_loops[DAE_TARGETS];

#endif
