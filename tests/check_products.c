/* Products and convolutions, of every set of kernels: each value is the chain that it is said to be. */
#include "amx.h"
#include "network.h"
#include "math/bfloat16.h"
#include "math/kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 16 };

/* ---- Products --------------------------------------------------------------------------------- */

enum { LONGEST = 530 }; /* of the sums: more than two panels */

static float *new_floats(size_t count) {
    float *values = malloc(count * sizeof *values);
    ck_assert_ptr_nonnull(values);
    return values;
}

/* A matrix of rows x columns as it may lie: transposed or not, and with something behind each row; bfloat16 if `narrow`. */
struct stored {
    void *values;
    struct dae_strided matrix;
    bool narrow;
};

static struct stored store(size_t rows, size_t columns, bool transposed, bool narrow, uint64_t seed) {
    size_t length = (transposed ? rows : columns) + 3, count = length * (transposed ? columns : rows);
    float *values = new_floats(count);
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, seed, 0));
    ok(dae_rng_fill_normal(rng, values, count, 0, 1));
    dae_rng_free(rng);
    struct stored s = {values, {values, transposed ? 1 : length, transposed ? length : 1}, narrow};
    if (narrow) {
        s.matrix.values = s.values = malloc(count * sizeof(uint16_t));
        ck_assert_ptr_nonnull(s.values);
        dae_kernels()->round_bfloat16(s.values, values, count);
        free(values);
    }
    return s;
}

static float value_of(const struct stored *s, size_t i, size_t j) {
    size_t at = i * s->matrix.row + j * s->matrix.column;
    if (!s->narrow)
        return ((const float *)s->matrix.values)[at];
    uint32_t bits = (uint32_t)((const uint16_t *)s->matrix.values)[at] << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What a product may be made of, and by what. */
struct product {
    const char *name;
    dae_multiply_fn *multiply;
    bool narrow;
    bool exact; /* each value is a chain of multiply-adds in the order of k, */
    bool fused; /* fused or not, which is the same for products of bfloat16 */
};

/* What the C standard's fma() gives for each value of C, or a product and a sum, summed in the order of k; units that sum in another order are off
 * by what rounding each of k sums may give. */
static void expect_product(const struct product *p, const float *c, size_t c_stride, const struct stored *a,
                           const struct stored *b, size_t m, size_t n, size_t k) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float sum = 0, found = c[i * c_stride + j];
            double size = 0;
            for (size_t l = 0; l < k; l++) {
                float product = value_of(a, i, l) * value_of(b, l, j);
                sum = p->fused ? fmaf(value_of(a, i, l), value_of(b, l, j), sum) : sum + product;
                size += fabs((double)value_of(a, i, l) * (double)value_of(b, l, j));
            }
            bool good = p->exact ? same_or_nan(found, sum)
                                 : fabs((double)found - (double)sum) <= 0x1p-23 * (double)(k + 1) * size;
            if (!good) /* Check's notes of millions that are would take most of the time */
                ck_abort_msg("%s: C[%zu,%zu] of %zu x %zu x %zu is %.9g, expected %.9g", p->name, i, j, m, n,
                             k, (double)found, (double)sum);
        }
}

/* Also: what lies between the rows of C, and behind the last, stays. */
static void check_product(const struct product *p, size_t m, size_t n, size_t k, int layout) {
    struct stored a = store(m, k, layout & 1, p->narrow, 3), b = store(k, n, layout & 2, p->narrow, 4);
    size_t c_stride = n + 5, count = m * c_stride;
    float *c = new_floats(count);
    for (size_t i = 0; i < count; i++)
        c[i] = NAN;
    float *memory = new_floats(DAE_MULTIPLY_MEMORY + GUARD);
    for (size_t i = 0; i < DAE_MULTIPLY_MEMORY + GUARD; i++)
        memory[i] = NAN;
    p->multiply(memory, c, c_stride, a.matrix, b.matrix, m, n, k);
    expect_product(p, c, c_stride, &a, &b, m, n, k);
    size_t touched = 0;
    for (size_t i = 0; i < count; i++)
        touched += i % c_stride >= n && !isnan(c[i]);
    for (size_t i = 0; i < GUARD; i++)
        touched += !isnan(memory[DAE_MULTIPLY_MEMORY + i]);
    ck_assert_uint_eq(touched, 0);
    free(memory);
    free(a.values);
    free(b.values);
    free(c);
}

/* Heights and widths around those of blocks and panels on any processor, and sums around the length of a panel. */
static void check_products(const struct product *p) {
    static const size_t heights[] = {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 15, 16, 17, 23, 31, 32, 33, 64};
    static const size_t widths[] = {1, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 48, 65, 255, 256, 257, 300};
    static const size_t depths[] = {1, 2, 3, 4, 5, 31, 32, 33, 64, 255, 256, 257, 511, 512, 513, LONGEST};
    for (int layout = 0; layout < 4; layout++) {
        for (size_t i = 0; i < sizeof heights / sizeof *heights; i++)
            for (size_t j = 0; j < sizeof widths / sizeof *widths; j++)
                check_product(p, heights[i], widths[j], 5, layout);
        for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
            check_product(p, 13, 37, depths[i],
                          layout); /* part of a vector of columns, and more than one panel of sums */
            check_product(p, 32, 32, depths[i], layout);
        }
    }
}

