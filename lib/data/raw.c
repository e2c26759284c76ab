/* Samples of a file that has no header: its values back to back, of a type and a shape that the caller
 * knows. */
#include "core/memory.h"
#include "data/destination.h"
#include "data/source.h"

enum { TYPE, SHAPE, OFFSET, ORDER }; /* the parameters */

static const struct {
    char kind;
    size_t size;
} types[] = {{'f', 4}, {'f', 8}, {'f', 2}, {'u', 1}, {'u', 2}, {'u', 4},
             {'u', 8}, {'i', 1}, {'i', 2}, {'i', 4}, {'i', 8}};

static const struct dae_value_type *find_type(const struct dae_value *values) {
    size_t type = (size_t)values[TYPE].number;
    return dae_value_type_find(types[type].kind, types[type].size, values[ORDER].number == 1);
}

/* The bytes of a sample. */
static dae_status measure_sample(const struct dae_content *content, size_t *size) {
    const struct dae_value *shape = &content->values[SHAPE];
    *size = find_type(content->values)->size;
    for (size_t i = 0; i < dae_value_items(shape); i++)
        if (!dae_size_multiply(*size, (size_t)dae_value_item(shape, i)->number, size))
            return dae_fail(DAE_ERROR_ARGUMENT, "%s: shape is more than can be addressed", content->name);
    return DAE_OK;
}

/* Where the samples lie: as many as there are bytes for. */
static dae_status lay_out(const struct dae_content *content, struct dae_layout *layout) {
    const struct dae_value *shape = &content->values[SHAPE];
    double offset = content->values[OFFSET].number;
    size_t sample;
    DAE_TRY(measure_sample(content, &sample));
    if (offset >= (double)content->size || content->size - (size_t)offset < sample)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: found %zu bytes, expected at least one sample of %zu bytes from offset %.0f on",
                        content->name, content->size, sample, offset);
    size_t begin = (size_t)offset, left = content->size - begin;
    if (left % sample != 0)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: found %zu bytes from offset %zu on, expected a multiple of %zu, the bytes of a "
                        "sample: %zu are left",
                        content->name, left, begin, sample, left % sample);
    DAE_TRY(dae_layout_add(layout, left / sample, content->name, begin));
    for (size_t i = 0; i < dae_value_items(shape); i++)
        DAE_TRY(dae_layout_add(layout, (size_t)dae_value_item(shape, i)->number, content->name, begin));
    return dae_layout_finish(layout, find_type(content->values), begin, content->name, begin);
}

static dae_status open_raw(dae_dataset **out, const struct dae_content *content) {
    struct dae_layout layout = {0};
    dae_status status = lay_out(content, &layout);
    if (status == DAE_OK)
        return dae_filed_create(out, content->bytes, &layout, content->name);
    dae_release(content->bytes);
    return status;
}

const struct dae_source_kind dae_source_raw = {
    {
        .name = "raw",
        .what =
            "values back to back without a header, as many samples as there are bytes for; has to be named",
        .example = "raw(type=i2, shape=[2, 256])",
        .parameters =
            {
                {"type", "of the values: float, unsigned or signed, and its bytes", DAE_TYPE_WORD,
                 .words = "f4, f8, f2, u1, u2, u4, u8, i1, i2, i4, i8"},
                {"shape", "of a sample", DAE_TYPE_COUNT, DAE_LIST, 1, DAE_MOST_SIZE, "1"},
                {"offset", "bytes before the first value", DAE_TYPE_COUNT, 0, 0, DAE_MOST_SIZE, "0"},
                {"order", "of the bytes of a value", DAE_TYPE_WORD, .fallback = "little",
                 .words = "little, big"},
            },
    },
    .open = open_raw,
};

/* ---- Writing ------------------------------------------------------------------------------------- */

static dae_status take(void *context, const float *values, size_t count) {
    return dae_sink_add(context, values, count * sizeof *values);
}

static dae_status write_raw(const struct dae_saving *saving) {
    return dae_saving_each(saving, take, (void *)(uintptr_t)saving->sink);
}

static const char *const endings[] = {".raw", NULL};

const struct dae_destination_kind dae_destination_raw = {
    {
        .name = "raw",
        .what = "values of float32 back to back, low bytes first, without a header",
        .example = "raw",
        .parameters = {DAE_DESTINATION_OVERWRITE},
    },
    .endings = endings,
    .write = write_raw,
};
