/* Dropout: in training, y = x / (1 - rate) or 0. Its factor plays the part of an activation. */
#include "layers/layer.h"

#include <string.h>

enum { LEAST_ROWS = 16 }; /* of a task */

struct dropout {
    dae_layer base;
    double rate;
};

static double rate_of(const dae_layer *layer) {
    return ((const struct dropout *)layer)->rate;
}

dae_status dae_layer_create_dropout(dae_layer **out, double rate) {
    DAE_REQUIRE(out);
    if (!(rate >= 0 && rate < 1) || (float)rate >= 1.0f)
        return dae_fail(DAE_ERROR_ARGUMENT, "dae_layer_create_dropout: rate is %g, expected 0 <= rate < 1",
                        rate);
    void *created = NULL;
    DAE_TRY(dae_layer_create(&created, sizeof(struct dropout), &dae_dropout_operations));
    struct dropout *dropout = created;
    dropout->rate = rate;
    *out = &dropout->base;
    return DAE_OK;
}

static dae_status attach(dae_layer *layer, const struct dae_shape *input) {
    layer->output = *input;
    return DAE_OK;
}

/* values *= 1 / (1 - rate) or 0. Forward and backward draw the same words, so that no mask is kept. */
static void scale(const struct dae_pass *pass, struct dae_span span, float *values) {
    double rate = rate_of(pass->layer);
    size_t blocks_per_row = dae_size_divide_up(pass->layer->output.size, 4);
    struct dae_draw from = dae_draw_from(pass->seed, DAE_PURPOSE_DROPOUT, pass->step << 8 | pass->place,
                                         span.row * blocks_per_row + span.column / 4);
    if (rate > 0)
        dae_kernels()->drop(values, span.count, (float)rate, (float)(1 / (1 - rate)), from);
}

/* Rows of a task: as many as make no more tasks than there are tiles. */
static size_t rows_of(const struct dae_pass *pass) {
    size_t rows = dae_size_divide_up(pass->batch, DAE_MAX_TILES);
    return rows > LEAST_ROWS ? rows : LEAST_ROWS;
}

static size_t task_count(const struct dae_pass *pass) {
    return dae_size_divide_up(pass->batch, rows_of(pass));
}

static struct dae_tile tile_of(const struct dae_pass *pass, size_t task) {
    size_t rows = rows_of(pass), row = task * rows;
    return (struct dae_tile){row, dae_size_min(rows, pass->batch - row), 0, pass->layer->output.size, task};
}

static dae_status forward_task(void *context, size_t task) {
    const struct dae_pass *pass = context;
    struct dae_tile tile = tile_of(pass, task);
    size_t size = tile.columns;
    for (size_t row = tile.row; row < tile.row + tile.rows; row++) {
        memcpy(pass->y + row * size, pass->x + row * size, size * sizeof *pass->y);
        if (pass->training)
            scale(pass, (struct dae_span){row, 0, size}, pass->y + row * size);
    }
    return pass->take_loss != NULL ? pass->take_loss(pass->context, pass, tile) : DAE_OK;
}

static dae_status forward(const struct dae_pass *pass) {
    return dae_pool_run(pass->pool, forward_task, (void *)(uintptr_t)pass, task_count(pass));
}

static void derive(const struct dae_pass *pass, struct dae_span span, const float *a, float *d) {
    (void)a;
    scale(pass, span, d);
}

static dae_status backward_task(void *context, size_t task) {
    const struct dae_pass *pass = context;
    struct dae_tile tile = tile_of(pass, task);
    size_t size = pass->layer->output.size;
    memcpy(pass->before->d + tile.row * size, pass->d + tile.row * size, tile.rows * size * sizeof *pass->d);
    dae_pass_derive_tile(pass, tile);
    return DAE_OK;
}

static dae_status backward_input(const struct dae_pass *pass) {
    return dae_pool_run(pass->pool, backward_task, (void *)(uintptr_t)pass, task_count(pass));
}

static void write(struct dae_text *text, const dae_layer *layer) {
    dae_text_add(text, "dropout(rate=");
    dae_text_add_number(text, rate_of(layer));
    dae_text_add(text, ")");
}

static dae_status read(dae_layer **out, const struct dae_spec_reader *reader,
                       const struct dae_spec_step *step) {
    if (step->argument_count != 1 || strcmp(step->arguments[0].name, "rate") != 0 ||
        !step->arguments[0].is_number)
        return dae_spec_fail(reader, step->position, "dropout needs one parameter: rate");
    dae_status status = dae_layer_create_dropout(out, step->arguments[0].number);
    if (status == DAE_ERROR_ARGUMENT)
        return dae_spec_fail(reader, step->arguments[0].position, "rate of dropout is not in [0, 1)");
    return status;
}

static void label(struct dae_text *text, const dae_layer *layer) {
    dae_text_add(text, "dropout, %g", rate_of(layer));
}

const struct dae_layer_operations dae_dropout_operations = {
    .name = "dropout",
    .attach = attach,
    .forward = forward,
    .derive = derive,
    .backward_input = backward_input,
    .write = write,
    .read = read,
    .label = label,
};
