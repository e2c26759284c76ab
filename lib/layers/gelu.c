/* GELU (Hendrycks and Gimpel 2016), with P the normal distribution and p its density:
 *
 *     a(z) = z P(z),  a' = P + z p
 *
 * and its form with tanh: a(z) = z s(v), v = 2 sqrt(2 / pi) (z + 0.044715 z^3), s the sigmoid, because
 * 1/2 (1 + tanh(v / 2)) = s(v); a' = s + z s (1 - s) v'. Keras and PyTorch have both, and this default. */
#include "layers/activation.h"

#include <math.h>

DAE_DECLARE_LOOP(dae_apply_loop, gelu)
DAE_DECLARE_LOOP(dae_derive_loop, gelu_derive)

#ifdef DAE_KERNELS_TARGET

#include "math/elementary.h"

static inline float least(float a, float b) {
    return a < b ? a : b;
}

/* exp(x^2 / 2) P(-x) for x from 0 to 15, which is u q(u) with u = 1 / (1 + x / 4) to 1e-8 */
static inline float tail(float x) {
    double u = 1.0 / (1.0 + 0.25 * (double)x);
    double q = 1.717793030e-02;
    q = q * u - 6.612331687e-02;
    q = q * u + 5.970291306e-02;
    q = q * u + 1.737151061e-02;
    q = q * u + 2.222420050e-02;
    q = q * u + 8.136145110e-02;
    q = q * u + 7.390478264e-02;
    q = q * u + 9.508914575e-02;
    q = q * u + 9.954640032e-02;
    q = q * u + 9.974498713e-02;
    return (float)(u * q);
}

/* z P(z) from P(-|z|), which keeps its digits where it is small */
static inline float gelu(float z) {
    float size = least(fabsf(z), 15.0f);
    float part = dae_times_exp_of_double(size * tail(size), -0.5 * (double)size * (double)size);
    float above = z - part;
    float y = z < 0.0f ? -part : above;
    return z == z ? y : z;
}

static inline float gelu_slope(float z) {
    const float density = 0.398942280f; /* p(0) */
    float size = least(fabsf(z), 15.0f);
    float below = dae_times_exp_of_double(tail(size) - density * size, -0.5 * (double)size * (double)size);
    float above = 1.0f - below;
    float slope = z < 0.0f ? below : above;
    return z == z ? slope : z;
}

/* v for z from 0 on */
static inline double bend(float z) {
    double square = (double)z * (double)z;
    return 1.5957691216057308 * (double)z * (1.0 + 0.044715 * square);
}

/* As gelu(): from s(-v) = e / (1 + e), e = exp(-v) */
static inline float gelu_tanh(float z) {
    float size = least(fabsf(z), 12.0f);
    double v = bend(size);
    float part = dae_times_exp_of_double(size, -v) / (1.0f + dae_times_exp_of_double(1.0f, -v));
    float above = z - part;
    float y = z < 0.0f ? -part : above;
    return z == z ? y : z;
}

static inline float gelu_tanh_slope(float z) {
    float size = least(fabsf(z), 12.0f);
    float e = dae_times_exp_of_double(1.0f, -bend(size)), s = e / (1.0f + e);
    float below = s - size * s * (1.0f - s) * 1.59576912f * (1.0f + 0.134145f * size * size);
    float above = 1.0f - below;
    float slope = z < 0.0f ? below : above;
    return z == z ? slope : z;
}

void DAE_LOOP(gelu)(float *z, size_t count, float parameter) {
    if (parameter == 0.0f)
        for (size_t i = 0; i < count; i++)
            z[i] = gelu(z[i]);
    else
        for (size_t i = 0; i < count; i++)
            z[i] = gelu_tanh(z[i]);
}

void DAE_LOOP(gelu_derive)(float *d, const float *z, size_t count, float parameter) {
    if (parameter == 0.0f)
        for (size_t i = 0; i < count; i++)
            d[i] *= gelu_slope(z[i]);
    else
        for (size_t i = 0; i < count; i++)
            d[i] *= gelu_tanh_slope(z[i]);
}

#else

const struct dae_activation_kind dae_activation_gelu = {
    .kind = {.name = "gelu",
             .what = "a(z) = z P(z), P the normal distribution (Hendrycks and Gimpel 2016)",
             .example = "gelu",
             .parameters = {{.name = "tanh",
                             .what = "yes: its form with tanh",
                             .type = DAE_TYPE_FLAG,
                             .fallback = "no"}}},
    .derives_input = true,
    .singular = "GELU",
    .plural = "GELUs",
    .low = -0.17004075,
    .high = INFINITY,
    .apply = DAE_LOOPS(gelu),
    .derive = DAE_LOOPS(gelu_derive),
};

#endif
