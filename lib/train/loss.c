#include "train/loss.h"
#include "math/kernels.h"

#include <dae/trainer.h>

#include <math.h>

static double mse(float *a, const float *t, size_t count, float scale, float slope) {
    return dae_kernels()->loss_mse(a, t, count, scale, slope);
}

static double mae(float *a, const float *t, size_t count, float scale, float slope) {
    return dae_kernels()->loss_mae(a, t, count, scale, slope);
}

static double bce(float *a, const float *t, size_t count, float scale, float slope) {
    return dae_kernels()->loss_bce(a, t, count, scale, slope);
}

static double bce_logits(float *z, const float *t, size_t count, float scale) {
    return dae_kernels()->loss_bce_logits(z, t, count, scale);
}

/* sum (a - t)^2 <= s  =>  |2 (a - t)| <= 2 sqrt(s); a little more for its rounding, and for squares that were flushed to 0 */
static double bound_mse(double sum) {
    const double flushed = 1.1e-19; /* sqrt(FLT_MIN) */
    return 2.1 * (sqrt(sum) + flushed);
}

static double bound_mae(double sum) {
    (void)sum;
    return 1;
}

/* a and 1 - a are at least 1e-7 where there is a gradient */
static double bound_bce(double sum) {
    (void)sum;
    return 2e7;
}

bool dae_targets_are_unit(const float *targets, size_t count) {
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all &= !(targets[i] < 0.0f) & !(targets[i] > 1.0f);
    return all;
}

static const struct dae_loss losses[] = {
    [DAE_LOSS_MSE] = {"mse", mse, NULL, bound_mse, false},
    [DAE_LOSS_MAE] = {"mae", mae, NULL, bound_mae, false},
    [DAE_LOSS_BCE] = {"bce", bce, bce_logits, bound_bce, true},
};

const struct dae_loss *dae_loss_get(int32_t loss) {
    return loss >= 0 && (size_t)loss < sizeof losses / sizeof *losses ? &losses[loss] : NULL;
}
