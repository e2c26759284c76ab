/* Units that are 0 for a whole batch, and inputs that are, are left out of the products: outputs and gradients are as right as
 * with them, and every way to make a step gives the same bits. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS = 200, BATCH = 130, STEPS = 2 };

/* Numbers of units that live: around the eighths at which the products change their width, and the ends. */
static const size_t living[] = {0,   1,   15,  16,  17,  49,  50,  51,  99,  100,
                                111, 112, 113, 125, 126, 150, 176, 177, 199, 200};

/* Layers with UNITS units and what is around them; those alone die. */
static const network networks[] = {
    {60, 1, {{UNITS, "relu"}}, 0},
    {60, 2, {{40, "tanh"}, {UNITS, "relu"}}, 0},
    {UNITS, 2, {{UNITS, "relu"}, {72, "sigmoid"}}, 0},
    {UNITS, 3, {{UNITS, "relu"}, {80, "leaky_relu"}, {UNITS, "relu"}}, 0.3},
    {90, 3, {{UNITS, "relu"}, {UNITS, "relu"}, {10, "linear"}}, 0},
    {60, 2, {{UNITS, "tanh"}, {72, "sigmoid"}}, 0},
    /* few and many weights: gradients in one part, and in two, or in two while enough units live */
    {60, 3, {{UNITS, "relu"}, {16, "relu"}, {UNITS, "relu"}}, 0},
    {60, 2, {{UNITS, "relu"}, {180, "linear"}}, 0},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static int32_t keep(float *gradients, size_t count, void *user) {
    float *kept = user;
    for (size_t i = 0; kept != NULL && i < count; i++)
        kept[i] = gradients[i];
    return 0;
}

/* Which of UNITS live when so many do; they lie anywhere. */
static bool lives(size_t unit, size_t alive) {
    return unit * 77 % UNITS < alive;
}

/* From here on the other units give 0: rectifiers since they are far below, for good; the others since their weights are 0, so
 * that they have a gradient. */
static void let_live(dae_model *model, const network *net, size_t alive) {
    float bias[UNITS], *weights = must_have((size_t)UNITS * UNITS * sizeof *weights);
    for (size_t layer = 0; layer < net->layers; layer++) {
        bool rectifies = strcmp(net->layer[layer].activation, "relu") == 0;
        size_t inputs = layer == 0 ? net->inputs : net->layer[layer - 1].units;
        char name[32];
        if (net->layer[layer].units != UNITS)
            continue;
        snprintf(name, sizeof name, "%zu.weight", layer);
        ok(dae_model_get_tensor(model, name, weights, UNITS * inputs));
        for (size_t i = 0; i < UNITS; i++) {
            bias[i] = lives(i, alive) ? 0.1f : rectifies ? -1000.0f : 0.0f;
            for (size_t k = 0; k < inputs && !lives(i, alive) && !rectifies; k++)
                weights[i * inputs + k] = 0;
        }
        ok(dae_model_set_tensor(model, name, weights, UNITS * inputs));
        snprintf(name, sizeof name, "%zu.bias", layer);
        ok(dae_model_set_tensor(model, name, bias, UNITS));
    }
    free(weights);
}

/* A batch of inputs, to free(). If there are UNITS of them, they die as well. */
static float *make_inputs(const network *net, size_t alive) {
    float *x = random_floats(BATCH * net->inputs, -1, 1, 4);
    for (size_t i = 0; i < BATCH * net->inputs; i++)
        if (net->inputs == UNITS && !lives(i % UNITS, alive))
            x[i] = i % 3 == 0 ? -0.0f : 0.0f;
    return x;
}

static float *make_targets(const network *net) {
    return random_floats(BATCH * network_outputs(net), 0, 1, 5);
}

/* The parameters after some steps, to free(). */
static float *train(const network *net, size_t alive, size_t threads, bool hook, int32_t precision) {
    dae_model *model = network_model(net, 3);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    float *first = make_inputs(net, UNITS), *x = make_inputs(net, alive), *t = make_targets(net);
    ok(dae_set_num_threads(threads));
    ok(dae_trainer_set_precision(trainer, precision));
    if (hook)
        ok(dae_trainer_set_gradient_hook(trainer, keep, NULL));
    /* all live at first, so that the optimizer has something to remember of those that die */
    ok(dae_trainer_step(trainer, first, t, BATCH, NULL));
    let_live(model, net, alive);
    for (size_t i = 0; i < STEPS; i++)
        ok(dae_trainer_step(trainer, x, t, BATCH, NULL));
    ok(dae_set_num_threads(0));
    float *parameters = parameters_of(model, NULL);
    free(first);
    free(x);
    free(t);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return parameters;
}

/* near(), for so many values that Check's notes of each would take most of the time */
static void all_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance))
        near(value, expected, tolerance);
}

