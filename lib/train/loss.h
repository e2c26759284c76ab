/* Losses: one row of the table in loss.c for each. */
#ifndef DAE_TRAIN_LOSS_H
#define DAE_TRAIN_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the sum of a row's losses; replaces `a` by scale times their gradient. */
typedef double (*dae_loss_row_fn)(float *a, const float *t, size_t count, float scale);

struct dae_loss {
    const char *name;
    dae_loss_row_fn row;        /* from outputs */
    dae_loss_row_fn row_logits; /* from logits of a sigmoid; or NULL */
    bool unit_targets;          /* takes targets in [0,1] only */
};

/* The row of a DAE_LOSS_*, or NULL when there is none. */
const struct dae_loss *dae_loss_get(int32_t loss);

#endif
