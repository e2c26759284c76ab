/* Bursts: stretches of a channel, whose last dimension is time, are moved by size, up or down.
 *
 * One begins at a value, upwards where u < rate / 2 and downwards where u < rate. It lasts for `length`
 * values, or until the last dimension ends, or until another one begins. With a length of 1 they are
 * impulses. */
#include "noise/noise.h"

#include <math.h>

enum { RATE, LENGTH, SIZE };

enum { WORDS = 512 }; /* drawn at once */

static dae_status whole(const struct dae_noise_sample *sample, const double *p, struct dae_draw from) {
    const struct dae_shape *shape = sample->shape;
    size_t width = shape->dims[shape->rank - 1], length = (size_t)p[LENGTH];
    size_t column = 0, left = 0; /* of a burst */
    float rate = (float)p[RATE], half = 0.5f * rate, size = (float)p[SIZE], move = 0;
    for (size_t first = 0; first < shape->size; first += WORDS, from.block += WORDS / 4) {
        uint32_t words[WORDS];
        size_t count = dae_size_min(WORDS, shape->size - first);
        dae_kernels()->draw_bits(words, dae_size_divide_up(count, 4), from);
        for (size_t i = 0; i < count; i++) {
            float u = (float)(words[i] >> 8) * 0x1p-24f;
            if (u < rate) {
                move = u < half ? size : -size;
                left = length;
            }
            if (left > 0) {
                sample->x[first + i] += move;
                left--;
            }
            if (++column == width)
                column = left = 0;
        }
    }
    return DAE_OK;
}

const struct dae_noise_kind dae_noise_bursts = {
    {
        .name = "bursts",
        .what = "moves stretches of the last dimension by size, as many down as up; where one begins another "
                "ends",
        .example = "bursts(0.001, 20, 3)",
        .parameters =
            {
                {"rate", "share of the values at which one begins, both together", DAE_TYPE_NUMBER,
                 DAE_BY_PLACE, 0, 1, .of = DAE_DRAWN},
                {"length", "in values", DAE_TYPE_COUNT, DAE_BY_PLACE, 1, 1 << 26, .of = DAE_DRAWN},
                {"size", "in the data's unit", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT, 0, INFINITY,
                 .of = DAE_DRAWN},
            },
    },
    .draws = true,
    .whole = whole,
};
