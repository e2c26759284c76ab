/* RMSprop, with momentum, centred or not. */
#include "train/optimizer.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_optimizer_loop, rmsprop)

enum { RATE, KEEP, TAKE, MOMENTUM, EPSILON, CENTERED }; /* numbers of a step */

#ifdef DAE_KERNELS_TARGET

static void step(float *restrict w, float *restrict v, float *restrict momentum, const float *restrict g,
                 size_t count, const float *n) {
    float rate = n[RATE], keep = n[KEEP], take = n[TAKE], share = n[MOMENTUM], epsilon = n[EPSILON];
    for (size_t i = 0; i < count; i++) {
        v[i] = keep * v[i] + take * (g[i] * g[i]);
        momentum[i] = share * momentum[i] + rate * g[i] / sqrtf(v[i] + epsilon);
        w[i] -= momentum[i];
    }
}

/* Likewise, by the variance. Of v - mean^2, float32 has no more than a millionth of v. */
static void step_by_variance(float *restrict w, float *restrict v, float *restrict momentum,
                             float *restrict mean, const float *restrict g, size_t count, const float *n) {
    float rate = n[RATE], keep = n[KEEP], take = n[TAKE], share = n[MOMENTUM], epsilon = n[EPSILON];
    for (size_t i = 0; i < count; i++) {
        v[i] = keep * v[i] + take * (g[i] * g[i]);
        mean[i] = keep * mean[i] + take * g[i];
        float variance = v[i] - mean[i] * mean[i], least = 0x1p-20f * v[i];
        variance = variance > least ? variance : least;
        momentum[i] = share * momentum[i] + rate * g[i] / sqrtf(variance + epsilon);
        w[i] -= momentum[i];
    }
}

void DAE_LOOP(rmsprop)(const struct dae_parameters *p, const float *numbers) {
    if (numbers[CENTERED] == 0)
        step(p->values, p->slots[0], p->slots[1], p->gradient, p->count, numbers);
    else
        step_by_variance(p->values, p->slots[0], p->slots[1], p->slots[2], p->gradient, p->count, numbers);
}

#else

enum { RHO = 1, MOMENTUM_OPTION, EPSILON_OPTION, CENTERED_OPTION };

static void prepare(const double *p, double rate, uint64_t step, float *numbers) {
    (void)step;
    numbers[RATE] = (float)rate;
    numbers[KEEP] = (float)p[RHO];
    numbers[TAKE] = (float)(1 - p[RHO]);
    numbers[MOMENTUM] = (float)p[MOMENTUM_OPTION];
    numbers[EPSILON] = (float)p[EPSILON_OPTION];
    numbers[CENTERED] = (float)p[CENTERED_OPTION];
}

/* |g| is at most 2^12 sqrt(v), or v is flushed to 0 and |g| below 1e-15, which is sqrt(epsilon) at the least;
 * a variance is no less than 2^-20 v. So a step adds at most 1e6 * 2^22 to the momentum, of which at most 1 -
 * 2^-24 is kept: 7e19. */
const struct dae_optimizer_kind dae_optimizer_rmsprop = {
    .kind =
        {
            .name = "rmsprop",
            .what = "divides by the root of a running mean of squares",
            .example = "rmsprop(1e-3)",
            .parameters =
                {
                    DAE_LEARNING_RATE,
                    DAE_KEPT_SHARE("rho", "share of the running means that is kept", "0.9"),
                    DAE_KEPT_SHARE("momentum", "share of the last change that is kept", "0"),
                    DAE_EPSILON("added to the mean of squares", "1e-07"),
                    {"centered", "whether the variance takes the place of the mean of squares", DAE_TYPE_FLAG,
                     .fallback = "no"},
                },
        },
    .slots = {{"v", 0.0f, 1.1e36f, 0},
              {"momentum", -1e20f, 1e20f, 0},
              {"mean", -1.1e18f, 1.1e18f, CENTERED_OPTION}},
    .prepare = prepare,
    .loops = DAE_LOOPS(rmsprop),
};

#endif
