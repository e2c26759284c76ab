/* White box: the inner loops. Philox against the published vectors, every set of kernels against the portable one to the bit,
 * products against fma(), those for AMX in an emulation if need be, and the elementary functions against libm. */
#include "amx.h"
#include "network.h"

#include "layers/activation.h"
#include "layers/softmax.h"
#include "math/bfloat16.h"
#include "math/kernels.h"
#include "noise/noise.h"
#include "objective/objective.h"
#include "train/optimizer.h"
#include "run/ssim.h"
#include "oracle/golden.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1100, GUARD = 16 };

/* Numbers of values: every small one, and both sides of what vectors, blocks and strips may be cut into. */
static size_t next_size(size_t n) {
    static const size_t larger[] = {47,  63,  64,  65,  100, 127, 128,  129,
                                    255, 256, 257, 511, 512, 513, 1025, MOST};
    if (n < 36)
        return n + 1;
    for (size_t i = 0; i < sizeof larger / sizeof *larger; i++)
        if (larger[i] > n)
            return larger[i];
    return MOST + 1;
}

/* ---- Philox ----------------------------------------------------------------------------------- */

START_TEST(philox_known_answers) {
    for (size_t set = 0; set < dae_kernels_count(); set++)
        for (size_t i = 0; i < GOLDEN_PHILOX_COUNT; i++) {
            const uint32_t *w = GOLDEN_PHILOX[i];
            struct dae_draw from = {(uint64_t)w[5] << 32 | w[4], (uint64_t)w[3] << 32 | w[2],
                                    (uint64_t)w[1] << 32 | w[0]};
            uint32_t out[4];
            dae_kernels_get(set)->draw_bits(out, 1, from);
            ck_assert_mem_eq(out, w + 6, sizeof out);
        }
}
END_TEST

/* Blocks drawn together are blocks drawn one by one, across the carry into the high counter word too. */
START_TEST(blocks_may_be_drawn_together) {
    static const uint64_t starts[] = {0, 0xFFFFFFFF - 20, UINT64_MAX - 60};
    for (size_t set = 0; set < dae_kernels_count(); set++)
        for (size_t i = 0; i < 3; i++)
            for (size_t blocks = 0; blocks <= 60; blocks++) {
                uint32_t together[4 * 61], one[4];
                together[4 * blocks] = 77;
                dae_kernels_get(set)->draw_bits(together, blocks, (struct dae_draw){3, 4, starts[i]});
                ck_assert_uint_eq(together[4 * blocks], 77);
                for (size_t b = 0; b < blocks; b++) {
                    dae_kernels_get(set)->draw_bits(one, 1, (struct dae_draw){3, 4, starts[i] + b});
                    ck_assert_mem_eq(together + 4 * b, one, sizeof one);
                }
            }
}
END_TEST

/* ---- Every set of kernels --------------------------------------------------------------------- */

/* Four arrays that a kernel may read and write, and room for one number that it returns. */
struct arrays {
    float a[MOST + GUARD], b[MOST + GUARD], c[MOST + GUARD], d[MOST + GUARD];
    double result;
};

typedef void (*use_fn)(const struct dae_kernels *k, float *a, float *b, float *c, float *d, size_t n,
                       double *r);

static const struct dae_draw draw = {11, 22, 33};

static void reverse(uint32_t *places, size_t n) {
    for (size_t i = 0; i < n; i++)
        places[i] = (uint32_t)(n - 1 - i);
}

#define KERNEL(name, call)                                                                          \
    static void name(const struct dae_kernels *k, float *a, float *b, float *c, float *d, size_t n, \
                     double *r) {                                                                   \
        (void)a, (void)b, (void)c, (void)d, (void)r;                                                \
        call;                                                                                       \
    }

