/* Going forward and back: both gather on one side, or spread over it. */
#include "layers/convolution_bands.h"
#include "core/memory.h"

#include <string.h>

/* How many places convolve() has to work out, with some between the rows that are dropped. */
static size_t places_of(const struct dae_bands *o, const struct dae_band *b) {
    return (b->rows - 1) * o->pitch + b->columns;
}

/* ---- Weights ------------------------------------------------------------------------------------ */

/* Units that are worked on at once, of those that are left. */
static size_t block_of(size_t left) {
    size_t most = dae_kernels()->convolve_height;
    return left >= most ? most : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/* The weights of some units of a group, in the order of channel and tap, those of one side by side. */
static void pack_block(const struct dae_bands *o, size_t group, size_t unit, size_t height, size_t first,
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
static void pack_phase(const struct dae_bands *o, size_t first, size_t count) {
    size_t in = o->in / o->c.groups, out = o->out / o->c.groups;
    float *to = o->own->packed + first * in * o->out;
    for (size_t group = 0; group < o->c.groups; group++)
        for (size_t unit = 0, height; unit < out; unit += height, to += height * in * count) {
            height = block_of(out - unit);
            pack_block(o, group, unit, height, first, count, to);
        }
}

static void pack(const struct dae_bands *o) {
    const struct dae_pass *pass = o->pass;
    bool packed = o->own->revision == pass->revision;
    size_t first = 0;
    for (size_t fy = 0; fy < o->y.stride_out; fy++)
        for (size_t fx = 0; fx < o->x.stride_out; fx++) {
            size_t end = dae_bands_write_taps(o, fy, fx, first);
            if (!packed)
                pack_phase(o, first, end - first);
            first = end;
        }
    o->own->revision = pass->training ? 0 : pass->revision;
}

/* ---- Results ------------------------------------------------------------------------------------ */

/* Whether a D is added to what is there. */
static bool adds(const struct dae_bands *o) {
    return o->backward && !o->folds && !dae_rows_is_first(o->to);
}

/* Results of the phases of a row, which are interleaved: value i is number i / count of phase i % count, and
 * phases lie `apart`. */
struct phases {
    const float *values;
    size_t count, apart;
};

static inline float result_at(const struct phases *p, size_t i) {
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a stride is at least 1 */
    return p->values[i % p->count * p->apart + i / p->count];
}

/* to[k] = value i + k, or added to it */
static inline void store_each(const struct phases *p, size_t i, size_t count, bool add, float *to) {
    for (size_t k = 0; k < count; k++)
        to[k] = add ? to[k] + result_at(p, i + k) : result_at(p, i + k);
}

/* The same of two phases, from the first one on. */
static inline void store_pairs(const struct phases *p, size_t i, size_t pairs, bool add, float *restrict to) {
    const float *even = p->values + i / 2, *odd = even + p->apart;
    for (size_t k = 0; k < pairs; k++) {
        to[2 * k] = add ? to[2 * k] + even[k] : even[k];
        to[2 * k + 1] = add ? to[2 * k + 1] + odd[k] : odd[k];
    }
}

static void store_row(const struct phases *p, size_t i, size_t count, bool add, float *to) {
    size_t before = p->count == 2 ? dae_size_min(count, i % 2) : 0, pairs = (count - before) / 2;
    if (p->count == 1 && add) {
        dae_kernels()->add_rows(to, p->values + i, 0, 1, count);
    } else if (p->count == 1) {
        memcpy(to, p->values + i, count * sizeof *to);
    } else if (p->count == 2) {
        store_each(p, i, before, add, to);
        if (add)
            store_pairs(p, i + before, pairs, true, to + before);
        else
            store_pairs(p, i + before, pairs, false, to + before);
        store_each(p, i + before + 2 * pairs, (count - before) % 2, add, to + before + 2 * pairs);
    } else {
        store_each(p, i, count, add, to);
    }
}

/* A channel's results in the rows of phase `fy`. */
static void store(const struct dae_bands *o, const struct dae_band *b, size_t fy, const float *strip,
                  size_t apart, float *channel) {
    size_t end, low = dae_cells_values(&o->x, b->x, b->columns, &end),
                first = low + o->x.origin - (o->x.first + b->x) * o->x.stride_out;
    for (size_t i = 0; i < b->rows && low < end; i++) {
        size_t line = (o->y.first + b->y + i) * o->y.stride_out + fy;
        struct phases p = {strip + i * o->pitch, o->x.stride_out, apart};
        if (line >= o->y.origin && line - o->y.origin < o->y.out)
            store_row(&p, first, end - low, adds(o), channel + (line - o->y.origin) * o->x.out + low);
    }
}

/* Memory of a thread: what a band reads, the results of some units, and a sample with its padding. */
struct memory {
    float *band, *strips, *sample;
};

/* Floats of the results of some units, in all phases of a row. */
static size_t strips_of(const struct dae_bands *o) {
    return o->x.stride_out * dae_kernels()->convolve_height * o->strip;
}

static size_t memory_size(const struct dae_bands *o) {
    return o->in * o->plane + DAE_CONVOLVE_ROOM + strips_of(o) +
           (o->folds ? o->out * o->y.out * o->x.out : 0);
}

/* A band with what it reads around it, and strips of as many units as there can be at once. */
size_t dae_convolution_thread_floats(size_t places) {
    enum { MOST_UNITS = 16 };
    return DAE_BAND + DAE_BAND / 2 + MOST_UNITS * dae_size_min(2 * places, DAE_BAND);
}

static struct memory memory_of(const struct dae_bands *o) {
    float *band = dae_thread_memory_here(o->pass->memory),
          *strips = band + o->in * o->plane + DAE_CONVOLVE_ROOM;
    return (struct memory){band, strips, strips + strips_of(o)};
}

/* Results of some units of a group from `unit` on, in all phases of the rows `fy`, whose taps begin at
 * `first`; `apart` from phase to phase. */
static void work_on_units(const struct dae_bands *o, const struct dae_band *b, const struct memory *m,
                          size_t fy, size_t first, size_t unit, size_t height, size_t apart) {
    size_t in = o->in / o->c.groups, group = unit / (o->out / o->c.groups),
           taps_y = dae_cells_taps(&o->y, fy);
    float *strips = m->strips;
    for (size_t fx = 0, count; fx < o->x.stride_out; fx++, first += count, strips += apart) {
        count = taps_y * dae_cells_taps(&o->x, fx);
        struct dae_taps taps = {m->band + group * in * o->plane, in, o->plane, o->own->offsets + first,
                                count};
        dae_kernels()->convolve(strips, o->strip, o->own->packed + in * (first * o->out + unit * count),
                                o->bias != NULL ? o->bias + unit : NULL, height, &taps, places_of(o, b));
    }
}

static void work_on_phases(const struct dae_bands *o, const struct dae_band *b, const struct memory *m,
                           float *to) {
    size_t first = 0, size = o->y.out * o->x.out, out = o->out / o->c.groups;
    for (size_t fy = 0; fy < o->y.stride_out; fy++) {
        for (size_t unit = 0, height; unit < o->out; unit += height) {
            height = block_of(out - unit % out);
            work_on_units(o, b, m, fy, first, unit, height, height * o->strip);
            for (size_t i = 0; i < height; i++)
                store(o, b, fy, m->strips + i * o->strip, height * o->strip, to + (unit + i) * size);
        }
        first += dae_cells_taps(&o->y, fy) * o->x.window.size;
    }
}

/* ---- What comes after ----------------------------------------------------------------------------- */

/* Applies the activation to part of Y, or takes its derivative on part of a D that is complete. */
static void complete(const struct dae_bands *o, struct dae_span span) {
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
static void complete_channel(const struct dae_bands *o, const struct dae_band *b, size_t channel) {
    size_t y_end, x_end, y = dae_cells_values(&o->y, b->y, b->rows, &y_end),
                         x = dae_cells_values(&o->x, b->x, b->columns, &x_end), width = o->x.out;
    size_t each = y < y_end && x == 0 && x_end == width ? y_end - y : 1;
    for (; y < y_end && x < x_end; y += each)
        complete(o, (struct dae_span){b->sample, (channel * o->y.out + y) * width + x,
                                      (each - 1) * width + (x_end - x)});
}

/* Adds the padding of a sample to what it was made of. */
static void fold(const struct dae_bands *o, const struct dae_band *b, const float *sample) {
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
    const struct dae_bands *o = context;
    struct memory m = memory_of(o);
    struct dae_band b = dae_band_at(o, task);
    dae_band_copy(o, &b, m.band);
    work_on_phases(o, &b, &m, o->folds ? m.sample : o->values + b.sample * o->out * o->y.out * o->x.out);
    if (o->folds)
        fold(o, &b, m.sample);
    for (size_t channel = 0; channel < o->out && !o->folds; channel++)
        complete_channel(o, &b, channel);
    return DAE_OK;
}

static dae_status run(struct dae_bands *o) {
    dae_bands_cut(o, o->in);
    DAE_TRY(dae_thread_memory_reserve(o->pass->memory, dae_pool_threads(o->pass->pool), memory_size(o)));
    pack(o);
    return dae_pool_run(o->pass->pool, work_on_band, o, o->pass->batch * o->bands);
}

dae_status dae_convolution_forward(const struct dae_pass *pass) {
    struct dae_bands o = dae_bands_of(pass, dae_convolution_is_transposed(pass->layer));
    o.from = pass->inputs[0]->y;
    o.to = pass->output;
    o.values = pass->output->y;
    o.bias = dae_convolution_has_bias(pass) ? pass->parameters + o.own->weight_count : NULL;
    return run(&o);
}

dae_status dae_convolution_backward(const struct dae_pass *pass, size_t input) {
    struct dae_bands o = dae_bands_of(pass, !dae_convolution_is_transposed(pass->layer));
    o.from = pass->output->d;
    o.to = pass->inputs[input];
    o.values = pass->inputs[input]->d;
    o.backward = true;
    return run(&o);
}

/* ---- Memory ------------------------------------------------------------------------------------- */

dae_status dae_convolution_reserve(const struct dae_attachment *at, const struct dae_use *use, void **own) {
    (void)use;
    const struct dae_shape *shape = &at->tensors[0].shape;
    size_t taps = shape->size / (shape->dims[0] * shape->dims[1]);
    struct dae_convolution_own *made = dae_allocate(1, sizeof *made);
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
    struct dae_convolution_own *made = own;
    dae_release(made->packed);
    dae_release(made->offsets);
    dae_release(made->weights);
    dae_release(made);
}
