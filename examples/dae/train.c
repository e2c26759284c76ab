/* dae train. */
#define _DEFAULT_SOURCE
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "commands.h"
#include "figures.h"
#include "json.h"
#include "say.h"
#include "text.h"

static bool is_there(const char *path) {
    return access(path, F_OK) == 0;
}

/* What is wrong with the command line as a whole: found before anything is done. */
static bool check_together(const arguments *a) {
    if (a->text[OPTION_OUTPUT] == NULL)
        return complain("train needs -o MODEL, the file to write");
    if (a->text[OPTION_EPOCHS] != NULL && a->text[OPTION_TIME] != NULL)
        return complain("--epochs and --time are both given: --time chooses the epochs");
    if (a->text[OPTION_BLIND] != NULL && (a->text[OPTION_NOISY] != NULL || a->text[OPTION_NOISE] != NULL))
        return complain("--blind learns from the noise that is there: leave out --noise and --noisy");
    if (a->text[OPTION_NOISY] != NULL && a->text[OPTION_NOISE] != NULL)
        return complain("--noisy has the noise in files: leave out --noise");
    return true;
}

/* "denoiser.report.png" for "denoiser.safetensors": "denoiser.png" might be what it was trained on. */
static char *report_path(const char *model) {
    const char *dot = strrchr(model, '.');
    bool known = dot != NULL && strcmp(dot, ".safetensors") == 0;
    return text_of("%.*s.report.png", (int)(known ? (size_t)(dot - model) : strlen(model)), model);
}

/* What would be found out after the training only. */
static bool check_output(const arguments *a) {
    struct stat status;
    const char *path = a->text[OPTION_OUTPUT];
    if (path[strlen(path) - 1] == '/' || (stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
        return complain("%s is a folder, expected a file for the model", path);
    for (size_t i = 0; i < a->operand_count; i++)
        if (strcmp(a->operands[i], path) == 0)
            return complain("%s is what is trained on: --output needs another name", path);
    return true;
}

/* Files are not replaced by accident, nor a training that could go on. */
static bool check_files(const training *t) {
    const arguments *a = t->a;
    bool force = a->text[OPTION_FORCE] != NULL;
    if (!check_output(a))
        return false;
    if (a->text[OPTION_RESUME] != NULL)
        return is_there(t->checkpoint) ||
               complain("%s: %s; start without --resume", t->checkpoint, strerror(errno));
    if (!force && is_there(t->checkpoint))
        return complain("%s is there: a training was interrupted; --resume goes on with it, -f starts anew",
                        t->checkpoint);
    const char *there = is_there(a->text[OPTION_OUTPUT])             ? a->text[OPTION_OUTPUT]
                        : pictures_available && is_there(t->picture) ? t->picture
                                                                     : NULL;
    return force || there == NULL || complain("%s is there; -f replaces it", there);
}

/* The settings of the training that goes on, and what it has seen of its data. */
static bool recall(training *t, char **seen) {
    dae_model *before = NULL;
    if (t->a->text[OPTION_RESUME] == NULL)
        return true;
    bool recalled = worked(dae_model_load_checkpoint(&before, t->checkpoint)) && recall_settings(t, before);
    *seen = recalled ? keep(ask_note(before, "train.seen")) : NULL;
    dae_model_free(before);
    return recalled;
}

static bool check_seen(const training *t, const char *seen) {
    return seen == NULL || strcmp(seen, t->seen) == 0 ||
           complain("these are other data than those that the training began with: found %s, expected %s",
                    t->seen, seen);
}

/* PSNR of the held-out inputs, against which dB are gained. */
static bool measure_noisy(training *t) {
    t->noisy_psnr = NAN;
    return !has_truth(t) || t->level != NULL ||
           figures_mean_psnr(&t->noisy_psnr, t->validation, ask_peak(t->model));
}

static bool print_plan(const training *t) {
    char *spelled = spell_out(t->a);
    if (t->a->text[OPTION_JSON] != NULL) {
        json_begin(NULL, '{');
        json_text("command", spelled);
        json_end('}');
    } else {
        printf("%s\n", spelled);
    }
    free(spelled);
    return true;
}

static bool prepare(training *t) {
    bool dry = t->a->text[OPTION_DRY_RUN] != NULL;
    char *seen = NULL;
    if (!recall(t, &seen) || !open_training_data(t) || !choose(t) || !check_seen(t, seen) ||
        !make_datasets(t))
        return false;
    tell_left_out(t);
    if (!make_model(t))
        return false;
    if (dry)
        return print_plan(t);
    if (!fit_schedule(t) || !note_settings(t) || !make_trainer(t) || !measure_noisy(t))
        return false;
    char *spelled = spell_out(t->a);
    tell("%s", spelled);
    free(spelled);
    return true;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool train(training *t) {
    double began = now();
    if (!fit(t))
        return false;
    t->seconds = now() - began;
    if (!worked(dae_model_save(t->model, t->a->text[OPTION_OUTPUT])) || !summarize(t))
        return false;
    if (!t->stopped)
        return unlink(t->checkpoint) == 0 || errno == ENOENT ||
               complain("cannot remove '%s': %s", t->checkpoint, strerror(errno));
    char *output = text_of("%s", t->a->text[OPTION_OUTPUT]);
    tell("Stopped after %zu of %zu epochs: %s has the best so far. To go on: dae train --resume -o %s",
         t->done, t->epochs, output, output);
    free(output);
    return true;
}

static void clean_up(training *t) {
    dae_trainer_free(t->trainer);
    dae_optimizer_free(t->optimizer);
    dae_model_free(t->model);
    dae_noise_free(t->noise);
    dae_dataset_free(t->validation);
    dae_dataset_free(t->train);
    dae_dataset_free(t->data);
    free(t->level);
    free(t->rate);
    free(t->seen);
    free(t->checkpoint);
    free(t->picture);
}

int command_train(arguments *a) {
    training t = {.a = a};
    if (!check_together(a))
        return STATUS_USAGE;
    t.checkpoint = text_of("%s.checkpoint", a->text[OPTION_OUTPUT]);
    t.picture = report_path(a->text[OPTION_OUTPUT]);
    bool dry = a->text[OPTION_DRY_RUN] != NULL;
    bool done = (dry || check_files(&t)) && prepare(&t) && (dry || train(&t));
    int status = !done ? STATUS_FAILED : t.stopped ? STATUS_INTERRUPTED : STATUS_DONE;
    clean_up(&t);
    return status;
}
