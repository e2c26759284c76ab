/* Adam, with epsilon where Keras has it, and AdamW. */
#include "train/adam.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_optimizer_loop, adam)

enum { RATE, KEEP1, TAKE1, KEEP2, TAKE2, EPSILON, KEEP_W, GREATEST }; /* numbers of a step */

#ifdef DAE_KERNELS_TARGET

static void step(float *restrict w, float *restrict m, float *restrict v, const float *restrict g,
                 size_t count, const float *n) {
    float rate = n[RATE], keep1 = n[KEEP1], take1 = n[TAKE1], keep2 = n[KEEP2], take2 = n[TAKE2],
          epsilon = n[EPSILON], keep_w = n[KEEP_W];
    for (size_t i = 0; i < count; i++) {
        m[i] = keep1 * m[i] + take1 * g[i];
        v[i] = keep2 * v[i] + take2 * (g[i] * g[i]);
        w[i] = keep_w * w[i] - rate * m[i] / (sqrtf(v[i]) + epsilon);
    }
}

/* Likewise, by the greatest v that has been. */
static void step_by_greatest(float *restrict w, float *restrict m, float *restrict v,
                             float *restrict greatest, const float *restrict g, size_t count,
                             const float *n) {
    float rate = n[RATE], keep1 = n[KEEP1], take1 = n[TAKE1], keep2 = n[KEEP2], take2 = n[TAKE2],
          epsilon = n[EPSILON], keep_w = n[KEEP_W];
    for (size_t i = 0; i < count; i++) {
        m[i] = keep1 * m[i] + take1 * g[i];
        v[i] = keep2 * v[i] + take2 * (g[i] * g[i]);
        greatest[i] = v[i] > greatest[i] ? v[i] : greatest[i];
        w[i] = keep_w * w[i] - rate * m[i] / (sqrtf(greatest[i]) + epsilon);
    }
}

void DAE_LOOP(adam)(const struct dae_parameters *p, const float *numbers) {
    if (numbers[GREATEST] == 0)
        step(p->values, p->slots[0], p->slots[1], p->gradient, p->count, numbers);
    else
        step_by_greatest(p->values, p->slots[0], p->slots[1], p->slots[2], p->gradient, p->count, numbers);
}

#else

enum { AMSGRAD = DAE_ADAM_OWN, WEIGHT_DECAY = DAE_ADAM_OWN, AMSGRAD_OF_ADAMW }; /* options */

static void prepare_adam(const double *p, double rate, uint64_t step, float *numbers) {
    double beta1 = p[DAE_ADAM_BETA1], beta2 = p[DAE_ADAM_BETA2], t = (double)step;
    numbers[RATE] = (float)(rate * sqrt(1 - pow(beta2, t)) / (1 - pow(beta1, t)));
    numbers[KEEP1] = (float)beta1;
    numbers[TAKE1] = (float)(1 - beta1);
    numbers[KEEP2] = (float)beta2;
    numbers[TAKE2] = (float)(1 - beta2);
    numbers[EPSILON] = (float)p[DAE_ADAM_EPSILON];
    numbers[KEEP_W] = 1;
    numbers[GREATEST] = (float)p[AMSGRAD];
}

static void prepare_adamw(const double *p, double rate, uint64_t step, float *numbers) {
    prepare_adam(p, rate, step, numbers);
    numbers[KEEP_W] = (float)fmax(1 - rate * p[WEIGHT_DECAY], 0);
    numbers[GREATEST] = (float)p[AMSGRAD_OF_ADAMW];
}

const char *dae_adam_check(const struct dae_value *v) {
    double beta1 = v[DAE_ADAM_BETA1].number, beta2 = v[DAE_ADAM_BETA2].number;
    return beta1 * beta1 <= beta2 || v[DAE_ADAM_EPSILON].number >= 1e-11 /* 1e6 * 1.1e18 / 1e-11 is finite */
               ? NULL
               : "beta1^2 <= beta2 or an epsilon of at least 1e-11, so that steps stay finite";
}

/* A step takes rate m / (sqrt(v) + epsilon) away, which must not overflow now, nor when v has died away
 * before m.
 *
 * Either epsilon alone bounds it; or m is no more than v allows, and dies away no later than sqrt(v) does. In
 * training, |m| is at most a few sqrt(v) then; v below 1e-38 is flushed to 0. */
bool dae_adam_is_safe(const double *p, uint64_t steps, float *const *slots, size_t count) {
    const double most = 1e36, ratio = 1e11, least = 1e-19;
    double beta1 = p[DAE_ADAM_BETA1], beta2 = p[DAE_ADAM_BETA2];
    double rate = DAE_MAX_RATE / (1 - pow(beta1, (double)steps + 1)),
           m_most = most * p[DAE_ADAM_EPSILON] / rate;
    bool together = beta1 * beta1 <= beta2;
    if ((double)DAE_ADAM_M_MOST <= m_most)
        return true;
    for (size_t i = 0; i < count; i++) {
        double m = fabs((double)slots[0][i]);
        if (m > m_most && !(together && m <= ratio * (sqrt((double)slots[1][i]) + least)))
            return false;
    }
    return true;
}

#define AMSGRAD_PARAMETER(since)                                                                      \
    {                                                                                                 \
        "amsgrad", "whether the greatest v that has been takes the place of v", DAE_TYPE_FLAG, since, \
            .fallback = "no"                                                                          \
    }

const struct dae_optimizer_kind dae_optimizer_adam = {
    .kind =
        {
            .name = "adam",
            .what = "Adam, with epsilon where Keras has it",
            .example = "adam(1e-3)",
            .check = dae_adam_check,
            .parameters = {DAE_ADAM_OPTIONS, AMSGRAD_PARAMETER(DAE_LATER)},
        },
    .slots = {DAE_ADAM_SLOTS, {"greatest", 0.0f, DAE_ADAM_V_MOST, AMSGRAD}},
    .prepare = prepare_adam,
    .loops = DAE_LOOPS(adam),
    .is_safe = dae_adam_is_safe,
};

const struct dae_optimizer_kind dae_optimizer_adamw = {
    .kind =
        {
            .name = "adamw",
            .what = "Adam with decoupled weight decay",
            .example = "adamw(1e-3, weight_decay=0.01)",
            .check = dae_adam_check,
            .parameters =
                {
                    DAE_ADAM_OPTIONS,
                    {"weight_decay", "share of the rate by which parameters shrink in a step",
                     DAE_TYPE_NUMBER, DAE_FLOAT, 0, INFINITY, "0.004"},
                    AMSGRAD_PARAMETER(0),
                },
        },
    .slots = {DAE_ADAM_SLOTS, {"greatest", 0.0f, DAE_ADAM_V_MOST, AMSGRAD_OF_ADAMW}},
    .prepare = prepare_adamw,
    .loops = DAE_LOOPS(adam),
    .is_safe = dae_adam_is_safe,
};

#endif
