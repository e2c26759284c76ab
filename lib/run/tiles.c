/* Tiles: parts of a sample that are run by themselves, as large as memory allows, and overlap by what their
 * ends spoil (run/axis.h). So the output is that of one run on the whole, to the bit, which `whole` makes.
 *
 * Where a network takes no sample of that size, mostly because its pooling does not divide it, more is put at
 * the end, what a mirror on the last value shows, and taken away from the output; in both alike. */
#include "core/memory.h"
#include "layers/convolution.h"
#include "run/cover.h"

#include <stdint.h>
#include <string.h>

/* How an axis is cut: tiles of one length, `step` apart, the last one at the end. */
struct cut {
    struct dae_axis axis;
    size_t size, filled; /* places; with what is put at the end */
    size_t length, step, count;
};

struct tiling {
    const struct dae_field *field;
    struct cut cuts[DAE_AXES];
    dae_session *session;
    float *input, *output; /* of a tile; NULL where it is the whole */
};

/* ---- Sizes ------------------------------------------------------------------------------------------- */

static size_t count_of(const struct cut *c, size_t length) {
    size_t step = (length - c->axis.before - c->axis.after) / c->axis.grid * c->axis.grid;
    return length < c->filled ? 1 + dae_size_divide_up(c->filled - length, step) : 1;
}

/* Tiles of at most `most`, of nearly equal parts. */
static void cut(struct cut *c, size_t most) {
    const struct dae_axis *a = &c->axis;
    c->length = c->filled;
    if (most < c->filled)
        c->length = most < a->least ? a->least : most - (most - a->rest) % a->grid;
    c->length = dae_size_min(c->length, c->filled);
    c->count = count_of(c, c->length);
    while (c->count > 1 && c->length >= a->least + a->grid && count_of(c, c->length - a->grid) == c->count)
        c->length -= a->grid;
    c->step = c->count > 1 ? (c->length - a->before - a->after) / a->grid * a->grid : 0;
}

static dae_status resize(dae_model **out, const struct tiling *t) {
    const size_t sides[DAE_AXES] = {t->cuts[0].length, t->cuts[1].length};
    struct dae_shape shape;
    DAE_TRY(dae_axes_shape(&shape, t->field->model, sides));
    return dae_model_resize(out, t->field->model, &shape);
}

/* The memory that tiles take which are cut by `most`. */
static dae_status measure(struct tiling *t, size_t most, double *bytes) {
    dae_model *at = NULL;
    size_t floats = 0;
    for (size_t i = 0; i < DAE_AXES; i++)
        cut(&t->cuts[i], most);
    DAE_TRY(resize(&at, t));
    dae_status status = dae_plan_measure(&floats, at, &(struct dae_use){.batch = 1});
    dae_model_free(at);
    size_t places = t->cuts[0].length * t->cuts[1].length;
    *bytes = 4.0 * ((double)floats + (double)places * (double)(t->field->in + t->field->out) +
                    (double)dae_pool_threads(t->field->pool) * (double)dae_convolution_thread_floats(places));
    return status;
}

/* The largest tiles, as high as wide, that fit into memory. */
static dae_status fit(struct tiling *t, double memory) {
    size_t low = dae_size_max(t->cuts[0].axis.least, t->cuts[1].axis.least),
           high = dae_size_max(t->cuts[0].filled, t->cuts[1].filled);
    double bytes;
    DAE_TRY(measure(t, high, &bytes));
    if (bytes <= memory)
        return DAE_OK;
    DAE_TRY(measure(t, low, &bytes));
    if (bytes > memory)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "tiles have %.0f bytes of memory, expected at least %.0f: the smallest are %zu x %zu",
                        memory, bytes, t->cuts[0].length, t->cuts[1].length);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        DAE_TRY(measure(t, middle, &bytes));
        if (bytes <= memory)
            low = middle;
        else
            high = middle;
    }
    return measure(t, low, &bytes);
}

/* ---- Running ----------------------------------------------------------------------------------------- */

static void gather(const struct tiling *t, size_t y, size_t x) {
    const struct dae_field *f = t->field;
    const struct cut *down = &t->cuts[0], *across = &t->cuts[1];
    float *to = t->input;
    for (size_t channel = 0; channel < f->in; channel++)
        for (size_t i = 0; i < down->length; i++, to += across->length) {
            size_t row = channel * down->size + dae_mirrored((ptrdiff_t)(y + i), down->size);
            dae_copy_mirrored(to, f->input + row * across->size, (ptrdiff_t)x, across->length, across->size);
        }
}

/* Where tile number `index` begins, and which places it gives: [low, high). */
static size_t place(const struct cut *c, size_t index, size_t *low, size_t *high) {
    bool last = index + 1 == c->count;
    size_t first = last ? c->filled - c->length : index * c->step;
    *low = index > 0 ? (index - 1) * c->step + c->length - c->axis.after : 0;
    *high = last ? c->size : dae_size_min(c->size, first + c->length - c->axis.after);
    return first;
}

