/* How many epochs --time leaves room for: the first steps are measured on a copy of the model, and nothing of
 * them stays. */
#define _DEFAULT_SOURCE
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "say.h"
#include "text.h"

/* The share of the time that training gets: the rest is for what comes before and after. */
static const double share_of_training = 0.93;

/* Fewer epochs would hardly use a schedule; more would learn small data by heart. */
enum { FEWEST_EPOCHS = 5, MOST_EPOCHS = 300 };

typedef struct stopwatch {
    double most;           /* seconds to measure for */
    double began, last;    /* when the first step was done, and the last one */
    uint64_t steps, total; /* from there on; of a whole epoch */
} stopwatch;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The first step is left out, in which memory is touched for the first time. */
static int32_t measure_step(const dae_progress *progress, void *user) {
    stopwatch *w = user;
    if (progress->event == DAE_PROGRESS_EPOCH)
        return 1;
    w->total = progress->steps;
    w->last = now();
    if (w->began == 0)
        w->began = w->last;
    else
        w->steps++;
    return w->last - w->began > w->most && w->steps > 0;
}

/* Seconds that a step takes, and steps of an epoch. */
static bool measure(const training *t, double time, double *seconds, uint64_t *steps) {
    stopwatch w = {.most = fmin(fmax(time / 40, 0.2), 10)};
    dae_model *copy = NULL;
    training trial = *t;
    trial.trainer = NULL;
    trial.optimizer = NULL;
    trial.epochs = 1;
    if (!worked(dae_model_copy(&copy, t->model)))
        return false;
    trial.model = copy;
    bool measured = make_trainer(&trial) && worked(dae_trainer_set_validation(trial.trainer, NULL)) &&
                    worked(dae_trainer_set_early_stopping(trial.trainer, 0, 0)) &&
                    worked(dae_trainer_set_progress(trial.trainer, measure_step, &w));
    if (measured) {
        dae_status status = dae_trainer_fit(trial.trainer, t->train, 1);
        measured = status == DAE_OK || status == DAE_ERROR_CANCELLED || worked(status);
    }
    *steps = w.total;
    *seconds = w.steps > 0 ? (w.last - w.began) / (double)w.steps : 1e-3;
    dae_trainer_free(trial.trainer);
    dae_optimizer_free(trial.optimizer);
    dae_model_free(copy);
    return measured;
}

/* Where too few epochs are left: part of the samples will do, if it is for us to say; of few files, part of
 * the pieces, which stand file by file and so are shuffled. Samples are already. Returns the share that is
 * taken, 1 for all, or 0 where that fails. */
static double take_part(training *t, double share) {
    char part[64];
    const char *view = t->a->text[OPTION_VIEW];
    bool of_files = data_count(t->data) >= 100;
    double held_out = (double)data_count(t->validation),
           rounded = fmax(ceil(share * 1000) / 1000, ceil(1000 / held_out) / 1000);
    if (!t->chose_view || rounded >= 1 || (!of_files && view == NULL))
        return 1;
    if (!worked(dae_recipe_fill(part, sizeof part, NULL, "part(0, ?)", &rounded, 1)))
        return 0;
    char *both = keep(view == NULL ? text_of("%s", part)
                      : of_files   ? text_of("%s | %s", part, view)
                                   : text_of("%s | shuffle | %s", view, part));
    tell("  --view '%s': %.3g %% of all that, as --time has no room for %d epochs of it", both, 100 * rounded,
         FEWEST_EPOCHS);
    return arguments_set(t->a, OPTION_VIEW, both) && make_datasets(t) && make_model(t) ? rounded : 0;
}

/* In three digits, and never with an exponent. */
static char *duration(double seconds) {
    return seconds < 0.9995  ? text_of("%.3g ms", 1e3 * seconds)
           : seconds < 999.5 ? text_of("%.3g s", seconds)
                             : text_of("%.0f s", seconds);
}

static bool set_epochs(training *t, double epochs, double step, double epoch) {
    char *of_step = duration(step), *of_epoch = duration(epoch);
    t->epochs = (size_t)fmin(fmax(epochs, 1), MOST_EPOCHS);
    if (epochs < 1)
        tell("  an epoch takes some %s, longer than --time: this is one", of_epoch);
    char *number = text_of("%zu", t->epochs);
    tell("  --epochs %s: a step takes %s, an epoch %s", number, of_step, of_epoch);
    free(of_step);
    free(of_epoch);
    return arguments_set(t->a, OPTION_EPOCHS, keep(number));
}

bool fit_schedule(training *t) {
    double time = t->a->number[OPTION_TIME], began = now(), step = 0, share = 1;
    uint64_t steps = 0;
    if (t->a->text[OPTION_EPOCHS] != NULL) {
        t->epochs = (size_t)t->a->number[OPTION_EPOCHS];
        return true;
    }
    if (!measure(t, time, &step, &steps))
        return false;
    /* Held-out samples only go forward, which is a third of the work. */
    double epoch = (double)steps * step * (1 + t->a->number[OPTION_HELD_OUT] / 3);
    double room = fmax(time * share_of_training - (now() - began), 0);
    if (room < FEWEST_EPOCHS * epoch)
        share = take_part(t, room / epoch / FEWEST_EPOCHS);
    return share > 0 && set_epochs(t, floor(room / (epoch * share) + 0.5), step, epoch * share);
}