KERNEL(use_gaussian, k->add_gaussian(a, n, 0.25f, 0.5f, draw))
KERNEL(use_uniform, k->add_uniform(a, n, -0.25f, 0.5f, draw))
KERNEL(use_masking, dae_noise_masking.loops[k->target](a, n, (double[]){0.3}, draw))
KERNEL(use_salt_pepper, dae_noise_salt_pepper.loops[k->target](a, n, (double[]){0.3, -1, 2}, draw))
KERNEL(use_clip, dae_noise_clip.loops[k->target](a, n, (double[]){-0.5, 0.75}, draw))
KERNEL(use_drop, k->drop(a, n, 0.3f, 1 / 0.7f, draw))
KERNEL(use_scale_bytes, k->scale_bytes(a, (const uint8_t *)b, n))
/* rows that overlap */
KERNEL(use_add_rows, k->add_rows(a, b, n / 5, n < 5 ? 1 : 5, n - n / 5 * 4 * (n >= 5)))
KERNEL(use_relu, k->rectify(a, b, n, 0))
KERNEL(use_leaky_relu, k->rectify(a, b, n, 0.3f))
KERNEL(use_relu_derive, k->rectify_derive(a, b, n, 0))
KERNEL(use_leaky_relu_derive, k->rectify_derive(a, b, n, 0.3f))
KERNEL(use_softmax, dae_softmax_loops[k->target](a, b, 1, n); dae_softmax_loops[k->target](a, c, n, 1);
       dae_softmax_loops[k->target](a, d, 5, n / 5))
KERNEL(use_softmax_back, dae_softmax_back_loops[k->target](a, c, b, n, 1);
       dae_softmax_back_loops[k->target](a, c, d, 3, n / 3))
KERNEL(use_squared_error, *r = k->squared_error(a, b, n))
KERNEL(use_ssim, if (n >= 121) dae_ssim_loops[k->target](r, a, b, 11, n / 11, 0.5))
KERNEL(use_mark_rows, k->mark_rows((uint32_t *)b, a, n / 3, n < 3 ? 1 : 3, n - n / 3 * 2 * (n >= 3)))
KERNEL(use_pick, (reverse((uint32_t *)c, n), k->pick(b, a, (const uint32_t *)c, n)))
KERNEL(use_is_finite, *r = k->is_finite(a, n))
KERNEL(use_range, (b[0] = 0.1f, c[0] = -0.1f, k->range(a, n, b, c)))

static const struct {
    const char *name;
    use_fn use;
} kernels[] = {
    {"add_gaussian", use_gaussian},
    {"add_uniform", use_uniform},
    {"add_masking", use_masking},
    {"add_salt_pepper", use_salt_pepper},
    {"clip", use_clip},
    {"drop", use_drop},
    {"scale_bytes", use_scale_bytes},
    {"add_rows", use_add_rows},
    {"relu", use_relu},
    {"leaky relu", use_leaky_relu},
    {"relu_derive", use_relu_derive},
    {"leaky relu_derive", use_leaky_relu_derive},
    {"softmax", use_softmax},
    {"softmax_back", use_softmax_back},
    {"squared_error", use_squared_error},
    {"ssim", use_ssim},
    {"mark_rows", use_mark_rows},
    {"pick", use_pick},
    {"is_finite", use_is_finite},
    {"range", use_range},
};

enum { KERNELS = sizeof kernels / sizeof *kernels };

/* Normal numbers in a, b and d, numbers in [0,1) in c; with `special`, a few zeros, infinities and NaN too. */
static void draw_arrays(struct arrays *arrays, bool special) {
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, 5, special));
    ok(dae_rng_fill_normal(rng, arrays->a, MOST + GUARD, 0, 2));
    ok(dae_rng_fill_normal(rng, arrays->b, MOST + GUARD, 0, 2));
    ok(dae_rng_fill_uniform(rng, arrays->c, MOST + GUARD, 0, 1));
    ok(dae_rng_fill_normal(rng, arrays->d, MOST + GUARD, 0, 2));
    dae_rng_free(rng);
    static const float values[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-40f, 3e38f};
    for (size_t i = 0; special && i < MOST; i += 5)
        arrays->a[i] = values[i / 5 % 7];
    arrays->result = 0;
}

static void fill(struct arrays *arrays, bool special) {
    static struct arrays drawn[2];
    static bool ready[2];
    if (!ready[special])
        draw_arrays(&drawn[special], special);
    ready[special] = true;
    *arrays = drawn[special];
}

/* Same bits; any NaN is as good as another. */
static bool same(float x, float y) {
    return (isnan(x) && isnan(y)) || memcmp(&x, &y, sizeof x) == 0;
}

/* Loops of objective terms come after the kernels: from outputs, and from logits. */
static const struct dae_term_kind *term_at(size_t kernel) {
    size_t terms = 0;
    while (dae_objective_category.kinds[terms] != NULL)
        terms++;
    size_t index = (kernel - KERNELS) / 2;
    return index < terms ? (const struct dae_term_kind *)dae_objective_category.kinds[index] : NULL;
}

