/* Trainers inside the library: the object (trainer.c), one step (step.c), epochs (fit.c). */
#ifndef DAE_TRAIN_TRAINER_H
#define DAE_TRAIN_TRAINER_H

#include "core/memory.h"
#include "data/dataset.h"
#include "run/figure.h"
#include "run/over_dataset.h"
#include "run/report.h"
#include "objective/objective.h"
#include "train/optimizer.h"

#include <dae/trainer.h>

enum { DAE_MAX_BATCH = 1 << 20 };

/* The first columns of every history. After them come further means over an epoch's batches (the terms of an
 * objective that has several, the norm of the gradient where the optimizer asks for it), and then the terms
 * and the trainer's figures on the validation data. */
enum {
    DAE_HISTORY_LOSS,
    DAE_HISTORY_VALIDATION_LOSS,
    DAE_HISTORY_VALIDATION_PSNR,
    DAE_HISTORY_SECONDS,
    DAE_HISTORY_TERMS
};

enum { DAE_COLUMN_NAME_SIZE = DAE_TERM_NAME_SIZE + 16, DAE_MAX_SUMS = DAE_OBJECTIVE_MAX_TERMS + 1 };

/* What an objective comes to: the sum of its terms, each with its weight, and the terms without. */
struct dae_losses {
    double loss, terms[DAE_OBJECTIVE_MAX_TERMS];
};

/* Least and greatest of some values; low > high for none. A task widens that of its tile row by row: each
 * lies in a cache line of its own, because threads that write into one line take it from each other at every
 * write. */
struct dae_range {
    _Alignas(DAE_MEMORY_ALIGNMENT) float low;
    float high;
};

/* What a step works in; grows with the largest batch seen. */
struct dae_workspace {
    size_t batch;     /* rows that there is room for */
    dae_model *model; /* kept: the trainer's for inputs of the shape that there is room for */
    float *inputs, *targets;
    uint16_t *inputs16; /* rounded; NULL in float32 */
    struct dae_plan *plan;
    struct dae_tap *taps; /* of the objective's terms */
};

/* An epoch that has begun and not ended: where the next fit goes on. */
struct dae_open_epoch {
    size_t samples; /* that are done; 0 when no epoch is open */
    uint64_t steps;
    size_t counted;                  /* samples that sums are over: all but those of skipped batches */
    double loss, sums[DAE_MAX_SUMS]; /* over samples: of the loss, of the trainer's further means */
    double seconds;                  /* that it has taken */
};

struct dae_early_stopping {
    size_t patience; /* epochs; 0 when it is off */
    double min_delta;
    float *best;         /* the model's parameters as they were after the best epoch */
    uint64_t best_epoch; /* counted from 1; 0 when there is none yet */
    double best_loss;
    size_t waited; /* epochs since */
    bool stopped;
};

/* When checkpoints are written, and where. */
struct dae_checkpoint_plan {
    char *path; /* or NULL */
    int32_t unit;
    uint64_t interval;
    size_t keep;
    bool go_on; /* when one cannot be written */
};

struct dae_trainer {
    dae_references references;
    dae_model *model;         /* kept */
    dae_optimizer *optimizer; /* kept */
    struct dae_objective *objective;
    size_t column_count; /* of the history */
    size_t sum_count;    /* columns that are means of `open.sums` */
    char (*column_names)[DAE_COLUMN_NAME_SIZE];
    struct dae_figures *figures; /* that are columns; or NULL */

    size_t batch_size;
    uint64_t seed;
    bool shuffle;
    bool skip_not_finite;
    dae_dataset *validation;         /* kept; or NULL */
    dae_model *validation_model;     /* kept: for inputs of its shape */
    struct dae_tap *validation_taps; /* of the objective's terms, on it */
    bool *frozen;                    /* layers, by place */
    struct dae_stretch *trained;     /* parameters that steps change: of all others, in order */
    size_t trained_count;
    dae_progress_fn progress;
    void *progress_user;
    dae_gradient_fn hook;
    void *hook_user;

    dae_turn turn; /* of a fit or a step */
    atomic_bool stop;
    uint64_t steps;   /* made */
    uint64_t skipped; /* batches left out since they were not finite */
    uint64_t epoch;   /* the open one, or else the next, from 0: what its noise and shuffling depend on */
    struct dae_open_epoch open;
    uint64_t data;      /* fingerprint of what the last fit was given; 0 before any */
    bool data_required; /* the next fit must be given that: the trainer was loaded from a checkpoint */
    struct dae_early_stopping early;
    struct dae_plateau plateau; /* of the optimizer's schedule, if it goes by the validation loss */
    struct dae_checkpoint_plan checkpoint;
    double *history; /* [history_count, column_count] */
    size_t history_count, history_room;
    struct dae_findings *findings; /* drawn from it when they are asked for */

