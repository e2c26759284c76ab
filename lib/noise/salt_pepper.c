/* Salt and pepper, together or one of them: some values become high, some low. */
#include "noise/noise.h"

DAE_DECLARE_LOOP(dae_noise_loop, salt_pepper)
DAE_DECLARE_LOOP(dae_noise_loop, replace)

#ifdef DAE_KERNELS_TARGET

#include "math/draws.h"

/* NOLINTBEGIN(clang-analyzer-core.*): the analyzer does not divide, and holds n values to need no block */

void DAE_LOOP(salt_pepper)(float *x, size_t count, const double *p, struct dae_draw from) {
    uint32_t bits[4 * BLOCKS];
    float rate = (float)p[0], half = 0.5f * rate, low = (float)p[1], high = (float)p[2];
    FOR_STRIPS(x, count, from) {
        draw_strip(bits, n, from);
        for (size_t i = 0; i < n; i++) {
            float u = unit(bits[i]);
            float salted = u < rate ? high : x[i];
            x[i] = u < half ? low : salted;
        }
    }
}

void DAE_LOOP(replace)(float *x, size_t count, const double *p, struct dae_draw from) {
    uint32_t bits[4 * BLOCKS];
    float rate = (float)p[0], value = (float)p[1];
    FOR_STRIPS(x, count, from) {
        draw_strip(bits, n, from);
        for (size_t i = 0; i < n; i++)
            x[i] = unit(bits[i]) < rate ? value : x[i];
    }
}

/* NOLINTEND(clang-analyzer-core.*) */

#else

static const char *check(const struct dae_value *v) {
    return v[1].number > v[2].number ? "low <= high" : NULL;
}

const struct dae_noise_kind dae_noise_salt_pepper = {
    {
        .name = "salt_pepper",
        .what = "sets some values to low, and as many to high",
        .example = "salt_pepper(0.1, 0, 1)",
        .check = check,
        .parameters =
            {
                {"rate", "share of the values, both together", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1,
                 .of = DAE_DRAWN},
                {"low", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, .of = DAE_DRAWN},
                {"high", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .loops = DAE_LOOPS(salt_pepper),
};

const struct dae_noise_kind dae_noise_salt = {
    {
        .name = "salt",
        .what = "sets some values to high: where u < rate",
        .example = "salt(0.1, 1)",
        .parameters =
            {
                {"rate", "share of the values", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1, .of = DAE_DRAWN},
                {"high", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .loops = DAE_LOOPS(replace),
};

const struct dae_noise_kind dae_noise_pepper = {
    {
        .name = "pepper",
        .what = "sets some values to low: where u < rate",
        .example = "pepper(0.1, 0)",
        .parameters =
            {
                {"rate", "share of the values", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1, .of = DAE_DRAWN},
                {"low", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .loops = DAE_LOOPS(replace),
};

#endif
