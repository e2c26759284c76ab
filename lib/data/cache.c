/* A dataset held in memory, as it is in epoch 0. */
#include "core/memory.h"
#include "data/view.h"

#include <string.h>

/* Inputs or targets. */
struct held {
    float *values;
    size_t *starts; /* of each sample; NULL where all have one shape */
};

struct cache {
    dae_dataset base;
    struct held inputs, targets; /* the latter empty where they are the inputs */
};

static const float *at(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    const struct cache *cache = (const struct cache *)dataset;
    bool is_input = half == DAE_INPUT_HALF || dataset->alike;
    const struct held *held = is_input ? &cache->inputs : &cache->targets;
    size_t size = is_input ? dataset->shape.size : dataset->target_shape.size;
    return held->values + (held->starts != NULL ? held->starts[sample] : sample * size);
}

/* ---- Reading ---------------------------------------------------------------------------------------- */

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    (void)epoch;
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * part.count, at(dataset, half, first + i) + part.first, part.count * sizeof *out);
    return DAE_OK;
}

static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    return (struct dae_stored){at(dataset, half, sample),
                               dae_dataset_measure(dataset, half, sample).size * sizeof(float)};
}

/* What was drawn when the inputs were read. */
static bool level(const dae_dataset *dataset, const char *label, uint64_t epoch, size_t sample,
                  double *level) {
    (void)epoch;
    return dae_dataset_level(dataset->source, label, 0, sample, level);
}

/* ---- Making ----------------------------------------------------------------------------------------- */

static void destroy(dae_dataset *dataset) {
    struct cache *cache = (struct cache *)dataset;
    dae_release(cache->inputs.values);
    dae_release(cache->inputs.starts);
    dae_release(cache->targets.values);
    dae_release(cache->targets.starts);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .destroy = destroy,
    .level = level,
    .measure = dae_dataset_pass_measure,
};

/* What is to be held of a dataset: its inputs or its targets. */
struct holding {
    const dae_dataset *dataset;
    enum dae_half half;
    const struct dae_shape *shape;
};

/* All at once, as their shape is one. */
static dae_status hold_equal(struct held *held, const struct holding *h) {
    held->values = dae_allocate_raw(h->dataset->count, h->shape->size * sizeof *held->values);
    if (held->values == NULL)
        return DAE_ERROR_MEMORY;
    return dae_dataset_read_part(h->dataset, h->half, 0, 0, h->dataset->count,
                                 (struct dae_part){0, h->shape->size}, held->values);
}

static dae_status hold_each(struct held *held, const struct holding *h) {
    size_t count = h->dataset->count, all = 0;
    held->starts = dae_allocate_raw(count, sizeof *held->starts);
    if (held->starts == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        held->starts[i] = all;
        if (!dae_size_add(all, dae_dataset_measure(h->dataset, h->half, i).size, &all))
            all = SIZE_MAX; /* which cannot be had */
    }
    held->values = dae_allocate_raw(all, sizeof *held->values);
    if (held->values == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++)
        DAE_TRY(dae_dataset_read_part(h->dataset, h->half, 0, i, 1,
                                      (struct dae_part){0, dae_dataset_measure(h->dataset, h->half, i).size},
                                      held->values + held->starts[i]));
    return DAE_OK;
}

static dae_status hold(struct held *held, struct holding h) {
    return dae_shape_is_open(h.shape) ? hold_each(held, &h) : hold_equal(held, &h);
}

static dae_status fill(struct cache *cache, const dae_dataset *source) {
    DAE_TRY(hold(&cache->inputs, (struct holding){source, DAE_INPUT_HALF, &source->shape}));
    return source->alike
               ? DAE_OK
               : hold(&cache->targets, (struct holding){source, DAE_TARGET_HALF, &source->target_shape});
}

static dae_status make(dae_dataset **out, const struct dae_viewing *v) {
    void *created = NULL;
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct cache), &operations, v->source, v->context));
    struct cache *cache = created;
    cache->base.concurrent = true;
    cache->base.whole_inputs = cache->base.whole_targets = cache->base.fetches = false;
    dae_status status = fill(cache, v->source);
    if (status != DAE_OK)
        dae_dataset_free(&cache->base);
    else
        *out = &cache->base;
    return status;
}

const struct dae_view_kind dae_view_cache = {
    .kind = {.name = "cache",
             .what = "inputs and targets, as they are in epoch 0, held in memory as float32",
             .example = "cache"},
    .make = make,
};
