/* One step inside the library: what it knows (step.c), how it takes the loss (loss.c), and what it says of a
 * batch that is no good (trouble.c). */
#ifndef DAE_TRAIN_STEP_H
#define DAE_TRAIN_STEP_H

#include "train/trainer.h"

#include <math.h>

/* Sums of a tile; see struct dae_range. */
struct dae_tile_losses {
    _Alignas(DAE_MEMORY_ALIGNMENT) double sums[DAE_OBJECTIVE_MAX_TERMS];
};

struct dae_train_step {
    struct dae_tile_losses losses[DAE_MAX_TILES];
    struct dae_range input_ranges[DAE_MAX_TILES];
    dae_trainer *trainer;
    struct dae_pool *pool;
    uint64_t fpu; /* the caller's setting */
    const struct dae_batch *batch;
    const float *inputs, *targets; /* inputs NULL: only rounded; targets NULL: to be read */
    size_t target_size;            /* bytes of a stored target value; 0 when they are not stored */
    double divisors[DAE_OBJECTIVE_MAX_TERMS];
    float scales[DAE_OBJECTIVE_MAX_TERMS]; /* of gradients */
    atomic_bool bad_target;
    struct dae_update update;
    float *values, *average; /* the parameters, which the update changes, and their average; or NULL */
    double norm;             /* of the gradient, where the optimizer asks for it */
};

/* Of no values. */
#define DAE_NO_RANGE        \
    (struct dae_range) {    \
        INFINITY, -INFINITY \
    }

/* All of a step's ranges together, and the largest size of a value in one. */
static inline struct dae_range dae_range_join(const struct dae_range ranges[DAE_MAX_TILES]) {
    struct dae_range all = DAE_NO_RANGE;
    for (size_t i = 0; i < DAE_MAX_TILES; i++) {
        all.low = fminf(all.low, ranges[i].low);
        all.high = fmaxf(all.high, ranges[i].high);
    }
    return all;
}

static inline double dae_range_magnitude(const struct dae_range *range) {
    return fmax(fabs((double)range->low), fabs((double)range->high));
}

/* Works out what the terms' means are over, from the targets where some may be missing. */
void dae_step_weigh(struct dae_train_step *step);

/* The targets of a strip of at most DAE_OBJECTIVE_STRIP values: where they lie, or made in strip[]. */
dae_status dae_step_targets(const struct dae_train_step *step, struct dae_span span, float *strip,
                            const float **targets);

/* The last layer's epilogue: adds the losses of a tile, whose outputs D replaces. */
dae_status dae_step_take_loss(void *context, const struct dae_pass *pass, struct dae_tile tile);

/* Names what is wrong with a batch whose inputs, targets or loss are not what they should be. */
dae_status dae_step_check_loss(const struct dae_train_step *step, double loss);

/* What is expected of targets by an objective that takes 0 to 1 only. */
const char *dae_step_unit_targets(bool scaled);

/* What to try when data are finite and what was made of them is not. */
const char *dae_step_remedy(const struct dae_train_step *step);

#endif
