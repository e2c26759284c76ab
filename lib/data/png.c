/* PNG pictures, read and written by libpng. Chunks that tell of colours, such as gamma and profiles, are
 * ignored. */
#include "config.h"
#include "core/memory.h"
#include "data/raster.h"

#include <string.h>

static bool knows(const unsigned char *start, size_t count) {
    return count >= 8 && memcmp(start, "\x89PNG\r\n\x1A\n", 8) == 0;
}

#if DAE_HAVE_PNG

#include <png.h>
#include <setjmp.h>
#include <stdio.h>

#define OTHER_VERSION "this libdae was made for version " PNG_LIBPNG_VER_STRING

enum {
    SIGNATURE = 8,
    HEADER_END = 33,  /* of the signature and IHDR, which comes first */
    MAX_RATIO = 1032, /* of deflate */
};

/* Where libpng's errors lead to. */
struct guard {
    bool no_memory;
    char reason[128], warning[128];
    jmp_buf escape;
};

struct reading {
    struct guard guard;
    const struct dae_content *content;
    size_t position;
    size_t packed; /* bytes of compressed pixels */
    bool alpha;    /* there is some, or a colour that is transparent */
    png_structp png;
    png_infop info;
    png_bytep *rows;
    struct dae_raster picture;
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

/* Refuses a picture that is larger than what its compressed bytes can expand to: a byte for each row at
 * least, beside the pixels. */
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

/* All chunks to the end of the picture; what comes after them is nobody's. */
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
    struct guard *guard = png_get_error_ptr(png);
    snprintf(guard->reason, sizeof guard->reason, "%s", message);
    longjmp(guard->escape, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    struct guard *guard = png_get_error_ptr(png);
    snprintf(guard->warning, sizeof guard->warning, " (%s)", message);
}

static png_voidp take(png_structp png, png_alloc_size_t size) {
    struct guard *guard = png_get_mem_ptr(png);
    void *memory = dae_allocate_raw(size, 1);
    guard->no_memory = guard->no_memory || memory == NULL;
    return memory;
}

static void give(png_structp png, png_voidp memory) {
    (void)png;
    dae_release(memory);
}

static dae_status fail(const struct guard *guard, const char *name, size_t offset) {
    if (guard->no_memory)
        return DAE_ERROR_MEMORY;
    return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: libpng says: %s%s", name, offset, guard->reason,
                    guard->warning);
}

/* ---- Reading ------------------------------------------------------------------------------------- */

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    struct reading *r = png_get_io_ptr(png);
    if (count > r->content->size - r->position)
        png_error(png, "the file ends");
    memcpy(out, r->content->bytes + r->position, count);
    r->position += count;
}

/* Memory for the pixels and for where rows begin, of which libpng asks for each several times where they are
 * interlaced. */
static bool make_room(struct reading *r) {
    struct dae_raster *p = &r->picture;
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
    r->alpha = r->alpha || (png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_ALPHA) != 0;
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
        r->guard.no_memory = true;
        return;
    }
    png_read_image(r->png, r->rows);
    png_read_end(r->png, NULL);
}

static dae_status read_picture(struct reading *r) {
    struct guard *guard = &r->guard;
    if (setjmp(guard->escape) == 0) {
        r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, guard, on_error, on_warning, guard, take,
                                          give);
        r->info = r->png != NULL ? png_create_info_struct(r->png) : NULL;
        if (r->info != NULL)
            decode(r);
        else if (!guard->no_memory)
            snprintf(guard->reason, sizeof guard->reason, "%s", OTHER_VERSION);
    }
    png_destroy_read_struct(&r->png, &r->info, NULL);
    dae_release(r->rows);
    return guard->no_memory || guard->reason[0] != '\0' ? fail(guard, r->content->name, r->position) : DAE_OK;
}

/* What is known of the picture beside its values. */
static dae_status tell(const struct dae_content *content, int bits, bool alpha) {
    DAE_TRY(dae_facts_add(content->facts, "bits", "%d", bits));
    return alpha ? dae_facts_add(content->facts, "alpha", "dropped") : DAE_OK;
}

/* What comes before the pixels tells all; a palette, which is a kind of colour, becomes colours. */
static dae_status preview(const struct dae_content *start, struct dae_preview *p) {
    const unsigned char *header = start->bytes + SIGNATURE + 8, *name = start->bytes + SIGNATURE + 4;
    if (start->size < HEADER_END || memcmp(name, "IHDR", 4) != 0)
        return DAE_OK;
    bool alpha = (header[9] & PNG_COLOR_MASK_ALPHA) != 0;
    for (size_t at = SIGNATURE, length; memcmp(name, "IDAT", 4) != 0; name = start->bytes + at + 4) {
        length = number_at(start->bytes + at);
        if (length > start->size || (at += length + 12) + 8 > start->size)
            return DAE_OK;
        alpha = alpha || memcmp(start->bytes + at + 4, "tRNS", 4) == 0;
    }
    DAE_TRY(dae_raster_preview(start, header[9] & PNG_COLOR_MASK_COLOR ? 3 : 1, number_at(header + 4),
                               number_at(header), p));
    return p->count > 0 ? tell(start, header[8], alpha) : DAE_OK;
}

