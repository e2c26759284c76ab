/* The one door to matrix products. Only matmul.c knows that a BLAS library exists. */
#ifndef DAE_MATH_MATMUL_H
#define DAE_MATH_MATMUL_H

#include "core/pool.h"

#include <stdbool.h>

/* A row-major matrix as it lies in memory, `stride` values from row to row; used transposed if said so. */
struct dae_matrix {
    const void *data; /* float32, or bfloat16 if the product says so */
    size_t stride;
    bool transposed;
};

enum { DAE_MAX_TILES = 64 };

/* A part of the result: rows [row, row + rows), columns [column, column + columns). */
struct dae_tile {
    size_t row, rows, column, columns;
    size_t index; /* below DAE_MAX_TILES */
};

/* What is done to a part of the result right after it is made, while it is in the cache. */
typedef dae_status (*dae_tile_fn)(void *context, struct dae_tile tile);

/* C[m,n] = A[m,k] B[k,n], each row of C `c_stride` values from the next. C is float32, and so are the sums
 * that make it. */
struct dae_product {
    size_t m, n, k;
    bool bfloat16; /* of A and B */
    struct dae_matrix a, b;
    float *c;
    size_t c_stride;
    size_t parts;      /* that the sums are made in: as many results, m rows each, lie back to back in C */
    dae_tile_fn after; /* or NULL; only for one part */
    void *context;
    struct dae_work beside;           /* what else there is to do, in any order with the product; or none */
    struct dae_thread_memory *memory; /* to work in; belongs to one session or trainer */
};

/* In how many parts, 1 or 2, sums over samples are best made: half of the samples to each, then, and the
 * caller adds up. */
size_t dae_product_parts(size_t m, size_t n, size_t k);

/* Makes room for products on this many threads, which the first one would do otherwise. */
dae_status dae_product_reserve(struct dae_thread_memory *memory, size_t threads);

/* Makes a product in tiles that depend on m, n and k only; fails as `after` and what is beside do, or for
 * want of memory. */
dae_status dae_product_run(struct dae_pool *pool, const struct dae_product *product);

/* Bracket every use of dae_product_run(): while any thread is between them, a BLAS library that multiplies is
 * set to one thread (the pool does the threading, and two pools would fight); afterwards its setting is
 * restored. */
void dae_matmul_enter(void);
void dae_matmul_leave(void);

/* What multiplies float32: "own products", "portable products" or "BLAS blas-netlib", say. */
const char *dae_matmul_name(void);

/* To be called before products are made in a DAE_PRECISION_*, so that the units for it are there. Refuses one
 * that does not exist; `context` begins the message. */
dae_status dae_matmul_choose_precision(int32_t precision, const char *context);

#endif
