#include "layers/convolution.h"
#include "core/memory.h"

#include <string.h>

/* Work is cut into bands, some rows and columns of a sample, such that what a band reads stays in the second
 * cache. How, depends on shapes only. */
enum {
    BAND = 1 << 16,   /* floats that a band reads, ... */
    LEAST_WIDTH = 64, /* but not less than that many columns, if there are more, ... */
    LEAST_ROWS = 4,   /* or rows, where bands are for threads to share: */
    SHARES = 8,       /* there are that many at least, if there can be */
    PARTS = 8,        /* sums of the batch that a gradient is made of, at most */
    CHUNK = 16        /* taps of a gradient, which one task completes */
};

/* ---- Axes --------------------------------------------------------------------------------------- */

/* How an operation goes along an axis. It works on cells q: value s q + f - origin of what comes out, of each
 * phase f < s, is made of values t (q + shift) + r - before of what goes in, one for each tap of the phase.
 * One of the strides, s going out and t going in, is 1. */
struct axis {
    struct dae_window window;
    bool spreads;
    size_t in, out;               /* values */
    size_t stride_in, stride_out; /* t, s */
    size_t before, origin;
    size_t reach; /* the greatest shift */
    size_t first, cells;
};

static struct axis axis_of(struct dae_window w, bool spreads) {
    struct axis a = {.window = w, .spreads = spreads, .reach = (w.size - 1) * w.dilation / w.stride};
    a.in = spreads ? w.narrow : w.wide;
    a.out = spreads ? w.wide : w.narrow;
    a.stride_in = spreads ? 1 : w.stride;
    a.stride_out = spreads ? w.stride : 1;
    a.before = spreads ? a.reach : w.before;
    a.origin = spreads ? w.before : 0;
    a.first = a.origin / a.stride_out;
    a.cells = (a.origin + a.out - 1) / a.stride_out - a.first + 1;
    return a;
}

/* Tap number `index` of an axis, in the order of what it reads. */
struct tap {
    size_t weight, offset, shift; /* which of the weights; r and shift, as above */
};

/* Returns whether the phase has it. */
static bool tap_at(const struct axis *a, size_t phase, size_t index, struct tap *tap) {
    const struct dae_window *w = &a->window;
    size_t number = a->spreads ? w->size - 1 - index : index, place = number * w->dilation;
    *tap = (struct tap){number, a->spreads ? 0 : place % w->stride,
                        a->spreads ? a->reach - place / w->stride : place / w->stride};
    return !a->spreads || place % w->stride == phase;
}

static size_t taps_of(const struct axis *a, size_t phase) {
    size_t count = 0;
    struct tap tap;
    for (size_t i = 0; i < a->window.size; i++)
        count += tap_at(a, phase, i, &tap);
    return count;
}

/* Values [first, end) of what comes out, of which each is of one of some cells. */
static size_t values_of(const struct axis *a, size_t cell, size_t cells, size_t *end) {
    size_t low = (a->first + cell) * a->stride_out, high = low + cells * a->stride_out;
    *end = dae_size_min(a->out, high > a->origin ? high - a->origin : 0);
    return low > a->origin ? low - a->origin : 0;
}

/* ---- Operations --------------------------------------------------------------------------------- */

/* Memory for passes: weights in the order in which they are used, and of the taps of all phases, where they
 * read in a plane, and which of the weights they are. */
struct own {
    size_t weight_count;
    uint64_t revision; /* of what is packed, which stays, but for training; or 0 */
    float *packed;
    size_t *offsets, *weights;
};

struct operation {
    const struct dae_pass *pass;
    struct own *own;
    struct dae_convolution c;
    struct axis y, x;
    size_t in, out; /* channels */
    enum dae_padding mode;
    const float *from;    /* [batch, in, y.in, x.in] */
    const float *bias;    /* [out], or NULL */
    struct dae_rows *to;  /* whose Y or D is made, */
    float *values;        /* [batch, out, y.out, x.out] */
    bool backward;        /* it is D */
    bool folds;           /* what is made has padding that goes back to where it came from */
    size_t rows, columns; /* cells of a band */
    size_t bands, bands_x;
    size_t pitch, plane; /* of what a band reads: from row to row, from channel to channel */
    size_t strip;        /* floats for a unit's results */
};

