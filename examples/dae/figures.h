/* Figures of single samples, by the library's own definitions (dae/report.h), and what they say of all. */
#ifndef DAE_FIGURES_H
#define DAE_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include <dae.h>

enum figure { FIGURE_PSNR, FIGURE_SNR, FIGURE_SSIM, FIGURE_MSE, FIGURE_MAE, FIGURE_COUNT };

typedef struct figure_row {
    const char *name;
    bool has_peak;
} figure_row;

extern const figure_row figure_rows[FIGURE_COUNT];

/* Of the inputs of each sample against its target; NaN where a figure has no meaning. */
typedef struct figures {
    size_t count;
    double *values[FIGURE_COUNT]; /* [count] */
} figures;

/* Takes the figures of the first `count` samples: the inputs count as what a model gives. */
bool figures_take(figures *f, dae_dataset *data, size_t count, double peak);
void figures_free(figures *f);

/* The mean PSNR of all inputs against their targets; NaN where samples differ in shape. */
bool figures_mean_psnr(double *psnr, dae_dataset *data, double peak);

/* A mean, and by how much that of all such samples may differ from it, at 95 % (Student's t); NaN with one
 * sample. Values that are NaN are left out. */
typedef struct estimate {
    double mean, margin;
    size_t count;
} estimate;

estimate estimate_mean(const double *values, size_t count);

/* As JSON: the mean, and the ends of its interval. */
void estimate_write(const char *name, estimate e);

#endif
