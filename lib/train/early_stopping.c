/* Early stopping: the best epoch by validation loss, and when to give up on a better one. */
#include "core/memory.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

dae_status dae_trainer_set_early_stopping(dae_trainer *trainer, size_t patience, double min_delta) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    if (patience > UINT32_MAX)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_trainer_set_early_stopping: patience is %zu, expected less than 2^32 epochs",
                        patience);
    if (!(min_delta >= 0) || isinf(min_delta))
        return dae_fail(
            DAE_ERROR_ARGUMENT,
            "dae_trainer_set_early_stopping: min_delta is %g, expected a finite number of at least 0",
            min_delta);
    struct dae_early_stopping anew = {.patience = patience, .min_delta = min_delta + 0.0 /* not -0 */};
    if (patience > 0) {
        anew.best = dae_allocate(trainer->model->parameter_count, sizeof *anew.best);
        if (anew.best == NULL)
            return DAE_ERROR_MEMORY;
    }
    dae_release(trainer->early.best);
    trainer->early = anew;
    return DAE_OK;
}

static dae_status check_best(const dae_trainer *trainer, const char *context) {
    if (trainer->early.best_epoch == 0)
        return dae_fail(
            DAE_ERROR_STATE,
            "%s: no best epoch is known, expected an epoch with early stopping and validation data", context);
    return DAE_OK;
}

dae_status dae_trainer_get_best(const dae_trainer *trainer, uint64_t *epoch, double *validation_loss) {
    DAE_REQUIRE(trainer);
    DAE_REQUIRE(epoch);
    DAE_REQUIRE(validation_loss);
    DAE_TRY(check_best(trainer, __func__));
    *epoch = trainer->early.best_epoch;
    *validation_loss = trainer->early.best_loss;
    return DAE_OK;
}

static void restore(dae_trainer *trainer) {
    memcpy(dae_model_change(trainer->model), trainer->early.best,
           trainer->model->parameter_count * sizeof *trainer->early.best);
}

dae_status dae_trainer_restore_best(dae_trainer *trainer) {
    DAE_TRY(dae_trainer_check_idle(trainer, __func__));
    DAE_TRY(check_best(trainer, __func__));
    restore(trainer);
    return DAE_OK;
}

void dae_trainer_note_validation(dae_trainer *trainer, double loss) {
    struct dae_early_stopping *early = &trainer->early;
    dae_governors_note(&trainer->optimizer->governors, &trainer->plateau, loss);
    if (early->patience == 0)
        return;
    if (early->best_epoch == 0 || loss < early->best_loss - early->min_delta) {
        early->best_epoch = trainer->epoch + 1;
        early->best_loss = loss;
        early->waited = 0;
        memcpy(early->best, dae_model_values(dae_trainer_validated(trainer)),
               trainer->model->parameter_count * sizeof *early->best);
        return;
    }
    early->stopped = ++early->waited >= early->patience;
    if (early->stopped)
        restore(trainer);
}
