/* The trainer's gradients against central differences of an independent forward pass and loss, both in
 * double precision: every activation with every loss, and shapes that cross the edges of vectors and tiles. */
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    float *gradients;
    size_t count;
} seen;

/* Looks at the gradient and ends the step, so that the model stays as it is. */
static int32_t look(float *gradients, size_t count, void *user) {
    seen *s = user;
    ck_assert_uint_eq(count, s->count);
    memcpy(s->gradients, gradients, count * sizeof *gradients);
    return 1;
}

/* What one comparison needs. */
typedef struct {
    network net;
    const char *loss;
    size_t batch;
    double *parameters;
    float *inputs, *targets;
} setting;

/* d loss / d parameter i. Half a step of 2^-22 keeps both the error of the formula and that of rounding
 * below 1e-8. */
static double central_difference(const setting *s, size_t i) {
    const double h = 1.0 / 4194304, kept = s->parameters[i];
    s->parameters[i] = kept + h;
    double above = network_loss(&s->net, s->parameters, s->inputs, s->targets, s->batch, s->loss);
    s->parameters[i] = kept - h;
    double below = network_loss(&s->net, s->parameters, s->inputs, s->targets, s->batch, s->loss);
    s->parameters[i] = kept;
    return (above - below) / (2 * h);
}

static float *gradient_of(const setting *s, dae_model *model) {
    dae_trainer *trainer = sgd_trainer(model, 0.1, s->loss);
    size_t count = network_parameters(&s->net);
    seen look_at = {must_have(count * sizeof(float)), count};
    double loss = -1;
    ok(dae_trainer_set_gradient_hook(trainer, look, &look_at));
    fails(dae_trainer_step(trainer, s->inputs, s->targets, s->batch, &loss), DAE_ERROR_CALLBACK, "");
    dae_trainer_free(trainer);
    return look_at.gradients;
}

/* Compares every `stride`-th parameter, from `first` on, with what the gradient's scale allows: the root
 * of its mean square over those compared. */
static void compare(const setting *s, const float *gradient, size_t first, size_t stride) {
    size_t count = network_parameters(&s->net), compared = 0;
    double squares = 0, worst = 0, worst_expected = 0;
    size_t worst_at = 0;
    for (size_t i = first; i < count; i += stride) {
        double expected = central_difference(s, i), error = fabs((double)gradient[i] - expected);
        squares += expected * expected;
        compared++;
        if (!(error <= worst)) {
            worst = error;
            worst_at = i;
            worst_expected = expected;
        }
    }
    double scale = sqrt(squares / (double)compared);
    ck_assert_msg(scale > 0, "no gradient at all");
    ck_assert_msg(worst <= 1e-4 * scale,
                  "activations %s, %s, loss %s, batch %zu: gradient %zu is %.9g, not %.9g",
                  s->net.layer[0].activation, s->net.layers > 1 ? s->net.layer[1].activation : "none",
                  s->loss, s->batch, worst_at, (double)gradient[worst_at], worst_expected);
}

/* Whether cross-entropy takes its logarithms of outputs, not of logits. */
static bool takes_logarithms(const setting *s) {
    return strcmp(s->loss, "bce") == 0 && strcmp(s->net.layer[s->net.layers - 1].activation, "sigmoid") != 0;
}

/* Near 0 and 1 the derivative of a logarithm makes float32's rounding of an output large. */
static bool well_conditioned(const setting *s) {
    double output[NETWORK_MAX_UNITS], logits[NETWORK_MAX_UNITS];
    for (size_t b = 0; b < s->batch; b++) {
        network_forward(&s->net, s->parameters, s->inputs + b * s->net.inputs, output, logits);
        for (size_t n = 0; n < network_outputs(&s->net); n++)
            if ((output[n] != 0 && fabs(output[n]) < 0.02) || fabs(output[n] - 1) < 0.02)
                return false;
    }
    return true;
}

/* Inputs of the first seed that are well conditioned. */
static void choose_inputs(setting *s) {
    for (uint64_t seed = 0; s->inputs == NULL; seed++) {
        ck_assert_uint_lt(seed, 100000);
        s->inputs = random_floats(s->batch * s->net.inputs, -1, 1, seed * 1000 + s->batch);
        if (takes_logarithms(s) && !well_conditioned(s)) {
            free(s->inputs);
            s->inputs = NULL;
        }
    }
}

/* Weights large enough that every activation bends, and biases away from 0. In networks with more than a few
 * outputs, those of logarithms are kept around 0.5: no seed would do. */
