/* Samples of an IDX file, plain or gzip, kept in the file's own type. */
#include "core/file.h"
#include "core/memory.h"
#include "data/filed.h"
#include "data/gzip.h"

#include <string.h>

enum { MAX_HEADER = 4 + 4 * DAE_FILED_MAX_RANK };

/* ---- The header --------------------------------------------------------------------------------- */

static const struct {
    unsigned char code;
    char kind;
    unsigned char size;
} value_types[] = {
    {0x08, 'n', 1}, {0x09, 'i', 1}, {0x0B, 'i', 2}, {0x0C, 'i', 4}, {0x0D, 'f', 4}, {0x0E, 'f', 8},
};

static size_t header_size(const unsigned char *bytes) {
    return 4 + 4 * (size_t)bytes[3];
}

/* Checks the four bytes with which a header starts. */
static dae_status check_magic(const unsigned char *bytes, const char *name,
                              const struct dae_value_type **type) {
    if (bytes[0] != 0 || bytes[1] != 0)
        return dae_fail(DAE_ERROR_FORMAT, "%s: not an IDX file: offset 0: found 0x%02X%02X, expected 0x0000",
                        name, bytes[0], bytes[1]);
    *type = NULL;
    for (size_t i = 0; i < sizeof value_types / sizeof *value_types; i++)
        if (value_types[i].code == bytes[2])
            *type = dae_value_type_find(value_types[i].kind, value_types[i].size, true);
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

/* Reads the header of a plain file and holds its claims against the file's size. */
static dae_status read_header(const unsigned char *bytes, size_t size, const char *name,
                              struct dae_layout *layout) {
    const struct dae_value_type *type = NULL;
    if (size < 4)
        return dae_filed_too_short(name, size, 4);
    DAE_TRY(check_magic(bytes, name, &type));
    if (size < header_size(bytes))
        return dae_filed_too_short(name, size, header_size(bytes));
    DAE_TRY(read_dimensions(bytes, name, type, layout));
    return dae_layout_check_size(layout, size, name);
}

/* Expands the header of a gzip file, which says how much memory the rest may take. */
static dae_status expand_header(struct dae_gzip *gzip, const char *name, unsigned char start[MAX_HEADER],
                                struct dae_layout *layout) {
    const struct dae_value_type *type = NULL;
    DAE_TRY(dae_gzip_read(gzip, start, 4));
    DAE_TRY(check_magic(start, name, &type));
    DAE_TRY(dae_gzip_read(gzip, start + 4, header_size(start) - 4));
    return read_dimensions(start, name, type, layout);
}

static dae_status expand(const unsigned char *packed, size_t packed_size, const char *name,
                         unsigned char **bytes, size_t *size) {
    struct dae_gzip *gzip;
    DAE_TRY(dae_gzip_open(&gzip, packed, packed_size, name));
    unsigned char start[MAX_HEADER];
    struct dae_layout layout;
    unsigned char *memory = NULL;
    dae_status status = expand_header(gzip, name, start, &layout);
    if (status == DAE_OK)
        status = dae_gzip_check_claim(gzip, layout.end);
    if (status == DAE_OK && (memory = dae_allocate_raw(layout.end, 1)) == NULL)
        status = DAE_ERROR_MEMORY;
    if (status == DAE_OK) {
        memcpy(memory, start, layout.begin);
        status = dae_gzip_read(gzip, memory + layout.begin, layout.end - layout.begin);
    }
    if (status == DAE_OK)
        status = dae_gzip_expect_end(gzip);
    dae_gzip_close(gzip);
    if (status != DAE_OK) {
        dae_release(memory);
        return status;
    }
    *bytes = memory;
    *size = layout.end;
    return DAE_OK;
}

static bool is_gzip(const unsigned char *bytes, size_t size) {
    return size >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

/* Refuses a file by its start, before memory is taken for the whole. Of a gzip file the start may be too
 * short to tell; where it is not, the packed file may be up to MAX_GROWTH times the size of what it claims to
 * hold: compressors that find nothing to compress add less than a hundredth, those that are flushed after
 * each byte make seven of one, and those that begin a member for each byte two dozen. */
static dae_status check_start(const unsigned char *start, size_t count, size_t size, const char *name) {
    enum { MAX_GROWTH = 32, MAX_GZIP_HEADER = 1 << 20 };
    struct dae_layout layout;
    if (!is_gzip(start, count))
        return read_header(start, size, name, &layout);
    struct dae_gzip *gzip;
    unsigned char bytes[MAX_HEADER];
    DAE_TRY(dae_gzip_open(&gzip, start, count, name));
    dae_status status = expand_header(gzip, name, bytes, &layout);
    bool too_short = count < size && dae_gzip_is_used_up(gzip);
    dae_gzip_close(gzip);
    if (status != DAE_OK)
        return status == DAE_ERROR_FORMAT && too_short ? DAE_OK : status;
    if (size > MAX_GZIP_HEADER && (size - MAX_GZIP_HEADER) / MAX_GROWTH > layout.end)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: %zu bytes of gzip data are too many for the %zu bytes that the header claims",
                        name, size, layout.end);
    return DAE_OK;
}

/* ---- The dataset -------------------------------------------------------------------------------- */

/* Takes over the bytes of a plain file, also when it fails. */
static dae_status create(dae_dataset **out, unsigned char *bytes, size_t size, const char *name) {
    struct dae_layout layout;
    dae_status status = read_header(bytes, size, name, &layout);
    if (status != DAE_OK) {
        dae_release(bytes);
        return status;
    }
    return dae_filed_create(out, bytes, &layout, name);
}

dae_status dae_dataset_open_idx(dae_dataset **out, const char *path) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(path);
    unsigned char *bytes;
    size_t size;
    DAE_TRY(dae_file_read_checked(path, check_start, &bytes, &size));
    if (is_gzip(bytes, size)) {
        unsigned char *packed = bytes;
        dae_status status = expand(packed, size, path, &bytes, &size);
        dae_release(packed);
        DAE_TRY(status);
    }
    return create(out, bytes, size, path);
}

dae_status dae_dataset_parse_idx(dae_dataset **out, const void *bytes, size_t size) {
    DAE_REQUIRE(out);
    DAE_REQUIRE(bytes);
    static const char name[] = "IDX in memory";
    unsigned char *copy;
    if (is_gzip(bytes, size)) {
        DAE_TRY(check_start(bytes, size, size, name));
        DAE_TRY(expand(bytes, size, name, &copy, &size));
    } else {
        struct dae_layout layout;
        DAE_TRY(read_header(bytes, size, name, &layout));
        if ((copy = dae_allocate_raw(size, 1)) == NULL)
            return DAE_ERROR_MEMORY;
        memcpy(copy, bytes, size);
    }
    return create(out, copy, size, name);
}
