#include "data/raster.h"
#include "core/memory.h"

#include <string.h>

const char *dae_raster_check(const struct dae_value *values) {
    return values[DAE_RASTER_CHANNELS].number == 2 ? "channels = 1, 3 or any" : NULL;
}

static unsigned get(const unsigned char *at, size_t size) {
    return size == 1 ? at[0] : (unsigned)at[0] << 8 | at[1];
}

static void put(unsigned char *at, size_t size, unsigned value) {
    if (size == 2)
        *at++ = (unsigned char)(value >> 8);
    *at = (unsigned char)value;
}

/* In place: the values of a pixel lie where they have been read or before. */
static void make_grey(struct dae_raster *p) {
    unsigned char *pixels = p->bytes + p->begin;
    for (size_t i = 0; i < p->height * p->width; i++) {
        const unsigned char *pixel = pixels + 3 * i * p->size;
        uint32_t sum = 19595 * (uint32_t)get(pixel, p->size) +
                       38470 * (uint32_t)get(pixel + p->size, p->size) +
                       7471 * (uint32_t)get(pixel + 2 * p->size, p->size);
        put(pixels + i * p->size, p->size, (sum + 32768) >> 16);
    }
    p->channels = 1;
}

/* Replaces the bytes by `size` of the caller's making. */
static void replace(struct dae_raster *p, unsigned char *bytes) {
    dae_release(p->bytes);
    p->bytes = bytes;
    p->begin = 0;
}

static dae_status make_colour(struct dae_raster *p) {
    size_t count = p->height * p->width;
    unsigned char *colour = dae_allocate_raw(count, 3 * p->size);
    if (colour == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < 3 * count; i++)
        memcpy(colour + i * p->size, p->bytes + p->begin + i / 3 * p->size, p->size);
    replace(p, colour);
    p->channels = 3;
    return DAE_OK;
}

/* Values of a range that no type stands for. */
static dae_status make_floats(struct dae_raster *p) {
    size_t count = p->height * p->width * p->channels;
    float *values = dae_allocate_raw(count, sizeof *values);
    if (values == NULL)
        return DAE_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++)
        values[i] = (float)get(p->bytes + p->begin + i * p->size, p->size) / (float)p->most;
    replace(p, (unsigned char *)values);
    p->size = sizeof *values;
    return DAE_OK;
}

static dae_status convert(struct dae_raster *p, size_t channels) {
    if (channels == 1 && p->channels == 3)
        make_grey(p);
    if (channels == 3 && p->channels == 1)
        DAE_TRY(make_colour(p));
    return p->most == (p->size == 1 ? 255 : 65535) ? DAE_OK : make_floats(p);
}

static dae_status lay_out(const struct dae_raster *p, struct dae_layout *layout) {
    const size_t dims[] = {1, p->channels, p->height, p->width};
    const struct dae_value_type *type = p->size == 4 ? dae_value_type_find('f', 4, false)
                                                     : dae_value_type_find('n', p->size, true);
    *layout = (struct dae_layout){.interleaved = p->channels > 1};
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        DAE_TRY(dae_layout_add(layout, dims[i], p->name, p->begin));
    return dae_layout_finish(layout, type, p->begin, p->name, p->begin);
}

dae_status dae_raster_create(dae_dataset **out, struct dae_raster *picture, const struct dae_value *values) {
    struct dae_layout layout;
    dae_status status = convert(picture, (size_t)values[DAE_RASTER_CHANNELS].number);
    if (status == DAE_OK)
        status = lay_out(picture, &layout);
    if (status == DAE_OK)
        return dae_filed_create(out, picture->bytes, &layout, picture->name);
    dae_release(picture->bytes);
    return status;
}

dae_status dae_raster_preview(const struct dae_content *start, size_t channels, size_t height, size_t width,
                              struct dae_preview *preview) {
    size_t wished = (size_t)start->values[DAE_RASTER_CHANNELS].number;
    const size_t dims[] = {wished > 0 ? wished : channels, height, width};
    if (height == 0 || width == 0 || height > INT32_MAX || width > INT32_MAX)
        return DAE_OK;
    DAE_TRY(dae_shape_set(&preview->shape, 3, dims, start->name));
    preview->count = 1;
    return DAE_OK;
}

/* ---- Writing -------------------------------------------------------------------------------------- */

const char *dae_raster_check_bits(const struct dae_value *values) {
    double bits = values[DAE_RASTER_BITS].number;
    return bits != 8 && bits != 16 ? "bits = 8 or 16" : NULL;
}

dae_status dae_raster_check_saving(const struct dae_saving *saving) {
    struct dae_shape shape = dae_saving_shape(saving);
    char text[DAE_SHAPE_TEXT_SIZE];
    if (shape.rank == 2 || (shape.rank == 3 && (shape.dims[0] == 1 || shape.dims[0] == 3)))
        return DAE_OK;
    return dae_fail(DAE_ERROR_SHAPE,
                    "%s: sample %zu has shape %s, expected a picture: height x width, 1 x height x width or "
                    "3 x height x width",
                    saving->name, saving->first, dae_shape_text(&shape, text));
}

/* Values of planes as pixels. */
static dae_status encode(const struct dae_saving *saving, const struct dae_raster *p, const float *values) {
    size_t places = p->height * p->width;
    for (size_t i = 0; i < places * p->channels; i++) {
        double value = (double)values[i];
        if (value != value)
            return dae_fail(DAE_ERROR_ARGUMENT, "%s: value %zu of sample %zu is NaN, expected a number",
                            saving->name, i, saving->first);
        value = value > 0 ? value < 1 ? value : 1 : 0;
        put(p->bytes + (i % places * p->channels + i / places) * p->size, p->size,
            (unsigned)(value * p->most + 0.5));
    }
    return DAE_OK;
}

dae_status dae_raster_read(const struct dae_saving *saving, struct dae_raster *picture) {
    struct dae_shape shape = dae_saving_shape(saving);
    size_t size = saving->values[DAE_RASTER_BITS].number == 8 ? 1 : 2;
    float *values;
    *picture = (struct dae_raster){
        .name = saving->name,
        .height = shape.dims[shape.rank - 2],
        .width = shape.dims[shape.rank - 1],
        .channels = shape.rank == 3 ? shape.dims[0] : 1,
        .size = size,
        .most = size == 1 ? 255 : 65535,
    };
    DAE_TRY(dae_saving_read(saving, &values));
    dae_status status = DAE_ERROR_MEMORY;
    picture->bytes = dae_allocate_raw(shape.size, size);
    if (picture->bytes != NULL)
        status = encode(saving, picture, values);
    dae_release(values);
    if (status != DAE_OK)
        dae_release(picture->bytes);
    return status;
}
