/* Losses: one row of the table in loss.c for each. */
#ifndef DAE_TRAIN_LOSS_H
#define DAE_TRAIN_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the sum of a row's losses; replaces `a` by scale times their gradient by what a rectifier of this
 * slope was given: 1 for the gradient by `a` itself. */
typedef double (*dae_loss_row_fn)(float *a, const float *t, size_t count, float scale, float slope);

struct dae_loss {
    const char *name;
    dae_loss_row_fn row;                                                       /* from outputs */
    double (*row_logits)(float *z, const float *t, size_t count, float scale); /* of a sigmoid; or NULL */
    bool unit_targets; /* takes targets in [0,1] only */
};

/* Whether targets are in [0,1]; NaN counts as such, for others to find. */
bool dae_targets_are_unit(const float *targets, size_t count);

/* The row of a DAE_LOSS_*, or NULL when there is none. */
const struct dae_loss *dae_loss_get(int32_t loss);

#endif
