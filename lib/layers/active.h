/* The units of a layer that have a gradient. Behind a rectifier, a unit that gives 0 for every sample of a batch has a column
 * of zeros in D; the products of the backward pass leave it out. With a ReLU output half of all units are such,
 * and a fifth of a step's multiplications. */
#ifndef DAE_LAYERS_ACTIVE_H
#define DAE_LAYERS_ACTIVE_H

#include "layers/layer.h"

enum { DAE_ACTIVE_WIDTHS = 4 };

/* D and W without those columns and rows. */
struct dae_active {
    size_t units, inputs;
    size_t count;      /* of units with a gradient */
    size_t width;      /* columns of the compact D, zeros behind `count`; 0 when D is to be used as it is */
    uint32_t *seen;    /* [units], 0 for those without a gradient */
    uint32_t *columns; /* [count], which unit each compact column is */
    float *d;          /* [batch, width] */
    float *weights;    /* [width, inputs] */
    uint16_t *d16, *weights16; /* the same, rounded; NULL in float32 */
    float *bias;               /* [count], gradients */
    float *zeros;              /* [inputs] */
};

/* Makes room for a layer and batches of up to `batch`; *out stays NULL for layers to which this does not apply. */
dae_status dae_active_create(struct dae_active **out, const dae_layer *layer, size_t batch, bool bfloat16);
void dae_active_free(struct dae_active *active);

/* Compact matrices come in few widths, so that a backend has few shapes to prepare for; i < DAE_ACTIVE_WIDTHS. */
size_t dae_active_width(const struct dae_active *active, size_t i);

/* Looks for the units of a pass whose D is complete, and makes the compact matrices. */
void dae_active_find(struct dae_active *active, const struct dae_pass *pass);

#endif
