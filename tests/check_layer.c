/* Layers: what creation and setters refuse, and what the initialisers draw. */
#include "network.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

START_TEST(creating_refuses_bad_arguments) {
    dae_layer *layer = NULL;
    fails(dae_layer_create_dense(NULL, 3, DAE_ACTIVATION_RELU), DAE_ERROR_ARGUMENT, "out");
    fails(dae_layer_create_dense(&layer, 0, DAE_ACTIVATION_RELU), DAE_ERROR_ARGUMENT, "units");
    fails(dae_layer_create_dense(&layer, 3, -1), DAE_ERROR_ARGUMENT, "activation");
    fails(dae_layer_create_dense(&layer, 3, DAE_ACTIVATION_TANH + 1), DAE_ERROR_ARGUMENT, "activation");
    fails(dae_layer_create_dropout(NULL, 0.5), DAE_ERROR_ARGUMENT, "out");
    fails(dae_layer_create_dropout(&layer, -0.125), DAE_ERROR_ARGUMENT, "-0.125");
    fails(dae_layer_create_dropout(&layer, 1.0), DAE_ERROR_ARGUMENT, "rate");
    fails(dae_layer_create_dropout(&layer, NAN), DAE_ERROR_ARGUMENT, "rate");
    fails(dae_layer_create_dropout(&layer, -INFINITY), DAE_ERROR_ARGUMENT, "rate");
    ck_assert_ptr_null(layer);
}
END_TEST

START_TEST(creating_takes_the_limits) {
    dae_layer *layer = NULL;
    for (int32_t activation = DAE_ACTIVATION_LINEAR; activation <= DAE_ACTIVATION_TANH; activation++) {
        ok(dae_layer_create_dense(&layer, 1, activation));
        dae_layer_free(layer);
    }
    ok(dae_layer_create_dropout(&layer, 0.0));
    dae_layer_free(layer);
    ok(dae_layer_create_dropout(&layer, 0.999));
    dae_layer_free(layer);
    dae_layer_free(NULL);
}
END_TEST

START_TEST(initializer_is_checked) {
    dae_layer *dense = NULL, *dropout = NULL;
    ok(dae_layer_create_dense(&dense, 3, DAE_ACTIVATION_RELU));
    ok(dae_layer_create_dropout(&dropout, 0.5));
    fails(dae_layer_set_initializer(NULL, DAE_INITIALIZER_ZEROS), DAE_ERROR_ARGUMENT, "layer");
    fails(dae_layer_set_initializer(dense, -1), DAE_ERROR_ARGUMENT, "initializer");
    fails(dae_layer_set_initializer(dense, DAE_INITIALIZER_ZEROS + 1), DAE_ERROR_ARGUMENT, "initializer");
    fails(dae_layer_set_initializer(dropout, DAE_INITIALIZER_ZEROS), DAE_ERROR_ARGUMENT, "");
    for (int32_t kind = DAE_INITIALIZER_GLOROT_UNIFORM; kind <= DAE_INITIALIZER_ZEROS; kind++)
        ok(dae_layer_set_initializer(dense, kind));
    dae_layer_free(dense);
    dae_layer_free(dropout);
}
END_TEST

START_TEST(leaky_slope_is_checked) {
    dae_layer *leaky = NULL, *relu = NULL, *dropout = NULL;
    ok(dae_layer_create_dense(&leaky, 3, DAE_ACTIVATION_LEAKY_RELU));
    ok(dae_layer_create_dense(&relu, 3, DAE_ACTIVATION_RELU));
    ok(dae_layer_create_dropout(&dropout, 0.5));
    fails(dae_layer_set_leaky_slope(NULL, 0.1), DAE_ERROR_ARGUMENT, "layer");
    fails(dae_layer_set_leaky_slope(leaky, -0.125), DAE_ERROR_ARGUMENT, "-0.125");
    fails(dae_layer_set_leaky_slope(leaky, 1.125), DAE_ERROR_ARGUMENT, "slope");
    fails(dae_layer_set_leaky_slope(leaky, NAN), DAE_ERROR_ARGUMENT, "slope");
    fails(dae_layer_set_leaky_slope(leaky, INFINITY), DAE_ERROR_ARGUMENT, "slope");
    fails(dae_layer_set_leaky_slope(relu, 0.1), DAE_ERROR_ARGUMENT, "");
    fails(dae_layer_set_leaky_slope(dropout, 0.1), DAE_ERROR_ARGUMENT, "");
    ok(dae_layer_set_leaky_slope(leaky, 0.0));
    ok(dae_layer_set_leaky_slope(leaky, 1.0));
    dae_layer_free(leaky);
    dae_layer_free(relu);
    dae_layer_free(dropout);
}
END_TEST

START_TEST(options_are_fixed_once_in_a_model) {
    dae_layer *leaky = NULL;
    dae_model *model = NULL;
    ok(dae_layer_create_dense(&leaky, 3, DAE_ACTIVATION_LEAKY_RELU));
    ok(dae_model_create(&model, 4));
    ok(dae_model_add(model, leaky));
    fails(dae_layer_set_initializer(leaky, DAE_INITIALIZER_ZEROS), DAE_ERROR_STATE, "");
    fails(dae_layer_set_leaky_slope(leaky, 0.5), DAE_ERROR_STATE, "");
    dae_model_free(model);
    dae_layer_free(leaky);
}
END_TEST

