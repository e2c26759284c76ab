/* Pictures of the Netpbm family. PBM, PGM and PPM are read, as text (P1, P2, P3) and as bytes (P4, P5, P6);
 * PGM and PPM are written, as bytes. */
#include "core/memory.h"
#include "data/raster.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 65535 }; /* a value can be */

static bool is_space(int c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static bool knows(const unsigned char *start, size_t count) {
    size_t at = 2;
    if (count < 4 || start[0] != 'P' || start[1] < '1' || start[1] > '6' ||
        !(is_space(start[2]) || start[2] == '#'))
        return false;
    while (at < count && is_space(start[at]))
        at++;
    return at == count || is_digit(start[at]) || start[at] == '#';
}

/* The content, being read. */
struct text {
    const struct dae_content *content;
    size_t position;
};

/* The next character, -1 at the end. */
static int peek(const struct text *text) {
    return text->position < text->content->size ? text->content->bytes[text->position] : -1;
}

static dae_status fail_at(const struct text *text, size_t position, const char *expected) {
    const struct dae_content *content = text->content;
    if (position == content->size)
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: the file ends, expected %s", content->name,
                        position, expected);
    return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found byte 0x%02X, expected %s", content->name,
                    position, content->bytes[position], expected);
}

/* A comment goes to the end of its line, which is white space. */
static void skip_comment(struct text *text) {
    while (peek(text) >= 0 && peek(text) != '\n' && peek(text) != '\r')
        text->position++;
}

static void skip_space(struct text *text) {
    for (; is_space(peek(text)) || peek(text) == '#'; text->position++) {
        if (peek(text) == '#')
            skip_comment(text);
        if (peek(text) < 0)
            return;
    }
}

/* A whole number of at most `digits` digits, from 0 to `most`. */
static dae_status read_number(struct text *text, const char *what, size_t digits, uint64_t most,
                              uint64_t *number) {
    skip_space(text);
    size_t start = text->position;
    *number = 0;
    for (; text->position < start + digits && is_digit(peek(text)); text->position++) {
        *number = 10 * *number + (uint64_t)(peek(text) - '0');
        if (*number > most)
            return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found more than %llu, expected %s",
                            text->content->name, start, (unsigned long long)most, what);
    }
    return text->position == start ? fail_at(text, start, what) : DAE_OK;
}

static dae_status read_dimension(struct text *text, const char *what, size_t *dimension) {
    uint64_t number;
    skip_space(text);
    size_t start = text->position;
    DAE_TRY(read_number(text, what, SIZE_MAX - start, INT32_MAX, &number));
    *dimension = (size_t)number;
    return number > 0 ? DAE_OK : fail_at(text, start, what);
}

/* What comes before the pixels. */
struct header {
    bool bits;  /* one for a pixel, black if it is set */
    bool plain; /* as text */
    struct dae_raster picture;
    size_t values, row; /* in all; bytes in a row that is not plain */
};

static dae_status read_header(struct text *text, struct header *header) {
    struct dae_raster *p = &header->picture;
    const struct dae_content *content = text->content;
    if (!knows(content->bytes, content->size))
        return dae_fail(DAE_ERROR_FORMAT, "%s: offset 0: not a PNM file: expected P1 to P6, and a width",
                        content->name);
    int kind = content->bytes[1] - '0';
    uint64_t most = 1;
    *header = (struct header){.bits = kind % 3 == 1, .plain = kind <= 3, .picture = {.name = content->name}};
    text->position = 2;
    DAE_TRY(read_dimension(text, "a width from 1 on", &p->width));
    DAE_TRY(read_dimension(text, "a height from 1 on", &p->height));
    if (!header->bits)
        DAE_TRY(read_number(text, "the largest value, 1 to 65535", 32, MOST, &most));
    if (most == 0)
        return fail_at(text, text->position - 1, "the largest value, 1 to 65535");
    p->channels = kind % 3 == 0 ? 3 : 1;
    p->size = most > 255 ? 2 : 1;
    p->most = header->bits ? 255 : (unsigned)most;
    header->row = header->bits ? dae_size_divide_up(p->width, 8) : p->width * p->channels * p->size;
    return DAE_OK;
}

/* One byte of white space separates the header from pixels that are not plain, or a comment. */
static dae_status end_header(struct text *text) {
    if (peek(text) == '#')
        skip_comment(text);
    if (!is_space(peek(text)))
        return fail_at(text, text->position, "white space before the pixels");
    text->position++;
    return DAE_OK;
}

/* Refuses a header that claims more than there is; a plain value takes a byte, and one between it and the
 * next if it is no bit. */
static dae_status check_claim(const struct text *text, struct header *header) {
    const struct dae_raster *p = &header->picture;
    size_t needed, left = text->content->size - text->position;
    bool fits = dae_size_multiply(p->width * p->channels, p->height, &header->values) &&
                dae_size_multiply(header->plain ? p->width * p->channels : header->row, p->height, &needed);
    if (fits && header->plain && !header->bits)
        fits = dae_size_multiply(needed, 2, &needed) && needed-- > 0;
    if (fits && needed <= left)
        return DAE_OK;
    return dae_fail(DAE_ERROR_FORMAT,
                    "%s: offset %zu: %zu bytes are left, too few for %zu x %zu pixels of %zu values",
                    text->content->name, text->position, left, p->width, p->height, p->channels);
}

/* ---- Pixels -------------------------------------------------------------------------------------- */

