/* The kernels, for one kind of processor: this file is compiled once for each (lib/meson.build), with
 * DAE_KERNELS_TARGET naming it. Loops are written so that gcc and clang turn them into vector code. */
#include "core/size.h"
#include "math/kernels.h"
#include "math/affine.h"
#include "math/convolve.h"
#include "math/draws.h"
#include "math/elementary.h"
#include "math/multiply.h"
#include "math/normal.h"
#include "math/sums.h"

#include <string.h>

#define NAME_OF(target)    NAME_OF_(target)
#define NAME_OF_(target)   dae_kernels_##target
#define TARGET_OF(target)  TARGET_OF_(target)
#define TARGET_OF_(target) DAE_TARGET_##target
#define TEXT_OF(target)    TEXT_OF_(target)
#define TEXT_OF_(target)   #target

enum {
    STRIP = 256 /* values worked on at once where a loop needs a copy */
};

/* ---- Random words ------------------------------------------------------------------------------- */

static void draw_bits(uint32_t *out, size_t blocks, struct dae_draw from) {
    uint32_t strip[4 * BLOCKS];
    for (size_t done = 0; done < blocks; done += BLOCKS, from.block += BLOCKS) {
        size_t now = dae_size_min(blocks - done, BLOCKS);
        draw_strip(strip, 4 * now, from);
        memcpy(out + 4 * done, strip, 4 * now * sizeof *out);
    }
}

/* NOLINTBEGIN(clang-analyzer-core.*): the analyzer does not divide, and holds n values to need no block */

static void drop(float *x, size_t count, float rate, float scale, struct dae_draw from) {
    uint32_t bits[4 * BLOCKS];
    FOR_STRIPS(x, count, from) {
        draw_strip(bits, n, from);
        for (size_t i = 0; i < n; i++) {
            float kept = x[i] * scale;
            x[i] = unit(bits[i]) < rate ? 0.0f : kept;
        }
    }
}

/* NOLINTEND(clang-analyzer-core.*) */

/* 1 / 255 in two parts: the product with the first is exact, and the sum is byte / 255 rounded correctly for
 * each of the 256 bytes. */
static void scale_bytes(float *out, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float byte = (float)bytes[i];
        out[i] = byte * 0x1.01p-8f + byte * 0x1.010102p-24f;
    }
}

static void round_bfloat16(uint16_t *out, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = dae_bits_of(x[i]);
        uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
        out[i] = (uint16_t)(x[i] == x[i] ? rounded : 0x7fc0u);
    }
}

/* ---- Rectifiers and errors ----------------------------------------------------------------------- */

/* Columns whose sums stay in registers while rows go by. */
enum { VECTORS_AT_ONCE = 4, COLUMNS_AT_ONCE = VECTORS_AT_ONCE * NATIVE };
#define EACH_VECTOR \
    UNROLL          \
    for (size_t v = 0; v < VECTORS_AT_ONCE; v++)

static void add_rows(float *y, const float *x, size_t stride, size_t rows, size_t count) {
    size_t i = 0;
    for (; i + COLUMNS_AT_ONCE <= count; i += COLUMNS_AT_ONCE) {
        native_t sums[VECTORS_AT_ONCE], values;
        EACH_VECTOR LOAD(sums[v], y + i + v * NATIVE);
        for (size_t row = 0; row < rows; row++)
            EACH_VECTOR {
                LOAD(values, x + row * stride + i + v * NATIVE);
                sums[v] += values;
            }
        EACH_VECTOR STORE(y + i + v * NATIVE, sums[v]);
    }
    for (size_t row = 0; row < rows; row++)
        for (size_t k = i; k < count; k++)
            y[k] += x[row * stride + k];
}

ALWAYS_INLINE void rectify_sum(float *z, const float *c, size_t count, float slope) {
    for (size_t i = 0; i < count; i++) {
        float sum = c != NULL ? z[i] + c[i] : z[i];
        float below = slope == 0.0f ? 0.0f : sum * slope;
        z[i] = sum < 0.0f ? below : sum; /* NaN stays */
    }
}

