/* Loss and PSNR after an epoch. */
#include "run/report.h"
#include "train/trainer.h"

enum { ROWS_PER_TASK = 16 };

struct validation {
    const dae_trainer *trainer;
    size_t width;
    const struct dae_sweep_batch *batch;
    double row_loss[DAE_SWEEP_BATCH], row_psnr[DAE_SWEEP_BATCH];
    double loss, psnr;             /* sums over samples */
    bool row_bad[DAE_SWEEP_BATCH]; /* has targets that the loss does not take */
    size_t bad_samples, first_bad;
    float bad_target;
};

static void visit_row(struct validation *v, size_t row) {
    const dae_trainer *trainer = v->trainer;
    float *outputs = v->batch->outputs + row * v->width;
    const float *targets = v->batch->targets + row * v->width;
    double squared = 0;
    v->row_bad[row] = trainer->loss->unit_targets && !dae_targets_are_unit(targets, v->width);
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

static void note_bad(struct validation *v, size_t row) {
    const float *targets = v->batch->targets + row * v->width;
    size_t i = 0;
    while (dae_targets_are_unit(targets + i, 1))
        i++;
    if (v->bad_samples++ == 0) {
        v->first_bad = v->batch->first + row;
        v->bad_target = targets[i];
    }
}

static dae_status visit(void *context, struct dae_pool *pool, const struct dae_sweep_batch *batch) {
    struct validation *v = context;
    v->batch = batch;
    DAE_TRY(dae_pool_run(pool, visit_rows, v, dae_size_divide_up(batch->count, ROWS_PER_TASK)));
    for (size_t row = 0; row < batch->count; row++) {
        v->loss += v->row_loss[row];
        v->psnr += v->row_psnr[row];
        if (v->row_bad[row])
            note_bad(v, row);
    }
    return DAE_OK;
}

dae_status dae_trainer_validate(const dae_trainer *trainer, struct dae_sweep *sweep, struct dae_pool *pool,
                                uint64_t fpu, double *loss, double *psnr) {
    struct validation v = {.trainer = trainer, .width = dae_model_output(trainer->model)->size};
    DAE_TRY(dae_sweep_run(sweep, pool, fpu, trainer->logits, visit, &v));
    if (v.bad_samples > 0)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "a target of sample %zu of the validation data is %g, expected 0 to 1: binary "
                        "cross-entropy takes no other (%zu samples have such targets)",
                        v.first_bad, (double)v.bad_target, v.bad_samples);
    double samples = (double)trainer->validation->count;
    *loss = v.loss / (samples * (double)v.width);
    *psnr = v.psnr / samples;
    return DAE_OK;
}
