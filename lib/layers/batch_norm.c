/* Batch normalization (Ioffe and Szegedy 2015) over the channels, which a flat sample is all made of: with
 * the mean m[c] and variance v[c] of the n values that a channel has in a batch,
 *
 *     y = w[c] (x - m[c]) / sqrt(v[c] + epsilon) + b[c]
 *     dx = w[c] / sqrt(v[c] + epsilon) (d - sum d / n - (x - m[c]) sum (d (x - m[c])) / (n (v[c] + epsilon)))
 *     dw = sum d (x - m[c]) / sqrt(v[c] + epsilon), db = sum d
 *
 * Outside of training, and while the layer is frozen, m and v are running_mean and running_var, constants,
 * which a good step moves towards those of its batch. Sums are made in double, in parts of the batch, in an
 * order that shapes decide. */
#include "core/memory.h"
#include "layers/plain.h"
#include "math/loops.h"

#include <math.h>

enum {
    LANES = 8,
    PARTS = 8,    /* of a batch, at most */
    COLUMNS = 64, /* of flat samples, for a task */
};

/* Adds a to a sum and a (b - shift) to another, value i in lane i % LANES, the lanes one after the other. */
typedef void dae_moments_loop(const float *a, const float *b, double shift, size_t count, double *sum,
                              double *product);

/* The same for each column of rows `stride` values apart. */
typedef void dae_column_moments_loop(const float *a, const float *b, const double *shifts, size_t rows,
                                     size_t stride, size_t count, double *sums, double *products);

DAE_DECLARE_LOOP(dae_moments_loop, moments)
DAE_DECLARE_LOOP(dae_column_moments_loop, column_moments)

#ifdef DAE_KERNELS_TARGET

void DAE_LOOP(moments)(const float *a, const float *b, double shift, size_t count, double *sum,
                       double *product) {
    double sums[LANES] = {0}, products[LANES] = {0};
    size_t whole = count / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            sums[lane] += (double)a[i + lane];
            products[lane] += (double)a[i + lane] * ((double)b[i + lane] - shift);
        }
    for (size_t i = whole; i < count; i++) {
        sums[i - whole] += (double)a[i];
        products[i - whole] += (double)a[i] * ((double)b[i] - shift);
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        *sum += sums[lane];
        *product += products[lane];
    }
}

void DAE_LOOP(column_moments)(const float *a, const float *b, const double *shifts, size_t rows,
                              size_t stride, size_t count, double *sums, double *products) {
    for (size_t row = 0; row < rows; row++, a += stride, b += stride)
        for (size_t i = 0; i < count; i++) {
            sums[i] += (double)a[i];
            products[i] += (double)a[i] * ((double)b[i] - shifts[i]);
        }
}

#else

enum { EPSILON, MOMENTUM };
enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR, TENSORS };

static size_t channels_of(const struct dae_pass *pass) {
    return pass->output->shape->dims[0];
}

static size_t values_of(const struct dae_pass *pass) {
    return pass->output->shape->size / channels_of(pass);
}

/* One of the layer's tensors, which all have a value for each channel. */
static const float *tensor_of(const struct dae_pass *pass, size_t which) {
    return pass->parameters + which * channels_of(pass);
}

static bool is_of_batch(const struct dae_pass *pass) {
    return pass->training && !pass->frozen;
}

static dae_status attach(const dae_layer *layer, struct dae_attachment *at) {
    (void)layer;
    at->output = *at->inputs[0];
    const size_t *channels = at->output.dims;
    DAE_TRY(dae_attachment_add_tensor(at, "weight", 1, channels));
    DAE_TRY(dae_attachment_add_tensor(at, "bias", 1, channels));
    DAE_TRY(dae_attachment_add_statistic(at, "running_mean", 1, channels));
    return dae_attachment_add_statistic(at, "running_var", 1, channels);
}

static void initialize(const dae_layer *layer, const struct dae_attachment *at, float *parameters,
                       struct dae_draw from) {
    size_t channels = at->output.dims[0];
    (void)layer, (void)from;
    for (size_t c = 0; c < channels; c++)
        parameters[WEIGHT * channels + c] = parameters[RUNNING_VAR * channels + c] = 1.0f;
}

