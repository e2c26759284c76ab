/* Softmax over the channels, each place of them by itself: y[c] = exp(x[c] - m) / sum_k exp(x[k] - m)
 * with m = max_k x[k], so that nothing overflows; sums in the order of channels. All values of a flat
 * sample are channels. As PyTorch's with dim=1; Keras' takes the last axis, which are its channels.
 *
 *     dx[c] += y[c] (dy[c] - sum_k dy[k] y[k]) */
#include "layers/softmax.h"
#include "layers/plain.h"

#include <string.h>

DAE_DECLARE_LOOP(dae_softmax_loop, softmax)
DAE_DECLARE_LOOP(dae_softmax_back_loop, softmax_back)

#ifdef DAE_KERNELS_TARGET

#include "math/elementary.h"

enum { PLACES = 256 }; /* that are worked on at once */

/* most[i] = max over channels, of places x[i] */
static void find_most(const float *x, float *most, size_t channels, size_t values, size_t places) {
    for (size_t i = 0; i < places; i++)
        most[i] = x[i];
    for (size_t c = 1; c < channels; c++)
        for (size_t i = 0; i < places; i++)
            most[i] = x[c * values + i] > most[i] ? x[c * values + i] : most[i];
}

/* The values of one place lie side by side. */
static void exponentials_of_place(const float *x, float *y, float most, size_t channels, float *sum) {
    for (size_t c = 0; c < channels; c++)
        y[c] = dae_exp(x[c] - most);
    for (size_t c = 0; c < channels; c++)
        *sum += y[c];
}

static void exponentials(const float *x, float *y, const float *most, size_t places, float *sum) {
    for (size_t i = 0; i < places; i++) {
        y[i] = dae_exp(x[i] - most[i]);
        sum[i] += y[i];
    }
}

void DAE_LOOP(softmax)(const float *x, float *y, size_t channels, size_t values) {
    float most[PLACES], sum[PLACES];
    for (size_t first = 0; first < values; first += PLACES, x += PLACES, y += PLACES) {
        size_t places = values - first < PLACES ? values - first : PLACES;
        find_most(x, most, channels, values, places);
        memset(sum, 0, places * sizeof *sum);
        if (values == 1)
            exponentials_of_place(x, y, most[0], channels, sum);
        for (size_t c = 0; c < channels && values > 1; c++)
            exponentials(x + c * values, y + c * values, most, places, sum);
        for (size_t i = 0; i < places; i++)
            sum[i] = 1.0f / sum[i];
        for (size_t c = 0; c < channels; c++)
            for (size_t i = 0; i < places; i++)
                y[c * values + i] *= sum[i];
    }
}

/* The exponentials are worked out again, as Y may be gone. */
void DAE_LOOP(softmax_back)(const float *x, const float *dy, float *dx, size_t channels, size_t values) {
    float most[PLACES], sum[PLACES], dot[PLACES];
    for (size_t first = 0; first < values; first += PLACES, x += PLACES, dy += PLACES, dx += PLACES) {
        size_t places = values - first < PLACES ? values - first : PLACES;
        find_most(x, most, channels, values, places);
        memset(sum, 0, places * sizeof *sum);
        memset(dot, 0, places * sizeof *dot);
        for (size_t c = 0; c < channels; c++)
            for (size_t i = 0; i < places; i++) {
                float e = dae_exp(x[c * values + i] - most[i]);
                sum[i] += e;
                dot[i] += e * dy[c * values + i];
            }
        for (size_t i = 0; i < places; i++) {
            sum[i] = 1.0f / sum[i];
            dot[i] *= sum[i];
        }
        for (size_t c = 0; c < channels; c++)
            for (size_t i = 0; i < places; i++)
                dx[c * values + i] += dae_exp(x[c * values + i] - most[i]) * sum[i] *
                                      (dy[c * values + i] - dot[i]);
    }
}

#else

dae_softmax_loop *const dae_softmax_loops[DAE_TARGETS] = DAE_LOOPS(softmax);
dae_softmax_back_loop *const dae_softmax_back_loops[DAE_TARGETS] = DAE_LOOPS(softmax_back);

static dae_status attach(const dae_layer *layer, struct dae_attachment *at) {
    (void)layer;
    at->output = *at->inputs[0];
    return DAE_OK;
}

/* With logits, the loss applies it itself. */
static void fill(const struct dae_pass *pass, struct dae_part part) {
    const struct dae_shape *shape = pass->output->shape;
    if (pass->logits) {
        memcpy(part.y, part.x, shape->size * sizeof *part.y);
        return;
    }
    dae_softmax_loops[dae_kernels()->target](part.x, part.y, shape->dims[0], shape->size / shape->dims[0]);
}

static void add(const struct dae_pass *pass, struct dae_part part) {
    const struct dae_shape *shape = pass->output->shape;
    if (pass->logits) {
        dae_kernels()->add_rows(part.dx, part.dy, 0, 1, shape->size);
        return;
    }
    dae_softmax_back_loops[dae_kernels()->target](part.x, part.dy, part.dx, shape->dims[0],
                                                  shape->size / shape->dims[0]);
}

static dae_status forward(const struct dae_pass *pass) {
    return dae_parts_forward(pass, 1, fill);
}

static dae_status backward(const struct dae_pass *pass, size_t input) {
    (void)input;
    return dae_parts_backward(pass, 1, add);
}

const struct dae_layer_kind dae_layer_softmax = {
    .kind = {.name = "softmax",
             .what = "exp(x) over its sum over the channels, each place by itself",
             .example = "softmax"},
    .attach = attach,
    .forward = forward,
    .backward = backward,
    .reach = dae_reach_place,
};

#endif