START_TEST(products_are_chains_of_multiply_adds) {
    for (size_t set = 0; set < dae_kernels_count(); set++) {
        const struct dae_kernels *these = dae_kernels_get(set);
        check_products(&(struct product){these->name, these->multiply, false, true, these->has_fused});
        check_products(&(struct product){these->name, these->multiply_bfloat16, true, true, true});
    }
}
END_TEST

START_TEST(units_for_bfloat16_give_its_products) {
    for (size_t i = 0; i < dae_bfloat16_units_count(); i++) {
        const struct dae_bfloat16_units *units = dae_bfloat16_units_get(i);
        check_products(&(struct product){units->name, units->multiply, true, false, true});
    }
    ck_assert_ptr_null(dae_bfloat16_units_get(dae_bfloat16_units_count()));
    ck_assert_str_eq(dae_bfloat16_units_name(), dae_bfloat16_units()->name);
}
END_TEST

/* Not there if the compiler has no AMX. */
extern dae_multiply_fn dae_multiply_amx __attribute__((weak));

/* A processor without AMX has it emulated, but has to have AVX-512, which makes the copies for it. */
START_TEST(amx_gives_its_products) {
    if (dae_multiply_amx == NULL || !dae_processor_has_avx512() || !amx_start())
        return;
    check_products(&(struct product){"AMX, emulated", dae_multiply_amx, true, false, true});
    ck_assert_uint_gt(amx_stop(), 1000);
}
END_TEST

/* The sum of w[i] x[i]: term i goes to lane i % 16, by a multiply-add that is fused where the processor has it; lanes are
 * added pairwise. */
static float sum_of_lanes(const float *w, const float *x, size_t k, bool fused) {
    enum { LANES = 16 };
    float lanes[LANES] = {0};
    for (size_t i = 0; i < k; i++) {
        float *lane = &lanes[i % LANES], product = w[i] * x[i];
        *lane = fused ? fmaf(w[i], x[i], *lane) : *lane + product;
    }
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++)
            lanes[i] += lanes[i + half];
    return lanes[0];
}

/* What lies behind the arrays must not count, and what lies behind y stays. */
static void check_affine(const struct dae_kernels *set, size_t n, size_t k, size_t samples) {
    struct stored w = store(1, n * k, false, false, 6), x = store(1, samples * k, false, false, 7);
    /* one float behind where vectors are aligned, or two */
    float *weights = (float *)w.values + 1, *values = (float *)x.values + 2,
          *room = new_floats(samples * n + GUARD + 1), *y = room + 1;
    weights[n * k] = values[samples * k] = NAN;
    for (size_t i = 0; i < samples * n + GUARD; i++)
        y[i] = NAN;
    set->affine(y, weights, values, n, k, samples);
    for (size_t i = 0; i < samples * n; i++) {
        size_t sample = i / n, unit = i % n;
        float expected = sum_of_lanes(weights + unit * k, values + sample * k, k, set->has_fused);
        ck_assert_msg(same_or_nan(y[i], expected),
                      "affine of %s: unit %zu of %zu, sample %zu of %zu, %zu inputs is %.9g, expected %.9g",
                      set->name, unit, n, sample, samples, k, (double)y[i], (double)expected);
    }
    for (size_t i = 0; i < GUARD; i++)
        ck_assert_msg(isnan(y[samples * n + i]), "affine of %s wrote behind %zu values of %zu samples",
                      set->name, n, samples);
    free(w.values);
    free(x.values);
    free(room);
}

START_TEST(small_products_are_sums_of_lanes) {
    static const size_t sizes[] = {1,   2,   7,   15,  16,  17,  31,  32,  33, 48,
                                   100, 127, 128, 129, 143, 144, 256, 257, 400};
    static const size_t batches[] = {1, 2, 3, 4, 8};
    enum { SIZES = sizeof sizes / sizeof *sizes, BATCHES = sizeof batches / sizeof *batches };
    for (size_t set = 0; set < dae_kernels_count(); set++)
        for (size_t i = 0; i < SIZES * SIZES; i++)
            for (size_t b = 0; b < BATCHES; b++)
                check_affine(dae_kernels_get(set), sizes[i / SIZES], sizes[i % SIZES], batches[b]);
}
END_TEST

/* ---- Convolutions ----------------------------------------------------------------------------- */

enum { TAPS = 5, PLANE = 160 };
static const size_t tap_offsets[TAPS] = {0, 1, 3, 17, 23};

