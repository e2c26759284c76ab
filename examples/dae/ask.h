/* What the library says of its objects, each text the caller's to free, and NULL where it fails, which is
 * told. */
#ifndef DAE_ASK_H
#define DAE_ASK_H

#include <dae.h>

char *ask_network(const dae_model *model);
char *ask_description(const dae_model *model);
char *ask_scaling(const dae_model *model);
char *ask_noise(const dae_model *model);                 /* "" where none is known */
char *ask_note(const dae_model *model, const char *key); /* NULL where there is none */

/* What counts as the peak of a PSNR: that of the scaling, else 1. */
double ask_peak(const dae_model *model);

/* A parameter of a step of a recipe, as dae_recipe_get(). */
char *ask_step(const char *category, const char *text, size_t step, const char *parameter);

#endif
