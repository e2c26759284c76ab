#include "layers/plain.h"

enum {
    STRIP = 1024,    /* values of a row that are filled at once */
    LEAST_ROWS = 16, /* of a task */
};

struct plain {
    const struct dae_pass *pass;
    size_t input;
    dae_fill_fn fill;
    dae_fill_back_fn fill_back;
};

/* Rows of a task: as many as make no more tasks than there are tiles. */
static size_t rows_of(size_t batch) {
    size_t rows = dae_size_divide_up(batch, DAE_MAX_TILES);
    return rows > LEAST_ROWS ? rows : LEAST_ROWS;
}

static size_t task_count(size_t batch) {
    return dae_size_divide_up(batch, rows_of(batch));
}

static void forward_row(const struct plain *p, size_t row) {
    size_t size = p->pass->output->shape->size;
    for (size_t done = 0; done < size; done += STRIP) {
        struct dae_span span = {row, done, dae_size_min(STRIP, size - done)};
        p->fill(p->pass, span, dae_span_of(p->pass->output->y, size, span));
    }
}

static dae_status forward_task(void *context, size_t task) {
    const struct plain *p = context;
    size_t rows = rows_of(p->pass->batch), end = dae_size_min(p->pass->batch, (task + 1) * rows);
    for (size_t row = task * rows; row < end; row++)
        forward_row(p, row);
    return DAE_OK;
}

dae_status dae_plain_forward(const struct dae_pass *pass, dae_fill_fn fill) {
    struct plain plain = {.pass = pass, .fill = fill};
    return dae_pool_run(pass->pool, forward_task, &plain, task_count(pass->batch));
}

/* The first reader writes, others add. */
static void backward_row(const struct plain *p, size_t row) {
    const struct dae_rows *to = p->pass->inputs[p->input];
    size_t size = to->shape->size;
    float strip[STRIP];
    for (size_t done = 0; done < size; done += STRIP) {
        struct dae_span span = {row, done, dae_size_min(STRIP, size - done)};
        float *d = dae_span_of(to->d, size, span);
        p->fill_back(p->pass, p->input, span, dae_rows_is_first(to) ? d : strip);
        if (!dae_rows_is_first(to))
            dae_kernels()->add_rows(d, strip, 0, 1, span.count);
        if (dae_rows_is_last(to))
            dae_rows_derive(to, span);
    }
}

static dae_status backward_task(void *context, size_t task) {
    const struct plain *p = context;
    size_t rows = rows_of(p->pass->batch), end = dae_size_min(p->pass->batch, (task + 1) * rows);
    for (size_t row = task * rows; row < end; row++)
        backward_row(p, row);
    return DAE_OK;
}

dae_status dae_plain_backward(const struct dae_pass *pass, size_t input, dae_fill_back_fn fill) {
    struct plain plain = {.pass = pass, .input = input, .fill_back = fill};
    return dae_pool_run(pass->pool, backward_task, &plain, task_count(pass->batch));
}
