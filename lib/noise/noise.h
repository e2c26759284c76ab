/* Noise inside the library. A kind of noise is one file, and its name in lib/meson.build. */
#ifndef DAE_NOISE_NOISE_H
#define DAE_NOISE_NOISE_H

#include "core/handle.h"
#include "core/size.h"
#include "kinds.h"
#include "math/loops.h"
#include "math/rng.h"
#include "noise/draw.h"

#include <dae/noise.h>

enum { DAE_NOISE_MAX_PARAMETERS = 5, DAE_NOISE_MAX_STEPS = 64 };

/* What a kind with parameters p does to x[count]; value i has word i of the draw, block by block, so that
 * parts of samples that begin at a multiple of 4 can be made alone. A parameter that is not given is NAN. */
typedef void dae_noise_loop(float *x, size_t count, const double *p, struct dae_draw from);

/* A whole sample, for kinds whose values depend on others or on where they are. */
struct dae_noise_sample {
    float *x;
    const struct dae_shape *shape; /* channels first */
    uint64_t epoch;
    const struct dae_noise_recordings *recordings; /* of the step's name */
    enum dae_target target;                        /* whose loops are used */
};

/* How many values follow each other in time: the last dimension. All before it are channels. */
static inline size_t dae_noise_length(const struct dae_shape *shape) {
    return shape->dims[shape->rank - 1];
}

/* How many there are; 0 where that is open. */
static inline size_t dae_noise_channels(const struct dae_shape *shape) {
    size_t channels = 1;
    for (size_t i = 0; i + 1 < shape->rank; i++)
        channels *= shape->dims[i];
    return channels;
}

/* One of `count`, all but equally likely: of 2^32 words, each has as many as any other, or one more. */
static inline size_t dae_noise_pick(uint32_t word, size_t count) {
    return (size_t)((uint64_t)word * count >> 32);
}

typedef dae_status dae_noise_whole(const struct dae_noise_sample *sample, const double *p,
                                   struct dae_draw from);

/* For kinds that choose among recipes: which one of those in the parameter of that type is applied, or
 * SIZE_MAX for none; u is in [0,1). */
typedef size_t dae_noise_chooser(const struct dae_value *values, const double *p, double u);

/* One kind: it has loops, `whole` or `choose`. */
struct dae_noise_kind {
    struct dae_kind kind;
    bool draws; /* random numbers */
    dae_noise_loop *loops[DAE_TARGETS];
    dae_noise_whole *whole;
    bool (*is_whole)(const struct dae_value *values); /* of a kind that has loops, too; NULL: always */
    dae_noise_chooser *choose;
};

extern const struct dae_noise_kind DAE_NOISE_KINDS;

extern const struct dae_category dae_noise_category;

/* `of` in the row of a number that may be drawn. */
#define DAE_DRAWN (&dae_draw_category)

/* Recordings of the user's own, which a step reads by the name that its parameter of type DAE_TYPE_LABEL
 * gives. Noise knows no datasets: whoever binds them says how they are read. */
struct dae_noise_recordings {
    struct dae_noise_recordings *next;
    void *handle;
    size_t count;    /* of recordings */
    size_t channels; /* of each; 0 where they differ */
    struct dae_shape (*measure)(const void *handle, size_t recording);
    /* Values [first, first + count) of a recording. */
    dae_status (*read)(const void *handle, uint64_t epoch, size_t recording, size_t first, size_t count,
                       float *out);
    void (*release)(void *handle);
};

struct dae_noise_step {
    const struct dae_noise_kind *kind;
    const struct dae_step *written;
    size_t nested; /* steps in this one, which come next */
    bool is_whole, is_drawn;
    const char *name;                              /* of the recordings that it reads, or NULL */
    const struct dae_noise_recordings *recordings; /* NULL until they are bound */
    double parameters[DAE_NOISE_MAX_PARAMETERS];   /* NAN where drawn */
};

/* Does not change once it is made and its names, if it has some, are bound. Its steps are in reading order:
 * that is how they are numbered. */
struct dae_noise {
    dae_references references;
    struct dae_recipe *recipe; /* its own */
    bool is_whole;             /* some step reads whole samples */
    struct dae_noise_recordings *recordings;
    size_t step_count;
    struct dae_noise_step steps[];
};

static inline void dae_noise_run(const struct dae_noise_kind *kind, float *x, size_t count, const double *p,
                                 struct dae_draw from) {
    kind->loops[dae_kernels()->target](x, count, p, from);
}

/* One recipe after the other. */
dae_status dae_noise_join(dae_noise **out, const dae_noise *first, const dae_noise *second);

dae_noise *dae_noise_keep(dae_noise *noise);

/* Copies what `recordings` says, if it succeeds: those of a name that is in the recipe and is not bound. */
dae_status dae_noise_bind_recordings(dae_noise *noise, const char *name,
                                     const struct dae_noise_recordings *recordings);
void dae_noise_release_recordings(dae_noise *noise);

/* Refuses a recipe of which a name is not bound, or whose recordings cannot suit samples of so many channels,
 * 0 where that is open; `context` begins the message. */
dae_status dae_noise_check_recordings(const dae_noise *noise, size_t channels, const char *context);

/* The same recipe without recordings: itself, kept, where it has no names. */
dae_status dae_noise_describe(dae_noise **out, dae_noise *noise);

/* Steps that may be applied to one sample, one after the other: as many as the blocks of a stream have room
 * for. */
enum { DAE_NOISE_MOST_APPLIED = 256 };

/* Which draws are taken. */
struct dae_noise_place {
    uint64_t seed, epoch, sample;
    size_t step; /* the number of the recipe's first step among those applied to the sample */
};

/* Values [first, first + count) of a sample, in x[count]: all of it for a recipe that is whole; otherwise
 * `first` is a multiple of 4. */
struct dae_noise_values {
    float *x;
    const struct dae_shape *shape;
    size_t first, count;
};

dae_status dae_noise_apply_at(const dae_noise *noise, const struct dae_noise_place *place,
                              const struct dae_noise_values *values);

/* Label number `index` of the draws in reading order; NULL after the last. */
const char *dae_noise_label(const dae_noise *noise, size_t index);

/* The value of the draw with a label for a sample, 0 where the step that it is in is not applied to that;
 * false: there is no such draw. */
bool dae_noise_level(const dae_noise *noise, const struct dae_noise_place *place, const char *label,
                     double *level);

/* Writes a recipe, a dae_noise, as text. */
void dae_noise_write(struct dae_text *text, const void *object);

#endif
