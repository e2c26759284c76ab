/* A schedule by the validation loss: the rate is reduced where that gets no better. */
#include "train/governor.h"

#include <math.h>

enum { FACTOR, PATIENCE, MIN_DELTA, COOLDOWN, MIN_RATE }; /* parameters */

#define MOST_EPOCHS 4294967295.0

static double rate_plateau(double base, double reductions, const double *p) {
    return fmin(base, fmax(base * pow(p[FACTOR], reductions), p[MIN_RATE]));
}

/* After an epoch. */
static void note(struct dae_plateau *state, const double *p, double loss) {
    bool cools = state->cooling > 0;
    state->cooling -= cools;
    state->waited = cools ? 0 : state->waited + 1;
    if (!state->begun || loss < state->best - p[MIN_DELTA]) {
        state->begun = true;
        state->best = loss;
        state->waited = 0;
    } else if ((double)state->waited >= p[PATIENCE]) {
        state->reductions++;
        state->cooling = (uint64_t)p[COOLDOWN];
        state->waited = 0;
    }
}

const struct dae_governor_kind dae_governor_plateau = {
    .kind =
        {
            .name = "plateau",
            .what = "multiplies the rate by `factor` when the validation loss gets no better",
            .example = "plateau(factor=0.5, patience=3)",
            .parameters =
                {
                    {"factor", "of a reduction", DAE_TYPE_NUMBER, DAE_OPEN_LOW, 0, 1, "0.1"},
                    {"patience", "epochs without a better loss before one", DAE_TYPE_COUNT, 0, 1, MOST_EPOCHS,
                     "10"},
                    {"min_delta", "what makes a loss better, and more", DAE_TYPE_NUMBER, 0, 0, INFINITY,
                     "0.0001"},
                    {"cooldown", "epochs after a reduction that do not count", DAE_TYPE_COUNT, 0, 0,
                     MOST_EPOCHS, "0"},
                    {"min_rate", "below which reductions do not go", DAE_TYPE_NUMBER, 0, 0, DAE_MAX_RATE,
                     "0"},
                },
        },
    .rate = rate_plateau,
    .note = note,
};
