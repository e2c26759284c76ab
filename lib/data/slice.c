/* Part of a dataset. */
#include "data/dataset.h"

struct slice {
    dae_dataset base;
    size_t offset;
};

static size_t in_source(const dae_dataset *dataset, size_t sample) {
    return sample + ((const struct slice *)dataset)->offset;
}

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    return dae_dataset_pass_read(dataset, half, epoch, in_source(dataset, first), count, part, out);
}

static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    return dae_dataset_pass_locate(dataset, half, in_source(dataset, sample));
}

static struct dae_shape measure(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    return dae_dataset_pass_measure(dataset, half, in_source(dataset, sample));
}

static const dae_dataset *origin(const dae_dataset *dataset, size_t *sample) {
    *sample = in_source(dataset, *sample);
    return dataset->source;
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .origin = origin,
    .measure = measure,
};

dae_status dae_dataset_create_slice(dae_dataset **out, dae_dataset *source, size_t first, size_t count,
                                    const char *context) {
    void *created = NULL;
    DAE_TRY(dae_dataset_create_view(&created, sizeof(struct slice), &operations, source, context));
    struct slice *slice = created;
    slice->base.count = count;
    slice->offset = first;
    dae_dataset_agree(&slice->base);
    *out = &slice->base;
    return DAE_OK;
}

dae_status dae_dataset_slice(dae_dataset **out, dae_dataset *source, size_t first, size_t count) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(source);
    if (count == 0 || first > source->count || count > source->count - first)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_dataset_slice: first is %zu and count is %zu, expected a range of at least one "
                        "within %zu samples",
                        first, count, source->count);
    return dae_dataset_create_slice(out, source, first, count, __func__);
}

dae_status dae_dataset_split(dae_dataset **first, dae_dataset **rest, dae_dataset *source, size_t count) {
    DAE_REQUIRE(first);
    DAE_REQUIRE(rest);
    DAE_REQUIRE(source);
    if (first == rest)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_dataset_split: first and rest are the same pointer, expected one for each");
    if (count == 0 || count >= source->count)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_dataset_split: count is %zu, expected at least 1 and less than the %zu samples",
                        count, source->count);
    dae_dataset *head = NULL, *tail = NULL;
    DAE_TRY(dae_dataset_slice(&head, source, 0, count));
    dae_status status = dae_dataset_slice(&tail, source, count, source->count - count);
    if (status != DAE_OK) {
        dae_dataset_free(head);
        return status;
    }
    *first = head;
    *rest = tail;
    return DAE_OK;
}
