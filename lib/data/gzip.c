#include "data/gzip.h"
#include "core/memory.h"
#include "core/size.h"

#include "config.h"

#if DAE_HAVE_ZLIB

#define ZLIB_CONST
#include <zlib.h>

/* Deflate expands at most 1032 times (zlib's technical details). */
enum { MAX_RATIO = 1032, PIECE = 1 << 30 };

struct dae_gzip {
    z_stream stream;
    const unsigned char *bytes;
    size_t size;
    size_t expanded;
    const char *name;
    bool ended;
};

static voidpf allocate(voidpf user, uInt count, uInt size) {
    (void)user;
    return dae_allocate(count, size);
}

static void release(voidpf user, voidpf memory) {
    (void)user;
    dae_release(memory);
}

dae_status dae_gzip_open(struct dae_gzip **out, const unsigned char *bytes, size_t size, const char *name) {
    struct dae_gzip *gzip = dae_allocate(1, sizeof *gzip);
    if (gzip == NULL)
        return DAE_ERROR_MEMORY;
    *gzip = (struct dae_gzip){
        .stream = {.zalloc = allocate, .zfree = release}, .bytes = bytes, .size = size, .name = name};
    if (inflateInit2(&gzip->stream, 16 + MAX_WBITS) != Z_OK) { /* 16: a gzip header is expected */
        dae_release(gzip);
        return dae_fail(DAE_ERROR_MEMORY, "out of memory: could not start to expand %s", name);
    }
    gzip->stream.next_in = bytes;
    *out = gzip;
    return DAE_OK;
}

void dae_gzip_close(struct dae_gzip *gzip) {
    inflateEnd(&gzip->stream);
    dae_release(gzip);
}

static size_t consumed(const struct dae_gzip *gzip) {
    return (size_t)(gzip->stream.next_in - gzip->bytes);
}

/* Whether nothing but zeros is left: files are filled up with them on tapes and in archives. */
static bool is_padding(const struct dae_gzip *gzip) {
    size_t at = consumed(gzip);
    while (at < gzip->size && gzip->bytes[at] == 0)
        at++;
    return at == gzip->size;
}

/* At the end of a member: the next one begins, or the data are over. What is appended to a file, or
 * compressed in pieces so that each can be read alone, is a member of its own. */
static void end_member(struct dae_gzip *gzip) {
    size_t at = consumed(gzip);
    if (at < gzip->size && gzip->bytes[at] == 0x1F)
        inflateReset(&gzip->stream);
    else
        gzip->ended = true;
}

dae_status dae_gzip_read_some(struct dae_gzip *gzip, unsigned char *out, size_t size, size_t *got) {
    z_stream *stream = &gzip->stream;
    *got = 0;
    while (*got < size && !gzip->ended) {
        uInt room = (uInt)dae_size_min(size - *got, PIECE);
        stream->avail_in = (uInt)dae_size_min(gzip->size - consumed(gzip), PIECE);
        stream->next_out = out + *got;
        stream->avail_out = room;
        int result = inflate(stream, Z_NO_FLUSH);
        *got += room - stream->avail_out;
        if (result == Z_STREAM_END)
            end_member(gzip);
        if (result == Z_MEM_ERROR)
            return dae_fail(DAE_ERROR_MEMORY, "out of memory: could not expand %s", gzip->name);
        if (result == Z_BUF_ERROR && consumed(gzip) == gzip->size)
            return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: the gzip data end too early", gzip->name,
                            gzip->size);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return dae_fail(DAE_ERROR_FORMAT, "%s: offset %zu: broken gzip data: %s", gzip->name,
                            consumed(gzip), stream->msg != NULL ? stream->msg : "unexpected content");
    }
    gzip->expanded += *got;
    return DAE_OK;
}

dae_status dae_gzip_read(struct dae_gzip *gzip, unsigned char *out, size_t size) {
    size_t got;
    DAE_TRY(dae_gzip_read_some(gzip, out, size, &got));
    if (got < size)
        return dae_fail(DAE_ERROR_FORMAT, "%s: the gzip data expand to %zu bytes, expected at least %zu",
                        gzip->name, gzip->expanded, gzip->expanded + size - got);
    return DAE_OK;
}

dae_status dae_gzip_check_claim(size_t packed, size_t size, const char *name) {
    if (size / MAX_RATIO > packed)
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: %zu bytes of gzip data cannot expand to the %zu bytes that the header claims",
                        name, packed, size);
    return DAE_OK;
}

bool dae_gzip_is_used_up(const struct dae_gzip *gzip) {
    return consumed(gzip) == gzip->size;
}

dae_status dae_gzip_expect_end(struct dae_gzip *gzip) {
    unsigned char extra;
    size_t got;
    DAE_TRY(dae_gzip_read_some(gzip, &extra, 1, &got));
    if (got > 0)
        return dae_fail(DAE_ERROR_FORMAT, "%s: the gzip data expand to more than the expected %zu bytes",
                        gzip->name, gzip->expanded - 1);
    if (!is_padding(gzip))
        return dae_fail(DAE_ERROR_FORMAT,
                        "%s: offset %zu: found %zu bytes after the gzip data, expected none", gzip->name,
                        consumed(gzip), gzip->size - consumed(gzip));
    return DAE_OK;
}

#else

dae_status dae_gzip_open(struct dae_gzip **out, const unsigned char *bytes, size_t size, const char *name) {
    (void)out, (void)bytes, (void)size;
    return dae_fail(DAE_ERROR_UNSUPPORTED,
                    "%s: is compressed with gzip, which this build cannot read: it was made without zlib",
                    name);
}

void dae_gzip_close(struct dae_gzip *gzip) {
    (void)gzip;
}

dae_status dae_gzip_read_some(struct dae_gzip *gzip, unsigned char *out, size_t size, size_t *got) {
    (void)gzip, (void)out, (void)size;
    *got = 0;
    return DAE_ERROR_UNSUPPORTED;
}

dae_status dae_gzip_read(struct dae_gzip *gzip, unsigned char *out, size_t size) {
    (void)gzip, (void)out, (void)size;
    return DAE_ERROR_UNSUPPORTED;
}

dae_status dae_gzip_check_claim(size_t packed, size_t size, const char *name) {
    (void)packed, (void)size, (void)name;
    return DAE_ERROR_UNSUPPORTED;
}

bool dae_gzip_is_used_up(const struct dae_gzip *gzip) {
    (void)gzip;
    return true;
}

dae_status dae_gzip_expect_end(struct dae_gzip *gzip) {
    (void)gzip;
    return DAE_ERROR_UNSUPPORTED;
}

#endif
