/* Adagrad: divides by the root of the sum of squares. */
#include "train/optimizer.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_optimizer_loop, adagrad)

enum { RATE, BESIDE }; /* numbers of a step */

/* A sum goes no further. */
#define MOST 1e37f

#ifdef DAE_KERNELS_TARGET

static void step(float *restrict w, float *restrict sum, const float *restrict g, size_t count, float rate,
                 float beside) {
    for (size_t i = 0; i < count; i++) {
        float grown = sum[i] + g[i] * g[i];
        sum[i] = grown < MOST ? grown : MOST;
        w[i] -= rate * g[i] / sqrtf(sum[i] + beside);
    }
}

void DAE_LOOP(adagrad)(const struct dae_parameters *p, const float *numbers) {
    step(p->values, p->slots[0], p->gradient, p->count, numbers[RATE], numbers[BESIDE]);
}

#else

static void prepare(const double *p, double rate, uint64_t step, float *numbers) {
    (void)step;
    numbers[RATE] = (float)rate;
    numbers[BESIDE] = (float)(p[1] + p[2]);
}

const struct dae_optimizer_kind dae_optimizer_adagrad = {
    .kind =
        {
            .name = "adagrad",
            .what = "divides by the root of the sum of squares",
            .example = "adagrad(0.01)",
            .parameters =
                {
                    DAE_LEARNING_RATE,
                    {"initial", "what the sum of squares starts from", DAE_TYPE_NUMBER, DAE_FLOAT, 0, 1e36,
                     "0.1"},
                    DAE_EPSILON("added to the sum of squares", "1e-07"),
                },
        },
    .slots = {{"sum", 0.0f, MOST, 0}},
    .prepare = prepare,
    .loops = DAE_LOOPS(adagrad),
};

#endif
