/* Samples of an IDX file, plain or gzip, kept in the file's own type. */
#include "core/file.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "data/gzip.h"

#include <string.h>

enum { MAX_HEADER = 4 + 4 * (DAE_SHAPE_MAX_RANK + 1) };

struct idx_dataset {
    dae_dataset base;
    unsigned char *bytes; /* the whole file */
    const unsigned char *data;
    const struct value_type *type;
};

/* ---- Types of values ---------------------------------------------------------------------------- */

static uint32_t big_endian_32(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint16_t big_endian_16(const unsigned char *bytes) {
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void convert_bytes(float *out, const unsigned char *bytes, size_t count) {
    dae_kernels()->scale_bytes(out, bytes, count);
}

static void convert_signed_bytes(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(int8_t)bytes[i];
}

static void convert_shorts(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(int16_t)big_endian_16(bytes + 2 * i);
}

static void convert_integers(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(int32_t)big_endian_32(bytes + 4 * i);
}

static void convert_floats(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = big_endian_32(bytes + 4 * i);
        memcpy(out + i, &bits, sizeof bits);
    }
}

static void convert_doubles(float *out, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = (uint64_t)big_endian_32(bytes + 8 * i) << 32 | big_endian_32(bytes + 8 * i + 4);
        double value;
        memcpy(&value, &bits, sizeof bits);
        out[i] = (float)value;
    }
}

static const struct value_type {
    unsigned char code;
    unsigned char size;
    void (*convert)(float *out, const unsigned char *bytes, size_t count);
} value_types[] = {
    {0x08, 1, convert_bytes},    {0x09, 1, convert_signed_bytes}, {0x0B, 2, convert_shorts},
    {0x0C, 4, convert_integers}, {0x0D, 4, convert_floats},       {0x0E, 8, convert_doubles},
};

/* ---- The header --------------------------------------------------------------------------------- */

struct header {
    const struct value_type *type;
    size_t count;
    struct dae_shape shape;
    size_t size;  /* bytes of the header */
    size_t total; /* bytes of header and values */
};

/* Length of the header that starts with these four bytes. */
static dae_status check_magic(const unsigned char *bytes, const char *name, struct header *header) {
    if (bytes[0] != 0 || bytes[1] != 0)
        return dae_fail(DAE_ERROR_FORMAT, "%s: not an IDX file: offset 0: found 0x%02X%02X, expected 0x0000",
                        name, bytes[0], bytes[1]);
    for (size_t i = 0; i < sizeof value_types / sizeof *value_types; i++)
        if (value_types[i].code == bytes[2])
            header->type = &value_types[i];
    if (header->type == NULL)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: offset 2: found type 0x%02X, expected 0x08, 0x09, 0x0B, 0x0C, 0x0D or 0x0E",
                        name, bytes[2]);
    if (bytes[3] < 1 || bytes[3] > DAE_SHAPE_MAX_RANK + 1)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset 3: found %d dimensions, expected 1 to %d", name,
                        bytes[3], DAE_SHAPE_MAX_RANK + 1);
    header->size = 4 + 4 * (size_t)bytes[3];
    return DAE_OK;
}

static dae_status check_dimensions(const unsigned char *bytes, const char *name, struct header *header) {
    size_t dims = bytes[3], values = 1;
    header->shape = dae_shape_flat(1);
    for (size_t i = 0; i < dims; i++) {
        size_t dim = big_endian_32(bytes + 4 + 4 * i);
        if (dim == 0)
            return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found dimension 0, expected at least 1", name,
                            4 + 4 * i);
        if (!dae_size_multiply(values, dim, &values))
            return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: the dimensions are more than can be addressed",
                            name, 4 + 4 * i);
        if (i == 0)
            header->count = dim;
        else
            header->shape.dims[i - 1] = dim;
    }
    if (dims > 1)
        header->shape.rank = dims - 1;
    header->shape.size = values / header->count;
    /* float64 of each value must be addressable too */
    size_t wide;
    if (!dae_size_multiply(values, sizeof(double), &wide) || !dae_size_add(wide, header->size, &wide))
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset 4: the dimensions are more than can be addressed",
                        name);
    header->total = header->size + values * header->type->size;
    return DAE_OK;
}

static dae_status too_short(const char *name, size_t found, size_t expected) {
    return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: the file ends, expected %zu bytes", name, found,
                    expected);
}

/* Reads the header of a plain file and holds its claims against the file's size. */
static dae_status read_header(const unsigned char *bytes, size_t size, const char *name,
                              struct header *header) {
    *header = (struct header){0};
    if (size < 4)
        return too_short(name, size, 4);
    DAE_TRY(check_magic(bytes, name, header));
    if (size < header->size)
        return too_short(name, size, header->size);
    DAE_TRY(check_dimensions(bytes, name, header));
    if (size < header->total)
        return too_short(name, size, header->total);
    if (size > header->total)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found %zu bytes behind the values, expected none",
                        name, header->total, size - header->total);
    return DAE_OK;
}

