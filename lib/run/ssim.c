/* Structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004): means, variances and the covariance of an
 * answer and its target in a Gaussian window, at every place where the window lies in the image. */
#include "run/ssim.h"
#include "run/figure.h"

#include <math.h>
#include <string.h>

/* The window; places side by side that are worked out together; those of a strip, which is gone through from
 * top to bottom. */
enum { TAPS = 11, BLOCK = 8, STRIP = 32, ROOM = STRIP + 2 * BLOCK };

DAE_DECLARE_LOOP(dae_ssim_loop, ssim)

#ifdef DAE_KERNELS_TARGET

enum { X, Y, XX, YY, XY, MAPS };

typedef double block_t __attribute__((vector_size(8 * BLOCK)));

/* exp(-d^2 / (2 1.5^2)) of d = -5 to 5, divided by their sum */
static const double window[TAPS] = {0.00102838008447911,  0.007598758135239185, 0.03600077212843083,
                                    0.10936068950970002,  0.2130055377112537,   0.26601172486179436,
                                    0.2130055377112537,   0.10936068950970002,  0.03600077212843083,
                                    0.007598758135239185, 0.00102838008447911};

/* What is averaged: of `count` places, which exist, and zeros after them. */
static void fill_maps(double maps[MAPS][ROOM], const float *x, const float *y, size_t count) {
    for (size_t i = 0; i < count; i++) {
        maps[X][i] = (double)x[i];
        maps[Y][i] = (double)y[i];
    }
    for (size_t i = count; i < ROOM; i++)
        maps[X][i] = maps[Y][i] = 0;
    for (size_t i = 0; i < ROOM; i++) {
        maps[XX][i] = maps[X][i] * maps[X][i];
        maps[YY][i] = maps[Y][i] * maps[Y][i];
        maps[XY][i] = maps[X][i] * maps[Y][i];
    }
}

/* sum += weight values[BLOCK] */
static inline void add_block(block_t *sum, double weight, const double *values) {
    block_t block;
    memcpy(&block, values, sizeof block);
    *sum += weight * block;
}

/* Weighted means along rows. */
static void blur_row(double blurred[MAPS][STRIP], const float *x, const float *y, size_t count) {
    double maps[MAPS][ROOM];
    fill_maps(maps, x, y, count + TAPS - 1);
    for (size_t map = 0; map < MAPS; map++)
        for (size_t at = 0; at < count; at += BLOCK) {
            block_t sum = {0};
            for (size_t k = 0; k < TAPS; k++)
                add_block(&sum, window[k], &maps[map][at + k]);
            memcpy(&blurred[map][at], &sum, sizeof sum);
        }
}

/* Similarities of a block of places; the rows of the window are from `oldest` on, and then from 0. */
static void compare(double similarity[BLOCK], double rows[TAPS][MAPS][STRIP], size_t oldest, size_t at,
                    double peak) {
    double c1 = 0.01 * peak * 0.01 * peak, c2 = 0.03 * peak * 0.03 * peak;
    block_t m[MAPS] = {{0}};
    for (size_t k = 0; k < TAPS; k++) {
        size_t row = oldest + k < TAPS ? oldest + k : oldest + k - TAPS;
        for (size_t map = 0; map < MAPS; map++)
            add_block(&m[map], window[k], &rows[row][map][at]);
    }
    block_t product = m[X] * m[Y], squares = m[X] * m[X] + m[Y] * m[Y];
    block_t variances = m[XX] + m[YY] - squares, covariance = m[XY] - product;
    block_t block = (2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2));
    memcpy(similarity, &block, sizeof block);
}

void DAE_LOOP(ssim)(double *sum, const float *x, const float *y, size_t height, size_t width, double peak) {
    double rows[TAPS][MAPS][STRIP], similarity[BLOCK];
    size_t places = width - TAPS + 1;
    *sum = 0;
    for (size_t first = 0; first < places; first += STRIP) {
        size_t count = dae_size_min(STRIP, places - first);
        for (size_t row = 0; row < height; row++) {
            blur_row(rows[row % TAPS], x + row * width + first, y + row * width + first, count);
            for (size_t at = 0; row >= TAPS - 1 && at < count; at += BLOCK) {
                compare(similarity, rows, (row + 1) % TAPS, at, peak);
                for (size_t i = at; i < count && i < at + BLOCK; i++)
                    *sum += similarity[i - at];
            }
        }
    }
}

#else

dae_ssim_loop *const dae_ssim_loops[DAE_TARGETS] = DAE_LOOPS(ssim);

static void add_ssim(double *sums, const struct dae_answer *answer, const double *p) {
    const struct dae_shape *shape = answer->shape;
    size_t rank = shape->rank, planes = rank == 3 ? shape->dims[0] : 1;
    size_t height = rank > 1 ? shape->dims[rank - 2] : 1, width = shape->dims[rank - 1];
    if (rank > 3 || height < TAPS || width < TAPS) {
        sums[0] = (double)NAN;
        return;
    }
    double places = (double)planes * (double)(height - TAPS + 1) * (double)(width - TAPS + 1), sum;
    for (size_t plane = 0; plane < planes; plane++) {
        size_t offset = plane * height * width;
        dae_ssim_loops[dae_kernels()->target](&sum, answer->values + offset, answer->targets + offset, height,
                                              width, p[0]);
        sums[0] += sum / places;
    }
}

const struct dae_figure dae_figure_ssim = {
    .kind = {.name = "ssim",
             .what = "structural similarity of the output, mean over samples",
             .example = "ssim(peak=4095)",
             .parameters = {DAE_FIGURE_PEAK}},
    .made_of = DAE_OF_OUTPUT | DAE_OF_TARGET,
    .add = add_ssim,
    .conclude = dae_figure_mean,
};

const struct dae_figure dae_figure_input_ssim = {
    .kind = {.name = "input_ssim",
             .what = "structural similarity of the input, mean over samples",
             .example = "input_ssim(peak=4095)",
             .parameters = {DAE_FIGURE_PEAK}},
    .made_of = DAE_OF_INPUT | DAE_OF_TARGET,
    .of_input = true,
    .add = add_ssim,
    .conclude = dae_figure_mean,
};

#endif
