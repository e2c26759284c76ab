/* The output folder, and the history that goes there as CSV. */
#ifndef MNIST_OUTPUT_H
#define MNIST_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <dae.h>

enum { OUTPUT_PATH_MAX = 4096 };

/* What a run writes. */
#define OUTPUT_MODEL   "denoiser.safetensors"
#define OUTPUT_HISTORY "history.csv"
#define OUTPUT_LOSS    "loss.png"
#define OUTPUT_DIGITS  "denoised.png"

/* Whether `path` is one of these in `folder`, which need not exist yet. */
bool output_is_written(const char *folder, const char *path);

/* Makes the folder and those above it if needed, and sees by trying that a file can be written there:
 * better now than after an hour of training. */
bool output_prepare(const char *folder);

/* Joins folder and name; output_prepare() has made sure that the result fits. */
void output_path(char path[OUTPUT_PATH_MAX], const char *folder, const char *name);

/* A file that is written anew gets this name first, so that a full disk does not cost the old one. */
void output_part_path(char part[OUTPUT_PATH_MAX], const char *path);

/* Gives it its own name if it was `written`. If not, or if that fails, it is removed; false, with errno. */
bool output_finish(const char *path, bool written);

/* Figures of each epoch. */
typedef struct history {
    size_t epochs;
    double *seconds;
    double *loss;
    double *validation_loss;
    double *validation_psnr;
} history;

/* Copies the history out of a trainer. Whatever happens, history_free() cleans up. */
bool history_get(history *figures, const dae_trainer *trainer);
bool history_write_csv(const history *figures, const char *path);
void history_free(history *figures);

#endif
