#include "math/live_columns.h"
#include "core/memory.h"
#include "math/kernels.h"

#include <stdatomic.h>
#include <string.h>

enum {
    LEAST_COLUMNS = 64, /* below, products are too small to gain anything, ... */
    LEAST_BATCH = 16,   /* ... and likewise with fewer samples */
    LOOKS = 8,          /* parts of the rows, each of which a task looks at */
    GLANCE = 16,        /* rows after which every column may have been seen */
    ROWS = 16,          /* that a task copies */
    STRIP = 256,        /* values that are rounded at once */
};

/* ---- Memory
 * ---------------------------------------------------------------------------------------------- */

static bool reserve_columns(struct dae_columns *c, size_t all, size_t batch, bool bfloat16) {
    c->all = all;
    c->seen = dae_allocate(all, LOOKS * sizeof *c->seen);
    c->places = dae_allocate(all, sizeof *c->places);
    if (bfloat16)
        c->values16 = dae_allocate(batch, all * sizeof *c->values16);
    else
        c->values = dae_allocate(batch, all * sizeof *c->values);
    return c->seen != NULL && c->places != NULL && (c->values != NULL || c->values16 != NULL);
}

static void release_columns(struct dae_columns *c) {
    dae_release(c->seen);
    dae_release(c->places);
    dae_release(c->values);
    dae_release(c->values16);
}

/* Room for rows x columns weights in the precision of the products. */
static bool reserve_weights(float **weights, uint16_t **weights16, size_t rows, size_t columns,
                            bool bfloat16) {
    if (bfloat16)
        *weights16 = dae_allocate(rows, columns * sizeof **weights16);
    else
        *weights = dae_allocate(rows, columns * sizeof **weights);
    return *weights != NULL || *weights16 != NULL;
}

static bool reserve(struct dae_live *a, size_t units, size_t inputs, size_t batch, bool training,
                    bool bfloat16) {
    if (!reserve_columns(&a->x, inputs, batch, bfloat16) ||
        !reserve_weights(&a->weights, &a->weights16, units, inputs, bfloat16))
        return false;
    if (!training)
        return true;
    a->d_before = dae_allocate(batch, inputs * sizeof *a->d_before);
    return a->d_before != NULL && reserve_columns(&a->d, units, batch, bfloat16) &&
           reserve_weights(&a->weights_before, &a->weights_before16, units, inputs, bfloat16);
}

dae_status dae_live_create(struct dae_live **out, size_t units, size_t inputs, bool transposed, size_t batch,
                           bool training, bool bfloat16) {
    bool worth_a_look = batch >= LEAST_BATCH && (units >= LEAST_COLUMNS || inputs >= LEAST_COLUMNS);
    if ((!worth_a_look || transposed) && !bfloat16)
        return DAE_OK;
    struct dae_live *a = dae_allocate(1, sizeof *a);
    if (a == NULL)
        return DAE_ERROR_MEMORY;
    a->whole = transposed;
    *out = a;
    return reserve(a, units, inputs, batch, training, bfloat16) ? DAE_OK : DAE_ERROR_MEMORY;
}

void dae_live_free(struct dae_live *live) {
    if (live == NULL)
        return;
    release_columns(&live->x);
    release_columns(&live->d);
    dae_release(live->weights);
    dae_release(live->weights16);
    dae_release(live->weights_before);
    dae_release(live->weights_before16);
    dae_release(live->d_before);
    dae_release(live);
}

/* ---- Finding columns
 * ------------------------------------------------------------------------------------- */

struct search {
    struct dae_columns *columns;
    const float *matrix;
    const uint16_t *matrix16; /* the same, rounded, which is read where there is one */
    size_t rows;
    bool whole;           /* no column is left out */
    atomic_bool all_seen; /* nothing is left to look for */
};

static bool are_all_seen(const uint32_t *seen, size_t count) {
    bool all = true;
    for (size_t i = 0; i < count; i++)
        all &= seen[i] != 0;
    return all;
}

/* seen[i] becomes something other than 0 where column i is not zero in each of some rows */
static void mark_rounded(uint32_t *seen, const uint16_t *x, size_t stride, size_t rows, size_t count) {
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < count; i++)
            seen[i] |= x[row * stride + i] & 0x7fffu; /* without the sign */
}

static void mark(const struct search *s, uint32_t *seen, size_t row, size_t rows) {
    size_t all = s->columns->all;
    if (s->matrix16 != NULL)
        mark_rounded(seen, s->matrix16 + row * all, all, rows, all);
    else
        dae_kernels()->mark_rows(seen, s->matrix + row * all, all, rows, all);
}

/* Looks at some rows. */
static dae_status look_at_rows(void *context, size_t task) {
    struct search *s = context;
    size_t all = s->columns->all, end = s->rows * (task + 1) / LOOKS;
    uint32_t *seen = s->columns->seen + task * all;
    memset(seen, 0, all * sizeof *seen);
    for (size_t row = s->rows * task / LOOKS; row < end && !atomic_load(&s->all_seen); row += GLANCE) {
        mark(s, seen, row, dae_size_min(GLANCE, end - row));
        if (are_all_seen(seen, all))
            atomic_store(&s->all_seen, true);
    }
    return DAE_OK;
}

