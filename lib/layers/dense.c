/* The fully connected layer: Y[b,n] = a(X[b,k] W[n,k]^T + c[n]). */
#include "layers/activation.h"
#include "layers/active.h"
#include "layers/initializer.h"
#include "layers/layer.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* Up to this many samples, a loop over rows of W beats packing W for a product. */
enum { SMALL_BATCH = 8 };

struct dense {
    dae_layer base;
    size_t units;
    int32_t activation;
    int32_t initializer;
    double slope; /* of leaky ReLU */
};

static const struct dense *dense_of(const dae_layer *layer) {
    return (const struct dense *)layer;
}

static size_t weight_count(const dae_layer *layer) {
    return layer->output.size * layer->input.size;
}

dae_status dae_layer_create_dense(dae_layer **out, size_t units, int32_t activation) {
    DAE_REQUIRE(out);
    if (units == 0 || units > INT_MAX)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_layer_create_dense: units is %zu, expected 1 to %d", units,
                        INT_MAX);
    if (dae_activation_get(activation) == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_layer_create_dense: activation is %d, expected one of DAE_ACTIVATION_*",
                        (int)activation);
    void *created = NULL;
    DAE_TRY(dae_layer_create(&created, sizeof(struct dense), &dae_dense_operations));
    struct dense *dense = created;
    dense->units = units;
    dense->activation = activation;
    dense->initializer = DAE_INITIALIZER_GLOROT_UNIFORM;
    dense->slope = 0.3;
    dense->base.ends_in_sigmoid = activation == DAE_ACTIVATION_SIGMOID;
    dense->base.slope = dae_activation_get(activation)->slope;
    *out = &dense->base;
    return DAE_OK;
}

/* A dense layer that may still be changed; `option` is what the caller wants to set. */
static dae_status check_setter(const dae_layer *layer, const char *option, const char *context) {
    if (layer == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: layer is NULL, expected a pointer", context);
    if (layer->operations != &dae_dense_operations)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: a %s layer has no %s, expected a dense layer", context,
                        layer->operations->name, option);
    if (atomic_load(&layer->in_model))
        return dae_fail(DAE_ERROR_STATE, "%s: the layer is in a model and can no longer be changed", context);
    return DAE_OK;
}

dae_status dae_layer_set_initializer(dae_layer *layer, int32_t initializer) {
    DAE_TRY(check_setter(layer, "initializer", __func__));
    if (dae_initializer_name(initializer) == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_layer_set_initializer: initializer is %d, expected one of DAE_INITIALIZER_*",
                        (int)initializer);
    ((struct dense *)layer)->initializer = initializer;
    return DAE_OK;
}

dae_status dae_layer_set_leaky_slope(dae_layer *layer, double slope) {
    DAE_TRY(check_setter(layer, "slope", __func__));
    struct dense *dense = (struct dense *)layer;
    if (dense->activation != DAE_ACTIVATION_LEAKY_RELU)
        return dae_fail(DAE_ERROR_ARGUMENT,
                        "dae_layer_set_leaky_slope: the layer's activation is %s, expected leaky_relu",
                        dae_activation_get(dense->activation)->name);
    if (!(slope >= 0 && slope <= 1))
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_layer_set_leaky_slope: slope is %g, expected 0 to 1", slope);
    dense->slope = slope;
    dense->base.slope = (float)slope;
    return DAE_OK;
}

static dae_status attach(dae_layer *layer, const struct dae_shape *input) {
    size_t units = dense_of(layer)->units;
    if (input->size > INT_MAX)
        return dae_fail(DAE_ERROR_SHAPE, "a dense layer takes at most %d values, the layer before gives %zu",
                        INT_MAX, input->size);
    layer->output = dae_shape_flat(units);
    DAE_TRY(dae_layer_add_tensor(layer, "weight", 2, (size_t[]){units, input->size}));
    return dae_layer_add_tensor(layer, "bias", 1, (size_t[]){units});
}

static void initialize(const dae_layer *layer, float *parameters, struct dae_draw from) {
    dae_initializer_run(dense_of(layer)->initializer, parameters, weight_count(layer), layer->input.size,
                        layer->output.size, from);
}

