/* Y[b,n] = X[b,k] W[n,k]^T for few samples, without packing anything: part of kernels_target.c. */
#ifndef DAE_MATH_AFFINE_H
#define DAE_MATH_AFFINE_H

#include "math/vector.h"

#include <stddef.h>

/* Term i of a sum goes to lane i % LANES, and lanes are added pairwise, halves first: the same bits on every
 * processor that has fused multiply-adds, wherever a unit is in its layer and a sample in its batch.
 *
 * LANES sums are made together: those of `rows` rows and of `samples` samples, of which sum s * rows + r is
 * that of sample s and row r. Registers hold the lanes of GROUP of them, and BURST vectors of a sample: so
 * much of a row is multiplied before the next row's, because the second cache hands on faster what lies
 * together. AHEAD values further on are fetched from there; where bursts are short, the rows to come if those
 * of now are over by then. */
#if defined(__AVX512F__)
enum { GROUP = LANES, SAMPLES = 4, BURST = 8, AHEAD = 384 };
#else
enum { GROUP = NATIVE / 2, SAMPLES = 2, BURST = 1, AHEAD = 128 };
#endif
enum { CHUNKS = LANES / NATIVE, MOST_SAMPLES = 4, SHORT_ROW = 256 };

#define ADD_TERM(s) (sum[(s)*rows + r][chunk] = FUSE(row, v[s][c], sum[(s)*rows + r][chunk]))

/* Adds `burst` vectors of terms to vector `chunk` of the lanes of rows and samples that are k apart. */
ALWAYS_INLINE void add_terms(native_t sum[][CHUNKS], const size_t chunk, const float *w, const float *x,
                             size_t k, size_t ahead, const size_t rows, const size_t samples,
                             const size_t burst) {
    native_t v[MOST_SAMPLES][BURST], row;
    UNROLL
    for (size_t s = 0; s < samples; s++)
        UNROLL
    for (size_t c = 0; c < burst; c++) {
        LOAD(v[s][c], x + s * k + c * NATIVE);
        if (BURST == 1)
            HOLD(v[s][c]);
    }
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        const float *at = w + r * k;
        HOLD_ADDRESS(at);
        UNROLL
        for (size_t c = 0; c < burst; c++) {
            LOAD(row, at + c * NATIVE);
            if (chunk == 0)
                __builtin_prefetch(at + c * NATIVE + ahead);
            ADD_TERM(0); /* not a loop: clang would keep the sums in memory */
            if (samples > 1)
                ADD_TERM(1);
            if (samples > 2) {
                ADD_TERM(2);
                ADD_TERM(3);
            }
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
                            const size_t rows, const size_t samples) {
    native_t v[MOST_SAMPLES][CHUNKS], row[CHUNKS];
    UNROLL
    for (size_t s = 0; s < samples; s++)
        load_some(v[s], x + s * k, count);
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        load_some(row, w + r * k, count);
        UNROLL
        for (size_t s = 0; s < samples; s++)
            UNROLL
        for (size_t c = 0; c < CHUNKS; c++) {
            native_t *to = &sum[s * rows + r][c];
            *to = FUSE(row[c], v[s][c], *to);
        }
    }
}

/* The lanes of a group; those of a sample lie `stride` after those of the one before. */
ALWAYS_INLINE void dot(native_t lanes[][CHUNKS], size_t stride, const float *w, const float *x, size_t k,
                       const size_t rows, const size_t samples) {
    native_t sum[GROUP][CHUNKS];
    const size_t burst = samples < MOST_SAMPLES ? BURST : BURST / MOST_SAMPLES, terms = burst * LANES;
    UNROLL
    for (size_t i = 0; i < rows * samples; i++)
        UNROLL
    for (size_t c = 0; c < CHUNKS; c++)
        sum[i][c] = (native_t){0};
    size_t ahead = BURST == 1 && k <= SHORT_ROW ? rows * k : AHEAD, i = 0;
    for (; i + terms <= k; i += terms)
        UNROLL
    for (size_t c = 0; c < CHUNKS; c++)
        add_terms(sum, c, w + i + c * NATIVE, x + i + c * NATIVE, k, ahead, rows, samples, burst);
    for (; i + LANES <= k; i += LANES)
        UNROLL
    for (size_t c = 0; c < CHUNKS; c++)
        add_terms(sum, c, w + i + c * NATIVE, x + i + c * NATIVE, k, ahead, rows, samples, 1);
    if (i < k)
        add_rest(sum, w + i, x + i, k, k - i, rows, samples);
    UNROLL
    for (size_t s = 0; s < samples; s++)
        UNROLL
    for (size_t r = 0; r < rows; r++)
        memcpy(lanes[s * stride + r], sum[s * rows + r], sizeof *lanes);
}

