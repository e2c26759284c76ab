/* Figures of single samples, and their means. */
#include "run/figure.h"

#include <math.h>

double dae_psnr(double mse) {
    return mse < 1e-10 ? 100 : -10 * log10(mse);
}

double dae_figure_mean(const double *sums, double samples, const double *p) {
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
    .conclude = dae_figure_mean,
};

const struct dae_figure dae_figure_input_mse = {
    .kind = {.name = "input_mse", .what = "mean squared error of the input", .example = "input_mse"},
    .made_of = DAE_OF_INPUT | DAE_OF_TARGET,
    .of_input = true,
    .add = add_mse,
    .conclude = dae_figure_mean,
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
    .conclude = dae_figure_mean,
};

const struct dae_figure dae_figure_input_mae = {
    .kind = {.name = "input_mae", .what = "mean absolute error of the input", .example = "input_mae"},
    .made_of = DAE_OF_INPUT | DAE_OF_TARGET,
    .of_input = true,
    .add = add_mae,
    .conclude = dae_figure_mean,
};

/* ---- PSNR -------------------------------------------------------------------------------------------- */

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
             .parameters = {DAE_FIGURE_PEAK}},
    .made_of = DAE_OF_OUTPUT | DAE_OF_TARGET,
    .from_mse = true,
    .add = add_psnr,
    .conclude = dae_figure_mean,
};

const struct dae_figure dae_figure_psnr_of_mean = {
    .kind = {.name = "psnr_of_mean",
             .what = "PSNR in dB of the mean MSE of the output",
             .example = "psnr_of_mean(peak=4095)",
             .parameters = {DAE_FIGURE_PEAK}},
    .made_of = DAE_OF_OUTPUT | DAE_OF_TARGET,
    .from_mse = true,
    .add = add_mse,
    .conclude = psnr_of_mean,
};

const struct dae_figure dae_figure_input_psnr = {
    .kind = {.name = "input_psnr",
             .what = "PSNR of the input in dB, mean over samples",
             .example = "input_psnr(peak=4095)",
             .parameters = {DAE_FIGURE_PEAK}},
    .made_of = DAE_OF_INPUT | DAE_OF_TARGET,
    .of_input = true,
    .from_mse = true,
    .add = add_psnr,
    .conclude = dae_figure_mean,
};

const struct dae_figure dae_figure_input_psnr_of_mean = {
    .kind = {.name = "input_psnr_of_mean",
             .what = "PSNR in dB of the mean MSE of the input",
             .example = "input_psnr_of_mean(peak=4095)",
             .parameters = {DAE_FIGURE_PEAK}},
    .made_of = DAE_OF_INPUT | DAE_OF_TARGET,
    .of_input = true,
    .from_mse = true,
    .add = add_mse,
    .conclude = psnr_of_mean,
};

/* ---- SNR --------------------------------------------------------------------------------------------- */

/* A sample of zeros has none. */
static void add_snr(double *sums, const struct dae_answer *answer, const double *p) {
    (void)p;
    if (answer->signal > 0) {
        sums[0] += dae_psnr(answer->mse / answer->signal);
        sums[1]++;
    }
}

static double snr(const double *sums, double samples, const double *p) {
    (void)samples, (void)p;
    return sums[0] / sums[1];
}

static void add_powers(double *sums, const struct dae_answer *answer, const double *p) {
    (void)p;
    sums[0] += answer->mse;
    sums[1] += answer->signal;
}

static double snr_of_mean(const double *sums, double samples, const double *p) {
    (void)samples, (void)p;
    return sums[1] > 0 ? dae_psnr(sums[0] / sums[1]) : (double)NAN;
}

const struct dae_figure dae_figure_snr = {
    .kind = {.name = "snr", .what = "SNR of the output in dB, mean over samples", .example = "snr"},
    .made_of = DAE_OF_OUTPUT | DAE_OF_TARGET,
    .add = add_snr,
    .conclude = snr,
};

const struct dae_figure dae_figure_snr_of_mean = {
    .kind = {.name = "snr_of_mean",
             .what = "SNR in dB of the mean square and mean MSE of the output",
             .example = "snr_of_mean"},
    .made_of = DAE_OF_OUTPUT | DAE_OF_TARGET,
    .add = add_powers,
    .conclude = snr_of_mean,
};

const struct dae_figure dae_figure_input_snr = {
    .kind = {.name = "input_snr",
             .what = "SNR of the input in dB, mean over samples",
             .example = "input_snr"},
    .made_of = DAE_OF_INPUT | DAE_OF_TARGET,
    .of_input = true,
    .add = add_snr,
    .conclude = snr,
};

const struct dae_figure dae_figure_input_snr_of_mean = {
    .kind = {.name = "input_snr_of_mean",
             .what = "SNR in dB of the mean square and mean MSE of the input",
             .example = "input_snr_of_mean"},
    .made_of = DAE_OF_INPUT | DAE_OF_TARGET,
    .of_input = true,
    .add = add_powers,
    .conclude = snr_of_mean,
};
