/* The product of two matrices, for one kind of processor: part of kernels_target.c.
 *
 * Each value of C is one chain of fused multiply-adds in the order of k, whatever the width of vectors: all
 * processors that have them give the same bits. Elsewhere it is the same chain of multiplications and
 * additions, the portable path. Sums of a block of C stay in registers, while a panel of B, two vectors wide,
 * is read in order from the second cache, where the panels were copied to. Rows of A are read where they lie;
 * columns, if A is transposed, are copied first, because values of one are far apart and drive each other out
 * of the cache.
 *
 * Factors may be bfloat16, if the constant `narrow` says so: they become float32 when they are copied. Their
 * products are exact in float32, so that processors without fused operations give the same bits. */
#ifndef DAE_MATH_MULTIPLY_H
#define DAE_MATH_MULTIPLY_H

#include "core/size.h"
#include "math/elementary.h"
#include "math/kernels.h"
#include "math/vector.h"

#include <string.h>

/* HEIGHT x 2 sums, two vectors of B and one of A fit into the registers. */
#if defined(__AVX512F__) || defined(__aarch64__)
enum { HEIGHT = 12 };
#else
enum { HEIGHT = 6 };
#endif

enum {
    WIDTH = 2 * NATIVE, /* columns of a panel */
    DEPTH = 256,        /* rows of a panel, at most */
    COLUMNS = 256,      /* of all panels at once */
    ROWS_AT_ONCE = 24,  /* of A, copied */
    SQUARE = 4          /* rows and columns that are transposed at once */
};
_Static_assert(SQUARE == sizeof(quad_t) / sizeof(float), "transpose_square() is made for it");
_Static_assert(DEPTH *(COLUMNS + ROWS_AT_ONCE) <= DAE_MULTIPLY_MEMORY,
               "the memory is as the caller gives it");

/* A panel of B and what it is multiplied with: `rows` rows of A give `columns` columns of C. */
struct panel {
    const float *values;
    size_t depth, columns;
    struct dae_strided a;
    size_t rows;
    float *c;
    size_t c_stride;
    bool first; /* sums begin at 0, not at what C holds */
};

/* Rows of C from `row` on, into c; `height` and `vectors` are constants. */
ALWAYS_INLINE void multiply_block(const struct panel *p, size_t row, float *c, size_t c_stride,
                                  const size_t height, const size_t vectors) {
    const float *a = (const float *)p->a.values + row * p->a.row, *b = p->values;
    const size_t a_row = p->a.row, a_column = p->a.column, depth = p->depth;
    native_t sum[HEIGHT][2], b_row[2], value;
    UNROLL
    for (size_t i = 0; i < height; i++) {
        UNROLL
        for (size_t v = 0; v < vectors; v++) {
            sum[i][v] = (native_t){0};
            if (!p->first)
                LOAD(sum[i][v], c + i * c_stride + v * NATIVE);
        }
    }
    for (size_t k = 0; k < depth; k++) {
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            LOAD(b_row[v], b + k * WIDTH + v * NATIVE);
        UNROLL
        for (size_t i = 0; i < height; i++) {
            value = SPREAD(a[i * a_row + k * a_column]);
            UNROLL
            for (size_t v = 0; v < vectors; v++)
                sum[i][v] = FUSE(value, b_row[v], sum[i][v]);
        }
    }
    UNROLL
    for (size_t i = 0; i < height; i++) {
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            STORE(c + i * c_stride + v * NATIVE, sum[i][v]);
    }
}

/* The same where only a part of the last vector is in C. */
ALWAYS_INLINE void multiply_edge(const struct panel *p, size_t row, const size_t height,
                                 const size_t vectors) {
    float edge[HEIGHT * WIDTH], *c = p->c + row * p->c_stride;
    size_t size = p->columns * sizeof *c;
    for (size_t i = 0; i < height && !p->first; i++)
        memcpy(edge + i * WIDTH, c + i * p->c_stride, size);
    multiply_block(p, row, edge, WIDTH, height, vectors);
    for (size_t i = 0; i < height; i++)
        memcpy(c + i * p->c_stride, edge + i * WIDTH, size);
}

