/* The training itself: with a checkpoint beside the model, stopped by signals, gone on with. */
#define _DEFAULT_SOURCE
#include "train.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "say.h"

/* The handler can reach no other data than static ones. */
static dae_trainer *volatile running;
static volatile sig_atomic_t caught;

static void stop_training(int signal_number) {
    caught = signal_number;
    dae_trainer_stop(running);
}

/* SA_RESETHAND: a second signal does what it always does. */
static void catch_signals(dae_trainer *trainer) {
    struct sigaction action = {.sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    running = trainer;
    action.sa_handler = stop_training;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void release_signals(void) {
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    running = NULL;
}

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
    catch_signals(t->trainer);
    dae_status status = t->done < t->epochs ? dae_trainer_fit(t->trainer, t->train, t->epochs - t->done)
                                            : DAE_OK;
    release_signals();
    progress_end(&p);
    if (status != DAE_OK && !(status == DAE_ERROR_CANCELLED && caught != 0))
        return worked(status);
    if (!worked(dae_trainer_get_epoch_count(t->trainer, &t->done)))
        return false;
    t->stopped = t->done < t->epochs;
    return keep_best(t);
}
