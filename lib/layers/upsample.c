/* Pictures `factor` times as high and wide, signals as long. With nearest, each value is repeated. With
 * bilinear (linear in a signal) the values are at the middles of what they stand for: place o of Y lies
 * at (o + 1/2) / f - 1/2 of X, is made of the values on both sides of that by how near they are, and of
 * the outer value alone beyond it. As Keras' UpSampling2D, and PyTorch's interpolate() with
 * align_corners=False. */
#include "layers/picture.h"

#include <math.h>

enum { FACTOR, METHOD };
enum { NEAREST, BILINEAR };
enum { MOST_FACTOR = 64, STRIP = 256 };

static dae_status attach(const dae_layer *layer, struct dae_attachment *at) {
    struct dae_picture p;
    size_t factor = (size_t)layer->values[FACTOR].number;
    DAE_TRY(dae_picture_read(&p, layer, at));
    if (!dae_size_multiply(p.width, factor, &p.width) ||
        !dae_size_multiply(p.height, dae_picture_vertical(&p, factor, 1), &p.height))
        return dae_fail(DAE_ERROR_SHAPE, "upsample: more values than can be addressed");
    return dae_picture_write(&p, at);
}

static struct dae_reach reach(const dae_layer *layer, const struct dae_attachment *at, size_t axis) {
    (void)at, (void)axis;
    size_t factor = (size_t)layer->values[FACTOR].number;
    ptrdiff_t left = (ptrdiff_t)(factor / 2);
    if (layer->values[METHOD].number == NEAREST)
        return (struct dae_reach){.in = 1, .out = factor};
    return (struct dae_reach){.in = 1, .out = factor, .low = -left, .high = (ptrdiff_t)factor - left};
}

/* What is done to a channel. Place i f + j of Y is near[j] x[i] + far[j] x[i - 1] for j < left, with x[i
 * + 1] after that. */
struct scale {
    size_t height, width, factor, factor_y, left, left_y;
    float near[MOST_FACTOR], far[MOST_FACTOR], near_y[MOST_FACTOR], far_y[MOST_FACTOR];
};

/* Weights of the places that one value becomes; returns how many of them lie before its middle. */
static size_t weigh(float *near, float *far, size_t factor, bool is_bilinear) {
    for (size_t j = 0; j < factor; j++) {
        double offset = ((double)j + 0.5) / (double)factor - 0.5;
        far[j] = is_bilinear ? (float)fabs(offset) : 0.0f;
        near[j] = 1.0f - far[j];
    }
    return factor / 2;
}

static struct scale scale_of(const struct dae_pass *pass) {
    struct dae_picture p = dae_picture_of(pass->inputs[0]->shape);
    bool is_bilinear = pass->layer->values[METHOD].number == BILINEAR;
    struct scale s = {.height = p.height, .width = p.width};
    s.factor = (size_t)pass->layer->values[FACTOR].number;
    s.factor_y = dae_picture_vertical(&p, s.factor, 1);
    s.left = weigh(s.near, s.far, s.factor, is_bilinear);
    s.left_y = weigh(s.near_y, s.far_y, s.factor_y, is_bilinear);
    return s;
}

/* The line of X that is the far one of place `j` of line `y`. */
static size_t far_line(const struct scale *s, size_t y, size_t j) {
    if (j < s->left_y)
        return y > 0 ? y - 1 : 0;
    return y + 1 < s->height ? y + 1 : y;
}

/* ---- Nearest -------------------------------------------------------------------------------------- */

static inline void repeat(const float *x, float *y, size_t count, size_t factor) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < factor; j++)
            y[i * factor + j] = x[i];
}

static inline void add_repeated(const float *dy, float *dx, size_t count, size_t factor) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < factor; j++)
            dx[i] += dy[i * factor + j];
}

static void fill_nearest(const struct scale *s, struct dae_part part) {
    for (size_t line = 0; line < s->height * s->factor_y; line++) {
        const float *x = part.x + line / s->factor_y * s->width;
        float *y = part.y + line * s->width * s->factor;
        if (s->factor == 2)
            repeat(x, y, s->width, 2);
        else
            repeat(x, y, s->width, s->factor);
    }
}

static void add_nearest(const struct scale *s, struct dae_part part) {
    for (size_t line = 0; line < s->height * s->factor_y; line++) {
        const float *dy = part.dy + line * s->width * s->factor;
        float *dx = part.dx + line / s->factor_y * s->width;
        if (s->factor == 2)
            add_repeated(dy, dx, s->width, 2);
        else
            add_repeated(dy, dx, s->width, s->factor);
    }
}

/* ---- Bilinear ------------------------------------------------------------------------------------- */

/* x[1 + i] of both lines together, for i from -1 to count, with the ends repeated. */
static void blend(const struct scale *s, const float *near, const float *far, size_t j, size_t first,
                  size_t count, float *x) {
    float a = s->near_y[j], b = s->far_y[j];
    size_t before = first > 0 ? first - 1 : 0, after = dae_size_min(first + count, s->width - 1);
    x[0] = a * near[before] + b * far[before];
    for (size_t i = 0; i < count; i++)
        x[1 + i] = a * near[first + i] + b * far[first + i];
    x[1 + count] = a * near[after] + b * far[after];
}

