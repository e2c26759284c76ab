#include "layers/plain.h"

#include <string.h>

enum { LEAST_VALUES = 1 << 14 }; /* of a task */

struct plain {
    const struct dae_pass *pass;
    size_t input;
    dae_fill_fn fill;
    dae_fill_back_fn fill_back;
    dae_part_fn part_fn;
    size_t count, size; /* rows or parts, and values of one */
};

/* How many rows or parts a task has: such that there are no more tasks than tiles, and no small ones. */
static size_t each_of(const struct plain *p) {
    size_t least = dae_size_divide_up(LEAST_VALUES, p->size),
           each = dae_size_divide_up(p->count, DAE_MAX_TILES);
    return each > least ? each : least;
}

static dae_status run(struct plain *p, dae_status (*task)(void *context, size_t task)) {
    return dae_pool_run(p->pass->pool, task, p, dae_size_divide_up(p->count, each_of(p)));
}

/* Of a task: its first row or part, and the end of them. */
static size_t first_of(const struct plain *p, size_t task, size_t *end) {
    *end = dae_size_min(p->count, (task + 1) * each_of(p));
    return task * each_of(p);
}

/* ---- Spans -------------------------------------------------------------------------------------- */

static void forward_row(const struct plain *p, size_t row) {
    size_t size = p->pass->output->shape->size;
    for (size_t done = 0; done < size; done += DAE_STRIP) {
        struct dae_span span = {row, done, dae_size_min(DAE_STRIP, size - done)};
        p->fill(p->pass, span, dae_span_of(p->pass->output->y, size, span));
    }
}

static dae_status forward_task(void *context, size_t task) {
    const struct plain *p = context;
    size_t end, first = first_of(p, task, &end);
    for (size_t row = first; row < end; row++)
        forward_row(p, row);
    return DAE_OK;
}

dae_status dae_plain_forward(const struct dae_pass *pass, dae_fill_fn fill) {
    struct plain plain = {
        .pass = pass, .fill = fill, .count = pass->batch, .size = pass->output->shape->size};
    return run(&plain, forward_task);
}

/* The first reader writes, others add. */
static void backward_row(const struct plain *p, size_t row) {
    const struct dae_rows *to = p->pass->inputs[p->input];
    size_t size = to->shape->size;
    float strip[DAE_STRIP];
    for (size_t done = 0; done < size; done += DAE_STRIP) {
        struct dae_span span = {row, done, dae_size_min(DAE_STRIP, size - done)};
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
    size_t end, first = first_of(p, task, &end);
    for (size_t row = first; row < end; row++)
        backward_row(p, row);
    return DAE_OK;
}

dae_status dae_plain_backward(const struct dae_pass *pass, size_t input, dae_fill_back_fn fill) {
    struct plain plain = {.pass = pass,
                          .input = input,
                          .fill_back = fill,
                          .count = pass->batch,
                          .size = pass->inputs[input]->shape->size};
    return run(&plain, backward_task);
}

const float *dae_span_spread(const struct dae_pass *pass, struct dae_span span, const float *parameters,
                             float strip[DAE_STRIP]) {
    size_t values = pass->output->shape->size / pass->output->shape->dims[0]; /* of a channel */
    if (values == 1)
        return parameters + span.column;
    for (size_t i = 0; i < span.count;) {
        size_t channel = (span.column + i) / values,
               end = dae_size_min(span.count, (channel + 1) * values - span.column);
        for (; i < end; i++)
            strip[i] = parameters[channel];
    }
    return strip;
}

/* ---- Parts -------------------------------------------------------------------------------------- */

static size_t parts_of(const struct plain *p) {
    return p->count / p->pass->batch;
}

/* Part number `i` of all, but for D of X. */
static struct dae_part part_at(const struct plain *p, size_t i) {
    const struct dae_rows *in = p->pass->inputs[0], *out = p->pass->output;
    size_t x = i * (in->shape->size / parts_of(p)), y = i * (out->shape->size / parts_of(p));
    return (struct dae_part){
        .row = i / parts_of(p),
        .index = i % parts_of(p),
        .x = in->y + x,
        .y = out->y + y,
        .dy = out->d != NULL ? out->d + y : NULL,
    };
}

static dae_status forward_parts(void *context, size_t task) {
    const struct plain *p = context;
    size_t end, first = first_of(p, task, &end);
    for (size_t i = first; i < end; i++)
        p->part_fn(p->pass, part_at(p, i));
    return DAE_OK;
}

static dae_status backward_parts(void *context, size_t task) {
    const struct plain *p = context;
    const struct dae_rows *to = p->pass->inputs[0];
    size_t end, first = first_of(p, task, &end), size = to->shape->size / parts_of(p);
    for (size_t i = first; i < end; i++) {
        struct dae_part part = part_at(p, i);
        part.dx = to->d + i * size;
        if (dae_rows_is_first(to))
            memset(part.dx, 0, size * sizeof *part.dx);
        p->part_fn(p->pass, part);
        if (dae_rows_is_last(to))
            dae_rows_derive(to, (struct dae_span){part.row, part.index * size, size});
    }
    return DAE_OK;
}

static struct plain of_parts(const struct dae_pass *pass, size_t parts, dae_part_fn part_fn) {
    size_t x = pass->inputs[0]->shape->size, y = pass->output->shape->size;
    return (struct plain){
        .pass = pass, .part_fn = part_fn, .count = pass->batch * parts, .size = (x > y ? x : y) / parts};
}

dae_status dae_parts_forward(const struct dae_pass *pass, size_t parts, dae_part_fn fill) {
    struct plain plain = of_parts(pass, parts, fill);
    return run(&plain, forward_parts);
}

dae_status dae_parts_backward(const struct dae_pass *pass, size_t parts, dae_part_fn add) {
    struct plain plain = of_parts(pass, parts, add);
    return run(&plain, backward_parts);
}
