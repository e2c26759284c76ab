/* Units that are rarely active: the divergence of their mean activations from a target. */
#include "math/elementary.h"
#include "objective/objective.h"

enum { TARGET };

static const char *takes_sigmoids(const dae_layer *maker) {
    return maker->activation.kind->is_sigmoid ? NULL : "what a sigmoid gives";
}

static void add(const struct dae_tap *tap, const float *y, size_t count, double *sums) {
    (void)tap;
    for (size_t i = 0; i < count; i++)
        sums[i] += (double)y[i];
}

/* The mean activation of a column over the samples, so far from 0 and 1 that the divergence is finite. */
static double mean_of(const struct dae_tap *tap, size_t column) {
    double mean = tap->sums[column] / tap->samples;
    return mean < 1e-7 ? 1e-7 : mean > 1 - 1e-7 ? 1 - 1e-7 : mean;
}

static double column_loss(const struct dae_tap *tap, size_t column) {
    double target = tap->term->parameters[TARGET], mean = mean_of(tap, column);
    return tap->samples * (target * (double)dae_log((float)(target / mean)) +
                           (1 - target) * (double)dae_log((float)((1 - target) / (1 - mean))));
}

static void slope(const struct dae_tap *tap, size_t column, const float *y, size_t count, float *out) {
    double target = tap->term->parameters[TARGET];
    (void)y; /* a mean is as steep in each sample */
    for (size_t i = 0; i < count; i++) {
        double mean = mean_of(tap, column + i);
        out[i] = (float)((double)tap->scale * ((1 - target) / (1 - mean) - target / mean));
    }
}

const struct dae_term_kind dae_objective_kl_sparsity = {
    .kind =
        {
            .name = "kl_sparsity",
            .what = "sum over units of KL(target || mean activation over the batch), of sigmoids",
            .example = "kl_sparsity(0.05, of=code)",
            .parameters =
                {
                    {"target", "mean activation that is wished for", DAE_TYPE_NUMBER,
                     DAE_BY_PLACE | DAE_OPEN_LOW | DAE_OPEN_HIGH, 0, 1},
                    {.name = "of", .what = "label of the value that it looks at", .type = DAE_TYPE_LABEL},
                    DAE_TERM_WEIGHT,
                },
        },
    .of_value = &(const struct dae_value_penalty){takes_sigmoids, false, add, column_loss, slope},
};
