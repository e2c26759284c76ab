/* The training itself: with a checkpoint beside the model, stopped by signals, gone on with. */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../mnist/signals.h"
#include "progress.h"
#include "say.h"

static bool prepare(training *t, progress *p) {
    bool resumes = t->a->text[OPTION_RESUME] != NULL;
    uint64_t seconds = (uint64_t)t->a->number[OPTION_CHECKPOINT_EVERY];
    progress_start(p, t->noisy_psnr);
    return (!resumes || worked(dae_trainer_load_checkpoint(t->trainer, t->checkpoint))) &&
           worked(dae_trainer_get_epoch_count(t->trainer, &t->done)) &&
           worked(dae_trainer_set_progress(t->trainer, progress_show, p)) &&
           worked(dae_trainer_set_checkpoint(t->trainer, t->checkpoint)) &&
           worked(dae_trainer_set_checkpoint_interval(t->trainer, DAE_INTERVAL_SECONDS, seconds)) &&
           worked(dae_trainer_set_checkpoint_failure(t->trainer, DAE_CHECKPOINT_GO_ON)) &&
           (resumes || worked(dae_trainer_save_checkpoint(t->trainer, t->checkpoint)));
}

/* The best epoch is what is kept; without one, what there is. */
static bool keep_best(training *t) {
    uint64_t epoch;
    double loss;
    bool known = dae_trainer_get_best(t->trainer, &epoch, &loss) == DAE_OK;
    if (known)
        tell_more("the best epoch is %llu, with a loss of %g on what is held out", (unsigned long long)epoch,
                  loss);
    return !known || worked(dae_trainer_restore_best(t->trainer));
}

bool fit(training *t) {
    progress p;
    if (!prepare(t, &p))
        return false;
    signals_catch(t->trainer);
    dae_status status = t->done < t->epochs ? dae_trainer_fit(t->trainer, t->train, t->epochs - t->done)
                                            : DAE_OK;
    signals_release();
    progress_end(&p);
    if (status != DAE_OK && !(status == DAE_ERROR_CANCELLED && signals_caught() != 0))
        return worked(status);
    if (!worked(dae_trainer_get_epoch_count(t->trainer, &t->done)))
        return false;
    t->stopped = t->done < t->epochs;
    return keep_best(t);
}
