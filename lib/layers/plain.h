/* Layers whose values each depend on few values of the same sample: forward and backward from functions
 * that fill spans; or, where that is easier to write, from functions that do whole parts of samples. */
#ifndef DAE_LAYERS_PLAIN_H
#define DAE_LAYERS_PLAIN_H

#include "layers/layer.h"

/* Fills out[span.count] with values of Y. */
typedef void (*dae_fill_fn)(const struct dae_pass *pass, struct dae_span span, float *out);

/* Fills out[span.count] with values of what this layer adds to D of an input. */
typedef void (*dae_fill_back_fn)(const struct dae_pass *pass, size_t input, struct dae_span span, float *out);

dae_status dae_plain_forward(const struct dae_pass *pass, dae_fill_fn fill);
dae_status dae_plain_backward(const struct dae_pass *pass, size_t input, dae_fill_back_fn fill);

enum { DAE_STRIP = 1024 }; /* the most values of a span that is filled */

/* Of parameters that each channel has one of, those of each value of a span: in `strip`, or where they
 * lie. */
const float *dae_span_spread(const struct dae_pass *pass, struct dae_span span, const float *parameters,
                             float strip[DAE_STRIP]);

/* Values [span.column, span.column + span.count) of a row. */
static inline float *dae_span_of(float *rows, size_t size, struct dae_span span) {
    return rows + span.row * size + span.column;
}

/* Part `index` of sample `row`: X and Y, and D of both. Y may be gone going back. */
struct dae_part {
    size_t row, index;
    const float *x, *dy;
    float *y, *dx;
};

typedef void (*dae_part_fn)(const struct dae_pass *pass, struct dae_part part);

/* For layers that make each part of Y from the same part of X, their only input: samples are cut into
 * `parts` of one size, such as the channels, or are one part. `fill` fills y; `add` adds to dx. */
dae_status dae_parts_forward(const struct dae_pass *pass, size_t parts, dae_part_fn fill);
dae_status dae_parts_backward(const struct dae_pass *pass, size_t parts, dae_part_fn add);

#endif
