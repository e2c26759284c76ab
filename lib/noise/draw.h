/* Numbers that are drawn for each sample, in the place of a parameter. */
#ifndef DAE_NOISE_DRAW_H
#define DAE_NOISE_DRAW_H

#include "core/kind.h"

/* A kind of draw: what its value is for a u in [0,1), and between which ends that lies. */
struct dae_draw_kind {
    struct dae_kind kind;
    double (*value)(const struct dae_value *values, double u);
    void (*range)(const struct dae_value *values, double *low, double *high);
};

extern const struct dae_category dae_draw_category;

/* The value of a draw for a u in [0,1). */
double dae_draw_value(const struct dae_step *draw, double u);

#endif
