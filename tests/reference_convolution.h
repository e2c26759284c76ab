/* Convolutions once more, a product at a time in double precision. */
#ifndef TESTS_REFERENCE_CONVOLUTION_H
#define TESTS_REFERENCE_CONVOLUTION_H

#include <stdbool.h>
#include <stddef.h>

/* A layer as it is written; [0] is of the height, [1] of the width. A signal has a height of 1. */
typedef struct {
    bool transposed;
    size_t units, groups;
    long size[2], stride[2], dilation[2], more[2]; /* more: output_padding */
    long padding[2];                               /* -1: same */
    const char *mode;
    long in[3], out[3], before[2]; /* [channels, height, width]; what lies before the first value */
} convolution;

/* Sets `out` and `before`. */
void convolution_shape(convolution *c);

/* Weights are [units, channels / groups, height, width], of transposed ones [channels, units / groups, ...]; bias may be
 * NULL. */
void convolution_run(const convolution *c, const double *weights, const double *bias, const double *x,
                     double *y);

#endif