static size_t loop_count(void) {
    size_t count = KERNELS;
    while (term_at(count) != NULL)
        count++;
    return count;
}

static const char *name_of(size_t kernel) {
    return kernel < KERNELS ? kernels[kernel].name : term_at(kernel)->kind.name;
}

static void use(const struct dae_kernels *set, size_t kernel, struct arrays *s, size_t offset, size_t n) {
    const double parameters[DAE_KIND_MAX_PARAMETERS] = {0.5, 1, 1, 1};
    if (kernel < KERNELS) {
        kernels[kernel].use(set, s->a + offset, s->b + offset, s->c + offset, s->d + offset, n, &s->result);
        return;
    }
    const struct dae_term_kind *term = term_at(kernel);
    dae_compare_loop *loop = ((kernel - KERNELS) % 2 ? term->compare_logits : term->compare)[set->target];
    if (loop != NULL)
        s->result = loop(s->a + offset, s->c + offset, n, 0.01f, 0.3f, parameters);
}

static void compare(size_t kernel, size_t set, size_t n, size_t offset, bool special) {
    static struct arrays expected, actual;
    const struct dae_kernels *portable = dae_kernels_get(dae_kernels_count() - 1);
    const struct dae_kernels *other = dae_kernels_get(set);
    fill(&expected, special);
    actual = expected;
    use(portable, kernel, &expected, offset, n);
    use(other, kernel, &actual, offset, n);
    if (memcmp(&actual, &expected, sizeof actual) == 0)
        return;
    for (size_t i = 0; i < MOST + GUARD; i++)
        ck_assert_msg(same(actual.a[i], expected.a[i]) && same(actual.b[i], expected.b[i]) &&
                          same(actual.c[i], expected.c[i]) && same(actual.d[i], expected.d[i]),
                      "%s of %s differs at %zu of %zu", name_of(kernel), other->name, i, n);
    ck_assert_msg(actual.result == expected.result || (isnan(actual.result) && isnan(expected.result)),
                  "%s of %s gives %.17g, the portable one %.17g", name_of(kernel), other->name, actual.result,
                  expected.result);
}

START_TEST(every_set_gives_the_same_bits) {
    ck_assert_uint_ge(dae_kernels_count(), 1);
    ck_assert_str_eq(dae_kernels_get(dae_kernels_count() - 1)->name, "portable");
    ck_assert_ptr_null(dae_kernels_get(dae_kernels_count()));
    for (size_t set = 0; set + 1 < dae_kernels_count(); set++)
        for (size_t kernel = 0; kernel < loop_count(); kernel++)
            for (size_t n = 0; n <= MOST; n = next_size(n))
                for (int special = 0; special < 2; special++)
                    compare(kernel, set, n, n % 3, special != 0);
}
END_TEST

/* A kernel changes nothing behind its last value. */
START_TEST(kernels_stay_inside_their_arrays) {
    static struct arrays before, after;
    for (size_t set = 0; set < dae_kernels_count(); set++)
        for (size_t kernel = 0; kernel < loop_count(); kernel++)
            for (size_t n = 1; n <= MOST; n = next_size(n)) {
                fill(&before, false);
                after = before;
                use(dae_kernels_get(set), kernel, &after, 0, n);
                same_floats(after.a + n, before.a + n, MOST + GUARD - n);
                same_floats(after.b + n, before.b + n, MOST + GUARD - n);
                same_floats(after.c + n, before.c + n, MOST + GUARD - n);
                same_floats(after.d + n, before.d + n, MOST + GUARD - n);
            }
}
END_TEST

/* ---- Loops of optimizers ------------------------------------------------------------------------ */

static const struct dae_kind *const rules[] = {DAE_OPTIMIZER_ROWS};
static const struct dae_kind *const governors[] = {DAE_GOVERNOR_ROWS};

enum { ARRAYS = 2 + DAE_OPTIMIZER_MAX_SLOTS, RULES = sizeof rules / sizeof *rules };

/* A rule with all its flags set or not, and shares of 0 or others. */
static void choose_options(const struct dae_kind *rule, bool full, double *p) {
    dae_kind_get_defaults(rule, p);
    p[0] = 0.01;
    for (size_t i = 1; i < dae_kind_parameter_count(rule); i++)
        if (rule->parameters[i].type == DAE_TYPE_FLAG)
            p[i] = full;
        else if (full && p[i] == 0)
            p[i] = 0.75;
}

