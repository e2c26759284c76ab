#include "model/safetensors.h"
#include "core/memory.h"
#include "model/json.h"

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

static const struct {
    const char *name;
    size_t size;
} types[] = {[DAE_TENSOR_F32] = {"F32", sizeof(float)}, [DAE_TENSOR_F64] = {"F64", sizeof(double)}};

enum {
    TYPE_COUNT = sizeof types / sizeof *types,
    LEAST_ENTRY = 40 /* fewer bytes than any tensor's description has */
};

/* ---- Writing ------------------------------------------------------------------------------------ */

void dae_safetensors_add(struct dae_text *header, const char *name, enum dae_tensor_type type,
                         const struct dae_shape *shape, size_t *end) {
    size_t begin = *end;
    *end += shape->size * types[type].size;
    dae_text_add(header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", name, types[type].name);
    for (size_t d = 0; d < shape->rank; d++)
        dae_text_add(header, "%s%zu", d > 0 ? "," : "", shape->dims[d]);
    dae_text_add(header, "],\"data_offsets\":[%zu,%zu]}", begin, *end);
}

/* The header, ended, and padded so that the data are aligned. */
static void write_header(struct dae_text *text, const struct dae_tensors *tensors) {
    tensors->header(text, tensors->object);
    dae_text_add(text, "}");
    dae_text_add(text, "%*s", (int)((LENGTH_SIZE - text->length % LENGTH_SIZE) % LENGTH_SIZE), "");
}

/* Bytes of the header and of the whole file; a byte more is addressable too. */
static dae_status measure(const struct dae_tensors *tensors, size_t *header, size_t *size) {
    struct dae_text text = {NULL, 0, 0};
    write_header(&text, tensors);
    size_t total;
    bool fits = dae_size_add(text.length, LENGTH_SIZE + 1, &total);
    for (size_t i = 0; i < tensors->part_count; i++)
        fits = fits && dae_size_add(total, tensors->parts[i].size, &total);
    if (!fits)
        return dae_fail(DAE_ERROR_MEMORY, "out of memory: the file is larger than what can be addressed");
    *header = text.length;
    *size = total - 1;
    return DAE_OK;
}

dae_status dae_safetensors_write(const struct dae_tensors *tensors, unsigned char **bytes, size_t *size) {
    size_t length, total;
    DAE_TRY(measure(tensors, &length, &total));
    unsigned char *file = dae_allocate_raw(total + 1, 1); /* a zero ends the header while it is written */
    if (file == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < LENGTH_SIZE; i++)
        file[i] = (unsigned char)((uint64_t)length >> 8 * i);
    struct dae_text text = {(char *)file + LENGTH_SIZE, length + 1, 0};
    write_header(&text, tensors);
    unsigned char *next = file + LENGTH_SIZE + length;
    for (size_t i = 0; i < tensors->part_count; next += tensors->parts[i++].size)
        if (tensors->parts[i].size > 0)
            memcpy(next, tensors->parts[i].bytes, tensors->parts[i].size);
    *bytes = file;
    *size = total;
    return DAE_OK;
}

dae_status dae_safetensors_deliver(const struct dae_tensors *tensors, void *bytes, size_t capacity,
                                   size_t *size, const char *context) {
    size_t length, needed;
    if (bytes == NULL && capacity > 0)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: bytes is NULL though capacity is %zu", context, capacity);
    DAE_TRY(measure(tensors, &length, &needed));
    if (capacity < needed)
        *size = needed;
    if (capacity == 0)
        return DAE_OK;
    if (capacity < needed)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: capacity is %zu, expected at least %zu", context, capacity,
                        needed);
    unsigned char *file = NULL;
    DAE_TRY(dae_safetensors_write(tensors, &file, size));
    memcpy(bytes, file, *size);
    dae_release(file);
    return DAE_OK;
}

/* ---- Reading metadata --------------------------------------------------------------------------- */

/* The place of a key among those asked for, or that of the NULL that ends them. */
static size_t place_of(const struct dae_safetensors *file, const char *key) {
    size_t i = 0;
    while (file->keys[i] != NULL && strcmp(file->keys[i], key) != 0)
        i++;
    return i;
}