/* Blocks of `height` rows, as long as there are that many; returns the row after them. */
ALWAYS_INLINE size_t multiply_blocks(const struct panel *p, size_t row, const size_t height,
                                     const size_t vectors) {
    for (; row + height <= p->rows; row += height)
        if (p->columns == vectors * NATIVE)
            multiply_block(p, row, p->c + row * p->c_stride, p->c_stride, height, vectors);
        else
            multiply_edge(p, row, height, vectors);
    return row;
}

ALWAYS_INLINE void multiply_panel(const struct panel *p, const size_t vectors) {
    size_t row = multiply_blocks(p, 0, HEIGHT, vectors);
    row = multiply_blocks(p, row, 4, vectors);
    row = multiply_blocks(p, row, 2, vectors);
    multiply_blocks(p, row, 1, vectors);
}

/* ---- Copies ----------------------------------------------------------------------------------------- */

/* The part of a matrix that begins at its value (row, column). */
ALWAYS_INLINE struct dae_strided part_from(struct dae_strided whole, size_t row, size_t column,
                                           const bool narrow) {
    size_t offset = (row * whole.row + column * whole.column) * (narrow ? sizeof(uint16_t) : sizeof(float));
    return (struct dae_strided){(const char *)whole.values + offset, whole.row, whole.column};
}

ALWAYS_INLINE float value_at(const void *values, size_t i, const bool narrow) {
    return narrow ? dae_float_of((uint32_t)((const uint16_t *)values)[i] << 16) : ((const float *)values)[i];
}

/* `count` values that lie side by side, from number `first` on */
ALWAYS_INLINE void copy_values(float *out, const void *values, size_t first, const size_t count,
                               const bool narrow) {
    if (narrow)
        for (size_t i = 0; i < count; i++)
            out[i] = value_at(values, first + i, true);
    else
        memcpy(out, (const float *)values + first, count * sizeof *out);
}

/* Rows [k, k + SQUARE) of columns [j, j + SQUARE) of a transposed B, into rows WIDTH values apart. */
ALWAYS_INLINE void transpose_square(float *out, struct dae_strided b, size_t k, size_t j, const bool narrow) {
    float values[SQUARE];
    quad_t row[SQUARE], pair[SQUARE];
    UNROLL
    for (size_t i = 0; i < SQUARE; i++) {
        copy_values(values, b.values, (j + i) * b.column + k, SQUARE, narrow);
        LOAD(row[i], values);
    }
    UNROLL
    for (size_t i = 0; i < SQUARE; i += 2) {
        pair[i] = CHOOSE(row[i], row[i + 1], 0, 4, 1, 5);
        pair[i + 1] = CHOOSE(row[i], row[i + 1], 2, 6, 3, 7);
    }
    UNROLL
    for (size_t i = 0; i < SQUARE; i += 2) {
        row[i] = CHOOSE(pair[i / 2], pair[i / 2 + 2], 0, 1, 4, 5);
        row[i + 1] = CHOOSE(pair[i / 2], pair[i / 2 + 2], 2, 3, 6, 7);
        STORE(out + i * WIDTH, row[i]);
        STORE(out + (i + 1) * WIDTH, row[i + 1]);
    }
}

/* Squares go through many columns at once, too many for the processor to see where they lead: fetches a line
 * of one of four columns, two lines ahead, so that each line has been fetched when the squares reach it. */
ALWAYS_INLINE void fetch_ahead(struct dae_strided b, size_t k, size_t j, size_t depth, const bool narrow) {
    const size_t size = narrow ? sizeof(uint16_t) : sizeof(float), ahead = 128 / size;
    size_t column = j + k / SQUARE % SQUARE;
    if (k + ahead < depth)
        __builtin_prefetch((const char *)b.values + (column * b.column + k + ahead) * size);
}

