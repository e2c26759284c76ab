/* Overflow-checked size arithmetic, and shapes built on it. */
#ifndef DAE_CORE_SIZE_H
#define DAE_CORE_SIZE_H

#include "core/status.h"

#include <stdbool.h>

enum { DAE_SHAPE_MAX_RANK = 8 };

/* a * b, or false when it does not fit. */
static inline bool dae_size_multiply(size_t a, size_t b, size_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

/* a + b, or false when it does not fit. */
static inline bool dae_size_add(size_t a, size_t b, size_t *sum) {
    return !__builtin_add_overflow(a, b, sum);
}

static inline size_t dae_size_min(size_t a, size_t b) {
    return a < b ? a : b;
}

static inline size_t dae_size_max(size_t a, size_t b) {
    return a > b ? a : b;
}

/* The last of starts[count], which grow from 0 on, that is not above x. */
size_t dae_size_bisect(const size_t *starts, size_t count, size_t x);

/* ceil(a / b) */
static inline size_t dae_size_divide_up(size_t a, size_t b) {
    return a / b + (a % b != 0);
}

/* Refuses rows[count] of `values` float32 each when no array can have so many: what the caller's pointer is
 * added to must not wrap around. `what` names the count, `context` begins the message. */
dae_status dae_array_check(size_t count, size_t values, const char *what, const char *context);

/* One of the arrays of a call: its name in messages, and where it lies. */
struct dae_array {
    const char *name;
    const void *bytes; /* or NULL: overlaps nothing */
    size_t size;
};

/* Refuses two arrays that share memory; `context` begins the message. */
dae_status dae_arrays_check_apart(struct dae_array a, struct dae_array b, const char *context);

/* The dimensions of one sample; `size` is their product, or 0 where one of them is 0, which stands for any.
 * size * 8 is addressable, so that size * sizeof(float) may be written; products with anything else go
 * through dae_allocate(count, size) or the functions above. */
struct dae_shape {
    size_t rank;
    size_t dims[DAE_SHAPE_MAX_RANK];
    size_t size;
};

/* Checks and takes over dimensions given by a caller; `context` begins the message. */
dae_status dae_shape_set(struct dae_shape *shape, size_t rank, const size_t *dims, const char *context);

/* The same, where all dimensions but the first may be 0, for any. */
dae_status dae_shape_set_open(struct dae_shape *shape, size_t rank, const size_t *dims, const char *context);

/* Whether some dimension may be any. */
static inline bool dae_shape_is_open(const struct dae_shape *shape) {
    return shape->size == 0;
}

/* A shape of one dimension. */
struct dae_shape dae_shape_flat(size_t size);

bool dae_shape_equals(const struct dae_shape *a, const struct dae_shape *b);

/* Equal but for leading dimensions of 1, or equal in size where one of both is flat. */
bool dae_shape_fits(const struct dae_shape *a, const struct dae_shape *b);

enum { DAE_SHAPE_TEXT_SIZE = 200 };

/* Writes a shape as "28 x 28" into text[DAE_SHAPE_TEXT_SIZE] and returns text. */
const char *dae_shape_text(const struct dae_shape *shape, char *text);

/* Hands a shape out as public calls do: both pointers required, shape[8]. */
dae_status dae_shape_get(const struct dae_shape *shape, size_t *rank, size_t *dims, const char *context);

#endif
