#include "train/loss.h"
#include "math/kernels.h"

#include <dae/trainer.h>

static double mse(float *a, const float *t, size_t count, float scale) {
    return dae_kernels()->loss_mse(a, t, count, scale);
}

static double mae(float *a, const float *t, size_t count, float scale) {
    return dae_kernels()->loss_mae(a, t, count, scale);
}

static double bce(float *a, const float *t, size_t count, float scale) {
    return dae_kernels()->loss_bce(a, t, count, scale);
}

static double bce_logits(float *z, const float *t, size_t count, float scale) {
    return dae_kernels()->loss_bce_logits(z, t, count, scale);
}

static const struct dae_loss losses[] = {
    [DAE_LOSS_MSE] = {"mse", mse, NULL, false},
    [DAE_LOSS_MAE] = {"mae", mae, NULL, false},
    [DAE_LOSS_BCE] = {"bce", bce, bce_logits, true},
};

const struct dae_loss *dae_loss_get(int32_t loss) {
    return loss >= 0 && (size_t)loss < sizeof losses / sizeof *losses ? &losses[loss] : NULL;
}
