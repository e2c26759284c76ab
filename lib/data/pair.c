/* The inputs of one dataset with those of another as targets. */
#include "data/dataset.h"

struct pair {
    dae_dataset base; /* its source gives the inputs */
    dae_dataset *targets;
};

static dae_status read_targets(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                               struct dae_part part, float *out) {
    const dae_dataset *targets = ((const struct pair *)dataset)->targets;
    return targets->operations->read_inputs(targets, epoch, first, count, part, out);
}

static struct dae_stored locate_targets(const dae_dataset *dataset, size_t sample) {
    return dae_dataset_locate_inputs(((const struct pair *)dataset)->targets, sample);
}

static struct dae_shape measure_targets(const dae_dataset *dataset, size_t sample) {
    return dae_dataset_measure(((const struct pair *)dataset)->targets, DAE_INPUT_HALF, sample);
}

static void destroy(dae_dataset *dataset) {
    dae_dataset_free(((struct pair *)dataset)->targets);
}

static const struct dae_dataset_operations operations = {
    .read_inputs = dae_dataset_pass_inputs,
    .read_targets = read_targets,
    .locate_inputs = dae_dataset_pass_locate_inputs,
    .locate_targets = locate_targets,
    .destroy = destroy,
    .level = dae_dataset_pass_level,
    .measure_inputs = dae_dataset_pass_measure_inputs,
    .measure_targets = measure_targets,
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
    pair->base.draws = dae_size_max(pair->base.draws, targets->draws);
    *out = &pair->base;
    return DAE_OK;
}
