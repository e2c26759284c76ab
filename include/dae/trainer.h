/* Trainers: fitting a model to a dataset, an epoch or a step at a time.
 *
 * Training is a pure function of (data, initial parameters, options, seed): it gives the same weights, byte
 * for byte, with any number of threads, and fitting 5 epochs and then 3 is the same as fitting 8, also in
 * another process (checkpoint.h). With "own products" (dae_runtime_describe()) any processor gives them, in
 * bfloat16 any that has the same units for it; with another library's products, one machine with one version
 * of that library does.
 */
#ifndef DAE_TRAINER_H
#define DAE_TRAINER_H

#include <dae/dataset.h>
#include <dae/model.h>
#include <dae/optimizer.h>
#include <dae/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A model in training: gradients, the optimizer's memory, history. One thread at a time, but for
 * dae_trainer_stop(): a fit, a step or a change of it during a fit or step is DAE_ERROR_STATE, also from
 * their own callbacks. */
typedef struct dae_trainer dae_trainer;

/** Kinds of progress. */
enum {
    /** a step (one batch) is done */
    DAE_PROGRESS_STEP = 0,
    /** an epoch is done, and its validation */
    DAE_PROGRESS_EPOCH = 1,
    /** a checkpoint could not be written, and the fit continues (checkpoint.h) */
    DAE_PROGRESS_CHECKPOINT_FAILED = 2
};

/** What a progress callback is told. Later versions may use what is reserved now and may append; `size`
 * says how many bytes the running library has filled. */
typedef struct dae_progress {
    uint32_t size;
    /** one of DAE_PROGRESS_* */
    int32_t event;
    /** epoch that is running or done, counted from 1 over the life of the trainer */
    uint64_t epoch;
    /** epoch at which this fit will be complete */
    uint64_t epochs;
    /** steps done in this epoch, batches left out included */
    uint64_t step;
    /** steps of a whole epoch */
    uint64_t steps;
    /** mean loss of this epoch so far */
    double loss;
    /** DAE_PROGRESS_EPOCH: as in the history; NaN otherwise and without validation data */
    double validation_loss;
    double validation_psnr;
    /** seconds since this epoch began, and since this fit began */
    double epoch_seconds;
    double seconds;
    /** batches left out over the life of the trainer (dae_trainer_set_skip_not_finite()) */
    uint64_t skipped;
    uint64_t reserved[7];
} dae_progress;

/** Is told about the progress of a fit, in the thread that called it. Returning anything but 0 ends the fit
 * with DAE_ERROR_CANCELLED after the step or epoch just reported. It may change the optimizer's options, read
 * the model, stop the trainer, ask for its counts and its history, and save a checkpoint. Calls that set
 * options of this trainer, load a checkpoint, fit or step are refused with DAE_ERROR_STATE meanwhile. */
typedef int32_t (*dae_progress_fn)(const dae_progress *progress, void *user);

/** Sees, and may change, the gradient of the mean loss of a batch before the optimizer uses it: for
 * summing over processes, or for looking at it. `gradients` [count] is laid out like the model's
 * parameters. Returning anything but 0 ends the fit with DAE_ERROR_CALLBACK and leaves the parameters as
 * they were before the step. */
typedef int32_t (*dae_gradient_fn)(float *gradients, size_t count, void *user);

/* ---- Making ----------------------------------------------------------------------------------- */

/** Creates a trainer.
 *
 * The objective is a text in the language of dae/recipe.h, a sum of up to 8 terms, such as
 *
 *   mse
 *   huber(0.1) | l2(weight=1e-5)
 *   bce | kl_sparsity(0.05, weight=0.1, of=code)
 *
 * Terms that compare the output a with the target t, of which there must be one, are means over all values
 * of a sample and then over samples. Each takes weight=1, its factor in the sum; missing=refuse, or skip,
 * which leaves targets that are NaN out of the mean; and corrupted=1 and intact=1, factors of values whose
 * input differs from their target and of others (emphasis; Vincent et al., JMLR 2010). Penalties look at the
 * parameters of all layers, at those of the layer that `layer` names, or at the value that `of` names. The
 * kinds, their formulae and ranges are those of the category `objective` (dae_kind_list()).
 * `cross_entropy` also takes a dataset whose targets are single numbers, classes from 0 on, in the place of
 * one value for each class.
 *
 * @param model, optimizer  are kept
 * @param objective  NULL for "mse"
 * Errors: DAE_ERROR_ARGUMENT, also for a term that does not suit the model; DAE_ERROR_FORMAT for a text that
 * is not written rightly; dae_last_error_position() says where; DAE_ERROR_MEMORY; DAE_ERROR_STATE before
 * dae_model_initialize(), and for a slice that is tied to a layer outside of itself: a copy of it can be
 * trained. @since 0.1.0
 */