static float chain_step(float a, float b, float sum, bool fused) {
    volatile float product = a * b;
    return fused ? fmaf(a, b, sum) : product + sum;
}

/* Each result one chain, of as many places as are asked for at least. */
static void check_convolve(const struct dae_kernels *set, size_t height, size_t channels, size_t places) {
    enum { STRIDE = PLANE + DAE_CONVOLVE_ROOM };
    float *x = random_floats(channels * PLANE + DAE_CONVOLVE_ROOM + PLANE, -1, 1, 1),
          *weights = random_floats(channels * TAPS * height, -1, 1, 2),
          *out = must_have(height * STRIDE * sizeof *out);
    struct dae_taps taps = {x, channels, PLANE, tap_offsets, TAPS};
    set->convolve(out, STRIDE, weights, channels > 1 ? weights : NULL, height, &taps, places);
    for (size_t i = 0; i < height; i++)
        for (size_t p = 0; p < places; p++) {
            float sum = 0;
            for (size_t k = 0; k < channels * TAPS; k++)
                sum = chain_step(weights[k * height + i], x[k / TAPS * PLANE + tap_offsets[k % TAPS] + p],
                                 sum, set->has_fused);
            sum = channels > 1 ? sum + weights[i] : sum;
            ck_assert_msg(same_or_nan(out[i * STRIDE + p], sum),
                          "convolve of %s, height %zu, %zu channels: %.9g, not %.9g", set->name, height,
                          channels, (double)out[i * STRIDE + p], (double)sum);
        }
    free(x);
    free(weights);
    free(out);
}

START_TEST(convolutions_are_chains) {
    static const size_t places[] = {1, 15, 16, 17, 100, 128};
    for (size_t i = 0; i < dae_kernels_count(); i++) {
        const struct dae_kernels *set = dae_kernels_get(i);
        const size_t heights[] = {set->convolve_height, 4, 2, 1};
        for (size_t k = 0; k < 4 * 6; k++)
            for (size_t channels = 1; channels < 4; channels++)
                check_convolve(set, heights[k / 6], channels, places[k % 6]);
    }
}
END_TEST

/* Each sum one chain that goes on from what is there, over rows and columns. */
static void check_correlate(const struct dae_kernels *set, size_t units, size_t channels, size_t rows,
                            size_t columns) {
    enum { STRIDE = 2 * DAE_CORRELATE_WIDTH, PITCH = 13 };
    size_t all = channels * TAPS;
    float *x = random_floats(channels * PLANE, -1, 1, 1), *d = random_floats(units * PLANE, -1, 1, 2),
          *sums = random_floats(all * STRIDE, -1, 1, 3), *before = random_floats(all * STRIDE, -1, 1, 3),
          *memory = must_have(DAE_CORRELATE_WIDTH * rows * columns * sizeof *memory);
    struct dae_correlation c = {{x, channels, PLANE, tap_offsets, TAPS},
                                d,
                                PLANE,
                                11,
                                PITCH,
                                units,
                                rows,
                                columns,
                                sums,
                                STRIDE,
                                memory};
    set->correlate(&c);
    for (size_t k = 0; k < all; k++)
        for (size_t n = 0; n < units; n++) {
            float sum = before[k * STRIDE + n];
            for (size_t p = 0; p < rows * columns; p++) {
                size_t i = p / columns, j = p % columns;
                sum = chain_step(x[k / TAPS * PLANE + tap_offsets[k % TAPS] + i * PITCH + j],
                                 d[n * PLANE + i * 11 + j], sum, set->has_fused);
            }
            ck_assert_msg(same_or_nan(sums[k * STRIDE + n], sum),
                          "correlate of %s, %zu units, %zu channels: %.9g, not %.9g", set->name, units,
                          channels, (double)sums[k * STRIDE + n], (double)sum);
        }
    free(x);
    free(d);
    free(sums);
    free(before);
    free(memory);
}

START_TEST(gradients_of_convolutions_are_chains) {
    static const size_t units[] = {1, 4, 7, 8, 9, 16, 17, 33, 64};
    for (size_t i = 0; i < dae_kernels_count(); i++)
        for (size_t u = 0; u < sizeof units / sizeof *units; u++)
            for (size_t channels = 1; channels < 5; channels++)
                for (size_t columns = 1; columns < 12; columns += 2)
                    check_correlate(dae_kernels_get(i), units[u], channels, 1 + columns / 2, columns);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("products");
    TCase *products = add_case(suite, "products");
    tcase_add_test(products, products_are_chains_of_multiply_adds);
    tcase_add_test(products, units_for_bfloat16_give_its_products);
    tcase_add_test(products, amx_gives_its_products);
    tcase_add_test(products, small_products_are_sums_of_lanes);
    tcase_add_test(products, convolutions_are_chains);
    tcase_add_test(products, gradients_of_convolutions_are_chains);
    return suite_main(suite);
}
