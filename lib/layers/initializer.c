#include "layers/initializer.h"
#include "core/size.h"

#include <dae/layer.h>

#include <math.h>
#include <string.h>

/* Standard deviation of a standard normal distribution cut at two standard deviations. */
#define CUT_STDDEV 0.87962566103423978

/* Weights with variance scale / fan, fan being fan_in or the mean of both. */
static const struct initializer {
    const char *name;
    double scale;
    bool fan_in_only;
    bool normal;
} initializers[] = {
    [DAE_INITIALIZER_GLOROT_UNIFORM] = {"glorot_uniform", 1, false, false},
    [DAE_INITIALIZER_GLOROT_NORMAL] = {"glorot_normal", 1, false, true},
    [DAE_INITIALIZER_HE_UNIFORM] = {"he_uniform", 2, true, false},
    [DAE_INITIALIZER_HE_NORMAL] = {"he_normal", 2, true, true},
    [DAE_INITIALIZER_ZEROS] = {"zeros", 0, false, false},
};

enum { COUNT = sizeof initializers / sizeof *initializers };

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

void dae_initializer_run(int32_t initializer, float *weights, size_t count, size_t fan_in, size_t fan_out,
                         struct dae_draw from) {
    const struct initializer *row = &initializers[initializer];
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

const char *dae_initializer_name(int32_t initializer) {
    return initializer >= 0 && initializer < COUNT ? initializers[initializer].name : NULL;
}

int32_t dae_initializer_find(const char *name) {
    for (int32_t i = 0; i < COUNT; i++)
        if (strcmp(initializers[i].name, name) == 0)
            return i;
    return -1;
}
