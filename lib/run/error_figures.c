/* Figures of single samples, and their means. */
#include "run/figure.h"

#include <math.h>

double dae_psnr(double mse) {
    return mse < 1e-10 ? 100 : -10 * log10(mse);
}

static double mean(const double *sums, double samples, const double *p) {
    (void)p;
    return sums[0] / samples;
}

/* ---- Errors ------------------------------------------------------------------------------------------ */

static void add_mse(double *sums, const struct dae_answer *answer, const double *p) {
    (void)p;
    sums[0] += answer->mse;
}

const struct dae_figure dae_figure_mse = {
    .kind = {.name = "mse", .what = "mean squared error of the output", .example = "mse"},
    .made_of = DAE_OF_OUTPUT | DAE_OF_TARGET,
    .add = add_mse,
    .conclude = mean,
};

const struct dae_figure dae_figure_input_mse = {
    .kind = {.name = "input_mse", .what = "mean squared error of the input", .example = "input_mse"},
    .made_of = DAE_OF_INPUT | DAE_OF_TARGET,
    .of_input = true,
    .add = add_mse,
    .conclude = mean,
};

static void add_mae(double *sums, const struct dae_answer *answer, const double *p) {
    size_t size = answer->shape->size;
    (void)p;
    for (size_t i = 0; i < size; i++)
        sums[0] += fabs((double)answer->values[i] - (double)answer->targets[i]) / (double)size;
}

const struct dae_figure dae_figure_mae = {
    .kind = {.name = "mae", .what = "mean absolute error of the output", .example = "mae"},
    .made_of = DAE_OF_OUTPUT | DAE_OF_TARGET,
    .add = add_mae,
    .conclude = mean,
};

/* ---- PSNR -------------------------------------------------------------------------------------------- */

#define PEAK                                                                                           \
    {                                                                                                  \
        "peak", "the largest value that data can have, less the least", DAE_TYPE_NUMBER, DAE_BY_PLACE, \
            1e-30, 1e30, "1"                                                                           \
    }

/* An MSE relative to the square of the peak. */
static double relative(double mse, double peak) {
    return mse / peak / peak;
}

static void add_psnr(double *sums, const struct dae_answer *answer, const double *p) {
    sums[0] += dae_psnr(relative(answer->mse, p[0]));
}

static double psnr_of_mean(const double *sums, double samples, const double *p) {
    return dae_psnr(relative(sums[0] / samples, p[0]));
}

const struct dae_figure dae_figure_psnr = {
    .kind = {.name = "psnr",
             .what = "PSNR of the output in dB, mean over samples",
             .example = "psnr(peak=4095)",
             .parameters = {PEAK}},
    .made_of = DAE_OF_OUTPUT | DAE_OF_TARGET,
    .from_mse = true,
    .add = add_psnr,
    .conclude = mean,
};

const struct dae_figure dae_figure_psnr_of_mean = {
    .kind = {.name = "psnr_of_mean",
             .what = "PSNR in dB of the mean MSE of the output",
             .example = "psnr_of_mean(peak=4095)",
             .parameters = {PEAK}},
    .made_of = DAE_OF_OUTPUT | DAE_OF_TARGET,
    .from_mse = true,
    .add = add_mse,
    .conclude = psnr_of_mean,
};

const struct dae_figure dae_figure_input_psnr = {
    .kind = {.name = "input_psnr",
             .what = "PSNR of the input in dB, mean over samples",
             .example = "input_psnr(peak=4095)",
             .parameters = {PEAK}},
    .made_of = DAE_OF_INPUT | DAE_OF_TARGET,
    .of_input = true,
    .from_mse = true,
    .add = add_psnr,
    .conclude = mean,
};

const struct dae_figure dae_figure_input_psnr_of_mean = {
    .kind = {.name = "input_psnr_of_mean",
             .what = "PSNR in dB of the mean MSE of the input",
             .example = "input_psnr_of_mean(peak=4095)",
             .parameters = {PEAK}},
    .made_of = DAE_OF_INPUT | DAE_OF_TARGET,
    .of_input = true,
    .from_mse = true,
    .add = add_mse,
    .conclude = psnr_of_mean,
};