DAE_API dae_status dae_trainer_create(dae_trainer **out, dae_model *model, dae_optimizer *optimizer,
                                      const char *objective);

/** Writes the objective as text that dae_trainer_create() reads back to an equal one.
 *
 * @param buffer, capacity, length  as for every text (dae.h)
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_trainer_format_objective(const dae_trainer *trainer, char *buffer, size_t capacity,
                                                size_t *length);

/** Drops a reference; NULL is allowed. @since 0.1.0 */
DAE_API void dae_trainer_free(dae_trainer *trainer);

/** Sets how many samples a step takes: 1 to 2^20, default 32. An epoch's last batch may be smaller.
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_trainer_set_batch_size(dae_trainer *trainer, size_t batch_size);

/** Sets the seed of shuffling and dropout; default 0. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_trainer_set_seed(dae_trainer *trainer, uint64_t seed);

/** Sets whether samples are shuffled in every epoch: 1 (default) or 0. The order is a pure function of
 * (seed, epoch, number of samples). Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_trainer_set_shuffle(dae_trainer *trainer, int32_t shuffle);

/** Sets how the matrix products of training are made; validation is always float32. Losses stay within what
 * another seed changes.
 *
 * @param precision  one of DAE_PRECISION_* (runtime.h); default DAE_PRECISION_FLOAT32
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_precision(dae_trainer *trainer, int32_t precision);

/** Sets whether the parameters of a layer stay what they are: in fine-tuning, those of layers that were
 * trained before. The gradient of such parameters counts as 0 before its norm is taken; steps leave them
 * alone, weight decay too, and what the optimizer remembers of them stays as it is. Their gradient is still
 * worked out: the gradient hook sees it, and a step takes about as long. A weight that another layer is tied
 * to stays for both; freezing the layer that is tied freezes its bias. A frozen batch_norm keeps its running
 * statistics too and goes by them, as outside of training, as in Keras; in PyTorch that takes eval().
 *
 * @param layer   its label, or its number if it has none, such as "code" or "0"
 * @param frozen  1: they stay; 0 (default): they are trained
 * Errors: DAE_ERROR_ARGUMENT, also for a layer without parameters. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_frozen(dae_trainer *trainer, const char *layer, int32_t frozen);

/** Sets data on which loss and PSNR are taken after every epoch; NULL (default) for none. Its noise is
 * that of epoch 0 every time, so that epochs can be compared. A NaN or an infinity in them ends a fit with
 * DAE_ERROR_NOT_FINITE at the end of the epoch, and the message names sample and place, whatever
 * dae_trainer_set_skip_not_finite() says about batches.
 *
 * Samples may differ in size (dae_dataset_join()) where the model takes inputs of any size: they are run one
 * at a time, whole. The loss is a mean over all values, or over all places, as that of training is, so that
 * larger samples count more; PSNR and the other figures are means over samples. An objective with penalties
 * on values of layers takes samples of one size only, as crops or patches.
 *
 * @param validation  is kept
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_SHAPE when it does not fit the model. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_validation(dae_trainer *trainer, dae_dataset *validation);

/** Sets figures that are taken on the validation data after every epoch: further columns of the history, such
 * as `validation_ssim`, or `validation_psnr(peak=255)` for one with other parameters than the usual ones.
 * They are NaN without validation data, and where dae_model_measure() says NaN; targets that are missing are
 * values that are not finite.
 *
 * @param figures  as for dae_model_measure(), such as "ssim | psnr(peak=255)"; NULL (default) for none
 * Errors: DAE_ERROR_ARGUMENT, also for a figure that is a column already, such as `psnr`; DAE_ERROR_FORMAT
 * for a text that is none of figures; dae_last_error_position() says where; DAE_ERROR_MEMORY;
 * DAE_ERROR_STATE for others than before once the history has an epoch. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_figures(dae_trainer *trainer, const char *figures);

/** Sets what a fit does with a batch that is not finite: with a NaN or an infinity in its inputs, targets,
 * loss or gradient. The parameters are never touched by such a batch.
 *
 * @param skip  0 (default): the fit ends with DAE_ERROR_NOT_FINITE, and the message names sample and position
 *              of the value where it is one of the data. 1: the batch is left out and counted
 *              (dae_trainer_get_skipped_count()), and the fit continues; it still ends with
 *              DAE_ERROR_NOT_FINITE when every batch of an epoch is left out
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_skip_not_finite(dae_trainer *trainer, int32_t skip);

/** Sets early stopping: a fit ends with DAE_OK once the validation loss has not gone below its best by more
 * than `min_delta` for `patience` epochs, and the model then has the parameters of the best epoch. Where all
 * epochs are done before, it has those of the last one, and dae_trainer_restore_best() gives it the best.
 * Once stopped, later fits return DAE_OK at once. With `average` (optimizer.h) the parameters of an epoch are
 * here the averages, whose loss it is. Patience and min_delta are those of EarlyStopping in Keras.
 *
 * This call forgets the best epoch and starts anew.
 *
 * @param patience   epochs, below 2^32; 0 (default) for none. Otherwise a fit needs validation data
 * @param min_delta  at least 0, finite, in units of the loss
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_early_stopping(dae_trainer *trainer, size_t patience, double min_delta);

/** Sets the function that is told about progress; NULL (default) for none.
 *
 * @param user  handed to the function; may be NULL
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_progress(dae_trainer *trainer, dae_progress_fn progress, void *user);

/** Sets a function that sees every gradient before it is used; NULL (default) for none.
 *
 * @param user  handed to the function; may be NULL
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_gradient_hook(dae_trainer *trainer, dae_gradient_fn hook, void *user);

/* ---- Training --------------------------------------------------------------------------------- */