static dae_status open_png(dae_dataset **out, const struct dae_content *content) {
    struct reading r = {.content = content, .picture = {.name = content->name}};
    dae_status status = check_chunks(&r);
    if (status == DAE_OK)
        status = read_picture(&r);
    if (status == DAE_OK)
        status = tell(content, content->bytes[HEADER_END - 9], r.alpha);
    dae_release(content->bytes);
    if (status == DAE_OK)
        return dae_raster_create(out, &r.picture, content->values);
    dae_release(r.picture.bytes);
    return status;
}

/* ---- Writing ------------------------------------------------------------------------------------- */

struct writing {
    struct guard guard;
    const struct dae_saving *saving;
    size_t written;
    dae_status status; /* of writing the bytes */
    struct dae_raster picture;
    png_structp png;
    png_infop info;
};

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
    struct writing *w = png_get_io_ptr(png);
    w->status = dae_sink_add(w->saving->sink, bytes, count);
    if (w->status != DAE_OK)
        png_error(png, "it cannot be written");
    w->written += count;
}

static void flush(png_structp png) {
    (void)png;
}

/* Everything that may escape. */
static void encode(struct writing *w) {
    const struct dae_raster *p = &w->picture;
    size_t row = p->width * p->channels * p->size;
    png_set_write_fn(w->png, w, write_bytes, flush);
    png_set_user_limits(w->png, INT32_MAX, INT32_MAX);
    png_set_IHDR(w->png, w->info, (png_uint_32)p->width, (png_uint_32)p->height, (int)p->size * 8,
                 p->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->png, w->info);
    for (size_t y = 0; y < p->height; y++)
        png_write_row(w->png, p->bytes + y * row);
    png_write_end(w->png, w->info);
}

static dae_status write_picture(struct writing *w) {
    struct guard *guard = &w->guard;
    if (setjmp(guard->escape) == 0) {
        w->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, guard, on_error, on_warning, guard, take,
                                           give);
        w->info = w->png != NULL ? png_create_info_struct(w->png) : NULL;
        if (w->info != NULL)
            encode(w);
        else if (!guard->no_memory)
            snprintf(guard->reason, sizeof guard->reason, "%s", OTHER_VERSION);
    }
    png_destroy_write_struct(&w->png, &w->info);
    if (w->status != DAE_OK)
        return w->status;
    return guard->no_memory || guard->reason[0] != '\0' ? fail(guard, w->saving->name, w->written) : DAE_OK;
}

static dae_status check_png(const struct dae_saving *saving) {
    DAE_TRY(dae_raster_check_saving(saving));
    struct dae_shape shape = dae_saving_shape(saving);
    size_t height = shape.dims[shape.rank - 2], width = shape.dims[shape.rank - 1];
    if (height > INT32_MAX || width > INT32_MAX)
        return dae_fail(DAE_ERROR_SHAPE, "%s: sample %zu has %zu x %zu pixels, expected at most %d each way",
                        saving->name, saving->first, height, width, INT32_MAX);
    return DAE_OK;
}

static dae_status write_png(const struct dae_saving *saving) {
    struct writing w = {.saving = saving};
    DAE_TRY(dae_raster_read(saving, &w.picture));
    dae_status status = write_picture(&w);
    dae_release(w.picture.bytes);
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

static dae_status check_png(const struct dae_saving *saving) {
    return dae_fail(DAE_ERROR_UNSUPPORTED,
                    "%s: this build cannot write PNG pictures: it was made without libpng (-Dpng=enabled)",
                    saving->name);
}

static dae_status write_png(const struct dae_saving *saving) {
    return check_png(saving);
}

#endif

const struct dae_source_kind dae_source_png = {
    {
        .name = "png",
        .what = "a PNG picture: one sample [channels, height, width] of values in [0, 1], without alpha",
        .example = "png(channels=1)",
        .check = dae_raster_check,
        .parameters = DAE_RASTER_PARAMETERS,
    },
    .knows = knows,
    .open = open_png,
#if DAE_HAVE_PNG
    .preview = preview,
#endif
};

static const char *const endings[] = {".png", NULL};

const struct dae_destination_kind dae_destination_png = {
    {
        .name = "png",
        .what = "a PNG picture of one channel or three, of values in [0, 1]",
        .example = "png(bits=16)",
        .check = dae_raster_check_bits,
        .parameters = DAE_RASTER_SAVING_PARAMETERS,
    },
    .endings = endings,
    .single = true,
    .check = check_png,
    .write = write_png,
};
