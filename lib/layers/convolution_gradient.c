/* The gradient of the weights, and of the bias. */
#include "layers/convolution_bands.h"

#include <string.h>

enum {
    PARTS = 8, /* sums of the batch that a gradient is made of, at most */
    CHUNK = 16 /* taps of a gradient, which one task completes */
};

/* The gradient of the weights is the sum of that of some parts of the bands of all samples: in each
 * sums[group][channel][tap][unit], and some floats that only round rows up. */
struct gradient {
    struct dae_bands gather; /* on the wide side */
    const float *narrow;
    size_t taps, units, width; /* of a group: channels times taps, units; floats that these take */
    size_t parts;
};

static size_t part_size(const struct gradient *g) {
    return g->gather.c.groups * g->taps * g->width;
}

static void add_band(const struct gradient *g, size_t index, float *sums) {
    const struct dae_bands *o = &g->gather;
    struct dae_band b = dae_band_at(o, index);
    float *band = dae_thread_memory_here(o->pass->memory);
    size_t channels = o->in / o->c.groups, size = o->y.out * o->x.out;
    const float *narrow = g->narrow + b.sample * o->out * size + b.y * o->x.out + b.x;
    dae_band_copy(o, &b, band);
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

size_t dae_convolution_scratch(const struct dae_attachment *at, size_t batch) {
    (void)batch;
    const size_t *dims = at->tensors[0].shape.dims, size = at->tensors[0].shape.size;
    size_t channels = dims[0] == at->output.dims[0] ? at->inputs[0]->dims[0] : at->output.dims[0];
    size_t groups = channels / dims[1], units = dims[0] / groups;
    return PARTS * (size / units) * width_of(units);
}

dae_status dae_convolution_gradients(const struct dae_pass *pass) {
    bool transposed = dae_convolution_is_transposed(pass->layer);
    struct gradient g = {.gather = dae_bands_of(pass, false),
                         .narrow = transposed ? pass->inputs[0]->y : pass->output->d};
    struct dae_bands *o = &g.gather;
    o->from = transposed ? pass->output->d : pass->inputs[0]->y;
    dae_bands_cut(o, o->in);
    g.units = o->out / o->c.groups;
    g.taps = o->own->weight_count / o->out;
    g.width = width_of(g.units);
    g.parts = dae_size_min(PARTS, pass->batch * o->bands);
    DAE_TRY(dae_thread_memory_reserve(pass->memory, dae_pool_threads(pass->pool),
                                      o->in * o->plane + DAE_CONVOLVE_ROOM +
                                          DAE_CORRELATE_WIDTH * o->rows * o->columns));
    dae_bands_write_taps(o, 0, 0, 0);
    struct dae_work works[] = {
        {sum_part, &g, g.parts},
        {sum_bias, &g, dae_convolution_has_bias(pass) ? pass->output->shape->dims[0] : 0}};
    DAE_TRY(dae_pool_run_all(pass->pool, works, 2));
    return dae_pool_run(pass->pool, add_parts, &g, dae_size_divide_up(o->c.groups * g.taps, CHUNK));
}