/* Some cells of a sample. */
struct band {
    size_t sample, y, x, rows, columns;
};

/* How many columns a band has, if a column of one takes `each` floats in every row. */
static size_t columns_of(const struct operation *o, size_t each) {
    size_t fitting = BAND / (each * (o->y.reach + 1));
    fitting = fitting > o->x.reach + LEAST_WIDTH ? fitting - o->x.reach : LEAST_WIDTH;
    return dae_size_min(o->x.cells, fitting);
}

static size_t rows_of(const struct operation *o, size_t each) {
    size_t fitting = BAND / (each * (o->columns + o->x.reach)),
           share = dae_size_divide_up(o->y.cells * o->pass->batch, SHARES);
    fitting = fitting > o->y.reach + 1 ? fitting - o->y.reach : 1;
    fitting = dae_size_min(fitting, share > LEAST_ROWS ? share : LEAST_ROWS);
    return dae_size_min(o->y.cells, fitting);
}

/* Sets how the cells of a sample are cut, with so many channels that a band has in memory. */
static void cut(struct operation *o, size_t channels) {
    size_t phases = o->y.stride_in * o->x.stride_in;
    o->columns = o->folds ? o->x.cells : columns_of(o, channels * phases);
    o->rows = o->folds ? o->y.cells : rows_of(o, channels * phases);
    /* NOLINTBEGIN(clang-analyzer-core.DivideZero): each side has a value, so there are cells */
    o->bands_x = (o->x.cells + o->columns - 1) / o->columns;
    o->bands = o->bands_x * ((o->y.cells + o->rows - 1) / o->rows);
    /* NOLINTEND(clang-analyzer-core.DivideZero) */
    o->pitch = o->columns + o->x.reach;
    o->plane = phases * (o->rows + o->y.reach) * o->pitch;
    o->strip = o->rows * o->pitch + DAE_CONVOLVE_ROOM;
}

static struct band band_at(const struct operation *o, size_t index) {
    size_t number = index % o->bands, y = number / o->bands_x * o->rows, x = number % o->bands_x * o->columns;
    return (struct band){index / o->bands, y, x, dae_size_min(o->rows, o->y.cells - y),
                         dae_size_min(o->columns, o->x.cells - x)};
}

/* How many places convolve() has to work out, with some between the rows that are dropped. */
static size_t places_of(const struct operation *o, const struct band *b) {
    return (b->rows - 1) * o->pitch + b->columns;
}

/* Notes the taps of a phase, from number `first` on. Returns the number after them. */
static size_t write_taps(const struct operation *o, size_t fy, size_t fx, size_t first) {
    struct tap y, x;
    for (size_t i = 0; i < o->y.window.size; i++)
        for (size_t j = 0; j < o->x.window.size; j++)
            if (tap_at(&o->y, fy, i, &y) && tap_at(&o->x, fx, j, &x)) {
                size_t phase = y.offset * o->x.stride_in + x.offset;
                o->own->offsets[first] = (phase * (o->rows + o->y.reach) + y.shift) * o->pitch + x.shift;
                o->own->weights[first++] = y.weight * o->x.window.size + x.weight;
            }
    return first;
}

/* The padding of the wide side is made part of it. */
static void include_padding(struct dae_window *w) {
    size_t end = (w->narrow - 1) * w->stride + (w->size - 1) * w->dilation + 1, side = w->before + w->wide;
    w->wide = end > side ? end : side;
    w->before = 0;
}

/* What gathers on the wide side, or spreads over it. */
static struct operation operation_of(const struct dae_pass *pass, bool spreads) {
    struct operation o = {
        .pass = pass,
        .own = pass->own,
        .c = dae_convolution_of(pass->layer, pass->inputs[0]->shape, pass->output->shape),
    };
    struct dae_window y = o.c.y, x = o.c.x;
    o.folds = spreads && o.c.mode != DAE_PADDING_ZEROS;
    o.mode = spreads ? DAE_PADDING_ZEROS : o.c.mode;
    if (o.folds) {
        include_padding(&y);
        include_padding(&x);
    }
    o.y = axis_of(y, spreads);
    o.x = axis_of(x, spreads);
    o.in = spreads ? o.c.units : o.c.channels;
    o.out = spreads ? o.c.channels : o.c.units;
    return o;
}