static void rectify(float *z, const float *c, size_t count, float slope) {
    if (c != NULL)
        rectify_sum(z, c, count, slope);
    else
        rectify_sum(z, NULL, count, slope);
}

static void rectify_derive(float *d, const float *a, size_t count, float slope) {
    for (size_t i = 0; i < count; i++) {
        float below = d[i] * slope;
        d[i] = a[i] > 0.0f ? d[i] : below;
    }
}

static double sum_values(const float *x, size_t count) {
#define BODY(i) (x[i])
    SUM_OVER(count, BODY);
#undef BODY
}

static float sum(const float *x, size_t count) {
    return (float)sum_values(x, count);
}

static double squared_error(const float *a, const float *t, size_t count) {
#define BODY(i) ((a[i] - t[i]) * (a[i] - t[i]))
    SUM_OVER(count, BODY);
#undef BODY
}

/* ---- Inspection --------------------------------------------------------------------------------- */

static bool is_finite(const float *x, size_t count) {
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++)
        bad |= (dae_bits_of(x[i]) & 0x7f800000u) == 0x7f800000u;
    return bad == 0;
}

/* Floats as whole numbers of the same order: -inf < ... < -0 < 0 < ... < inf < NaN, and NaN with a sign
 * lowest. */
static inline int32_t order_of(float x) {
    int32_t bits = (int32_t)dae_bits_of(x);
    return bits ^ (int32_t)((uint32_t)(bits >> 31) >> 1);
}

static inline float float_of_order(int32_t order) {
    return dae_float_of((uint32_t)(order ^ (int32_t)((uint32_t)(order >> 31) >> 1)));
}

static void range(const float *x, size_t count, float *low, float *high) {
    int32_t least_x = order_of(*low), most_x = order_of(*high);
    for (size_t i = 0; i < count; i++) {
        int32_t order = order_of(x[i]);
        least_x = order < least_x ? order : least_x;
        most_x = order > most_x ? order : most_x;
    }
    float l = float_of_order(least_x), h = float_of_order(most_x);
    *low = l == l ? l : -INFINITY;
    *high = h == h ? h : INFINITY;
}

static void mark_rows(uint32_t *seen, const float *x, size_t stride, size_t rows, size_t count) {
    size_t i = 0;
    for (; i + COLUMNS_AT_ONCE <= count; i += COLUMNS_AT_ONCE) {
        native_words_t marks[VECTORS_AT_ONCE], bits;
        EACH_VECTOR LOAD(marks[v], seen + i + v * NATIVE);
        for (size_t row = 0; row < rows; row++)
            EACH_VECTOR {
                LOAD(bits, x + row * stride + i + v * NATIVE);
                marks[v] |= bits << 1; /* without the sign */
            }
        EACH_VECTOR STORE(seen + i + v * NATIVE, marks[v]);
    }
    for (size_t row = 0; row < rows; row++)
        for (size_t k = i; k < count; k++)
            seen[k] |= dae_bits_of(x[row * stride + k]) << 1;
}

static void pick(float *restrict out, const float *restrict x, const uint32_t *restrict places,
                 size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = x[(int32_t)places[i]]; /* places are below 2^31, which gathers need to know */
}

extern const struct dae_kernels NAME_OF(DAE_KERNELS_TARGET);
const struct dae_kernels NAME_OF(DAE_KERNELS_TARGET) = {
    .name = TEXT_OF(DAE_KERNELS_TARGET),
    .target = TARGET_OF(DAE_KERNELS_TARGET),
    .draw_bits = draw_bits,
    .add_gaussian = add_gaussian,
    .add_uniform = add_uniform,
    .drop = drop,
    .scale_bytes = scale_bytes,
    .round_bfloat16 = round_bfloat16,
    .add_rows = add_rows,
    .rectify = rectify,
    .rectify_derive = rectify_derive,
    .sum = sum,
    .squared_error = squared_error,
    .has_fused = HAS_FUSED,
    .multiply = multiply,
    .multiply_bfloat16 = multiply_bfloat16,
    .affine = affine,
    .convolve = convolve,
    .convolve_height = HEIGHT,
    .correlate = correlate,
    .is_finite = is_finite,
    .mark_rows = mark_rows,
    .pick = pick,
    .range = range,
};