/* ---- Memory ------------------------------------------------------------------------------------- */

/* Of each channel, what x and d are worked on with: (x - mean) factor + b; factor (d - d_mean - (x - mean)
 * slope). In training, the mean and variance of the batch, and sums [PARTS, channels] of x or d and of their
 * products. */
struct own {
    float *mean, *factor, *d_mean, *slope;
    double *means, *variances, *sums, *products;
};

static void release(void *memory) {
    struct own *own = memory;
    dae_release(own->mean);
    dae_release(own->means);
    dae_release(own);
}

static dae_status reserve(const struct dae_attachment *at, const struct dae_use *use, void **memory) {
    size_t channels = at->output.dims[0];
    struct own *own = dae_allocate(1, sizeof *own);
    *memory = own;
    if (own == NULL)
        return DAE_ERROR_MEMORY;
    own->mean = dae_allocate(channels, 4 * sizeof *own->mean);
    if (own->mean == NULL)
        return DAE_ERROR_MEMORY;
    own->factor = own->mean + channels;
    own->d_mean = own->mean + 2 * channels;
    own->slope = own->mean + 3 * channels;
    if (!use->training)
        return DAE_OK;
    own->means = dae_allocate(channels, (2 + 2 * PARTS) * sizeof *own->means);
    if (own->means == NULL)
        return DAE_ERROR_MEMORY;
    own->variances = own->means + channels;
    own->sums = own->means + 2 * channels;
    own->products = own->sums + PARTS * channels;
    return DAE_OK;
}

/* ---- Sums --------------------------------------------------------------------------------------- */

/* Sums over the rows of a batch of a and of a (b - shift of the channel). */
struct summing {
    const struct dae_pass *pass;
    const float *a, *b;
    const double *shifts;
    size_t parts, blocks; /* of the rows; of the channels, 1 or COLUMNS each */
};

static size_t parts_of(const struct dae_pass *pass) {
    return dae_size_min(pass->batch, PARTS);
}

static void sum_channel(const struct summing *s, size_t first, size_t end, size_t channel, double *sum,
                        double *product) {
    static dae_moments_loop *const loops[DAE_TARGETS] = DAE_LOOPS(moments);
    size_t size = s->pass->output->shape->size, values = values_of(s->pass);
    for (size_t row = first; row < end; row++) {
        size_t at = row * size + channel * values;
        loops[dae_kernels()->target](s->a + at, s->b + at, s->shifts[channel], values, sum, product);
    }
}

static dae_status sum_part(void *context, size_t task) {
    static dae_column_moments_loop *const loops[DAE_TARGETS] = DAE_LOOPS(column_moments);
    const struct summing *s = context;
    const struct own *own = s->pass->own;
    size_t channels = channels_of(s->pass), part = task / s->blocks, block = task % s->blocks,
           first = s->pass->batch * part / s->parts, end = s->pass->batch * (part + 1) / s->parts;
    bool flat = values_of(s->pass) == 1;
    size_t channel = flat ? block * COLUMNS : block,
           count = flat ? dae_size_min(COLUMNS, channels - channel) : 1;
    double *sums = own->sums + part * channels + channel,
           *products = own->products + part * channels + channel;
    for (size_t i = 0; i < count; i++)
        sums[i] = products[i] = 0;
    if (!flat)
        sum_channel(s, first, end, channel, sums, products);
    else
        loops[dae_kernels()->target](s->a + first * channels + channel, s->b + first * channels + channel,
                                     s->shifts + channel, end - first, channels, count, sums, products);
    return DAE_OK;
}

/* Sums of all parts, in their order, into those of the first. */
static dae_status sum_up(const struct dae_pass *pass, const float *a, const float *b, const double *shifts) {
    const struct own *own = pass->own;
    size_t channels = channels_of(pass), columns = values_of(pass) == 1 ? COLUMNS : 1;
    struct summing s = {pass, a, b, shifts, parts_of(pass), dae_size_divide_up(channels, columns)};
    DAE_TRY(dae_pool_run(pass->pool, sum_part, &s, s.parts * s.blocks));
    for (size_t part = 1; part < s.parts; part++)
        for (size_t c = 0; c < channels; c++) {
            own->sums[c] += own->sums[part * channels + c];
            own->products[c] += own->products[part * channels + c];
        }
    return DAE_OK;
}

