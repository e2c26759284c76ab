#include "math/matmul.h"
#include "core/annotate.h"
#include "core/size.h"
#include "math/bfloat16.h"
#include "math/kernels.h"

#include "config.h"

#include <dae/runtime.h>

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>
#if DAE_HAVE_CBLAS
#include <cblas.h>
#endif

/* Threads share out rows of matrices as they lie in memory, and with them samples: whoever gathers a row of X
 * multiplies it, makes a row of Y from it, takes its loss, if there are enough rows. Where threads have parts
 * of the same rows instead, processors fetch ahead from one thread's part into the other's, and lines of
 * memory go from core to core for nothing: where cores share no cache, a third of a step. */
enum {
    /* Cutting the rows of a result repeats the packing of B, which costs as much as some ten rows of A: tiles
     * have at least this many rows, ... */
    TILE_ROWS = 128,
    /* ... or half of that where there would be fewer tiles than this, ... */
    FEW_TILES = 4,
    /* ... at least this many columns, because of what is done for each row of a tile, ... */
    TILE_COLUMNS = 256,
    /* ... at least this many multiplications, worth waking a thread for, ... */
    TILE_WORK = 500 * 1000,
    /* ... and edges at multiples of this, the widest vector of float32, of bfloat16. */
    TILE_EDGE = 16,
    TILE_EDGE_BFLOAT16 = 32,
    MOST_PIECES = 8, /* of rows, and of columns */
};
_Static_assert(MOST_PIECES *MOST_PIECES <= DAE_MAX_TILES, "each tile has an index");

enum backend { KERNELS, CBLAS };

/* What multiplies float32: what the build asks for, but CBLAS, if it is here, where the processor has no
 * fused multiply-adds. bfloat16 is always multiplied by kernels. */
static enum backend float32_backend(void) {
    return dae_kernels()->has_fused || !DAE_HAVE_CBLAS ? DAE_PRODUCTS : CBLAS;
}

const char *dae_matmul_name(void) {
    if (float32_backend() == CBLAS)
        return "BLAS " DAE_BLAS_NAME;
    return dae_kernels()->has_fused ? "own products" : "portable products";
}

/* ---- Threads of BLAS
 * ------------------------------------------------------------------------------------ */

/* Present in the process when the BLAS library is OpenBLAS or BLIS, also when it was chosen only at run
 * time as the system's libblas. */
extern void openblas_set_num_threads(int num_threads) __attribute__((weak));
extern int openblas_get_num_threads(void) __attribute__((weak));
extern void bli_thread_set_num_threads(int64_t count) __attribute__((weak));
extern int64_t bli_thread_get_num_threads(void) __attribute__((weak));

/* Who multiplies in this process. `owner` guards the rest: the id of the process that changes it, 0 for
 * nobody. It is not a mutex, because a child that is forked while another thread holds a mutex waits for ever
 * for a thread that it has not got. An owner that is not this process is such a thread, and its lock is taken
 * over; each value below is right at every moment, so that nothing is left half done. */
static struct {
    atomic_int owner;
    int process;    /* the one that `users` counts for */
    size_t users;   /* calls between dae_matmul_enter() and dae_matmul_leave() */
    int64_t before; /* BLAS threads to go back to; 0: nothing to go back to */
} blas;
static _Thread_local size_t calls_of_this_thread;

static void lock_blas(void) {
    int self = (int)getpid(), owner = 0;
    DAE_IS_ATOMIC(blas.owner);
    while (!atomic_compare_exchange_weak(&blas.owner, &owner, self))
        if (owner == self) {
            sched_yield();
            owner = 0;
        }
    DAE_HAPPENS_AFTER(&blas);
    if (blas.process == self)
        return;
    /* In a child: of all threads that it had as a parent, only the one that called fork() is left. */
    blas.users = calls_of_this_thread;
    blas.process = self;
}

static void unlock_blas(void) {
    DAE_HAPPENS_BEFORE(&blas);
    atomic_store(&blas.owner, 0);
}

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
    if (float32_backend() != CBLAS)
        return;
    lock_blas();
    calls_of_this_thread++;
    if (blas.users++ == 0) {
        int64_t now = get_blas_threads();
        /* a child may find its parent's setting of one thread, and then knows what was before it */
        if (now != 1 || blas.before == 0)
            blas.before = now;
        if (now != 1)
            set_blas_threads(1);
    }
    unlock_blas();
}

void dae_matmul_leave(void) {
    if (float32_backend() != CBLAS)
        return;
    lock_blas();
    calls_of_this_thread--;
    if (blas.users > 0 && --blas.users == 0) {
        if (blas.before != 1)
            set_blas_threads(blas.before);
        blas.before = 0;
    }
    unlock_blas();
}

dae_status dae_matmul_choose_precision(int32_t precision, const char *context) {
    if (precision != DAE_PRECISION_FLOAT32 && precision != DAE_PRECISION_BFLOAT16)
        return dae_fail(DAE_ERROR_ARGUMENT, "%s: precision is %d, expected one of DAE_PRECISION_*", context,
                        (int)precision);
    if (precision == DAE_PRECISION_BFLOAT16)
        (void)dae_bfloat16_units();
    return DAE_OK;
}

/* ---- Cutting
 * --------------------------------------------------------------------------------------------- */

