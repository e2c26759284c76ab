/* Loss and PSNR after an epoch. */
#include "run/report.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>

enum { ROWS_PER_TASK = 16 };

struct validation {
    const dae_trainer *trainer;
    size_t width;
    const struct dae_sweep_batch *batch;
    double row_loss[DAE_SWEEP_BATCH], row_psnr[DAE_SWEEP_BATCH];
    double loss, psnr;                      /* sums over samples */
    dae_status row_status[DAE_SWEEP_BATCH]; /* what is wrong with its data */
    size_t bad_samples;
    dae_status status; /* of the first of them */
    char message[200];
};

/* Inputs and targets are finite, and targets such as the loss takes. */
static dae_status check_row(const struct validation *v, size_t row) {
    size_t inputs = v->trainer->model->input.size;
    const float *targets = v->batch->targets + row * v->width;
    if (!dae_kernels()->is_finite(v->batch->inputs + row * inputs, inputs) ||
        !dae_kernels()->is_finite(targets, v->width))
        return DAE_ERROR_NOT_FINITE;
    bool takes_all = !v->trainer->loss->unit_targets;
    return takes_all || dae_targets_are_unit(targets, v->width) ? DAE_OK : DAE_ERROR_ARGUMENT;
}

static void visit_row(struct validation *v, size_t row) {
    const dae_trainer *trainer = v->trainer;
    float *outputs = v->batch->outputs + row * v->width;
    const float *targets = v->batch->targets + row * v->width;
    double squared = 0;
    v->row_status[row] = check_row(v, row);
    if (trainer->logits) {
        for (size_t done = 0, now; done < v->width; done += now) {
            float strip[256];
            now = dae_size_min(v->width - done, sizeof strip / sizeof *strip);
            for (size_t i = 0; i < now; i++)
                strip[i] = outputs[done + i];
            dae_kernels()->sigmoid(strip, now);
            squared += dae_kernels()->squared_error(strip, targets + done, now);
        }
        v->row_loss[row] = trainer->loss->row_logits(outputs, targets, v->width, 1.0f);
    } else {
        squared = dae_kernels()->squared_error(outputs, targets, v->width);
        v->row_loss[row] = trainer->loss->row(outputs, targets, v->width, 1.0f, 1.0f);
    }
    v->row_psnr[row] = dae_psnr(squared / (double)v->width);
}

static dae_status visit_rows(void *context, size_t task) {
    struct validation *v = context;
    size_t end = dae_size_min(v->batch->count, (task + 1) * ROWS_PER_TASK);
    for (size_t row = task * ROWS_PER_TASK; row < end; row++)
        visit_row(v, row);
    return DAE_OK;
}

static bool is_good(float value, dae_status status) {
    return status == DAE_ERROR_NOT_FINITE ? isfinite(value) : dae_targets_are_unit(&value, 1);
}

/* Remembers the place of the first value that is not good. */
static void note_bad(struct validation *v, size_t row) {
    if (v->bad_samples++ > 0)
        return;
    size_t inputs = v->trainer->model->input.size, i = 0;
    const float *values = v->batch->inputs + row * inputs;
    const char *what = "input";
    v->status = v->row_status[row];
    if (v->status == DAE_ERROR_ARGUMENT || dae_kernels()->is_finite(values, inputs)) {
        values = v->batch->targets + row * v->width;
        what = "target";
    }
    while (is_good(values[i], v->status))
        i++;
    snprintf(v->message, sizeof v->message,
             "%s value %zu of sample %zu of the validation data is %g, expected %s", what, i,
             v->batch->first + row, (double)values[i],
             v->status == DAE_ERROR_NOT_FINITE ? "a finite number"
                                               : "0 to 1: binary cross-entropy takes no other");
}

static dae_status visit(void *context, struct dae_pool *pool, const struct dae_sweep_batch *batch) {
    struct validation *v = context;
    v->batch = batch;
    DAE_TRY(dae_pool_run(pool, visit_rows, v, dae_size_divide_up(batch->count, ROWS_PER_TASK)));
    for (size_t row = 0; row < batch->count; row++) {
        v->loss += v->row_loss[row];
        v->psnr += v->row_psnr[row];
        if (v->row_status[row] != DAE_OK)
            note_bad(v, row);
    }
    return DAE_OK;
}

dae_status dae_trainer_validate(const dae_trainer *trainer, struct dae_sweep *sweep, struct dae_pool *pool,
                                uint64_t fpu, double *loss, double *psnr) {
    struct validation v = {.trainer = trainer, .width = dae_model_output(trainer->model)->size};
    DAE_TRY(dae_sweep_run(sweep, pool, fpu, trainer->logits, visit, &v));
    if (v.bad_samples > 0)
        return dae_fail(v.status, "%s (%zu samples have such values)", v.message, v.bad_samples);
    if (!isfinite(v.loss))
        return dae_fail(
            DAE_ERROR_NOT_FINITE,
            "the loss on the validation data is %g in epoch %llu, the data are finite: use a smaller "
            "learning rate, or scale the data as those of training",
            v.loss, (unsigned long long)trainer->epoch + 1);
    double samples = (double)trainer->validation->count;
    *loss = v.loss / (samples * (double)v.width);
    *psnr = v.psnr / samples;
    return DAE_OK;
}
