/* The model file: safetensors, with architecture, noise and range in its metadata. docs/file-formats.md */
#include "core/file.h"
#include "core/memory.h"
#include "model/json.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Writing ------------------------------------------------------------------------------------ */

/* The key too may need escapes. */
static void write_note(struct dae_text *text, const struct dae_note *note) {
    char key[sizeof DAE_NOTE_PREFIX + DAE_MAX_NOTE_KEY];
    snprintf(key, sizeof key, "%s%s", DAE_NOTE_PREFIX, note->key);
    dae_json_add_string(text, key);
    dae_text_add(text, ":");
    dae_json_add_string(text, note->text);
}

void dae_model_write_metadata(struct dae_text *text, const dae_model *model) {
    dae_text_add(text, "\"dae.architecture\":\"");
    dae_model_write_architecture(text, model);
    dae_text_add(text, "\"");
    if (model->noise != NULL) {
        dae_text_add(text, ",\"dae.noise\":\"");
        dae_noise_write(text, model->noise);
        dae_text_add(text, "\"");
    }
    if (model->low <= model->high) {
        dae_text_add(text, ",\"dae.range\":\"");
        dae_text_add_number(text, model->low);
        dae_text_add(text, " ");
        dae_text_add_number(text, model->high);
        dae_text_add(text, "\"");
    }
    if (dae_model_has_scaling(model)) {
        dae_text_add(text, ",\"dae.scaling\":\"");
        dae_model_write_scaling(text, model);
        dae_text_add(text, "\"");
    }
    for (size_t i = 0; model->notes != NULL && i < model->notes->count; i++) {
        dae_text_add(text, ",");
        write_note(text, &model->notes->list[i]);
    }
}

char dae_model_file_version(const dae_model *model) {
    return dae_model_has_scaling(model) ? '2' : '1';
}

bool dae_model_reads_version(const char *version) {
    return strcmp(version, "1") == 0 || strcmp(version, "2") == 0;
}

void dae_model_write_tensors(struct dae_text *text, const dae_model *model, const char *prefix, size_t *end) {
    size_t tensors = dae_model_tensor_count(model);
    for (size_t i = 0; i < tensors; i++) {
        struct dae_model_tensor tensor = dae_model_tensor_at(model, i);
        char name[DAE_TENSOR_NAME_SIZE];
        snprintf(name, sizeof name, "%s%s", prefix, tensor.name);
        dae_safetensors_add(text, name, DAE_TENSOR_F32, tensor.shape, end);
    }
}

/* The header. Nothing in it but notes needs escaping: names, numbers and recipes are plain ASCII. */
static void write_header(struct dae_text *text, const void *object) {
    size_t end = 0;
    dae_text_add(text, "{\"__metadata__\":{\"format\":\"pt\",\"dae.format\":\"%c\",",
                 dae_model_file_version(object));
    dae_model_write_metadata(text, object);
    dae_text_add(text, "}");
    dae_model_write_tensors(text, object, "", &end);
}

static struct dae_tensors tensors_of(const dae_model *model) {
    return (struct dae_tensors){
        write_header, model, {{dae_model_values(model), model->parameter_count * sizeof(float)}}, 1};
}

static dae_status save(const dae_model *model, const char *path) {
    struct dae_tensors tensors = tensors_of(model);
    unsigned char *bytes = NULL;
    size_t size = 0;
    DAE_TRY(dae_safetensors_write(&tensors, &bytes, &size));
    dae_status status = dae_file_write(path, bytes, size, 0);
    dae_release(bytes);
    return status;
}

dae_status dae_model_save(const dae_model *model, const char *path) {
    dae_model *whole = NULL;
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(path);
    if (dae_model_is_whole(model))
        return save(model, path);
    DAE_TRY(dae_model_make_whole(&whole, model));
    dae_status status = save(whole, path);
    dae_model_free(whole);
    return status;
}

dae_status dae_model_serialize(const dae_model *model, void *bytes, size_t capacity, size_t *size) {
    dae_model *whole = NULL;
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(size);
    if (!dae_model_is_whole(model))
        DAE_TRY(dae_model_make_whole(&whole, model));
    struct dae_tensors tensors = tensors_of(whole != NULL ? whole : model);
    dae_status status = dae_safetensors_deliver(&tensors, bytes, capacity, size, __func__);
    dae_model_free(whole);
    return status;
}

/* ---- Reading ------------------------------------------------------------------------------------ */

static const char *const keys[] = {
    "dae.format", "dae.checkpoint", "dae.architecture", "dae.noise", "dae.range", "dae.scaling", NULL};

dae_status dae_model_read_tensors(const struct dae_safetensors *file, const dae_model *model,
                                  const char *prefix, float *values) {
    size_t tensors = dae_model_tensor_count(model);
    for (size_t i = 0; i < tensors; i++) {
        struct dae_model_tensor tensor = dae_model_tensor_at(model, i);
        char name[DAE_TENSOR_NAME_SIZE];
        snprintf(name, sizeof name, "%s%s", prefix, tensor.name);
        const void *bytes;
        DAE_TRY(dae_safetensors_get(file, name, DAE_TENSOR_F32, tensor.shape, &bytes));
        if (values == NULL)
            continue;
        memcpy(values + tensor.offset, bytes, tensor.shape->size * sizeof *values);
        if (!dae_kernels()->is_finite(values + tensor.offset, tensor.shape->size))
            return dae_fail(DAE_ERROR_NOT_FINITE, "%s: tensor %s holds NaN or infinity", file->name, name);
    }
    return DAE_OK;
}