/* Keeps the value of a key that is asked for. */
static dae_status keep_metadata(struct dae_safetensors *file, const struct dae_json *json, const char *key,
                                const char *value) {
    size_t place = place_of(file, key);
    if (file->values[place] != NULL)
        return dae_json_fail(json, "found %s twice", key);
    file->values[place] = dae_copy_text(value);
    return file->values[place] != NULL ? DAE_OK : DAE_ERROR_MEMORY;
}

/* What the objects in a header have in common: a comma before each entry but the first. *more is false at the
 * end. */
static dae_status next_entry(struct dae_json *json, bool first, bool *more) {
    *more = !dae_json_accept(json, '}');
    return *more && !first ? dae_json_expect(json, ',') : DAE_OK;
}

/* `"key":`, if there is one more. */
static dae_status next_key(struct dae_json *json, bool first, char *key, size_t capacity, bool *more) {
    DAE_TRY(next_entry(json, first, more));
    if (!*more)
        return DAE_OK;
    DAE_TRY(dae_json_string(json, key, capacity));
    return dae_json_expect(json, ':');
}

/* One more of the user's notes. */
static dae_status keep_note(struct dae_safetensors *file, const struct dae_json *json, const char *key,
                            const char *text) {
    struct dae_notes *notes = NULL;
    if (dae_notes_find(file->notes, key) != NULL)
        return dae_json_fail(json, "found %s%s twice", DAE_NOTE_PREFIX, key);
    dae_status status = dae_notes_change(&notes, file->notes, key, text);
    if (status != DAE_OK)
        return status == DAE_ERROR_MEMORY ? status : dae_json_fail(json, "%s", dae_last_error());
    dae_notes_drop(file->notes);
    file->notes = notes;
    return DAE_OK;
}

static dae_status read_values(struct dae_safetensors *file, struct dae_json *json, char *value) {
    const size_t prefix = sizeof DAE_NOTE_PREFIX - 1;
    char key[KEY_SIZE];
    bool more = true, kept = true;
    DAE_TRY(dae_json_expect(json, '{'));
    for (bool first = true; more; first = false) {
        DAE_TRY(next_entry(json, first, &more));
        if (!more)
            break;
        DAE_TRY(dae_json_any_string(json, key, sizeof key, &kept));
        DAE_TRY(dae_json_expect(json, ':'));
        if (strncmp(key, DAE_NOTE_PREFIX, prefix) == 0) {
            DAE_TRY(dae_json_string(json, value, METADATA_SIZE));
            DAE_TRY(keep_note(file, json, key + prefix, value));
            continue;
        }
        if (file->keys[place_of(file, key)] == NULL) {
            DAE_TRY(dae_json_any_string(json, value, METADATA_SIZE, &kept));
            continue;
        }
        DAE_TRY(dae_json_string(json, value, METADATA_SIZE));
        DAE_TRY(keep_metadata(file, json, key, value));
    }
    return DAE_OK;
}

static dae_status read_metadata(struct dae_safetensors *file, struct dae_json *json) {
    char *value = dae_allocate(METADATA_SIZE, 1);
    if (value == NULL)
        return DAE_ERROR_MEMORY;
    dae_status status = read_values(file, json, value);
    dae_release(value);
    return status;
}

/* ---- Reading tensors ---------------------------------------------------------------------------- */

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

static dae_status read_type(struct dae_tensor_entry *entry, struct dae_json *json) {
    char text[16];
    DAE_TRY(dae_json_string(json, text, sizeof text));
    for (int i = 0; i < TYPE_COUNT; i++)
        if (strcmp(text, types[i].name) == 0) {
            entry->type = (enum dae_tensor_type)i;
            return DAE_OK;
        }
    return dae_json_fail(json, "tensor %s: found dtype '%s', expected 'F32' or 'F64'", entry->name, text);
}

static dae_status read_shape(struct dae_tensor_entry *entry, struct dae_json *json) {
    size_t sizes[DAE_SHAPE_MAX_RANK], count;
    DAE_TRY(read_sizes(json, sizes, DAE_SHAPE_MAX_RANK, &count));
    return dae_shape_set(&entry->shape, count, sizes, json->name) == DAE_OK
               ? DAE_OK
               : dae_json_fail(json, "tensor %s: found a shape that no tensor can have", entry->name);
}

