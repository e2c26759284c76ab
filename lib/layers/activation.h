/* Activations: what a layer does to each of its values. A kind is one file, and its name in lib/meson.build.
 */
#ifndef DAE_LAYERS_ACTIVATION_H
#define DAE_LAYERS_ACTIVATION_H

#include "core/kind.h"
#include "kinds.h"
#include "math/loops.h"

/* z = a(z), with the parameter of the kind. */
typedef void dae_apply_loop(float *z, size_t count, float parameter);

/* d *= a'(z), given a(z), or z where the row says so. */
typedef void dae_derive_loop(float *d, const float *a, size_t count, float parameter);

/* A row: one kind of activation. */
struct dae_activation_kind {
    struct dae_kind kind;
    /* A rectifier: a(z) = z for z >= 0 and slope z below, where the slope is the kind's parameter or this
     * one. Kernels work it out together with a bias; it has no loops. */
    bool is_rectifier;
    float slope;
    const char *singular, *plural; /* in sentences: "a sigmoid", "12 sigmoids" */
    double low, high;              /* what it can give */
    bool is_sigmoid;               /* cross-entropy may start from what went in */
    bool derives_input;            /* loops of `derive` read z, not a(z) */
    dae_apply_loop *apply[DAE_TARGETS];
    dae_derive_loop *derive[DAE_TARGETS];
};

/* An activation as a layer uses it. */
struct dae_activation {
    const struct dae_activation_kind *kind;
    float slope;     /* of a rectifier */
    float parameter; /* of the kind; 0 without one */
};

extern const struct dae_activation_kind DAE_ACTIVATION_KINDS;

extern const struct dae_category dae_activation_category;

/* Linear, as a layer uses it. */
extern const struct dae_activation dae_no_activation;

/* From a step of its category. */
struct dae_activation dae_activation_of(const struct dae_step *step);

/* Whether a(z) = z. */
static inline bool dae_activation_is_linear(const struct dae_activation *a) {
    return a->kind->is_rectifier && a->slope == 1.0f;
}

/* Whether no gradient passes where a(z) is 0. */
static inline bool dae_activation_blocks_gradient_at_zero(const struct dae_activation *a) {
    return a->kind->is_rectifier && a->slope == 0.0f;
}

/* z = a(z + bias); bias NULL for none. */
void dae_activation_apply(const struct dae_activation *a, float *z, const float *bias, size_t count);

/* d *= a'(z), given a(z), or z where the kind derives from that. */
void dae_activation_derive(const struct dae_activation *a, float *d, const float *y, size_t count);

#endif
