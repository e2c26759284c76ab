/* Checkpoints: training that can be interrupted anywhere, and ends in the same bytes as if it had not been.
 *
 * A checkpoint is one file that holds all that training is, but for the data: parameters, the optimizer's
 * memory, options and schedule, step and epoch, the place in the epoch, seeds, the noise recipe, the history,
 * and what early stopping remembers. It is in the safetensors format; docs/file-formats.md describes it. Files
 * are written beside the old one, synced and renamed, so that a checkpoint of that name is at any time the old
 * one or the new one, whole. A process that is killed while it saves may leave a file NAME.<pid>-<n>.tmp behind,
 * which can be deleted.
 *
 *   size_t done;
 *   dae_trainer_set_checkpoint(trainer, "run.checkpoint");                 write one behind every epoch
 *   dae_trainer_set_checkpoint_interval(trainer, DAE_INTERVAL_STEPS, 50);  or every 50 steps
 *   if (resuming)
 *       dae_trainer_load_checkpoint(trainer, "run.checkpoint");
 *   dae_trainer_get_epoch_count(trainer, &done);
 *   if (done < 50)
 *       dae_trainer_fit(trainer, data, 50 - done);
 *
 * The program that resumes makes model, optimizer, trainer and datasets, and sets their options, as the first
 * one did, and loads the checkpoint then; what differs is refused. The same bytes come out where training gives
 * the same bytes (trainer.h), with any number of threads. Fits write checkpoints by themselves; what drives
 * dae_trainer_step() calls dae_trainer_save_checkpoint() when it wants one.
 */
#ifndef DAE_CHECKPOINT_H
#define DAE_CHECKPOINT_H

#include <dae/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the distance between two checkpoints is counted in. */
enum {
    DAE_INTERVAL_EPOCHS = 0,
    DAE_INTERVAL_STEPS = 1,
    /** of wall time */
    DAE_INTERVAL_SECONDS = 2
};

/** What a fit does when its checkpoint cannot be written (a full disk, no memory). The file written before is
 * intact in either case. */
enum {
    /** It ends with the status of the failure, behind a whole step: the default. A next fit goes on. */
    DAE_CHECKPOINT_STOP = 0,
    /** It goes on, and tries again at the next interval and at its end. The progress callback is told
     * DAE_PROGRESS_CHECKPOINT_FAILED, with the reason in dae_last_error(). */
    DAE_CHECKPOINT_GO_ON = 1
};

/** Sets the file to which fits of this trainer write checkpoints: at the interval, and when they end, for
 * whatever reason. A file of that name is replaced, be it a checkpoint or not.
 *
 * @param path  copied; NULL (default) for none
 * Errors: DAE_ERROR_ARGUMENT when the path is empty, DAE_ERROR_MEMORY, DAE_ERROR_STATE from the trainer's own
 * callback. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_checkpoint(dae_trainer *trainer, const char *path);

/** Sets how often: every `count` epochs, steps or seconds, counted from the last one, or from the beginning of
 * the fit. A checkpoint is written behind a whole step or epoch, once the progress callback has seen it.
 *
 * @param unit   one of DAE_INTERVAL_*; default DAE_INTERVAL_EPOCHS
 * @param count  1 to 10^9, default 1
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_STATE from the trainer's own callback. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_checkpoint_interval(dae_trainer *trainer, int32_t unit, uint64_t count);

/** Sets how many of the checkpoints that fits write stay: the newest has the name given, those before it the
 * same name with ".1" (the last but one), ".2" and so on behind it.
 *
 * @param count  1 (default) to 1000, the newest included
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_STATE from the trainer's own callback. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_checkpoint_keep(dae_trainer *trainer, size_t count);

/** Sets what happens when a checkpoint cannot be written.
 *
 * @param policy  DAE_CHECKPOINT_STOP (default) or DAE_CHECKPOINT_GO_ON
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_STATE from the trainer's own callback. @since 0.1.0
 */
DAE_API dae_status dae_trainer_set_checkpoint_failure(dae_trainer *trainer, int32_t policy);

/** Writes a checkpoint now: behind a fit that was stopped, or from the trainer's own progress callback. It
 * replaces a file of that name, and keeps no older ones.
 *
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY, DAE_ERROR_IO. After a failure a file of that name is as before.
 * @since 0.1.0
 */
DAE_API dae_status dae_trainer_save_checkpoint(const dae_trainer *trainer, const char *path);

/** As dae_trainer_save_checkpoint(), into memory.
 *
 * @param bytes     [capacity]; with a capacity of 0 it may be NULL and the call only measures
 * @param capacity  bytes available; fewer than needed is DAE_ERROR_ARGUMENT, with *size set
 * @param size      receives the number of bytes of the whole file
 * Errors: DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY. @since 0.1.0
 */
DAE_API dae_status dae_trainer_serialize_checkpoint(const dae_trainer *trainer, void *bytes, size_t capacity,
                                                    size_t *size);

/** Goes back to where training was when a checkpoint was written. The next fit begins there, in the middle of
 * an epoch too, which then counts as its first.
 *
 * Layers, loss, kind of optimizer, batch size, seed, shuffling, precision, what happens to batches that are not
 * finite, and early stopping must be set before, to what they were when the checkpoint was written; setting
 * early stopping afterwards forgets the best epoch. The next fit must get the same data. Options and schedule
 * of the optimizer are taken from the file, as they may have changed in training: set other ones afterwards.
 * Validation data, callbacks and the plan for checkpoints are not in the file.
 *
 * Errors: after each everything is as before. DAE_ERROR_ARGUMENT, DAE_ERROR_MEMORY; DAE_ERROR_IO, also when
 * there is no such file; DAE_ERROR_FORMAT when the file is not a whole checkpoint, or holds values that no
 * training has (parameters beyond 1e38, an optimizer's memory that would overflow in the next steps);
 * DAE_ERROR_NOT_FINITE when a parameter in it is not; DAE_ERROR_STATE when the trainer differs from the one that wrote it (the message names
 * the option and both values), or when called from the trainer's own callback. @since 0.1.0
 */
DAE_API dae_status dae_trainer_load_checkpoint(dae_trainer *trainer, const char *path);

/** As dae_trainer_load_checkpoint(), from `size` bytes in memory. Errors: the same, but for DAE_ERROR_IO.
 * @since 0.1.0 */
DAE_API dae_status dae_trainer_deserialize_checkpoint(dae_trainer *trainer, const void *bytes, size_t size);

#ifdef __cplusplus
}
#endif
#endif