static double count_of(const struct dae_pass *pass) {
    return (double)pass->batch * (double)values_of(pass);
}

/* ---- Forward ------------------------------------------------------------------------------------ */

/* Mean and variance of the batch, from sums of deviations from the first value s of each channel:
 * sum x (x - s) - s sum (x - s) = sum (x - s)^2. What is too large for a float becomes NaN, so that the step
 * is refused. */
static dae_status measure(const struct dae_pass *pass) {
    struct own *own = pass->own;
    const float *x = pass->inputs[0]->y;
    size_t channels = channels_of(pass), values = values_of(pass);
    double n = count_of(pass);
    if (n < 2)
        return dae_fail(DAE_ERROR_SHAPE, "batch_norm: a batch of one sample has one value of each channel, "
                                         "expected more in training: another batch size leaves no sample "
                                         "over");
    for (size_t c = 0; c < channels; c++)
        own->means[c] = (double)x[c * values];
    DAE_TRY(sum_up(pass, x, x, own->means));
    for (size_t c = 0; c < channels; c++) {
        double shift = own->means[c], deviation = own->sums[c] - n * shift;
        double variance = (own->products[c] - shift * deviation - deviation * (deviation / n)) / n;
        variance = variance < 0 ? 0 : variance;
        own->variances[c] = isfinite((float)(variance * n / (n - 1))) ? variance : (double)NAN;
        own->means[c] = shift + deviation / n;
    }
    return DAE_OK;
}

/* What the pass works with, from the batch or from the running statistics. */
static void set_channels(const struct dae_pass *pass) {
    struct own *own = pass->own;
    size_t channels = channels_of(pass);
    double epsilon = pass->layer->values[EPSILON].number;
    for (size_t c = 0; c < channels; c++) {
        double variance = is_of_batch(pass) ? own->variances[c] : (double)tensor_of(pass, RUNNING_VAR)[c];
        own->mean[c] = is_of_batch(pass) ? (float)own->means[c] : tensor_of(pass, RUNNING_MEAN)[c];
        own->factor[c] = (float)((double)tensor_of(pass, WEIGHT)[c] / sqrt(variance + epsilon));
    }
}

/* y = (x - mean) factor + b, for a strip of x, which may be y */
static void normalize(const struct dae_pass *pass, struct dae_span span, const float *x, float *y) {
    float strips[3][DAE_STRIP];
    const struct own *own = pass->own;
    const float *mean = dae_span_spread(pass, span, own->mean, strips[0]),
                *factor = dae_span_spread(pass, span, own->factor, strips[1]),
                *b = dae_span_spread(pass, span, tensor_of(pass, BIAS), strips[2]);
    for (size_t i = 0; i < span.count; i++)
        y[i] = (x[i] - mean[i]) * factor[i] + b[i];
}

static void fill(const struct dae_pass *pass, struct dae_span span, float *out) {
    normalize(pass, span, dae_span_of(pass->inputs[0]->y, pass->output->shape->size, span), out);
}

static void work_on(const struct dae_pass *pass, struct dae_span span, float *values) {
    for (size_t done = 0; done < span.count; done += DAE_STRIP) {
        struct dae_span strip = {span.row, span.column + done, dae_size_min(DAE_STRIP, span.count - done)};
        normalize(pass, strip, values + done, values + done);
    }
}

static dae_status forward(const struct dae_pass *pass) {
    if (is_of_batch(pass))
        DAE_TRY(measure(pass));
    set_channels(pass);
    return dae_plain_forward(pass, fill);
}

/* ---- Backward ----------------------------------------------------------------------------------- */

