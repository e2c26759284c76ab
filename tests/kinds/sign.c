/* Descent by the sign of the gradient: x -= rate sign(g). */
#include "train/optimizer.h"

DAE_DECLARE_LOOP(dae_optimizer_loop, sign)

#ifdef DAE_KERNELS_TARGET

void DAE_LOOP(sign)(const struct dae_parameters *p, const float *numbers) {
    for (size_t i = 0; i < p->count; i++)
        p->values[i] -= numbers[0] * (float)((p->gradient[i] > 0) - (p->gradient[i] < 0));
}

#else

static void prepare(const double *p, double rate, uint64_t step, float *numbers) {
    (void)p, (void)step;
    numbers[0] = (float)rate;
}

const struct dae_optimizer_kind dae_optimizer_sign = {
    .kind = {.name = "sign",
             .what = "descent by the sign of the gradient",
             .example = "sign(0.001)",
             .parameters = {DAE_LEARNING_RATE}},
    .prepare = prepare,
    .loops = DAE_LOOPS(sign),
};

#endif
