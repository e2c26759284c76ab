/* Sums over the taps of convolutions, for one kind of processor: part of kernels_target.c.
 *
 * Places of pictures lie in the lanes of vectors, read where they are: a tap is an offset in a plane. Sums of
 * a block of units and some vectors of places stay in registers over all taps of some channels. */
#ifndef DAE_MATH_CONVOLVE_H
#define DAE_MATH_CONVOLVE_H

#include "core/size.h"
#include "math/kernels.h"
#include "math/multiply.h"

/* ---- Values from taps --------------------------------------------------------------------------- */

enum { MOST_VECTORS = 8 };
_Static_assert(MOST_VECTORS *NATIVE <= DAE_CONVOLVE_ROOM, "a tile may go that far beyond the places");

/* Taps, of some channels, whose values and weights stay in the first cache while tiles go along a row. */
enum { TAPS_OF_CHANNELS = 144 };

/* That many channels at once, in equal shares. */
static size_t channels_at_once(const struct dae_taps *taps) {
    size_t most = TAPS_OF_CHANNELS / (taps->count + 1) + 1;
    return dae_size_divide_up(taps->channels, dae_size_divide_up(taps->channels, most));
}

/* Channels [first, end): the sums of those before lie in `out`, and go on. */
struct channels {
    const struct dae_taps *taps;
    const float *weights, *bias; /* NULL: nothing is added */
    size_t first, end;
};

/* out[height][vectors of places]; both are constants. */
ALWAYS_INLINE void convolve_tile(float *out, size_t stride, const struct channels *c, size_t place,
                                 const size_t height, const size_t vectors) {
    const struct dae_taps *taps = c->taps;
    const float *at = taps->values + c->first * taps->plane + place, *weights = c->weights;
    native_t sum[HEIGHT][MOST_VECTORS], x[MOST_VECTORS], weight;
    out += place;
    UNROLL
    for (size_t i = 0; i < height; i++)
        UNROLL
    for (size_t v = 0; v < vectors; v++) {
        sum[i][v] = (native_t){0};
        if (c->first > 0)
            LOAD(sum[i][v], out + i * stride + v * NATIVE);
    }
    for (size_t channel = c->first; channel < c->end; channel++, at += taps->plane)
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
    if (c->bias != NULL) {
        UNROLL
        for (size_t i = 0; i < height; i++) {
            weight = SPREAD(c->bias[i]);
            UNROLL
            for (size_t v = 0; v < vectors; v++)
                sum[i][v] += weight;
        }
    }
    UNROLL
    for (size_t i = 0; i < height; i++)
        UNROLL
    for (size_t v = 0; v < vectors; v++)
        STORE(out + i * stride + v * NATIVE, sum[i][v]);
}

ALWAYS_INLINE void convolve_tiles(float *out, size_t stride, const struct channels *all, size_t places,
                                  const size_t height, const size_t vectors) {
    struct channels c = *all;
    size_t channels = all->taps->channels, some = channels_at_once(all->taps);
    for (c.first = 0; c.first < channels; c.first = c.end) {
        c.end = dae_size_min(channels, c.first + some);
        c.bias = c.end == channels ? all->bias : NULL;
        for (size_t place = 0; place < places; place += vectors * NATIVE)
            convolve_tile(out, stride, &c, place, height, vectors);
        c.weights += (c.end - c.first) * all->taps->count * height;
    }
}

static void convolve(float *out, size_t stride, const float *weights, const float *bias, size_t height,
                     const struct dae_taps *taps, size_t places) {
    const struct channels all = {taps, weights, bias, 0, 0};
    if (height == HEIGHT)
        convolve_tiles(out, stride, &all, places, HEIGHT, 2);
    else if (height == 4)
        convolve_tiles(out, stride, &all, places, 4, 3);
    else if (height == 2)
        convolve_tiles(out, stride, &all, places, 2, 4);
    else
        convolve_tiles(out, stride, &all, places, 1, MOST_VECTORS);
}

