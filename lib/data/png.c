/* A PNG picture, read by libpng. Chunks that tell of colours, such as gamma and profiles, are ignored. */
#include "config.h"
#include "core/memory.h"
#include "data/picture.h"

#include <string.h>

static bool knows(const unsigned char *start, size_t count) {
    return count >= 8 && memcmp(start, "\x89PNG\r\n\x1A\n", 8) == 0;
}

#if DAE_HAVE_PNG

#include <png.h>
#include <setjmp.h>
#include <stdio.h>

enum {
    SIGNATURE = 8,
    HEADER_END = 33,  /* of the signature and IHDR, which comes first */
    MAX_RATIO = 1032, /* of deflate */
};

struct reading {
    const struct dae_content *content;
    size_t position;
    size_t packed; /* bytes of compressed pixels */
    bool alpha;    /* there is some, or a colour that is transparent */
    png_structp png;
    png_infop info;
    png_bytep *rows;
    struct dae_picture picture;
    bool no_memory;
    char reason[128], warning[128];
    jmp_buf escape; /* to which errors of libpng lead */
};

/* ---- Before libpng ------------------------------------------------------------------------------- */

static uint32_t number_at(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Looks at the chunk at r->position, which lies whole in the file then. */
static dae_status pass_chunk(struct reading *r, bool *last) {
    const struct dae_content *content = r->content;
    const unsigned char *chunk = content->bytes + r->position;
    size_t left = content->size - r->position, length = left < 8 ? 0 : number_at(chunk), end;
    if (length > INT32_MAX)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found a chunk of %zu bytes, expected at most %d",
                        content->name, r->position, length, INT32_MAX);
    if (!dae_size_add(r->position, length + 12, &end) || end > content->size)
        return dae_filed_too_short(content->name, content->size, end);
    if (r->position == SIGNATURE && (length != 13 || memcmp(chunk + 4, "IHDR", 4) != 0))
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: offset 8: found %zu bytes of chunk 0x%08X, expected 13 of IHDR", content->name,
                        length, number_at(chunk + 4));
    if (memcmp(chunk + 4, "IDAT", 4) == 0)
        r->packed += length;
    if (memcmp(chunk + 4, "tRNS", 4) == 0)
        r->alpha = true;
    *last = memcmp(chunk + 4, "IEND", 4) == 0;
    r->position = end;
    return DAE_OK;
}

/* Refuses a picture that is larger than what its compressed bytes can expand to: a byte for each row at least,
 * beside the pixels. */
static dae_status check_claim(const struct reading *r) {
    static const unsigned char samples[8] = {1, 0, 3, 1, 2, 0, 4, 0}; /* in a pixel, by the type of colour */
    const unsigned char *header = r->content->bytes + SIGNATURE + 8;
    size_t width = number_at(header), height = number_at(header + 4), bits;
    if (width == 0 || height == 0 || width > INT32_MAX || height > INT32_MAX)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset 16: found %zu x %zu pixels, expected 1 to %d each way",
                        r->content->name, width, height, INT32_MAX);
    if (!dae_size_multiply(width, height, &bits) ||
        !dae_size_multiply(bits, (size_t)samples[header[9] & 7] * header[8], &bits) ||
        (bits / 8 + height) / MAX_RATIO > r->packed)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: offset 16: found %zu x %zu pixels, to which %zu compressed bytes cannot expand",
                        r->content->name, width, height, r->packed);
    return DAE_OK;
}

/* All chunks to the end of the picture; what is behind them is nobody's. */
static dae_status check_chunks(struct reading *r) {
    bool last = false;
    if (r->content->size < HEADER_END)
        return dae_filed_too_short(r->content->name, r->content->size, HEADER_END);
    if (!knows(r->content->bytes, r->content->size))
        return dae_fail(DAE_ERROR_FORMAT, "%s: not a PNG file: offset 0: found 0x%08X, expected 0x89504E47",
                        r->content->name, number_at(r->content->bytes));
    r->position = SIGNATURE;
    while (!last)
        DAE_TRY(pass_chunk(r, &last));
    r->position = 0;
    return check_claim(r);
}

/* ---- What libpng calls --------------------------------------------------------------------------- */