static float *choose_parameters(const setting *s) {
    size_t count = network_parameters(&s->net), outputs = network_outputs(&s->net);
    size_t last = outputs * (s->net.layers > 1 ? s->net.layer[s->net.layers - 2].units : s->net.inputs);
    double reach = 1.5 / sqrt((double)s->net.inputs);
    float *values = random_floats(count, -reach, reach, 17 + s->batch);
    if (takes_logarithms(s) && outputs > 3)
        for (size_t i = count - outputs - last; i < count; i++)
            values[i] = values[i] * 0.1f + (i < count - outputs ? 0.0f : 0.5f);
    return values;
}

static void free_setting(setting *s) {
    free(s->inputs);
    free(s->targets);
    free(s->parameters);
}

static void check_setting(network net, const char *loss, size_t batch, size_t stride) {
    setting s = {.net = net, .loss = loss, .batch = batch};
    size_t outputs = network_outputs(&net), count = network_parameters(&net);
    float *values = choose_parameters(&s);
    dae_model *model = network_model(&net, 1);
    ok(dae_model_set_parameters(model, values, count));
    s.parameters = doubles_of(model);
    choose_inputs(&s);
    s.targets = random_floats(batch * outputs, 0, 1, 5 + batch);
    float *gradient = gradient_of(&s, model);
    compare(&s, gradient, 0, stride);
    float *after = parameters_of(model, NULL);
    same_floats(after, values, count);
    free(after);
    free(gradient);
    free(values);
    free_setting(&s);
    dae_model_free(model);
}

/* _i counts through hidden activation, output activation and loss. */
START_TEST(small_networks_agree) {
    const size_t batches[] = {1, 2, 3, 8, 13};
    const char *hidden = ACTIVATION[_i % ACTIVATIONS], *output = ACTIVATION[_i / ACTIVATIONS % ACTIVATIONS];
    const char *loss = LOSS[_i / (ACTIVATIONS * ACTIVATIONS)];
    network net = {5, 2, {{4, hidden}, {3, output}}, 0.3};
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
        check_setting(net, loss, batches[b], 1);
}
END_TEST

START_TEST(edges_of_vectors_agree) {
    const char *loss = LOSS[_i / ACTIVATIONS];
    network net = {
        33,
        2,
        {{65, ACTIVATION[(_i + _i / ACTIVATIONS + 1) % ACTIVATIONS]}, {17, ACTIVATION[_i % ACTIVATIONS]}},
        0.125};
    check_setting(net, loss, 70, 29); /* 29 has no factor in common with 33, 65 or 17 */
}
END_TEST

START_TEST(every_parameter_at_the_edges_agrees) {
    network relu = {33, 2, {{65, "relu"}, {17, "linear"}}, 0};
    network sigmoid = {17, 2, {{65, "relu"}, {33, "sigmoid"}}, 0};
    check_setting(relu, "mse", 9, 1);
    check_setting(sigmoid, "bce", 17, 1);
}
END_TEST

START_TEST(one_and_four_layers_agree) {
    network one = {7, 1, {{5, "sigmoid"}}, 0};
    network four = {6, 4, {{9, "tanh"}, {3, "leaky_relu"}, {8, "sigmoid"}, {6, "linear"}}, 0.2};
    network narrow = {40, 2, {{1, "tanh"}, {40, "tanh"}}, 0};
    for (size_t i = 0; i < LOSSES; i++) {
        check_setting(one, LOSS[i], 6, 1);
        check_setting(four, LOSS[i], 11, 1);
        check_setting(narrow, LOSS[i], 33, 1);
    }
}
END_TEST

/* Behind a sigmoid cross-entropy comes from the logits: it stays exact where the output rounds to 0 or 1. */
START_TEST(saturated_cross_entropy_agrees) {
    const float logits[] = {-200.0f, -50.0f, -17.0f, 17.0f, 50.0f, 200.0f}, targets[] = {0.0f, 0.25f, 1.0f};
    network net = {1, 1, {{1, "sigmoid"}}, 0};
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = sgd_trainer(model, 0.1, "bce");
    float gradient[2];
    seen look_at = {gradient, 2};
    ok(dae_model_set_parameters(model, (const float[]){1.0f, 0.0f}, 2));
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 3; j++) {
            double z = (double)logits[i], t = (double)targets[j], loss = -1;
            ok(dae_trainer_set_gradient_hook(trainer, look, &look_at));
            fails(dae_trainer_step(trainer, &logits[i], &targets[j], 1, NULL), DAE_ERROR_CALLBACK, "");
            double a = 1 / (1 + exp(-z));
            near(gradient[1], a - t, 1e-6);
            near(gradient[0], (a - t) * z, 1e-6 * fabs(z));
            ok(dae_trainer_set_gradient_hook(trainer, NULL, NULL));
            ok(dae_trainer_step(trainer, &logits[i], &targets[j], 1, &loss));
            double expected = fmax(z, 0) - z * t + log1p(exp(-fabs(z)));
            near(loss, expected, 1e-6 * fmax(expected, 1e-6));
            ok(dae_model_set_parameters(model, (const float[]){1.0f, 0.0f}, 2));
        }
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* The derivatives at kinks that layer.h and trainer.h fix: ReLU's is 0 at 0, and MAE's 0 where output and
 * target are equal. */
