/* Layers: what creation and texts refuse, and what the initialisers draw. */
#include "network.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The layers of a text are refused, and nothing is made. */
static void refuses(const char *text, dae_status status, const char *word) {
    dae_layer *layer = NULL;
    fails(dae_layer_parse(&layer, text), status, word);
    ck_assert_ptr_null(layer);
}

START_TEST(creating_refuses_bad_arguments) {
    dae_layer *layer = NULL;
    fails(dae_layer_create_dense(NULL, 3, "relu"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_layer_create_dense(&layer, 0, "relu"), DAE_ERROR_ARGUMENT, "units");
    fails(dae_layer_create_dense(&layer, SIZE_MAX, "relu"), DAE_ERROR_ARGUMENT, "units");
    fails(dae_layer_create_dense(&layer, 3, "relu6"), DAE_ERROR_FORMAT, "activation");
    fails(dae_layer_create_dense(&layer, 3, ""), DAE_ERROR_FORMAT, "activation");
    fails(dae_layer_create_dense(&layer, 3, "relu | tanh"), DAE_ERROR_FORMAT, "activation");
    fails(dae_layer_create_dense(&layer, 3, "relu, bias=no"), DAE_ERROR_FORMAT, "activation");
    fails(dae_layer_create_dense(&layer, 3, "relu) as code | dense(4"), DAE_ERROR_FORMAT, "activation");
    fails(dae_layer_parse(NULL, "dropout(0.5)"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_layer_parse(&layer, NULL), DAE_ERROR_ARGUMENT, "text");
    ck_assert_ptr_null(layer);
}
END_TEST

START_TEST(bad_texts_are_refused) {
    refuses("", DAE_ERROR_FORMAT, "one layer");
    refuses("dropout(0.5) | gain", DAE_ERROR_FORMAT, "layers, position 16: found another layer");
    refuses("input(3)", DAE_ERROR_FORMAT, "layers, position 1: found 'input', expected a layer");
    refuses("from(input)", DAE_ERROR_FORMAT, "layers, position 1: found 'from', expected a layer");
    refuses("dens(3)", DAE_ERROR_FORMAT, "dense");
    refuses("dropout(-0.125)", DAE_ERROR_ARGUMENT, "-0.125");
    refuses("dropout(1.0)", DAE_ERROR_ARGUMENT, "rate");
    refuses("dropout(0.99999999999)", DAE_ERROR_ARGUMENT, "rate"); /* 1 in float32 */
    refuses("dropout(nan)", DAE_ERROR_FORMAT, "rate");
    refuses("dropout(-1e999)", DAE_ERROR_ARGUMENT, "-1e999");
    refuses("dense(0)", DAE_ERROR_ARGUMENT, "units");
    refuses("dense(1.5)", DAE_ERROR_ARGUMENT, "units");
    refuses("dense(2147483648)", DAE_ERROR_ARGUMENT, "units");
    refuses("dense", DAE_ERROR_FORMAT, "units or tied");
    refuses("dense(3, tied=code)", DAE_ERROR_FORMAT, "units or tied");
    refuses("dense(3, activation=1)", DAE_ERROR_FORMAT, "activation");
    refuses("dense(3, activation=[relu])", DAE_ERROR_FORMAT, "activation");
    refuses("dense(3, bias=2)", DAE_ERROR_ARGUMENT, "bias");
}
END_TEST

START_TEST(creating_takes_the_limits) {
    dae_layer *layer = NULL;
    for (size_t i = 0; i < ACTIVATIONS; i++) {
        ok(dae_layer_create_dense(&layer, 1, ACTIVATION[i]));
        dae_layer_free(layer);
    }
    ok(dae_layer_create_dense(&layer, INT32_MAX, NULL));
    dae_layer_free(layer);
    ok(dae_layer_create_dense(&layer, 1, "relu # and a comment"));
    dae_layer_free(layer);
    ok(dae_layer_parse(&layer, "dropout(0.0)"));
    dae_layer_free(layer);
    ok(dae_layer_parse(&layer, "dropout(0.999)"));
    dae_layer_free(layer);
    dae_layer_free(NULL);
}
END_TEST

static const char *const INITIALIZER[] = {"glorot_uniform", "glorot_normal", "he_uniform", "he_normal",
                                          "zeros"};

START_TEST(initializer_is_checked) {
    refuses("dense(3, initializer=he)", DAE_ERROR_FORMAT, "he_uniform");
    refuses("dense(3, initializer=0)", DAE_ERROR_FORMAT, "initializer");
    refuses("dense(3, initializer=zeros(0))", DAE_ERROR_FORMAT, "zeros");
    refuses("dropout(0.5, initializer=zeros)", DAE_ERROR_FORMAT, "initializer");
    for (size_t i = 0; i < 5; i++) {
        char text[64];
        dae_layer *dense = NULL;
        snprintf(text, sizeof text, "dense(3, initializer=%s)", INITIALIZER[i]);
        ok(dae_layer_parse(&dense, text));
        dae_layer_free(dense);
    }
}
END_TEST

START_TEST(leaky_slope_is_checked) {
    dae_layer *leaky = NULL;
    fails(dae_layer_create_dense(&leaky, 3, "leaky_relu(-0.125)"), DAE_ERROR_ARGUMENT, "-0.125");
    fails(dae_layer_create_dense(&leaky, 3, "leaky_relu(1.125)"), DAE_ERROR_ARGUMENT, "slope");
    fails(dae_layer_create_dense(&leaky, 3, "leaky_relu(nan)"), DAE_ERROR_FORMAT, "slope");
    fails(dae_layer_create_dense(&leaky, 3, "leaky_relu(1e999)"), DAE_ERROR_ARGUMENT, "1e999");
    fails(dae_layer_create_dense(&leaky, 3, "relu(0.1)"), DAE_ERROR_FORMAT, "relu");
    ck_assert_ptr_null(leaky);
    refuses("dense(3, activation=leaky_relu, slope=1.125)", DAE_ERROR_ARGUMENT, "slope");
    refuses("dense(3, activation=relu, slope=0.1)", DAE_ERROR_ARGUMENT, "slope");
    refuses("dropout(0.5, slope=0.1)", DAE_ERROR_FORMAT, "slope");
    ok(dae_layer_create_dense(&leaky, 3, "leaky_relu(0.0)"));
    dae_layer_free(leaky);
    ok(dae_layer_create_dense(&leaky, 3, "leaky_relu(slope=1.0)"));
    dae_layer_free(leaky);
}
END_TEST

/* The default of 0.3 counts, a slope as it is written, and one as older files have it. */
START_TEST(leaky_slope_counts) {
    const char *texts[] = {"leaky_relu", "leaky_relu(0.125)", "leaky_relu(slope=0)", "leaky_relu(1)",
                           "leaky_relu, slope=0.125"};
    const double slopes[] = {0.3, 0.125, 0.0, 1.0, 0.125};
    const float input = -2.0f;
    for (size_t i = 0; i < 5; i++) {
        dae_model *model = model_from(1, "input(1) | dense(1, activation=%s)", texts[i]);
        dae_session *session = NULL;
        float output = 0;
        ok(dae_model_set_parameters(model, (const float[]){1.0f, 0.0f}, 2));
        ok(dae_session_create(&session, model, 1));
        ok(dae_session_run(session, &input, 1, &output));
        near(output, -2 * slopes[i], 1e-7);
        dae_session_free(session);
        dae_model_free(model);
    }
}
END_TEST

/* ---- Initialisers ----------------------------------------------------------------------------- */

enum { FAN_IN = 400, FAN_OUT = 300, WEIGHTS = FAN_IN * FAN_OUT };

/* Parameters of one dense layer FAN_IN -> FAN_OUT, weights first. */
static float *drawn(const char *initializer, uint64_t seed) {
    dae_model *model = model_from(seed, "input(%d) | dense(%d, activation=relu, initializer=%s)", FAN_IN,
                                  FAN_OUT, initializer);
    size_t count = 0;
    float *values = parameters_of(model, &count);
    ck_assert_uint_eq(count, WEIGHTS + FAN_OUT);
    for (size_t i = WEIGHTS; i < count; i++)
        ck_assert(values[i] == 0.0f);
    dae_model_free(model);
    return values;
}

typedef struct {
    double mean, stddev, greatest;
} moments;

static moments moments_of(const float *values, size_t count) {
    double sum = 0, squares = 0, greatest = 0;
    for (size_t i = 0; i < count; i++) {
        double x = (double)values[i];
        sum += x;
        squares += x * x;
        greatest = fmax(greatest, fabs(x));
    }
    double mean = sum / (double)count;
    moments result = {mean, sqrt(squares / (double)count - mean * mean), greatest};
    return result;
}

/* Five standard errors around what the formula says: that of a mean is s / sqrt(n), and that of a
 * standard deviation is below s / sqrt(2 n) for distributions with tails lighter than the normal's. */
static void has_moments(const float *values, double stddev, double limit) {
    moments found = moments_of(values, WEIGHTS);
    near(found.mean, 0.0, 5 * stddev / sqrt(WEIGHTS));
    near(found.stddev, stddev, 5 * stddev / sqrt(2.0 * WEIGHTS));
    ck_assert_double_le(found.greatest, limit * (1 + (double)FLT_EPSILON));
    ck_assert_double_ge(found.greatest, limit * 0.998);
}

START_TEST(uniform_initializers_follow_their_formula) {
    const struct {
        const char *initializer;
        double limit;
    } cases[] = {
        {"glorot_uniform", sqrt(6.0 / (FAN_IN + FAN_OUT))},
        {"he_uniform", sqrt(6.0 / FAN_IN)},
    };
    for (size_t i = 0; i < 2; i++) {
        float *values = drawn(cases[i].initializer, 7);
        has_moments(values, cases[i].limit / sqrt(3.0), cases[i].limit);
        size_t inner = 0; /* half of them lie in the inner half */
        for (size_t j = 0; j < WEIGHTS; j++)
            inner += fabs((double)values[j]) < cases[i].limit / 2;
        near((double)inner / WEIGHTS, 0.5, 5 * 0.5 / sqrt(WEIGHTS));
        free(values);
    }
}
END_TEST

START_TEST(normal_initializers_are_cut_at_two_stddevs) {
    const struct {
        const char *initializer;
        double stddev;
    } cases[] = {
        {"glorot_normal", sqrt(2.0 / (FAN_IN + FAN_OUT))},
        {"he_normal", sqrt(2.0 / FAN_IN)},
    };
    /* Variance of a normal cut at c = 2 is 1 - 2 c phi(c) / (2 Phi(c) - 1). */
    const double within_two = erf(2 / sqrt(2.0)), within_one = erf(1 / sqrt(2.0));
    const double density = exp(-2.0) / sqrt(2 * acos(-1.0));
    const double cut_stddev = sqrt(1 - 4 * density / within_two);
    for (size_t i = 0; i < 2; i++) {
        float *values = drawn(cases[i].initializer, 7);
        double sigma = cases[i].stddev / cut_stddev;
        has_moments(values, cases[i].stddev, 2 * sigma);
        size_t inner = 0;
        for (size_t j = 0; j < WEIGHTS; j++)
            inner += fabs((double)values[j]) < sigma;
        near((double)inner / WEIGHTS, within_one / within_two, 5 * 0.5 / sqrt(WEIGHTS));
        free(values);
    }
}
END_TEST

START_TEST(zeros_are_zeros) {
    float *values = drawn("zeros", 7);
    for (size_t i = 0; i < WEIGHTS; i++)
        ck_assert(values[i] == 0.0f);
    free(values);
}
END_TEST

START_TEST(glorot_uniform_is_the_default) {
    network net = {FAN_IN, 1, {{FAN_OUT, "tanh"}}, 0};
    dae_model *model = network_model(&net, 7);
    float *by_default = parameters_of(model, NULL), *by_name = drawn("glorot_uniform", 7);
    same_floats(by_default, by_name, WEIGHTS + FAN_OUT);
    free(by_default);
    free(by_name);
    dae_model_free(model);
}
END_TEST

START_TEST(seeds_decide_the_weights) {
    for (size_t i = 0; i < 4; i++) { /* all but zeros */
        float *a = drawn(INITIALIZER[i], 1), *b = drawn(INITIALIZER[i], 1), *c = drawn(INITIALIZER[i], 2);
        size_t equal = 0;
        same_floats(a, b, WEIGHTS);
        for (size_t k = 0; k < WEIGHTS; k++)
            equal += a[k] == c[k];
        ck_assert_uint_lt(equal, WEIGHTS / 1000);
        free(a);
        free(b);
        free(c);
    }
}
END_TEST

START_TEST(layers_differ_from_each_other) {
    network net = {50, 3, {{50, "tanh"}, {50, "tanh"}, {50, "tanh"}}, 0};
    dae_model *model = network_model(&net, 3);
    float *values = parameters_of(model, NULL);
    const size_t weights = 50 * 50, stride = weights + 50;
    for (size_t a = 0; a < 3; a++)
        for (size_t b = a + 1; b < 3; b++) {
            size_t equal = 0;
            for (size_t i = 0; i < weights; i++)
                equal += values[a * stride + i] == values[b * stride + i];
            ck_assert_uint_lt(equal, weights / 100);
        }
    free(values);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("layer");
    TCase *options = add_case(suite, "options");
    tcase_add_test(options, creating_refuses_bad_arguments);
    tcase_add_test(options, bad_texts_are_refused);
    tcase_add_test(options, creating_takes_the_limits);
    tcase_add_test(options, initializer_is_checked);
    tcase_add_test(options, leaky_slope_is_checked);
    tcase_add_test(options, leaky_slope_counts);
    TCase *initializers = add_case(suite, "initializers");
    tcase_add_test(initializers, uniform_initializers_follow_their_formula);
    tcase_add_test(initializers, normal_initializers_are_cut_at_two_stddevs);
    tcase_add_test(initializers, zeros_are_zeros);
    tcase_add_test(initializers, glorot_uniform_is_the_default);
    tcase_add_test(initializers, seeds_decide_the_weights);
    tcase_add_test(initializers, layers_differ_from_each_other);
    return suite_main(suite);
}