/* The gradient of a step in which so many units live, and the same worked out in double precision; to free(). */
static void make_gradients(const network *net, size_t alive, int32_t precision, float **gradient,
                           double **expected) {
    dae_model *model = network_model(net, 3);
    dae_trainer *trainer = sgd_trainer(model, 1e-3, "mse");
    size_t count = network_parameters(net);
    float *x = make_inputs(net, alive), *t = make_targets(net);
    *gradient = must_have(count * sizeof **gradient);
    *expected = must_have(count * sizeof **expected);
    ok(dae_trainer_set_precision(trainer, precision));
    ok(dae_trainer_set_gradient_hook(trainer, keep, *gradient));
    ok(dae_trainer_step(trainer, x, t, BATCH, NULL));
    let_live(model, net, alive);
    double *parameters = doubles_of(model);
    ok(dae_trainer_step(trainer, x, t, BATCH, NULL));
    network_gradient(net, parameters, x, t, BATCH, "mse", *expected);
    free(x);
    free(t);
    free(parameters);
    dae_trainer_free(trainer);
    dae_model_free(model);
}

static double sum_of_squares(const double *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sum;
}

static void check_exactly(const float *gradient, const double *expected, size_t count) {
    double typical = sqrt(sum_of_squares(expected, count) / (double)count);
    for (size_t i = 0; i < count; i++)
        all_near(gradient[i], expected[i], 1e-5 * typical + 5e-6 * fabs(expected[i]));
}

/* Factors are off by up to 2^-9, and with them a sum close to 0 may get the other sign, and a unit live or die. */
static void check_roughly(const float *gradient, const double *expected, size_t count) {
    double squares = 0, length = sqrt(sum_of_squares(expected, count));
    for (size_t i = 0; i < count; i++)
        squares += (expected[i] - (double)gradient[i]) * (expected[i] - (double)gradient[i]);
    ck_assert_msg(sqrt(squares) <= 0.1 * length, "off by %g of %g", sqrt(squares), length);
}

static void check_gradients(size_t alive, int32_t precision,
                            void (*check)(const float *gradient, const double *expected, size_t count)) {
    for (size_t i = 0; i < NETWORKS; i++) {
        float *gradient;
        double *expected;
        make_gradients(&networks[i], alive, precision, &gradient, &expected);
        check(gradient, expected, network_parameters(&networks[i]));
        free(gradient);
        free(expected);
    }
}

START_TEST(gradients_are_right) {
    check_gradients(living[_i], DAE_PRECISION_FLOAT32, check_exactly);
}
END_TEST

START_TEST(gradients_are_right_in_bfloat16) {
    check_gradients(living[_i], DAE_PRECISION_BFLOAT16, check_roughly);
}
END_TEST

