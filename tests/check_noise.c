/* The array calls of noise.h: golden numbers, formulae, NaN and infinity, errors. */
#include "support.h"

#include "oracle/golden.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 1000 };

static dae_rng *open_stream(uint64_t seed, uint64_t stream) {
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, seed, stream));
    return rng;
}

static uint64_t position_of(const dae_rng *rng) {
    uint64_t position = 0;
    ok(dae_rng_get_position(rng, &position));
    return position;
}

/* One call of each kind behind one signature, with parameters p. */
static dae_status gaussian(float *x, size_t n, const double *p, dae_rng *rng) {
    return dae_add_gaussian_noise(x, n, p[0], p[1], rng);
}

static dae_status uniform(float *x, size_t n, const double *p, dae_rng *rng) {
    return dae_add_uniform_noise(x, n, p[0], p[1], rng);
}

static dae_status masking(float *x, size_t n, const double *p, dae_rng *rng) {
    return dae_add_masking_noise(x, n, p[0], rng);
}

static dae_status salt_pepper(float *x, size_t n, const double *p, dae_rng *rng) {
    return dae_add_salt_pepper_noise(x, n, p[0], p[1], p[2], rng);
}

static dae_status poisson(float *x, size_t n, const double *p, dae_rng *rng) {
    return dae_add_poisson_noise(x, n, p[0], rng);
}

static dae_status speckle(float *x, size_t n, const double *p, dae_rng *rng) {
    return dae_add_speckle_noise(x, n, p[0], rng);
}

static dae_status clip(float *x, size_t n, const double *p, dae_rng *rng) {
    (void)rng;
    return dae_clip(x, n, p[0], p[1]);
}

typedef dae_status (*noise_fn)(float *x, size_t n, const double *p, dae_rng *rng);

/* Those that draw, with harmless parameters. */
static const struct {
    noise_fn call;
    double p[3];
} drawing[] = {
    {gaussian, {0.5, 0.5}},
    {uniform, {-0.25, 0.75}},
    {masking, {0.3}},
    {salt_pepper, {0.3, 0.0, 1.0}},
    {gaussian, {0.0, 0.0}},
    {uniform, {0.25, 0.25}},
    {masking, {0.0}},
    {masking, {1.0}},
    {salt_pepper, {0.0, 0.0, 1.0}},
    {salt_pepper, {1.0, 0.5, 0.5}},
    {poisson, {3}},
    {poisson, {1000}},
    {speckle, {0.5}},
};

enum { DRAWING = sizeof drawing / sizeof *drawing };

/* x[i] = i / COUNT, without zeros. */
static void ramp(float x[COUNT]) {
    for (int i = 0; i < COUNT; i++)
        x[i] = ((float)i + 0.5f) / COUNT;
}

/* u[i] as rng.h defines it, from the words of the stream. */
static void exact_uniform(uint64_t seed, uint64_t stream, double u[COUNT]) {
    uint32_t words[COUNT];
    dae_rng *rng = open_stream(seed, stream);
    ok(dae_rng_fill_bits(rng, words, COUNT));
    dae_rng_free(rng);
    for (int i = 0; i < COUNT; i++)
        u[i] = (words[i] >> 8) * 0x1p-24;
}

/* ---- Values ----------------------------------------------------------------------------------- */

