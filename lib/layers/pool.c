/* Pooling, the greatest value or the mean of each window of size x size (size in a signal), windows
 * `stride` apart. Windows that do not fit exactly are refused; Keras' "valid" and PyTorch leave out what
 * is left over. */
#include "layers/picture.h"

#include <stdio.h>
#include <string.h>

enum { SIZE, STRIDE };

static size_t size_of(const dae_layer *layer) {
    return (size_t)layer->values[SIZE].number;
}

static size_t stride_of(const dae_layer *layer) {
    return layer->values[STRIDE].count > 0 ? (size_t)layer->values[STRIDE].number : size_of(layer);
}

/* Windows in a side, 0 where they do not fit. */
static size_t windows_in(size_t side, size_t size, size_t stride) {
    return side >= size && (side - size) % stride == 0 ? (side - size) / stride + 1 : 0;
}

static dae_status attach(const dae_layer *layer, struct dae_attachment *at) {
    struct dae_picture p;
    size_t size = size_of(layer), stride = stride_of(layer);
    char takes[160];
    DAE_TRY(dae_picture_read(&p, layer, at));
    p.width = windows_in(p.width, size, stride);
    p.height = dae_picture_vertical(&p, windows_in(p.height, size, stride), 1);
    if (p.width == 0 || p.height == 0) {
        snprintf(takes, sizeof takes, "sides of %zu and multiples of its stride %zu more", size, stride);
        return dae_picture_refuse(layer, at, takes);
    }
    return dae_picture_write(&p, at);
}

static struct dae_reach reach(const dae_layer *layer, const struct dae_attachment *at, size_t axis) {
    (void)at, (void)axis;
    return (struct dae_reach){
        .in = stride_of(layer), .out = 1, .low = 0, .high = (ptrdiff_t)size_of(layer) - 1};
}

/* What the windows of a channel are, with the height of each. */
struct windows {
    size_t width, height, row; /* how many of them, and the values of a row of X */
    size_t size, size_y, stride;
};

static struct windows windows_of(const struct dae_pass *pass) {
    struct dae_picture in = dae_picture_of(pass->inputs[0]->shape), out = dae_picture_of(pass->output->shape);
    size_t size = size_of(pass->layer);
    return (struct windows){
        out.width, out.height, in.width, size, dae_picture_vertical(&in, size, 1), stride_of(pass->layer)};
}

/* Calls line(of a row of Y, of a row of X, ...) with the numbers of the commonest windows as constants. */
#define WITH_CONSTANTS(line, w, y, x)                           \
    do {                                                        \
        if ((w)->size == 2 && (w)->stride == 2)                 \
            line((y), (x), (w)->width, 2, 2);                   \
        else                                                    \
            line((y), (x), (w)->width, (w)->size, (w)->stride); \
    } while (0)

/* ---- The greatest value ---------------------------------------------------------------------------- */

/* The first of both where they are equal; NaN wins. Without a branch, so that vectors can do it. */
static inline float greater_of(float first, float next) {
    float most = next > first ? next : first;
    return next != next ? next : most;
}

/* y = max(y, the row's part of the window) */
static inline void max_row(float *restrict y, const float *restrict x, size_t width, size_t size,
                           size_t stride) {
    for (size_t k = 0; k < size; k++)
        for (size_t i = 0; i < width; i++)
            y[i] = greater_of(y[i], x[i * stride + k]);
}

/* Windows of 2 x 2, side by side. */
static void max_pairs(float *restrict y, const float *restrict x, const struct windows *w) {
    const float *below = x + w->row;
    for (size_t i = 0; i < w->width; i++)
        y[i] = greater_of(greater_of(x[2 * i], x[2 * i + 1]), greater_of(below[2 * i], below[2 * i + 1]));
}

static bool are_pairs(const struct windows *w) {
    return w->size == 2 && w->size_y == 2 && w->stride == 2;
}

static void fill_max(const struct dae_pass *pass, struct dae_part part) {
    struct windows w = windows_of(pass);
    for (size_t line = 0; line < w.height; line++) {
        const float *x = part.x + line * w.stride * w.row;
        float *y = part.y + line * w.width;
        if (are_pairs(&w)) {
            max_pairs(y, x, &w);
            continue;
        }
        for (size_t i = 0; i < w.width; i++)
            y[i] = x[i * w.stride];
        for (size_t k = 0; k < w.size_y; k++)
            WITH_CONSTANTS(max_row, &w, y, x + k * w.row);
    }
}

/* The first of the greatest values of a window gets its gradient, as in PyTorch. */
static void max_row_back(const float *x, const float *dy, float *dx, const struct windows *w) {
    for (size_t i = 0; i < w->width; i++) {
        size_t at = i * w->stride;
        float most = x[at];
        for (size_t k = 0; k < w->size_y; k++)
            for (size_t j = 0; j < w->size; j++) {
                size_t here = k * w->row + i * w->stride + j;
                bool more = x[here] > most;
                at = more ? here : at;
                most = more ? x[here] : most;
            }
        dx[at] += dy[i];
    }
}

