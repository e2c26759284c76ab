/* Epochs, and steps driven from outside. */
#define _POSIX_C_SOURCE 200809L
#include "core/fpu.h"
#include "core/memory.h"
#include "train/trainer.h"

#include <dae/checkpoint.h>

#include <math.h>
#include <stdio.h>
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
    size_t epochs;
    uint64_t last_epoch;
    double began; /* seconds */
    /* when the interval to the next checkpoint began */
    uint64_t saved_steps, saved_epoch;
    double saved_at;
    dae_progress progress;
    struct dae_losses validation_losses;
    bool unsaved;                    /* something has changed since the last checkpoint */
    bool gave_up;                    /* writing one has failed, which ends the fit */
    char left_out[DAE_MESSAGE_SIZE]; /* why the last batch that was left out was */
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
        dae_fpu_prepare();
    }
    bool asked = atomic_exchange(&trainer->stop, false); /* if both stop it, once */
    if (stop == 0 && !asked)
        return DAE_OK;
    return dae_fail(DAE_ERROR_CANCELLED, "stopped by %s in epoch %llu after step %llu of %llu",
                    stop != 0 ? "the progress callback" : "dae_trainer_stop()",
                    (unsigned long long)progress->epoch, (unsigned long long)progress->step,
                    (unsigned long long)progress->steps);
}

/* ---- Checkpoints ---------------------------------------------------------------------------------- */

/* Whether the interval has passed, after a step or an epoch. */
static bool is_due(const struct fit *fit, int32_t event) {
    const dae_trainer *trainer = fit->trainer;
    const struct dae_checkpoint_plan *plan = &trainer->checkpoint;
    if (plan->path == NULL)
        return false;
    if (plan->unit == DAE_INTERVAL_STEPS)
        return trainer->steps - fit->saved_steps >= plan->interval;
    if (plan->unit == DAE_INTERVAL_SECONDS)
        return now() - fit->saved_at >= (double)plan->interval;
    return event == DAE_PROGRESS_EPOCH && trainer->epoch - fit->saved_epoch >= plan->interval;
}

/* With a plan that goes on in spite of failures, those are for the caller to hear. */
static dae_status write_checkpoint(struct fit *fit, const dae_progress *progress) {
    const dae_trainer *trainer = fit->trainer;
    fit->saved_steps = trainer->steps;
    fit->saved_epoch = trainer->epoch;
    dae_fpu_restore(fit->fpu); /* numbers are written as they are, small ones too */
    dae_status status = dae_trainer_write_checkpoint(trainer);
    dae_fpu_prepare();
    fit->saved_at = now();
    fit->unsaved = status != DAE_OK;
    fit->gave_up = status != DAE_OK && !trainer->checkpoint.go_on;
    if (status == DAE_OK || fit->gave_up)
        return status;
    dae_progress failed = *progress;
    failed.event = DAE_PROGRESS_CHECKPOINT_FAILED;
    failed.validation_loss = failed.validation_psnr = NAN;
    return report(fit, &failed);
}

/* After a step or an epoch that the caller has been told of. */
static dae_status checkpoint_if_due(struct fit *fit, const dae_progress *progress) {
    return is_due(fit, progress->event) ? write_checkpoint(fit, progress) : DAE_OK;
}

/* At the end of a fit, whose own status counts more, but for one that was stopped: whoever stops it relies on
 * the checkpoint. */
static dae_status checkpoint_at_end(struct fit *fit, dae_status status) {
    if (fit->trainer->checkpoint.path == NULL || !fit->unsaved || fit->gave_up)
        return status;
    char reason[DAE_MESSAGE_SIZE];
    snprintf(reason, sizeof reason, "%s", dae_last_error());
    dae_status written = write_checkpoint(fit, &fit->progress);
    if (status == DAE_OK || (status == DAE_ERROR_CANCELLED && fit->gave_up))
        return written;
    return dae_fail(status, "%s", reason);
}

/* ---- An epoch ------------------------------------------------------------------------------------- */