/** Trains for `epochs` more epochs, or until early stopping ends it.
 *
 * An epoch that was interrupted continues where it was, and counts as the first of them, so that stopping and
 * fitting on gives the same bytes as not stopping. With other data, seed or shuffling than it began with, a
 * new epoch begins instead.
 *
 * @param dataset  inputs and targets; not kept. The trainer's first epoch reads it as it is in epoch 0, the
 *                 next as in epoch 1, and so on over the life of the trainer. Its first and last sample are
 *                 also read before training, to tell whether it is the same as before
 * @param epochs   at least 1; epochs of a trainer's whole life stay below 2^32
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_SHAPE when the dataset does not fit the model;
 * DAE_ERROR_STATE when early stopping has no validation data, or the data are not those of the checkpoint
 * that was loaded. The following end a fit in the middle: parameters and optimizer are then as after the last
 * good step, the history holds the epochs completed, and the next fit continues after the last good step:
 * DAE_ERROR_CANCELLED, DAE_ERROR_CALLBACK; DAE_ERROR_NOT_FINITE when a value, a loss or a gradient is not
 * finite; DAE_ERROR_IO or DAE_ERROR_MEMORY when a checkpoint could not be written; DAE_ERROR_MEMORY when
 * noise that works in memory of its own, such as `blur`, gets none; and DAE_ERROR_ARGUMENT for a target that
 * the objective does not take, as `bce` takes 0 to 1 only. @since 0.1.0
 */
DAE_API dae_status dae_trainer_fit(dae_trainer *trainer, dae_dataset *dataset, size_t epochs);

/** Makes one step with a batch given by the caller: for training that is driven from outside.
 *
 * @param inputs   [count, input size]
 * @param targets  [count, output size]
 * @param count    samples in the batch, 1 to 2^20
 * @param loss     receives the loss before the update; may be NULL
 * Errors: as dae_trainer_fit(). @since 0.1.0
 */
DAE_API dae_status dae_trainer_step(dae_trainer *trainer, const float *inputs, const float *targets,
                                    size_t count, double *loss);

/** Asks a running fit to end with DAE_ERROR_CANCELLED after its current step; without one running, the
 * next fit ends after its first step. Cannot fail; NULL is ignored.
 *
 * Threads: any, also while the trainer is in use, also from a signal handler. @since 0.1.0
 */
