#include "reference_convolution.h"

#include <string.h>

static long most(long a, long b) {
    return a > b ? a : b;
}

/* As TensorFlow's guide has "same", and PyTorch's pages the rest. */
void convolution_shape(convolution *c) {
    c->out[0] = (long)c->units;
    for (int axis = 0; axis < 2; axis++) {
        long n = c->in[1 + axis], s = c->stride[axis], reach = c->dilation[axis] * (c->size[axis] - 1),
             padding = c->padding[axis], *out = &c->out[1 + axis];
        if (padding >= 0 && c->transposed)
            *out = (n - 1) * s - 2 * padding + reach + c->more[axis] + 1;
        else if (padding >= 0)
            *out = (n + 2 * padding - reach - 1) / s + 1;
        else if (c->transposed)
            *out = n * s;
        else
            *out = (n + s - 1) / s;
        long around = c->transposed || n % s == 0 ? reach + 1 - s : reach + 1 - n % s;
        c->before[axis] = padding >= 0 ? padding : most(around, 0) / 2;
    }
}

/* The value that stands at a place which may be beyond the ends; -1 for a zero. */
static long inside(long place, long count, const char *mode) {
    if (place >= 0 && place < count)
        return place;
    if (strcmp(mode, "replicate") == 0)
        return place < 0 ? 0 : count - 1;
    if (strcmp(mode, "reflect") == 0)
        return place < 0 ? -place : 2 * (count - 1) - place;
    return -1;
}

/* Calls for each weight: unit or channel of either side, and its number. */
#define FOR_WEIGHTS(c, many, few, number)                                                          \
    for (long many = 0, number = 0; many < ((c)->transposed ? (c)->in[0] : (c)->out[0]); many++)   \
        for (long few = 0; few < ((c)->transposed ? (c)->out[0] : (c)->in[0]) / (long)(c)->groups; \
             few++, number += (c)->size[0] * (c)->size[1])

/* Which channel of the other side number `few` is, for channel `many` of `all`. */
static long partner(const convolution *c, long many, long all, long few, long others) {
    return many / (all / (long)c->groups) * (others / (long)c->groups) + few;
}

static void gather(const convolution *c, const double *w, const double *x, double *y) {
    for (long i = 0; i < c->out[1]; i++)
        for (long j = 0; j < c->out[2]; j++)
            for (long u = 0; u < c->size[0]; u++)
                for (long v = 0; v < c->size[1]; v++) {
                    long line = inside(i * c->stride[0] + u * c->dilation[0] - c->before[0], c->in[1],
                                       c->mode),
                         column = inside(j * c->stride[1] + v * c->dilation[1] - c->before[1], c->in[2],
                                         c->mode);
                    if (line >= 0 && column >= 0)
                        y[i * c->out[2] + j] += w[u * c->size[1] + v] * x[line * c->in[2] + column];
                }
}

static void scatter(const convolution *c, const double *w, const double *x, double *y) {
    for (long i = 0; i < c->in[1]; i++)
        for (long j = 0; j < c->in[2]; j++)
            for (long u = 0; u < c->size[0]; u++)
                for (long v = 0; v < c->size[1]; v++) {
                    long line = i * c->stride[0] + u * c->dilation[0] - c->before[0],
                         column = j * c->stride[1] + v * c->dilation[1] - c->before[1];
                    if (line >= 0 && line < c->out[1] && column >= 0 && column < c->out[2])
                        y[line * c->out[2] + column] += w[u * c->size[1] + v] * x[i * c->in[2] + j];
                }
}

void convolution_run(const convolution *c, const double *weights, const double *bias, const double *x,
                     double *y) {
    long in = c->in[1] * c->in[2], out = c->out[1] * c->out[2];
    for (long n = 0; n < c->out[0]; n++)
        for (long i = 0; i < out; i++)
            y[n * out + i] = bias != NULL ? bias[n] : 0;
    FOR_WEIGHTS(c, many, few, number) {
        long other = c->transposed ? partner(c, many, c->in[0], few, c->out[0])
                                   : partner(c, many, c->out[0], few, c->in[0]);
        if (c->transposed)
            scatter(c, weights + number, x + many * in, y + other * out);
        else
            gather(c, weights + number, x + other * in, y + many * out);
    }
}
