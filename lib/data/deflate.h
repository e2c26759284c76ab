/* Raw deflate data, whole, and checksums of zip archives. In a build without zlib, expanding says so. */
#ifndef DAE_DATA_DEFLATE_H
#define DAE_DATA_DEFLATE_H

#include "core/status.h"

/* Expands data that end with their last block to exactly out[size]; `name` begins messages. */
dae_status dae_inflate(unsigned char *out, size_t size, const unsigned char *packed, size_t packed_size,
                       const char *name);

/* CRC-32 of what came before, 0 at the start, and of these bytes. */
uint32_t dae_crc32(uint32_t crc, const void *bytes, size_t size);

#endif