/* values[k][j] = b(k, j), and 0 in columns that B does not have */
ALWAYS_INLINE void fill_panel(float *values, struct dae_strided b, size_t depth, size_t columns,
                              const bool narrow) {
    size_t whole = 0;
    if (columns == WIDTH && b.column == 1)
        for (; whole < depth; whole++)
            copy_values(values + whole * WIDTH, b.values, whole * b.row, WIDTH, narrow);
    else if (columns == WIDTH)
        for (; whole + SQUARE <= depth; whole += SQUARE)
            for (size_t j = 0; j < WIDTH; j += SQUARE) {
                fetch_ahead(b, whole, j, depth, narrow);
                transpose_square(values + whole * WIDTH + j, b, whole, j, narrow);
            }
    for (size_t k = whole; k < depth; k++)
        for (size_t j = 0; j < WIDTH; j++)
            values[k * WIDTH + j] = j < columns ? value_at(b.values, k * b.row + j * b.column, narrow) : 0;
}

/* `rows` rows of A; if it is transposed, so that those of one k lie side by side. */
ALWAYS_INLINE struct dae_strided copy_rows(float *values, struct dae_strided a, size_t depth, size_t rows,
                                           const bool narrow) {
    if (a.column == 1) {
        for (size_t row = 0; row < rows; row++)
            copy_values(values + row * depth, a.values, row * a.row, depth, narrow);
        return (struct dae_strided){values, depth, 1};
    }
    for (size_t k = 0; k < depth; k++)
        if (rows == ROWS_AT_ONCE) /* a constant, so that nothing is called */
            copy_values(values + k * ROWS_AT_ONCE, a.values, k * a.column, ROWS_AT_ONCE, narrow);
        else
            copy_values(values + k * ROWS_AT_ONCE, a.values, k * a.column, rows, narrow);
    return (struct dae_strided){values, 1, ROWS_AT_ONCE};
}

/* ---- The product ------------------------------------------------------------------------------------- */

/* Part of a product: terms [0, depth) of the sums of at most COLUMNS columns. */
ALWAYS_INLINE void multiply_part(float *memory, const struct dae_strided *a, const struct dae_strided *b,
                                 size_t m, size_t n, struct panel p, const bool narrow) {
    float *c = p.c, *copied = memory + (size_t)DEPTH * COLUMNS;
    for (size_t j = 0; j < n; j += WIDTH)
        fill_panel(memory + j * p.depth, part_from(*b, 0, j, narrow), p.depth, dae_size_min(n - j, WIDTH),
                   narrow);
    for (size_t i = 0; i < m; i += ROWS_AT_ONCE) {
        p.rows = dae_size_min(m - i, ROWS_AT_ONCE);
        p.a = part_from(*a, i, 0, narrow);
        if (narrow || a->column != 1)
            p.a = copy_rows(copied, p.a, p.depth, p.rows, narrow);
        for (size_t j = 0; j < n; j += WIDTH) {
            p.values = memory + j * p.depth;
            p.columns = dae_size_min(n - j, WIDTH);
            p.c = c + i * p.c_stride + j;
            if (p.columns > NATIVE)
                multiply_panel(&p, 2);
            else
                multiply_panel(&p, 1);
        }
    }
}

ALWAYS_INLINE void multiply_any(float *memory, float *c, size_t c_stride, struct dae_strided a,
                                struct dae_strided b, size_t m, size_t n, size_t k, const bool narrow) {
    size_t cuts = (k + DEPTH - 1) / DEPTH, depth = (k + cuts - 1) / cuts;
    for (size_t j = 0; j < n; j += COLUMNS)
        for (size_t from = 0; from < k; from += depth) {
            struct panel p = {
                .depth = dae_size_min(k - from, depth), .c = c + j, .c_stride = c_stride, .first = from == 0};
            struct dae_strided a_part = part_from(a, 0, from, narrow), b_part = part_from(b, from, j, narrow);
            multiply_part(memory, &a_part, &b_part, m, dae_size_min(n - j, COLUMNS), p, narrow);
        }
}

static void multiply(float *memory, float *c, size_t c_stride, struct dae_strided a, struct dae_strided b,
                     size_t m, size_t n, size_t k) {
    multiply_any(memory, c, c_stride, a, b, m, n, k, false);
}

static void multiply_bfloat16(float *memory, float *c, size_t c_stride, struct dae_strided a,
                              struct dae_strided b, size_t m, size_t n, size_t k) {
    multiply_any(memory, c, c_stride, a, b, m, n, k, true);
}

#endif
