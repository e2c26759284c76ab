/* Running a model over a whole dataset, batch by batch: what evaluation and validation have in common. */
#ifndef DAE_RUN_OVER_DATASET_H
#define DAE_RUN_OVER_DATASET_H

#include "data/dataset.h"
#include "run/session.h"

enum { DAE_SWEEP_BATCH = 256 };

/* One batch, of samples of one size: row r of each array is sample first + r. */
struct dae_sweep_batch {
    size_t first, count;
    const struct dae_shape *input, *output; /* of a row, as the model has them */
    const struct dae_shape *target;         /* as the dataset has it, or the model, where that says more */
    const float *inputs;
    float *outputs;       /* of the kind that was asked for; may be overwritten */
    const float *targets; /* [count, output]: numbers of classes are there as 1 for the class, 0 for others */
};

typedef dae_status (*dae_sweep_fn)(void *context, struct dae_pool *pool, const struct dae_sweep_batch *batch);

struct dae_sweep;

/* Whether targets are numbers of classes: single values, for a model that gives one for each class. */
bool dae_targets_are_classes(const dae_model *model, const struct dae_shape *target);

/* Refuses numbers of classes as targets of a model whose outputs are scaled. */
dae_status dae_model_check_classes(const dae_model *model, const char *context);

/* The model for a dataset, kept, as dae_model_for() gives it; targets that are `classes` fit any. Where
 * inputs differ in size and the model takes such, it is nobody else's, made for one that is as large as the
 * largest along each side: a sweep gives it other sizes. */
dae_status dae_model_for_samples(dae_model **out, dae_model *model, const dae_dataset *dataset, bool classes,
                                 const char *context);

/* The same; numbers of classes are told by their shape. */
dae_status dae_model_for_dataset(dae_model **out, dae_model *model, const dae_dataset *dataset,
                                 const char *context);

/* Takes all memory that running will need, with the model for the dataset's samples. Both must stay. */
dae_status dae_sweep_open(struct dae_sweep **out, dae_model *model, const dae_dataset *dataset);

/* Takes the memory that running on a pool needs: dae_sweep_run() then needs none. */
dae_status dae_sweep_prepare(struct dae_sweep *sweep, const struct dae_pool *pool);

/* From now on a run calls watch(context, place of the layer, Y, samples) for every layer but the last, batch
 * by batch. */
void dae_sweep_watch(struct dae_sweep *sweep,
                     void (*watch)(void *context, size_t place, const float *y, size_t count), void *context);

/* NULL is allowed. */
void dae_sweep_close(struct dae_sweep *sweep);

/* Visits every sample once, in order, as it is in epoch 0; fails for a class that the model does not have.
 * The pool may be NULL; the caller has flushed denormals (`fpu` is the setting before) and entered matmul. */
dae_status dae_sweep_run(struct dae_sweep *sweep, struct dae_pool *pool, uint64_t fpu, enum dae_outputs kind,
                         dae_sweep_fn visit, void *context);

/* All of it: opens a sweep and a pool, runs, closes. `watch` may be NULL; the caller has flushed
 * denormals. */
dae_status dae_sweep_over(dae_model *model, const dae_dataset *dataset, uint64_t fpu,
                          void (*watch)(void *context, size_t place, const float *y, size_t count),
                          dae_sweep_fn visit, void *context);

#endif
