/* y[n] = W[n,k] x[k] for one sample, without packing anything: part of kernels_target.c. */
#ifndef DAE_MATH_AFFINE_H
#define DAE_MATH_AFFINE_H

#include "math/vector.h"

#include <stddef.h>

/* Term i of a sum goes to lane i % LANES, and lanes are added pairwise, halves first: the same bits on every processor that
 * has fused multiply-adds, and wherever a unit is in its layer.
 *
 * The lanes of ROWS rows stay in registers, and with them BURST times LANES values of x: so much of a row is multiplied before
 * the next row's, because the second cache hands on faster what lies together. AHEAD values further on are fetched from there;
 * where vectors are shorter, the rows to come if those of now are over by then. */
#if defined(__AVX512F__)
enum { ROWS = 16, BURST = 8, AHEAD = 384 };
#else
enum { ROWS = NATIVE / 2, BURST = 1, AHEAD = 128 };
#endif
enum { CHUNKS = LANES / NATIVE, BURST_TERMS = BURST * LANES, SHORT_ROW = 256 };

/* Adds `burst` times LANES terms to the sums of rows that are k apart; `rows` and `burst` are constants. */
ALWAYS_INLINE void add_terms(native_t sum[][CHUNKS], const float *w, const float *x, size_t k, size_t ahead,
                             const size_t rows, const size_t burst) {
    native_t v[BURST * CHUNKS], row;
    UNROLL
    for (size_t c = 0; c < burst * CHUNKS; c++)
        LOAD(v[c], x + c * NATIVE);
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        const float *at = w + r * k;
        HOLD_ADDRESS(at);
        UNROLL
        for (size_t c = 0; c < burst * CHUNKS; c++) {
            LOAD(row, at + c * NATIVE);
            if (c % CHUNKS == 0)
                __builtin_prefetch(at + c * NATIVE + ahead);
            sum[r][c % CHUNKS] = FUSE(row, v[c], sum[r][c % CHUNKS]);
        }
    }
}

/* The first `count` of LANES values, and zeros. */
ALWAYS_INLINE void load_some(native_t v[CHUNKS], const float *from, size_t count) {
#ifdef __AVX512F__
    v[0] = _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
#else
    float values[LANES] = {0};
    memcpy(values, from, count * sizeof *from);
    memcpy(v, values, sizeof values);
#endif
}

/* Adds the last terms, `count` of them, fewer than LANES. */
ALWAYS_INLINE void add_rest(native_t sum[][CHUNKS], const float *w, const float *x, size_t k, size_t count,
                            const size_t rows) {
    native_t v[CHUNKS], row[CHUNKS];
    load_some(v, x, count);
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        load_some(row, w + r * k, count);
        UNROLL
        for (size_t c = 0; c < CHUNKS; c++)
            sum[r][c] = FUSE(row[c], v[c], sum[r][c]);
    }
}

/* The lanes of rows that are k apart. */
ALWAYS_INLINE void dot_rows(float lanes[][LANES], const float *w, const float *x, size_t k,
                            const size_t rows) {
    native_t sum[ROWS][CHUNKS];
    UNROLL
    for (size_t r = 0; r < rows; r++)
        UNROLL
    for (size_t c = 0; c < CHUNKS; c++)
        sum[r][c] = (native_t){0};
    size_t ahead = BURST == 1 && k <= SHORT_ROW ? ROWS * k : AHEAD, i = 0;
    for (; i + BURST_TERMS <= k; i += BURST_TERMS)
        add_terms(sum, w + i, x + i, k, ahead, rows, BURST);
    for (; i + LANES <= k; i += LANES)
        add_terms(sum, w + i, x + i, k, ahead, rows, 1);
    if (i < k)
        add_rest(sum, w + i, x + i, k, k - i, rows);
    memcpy(lanes, sum, rows * sizeof *lanes);
}

#if defined(__AVX512F__) && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLE
#endif
#endif

#ifdef HAS_SHUFFLE

/* Halves of lanes, in groups of 8, 4, 2 and 1, from two vectors: lower halves plus upper halves. */
#define FOLD8(a, b)                                                                          \
    (__builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) + \
     __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#define FOLD4(a, b)                                                                            \
    (__builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) + \
     __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31))
#define FOLD2(a, b)                                                                            \
    (__builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) + \
     __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31))
#define FOLD1(a, b)                                                                             \
    (__builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) + \
     __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31))

#endif

/* y[r] = the sum of the lanes of row r, for LANES rows at once. */
static inline void sum_rows(float *y, float lanes[LANES][LANES]) {
#ifdef HAS_SHUFFLE
    native_t v[LANES];
    memcpy(v, lanes, sizeof v);
    for (size_t i = 0; i < 8; i++)
        v[i] = FOLD8(v[2 * i], v[2 * i + 1]);
    for (size_t i = 0; i < 4; i++)
        v[i] = FOLD4(v[2 * i], v[2 * i + 1]);
    for (size_t i = 0; i < 2; i++)
        v[i] = FOLD2(v[2 * i], v[2 * i + 1]);
    v[0] = FOLD1(v[0], v[1]);
    memcpy(y, v, sizeof v[0]);
#else
    for (size_t half = LANES / 2; half > 1; half /= 2)
        for (size_t r = 0; r < LANES; r++)
            for (size_t i = 0; i < half; i++)
                lanes[r][i] += lanes[r][i + half];
    for (size_t r = 0; r < LANES; r++)
        y[r] = lanes[r][0] + lanes[r][1];
#endif
}

static void affine(float *y, const float *w, const float *x, size_t n, size_t k) {
    float lanes[LANES][LANES], sums[LANES];
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t r = 0; r < LANES; r += ROWS)
            dot_rows(lanes + r, w + (i + r) * k, x, k, ROWS);
        sum_rows(y + i, lanes);
    }
    if (i == n)
        return;
    memset(lanes, 0, sizeof lanes);
    for (size_t r = 0; i + r < n; r++)
        dot_rows(lanes + r, w + (i + r) * k, x, k, 1);
    sum_rows(sums, lanes);
    memcpy(y + i, sums, (n - i) * sizeof *y);
}

#endif