/* ---- Forward ------------------------------------------------------------------------------------ */

/* The rest of a part of a row of Y behind the product: bias, activation, the hook. */
static void finish_row(const struct dae_pass *pass, struct dae_tile part) {
    const struct dense *dense = dense_of(pass->layer);
    float *y = pass->y + part.row * dense->units + part.column;
    const float *bias = pass->parameters + weight_count(pass->layer) + part.column;
    bool is_rectifier = !isnan(pass->layer->slope) && !pass->logits;
    dae_kernels()->rectify(y, bias, part.columns, is_rectifier ? pass->layer->slope : 1.0f);
    if (!is_rectifier && !pass->logits)
        dae_activation_get(dense->activation)->apply(y, part.columns);
    if (pass->after_forward != NULL)
        pass->after_forward(pass->context, pass, part);
}

/* Row by row, while a row is in the first cache. */
static void finish_forward(void *context, struct dae_tile tile, const float *values, size_t stride) {
    (void)values, (void)stride;
    for (size_t row = tile.row; row < tile.row + tile.rows; row++)
        finish_row(context, (struct dae_tile){row, 1, tile.column, tile.columns, tile.index});
}

static void forward_small(const struct dae_pass *pass) {
    size_t n = pass->layer->output.size, k = pass->layer->input.size;
    for (size_t row = 0; row < pass->batch; row++) {
        dae_kernels()->affine(pass->y + row * n, pass->parameters, pass->x + row * k, n, k);
        finish_row(pass, (struct dae_tile){row, 1, 0, n, 0});
    }
}

/* A factor of a product: float32, or rounded to bfloat16. */
static struct dae_matrix factor(const float *values, const uint16_t *values16, size_t stride,
                                bool transposed) {
    return (struct dae_matrix){values16 != NULL ? (const void *)values16 : values, stride, transposed};
}

static void forward(const struct dae_pass *pass) {
    if (pass->batch <= SMALL_BATCH) {
        forward_small(pass);
        return;
    }
    size_t n = pass->layer->output.size, k = pass->layer->input.size;
    struct dae_product product = {
        .m = pass->batch,
        .n = n,
        .k = k,
        .multipliers = pass->multipliers,
        .failed = pass->failed,
        .bfloat16 = pass->x16 != NULL,
        .a = factor(pass->x, pass->x16, k, false),
        .b = factor(pass->parameters, pass->parameters16, k, true), /* Y[b,n] = X[b,k] W[n,k]^T */
        .c = pass->y,
        .c_stride = n,
        .scratch = pass->scratch,
        .after = finish_forward,
        .context = (void *)(uintptr_t)pass,
    };
    dae_product_run(pass->pool, &product);
}

/* ---- Backward ----------------------------------------------------------------------------------- */

static void derive(const struct dae_pass *pass, struct dae_span span, const float *a, float *d) {
    if (pass->logits)
        return;
    if (!isnan(pass->layer->slope))
        dae_kernels()->rectify_derive(d, a, span.count, pass->layer->slope);
    else
        dae_activation_get(dense_of(pass->layer)->activation)->derive(d, a, span.count);
}

/* D and W for the products of the backward pass, without the columns and rows that add nothing where that is known. */
struct factors {
    size_t units; /* columns of D, rows of W */
    const float *d, *weights;
    const uint16_t *d16, *weights16;
};

static struct factors factors_of(const struct dae_pass *pass) {
    const struct dae_active *a = pass->active;
    if (a == NULL || a->width == 0)
        return (struct factors){pass->layer->output.size, pass->d, pass->parameters, pass->d16,
                                pass->parameters16};
    return (struct factors){a->width, a->d, a->weights, a->d16, a->weights16};
}

static void derive_before(void *context, struct dae_tile tile, const float *values, size_t stride) {
    (void)values, (void)stride;
    dae_pass_derive_tile(context, tile);
}