/* How a product is cut: `rows` x `columns` tiles of the result, for each part of the sums. */
struct cut {
    const struct dae_product *product;
    size_t rows, columns;
};

/* Start of piece i of `pieces` in a length. */
static size_t edge(const struct dae_product *p, size_t length, size_t pieces, size_t i) {
    size_t unit = p->bfloat16 ? TILE_EDGE_BFLOAT16 : TILE_EDGE;
    return dae_size_min(length, dae_size_divide_up(length, unit) * i / pieces * unit);
}

/* The value at (row, column) of a matrix whose values have `size` bytes. */
static const void *at(const struct dae_matrix *matrix, size_t row, size_t column, size_t size) {
    size_t offset = matrix->transposed ? column * matrix->stride + row : row * matrix->stride + column;
    return (const char *)matrix->data + offset * size;
}

/* The part of a product that makes one tile from terms [k, k + depth) of its sums. */
static struct dae_product part_of(const struct dae_product *p, struct dae_tile tile, size_t k, size_t depth) {
    size_t size = p->bfloat16 ? sizeof(uint16_t) : sizeof(float);
    struct dae_product part = *p;
    part.m = tile.rows;
    part.n = tile.columns;
    part.k = depth;
    part.a.data = at(&p->a, tile.row, k, size);
    part.b.data = at(&p->b, k, tile.column, size);
    part.c = p->c + tile.row * p->c_stride + tile.column;
    return part;
}

static struct dae_strided strided(const struct dae_matrix *matrix) {
    return (struct dae_strided){matrix->data, matrix->transposed ? 1 : matrix->stride,
                                matrix->transposed ? matrix->stride : 1};
}

static void multiply(const struct dae_product *p) {
    if (p->bfloat16 || float32_backend() == KERNELS) {
        dae_multiply_fn *own = p->bfloat16 ? dae_bfloat16_units()->multiply : dae_kernels()->multiply;
        own(dae_thread_memory_here(p->memory), p->c, p->c_stride, strided(&p->a), strided(&p->b), p->m, p->n,
            p->k);
        return;
    }
#if DAE_HAVE_CBLAS
    cblas_sgemm(CblasRowMajor, p->a.transposed ? CblasTrans : CblasNoTrans,
                p->b.transposed ? CblasTrans : CblasNoTrans, (int)p->m, (int)p->n, (int)p->k, 1.0f, p->a.data,
                (int)p->a.stride, p->b.data, (int)p->b.stride, 0.0f, p->c, (int)p->c_stride);
#endif
}

static dae_status make_tile(void *context, size_t task) {
    const struct cut *cut = context;
    const struct dae_product *p = cut->product;
    size_t tiles = cut->rows * cut->columns, index = task % tiles, number = task / tiles;
    size_t i = index / cut->columns, j = index % cut->columns;
    struct dae_tile tile = {
        .row = edge(p, p->m, cut->rows, i), .column = edge(p, p->n, cut->columns, j), .index = index};
    tile.rows = edge(p, p->m, cut->rows, i + 1) - tile.row;
    tile.columns = edge(p, p->n, cut->columns, j + 1) - tile.column;
    size_t k = edge(p, p->k, p->parts, number), k_end = edge(p, p->k, p->parts, number + 1);
    struct dae_product part = part_of(p, tile, k, k_end - k);
    part.c += number * p->m * p->c_stride;
    multiply(&part);
    return p->after != NULL ? p->after(p->context, tile) : DAE_OK;
}

/* A power of two of pieces of a length, each at least `least` long and of at least TILE_WORK
 * multiplications. */
static size_t pieces_of(size_t length, size_t least, double work) {
    size_t pieces = 1;
    while (pieces < MOST_PIECES && 2 * pieces * least <= length && work > 2.0 * TILE_WORK * (double)pieces)
        pieces *= 2;
    return pieces;
}

/* Two parts where the result is smaller than the factors, so that handing it on and adding costs less than it
 * saves. */
size_t dae_product_parts(size_t m, size_t n, size_t k) {
    double values = (double)m * (double)n;
    bool is_small = values <= (double)k * ((double)m + (double)n);
    return is_small && k >= TILE_ROWS && values * (double)k >= 2.0 * TILE_WORK ? 2 : 1;
}

/* ---- The door ---------------------------------------------------------------------------------------- */

dae_status dae_product_reserve(struct dae_thread_memory *memory, size_t threads) {
    return dae_thread_memory_reserve(memory, threads, DAE_MULTIPLY_MEMORY);
}

dae_status dae_product_run(struct dae_pool *pool, const struct dae_product *p) {
    double work = (double)p->m * (double)p->n * (double)p->k / (double)p->parts;
    DAE_TRY(dae_product_reserve(p->memory, dae_pool_threads(pool)));
    struct cut cut = {p, pieces_of(p->m, TILE_ROWS, work), 1};
    cut.columns = pieces_of(p->n, TILE_COLUMNS, work / (double)cut.rows);
    if (p->parts * cut.rows * cut.columns < FEW_TILES)
        cut.rows = pieces_of(p->m, TILE_ROWS / 2, work / (double)cut.columns);
    size_t tiles = p->parts * cut.rows * cut.columns;
    return dae_pool_run_all(pool, (struct dae_work[]){{make_tile, &cut, tiles}, p->beside}, 2);
}