static dae_status read_range(dae_model *model, const char *text, const char *name) {
    double low, high;
    size_t length = strlen(text), first = dae_text_read_number(text, length, &low), second = 0;
    if (first > 0 && text[first] == ' ')
        second = dae_text_read_number(text + first + 1, length - first - 1, &high);
    if (second == 0 || first + 1 + second != length || !(low <= high) || !isfinite((float)low) ||
        !isfinite((float)high))
        return dae_fail(DAE_ERROR_FORMAT, "%s: dae.range is '%.64s', expected two numbers, low and high",
                        name, text);
    model->low = (float)low;
    model->high = (float)high;
    return DAE_OK;
}

static dae_status read_noise(dae_model *model, const char *text, const char *name) {
    dae_noise *noise = NULL;
    dae_status status = dae_noise_parse(&noise, text);
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY ? status
                                          : dae_fail_in(dae_fail_in(DAE_ERROR_FORMAT, "dae.noise"), name);
    dae_model_remember_noise(model, noise);
    dae_noise_free(noise);
    return DAE_OK;
}

static dae_status read_scaling(dae_model *model, const char *text, const char *name) {
    struct dae_scaling *scaling = NULL;
    enum dae_ends ends = DAE_END_BOTH;
    dae_status status = dae_scaling_read(&scaling, &ends, text);
    model->begins = ends != DAE_END_OUTPUT;
    model->ends = ends != DAE_END_INPUT;
    if (status == DAE_OK)
        status = dae_model_check_scaling(model, scaling);
    if (status == DAE_OK)
        dae_model_set_block_scaling(model, scaling);
    dae_scaling_drop(scaling);
    return status == DAE_OK || status == DAE_ERROR_MEMORY
               ? status
               : dae_fail_in(dae_fail_in(DAE_ERROR_FORMAT, "dae.scaling"), name);
}

dae_status dae_model_read_metadata(const struct dae_safetensors *file, dae_model *model) {
    const char *range = dae_safetensors_value(file, "dae.range"),
               *noise = dae_safetensors_value(file, "dae.noise"),
               *scaling = dae_safetensors_value(file, "dae.scaling");
    if (range != NULL)
        DAE_TRY(read_range(model, range, file->name));
    if (scaling != NULL)
        DAE_TRY(read_scaling(model, scaling, file->name));
    dae_model_remember_notes(model, file->notes);
    return noise != NULL ? read_noise(model, noise, file->name) : DAE_OK;
}

static dae_status check_kind(const struct dae_safetensors *file) {
    const char *format = dae_safetensors_value(file, "dae.format");
    if (dae_safetensors_value(file, "dae.checkpoint") != NULL)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: this is a checkpoint, expected a model; a trainer reads it with "
                        "dae_trainer_load_checkpoint()",
                        file->name);
    if (format != NULL && !dae_model_reads_version(format))
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: dae.format is '%.16s', expected '1' or '2': the file is from a newer version",
                        file->name, format);
    if (dae_safetensors_value(file, "dae.architecture") == NULL)
        return dae_fail(DAE_ERROR_FORMAT, "%s: no dae.architecture in __metadata__: not a model of libdae",
                        file->name);
    return DAE_OK;
}

static dae_status read_model(dae_model **out, const struct dae_safetensors *file,
                             const struct dae_model_container *container) {
    DAE_TRY(container->check(file));
    dae_status status = dae_model_read_architecture(out, dae_safetensors_value(file, "dae.architecture"));
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY ? status : dae_fail_in(DAE_ERROR_FORMAT, file->name);
    size_t tensors = dae_model_tensor_count(*out);
    DAE_TRY(dae_model_read_tensors(file, *out, "", NULL)); /* sizes, before memory is taken */
    if (container->alone && file->entry_count != tensors)
        return dae_fail(DAE_ERROR_FORMAT, "%s: found %zu tensors, the architecture needs %zu", file->name,
                        file->entry_count, tensors);
    DAE_TRY(dae_model_allocate(*out));
    DAE_TRY(dae_model_read_tensors(file, *out, "", dae_model_change(*out)));
    return dae_model_read_metadata(file, *out);
}

static dae_status read_file(dae_model **out, const unsigned char *bytes, size_t size, const char *name,
                            const struct dae_model_container *container) {
    struct dae_safetensors file;
    dae_model *model = NULL;
    dae_status status = dae_safetensors_read(&file, name, bytes, size, keys, container->tensors);
    if (status == DAE_OK)
        status = read_model(&model, &file, container);
    dae_safetensors_release(&file);
    if (status != DAE_OK)
        dae_model_free(model);
    else
        *out = model;
    return status;
}

dae_status dae_model_load_from(dae_model **out, const char *path,
                               const struct dae_model_container *container) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    DAE_TRY(dae_file_read_checked(path, dae_safetensors_check_start, NULL, &bytes, &size));
    dae_status status = read_file(out, bytes, size, path, container);
    dae_release(bytes);
    return status;
}

static const struct dae_model_container model_file = {
    check_kind, (size_t)DAE_MODEL_MAX_LAYERS *DAE_LAYER_MAX_TENSORS, true};

dae_status dae_model_load(dae_model **out, const char *path) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(path);
    return dae_model_load_from(out, path, &model_file);
}

dae_status dae_model_deserialize(dae_model **out, const void *bytes, size_t size) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(bytes);
    return read_file(out, bytes, size, "model in memory", &model_file);
}