/* Of each quad of a and of b: lower pairs plus upper pairs, even values plus odd ones. */
#if defined(__AVX512F__)
#define FOLD(a, b, low, high) (_mm512_shuffle_ps(a, b, low) + _mm512_shuffle_ps(a, b, high))
#elif defined(HAS_AVX2)
#define FOLD(a, b, low, high) (_mm256_shuffle_ps(a, b, low) + _mm256_shuffle_ps(a, b, high))
#endif
#ifdef FOLD
#define FOLD_PAIRS(a, b) FOLD(a, b, 0x44, 0xEE)
#define FOLD_ONES(a, b)  FOLD(a, b, 0x88, 0xDD)
#else
#define FOLD_PAIRS(a, b) (CHOOSE(a, b, 0, 1, 4, 5) + CHOOSE(a, b, 2, 3, 6, 7))
#define FOLD_ONES(a, b)  (CHOOSE(a, b, 0, 2, 4, 6) + CHOOSE(a, b, 1, 3, 5, 7))
#endif

/* Lower halves plus upper halves, of a and of b, in quads. */
#if defined(__AVX512F__)
#define FOLD_HALVES(a, b)   (_mm512_shuffle_f32x4(a, b, 0x44) + _mm512_shuffle_f32x4(a, b, 0xEE))
#define FOLD_QUARTERS(a, b) (_mm512_shuffle_f32x4(a, b, 0x88) + _mm512_shuffle_f32x4(a, b, 0xDD))
#elif defined(HAS_AVX2)
#define FOLD_QUARTERS(a, b) (_mm256_permute2f128_ps(a, b, 0x20) + _mm256_permute2f128_ps(a, b, 0x31))
#endif

/* NATIVE sums from their lanes: two vectors at a time become one, until one is left, of which quad q has come
 * from vectors q, q + QUADS, q + 2 QUADS and q + 3 QUADS. */
ALWAYS_INLINE void fold(float *sums, native_t lanes[NATIVE][CHUNKS]) {
    enum { QUADS = NATIVE / 4 };
    native_t v[NATIVE];
    UNROLL
    for (size_t i = 0; i < NATIVE; i++) {
        native_t *from = lanes[i % QUADS * 4 + i / QUADS];
        v[i] = CHUNKS == 1 ? from[0] : from[0] + from[CHUNKS / 2];
        if (CHUNKS == 4)
            v[i] = v[i] + (from[1] + from[CHUNKS - 1]);
    }
#ifdef FOLD_HALVES
    UNROLL
    for (size_t i = 0; i < 8; i++)
        v[i] = FOLD_HALVES(v[2 * i], v[2 * i + 1]);
#endif
#ifdef FOLD_QUARTERS
    UNROLL
    for (size_t i = 0; i < 4; i++)
        v[i] = FOLD_QUARTERS(v[2 * i], v[2 * i + 1]);
#endif
    v[0] = FOLD_ONES(FOLD_PAIRS(v[0], v[1]), FOLD_PAIRS(v[2], v[3]));
    STORE(sums, v[0]);
}

ALWAYS_INLINE void add_lanes(float sums[LANES], native_t lanes[LANES][CHUNKS]) {
    UNROLL
    for (size_t i = 0; i < LANES; i += NATIVE)
        fold(sums + i, lanes + i);
}

ALWAYS_INLINE void affine_some(float *y, const float *w, const float *x, size_t n, size_t k,
                               const size_t samples) {
    const size_t rows = LANES / samples, group = GROUP / samples;
    native_t lanes[LANES][CHUNKS];
    float sums[LANES];
    size_t i = 0;
    for (; i + rows <= n; i += rows) {
        UNROLL
        for (size_t r = 0; r < rows; r += group)
            dot(lanes + r, rows, w + (i + r) * k, x, k, group, samples);
        add_lanes(sums, lanes);
        UNROLL
        for (size_t s = 0; s < samples; s++)
            memcpy(y + s * n + i, sums + s * rows, rows * sizeof *y);
    }
    if (i == n)
        return;
    native_t rest[LANES][CHUNKS] = {{{0}}};
    for (size_t r = 0; i + r < n; r++)
        dot(rest + r, rows, w + (i + r) * k, x, k, 1, samples);
    add_lanes(sums, rest);
    for (size_t s = 0; s < samples; s++)
        memcpy(y + s * n + i, sums + s * rows, (n - i) * sizeof *y);
}

/* Functions of their own: in one, compilers run out of registers. */
NOT_INLINE void affine_most(float *y, const float *w, const float *x, size_t n, size_t k) {
    affine_some(y, w, x, n, k, SAMPLES);
}

NOT_INLINE void affine_two(float *y, const float *w, const float *x, size_t n, size_t k) {
    affine_some(y, w, x, n, k, 2);
}

NOT_INLINE void affine_one(float *y, const float *w, const float *x, size_t n, size_t k) {
    affine_some(y, w, x, n, k, 1);
}

static void affine(float *y, const float *w, const float *x, size_t n, size_t k, size_t samples) {
    for (size_t now; samples > 0; samples -= now, y += now * n, x += now * k) {
        now = samples >= SAMPLES ? SAMPLES : samples >= 2 ? 2 : 1;
        if (now > 2)
            affine_most(y, w, x, n, k);
        else if (now == 2)
            affine_two(y, w, x, n, k);
        else
            affine_one(y, w, x, n, k);
    }
}

#endif
