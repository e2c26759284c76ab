/* A dataset with its inputs held in memory, which are its targets where they are those of the source. */
#include "data/dataset.h"
#include "core/memory.h"

#include <string.h>

struct cache {
    dae_dataset base;
    float *inputs;
};

static dae_status read_inputs(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                              struct dae_part part, float *out) {
    const float *inputs = ((const struct cache *)dataset)->inputs + part.first;
    (void)epoch;
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * part.count, inputs + (first + i) * dataset->shape.size, part.count * sizeof *out);
    return DAE_OK;
}

static struct dae_stored locate_inputs(const dae_dataset *dataset, size_t sample) {
    const float *inputs = ((const struct cache *)dataset)->inputs;
    return (struct dae_stored){inputs + sample * dataset->shape.size, dataset->shape.size * sizeof *inputs};
}

static dae_status read_targets(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                               struct dae_part part, float *out) {
    return dataset->alike ? read_inputs(dataset, epoch, first, count, part, out)
                          : dae_dataset_pass_targets(dataset, epoch, first, count, part, out);
}

static struct dae_stored locate_targets(const dae_dataset *dataset, size_t sample) {
    return dataset->alike ? locate_inputs(dataset, sample) : dae_dataset_pass_locate_targets(dataset, sample);
}

/* What was drawn when the inputs were read. */
static bool level(const dae_dataset *dataset, const char *label, uint64_t epoch, size_t sample,
                  double *level) {
    (void)epoch;
    return dae_dataset_pass_level(dataset, label, 0, sample, level);
}

static void destroy(dae_dataset *dataset) {
    dae_release(((struct cache *)dataset)->inputs);
}

static const struct dae_dataset_operations operations = {read_inputs,    read_targets, locate_inputs,
                                                         locate_targets, destroy,      level};

static dae_status fill(struct cache *cache) {
    const dae_dataset *source = cache->base.source;
    cache->inputs = dae_allocate_raw(source->count, source->shape.size * sizeof *cache->inputs);
    if (cache->inputs == NULL)
        return DAE_ERROR_MEMORY;
    return source->operations->read_inputs(source, 0, 0, source->count,
                                           (struct dae_part){0, source->shape.size}, cache->inputs);
}

dae_status dae_dataset_cache(dae_dataset **out, dae_dataset *source) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(source);
    void *created = NULL;
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct cache), &operations, source, __func__));
    struct cache *cache = created;
    cache->base.whole_inputs = false;
    cache->base.whole_targets = source->whole_targets && !source->alike;
    dae_status status = fill(cache);
    if (status != DAE_OK)
        dae_dataset_free(&cache->base);
    else
        *out = &cache->base;
    return status;
}
