/* Elementary functions in float32, written for vector code: no branches, no tables, no calls.
 *
 * The polynomials were fitted by weighted least squares to near minimax error; in double precision their
 * errors are below 1e-8, so what remains is float32 rounding. */
#ifndef DAE_MATH_ELEMENTARY_H
#define DAE_MATH_ELEMENTARY_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t dae_bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float dae_float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ln x for normal x > 0: x = 2^e m, m in [sqrt(1/2), sqrt(2)), ln m = f - f^2/2 + f^3 p(f), f = m - 1 */
static inline float dae_log(float x) {
    const uint32_t sqrt_half = 0x3f3504f3u;
    uint32_t bits = dae_bits_of(x) - sqrt_half;
    float e = (float)((int32_t)bits >> 23);
    float f = dae_float_of((bits & 0x007fffffu) + sqrt_half) - 1.0f;
    float p = -7.865424686e-02f;
    p = p * f + 1.287919111e-01f;
    p = p * f - 1.312530040e-01f;
    p = p * f + 1.418142166e-01f;
    p = p * f - 1.662496949e-01f;
    p = p * f + 2.000228246e-01f;
    p = p * f - 2.500079657e-01f;
    p = p * f + 3.333331678e-01f;
    float square = f * f;
    /* ln 2 in two parts: e times the first is exact */
    return (square * f * p + e * -2.12194440e-4f - 0.5f * square) + f + e * 0.693359375f;
}

/* x = n ln 2 + r, |r| up to ln 2 / 2, for |x| up to 120 */
static inline float dae_exp_reduce(float x, int32_t *n) {
    float shifted = x * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds to the nearest whole number */
    *n = (int32_t)dae_bits_of(shifted) - 0x4b400000;
    float whole = shifted - 12582912.0f;
    return (x - whole * 0.693359375f) - whole * -2.12194440e-4f;
}

/* exp r - 1 = r + r^2 p(r) for |r| up to ln 2 / 2 */
static inline float dae_exp_less_1(float r) {
    float p = 1.990886529e-04f;
    p = p * r + 1.393442973e-03f;
    p = p * r + 8.333284196e-03f;
    p = p * r + 4.166645853e-02f;
    p = p * r + 1.666666676e-01f;
    p = p * r + 5.000000014e-01f;
    return r * r * p + r;
}

/* 2^n for n from -126 to 127 */
static inline float dae_power_of_2(int32_t n) {
    return dae_float_of((uint32_t)(n + 127) << 23);
}

/* x 2^n for n from -252 to 254: in two steps, so that a large x keeps its digits where 2^n is no float */
static inline float dae_scale(float x, int32_t n) {
    return x * dae_power_of_2(n >> 1) * dae_power_of_2(n - (n >> 1));
}

/* exp x for |x| up to 87; beyond, that of +-87 */
static inline float dae_exp(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 87.0f ? 87.0f : x;
    int32_t n;
    float r = dae_exp_reduce(x, &n);
    return (dae_exp_less_1(r) + 1.0f) * dae_power_of_2(n);
}

/* a exp x for x from -120 to 87, also where exp x alone would be no float */
static inline float dae_times_exp(float a, float x) {
    int32_t n;
    float r = dae_exp_reduce(x, &n);
    return dae_scale(a * (dae_exp_less_1(r) + 1.0f), n);
}

/* The same for an x of more digits. */
static inline float dae_times_exp_of_double(float a, double x) {
    int32_t n;
    float high = (float)x, r = dae_exp_reduce(high, &n) + (float)(x - (double)high);
    return dae_scale(a * (dae_exp_less_1(r) + 1.0f), n);
}

/* exp x - 1 for x <= 0: 2^n (exp r - 1) + (2^n - 1) */
static inline float dae_exp_minus_1(float x) {
    x = x < -87.0f ? -87.0f : x;
    int32_t n;
    float r = dae_exp_reduce(x, &n), power = dae_power_of_2(n);
    return dae_exp_less_1(r) * power + (power - 1.0f);
}

/* 1 / (1 + exp(-z)); NaN stays NaN */
static inline float dae_sigmoid(float z) {
    float y = 1.0f / (1.0f + dae_exp(-z));
    return z == z ? y : z;
}

/* tanh z = z + z^3 p(z^2) near 0, else 1 - 2 / (exp(2 |z|) + 1) with the sign of z */
static inline float dae_tanh(float z) {
    float square = z * z;
    float p = -6.113180956e-03f;
    p = p * square + 2.101007224e-02f;
    p = p * square - 5.385406711e-02f;
    p = p * square + 1.333279452e-01f;
    p = p * square - 3.333332925e-01f;
    float near = z + z * square * p;
    float size = fabsf(z);
    float far = 1.0f - 2.0f / (dae_exp(2.0f * size) + 1.0f);
    far = z < 0.0f ? -far : far;
    float y = size < 0.625f ? near : far;
    return z == z ? y : z;
}

/* ln(1 + e) for e from 0 to 1: with u the rounded 1 + e, ln u + (e - (u - 1)) / u mends the rounding */
static inline float dae_log_1_plus(float e) {
    float u = 1.0f + e;
    return dae_log(u) + (e - (u - 1.0f)) / u;
}

/* ln(1 + exp(-x)) for x >= 0 */
static inline float dae_log1p_exp_minus(float x) {
    float y = dae_log_1_plus(dae_exp(-x));
    return x == x ? y : x;
}

#endif
