/* Normal numbers, for one kind of processor: part of kernels_target.c.
 *
 * Box and Muller: radius sqrt(-2 ln u) and angle 2 pi v give two of them. What a logarithm takes long for are operations
 * that wait for each other, so several vectors of words, the chains, go through each step side by side. */
#ifndef DAE_MATH_NORMAL_H
#define DAE_MATH_NORMAL_H

#include "math/vector.h"

#define FOR_CHAINS \
    UNROLL         \
    for (size_t j = 0; j < chains; j++)

/* x = ln x, as dae_log() */
__attribute__((always_inline)) static inline void take_logarithms(native_t *x, const size_t chains) {
    static const float p[] = {1.287919111e-01f, -1.312530040e-01f, 1.418142166e-01f, -1.662496949e-01f,
                              2.000228246e-01f, -2.500079657e-01f, 3.333331678e-01f};
    native_t f[4], sum[4];
    native_words_t bits[4];
    FOR_CHAINS bits[j] = (native_words_t)x[j] - 0x3f3504f3u;
    FOR_CHAINS f[j] = (native_t)((bits[j] & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
    FOR_CHAINS sum[j] = f[j] * -7.865424686e-02f;
    UNROLL
    for (size_t i = 0; i < 6; i++)
        FOR_CHAINS {
            sum[j] = (sum[j] + p[i]) * f[j];
            HOLD(sum[j]);
        }
    FOR_CHAINS sum[j] = sum[j] + p[6];
    FOR_CHAINS {
        native_t e = FLOATS((native_integers_t)bits[j] >> 23), square = f[j] * f[j];
        x[j] = (square * f[j] * sum[j] + e * -2.12194440e-4f - 0.5f * square) + f[j] + e * 0.693359375f;
    }
}

/* sin and cos of 2 pi word / 2^32: the nearest quarter turn q, and x in [-1/2, 1/2] quarter turns from it */
__attribute__((always_inline)) static inline void turn(native_t *sine, native_t *cosine,
                                                       const native_words_t *words, const size_t chains) {
    native_t x[4], z[4], s[4], c[4];
    FOR_CHAINS x[j] = FLOATS((native_integers_t)(words[j] << 2)) * 0x1p-32f;
    FOR_CHAINS z[j] = x[j] * x[j];
    FOR_CHAINS s[j] = z[j] * -4.621995526e-03f + 7.968703848e-02f;
    FOR_CHAINS c[j] = z[j] * 9.082445492e-04f - 2.086215825e-02f;
    FOR_CHAINS s[j] = s[j] * z[j] - 6.459640201e-01f;
    FOR_CHAINS c[j] = c[j] * z[j] + 2.536694829e-01f;
    FOR_CHAINS s[j] = x[j] * z[j] * s[j] + x[j] * 1.570796327f;
    FOR_CHAINS c[j] = c[j] * z[j] - 1.233700551e+00f;
    FOR_CHAINS c[j] = c[j] * z[j] + 1.0f;
    FOR_CHAINS {
        native_words_t q = words[j] + 0x20000000u, next = q << 1;
        native_words_t swap = (native_words_t)((native_integers_t)next < 0); /* quarters 1 and 3 */
        swap &= (native_words_t)s[j] ^ (native_words_t)c[j];
        sine[j] = (native_t)((native_words_t)s[j] ^ swap ^ (q & 0x80000000u));
        cosine[j] = (native_t)((native_words_t)c[j] ^ swap ^ ((q ^ next) & 0x80000000u));
    }
}

/* Words (0, 1) and (2, 3) of NATIVE blocks, or of twice as many with 4 chains, into normal numbers in their place; word and
 * number k of a block stand k * stride behind the first. */
__attribute__((always_inline)) static inline void dae_normal(float *normal, const uint32_t *words,
                                                             const size_t stride, const size_t chains) {
    native_t radius[4], sine[4], cosine[4];
    native_words_t first[4], second[4];
    FOR_CHAINS LOAD(first[j], words + j % 2 * 2 * stride + j / 2 * NATIVE);
    FOR_CHAINS LOAD(second[j], words + (j % 2 * 2 + 1) * stride + j / 2 * NATIVE);
    FOR_CHAINS radius[j] = FLOATS((native_integers_t)(first[j] >> 1)) * 0x1p-31f;
    FOR_CHAINS radius[j] = radius[j] + 0x1p-32f;
    take_logarithms(radius, chains);
    FOR_CHAINS radius[j] = SQUARE_ROOT(radius[j] * -2.0f);
    turn(sine, cosine, second, chains);
    FOR_CHAINS cosine[j] = radius[j] * cosine[j];
    FOR_CHAINS sine[j] = radius[j] * sine[j];
    FOR_CHAINS STORE(normal + j % 2 * 2 * stride + j / 2 * NATIVE, cosine[j]);
    FOR_CHAINS STORE(normal + (j % 2 * 2 + 1) * stride + j / 2 * NATIVE, sine[j]);
}

#endif
