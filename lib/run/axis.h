/* How far a whole network looks, from what its layers say of themselves (layers/layer.h): what has to be
 * known to run it on parts of a sample. */
#ifndef DAE_RUN_AXIS_H
#define DAE_RUN_AXIS_H

#include "model/model.h"

/* Signals have one axis, pictures two: of number 0, down a picture, a signal has one value. */
enum { DAE_AXES = 2 };

/* Along an axis, a run on part of a sample gives what a run on the whole gives, to the bit, but for the first
 * `before` and the last `after` values, where its ends are none of the whole: if the part begins at a
 * multiple of `grid`, is `rest` longer than such a multiple, as the whole is, and at least `least` long. */
struct dae_axis {
    size_t grid, rest;
    size_t before, after;
    size_t least;
};

/* Fails with DAE_ERROR_UNSUPPORTED for a layer that may look at the whole sample, and for a network that does
 * not give as many places as it takes; with DAE_ERROR_SHAPE where a layer takes one size only. */
dae_status dae_axes_find(struct dae_axis axes[DAE_AXES], const dae_model *model);

/* The first length from `size` on that is `rest` longer than a multiple of the grid. */
bool dae_axis_round_up(const struct dae_axis *axis, size_t size, size_t *length);

/* The shape of what a model takes, with these sides: those of a signal have one value down. */
dae_status dae_axes_shape(struct dae_shape *shape, const dae_model *model, const size_t sides[DAE_AXES]);

/* Refuses a model that takes something else than values in a row, signals or pictures. */
dae_status dae_axes_check(const dae_model *model);

#endif
