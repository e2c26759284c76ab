#include "data/picture.h"
#include "core/memory.h"

#include <string.h>

const char *dae_picture_check(const struct dae_value *values) {
    return values[DAE_PICTURE_CHANNELS].number == 2 ? "channels = 1, 3 or any" : NULL;
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
static void make_grey(struct dae_picture *p) {
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
static void replace(struct dae_picture *p, unsigned char *bytes) {
    dae_release(p->bytes);
    p->bytes = bytes;
    p->begin = 0;
}

static dae_status make_colour(struct dae_picture *p) {
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
static dae_status make_floats(struct dae_picture *p) {
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

static dae_status convert(struct dae_picture *p, size_t channels) {
    if (channels == 1 && p->channels == 3)
        make_grey(p);
    if (channels == 3 && p->channels == 1)
        DAE_TRY(make_colour(p));
    return p->most == (p->size == 1 ? 255 : 65535) ? DAE_OK : make_floats(p);
}

static dae_status lay_out(const struct dae_picture *p, struct dae_layout *layout) {
    const size_t dims[] = {1, p->channels, p->height, p->width};
    const struct dae_value_type *type = p->size == 4 ? dae_value_type_find('f', 4, false)
                                                     : dae_value_type_find('n', p->size, true);
    *layout = (struct dae_layout){.interleaved = p->channels > 1};
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        DAE_TRY(dae_layout_add(layout, dims[i], p->name, p->begin));
    return dae_layout_finish(layout, type, p->begin, p->name, p->begin);
}

dae_status dae_picture_create(dae_dataset **out, struct dae_picture *picture,
                              const struct dae_value *values) {
    struct dae_layout layout;
    dae_status status = convert(picture, (size_t)values[DAE_PICTURE_CHANNELS].number);
    if (status == DAE_OK)
        status = lay_out(picture, &layout);
    if (status == DAE_OK)
        return dae_filed_create(out, picture->bytes, &layout, picture->name);
    dae_release(picture->bytes);
    return status;
}
