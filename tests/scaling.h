/* What the suites about scaling have in common. */
#ifndef DAE_TESTS_SCALING_H
#define DAE_TESTS_SCALING_H

#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 24, SAMPLES = 70, TEXT = 400 };

static inline void has_scaling(const dae_model *model, const char *expected) {
    char text[TEXT];
    ok(dae_model_format_scaling(model, text, sizeof text, NULL));
    ck_assert_str_eq(text, expected);
}

/* The numbers of a scaling of all channels, and its peak. */
static inline void numbers_of(const dae_model *model, double *scale, double *offset, double *peak) {
    char text[TEXT], value[64];
    const char *const names[] = {"scale", "offset", "peak"};
    double *const numbers[] = {scale, offset, peak};
    ok(dae_model_format_scaling(model, text, sizeof text, NULL));
    for (size_t i = 0; i < 3; i++) {
        ok(dae_recipe_get("scaling", text, 0, names[i], value, sizeof value, NULL));
        *numbers[i] = strtod(value, NULL);
    }
}

static inline dae_model *dense_model(uint64_t seed, const char *output) {
    return model_from(seed, "input(%d) | dense(16, activation=relu) as code | dense(%d, activation=%s)", SIZE,
                      SIZE, output);
}

/* x times factor plus term, in double precision, to free(). */
static inline float *moved(const float *x, size_t count, double factor, double term) {
    float *y = must_have(count * sizeof *y);
    for (size_t i = 0; i < count; i++)
        y[i] = (float)((double)x[i] * factor + term);
    return y;
}

static inline float *samples(void) {
    return random_floats((size_t)SIZE * SAMPLES, 0, 1, 77);
}

/* Clean samples, and with Gaussian noise of a stddev. */
static inline dae_dataset *noisy(const float *x, double stddev) {
    char recipe[64];
    snprintf(recipe, sizeof recipe, "gaussian(%.17g)", stddev);
    return corrupted(array_dataset(x, SAMPLES, SIZE), recipe, DAE_NOISE_FRESH, 5);
}

#endif
