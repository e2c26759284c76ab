#include "core/size.h"

#include <stdio.h>

size_t dae_size_bisect(const size_t *starts, size_t count, size_t x) {
    size_t low = 0, high = count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (starts[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    return low;
}

dae_status dae_array_check(size_t count, size_t values, const char *what, const char *context) {
    size_t all, bytes;
    if (!dae_size_multiply(count, values, &all) || !dae_size_multiply(all, sizeof(float), &bytes) ||
        bytes > PTRDIFF_MAX)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s is %zu, more than an array can hold", context, what,
                        count);
    return DAE_OK;
}

dae_status dae_arrays_check_apart(struct dae_array a, struct dae_array b, const char *context) {
    uintptr_t at_a = (uintptr_t)a.bytes, at_b = (uintptr_t)b.bytes;
    bool apart = at_a < at_b ? at_b - at_a >= a.size : at_a - at_b >= b.size;
    if (a.bytes == NULL || b.bytes == NULL || apart)
        return DAE_OK;
    return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s and %s overlap, expected memory of its own for each", context,
                    a.name, b.name);
}

/* `open` dimensions, at the end, may be 0. */
static dae_status set(struct dae_shape *shape, size_t rank, const size_t *dims, size_t open,
                      const char *context) {
    if (rank < 1 || rank > DAE_SHAPE_MAX_RANK)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: rank is %zu, expected 1 to %d", context, rank,
                        DAE_SHAPE_MAX_RANK);
    if (dims == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: shape is NULL, expected a pointer", context);
    struct dae_shape result = {.rank = rank, .size = 1};
    for (size_t i = 0; i < rank; i++) {
        if (dims[i] == 0 && i + open < rank)
            return dae_fail(DAE_ERROR_ARGUMENT, "%s: shape[%zu] is 0, expected at least 1%s", context, i,
                            open > 0 ? ": only dimensions after the first may be any" : "");
        result.dims[i] = dims[i];
        size_t bytes;
        if (!dae_size_multiply(result.size, dims[i], &result.size) ||
            !dae_size_multiply(result.size, sizeof(double), &bytes))
            return dae_fail(DAE_ERROR_ARGUMENT,
                            "%s: the product of the shape's dimensions does not fit into memory", context);
    }
    *shape = result;
    return DAE_OK;
}

dae_status dae_shape_set(struct dae_shape *shape, size_t rank, const size_t *dims, const char *context) {
    return set(shape, rank, dims, 0, context);
}

dae_status dae_shape_set_open(struct dae_shape *shape, size_t rank, const size_t *dims, const char *context) {
    return set(shape, rank, dims, rank > 0 ? rank - 1 : 0, context);
}

struct dae_shape dae_shape_flat(size_t size) {
    return (struct dae_shape){.rank = 1, .dims = {size}, .size = size};
}

bool dae_shape_equals(const struct dae_shape *a, const struct dae_shape *b) {
    bool equal = a->rank == b->rank;
    for (size_t i = 0; equal && i < a->rank; i++)
        equal = a->dims[i] == b->dims[i];
    return equal;
}

bool dae_shape_fits(const struct dae_shape *a, const struct dae_shape *b) {
    if (a->size != b->size)
        return false;
    if (a->rank == 1 || b->rank == 1)
        return true;
    /* sizes are equal: where all dimensions of the shorter one are those at the end of the longer, the rest
     * are 1 */
    for (size_t i = 1; i <= dae_size_min(a->rank, b->rank); i++)
        if (a->dims[a->rank - i] != b->dims[b->rank - i])
            return false;
    return true;
}

const char *dae_shape_text(const struct dae_shape *shape, char *text) {
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < shape->rank; i++) {
        length += (size_t)snprintf(text + length, DAE_SHAPE_TEXT_SIZE - length, "%s", i ? " x " : "");
        length += shape->dims[i] == 0
                      ? (size_t)snprintf(text + length, DAE_SHAPE_TEXT_SIZE - length, "any")
                      : (size_t)snprintf(text + length, DAE_SHAPE_TEXT_SIZE - length, "%zu", shape->dims[i]);
    }
    return text;
}

dae_status dae_shape_get(const struct dae_shape *shape, size_t *rank, size_t *dims, const char *context) {
    if (rank == NULL || dims == NULL)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: %s is NULL, expected a pointer", context,
                        rank == NULL ? "rank" : "shape");
    *rank = shape->rank;
    for (size_t i = 0; i < shape->rank; i++)
        dims[i] = shape->dims[i];
    return DAE_OK;
}
