/* Channels into places and back, f = factor: depth_to_space makes of [C f f, h, w] the picture [C, h f,
 * w f],
 *
 *     wide[c, y f + i, x f + j] = deep[(c f + i) f + j, y, x]
 *
 * and of [C f, n] the signal [C, n f], wide[c, x f + j] = deep[c f + j, x]; space_to_depth is the
 * inverse. PyTorch's pixel_shuffle and ONNX' mode CRD; TensorFlow's depth_to_space has the channels of a
 * place apart, at (i f + j) C + c. */
#include "layers/picture.h"

#include <stdio.h>

static size_t factor_of(const dae_layer *layer) {
    return (size_t)layer->values[0].number;
}

/* ---- Shapes --------------------------------------------------------------------------------------- */

static dae_status attach_wide(const dae_layer *layer, struct dae_attachment *at) {
    struct dae_picture p;
    size_t factor = factor_of(layer), factor_y;
    char takes[160];
    DAE_TRY(dae_picture_read(&p, layer, at));
    factor_y = dae_picture_vertical(&p, factor, 1);
    if (p.channels % (factor * factor_y) != 0) {
        snprintf(takes, sizeof takes, "channels that %zu divides", factor * factor_y);
        return dae_picture_refuse(layer, at, takes);
    }
    p = (struct dae_picture){p.channels / (factor * factor_y), p.height * factor_y, p.width * factor,
                             p.is_signal};
    return dae_picture_write(&p, at);
}

static dae_status attach_deep(const dae_layer *layer, struct dae_attachment *at) {
    struct dae_picture p;
    size_t factor = factor_of(layer), factor_y;
    char takes[160];
    DAE_TRY(dae_picture_read(&p, layer, at));
    factor_y = dae_picture_vertical(&p, factor, 1);
    if (p.height % factor_y != 0 || p.width % factor != 0) {
        snprintf(takes, sizeof takes, "sides that %zu divides", factor);
        return dae_picture_refuse(layer, at, takes);
    }
    p = (struct dae_picture){p.channels * factor * factor_y, p.height / factor_y, p.width / factor,
                             p.is_signal};
    return dae_picture_write(&p, at);
}

static struct dae_reach reach_deep(const dae_layer *layer, const struct dae_attachment *at, size_t axis) {
    (void)at, (void)axis;
    return (struct dae_reach){
        .in = factor_of(layer), .out = 1, .low = 0, .high = (ptrdiff_t)factor_of(layer) - 1};
}

static struct dae_reach reach_wide(const dae_layer *layer, const struct dae_attachment *at, size_t axis) {
    (void)at, (void)axis;
    return (struct dae_reach){.in = 1, .out = factor_of(layer)};
}

/* ---- Loops ---------------------------------------------------------------------------------------- */

/* One channel of the wide picture, and the channels that it is made of. */
struct shuffle {
    size_t factor, factor_y, height, width; /* of a deep channel */
};

static struct shuffle shuffle_of(const struct dae_pass *pass, const struct dae_rows *deep) {
    struct dae_picture p = dae_picture_of(deep->shape);
    size_t factor = factor_of(pass->layer);
    return (struct shuffle){factor, dae_picture_vertical(&p, factor, 1), p.height, p.width};
}

/* One line of `factor` channels, which lie `apart`, and a line of the wide channel. */
static inline void widen_line(const float *deep, size_t apart, float *wide, size_t width, size_t factor,
                              bool adds) {
    for (size_t x = 0; x < width; x++)
        for (size_t j = 0; j < factor; j++) {
            float value = deep[j * apart + x];
            wide[x * factor + j] = adds ? wide[x * factor + j] + value : value;
        }
}

static inline void deepen_line(const float *wide, float *deep, size_t apart, size_t width, size_t factor,
                               bool adds) {
    for (size_t x = 0; x < width; x++)
        for (size_t j = 0; j < factor; j++) {
            float value = wide[x * factor + j];
            deep[j * apart + x] = adds ? deep[j * apart + x] + value : value;
        }
}

/* Where line `y` of the wide channel, and of the first of its channels, begins: it is line y / factor of
 * those. */
