/* The model of a checkpoint, without the training around it. */
#include "train/checkpoint.h"

static dae_status check_kind(const struct dae_safetensors *file) {
    const char *version = dae_safetensors_value(file, "dae.checkpoint");
    if (version == NULL || dae_safetensors_value(file, "dae.architecture") == NULL)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: no dae.checkpoint and dae.architecture in __metadata__: not a checkpoint of "
                        "libdae",
                        file->name);
    return dae_model_reads_version(version)
               ? DAE_OK
               : dae_fail(
                     DAE_ERROR_FORMAT,
                     "%s: dae.checkpoint is '%.16s', expected '1' or '2': the file is from a newer version",
                     file->name, version);
}

dae_status dae_model_load_checkpoint(dae_model **out, const char *path) {
    static const struct dae_model_container checkpoint = {check_kind, DAE_CHECKPOINT_MAX_TENSORS, false};
    DAE_REQUIRE(out);
    DAE_REQUIRE(path);
    return dae_model_load_from(out, path, &checkpoint);
}