/* A slope that was refused must not stick; the one that was set, and the default of 0.3, must count. */
START_TEST(leaky_slope_counts) {
    const double slopes[] = {0.3, 0.125, 0.0, 1.0};
    const float input = -2.0f;
    for (size_t i = 0; i < 4; i++) {
        dae_layer *leaky = NULL;
        dae_model *model = NULL;
        dae_session *session = NULL;
        float output = 0;
        ok(dae_layer_create_dense(&leaky, 1, DAE_ACTIVATION_LEAKY_RELU));
        if (i > 0)
            ok(dae_layer_set_leaky_slope(leaky, slopes[i]));
        fails(dae_layer_set_leaky_slope(leaky, 2.0), DAE_ERROR_ARGUMENT, "slope");
        ok(dae_model_create(&model, 1));
        ok(dae_model_add(model, leaky));
        ok(dae_model_initialize(model, 1));
        ok(dae_model_set_parameters(model, (const float[]){1.0f, 0.0f}, 2));
        ok(dae_session_create(&session, model, 1));
        ok(dae_session_run(session, &input, 1, &output));
        near(output, -2 * slopes[i], 1e-7);
        dae_session_free(session);
        dae_model_free(model);
        dae_layer_free(leaky);
    }
}
END_TEST

/* ---- Initialisers ----------------------------------------------------------------------------- */

enum { FAN_IN = 400, FAN_OUT = 300, WEIGHTS = FAN_IN * FAN_OUT };

/* Parameters of one dense layer FAN_IN -> FAN_OUT, weights first. */
static float *drawn(int32_t initializer, uint64_t seed) {
    dae_layer *layer = NULL;
    dae_model *model = NULL;
    size_t count = 0;
    ok(dae_layer_create_dense(&layer, FAN_OUT, DAE_ACTIVATION_RELU));
    ok(dae_layer_set_initializer(layer, initializer));
    ok(dae_model_create(&model, FAN_IN));
    ok(dae_model_add(model, layer));
    ok(dae_model_initialize(model, seed));
    float *values = parameters_of(model, &count);
    ck_assert_uint_eq(count, WEIGHTS + FAN_OUT);
    for (size_t i = WEIGHTS; i < count; i++)
        ck_assert(values[i] == 0.0f);
    dae_model_free(model);
    dae_layer_free(layer);
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
        int32_t initializer;
        double limit;
    } cases[] = {
        {DAE_INITIALIZER_GLOROT_UNIFORM, sqrt(6.0 / (FAN_IN + FAN_OUT))},
        {DAE_INITIALIZER_HE_UNIFORM, sqrt(6.0 / FAN_IN)},
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
        int32_t initializer;
        double stddev;
    } cases[] = {
        {DAE_INITIALIZER_GLOROT_NORMAL, sqrt(2.0 / (FAN_IN + FAN_OUT))},
        {DAE_INITIALIZER_HE_NORMAL, sqrt(2.0 / FAN_IN)},
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
    float *values = drawn(DAE_INITIALIZER_ZEROS, 7);
    for (size_t i = 0; i < WEIGHTS; i++)
        ck_assert(values[i] == 0.0f);
    free(values);
}
END_TEST

START_TEST(glorot_uniform_is_the_default) {
    network net = {FAN_IN, 1, {{FAN_OUT, DAE_ACTIVATION_TANH}}, 0};
    dae_model *model = network_model(&net, 7);
    float *by_default = parameters_of(model, NULL), *by_name = drawn(DAE_INITIALIZER_GLOROT_UNIFORM, 7);
    same_floats(by_default, by_name, WEIGHTS + FAN_OUT);
    free(by_default);
    free(by_name);
    dae_model_free(model);
}
END_TEST

START_TEST(seeds_decide_the_weights) {
    for (int32_t kind = DAE_INITIALIZER_GLOROT_UNIFORM; kind <= DAE_INITIALIZER_HE_NORMAL; kind++) {
        float *a = drawn(kind, 1), *b = drawn(kind, 1), *c = drawn(kind, 2);
        size_t equal = 0;
        same_floats(a, b, WEIGHTS);
        for (size_t i = 0; i < WEIGHTS; i++)
            equal += a[i] == c[i];
        ck_assert_uint_lt(equal, WEIGHTS / 1000);
        free(a);
        free(b);
        free(c);
    }
}
END_TEST

START_TEST(layers_differ_from_each_other) {
    network net = {
        50, 3, {{50, DAE_ACTIVATION_TANH}, {50, DAE_ACTIVATION_TANH}, {50, DAE_ACTIVATION_TANH}}, 0};
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
    tcase_add_test(options, creating_takes_the_limits);
    tcase_add_test(options, initializer_is_checked);
    tcase_add_test(options, leaky_slope_is_checked);
    tcase_add_test(options, options_are_fixed_once_in_a_model);
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