static size_t deep_at(const struct shuffle *s, size_t y) {
    return (y % s->factor_y * s->factor * s->height + y / s->factor_y) * s->width;
}

static size_t wide_at(const struct shuffle *s, size_t y) {
    return y * s->width * s->factor;
}

static void widen(const struct shuffle *s, const float *deep, float *wide, bool adds) {
    size_t apart = s->height * s->width;
    for (size_t y = 0; y < s->height * s->factor_y; y++) {
        if (s->factor == 2)
            widen_line(deep + deep_at(s, y), apart, wide + wide_at(s, y), s->width, 2, adds);
        else
            widen_line(deep + deep_at(s, y), apart, wide + wide_at(s, y), s->width, s->factor, adds);
    }
}

static void deepen(const struct shuffle *s, const float *wide, float *deep, bool adds) {
    size_t apart = s->height * s->width;
    for (size_t y = 0; y < s->height * s->factor_y; y++) {
        if (s->factor == 2)
            deepen_line(wide + wide_at(s, y), deep + deep_at(s, y), apart, s->width, 2, adds);
        else
            deepen_line(wide + wide_at(s, y), deep + deep_at(s, y), apart, s->width, s->factor, adds);
    }
}

/* ---- depth_to_space ------------------------------------------------------------------------------- */

static void fill_wide(const struct dae_pass *pass, struct dae_part part) {
    struct shuffle s = shuffle_of(pass, pass->inputs[0]);
    widen(&s, part.x, part.y, false);
}

static void add_deep(const struct dae_pass *pass, struct dae_part part) {
    struct shuffle s = shuffle_of(pass, pass->inputs[0]);
    deepen(&s, part.dy, part.dx, true);
}

static dae_status forward_wide(const struct dae_pass *pass) {
    return dae_parts_forward(pass, pass->output->shape->dims[0], fill_wide);
}

static dae_status backward_wide(const struct dae_pass *pass, size_t input) {
    (void)input;
    return dae_parts_backward(pass, pass->output->shape->dims[0], add_deep);
}

/* ---- space_to_depth ------------------------------------------------------------------------------- */

static void fill_deep(const struct dae_pass *pass, struct dae_part part) {
    struct shuffle s = shuffle_of(pass, pass->output);
    deepen(&s, part.x, part.y, false);
}

static void add_wide(const struct dae_pass *pass, struct dae_part part) {
    struct shuffle s = shuffle_of(pass, pass->output);
    widen(&s, part.dy, part.dx, true);
}

static dae_status forward_deep(const struct dae_pass *pass) {
    return dae_parts_forward(pass, pass->inputs[0]->shape->dims[0], fill_deep);
}

static dae_status backward_deep(const struct dae_pass *pass, size_t input) {
    (void)input;
    return dae_parts_backward(pass, pass->inputs[0]->shape->dims[0], add_wide);
}

/* ---- The rows ----------------------------------------------------------------------------------- */

#define FACTOR                                                                                     \
    {                                                                                              \
        .name = "factor", .what = "how many places a side of one becomes", .type = DAE_TYPE_COUNT, \
        .flags = DAE_BY_PLACE, .low = 1, .high = 4096,                                             \
    }

const struct dae_layer_kind dae_layer_depth_to_space = {
    .kind = {.name = "depth_to_space",
             .what = "factor x factor channels become as many places, as pixel_shuffle in PyTorch",
             .example = "depth_to_space(2)",
             .parameters = {FACTOR}},
    .attach = attach_wide,
    .forward = forward_wide,
    .backward = backward_wide,
    .reach = reach_wide,
    .keeps_range = true,
};

const struct dae_layer_kind dae_layer_space_to_depth = {
    .kind = {.name = "space_to_depth",
             .what = "factor x factor places become as many channels, as pixel_unshuffle in PyTorch",
             .example = "space_to_depth(2)",
             .parameters = {FACTOR}},
    .attach = attach_deep,
    .forward = forward_deep,
    .backward = backward_deep,
    .reach = reach_deep,
    .keeps_range = true,
};
