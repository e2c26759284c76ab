/* Outputs that are 0 for a whole batch are left out of the products of the backward pass: the gradient is as right as
 * with them, and every way to make a step gives the same bits. */
#include "network.h"

#include <math.h>
#include <stdlib.h>

enum { INPUTS = 60, HIDDEN = 40, OUTPUTS = 200, BATCH = 48, STEPS = 3 };

/* Numbers of outputs that live: around the eighths at which the products change their width, and the ends. */
static const size_t living[] = {0, 1, 99, 100, 111, 112, 113, 128, 150, 176, 177, 199, 200};

static int32_t keep(float *gradients, size_t count, void *user) {
    float *kept = user;
    for (size_t i = 0; kept != NULL && i < count; i++)
        kept[i] = gradients[i];
    return 0;
}

static network make_network(bool one_layer) {
    network net = autoencoder(INPUTS, HIDDEN, DAE_ACTIVATION_TANH, DAE_ACTIVATION_RELU);
    net.layer[1].units = OUTPUTS;
    if (one_layer)
        net = (network){INPUTS, 1, {{OUTPUTS, DAE_ACTIVATION_RELU}}, 0};
    return net;
}

/* From here on the other outputs are far below 0; they lie anywhere. */
static void let_live(dae_model *model, const network *net, size_t alive) {
    float bias[OUTPUTS];
    for (size_t i = 0; i < OUTPUTS; i++)
        bias[i] = i * 77 % OUTPUTS < alive ? 0.1f : -1000.0f;
    ok(dae_model_set_tensor(model, net->layers == 1 ? "0.bias" : "1.bias", bias, OUTPUTS));
}

/* The parameters behind some steps, to free(). */
static float *train(const network *net, size_t alive, size_t threads, bool hook, int32_t precision) {
    dae_model *model = network_model(net, 3);
    dae_trainer *trainer = adam_trainer(model, 1e-3, DAE_LOSS_MSE);
    float *x = random_floats(BATCH * INPUTS, 0, 1, 4), *t = random_floats(BATCH * OUTPUTS, 0, 1, 5);
    ok(dae_set_num_threads(threads));
    ok(dae_trainer_set_precision(trainer, precision));
    if (hook)
        ok(dae_trainer_set_gradient_hook(trainer, keep, NULL));
    /* all live at first, so that the optimizer has something to remember of those that die */
    ok(dae_trainer_step(trainer, x, t, BATCH, NULL));
    let_live(model, net, alive);
    for (size_t i = 0; i < STEPS; i++)
        ok(dae_trainer_step(trainer, x, t, BATCH, NULL));
    ok(dae_set_num_threads(0));
    float *parameters = parameters_of(model, NULL);
    free(x);
    free(t);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return parameters;
}

START_TEST(gradients_are_right) {
    for (int one_layer = 0; one_layer < 2; one_layer++) {
        network net = make_network(one_layer);
        dae_model *model = network_model(&net, 3);
        dae_trainer *trainer = sgd_trainer(model, 1e-3, DAE_LOSS_MSE);
        size_t count = network_parameters(&net);
        float *x = random_floats(BATCH * INPUTS, 0, 1, 4), *t = random_floats(BATCH * OUTPUTS, 0, 1, 5);
        float *gradient = must_have(count * sizeof *gradient);
        double *expected = must_have(count * sizeof *expected), squares = 0;
        ok(dae_trainer_set_gradient_hook(trainer, keep, gradient));
        ok(dae_trainer_step(trainer, x, t, BATCH, NULL));
        let_live(model, &net, living[_i]);
        double *parameters = doubles_of(model);
        ok(dae_trainer_step(trainer, x, t, BATCH, NULL));
        network_gradient(&net, parameters, x, t, BATCH, DAE_LOSS_MSE, expected);
        for (size_t i = 0; i < count; i++)
            squares += expected[i] * expected[i];
        for (size_t i = 0; i < count; i++)
            near(gradient[i], expected[i], 1e-5 * sqrt(squares / (double)count));
        free(x);
        free(t);
        free(gradient);
        free(expected);
        free(parameters);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
}
END_TEST

static void every_way(size_t alive, int32_t precision) {
    for (int one_layer = 0; one_layer < 2; one_layer++) {
        network net = make_network(one_layer);
        size_t count = network_parameters(&net);
        float *usual = train(&net, alive, 1, false, precision);
        for (size_t threads = 1; threads <= 3; threads++)
            for (int hook = 0; hook < 2; hook++) {
                float *other = train(&net, alive, threads, hook, precision);
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
    network net = make_network(false);
    dae_model *model = network_model(&net, 3);
    dae_trainer *trainer = adam_trainer(model, 1e-3, DAE_LOSS_MSE);
    dae_status supported = dae_trainer_set_precision(trainer, DAE_PRECISION_BFLOAT16);
    dae_trainer_free(trainer);
    dae_model_free(model);
    if (supported == DAE_OK)
        every_way(living[_i], DAE_PRECISION_BFLOAT16);
    else
        ck_assert_int_eq(supported, DAE_ERROR_UNSUPPORTED);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dead_units");
    TCase *dead = add_case(suite, "dead units");
    const int cases = sizeof living / sizeof *living;
    tcase_add_loop_test(dead, gradients_are_right, 0, cases);
    tcase_add_loop_test(dead, every_way_gives_the_same_bits, 0, cases);
    tcase_add_loop_test(dead, every_way_gives_the_same_bits_in_bfloat16, 0, cases);
    return suite_main(suite);
}
