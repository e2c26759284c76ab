/* The model file: safetensors, with architecture, noise and range in its metadata. docs/file-formats.md */
#include "core/file.h"
#include "core/memory.h"
#include "model/json.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors are stored in little-endian order: a big-endian machine needs them swapped here"
#endif

enum {
    LENGTH_SIZE = 8,               /* bytes of the header's length */
    MAX_HEADER = 16 * 1024 * 1024, /* far above what 256 layers need */
    METADATA_SIZE = 64 * 1024,     /* longest metadata value that is read */
    KEY_SIZE = 256,
};

/* ---- Writing ------------------------------------------------------------------------------------ */

static void write_noise(struct dae_text *text, const dae_model *model) {
    dae_text_add(text, ",\"dae.noise\":\"");
    dae_noise_write(text, model->noise);
    dae_text_add(text, "\"");
}

static void write_range(struct dae_text *text, const dae_model *model) {
    dae_text_add(text, ",\"dae.range\":\"");
    dae_text_add_number(text, model->low);
    dae_text_add(text, " ");
    dae_text_add_number(text, model->high);
    dae_text_add(text, "\"");
}

/* The header. Nothing in it needs escaping: names, numbers and recipes are plain ASCII. */
static void write_header(struct dae_text *text, const void *object) {
    const dae_model *model = object;
    dae_text_add(text, "{\"__metadata__\":{\"format\":\"pt\",\"dae.format\":\"1\",\"dae.architecture\":\"");
    dae_model_write_architecture(text, model);
    dae_text_add(text, "\"");
    if (model->noise != NULL)
        write_noise(text, model);
    if (model->low <= model->high)
        write_range(text, model);
    dae_text_add(text, "}");
    size_t tensors = dae_model_tensor_count(model);
    for (size_t i = 0; i < tensors; i++) {
        struct dae_model_tensor tensor = dae_model_tensor_at(model, i);
        dae_text_add(text, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", tensor.name);
        for (size_t d = 0; d < tensor.shape->rank; d++)
            dae_text_add(text, "%s%zu", d > 0 ? "," : "", tensor.shape->dims[d]);
        dae_text_add(text, "],\"data_offsets\":[%zu,%zu]}", tensor.offset * sizeof(float),
                     (tensor.offset + tensor.shape->size) * sizeof(float));
    }
    dae_text_add(text, "}");
    dae_text_add(text, "%*s", (int)((LENGTH_SIZE - text->length % LENGTH_SIZE) % LENGTH_SIZE), "");
}

/* The whole file in memory, to be released. */
static dae_status write_file(const dae_model *model, unsigned char **bytes, size_t *size) {
    struct dae_text measure = {NULL, 0, 0};
    write_header(&measure, model);
    size_t header = measure.length, data = model->parameter_count * sizeof(float);
    unsigned char *file = dae_allocate_raw(LENGTH_SIZE + header + data + 1, 1);
    if (file == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < LENGTH_SIZE; i++)
        file[i] = (unsigned char)((uint64_t)header >> 8 * i);
    struct dae_text text = {(char *)file + LENGTH_SIZE, header + 1, 0};
    write_header(&text, model);
    memcpy(file + LENGTH_SIZE + header, dae_model_values(model), data);
    *bytes = file;
    *size = LENGTH_SIZE + header + data;
    return DAE_OK;
}

dae_status dae_model_save(const dae_model *model, const char *path) {
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(path);
    unsigned char *bytes = NULL;
    size_t size = 0;
    DAE_TRY(write_file(model, &bytes, &size));
    dae_status status = dae_file_write(path, bytes, size);
    dae_release(bytes);
    return status;
}

dae_status dae_model_serialize(const dae_model *model, void *bytes, size_t capacity, size_t *size) {
    DAE_TRY(dae_model_check_ready(model, __func__));
    DAE_REQUIRE(size);
    if (bytes == NULL && capacity > 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_model_serialize: bytes is NULL though capacity is %zu",
                        capacity);
    struct dae_text measure = {NULL, 0, 0};
    write_header(&measure, model);
    *size = LENGTH_SIZE + measure.length + model->parameter_count * sizeof(float);
    if (capacity == 0)
        return DAE_OK;
    if (capacity < *size)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_model_serialize: capacity is %zu, expected at least %zu",
                        capacity, *size);
    unsigned char *file = NULL;
    DAE_TRY(write_file(model, &file, size));
    memcpy(bytes, file, *size);
    dae_release(file);
    return DAE_OK;
}

