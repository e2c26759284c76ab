/* Layers whose values each depend on few values of the same sample: forward and backward from functions that
 * fill spans. */
#ifndef DAE_LAYERS_PLAIN_H
#define DAE_LAYERS_PLAIN_H

#include "layers/layer.h"

/* Fills out[span.count] with values of Y. */
typedef void (*dae_fill_fn)(const struct dae_pass *pass, struct dae_span span, float *out);

/* Fills out[span.count] with values of what this layer adds to D of an input. */
typedef void (*dae_fill_back_fn)(const struct dae_pass *pass, size_t input, struct dae_span span, float *out);

dae_status dae_plain_forward(const struct dae_pass *pass, dae_fill_fn fill);
dae_status dae_plain_backward(const struct dae_pass *pass, size_t input, dae_fill_back_fn fill);

/* Values [span.column, span.column + span.count) of a row. */
static inline float *dae_span_of(float *rows, size_t size, struct dae_span span) {
    return rows + span.row * size + span.column;
}

#endif
