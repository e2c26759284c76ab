/* Sums over the taps of convolutions, for one kind of processor: part of kernels_target.c.
 *
 * Places of pictures lie in the lanes of vectors, read where they are: a tap is an offset in a plane. Sums of
 * a block of units and some vectors of places stay in registers over all channels and taps. */
#ifndef DAE_MATH_CONVOLVE_H
#define DAE_MATH_CONVOLVE_H

#include "core/size.h"
#include "math/affine.h"
#include "math/kernels.h"
#include "math/multiply.h"

/* ---- Values from taps --------------------------------------------------------------------------- */

enum { MOST_VECTORS = 8 };
_Static_assert(MOST_VECTORS *NATIVE <= DAE_CONVOLVE_ROOM, "a tile may go that far beyond the places");

/* out[height][vectors of places]; both are constants. */
ALWAYS_INLINE void convolve_tile(float *out, size_t stride, const float *weights, const struct dae_taps *taps,
                                 const float *at, const size_t height, const size_t vectors) {
    native_t sum[HEIGHT][MOST_VECTORS], x[MOST_VECTORS], weight;
    UNROLL
    for (size_t i = 0; i < height; i++)
        UNROLL
    for (size_t v = 0; v < vectors; v++)
        sum[i][v] = (native_t){0};
    for (size_t channel = 0; channel < taps->channels; channel++, at += taps->plane)
        for (size_t tap = 0; tap < taps->count; tap++, weights += height) {
            const float *from = at + taps->offsets[tap];
            UNROLL
            for (size_t v = 0; v < vectors; v++)
                LOAD(x[v], from + v * NATIVE);
            UNROLL
            for (size_t i = 0; i < height; i++) {
                weight = SPREAD(weights[i]);
                UNROLL
                for (size_t v = 0; v < vectors; v++)
                    sum[i][v] = FUSE(weight, x[v], sum[i][v]);
            }
        }
    UNROLL
    for (size_t i = 0; i < height; i++)
        UNROLL
    for (size_t v = 0; v < vectors; v++)
        STORE(out + i * stride + v * NATIVE, sum[i][v]);
}

ALWAYS_INLINE void convolve_tiles(float *out, size_t stride, const float *weights,
                                  const struct dae_taps *taps, size_t places, const size_t height,
                                  const size_t vectors) {
    for (size_t place = 0; place < places; place += vectors * NATIVE)
        convolve_tile(out + place, stride, weights, taps, taps->values + place, height, vectors);
}

static void convolve(float *out, size_t stride, const float *weights, size_t height,
                     const struct dae_taps *taps, size_t places) {
    if (height == HEIGHT)
        convolve_tiles(out, stride, weights, taps, places, HEIGHT, 2);
    else if (height == 4)
        convolve_tiles(out, stride, weights, taps, places, 4, 3);
    else if (height == 2)
        convolve_tiles(out, stride, weights, taps, places, 2, 4);
    else
        convolve_tiles(out, stride, weights, taps, places, 1, MOST_VECTORS);
}

/* ---- Weights from both sides -------------------------------------------------------------------- */

/* Term i of a sum goes to lane i % LANES, and lanes are added pairwise, as in affine.h. */
#if defined(__AVX512F__)
enum { UNITS_AT_ONCE = 4, TAPS_AT_ONCE = 4 };
#else
enum { UNITS_AT_ONCE = 2, TAPS_AT_ONCE = 3 };
#endif
_Static_assert(UNITS_AT_ONCE *TAPS_AT_ONCE <= LANES, "add_lanes() adds no more");

/* sums[i * stride + k] += sum_p d[i][p] x[k][p]; units and taps are constants. */
ALWAYS_INLINE void correlate_tile(float *sums, size_t stride, const float *d, size_t d_stride,
                                  const float *const x[TAPS_AT_ONCE], size_t places, const size_t units,
                                  const size_t taps) {
    native_t lanes[LANES][CHUNKS] = {{{0}}}, sum[UNITS_AT_ONCE][TAPS_AT_ONCE][CHUNKS], row[UNITS_AT_ONCE],
             value;
    float all[LANES];
    UNROLL
    for (size_t i = 0; i < units; i++)
        UNROLL
    for (size_t k = 0; k < taps; k++)
        UNROLL
    for (size_t c = 0; c < CHUNKS; c++)
        sum[i][k][c] = (native_t){0};
    for (size_t p = 0; p < places; p += LANES)
        UNROLL
    for (size_t c = 0; c < CHUNKS; c++) {
        UNROLL
        for (size_t i = 0; i < units; i++)
            LOAD(row[i], d + i * d_stride + p + c * NATIVE);
        UNROLL
        for (size_t k = 0; k < taps; k++) {
            LOAD(value, x[k] + p + c * NATIVE);
            UNROLL
            for (size_t i = 0; i < units; i++)
                sum[i][k][c] = FUSE(row[i], value, sum[i][k][c]);
        }
    }
    UNROLL
    for (size_t i = 0; i < units; i++)
        UNROLL
    for (size_t k = 0; k < taps; k++)
        memcpy(lanes[i * taps + k], sum[i][k], sizeof sum[i][k]);
    add_lanes(all, lanes);
    for (size_t i = 0; i < units; i++)
        for (size_t k = 0; k < taps; k++)
            sums[i * stride + k] += all[i * taps + k];
}

/* All taps of all channels, for some units. */
ALWAYS_INLINE void correlate_units(float *sums, size_t stride, const float *d, size_t d_stride,
                                   const struct dae_taps *taps, size_t places, const size_t units) {
    const float *x[TAPS_AT_ONCE] = {NULL}, *plane = taps->values;
    size_t all = taps->channels * taps->count, ready = 0;
    for (size_t k = 0, tap = 0; k < all; k++) {
        x[ready++] = plane + taps->offsets[tap++];
        if (tap == taps->count) {
            tap = 0;
            plane += taps->plane;
        }
        if (ready == TAPS_AT_ONCE) {
            correlate_tile(sums + k + 1 - ready, stride, d, d_stride, x, places, units, TAPS_AT_ONCE);
            ready = 0;
        }
    }
    for (size_t k = 0; k < ready; k++)
        correlate_tile(sums + all - ready + k, stride, d, d_stride, x + k, places, units, 1);
}

static void correlate(float *sums, size_t stride, const float *d, size_t d_stride, size_t units,
                      const struct dae_taps *taps, size_t places) {
    size_t unit = 0;
    for (; unit + UNITS_AT_ONCE <= units; unit += UNITS_AT_ONCE)
        correlate_units(sums + unit * stride, stride, d + unit * d_stride, d_stride, taps, places,
                        UNITS_AT_ONCE);
    for (; unit < units; unit++)
        correlate_units(sums + unit * stride, stride, d + unit * d_stride, d_stride, taps, places, 1);
}

#endif
