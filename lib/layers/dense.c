/* The fully connected layer: Y[b,n] = a(X[b,k] W[n,k]^T + c[n]); tied to another one, it uses that one's
 * weight V[k,n], transposed: Y[b,n] = a(X[b,k] V[k,n] + c[n]). */
#include "core/text.h"
#include "layers/initializer.h"
#include "layers/layer.h"
#include "math/live_columns.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum {
    SMALL_BATCH = 8,    /* up to this many samples, a loop over rows of W beats packing W for a product */
    ROWS_PER_TASK = 16, /* of a gradient, which are completed */
    BIAS_PARTS = 8,     /* of a batch, whose D are summed */
};

static bool has_bias(const dae_layer *layer) {
    return layer->values[DAE_DENSE_BIAS].number == 1;
}

/* Of the bias, among the layer's own parameters. */
static size_t bias_at(const struct dae_pass *pass) {
    return pass->transposed ? 0 : pass->output->shape->size * pass->inputs[0]->shape->size;
}

static dae_status attach(const dae_layer *layer, struct dae_attachment *at) {
    size_t inputs = at->inputs[0]->size, units = (size_t)layer->values[DAE_DENSE_UNITS].number;
    if (inputs > INT_MAX)
        return dae_fail(DAE_ERROR_SHAPE, "dense takes at most %d values, found %zu", INT_MAX, inputs);
    if (at->tied != NULL) {
        units = at->tied->dims[1];
        if (at->tied->dims[0] != inputs)
            return dae_fail(DAE_ERROR_SHAPE,
                            "dense(tied=%s) takes %zu values, as many as %s gives, found %zu",
                            layer->values[DAE_DENSE_TIED].label, at->tied->dims[0],
                            layer->values[DAE_DENSE_TIED].label, inputs);
    } else {
        DAE_TRY(dae_attachment_add_tensor(at, "weight", 2, (size_t[]){units, inputs}));
    }
    at->output = dae_shape_flat(units);
    return has_bias(layer) ? dae_attachment_add_tensor(at, "bias", 1, (size_t[]){units}) : DAE_OK;
}

static void initialize(const dae_layer *layer, const struct dae_attachment *at, float *parameters,
                       struct dae_draw from) {
    size_t inputs = at->inputs[0]->size, units = at->output.size;
    if (at->tied == NULL)
        dae_initializer_run(layer->values[DAE_DENSE_INITIALIZER].steps, parameters, units * inputs, inputs,
                            units, from);
}

/* ---- Forward ------------------------------------------------------------------------------------ */

/* Finishes part of a row of Y: adds the bias, applies the activation, takes the loss. */
static dae_status finish_row(const struct dae_pass *pass, struct dae_tile part) {
    size_t units = pass->output->shape->size, at = part.row * units + part.column;
    const struct dae_activation *activation = pass->logits ? &dae_no_activation : &pass->layer->activation;
    const float *bias = has_bias(pass->layer) ? pass->parameters + bias_at(pass) + part.column : NULL;
    if (pass->output->z != NULL) {
        dae_activation_apply(&dae_no_activation, pass->output->y + at, bias, part.columns);
        memcpy(pass->output->z + at, pass->output->y + at, part.columns * sizeof(float));
        bias = NULL;
    }
    dae_activation_apply(activation, pass->output->y + at, bias, part.columns);
    dae_pass_go_on(pass, (struct dae_span){part.row, part.column, part.columns}, pass->output->y + at);
    return pass->take_loss != NULL ? pass->take_loss(pass->context, pass, part) : DAE_OK;
}

/* Row by row, while a row is in the first cache. */
static dae_status finish_forward(void *context, struct dae_tile tile) {
    for (size_t row = tile.row; row < tile.row + tile.rows; row++)
        DAE_TRY(finish_row(context, (struct dae_tile){row, 1, tile.column, tile.columns, tile.index}));
    return DAE_OK;
}

static dae_status forward_small(const struct dae_pass *pass) {
    size_t n = pass->output->shape->size, k = pass->inputs[0]->shape->size;
    dae_kernels()->affine(pass->output->y, pass->weight, pass->inputs[0]->y, n, k, pass->batch);
    return finish_forward((void *)(uintptr_t)pass, (struct dae_tile){0, pass->batch, 0, n, 0});
}

/* A factor of a product: float32, or rounded to bfloat16. */
static struct dae_matrix matrix(struct dae_factor f, bool transposed) {
    return (struct dae_matrix){f.values16 != NULL ? (const void *)f.values16 : f.values, f.columns,
                               transposed};
}

