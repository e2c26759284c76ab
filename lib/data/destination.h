/* Formats of files that samples are written in. A format is a row dae_destination_NAME, in the file of its
 * dae_source_NAME where it is read, too, and its name in lib/meson.build. */
#ifndef DAE_DATA_DESTINATION_H
#define DAE_DATA_DESTINATION_H

#include "core/kind.h"
#include "data/dataset.h"
#include "data/sink.h"
#include "kinds.h"

/* What is written into a file: the inputs of samples. */
struct dae_saving {
    const char *name; /* of the file: begins messages */
    const dae_dataset *dataset;
    size_t first, count;            /* samples */
    const struct dae_value *values; /* parameters of the format */
    const struct dae_sink *sink;    /* NULL while it is checked */
};

struct dae_destination_kind {
    struct dae_kind kind;       /* its last parameter is DAE_DESTINATION_OVERWRITE */
    const char *const *endings; /* of names of files, ended by NULL, ".npy"; the first is that of new names */
    bool single;                /* a file holds one sample; otherwise samples of one shape */
    /* Refuses samples that the format cannot hold, before anything is written; may be NULL. */
    dae_status (*check)(const struct dae_saving *saving);
    dae_status (*write)(const struct dae_saving *saving);
};

#define DAE_DESTINATION_OVERWRITE \
    { "overwrite", "whether a file that is there is replaced", DAE_TYPE_FLAG, 0, 0, 1, "no" }

extern const struct dae_destination_kind DAE_DESTINATION_KINDS;

extern const struct dae_category dae_destination_category;

/* The shape of the samples that are saved. */
struct dae_shape dae_saving_shape(const struct dae_saving *saving);

typedef dae_status (*dae_saving_taker)(void *context, const float *values, size_t count);

/* Hands all values out in their order, as many at a time as memory is well spent on. */
dae_status dae_saving_each(const struct dae_saving *saving, dae_saving_taker take, void *context);

/* All values of sample `first`, which become the caller's (dae_release). */
dae_status dae_saving_read(const struct dae_saving *saving, float **values);

/* A number that is known of sample `first`, such as its "rate"; `fallback` where it is not. */
double dae_saving_number(const struct dae_saving *saving, const char *fact, double fallback);

#endif
