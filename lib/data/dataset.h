/* Datasets inside the library. A source or a view is one file with one table of operations. */
#ifndef DAE_DATA_DATASET_H
#define DAE_DATA_DATASET_H

#include "core/handle.h"
#include "core/pool.h"
#include "core/size.h"
#include "noise/noise.h"

#include <dae/dataset.h>

/* Reads samples [first, first + count), which lie in the dataset, as they are in an epoch. */
typedef dae_status (*dae_dataset_reader)(const dae_dataset *dataset, uint64_t epoch, size_t first,
                                         size_t count, float *out);

struct dae_dataset_operations {
    dae_dataset_reader read_inputs, read_targets;
    /* Gives back what the kind holds beside the members below. */
    void (*destroy)(dae_dataset *dataset);
};

/* What all kinds have in common; the first member of each kind's struct. */
struct dae_dataset {
    dae_references references;
    const struct dae_dataset_operations *operations;
    size_t count;
    struct dae_shape shape, target_shape;
    bool concurrent;     /* any number of threads may read at once, and reading cannot fail */
    dae_dataset *source; /* of a view: kept */
    dae_noise *noise;    /* describes what was done to the inputs; kept; or NULL */
};

/* A new dataset of `size` bytes, with a shape given by a caller; `context` begins the message. */
dae_status dae_dataset_create_source(void **out, size_t size, const struct dae_dataset_operations *operations,
                                     size_t count, size_t rank, const size_t *shape, const char *context);

/* A new view of `size` bytes that looks like its source and keeps it. */
dae_status dae_dataset_create_view(void **out, size_t size, const struct dae_dataset_operations *operations,
                                   dae_dataset *source);

dae_dataset *dae_dataset_keep(dae_dataset *dataset);

/* Readers of views that change nothing about inputs or targets. */
dae_status dae_dataset_pass_inputs(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                                   float *out);
dae_status dae_dataset_pass_targets(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count,
                                    float *out);

/* Reads samples order[0] ... order[count - 1] into inputs and targets; targets may be NULL. */
dae_status dae_dataset_gather(const dae_dataset *dataset, struct dae_pool *pool, uint64_t epoch,
                              const size_t *order, size_t count, float *inputs, float *targets);

#endif