/* ---- What a band reads -------------------------------------------------------------------------- */

/* The cells of a row that a band reads: value `at` + i stride, counted with those before the row. Cells
 * [low, high) lie within it. */
struct stretch {
    size_t at, count, low, high;
};

static struct stretch stretch_of(const struct operation *o, const struct band *b, size_t offset) {
    size_t stride = o->x.stride_in, before = o->x.before, end = before + o->x.in;
    struct stretch s = {(o->x.first + b->x) * stride + offset, b->columns + o->x.reach, 0, 0};
    if (s.at < before)
        s.low = dae_size_min(s.count, dae_size_divide_up(before - s.at, stride));
    if (s.at < end)
        s.high = dae_size_min(s.count, dae_size_divide_up(end - s.at, stride));
    s.high = s.high > s.low ? s.high : s.low;
    return s;
}

/* Cells [i, end) of a stretch that lie beyond the ends of the row. */
static void copy_beyond(const struct operation *o, const struct stretch *s, const float *row, size_t i,
                        size_t end, float *to) {
    for (; i < end; i++) {
        size_t source = dae_padding_source(s->at + i * o->x.stride_in, o->x.before, o->x.in, o->mode);
        to[i] = source != SIZE_MAX ? row[source] : 0.0f;
    }
}

static inline void copy_every(float *to, const float *from, size_t count, size_t stride) {
    for (size_t i = 0; i < count; i++)
        to[i] = from[i * stride];
}

static void copy_inside(float *to, const float *from, size_t count, size_t stride) {
    if (stride == 1)
        memcpy(to, from, count * sizeof *to);
    else if (stride == 2)
        copy_every(to, from, count, 2);
    else
        copy_every(to, from, count, stride);
}

static void copy_row(const struct operation *o, const struct stretch *s, const float *row, float *to) {
    size_t stride = o->x.stride_in;
    copy_beyond(o, s, row, 0, s->low, to);
    if (s->low < s->high)
        copy_inside(to + s->low, row + (s->at + s->low * stride - o->x.before), s->high - s->low, stride);
    copy_beyond(o, s, row, s->high, s->count, to);
}

/* Rows of cells of one channel, of the offsets (ry, rx). */
static void copy_cells(const struct operation *o, const struct band *b, const float *channel, size_t ry,
                       size_t rx, float *to) {
    struct stretch s = stretch_of(o, b, rx);
    for (size_t i = 0; i < b->rows + o->y.reach; i++, to += o->pitch) {
        size_t line = (o->y.first + b->y + i) * o->y.stride_in + ry,
               source = dae_padding_source(line, o->y.before, o->y.in, o->mode);
        if (source == SIZE_MAX)
            memset(to, 0, s.count * sizeof *to);
        else
            copy_row(o, &s, channel + source * o->x.in, to);
    }
}

static void copy_band(const struct operation *o, const struct band *b, float *to) {
    size_t size = o->y.in * o->x.in, rows = o->rows + o->y.reach;
    const float *from = o->from + b->sample * o->in * size;
    for (size_t c = 0; c < o->in; c++, from += size)
        for (size_t ry = 0; ry < o->y.stride_in; ry++)
            for (size_t rx = 0; rx < o->x.stride_in; rx++, to += rows * o->pitch)
                copy_cells(o, b, from, ry, rx, to);
}

/* ---- Weights ------------------------------------------------------------------------------------ */

