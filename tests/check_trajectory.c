/* Gradients and training runs of ten steps against PyTorch's (oracle/README.md says where they are from). */
#include "network.h"
#include "oracle/trajectories.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *drawn(uint64_t seed, uint64_t stream, size_t count, double low, double high) {
    dae_rng *rng = NULL;
    float *values = must_have(count * sizeof *values);
    ok(dae_rng_create(&rng, seed, stream));
    ok(dae_rng_fill_uniform(rng, values, count, low, high));
    dae_rng_free(rng);
    return values;
}

static dae_model *oracle_model(size_t layers, const size_t *sizes, const char *const *activations,
                               uint64_t seed) {
    network net = {sizes[0], layers, {{0, 0}}, 0.3};
    for (size_t i = 0; i < layers; i++) {
        net.layer[i].units = sizes[i + 1];
        net.layer[i].activation = activations[i];
    }
    dae_model *model = network_model(&net, 1);
    size_t count = network_parameters(&net);
    float *parameters = drawn(seed, ORACLE_PARAMETER_STREAM, count, -0.5, 0.5);
    ok(dae_model_set_parameters(model, parameters, count));
    free(parameters);
    return model;
}

/* Copies the gradient out. */
static int32_t keep_gradient(float *gradients, size_t count, void *user) {
    memcpy(user, gradients, count * sizeof *gradients);
    return 0;
}

START_TEST(gradients_are_the_oracles) {
    const oracle_gradient *c = &ORACLE_GRADIENTS[_i];
    dae_model *model = oracle_model(c->layers, c->sizes, c->activations, c->seed);
    size_t outputs = c->sizes[c->layers];
    float *inputs = drawn(c->seed, ORACLE_INPUT_STREAM, ORACLE_GRADIENT_BATCH * c->sizes[0], -1, 1);
    float *targets = drawn(c->seed, ORACLE_TARGET_STREAM, ORACLE_GRADIENT_BATCH * outputs, 0, 1);
    float gradient[ORACLE_GRADIENT_SIZE] = {0};
    double loss = 0, scale = 0;
    dae_trainer *trainer = sgd_trainer(model, 1e-3, c->loss);
    ok(dae_trainer_set_gradient_hook(trainer, keep_gradient, gradient));
    ok(dae_trainer_step(trainer, inputs, targets, ORACLE_GRADIENT_BATCH, &loss));
    near(loss, c->loss_value, 2e-6 * c->loss_value);
    for (size_t i = 0; i < ORACLE_GRADIENT_SIZE; i++)
        scale = fmax(scale, fabs(c->gradient[i]));
    for (size_t i = 0; i < ORACLE_GRADIENT_SIZE; i++)
        ck_assert_msg(fabs((double)gradient[i] - c->gradient[i]) <= 5e-6 * scale,
                      "%s: gradient %zu is %.8g, not %.8g", c->name, i, (double)gradient[i], c->gradient[i]);
    dae_trainer_free(trainer);
    dae_model_free(model);
    free(inputs);
    free(targets);
}
END_TEST

static dae_optimizer *oracle_optimizer(const oracle_trajectory *c) {
    dae_optimizer *optimizer = NULL;
    if (c->adam) {
        ok(dae_optimizer_create_adam(&optimizer, c->learning_rate));
        ok(dae_optimizer_set(optimizer, "beta1", c->beta1));
        ok(dae_optimizer_set(optimizer, "beta2", c->beta2));
        ok(dae_optimizer_set(optimizer, "epsilon", c->epsilon));
    } else {
        ok(dae_optimizer_create_sgd(&optimizer, c->learning_rate));
        ok(dae_optimizer_set(optimizer, "momentum", c->momentum));
        ok(dae_optimizer_set(optimizer, "nesterov", c->nesterov));
    }
    return optimizer;
}

/* PyTorch's own float32 and float64 runs differ by up to 2e-7 in a loss and 1.1e-6 in a parameter. */
static void ends_as(const oracle_trajectory *c, const dae_model *model) {
    size_t count = 0;
    float *parameters = parameters_of(model, &count);
    double sum = 0, squares = 0;
    ck_assert_uint_eq(count, c->parameter_count);
    for (size_t i = 0; i < count; i++) {
        sum += (double)parameters[i];
        squares += (double)parameters[i] * (double)parameters[i];
    }
    for (size_t i = 0; i < ORACLE_CHOSEN; i++)
        ck_assert_msg(fabs((double)parameters[c->chosen[i]] - c->values[i]) <= 5e-6,
                      "%s: parameter %zu is %.8g, not %.8g", c->name, c->chosen[i],
                      (double)parameters[c->chosen[i]], c->values[i]);
    near(sum, c->sum, 1e-6 * (double)count);
    near(squares, c->sum_of_squares, 1e-6 * (double)count);
    free(parameters);
}

START_TEST(trajectories_are_the_oracles) {
    const oracle_trajectory *c = &ORACLE_TRAJECTORIES[_i];
    dae_model *model = oracle_model(c->layers, c->sizes, c->activations, c->seed);
    dae_optimizer *optimizer = oracle_optimizer(c);
    dae_trainer *trainer = NULL;
    size_t inputs_size = ORACLE_BATCH * c->sizes[0], targets_size = ORACLE_BATCH * c->sizes[c->layers];
    float *inputs = drawn(c->seed, ORACLE_INPUT_STREAM, 2 * inputs_size, -1, 1);
    float *targets = drawn(c->seed, ORACLE_TARGET_STREAM, 2 * targets_size, 0, 1);
    ok(dae_trainer_create(&trainer, model, optimizer, c->loss));
    for (size_t step = 0; step < ORACLE_STEPS; step++) {
        double loss = 0;
        ok(dae_trainer_step(trainer, inputs + step % 2 * inputs_size, targets + step % 2 * targets_size,
                            ORACLE_BATCH, &loss));
        ck_assert_msg(fabs(loss - c->losses[step]) <= 2e-6 * c->losses[step],
                      "%s: loss %zu is %.9g, not %.9g", c->name, step, loss, c->losses[step]);
    }
    ends_as(c, model);
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_model_free(model);
    free(inputs);
    free(targets);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trajectory");
    TCase *gradients = add_case(suite, "gradients");
    tcase_add_loop_test(gradients, gradients_are_the_oracles, 0, ORACLE_GRADIENT_COUNT);
    TCase *trajectories = add_case(suite, "ten steps");
    tcase_add_loop_test(trajectories, trajectories_are_the_oracles, 0, ORACLE_TRAJECTORY_COUNT);
    return suite_main(suite);
}
