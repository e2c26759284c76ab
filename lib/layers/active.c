#include "layers/active.h"
#include "core/memory.h"

#include <string.h>

enum {
    LEAST_UNITS = 128, /* below, products are too small to gain anything */
    BLOCK = 64,        /* columns of D that a task looks at or copies: those that its thread has made */
    ROWS = 16,         /* rows of W that a task copies */
};

dae_status dae_active_create(struct dae_active **out, const dae_layer *layer, size_t batch, bool bfloat16) {
    size_t units = layer->output.size, inputs = layer->input.size;
    if (layer->operations->backward_parameters == NULL || layer->slope != 0 || units < LEAST_UNITS)
        return DAE_OK;
    struct dae_active *a = dae_allocate(1, sizeof *a);
    if (a == NULL)
        return DAE_ERROR_MEMORY;
    *out = a;
    a->units = units;
    a->inputs = inputs;
    a->seen = dae_allocate(units, sizeof *a->seen);
    a->columns = dae_allocate(units, sizeof *a->columns);
    a->bias = dae_allocate(units, sizeof *a->bias);
    a->zeros = dae_allocate(inputs, sizeof *a->zeros);
    a->d = dae_allocate(batch, units * sizeof *a->d);
    a->weights = bfloat16 ? NULL : dae_allocate(units, inputs * sizeof *a->weights);
    a->d16 = bfloat16 ? dae_allocate(batch, units * sizeof *a->d16) : NULL;
    a->weights16 = bfloat16 ? dae_allocate(units, inputs * sizeof *a->weights16) : NULL;
    bool complete = a->seen != NULL && a->columns != NULL && a->bias != NULL && a->zeros != NULL &&
                    a->d != NULL && (a->d16 != NULL) == bfloat16 && (a->weights16 != NULL) == bfloat16 &&
                    (a->weights == NULL) == bfloat16;
    return complete ? DAE_OK : DAE_ERROR_MEMORY;
}

void dae_active_free(struct dae_active *active) {
    if (active == NULL)
        return;
    dae_release(active->seen);
    dae_release(active->columns);
    dae_release(active->bias);
    dae_release(active->zeros);
    dae_release(active->d);
    dae_release(active->weights);
    dae_release(active->d16);
    dae_release(active->weights16);
    dae_release(active);
}

/* Eighths of all units from a half on, at multiples of 16. */
size_t dae_active_width(const struct dae_active *active, size_t i) {
    return dae_size_divide_up(dae_size_divide_up(active->units * (DAE_ACTIVE_WIDTHS + i), 8), 16) * 16;
}

/* What the tasks share. */
struct search {
    struct dae_active *active;
    const struct dae_pass *pass;
};

static void look_at_columns(void *context, size_t task) {
    const struct search *s = context;
    size_t units = s->active->units, first = task * BLOCK, count = dae_size_min(BLOCK, units - first);
    memset(s->active->seen + first, 0, count * sizeof *s->active->seen);
    for (size_t row = 0; row < s->pass->batch; row++)
        dae_kernels()->mark(s->active->seen + first, s->pass->d + row * units + first, count);
}

/* Columns that make a compact D of `count` in use; 0 when it would not be much smaller. */
static size_t width_for(const struct dae_active *active, size_t count) {
    if (!dae_matmul_compiles(active->d16 != NULL)) {
        size_t width = dae_size_divide_up(count, 16) * 16;
        return width <= active->units / 8 * 7 ? width : 0;
    }
    for (size_t i = 0; i < DAE_ACTIVE_WIDTHS; i++) {
        size_t width = dae_active_width(active, i);
        if (count <= width && width < active->units)
            return width;
    }
    return 0;
}

static void list_columns(struct dae_active *active) {
    active->count = 0;
    for (size_t i = 0; i < active->units; i++) {
        active->columns[active->count] = (uint32_t)i;
        active->count += active->seen[i] != 0;
    }
    active->width = width_for(active, active->count);
}

static void copy_columns(void *context, size_t task) {
    const struct search *s = context;
    const struct dae_active *a = s->active;
    size_t first = task * BLOCK, all = dae_size_min(BLOCK, a->width - first);
    size_t used = first < a->count ? dae_size_min(all, a->count - first) : 0;
    for (size_t row = 0; row < s->pass->batch; row++) {
        float *to = a->d + row * a->width + first;
        dae_kernels()->pick(to, s->pass->d + row * a->units, a->columns + first, used);
        memset(to + used, 0, (all - used) * sizeof *to);
        if (a->d16 != NULL)
            dae_kernels()->round_bfloat16(a->d16 + row * a->width + first, to, all);
    }
}

static void copy_weights(void *context, size_t task) {
    const struct search *s = context;
    const struct dae_active *a = s->active;
    size_t end = dae_size_min(a->width, (task + 1) * ROWS);
    for (size_t row = task * ROWS; row < end; row++) {
        size_t from = (row < a->count ? a->columns[row] : 0) * a->inputs, to = row * a->inputs;
        if (a->weights16 != NULL)
            memcpy(a->weights16 + to, s->pass->parameters16 + from, a->inputs * sizeof *a->weights16);
        else
            memcpy(a->weights + to, s->pass->parameters + from, a->inputs * sizeof *a->weights);
    }
}

void dae_active_find(struct dae_active *active, const struct dae_pass *pass) {
    struct search search = {active, pass};
    dae_pool_run(pass->pool, look_at_columns, &search, dae_size_divide_up(active->units, BLOCK));
    list_columns(active);
    if (active->width == 0)
        return;
    dae_pool_run(pass->pool, copy_columns, &search, dae_size_divide_up(active->width, BLOCK));
    if (pass->before != NULL)
        dae_pool_run(pass->pool, copy_weights, &search, dae_size_divide_up(active->width, ROWS));
}