/* Units that are worked on at once, of those that are left. */
static size_t block_of(size_t left) {
    size_t most = dae_kernels()->convolve_height;
    return left >= most ? most : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/* The weights of some units of a group, in the order of channel and tap, those of one side by side. */
static void pack_block(const struct operation *o, size_t group, size_t unit, size_t height, size_t first,
                       size_t count, float *to) {
    size_t in = o->in / o->c.groups, out = o->out / o->c.groups, taps = o->y.window.size * o->x.window.size;
    size_t from_channel = o->y.spreads ? out : 1, from_unit = o->y.spreads ? 1 : in;
    const float *weights = o->pass->weight + group * in * out * taps;
    for (size_t c = 0; c < in; c++)
        for (size_t t = first; t < first + count; t++)
            for (size_t i = 0; i < height; i++)
                *to++ = weights[(c * from_channel + (unit + i) * from_unit) * taps + o->own->weights[t]];
}

/* Packs the weights of a phase, whose taps begin at `first`. */
static void pack_phase(const struct operation *o, size_t first, size_t count) {
    size_t in = o->in / o->c.groups, out = o->out / o->c.groups;
    float *to = o->own->packed + first * in * o->out;
    for (size_t group = 0; group < o->c.groups; group++)
        for (size_t unit = 0, height; unit < out; unit += height, to += height * in * count) {
            height = block_of(out - unit);
            pack_block(o, group, unit, height, first, count, to);
        }
}

static void pack(const struct operation *o) {
    const struct dae_pass *pass = o->pass;
    bool packed = o->own->revision == pass->revision;
    size_t first = 0;
    for (size_t fy = 0; fy < o->y.stride_out; fy++)
        for (size_t fx = 0; fx < o->x.stride_out; fx++) {
            size_t end = write_taps(o, fy, fx, first);
            if (!packed)
                pack_phase(o, first, end - first);
            first = end;
        }
    o->own->revision = pass->training ? 0 : pass->revision;
}

/* ---- Results ------------------------------------------------------------------------------------ */

/* Whether a D is added to what is there. */
static bool adds(const struct operation *o) {
    return o->backward && !o->folds && !dae_rows_is_first(o->to);
}

/* to[i stride] = strip[i], or added to it */
static inline void store_every(const float *strip, float *to, size_t count, size_t stride, bool add) {
    for (size_t i = 0; i < count; i++)
        to[i * stride] = add ? to[i * stride] + strip[i] : strip[i];
}

static void store_row(const float *strip, float *to, size_t count, size_t stride, bool add) {
    if (stride == 1 && add)
        dae_kernels()->add_rows(to, strip, 0, 1, count);
    else if (stride == 1)
        memcpy(to, strip, count * sizeof *to);
    else
        store_every(strip, to, count, stride, add);
}

/* A channel's results of phase (fy, fx). */
static void store(const struct operation *o, const struct band *b, size_t fy, size_t fx, const float *strip,
                  float *channel) {
    size_t stride = o->x.stride_out, origin = o->x.origin, end = origin + o->x.out;
    size_t at = (o->x.first + b->x) * stride + fx,
           low = at < origin ? dae_size_min(b->columns, dae_size_divide_up(origin - at, stride)) : 0,
           high = at < end ? dae_size_min(b->columns, dae_size_divide_up(end - at, stride)) : 0;
    for (size_t i = 0; i < b->rows && low < high; i++) {
        size_t line = (o->y.first + b->y + i) * o->y.stride_out + fy;
        if (line >= o->y.origin && line - o->y.origin < o->y.out)
            store_row(strip + i * o->pitch + low,
                      channel + (line - o->y.origin) * o->x.out + (at + low * stride - origin), high - low,
                      stride, adds(o));
    }
}

/* Memory of a thread: what a band reads, the results of some units, and a sample with its padding. */
struct memory {
    float *band, *strips, *sample;
};

static size_t memory_size(const struct operation *o) {
    return o->in * o->plane + DAE_CONVOLVE_ROOM + dae_kernels()->convolve_height * o->strip +
           (o->folds ? o->out * o->y.out * o->x.out : 0);
}

/* A band with what it reads around it, and strips of as many units as there can be at once. */
size_t dae_convolution_thread_floats(size_t places) {
    enum { MOST_UNITS = 16 };
    return BAND + BAND / 2 + MOST_UNITS * dae_size_min(2 * places, BAND);
}

static struct memory memory_of(const struct operation *o) {
    float *band = dae_thread_memory_here(o->pass->memory),
          *strips = band + o->in * o->plane + DAE_CONVOLVE_ROOM;
    return (struct memory){band, strips, strips + dae_kernels()->convolve_height * o->strip};
}

/* All units of a phase, whose taps begin at `first`. */
static void work_on_phase(const struct operation *o, const struct band *b, const struct memory *m, float *to,
                          size_t fy, size_t fx, size_t first, size_t count) {
    size_t in = o->in / o->c.groups, out = o->out / o->c.groups, size = o->y.out * o->x.out;
    const float *weights = o->own->packed + first * in * o->out, *bias = o->bias;
    for (size_t group = 0; group < o->c.groups; group++) {
        struct dae_taps taps = {m->band + group * in * o->plane, in, o->plane, o->own->offsets + first,
                                count};
        for (size_t unit = 0, height; unit < out; unit += height, weights += height * in * count) {
            height = block_of(out - unit);
            dae_kernels()->convolve(m->strips, o->strip, weights, bias, height, &taps, places_of(o, b));
            bias = bias != NULL ? bias + height : NULL;
            for (size_t i = 0; i < height; i++, to += size)
                store(o, b, fy, fx, m->strips + i * o->strip, to);
        }
    }
}

static void work_on_phases(const struct operation *o, const struct band *b, const struct memory *m,
                           float *to) {
    size_t first = 0;
    for (size_t fy = 0; fy < o->y.stride_out; fy++)
        for (size_t fx = 0; fx < o->x.stride_out; fx++) {
            size_t count = taps_of(&o->y, fy) * taps_of(&o->x, fx);
            work_on_phase(o, b, m, to, fy, fx, first, count);
            first += count;
        }
}

/* ---- What comes after ----------------------------------------------------------------------------- */

static bool has_bias(const struct dae_pass *pass) {
    return pass->layer->values[DAE_CONVOLUTION_BIAS].number == 1;
}

/* Applies the activation to part of Y, or takes its derivative on part of a D that is complete. */
static void complete(const struct operation *o, struct dae_span span) {
    const struct dae_rows *to = o->to;
    float *y = dae_span_of(o->values, to->shape->size, span);
    if (o->backward && dae_rows_is_last(to))
        dae_rows_derive(to, span);
    if (o->backward)
        return;
    if (to->z != NULL)
        memcpy(dae_span_of(to->z, to->shape->size, span), y, span.count * sizeof *y);
    if (!o->pass->logits)
        dae_activation_apply(&o->pass->layer->activation, y, NULL, span.count);
    dae_pass_go_on(o->pass, span, y);
}

/* What a band has made of a channel, row by row, or at once where it is whole rows. */
static void complete_channel(const struct operation *o, const struct band *b, size_t channel) {
    size_t y_end, x_end, y = values_of(&o->y, b->y, b->rows, &y_end),
                         x = values_of(&o->x, b->x, b->columns, &x_end), width = o->x.out;
    size_t each = y < y_end && x == 0 && x_end == width ? y_end - y : 1;
    for (; y < y_end && x < x_end; y += each)
        complete(o, (struct dae_span){b->sample, (channel * o->y.out + y) * width + x,
                                      (each - 1) * width + (x_end - x)});
}

/* Adds the padding of a sample to what it was made of. */
static void fold(const struct operation *o, const struct band *b, const float *sample) {
    size_t size = o->c.y.wide * o->c.x.wide;
    float *to = o->values + b->sample * o->to->shape->size;
    if (dae_rows_is_first(o->to))
        memset(to, 0, o->to->shape->size * sizeof *to);
    for (size_t channel = 0; channel < o->out; channel++, to += size)
        for (size_t i = 0; i < o->y.out; i++) {
            size_t line = dae_padding_source(i, o->c.y.before, o->c.y.wide, o->c.mode);
            for (size_t j = 0; j < o->x.out; j++, sample++)
                to[line * o->c.x.wide + dae_padding_source(j, o->c.x.before, o->c.x.wide, o->c.mode)] +=
                    *sample;
        }
    if (dae_rows_is_last(o->to))
        dae_rows_derive(o->to, (struct dae_span){b->sample, 0, o->to->shape->size});
}

static dae_status work_on_band(void *context, size_t task) {
    const struct operation *o = context;
    struct memory m = memory_of(o);
    struct band b = band_at(o, task);
    copy_band(o, &b, m.band);
    work_on_phases(o, &b, &m, o->folds ? m.sample : o->values + b.sample * o->out * o->y.out * o->x.out);
    if (o->folds)
        fold(o, &b, m.sample);
    for (size_t channel = 0; channel < o->out && !o->folds; channel++)
        complete_channel(o, &b, channel);
    return DAE_OK;
}

static dae_status run(struct operation *o) {
    cut(o, o->in);
    DAE_TRY(dae_thread_memory_reserve(o->pass->memory, dae_pool_threads(o->pass->pool), memory_size(o)));
    pack(o);
    return dae_pool_run(o->pass->pool, work_on_band, o, o->pass->batch * o->bands);
}

dae_status dae_convolution_forward(const struct dae_pass *pass) {
    struct operation o = operation_of(pass, dae_convolution_is_transposed(pass->layer));
    o.from = pass->inputs[0]->y;
    o.to = pass->output;
    o.values = pass->output->y;
    o.bias = has_bias(pass) ? pass->parameters + o.own->weight_count : NULL;
    return run(&o);
}

dae_status dae_convolution_backward(const struct dae_pass *pass, size_t input) {
    struct operation o = operation_of(pass, !dae_convolution_is_transposed(pass->layer));
    o.from = pass->output->d;
    o.to = pass->inputs[input];
    o.values = pass->inputs[input]->d;
    o.backward = true;
    return run(&o);
}

/* ---- Gradients ---------------------------------------------------------------------------------- */

/* The gradient of the weights is the sum of that of some parts of the bands of all samples: in each
 * sums[group][channel][tap][unit], and some floats that only round rows up. */
struct gradient {
    struct operation gather; /* on the wide side */
    const float *narrow;
    size_t taps, units, width; /* of a group: channels times taps, units; floats that these take */
    size_t parts;
};

static size_t part_size(const struct gradient *g) {
    return g->gather.c.groups * g->taps * g->width;
}

static void add_band(const struct gradient *g, size_t index, float *sums) {
    const struct operation *o = &g->gather;
    struct band b = band_at(o, index);
    float *band = dae_thread_memory_here(o->pass->memory);
    size_t channels = o->in / o->c.groups, size = o->y.out * o->x.out;
    const float *narrow = g->narrow + b.sample * o->out * size + b.y * o->x.out + b.x;
    copy_band(o, &b, band);
    for (size_t group = 0; group < o->c.groups; group++) {
        struct dae_correlation c = {
            .taps = {band + group * channels * o->plane, channels, o->plane, o->own->offsets,
                     o->y.window.size * o->x.window.size},
            .d = narrow + group * g->units * size,
            .d_plane = size,
            .d_row = o->x.out,
            .pitch = o->pitch,
            .units = g->units,
            .rows = b.rows,
            .columns = b.columns,
            .sums = sums + group * g->taps * g->width,
            .stride = g->width,
            .memory = band + o->in * o->plane + DAE_CONVOLVE_ROOM,
        };
        dae_kernels()->correlate(&c);
    }
}

static dae_status sum_part(void *context, size_t part) {
    const struct gradient *g = context;
    const struct dae_pass *pass = g->gather.pass;
    size_t size = part_size(g), bands = pass->batch * g->gather.bands;
    float *sums = pass->scratch + part * size;
    memset(sums, 0, size * sizeof *sums);
    for (size_t i = bands * part / g->parts; i < bands * (part + 1) / g->parts; i++)
        add_band(g, i, sums);
    return DAE_OK;
}

/* Adds up parts, pairs of neighbours first, of one tap of a channel, and brings the sums to their units. */
static void add_tap(const struct gradient *g, size_t group, size_t tap) {
    size_t size = part_size(g);
    float *sums = g->gather.pass->scratch + (group * g->taps + tap) * g->width,
          *out = g->gather.pass->weight_gradient + group * g->units * g->taps + tap;
    for (size_t step = 1; step < g->parts; step *= 2)
        for (size_t part = 0; part + step < g->parts; part += 2 * step)
            dae_kernels()->add_rows(sums + part * size, sums + (part + step) * size, 0, 1, g->units);
    for (size_t n = 0; n < g->units; n++)
        out[n * g->taps] = sums[n];
}

static dae_status add_parts(void *context, size_t task) {
    const struct gradient *g = context;
    size_t all = g->gather.c.groups * g->taps, end = dae_size_min(all, (task + 1) * CHUNK);
    for (size_t i = task * CHUNK; i < end; i++)
        add_tap(g, i / g->taps, i % g->taps);
    return DAE_OK;
}

/* db[n] = sum of D over samples and places: places of a sample in lanes, samples in their order. */
static dae_status sum_bias(void *context, size_t channel) {
    const struct gradient *g = context;
    const struct dae_pass *pass = g->gather.pass;
    const struct dae_shape *shape = pass->output->shape;
    size_t size = shape->size / shape->dims[0];
    float sum = 0.0f;
    for (size_t sample = 0; sample < pass->batch; sample++)
        sum += dae_kernels()->sum(pass->output->d + sample * shape->size + channel * size, size);
    pass->gradient[g->gather.own->weight_count + channel] = sum;
    return DAE_OK;
}

/* Floats that sums for units of a group take. */
static size_t width_of(size_t units) {
    return dae_size_divide_up(units, DAE_CORRELATE_WIDTH) * DAE_CORRELATE_WIDTH;
}

dae_status dae_convolution_gradients(const struct dae_pass *pass) {
    bool transposed = dae_convolution_is_transposed(pass->layer);
    struct gradient g = {.gather = operation_of(pass, false),
                         .narrow = transposed ? pass->inputs[0]->y : pass->output->d};
    struct operation *o = &g.gather;
    o->from = transposed ? pass->output->d : pass->inputs[0]->y;
    cut(o, o->in);
    g.units = o->out / o->c.groups;
    g.taps = o->own->weight_count / o->out;
    g.width = width_of(g.units);
    g.parts = dae_size_min(PARTS, pass->batch * o->bands);
    DAE_TRY(dae_thread_memory_reserve(pass->memory, dae_pool_threads(pass->pool),
                                      o->in * o->plane + DAE_CONVOLVE_ROOM +
                                          DAE_CORRELATE_WIDTH * o->rows * o->columns));
    write_taps(o, 0, 0, 0);
    struct dae_work works[] = {{sum_part, &g, g.parts},
                               {sum_bias, &g, has_bias(pass) ? pass->output->shape->dims[0] : 0}};
    DAE_TRY(dae_pool_run_all(pass->pool, works, 2));
    return dae_pool_run(pass->pool, add_parts, &g, dae_size_divide_up(o->c.groups * g.taps, CHUNK));
}

/* ---- Memory ------------------------------------------------------------------------------------- */

size_t dae_convolution_scratch(const struct dae_attachment *at, size_t batch) {
    (void)batch;
    const size_t *dims = at->tensors[0].shape.dims, size = at->tensors[0].shape.size;
    size_t channels = dims[0] == at->output.dims[0] ? at->inputs[0]->dims[0] : at->output.dims[0];
    size_t groups = channels / dims[1], units = dims[0] / groups;
    return PARTS * (size / units) * width_of(units);
}

dae_status dae_convolution_reserve(const struct dae_attachment *at, const struct dae_use *use, void **own) {
    (void)use;
    const struct dae_shape *shape = &at->tensors[0].shape;
    size_t taps = shape->size / (shape->dims[0] * shape->dims[1]);
    struct own *made = dae_allocate(1, sizeof *made);
    *own = made;
    if (made == NULL)
        return DAE_ERROR_MEMORY;
    made->weight_count = shape->size;
    made->packed = dae_allocate_raw(shape->size, sizeof *made->packed);
    made->offsets = dae_allocate(taps, sizeof *made->offsets);
    made->weights = dae_allocate(taps, sizeof *made->weights);
    return made->packed != NULL && made->offsets != NULL && made->weights != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

void dae_convolution_release(void *own) {
    struct own *made = own;
    dae_release(made->packed);
    dae_release(made->offsets);
    dae_release(made->weights);
    dae_release(made);
}
