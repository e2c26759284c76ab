#include "reference_picture.h"

#include <math.h>
#include <string.h>

enum { CHANNEL, HEIGHT, WIDTH };

static bool is(const picture *p, const char *name) {
    return strcmp(p->name, name) == 0;
}

/* The size in the height. */
static size_t vertical(const picture *p) {
    return p->is_signal ? 1 : p->size;
}

bool picture_shape(picture *p) {
    size_t v = vertical(p), margin = p->is_signal ? 0 : 2 * p->size;
    memcpy(p->out, p->in, sizeof p->out);
    if (is(p, "max_pool") || is(p, "average_pool")) {
        p->out[WIDTH] = (p->in[WIDTH] - p->size) / p->stride + 1;
        p->out[HEIGHT] = p->is_signal ? 1 : (p->in[HEIGHT] - p->size) / p->stride + 1;
    } else if (is(p, "upsample")) {
        p->out[WIDTH] *= p->size;
        p->out[HEIGHT] *= v;
    } else if (is(p, "depth_to_space")) {
        p->out[CHANNEL] /= p->size * v;
        p->out[WIDTH] *= p->size;
        p->out[HEIGHT] *= v;
    } else if (is(p, "space_to_depth")) {
        p->out[CHANNEL] *= p->size * v;
        p->out[WIDTH] /= p->size;
        p->out[HEIGHT] /= v;
    } else if (is(p, "pad")) {
        p->out[WIDTH] += 2 * p->size;
        p->out[HEIGHT] += margin;
    } else if (is(p, "crop")) {
        p->out[WIDTH] -= 2 * p->size;
        p->out[HEIGHT] -= margin;
    } else {
        return false;
    }
    return true;
}

static double at(const picture *p, const double *x, size_t c, size_t row, size_t column) {
    return x[(c * p->in[HEIGHT] + row) * p->in[WIDTH] + column];
}

static double pooled(const picture *p, const double *x, size_t c, size_t row, size_t column) {
    double most = -INFINITY, sum = 0;
    for (size_t i = 0; i < vertical(p); i++)
        for (size_t j = 0; j < p->size; j++) {
            double value = at(p, x, c, row * p->stride + i, column * p->stride + j);
            most = fmax(most, value);
            sum += value;
        }
    return is(p, "max_pool") ? most : sum / (double)(vertical(p) * p->size);
}

/* Where place `o` of a longer side lies in one of `count`: the value before it, and how far it is on the
 * way to the next. */
static size_t locate(size_t o, size_t factor, size_t count, double *part) {
    double place = fmin(fmax(((double)o + 0.5) / (double)factor - 0.5, 0), (double)(count - 1));
    size_t before = (size_t)place;
    *part = place - (double)before;
    return before;
}

static double upsampled(const picture *p, const double *x, size_t c, size_t row, size_t column) {
    size_t v = vertical(p);
    if (strcmp(p->word, "bilinear") != 0)
        return at(p, x, c, row / v, column / p->size);
    double s, t, sum = 0;
    size_t i = locate(row, v, p->in[HEIGHT], &s), j = locate(column, p->size, p->in[WIDTH], &t);
    for (size_t k = 0; k < 4; k++) {
        double weight = (k / 2 == 0 ? 1 - s : s) * (k % 2 == 0 ? 1 - t : t);
        if (weight > 0)
            sum += weight * at(p, x, c, i + k / 2, j + k % 2);
    }
    return sum;
}

static double widened(const picture *p, const double *x, size_t c, size_t row, size_t column) {
    size_t v = vertical(p), deep = (c * v + row % v) * p->size + column % p->size;
    return at(p, x, deep, row / v, column / p->size);
}

static double deepened(const picture *p, const double *x, size_t c, size_t row, size_t column) {
    size_t v = vertical(p), place = c % (v * p->size);
    return at(p, x, c / (v * p->size), row * v + place / p->size, column * p->size + place % p->size);
}

/* The value that stands at a place which may be beyond the ends; -1 for a zero. */
static long inside(long place, size_t count, const char *kind) {
    long last = (long)count - 1;
    if (place >= 0 && place <= last)
        return place;
    if (strcmp(kind, "zeros") == 0)
        return -1;
    if (strcmp(kind, "replicate") == 0)
        return place < 0 ? 0 : last;
    return place < 0 ? -place : 2 * last - place;
}

static double padded(const picture *p, const double *x, size_t c, size_t row, size_t column) {
    long i = inside((long)row - (long)(p->is_signal ? 0 : p->size), p->in[HEIGHT], p->word),
         j = inside((long)column - (long)p->size, p->in[WIDTH], p->word);
    return i < 0 || j < 0 ? 0 : at(p, x, c, (size_t)i, (size_t)j);
}

static double value(const picture *p, const double *x, size_t c, size_t row, size_t column) {
    if (is(p, "upsample"))
        return upsampled(p, x, c, row, column);
    if (is(p, "depth_to_space"))
        return widened(p, x, c, row, column);
    if (is(p, "space_to_depth"))
        return deepened(p, x, c, row, column);
    if (is(p, "pad"))
        return padded(p, x, c, row, column);
    if (is(p, "crop"))
        return at(p, x, c, row + (p->is_signal ? 0 : p->size), column + p->size);
    return pooled(p, x, c, row, column);
}

void picture_run(const picture *p, const double *x, double *y) {
    for (size_t c = 0; c < p->out[CHANNEL]; c++)
        for (size_t row = 0; row < p->out[HEIGHT]; row++)
            for (size_t column = 0; column < p->out[WIDTH]; column++)
                *y++ = value(p, x, c, row, column);
}
