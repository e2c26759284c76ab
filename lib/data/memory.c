/* Samples that lie in memory as float32. */
#include "data/dataset.h"
#include "core/memory.h"

#include <string.h>

struct memory_dataset {
    dae_dataset base;
    const float *data;
    float *owned; /* or NULL when borrowed */
    dae_dataset_release_fn release;
    void *user;
};

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    const float *data = ((const struct memory_dataset *)dataset)->data + part.first;
    (void)half, (void)epoch;
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * part.count, data + (first + i) * dataset->shape.size, part.count * sizeof *out);
    return DAE_OK;
}

static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    (void)half;
    const float *data = ((const struct memory_dataset *)dataset)->data;
    return (struct dae_stored){data + sample * dataset->shape.size, dataset->shape.size * sizeof *data};
}

static void destroy(dae_dataset *dataset) {
    struct memory_dataset *memory = (struct memory_dataset *)dataset;
    dae_release(memory->owned);
    if (memory->release != NULL)
        memory->release(memory->user);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .destroy = destroy,
};

static dae_status create(struct memory_dataset **out, const float *data, size_t count, size_t rank,
                         const size_t *shape, const char *context) {
    if (data == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: data is NULL, expected a pointer", context);
    void *dataset = NULL;
    DAE_TRY(dae_dataset_create_source(&dataset, sizeof **out, &operations, count, rank, shape, context));
    *out = dataset;
    (*out)->data = data;
    return DAE_OK;
}

dae_status dae_dataset_copy_array(dae_dataset **out, const float *data, size_t count, size_t rank,
                                  const size_t *shape) {
    DAE_REQUIRE(out);
    struct memory_dataset *memory = NULL;
    DAE_TRY(create(&memory, data, count, rank, shape, __func__));
    memory->owned = dae_allocate_raw(count, memory->base.shape.size * sizeof *data);
    if (memory->owned == NULL) {
        dae_dataset_free(&memory->base);
        return DAE_ERROR_MEMORY;
    }
    memcpy(memory->owned, data, count * memory->base.shape.size * sizeof *data);
    memory->data = memory->owned;
    *out = &memory->base;
    return DAE_OK;
}

dae_status dae_dataset_borrow_array(dae_dataset **out, const float *data, size_t count, size_t rank,
                                    const size_t *shape, dae_dataset_release_fn release, void *user) {
    DAE_REQUIRE(out);
    struct memory_dataset *memory = NULL;
    DAE_TRY(create(&memory, data, count, rank, shape, __func__));
    memory->release = release;
    memory->user = user;
    *out = &memory->base;
    return DAE_OK;
}