START_TEST(golden_numbers) {
    static const struct {
        noise_fn call;
        double p[3];
        const double *expected;
        double tolerance;
    } cases[] = {
        {gaussian, {0.1, 0.7}, GOLDEN_NOISE_GAUSSIAN, 4e-6},
        {uniform, {-0.3, 0.9}, GOLDEN_NOISE_UNIFORM, 4e-7},
        {masking, {0.4}, GOLDEN_NOISE_MASKING, 0},
        {salt_pepper, {0.9, 0.05, 0.95}, GOLDEN_NOISE_SALT_PEPPER, 0},
        {clip, {0.2, 0.7}, GOLDEN_NOISE_CLIP, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float x[GOLDEN_NOISE_COUNT];
        memcpy(x, GOLDEN_NOISE_INPUT, sizeof x);
        dae_rng *rng = open_stream(GOLDEN_NOISE_SEED, GOLDEN_NOISE_STREAM);
        ok(cases[i].call(x, GOLDEN_NOISE_COUNT, cases[i].p, rng));
        for (int k = 0; k < GOLDEN_NOISE_COUNT; k++)
            near(x[k], cases[i].expected[k], cases[i].tolerance);
        dae_rng_free(rng);
    }
}
END_TEST

START_TEST(gaussian_adds_normal_numbers) {
    float x[COUNT], clean[COUNT], z[COUNT];
    ramp(clean);
    memcpy(x, clean, sizeof x);
    dae_rng *rng = open_stream(5, 9);
    ok(dae_rng_fill_normal(rng, z, COUNT, 0, 1));
    ok(dae_rng_set_position(rng, 0));
    ok(dae_add_gaussian_noise(x, COUNT, -0.75, 0.3, rng));
    for (int i = 0; i < COUNT; i++)
        near(x[i], (double)clean[i] - 0.75 + 0.3 * (double)z[i], 1e-6);
    dae_rng_free(rng);
}
END_TEST

START_TEST(uniform_adds_uniform_numbers) {
    float x[COUNT], clean[COUNT];
    double u[COUNT];
    ramp(clean);
    memcpy(x, clean, sizeof x);
    exact_uniform(5, 9, u);
    dae_rng *rng = open_stream(5, 9);
    ok(dae_add_uniform_noise(x, COUNT, -0.25, 0.5, rng));
    for (int i = 0; i < COUNT; i++)
        near(x[i], (double)clean[i] - 0.25 + 0.75 * u[i], 3e-7);
    dae_rng_free(rng);
}
END_TEST

START_TEST(speckle_multiplies_by_normal_numbers) {
    float x[COUNT], clean[COUNT], z[COUNT];
    ramp(clean);
    memcpy(x, clean, sizeof x);
    dae_rng *rng = open_stream(5, 9);
    ok(dae_rng_fill_normal(rng, z, COUNT, 0, 1));
    ok(dae_rng_set_position(rng, 0));
    ok(dae_add_speckle_noise(x, COUNT, 0.3, rng));
    for (int i = 0; i < COUNT; i++)
        near(x[i], (double)clean[i] * (1 + 0.3 * (double)z[i]), 3e-7);
    dae_rng_free(rng);
}
END_TEST

START_TEST(masking_clears_where_u_is_below_the_rate) {
    static const double rates[] = {0.0, 0.1, 0.25, 0.5, 0.9, 1.0};
    double u[COUNT];
    exact_uniform(5, 10, u);
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        float x[COUNT], expected[COUNT];
        ramp(x);
        ramp(expected);
        for (int i = 0; i < COUNT; i++)
            if (u[i] < (double)(float)rates[r])
                expected[i] = 0.0f;
        dae_rng *rng = open_stream(5, 10);
        ok(dae_add_masking_noise(x, COUNT, rates[r], rng));
        same_floats(x, expected, COUNT);
        dae_rng_free(rng);
    }
}
END_TEST

START_TEST(salt_and_pepper_split_the_rate) {
    static const double rates[] = {0.0, 0.1, 0.5, 0.9, 1.0};
    double u[COUNT];
    exact_uniform(6, 10, u);
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        float x[COUNT], expected[COUNT];
        double rate = (double)(float)rates[r];
        ramp(x);
        ramp(expected);
        for (int i = 0; i < COUNT; i++)
            if (u[i] < rate)
                expected[i] = u[i] < rate / 2 ? -0.5f : 1.5f;
        dae_rng *rng = open_stream(6, 10);
        ok(dae_add_salt_pepper_noise(x, COUNT, rates[r], -0.5, 1.5, rng));
        same_floats(x, expected, COUNT);
        dae_rng_free(rng);
    }
}
END_TEST