/* Expands the header of a gzip file, which says how much memory the rest may take. */
static dae_status expand_header(struct dae_gzip *gzip, const char *name, unsigned char start[MAX_HEADER],
                                struct header *header) {
    *header = (struct header){0};
    DAE_TRY(dae_gzip_read(gzip, start, 4));
    DAE_TRY(check_magic(start, name, header));
    DAE_TRY(dae_gzip_read(gzip, start + 4, header->size - 4));
    return check_dimensions(start, name, header);
}

static dae_status expand(const unsigned char *packed, size_t packed_size, const char *name,
                         unsigned char **bytes, size_t *size) {
    struct dae_gzip *gzip;
    DAE_TRY(dae_gzip_open(&gzip, packed, packed_size, name));
    unsigned char start[MAX_HEADER];
    struct header header;
    unsigned char *memory = NULL;
    dae_status status = expand_header(gzip, name, start, &header);
    if (status == DAE_OK)
        status = dae_gzip_check_claim(gzip, header.total);
    if (status == DAE_OK && (memory = dae_allocate_raw(header.total, 1)) == NULL)
        status = DAE_ERROR_MEMORY;
    if (status == DAE_OK) {
        memcpy(memory, start, header.size);
        status = dae_gzip_read(gzip, memory + header.size, header.total - header.size);
    }
    if (status == DAE_OK)
        status = dae_gzip_expect_end(gzip);
    dae_gzip_close(gzip);
    if (status != DAE_OK) {
        dae_release(memory);
        return status;
    }
    *bytes = memory;
    *size = header.total;
    return DAE_OK;
}

static bool is_gzip(const unsigned char *bytes, size_t size) {
    return size >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

/* Refuses a file by its start, before memory is taken for the whole. Of a gzip file the start may be too short
 * to tell; where it is not, the packed file may be up to MAX_GROWTH times the size of what it claims to hold:
 * compressors that find nothing to compress add less than a hundredth. */
static dae_status check_start(const unsigned char *start, size_t count, size_t size, const char *name) {
    enum { MAX_GROWTH = 2, MAX_GZIP_HEADER = 1 << 20 };
    struct header header;
    if (!is_gzip(start, count))
        return read_header(start, size, name, &header);
    struct dae_gzip *gzip;
    unsigned char bytes[MAX_HEADER];
    DAE_TRY(dae_gzip_open(&gzip, start, count, name));
    dae_status status = expand_header(gzip, name, bytes, &header);
    bool too_short = count < size && dae_gzip_is_used_up(gzip);
    dae_gzip_close(gzip);
    if (status != DAE_OK)
        return status == DAE_ERROR_FORMAT && too_short ? DAE_OK : status;
    if (size > MAX_GZIP_HEADER && (size - MAX_GZIP_HEADER) / MAX_GROWTH > header.total)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: %zu bytes of gzip data are too many for the %zu bytes that the header claims",
                        name, size, header.total);
    return DAE_OK;
}

/* ---- The dataset -------------------------------------------------------------------------------- */

static dae_status read(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                       struct dae_part part, float *out) {
    const struct idx_dataset *idx = (const struct idx_dataset *)dataset;
    (void)epoch;
    for (size_t i = 0; i < count; i++)
        idx->type->convert(out + i * part.count,
                           idx->data + ((first + i) * dataset->shape.size + part.first) * idx->type->size,
                           part.count);
    return DAE_OK;
}

static struct dae_stored locate(const dae_dataset *dataset, size_t sample) {
    const struct idx_dataset *idx = (const struct idx_dataset *)dataset;
    size_t size = dataset->shape.size * idx->type->size;
    return (struct dae_stored){idx->data + sample * size, size};
}

static void destroy(dae_dataset *dataset) {
    dae_release(((struct idx_dataset *)dataset)->bytes);
}

static const struct dae_dataset_operations operations = {read, read, locate, locate, destroy};

/* Takes over the bytes of a plain file, also when it fails. */
static dae_status create(dae_dataset **out, unsigned char *bytes, size_t size, const char *name) {
    struct header header;
    void *created = NULL;
    dae_status status = read_header(bytes, size, name, &header);
    if (status == DAE_OK)
        status = dae_dataset_create_source(&created, sizeof(struct idx_dataset), &operations, header.count,
                                           header.shape.rank, header.shape.dims, name);
    if (status != DAE_OK) {
        dae_release(bytes);
        return status;
    }
    struct idx_dataset *idx = created;
    idx->bytes = bytes;
    idx->data = bytes + header.size;
    idx->type = header.type;
    *out = &idx->base;
    return DAE_OK;
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
        DAE_TRY(expand(bytes, size, name, &copy, &size));
    } else {
        struct header header;
        DAE_TRY(read_header(bytes, size, name, &header));
        if ((copy = dae_allocate_raw(size, 1)) == NULL)
            return DAE_ERROR_MEMORY;
        memcpy(copy, bytes, size);
    }
    return create(out, copy, size, name);
}
