#include "layers/convolution_bands.h"

#include <string.h>

enum {
    LEAST_WIDTH = 64, /* columns of a band, if there are as many, ... */
    LEAST_ROWS = 4,   /* and rows, where bands are for threads to share: */
    SHARES = 8        /* there are that many at least, if there can be */
};

/* ---- Axes --------------------------------------------------------------------------------------- */

static struct dae_cells axis_of(struct dae_window w, bool spreads) {
    struct dae_cells a = {.window = w, .spreads = spreads, .reach = (w.size - 1) * w.dilation / w.stride};
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
static bool tap_at(const struct dae_cells *a, size_t phase, size_t index, struct tap *tap) {
    const struct dae_window *w = &a->window;
    size_t number = a->spreads ? w->size - 1 - index : index, place = number * w->dilation;
    *tap = (struct tap){number, a->spreads ? 0 : place % w->stride,
                        a->spreads ? a->reach - place / w->stride : place / w->stride};
    return !a->spreads || place % w->stride == phase;
}

size_t dae_cells_taps(const struct dae_cells *a, size_t phase) {
    size_t count = 0;
    struct tap tap;
    for (size_t i = 0; i < a->window.size; i++)
        count += tap_at(a, phase, i, &tap);
    return count;
}

size_t dae_cells_values(const struct dae_cells *a, size_t cell, size_t cells, size_t *end) {
    size_t low = (a->first + cell) * a->stride_out, high = low + cells * a->stride_out;
    *end = dae_size_min(a->out, high > a->origin ? high - a->origin : 0);
    return low > a->origin ? low - a->origin : 0;
}

/* ---- Operations --------------------------------------------------------------------------------- */

/* How many columns a band has, if a column of one takes `each` floats in every row. */
static size_t columns_of(const struct dae_bands *o, size_t each) {
    size_t fitting = DAE_BAND / (each * (o->y.reach + 1));
    fitting = fitting > o->x.reach + LEAST_WIDTH ? fitting - o->x.reach : LEAST_WIDTH;
    return dae_size_min(o->x.cells, fitting);
}

static size_t rows_of(const struct dae_bands *o, size_t each) {
    size_t fitting = DAE_BAND / (each * (o->columns + o->x.reach)),
           share = dae_size_divide_up(o->y.cells * o->pass->batch, SHARES);
    fitting = fitting > o->y.reach + 1 ? fitting - o->y.reach : 1;
    fitting = dae_size_min(fitting, share > LEAST_ROWS ? share : LEAST_ROWS);
    return dae_size_min(o->y.cells, fitting);
}

void dae_bands_cut(struct dae_bands *o, size_t channels) {
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

struct dae_band dae_band_at(const struct dae_bands *o, size_t index) {
    size_t number = index % o->bands, y = number / o->bands_x * o->rows, x = number % o->bands_x * o->columns;
    return (struct dae_band){index / o->bands, y, x, dae_size_min(o->rows, o->y.cells - y),
                             dae_size_min(o->columns, o->x.cells - x)};
}

size_t dae_bands_write_taps(const struct dae_bands *o, size_t fy, size_t fx, size_t first) {
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

struct dae_bands dae_bands_of(const struct dae_pass *pass, bool spreads) {
    struct dae_bands o = {
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

bool dae_convolution_has_bias(const struct dae_pass *pass) {
    return pass->layer->values[DAE_CONVOLUTION_BIAS].number == 1;
}

/* ---- What a band reads -------------------------------------------------------------------------- */

/* The cells of a row that a band reads: value `at` + i stride, counted with those before the row. Cells
 * [low, high) lie within it. */
struct stretch {
    size_t at, count, low, high;
};

static struct stretch stretch_of(const struct dae_bands *o, const struct dae_band *b, size_t offset) {
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
static void copy_beyond(const struct dae_bands *o, const struct stretch *s, const float *row, size_t i,
                        size_t end, float *to) {
    for (; i < end && o->mode == DAE_PADDING_ZEROS; i++)
        to[i] = 0.0f;
    for (; i < end; i++) {
        size_t source = dae_padding_source(s->at + i * o->x.stride_in, o->x.before, o->x.in, o->mode);
        to[i] = source != SIZE_MAX ? row[source] : 0.0f;
    }
}

static inline void copy_every(float *to, const float *from, size_t count, size_t stride) {
    for (size_t i = 0; i < count; i++)
        to[i] = from[i * stride];
}

/* For a short row a call would take longer than the copying. */
static inline void copy_all(float *to, const float *from, size_t count) {
    enum { SHORT = 64, SOME = 4 };
    size_t i = 0;
    if (count > SHORT) {
        memcpy(to, from, count * sizeof *to);
        return;
    }
    for (; i + SOME <= count; i += SOME)
        memcpy(to + i, from + i, SOME * sizeof *to);
    for (; i < count; i++)
        to[i] = from[i];
}

static void copy_inside(float *to, const float *from, size_t count, size_t stride) {
    if (stride == 1)
        copy_all(to, from, count);
    else if (stride == 2)
        copy_every(to, from, count, 2);
    else
        copy_every(to, from, count, stride);
}

static void copy_row(const struct dae_bands *o, const struct stretch *s, const float *row, float *to) {
    size_t stride = o->x.stride_in;
    copy_beyond(o, s, row, 0, s->low, to);
    if (s->low < s->high)
        copy_inside(to + s->low, row + (s->at + s->low * stride - o->x.before), s->high - s->low, stride);
    copy_beyond(o, s, row, s->high, s->count, to);
}

/* Rows of cells of one channel, of the offsets (ry, rx). */
static void copy_cells(const struct dae_bands *o, const struct dae_band *b, const float *channel, size_t ry,
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

void dae_band_copy(const struct dae_bands *o, const struct dae_band *b, float *to) {
    size_t size = o->y.in * o->x.in, rows = o->rows + o->y.reach;
    const float *from = o->from + b->sample * o->in * size;
    for (size_t c = 0; c < o->in; c++, from += size)
        for (size_t ry = 0; ry < o->y.stride_in; ry++)
            for (size_t rx = 0; rx < o->x.stride_in; rx++, to += rows * o->pitch)
                copy_cells(o, b, from, ry, rx, to);
}
