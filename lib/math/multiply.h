/* The product of two matrices, for one kind of processor: part of kernels_target.c.
 *
 * Each value of C is one chain of fused multiply-adds in the order of k, whatever the width of vectors: all processors
 * that have them give the same bits. A panel of B, one or two vectors wide, is copied to where it is read in order and
 * stays in the first cache. A is read where it lies, each value once for a row of the panel, and the sums of a block of
 * C stay in registers meanwhile. */
#ifndef DAE_MATH_MULTIPLY_H
#define DAE_MATH_MULTIPLY_H

#include "math/kernels.h"
#include "math/vector.h"

#include <string.h>

#ifdef FUSE

/* HEIGHT x 2 sums, two vectors of B and one of A fit into the registers. */
#if defined(__AVX512F__) || defined(__aarch64__)
enum { HEIGHT = 12 };
#else
enum { HEIGHT = 6 };
#endif

enum {
    WIDTH = 2 * NATIVE, /* columns of a panel */
    DEPTH = 256,        /* rows of a panel, at most: 16 KB where a vector has 8 floats */
    SQUARE = 4          /* rows and columns that are transposed at once */
};

/* A panel of B and what it is multiplied with: all rows of A give `columns` columns of C. */
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
__attribute__((always_inline)) static inline void multiply_block(const struct panel *p, size_t row, float *c,
                                                                 size_t c_stride, const size_t height,
                                                                 const size_t vectors) {
    const float *a = p->a.values + row * p->a.row, *b = p->values;
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
__attribute__((always_inline)) static inline void multiply_edge(const struct panel *p, size_t row,
                                                                const size_t height, const size_t vectors) {
    float edge[HEIGHT * WIDTH], *c = p->c + row * p->c_stride;
    size_t size = p->columns * sizeof *c;
    for (size_t i = 0; i < height && !p->first; i++)
        memcpy(edge + i * WIDTH, c + i * p->c_stride, size);
    multiply_block(p, row, edge, WIDTH, height, vectors);
    for (size_t i = 0; i < height; i++)
        memcpy(c + i * p->c_stride, edge + i * WIDTH, size);
}

/* Blocks of `height` rows, as long as there are that many; returns the row behind them. */
__attribute__((always_inline)) static inline size_t multiply_blocks(const struct panel *p, size_t row,
                                                                    const size_t height,
                                                                    const size_t vectors) {
    for (; row + height <= p->rows; row += height)
        if (p->columns == vectors * NATIVE)
            multiply_block(p, row, p->c + row * p->c_stride, p->c_stride, height, vectors);
        else
            multiply_edge(p, row, height, vectors);
    return row;
}

__attribute__((always_inline)) static inline void multiply_panel(const struct panel *p,
                                                                 const size_t vectors) {
    size_t row = multiply_blocks(p, 0, HEIGHT, vectors);
    row = multiply_blocks(p, row, 4, vectors);
    row = multiply_blocks(p, row, 2, vectors);
    multiply_blocks(p, row, 1, vectors);
}

/* Rows [0, 4) of columns that lie `stride` values apart, into rows WIDTH values apart. */
static inline void transpose_square(float *out, const float *columns, size_t stride) {
    float square[SQUARE][SQUARE];
    for (size_t j = 0; j < SQUARE; j++)
        memcpy(square[j], columns + j * stride, sizeof square[j]);
    for (size_t k = 0; k < SQUARE; k++)
        for (size_t j = 0; j < SQUARE; j++)
            out[k * WIDTH + j] = square[j][k];
}

/* values[k][j] = b(k, j), and 0 in columns that B does not have */
static inline void fill_panel(float *values, struct dae_strided b, size_t depth, size_t columns) {
    size_t whole = columns < WIDTH ? 0 : b.column == 1 ? depth : depth / SQUARE * SQUARE;
    for (size_t k = 0; k < whole && b.column == 1; k++)
        memcpy(values + k * WIDTH, b.values + k * b.row, WIDTH * sizeof *values);
    for (size_t k = 0; k < whole && b.column != 1; k += SQUARE)
        for (size_t j = 0; j < WIDTH; j += SQUARE)
            transpose_square(values + k * WIDTH + j, b.values + j * b.column + k, b.column);
    for (size_t k = whole; k < depth; k++)
        for (size_t j = 0; j < WIDTH; j++)
            values[k * WIDTH + j] = j < columns ? b.values[k * b.row + j * b.column] : 0;
}

static void multiply(float *c, size_t c_stride, struct dae_strided a, struct dae_strided b, size_t m,
                     size_t n, size_t k) {
    float values[DEPTH * WIDTH] __attribute__((aligned(64)));
    size_t cuts = (k + DEPTH - 1) / DEPTH, depth = (k + cuts - 1) / cuts;
    for (size_t from = 0; from < k; from += depth)
        for (size_t j = 0; j < n; j += WIDTH) {
            struct panel p = {
                .values = values,
                .depth = k - from < depth ? k - from : depth,
                .columns = n - j < WIDTH ? n - j : WIDTH,
                .a = {a.values + from * a.column, a.row, a.column},
                .rows = m,
                .c = c + j,
                .c_stride = c_stride,
                .first = from == 0,
            };
            fill_panel(values, (struct dae_strided){b.values + from * b.row + j * b.column, b.row, b.column},
                       p.depth, p.columns);
            if (p.columns > NATIVE)
                multiply_panel(&p, 2);
            else
                multiply_panel(&p, 1);
        }
}

#endif
#endif
