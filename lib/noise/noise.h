/* Noise recipes inside the library. A kind of noise is one row of the table in recipe.c. */
#ifndef DAE_NOISE_NOISE_H
#define DAE_NOISE_NOISE_H

#include "core/handle.h"
#include "core/kind.h"
#include "math/rng.h"

#include <dae/noise.h>

enum { DAE_NOISE_MAX_PARAMETERS = 4 };

/* One kind: its row, and what it does with its parameters p. */
struct dae_noise_kind {
    struct dae_kind kind;
    bool draws; /* random numbers */
    void (*apply)(float *x, size_t count, const double *p, struct dae_draw from);
};

extern const struct dae_noise_kind dae_noise_gaussian, dae_noise_uniform, dae_noise_masking,
    dae_noise_salt_pepper, dae_noise_clip;

extern const struct dae_category dae_noise_category;

struct dae_noise_step {
    const struct dae_noise_kind *kind;
    double parameters[DAE_NOISE_MAX_PARAMETERS];
};

struct dae_noise {
    dae_references references;
    atomic_bool in_use;
    size_t step_count;
    struct dae_noise_step steps[DAE_NOISE_MAX_STEPS];
};

/* Adds a step with checked parameters; `context` begins the message. */
dae_status dae_noise_add(dae_noise *noise, const struct dae_noise_kind *kind, const double *parameters,
                         const char *context);

dae_noise *dae_noise_keep(dae_noise *noise);

/* From here on the recipe no longer changes: it is in use. */
void dae_noise_freeze(const dae_noise *noise);

/* Applies a recipe to values [first, first + count) of a sample, which are x[count]; `first` is a multiple of 4. */
void dae_noise_apply_part(const dae_noise *noise, float *x, size_t first, size_t count, uint64_t seed,
                          uint64_t epoch, uint64_t sample);

/* Writes a recipe, a dae_noise, as text. */
void dae_noise_write(struct dae_text *text, const void *object);

#endif
