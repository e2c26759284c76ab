/* Pictures to learn from, made up: discs and boxes of any grey, some of them shaded, one over the other. The
 * same seed gives the same picture. */
#ifndef EXAMPLES_SCENES_H
#define EXAMPLES_SCENES_H

#include "check.h"

#include <math.h>
#include <stdbool.h>

enum { SCENE_SHAPES = 8, SCENE_DRAWS = 8 };

/* How bright a shape is at (x, y), both from 0 to 1; negative outside of it. draws[SCENE_DRAWS] in [0, 1):
 * place, size, grey, shading, whether it is shaded, which shape it is, and how flat. */
static inline double scene_shape(const float *draws, double x, double y) {
    double dx = x - (double)draws[0], dy = y - (double)draws[1], size = 0.08 + 0.3 * (double)draws[2];
    bool inside = draws[6] < 0.5F ? dx * dx + dy * dy < size * size
                                  : fabs(dx) < size && fabs(dy) < size * (0.3 + (double)draws[7]);
    double grey = (double)draws[3] + (draws[5] < 0.5F ? 0 : ((double)draws[4] - 0.5) * (dx + dy) / size);
    return inside ? fmin(fmax(grey, 0), 1) : -1;
}

/* Fills picture[height, width]; its background is shaded, too. */
static inline void make_scene(uint64_t seed, float *picture, size_t height, size_t width) {
    float draws[(SCENE_SHAPES + 1) * SCENE_DRAWS];
    dae_rng *rng = NULL;
    check(dae_rng_create(&rng, seed, 0));
    check(dae_rng_fill_uniform(rng, draws, sizeof draws / sizeof *draws, 0, 1));
    dae_rng_free(rng);
    const float *ground = draws + SCENE_SHAPES * SCENE_DRAWS;
    size_t shapes = 3 + (size_t)(ground[0] * 6);
    for (size_t row = 0; row < height; row++)
        for (size_t column = 0; column < width; column++) {
            double x = (double)column / (double)width, y = (double)row / (double)height;
            double grey = (double)ground[1] * (1 - x) + (double)ground[2] * x;
            for (size_t i = 0; i < shapes; i++) {
                double shape = scene_shape(draws + i * SCENE_DRAWS, x, y);
                grey = shape >= 0 ? shape : grey;
            }
            picture[row * width + column] = (float)grey;
        }
}

#endif