static void backward_input(const struct dae_pass *pass) {
    struct factors f = factors_of(pass);
    size_t k = pass->layer->input.size;
    struct dae_product product = {
        .m = pass->batch,
        .n = k,
        .k = f.units,
        .multipliers = pass->multipliers,
        .failed = pass->failed,
        .bfloat16 = f.d16 != NULL,
        .a = factor(f.d, f.d16, f.units, false),
        .b = factor(f.weights, f.weights16, k, false), /* dX[b,k] = D[b,n] W[n,k] */
        .c = pass->before->d,
        .c_stride = k,
        .scratch = pass->scratch,
        .after = derive_before,
        .context = (void *)(uintptr_t)pass,
    };
    dae_product_run(pass->pool, &product);
}

/* Hands on the gradient of parameters [offset, offset + count), or keeps it. */
static void deliver(const struct dae_pass *pass, size_t offset, size_t count, const float *gradient) {
    if (pass->after_gradient != NULL)
        pass->after_gradient(pass->context, pass, offset, count, gradient);
    else if (gradient != pass->gradient + offset)
        memcpy(pass->gradient + offset, gradient, count * sizeof *gradient);
}

/* dc[n] = sum_b D[b,n] for columns [first, first + count) of D[b, stride]. */
static void sum_columns(const struct dae_pass *pass, const float *d, size_t stride, size_t first,
                        size_t count, float *sums) {
    memset(sums, 0, count * sizeof *sums);
    for (size_t b = 0; b < pass->batch; b++)
        dae_kernels()->add(sums, d + b * stride + first, count);
}

static void finish_gradient(void *context, struct dae_tile tile, const float *values, size_t stride) {
    const struct dae_pass *pass = context;
    size_t k = pass->layer->input.size, bias = weight_count(pass->layer) + tile.row;
    if (tile.column == 0) {
        sum_columns(pass, pass->d, pass->layer->output.size, tile.row, tile.rows, pass->gradient + bias);
        deliver(pass, bias, tile.rows, pass->gradient + bias);
    }
    for (size_t row = 0; row < tile.rows; row++)
        deliver(pass, (tile.row + row) * k + tile.column, tile.columns, values + row * stride);
}

/* The same where the rows of the product are the units with a gradient. */
static void finish_active(void *context, struct dae_tile tile, const float *values, size_t stride) {
    const struct dae_pass *pass = context;
    struct dae_active *a = pass->active;
    size_t k = pass->layer->input.size, end = dae_size_min(tile.row + tile.rows, a->count);
    if (tile.column == 0 && tile.row < end)
        sum_columns(pass, a->d, a->width, tile.row, end - tile.row, a->bias + tile.row);
    for (size_t row = tile.row; row < end; row++)
        deliver(pass, a->columns[row] * k + tile.column, tile.columns, values + (row - tile.row) * stride);
}

enum { UNITS_PER_TASK = 64 };

/* What the product has left out: a gradient of zero for the other units' weights, and all biases. */
static void finish_others(void *context, size_t task) {
    const struct dae_pass *pass = context;
    const struct dae_active *a = pass->active;
    size_t first = task * UNITS_PER_TASK, end = dae_size_min(a->units, first + UNITS_PER_TASK);
    float *bias = pass->gradient + weight_count(pass->layer);
    memset(bias + first, 0, (end - first) * sizeof *bias);
    for (size_t i = 0; i < a->count; i++)
        if (a->columns[i] >= first && a->columns[i] < end)
            bias[a->columns[i]] = a->bias[i];
    for (size_t unit = first; unit < end; unit++)
        if (a->seen[unit] == 0)
            deliver(pass, unit * a->inputs, a->inputs, a->zeros);
    deliver(pass, weight_count(pass->layer) + first, end - first, bias + first);
}

static void backward_parameters(const struct dae_pass *pass) {
    struct factors f = factors_of(pass);
    size_t k = pass->layer->input.size;
    bool all = f.d == pass->d;
    struct dae_product product = {
        .m = f.units,
        .n = k,
        .k = pass->batch,
        .multipliers = pass->multipliers,
        .failed = pass->failed,
        .bfloat16 = f.d16 != NULL,
        .a = factor(f.d, f.d16, f.units, true), /* dW[n,k] = D[b,n]^T X[b,k] */
        .b = factor(pass->x, pass->x16, k, false),
        .c = all && pass->after_gradient == NULL ? pass->gradient : NULL,
        .c_stride = k,
        .tiles = pass->tiles,
        .after = all ? finish_gradient : finish_active,
        .context = (void *)(uintptr_t)pass,
    };
    dae_product_run(pass->pool, &product);
    if (!all)
        dae_pool_run(pass->pool, finish_others, (void *)(uintptr_t)pass,
                     dae_size_divide_up(pass->layer->output.size, UNITS_PER_TASK));
}

