/* Products of bfloat16 by units that sum up pairs of products, for one kind of processor: AMX or AVX-512
 * BF16. This file is compiled once for each (lib/meson.build), with DAE_PAIRS_TARGET naming it.
 *
 * Such units want pairs of values that follow each other along k, a pair to a word, and 16 pairs to a vector.
 * A tile has 16 vectors: of A, 16 rows, 32 terms of the sums in each; of B, 16 pairs of terms, 16 columns in
 * each. Rows of A lie like that already and are read where they are, if they are whole; everything else is
 * copied first. */
#include "core/size.h"
#include "math/bfloat16.h"
#include "math/kernels.h"
#include "math/vector.h"

#include <immintrin.h>
#include <string.h>

#define NAME_OF(target)  NAME_OF_(target)
#define NAME_OF_(target) dae_multiply_##target

/* For all lines i of a tile, which stay in registers. */
#define EACH_LINE \
    UNROLL        \
    for (size_t i = 0; i < LINES; i++)

enum {
    LINES = 16,           /* vectors of a tile */
    TERMS = 32,           /* of the sums, in a tile */
    TILE = LINES * TERMS, /* values */
    SIDE = 2 * LINES,     /* of a block of C */
    DEPTH = 16 * TERMS,   /* terms at once */
    COLUMNS = 8 * SIDE    /* of B at once */
};
_Static_assert((DEPTH * COLUMNS + SIDE * DEPTH) * sizeof(uint16_t) <= DAE_MULTIPLY_MEMORY * sizeof(float),
               "the memory is as the caller gives it");

/* Tiles of SIDE rows of A or columns of B: two for each TERMS terms. */
struct slab {
    const uint16_t *values;
    size_t other;  /* from the first tile of two to the second */
    size_t next;   /* from two to the next two */
    size_t stride; /* from line to line */
};

/* ---- The units ----------------------------------------------------------------------------------------- */

#if defined(__AMX_BF16__) || defined(__AMXBF16__) /* by gcc, by clang */

/* What _tile_loadconfig() reads. C's tiles are 0 to 3, A's 4 and 5, B's 6 and 7. */
enum { LINE = TERMS * sizeof(uint16_t) }; /* bytes */
static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t line_bytes[16];
    uint8_t lines[16];
} tiles = {.palette = 1,
           .line_bytes = {LINE, LINE, LINE, LINE, LINE, LINE, LINE, LINE},
           .lines = {LINES, LINES, LINES, LINES, LINES, LINES, LINES, LINES}};
_Static_assert(sizeof tiles == 64, "as the processor wants it");

static void start_units(void) {
    _tile_loadconfig(&tiles);
}

static void stop_units(void) {
    _tile_release();
}

/* Loads of tiles may be opaque to the compiler, which then knows nothing of what they read: this has it in
 * memory. */
#define SETTLE_MEMORY __asm__ volatile("" ::: "memory")

/* C[SIDE,SIDE] = A B, or += if it is not the first part of the sums. */
static void multiply_block(struct slab a, struct slab b, size_t steps, float *c, size_t c_stride,
                           bool first) {
    size_t line = a.stride * sizeof *a.values, c_line = c_stride * sizeof *c;
    float *lower = c + LINES * c_stride;
    SETTLE_MEMORY;
    if (first) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    } else {
        _tile_loadd(0, c, c_line);
        _tile_loadd(1, c + LINES, c_line);
        _tile_loadd(2, lower, c_line);
        _tile_loadd(3, lower + LINES, c_line);
    }
    for (; steps > 0; steps--, a.values += a.next, b.values += b.next) {
        _tile_loadd(4, a.values, line);
        _tile_loadd(6, b.values, LINE);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b.values + b.other, LINE);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, a.values + a.other, line);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, c, c_line);
    _tile_stored(1, c + LINES, c_line);
    _tile_stored(2, lower, c_line);
    _tile_stored(3, lower + LINES, c_line);
    SETTLE_MEMORY;
}

#else

enum { HEIGHT = 8 }; /* rows whose sums stay in registers */

static void start_units(void) {
}

static void stop_units(void) {
}