/* The matrices of a pass; D only where that is known already. */
static struct dae_affine affine_of(const struct dae_pass *pass) {
    const struct dae_rows *x = pass->inputs[0];
    return (struct dae_affine){
        .pool = pass->pool,
        .batch = pass->batch,
        .inputs = x->shape->size,
        .units = pass->output->shape->size,
        .x = x->y,
        .x16 = pass->x16,
        .weight = pass->weight,
        .weight16 = pass->weight16,
        .transposed = pass->transposed,
        .d = pass->output->d,
        .goes_back = x->d != NULL,
        .blocks_at_zero = x->activation != NULL && dae_activation_blocks_gradient_at_zero(x->activation),
        .live = pass->own,
    };
}

static dae_status forward(const struct dae_pass *pass) {
    struct dae_affine affine = affine_of(pass);
    DAE_TRY(dae_live_find_x(&affine));
    if (pass->batch <= SMALL_BATCH && !pass->transposed)
        return forward_small(pass);
    size_t n = affine.units;
    struct dae_factor x = dae_factor_x(&affine);
    struct dae_product product = {
        .m = pass->batch,
        .n = n,
        .k = x.used,
        .memory = pass->memory,
        .bfloat16 = x.values16 != NULL,
        .a = matrix(x, false),
        .b = matrix(dae_factor_weights(&affine), !pass->transposed), /* Y[b,n] = X[b,k] W[n,k]^T */
        .c = pass->output->y,
        .c_stride = n,
        .parts = 1,
        .after = finish_forward,
        .context = (void *)(uintptr_t)pass,
    };
    return dae_product_run(pass->pool, &product);
}

/* ---- Backward ----------------------------------------------------------------------------------- */

/* Columns [first, end) of a matrix. */
struct range {
    size_t first, end;
};

/* What compact columns [column, column + columns) stand for, with the columns of zeros around them; those of
 * all tiles together are all columns. */
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

/* Adds those columns instead. */
static void add_expanded(const struct dae_columns *c, size_t from, const float *values, struct range range,
                         float *out) {
    for (size_t i = from; i < c->count && c->places[i] < range.end; i++)
        out[c->places[i] - range.first] += values[i - from];
}

/* Rows of floats. */
struct strip {
    float *values;
    size_t stride;
};

/* D of the input in the making: the product makes it in place, or where it is compact or to be added. */
struct back {
    const struct dae_pass *pass;
    const struct dae_columns *live; /* that it is made of; NULL for all */
    struct strip made;
};

static struct back back_of(const struct dae_pass *pass, const struct dae_affine *affine) {
    const struct dae_columns *live = dae_live_before(affine);
    float *whole = dae_rows_is_first(pass->inputs[0]) ? pass->inputs[0]->d : pass->addend;
    struct strip made = {whole, affine->inputs};
    if (live != NULL)
        made = (struct strip){affine->live->d_before, live->width};
    return (struct back){pass, live, made};
}

/* A row of D of the input, from what the product has made of it: expanded, added, derived. */
static void finish_row_before(const struct back *back, struct dae_tile tile, size_t row) {
    const struct dae_rows *to = back->pass->inputs[0];
    const float *made = back->made.values + row * back->made.stride + tile.column;
    struct range range = back->live != NULL ? range_of(back->live, tile)
                                            : (struct range){tile.column, tile.column + tile.columns};
    struct dae_span span = {row, range.first, range.end - range.first};
    float *d = to->d + row * to->shape->size + span.column;
    if (back->live != NULL && dae_rows_is_first(to))
        expand(back->live, tile.column, made, range, d);
    else if (back->live != NULL)
        add_expanded(back->live, tile.column, made, range, d);
    else if (!dae_rows_is_first(to))
        dae_kernels()->add_rows(d, made, 0, 1, span.count);
    if (dae_rows_is_last(to))
        dae_rows_derive(to, span);
}

static dae_status finish_before(void *context, struct dae_tile tile) {
    for (size_t row = tile.row; row < tile.row + tile.rows; row++)
        finish_row_before(context, tile, row);
    return DAE_OK;
}