static dae_status gradients(const struct dae_pass *pass) {
    struct own *own = pass->own;
    size_t channels = channels_of(pass);
    double n = count_of(pass), epsilon = pass->layer->values[EPSILON].number;
    for (size_t c = 0; c < channels && !is_of_batch(pass); c++) {
        own->means[c] = (double)tensor_of(pass, RUNNING_MEAN)[c];
        own->variances[c] = (double)tensor_of(pass, RUNNING_VAR)[c];
    }
    DAE_TRY(sum_up(pass, pass->output->d, pass->inputs[0]->y, own->means));
    for (size_t c = 0; c < channels; c++) {
        double variance = own->variances[c] + epsilon;
        pass->gradient[WEIGHT * channels + c] = (float)(own->products[c] / sqrt(variance));
        pass->gradient[BIAS * channels + c] = (float)own->sums[c];
        pass->gradient[RUNNING_MEAN * channels + c] = pass->gradient[RUNNING_VAR * channels + c] = 0.0f;
        own->d_mean[c] = is_of_batch(pass) ? (float)(own->sums[c] / n) : 0.0f;
        own->slope[c] = is_of_batch(pass) ? (float)(own->products[c] / (n * variance)) : 0.0f;
    }
    return DAE_OK;
}

static void fill_back(const struct dae_pass *pass, size_t input, struct dae_span span, float *out) {
    float strips[4][DAE_STRIP];
    const struct own *own = pass->own;
    size_t size = pass->output->shape->size;
    const float *mean = dae_span_spread(pass, span, own->mean, strips[0]),
                *factor = dae_span_spread(pass, span, own->factor, strips[1]),
                *d_mean = dae_span_spread(pass, span, own->d_mean, strips[2]),
                *slope = dae_span_spread(pass, span, own->slope, strips[3]),
                *x = dae_span_of(pass->inputs[input]->y, size, span),
                *d = dae_span_of(pass->output->d, size, span);
    for (size_t i = 0; i < span.count; i++)
        out[i] = factor[i] * ((d[i] - d_mean[i]) - (x[i] - mean[i]) * slope[i]);
}

static dae_status backward(const struct dae_pass *pass, size_t input) {
    return dae_plain_backward(pass, input, fill_back);
}

/* running += momentum (that of the batch - running), of the variance with n - 1 in the place of n */
static void take_over(const struct dae_pass *pass, float *parameters) {
    const struct own *own = pass->own;
    size_t channels = channels_of(pass);
    float *means = parameters + RUNNING_MEAN * channels, *variances = parameters + RUNNING_VAR * channels;
    double n = count_of(pass), momentum = pass->layer->values[MOMENTUM].number;
    for (size_t c = 0; c < channels; c++) {
        double mean = (double)means[c], variance = (double)variances[c];
        means[c] = (float)(mean + momentum * (own->means[c] - mean));
        variances[c] = (float)(variance + momentum * (own->variances[c] * n / (n - 1) - variance));
    }
}

/* ---- The row ------------------------------------------------------------------------------------ */

const struct dae_layer_kind dae_layer_batch_norm = {
    .kind =
        {.name = "batch_norm",
         .what = "each channel with mean 0 and variance 1 in a batch, then y = w x + b (Ioffe, Szegedy 2015)",
         .example = "batch_norm",
         .parameters = {[EPSILON] = {.name = "epsilon",
                                     .what = "added to variances; 1e-5 as in PyTorch, Keras has 1e-3",
                                     .type = DAE_TYPE_NUMBER,
                                     .flags = DAE_FLOAT | DAE_OPEN_LOW,
                                     .low = 0,
                                     .high = 1,
                                     .fallback = "1e-05"},
                        [MOMENTUM] = {.name = "momentum",
                                      .what = "share of a batch in running statistics; 0.1 as in PyTorch, "
                                              "Keras' 0.99 would be 0.01",
                                      .type = DAE_TYPE_NUMBER,
                                      .flags = DAE_FLOAT | DAE_OPEN_LOW,
                                      .low = 0,
                                      .high = 1,
                                      .fallback = "0.1"}}},
    .attach = attach,
    .initialize = initialize,
    .forward = forward,
    .prepare = set_channels,
    .work_on = work_on,
    .backward = backward,
    .gradients = gradients,
    .take_over = take_over,
    .reach = dae_reach_place,
    .reserve = reserve,
    .release = release,
};

#endif