/* Columns of a compact matrix for `count` in use; 0 when it would not be much smaller. */
static size_t width_for(const struct dae_columns *c) {
    size_t width = dae_size_divide_up(c->count > 0 ? c->count : 1, 16) * 16;
    return width <= c->all / 4 * 3 ? width : 0;
}

/* How many of compact columns [first, first + all) count. */
static size_t used_among(const struct dae_columns *c, size_t first, size_t all) {
    return first < c->count ? dae_size_min(all, c->count - first) : 0;
}

/* Compact columns [first, first + all) of a row, zeros after those that count, into out[at...], or rounded
 * into out16. */
static void pick_columns(const struct dae_columns *c, const float *row, size_t first, size_t all, float *out,
                         uint16_t *out16, size_t at) {
    float strip[STRIP];
    float *to = out16 != NULL ? strip : out + at;
    size_t used = used_among(c, first, all);
    dae_kernels()->pick(to, row, c->places + first, used);
    memset(to + used, 0, (all - used) * sizeof *to);
    if (out16 != NULL)
        dae_kernels()->round_bfloat16(out16 + at, strip, all);
}

/* Row `row` of a compact matrix from that of the whole one. */
static void pick_row(const struct dae_columns *c, const float *from, float *out, uint16_t *out16,
                     size_t row) {
    for (size_t first = 0; first < c->width; first += STRIP)
        pick_columns(c, from, first, dae_size_min(STRIP, c->width - first), out, out16,
                     row * c->width + first);
}

/* The same of a row that is rounded. */
static void pick_rounded(const struct dae_columns *c, const uint16_t *from, uint16_t *out) {
    for (size_t i = 0; i < c->count; i++)
        out[i] = from[c->places[i]];
    memset(out + c->count, 0, (c->width - c->count) * sizeof *out);
}

/* Some rows of the compact matrix. */
static dae_status copy_columns(void *context, size_t task) {
    const struct search *s = context;
    const struct dae_columns *c = s->columns;
    size_t end = dae_size_min(s->rows, (task + 1) * ROWS);
    for (size_t row = task * ROWS; row < end; row++)
        if (s->matrix16 != NULL)
            pick_rounded(c, s->matrix16 + row * c->all, c->values16 + row * c->width);
        else
            pick_row(c, s->matrix + row * c->all, c->values, c->values16, row);
    return DAE_OK;
}

static dae_status round_rows(void *context, size_t task) {
    const struct search *s = context;
    size_t all = s->columns->all, first = task * ROWS, rows = dae_size_min(ROWS, s->rows - first);
    dae_kernels()->round_bfloat16(s->columns->values16 + first * all, s->matrix + first * all, rows * all);
    return DAE_OK;
}

/* Puts together what the tasks have seen. */
static void list_columns(struct dae_columns *c) {
    for (size_t look = 1; look < LOOKS; look++)
        for (size_t i = 0; i < c->all; i++)
            c->seen[i] |= c->seen[look * c->all + i];
    c->count = 0;
    for (size_t i = 0; i < c->all; i++) {
        c->places[c->count] = (uint32_t)i;
        c->count += c->seen[i] != 0;
    }
}

/* Finds the columns that count, and whether a compact matrix is worth while. */
static dae_status find_columns(struct dae_pool *pool, struct search *search) {
    struct dae_columns *c = search->columns;
    c->width = 0;
    if (search->whole || c->all < LEAST_COLUMNS || search->rows < LEAST_BATCH)
        return DAE_OK;
    DAE_TRY(dae_pool_run(pool, look_at_rows, search, LOOKS));
    list_columns(c);
    c->width = width_for(c);
    return DAE_OK;
}

size_t dae_columns_before(const struct dae_columns *c, size_t column) {
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c->places[middle] < column)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The work that has to be done for products to read a matrix. */
static struct dae_work matrix_to_copy(struct search *search) {
    const struct dae_columns *c = search->columns;
    if (c->width > 0)
        return (struct dae_work){copy_columns, search, dae_size_divide_up(search->rows, ROWS)};
    if (c->values16 != NULL && search->matrix16 == NULL)
        return (struct dae_work){round_rows, search, dae_size_divide_up(search->rows, ROWS)};
    return (struct dae_work){0};
}

/* ---- Weights
 * --------------------------------------------------------------------------------------------- */

/* Rows of W without the columns of inputs that are zero. */
static dae_status copy_weights(void *context, size_t task) {
    const struct dae_affine *affine = context;
    const struct dae_live *a = affine->live;
    const struct dae_columns *x = &a->x;
    size_t units = affine->units, end = dae_size_min(units, (task + 1) * ROWS);
    for (size_t row = task * ROWS; row < end; row++)
        pick_row(x, affine->weight + row * x->all, a->weights, a->weights16, row);
    return DAE_OK;
}

static struct dae_factor as_it_is(size_t columns, const float *values, const uint16_t *values16) {
    return (struct dae_factor){columns, columns, values, values16};
}