static dae_status backward(const struct dae_pass *pass, size_t input) {
    (void)input;
    struct dae_affine affine = affine_of(pass);
    struct dae_factor d = dae_factor_d(&affine);
    struct back back = back_of(pass, &affine);
    struct dae_product product = {
        .m = pass->batch,
        .n = back.made.stride,
        .k = d.used,
        .memory = pass->memory,
        .bfloat16 = d.values16 != NULL,
        .a = matrix(d, false),
        .b = matrix(dae_factor_weights_before(&affine), pass->transposed), /* dX[b,k] = D[b,n] W[n,k] */
        .c = back.made.values,
        .c_stride = back.made.stride,
        .parts = 1,
        .after = finish_before,
        .context = &back,
    };
    return dae_product_run(pass->pool, &product);
}

/* ---- Gradients ---------------------------------------------------------------------------------- */

/* Scratch memory is for sums[BIAS_PARTS, units], then the gradient of the weight, compact, maybe in parts. */
static size_t sums_room(size_t units) {
    return dae_size_divide_up(BIAS_PARTS * units, 16) * 16;
}

/* The gradient of the weight: dW[n,k] = D[b,n]^T X[b,k], or if that is transposed dV[k,n] = X[b,k]^T D[b,n],
 * of the columns that count. */
static struct dae_product gradient_product(const struct dae_pass *pass, const struct dae_affine *affine) {
    struct dae_factor d = dae_factor_d(affine), x = dae_factor_x(affine);
    struct dae_factor rows = pass->transposed ? x : d, columns = pass->transposed ? d : x;
    return (struct dae_product){
        .m = rows.used,
        .n = columns.columns,
        .k = pass->batch,
        .memory = pass->memory,
        .bfloat16 = d.values16 != NULL,
        .a = matrix(rows, true),
        .b = matrix(columns, false),
        .c = pass->scratch + sums_room(pass->output->shape->size),
        .c_stride = columns.columns,
        .parts = dae_product_parts(rows.used, columns.columns, pass->batch),
    };
}

/* The gradients of biases, dc[n] = sum_b D[b,n]: sums of some rows each. */
static dae_status sum_rows(void *context, size_t task) {
    const struct dae_pass *pass = context;
    size_t units = pass->output->shape->size, first = pass->batch * task / BIAS_PARTS,
           end = pass->batch * (task + 1) / BIAS_PARTS;
    float *sums = pass->scratch + task * units;
    memset(sums, 0, units * sizeof *sums);
    dae_kernels()->add_rows(sums, pass->output->d + first * units, units, end - first, units);
    return DAE_OK;
}

struct gradient {
    const struct dae_pass *pass;
    const struct dae_affine *affine;
    const struct dae_product *product;
    size_t rows, columns; /* of the weight */
};

/* A row of the weight's gradient, from row `made` of the product; NO_ROW for one that it has left out. */
static void finish_gradient_row(const struct gradient *g, size_t row, size_t made) {
    const struct dae_product *p = g->product;
    const struct dae_columns *x = dae_live_x(g->affine);
    float *values = p->c + made * p->n, *out = g->pass->weight_gradient + row * g->columns;
    struct range all = {0, g->columns};
    dae_kernels()->add_rows(values, values + p->m * p->n, p->m * p->n, p->parts - 1, p->n);
    if (x != NULL && g->pass->adds)
        add_expanded(x, 0, values, all, out);
    else if (x != NULL)
        expand(x, 0, values, all, out);
    else if (g->pass->adds)
        dae_kernels()->add_rows(out, values, 0, 1, g->columns);
    else
        memcpy(out, values, g->columns * sizeof *out);
}

/* Adds up what the product has made for some rows; those that it has left out are 0. */
static dae_status finish_rows(void *context, size_t task) {
    const struct gradient *g = context;
    const struct dae_columns *d = dae_live_d(g->affine);
    size_t first = task * ROWS_PER_TASK, end = dae_size_min(g->rows, first + ROWS_PER_TASK);
    size_t made = d != NULL ? dae_columns_before(d, first) : first;
    for (size_t row = first; row < end; row++)
        if (d == NULL || d->seen[row] != 0)
            finish_gradient_row(g, row, made++);
        else if (!g->pass->adds)
            memset(g->pass->weight_gradient + row * g->columns, 0, g->columns * sizeof(float));
    return DAE_OK;
}

static dae_status finish_bias(void *context, size_t task) {
    const struct dae_pass *pass = ((const struct gradient *)context)->pass;
    size_t units = pass->output->shape->size, first = task * ROWS_PER_TASK,
           count = dae_size_min(units - first, ROWS_PER_TASK);
    float *bias = pass->gradient + bias_at(pass) + first;
    memcpy(bias, pass->scratch + first, count * sizeof *bias);
    dae_kernels()->add_rows(bias, pass->scratch + units + first, units, BIAS_PARTS - 1, count);
    return DAE_OK;
}