static dae_status read_offsets(struct dae_tensor_entry *entry, struct dae_json *json) {
    size_t sizes[2], count;
    DAE_TRY(read_sizes(json, sizes, 2, &count));
    if (count != 2 || sizes[0] > sizes[1])
        return dae_json_fail(json, "tensor %s: found bad data_offsets, expected [begin, end]", entry->name);
    entry->begin = sizes[0];
    entry->end = sizes[1];
    return DAE_OK;
}

static const struct {
    const char *name;
    dae_status (*read)(struct dae_tensor_entry *entry, struct dae_json *json);
} fields[] = {{"dtype", read_type}, {"shape", read_shape}, {"data_offsets", read_offsets}};

enum { FIELD_COUNT = sizeof fields / sizeof *fields };

static dae_status read_field(struct dae_tensor_entry *entry, struct dae_json *json, const char *name,
                             bool seen[FIELD_COUNT]) {
    size_t i = 0;
    while (i < FIELD_COUNT && strcmp(name, fields[i].name) != 0)
        i++;
    if (i == FIELD_COUNT)
        return dae_json_fail(json, "tensor %s: found field '%s', expected dtype, shape or data_offsets",
                             entry->name, name);
    if (seen[i])
        return dae_json_fail(json, "tensor %s: found field '%s' twice", entry->name, name);
    seen[i] = true;
    return fields[i].read(entry, json);
}

static dae_status read_entry(struct dae_tensor_entry *entry, struct dae_json *json) {
    bool seen[FIELD_COUNT] = {false}, more = true;
    char name[16];
    DAE_TRY(dae_json_expect(json, '{'));
    for (bool first = true; more; first = false) {
        DAE_TRY(next_key(json, first, name, sizeof name, &more));
        if (more)
            DAE_TRY(read_field(entry, json, name, seen));
    }
    if (!seen[0] || !seen[1] || !seen[2])
        return dae_json_fail(json, "tensor %s: expected dtype, shape and data_offsets", entry->name);
    size_t bytes = entry->shape.size *
                   types[entry->type].size; /* no more than doubles: addressable (size.h) */
    if (entry->end - entry->begin != bytes)
        return dae_json_fail(json, "tensor %s: data_offsets span %zu bytes, its shape needs %zu", entry->name,
                             entry->end - entry->begin, bytes);
    return DAE_OK;
}

static dae_status add_entry(struct dae_safetensors *file, struct dae_json *json, const char *name) {
    if (strlen(name) >= DAE_TENSOR_NAME_SIZE)
        return dae_json_fail(json, "found tensor '%.64s...', whose name is too long", name);
    if (file->entry_count == file->entry_room)
        return dae_json_fail(json, "found more than %zu tensors", file->entry_room);
    if (dae_safetensors_find(file, name) != NULL)
        return dae_json_fail(json, "found tensor %s twice", name);
    struct dae_tensor_entry *entry = &file->entries[file->entry_count++];
    strcpy(entry->name, name);
    return read_entry(entry, json);
}

static dae_status read_header(struct dae_safetensors *file, struct dae_json *json) {
    char key[KEY_SIZE];
    bool metadata = false, more = true;
    DAE_TRY(dae_json_expect(json, '{'));
    for (bool first = true; more; first = false) {
        DAE_TRY(next_key(json, first, key, sizeof key, &more));
        if (!more)
            break;
        bool is_metadata = strcmp(key, "__metadata__") == 0;
        if (is_metadata && metadata)
            return dae_json_fail(json, "found __metadata__ twice");
        metadata |= is_metadata;
        DAE_TRY(is_metadata ? read_metadata(file, json) : add_entry(file, json, key));
    }
    return dae_json_end(json);
}

/* Every tensor lies in the data, none overlaps another, and the data are their bytes and no more. */
static dae_status check_data(const struct dae_safetensors *file, size_t size) {
    size_t total = 0;
    for (size_t i = 0; i < file->entry_count; i++) {
        const struct dae_tensor_entry *entry = &file->entries[i];
        if (entry->end > size)
            return dae_fail(DAE_ERROR_FORMAT, "%s: tensor %s ends at byte %zu of the data, which have %zu",
                            file->name, entry->name, entry->end, size);
        for (size_t j = 0; j < i; j++)
            if (entry->begin < file->entries[j].end && file->entries[j].begin < entry->end)
                return dae_fail(DAE_ERROR_FORMAT, "%s: tensors %s and %s overlap", file->name, entry->name,
                                file->entries[j].name);
        total += entry->end - entry->begin;
    }
    if (total != size)
        return dae_fail(DAE_ERROR_FORMAT, "%s: found %zu bytes of data, the tensors need %zu", file->name,
                        size, total);
    return DAE_OK;
}