/* The same for windows of 2 x 2, side by side, in vectors: factors of 0 and 1 say which value it is. */
static void max_pairs_back(const float *restrict x, const float *restrict dy, float *restrict dx,
                           const struct windows *w) {
    const float *below = x + w->row;
    float *dx_below = dx + w->row;
    for (size_t i = 0; i < w->width; i++) {
        float left = x[2 * i], right = x[2 * i + 1], left_below = below[2 * i],
              right_below = below[2 * i + 1];
        float is_right = right > left, is_right_below = right_below > left_below;
        float most = right > left ? right : left,
              most_below = right_below > left_below ? right_below : left_below;
        float is_below = most_below > most, d = dy[i] * (1.0f - is_below), d_below = dy[i] * is_below;
        dx[2 * i] += d * (1.0f - is_right);
        dx[2 * i + 1] += d * is_right;
        dx_below[2 * i] += d_below * (1.0f - is_right_below);
        dx_below[2 * i + 1] += d_below * is_right_below;
    }
}

static void add_max(const struct dae_pass *pass, struct dae_part part) {
    struct windows w = windows_of(pass);
    for (size_t line = 0; line < w.height; line++) {
        size_t first = line * w.stride * w.row;
        (are_pairs(&w) ? max_pairs_back : max_row_back)(part.x + first, part.dy + line * w.width,
                                                        part.dx + first, &w);
    }
}

static dae_status forward_max(const struct dae_pass *pass) {
    return dae_parts_forward(pass, pass->output->shape->dims[0], fill_max);
}

static dae_status backward_max(const struct dae_pass *pass, size_t input) {
    (void)input;
    return dae_parts_backward(pass, pass->output->shape->dims[0], add_max);
}

/* ---- The mean -------------------------------------------------------------------------------------- */

static inline void sum_row(float *y, const float *x, size_t width, size_t size, size_t stride) {
    for (size_t i = 0; i < width; i++)
        for (size_t k = 0; k < size; k++)
            y[i] += x[i * stride + k];
}

static inline void spread_row(const float *y, float *x, size_t width, size_t size, size_t stride) {
    for (size_t i = 0; i < width; i++)
        for (size_t k = 0; k < size; k++)
            x[i * stride + k] += y[i];
}

static float share_of(const struct windows *w) {
    return 1.0f / (float)(w->size * w->size_y);
}

static void fill_mean(const struct dae_pass *pass, struct dae_part part) {
    struct windows w = windows_of(pass);
    float share = share_of(&w);
    for (size_t line = 0; line < w.height; line++) {
        float *y = part.y + line * w.width;
        memset(y, 0, w.width * sizeof *y);
        for (size_t k = 0; k < w.size_y; k++)
            WITH_CONSTANTS(sum_row, &w, y, part.x + (line * w.stride + k) * w.row);
        for (size_t i = 0; i < w.width; i++)
            y[i] *= share;
    }
}

static void add_mean(const struct dae_pass *pass, struct dae_part part) {
    struct windows w = windows_of(pass);
    float share = share_of(&w), shares[DAE_STRIP];
    for (size_t line = 0; line < w.height; line++)
        for (size_t first = 0; first < w.width; first += DAE_STRIP) {
            struct windows strip = w;
            strip.width = dae_size_min(w.width - first, DAE_STRIP);
            for (size_t i = 0; i < strip.width; i++)
                shares[i] = part.dy[line * w.width + first + i] * share;
            for (size_t k = 0; k < w.size_y; k++)
                WITH_CONSTANTS(spread_row, &strip, shares,
                               part.dx + (line * w.stride + k) * w.row + first * w.stride);
        }
}

static dae_status forward_mean(const struct dae_pass *pass) {
    return dae_parts_forward(pass, pass->output->shape->dims[0], fill_mean);
}

static dae_status backward_mean(const struct dae_pass *pass, size_t input) {
    (void)input;
    return dae_parts_backward(pass, pass->output->shape->dims[0], add_mean);
}

/* ---- The rows ----------------------------------------------------------------------------------- */

#define WINDOW_PARAMETERS                                                 \
    {                                                                     \
        [SIZE] = {.name = "size",                                         \
                  .what = "height and width of a window",                 \
                  .type = DAE_TYPE_COUNT,                                 \
                  .flags = DAE_BY_PLACE,                                  \
                  .low = 1,                                               \
                  .high = 4096},                                          \
        [STRIDE] = {                                                      \
            .name = "stride",                                             \
            .what = "from a window to the next; size, if it is left out", \
            .type = DAE_TYPE_COUNT,                                       \
            .flags = DAE_OPTIONAL,                                        \
            .low = 1,                                                     \
            .high = 4096,                                                 \
        },                                                                \
    }

const struct dae_layer_kind dae_layer_max_pool = {
    .kind = {.name = "max_pool",
             .what = "the greatest value of each window of size x size",
             .example = "max_pool(2)",
             .parameters = WINDOW_PARAMETERS},
    .attach = attach,
    .forward = forward_max,
    .backward = backward_max,
    .reach = reach,
    .keeps_range = true,
};

const struct dae_layer_kind dae_layer_average_pool = {
    .kind = {.name = "average_pool",
             .what = "the mean of each window of size x size",
             .example = "average_pool(2)",
             .parameters = WINDOW_PARAMETERS},
    .attach = attach,
    .forward = forward_mean,
    .backward = backward_mean,
    .reach = reach,
};
