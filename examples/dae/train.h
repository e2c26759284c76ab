/* dae train, in parts: what is chosen (choose.c), what is made of it (setup.c), for how long (schedule.c),
 * the training (fit.c), what it has come to (summary.c) and its picture (picture.c). */
#ifndef DAE_TRAIN_H
#define DAE_TRAIN_H

#include <stdbool.h>
#include <stddef.h>

#include <dae.h>

#include "data.h"
#include "options.h"

typedef struct training {
    arguments *a;
    dae_dataset *data;       /* as it is opened, with --noisy as targets of nothing yet */
    dae_dataset *train;      /* noisy inputs, targets */
    dae_dataset *validation; /* likewise, of the part that is held out */
    dae_noise *noise;        /* or NULL */
    char *level;             /* under which the noise draws how strong it is, or NULL */
    char *rate;              /* of sound, in Hz, or NULL */
    char *seen;              /* what was seen of the data, in figures that other data would not have */
    dae_model *model;
    dae_optimizer *optimizer;
    dae_trainer *trainer;
    char *checkpoint; /* its path */
    char *picture;    /* the path of the report */
    size_t epochs, done;
    bool chose_view;   /* it may be made shorter */
    bool stopped;      /* by a signal */
    double seconds;    /* that the fit took */
    double noisy_psnr; /* of the held-out inputs, or NaN */
} training;

/* ---- choose.c ---- */

/* Sets the options that are not given, by what the data are, and tells why. */
bool choose(training *t);

/* ---- setup.c ---- */

bool open_training_data(training *t);

/* The part to train on and the part that is held out, with views and noise. */
bool make_datasets(training *t);

/* Which samples and files are left out, where any are. */
void tell_left_out(const training *t);

bool make_model(training *t);
bool make_trainer(training *t);

/* The epochs that --time leaves room for become --epochs. */
bool fit_schedule(training *t);

/* Settings as notes of the model, and back. */
bool note_settings(training *t);
bool recall_settings(training *t, dae_model *from);

/* The command line that spells all settings out. */
char *spell_out(const arguments *a);

/* Whether targets are clean, as far as anybody knows. */
static inline bool has_truth(const training *t) {
    return t->a->text[OPTION_BLIND] == NULL;
}

/* ---- fit.c ---- */

/* Trains, or goes on; false where that fails. Stopping is no failure. */
bool fit(training *t);

/* ---- summary.c, picture.c ---- */

/* What the training has come to, on standard output. */
bool summarize(training *t);

/* Samples that a picture shows: signals or pictures, before, after and clean. */
enum { MOST_EXAMPLES = 3 };

typedef struct examples {
    size_t count, height, width;   /* of pictures of one channel, or height 1 for signals */
    float *before, *after, *clean; /* [count, height, width] each */
    double low, high;              /* what is black and white, or below and above */
} examples;

typedef struct history {
    size_t epochs;
    double *loss, *validation_loss;
} history;

/* Draws both into a PNG file; false where this build cannot, which is not told, or where it fails,
 * which is. */
extern const bool pictures_available;
bool draw_report(const char *path, const char *title, const history *h, const examples *e);

#endif