    float *slots[DAE_OPTIMIZER_MAX_SLOTS]; /* the optimizer's memory, like the model's parameters */
    dae_model *average; /* a model of the averages of parameters; NULL where the optimizer keeps none */
    float *gradient;
    double *squares;      /* sums of squares of the gradient, by chunks of DAE_UPDATE_CHUNK */
    double gradient_norm; /* of the last step, before it was clipped; NaN where nothing asks for it */
    struct dae_thread_memory memory; /* for products */
    uint16_t *parameters16;          /* rounded; NULL in float32 */
    struct dae_workspace workspace;
};

/* Refuses NULL, and a trainer that is in the middle of a fit or step; `context` begins the message. */
dae_status dae_trainer_check_idle(const dae_trainer *trainer, const char *context);

/* The same, and keeps it: from here on it is in use, until it is given back. */
dae_status dae_trainer_take(dae_trainer *trainer, const char *context);
void dae_trainer_give_back(dae_trainer *trainer);

/* Names the columns of the history, which stay what they are once it has epochs; takes figures over, which
 * may be NULL. Changes nothing when it fails. */
dae_status dae_trainer_make_columns(dae_trainer *trainer, struct dae_figures *figures);

size_t dae_trainer_figure_count(const dae_trainer *trainer);

/* Terms that have columns of their own: none where there is but one, which is the loss. */
size_t dae_trainer_term_columns(const dae_trainer *trainer);

/* The names of all columns, with blanks between them. (A dae_text_writer.) */
void dae_trainer_write_columns(struct dae_text *text, const void *object);

/* Nothing is frozen. */
dae_status dae_trainer_make_stretches(dae_trainer *trainer);

/* The gradient of parameters that steps do not change among [first, first + count) is 0. */
void dae_trainer_clear_untrained(const dae_trainer *trainer, size_t first, size_t count);

/* The names of frozen layers, with blanks between them. (A dae_text_writer.) */
void dae_trainer_write_frozen(struct dae_text *text, const void *object);

/* What validation looks at: the model, or that of the averages. */
dae_model *dae_trainer_validated(const dae_trainer *trainer);

/* Whether targets of a dataset are numbers of classes; the model for a dataset, kept, of the parameters of
 * `model`, which objective and model can take. */
bool dae_trainer_takes_classes(const dae_trainer *trainer, const dae_dataset *dataset);
dae_status dae_trainer_model_for(dae_model **out, const dae_trainer *trainer, dae_model *model,
                                 const dae_dataset *dataset, const char *context);

/* Room in the history for at least `epochs` more. */
dae_status dae_trainer_reserve_history(dae_trainer *trainer, size_t epochs);

/* After an epoch: remembers the best one, and sets `stopped` when patience is exhausted; the parameters are
 * then those of the best epoch. */
void dae_trainer_note_validation(dae_trainer *trainer, double loss);

/* Writes the checkpoint of the trainer's plan, and moves older ones on. */
dae_status dae_trainer_write_checkpoint(const dae_trainer *trainer);

/* Makes room for batches of `batch` samples that a model, the trainer's for their shape, is run on. */
dae_status dae_trainer_reserve(dae_trainer *trainer, size_t batch, dae_model *model);

/* The samples of a step: two arrays, or samples order[0] ... of a dataset as they are in an epoch. */
struct dae_batch {
    size_t count;
    const float *inputs, *targets; /* NULL for those of the dataset */
    const dae_dataset *dataset;
    const size_t *order;
    uint64_t epoch;
    bool classes;             /* a target is the number of a class, not an output */
    uint64_t steps_per_epoch; /* 0: there are no epochs */
};

/* Takes what steps need, so that memory running out is found before anything has changed. */
dae_status dae_trainer_prepare(dae_trainer *trainer, struct dae_pool *pool);

/* One step: loss, gradients, update. Changes nothing when it fails. The caller has reserved room and prepared
 * it, flushed denormals (`fpu` is the setting before, which hooks run under) and entered matmul. */
dae_status dae_trainer_run_step(dae_trainer *trainer, struct dae_pool *pool, uint64_t fpu,
                                const struct dae_batch *batch, struct dae_losses *losses);

/* Losses and PSNR on the validation data, which the sweep is open for; `fpu` as above. */
dae_status dae_trainer_validate(const dae_trainer *trainer, struct dae_sweep *sweep, struct dae_pool *pool,
                                uint64_t fpu, struct dae_losses *losses, double *psnr);

#endif