static size_t scratch(const dae_layer *layer, size_t batch) {
    size_t n = layer->output.size, k = layer->input.size;
    size_t forward_scratch = dae_product_scratch(batch, n, k),
           backward_scratch = dae_product_scratch(batch, k, n);
    return forward_scratch > backward_scratch ? forward_scratch : backward_scratch;
}

/* ---- As text ------------------------------------------------------------------------------------ */

static void write(struct dae_text *text, const dae_layer *layer) {
    const struct dense *dense = dense_of(layer);
    dae_text_add(text, "dense(units=%zu, activation=%s", dense->units,
                 dae_activation_get(dense->activation)->name);
    if (dense->activation == DAE_ACTIVATION_LEAKY_RELU) {
        dae_text_add(text, ", slope=");
        dae_text_add_number(text, dense->slope);
    }
    dae_text_add(text, ", initializer=%s)", dae_initializer_name(dense->initializer));
}

static dae_status bad_value(const struct dae_spec_reader *reader, const struct dae_spec_argument *argument) {
    return dae_spec_fail(reader, argument->position, "%s of dense has a value that it cannot have",
                         argument->name[0] != '\0' ? argument->name : "a parameter");
}

/* Takes one argument over into the options; units and activation are worked out before the layer exists. */
static dae_status read_option(dae_layer *layer, const struct dae_spec_reader *reader,
                              const struct dae_spec_argument *argument) {
    if (strcmp(argument->name, "initializer") == 0) {
        if (dae_layer_set_initializer(layer, dae_initializer_find(argument->word)) != DAE_OK)
            return bad_value(reader, argument);
    } else if (strcmp(argument->name, "slope") == 0) {
        if (!argument->is_number || dae_layer_set_leaky_slope(layer, argument->number) != DAE_OK)
            return bad_value(reader, argument);
    } else if (strcmp(argument->name, "units") != 0 && strcmp(argument->name, "activation") != 0) {
        return dae_spec_fail(reader, argument->position, "dense has no parameter '%s'", argument->name);
    }
    return DAE_OK;
}

static dae_status read(dae_layer **out, const struct dae_spec_reader *reader,
                       const struct dae_spec_step *step) {
    size_t units = 0;
    int32_t activation = DAE_ACTIVATION_LINEAR;
    for (size_t i = 0; i < step->argument_count; i++) {
        const struct dae_spec_argument *argument = &step->arguments[i];
        if (strcmp(argument->name, "units") == 0) {
            if (!(argument->number >= 1 && argument->number <= INT_MAX) ||
                argument->number != floor(argument->number))
                return bad_value(reader, argument);
            units = (size_t)argument->number;
        } else if (strcmp(argument->name, "activation") == 0) {
            activation = dae_activation_find(argument->word);
            if (activation < 0)
                return bad_value(reader, argument);
        }
    }
    if (units == 0)
        return dae_spec_fail(reader, step->position, "dense needs units");
    dae_layer *layer = NULL;
    DAE_TRY(dae_layer_create_dense(&layer, units, activation));
    for (size_t i = 0; i < step->argument_count; i++) {
        dae_status status = read_option(layer, reader, &step->arguments[i]);
        if (status != DAE_OK) {
            dae_layer_free(layer);
            return status;
        }
    }
    *out = layer;
    return DAE_OK;
}

static void label(struct dae_text *text, const dae_layer *layer) {
    dae_text_add(text, "dense, %s", dae_activation_get(dense_of(layer)->activation)->name);
}

const struct dae_layer_operations dae_dense_operations = {
    .name = "dense",
    .attach = attach,
    .initialize = initialize,
    .forward = forward,
    .derive = derive,
    .backward_input = backward_input,
    .backward_parameters = backward_parameters,
    .scratch = scratch,
    .write = write,
    .read = read,
    .label = label,
};
