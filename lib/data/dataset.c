#include "data/dataset.h"
#include "core/fpu.h"
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
    dataset->concurrent = dataset->alike = true;
    *out = dataset;
    return DAE_OK;
}

dae_status dae_dataset_check_depth(const dae_dataset *dataset, const char *context) {
    enum { MOST_VIEWS = 1000 };
    if (dataset->depth >= MOST_VIEWS)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: %zu views stand upon each other already, expected at most %d", context,
                        dataset->depth, MOST_VIEWS);
    return DAE_OK;
}

dae_status dae_dataset_create_view(void **out, size_t size, const struct dae_dataset_operations *operations,
                                   dae_dataset *source, const char *context) {
    DAE_TRY(dae_dataset_check_depth(source, context));
    dae_dataset *dataset = create(size, operations);
    if (dataset == NULL)
        return DAE_ERROR_MEMORY;
    dataset->count = source->count;
    dataset->shape = source->shape;
    dataset->target_shape = source->target_shape;
    dataset->concurrent = source->concurrent;
    dataset->alike = source->alike;
    dataset->whole_inputs = source->whole_inputs;
    dataset->whole_targets = source->whole_targets;
    dataset->source = dae_dataset_keep(source);
    dataset->depth = source->depth + 1;
    dataset->steps = source->steps;
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
        dae_dataset *source = dataset->source;
        if (dataset->operations->destroy != NULL)
            dataset->operations->destroy(dataset);
        dae_noise_free(dataset->noise);
        dae_release(dataset);
        dataset = source;
    }
}

dae_status dae_dataset_pass_inputs(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                                   struct dae_part part, float *out) {
    return dataset->source->operations->read_inputs(dataset->source, epoch, first, count, part, out);
}

dae_status dae_dataset_pass_targets(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                                    struct dae_part part, float *out) {
    return dataset->source->operations->read_targets(dataset->source, epoch, first, count, part, out);
}

struct dae_stored dae_dataset_locate_inputs(const dae_dataset *dataset, size_t sample) {
    dae_dataset_locator locate = dataset->operations->locate_inputs;
    return locate != NULL ? locate(dataset, sample) : (struct dae_stored){NULL, 0};
}

struct dae_stored dae_dataset_locate_targets(const dae_dataset *dataset, size_t sample) {
    dae_dataset_locator locate = dataset->operations->locate_targets;
    return locate != NULL ? locate(dataset, sample) : (struct dae_stored){NULL, 0};
}

struct dae_stored dae_dataset_pass_locate_inputs(const dae_dataset *dataset, size_t sample) {
    return dae_dataset_locate_inputs(dataset->source, sample);
}

struct dae_stored dae_dataset_pass_locate_targets(const dae_dataset *dataset, size_t sample) {
    return dae_dataset_locate_targets(dataset->source, sample);
}

bool dae_dataset_level(const dae_dataset *dataset, const char *label, uint64_t epoch, size_t sample,
                       double *level) {
    dae_dataset_leveller find = dataset->operations->level;
    return find != NULL && find(dataset, label, epoch, sample, level);
}

bool dae_dataset_pass_level(const dae_dataset *dataset, const char *label, uint64_t epoch, size_t sample,
                            double *level) {
    return dae_dataset_level(dataset->source, label, epoch, sample, level);
}

dae_status dae_dataset_get_count(const dae_dataset *dataset, size_t *count) {
    DAE_REQUIRE(dataset);
    DAE_REQUIRE(count);
    *count = dataset->count;
    return DAE_OK;
}

static dae_status check_index(const dae_dataset *dataset, size_t index, const char *context) {
    if (index >= dataset->count && index != DAE_ALL_SAMPLES)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "%s: index is %zu, expected less than the %zu samples, or DAE_ALL_SAMPLES", context,
                        index, dataset->count);
    return DAE_OK;
}

dae_status dae_dataset_get_shape(const dae_dataset *dataset, size_t index, size_t *rank, size_t *shape) {
    DAE_REQUIRE(dataset);
    DAE_TRY(check_index(dataset, index, __func__));
    return dae_shape_get(&dataset->shape, rank, shape, __func__);
}

dae_status dae_dataset_get_target_shape(const dae_dataset *dataset, size_t index, size_t *rank,
                                        size_t *shape) {
    DAE_REQUIRE(dataset);
    DAE_TRY(check_index(dataset, index, __func__));
    return dae_shape_get(&dataset->target_shape, rank, shape, __func__);
}

static dae_status read_both(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                            float *inputs, float *targets) {
    struct dae_part input = {0, dataset->shape.size}, target = {0, dataset->target_shape.size};
    if (inputs != NULL)
        DAE_TRY(dataset->operations->read_inputs(dataset, epoch, first, count, input, inputs));
    if (targets != NULL)
        DAE_TRY(dataset->operations->read_targets(dataset, epoch, first, count, target, targets));
    return DAE_OK;
}

