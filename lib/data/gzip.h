/* Reading gzip data piece by piece. In a build without zlib, opening says so. */
#ifndef DAE_DATA_GZIP_H
#define DAE_DATA_GZIP_H

#include "core/status.h"

#include <stdbool.h>

struct dae_gzip;

/* Opens gzip data in memory, which must stay; `name` begins messages and must stay too. */
dae_status dae_gzip_open(struct dae_gzip **out, const unsigned char *bytes, size_t size, const char *name);

void dae_gzip_close(struct dae_gzip *gzip);

/* Expands up to the next `size` bytes; *got tells how many there were, also after a failure. */
dae_status dae_gzip_read_some(struct dae_gzip *gzip, unsigned char *out, size_t size, size_t *got);

/* Expands exactly the next `size` bytes. */
dae_status dae_gzip_read(struct dae_gzip *gzip, unsigned char *out, size_t size);

/* Refuses a claim that `packed` bytes of gzip data expand to `size` bytes where none of that length can. */
dae_status dae_gzip_check_claim(size_t packed, size_t size, const char *name);

/* True when all compressed data have been taken: if reading failed, more of them might have helped. */
bool dae_gzip_is_used_up(const struct dae_gzip *gzip);

/* Checks that nothing follows, and the checksum of all that was read. */
dae_status dae_gzip_expect_end(struct dae_gzip *gzip);

#endif
