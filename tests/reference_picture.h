/* Layers of pictures and signals once more, a value at a time in double precision. */
#ifndef TESTS_REFERENCE_PICTURE_H
#define TESTS_REFERENCE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

/* A layer as it is written, and what it works on: [channels, height, width], where a signal has a height
 * of 1. */
typedef struct {
    const char *name, *word; /* of the kind, and of the parameter that is one */
    size_t size, stride;     /* size, factor; the stride */
    bool is_signal;
    size_t in[3], out[3];
} picture;

/* Sets `out`; returns whether there is such a layer. */
bool picture_shape(picture *p);

void picture_run(const picture *p, const double *x, double *y);

#endif
