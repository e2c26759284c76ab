/* Noise inside the library. A kind of noise is one file, and its name in lib/meson.build. */
#ifndef DAE_NOISE_NOISE_H
#define DAE_NOISE_NOISE_H

#include "core/handle.h"
#include "core/kind.h"
#include "kinds.h"
#include "math/loops.h"
#include "math/rng.h"

#include <dae/noise.h>

enum { DAE_NOISE_MAX_PARAMETERS = 4, DAE_NOISE_MAX_STEPS = 64 };

/* What a kind with parameters p does to x[count]; value i has word i of the draw, block by block, so that
 * parts of samples that begin at a multiple of 4 can be made alone. */
typedef void dae_noise_loop(float *x, size_t count, const double *p, struct dae_draw from);

/* One kind. */
struct dae_noise_kind {
    struct dae_kind kind;
    bool draws; /* random numbers */
    dae_noise_loop *loops[DAE_TARGETS];
};

extern const struct dae_noise_kind DAE_NOISE_KINDS;

extern const struct dae_category dae_noise_category;

struct dae_noise_step {
    const struct dae_noise_kind *kind;
    double parameters[DAE_NOISE_MAX_PARAMETERS];
};

/* Does not change once it is made. */
struct dae_noise {
    dae_references references;
    size_t step_count;
    struct dae_noise_step steps[DAE_NOISE_MAX_STEPS];
};

static inline void dae_noise_run(const struct dae_noise_kind *kind, float *x, size_t count, const double *p,
                                 struct dae_draw from) {
    kind->loops[dae_kernels()->target](x, count, p, from);
}

/* A recipe without steps. */
dae_status dae_noise_create(dae_noise **out);

dae_noise *dae_noise_keep(dae_noise *noise);

/* Steps that may be applied to one sample, one after the other: as many as the blocks of a stream have room
 * for. */
enum { DAE_NOISE_MOST_APPLIED = 256 };

/* Applies a recipe to values [first, first + count) of a sample, which are x[count]; `first` is a multiple of
 * 4. Its first step is number `step` of those applied to the sample. */
void dae_noise_apply_part(const dae_noise *noise, size_t step, float *x, size_t first, size_t count,
                          uint64_t seed, uint64_t epoch, uint64_t sample);

/* Writes a recipe, a dae_noise, as text. */
void dae_noise_write(struct dae_text *text, const void *object);

#endif
