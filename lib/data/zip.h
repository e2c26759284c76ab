/* Zip archives in memory (APPNOTE.TXT of PKWARE): members found by the central directory at the end, which
 * alone is believed about their sizes. */
#ifndef DAE_DATA_ZIP_H
#define DAE_DATA_ZIP_H

#include "core/status.h"

#include <stdbool.h>

struct dae_zip {
    const char *name; /* of the file: begins messages */
    const unsigned char *bytes;
    size_t size;
    size_t before;  /* bytes that stand before the archive */
    size_t at, end; /* of what is left of the central directory */
    uint64_t left;  /* members in it */
};

struct dae_zip_member {
    const char *name; /* not ended by 0 */
    size_t name_length;
    unsigned method;
    bool encrypted;
    uint32_t crc;
    size_t packed, size; /* bytes */
    size_t header;       /* offset of the local one */
};

/* Finds the central directory of an archive, whose bytes must stay. */
dae_status dae_zip_open(struct dae_zip *zip, const char *name, const unsigned char *bytes, size_t size);

/* Reads the next entry of the directory. There are zip->left of them. */
dae_status dae_zip_next(struct dae_zip *zip, struct dae_zip_member *member);

/* Allocates and expands the content of a member, which has member->size bytes. */
dae_status dae_zip_read(unsigned char **content, const struct dae_zip *zip,
                        const struct dae_zip_member *member);

#endif
