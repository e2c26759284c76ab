/* Convolutions of pictures and signals: conv2d, conv1d and their transposed forms. convolution.h says what
 * they compute, and in which order. */
#include "layers/convolution.h"
#include "layers/initializer.h"

#include <limits.h>
#include <stdio.h>

/* ---- What is written ---------------------------------------------------------------------------- */

bool dae_convolution_is_transposed(const dae_layer *layer) {
    return layer->kind == &dae_layer_conv1d_transpose || layer->kind == &dae_layer_conv2d_transpose;
}

static bool is_of_signals(const dae_layer *layer) {
    return layer->kind == &dae_layer_conv1d || layer->kind == &dae_layer_conv1d_transpose;
}

/* The number for the height (0) or width (1), where there may be one or two. */
static size_t number_of(const struct dae_value *value, size_t axis) {
    return (size_t)(value->items != NULL ? value->items[dae_size_min(axis, value->count - 1)].number
                                         : value->number);
}

static bool is_same(const struct dae_value *values) {
    const struct dae_value *padding = &values[DAE_CONVOLUTION_PADDING];
    return padding->label != NULL && padding->number == 0;
}

/* Zeros on each side. */
static size_t padding_of(const struct dae_value *values, size_t axis) {
    const struct dae_value *padding = &values[DAE_CONVOLUTION_PADDING];
    return padding->label != NULL ? 0 : number_of(padding, axis);
}

static size_t groups_of(const struct dae_value *values, size_t channels) {
    const struct dae_value *groups = &values[DAE_CONVOLUTION_GROUPS];
    return groups->label != NULL ? channels : (size_t)groups->number;
}

/* What a tap and a window are, but for sizes of sides. */
static struct dae_window window_of(const dae_layer *layer, size_t axis) {
    const struct dae_value *values = layer->values;
    if (axis == 0 && is_of_signals(layer))
        return (struct dae_window){.size = 1, .stride = 1, .dilation = 1};
    return (struct dae_window){.size = number_of(&values[DAE_CONVOLUTION_SIZE], axis),
                               .stride = number_of(&values[DAE_CONVOLUTION_STRIDE], axis),
                               .dilation = number_of(&values[DAE_CONVOLUTION_DILATION], axis)};
}

static size_t span_of(const struct dae_window *w) {
    return (w->size - 1) * w->dilation + 1;
}

static const char *check_list(const struct dae_value *value, const char *expected) {
    bool words = false;
    for (size_t i = 0; value->items != NULL && i < value->count; i++)
        words = words || value->items[i].label != NULL;
    return value->count > 2 || words ? expected : NULL;
}

const char *dae_convolution_check(const struct dae_value *values) {
    static const char *const expected[] = {
        [DAE_CONVOLUTION_SIZE] = "size with one number or two",
        [DAE_CONVOLUTION_STRIDE] = "stride with one number or two",
        [DAE_CONVOLUTION_DILATION] = "dilation with one number or two",
        [DAE_CONVOLUTION_PADDING] = "padding with a word, one number or two",
    };
    for (size_t i = DAE_CONVOLUTION_SIZE; i <= DAE_CONVOLUTION_PADDING; i++)
        if (check_list(&values[i], expected[i]) != NULL)
            return expected[i];
    const struct dae_value *groups = &values[DAE_CONVOLUTION_GROUPS];
    if (groups->label == NULL && (size_t)values[DAE_CONVOLUTION_UNITS].number % (size_t)groups->number != 0)
        return "units that are a multiple of groups";
    return NULL;
}

const char *dae_convolution_transpose_check(const struct dae_value *values) {
    const struct dae_value *more = &values[DAE_CONVOLUTION_OUTPUT_PADDING];
    const char *expected = dae_convolution_check(values);
    if (expected != NULL)
        return expected;
    for (size_t axis = 0; axis < 2; axis++) {
        size_t stride = number_of(&values[DAE_CONVOLUTION_STRIDE], axis),
               dilation = number_of(&values[DAE_CONVOLUTION_DILATION], axis);
        if (number_of(more, axis) >= stride && number_of(more, axis) >= dilation)
            return "output_padding below stride or dilation";
        if (is_same(values) && number_of(more, axis) > 0)
            return "output_padding = 0 with padding = same";
    }
    return check_list(more, "output_padding with one number or two");
}

/* ---- Shapes ------------------------------------------------------------------------------------- */

/* Sets how far windows begin before the first value, of an axis whose sides are known. */
static void set_before(struct dae_window *w, const struct dae_value *values, size_t axis) {
    size_t all = (w->narrow - 1) * w->stride + span_of(w);
    w->before = !is_same(values) ? padding_of(values, axis) : all > w->wide ? (all - w->wide) / 2 : 0;
}

