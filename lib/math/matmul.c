#include "math/matmul.h"
#include "core/size.h"
#include "math/matmul_dnnl.h"

#include "config.h"

#include <cblas.h>
#include <limits.h>
#include <pthread.h>

enum {
    /* Cutting a product repeats the packing of one operand, which costs as much as some 10 to 30 rows of the
     * other: tiles are at least this long, ... */
    TILE_LENGTH = 128,
    /* ... have at least this many multiplications, worth waking a thread for, ... */
    TILE_WORK = 500 * 1000,
    /* ... and edges at multiples of this, the widest vector. */
    TILE_EDGE = 16,
};

/* Present in the process when the BLAS library is OpenBLAS or BLIS, also when it was chosen only at run
 * time as the system's libblas. */
extern void openblas_set_num_threads(int count) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));
extern void bli_thread_set_num_threads(int64_t count) __attribute__((weak));
extern int64_t bli_thread_get_num_threads(void) __attribute__((weak));

static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t users;
static int64_t saved_threads;

static int64_t get_blas_threads(void) {
    if (openblas_get_num_threads != NULL)
        return openblas_get_num_threads();
    if (bli_thread_get_num_threads != NULL)
        return bli_thread_get_num_threads();
    return 1;
}

static void set_blas_threads(int64_t count) {
    if (openblas_set_num_threads != NULL)
        openblas_set_num_threads((int)count);
    else if (bli_thread_set_num_threads != NULL)
        bli_thread_set_num_threads(count);
}

void dae_matmul_enter(void) {
    pthread_mutex_lock(&users_lock);
    if (users++ == 0) {
        saved_threads = get_blas_threads();
        if (saved_threads != 1)
            set_blas_threads(1);
    }
    pthread_mutex_unlock(&users_lock);
}

void dae_matmul_leave(void) {
    pthread_mutex_lock(&users_lock);
    if (--users == 0 && saved_threads != 1)
        set_blas_threads(saved_threads);
    pthread_mutex_unlock(&users_lock);
}

const char *dae_matmul_name(void) {
    return dae_dnnl_is_built_in() ? dae_dnnl_name() : "BLAS " DAE_BLAS_NAME;
}

const char *dae_matmul_bfloat16_units(void) {
    return dae_dnnl_bfloat16_units();
}

/* How a result is cut: `rows` x `columns` pieces. */
struct grid {
    const struct dae_product *product;
    size_t rows, columns;
};

/* Start of piece i of `pieces` in a length, at a multiple of TILE_EDGE. */
static size_t edge(size_t length, size_t pieces, size_t i) {
    size_t units = dae_size_divide_up(length, TILE_EDGE);
    return dae_size_min(length, units * i / pieces * TILE_EDGE);
}

/* The value at (row, column) of a matrix whose values have `size` bytes. */
static const void *at(const struct dae_matrix *matrix, size_t row, size_t column, size_t size) {
    size_t offset = matrix->transposed ? column * matrix->stride + row : row * matrix->stride + column;
    return (const char *)matrix->data + offset * size;
}

static size_t value_size(const struct dae_product *product) {
    return product->bfloat16 ? sizeof(uint16_t) : sizeof(float);
}

const void *dae_product_a(const struct dae_product *product, size_t row) {
    return at(&product->a, row, 0, value_size(product));
}

const void *dae_product_b(const struct dae_product *product, size_t column) {
    return at(&product->b, 0, column, value_size(product));
}

static void multiply_by_blas(const struct dae_product *p, struct dae_tile tile) {
    cblas_sgemm(CblasRowMajor, p->a.transposed ? CblasTrans : CblasNoTrans,
                p->b.transposed ? CblasTrans : CblasNoTrans, (int)tile.rows, (int)tile.columns, (int)p->k,
                1.0f, dae_product_a(p, tile.row), (int)p->a.stride, dae_product_b(p, tile.column),
                (int)p->b.stride, 0.0f, p->c + tile.row * p->c_stride + tile.column, (int)p->c_stride);
}

static void make_tile(void *context, size_t task) {
    const struct grid *grid = context;
    const struct dae_product *p = grid->product;
    size_t i = task / grid->columns, j = task % grid->columns;
    struct dae_tile tile = {
        .row = edge(p->m, grid->rows, i), .column = edge(p->n, grid->columns, j), .index = task};
    tile.rows = edge(p->m, grid->rows, i + 1) - tile.row;
    tile.columns = edge(p->n, grid->columns, j + 1) - tile.column;
    if (tile.rows == 0 || tile.columns == 0)
        return;
    if (!dae_dnnl_multiply(p, tile)) {
        if (!p->bfloat16)
            multiply_by_blas(p, tile);
        else if (p->failed != NULL)
            atomic_store(p->failed, true);
    }
    if (p->after != NULL)
        p->after(p->context, tile);
}

void dae_product_run(struct dae_pool *pool, const struct dae_product *p) {
    /* The longer side is cut, which repeats the packing of the smaller operand. In bfloat16, whole rows of A are
     * taken as they are, and packing B costs little. */
    bool by_rows = p->m >= p->n || (p->bfloat16 && !p->a.transposed);
    size_t length = by_rows ? p->m : p->n, pieces = 1;
    while (pieces < DAE_MAX_TILES && 2 * pieces * TILE_LENGTH <= length &&
           (double)p->m * (double)p->n * (double)p->k > 2.0 * TILE_WORK * (double)pieces)
        pieces *= 2;
    struct grid grid = {p, by_rows ? pieces : 1, by_rows ? 1 : pieces};
    dae_pool_run(pool, make_tile, &grid, pieces);
}
