/* Nadam: Adam with Nesterov's momentum. */
#include "train/adam.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_optimizer_loop, nadam)

enum { OF_M, OF_G, KEEP1, TAKE1, KEEP2, TAKE2, OF_V, EPSILON }; /* numbers of a step */

#ifdef DAE_KERNELS_TARGET

static void step(float *restrict w, float *restrict m, float *restrict v, const float *restrict g,
                 size_t count, const float *n) {
    float of_m = n[OF_M], of_g = n[OF_G], keep1 = n[KEEP1], take1 = n[TAKE1], keep2 = n[KEEP2],
          take2 = n[TAKE2], of_v = n[OF_V], epsilon = n[EPSILON];
    for (size_t i = 0; i < count; i++) {
        m[i] = keep1 * m[i] + take1 * g[i];
        v[i] = keep2 * v[i] + take2 * (g[i] * g[i]);
        w[i] -= (of_m * m[i] + of_g * g[i]) / (of_v * sqrtf(v[i]) + epsilon);
    }
}

void DAE_LOOP(nadam)(const struct dae_parameters *p, const float *numbers) {
    step(p->values, p->slots[0], p->slots[1], p->gradient, p->count, numbers);
}

#else

enum { MOMENTUM_DECAY = DAE_ADAM_OWN };

/* u(t) = beta1 (1 - 0.96^(t decay) / 2) */
static double momentum_at(const double *p, double t) {
    return p[DAE_ADAM_BETA1] * (1 - 0.5 * pow(0.96, t * p[MOMENTUM_DECAY]));
}

/* u(1) ... u(t). With q = 0.96^decay, the logarithm of the product of 1 - q^i / 2 is, by the series of ln(1 -
 * x), minus the sum over k of (q^k + ... + q^(k t)) / (k 2^k), of which each is a geometric series. */
static double momentum_product(const double *p, double t) {
    double log_q = log(0.96) * p[MOMENTUM_DECAY], sum = 0, half = 1;
    for (int k = 1; k <= 60; k++) {
        half *= 0.5;
        double series = log_q == 0 ? t : exp(k * log_q) * expm1(k * t * log_q) / expm1(k * log_q);
        sum += half / k * series;
    }
    return pow(p[DAE_ADAM_BETA1], t) * exp(-sum);
}

static void prepare(const double *p, double rate, uint64_t step, float *numbers) {
    double beta1 = p[DAE_ADAM_BETA1], beta2 = p[DAE_ADAM_BETA2], t = (double)step;
    double now = momentum_at(p, t), next = momentum_at(p, t + 1), product = momentum_product(p, t);
    numbers[OF_M] = (float)(rate * next / (1 - product * next));
    numbers[OF_G] = (float)(rate * (1 - now) / (1 - product));
    numbers[KEEP1] = (float)beta1;
    numbers[TAKE1] = (float)(1 - beta1);
    numbers[KEEP2] = (float)beta2;
    numbers[TAKE2] = (float)(1 - beta2);
    numbers[OF_V] = (float)(1 / sqrt(1 - pow(beta2, t)));
    numbers[EPSILON] = (float)p[DAE_ADAM_EPSILON];
}

/* The share of m in a step is at most that of Adam, and the divisor is no less. */
const struct dae_optimizer_kind dae_optimizer_nadam = {
    .kind =
        {
            .name = "nadam",
            .what = "Adam with Nesterov's momentum",
            .example = "nadam(1e-3)",
            .check = dae_adam_check,
            .parameters = {DAE_ADAM_OPTIONS,
                           {"momentum_decay", "how fast the share of m grows to beta1", DAE_TYPE_NUMBER, 0, 0,
                            1000, "1"}},
        },
    .slots = {DAE_ADAM_SLOTS},
    .prepare = prepare,
    .loops = DAE_LOOPS(nadam),
    .is_safe = dae_adam_is_safe,
};

#endif
