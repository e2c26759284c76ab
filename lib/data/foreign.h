/* Content that people have and no format reads: what it is, and what to do. */
#ifndef DAE_DATA_FOREIGN_H
#define DAE_DATA_FOREIGN_H

#include <stddef.h>

struct dae_foreign {
    const char *what;   /* "a JPEG picture" */
    const char *advice; /* what to do about it */
};

/* What content that starts like this is; NULL: nothing that is known here. */
const struct dae_foreign *dae_foreign_find(const unsigned char *start, size_t count);

#endif