DAE_API void dae_trainer_stop(dae_trainer *trainer);

/** Steps made over the life of the trainer. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_trainer_get_step_count(const dae_trainer *trainer, uint64_t *steps);

/** Batches that fits have left out over the life of the trainer (dae_trainer_set_skip_not_finite()); they are
 * no steps. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_trainer_get_skipped_count(const dae_trainer *trainer, uint64_t *batches);

/** Gets the best epoch so far, with early stopping.
 *
 * @param epoch            counted from 1 over the life of the trainer
 * @param validation_loss  of that epoch
 * Errors: DAE_ERROR_ARGUMENT; DAE_ERROR_STATE when none is known. @since 0.1.0
 */
DAE_API dae_status dae_trainer_get_best(const dae_trainer *trainer, uint64_t *epoch, double *validation_loss);

/** Gives the model the parameters that it had after the best epoch. The optimizer's memory stays what it is,
 * so this is for the end of training, not for training on from there.
 *
 * Errors: DAE_ERROR_ARGUMENT; DAE_ERROR_STATE when no best epoch is known. @since 0.1.0
 */
DAE_API dae_status dae_trainer_restore_best(dae_trainer *trainer);

/** Makes a model of the averages that the optimizer's `average` keeps (optimizer.h): a new one, ready to be
 * saved, evaluated or run, while the trainer's own keeps the parameters that training needs. All else is as
 * in that model. A progress callback may call it.
 *
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_STATE when the optimizer keeps no average, or no
 * step has been made. @since 0.1.0 */
DAE_API dae_status dae_trainer_copy_average(dae_model **out, const dae_trainer *trainer);

/** Epochs in the history. Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_trainer_get_epoch_count(const dae_trainer *trainer, size_t *epochs);

/** Name number `index` of the columns of the history; *name is NULL after the last. They are
 *
 *   loss             the objective over the epoch's batches, as each was before its update
 *   validation_loss  the objective on the validation data after the epoch; NaN without validation data
 *   validation_psnr  PSNR in dB on the validation data, mean over samples (report.h); NaN without
 *   seconds          that the epoch took, validation included, time between two fits not
 *
 * and then, where there are such,
 *
 *   mse, kl_sparsity.code, ...  the terms of an objective that has several, each without its weight, by its
 *                    kind and what it looks at
 *   gradient_norm    with clip_norm (optimizer.h): the norm of the gradient before it was clipped, over the
 *                    epoch's batches as the loss is: each counts by its samples
 *   validation_mse, ...  those terms on the validation data
 *   validation_ssim, ...  what dae_trainer_set_figures() asks for
 *
 * @param name  borrowed until the trainer is freed or given other figures
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_trainer_list_history(const dae_trainer *trainer, size_t index, const char **name);

/** Copies a column of the history out.
 *
 * @param column  its name
 * @param values  [count], first epoch first; count must be the number of epochs
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_SHAPE. @since 0.1.0
 */
DAE_API dae_status dae_trainer_get_history(const dae_trainer *trainer, const char *column, double *values,
                                           size_t count);

/** Number of findings: what the history has to say, such as that the model learns its samples by heart (noise
 * that is drawn once, too few data), or that the learning rate is far too small or too large. They are drawn
 * from the history when they are asked for, from 4 epochs on (overfitting from 10, with validation data), so
 * training takes no longer and checkpoints bring them back. Without a finding, nothing was seen; a report
 * (report.h) sees other things.
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0 */
DAE_API dae_status dae_trainer_get_finding_count(const dae_trainer *trainer, size_t *count);

/** A finding: its code and a few plain sentences with the figures, what they mean and what to try.
 *
 * @param index  below the number of findings
 * @param code   receives one of DAE_FINDING_* (report.h); may be NULL
 * @param text   receives the sentences; may be NULL; borrowed until the trainer is trained on or freed
 * Errors: DAE_ERROR_ARGUMENT. @since 0.1.0
 */
DAE_API dae_status dae_trainer_get_finding(const dae_trainer *trainer, size_t index, int32_t *code,
                                           const char **text);

#ifdef __cplusplus
}
#endif
#endif
