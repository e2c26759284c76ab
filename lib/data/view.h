/* Views by text. A kind of view is one file with a row dae_view_NAME, and its name in lib/meson.build. */
#ifndef DAE_DATA_VIEW_H
#define DAE_DATA_VIEW_H

#include "core/kind.h"
#include "data/dataset.h"
#include "kinds.h"
#include "math/rng.h"

/* What a view is made of. */
struct dae_viewing {
    dae_dataset *source;
    const struct dae_value *values; /* parameters of the kind */
    uint64_t seed;
    const char *context; /* begins messages */
};

struct dae_view_kind {
    struct dae_kind kind;
    bool draws; /* random numbers */
    dae_status (*make)(dae_dataset **out, const struct dae_viewing *v);
};

extern const struct dae_view_kind DAE_VIEW_KINDS;

extern const struct dae_category dae_view_category;

/* Blocks of random words that a view may draw for a sample in an epoch. */
enum { DAE_VIEW_MOST_BLOCKS = 1 << 24 };

/* The draw for a sample of a view upon `source`. Those that draw are counted, so that views upon each other
 * do not draw the same. */
struct dae_draw dae_view_draw(const dae_dataset *source, uint64_t seed, uint64_t epoch, size_t sample);

/* A number from 0 to n - 1 from two random words. */
static inline size_t dae_view_pick(const uint32_t words[2], size_t n) {
    return (size_t)dae_rng_below((uint64_t)words[1] << 32 | words[0], n);
}

#endif