static dae_status run_tile(const struct tiling *t, size_t down, size_t across) {
    const struct dae_field *f = t->field;
    size_t y_low, y_high, x_low, x_high, y = place(&t->cuts[0], down, &y_low, &y_high),
                                         x = place(&t->cuts[1], across, &x_low, &x_high);
    if (t->input == NULL)
        return dae_cover_run(t->session, f->pool, f->input, 1, f->output);
    gather(t, y, x);
    DAE_TRY(dae_cover_run(t->session, f->pool, t->input, 1, t->output));
    for (size_t channel = 0; channel < f->out; channel++)
        for (size_t i = y_low; i < y_high && x_low < x_high; i++)
            memcpy(f->output + (channel * f->sides[0] + i) * f->sides[1] + x_low,
                   t->output + (channel * t->cuts[0].length + i - y) * t->cuts[1].length + (x_low - x),
                   (x_high - x_low) * sizeof *f->output);
    return DAE_OK;
}

static dae_status run_all(const struct tiling *t) {
    size_t across = t->cuts[1].count, count = t->cuts[0].count * across;
    for (size_t i = 0; i < count; i++) {
        DAE_TRY(run_tile(t, i / across, i % across));
        DAE_TRY(dae_cover_report(t->field, i + 1, count));
    }
    return DAE_OK;
}

static dae_status reserve(struct tiling *t) {
    const struct dae_field *f = t->field;
    size_t places = t->cuts[0].length * t->cuts[1].length;
    dae_model *at = NULL;
    DAE_TRY(resize(&at, t));
    dae_status status = dae_session_open(&t->session, at, 1, false);
    dae_model_free(at);
    if (status != DAE_OK || places == f->sides[0] * f->sides[1])
        return status;
    t->input = dae_allocate_raw(places, f->in * sizeof *t->input);
    t->output = dae_allocate_raw(places, f->out * sizeof *t->output);
    return t->input != NULL && t->output != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

static dae_status fill_up(struct tiling *t, const struct dae_axis axes[DAE_AXES]) {
    for (size_t i = 0; i < DAE_AXES; i++) {
        struct cut *c = &t->cuts[i];
        *c = (struct cut){.axis = axes[i], .size = t->field->sides[i]};
        if (!dae_axis_round_up(&c->axis, c->size, &c->filled))
            return dae_fail(DAE_ERROR_ARGUMENT, "the sample has a side of %zu, more than can be addressed",
                            c->size);
        cut(c, c->filled);
    }
    return DAE_OK;
}

static dae_status run(struct tiling *t) {
    dae_status status = reserve(t);
    if (status == DAE_OK)
        status = run_all(t);
    dae_session_free(t->session);
    dae_release(t->input);
    dae_release(t->output);
    return status;
}

/* ---- The rows ---------------------------------------------------------------------------------------- */

static dae_status cut_tiles(struct tiling *t, const struct dae_field *field) {
    struct dae_axis axes[DAE_AXES];
    *t = (struct tiling){.field = field};
    DAE_TRY(dae_axes_find(axes, field->model));
    DAE_TRY(fill_up(t, axes));
    return fit(t, field->values[DAE_TILES_MEMORY].number);
}

static dae_status check_tiles(const struct dae_field *field) {
    struct tiling t;
    return cut_tiles(&t, field);
}

static dae_status apply_tiles(const struct dae_field *field) {
    struct tiling t;
    DAE_TRY(cut_tiles(&t, field));
    return run(&t);
}

/* A network of which it is not known what sizes suit it takes the sample as it is, or not. */
static dae_status cut_whole(struct tiling *t, const struct dae_field *field) {
    struct dae_axis axes[DAE_AXES];
    *t = (struct tiling){.field = field};
    dae_status status = dae_axes_find(axes, field->model);
    if (status == DAE_ERROR_MEMORY)
        return status;
    for (size_t i = 0; i < DAE_AXES && status != DAE_OK; i++)
        axes[i] = (struct dae_axis){.grid = 1, .least = 1};
    return fill_up(t, axes);
}

static dae_status check_whole(const struct dae_field *field) {
    struct tiling t;
    dae_model *at = NULL;
    DAE_TRY(cut_whole(&t, field));
    DAE_TRY(resize(&at, &t));
    dae_model_free(at);
    return DAE_OK;
}

static dae_status apply_whole(const struct dae_field *field) {
    struct tiling t;
    DAE_TRY(cut_whole(&t, field));
    return run(&t);
}

const struct dae_cover_kind dae_cover_whole = {
    .kind = {.name = "whole", .what = "the sample in one run", .example = "whole"},
    .check = check_whole,
    .apply = apply_whole,
};

const struct dae_cover_kind dae_cover_tiles = {
    .kind = {.name = "tiles",
             .what = "parts that overlap so far as the network looks: the output of one run, in less memory",
             .example = "tiles(memory=3e8)",
             .parameters = {[DAE_TILES_MEMORY] = {.name = "memory",
                                                  .what =
                                                      "bytes that may be taken, as near as they can be told",
                                                  .type = DAE_TYPE_COUNT,
                                                  .low = 1,
                                                  .high = DAE_MOST_SIZE,
                                                  .fallback = "300000000"},
                            [DAE_TILES_LATENCY] =
                                {.name = "latency",
                                 .what = "values that a stream may be late; 0: about twice what is looked at",
                                 .type = DAE_TYPE_COUNT,
                                 .low = 0,
                                 .high = 1 << 24,
                                 .fallback = "0"}}},
    .check = check_tiles,
    .apply = apply_tiles,
    .stream = &dae_stream_of_layers,
};
