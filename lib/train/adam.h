/* What Adam and its relatives share: m and v, of which a step takes m / (sqrt(v) + epsilon). */
#ifndef DAE_TRAIN_ADAM_H
#define DAE_TRAIN_ADAM_H

#include "train/optimizer.h"

/* Their options begin with the learning rate and these. */
enum { DAE_ADAM_BETA1 = 1, DAE_ADAM_BETA2, DAE_ADAM_EPSILON, DAE_ADAM_OWN };

#define DAE_ADAM_OPTIONS                                                          \
    DAE_LEARNING_RATE, DAE_KEPT_SHARE("beta1", "share of m that is kept", "0.9"), \
        DAE_KEPT_SHARE("beta2", "share of v that is kept", "0.999"),              \
        DAE_EPSILON("added to the root of v", "1e-07")

/* Gradients are at most 1e18 (step.c), and moments are their means; a little more for rounding. */
#define DAE_ADAM_M_MOST 1.1e18f
#define DAE_ADAM_V_MOST 1.1e36f

#define DAE_ADAM_SLOTS                             \
    {"m", -DAE_ADAM_M_MOST, DAE_ADAM_M_MOST, 0}, { \
        "v", 0.0f, DAE_ADAM_V_MOST, 0              \
    }

/* Where v may die away before m, epsilon alone bounds a step. (A check of struct dae_kind.) */
const char *dae_adam_check(const struct dae_value *v);

/* Of struct dae_optimizer_kind. */
bool dae_adam_is_safe(const double *p, uint64_t steps, float *const *slots, size_t count);

#endif
