/* Layers of pictures [channels, height, width] and signals [channels, length]. A signal is a picture of
 * one line, in which they do to the width what they do to both sides of a picture. */
#ifndef DAE_LAYERS_PICTURE_H
#define DAE_LAYERS_PICTURE_H

#include "layers/plain.h"

#include <stdint.h>

struct dae_picture {
    size_t channels, height, width;
    bool is_signal;
};

/* That of a shape which is one of both. */
static inline struct dae_picture dae_picture_of(const struct dae_shape *shape) {
    bool is_signal = shape->rank == 2;
    return (struct dae_picture){shape->dims[0], is_signal ? 1 : shape->dims[1], shape->dims[shape->rank - 1],
                                is_signal};
}

/* Takes the shape that goes into a layer; refuses one that is neither. */
dae_status dae_picture_read(struct dae_picture *picture, const dae_layer *layer,
                            const struct dae_attachment *at);

/* Gives what comes out its shape. */
dae_status dae_picture_write(const struct dae_picture *picture, struct dae_attachment *at);

/* Says which shape was found, and what the layer takes. */
dae_status dae_picture_refuse(const dae_layer *layer, const struct dae_attachment *at, const char *takes);

/* A number that a layer's parameter gives for both sides: for the height, where a signal has another
 * one. */
static inline size_t dae_picture_vertical(const struct dae_picture *picture, size_t number,
                                          size_t of_signal) {
    return picture->is_signal ? of_signal : number;
}

/* What stands beyond the ends of a side: zeros, what a mirror on the last value shows, or the last value. */
enum dae_padding { DAE_PADDING_ZEROS, DAE_PADDING_REFLECT, DAE_PADDING_REPLICATE };
#define DAE_PADDING_WORDS "zeros, reflect, replicate"

/* Which of `count` values stands at place `at` of those with `before` more before them; SIZE_MAX for a
 * zero. */
static inline size_t dae_padding_source(size_t at, size_t before, size_t count, enum dae_padding mode) {
    if (at >= before && at - before < count)
        return at - before;
    if (mode == DAE_PADDING_ZEROS)
        return SIZE_MAX;
    if (mode == DAE_PADDING_REPLICATE)
        return at < before ? 0 : count - 1;
    return at < before ? before - at : 2 * (count - 1) - (at - before);
}

#endif