struct dae_convolution dae_convolution_of(const dae_layer *layer, const struct dae_shape *in,
                                          const struct dae_shape *out) {
    bool transposed = dae_convolution_is_transposed(layer);
    struct dae_picture wide = dae_picture_of(transposed ? out : in),
                       narrow = dae_picture_of(transposed ? in : out);
    struct dae_convolution c = {
        .y = window_of(layer, 0),
        .x = window_of(layer, 1),
        .channels = wide.channels,
        .units = narrow.channels,
        .groups = groups_of(layer->values, in->dims[0]),
        .mode = transposed ? DAE_PADDING_ZEROS : (enum dae_padding)layer->values[DAE_CONVOLUTION_MODE].number,
    };
    c.y.wide = wide.height;
    c.x.wide = wide.width;
    c.y.narrow = narrow.height;
    c.x.narrow = narrow.width;
    set_before(&c.x, layer->values, 1);
    if (!wide.is_signal)
        set_before(&c.y, layer->values, 0);
    return c;
}

/* The side that comes out of windows on one of `side` values; 0 for none. */
static size_t narrow_side(const struct dae_window *w, const struct dae_value *values, size_t axis,
                          size_t side) {
    size_t all = side + 2 * padding_of(values, axis), span = span_of(w);
    if (is_same(values))
        return dae_size_divide_up(side, w->stride);
    return all >= span ? (all - span) / w->stride + 1 : 0;
}

/* The side that `side` windows are spread over; 0 for none. */
static size_t wide_side(const struct dae_window *w, const struct dae_value *values, size_t axis,
                        size_t side) {
    size_t all, padding = 2 * padding_of(values, axis);
    if (!dae_size_multiply(side, w->stride, &all))
        return SIZE_MAX;
    if (is_same(values))
        return all;
    all = all - w->stride + span_of(w) + number_of(&values[DAE_CONVOLUTION_OUTPUT_PADDING], axis);
    return all > padding ? all - padding : 0;
}

/* Sets the shape of what comes out; refuses what would be empty. */
static dae_status set_sides(struct dae_picture *p, const dae_layer *layer, const struct dae_attachment *at) {
    bool transposed = dae_convolution_is_transposed(layer);
    struct dae_window y = window_of(layer, 0), x = window_of(layer, 1);
    size_t (*side)(const struct dae_window *, const struct dae_value *, size_t,
                   size_t) = transposed ? wide_side : narrow_side;
    char takes[160];
    p->width = side(&x, layer->values, 1, p->width);
    if (!p->is_signal)
        p->height = side(&y, layer->values, 0, p->height);
    if (p->width > 0 && p->height > 0)
        return DAE_OK;
    snprintf(takes, sizeof takes, "sides that its padding leaves some values of%s",
             transposed ? "" : ", as many as its windows are wide");
    return dae_picture_refuse(layer, at, takes);
}

/* Values with all that lies around them while they are worked on. */
static bool is_addressable(const struct dae_convolution *c) {
    size_t channels = c->channels > c->units ? c->channels : c->units, all, bytes;
    size_t height = (c->y.wide > c->y.narrow ? c->y.wide : c->y.narrow) + 2 * (span_of(&c->y) + c->y.stride),
           width = (c->x.wide > c->x.narrow ? c->x.wide : c->x.narrow) + 2 * (span_of(&c->x) + c->x.stride);
    return dae_size_multiply(height, width, &all) && dae_size_multiply(all, channels, &all) &&
           dae_size_multiply(all, sizeof(double), &bytes);
}

/* A mirror on the last value shows as many values as there are before it. */
static bool can_reflect(const struct dae_window *w) {
    size_t end = (w->narrow - 1) * w->stride + span_of(w);
    return w->before < w->wide && (end <= w->before + w->wide || end - w->before - w->wide < w->wide);
}

static dae_status check_sides(const dae_layer *layer, const struct dae_attachment *at) {
    struct dae_convolution c = dae_convolution_of(layer, at->inputs[0], &at->output);
    if (!is_addressable(&c))
        return dae_fail(DAE_ERROR_SHAPE, "%s: more values than can be addressed", layer->kind->kind.name);
    if (c.mode == DAE_PADDING_REFLECT && !(can_reflect(&c.y) && can_reflect(&c.x)))
        return dae_picture_refuse(layer, at, "sides longer than what is to be reflected");
    return DAE_OK;
}

