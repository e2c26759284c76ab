/* Datasets as recordings that noise mixes with. */
#include "data/dataset.h"

static struct dae_shape measure(const void *handle, size_t recording) {
    return dae_dataset_measure(handle, DAE_INPUT_HALF, recording);
}

static dae_status read(const void *handle, uint64_t epoch, size_t recording, size_t first, size_t count,
                       float *out) {
    return dae_dataset_read_run(handle, DAE_INPUT_HALF, epoch, recording, (struct dae_part){first, count},
                                out);
}

static void release(void *handle) {
    dae_dataset_free(handle);
}

dae_status dae_noise_bind(dae_noise *noise, const char *name, dae_dataset *dataset) {
    const uint64_t most = UINT64_C(1) << 32; /* a place is drawn by one word */
    DAE_REQUIRE(noise);
    DAE_REQUIRE(name);
    DAE_REQUIRE(dataset);
    if (dataset->count > most)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_noise_bind: dataset has %zu recordings, expected at most 2^32", dataset->count);
    for (size_t i = 0; i < dae_dataset_count_different(dataset); i++) {
        struct dae_shape shape = measure(dataset, i);
        if (dae_noise_length(&shape) > most)
            return dae_fail(DAE_ERROR_ARGUMENT,
                            "dae_noise_bind: recording %zu of dataset has %zu values a channel, expected at "
                            "most 2^32",
                            i, dae_noise_length(&shape));
    }
    DAE_TRY(dae_noise_bind_recordings(noise, name,
                                      &(struct dae_noise_recordings){NULL, dataset, dataset->count,
                                                                     dae_noise_channels(&dataset->shape),
                                                                     measure, read, release}));
    dae_dataset_keep(dataset);
    return DAE_OK;
}

dae_status dae_dataset_read_recordings(dae_dataset *view, const dae_noise *noise, const char *context) {
    for (const struct dae_noise_recordings *r = noise->recordings; r != NULL; r = r->next) {
        const dae_dataset *dataset = r->handle;
        DAE_TRY(dae_dataset_check_depth(dataset, context));
        view->concurrent = view->concurrent && dataset->concurrent;
        if (view->depth <= dataset->depth)
            view->depth = dataset->depth + 1;
    }
    return DAE_OK;
}
