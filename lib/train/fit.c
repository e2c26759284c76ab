/* Epochs, and steps driven from outside. */
#define _POSIX_C_SOURCE 200809L
#include "core/fpu.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* What a fit has at hand. */
struct fit {
    dae_trainer *trainer;
    const dae_dataset *dataset;
    struct dae_pool *pool;
    struct dae_sweep *validation; /* or NULL */
    uint64_t fpu;                 /* the caller's setting */
    size_t batch;                 /* samples of a step */
    size_t *order;
    uint64_t last_epoch;
    double began; /* seconds */
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- Progress ------------------------------------------------------------------------------------- */

/* Tells the caller, and asks whether to go on. */
static dae_status report(struct fit *fit, const dae_progress *progress) {
    dae_trainer *trainer = fit->trainer;
    int32_t stop = 0;
    if (trainer->progress != NULL) {
        dae_fpu_restore(fit->fpu);
        stop = trainer->progress(progress, trainer->progress_user);
        dae_fpu_flush_denormals();
    }
    if (stop == 0 && !atomic_exchange(&trainer->stop, false))
        return DAE_OK;
    return dae_fail(DAE_ERROR_CANCELLED, "stopped by %s in epoch %llu behind step %llu of %llu",
                    stop != 0 ? "the progress callback" : "dae_trainer_stop()",
                    (unsigned long long)progress->epoch, (unsigned long long)progress->step,
                    (unsigned long long)progress->steps);
}

/* ---- An epoch ------------------------------------------------------------------------------------- */

/* Room for at least `epochs` more. */
static dae_status reserve_history(dae_trainer *trainer, size_t epochs) {
    if (trainer->history_count + epochs <= trainer->history_room)
        return DAE_OK;
    size_t room = 2 * (trainer->history_count + epochs);
    struct dae_history_row *larger = dae_allocate(room, sizeof *larger);
    if (larger == NULL)
        return DAE_ERROR_MEMORY;
    if (trainer->history_count > 0)
        memcpy(larger, trainer->history, trainer->history_count * sizeof *larger);
    dae_release(trainer->history);
    trainer->history = larger;
    trainer->history_room = room;
    return DAE_OK;
}

static void set_order(struct fit *fit, uint64_t epoch) {
    dae_trainer *trainer = fit->trainer;
    if (trainer->shuffle)
        dae_rng_shuffle(fit->order, fit->dataset->count,
                        dae_draw_from(trainer->seed, DAE_PURPOSE_SHUFFLE, epoch, 0));
    else
        for (size_t i = 0; i < fit->dataset->count; i++)
            fit->order[i] = i;
}

/* The steps of epoch `epoch`, counted from 0. *loss is the mean over samples so far. */
static dae_status run_steps(struct fit *fit, uint64_t epoch, dae_progress *progress) {
    dae_trainer *trainer = fit->trainer;
    size_t samples = fit->dataset->count;
    double sum = 0, began = now();
    for (size_t first = 0, count; first < samples; first += count) {
        count = dae_size_min(fit->batch, samples - first);
        struct dae_batch batch = {
            .count = count,
            .dataset = fit->dataset,
            .order = fit->order + first,
            .epoch = epoch,
        };
        double loss;
        DAE_TRY(dae_trainer_run_step(trainer, fit->pool, fit->fpu, &batch, &loss));
        sum += loss * (double)count;
        progress->step++;
        progress->loss = sum / (double)(first + count);
        progress->epoch_seconds = now() - began;
        progress->seconds = now() - fit->began;
        DAE_TRY(report(fit, progress));
    }
    return DAE_OK;
}

static dae_status run_epoch(struct fit *fit) {
    dae_trainer *trainer = fit->trainer;
    DAE_TRY(reserve_history(trainer, 1));
    uint64_t epoch = trainer->epochs_begun++;
    double began = now();
    dae_progress progress = {
        .size = sizeof progress,
        .event = DAE_PROGRESS_STEP,
        .epoch = epoch + 1,
        .epochs = fit->last_epoch,
        .steps = dae_size_divide_up(fit->dataset->count, fit->batch),
        .validation_loss = NAN,
        .validation_psnr = NAN,
    };
    set_order(fit, epoch);
    DAE_TRY(run_steps(fit, epoch, &progress));
    if (fit->validation != NULL)
        DAE_TRY(dae_trainer_validate(trainer, fit->validation, fit->pool, &progress.validation_loss,
                                     &progress.validation_psnr));
    progress.event = DAE_PROGRESS_EPOCH;
    progress.epoch_seconds = now() - began;
    progress.seconds = now() - fit->began;
    trainer->history[trainer->history_count++] = (struct dae_history_row){{
        [DAE_HISTORY_LOSS] = progress.loss,
        [DAE_HISTORY_VALIDATION_LOSS] = progress.validation_loss,
        [DAE_HISTORY_VALIDATION_PSNR] = progress.validation_psnr,
        [DAE_HISTORY_SECONDS] = progress.epoch_seconds,
    }};
    return report(fit, &progress);
}

/* ---- Public calls --------------------------------------------------------------------------------- */

/* Brackets the work: the trainer is in use, and the processor and BLAS are set for it. */
static dae_status enter(struct fit *fit) {
    DAE_TRY(dae_pool_open(&fit->pool));
    fit->trainer->running = true;
    fit->began = now();
    fit->fpu = dae_fpu_flush_denormals();
    dae_matmul_enter();
    return DAE_OK;
}

static void leave(struct fit *fit) {
    dae_matmul_leave();
    dae_fpu_restore(fit->fpu);
    dae_pool_close(fit->pool);
    fit->trainer->running = false;
}

static dae_status check_fit(const dae_trainer *trainer, const dae_dataset *dataset, size_t epochs) {
    DAE_TRY(dae_trainer_check_idle(trainer, "dae_trainer_fit"));
    if (dataset == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_fit: dataset is NULL, expected a pointer");
    if (epochs == 0 || epochs > UINT32_MAX - trainer->epochs_begun)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_fit: epochs is %zu, expected 1 to %llu", epochs,
                        (unsigned long long)(UINT32_MAX - trainer->epochs_begun));
    return dae_model_check_shapes(trainer->model, &dataset->shape, &dataset->target_shape, "dae_trainer_fit");
}

enum { HISTORY_AHEAD = 1000 };

/* Takes what the fit needs, so that memory running out is found before anything has changed. */
static dae_status reserve(struct fit *fit) {
    dae_trainer *trainer = fit->trainer;
    DAE_TRY(dae_trainer_reserve(trainer, fit->batch));
    DAE_TRY(reserve_history(trainer, dae_size_min(fit->last_epoch - trainer->epochs_begun, HISTORY_AHEAD)));
    fit->order = dae_allocate(fit->dataset->count, sizeof *fit->order);
    if (fit->order == NULL)
        return DAE_ERROR_MEMORY;
    if (trainer->validation != NULL)
        DAE_TRY(dae_sweep_open(&fit->validation, trainer->model, trainer->validation));
    return DAE_OK;
}

static dae_status run_epochs(struct fit *fit) {
    dae_trainer *trainer = fit->trainer;
    uint64_t steps = trainer->steps;
    dae_status status = DAE_OK;
    DAE_TRY(enter(fit));
    size_t last = fit->dataset->count % fit->batch;
    status = dae_trainer_prepare(trainer, fit->pool, fit->batch);
    if (status == DAE_OK && last > 0)
        status = dae_trainer_prepare(trainer, fit->pool, last);
    if (status == DAE_OK && fit->validation != NULL)
        status = dae_sweep_prepare(fit->validation, fit->pool);
    while (status == DAE_OK && trainer->epochs_begun < fit->last_epoch)
        status = run_epoch(fit);
    leave(fit);
    if (trainer->steps > steps)
        dae_model_remember_noise(trainer->model, fit->dataset->noise);
    return status;
}

dae_status dae_trainer_fit(dae_trainer *trainer, dae_dataset *dataset, size_t epochs) {
    DAE_TRY(check_fit(trainer, dataset, epochs));
    /* kept for the length of the fit: a callback may drop the caller's references */
    dae_references_keep(&trainer->references);
    dae_dataset_keep(dataset);
    struct fit fit = {
        .trainer = trainer,
        .dataset = dataset,
        .last_epoch = trainer->epochs_begun + epochs,
        .batch = dae_size_min(trainer->batch_size, dataset->count),
    };
    dae_status status = reserve(&fit);
    if (status == DAE_OK)
        status = run_epochs(&fit);
    dae_sweep_close(fit.validation);
    dae_release(fit.order);
    dae_dataset_free(dataset);
    dae_trainer_free(trainer);
    return status;
}

dae_status dae_trainer_step(dae_trainer *trainer, const float *inputs, const float *targets, size_t count,
                            double *loss) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    DAE_REQUIRE(inputs);
    DAE_REQUIRE(targets);
    if (count == 0 || count > DAE_MAX_BATCH)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_step: count is %zu, expected 1 to %d", count,
                        DAE_MAX_BATCH);
    DAE_TRY(dae_trainer_reserve(trainer, count));
    struct fit fit = {.trainer = trainer};
    struct dae_batch batch = {.count = count, .inputs = inputs, .targets = targets};
    double value = 0;
    DAE_TRY(enter(&fit));
    dae_references_keep(&trainer->references); /* the gradient hook may drop the caller's */
    dae_status status = dae_trainer_prepare(trainer, fit.pool, count);
    if (status == DAE_OK)
        status = dae_trainer_run_step(trainer, fit.pool, fit.fpu, &batch, &value);
    leave(&fit);
    if (status == DAE_OK && loss != NULL)
        *loss = value;
    dae_trainer_free(trainer);
    return status;
}