/* The columns that a sum goes over: at least one, which then is 0. */
static size_t used_of(const struct dae_columns *c) {
    return c->count > 0 ? c->count : 1;
}

/* Of the weight as it lies in memory. */
static size_t weight_columns(const struct dae_affine *affine) {
    return affine->transposed ? affine->units : affine->inputs;
}

/* W as the product that makes the D before reads it, with the rows of all units. */
static struct dae_factor weights_before(const struct dae_affine *affine) {
    if (dae_live_before(affine) != NULL)
        return dae_factor_weights(affine);
    return as_it_is(weight_columns(affine), affine->weight, affine->weight16);
}

/* Some rows of that, those of units with a gradient. After them, any: they meet zeros. */
static dae_status copy_weights_before(void *context, size_t task) {
    const struct dae_affine *affine = context;
    const struct dae_live *a = affine->live;
    struct dae_factor all = weights_before(affine);
    size_t end = dae_size_min(a->d.width, (task + 1) * ROWS);
    for (size_t row = task * ROWS; row < end; row++) {
        size_t from = (row < a->d.count ? a->d.places[row] : 0) * all.columns, to = row * all.columns;
        if (a->weights_before16 != NULL)
            memcpy(a->weights_before16 + to, all.values16 + from, all.columns * sizeof *all.values16);
        else
            memcpy(a->weights_before + to, all.values + from, all.columns * sizeof *all.values);
    }
    return DAE_OK;
}

/* ---- From outside
 * ---------------------------------------------------------------------------------------- */

static struct dae_work weights_to_copy(const struct dae_affine *affine) {
    size_t rows = dae_live_x(affine) != NULL ? affine->units : 0;
    return (struct dae_work){copy_weights, (void *)(uintptr_t)affine, dae_size_divide_up(rows, ROWS)};
}

static struct dae_work weights_before_to_copy(const struct dae_affine *affine) {
    size_t rows = dae_live_d(affine) != NULL && affine->goes_back ? affine->live->d.width : 0;
    return (struct dae_work){copy_weights_before, (void *)(uintptr_t)affine, dae_size_divide_up(rows, ROWS)};
}

dae_status dae_live_find_x(const struct dae_affine *affine) {
    if (affine->live == NULL)
        return DAE_OK;
    struct search search = {&affine->live->x, affine->x,           affine->x16,
                            affine->batch,    affine->live->whole, false};
    DAE_TRY(find_columns(affine->pool, &search));
    return dae_pool_run_all(affine->pool,
                            (struct dae_work[]){matrix_to_copy(&search), weights_to_copy(affine)}, 2);
}

dae_status dae_live_find_d(const struct dae_affine *affine) {
    if (affine->live == NULL)
        return DAE_OK;
    struct search search = {&affine->live->d, affine->d, NULL, affine->batch, affine->live->whole, false};
    DAE_TRY(find_columns(affine->pool, &search));
    struct dae_work weights = weights_before_to_copy(affine);
    return dae_pool_run_all(affine->pool, (struct dae_work[]){matrix_to_copy(&search), weights}, 2);
}

const struct dae_columns *dae_live_x(const struct dae_affine *affine) {
    return affine->live != NULL && affine->live->x.width > 0 ? &affine->live->x : NULL;
}

const struct dae_columns *dae_live_d(const struct dae_affine *affine) {
    return affine->live != NULL && affine->live->d.width > 0 ? &affine->live->d : NULL;
}

const struct dae_columns *dae_live_before(const struct dae_affine *affine) {
    return affine->blocks_at_zero ? dae_live_x(affine) : NULL;
}

/* The compact matrix, or where there is none the whole one. */
static struct dae_factor compact(const struct dae_columns *c) {
    return (struct dae_factor){c->width, used_of(c), c->values, c->values16};
}

struct dae_factor dae_factor_x(const struct dae_affine *affine) {
    if (dae_live_x(affine) != NULL)
        return compact(&affine->live->x);
    const uint16_t *rounded = affine->x16 == NULL && affine->live != NULL ? affine->live->x.values16
                                                                          : affine->x16;
    return as_it_is(affine->inputs, affine->x, rounded);
}

struct dae_factor dae_factor_d(const struct dae_affine *affine) {
    if (dae_live_d(affine) != NULL)
        return compact(&affine->live->d);
    return as_it_is(affine->units, affine->d, affine->live != NULL ? affine->live->d.values16 : NULL);
}

struct dae_factor dae_factor_weights(const struct dae_affine *affine) {
    const struct dae_columns *x = dae_live_x(affine);
    if (x == NULL)
        return as_it_is(weight_columns(affine), affine->weight, affine->weight16);
    return (struct dae_factor){x->width, used_of(x), affine->live->weights, affine->live->weights16};
}

struct dae_factor dae_factor_weights_before(const struct dae_affine *affine) {
    struct dae_factor all = weights_before(affine);
    if (dae_live_d(affine) == NULL)
        return all;
    const struct dae_live *a = affine->live;
    return (struct dae_factor){all.columns, all.used, a->weights_before, a->weights_before16};
}