static dae_status read_length(const unsigned char *bytes, size_t size, const char *name, uint64_t *length) {
    *length = 0;
    if (size < LENGTH_SIZE)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: not a safetensors file: offset %zu: the file ends, expected the %d bytes of the "
                        "header's length",
                        name, size, LENGTH_SIZE);
    for (size_t i = 0; i < LENGTH_SIZE; i++)
        *length |= (uint64_t)bytes[i] << 8 * i;
    size_t most = dae_size_min(MAX_HEADER, size - LENGTH_SIZE);
    if (*length > most)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: not a safetensors file, or cut off: offset 0: the header claims %llu bytes, "
                        "expected at most %zu",
                        name, (unsigned long long)*length, most);
    return DAE_OK;
}

dae_status dae_safetensors_check_start(const unsigned char *start, size_t count, size_t size,
                                       const char *name, void *context) {
    uint64_t length;
    (void)context;
    DAE_TRY(read_length(start, size, name, &length));
    if (count > LENGTH_SIZE && start[LENGTH_SIZE] != '{')
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %d: found 0x%02X, expected '{'", name, LENGTH_SIZE,
                        start[LENGTH_SIZE]);
    return DAE_OK;
}

dae_status dae_safetensors_read(struct dae_safetensors *file, const char *name, const unsigned char *bytes,
                                size_t size, const char *const *keys, size_t most) {
    *file = (struct dae_safetensors){.name = name, .keys = keys};
    uint64_t length;
    DAE_TRY(read_length(bytes, size, name, &length));
    file->entry_room = dae_size_min(most, (size_t)length / LEAST_ENTRY + 1);
    file->entries = dae_allocate(file->entry_room, sizeof *file->entries);
    if (file->entries == NULL)
        return DAE_ERROR_MEMORY;
    file->data = bytes + LENGTH_SIZE + length;
    struct dae_json json = {.name = name,
                            .text = (const char *)bytes + LENGTH_SIZE,
                            .length = (size_t)length,
                            .base = LENGTH_SIZE};
    DAE_TRY(read_header(file, &json));
    return check_data(file, size - LENGTH_SIZE - (size_t)length);
}

void dae_safetensors_release(struct dae_safetensors *file) {
    for (size_t i = 0; i < DAE_METADATA_MAX; i++)
        dae_release(file->values[i]);
    dae_notes_drop(file->notes);
    dae_release(file->entries);
}

/* ---- Looking things up -------------------------------------------------------------------------- */

const char *dae_safetensors_value(const struct dae_safetensors *file, const char *key) {
    return file->values[place_of(file, key)];
}

const struct dae_tensor_entry *dae_safetensors_find(const struct dae_safetensors *file, const char *name) {
    for (size_t i = 0; i < file->entry_count; i++)
        if (strcmp(file->entries[i].name, name) == 0)
            return &file->entries[i];
    return NULL;
}

dae_status dae_safetensors_get(const struct dae_safetensors *file, const char *name,
                               enum dae_tensor_type type, const struct dae_shape *shape, const void **bytes) {
    const struct dae_tensor_entry *entry = dae_safetensors_find(file, name);
    char found[DAE_SHAPE_TEXT_SIZE], expected[DAE_SHAPE_TEXT_SIZE];
    if (entry == NULL)
        return dae_fail(DAE_ERROR_FORMAT, "%s: tensor %s of the architecture is missing", file->name, name);
    if (entry->type != type)
        return dae_fail(DAE_ERROR_FORMAT, "%s: tensor %s has dtype '%s', expected '%s'", file->name, name,
                        types[entry->type].name, types[type].name);
    if (entry->shape.rank != shape->rank || !dae_shape_fits(&entry->shape, shape))
        return dae_fail(DAE_ERROR_FORMAT, "%s: tensor %s has shape %s, the architecture needs %s", file->name,
                        name, dae_shape_text(&entry->shape, found), dae_shape_text(shape, expected));
    *bytes = file->data + entry->begin;
    return DAE_OK;
}
