/* Raw deflate data, and checksums of zip archives. In a build without zlib, both ways of data say so. */
#ifndef DAE_DATA_DEFLATE_H
#define DAE_DATA_DEFLATE_H

#include "data/sink.h"

/* Expands data that end with their last block to exactly out[size]; `name` begins messages. */
dae_status dae_inflate(unsigned char *out, size_t size, const unsigned char *packed, size_t packed_size,
                       const char *name);

/* Compresses piece by piece. `name` begins messages and must stay. */
struct dae_deflate;

dae_status dae_deflate_open(struct dae_deflate **out, const char *name);

/* Compresses more bytes into the sink, some of them later. */
dae_status dae_deflate_take(struct dae_deflate *deflate, const void *bytes, size_t size,
                            const struct dae_sink *sink);

/* Writes what is left. */
dae_status dae_deflate_end(struct dae_deflate *deflate, const struct dae_sink *sink);

/* NULL is allowed. */
void dae_deflate_close(struct dae_deflate *deflate);

/* CRC-32 of what came before, 0 at the start, and of these bytes. */
uint32_t dae_crc32(uint32_t crc, const void *bytes, size_t size);

#endif
