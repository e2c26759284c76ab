/* Names of files that samples are written to, and their endings. */
#ifndef DAE_DATA_NAMES_H
#define DAE_DATA_NAMES_H

#include "data/destination.h"

/* The name without folders, and how much of it comes before its ending; ".gz" counts as no ending. */
const char *dae_name_base(const char *path, size_t *length);

/* Whether a name says that a file is compressed. */
bool dae_name_is_gzip(const char *path);

/* The kind that writes files of such names; NULL where there is none. */
const struct dae_destination_kind *dae_name_destination(const char *path);

/* The ending that a kind gives to a file made of the one at `path`, which may be NULL: the same if it is one
 * of the kind's. */
const char *dae_name_ending(const struct dae_destination_kind *kind, const char *path);

/* How a sample's file is called, before its ending. */
struct dae_name {
    const char *base; /* of the file that the sample comes from, not ended by 0 */
    size_t length;
    size_t index;  /* of the sample */
    size_t number; /* among samples of one base */
    int digits;    /* of the number; 0: there is none */
};

/* Names for all samples of a dataset: that of the file that each comes from, with a number where several come
 * from files of one name, or a number alone. They become the caller's (dae_release), and live as long as the
 * dataset. */
dae_status dae_names_choose(struct dae_name **out, const dae_dataset *dataset);

#endif