static void on_error(png_structp png, png_const_charp message) {
    struct reading *r = png_get_error_ptr(png);
    snprintf(r->reason, sizeof r->reason, "%s", message);
    longjmp(r->escape, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    struct reading *r = png_get_error_ptr(png);
    snprintf(r->warning, sizeof r->warning, " (%s)", message);
}

static png_voidp take(png_structp png, png_alloc_size_t size) {
    struct reading *r = png_get_mem_ptr(png);
    void *memory = dae_allocate_raw(size, 1);
    r->no_memory = r->no_memory || memory == NULL;
    return memory;
}

static void give(png_structp png, png_voidp memory) {
    (void)png;
    dae_release(memory);
}

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    struct reading *r = png_get_io_ptr(png);
    if (count > r->content->size - r->position)
        png_error(png, "the file ends");
    memcpy(out, r->content->bytes + r->position, count);
    r->position += count;
}

/* ---- With libpng --------------------------------------------------------------------------------- */

/* Memory for the pixels and for where rows begin, of which libpng asks for each several times where they are
 * interlaced. */
static bool make_room(struct reading *r) {
    struct dae_picture *p = &r->picture;
    size_t row = png_get_rowbytes(r->png, r->info);
    p->bytes = dae_allocate_raw(p->height, row);
    if (p->bytes != NULL)
        r->rows = dae_allocate_raw(p->height, sizeof *r->rows);
    if (r->rows == NULL)
        return false;
    for (size_t i = 0; i < p->height; i++)
        r->rows[i] = p->bytes + i * row;
    return true;
}

/* Everything that may escape. */
static void decode(struct reading *r) {
    png_set_read_fn(r->png, r, read_bytes);
    png_set_user_limits(r->png, INT32_MAX, INT32_MAX); /* check_claim() has better ones */
    png_set_benign_errors(r->png, 0);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(r->png, r->info);
    png_set_expand(r->png); /* to bytes, and to colours where there is a palette */
    png_set_strip_alpha(r->png);
    (void)png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    r->picture.width = png_get_image_width(r->png, r->info);
    r->picture.height = png_get_image_height(r->png, r->info);
    r->picture.channels = png_get_channels(r->png, r->info);
    r->picture.size = png_get_bit_depth(r->png, r->info) / 8;
    r->picture.most = r->picture.size == 1 ? 255 : 65535;
    if (!make_room(r)) {
        r->no_memory = true;
        return;
    }
    png_read_image(r->png, r->rows);
    png_read_end(r->png, NULL);
}

static dae_status fail_reading(const struct reading *r) {
    if (r->no_memory)
        return DAE_ERROR_MEMORY;
    return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: libpng says: %s%s", r->content->name, r->position,
                    r->reason, r->warning);
}

static dae_status read_picture(struct reading *r) {
    if (setjmp(r->escape) == 0) {
        r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, r, on_error, on_warning, r, take, give);
        r->info = r->png != NULL ? png_create_info_struct(r->png) : NULL;
        if (r->info != NULL)
            decode(r);
        else if (!r->no_memory)
            snprintf(r->reason, sizeof r->reason, "it is not of version %s", PNG_LIBPNG_VER_STRING);
    }
    png_destroy_read_struct(&r->png, &r->info, NULL);
    dae_release(r->rows);
    return r->no_memory || r->reason[0] != '\0' ? fail_reading(r) : DAE_OK;
}

static dae_status open_png(dae_dataset **out, const struct dae_content *content) {
    struct reading r = {.content = content, .picture = {.name = content->name}};
    dae_status status = check_chunks(&r);
    if (status == DAE_OK)
        status = read_picture(&r);
    dae_release(content->bytes);
    if (status == DAE_OK)
        return dae_picture_create(out, &r.picture, content->values);
    dae_release(r.picture.bytes);
    return status;
}

#else

static dae_status open_png(dae_dataset **out, const struct dae_content *content) {
    (void)out;
    dae_status status = dae_fail(DAE_ERROR_UNSUPPORTED,
                                 "%s: is a PNG picture, which this build cannot read: it was made "
                                 "without libpng (-Dpng=enabled)",
                                 content->name);
    dae_release(content->bytes);
    return status;
}

#endif

const struct dae_source_kind dae_source_png = {
    {
        .name = "png",
        .what = "a PNG picture: one sample [channels, height, width] of values in [0, 1], without alpha",
        .example = "png(channels=1)",
        .check = dae_picture_check,
        .parameters = DAE_PICTURE_PARAMETERS,
    },
    .knows = knows,
    .open = open_png,
};