static dae_status check_groups(const dae_layer *layer, const struct dae_attachment *at) {
    size_t channels = at->inputs[0]->dims[0], groups = groups_of(layer->values, channels);
    char takes[160];
    if (channels % groups == 0 && (size_t)layer->values[DAE_CONVOLUTION_UNITS].number % groups == 0)
        return DAE_OK;
    if (layer->values[DAE_CONVOLUTION_GROUPS].label != NULL)
        snprintf(takes, sizeof takes, "a number of channels that divides its %.0f units (groups=depthwise)",
                 layer->values[DAE_CONVOLUTION_UNITS].number);
    else
        snprintf(takes, sizeof takes, "a multiple of its %zu groups as channels", groups);
    return dae_picture_refuse(layer, at, takes);
}

static dae_status add_tensors(const dae_layer *layer, struct dae_attachment *at) {
    struct dae_window y = window_of(layer, 0), x = window_of(layer, 1);
    size_t in = at->inputs[0]->dims[0], units = at->output.dims[0], groups = groups_of(layer->values, in);
    bool transposed = dae_convolution_is_transposed(layer), of_signals = is_of_signals(layer);
    const size_t dims[] = {transposed ? in : units, (transposed ? units : in) / groups,
                           of_signals ? x.size : y.size, x.size};
    DAE_TRY(dae_attachment_add_tensor(at, "weight", of_signals ? 3 : 4, dims));
    if (layer->values[DAE_CONVOLUTION_BIAS].number == 0)
        return DAE_OK;
    return dae_attachment_add_tensor(at, "bias", 1, &units);
}

dae_status dae_convolution_attach(const dae_layer *layer, struct dae_attachment *at) {
    bool of_signals = is_of_signals(layer);
    if (at->inputs[0]->rank != (of_signals ? 2 : 3))
        return dae_picture_refuse(layer, at, of_signals ? "channels x length" : "channels x height x width");
    struct dae_picture p = dae_picture_of(at->inputs[0]);
    DAE_TRY(check_groups(layer, at));
    DAE_TRY(set_sides(&p, layer, at));
    p.channels = (size_t)layer->values[DAE_CONVOLUTION_UNITS].number;
    DAE_TRY(dae_picture_write(&p, at));
    DAE_TRY(check_sides(layer, at));
    return add_tensors(layer, at);
}

struct dae_reach dae_convolution_reach(const dae_layer *layer, const struct dae_attachment *at, size_t axis) {
    struct dae_convolution c = dae_convolution_of(layer, at->inputs[0], &at->output);
    struct dae_window w = axis + 1 < at->output.rank ? c.y : c.x;
    ptrdiff_t span = (ptrdiff_t)span_of(&w), before = (ptrdiff_t)w.before, stride = (ptrdiff_t)w.stride;
    if (dae_convolution_is_transposed(layer))
        return (struct dae_reach){.in = 1, .out = w.stride, .low = before - span + stride, .high = before};
    size_t end = (w.narrow - 1) * w.stride + span_of(&w), side = w.before + w.wide,
           after = end > side ? end - side : 0;
    return (struct dae_reach){.in = w.stride,
                              .out = 1,
                              .low = -before,
                              .high = span - 1 - before,
                              .edge = c.mode != DAE_PADDING_ZEROS ? (w.before > after ? w.before : after) + 1
                                                                  : 0};
}

/* Fans as Keras and PyTorch have them: values that a window is, times channels of either side. */
void dae_convolution_initialize(const dae_layer *layer, const struct dae_attachment *at, float *parameters,
                                struct dae_draw from) {
    const struct dae_shape *shape = &at->tensors[0].shape;
    size_t taps = shape->size / (shape->dims[0] * shape->dims[1]);
    dae_initializer_run(layer->values[DAE_CONVOLUTION_INITIALIZER].steps, parameters, shape->size,
                        taps * shape->dims[1], taps * shape->dims[0], from);
}

/* ---- The rows ----------------------------------------------------------------------------------- */

enum { MOST = 4096 };

#define NUMBERS(the_name, the_what, the_flags, least, ...)                                    \
    {                                                                                         \
        .name = (the_name), .what = (the_what), .type = DAE_TYPE_COUNT, .flags = (the_flags), \
        .low = (least), .high = MOST, __VA_ARGS__                                             \
    }