static dae_status read_plain(struct text *text, const struct header *header, unsigned char *out) {
    uint64_t value;
    size_t digits = header->bits ? 1 : 32;
    const struct dae_raster *p = &header->picture;
    for (size_t i = 0; i < header->values; i++) {
        DAE_TRY(read_number(text, "a value of a pixel", digits, header->bits ? 1 : p->most, &value));
        if (header->bits)
            value = value == 0 ? 255 : 0;
        if (p->size == 2)
            *out++ = (unsigned char)(value >> 8);
        *out++ = (unsigned char)value;
    }
    return DAE_OK;
}

static void read_bits(struct text *text, const struct header *header, unsigned char *out) {
    for (size_t y = 0; y < header->picture.height; y++, text->position += header->row) {
        const unsigned char *row = text->content->bytes + text->position;
        for (size_t x = 0; x < header->picture.width; x++)
            *out++ = (row[x / 8] >> (7 - x % 8) & 1) != 0 ? 0 : 255;
    }
}

/* Copies nothing: only refuses values above the largest. */
static dae_status check_values(struct text *text, const struct header *header) {
    size_t size = header->picture.size, end = text->position + header->values * size;
    const unsigned char *bytes = text->content->bytes;
    for (; text->position < end; text->position += size) {
        unsigned value = bytes[text->position];
        if (size == 2)
            value = value << 8 | bytes[text->position + 1];
        if (value > header->picture.most)
            return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: found %u, expected at most %u",
                            text->content->name, text->position, value, header->picture.most);
    }
    return DAE_OK;
}

/* Pixels that have to be converted: replaces the content. */
static dae_status unpack(struct text *text, struct header *header) {
    struct dae_raster *p = &header->picture;
    unsigned char *pixels = dae_allocate_raw(header->values, p->size);
    if (pixels == NULL)
        return DAE_ERROR_MEMORY;
    p->bytes = pixels;
    if (header->plain)
        return read_plain(text, header, pixels);
    read_bits(text, header, pixels);
    return DAE_OK;
}

static dae_status read_pixels(struct text *text, struct header *header) {
    if (!header->plain)
        DAE_TRY(end_header(text));
    DAE_TRY(check_claim(text, header));
    header->picture.begin = text->position;
    if (!header->plain && !header->bits)
        return check_values(text, header);
    header->picture.begin = 0;
    return unpack(text, header);
}

/* After the picture may be white space, and comments if it is plain. */
static dae_status expect_end(struct text *text, bool plain) {
    if (plain)
        skip_space(text);
    while (is_space(peek(text)))
        text->position++;
    return peek(text) < 0 ? DAE_OK : fail_at(text, text->position, "one picture, and nothing after it");
}

/* A header that ends with the start may go on after it. */
static dae_status preview(const struct dae_content *start, struct dae_preview *p) {
    struct text text = {start, 0};
    struct header header = {0};
    if (read_header(&text, &header) != DAE_OK || text.position == start->size)
        return DAE_OK;
    return dae_raster_preview(start, header.picture.channels, header.picture.height, header.picture.width, p);
}

static dae_status open_pnm(dae_dataset **out, const struct dae_content *content) {
    struct text text = {content, 0};
    struct header header = {0};
    struct dae_raster *p = &header.picture;
    dae_status status = read_header(&text, &header);
    if (status == DAE_OK)
        status = read_pixels(&text, &header);
    if (status == DAE_OK)
        status = expect_end(&text, header.plain);
    if (status == DAE_OK && p->bytes == NULL)
        p->bytes = content->bytes;
    else
        dae_release(content->bytes);
    if (status == DAE_OK)
        return dae_raster_create(out, p, content->values);
    dae_release(p->bytes);
    return status;
}

const struct dae_source_kind dae_source_pnm = {
    {
        .name = "pnm",
        .what = "a PBM, PGM or PPM picture: one sample [channels, height, width] of values in [0, 1]",
        .example = "pnm(channels=1)",
        .check = dae_raster_check,
        .parameters = DAE_RASTER_PARAMETERS,
    },
    .knows = knows,
    .open = open_pnm,
    .preview = preview,
};

/* ---- Writing -------------------------------------------------------------------------------------- */

static dae_status write_pnm(const struct dae_saving *saving) {
    struct dae_raster picture;
    char text[64];
    struct dae_text header = {text, sizeof text, 0};
    DAE_TRY(dae_raster_read(saving, &picture));
    dae_text_add(&header, "P%d\n%zu %zu\n%u\n", picture.channels == 3 ? 6 : 5, picture.width, picture.height,
                 picture.most);
    dae_status status = dae_sink_add(saving->sink, text, header.length);
    if (status == DAE_OK)
        status = dae_sink_add(saving->sink, picture.bytes,
                              picture.height * picture.width * picture.channels * picture.size);
    dae_release(picture.bytes);
    return status;
}

static const char *const endings[] = {".pnm", ".pgm", ".ppm", NULL};

const struct dae_destination_kind dae_destination_pnm = {
    {
        .name = "pnm",
        .what = "a PGM picture of one channel, or a PPM picture of three, of values in [0, 1]",
        .example = "pnm(bits=16)",
        .check = dae_raster_check_bits,
        .parameters = DAE_RASTER_SAVING_PARAMETERS,
    },
    .endings = endings,
    .single = true,
    .check = dae_raster_check_saving,
    .write = write_pnm,
};
