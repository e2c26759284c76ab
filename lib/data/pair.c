/* The inputs of one dataset with those of another as targets. */
#include "data/dataset.h"

struct pair {
    dae_dataset base; /* its source gives the inputs */
    dae_dataset *targets;
};

/* Either half is the inputs of a dataset. */
static const dae_dataset *half_of(const dae_dataset *dataset, enum dae_half half) {
    return half == DAE_INPUT_HALF ? dataset->source : ((const struct pair *)dataset)->targets;
}

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    return dae_dataset_read_part(half_of(dataset, half), DAE_INPUT_HALF, epoch, first, count, part, out);
}

static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    return dae_dataset_locate(half_of(dataset, half), DAE_INPUT_HALF, sample);
}

static struct dae_shape measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    return dae_dataset_measure(half_of(dataset, half), DAE_INPUT_HALF, sample);
}

static void fetch(const dae_dataset *dataset, size_t sample) {
    dae_dataset_fetch(dataset->source, sample);
    dae_dataset_fetch(((const struct pair *)dataset)->targets, sample);
}

static void destroy(dae_dataset *dataset) {
    dae_dataset_free(((struct pair *)dataset)->targets);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .destroy = destroy,
    .fetch = fetch,
    .measure = measure,
};

dae_status dae_dataset_pair(dae_dataset **out, dae_dataset *inputs, dae_dataset *targets) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(inputs);
    DAE_REQUIRE(targets);
    if (inputs->count != targets->count)
        return dae_fail(DAE_ERROR_SHAPE,
                        "dae_dataset_pair: inputs has %zu samples and targets has %zu, expected "
                        "the same number",
                        inputs->count, targets->count);
    void *created = NULL;
    DAE_TRY(dae_dataset_check_depth(targets, __func__));
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct pair), &operations, inputs, __func__));
    struct pair *pair = created;
    pair->targets = dae_dataset_keep(targets);
    pair->base.target_shape = targets->shape;
    pair->base.alike = false;
    pair->base.depth = dae_size_max(pair->base.depth, targets->depth + 1);
    pair->base.concurrent = inputs->concurrent && targets->concurrent;
    pair->base.whole_targets = targets->whole_inputs;
    pair->base.fetches = inputs->fetches || targets->fetches;
    pair->base.draws = dae_size_max(pair->base.draws, targets->draws);
    *out = &pair->base;
    return DAE_OK;
}