static void set_order(struct fit *fit, uint64_t epoch) {
    dae_trainer *trainer = fit->trainer;
    if (trainer->shuffle)
        dae_rng_shuffle(fit->order, fit->dataset->count,
                        dae_draw_from(trainer->seed, DAE_PURPOSE_SHUFFLE, epoch, 0));
    else
        for (size_t i = 0; i < fit->dataset->count; i++)
            fit->order[i] = i;
}

/* Adds a batch that was learned from to the sums of the open epoch. */
static void add_up(dae_trainer *trainer, const struct dae_losses *losses, size_t samples) {
    struct dae_open_epoch *open = &trainer->open;
    size_t terms = dae_trainer_term_columns(trainer);
    open->loss += losses->loss * (double)samples;
    for (size_t i = 0; i < terms; i++)
        open->sums[i] += losses->terms[i] * (double)samples;
    if (terms < trainer->sum_count)
        open->sums[terms] += trainer->gradient_norm * (double)samples;
    open->counted += samples;
}

/* One step. A batch that is not finite is left out, if the caller wishes so. */
static dae_status run_batch(struct fit *fit, const struct dae_batch *batch) {
    dae_trainer *trainer = fit->trainer;
    struct dae_open_epoch *open = &trainer->open;
    struct dae_losses losses;
    dae_status status = dae_trainer_run_step(trainer, fit->pool, fit->fpu, batch, &losses);
    if (status == DAE_OK) {
        add_up(trainer, &losses, batch->count);
        if (trainer->model->noise != fit->dataset->noise)
            dae_model_remember_noise(trainer->model, fit->dataset->noise);
    } else if (status == DAE_ERROR_NOT_FINITE && trainer->skip_not_finite) {
        trainer->skipped++;
        snprintf(fit->left_out, sizeof fit->left_out, "%s", dae_last_error());
    } else {
        return status;
    }
    open->samples += batch->count;
    open->steps++;
    fit->unsaved = true;
    return DAE_OK;
}

/* Says which samples the next step of this epoch will read. */
static void fetch_next(const struct fit *fit, size_t first) {
    size_t samples = fit->dataset->count, end = first + dae_size_min(fit->batch, samples - first);
    for (size_t i = first; fit->dataset->fetches && i < end; i++)
        dae_dataset_fetch(fit->dataset, fit->order[i]);
}

/* What is left of the open epoch's steps. */
static dae_status run_steps(struct fit *fit) {
    dae_trainer *trainer = fit->trainer;
    dae_progress *progress = &fit->progress;
    struct dae_open_epoch *open = &trainer->open;
    size_t samples = fit->dataset->count;
    double began = now() - open->seconds;
    while (open->samples < samples) {
        struct dae_batch batch = {
            .count = dae_size_min(fit->batch, samples - open->samples),
            .dataset = fit->dataset,
            .order = fit->order + open->samples,
            .epoch = trainer->epoch,
            .classes = dae_trainer_takes_classes(trainer, fit->dataset),
            .steps_per_epoch = dae_size_divide_up(samples, fit->batch),
        };
        fetch_next(fit, open->samples + batch.count);
        DAE_TRY(run_batch(fit, &batch));
        open->seconds = now() - began;
        progress->step = open->steps;
        progress->loss = open->loss / (double)open->counted; /* NaN while there is none */
        progress->skipped = trainer->skipped;
        progress->epoch_seconds = open->seconds;
        progress->seconds = now() - fit->began;
        DAE_TRY(report(fit, progress));
        DAE_TRY(checkpoint_if_due(fit, progress));
    }
    return DAE_OK;
}

/* The next epoch begins anew; nothing of this one is kept. */
static void leave_epoch(dae_trainer *trainer) {
    trainer->epoch++;
    trainer->open = (struct dae_open_epoch){0};
}

