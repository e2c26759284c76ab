/* Stochastic gradient descent, with momentum. */
#include "train/optimizer.h"

DAE_DECLARE_LOOP(dae_optimizer_loop, sgd)

enum { RATE, MOMENTUM, NESTEROV }; /* numbers of a step */

#ifdef DAE_KERNELS_TARGET

static void descend(float *restrict w, const float *restrict g, size_t count, float rate) {
    for (size_t i = 0; i < count; i++)
        w[i] -= rate * g[i];
}

static void descend_with_momentum(float *restrict w, float *restrict v, const float *restrict g, size_t count,
                                  float rate, float momentum, bool nesterov) {
    for (size_t i = 0; i < count; i++) {
        v[i] = momentum * v[i] - rate * g[i];
        w[i] += nesterov ? momentum * v[i] - rate * g[i] : v[i];
    }
}

void DAE_LOOP(sgd)(const struct dae_parameters *p, const float *numbers) {
    if (numbers[MOMENTUM] == 0)
        descend(p->values, p->gradient, p->count, numbers[RATE]);
    else
        descend_with_momentum(p->values, p->slots[0], p->gradient, p->count, numbers[RATE], numbers[MOMENTUM],
                              numbers[NESTEROV] != 0);
}

#else

static void prepare(const double *p, double rate, uint64_t step, float *numbers) {
    (void)step;
    numbers[RATE] = (float)rate;
    numbers[MOMENTUM] = (float)p[1];
    numbers[NESTEROV] = (float)p[2];
}

/* A step adds at most 1e6 * 1e18 to the velocity (step.c), and momentum is at most 1 - 2^-24, which makes
 * 1.7e31; a little more for rounding. */
const struct dae_optimizer_kind dae_optimizer_sgd = {
    .kind =
        {
            .name = "sgd",
            .what = "stochastic gradient descent, with momentum",
            .example = "sgd(0.1, momentum=0.9)",
            .parameters =
                {
                    DAE_LEARNING_RATE,
                    DAE_KEPT_SHARE("momentum", "share of the velocity that is kept", "0"),
                    {"nesterov", "whether to look ahead by the velocity", DAE_TYPE_FLAG, DAE_DIGIT,
                     .fallback = "0"},
                },
        },
    .slots = {{"velocity", -1e32f, 1e32f}},
    .prepare = prepare,
    .loops = DAE_LOOPS(sgd),
};

#endif
