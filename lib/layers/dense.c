/* The fully connected layer: Y[b,n] = a(X[b,k] W[n,k]^T + c[n]). */
#include "layers/activation.h"
#include "layers/active.h"
#include "layers/initializer.h"
#include "layers/layer.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum {
    SMALL_BATCH = 8,     /* up to this many samples, a loop over rows of W beats packing W for a product */
    UNITS_PER_TASK = 16, /* whose gradients are completed */
    BIAS_PARTS = 8,      /* of a batch, whose D are summed */
};

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

/* Finishes part of a row of Y: adds the bias, applies the activation, takes the loss. */
static dae_status finish_row(const struct dae_pass *pass, struct dae_tile part) {
    const struct dense *dense = dense_of(pass->layer);
    float *y = pass->y + part.row * dense->units + part.column;
    const float *bias = pass->parameters + weight_count(pass->layer) + part.column;
    bool is_rectifier = !isnan(pass->layer->slope) && !pass->logits;
    dae_kernels()->rectify(y, bias, part.columns, is_rectifier ? pass->layer->slope : 1.0f);
    if (!is_rectifier && !pass->logits)
        dae_activation_get(dense->activation)->apply(y, part.columns);
    return pass->take_loss != NULL ? pass->take_loss(pass->context, pass, part) : DAE_OK;
}

/* Row by row, while a row is in the first cache. */
static dae_status finish_forward(void *context, struct dae_tile tile) {
    for (size_t row = tile.row; row < tile.row + tile.rows; row++)
        DAE_TRY(finish_row(context, (struct dae_tile){row, 1, tile.column, tile.columns, tile.index}));
    return DAE_OK;
}

static dae_status forward_small(const struct dae_pass *pass) {
    size_t n = pass->layer->output.size, k = pass->layer->input.size;
    dae_kernels()->affine(pass->y, pass->parameters, pass->x, n, k, pass->batch);
    return finish_forward((void *)(uintptr_t)pass, (struct dae_tile){0, pass->batch, 0, n, 0});
}

/* A factor of a product: float32, or rounded to bfloat16. */
static struct dae_matrix matrix(struct dae_factor f, bool transposed) {
    return (struct dae_matrix){f.values16 != NULL ? (const void *)f.values16 : f.values, f.columns,
                               transposed};
}

static bool reads_rounded(const dae_layer *layer, size_t batch) {
    (void)layer;
    return batch > SMALL_BATCH;
}