static void write_history(struct fit *fit) {
    dae_trainer *trainer = fit->trainer;
    const dae_progress *progress = &fit->progress;
    size_t terms = dae_trainer_term_columns(trainer), sums = trainer->sum_count;
    double *row = trainer->history + trainer->history_count++ * trainer->column_count;
    row[DAE_HISTORY_LOSS] = progress->loss;
    row[DAE_HISTORY_VALIDATION_LOSS] = progress->validation_loss;
    row[DAE_HISTORY_VALIDATION_PSNR] = progress->validation_psnr;
    row[DAE_HISTORY_SECONDS] = progress->epoch_seconds;
    row += DAE_HISTORY_TERMS;
    for (size_t i = 0; i < sums; i++)
        row[i] = trainer->open.sums[i] / (double)trainer->open.counted;
    for (size_t i = 0; i < terms; i++)
        row[sums + i] = fit->validation != NULL ? fit->validation_losses.terms[i] : NAN;
    for (size_t i = 0; i < dae_trainer_figure_count(trainer); i++)
        row[sums + terms + i] = fit->validation != NULL ? dae_figures_get(trainer->figures, i) : NAN;
}

static dae_status end_epoch(struct fit *fit) {
    dae_trainer *trainer = fit->trainer;
    dae_progress *progress = &fit->progress;
    progress->event = DAE_PROGRESS_EPOCH;
    progress->epoch_seconds = trainer->open.seconds;
    progress->seconds = now() - fit->began;
    write_history(fit);
    if (fit->validation != NULL)
        dae_trainer_note_validation(trainer, progress->validation_loss);
    leave_epoch(trainer);
    fit->unsaved = true;
    DAE_TRY(report(fit, progress));
    return checkpoint_if_due(fit, progress);
}

/* The open epoch, or a new one, to its end. */
static dae_status run_epoch(struct fit *fit) {
    dae_trainer *trainer = fit->trainer;
    DAE_TRY(dae_trainer_reserve_history(trainer, 1));
    fit->progress = (dae_progress){
        .size = sizeof fit->progress,
        .event = DAE_PROGRESS_STEP,
        .epoch = trainer->epoch + 1,
        .epochs = fit->last_epoch,
        .step = trainer->open.steps,
        .steps = trainer->open.steps +
                 dae_size_divide_up(fit->dataset->count - trainer->open.samples, fit->batch),
        .loss = trainer->open.loss / (double)trainer->open.counted,
        .validation_loss = NAN,
        .validation_psnr = NAN,
        .skipped = trainer->skipped,
    };
    set_order(fit, trainer->epoch);
    DAE_TRY(run_steps(fit));
    if (trainer->open.counted == 0) {
        leave_epoch(trainer);
        return dae_fail(DAE_ERROR_NOT_FINITE, "every batch of the epoch was left out; the last one: %s",
                        fit->left_out[0] != '\0' ? fit->left_out : "in an earlier fit");
    }
    double began = now();
    if (fit->validation != NULL)
        DAE_TRY(dae_trainer_validate(trainer, fit->validation, fit->pool, fit->fpu, &fit->validation_losses,
                                     &fit->progress.validation_psnr));
    if (fit->validation != NULL)
        fit->progress.validation_loss = fit->validation_losses.loss;
    trainer->open.seconds += now() - began;
    return end_epoch(fit);
}

/* ---- Public calls --------------------------------------------------------------------------------- */

/* Brackets the work: the processor and BLAS are set for it. */
static dae_status enter(struct fit *fit) {
    DAE_TRY(dae_pool_open(&fit->pool));
    fit->began = now();
    fit->fpu = dae_fpu_prepare();
    dae_matmul_enter();
    return DAE_OK;
}

static void leave(struct fit *fit) {
    dae_matmul_leave();
    dae_fpu_restore(fit->fpu);
    dae_pool_close(fit->pool);
}