/* x[1 + i] becomes `factor` places. */
static inline void stretch(const struct scale *s, const float *x, float *y, size_t count, size_t factor,
                           size_t left) {
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < left; j++)
            y[i * factor + j] = s->near[j] * x[1 + i] + s->far[j] * x[i];
        for (size_t j = left; j < factor; j++)
            y[i * factor + j] = s->near[j] * x[1 + i] + s->far[j] * x[2 + i];
    }
}

static void fill_bilinear(const struct scale *s, struct dae_part part) {
    float x[STRIP + 2];
    for (size_t line = 0; line < s->height * s->factor_y; line++) {
        size_t at = line / s->factor_y, j = line % s->factor_y;
        const float *near = part.x + at * s->width, *far = part.x + far_line(s, at, j) * s->width;
        for (size_t first = 0; first < s->width; first += STRIP) {
            size_t count = dae_size_min(STRIP, s->width - first);
            float *y = part.y + (line * s->width + first) * s->factor;
            blend(s, near, far, j, first, count, x);
            if (s->factor == 2)
                stretch(s, x, y, count, 2, 1);
            else
                stretch(s, x, y, count, s->factor, s->left);
        }
    }
}

/* NOLINTBEGIN(clang-analyzer-core.*): the analyzer holds a line to have no values */

/* sums[i] = what the places of a line add to value first + i of it: its own, those before the middle of
 * the next value, those after the middle of the one before; and at the ends what has no neighbour. */
static inline void shrink(const struct scale *s, const float *dy, size_t first, size_t count, float *sums,
                          size_t factor, size_t left) {
    size_t low = first > 0 ? 0 : 1, high = first + count < s->width ? count : count - 1;
    const float *d = dy + first * factor;
    for (size_t i = 0; i < count; i++) {
        sums[i] = 0.0f;
        for (size_t j = 0; j < factor; j++)
            sums[i] += s->near[j] * d[i * factor + j];
    }
    for (size_t i = 0; i < high; i++)
        for (size_t j = 0; j < left; j++)
            sums[i] += s->far[j] * d[(i + 1) * factor + j];
    for (size_t i = low; i < count; i++)
        for (size_t j = left; j < factor; j++)
            sums[i] += s->far[j] * d[i * factor - factor + j];
    for (size_t j = 0; j < left && first == 0; j++)
        sums[0] += s->far[j] * d[j];
    for (size_t j = left; j < factor && first + count == s->width; j++)
        sums[count - 1] += s->far[j] * d[(count - 1) * factor + j];
}

/* NOLINTEND(clang-analyzer-core.*) */

static void add_bilinear(const struct scale *s, struct dae_part part) {
    float sums[STRIP];
    for (size_t line = 0; line < s->height * s->factor_y; line++) {
        size_t at = line / s->factor_y, j = line % s->factor_y;
        const float *dy = part.dy + line * s->width * s->factor;
        for (size_t first = 0; first < s->width; first += STRIP) {
            size_t count = dae_size_min(STRIP, s->width - first);
            float *near = part.dx + at * s->width + first,
                  *far = part.dx + far_line(s, at, j) * s->width + first;
            if (s->factor == 2)
                shrink(s, dy, first, count, sums, 2, 1);
            else
                shrink(s, dy, first, count, sums, s->factor, s->left);
            for (size_t i = 0; i < count; i++)
                near[i] += s->near_y[j] * sums[i];
            for (size_t i = 0; i < count; i++)
                far[i] += s->far_y[j] * sums[i];
        }
    }
}

/* ---- The row ------------------------------------------------------------------------------------ */

static void fill(const struct dae_pass *pass, struct dae_part part) {
    struct scale s = scale_of(pass);
    if (pass->layer->values[METHOD].number == NEAREST)
        fill_nearest(&s, part);
    else
        fill_bilinear(&s, part);
}

static void add(const struct dae_pass *pass, struct dae_part part) {
    struct scale s = scale_of(pass);
    if (pass->layer->values[METHOD].number == NEAREST)
        add_nearest(&s, part);
    else
        add_bilinear(&s, part);
}

static dae_status forward(const struct dae_pass *pass) {
    return dae_parts_forward(pass, pass->output->shape->dims[0], fill);
}

static dae_status backward(const struct dae_pass *pass, size_t input) {
    (void)input;
    return dae_parts_backward(pass, pass->output->shape->dims[0], add);
}

const struct dae_layer_kind dae_layer_upsample = {
    .kind = {.name = "upsample",
             .what = "factor times the height and width",
             .example = "upsample(2)",
             .parameters = {[FACTOR] = {.name = "factor",
                                        .what = "how many places a side of one becomes",
                                        .type = DAE_TYPE_COUNT,
                                        .flags = DAE_BY_PLACE,
                                        .low = 1,
                                        .high = MOST_FACTOR},
                            [METHOD] = {.name = "method",
                                        .what = "values repeated, or straight lines between them",
                                        .type = DAE_TYPE_WORD,
                                        .words = "nearest, bilinear",
                                        .fallback = "nearest"}}},
    .attach = attach,
    .forward = forward,
    .backward = backward,
    .reach = reach,
};
