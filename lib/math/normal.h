/* Normal numbers, for one kind of processor: part of kernels_target.c.
 *
 * Box and Muller: radius sqrt(-2 ln u) and angle 2 pi v give two of them. What both take long for are
 * operations that wait for each other, so several vectors of words, the chains, go through each step side by
 * side; and radii come first, for all words, as a processor looks only so far ahead. Value j of a word stands
 * j * stride after that of word 0. */
#ifndef DAE_MATH_NORMAL_H
#define DAE_MATH_NORMAL_H

#include "math/vector.h"

#define FOR_CHAINS \
    UNROLL         \
    for (size_t j = 0; j < chains; j++)

/* Where the words of chain j stand: two chains for words 0 and 2 of NATIVE blocks, or for 1 and 3 of them. */
#define CHAIN(j) ((j) % 2 * 2 * stride + (j) / 2 * NATIVE)

/* -2 ln u, the squares of radii, from words 0 and 2: u = (word / 2 + 1/2) / 2^31. By the steps of dae_log(),
 * of which those that only change a sign or a power of two are left out: with h = 1 - m for u = 2^e m, -2 ln
 * u = -2 e ln 2 + 2 h + h^2 + 2 h^3 (1/3 + h/4 + ...) */
ALWAYS_INLINE void dae_squared_radii(float *squares, const uint32_t *words, const size_t stride,
                                     const size_t chains) {
    static const float p[] = {2.575838222e-01f, 2.625060080e-01f, 2.836284332e-01f, 3.324993898e-01f,
                              4.000456492e-01f, 5.000159314e-01f, 6.666663356e-01f};
    native_t x[4], h[4], sum[4];
    native_words_t bits[4];
    FOR_CHAINS LOAD(bits[j], words + CHAIN(j));
    FOR_CHAINS x[j] = FLOATS((native_integers_t)(bits[j] >> 1)) + 0.5f;
    FOR_CHAINS bits[j] = (native_words_t)x[j] - (0x3f3504f3u + (31u << 23));
    FOR_CHAINS h[j] = 1.0f - (native_t)((bits[j] & 0x007fffffu) + 0x3f3504f3u);
    FOR_CHAINS sum[j] = h[j] * 1.573084937e-01f;
    UNROLL
    for (size_t i = 0; i < 6; i++)
        FOR_CHAINS {
            sum[j] = (sum[j] + p[i]) * h[j];
            HOLD(sum[j]);
        }
    FOR_CHAINS sum[j] = sum[j] + p[6];
    FOR_CHAINS {
        native_t e = FLOATS((native_integers_t)bits[j] >> 23), square = h[j] * h[j];
        x[j] = square * h[j] * sum[j] + e * 4.24388880e-4f + square + (h[j] + h[j]) - e * 1.38671875f;
    }
    FOR_CHAINS STORE(squares + CHAIN(j), x[j]);
}

/* sin and cos of 2 pi word / 2^32: the nearest quarter turn q, and x in [-1/2, 1/2] quarter turns from it */
ALWAYS_INLINE void turn(native_t *sine, native_t *cosine, const native_words_t *words, const size_t chains) {
    native_t x[2], z[2], s[2], c[2];
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

/* Normal numbers from words 1 and 3 of NATIVE blocks and the squares of radii, which stand where those of
 * words 0 and 2 are to stand. */
ALWAYS_INLINE void dae_normal(float *normal, const uint32_t *words, const size_t stride) {
    const size_t chains = 2;
    native_t radius[2], sine[2], cosine[2];
    native_words_t angle[2];
    FOR_CHAINS LOAD(angle[j], words + stride + CHAIN(j));
    FOR_CHAINS LOAD(radius[j], normal + CHAIN(j));
    FOR_CHAINS radius[j] = SQUARE_ROOT(radius[j]);
    turn(sine, cosine, angle, chains);
    FOR_CHAINS cosine[j] = radius[j] * cosine[j];
    FOR_CHAINS sine[j] = radius[j] * sine[j];
    FOR_CHAINS STORE(normal + CHAIN(j), cosine[j]);
    FOR_CHAINS STORE(normal + stride + CHAIN(j), sine[j]);
}

#endif