static dae_status check_fit(const dae_trainer *trainer, const dae_dataset *dataset, size_t epochs) {
    if (dataset == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_fit: dataset is NULL, expected a pointer");
    if (epochs == 0 || epochs > UINT32_MAX - trainer->epoch)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_fit: epochs is %zu, expected 1 to %llu", epochs,
                        (unsigned long long)(UINT32_MAX - trainer->epoch));
    if (trainer->early.patience > 0 && trainer->validation == NULL)
        return dae_fail(DAE_ERROR_STATE,
                        "dae_trainer_fit: early stopping needs validation data, the trainer has none");
    if (dae_governors_follow_loss(&trainer->optimizer->governors) && trainer->validation == NULL)
        return dae_fail(DAE_ERROR_STATE,
                        "dae_trainer_fit: the optimizer's schedule goes by the validation loss, which needs "
                        "validation data, the trainer has none");
    return DAE_OK;
}

enum { HISTORY_AHEAD = 1000 };

/* Takes what the fit needs, so that memory running out is found before anything has changed. */
static dae_status reserve(struct fit *fit) {
    dae_trainer *trainer = fit->trainer;
    dae_model *model = NULL;
    DAE_TRY(dae_trainer_model_for(&model, trainer, trainer->model, fit->dataset, "dae_trainer_fit"));
    dae_status status = dae_trainer_reserve(trainer, fit->batch, model);
    dae_model_free(model);
    DAE_TRY(status);
    DAE_TRY(
        dae_trainer_reserve_history(trainer, dae_size_min(fit->last_epoch - trainer->epoch, HISTORY_AHEAD)));
    fit->order = dae_allocate(fit->dataset->count, sizeof *fit->order);
    if (fit->order == NULL)
        return DAE_ERROR_MEMORY;
    if (trainer->validation != NULL)
        DAE_TRY(dae_sweep_open(&fit->validation, trainer->validation_model, trainer->validation));
    return DAE_OK;
}

/* FNV-1a (Fowler, Noll, Vo): a byte more. */
static uint64_t mix_byte(uint64_t hash, uint64_t byte) {
    return (hash ^ (byte & 0xFF)) * UINT64_C(0x100000001b3);
}

static uint64_t mix_number(uint64_t hash, uint64_t number) {
    for (int i = 0; i < 8; i++)
        hash = mix_byte(hash, number >> 8 * i);
    return hash;
}

static uint64_t mix_values(uint64_t hash, const float *values, size_t count) {
    const unsigned char *bytes = (const unsigned char *)values;
    for (size_t i = 0; i < count * sizeof *values; i++)
        hash = mix_byte(hash, bytes[i]);
    return hash;
}

/* What an epoch goes through, in short: the number of samples and their order, and the first and the last of
 * them as they are in epoch 1, which tells noise that is drawn fresh from noise that is drawn once. Never
 * 0. */
static dae_status fingerprint(struct fit *fit, uint64_t *print) {
    const dae_dataset *dataset = fit->dataset;
    const dae_trainer *trainer = fit->trainer;
    const struct dae_workspace *w = &trainer->workspace;
    size_t samples[] = {0, dataset->count - 1};
    uint64_t hash = mix_number(UINT64_C(0xcbf29ce484222325), dataset->count);
    hash = mix_number(mix_number(hash, trainer->shuffle), trainer->seed);
    for (size_t i = 0; i < 2; i++) {
        DAE_TRY(dae_dataset_read(dataset, 1, samples[i], 1, w->inputs, w->targets));
        hash = mix_values(hash, w->inputs, dataset->shape.size);
        hash = mix_values(hash, w->targets, dataset->target_shape.size);
    }
    *print = hash | 1;
    return DAE_OK;
}

/* An open epoch can go on only with the data, and in the order, that it began with. */
static dae_status take_data(struct fit *fit, uint64_t print) {
    dae_trainer *trainer = fit->trainer;
    bool same = print == trainer->data && trainer->open.samples <= fit->dataset->count;
    if (!same && trainer->data_required)
        return dae_fail(
            DAE_ERROR_STATE,
            "dae_trainer_fit: the dataset, or the trainer's seed or shuffling, is not what the "
            "checkpoint was written with: the same samples, noise, noise mode, noise seed and order "
            "are needed");
    if (!same && trainer->open.samples > 0)
        leave_epoch(trainer);
    trainer->data = print;
    trainer->data_required = false;
    return DAE_OK;
}

