/* Datasets of which every value is its own number, for the suites about views. */
#ifndef DAE_TESTS_NUMBERED_H
#define DAE_TESTS_NUMBERED_H

#include "network.h"

/* Value i of all samples together is i. */
dae_dataset *numbered(size_t count, size_t rank, const size_t *shape);

/* [5, 2, 9, 11] and [4, 2, 37] */
enum { PICTURES = 5, HEIGHT = 9, WIDTH = 11, SIGNALS = 4, LENGTH = 37, CHANNELS = 2 };
dae_dataset *pictures(void);
dae_dataset *recordings(void);

/* A view; frees its source. */
dae_dataset *view_of(dae_dataset *source, const char *text, uint64_t seed);

size_t count_of(const dae_dataset *dataset);

/* All samples have these shapes, such as "2 x 9 x 11", with 0 where they differ. */
void has_shape(const dae_dataset *dataset, const char *inputs, const char *targets);

/* Inputs of all samples in an epoch, which are targets too; until the next call. */
const float *inputs_of(const dae_dataset *dataset, uint64_t epoch);

#endif