/* Refuses arrays that overlap each other, or borrowed data that reading would change. */
static dae_status check_arrays(const dae_dataset *dataset, size_t first, size_t count, float *inputs,
                               float *targets) {
    struct dae_stored input = dae_dataset_locate_inputs(dataset, first),
                      target = dae_dataset_locate_targets(dataset, first);
    const struct dae_array arrays[] = {
        {"inputs", inputs, count * dataset->shape.size * sizeof *inputs},
        {"targets", targets, count * dataset->target_shape.size * sizeof *targets},
        {"the data that the inputs come from", input.bytes, count * input.size},
        {"the data that the targets come from", target.bytes, count * target.size},
    };
    for (size_t i = 0; i < 2; i++)
        for (size_t k = i + 1; k < 4; k++)
            DAE_TRY(dae_arrays_check_apart(arrays[i], arrays[k], "dae_dataset_read"));
    return DAE_OK;
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
    DAE_TRY(check_arrays(dataset, first, count, inputs, targets));
    /* kept meanwhile: a callback may drop the caller's reference */
    dae_dataset *kept = dae_dataset_keep((dae_dataset *)(uintptr_t)dataset);
    dae_status status = read_both(dataset, epoch, first, count, inputs, targets);
    dae_dataset_free(kept);
    return status;
}

enum {
    ROWS_AHEAD = 2, /* shuffled rows lie anywhere in memory: fetch them while others are worked on */
    CACHE_LINE = 64,
};

/* One of both arrays that are gathered. */
struct gather {
    const dae_dataset *dataset;
    dae_dataset_reader read;
    dae_dataset_locator locate; /* or NULL */
    uint64_t epoch;
    const size_t *order;
    size_t count, width;
    float *out;
    bool passing;        /* rows of a block take turns in the place of the first */
    dae_gather_fn after; /* or NULL */
    void *context;
};

static void prefetch(const struct gather *g, size_t row) {
    struct dae_stored stored = g->locate != NULL && row < g->count ? g->locate(g->dataset, g->order[row])
                                                                   : (struct dae_stored){0};
    for (size_t i = 0; i < stored.size; i += CACHE_LINE)
        __builtin_prefetch((const char *)stored.bytes + i);
}

static dae_status gather_row(const struct gather *g, size_t slot, size_t first, size_t row) {
    float *out = g->out + (g->passing ? first : row) * g->width;
    DAE_TRY(g->read(g->dataset, g->epoch, g->order[row], 1, (struct dae_part){0, g->width}, out));
    if (g->after != NULL)
        g->after(g->context, slot, row, out);
    return DAE_OK;
}

static dae_status gather_task(void *context, size_t task) {
    const struct gather *g = context;
    size_t first = g->count * task / DAE_GATHER_SLOTS, end = g->count * (task + 1) / DAE_GATHER_SLOTS;
    for (size_t row = first; row < end; row++) {
        prefetch(g, row + ROWS_AHEAD);
        DAE_TRY(gather_row(g, task, first, row));
    }
    return DAE_OK;
}

/* One after the other, from a function of the host's. */
static dae_status gather_rows(const struct gather *g, uint64_t fpu) {
    dae_status status = DAE_OK;
    dae_fpu_restore(fpu);
    for (size_t row = 0; row < g->count && status == DAE_OK; row++)
        status = gather_row(g, 0, 0, row);
    dae_fpu_prepare();
    return status;
}

static dae_status run_gather(struct gather *g, struct dae_pool *pool, uint64_t fpu) {
    if (!g->dataset->concurrent)
        return gather_rows(g, fpu);
    return dae_pool_run(pool, gather_task, g, DAE_GATHER_SLOTS);
}

dae_status dae_dataset_gather(const dae_dataset *dataset, struct dae_pool *pool, uint64_t epoch,
                              const size_t *order, size_t count, const struct dae_gathering *to) {
    const struct dae_dataset_operations *operations = dataset->operations;
    struct gather gather_inputs = {
        .dataset = dataset,
        .read = operations->read_inputs,
        .locate = operations->locate_inputs,
        .epoch = epoch,
        .order = order,
        .count = count,
        .width = dataset->shape.size,
        .out = to->inputs,
        .passing = to->passing,
        .after = to->after,
        .context = to->context,
    };
    struct gather gather_targets = {
        .dataset = dataset,
        .read = operations->read_targets,
        .locate = operations->locate_targets,
        .epoch = epoch,
        .order = order,
        .count = count,
        .width = dataset->target_shape.size,
        .out = to->targets,
    };
    DAE_TRY(run_gather(&gather_inputs, pool, to->fpu));
    return to->targets != NULL ? run_gather(&gather_targets, pool, to->fpu) : DAE_OK;
}