static dae_status forward(const struct dae_pass *pass) {
    if (!reads_rounded(pass->layer, pass->batch))
        return forward_small(pass);
    size_t n = pass->layer->output.size;
    struct dae_factor x = dae_factor_x(pass);
    struct dae_product product = {
        .m = pass->batch,
        .n = n,
        .k = x.used,
        .memory = pass->memory,
        .bfloat16 = x.values16 != NULL,
        .a = matrix(x, false),
        .b = matrix(dae_factor_weights(pass), true), /* Y[b,n] = X[b,k] W[n,k]^T */
        .c = pass->y,
        .c_stride = n,
        .parts = 1,
        .after = finish_forward,
        .context = (void *)(uintptr_t)pass,
    };
    return dae_product_run(pass->pool, &product);
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

/* Columns [first, end) of a matrix. */
struct range {
    size_t first, end;
};

/* What compact columns [column, column + columns) stand for, with the columns of zeros around them; those of all tiles
 * together are all columns. */
static struct range range_of(const struct dae_columns *c, struct dae_tile tile) {
    size_t first = tile.column, end = tile.column + tile.columns;
    return (struct range){first == 0         ? 0
                          : first < c->count ? c->places[first]
                                             : c->all,
                          end < c->count ? c->places[end] : c->all};
}

/* Columns [first, end) from compact ones, of which values[0] is number `from`. */
static void expand(const struct dae_columns *c, size_t from, const float *values, struct range range,
                   float *out) {
    memset(out, 0, (range.end - range.first) * sizeof *out);
    for (size_t i = from; i < c->count && c->places[i] < range.end; i++)
        out[c->places[i] - range.first] = values[i - from];
}

static dae_status finish_before(void *context, struct dae_tile tile) {
    const struct dae_pass *pass = context;
    const struct dae_columns *before = dae_active_before(pass);
    if (before != NULL) {
        struct range range = range_of(before, tile);
        for (size_t row = tile.row; row < tile.row + tile.rows; row++)
            expand(before, tile.column, pass->active->d_before + row * before->width + tile.column, range,
                   pass->before->d + row * before->all + range.first);
        tile.column = range.first;
        tile.columns = range.end - range.first;
    }
    dae_pass_derive_tile(pass, tile);
    return DAE_OK;
}

static dae_status backward_input(const struct dae_pass *pass) {
    struct dae_factor d = dae_factor_d(pass), weights = dae_factor_weights_before(pass);
    struct dae_product product = {
        .m = pass->batch,
        .n = weights.columns,
        .k = d.used,
        .memory = pass->memory,
        .bfloat16 = d.values16 != NULL,
        .a = matrix(d, false),
        .b = matrix(weights, false), /* dX[b,k] = D[b,n] W[n,k] */
        .c = dae_active_before(pass) != NULL ? pass->active->d_before : pass->before->d,
        .c_stride = weights.columns,
        .parts = 1,
        .after = finish_before,
        .context = (void *)(uintptr_t)pass,
    };
    return dae_product_run(pass->pool, &product);
}

/* Scratch memory is for sums[BIAS_PARTS, units], then the gradient of the weights, compact, maybe in parts. */
static size_t sums_room(const dae_layer *layer) {
    return dae_size_divide_up(BIAS_PARTS * layer->output.size, 16) * 16;
}

/* The product that makes the gradient of the weights of the units and inputs that count. */
static struct dae_product gradient_product(const struct dae_pass *pass) {
    struct dae_factor d = dae_factor_d(pass), x = dae_factor_x(pass);
    return (struct dae_product){
        .m = d.used,
        .n = x.columns,
        .k = pass->batch,
        .memory = pass->memory,
        .bfloat16 = d.values16 != NULL,
        .a = matrix(d, true), /* dW[n,k] = D[b,n]^T X[b,k] */
        .b = matrix(x, false),
        .c = pass->scratch + sums_room(pass->layer),
        .c_stride = x.columns,
        .parts = dae_product_parts(d.used, x.columns, pass->batch),
    };
}

/* The gradients of biases, dc[n] = sum_b D[b,n]: sums of some rows each. */
static dae_status sum_rows(void *context, size_t task) {
    const struct dae_pass *pass = context;
    size_t units = pass->layer->output.size, first = pass->batch * task / BIAS_PARTS,
           end = pass->batch * (task + 1) / BIAS_PARTS;
    float *sums = pass->scratch + task * units;
    memset(sums, 0, units * sizeof *sums);
    dae_kernels()->add_rows(sums, pass->d + first * units, units, end - first, units);
    return DAE_OK;
}

struct gradient {
    const struct dae_pass *pass;
    const struct dae_product *product;
};

/* The gradient of a unit's weights from row `row` of the product. */
static void finish_unit(const struct gradient *gradient, size_t row, float *out) {
    const struct dae_product *p = gradient->product;
    const struct dae_columns *x = dae_active_x(gradient->pass);
    float *values = p->c + row * p->n;
    dae_kernels()->add_rows(values, values + p->m * p->n, p->m * p->n, p->parts - 1, p->n);
    if (x != NULL)
        expand(x, 0, values, (struct range){0, x->all}, out);
    else
        memcpy(out, values, p->n * sizeof *out);
}

/* Adds up what the product has made for some units; those that it has left out have gradients of 0. */
static dae_status finish_units(void *context, size_t task) {
    const struct gradient *gradient = context;
    const struct dae_pass *pass = gradient->pass;
    const struct dae_columns *d = dae_active_d(pass);
    size_t units = pass->layer->output.size, inputs = pass->layer->input.size;
    struct range range = {task * UNITS_PER_TASK, dae_size_min(units, (task + 1) * UNITS_PER_TASK)};
    size_t row = d != NULL ? dae_columns_before(d, range.first) : range.first;
    for (size_t unit = range.first; unit < range.end; unit++)
        if (d == NULL || d->seen[unit] != 0)
            finish_unit(gradient, row++, pass->gradient + unit * inputs);
        else
            memset(pass->gradient + unit * inputs, 0, inputs * sizeof *pass->gradient);
    float *bias = pass->gradient + weight_count(pass->layer) + range.first;
    memcpy(bias, pass->scratch + range.first, (range.end - range.first) * sizeof *bias);
    dae_kernels()->add_rows(bias, pass->scratch + units + range.first, units, BIAS_PARTS - 1,
                            range.end - range.first);
    return DAE_OK;
}

static dae_status backward_parameters(const struct dae_pass *pass) {
    struct dae_product product = gradient_product(pass);
    product.beside = (struct dae_work){sum_rows, (void *)(uintptr_t)pass, BIAS_PARTS};
    DAE_TRY(dae_product_run(pass->pool, &product));
    struct gradient gradient = {pass, &product};
    return dae_pool_run(pass->pool, finish_units, &gradient,
                        dae_size_divide_up(pass->layer->output.size, UNITS_PER_TASK));
}

/* Whatever a product leaves out: two parts are made of matrices of at most batch (units + inputs) values. */
static size_t scratch(const dae_layer *layer, size_t batch) {
    size_t weights = weight_count(layer), small = batch * (layer->output.size + layer->input.size);
    return sums_room(layer) + weights + dae_size_min(weights, small);
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
                         argument->name);
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
        if (argument->name[0] == '\0')
            return dae_spec_fail(reader, argument->position,
                                 "found a value without a name, expected one as in units=32");
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
    .reads_rounded = reads_rounded,
    .scratch = scratch,
    .write = write,
    .read = read,
    .label = label,
};