/* A value hit exactly: "where u < rate" leaves it, "rate / 2 <= u" makes it salt. */
START_TEST(limits_belong_to_one_side) {
    double u[COUNT];
    exact_uniform(7, 7, u);
    for (int k = 0; k < 50; k++) {
        float x[COUNT];
        dae_rng *rng = open_stream(7, 7);
        ramp(x);
        ok(dae_add_masking_noise(x, COUNT, u[k], rng));
        ck_assert_float_eq(x[k], ((float)k + 0.5f) / COUNT);
        ok(dae_rng_set_position(rng, 0));
        ok(dae_add_salt_pepper_noise(x, COUNT, u[k], -1.0, 2.0, rng));
        ck_assert_float_eq(x[k], ((float)k + 0.5f) / COUNT);
        ok(dae_rng_set_position(rng, 0));
        if (u[k] <= 0.5) {
            ok(dae_add_salt_pepper_noise(x, COUNT, 2 * u[k], -1.0, 2.0, rng));
            ck_assert_float_eq(x[k], 2.0f);
        }
        dae_rng_free(rng);
    }
}
END_TEST

START_TEST(clip_cuts_both_ends) {
    float x[] = {-2.0f, 0.25f, 0.5f, 0.74999994f, 0.75f, 0.75000006f, 9e9f, -9e9f, -0.0f};
    const float expected[] = {0.25f, 0.25f, 0.5f, 0.74999994f, 0.75f, 0.75f, 0.75f, 0.25f, 0.25f};
    ok(dae_clip(x, 9, 0.25, 0.75));
    same_floats(x, expected, 9);
    float inside[] = {-0.5f, 0.5f};
    ok(dae_clip(inside, 2, -0.5, 0.5));
    ck_assert_float_eq(inside[0], -0.5f);
    ck_assert_float_eq(inside[1], 0.5f);
    float ends[] = {-INFINITY, INFINITY, 1.0f};
    ok(dae_clip(ends, 3, -(double)FLT_MAX, (double)FLT_MAX));
    ck_assert_float_eq(ends[0], -FLT_MAX);
    ck_assert_float_eq(ends[1], FLT_MAX);
    ck_assert_float_eq(ends[2], 1.0f);
    ok(dae_clip(inside, 2, 3.0, 3.0));
    ck_assert_float_eq(inside[0], 3.0f);
    ck_assert_float_eq(inside[1], 3.0f);
}
END_TEST

/* ---- The generator ---------------------------------------------------------------------------- */

START_TEST(one_word_a_value_whatever_the_parameters) {
    float x[COUNT];
    for (size_t k = 0; k < DRAWING; k++)
        for (size_t count = 0; count <= 9; count++) {
            dae_rng *rng = open_stream(1, 1);
            ramp(x);
            ok(dae_rng_set_position(rng, 6));
            ok(drawing[k].call(x, count, drawing[k].p, rng));
            ck_assert_uint_eq(position_of(rng), 8 + (count + 3) / 4 * 4);
            dae_rng_free(rng);
        }
}
END_TEST

START_TEST(calls_may_be_split_and_values_depend_on_their_place_only) {
    for (size_t k = 0; k < DRAWING; k++) {
        float whole[COUNT], split[COUNT], beginning[COUNT];
        ramp(whole);
        ramp(split);
        dae_rng *a = open_stream(2, k), *b = open_stream(2, k);
        ok(drawing[k].call(whole, COUNT, drawing[k].p, a));
        ok(drawing[k].call(split, 4, drawing[k].p, b));
        ok(drawing[k].call(split + 4, 500, drawing[k].p, b));
        ok(drawing[k].call(split + 504, COUNT - 504, drawing[k].p, b));
        same_floats(split, whole, COUNT);
        for (size_t count = 1; count < 70; count++) {
            ramp(beginning);
            ok(dae_rng_set_position(b, 0));
            ok(drawing[k].call(beginning, count, drawing[k].p, b));
            same_floats(beginning, whole, count);
            ck_assert_float_eq(beginning[count], ((float)count + 0.5f) / COUNT);
        }
        dae_rng_free(a);
        dae_rng_free(b);
    }
}
END_TEST