START_TEST(kinks_are_as_documented) {
    const struct {
        const char *activation;
        const char *loss;
        float bias, target;
        double expected;
    } cases[] = {{"relu", "mse", 0.0f, 1.0f, 0.0},         {"relu", "mse", 0.5f, 1.0f, -1.0},
                 {"leaky_relu", "mae", -1.0f, 1.0f, -0.3}, {"linear", "mae", 0.5f, 0.5f, 0.0},
                 {"linear", "mae", 0.5f, 0.25f, 1.0},      {"linear", "mae", 0.5f, 0.75f, -1.0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        network net = {1, 1, {{1, cases[i].activation}}, 0.3};
        dae_model *model = network_model(&net, 1);
        dae_trainer *trainer = sgd_trainer(model, 0.1, cases[i].loss);
        float gradient[2] = {9, 9};
        const float input = 0.0f;
        seen look_at = {gradient, 2};
        ok(dae_model_set_tensor(model, "0.bias", &cases[i].bias, 1));
        ok(dae_trainer_set_gradient_hook(trainer, look, &look_at));
        fails(dae_trainer_step(trainer, &input, &cases[i].target, 1, NULL), DAE_ERROR_CALLBACK, "");
        near(gradient[1], cases[i].expected, 1e-7);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
}
END_TEST

/* ---- Sizes for which central differences would take too long ------------------------------------ */

/* The gradient worked out backwards in double precision, which stands in for central differences below. */
START_TEST(backwards_is_as_central_differences) {
    const char *hidden = ACTIVATION[_i % ACTIVATIONS];
    const char *loss = LOSS[_i / ACTIVATIONS];
    for (size_t output = 0; output < ACTIVATIONS; output++) {
        setting s = {.net = {5, 3, {{7, hidden}, {4, hidden}, {3, ACTIVATION[output]}}, 0.3},
                     .loss = loss,
                     .batch = 4};
        size_t count = network_parameters(&s.net);
        float *values = choose_parameters(&s);
        double *gradient = must_have(count * sizeof *gradient), scale = 0;
        s.parameters = must_have(count * sizeof *s.parameters);
        for (size_t i = 0; i < count; i++)
            s.parameters[i] = (double)values[i];
        choose_inputs(&s);
        s.targets = random_floats(s.batch * 3, 0, 1, 8);
        network_gradient(&s.net, s.parameters, s.inputs, s.targets, s.batch, loss, gradient);
        for (size_t i = 0; i < count; i++)
            scale = fmax(scale, fabs(gradient[i]));
        for (size_t i = 0; i < count; i++)
            near(gradient[i], central_difference(&s, i), 1e-6 * scale);
        free(values);
        free(gradient);
        free_setting(&s);
    }
}
END_TEST

/* Products of this size are cut into several tiles, by rows and by columns. */
START_TEST(several_tiles_agree) {
    const struct {
        const char *hidden, *output;
        const char *loss;
        size_t inputs, units, outputs, batch;
    } cases[] = {
        {"tanh", "sigmoid", "bce", 784, 128, 784, 256},
        {"sigmoid", "tanh", "mse", 150, 900, 131, 201},
        {"leaky_relu", "linear", "mse", 401, 67, 777, 301},
        {"relu", "linear", "mae", 400, 50, 400, 700},
    };
    size_t inputs = cases[_i].inputs, outputs = cases[_i].outputs;
    setting s = {.net = {inputs, 2, {{cases[_i].units, cases[_i].hidden}, {outputs, cases[_i].output}}, 0.3},
                 .loss = cases[_i].loss,
                 .batch = cases[_i].batch};
    dae_model *model = network_model(&s.net, 5);
    size_t count = network_parameters(&s.net);
    double *expected = must_have(count * sizeof *expected), squares = 0;
    s.parameters = doubles_of(model);
    s.inputs = random_floats(s.batch * inputs, -1, 1, 6);
    s.targets = random_floats(s.batch * outputs, 0, 1, 7);
    network_gradient(&s.net, s.parameters, s.inputs, s.targets, s.batch, s.loss, expected);
    float *gradient = gradient_of(&s, model);
    for (size_t i = 0; i < count; i++)
        squares += expected[i] * expected[i];
    double scale = sqrt(squares / (double)count);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)gradient[i] - expected[i]) <= 1e-4 * scale))
            ck_abort_msg("gradient %zu is %.9g, not %.9g", i, (double)gradient[i], expected[i]);
    free(gradient);
    free(expected);
    free_setting(&s);
    dae_model_free(model);
}
END_TEST

