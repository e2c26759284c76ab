#include "train/loss.h"
#include "math/kernels.h"

#include <dae/trainer.h>

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

bool dae_targets_are_unit(const float *targets, size_t count) {
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all &= !(targets[i] < 0.0f) & !(targets[i] > 1.0f);
    return all;
}

static const struct dae_loss losses[] = {
    [DAE_LOSS_MSE] = {"mse", mse, NULL, false},
    [DAE_LOSS_MAE] = {"mae", mae, NULL, false},
    [DAE_LOSS_BCE] = {"bce", bce, bce_logits, true},
};

const struct dae_loss *dae_loss_get(int32_t loss) {
    return loss >= 0 && (size_t)loss < sizeof losses / sizeof *losses ? &losses[loss] : NULL;
}