/* ---- Weights from both sides -------------------------------------------------------------------- */

/* Taps whose sums are made together, for two vectors of units: more addresses do not fit into registers. */
#if defined(__AVX512F__)
enum { TAPS_AT_ONCE = 9 };
#else
enum { TAPS_AT_ONCE = 6 };
#endif

/* sums[k][WIDTH units] go on over all places; `taps` and `vectors` are constants. */
ALWAYS_INLINE void correlate_tile(const struct dae_correlation *c, float *sums, const float *const *from,
                                  const size_t taps, const size_t vectors) {
    native_t sum[TAPS_AT_ONCE][2], d[2], value;
    const float *x[TAPS_AT_ONCE], *panel = c->memory;
    UNROLL
    for (size_t k = 0; k < taps; k++) {
        x[k] = from[k];
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            LOAD(sum[k][v], sums + k * c->stride + v * NATIVE);
    }
    for (size_t row = 0; row < c->rows; row++) {
        for (size_t column = 0; column < c->columns; column++, panel += WIDTH) {
            UNROLL
            for (size_t v = 0; v < vectors; v++)
                LOAD(d[v], panel + v * NATIVE);
            UNROLL
            for (size_t k = 0; k < taps; k++) {
                value = SPREAD(x[k][column]);
                UNROLL
                for (size_t v = 0; v < vectors; v++)
                    sum[k][v] = FUSE(value, d[v], sum[k][v]);
            }
        }
        UNROLL
        for (size_t k = 0; k < taps; k++)
            x[k] += c->pitch;
    }
    UNROLL
    for (size_t k = 0; k < taps; k++)
        UNROLL
    for (size_t v = 0; v < vectors; v++)
        STORE(sums + k * c->stride + v * NATIVE, sum[k][v]);
}

/* All taps of all channels, for the units of a panel. */
ALWAYS_INLINE void correlate_panel(const struct dae_correlation *c, float *sums, const size_t vectors) {
    const float *x[TAPS_AT_ONCE] = {NULL}, *plane = c->taps.values;
    size_t ready = 0, done = 0, rest;
    for (size_t channel = 0; channel < c->taps.channels; channel++, plane += c->taps.plane)
        for (size_t tap = 0; tap < c->taps.count; tap++) {
            x[ready++] = plane + c->taps.offsets[tap];
            if (ready < TAPS_AT_ONCE)
                continue;
            correlate_tile(c, sums, x, TAPS_AT_ONCE, vectors);
            sums += TAPS_AT_ONCE * c->stride;
            ready = 0;
        }
    for (; (rest = ready - done) > 0; sums += rest * c->stride, done += rest) {
        rest = rest >= 3 ? 3 : 1;
        if (rest == 3)
            correlate_tile(c, sums, x + done, 3, vectors);
        else
            correlate_tile(c, sums, x + done, 1, vectors);
    }
}

/* memory[place][unit]: a panel of D, turned around. What fewer units leave open does not matter. */
static void fill_units(const struct dae_correlation *c, size_t unit, size_t units) {
    float *panel = c->memory;
    for (size_t row = 0; row < c->rows; row++, panel += c->columns * WIDTH) {
        const float *d = c->d + unit * c->d_plane + row * c->d_row;
        if (units == WIDTH)
            fill_panel(panel, (struct dae_strided){d, 1, c->d_plane}, c->columns, WIDTH, false);
        for (size_t i = 0; i < units && units < WIDTH; i++)
            for (size_t column = 0; column < c->columns; column++)
                panel[column * WIDTH + i] = d[i * c->d_plane + column];
    }
}

static void correlate(const struct dae_correlation *c) {
    for (size_t unit = 0; unit < c->units; unit += WIDTH) {
        size_t units = dae_size_min(c->units - unit, WIDTH);
        fill_units(c, unit, units);
        if (units > NATIVE)
            correlate_panel(c, c->sums + unit, 2);
        else
            correlate_panel(c, c->sums + unit, 1);
    }
}

#endif
