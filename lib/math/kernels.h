/* The inner loops, compiled once for each kind of processor and chosen at run time.
 *
 * Every kernel uses additions, multiplications, divisions and square roots only, in an order that the source
 * fixes, so all builds give the same bits; products, multiply() and affine(), use fused multiply-adds where
 * the processor has them, and give the same bits wherever it does. Arrays may be unaligned. */
#ifndef DAE_MATH_KERNELS_H
#define DAE_MATH_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where random words come from: block `block` of a stream (rng.h). */
struct dae_draw {
    uint64_t seed, stream, block;
};

enum { DAE_MULTIPLY_MEMORY = 256 * 288 }; /* floats that products are made in */

/* A matrix of float or bfloat16 whose value (i, j) is values[i * row + j * column]; row or column is 1. */
struct dae_strided {
    const void *values;
    size_t row, column;
};

/* C[m,n] = A[m,k] B[k,n], rows of C c_stride values apart; `memory` is for DAE_MULTIPLY_MEMORY floats to work
 * in. */
typedef void dae_multiply_fn(float *memory, float *c, size_t c_stride, struct dae_strided a,
                             struct dae_strided b, size_t m, size_t n, size_t k);

/* What a convolution reads: of each channel a plane, and in it values from `offsets[tap]` on. */
struct dae_taps {
    const float *values; /* of the first channel */
    size_t channels, plane;
    const size_t *offsets;
    size_t count;
};

enum { DAE_CONVOLVE_ROOM = 128 }; /* floats that convolve() may read and write beyond the places */

/* sums[c][t][n] = fma(d[n][i][j], x[c][offsets[t] + i pitch + j], sums[c][t][n]) for all rows i and columns
 * j, in that order. Up to 31 sums after the units are written too: `stride` is from one tap's to the next, a
 * multiple of 32. */
struct dae_correlation {
    struct dae_taps taps;
    const float *d; /* [units, rows, columns] */
    size_t d_plane, d_row, pitch;
    size_t units, rows, columns;
    float *sums;
    size_t stride;
    float *memory; /* for 32 rows columns floats */
};

enum { DAE_CORRELATE_WIDTH = 32 };

/* Kinds of processors, for which loops are compiled. */
enum dae_target { DAE_TARGET_portable, DAE_TARGET_avx2, DAE_TARGET_avx512, DAE_TARGETS };

struct dae_kernels {
    const char *name;
    enum dae_target target;

    /* out[4 blocks] = random words */
    void (*draw_bits)(uint32_t *out, size_t blocks, struct dae_draw from);

    /* In place; one word a value from the start of the draw. */
    void (*add_gaussian)(float *x, size_t count, float mean, float stddev, struct dae_draw from);
    void (*add_uniform)(float *x, size_t count, float low, float width, struct dae_draw from);
    /* x = u < rate ? 0 : x * scale */
    void (*drop)(float *x, size_t count, float rate, float scale, struct dae_draw from);

    /* out = bytes / 255 */
    void (*scale_bytes)(float *out, const uint8_t *bytes, size_t count);

    /* out = x rounded to bfloat16, to nearest, ties to even; NaN stays NaN */
    void (*round_bfloat16)(uint16_t *out, const float *x, size_t count);

    /* y = y + x[0] + x[1] + ..., for rows of x that are `stride` values apart */
    void (*add_rows)(float *y, const float *x, size_t stride, size_t rows, size_t count);
    /* Rectifiers, of which linear (slope 1), ReLU (0) and leaky ReLU are cases: z = a(z + c), or a(z) where c
     * is NULL, a(z) = z for z >= 0, slope z below; d *= a'(z), which is slope at 0, given a = a(z). */
    void (*rectify)(float *z, const float *c, size_t count, float slope);
    void (*rectify_derive)(float *d, const float *a, size_t count, float slope);

    /* sum of x, and of (a - t)^2 */
    float (*sum)(const float *x, size_t count);
    double (*squared_error)(const float *a, const float *t, size_t count);

    /* Whether the processor has fused multiply-adds. */
    bool has_fused;
    /* c = fma(a, b, c) in the order of k, of float and of bfloat16; a b + c where there are no fused
     * multiply-adds. */
    dae_multiply_fn *multiply, *multiply_bfloat16;
    /* Y[samples,n] = X[samples,k] W[n,k]^T, for few samples: term k of a sum goes to lane k % 16, and lanes
     * are added pairwise */
    void (*affine)(float *y, const float *w, const float *x, size_t n, size_t k, size_t samples);

    /* out[i][p] = sum over channels c and taps t of weights[c][t][i] x[c][offsets[t] + p], one chain from 0
     * in that order, as multiply(), + bias[i], if that is not NULL; of a block of units, which is
     * convolve_height, 4, 2 or 1. */
    void (*convolve)(float *out, size_t stride, const float *weights, const float *bias, size_t height,
                     const struct dae_taps *taps, size_t places);
    size_t convolve_height;
    /* Gradients of the weights of a convolution, as struct dae_correlation says. */
    void (*correlate)(const struct dae_correlation *correlation);

    /* seen |= 0 where all rows of x are 0, something else where not */
    void (*mark_rows)(uint32_t *seen, const float *x, size_t stride, size_t rows, size_t count);
    /* out[i] = x[places[i]] */
    void (*pick)(float *out, const float *x, const uint32_t *places, size_t count);

    /* Whether all values are finite; least and greatest value, taken together with *low and *high, where NaN
     * counts as infinity. */
    bool (*is_finite)(const float *x, size_t count);
    void (*range)(const float *x, size_t count, float *low, float *high);
};

/* The best kernels for this processor. */
const struct dae_kernels *dae_kernels(void);

/* Whether this processor can run what is compiled for AVX-512 (lib/meson.build). */
bool dae_processor_has_avx512(void);

/* For tests: the number of sets of kernels that this processor can run, and each. */
size_t dae_kernels_count(void);
const struct dae_kernels *dae_kernels_get(size_t index);

#endif