/* HEIGHT rows of what comes below. */
static inline void multiply_rows(const uint16_t *a, struct slab at, struct slab b, size_t steps, float *c,
                                 size_t c_stride, bool first) {
    __m512 sum[HEIGHT][2];
    UNROLL
    for (size_t i = 0; i < HEIGHT; i++) {
        sum[i][0] = first ? _mm512_setzero_ps() : _mm512_loadu_ps(c + i * c_stride);
        sum[i][1] = first ? _mm512_setzero_ps() : _mm512_loadu_ps(c + i * c_stride + LINES);
    }
    for (; steps > 0; steps--, a += at.next, b.values += b.next)
        for (size_t pair = 0; pair < LINES; pair++) {
            const uint16_t *columns = b.values + pair * TERMS;
            __m512bh left = (__m512bh)_mm512_loadu_si512(columns);
            __m512bh right = (__m512bh)_mm512_loadu_si512(columns + b.other);
            UNROLL
            for (size_t i = 0; i < HEIGHT; i++) {
                int word;
                memcpy(&word, a + i * at.stride + 2 * pair, sizeof word);
                __m512bh row = (__m512bh)_mm512_set1_epi32(word);
                sum[i][0] = _mm512_dpbf16_ps(sum[i][0], row, left);
                sum[i][1] = _mm512_dpbf16_ps(sum[i][1], row, right);
            }
        }
    UNROLL
    for (size_t i = 0; i < HEIGHT; i++) {
        _mm512_storeu_ps(c + i * c_stride, sum[i][0]);
        _mm512_storeu_ps(c + i * c_stride + LINES, sum[i][1]);
    }
}

/* C[SIDE,SIDE] = A B, or += if it is not the first part of the sums. */
static void multiply_block(struct slab a, struct slab b, size_t steps, float *c, size_t c_stride,
                           bool first) {
    for (size_t row = 0; row < SIDE; row += HEIGHT)
        multiply_rows(a.values + row / LINES * a.other + row % LINES * a.stride, a, b, steps,
                      c + row * c_stride, c_stride, first);
}

#endif

/* ---- Copies -------------------------------------------------------------------------------------------- */

