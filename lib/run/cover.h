/* Covers: ways to run a model on one sample of another size than it was made for. A kind is one row. */
#ifndef DAE_RUN_COVER_H
#define DAE_RUN_COVER_H

#include "run/axis.h"
#include "run/stream.h"

/* A sample that a model is run on: [channels, down, across], in and out. */
struct dae_field {
    dae_model *model;
    const struct dae_value *values; /* of the cover's parameters */
    size_t sides[DAE_AXES];
    size_t in, out; /* channels */
    const float *input;
    float *output;
    struct dae_pool *pool;
    dae_apply_fn progress; /* or NULL */
    void *user;
};

struct dae_cover_kind {
    struct dae_kind kind;
    /* Refuses a sample or a model that it is nothing for, without running anything. */
    dae_status (*check)(const struct dae_field *field);
    dae_status (*apply)(const struct dae_field *field);
    const struct dae_stream_kind *stream; /* how it goes along a signal; NULL: it needs the whole */
};

/* The parameters of tiles. */
enum { DAE_TILES_MEMORY, DAE_TILES_LATENCY };

extern const struct dae_cover_kind DAE_COVER_KINDS;
extern const struct dae_category dae_cover_category;

/* The one cover of a text; of NULL, what the model needs. dae_release() frees it. */
dae_status dae_cover_choose(struct dae_recipe **out, const char *text, const dae_model *model);

/* The shape that any cover gives of a sample; fails for channels that the model does not take. */
dae_status dae_cover_measure(struct dae_shape *output, dae_model *model, const struct dae_shape *sample);

/* Refuses what dae_model_apply() would, with a cover of this text; else says what shape it gives. */
dae_status dae_cover_check(struct dae_shape *output, dae_model *model, const char *text,
                           const struct dae_shape *sample);

const struct dae_cover_kind *dae_cover_of(const struct dae_recipe *cover);

/* Refuses channels that a model does not take; otherwise how many it gives. `at` is the model at the size at
 * which it runs. */
dae_status dae_cover_channels(size_t *out, const dae_model *at);

/* Which of `size` values a mirror on the last one shows at place `at`, which may be beyond both ends. */
size_t dae_mirrored(ptrdiff_t at, size_t size);

/* Copies places [first, first + length) of rows of `size` values, with what mirrors show beyond their
 * ends. */
void dae_copy_mirrored(float *to, const float *row, ptrdiff_t first, size_t length, size_t size);

/* Runs a session on some samples, all threads of a pool in it. */
dae_status dae_cover_run(dae_session *session, struct dae_pool *pool, const float *inputs, size_t count,
                         float *outputs);

/* Tells how much is done, and whether to go on. */
dae_status dae_cover_report(const struct dae_field *field, size_t done, size_t total);

/* How many samples may be run at once if each is to be run as by itself: dense layers make no product of
 * them. */
size_t dae_cover_group(const dae_model *model);

#endif
