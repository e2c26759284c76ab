/* Datasets as recordings that noise mixes with. */
#include "data/dataset.h"

static dae_status read(const void *handle, uint64_t epoch, size_t recording, size_t first, size_t count,
                       float *out) {
    const dae_dataset *dataset = handle;
    return dataset->operations->read_inputs(dataset, epoch, recording, 1, (struct dae_part){first, count},
                                            out);
}

static void release(void *handle) {
    dae_dataset_free(handle);
}

dae_status dae_noise_bind(dae_noise *noise, const char *name, dae_dataset *dataset) {
    DAE_REQUIRE(noise);
    DAE_REQUIRE(name);
    DAE_REQUIRE(dataset);
    const uint64_t most = UINT64_C(1) << 32;
    size_t length = dae_noise_length(&dataset->shape);
    if (dataset->count > most || length > most)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_noise_bind: dataset has %zu recordings of length %zu, expected at most 2^32",
                        dataset->count, length);
    DAE_TRY(dae_noise_bind_recordings(noise, name,
                                      &(struct dae_noise_recordings){
                                          .handle = dataset,
                                          .count = dataset->count,
                                          .shape = dataset->shape,
                                          .in_parts = dataset->concurrent && !dataset->whole_inputs,
                                          .read = read,
                                          .release = release,
                                      }));
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
