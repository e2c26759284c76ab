/* Data put into the form that a model takes. */
#ifndef DAE_SUIT_H
#define DAE_SUIT_H

#include <stdbool.h>

#include <dae.h>

#include "options.h"

/* A model, and what its training has noted of it. */
typedef struct denoiser {
    dae_model *model;
    char *level; /* under which it is told how strong the noise is, or NULL */
    char *rate;  /* of the sound that it has learned from, in Hz, or NULL */
    char *fill;  /* the view that puts a number where a value is missing, or NULL */
    double peak; /* of a PSNR */
} denoiser;

bool denoiser_load(denoiser *d, const arguments *a);
void denoiser_free(denoiser *d);

/* Tells where sound is none that the model has learned from: at another rate it sounds otherwise. */
void compare_rates(const denoiser *d, const dae_dataset *data);

/* The view by which samples that are the moments of a recording, or the rows of a table, become what the
 * model takes; NULL where they need none. */
const char *series_view(const dae_dataset *data, const dae_model *model);

/* Noise by its text, with the recordings that the command line names. */
bool make_noise(dae_noise **out, const char *text, const arguments *a);

/* Puts noise upon a dataset, in its place; and the level that the model is told. */
bool add_noise(dae_dataset **data, dae_noise *noise, int32_t mode, uint64_t seed);
bool add_level(dae_dataset **data, const char *level);

/* Tells the model a level that nobody has drawn. */
bool add_known_level(dae_dataset **data, const char *level, double value);

/* Inputs of one dataset with those of another as targets; `first` becomes the pair. Files must have the same
 * names. */
bool pair_with(dae_dataset **first, dae_dataset *targets);

#endif
