/* Adadelta: steps as large as changes have been. */
#include "train/optimizer.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_optimizer_loop, adadelta)

enum { RATE, KEEP, TAKE, EPSILON }; /* numbers of a step */

/* Where squares of changes end: those of gradients of all sizes, one after the other, could grow for ever. */
#define MOST 1e20f

#ifdef DAE_KERNELS_TARGET

static void step(float *restrict w, float *restrict v, float *restrict changes, const float *restrict g,
                 size_t count, const float *n) {
    float rate = n[RATE], keep = n[KEEP], take = n[TAKE], epsilon = n[EPSILON];
    for (size_t i = 0; i < count; i++) {
        v[i] = keep * v[i] + take * (g[i] * g[i]);
        float change = sqrtf(changes[i] + epsilon) / sqrtf(v[i] + epsilon) * g[i];
        float grown = keep * changes[i] + take * (change * change);
        changes[i] = grown < MOST ? grown : MOST;
        w[i] -= rate * change;
    }
}

void DAE_LOOP(adadelta)(const struct dae_parameters *p, const float *numbers) {
    step(p->values, p->slots[0], p->slots[1], p->gradient, p->count, numbers);
}

#else

static void prepare(const double *p, double rate, uint64_t step, float *numbers) {
    (void)step;
    numbers[RATE] = (float)rate;
    numbers[KEEP] = (float)p[1];
    numbers[TAKE] = (float)(1 - p[1]);
    numbers[EPSILON] = (float)p[2];
}

/* A change is at most 1e10 |g| / sqrt(v), and |g| at most 2^12 sqrt(v); or v is flushed to 0, and |g| below
 * 1e-15. */
const struct dae_optimizer_kind dae_optimizer_adadelta = {
    .kind =
        {
            .name = "adadelta",
            .what = "steps as large as changes have been, by running means of squares",
            .example = "adadelta(1)",
            .parameters =
                {
                    DAE_LEARNING_RATE,
                    DAE_KEPT_SHARE("rho", "share of the running means that is kept", "0.95"),
                    DAE_EPSILON("added to both means of squares", "1e-07"),
                },
        },
    .slots = {{"v", 0.0f, 1.1e36f, 0}, {"changes", 0.0f, MOST, 0}},
    .prepare = prepare,
    .loops = DAE_LOOPS(adadelta),
};

#endif
