/* White box: the inner loops. Philox against the published vectors, every set of kernels against the portable one to the bit,
 * products against fma(), those for AMX in an emulation if need be, and the elementary functions against libm. */
#include "network.h"

#include "core/memory.h"
#include "layers/activation.h"
#include "layers/softmax.h"
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

static void use_whole(const struct dae_noise_kind *kind, const struct dae_kernels *k, float *a, size_t rows,
                      size_t n, const double *p) {
    struct dae_shape shape = {2, {rows, n / rows}, n / rows * rows};
    if (shape.size > 0)
        ok(kind->whole(&(struct dae_noise_sample){a, &shape, 0, NULL, k->target}, p, draw));
}

KERNEL(use_hum, use_whole(&dae_noise_hum, k, a, 1, n, (double[]){50, 16000, 0.5, 3}))
KERNEL(use_drift, use_whole(&dae_noise_drift, k, a, 2, n, (double[]){0.5, 77}))
KERNEL(use_blur, use_whole(&dae_noise_blur, k, a, 1, n, (double[]){2.5, 1});
       use_whole(&dae_noise_blur, k, b, 7, n, (double[]){2.5, 2}))
KERNEL(use_coloured, use_whole(&dae_noise_coloured, k, a, 1, n, (double[]){1.5, 2});
       use_whole(&dae_noise_coloured, k, b, 3, n, (double[]){-0.5, 2}))
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
    {"hum", use_hum},
    {"drift", use_drift},
    {"blur", use_blur},
    {"coloured", use_coloured},
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
        ck_assert_msg(same_or_nan(actual.a[i], expected.a[i]) && same_or_nan(actual.b[i], expected.b[i]) &&
                          same_or_nan(actual.c[i], expected.c[i]) && same_or_nan(actual.d[i], expected.d[i]),
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

/* ---- Loops of noises ---------------------------------------------------------------------------- */

static const struct dae_kind *const noises[] = {DAE_NOISE_ROWS};

/* A loop with the parameters of the kind's example, 0.75 for what is drawn there. */
static void run_noise(const struct dae_noise_kind *noise, enum dae_target target, float *x, size_t n) {
    struct dae_recipe *example = NULL;
    double p[DAE_KIND_MAX_PARAMETERS];
    ok(dae_recipe_bind(&example, &dae_noise_category, noise->kind.example));
    dae_step_get_numbers(example->steps, p);
    for (size_t i = 0; i < dae_kind_parameter_count(&noise->kind); i++)
        p[i] = dae_value_is_drawn(&noise->kind.parameters[i], &example->steps->values[i]) ? 0.75 : p[i];
    noise->loops[target](x, n, p, draw);
    dae_release(example);
}

START_TEST(every_noise_has_the_same_bits_everywhere) {
    static struct arrays expected, actual;
    for (size_t k = 0; k < 2 * (sizeof noises / sizeof *noises); k++) {
        const struct dae_noise_kind *noise = (const struct dae_noise_kind *)noises[k / 2];
        for (size_t n = 0; noise->loops[DAE_TARGET_portable] != NULL && n <= MOST; n = next_size(n)) {
            fill(&expected, k % 2);
            run_noise(noise, DAE_TARGET_portable, expected.a, n);
            for (size_t set = 0; set < dae_kernels_count(); set++) {
                fill(&actual, k % 2);
                if (set == 0) /* nothing beside the range has changed */
                    same_floats(expected.a + n, actual.a + n, MOST + GUARD - n);
                run_noise(noise, dae_kernels_get(set)->target, actual.a, n);
                for (size_t i = 0; i < n; i++)
                    ck_assert_msg(same_or_nan(actual.a[i], expected.a[i]), "%s: %.9g, not %.9g",
                                  noise->kind.name, (double)actual.a[i], (double)expected.a[i]);
            }
        }
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
        bool good = same_or_nan(actual.b[i], expected.b[i]) && same_or_nan(actual.c[i], expected.c[i]) &&
                    same_or_nan(actual.d[i], expected.d[i]) &&
                    ((i >= n % 3 && i < n % 3 + n) || same_or_nan(actual.c[i], actual.a[i]));
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
    tcase_add_test(sets, every_noise_has_the_same_bits_everywhere);
    tcase_add_loop_test(sets, every_rule_has_the_same_bits_everywhere, 0, 2 * RULES);
    tcase_add_test(sets, every_clip_has_the_same_bits_everywhere);

    tcase_add_test(sets, every_activation_gives_the_same_bits);
    TCase *elementary = add_case(suite, "functions");
    tcase_add_loop_test(elementary, activations_are_good_to_a_few_units, 0, FUNCTIONS);
    tcase_add_loop_test(elementary, derivatives_are_those_of_the_functions, 0, FUNCTIONS);
    tcase_add_loop_test(elementary, activations_at_the_ends, 0, FUNCTIONS);
    return suite_main(suite);
}
