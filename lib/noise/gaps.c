/* Gaps: stretches of time, or rectangles of pictures, that are lost in all channels at once. */
#include "noise/noise.h"

#include <math.h>

/* Where a gap of `size` begins in `room`, of which it fills all if it is larger: equally likely everywhere
 * that it fits. */
static size_t begin_of(uint32_t word, size_t *size, double asked, size_t room) {
    *size = asked < (double)room ? (size_t)asked : room;
    return dae_noise_pick(word, room - *size + 1);
}

/* What gaps are filled with: the value p[0], or the mean of the sample where p[1] says so. */
static float filling_of(const struct dae_noise_sample *sample, const double *p) {
    double sum = 0;
    for (size_t i = 0; p[1] == 1 && i < sample->shape->size; i++)
        sum += (double)sample->x[i];
    return (float)(p[1] == 1 ? sum / (double)sample->shape->size : p[0]);
}

#define FILLING(place)                                                                                      \
    {"value",         "what they are filled with, in the data's unit",                                      \
     DAE_TYPE_NUMBER, (place) | DAE_FLOAT,                                                                  \
     .fallback = "0", .of = DAE_DRAWN},                                                                     \
    {                                                                                                       \
        "fill", "with the value, or with the mean of the sample, over all channels, before", DAE_TYPE_WORD, \
            0, .fallback = "value", .words = "value, mean"                                                  \
    }

enum { MOST_GAPS = 65536 };

static dae_status drop_spans(const struct dae_noise_sample *sample, const double *p, struct dae_draw from) {
    size_t room = dae_noise_length(sample->shape), length;
    float filling = filling_of(sample, p + 2);
    for (size_t i = 0; i < (size_t)p[0]; i++, from.block++) {
        uint32_t words[4];
        dae_kernels()->draw_bits(words, 1, from);
        size_t first = begin_of(words[0], &length, p[1], room);
        for (size_t row = 0; row < sample->shape->size; row += room)
            for (size_t t = first; t < first + length; t++)
                sample->x[row + t] = filling;
    }
    return DAE_OK;
}

const struct dae_noise_kind dae_noise_spans = {
    {
        .name = "spans",
        .what = "drops stretches of time, the last dimension, in all channels at once; they may overlap",
        .example = "spans(2, 6)",
        .parameters =
            {
                {"count", "how many", DAE_TYPE_COUNT, DAE_BY_PLACE, 0, MOST_GAPS, .of = DAE_DRAWN},
                {"length", "of each, in values; at most all", DAE_TYPE_COUNT, DAE_BY_PLACE, 1, DAE_MOST_SIZE,
                 .of = DAE_DRAWN},
                FILLING(0),
            },
    },
    .draws = true,
    .whole = drop_spans,
};

static dae_status mask_blocks(const struct dae_noise_sample *sample, const double *p, struct dae_draw from) {
    const struct dae_shape *shape = sample->shape;
    size_t width = dae_noise_length(shape), height = shape->rank > 1 ? shape->dims[shape->rank - 2] : 1;
    float filling = filling_of(sample, p + 3);
    for (size_t i = 0; i < (size_t)p[0]; i++, from.block++) {
        uint32_t words[4];
        size_t rows, columns;
        dae_kernels()->draw_bits(words, 1, from);
        size_t top = begin_of(words[0], &rows, p[1], height),
               left = begin_of(words[1], &columns, p[2], width);
        for (size_t picture = 0; picture < shape->size; picture += height * width)
            for (size_t y = top; y < top + rows; y++)
                for (size_t x = left; x < left + columns; x++)
                    sample->x[picture + y * width + x] = filling;
    }
    return DAE_OK;
}

const struct dae_noise_kind dae_noise_blocks = {
    {
        .name = "blocks",
        .what = "masks rectangles of pictures, the last two dimensions, in all channels at once; they may "
                "overlap",
        .example = "blocks(2, 8, 8)",
        .parameters =
            {
                {"count", "how many", DAE_TYPE_COUNT, DAE_BY_PLACE, 0, MOST_GAPS, .of = DAE_DRAWN},
                {"height", "of each, in values; at most all", DAE_TYPE_COUNT, DAE_BY_PLACE, 1, DAE_MOST_SIZE,
                 .of = DAE_DRAWN},
                {"width", "likewise", DAE_TYPE_COUNT, DAE_BY_PLACE, 1, DAE_MOST_SIZE, .of = DAE_DRAWN},
                FILLING(0),
            },
    },
    .draws = true,
    .whole = mask_blocks,
};
