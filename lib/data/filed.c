#include "data/filed.h"
#include "core/memory.h"

#include <string.h>

struct filed {
    dae_dataset base;
    unsigned char *bytes; /* the whole file; of one in Fortran order its values, put in order */
    const unsigned char *data;
    const struct dae_value_type *type;
};

/* ---- The layout --------------------------------------------------------------------------------- */

static dae_status too_many(const char *name, size_t offset) {
    return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: the dimensions are more than can be addressed", name,
                    offset);
}

dae_status dae_layout_add(struct dae_layout *layout, size_t dimension, const char *name, size_t offset) {
    if (layout->rank == DAE_FILED_MAX_RANK)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found more than %d dimensions, expected 1 to %d",
                        name, offset, DAE_FILED_MAX_RANK, DAE_FILED_MAX_RANK);
    if (dimension == 0)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found dimension 0, expected at least 1", name,
                        offset);
    if (layout->rank++ == 0) {
        layout->count = dimension;
        layout->shape = dae_shape_flat(1);
        return DAE_OK;
    }
    size_t values;
    layout->shape.rank = layout->rank - 1;
    layout->shape.dims[layout->rank - 2] = dimension;
    if (!dae_size_multiply(layout->shape.size, dimension, &layout->shape.size) ||
        !dae_size_multiply(layout->shape.size, layout->count, &values))
        return too_many(name, offset);
    return DAE_OK;
}

dae_status dae_layout_finish(struct dae_layout *layout, const struct dae_value_type *type, size_t begin,
                             const char *name, size_t offset) {
    if (layout->rank == 0)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found 0 dimensions, expected 1 to %d", name,
                        offset, DAE_FILED_MAX_RANK);
    /* float64 of each value must be addressable too */
    size_t values = layout->count * layout->shape.size, wide;
    if (!dae_size_multiply(values, sizeof(double), &wide) || !dae_size_add(wide, begin, &wide))
        return too_many(name, offset);
    layout->type = type;
    layout->begin = begin;
    layout->end = begin + values * type->size;
    return DAE_OK;
}

dae_status dae_filed_too_short(const char *name, size_t size, size_t expected) {
    return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: the file ends, expected %zu bytes", name, size,
                    expected);
}

/* ---- The dataset -------------------------------------------------------------------------------- */

static dae_status read(const dae_dataset *dataset, enum dae_half half, uint64_t epoch, size_t first,
                       size_t count, struct dae_part part, float *out) {
    const struct filed *filed = (const struct filed *)dataset;
    (void)half, (void)epoch;
    for (size_t i = 0; i < count; i++)
        filed->type->convert(
            out + i * part.count,
            filed->data + ((first + i) * dataset->shape.size + part.first) * filed->type->size, part.count);
    return DAE_OK;
}

static struct dae_stored locate(const dae_dataset *dataset, enum dae_half half, size_t sample) {
    (void)half;
    const struct filed *filed = (const struct filed *)dataset;
    size_t size = dataset->shape.size * filed->type->size;
    return (struct dae_stored){filed->data + sample * size, size};
}

static void destroy(dae_dataset *dataset) {
    dae_release(((struct filed *)dataset)->bytes);
}

static const struct dae_dataset_operations operations = {
    .read = read,
    .locate = locate,
    .destroy = destroy,
};

/* Where value `place` of a sample lies in Fortran order, in values of a sample. */
static size_t fortran_place(const struct dae_shape *shape, size_t place) {
    size_t found = 0, left = shape->size;
    for (size_t i = shape->rank; i-- > 0; place /= shape->dims[i]) {
        left /= shape->dims[i];
        found += place % shape->dims[i] * left;
    }
    return found;
}

/* Copies the values of an array in Fortran order into C order. There samples lie side by side, value by
 * value: some of them at a time, so that what is read and what is written stays in the cache. */
static void put_in_order(unsigned char *out, const unsigned char *values, const struct dae_layout *layout) {
    enum { SAMPLES = 64 };
    size_t size = layout->type->size, row = layout->shape.size * size;
    for (size_t first = 0; first < layout->count; first += SAMPLES)
        for (size_t place = 0; place < layout->shape.size; place++) {
            const unsigned char *in = values +
                                      (fortran_place(&layout->shape, place) * layout->count + first) * size;
            for (size_t i = 0; i < dae_size_min(SAMPLES, layout->count - first); i++)
                memcpy(out + (first + i) * row + place * size, in + i * size, size);
        }
}

/* Values of pixels, or of moments, into planes. */
static inline void put_apart_sized(unsigned char *out, const unsigned char *values, size_t channels,
                                   size_t places, size_t size) {
    for (size_t i = 0; i < places; i++)
        for (size_t c = 0; c < channels; c++)
            memcpy(out + (c * places + i) * size, values + (i * channels + c) * size, size);
}

/* Likewise for all samples; sizes that are known to the compiler make moves of calls. */
static void put_apart(unsigned char *out, const unsigned char *values, const struct dae_layout *layout) {
    size_t size = layout->type->size, channels = layout->shape.dims[0];
    size_t places = layout->shape.size / channels;
    for (size_t sample = 0; sample < layout->count; sample++) {
        size_t at = sample * layout->shape.size * size;
        if (size == 1)
            put_apart_sized(out + at, values + at, channels, places, 1);
        else if (size == 2)
            put_apart_sized(out + at, values + at, channels, places, 2);
        else
            put_apart_sized(out + at, values + at, channels, places, size);
    }
}

/* The bytes with the values in C order, of which the layout tells from then on; releases the others. */
static dae_status order(unsigned char **bytes, struct dae_layout *layout) {
    size_t size = layout->end - layout->begin;
    unsigned char *ordered = dae_allocate_raw(size, 1);
    if (ordered == NULL)
        return DAE_ERROR_MEMORY;
    (layout->fortran ? put_in_order : put_apart)(ordered, *bytes + layout->begin, layout);
    dae_release(*bytes);
    *bytes = ordered;
    layout->begin = 0;
    layout->end = size;
    return DAE_OK;
}

dae_status dae_filed_create(dae_dataset **out, unsigned char *bytes, struct dae_layout *layout,
                            const char *name) {
    void *created = NULL;
    dae_status status = layout->fortran || layout->interleaved ? order(&bytes, layout) : DAE_OK;
    if (status == DAE_OK)
        status = dae_dataset_create_source(&created, sizeof(struct filed), &operations, layout->count,
                                           layout->shape.rank, layout->shape.dims, name);
    if (status != DAE_OK) {
        dae_release(bytes);
        return status;
    }
    struct filed *filed = created;
    filed->bytes = bytes;
    filed->data = bytes + layout->begin;
    filed->type = layout->type;
    *out = &filed->base;
    return DAE_OK;
}