START_TEST(alignment_does_not_matter) {
    for (size_t k = 0; k < DRAWING; k++) {
        float aligned[COUNT], shifted[COUNT + 8];
        dae_rng *rng = open_stream(3, k);
        ramp(aligned);
        ok(drawing[k].call(aligned, COUNT, drawing[k].p, rng));
        for (size_t shift = 1; shift < 8; shift++) {
            ramp(shifted + shift);
            ok(dae_rng_set_position(rng, 0));
            ok(drawing[k].call(shifted + shift, COUNT, drawing[k].p, rng));
            same_floats(shifted + shift, aligned, COUNT);
        }
        dae_rng_free(rng);
    }
}
END_TEST

/* ---- NaN and infinity ------------------------------------------------------------------------- */

/* NaN, +inf, -inf over and over. */
static void special(float x[COUNT]) {
    for (int i = 0; i < COUNT; i++)
        x[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -INFINITY;
}

static bool is_special(float x, int i) {
    return i % 3 == 0 ? isnan(x) : isinf(x) && (i % 3 == 1) == (x > 0);
}

START_TEST(additive_noise_leaves_nan_and_infinity) {
    float x[COUNT];
    dae_rng *rng = open_stream(4, 4);
    special(x);
    ok(dae_add_gaussian_noise(x, COUNT, 0.5, 0.5, rng));
    for (int i = 0; i < COUNT; i++)
        ck_assert(is_special(x[i], i));
    ok(dae_add_uniform_noise(x, COUNT, -1.0, 1.0, rng));
    for (int i = 0; i < COUNT; i++)
        ck_assert(is_special(x[i], i));
    dae_rng_free(rng);
}
END_TEST

START_TEST(replacing_noise_replaces_nan_and_infinity_where_it_hits) {
    float x[COUNT];
    double u[COUNT];
    exact_uniform(4, 4, u);
    dae_rng *rng = open_stream(4, 4);
    special(x);
    ok(dae_add_masking_noise(x, COUNT, 0.5, rng));
    for (int i = 0; i < COUNT; i++)
        ck_assert(u[i] < 0.5 ? x[i] == 0.0f && !signbit(x[i]) : is_special(x[i], i));
    special(x);
    ok(dae_rng_set_position(rng, 0));
    ok(dae_add_salt_pepper_noise(x, COUNT, 0.5, 0.125, 0.875, rng));
    for (int i = 0; i < COUNT; i++)
        ck_assert(u[i] < 0.25 ? x[i] == 0.125f : u[i] < 0.5 ? x[i] == 0.875f : is_special(x[i], i));
    dae_rng_free(rng);
}
END_TEST

START_TEST(clipping_keeps_nan_and_ends_infinity) {
    float x[COUNT];
    special(x);
    ok(dae_clip(x, COUNT, -0.5, 2.0));
    for (int i = 0; i < COUNT; i++)
        ck_assert(i % 3 == 0 ? isnan(x[i]) : x[i] == (i % 3 == 1 ? 2.0f : -0.5f));
}
END_TEST

/* ---- Errors ----------------------------------------------------------------------------------- */

/* A call with these parameters fails, names the parameter, touches nothing and draws nothing. */
static void refuses(noise_fn call, double a, double b, double c, const char *name) {
    float x[3] = {0.25f, 0.5f, 0.75f};
    const float before[3] = {0.25f, 0.5f, 0.75f};
    const double p[3] = {a, b, c};
    dae_rng *rng = open_stream(1, 1);
    ok(dae_rng_set_position(rng, 3));
    fails(call(x, 3, p, rng), DAE_ERROR_ARGUMENT, name);
    same_floats(x, before, 3);
    ck_assert_uint_eq(position_of(rng), 3);
    dae_rng_free(rng);
}

START_TEST(parameters_are_checked) {
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < 3; i++) {
        refuses(gaussian, bad[i], 1.0, 0, "mean");
        refuses(gaussian, 0.0, bad[i], 0, "stddev");
        refuses(uniform, bad[i], 1.0, 0, "low");
        refuses(uniform, 0.0, bad[i], 0, "high");
        refuses(masking, bad[i], 0, 0, "rate");
        refuses(salt_pepper, bad[i], 0.0, 1.0, "rate");
        refuses(salt_pepper, 0.5, bad[i], 1.0, "low");
        refuses(salt_pepper, 0.5, 0.0, bad[i], "high");
        refuses(poisson, bad[i], 0, 0, "peak");
        refuses(speckle, bad[i], 0, 0, "stddev");
        refuses(clip, bad[i], 1.0, 0, "low");
        refuses(clip, 0.0, bad[i], 0, "high");
    }
    refuses(gaussian, 0.0, -0.25, 0, "-0.25");
    refuses(uniform, 0.5, 0.25, 0, "0.5");
    refuses(masking, -0.25, 0, 0, "-0.25");
    refuses(masking, 1.25, 0, 0, "1.25");
    refuses(salt_pepper, -0.25, 0, 1, "-0.25");
    refuses(salt_pepper, 1.25, 0, 1, "1.25");
    refuses(salt_pepper, 0.5, 0.75, 0.25, "0.75");
    refuses(poisson, 0, 0, 0, "0 < peak");
    refuses(poisson, -2, 0, 0, "-2");
    refuses(speckle, -0.5, 0, 0, "-0.5");
    refuses(clip, 1.25, 0.25, 0, "1.25");
}
END_TEST