/* Takes what a backend needs, and looks at the data. Nothing has changed if this fails. */
static dae_status prepare(struct fit *fit) {
    dae_trainer *trainer = fit->trainer;
    uint64_t print;
    DAE_TRY(dae_trainer_prepare(trainer, fit->pool));
    if (fit->validation != NULL)
        DAE_TRY(dae_sweep_prepare(fit->validation, fit->pool));
    dae_fpu_restore(fit->fpu); /* a function of the caller's may give the data */
    dae_status status = fingerprint(fit, &print);
    dae_fpu_prepare();
    return status == DAE_OK ? take_data(fit, print) : status;
}

static dae_status run_epochs(struct fit *fit) {
    dae_trainer *trainer = fit->trainer;
    DAE_TRY(enter(fit));
    dae_status status = prepare(fit);
    fit->last_epoch = trainer->epoch + fit->epochs;
    fit->saved_steps = trainer->steps;
    fit->saved_epoch = trainer->epoch;
    fit->saved_at = now();
    while (status == DAE_OK && trainer->epoch < fit->last_epoch && !trainer->early.stopped)
        status = run_epoch(fit);
    status = checkpoint_at_end(fit, status);
    leave(fit);
    atomic_store(&trainer->stop, false); /* it was for this fit, however that has ended */
    return status;
}

static dae_status run_fit(dae_trainer *trainer, dae_dataset *dataset, size_t epochs) {
    DAE_TRY(check_fit(trainer, dataset, epochs));
    dae_dataset_keep(dataset); /* a callback may drop the caller's reference */
    struct fit fit = {
        .trainer = trainer,
        .dataset = dataset,
        .epochs = epochs,
        .last_epoch = trainer->epoch + epochs,
        .batch = dae_size_min(trainer->batch_size, dataset->count),
    };
    dae_status status = reserve(&fit);
    if (status == DAE_OK)
        status = run_epochs(&fit);
    dae_sweep_close(fit.validation);
    dae_release(fit.order);
    dae_dataset_free(dataset);
    return status;
}

dae_status dae_trainer_fit(dae_trainer *trainer, dae_dataset *dataset, size_t epochs) {
    DAE_TRY(dae_trainer_take(trainer, __func__));
    dae_status status = run_fit(trainer, dataset, epochs);
    dae_trainer_give_back(trainer);
    return status;
}

static dae_status run_step(dae_trainer *trainer, const struct dae_batch *batch, double *loss) {
    struct fit fit = {.trainer = trainer};
    struct dae_losses losses = {0};
    if (dae_governors_count_epochs(&trainer->optimizer->governors))
        return dae_fail(DAE_ERROR_STATE,
                        "dae_trainer_step: the optimizer's schedule counts epochs, expected one that counts "
                        "steps: only a fit has epochs");
    DAE_TRY(dae_model_check_closed(trainer->model, "a fit, whose dataset has one", "dae_trainer_step"));
    DAE_TRY(dae_trainer_reserve(trainer, batch->count, trainer->model));
    DAE_TRY(enter(&fit));
    dae_status status = dae_trainer_prepare(trainer, fit.pool);
    if (status == DAE_OK)
        status = dae_trainer_run_step(trainer, fit.pool, fit.fpu, batch, &losses);
    leave(&fit);
    if (status == DAE_OK && loss != NULL)
        *loss = losses.loss;
    return status;
}

dae_status dae_trainer_step(dae_trainer *trainer, const float *inputs, const float *targets, size_t count,
                            double *loss) {
    DAE_REQUIRE(trainer);
    DAE_REQUIRE(inputs);
    DAE_REQUIRE(targets);
    if (count == 0 || count > DAE_MAX_BATCH)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_trainer_step: count is %zu, expected 1 to %d", count,
                        DAE_MAX_BATCH);
    struct dae_batch batch = {.count = count, .inputs = inputs, .targets = targets};
    DAE_TRY(dae_trainer_take(trainer, __func__));
    dae_status status = run_step(trainer, &batch, loss);
    dae_trainer_give_back(trainer);
    return status;
}