/* ---- Reading ------------------------------------------------------------------------------------ */

/* A tensor as the header describes it. */
struct entry {
    char name[DAE_TENSOR_NAME_SIZE];
    size_t position; /* in the header, for messages */
    struct dae_shape shape;
    size_t begin, end; /* bytes of the data */
};

struct header {
    char *format, *architecture, *noise, *range; /* owned; NULL when absent */
    struct entry *entries;
    size_t entry_count, entry_room;
};

static void release_header(struct header *header) {
    dae_release(header->format);
    dae_release(header->architecture);
    dae_release(header->noise);
    dae_release(header->range);
    dae_release(header->entries);
}

static dae_status keep_metadata(struct header *header, const struct dae_json *json, const char *key,
                                const char *value) {
    if (strcmp(key, "dae.format") == 0 && strcmp(value, "1") != 0)
        return dae_json_fail(json, "dae.format is '%.16s', expected '1': the file is from a newer version",
                             value);
    char **place = strcmp(key, "dae.format") == 0         ? &header->format
                   : strcmp(key, "dae.architecture") == 0 ? &header->architecture
                   : strcmp(key, "dae.noise") == 0        ? &header->noise
                   : strcmp(key, "dae.range") == 0        ? &header->range
                                                          : NULL;
    if (place == NULL)
        return DAE_OK;
    if (*place != NULL)
        return dae_json_fail(json, "found %s twice", key);
    *place = dae_copy_text(value);
    return *place != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

static dae_status read_metadata(struct header *header, struct dae_json *json) {
    char *value = dae_allocate(METADATA_SIZE, 1), key[KEY_SIZE];
    if (value == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = dae_json_expect(json, '{');
    for (bool first = true; status == DAE_OK && !dae_json_accept(json, '}'); first = false) {
        status = first ? DAE_OK : dae_json_expect(json, ',');
        if (status == DAE_OK)
            status = dae_json_string(json, key, sizeof key);
        if (status == DAE_OK)
            status = dae_json_expect(json, ':');
        if (status == DAE_OK)
            status = dae_json_string(json, value, METADATA_SIZE);
        if (status == DAE_OK)
            status = keep_metadata(header, json, key, value);
    }
    dae_release(value);
    return status;
}

/* Reads [a, b, ...] of up to `capacity` numbers. */
static dae_status read_sizes(struct dae_json *json, size_t *sizes, size_t capacity, size_t *count) {
    DAE_TRY(dae_json_expect(json, '['));
    for (*count = 0; !dae_json_accept(json, ']'); ++*count) {
        if (*count > 0)
            DAE_TRY(dae_json_expect(json, ','));
        if (*count == capacity)
            return dae_json_fail(json, "found more than %zu numbers", capacity);
        DAE_TRY(dae_json_size(json, sizes + *count));
    }
    return DAE_OK;
}

static dae_status read_field(struct entry *entry, struct dae_json *json, unsigned *seen) {
    char text[16];
    size_t sizes[DAE_SHAPE_MAX_RANK], count;
    DAE_TRY(dae_json_string(json, text, sizeof text));
    DAE_TRY(dae_json_expect(json, ':'));
    unsigned field = strcmp(text, "dtype") == 0          ? 1
                     : strcmp(text, "shape") == 0        ? 2
                     : strcmp(text, "data_offsets") == 0 ? 4
                                                         : 0;
    if (field == 0 || (*seen & field) != 0)
        return dae_json_fail(json, "tensor %s: found field '%s'%s", entry->name, text,
                             field == 0 ? ", expected dtype, shape or data_offsets" : " twice");
    *seen |= field;
    if (field == 1) {
        DAE_TRY(dae_json_string(json, text, sizeof text));
        return strcmp(text, "F32") == 0
                   ? DAE_OK
                   : dae_json_fail(json, "tensor %s: found dtype '%s', expected 'F32'", entry->name, text);
    }
    DAE_TRY(read_sizes(json, sizes, field == 2 ? DAE_SHAPE_MAX_RANK : 2, &count));
    if (field == 2)
        return dae_shape_set(&entry->shape, count, sizes, json->name) == DAE_OK
                   ? DAE_OK
                   : dae_json_fail(json, "tensor %s: found a shape that no tensor can have", entry->name);
    if (count != 2 || sizes[0] > sizes[1])
        return dae_json_fail(json, "tensor %s: found bad data_offsets, expected [begin, end]", entry->name);
    entry->begin = sizes[0];
    entry->end = sizes[1];
    return DAE_OK;
}

static dae_status read_entry(struct entry *entry, struct dae_json *json) {
    unsigned seen = 0;
    entry->position = json->position;
    DAE_TRY(dae_json_expect(json, '{'));
    for (bool first = true; !dae_json_accept(json, '}'); first = false) {
        if (!first)
            DAE_TRY(dae_json_expect(json, ','));
        DAE_TRY(read_field(entry, json, &seen));
    }
    if (seen != 7)
        return dae_json_fail(json, "tensor %s: expected dtype, shape and data_offsets", entry->name);
    if (entry->end - entry->begin != entry->shape.size * sizeof(float))
        return dae_json_fail(json, "tensor %s: data_offsets span %zu bytes, its shape needs %zu", entry->name,
                             entry->end - entry->begin, entry->shape.size * sizeof(float));
    return DAE_OK;
}

static dae_status add_entry(struct header *header, struct dae_json *json, const char *name) {
    if (strlen(name) >= DAE_TENSOR_NAME_SIZE)
        return dae_json_fail(json, "found tensor '%.64s...', whose name is too long", name);
    if (header->entry_count == header->entry_room)
        return dae_json_fail(json, "found more than %zu tensors", header->entry_room);
    for (size_t i = 0; i < header->entry_count; i++)
        if (strcmp(header->entries[i].name, name) == 0)
            return dae_json_fail(json, "found tensor %s twice", name);
    struct entry *entry = &header->entries[header->entry_count++];
    strcpy(entry->name, name);
    return read_entry(entry, json);
}

static dae_status read_header(struct header *header, struct dae_json *json) {
    char key[KEY_SIZE];
    bool metadata = false;
    header->entry_room = (size_t)DAE_MODEL_MAX_LAYERS * DAE_LAYER_MAX_TENSORS;
    header->entries = dae_allocate(header->entry_room, sizeof *header->entries);
    if (header->entries == NULL)
        return DAE_ERROR_MEMORY;
    DAE_TRY(dae_json_expect(json, '{'));
    for (bool first = true; !dae_json_accept(json, '}'); first = false) {
        if (!first)
            DAE_TRY(dae_json_expect(json, ','));
        DAE_TRY(dae_json_string(json, key, sizeof key));
        DAE_TRY(dae_json_expect(json, ':'));
        if (strcmp(key, "__metadata__") != 0)
            DAE_TRY(add_entry(header, json, key));
        else if (metadata)
            return dae_json_fail(json, "found __metadata__ twice");
        else
            DAE_TRY(read_metadata(header, json));
        metadata |= strcmp(key, "__metadata__") == 0;
    }
    return dae_json_end(json);
}

static struct entry *find_entry(const struct header *header, const char *name) {
    for (size_t i = 0; i < header->entry_count; i++)
        if (strcmp(header->entries[i].name, name) == 0)
            return &header->entries[i];
    return NULL;
}

/* Every tensor of the model is there, with its shape, and the data are their bytes and no more. */
static dae_status check_tensors(const struct header *header, const dae_model *model, size_t data,
                                const char *name) {
    size_t tensors = dae_model_tensor_count(model), total = 0;
    for (size_t i = 0; i < tensors; i++) {
        struct dae_model_tensor tensor = dae_model_tensor_at(model, i);
        const struct entry *entry = find_entry(header, tensor.name);
        char found[DAE_SHAPE_TEXT_SIZE], expected[DAE_SHAPE_TEXT_SIZE];
        if (entry == NULL)
            return dae_fail(DAE_ERROR_FORMAT, "%s: tensor %s of the architecture is missing", name,
                            tensor.name);
        if (entry->shape.rank != tensor.shape->rank || !dae_shape_fits(&entry->shape, tensor.shape))
            return dae_fail(DAE_ERROR_FORMAT, "%s: tensor %s has shape %s, the architecture needs %s", name,
                            tensor.name, dae_shape_text(&entry->shape, found),
                            dae_shape_text(tensor.shape, expected));
        if (entry->end > data)
            return dae_fail(DAE_ERROR_FORMAT, "%s: tensor %s ends at byte %zu of the data, which have %zu",
                            name, tensor.name, entry->end, data);
        for (size_t j = 0; j < header->entry_count; j++)
            if (entry != &header->entries[j] && entry->begin < header->entries[j].end &&
                header->entries[j].begin < entry->end)
                return dae_fail(DAE_ERROR_FORMAT, "%s: tensors %s and %s overlap", name, tensor.name,
                                header->entries[j].name);
        total += entry->end - entry->begin;
    }
    if (header->entry_count != tensors)
        return dae_fail(DAE_ERROR_FORMAT, "%s: found %zu tensors, the architecture needs %zu", name,
                        header->entry_count, tensors);
    if (total != data)
        return dae_fail(DAE_ERROR_FORMAT, "%s: found %zu bytes of data, the tensors need %zu", name, data,
                        total);
    return DAE_OK;
}

static dae_status read_tensors(const struct header *header, dae_model *model, const unsigned char *data,
                               const char *name) {
    DAE_TRY(dae_model_allocate(model));
    float *values = dae_model_values(model);
    size_t tensors = dae_model_tensor_count(model);
    for (size_t i = 0; i < tensors; i++) {
        struct dae_model_tensor tensor = dae_model_tensor_at(model, i);
        memcpy(values + tensor.offset, data + find_entry(header, tensor.name)->begin,
               tensor.shape->size * sizeof(float));
        if (!dae_kernels()->is_finite(values + tensor.offset, tensor.shape->size))
            return dae_fail(DAE_ERROR_NOT_FINITE, "%s: tensor %s holds NaN or infinity", name, tensor.name);
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

static dae_status read_model(dae_model **out, const struct header *header, const unsigned char *data,
                             size_t size, const char *name) {
    if (header->architecture == NULL)
        return dae_fail(DAE_ERROR_FORMAT, "%s: no dae.architecture in __metadata__: not a model of libdae",
                        name);
    dae_status status = dae_model_read_architecture(out, header->architecture);
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY ? status : dae_fail_in(DAE_ERROR_FORMAT, name);
    DAE_TRY(check_tensors(header, *out, size, name));
    DAE_TRY(read_tensors(header, *out, data, name));
    if (header->range != NULL)
        DAE_TRY(read_range(*out, header->range, name));
    if (header->noise == NULL)
        return DAE_OK;
    dae_noise *noise = NULL;
    status = dae_noise_parse(&noise, header->noise);
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY ? status : dae_fail_in(DAE_ERROR_FORMAT, name);
    dae_model_remember_noise(*out, noise);
    dae_noise_free(noise);
    return DAE_OK;
}

static dae_status read_file(dae_model **out, const unsigned char *bytes, size_t size, const char *name) {
    uint64_t length = 0;
    if (size < LENGTH_SIZE)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: the file ends, expected the %d bytes of a length",
                        name, size, LENGTH_SIZE);
    for (size_t i = 0; i < LENGTH_SIZE; i++)
        length |= (uint64_t)bytes[i] << 8 * i;
    if (length > MAX_HEADER || length > size - LENGTH_SIZE)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset 0: the header claims %llu bytes, the file has %zu",
                        name, (unsigned long long)length, size - LENGTH_SIZE);
    struct dae_json json = {.name = name,
                            .text = (const char *)bytes + LENGTH_SIZE,
                            .length = (size_t)length,
                            .base = LENGTH_SIZE};
    struct header header = {0};
    dae_model *model = NULL;
    dae_status status = read_header(&header, &json);
    if (status == DAE_OK)
        status = read_model(&model, &header, bytes + LENGTH_SIZE + length,
                            size - LENGTH_SIZE - (size_t)length, name);
    release_header(&header);
    if (status != DAE_OK)
        dae_model_free(model);
    else
        *out = model;
    return status;
}

dae_status dae_model_load(dae_model **out, const char *path) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(path);
    unsigned char *bytes = NULL;
    size_t size = 0;
    DAE_TRY(dae_file_read(path, &bytes, &size));
    dae_status status = read_file(out, bytes, size, path);
    dae_release(bytes);
    return status;
}

dae_status dae_model_deserialize(dae_model **out, const void *bytes, size_t size) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(bytes);
    return read_file(out, bytes, size, "model in memory");
}
