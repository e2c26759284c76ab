/* Values around pictures and signals, and the same taken away: `size` on each side. Beyond the ends are
 * zeros, or what a mirror on the last value shows (reflect), or the last value (replicate); as PyTorch's
 * pad(), and Keras' ZeroPadding2D and Cropping2D. */
#include "layers/picture.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SIZE, MODE };

static size_t size_of(const dae_layer *layer) {
    return (size_t)layer->values[SIZE].number;
}

/* ---- pad ------------------------------------------------------------------------------------------ */

static bool can_reflect(const struct dae_picture *p, size_t size) {
    return p->width > size && (p->is_signal || p->height > size);
}

static dae_status attach_pad(const dae_layer *layer, struct dae_attachment *at) {
    struct dae_picture p;
    size_t size = size_of(layer), more;
    char takes[160];
    DAE_TRY(dae_picture_read(&p, layer, at));
    if (layer->values[MODE].number == DAE_PADDING_REFLECT && !can_reflect(&p, size)) {
        snprintf(takes, sizeof takes, "sides of at least %zu, for %zu values to be reflected", size + 1,
                 size);
        return dae_picture_refuse(layer, at, takes);
    }
    more = dae_picture_vertical(&p, 2 * size, 0);
    if (!dae_size_add(p.width, 2 * size, &p.width) || !dae_size_add(p.height, more, &p.height))
        return dae_fail(DAE_ERROR_SHAPE, "pad: more values than can be addressed");
    return dae_picture_write(&p, at);
}

static struct dae_reach reach_pad(const dae_layer *layer, const struct dae_attachment *at, size_t axis) {
    (void)at, (void)axis;
    ptrdiff_t size = (ptrdiff_t)size_of(layer);
    bool zeros = layer->values[MODE].number == DAE_PADDING_ZEROS;
    return (struct dae_reach){
        .in = 1, .out = 1, .low = -size, .high = -size, .edge = zeros ? 0 : size_of(layer) + 1};
}

/* What a channel is padded by. */
struct padding {
    size_t size, size_y, height, width; /* of X */
    enum dae_padding mode;
};

static struct padding padding_of(const struct dae_pass *pass) {
    struct dae_picture p = dae_picture_of(pass->inputs[0]->shape);
    size_t size = size_of(pass->layer);
    return (struct padding){size, dae_picture_vertical(&p, size, 0), p.height, p.width,
                            (enum dae_padding)pass->layer->values[MODE].number};
}

static void pad_line(const struct padding *p, const float *x, float *y) {
    size_t end = p->size + p->width;
    memcpy(y + p->size, x, p->width * sizeof *y);
    for (size_t i = 0; i < p->size; i++) {
        size_t before = dae_padding_source(i, p->size, p->width, p->mode),
               after = dae_padding_source(end + i, p->size, p->width, p->mode);
        y[i] = before != SIZE_MAX ? x[before] : 0.0f;
        y[end + i] = after != SIZE_MAX ? x[after] : 0.0f;
    }
}

static void pad_line_back(const struct padding *p, const float *dy, float *dx) {
    size_t end = p->size + p->width;
    for (size_t i = 0; i < p->width; i++)
        dx[i] += dy[p->size + i];
    for (size_t i = 0; i < p->size && p->mode != DAE_PADDING_ZEROS; i++) {
        dx[dae_padding_source(i, p->size, p->width, p->mode)] += dy[i];
        dx[dae_padding_source(end + i, p->size, p->width, p->mode)] += dy[end + i];
    }
}

static void fill_pad(const struct dae_pass *pass, struct dae_part part) {
    struct padding p = padding_of(pass);
    size_t row = p.width + 2 * p.size;
    for (size_t line = 0; line < p.height + 2 * p.size_y; line++) {
        size_t from = dae_padding_source(line, p.size_y, p.height, p.mode);
        if (from != SIZE_MAX)
            pad_line(&p, part.x + from * p.width, part.y + line * row);
        else
            memset(part.y + line * row, 0, row * sizeof *part.y);
    }
}

