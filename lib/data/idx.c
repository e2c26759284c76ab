/* Samples of an IDX file, kept in the file's own type. */
#include "core/memory.h"
#include "data/source.h"

enum { SCALED }; /* the parameters */

static const struct {
    unsigned char code;
    char kind;
    unsigned char size;
} value_types[] = {
    {0x08, 'u', 1}, {0x09, 'i', 1}, {0x0B, 'i', 2}, {0x0C, 'i', 4}, {0x0D, 'f', 4}, {0x0E, 'f', 8},
};

/* NULL when there is no such type. */
static const struct dae_value_type *find_type(unsigned char code, bool scaled) {
    for (size_t i = 0; i < sizeof value_types / sizeof *value_types; i++)
        if (value_types[i].code == code)
            return dae_value_type_find(scaled && value_types[i].kind == 'u' ? 'n' : value_types[i].kind,
                                       value_types[i].size, true);
    return NULL;
}

static size_t header_size(const unsigned char *bytes) {
    return 4 + 4 * (size_t)bytes[3];
}

/* Checks the four bytes with which a header starts. */
static dae_status check_magic(const unsigned char *bytes, const char *name, bool scaled,
                              const struct dae_value_type **type) {
    if (bytes[0] != 0 || bytes[1] != 0)
        return dae_fail(DAE_ERROR_FORMAT, "%s: not an IDX file: offset 0: found 0x%02X%02X, expected 0x0000",
                        name, bytes[0], bytes[1]);
    *type = find_type(bytes[2], scaled);
    if (*type == NULL)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: offset 2: found type 0x%02X, expected 0x08, 0x09, 0x0B, 0x0C, 0x0D or 0x0E",
                        name, bytes[2]);
    if (bytes[3] < 1 || bytes[3] > DAE_FILED_MAX_RANK)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset 3: found %d dimensions, expected 1 to %d", name,
                        bytes[3], DAE_FILED_MAX_RANK);
    return DAE_OK;
}

static dae_status read_dimensions(const unsigned char *bytes, const char *name,
                                  const struct dae_value_type *type, struct dae_layout *layout) {
    *layout = (struct dae_layout){0};
    for (size_t i = 4; i < header_size(bytes); i += 4) {
        size_t dimension = (uint32_t)bytes[i] << 24 | (uint32_t)bytes[i + 1] << 16 |
                           (uint32_t)bytes[i + 2] << 8 | bytes[i + 3];
        DAE_TRY(dae_layout_add(layout, dimension, name, i));
    }
    return dae_layout_finish(layout, type, header_size(bytes), name, 4);
}

/* Reads the header as far as there is one; it is complete when the layout has a type. */
static dae_status read_header(const struct dae_content *content, struct dae_layout *layout, size_t *needed) {
    const struct dae_value_type *type = NULL;
    *layout = (struct dae_layout){0};
    *needed = 4;
    if (content->size < *needed)
        return DAE_OK;
    DAE_TRY(check_magic(content->bytes, content->name, content->values[SCALED].number == 1, &type));
    *needed = header_size(content->bytes);
    if (content->size < *needed)
        return DAE_OK;
    DAE_TRY(read_dimensions(content->bytes, content->name, type, layout));
    *needed = layout->end;
    return DAE_OK;
}

static dae_status measure(const struct dae_content *start, struct dae_extent *extent) {
    struct dae_layout layout;
    DAE_TRY(read_header(start, &layout, &extent->size));
    extent->whole = layout.type != NULL;
    return DAE_OK;
}

static dae_status open_idx(dae_dataset **out, const struct dae_content *content) {
    struct dae_layout layout;
    size_t needed;
    dae_status status = read_header(content, &layout, &needed);
    if (status == DAE_OK)
        return dae_filed_create(out, content->bytes, &layout, content->name);
    dae_release(content->bytes);
    return status;
}

static bool knows(const unsigned char *start, size_t count) {
    return count >= 4 && start[0] == 0 && start[1] == 0 && find_type(start[2], true) != NULL;
}

const struct dae_source_kind dae_source_idx = {
    {
        .name = "idx",
        .what = "IDX, the format of the MNIST files; the first dimension counts samples",
        .example = "idx",
        .parameters = {{"scaled", "bytes are read as value / 255, not as 0 to 255", DAE_TYPE_FLAG,
                        .fallback = "yes"}},
    },
    .knows = knows,
    .measure = measure,
    .open = open_idx,
};