/* Words (i, j) of 16 vectors become words (j, i). */
static inline void transpose(__m512i x[LINES]) {
    __m512i y[LINES];
    UNROLL
    for (size_t i = 0; i < LINES; i += 2) {
        y[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
        y[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
    }
    /* a quarter q of x[4 g + c] will be column 4 q + c of rows 4 g to 4 g + 3 */
    UNROLL
    for (size_t i = 0; i < LINES; i += 4) {
        UNROLL
        for (size_t half = 0; half < 2; half++) {
            x[i + 2 * half] = _mm512_unpacklo_epi64(y[i + half], y[i + 2 + half]);
            x[i + 2 * half + 1] = _mm512_unpackhi_epi64(y[i + half], y[i + 2 + half]);
        }
    }
    UNROLL
    for (size_t i = 0; i < 4; i++) {
        enum { FIRST_TWO = 0x44, LAST_TWO = 0xee, EVEN = 0x88, ODD = 0xdd };
        __m512i low = _mm512_shuffle_i32x4(x[i], x[4 + i], FIRST_TWO);
        __m512i high = _mm512_shuffle_i32x4(x[8 + i], x[12 + i], FIRST_TWO);
        y[i] = _mm512_shuffle_i32x4(low, high, EVEN);
        y[4 + i] = _mm512_shuffle_i32x4(low, high, ODD);
        low = _mm512_shuffle_i32x4(x[i], x[4 + i], LAST_TWO);
        high = _mm512_shuffle_i32x4(x[8 + i], x[12 + i], LAST_TWO);
        y[8 + i] = _mm512_shuffle_i32x4(low, high, EVEN);
        y[12 + i] = _mm512_shuffle_i32x4(low, high, ODD);
    }
    memcpy(x, y, sizeof y);
}

/* What of a matrix goes into a tile, with zeros around it: `lines` lines along k, `terms` values in each, or
 * `terms` lines across k, `lines` values in each. */
struct cutting {
    const uint16_t *values;
    size_t stride, lines, terms;
};

/* Lines along k as they are; the constant `whole` says that there are as many as a tile has, and of all
 * terms. */
ALWAYS_INLINE void take_lines(__m512i tile[LINES], struct cutting from, const bool whole) {
    __mmask32 inside = whole ? ~(__mmask32)0 : (__mmask32)(((uint64_t)1 << from.terms) - 1);
    EACH_LINE {
        tile[i] = _mm512_setzero_si512();
        if (whole || i < from.lines)
            tile[i] = _mm512_maskz_loadu_epi16(inside, from.values + i * from.stride);
    }
}

/* Values of a line across k, one to a word. */
ALWAYS_INLINE __m512i take_words(struct cutting from, size_t term, __mmask16 inside, const bool whole) {
    if (!whole && term >= from.terms)
        return _mm512_setzero_si512();
    return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(inside, from.values + term * from.stride));
}

/* Lines across k, two of them in one vector. */
ALWAYS_INLINE void take_pairs(__m512i tile[LINES], struct cutting from, const bool whole) {
    __mmask16 inside = whole ? (__mmask16)~0 : (__mmask16)((1u << from.lines) - 1);
    EACH_LINE {
        __m512i first = take_words(from, 2 * i, inside, whole);
        __m512i second = take_words(from, 2 * i + 1, inside, whole);
        tile[i] = _mm512_or_si512(first, _mm512_slli_epi32(second, 16));
    }
}

ALWAYS_INLINE void fill_tile(uint16_t *out, struct cutting from, bool by_lines, bool is_b, const bool whole) {
    __m512i tile[LINES];
    if (by_lines)
        take_lines(tile, from, whole);
    else
        take_pairs(tile, from, whole);
    if (by_lines == is_b)
        transpose(tile);
    EACH_LINE
    _mm512_storeu_si512(out + i * TERMS, tile[i]);
}

/* Tiles for `depth` terms of `lines` rows of A, or columns of B. `across` is the distance of those, `along`
 * that of terms; one of them is 1. */
static struct slab fill_slab(uint16_t *out, const uint16_t *values, size_t across, size_t along, size_t lines,
                             size_t depth, bool is_b) {
    uint16_t *to = out;
    for (size_t k = 0; k < depth; k += TERMS)
        for (size_t line = 0; line < SIDE; line += LINES, to += TILE) {
            struct cutting from = {values, along == 1 ? across : along, 0, dae_size_min(depth - k, TERMS)};
            if (line < lines) {
                from.values += line * across + k * along;
                from.lines = dae_size_min(lines - line, LINES);
            }
            if (from.lines == LINES && from.terms == TERMS)
                fill_tile(to, from, along == 1, is_b, true);
            else
                fill_tile(to, from, along == 1, is_b, false);
        }
    return (struct slab){out, TILE, (size_t)2 * TILE, TERMS};
}

/* ---- The product --------------------------------------------------------------------------------------- */

/* `rows` rows of A, from a on. */
static struct slab slab_of_a(uint16_t *copy, const uint16_t *a, struct dae_strided whole, size_t rows,
                             size_t depth) {
    if (whole.column == 1 && rows == SIDE && depth % TERMS == 0)
        return (struct slab){a, LINES * whole.row, TERMS, whole.row};
    return fill_slab(copy, a, whole.row, whole.column, rows, depth, false);
}

/* A block of which only a part is in C. */
static void multiply_edge(struct slab a, struct slab b, size_t steps, float *c, size_t c_stride, size_t rows,
                          size_t columns, bool first) {
    float block[SIDE * SIDE];
    for (size_t i = 0; i < rows && !first; i++)
        memcpy(block + i * SIDE, c + i * c_stride, columns * sizeof *c);
    multiply_block(a, b, steps, block, SIDE, first);
    for (size_t i = 0; i < rows; i++)
        memcpy(c + i * c_stride, block + i * SIDE, columns * sizeof *c);
}

/* Terms [0, depth) of the sums of at most COLUMNS columns. */
static void multiply_part(uint16_t *memory, float *c, size_t c_stride, struct dae_strided a,
                          struct dae_strided b, size_t m, size_t n, size_t depth, bool first) {
    const uint16_t *a_values = a.values, *b_values = b.values;
    uint16_t *copy = memory + (size_t)DEPTH * COLUMNS;
    size_t steps = dae_size_divide_up(depth, TERMS);
    struct slab panels[COLUMNS / SIDE];
    for (size_t j = 0; j < n; j += SIDE)
        panels[j / SIDE] = fill_slab(memory + j * steps * TERMS, b_values + j * b.column, b.column, b.row,
                                     dae_size_min(n - j, SIDE), depth, true);
    for (size_t i = 0; i < m; i += SIDE) {
        size_t rows = dae_size_min(m - i, SIDE);
        struct slab slab = slab_of_a(copy, a_values + i * a.row, a, rows, depth);
        for (size_t j = 0; j < n; j += SIDE) {
            size_t columns = dae_size_min(n - j, SIDE);
            float *block = c + i * c_stride + j;
            if (rows == SIDE && columns == SIDE)
                multiply_block(slab, panels[j / SIDE], steps, block, c_stride, first);
            else
                multiply_edge(slab, panels[j / SIDE], steps, block, c_stride, rows, columns, first);
        }
    }
}

void NAME_OF(DAE_PAIRS_TARGET)(float *memory, float *c, size_t c_stride, struct dae_strided a,
                               struct dae_strided b, size_t m, size_t n, size_t k) {
    start_units();
    for (size_t j = 0; j < n; j += COLUMNS)
        for (size_t from = 0; from < k; from += DEPTH) {
            struct dae_strided a_part = {(const uint16_t *)a.values + from * a.column, a.row, a.column};
            struct dae_strided b_part = {(const uint16_t *)b.values + from * b.row + j * b.column, b.row,
                                         b.column};
            multiply_part((uint16_t *)(void *)memory, c + j, c_stride, a_part, b_part, m,
                          dae_size_min(n - j, COLUMNS), dae_size_min(k - from, DEPTH), from == 0);
        }
    stop_units();
}
