/* Samples that a function of the caller's gives. */
#include "data/dataset.h"

struct callback_dataset {
    dae_dataset base;
    dae_dataset_read_fn read;
    dae_dataset_release_fn release;
    void *user;
};

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    const struct callback_dataset *callback = (const struct callback_dataset *)dataset;
    (void)half, (void)epoch, (void)part;
    int32_t result = callback->read(first, count, out, callback->user);
    if (result != 0)
        return dae_fail(DAE_ERROR_CALLBACK, "the dataset's read function returned %d for samples %zu to %zu",
                        (int)result, first, first + count - 1);
    return DAE_OK;
}

static void destroy(dae_dataset *dataset) {
    struct callback_dataset *callback = (struct callback_dataset *)dataset;
    if (callback->release != NULL)
        callback->release(callback->user);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .destroy = destroy,
};

dae_status dae_dataset_create_callback(dae_dataset **out, size_t count, size_t rank, const size_t *shape,
                                       dae_dataset_read_fn read_function, dae_dataset_release_fn release,
                                       void *user) {
    DAE_REQUIRE(out);
    if (read_function == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_dataset_create_callback: read is NULL, expected a function");
    void *created = NULL;
    DAE_TRY(dae_dataset_create_source(&created, sizeof(struct callback_dataset), &operations, count, rank,
                                      shape, __func__));
    struct callback_dataset *callback = created;
    callback->base.concurrent = false;
    callback->read = read_function;
    callback->release = release;
    callback->user = user;
    *out = &callback->base;
    return DAE_OK;
}