START_TEST(null_is_refused) {
    dae_rng *rng = open_stream(1, 1);
    float x[1] = {0.5f};
    for (size_t k = 0; k < DRAWING; k++) {
        fails(drawing[k].call(NULL, 1, drawing[k].p, rng), DAE_ERROR_ARGUMENT, "x is NULL");
        fails(drawing[k].call(x, 1, drawing[k].p, NULL), DAE_ERROR_ARGUMENT, "rng");
    }
    fails(dae_clip(NULL, 1, 0, 1), DAE_ERROR_ARGUMENT, "x is NULL");
    ck_assert_float_eq(x[0], 0.5f);
    ck_assert_uint_eq(position_of(rng), 0);
    dae_rng_free(rng);
}
END_TEST

START_TEST(array_calls_allocate_nothing) {
    float x[COUNT];
    ramp(x);
    heap_watch();
    dae_rng *rng = open_stream(1, 1);
    heap_fail_at(1, true);
    for (size_t k = 0; k < DRAWING; k++)
        ok(drawing[k].call(x, COUNT, drawing[k].p, rng));
    ok(dae_clip(x, COUNT, 0, 1));
    dae_rng_free(rng);
    heap_unwatch();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("noise");
    TCase *values = add_case(suite, "values");
    tcase_add_test(values, golden_numbers);
    tcase_add_test(values, gaussian_adds_normal_numbers);
    tcase_add_test(values, uniform_adds_uniform_numbers);
    tcase_add_test(values, speckle_multiplies_by_normal_numbers);
    tcase_add_test(values, masking_clears_where_u_is_below_the_rate);
    tcase_add_test(values, salt_and_pepper_split_the_rate);
    tcase_add_test(values, limits_belong_to_one_side);
    tcase_add_test(values, clip_cuts_both_ends);
    TCase *generator = add_case(suite, "generator");
    tcase_add_test(generator, one_word_a_value_whatever_the_parameters);
    tcase_add_test(generator, calls_may_be_split_and_values_depend_on_their_place_only);
    tcase_add_test(generator, alignment_does_not_matter);
    TCase *not_finite = add_case(suite, "not finite");
    tcase_add_test(not_finite, additive_noise_leaves_nan_and_infinity);
    tcase_add_test(not_finite, replacing_noise_replaces_nan_and_infinity_where_it_hits);
    tcase_add_test(not_finite, clipping_keeps_nan_and_ends_infinity);
    TCase *errors = add_case(suite, "errors");
    tcase_add_test(errors, parameters_are_checked);
    tcase_add_test(errors, null_is_refused);
    tcase_add_test(errors, array_calls_allocate_nothing);
    return suite_main(suite);
}