/* Values, gradient and what is remembered, which is what such rules remember: nothing negative where it is a
 * mean of squares. */
static void draw_parameters(float arrays[ARRAYS][MOST + GUARD], const struct dae_optimizer_kind *rule) {
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, 9, 1));
    for (size_t i = 0; i < ARRAYS; i++) {
        bool is_square = i >= 2 && rule->slots[i - 2].name != NULL && rule->slots[i - 2].low == 0;
        ok(dae_rng_fill_uniform(rng, arrays[i], MOST + GUARD, is_square ? 0 : -2, 2));
    }
    dae_rng_free(rng);
}

static void run_rule(const struct dae_optimizer_kind *rule, enum dae_target target, const float *numbers,
                     float arrays[ARRAYS][MOST + GUARD], size_t offset, size_t n) {
    struct dae_parameters parameters = {
        .values = arrays[0] + offset,
        .gradient = arrays[1] + offset,
        .slots = {arrays[2] + offset, arrays[3] + offset, arrays[4] + offset},
        .count = n,
    };
    rule->loops[target](&parameters, numbers);
}

START_TEST(every_rule_has_the_same_bits_everywhere) {
    static float expected[ARRAYS][MOST + GUARD], actual[ARRAYS][MOST + GUARD];
    const struct dae_optimizer_kind *rule = (const struct dae_optimizer_kind *)rules[_i / 2];
    double p[DAE_OPTIMIZER_MAX_OPTIONS] = {0};
    float numbers[DAE_STEP_NUMBERS] = {0};
    choose_options(&rule->kind, _i % 2, p);
    rule->prepare(p, p[0], 3, numbers);
    for (size_t n = 0; n <= MOST; n = next_size(n)) {
        draw_parameters(expected, rule);
        run_rule(rule, DAE_TARGET_portable, numbers, expected, n % 3, n);
        for (size_t set = 0; set < dae_kernels_count(); set++) {
            draw_parameters(actual, rule);
            if (set == 0) /* nothing beside the range has changed */
                same_floats(expected[0] + n % 3 + n, actual[0] + n % 3 + n, GUARD - n % 3);
            run_rule(rule, dae_kernels_get(set)->target, numbers, actual, n % 3, n);
            for (size_t i = 0; i < ARRAYS; i++)
                same_floats(actual[i], expected[i], MOST + GUARD);
        }
    }
}
END_TEST

START_TEST(every_clip_has_the_same_bits_everywhere) {
    static struct arrays expected, actual;
    for (size_t g = 0; g < sizeof governors / sizeof *governors; g++) {
        const struct dae_governor_kind *clip = (const struct dae_governor_kind *)governors[g];
        for (size_t n = 0; clip->loops[DAE_TARGET_portable] != NULL && n <= MOST; n = next_size(n)) {
            fill(&expected, false);
            clip->loops[DAE_TARGET_portable](expected.a, n, 7, (double[]){0.75});
            for (size_t set = 0; set < dae_kernels_count(); set++) {
                fill(&actual, false);
                clip->loops[dae_kernels_get(set)->target](actual.a, n, 7, (double[]){0.75});
                same_floats(actual.a, expected.a, MOST + GUARD);
            }
        }
    }
}

/* Every activation that has loops, with parameters of 0 and 0.75: values, and derivatives of them and of what went in.
 * Nothing changes behind the last value. */
static void compare_activation(const struct dae_activation_kind *kind, size_t set, size_t n, float parameter,
                               bool special) {
    static struct arrays expected, actual;
    const struct dae_kernels *portable = dae_kernels_get(dae_kernels_count() - 1);
    fill(&expected, special);
    memcpy(expected.c, expected.a, sizeof expected.c);
    kind->apply[portable->target](expected.c + n % 3, n, parameter);
    kind->derive[portable->target](expected.b + n % 3, expected.c + n % 3, n, parameter);
    kind->derive[portable->target](expected.d + n % 3, expected.a + n % 3, n, parameter);
    fill(&actual, special);
    memcpy(actual.c, actual.a, sizeof actual.c);
    enum dae_target target = dae_kernels_get(set)->target;
    kind->apply[target](actual.c + n % 3, n, parameter);
    kind->derive[target](actual.b + n % 3, actual.c + n % 3, n, parameter);
    kind->derive[target](actual.d + n % 3, actual.a + n % 3, n, parameter);
    for (size_t i = 0; i < MOST + GUARD; i++) {
        bool good = same(actual.b[i], expected.b[i]) && same(actual.c[i], expected.c[i]) &&
                    same(actual.d[i], expected.d[i]) &&
                    ((i >= n % 3 && i < n % 3 + n) || same(actual.c[i], actual.a[i]));
        if (!good)
            ck_abort_msg("%s of %s differs at %zu of %zu", kind->kind.name, dae_kernels_get(set)->name, i, n);
    }
}

