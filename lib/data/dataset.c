#include "data/dataset.h"
#include "core/memory.h"

static void *create(size_t size, const struct dae_dataset_operations *operations) {
    dae_dataset *dataset = dae_allocate(1, size);
    if (dataset == NULL)
        return NULL;
    dae_references_start(&dataset->references);
    dataset->operations = operations;
    return dataset;
}

dae_status dae_dataset_create_source(void **out, size_t size, const struct dae_dataset_operations *operations,
                                     size_t count, size_t rank, const size_t *shape, const char *context) {
    struct dae_shape checked;
    DAE_TRY(dae_shape_set(&checked, rank, shape, context));
    if (count == 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: count is 0, expected at least 1", context);
    size_t values, bytes;
    if (!dae_size_multiply(count, checked.size, &values) ||
        !dae_size_multiply(values, sizeof(double), &bytes))
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %zu samples of %zu values are more than can be addressed",
                        context, count, checked.size);
    dae_dataset *dataset = create(size, operations);
    if (dataset == NULL)
        return DAE_ERROR_MEMORY;
    dataset->count = count;
    dataset->shape = dataset->target_shape = checked;
    dataset->concurrent = true;
    *out = dataset;
    return DAE_OK;
}

dae_status dae_dataset_create_view(void **out, size_t size, const struct dae_dataset_operations *operations,
                                   dae_dataset *source) {
    dae_dataset *dataset = create(size, operations);
    if (dataset == NULL)
        return DAE_ERROR_MEMORY;
    dataset->count = source->count;
    dataset->shape = source->shape;
    dataset->target_shape = source->target_shape;
    dataset->concurrent = source->concurrent;
    dataset->source = dae_dataset_keep(source);
    dataset->noise = source->noise != NULL ? dae_noise_keep(source->noise) : NULL;
    *out = dataset;
    return DAE_OK;
}

dae_dataset *dae_dataset_keep(dae_dataset *dataset) {
    dae_references_keep(&dataset->references);
    return dataset;
}

void dae_dataset_free(dae_dataset *dataset) {
    while (dataset != NULL && dae_references_drop(&dataset->references)) {
        dae_dataset *source = dataset->source; /* in a loop: chains of views may be long */
        if (dataset->operations->destroy != NULL)
            dataset->operations->destroy(dataset);
        dae_noise_free(dataset->noise);
        dae_release(dataset);
        dataset = source;
    }
}

dae_status dae_dataset_pass_inputs(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                                   float *out) {
    return dataset->source->operations->read_inputs(dataset->source, epoch, first, count, out);
}

dae_status dae_dataset_pass_targets(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                                    float *out) {
    return dataset->source->operations->read_targets(dataset->source, epoch, first, count, out);
}

dae_status dae_dataset_get_count(const dae_dataset *dataset, size_t *count) {
    DAE_REQUIRE(dataset);
    DAE_REQUIRE(count);
    *count = dataset->count;
    return DAE_OK;
}

dae_status dae_dataset_get_shape(const dae_dataset *dataset, size_t *rank, size_t *shape) {
    DAE_REQUIRE(dataset);
    return dae_shape_get(&dataset->shape, rank, shape, __func__);
}

dae_status dae_dataset_get_target_shape(const dae_dataset *dataset, size_t *rank, size_t *shape) {
    DAE_REQUIRE(dataset);
    return dae_shape_get(&dataset->target_shape, rank, shape, __func__);
}

dae_status dae_dataset_read(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                            float *inputs, float *targets) {
    DAE_REQUIRE(dataset);
    if (epoch >> 32 != 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_dataset_read: epoch is %llu, expected less than 2^32",
                        (unsigned long long)epoch);
    if (first > dataset->count || count > dataset->count - first)
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "dae_dataset_read: first is %zu and count is %zu, expected a range within %zu samples", first,
            count, dataset->count);
    if (count == 0)
        return DAE_OK;
    if (inputs != NULL)
        DAE_TRY(dataset->operations->read_inputs(dataset, epoch, first, count, inputs));
    if (targets != NULL)
        DAE_TRY(dataset->operations->read_targets(dataset, epoch, first, count, targets));
    return DAE_OK;
}

enum { ROWS_PER_TASK = 16 };

struct gather {
    const dae_dataset *dataset;
    uint64_t epoch;
    const size_t *order;
    size_t count;
    float *inputs, *targets;
};

static dae_status gather_row(const struct gather *g, size_t row) {
    const struct dae_dataset_operations *operations = g->dataset->operations;
    size_t sample = g->order[row];
    DAE_TRY(
        operations->read_inputs(g->dataset, g->epoch, sample, 1, g->inputs + row * g->dataset->shape.size));
    if (g->targets == NULL)
        return DAE_OK;
    return operations->read_targets(g->dataset, g->epoch, sample, 1,
                                    g->targets + row * g->dataset->target_shape.size);
}

static void gather_task(void *context, size_t task) {
    const struct gather *g = context;
    size_t end = dae_size_min(g->count, (task + 1) * ROWS_PER_TASK);
    for (size_t row = task * ROWS_PER_TASK; row < end; row++)
        gather_row(g, row);
}

dae_status dae_dataset_gather(const dae_dataset *dataset, struct dae_pool *pool, uint64_t epoch,
                              const size_t *order, size_t count, float *inputs, float *targets) {
    struct gather gather = {dataset, epoch, order, count, inputs, targets};
    if (dataset->concurrent)
        dae_pool_run(pool, gather_task, &gather, dae_size_divide_up(count, ROWS_PER_TASK));
    else
        for (size_t row = 0; row < count; row++)
            DAE_TRY(gather_row(&gather, row));
    return DAE_OK;
}
