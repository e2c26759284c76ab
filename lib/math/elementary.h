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

/* exp x for |x| up to 87; beyond, that of +-87: x = n ln 2 + r, exp r = 1 + r + r^2 p(r) */
static inline float dae_exp(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 87.0f ? 87.0f : x;
    float shifted = x * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds to the nearest whole number */
    int32_t n = (int32_t)dae_bits_of(shifted) - 0x4b400000;
    float whole = shifted - 12582912.0f;
    float r = (x - whole * 0.693359375f) - whole * -2.12194440e-4f;
    float p = 1.990886529e-04f;
    p = p * r + 1.393442973e-03f;
    p = p * r + 8.333284196e-03f;
    p = p * r + 4.166645853e-02f;
    p = p * r + 1.666666676e-01f;
    p = p * r + 5.000000014e-01f;
    float result = (r * r * p + r) + 1.0f;
    return result * dae_float_of((uint32_t)(n + 127) << 23);
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

/* ln(1 + exp(-x)) for x >= 0: with u the rounded 1 + e, ln u + (e - (u - 1)) / u mends the rounding */
static inline float dae_log1p_exp_minus(float x) {
    float e = dae_exp(-x);
    float u = 1.0f + e;
    float y = dae_log(u) + (e - (u - 1.0f)) / u;
    return x == x ? y : x;
}

#endif