static void check_outputs(const network *net, size_t alive) {
    dae_model *model = network_model(net, 3);
    dae_session *session = NULL;
    size_t outputs = network_outputs(net);
    float *x = make_inputs(net, alive), *y = must_have(BATCH * outputs * sizeof *y);
    double output[NETWORK_MAX_UNITS], logits[NETWORK_MAX_UNITS];
    let_live(model, net, alive);
    double *parameters = doubles_of(model);
    ok(dae_session_create(&session, model, BATCH));
    ok(dae_session_run(session, x, BATCH, y));
    for (size_t row = 0; row < BATCH; row++) {
        network_forward(net, parameters, x + row * net->inputs, output, logits);
        for (size_t i = 0; i < outputs; i++)
            all_near(y[row * outputs + i], output[i], 1e-5);
    }
    free(x);
    free(y);
    free(parameters);
    dae_session_free(session);
    dae_model_free(model);
}

START_TEST(outputs_are_right) {
    for (size_t i = 0; i < NETWORKS; i++)
        check_outputs(&networks[i], living[_i]);
}
END_TEST

/* Dropout behind a rectifier: units are dead, or dropped, and the layer behind sees neither. */
static float *train_with_dropout(size_t alive, size_t steps, size_t threads, bool hook) {
    dae_model *model = model_from(3, "input(60) | dense(%d, activation=relu) | dropout(0.4) | dense(70)",
                                  UNITS);
    let_live(model, &(network){60, 1, {{UNITS, "relu"}}, 0}, alive);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    float *x = random_floats(BATCH * 60, -1, 1, 4), *t = random_floats(BATCH * 70, 0, 1, 5);
    if (hook)
        ok(dae_trainer_set_gradient_hook(trainer, keep, NULL));
    ok(dae_set_num_threads(threads));
    for (size_t i = 0; i < steps; i++)
        ok(dae_trainer_step(trainer, x, t, BATCH, NULL));
    ok(dae_set_num_threads(0));
    float *parameters = parameters_of(model, NULL);
    free(x);
    free(t);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return parameters;
}

/* One unit lives: it is trained, and the others keep their weights to the bit. */
START_TEST(the_dead_rest_behind_dropout) {
    float *usual = train_with_dropout(1, STEPS, 1, false), *before = train_with_dropout(1, 0, 1, false);
    size_t count = UNITS * 60 + UNITS + 70 * UNITS + 70;
    for (size_t unit = 0; unit < UNITS; unit++) {
        const float *now = usual + unit * 60, *old = before + unit * 60;
        ck_assert_int_eq(memcmp(now, old, 60 * sizeof *now) == 0, !lives(unit, 1));
    }
    for (size_t threads = 1; threads <= 2; threads++)
        for (int hook = 0; hook < 2; hook++) {
            float *other = train_with_dropout(1, STEPS, threads, hook);
            same_floats(other, usual, count);
            free(other);
        }
    free(before);
    free(usual);
}
END_TEST

static void every_way(size_t alive, int32_t precision) {
    for (size_t i = 0; i < NETWORKS; i++) {
        size_t count = network_parameters(&networks[i]);
        float *usual = train(&networks[i], alive, 1, false, precision);
        for (size_t threads = 1; threads <= 3; threads++) {
            float *other = train(&networks[i], alive, threads, threads != 2, precision);
            same_floats(other, usual, count);
            free(other);
        }
        free(usual);
    }
}

START_TEST(every_way_gives_the_same_bits) {
    every_way(living[_i], DAE_PRECISION_FLOAT32);
}
END_TEST

START_TEST(every_way_gives_the_same_bits_in_bfloat16) {
    every_way(living[_i], DAE_PRECISION_BFLOAT16);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dead_units");
    TCase *dead = add_case(suite, "dead units");
    const int cases = sizeof living / sizeof *living;
    tcase_add_loop_test(dead, gradients_are_right, 0, cases);
    tcase_add_loop_test(dead, gradients_are_right_in_bfloat16, 0, cases);
    tcase_add_loop_test(dead, outputs_are_right, 0, cases);
    tcase_add_test(dead, the_dead_rest_behind_dropout);
    tcase_add_loop_test(dead, every_way_gives_the_same_bits, 0, cases);
    tcase_add_loop_test(dead, every_way_gives_the_same_bits_in_bfloat16, 0, cases);
    return suite_main(suite);
}