/* ---- Dropout ---------------------------------------------------------------------------------- */

/* Linear layers with dropout between them and behind them. The loss is then a parabola in each parameter,
 * and the library's own losses are good for a central difference with a wide step. */
static dae_model *dropping_model(size_t inputs, size_t hidden, size_t outputs) {
    return model_from(3, "input(%zu) | dense(%zu) | dropout(0.4) | dense(%zu) | dropout(0.3)", inputs, hidden,
                      outputs);
}

/* The loss of the first step of a new trainer, which draws the same dropout each time. */
static double first_loss(dae_model *model, const float *inputs, const float *targets, size_t count,
                         float *gradient) {
    dae_trainer *trainer = sgd_trainer(model, 1e-30, "mse");
    double loss = 0;
    size_t parameters = 0;
    ok(dae_model_get_parameter_count(model, &parameters));
    seen look_at = {gradient, parameters};
    if (gradient != NULL) {
        ok(dae_trainer_set_gradient_hook(trainer, look, &look_at));
        fails(dae_trainer_step(trainer, inputs, targets, count, NULL), DAE_ERROR_CALLBACK, "");
    } else {
        ok(dae_trainer_step(trainer, inputs, targets, count, &loss));
    }
    dae_trainer_free(trainer);
    return loss;
}

static void check_dropping(size_t inputs, size_t hidden, size_t outputs, size_t batch, size_t stride) {
    dae_model *model = dropping_model(inputs, hidden, outputs);
    size_t count = 0, zeros = 0;
    float *values = parameters_of(model, &count), *gradient = must_have(count * sizeof *gradient);
    float *x = random_floats(batch * inputs, -1, 1, 4), *t = random_floats(batch * outputs, -1, 1, 5);
    const float h = 0.25f;
    double scale = 0;
    first_loss(model, x, t, batch, gradient);
    for (size_t i = 0; i < count; i++)
        scale = fmax(scale, fabs((double)gradient[i]));
    for (size_t i = 0; i < count; i += stride) {
        float kept = values[i];
        values[i] = kept + h;
        ok(dae_model_set_parameters(model, values, count));
        double above = first_loss(model, x, t, batch, NULL), wide = (double)values[i];
        values[i] = kept - h;
        ok(dae_model_set_parameters(model, values, count));
        double below = first_loss(model, x, t, batch, NULL);
        wide -= (double)values[i];
        values[i] = kept;
        near(gradient[i], (above - below) / wide, 1e-4 * scale);
        zeros += gradient[i] == 0.0f;
    }
    ck_assert_msg(zeros * 50 < count / stride * 49, "nearly all of the gradient is 0");
    dae_model_free(model);
    free(values);
    free(gradient);
    free(x);
    free(t);
}

START_TEST(dropout_agrees) {
    check_dropping(5, 4, 3, 1, 1);
    check_dropping(5, 7, 6, 9, 1);
    check_dropping(3, 11, 700, 20, 37); /* rows that are worked on in several parts */
    check_dropping(40, 300, 5, 33, 61);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gradient");
    TCase *small = add_case(suite, "small");
    tcase_add_loop_test(small, small_networks_agree, 0, ACTIVATIONS * ACTIVATIONS * LOSSES);
    tcase_add_test(small, one_and_four_layers_agree);
    tcase_add_test(small, saturated_cross_entropy_agrees);
    tcase_add_test(small, kinks_are_as_documented);
    tcase_add_test(small, dropout_agrees);
    TCase *large = add_case(suite, "large");
    tcase_add_loop_test(large, backwards_is_as_central_differences, 0, ACTIVATIONS * LOSSES);
    tcase_add_loop_test(large, several_tiles_agree, 0, 4);
    TCase *edges = add_case(suite, "edges");
    tcase_add_loop_test(edges, edges_of_vectors_agree, 0, ACTIVATIONS * LOSSES);
    tcase_add_test(edges, every_parameter_at_the_edges_agrees);
    return suite_main(suite);
}
