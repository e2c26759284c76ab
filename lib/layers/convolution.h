/* What convolutions and transposed ones have in common. Both lie between a wide side and a narrow one:
 * windows of size x size values lie on the wide side, `stride` apart, and each window is one value of the
 * narrow side.
 *
 * A convolution reads the wide side and gives the narrow one; a transposed one the other way round. Going
 * back is the same, turned around: there are two operations, and the gradient of the weights.
 *
 *     gather   narrow[n, i] = sum_{c, u} w[n, c, u] wide[c, s i + d u - p]
 *     spread   wide[c, s i + d u - p] += w[n, c, u] narrow[n, i], as the sum over n and u for each value
 *     weights  dw[n, c, u] = sum_i narrow[n, i] wide[c, s i + d u - p]
 *
 * Each value of the first two is one chain of multiply-adds from 0, in the order of the channels, rows and
 * columns of what it reads; the bias is added after that. So its bits depend on nothing else: not on the
 * batch, the size of the picture, or its place there. */
#ifndef DAE_LAYERS_CONVOLUTION_H
#define DAE_LAYERS_CONVOLUTION_H

#include "layers/picture.h"

/* The parameters of their rows. */
enum {
    DAE_CONVOLUTION_UNITS,
    DAE_CONVOLUTION_SIZE,
    DAE_CONVOLUTION_STRIDE,
    DAE_CONVOLUTION_DILATION,
    DAE_CONVOLUTION_PADDING,
    DAE_CONVOLUTION_MODE,                                  /* of convolutions */
    DAE_CONVOLUTION_OUTPUT_PADDING = DAE_CONVOLUTION_MODE, /* of transposed ones */
    DAE_CONVOLUTION_GROUPS,
    DAE_CONVOLUTION_BIAS,
    DAE_CONVOLUTION_ACTIVATION,
    DAE_CONVOLUTION_INITIALIZER
};

/* One axis of it. */
struct dae_window {
    size_t size, stride, dilation; /* taps; from window to window, from tap to tap */
    size_t before;                 /* the first window begins so far before the first value */
    size_t wide, narrow;           /* values, windows */
};

struct dae_convolution {
    struct dae_window y, x;
    size_t channels, units, groups; /* of the wide side, of the narrow one; of both */
    enum dae_padding mode;          /* of the wide side */
};

/* What a layer is, from the shapes before it and after it. */
struct dae_convolution dae_convolution_of(const dae_layer *layer, const struct dae_shape *in,
                                          const struct dae_shape *out);

/* The functions of their rows. */
const char *dae_convolution_check(const struct dae_value *values);
const char *dae_convolution_transpose_check(const struct dae_value *values);
dae_status dae_convolution_attach(const dae_layer *layer, struct dae_attachment *at);
void dae_convolution_initialize(const dae_layer *layer, const struct dae_attachment *at, float *parameters,
                                struct dae_draw from);
dae_status dae_convolution_forward(const struct dae_pass *pass);
dae_status dae_convolution_backward(const struct dae_pass *pass, size_t input);
dae_status dae_convolution_gradients(const struct dae_pass *pass);
size_t dae_convolution_scratch(const struct dae_attachment *at, size_t batch);
dae_status dae_convolution_reserve(const struct dae_attachment *at, const struct dae_use *use, void **own);
void dae_convolution_release(void *own);

struct dae_reach dae_convolution_reach(const dae_layer *layer, const struct dae_attachment *at, size_t axis);

/* How many floats of memory a thread works in, about, where a channel has so many places. */
size_t dae_convolution_thread_floats(size_t places);

/* Whether a layer is a transposed one. */
bool dae_convolution_is_transposed(const dae_layer *layer);

#endif