START_TEST(every_activation_gives_the_same_bits) {
    size_t found = 0;
    for (const struct dae_kind *const *row = dae_activation_category.kinds; *row != NULL; row++) {
        const struct dae_activation_kind *kind = (const struct dae_activation_kind *)*row;
        for (size_t set = 0; !kind->is_rectifier && set < dae_kernels_count(); set++, found++)
            for (size_t n = 0; n <= MOST; n = next_size(n))
                for (int way = 0; way < 4; way++)
                    compare_activation(kind, set, n, way < 2 ? 0.0f : 0.75f, way % 2 == 1);
    }
    ck_assert_uint_gt(found, 0);
}
END_TEST

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
            bool good = p->exact ? same(found, sum)
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
        ck_assert_msg(same(y[i], expected),
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
            ck_assert_msg(same(out[i * STRIDE + p], sum),
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
            ck_assert_msg(same(sums[k * STRIDE + n], sum),
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

/* ---- Elementary functions --------------------------------------------------------------------- */

/* Largest error of an activation over [-range, range], in units of the last place of the exact value, which count as those of
 * 2^-126 where it is less. */
static double worst(const struct dae_activation_kind *kind, float parameter, double (*exact)(double),
                    double range) {
    enum { STEPS = 400000, PIECE = 1000 };
    double most = 0;
    for (size_t first = 0; first < STEPS; first += PIECE) {
        float x[PIECE], y[PIECE];
        for (size_t i = 0; i < PIECE; i++)
            x[i] = y[i] = (float)(range * (2.0 * (double)(first + i) / (STEPS - 1) - 1));
        kind->apply[dae_kernels()->target](y, PIECE, parameter);
        for (size_t i = 0; i < PIECE; i++) {
            double value = exact((double)x[i]);
            double unit = ldexp(1, (int)fmax(ilogb(value), -126) - 23);
            most = fmax(most, fabs((double)y[i] - value) / unit);
        }
    }
    return most;
}

/* Largest distance of a derivative from a central difference of the exact function. */
static double worst_slope(const struct dae_activation_kind *kind, float parameter, double (*exact)(double),
                          double range) {
    enum { STEPS = 100000, PIECE = 1000 };
    double most = 0, h = 1e-5;
    for (size_t first = 0; first < STEPS; first += PIECE) {
        float x[PIECE], y[PIECE], d[PIECE];
        for (size_t i = 0; i < PIECE; i++) {
            x[i] = y[i] = (float)(range * (2.0 * ((double)(first + i) + 0.5) / STEPS - 1));
            d[i] = 1;
        }
        kind->apply[dae_kernels()->target](y, PIECE, parameter);
        kind->derive[dae_kernels()->target](d, kind->derives_input ? x : y, PIECE, parameter);
        for (size_t i = 0; i < PIECE; i++) {
            double z = (double)x[i], slope = (exact(z + h) - exact(z - h)) / (2 * h);
            most = fmax(most, fabs((double)d[i] - slope));
        }
    }
    return most;
}

static double exact_sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static double exact_elu(double x) {
    return x > 0 ? x : 1.5 * expm1(x);
}

static double exact_gelu(double x) {
    return x * erfc(-x / sqrt(2)) / 2;
}

static double exact_gelu_tanh(double x) {
    return x / (1 + exp(-2 * sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}

static double exact_silu(double x) {
    return x / (1 + exp(-x));
}

static double exact_softplus(double x) {
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double exact_hard_sigmoid(double x) {
    return fmin(fmax((x + 3) / 6, 0), 1);
}

static double exact_softsign(double x) {
    return x / (1 + fabs(x));
}

static const struct {
    const struct dae_activation_kind *kind;
    float parameter;
    double (*exact)(double);
} functions[] = {
    {&dae_activation_sigmoid, 0, exact_sigmoid},   {&dae_activation_tanh, 0, tanh},
    {&dae_activation_elu, 1.5f, exact_elu},        {&dae_activation_gelu, 0, exact_gelu},
    {&dae_activation_gelu, 1, exact_gelu_tanh},    {&dae_activation_silu, 0, exact_silu},
    {&dae_activation_softplus, 0, exact_softplus}, {&dae_activation_hard_sigmoid, 0, exact_hard_sigmoid},
    {&dae_activation_softsign, 0, exact_softsign},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

START_TEST(activations_are_good_to_a_few_units) {
    static const double ranges[] = {80, 20, 5, 1, 1e-3};
    const struct dae_activation_kind *kind = functions[_i].kind;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        double error = worst(kind, functions[_i].parameter, functions[_i].exact, ranges[i]);
        ck_assert_msg(error < 4, "%s within %g is off by %.3g units", kind->kind.name, ranges[i], error);
    }
}
END_TEST

/* Kinks are at 0 and 3, which no point comes near to. */
START_TEST(derivatives_are_those_of_the_functions) {
    static const double ranges[] = {80, 6, 1};
    const struct dae_activation_kind *kind = functions[_i].kind;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        double error = worst_slope(kind, functions[_i].parameter, functions[_i].exact, ranges[i]);
        ck_assert_msg(error < 1e-6, "a' of %s within %g is off by %.3g", kind->kind.name, ranges[i], error);
    }
}
END_TEST

/* At 0, far out, at infinity, and NaN, which stays. */
START_TEST(activations_at_the_ends) {
    const struct dae_activation_kind *kind = functions[_i].kind;
    double (*exact)(double) = functions[_i].exact;
    float parameter = functions[_i].parameter, x[] = {0.0f, 200.0f, -200.0f, INFINITY, -INFINITY, NAN}, y[6],
          d[] = {1, 1, 1, 1, 1, 1};
    memcpy(y, x, sizeof y);
    kind->apply[dae_kernels()->target](y, 6, parameter);
    kind->derive[dae_kernels()->target](d, kind->derives_input ? x : y, 6, parameter);
    for (size_t i = 0; i < 5; i++) {
        double end = exact(i == 3 ? 1e30 : i == 4 ? -1e30 : (double)x[i]);
        double expected = fabs(end) > 1e29 ? copysign(INFINITY, end) : end;
        bool near_zero = fabs(expected) < 1e-37 && fabs((double)y[i]) < 1e-37;
        ck_assert_msg(near_zero || (double)y[i] == expected ||
                          fabs((double)y[i] - expected) < 4e-7 * fabs(expected),
                      "%s of %g is %g, not %g", kind->kind.name, (double)x[i], (double)y[i], expected);
        ck_assert_msg(isfinite(d[i]), "a' of %s at %g is %g", kind->kind.name, (double)x[i], (double)d[i]);
    }
    ck_assert(isnan(y[5]) && isnan(d[5]));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kernels");
    TCase *philox = add_case(suite, "philox");
    tcase_add_test(philox, philox_known_answers);
    tcase_add_test(philox, blocks_may_be_drawn_together);
    TCase *sets = add_case(suite, "sets");
    tcase_add_test(sets, every_set_gives_the_same_bits);
    tcase_add_test(sets, kernels_stay_inside_their_arrays);
    tcase_add_loop_test(sets, every_rule_has_the_same_bits_everywhere, 0, 2 * RULES);
    tcase_add_test(sets, every_clip_has_the_same_bits_everywhere);

    tcase_add_test(sets, every_activation_gives_the_same_bits);
    TCase *products = add_case(suite, "products");
    tcase_add_test(products, products_are_chains_of_multiply_adds);
    tcase_add_test(products, units_for_bfloat16_give_its_products);
    tcase_add_test(products, amx_gives_its_products);
    tcase_add_test(products, small_products_are_sums_of_lanes);
    tcase_add_test(products, convolutions_are_chains);
    tcase_add_test(products, gradients_of_convolutions_are_chains);
    TCase *elementary = add_case(suite, "functions");
    tcase_add_loop_test(elementary, activations_are_good_to_a_few_units, 0, FUNCTIONS);
    tcase_add_loop_test(elementary, derivatives_are_those_of_the_functions, 0, FUNCTIONS);
    tcase_add_loop_test(elementary, activations_at_the_ends, 0, FUNCTIONS);
    return suite_main(suite);
}