static void add_pad(const struct dae_pass *pass, struct dae_part part) {
    struct padding p = padding_of(pass);
    size_t row = p.width + 2 * p.size;
    for (size_t line = 0; line < p.height + 2 * p.size_y; line++) {
        size_t from = dae_padding_source(line, p.size_y, p.height, p.mode);
        if (from != SIZE_MAX)
            pad_line_back(&p, part.dy + line * row, part.dx + from * p.width);
    }
}

static dae_status forward_pad(const struct dae_pass *pass) {
    return dae_parts_forward(pass, pass->output->shape->dims[0], fill_pad);
}

static dae_status backward_pad(const struct dae_pass *pass, size_t input) {
    (void)input;
    return dae_parts_backward(pass, pass->output->shape->dims[0], add_pad);
}

/* ---- crop ----------------------------------------------------------------------------------------- */

static dae_status attach_crop(const dae_layer *layer, struct dae_attachment *at) {
    struct dae_picture p;
    size_t size = size_of(layer), least = 2 * size + 1;
    char takes[160];
    DAE_TRY(dae_picture_read(&p, layer, at));
    if (p.width < least || (!p.is_signal && p.height < least)) {
        snprintf(takes, sizeof takes, "sides of at least %zu, to take %zu from each end", least, size);
        return dae_picture_refuse(layer, at, takes);
    }
    p.width -= 2 * size;
    p.height -= dae_picture_vertical(&p, 2 * size, 0);
    return dae_picture_write(&p, at);
}

static struct dae_reach reach_crop(const dae_layer *layer, const struct dae_attachment *at, size_t axis) {
    (void)at, (void)axis;
    ptrdiff_t size = (ptrdiff_t)size_of(layer);
    return (struct dae_reach){.in = 1, .out = 1, .low = size, .high = size};
}

/* Value of a channel of X that line `line` of Y begins with. */
static size_t crop_at(const struct dae_pass *pass, size_t line) {
    struct dae_picture in = dae_picture_of(pass->inputs[0]->shape);
    size_t size = size_of(pass->layer);
    return (line + dae_picture_vertical(&in, size, 0)) * in.width + size;
}

static void fill_crop(const struct dae_pass *pass, struct dae_part part) {
    struct dae_picture out = dae_picture_of(pass->output->shape);
    for (size_t line = 0; line < out.height; line++)
        memcpy(part.y + line * out.width, part.x + crop_at(pass, line), out.width * sizeof *part.y);
}

static void add_crop(const struct dae_pass *pass, struct dae_part part) {
    struct dae_picture out = dae_picture_of(pass->output->shape);
    for (size_t line = 0; line < out.height; line++) {
        float *dx = part.dx + crop_at(pass, line);
        const float *dy = part.dy + line * out.width;
        for (size_t i = 0; i < out.width; i++)
            dx[i] += dy[i];
    }
}

static dae_status forward_crop(const struct dae_pass *pass) {
    return dae_parts_forward(pass, pass->output->shape->dims[0], fill_crop);
}

static dae_status backward_crop(const struct dae_pass *pass, size_t input) {
    (void)input;
    return dae_parts_backward(pass, pass->output->shape->dims[0], add_crop);
}

/* ---- The rows ----------------------------------------------------------------------------------- */

#define SIDE                                                                                          \
    {                                                                                                 \
        .name = "size", .what = "values on each side", .type = DAE_TYPE_COUNT, .flags = DAE_BY_PLACE, \
        .low = 0, .high = 4096,                                                                       \
    }

const struct dae_layer_kind dae_layer_pad = {
    .kind = {.name = "pad",
             .what = "more values on each side: zeros, a mirror's, or the last one",
             .example = "pad(2)",
             .parameters = {[SIZE] = SIDE,
                            [MODE] = {.name = "mode",
                                      .what = "what they are",
                                      .type = DAE_TYPE_WORD,
                                      .words = DAE_PADDING_WORDS,
                                      .fallback = "zeros"}}},
    .attach = attach_pad,
    .forward = forward_pad,
    .backward = backward_pad,
    .reach = reach_pad,
};

const struct dae_layer_kind dae_layer_crop = {
    .kind = {.name = "crop",
             .what = "fewer values on each side",
             .example = "crop(2)",
             .parameters = {[SIZE] = SIDE}},
    .attach = attach_crop,
    .forward = forward_crop,
    .backward = backward_crop,
    .reach = reach_crop,
    .keeps_range = true,
};
