/* Zip archives (APPNOTE.TXT of PKWARE): read in memory, where the central directory at the end finds the
 * members and is alone believed about their sizes; and written, with one member. */
#ifndef DAE_DATA_ZIP_H
#define DAE_DATA_ZIP_H

#include "data/deflate.h"

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

/* ---- Writing -------------------------------------------------------------------------------------- */

/* An archive in the making, and the sink that the content of its member goes to. */
struct dae_zip_output {
    struct dae_sink content;
    const struct dae_sink *to;
    const char *member;             /* its name */
    struct dae_deflate *deflate;    /* NULL: stored */
    bool large;                     /* numbers of 64 bits */
    uint64_t written, packed, size; /* bytes of all, and of the member */
    uint32_t crc;
};

/* Begins an archive with a member of up to `most` bytes. `to` and `member` must stay, and the output must not
 * be moved; dae_zip_close() ends it, also when this fails. */
dae_status dae_zip_begin(struct dae_zip_output *zip, const struct dae_sink *to, const char *member,
                         uint64_t most, bool compressed);

/* Writes what comes after the content. */
dae_status dae_zip_finish(struct dae_zip_output *zip);

void dae_zip_close(struct dae_zip_output *zip);

#endif
