#include "layers/initializer.h"

#include <math.h>
#include <string.h>

/* Standard deviation of a standard normal distribution cut at two standard deviations. */
#define CUT_STDDEV 0.87962566103423978

const struct dae_initializer dae_initializer_glorot_uniform = {
    {.name = "glorot_uniform",
     .what = "uniform in [-l, l], l = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)",
     .example = "glorot_uniform"},
    .scale = 1,
};

const struct dae_initializer dae_initializer_glorot_normal = {
    {.name = "glorot_normal",
     .what = "normal, stddev sqrt(2 / (fan_in + fan_out)), cut at two stddev (Glorot and Bengio 2010)",
     .example = "glorot_normal"},
    .scale = 1,
    .normal = true,
};

const struct dae_initializer dae_initializer_he_uniform = {
    {.name = "he_uniform",
     .what = "uniform in [-l, l], l = sqrt(6 / fan_in) (He et al. 2015)",
     .example = "he_uniform"},
    .scale = 2,
    .fan_in_only = true,
};

const struct dae_initializer dae_initializer_he_normal = {
    {.name = "he_normal",
     .what = "normal, stddev sqrt(2 / fan_in), cut at two stddev (He et al. 2015)",
     .example = "he_normal"},
    .scale = 2,
    .fan_in_only = true,
    .normal = true,
};

const struct dae_initializer dae_initializer_zeros = {{.name = "zeros", .what = "all 0", .example = "zeros"},
                                                      .scale = 0};

static const struct dae_kind *const kinds[] = {DAE_INITIALIZER_ROWS, NULL};

const struct dae_category dae_initializer_category = {
    .name = "initializer",
    .what = "how the weights of a layer are drawn",
    .text = "initializer",
    .kinds = kinds,
};

/* Draws normal numbers and leaves out those beyond two standard deviations. */
static void fill_cut_normal(float *weights, size_t count, float stddev, struct dae_draw from) {
    float drawn[256];
    for (size_t filled = 0; filled < count; from.block += sizeof drawn / sizeof *drawn / 4) {
        memset(drawn, 0, sizeof drawn);
        dae_kernels()->add_gaussian(drawn, sizeof drawn / sizeof *drawn, 0.0f, 1.0f, from);
        for (size_t i = 0; i < sizeof drawn / sizeof *drawn && filled < count; i++)
            if (fabsf(drawn[i]) <= 2.0f)
                weights[filled++] = stddev * drawn[i];
    }
}

void dae_initializer_run(const struct dae_step *step, float *weights, size_t count, size_t fan_in,
                         size_t fan_out, struct dae_draw from) {
    const struct dae_initializer *row = (const struct dae_initializer *)step->kind;
    double fan = row->fan_in_only ? (double)fan_in : ((double)fan_in + (double)fan_out) / 2;
    if (row->scale == 0)
        return;
    if (row->normal) {
        fill_cut_normal(weights, count, (float)(sqrt(row->scale / fan) / CUT_STDDEV), from);
        return;
    }
    double limit = sqrt(3 * row->scale / fan);
    dae_kernels()->add_uniform(weights, count, (float)-limit, (float)(2 * limit), from);
}
