#include "data/deflate.h"
#include "core/memory.h"
#include "core/size.h"

#include "config.h"

#if DAE_HAVE_ZLIB

#define ZLIB_CONST
#include <zlib.h>

enum { PIECE = 1 << 30 };

static voidpf allocate(voidpf user, uInt count, uInt size) {
    (void)user;
    return dae_allocate(count, size);
}

static void release(voidpf user, voidpf memory) {
    (void)user;
    dae_release(memory);
}

/* Expands until the data end, or cannot go on. */
static int inflate_all(z_stream *stream, unsigned char *out, size_t size, const unsigned char *packed,
                       size_t packed_size) {
    int result;
    stream->next_in = packed;
    stream->next_out = out;
    do {
        stream->avail_in = (uInt)dae_size_min(packed_size - (size_t)(stream->next_in - packed), PIECE);
        stream->avail_out = (uInt)dae_size_min(size - (size_t)(stream->next_out - out), PIECE);
        result = inflate(stream, Z_NO_FLUSH);
    } while (result == Z_OK);
    return result;
}

dae_status dae_inflate(unsigned char *out, size_t size, const unsigned char *packed, size_t packed_size,
                       const char *name) {
    z_stream stream = {.zalloc = allocate, .zfree = release};
    int result = inflateInit2(&stream, -MAX_WBITS); /* negative: no header */
    if (result == Z_OK) {
        result = inflate_all(&stream, out, size, packed, packed_size);
        inflateEnd(&stream);
    }
    if (result == Z_MEM_ERROR)
        return dae_fail(DAE_ERROR_MEMORY, "out of memory: could not expand %s", name);
    if (result != Z_STREAM_END && result != Z_BUF_ERROR)
        return dae_fail(DAE_ERROR_FORMAT, "%s: broken deflate data: %s", name,
                        stream.msg != NULL ? stream.msg : "unexpected content");
    size_t expanded = (size_t)(stream.next_out - out), used = (size_t)(stream.next_in - packed);
    if (result == Z_STREAM_END && expanded == size && used == packed_size)
        return DAE_OK;
    return dae_fail(DAE_ERROR_FORMAT, "%s: %zu bytes of deflate data do not expand to %zu bytes", name,
                    packed_size, size);
}

enum { ROOM = 1 << 15 };

struct dae_deflate {
    z_stream stream;
    const char *name;
    unsigned char packed[ROOM];
};

dae_status dae_deflate_open(struct dae_deflate **out, const char *name) {
    struct dae_deflate *deflate = dae_allocate(1, sizeof *deflate);
    if (deflate == NULL)
        return DAE_ERROR_MEMORY;
    deflate->stream = (z_stream){.zalloc = allocate, .zfree = release};
    deflate->name = name;
    if (deflateInit2(&deflate->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        dae_release(deflate);
        return dae_fail(DAE_ERROR_MEMORY, "out of memory: could not start to compress %s", name);
    }
    *out = deflate;
    return DAE_OK;
}

/* Compresses what the stream has to read, as far as `flush` says. */
static dae_status run(struct dae_deflate *d, int flush, const struct dae_sink *sink) {
    do {
        d->stream.next_out = d->packed;
        d->stream.avail_out = ROOM;
        deflate(&d->stream, flush);
        DAE_TRY(dae_sink_add(sink, d->packed, ROOM - d->stream.avail_out));
    } while (d->stream.avail_out == 0);
    return DAE_OK;
}

dae_status dae_deflate_take(struct dae_deflate *deflate, const void *bytes, size_t size,
                            const struct dae_sink *sink) {
    deflate->stream.next_in = bytes;
    for (size_t now; size > 0; size -= now) {
        now = dae_size_min(size, PIECE);
        deflate->stream.avail_in = (uInt)now;
        DAE_TRY(run(deflate, Z_NO_FLUSH, sink));
    }
    return DAE_OK;
}

dae_status dae_deflate_end(struct dae_deflate *deflate, const struct dae_sink *sink) {
    return run(deflate, Z_FINISH, sink);
}

void dae_deflate_close(struct dae_deflate *deflate) {
    if (deflate != NULL)
        deflateEnd(&deflate->stream);
    dae_release(deflate);
}

uint32_t dae_crc32(uint32_t crc, const void *bytes, size_t size) {
    return (uint32_t)crc32_z(crc, bytes, size);
}

#else

dae_status dae_inflate(unsigned char *out, size_t size, const unsigned char *packed, size_t packed_size,
                       const char *name) {
    (void)out, (void)size, (void)packed, (void)packed_size;
    return dae_fail(DAE_ERROR_UNSUPPORTED,
                    "%s: is compressed, which this build cannot read: it was made without zlib", name);
}

dae_status dae_deflate_open(struct dae_deflate **out, const char *name) {
    (void)out;
    return dae_fail(DAE_ERROR_UNSUPPORTED, "%s: this build cannot compress: it was made without zlib", name);
}

dae_status dae_deflate_take(struct dae_deflate *deflate, const void *bytes, size_t size,
                            const struct dae_sink *sink) {
    (void)deflate, (void)bytes, (void)size, (void)sink;
    return DAE_ERROR_UNSUPPORTED;
}

dae_status dae_deflate_end(struct dae_deflate *deflate, const struct dae_sink *sink) {
    (void)deflate, (void)sink;
    return DAE_ERROR_UNSUPPORTED;
}

void dae_deflate_close(struct dae_deflate *deflate) {
    (void)deflate;
}

/* Four bits at a time, of the polynomial 0xEDB88320 (RFC 1952, 8). */
uint32_t dae_crc32(uint32_t crc, const void *bytes, size_t size) {
    static const uint32_t table[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
                                       0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                       0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    const unsigned char *byte = bytes;
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc = table[(crc ^ byte[i]) & 15] ^ crc >> 4;
        crc = table[(crc ^ byte[i] >> 4) & 15] ^ crc >> 4;
    }
    return ~crc;
}

#endif