static dae_status gradients(const struct dae_pass *pass) {
    struct dae_affine affine = affine_of(pass);
    DAE_TRY(dae_live_find_d(&affine));
    struct dae_product product = gradient_product(pass, &affine);
    size_t units = affine.units, inputs = affine.inputs;
    bool with_bias = has_bias(pass->layer);
    if (with_bias)
        product.beside = (struct dae_work){sum_rows, (void *)(uintptr_t)pass, BIAS_PARTS};
    DAE_TRY(dae_product_run(pass->pool, &product));
    struct gradient g = {pass, &affine, &product, pass->transposed ? inputs : units,
                         pass->transposed ? units : inputs};
    struct dae_work works[] = {
        {finish_rows, &g, dae_size_divide_up(g.rows, ROWS_PER_TASK)},
        {finish_bias, &g, with_bias ? dae_size_divide_up(units, ROWS_PER_TASK) : 0},
    };
    return dae_pool_run_all(pass->pool, works, 2);
}

/* Whatever a product leaves out: two parts are made of matrices of at most batch (units + inputs) values. */
static size_t scratch(const struct dae_attachment *at, size_t batch) {
    size_t units = at->output.size, inputs = at->inputs[0]->size;
    return sums_room(units) + units * inputs + dae_size_min(units * inputs, batch * (units + inputs));
}

static dae_status reserve(const struct dae_attachment *at, const struct dae_use *use, void **own) {
    struct dae_live *live = NULL;
    dae_status status = dae_live_create(&live, at->output.size, at->inputs[0]->size, at->tied != NULL,
                                        use->batch, use->training, use->bfloat16);
    *own = live;
    return status;
}

static void release(void *own) {
    dae_live_free(own);
}

/* ---- The row ------------------------------------------------------------------------------------ */

static const char *check(const struct dae_value *values) {
    if (values[DAE_DENSE_SLOPE].count == 0 ||
        strcmp(values[DAE_DENSE_ACTIVATION].steps->kind->name, "leaky_relu") == 0)
        return NULL;
    return "slope only with activation=leaky_relu";
}

const struct dae_layer_kind dae_layer_dense = {
    .kind =
        {
            .name = "dense",
            .what = "fully connected: y = a(W x + c), or with the weight of another layer, transposed",
            .example = "dense(128, activation=relu)",
            .check = check,
            .parameters =
                {
                    [DAE_DENSE_UNITS] = {.name = "units",
                                         .what = "values that it gives",
                                         .type = DAE_TYPE_COUNT,
                                         .flags = DAE_BY_PLACE,
                                         .low = 1,
                                         .high = INT_MAX,
                                         .other = "tied"},
                    [DAE_DENSE_ACTIVATION] = {.name = "activation",
                                              .what = "what is done to each value",
                                              .type = DAE_TYPE_KIND,
                                              .of = &dae_activation_category,
                                              .fallback = "linear"},
                    [DAE_DENSE_SLOPE] = {.name = "slope",
                                         .what = "of leaky_relu, as older files have it",
                                         .type = DAE_TYPE_NUMBER,
                                         .flags = DAE_HIDDEN | DAE_OPTIONAL,
                                         .low = 0,
                                         .high = 1},
                    [DAE_DENSE_INITIALIZER] = {.name = "initializer",
                                               .what = "how weights are drawn",
                                               .type = DAE_TYPE_KIND,
                                               .of = &dae_initializer_category,
                                               .fallback = "glorot_uniform"},
                    [DAE_DENSE_TIED] = {.name = "tied",
                                        .what = "label of the dense layer whose weight it uses, transposed",
                                        .type = DAE_TYPE_LABEL,
                                        .flags = DAE_LATER,
                                        .other = "units"},
                    [DAE_DENSE_BIAS] = {.name = "bias",
                                        .what = "whether something is added to each value",
                                        .type = DAE_TYPE_FLAG,
                                        .flags = DAE_LATER,
                                        .fallback = "yes"},
                },
        },
    .attach = attach,
    .initialize = initialize,
    .forward = forward,
    .backward = backward,
    .gradients = gradients,
    .scratch = scratch,
    .reserve = reserve,
    .release = release,
    .product_batch = SMALL_BATCH + 1,
    .goes_on = true,
};