#define PARAMETERS(list, ...)                                                                              \
    {                                                                                                      \
        [DAE_CONVOLUTION_UNITS] = {.name = "units",                                                        \
                                   .what = "channels that it gives",                                       \
                                   .type = DAE_TYPE_COUNT,                                                 \
                                   .flags = DAE_BY_PLACE,                                                  \
                                   .low = 1,                                                               \
                                   .high = INT_MAX},                                                       \
        [DAE_CONVOLUTION_SIZE] = NUMBERS("size", "values of a window in each direction",                   \
                                         DAE_BY_PLACE | (list), 1, .fallback = NULL),                      \
        [DAE_CONVOLUTION_STRIDE] = NUMBERS("stride", "from a window to the next", DAE_LATER | (list), 1,   \
                                           .fallback = "1"),                                               \
        [DAE_CONVOLUTION_DILATION] = NUMBERS("dilation", "from a value of a window to the next",           \
                                             DAE_LATER | (list), 1, .fallback = "1"),                      \
        [DAE_CONVOLUTION_PADDING] = NUMBERS("padding", "how far windows reach beyond the ends", (list), 0, \
                                            .fallback = "same", .words = "same, valid"),                   \
        [DAE_CONVOLUTION_MODE] = __VA_ARGS__,                                                              \
        [DAE_CONVOLUTION_GROUPS] = {.name = "groups",                                                      \
                                    .what = "channels are cut into as many, which know nothing of each "   \
                                            "other; depthwise: each is one",                               \
                                    .type = DAE_TYPE_COUNT,                                                \
                                    .flags = DAE_LATER,                                                    \
                                    .low = 1,                                                              \
                                    .high = INT_MAX,                                                       \
                                    .fallback = "1",                                                       \
                                    .words = "depthwise"},                                                 \
        [DAE_CONVOLUTION_BIAS] = {.name = "bias",                                                          \
                                  .what = "whether something is added to each channel",                    \
                                  .type = DAE_TYPE_FLAG,                                                   \
                                  .flags = DAE_LATER,                                                      \
                                  .fallback = "yes"},                                                      \
        [DAE_CONVOLUTION_ACTIVATION] = {.name = "activation",                                              \
                                        .what = "what is done to each value",                              \
                                        .type = DAE_TYPE_KIND,                                             \
                                        .of = &dae_activation_category,                                    \
                                        .fallback = "linear"},                                             \
        [DAE_CONVOLUTION_INITIALIZER] = {                                                                  \
            .name = "initializer",                                                                         \
            .what = "how weights are drawn",                                                               \
            .type = DAE_TYPE_KIND,                                                                         \
            .of = &dae_initializer_category,                                                               \
            .fallback = "glorot_uniform",                                                                  \
        },                                                                                                 \
    }

#define MODE                                                                                              \
    {                                                                                                     \
        .name = "mode", .what = "what stands beyond the ends", .type = DAE_TYPE_WORD, .flags = DAE_LATER, \
        .words = DAE_PADDING_WORDS, .fallback = "zeros",                                                  \
    }
#define OUTPUT_PADDING(list) \
    NUMBERS("output_padding", "more values at the end of each side", DAE_LATER | (list), 0, .fallback = "0")

#define FUNCTIONS                                                                            \
    .attach = dae_convolution_attach, .initialize = dae_convolution_initialize,              \
    .forward = dae_convolution_forward, .backward = dae_convolution_backward,                \
    .gradients = dae_convolution_gradients, .scratch = dae_convolution_scratch,              \
    .reserve = dae_convolution_reserve, .release = dae_convolution_release, .goes_on = true, \
    .reach = dae_convolution_reach

const struct dae_layer_kind dae_layer_conv2d = {
    .kind = {.name = "conv2d",
             .what = "convolution of a picture: y[n, i, j] = a(sum w[n, c, u, v] x[c, i + u, j + v] + b[n])",
             .example = "conv2d(8, 3, activation=relu)",
             .check = dae_convolution_check,
             .parameters = PARAMETERS(DAE_LIST, MODE)},
    FUNCTIONS,
};

const struct dae_layer_kind dae_layer_conv1d = {
    .kind = {.name = "conv1d",
             .what = "convolution of a signal: y[n, i] = a(sum w[n, c, u] x[c, i + u] + b[n])",
             .example = "conv1d(8, 9, activation=relu)",
             .check = dae_convolution_check,
             .parameters = PARAMETERS(0, MODE)},
    FUNCTIONS,
};

const struct dae_layer_kind dae_layer_conv2d_transpose = {
    .kind = {.name = "conv2d_transpose",
             .what = "transposed convolution of a picture: each value is spread over a window",
             .example = "conv2d_transpose(8, 3, stride=2, activation=relu)",
             .check = dae_convolution_transpose_check,
             .parameters = PARAMETERS(DAE_LIST, OUTPUT_PADDING(DAE_LIST))},
    FUNCTIONS,
};

const struct dae_layer_kind dae_layer_conv1d_transpose = {
    .kind = {.name = "conv1d_transpose",
             .what = "transposed convolution of a signal: each value is spread over a window",
             .example = "conv1d_transpose(8, 4, stride=2, activation=relu)",
             .check = dae_convolution_transpose_check,
             .parameters = PARAMETERS(0, OUTPUT_PADDING(0))},
    FUNCTIONS,
};
