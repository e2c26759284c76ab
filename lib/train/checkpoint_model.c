/* The model of a checkpoint, without the training around it. */
#include "core/file.h"
#include "core/memory.h"
#include "train/checkpoint.h"

static const char *const keys[] = {"dae.checkpoint", "dae.architecture", "dae.noise",
                                   "dae.range",      "dae.scaling",      NULL};

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

static dae_status read_model(dae_model **out, const struct dae_safetensors *file) {
    DAE_TRY(check_kind(file));
    dae_status status = dae_model_read_architecture(out, dae_safetensors_value(file, "dae.architecture"));
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY ? status : dae_fail_in(DAE_ERROR_FORMAT, file->name);
    DAE_TRY(dae_model_read_tensors(file, *out, "", NULL)); /* sizes, before memory is taken */
    DAE_TRY(dae_model_allocate(*out));
    DAE_TRY(dae_model_read_tensors(file, *out, "", dae_model_values(*out)));
    return dae_model_read_metadata(file, *out);
}

static dae_status read_file(dae_model **out, const unsigned char *bytes, size_t size, const char *name) {
    struct dae_safetensors file;
    dae_model *model = NULL;
    dae_status status = dae_safetensors_read(&file, name, bytes, size, keys, DAE_CHECKPOINT_MAX_TENSORS);
    if (status == DAE_OK)
        status = read_model(&model, &file);
    dae_safetensors_release(&file);
    if (status != DAE_OK)
        dae_model_free(model);
    else
        *out = model;
    return status;
}

dae_status dae_model_load_checkpoint(dae_model **out, const char *path) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(path);
    unsigned char *bytes = NULL;
    size_t size = 0;
    DAE_TRY(dae_file_read_checked(path, dae_safetensors_check_start, NULL, &bytes, &size));
    dae_status status = read_file(out, bytes, size, path);
    dae_release(bytes);
    return status;
}
