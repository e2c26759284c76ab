/* Training that goes wrong: gradient hooks that refuse, NaN in the data, targets that a loss cannot take,
 * datasets that fail. Parameters and optimizer are then as after the last good step. */
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 9, HIDDEN = 5, SAMPLES = 40, BATCH = 8, STEPS = 5 };
enum { PARAMETERS = 2 * SIZE * HIDDEN + HIDDEN + SIZE };

static dae_model *usual_model(const char *hidden, const char *output) {
    const network net = autoencoder(SIZE, HIDDEN, hidden, output);
    return network_model(&net, 7);
}

/* Keeps the parameters as they were after each step. */
typedef struct {
    const dae_model *model;
    float parameters[PARAMETERS];
} last_step;

static int32_t keep_parameters(const dae_progress *progress, void *user) {
    last_step *last = user;
    (void)progress;
    ok(dae_model_get_parameters(last->model, last->parameters, PARAMETERS));
    return 0;
}

static dae_trainer *watched_trainer(dae_model *model, const char *loss, last_step *last) {
    dae_trainer *trainer = adam_trainer(model, 1e-2, loss);
    last->model = model;
    ok(dae_model_get_parameters(model, last->parameters, PARAMETERS));
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_set_shuffle(trainer, 0));
    ok(dae_trainer_set_progress(trainer, keep_parameters, last));
    return trainer;
}

static void stands_at(const dae_trainer *trainer, const last_step *last, uint64_t steps, size_t epochs) {
    float *now = parameters_of(last->model, NULL);
    same_floats(now, last->parameters, PARAMETERS);
    for (size_t i = 0; i < PARAMETERS; i++)
        ck_assert(isfinite(now[i]));
    ck_assert_uint_eq(steps_of(trainer), steps);
    ck_assert_uint_eq(epochs_of(trainer), epochs);
    free(now);
}

/* ---- The gradient hook ------------------------------------------------------------------------ */

typedef struct {
    size_t parameters, calls;
    /* Refuse call number `refuse` (from 1), after spoiling the gradient; 0: none. */
    size_t refuse;
    float factor;
} hook_state;

static int32_t scale(float *gradients, size_t count, void *user) {
    hook_state *state = user;
    ck_assert_uint_eq(count, state->parameters);
    bool refused = ++state->calls == state->refuse;
    for (size_t i = 0; i < count; i++)
        gradients[i] *= refused ? 1e30f : state->factor;
    return refused ? 7 : 0;
}

static void with_and_without_hook(network net, size_t samples, size_t batch) {
    dae_model *models[2];
    for (size_t i = 0; i < 2; i++) {
        hook_state state = {network_parameters(&net), 0, 0, 1.0f};
        models[i] = network_model(&net, 7);
        dae_trainer *trainer = adam_trainer(models[i], 1e-2, "bce");
        dae_dataset *data = random_dataset(samples, net.inputs, 0, 1, 2);
        ok(dae_trainer_set_batch_size(trainer, batch));
        if (i == 1)
            ok(dae_trainer_set_gradient_hook(trainer, scale, &state));
        ok(dae_trainer_fit(trainer, data, 2));
        ck_assert_uint_eq(state.calls, i == 1 ? 2 * ((samples + batch - 1) / batch) : 0);
        dae_dataset_free(data);
        dae_trainer_free(trainer);
    }
    same_parameters(models[0], models[1]);
    dae_model_free(models[0]);
    dae_model_free(models[1]);
}
END_TEST

START_TEST(a_hook_that_changes_nothing_changes_nothing) {
    with_and_without_hook(autoencoder(SIZE, HIDDEN, "relu", "sigmoid"), SAMPLES, 7);
    /* products that are cut into tiles, whose updates may follow right behind them */
    with_and_without_hook(autoencoder(784, 128, "relu", "sigmoid"), 300, 256);
    with_and_without_hook(autoencoder(90, 1000, "tanh", "sigmoid"), 300, 150);
}
END_TEST

/* Twice the gradient is twice the way for plain SGD; powers of two are exact. */
START_TEST(a_hook_changes_what_the_optimizer_sees) {
    dae_model *models[2];
    float *x = random_floats(SAMPLES * SIZE, 0, 1, 3);
    for (size_t i = 0; i < 2; i++) {
        hook_state state = {PARAMETERS, 0, 0, 2.0f};
        models[i] = usual_model("relu", "sigmoid");
        dae_trainer *trainer = sgd_trainer(models[i], i == 0 ? 0.25 : 0.125, "mse");
        if (i == 1)
            ok(dae_trainer_set_gradient_hook(trainer, scale, &state));
        for (int step = 0; step < 5; step++)
            ok(dae_trainer_step(trainer, x, x, SAMPLES, NULL));
        dae_trainer_free(trainer);
    }
    same_parameters(models[0], models[1]);
    dae_model_free(models[0]);
    dae_model_free(models[1]);
    free(x);
}
END_TEST

START_TEST(a_hook_that_refuses_leaves_the_model) {
    last_step last;
    dae_model *model = usual_model("relu", "sigmoid");
    dae_trainer *trainer = watched_trainer(model, "mse", &last);
    dae_dataset *data = random_dataset(SAMPLES, SIZE, 0, 1, 2);
    hook_state state = {PARAMETERS, 0, STEPS + 3, 1.0f};
    ok(dae_trainer_set_gradient_hook(trainer, scale, &state));
    fails(dae_trainer_fit(trainer, data, 9), DAE_ERROR_CALLBACK, "7");
    stands_at(trainer, &last, STEPS + 2, 1);
    ok(dae_trainer_set_gradient_hook(trainer, NULL, NULL));
    ok(dae_trainer_fit(trainer, data, 1));
    ck_assert_uint_eq(epochs_of(trainer), 2);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

static int32_t poison(float *gradients, size_t count, void *user) {
    gradients[count - 1] = *(const float *)user;
    return 0;
}

START_TEST(a_hook_that_gives_nan_is_caught) {
    float bad[] = {NAN, INFINITY, -INFINITY};
    float *x = random_floats(SAMPLES * SIZE, 0, 1, 3);
    last_step last;
    dae_model *model = usual_model("relu", "sigmoid");
    dae_trainer *trainer = watched_trainer(model, "mse", &last);
    for (size_t i = 0; i < 3; i++) {
        ok(dae_trainer_set_gradient_hook(trainer, poison, &bad[i]));
        fails(dae_trainer_step(trainer, x, x, SAMPLES, NULL), DAE_ERROR_NOT_FINITE, "gradient");
        stands_at(trainer, &last, 0, 0);
    }
    dae_trainer_free(trainer);
    dae_model_free(model);
    free(x);
}
END_TEST

/* ---- Data that is not finite ------------------------------------------------------------------ */

/* A bad step must leave no trace: a trainer that saw it goes on as one that did not. */
static void no_trace(const char *activation, const char *loss, bool in_target, float bad) {
    float *good = random_floats(SAMPLES * SIZE, 0, 1, 3), *spoilt = random_floats(SAMPLES * SIZE, 0, 1, 3);
    dae_model *models[2];
    dae_trainer *trainers[2];
    double loss_value = 42;
    for (size_t i = 0; i < 2; i++) {
        models[i] = usual_model(activation, "sigmoid");
        trainers[i] = adam_trainer(models[i], 1e-2, loss);
        ok(dae_trainer_step(trainers[i], good, good, SAMPLES, NULL));
    }
    for (size_t at = 0; at < SAMPLES * SIZE; at += 37) {
        spoilt[at] = bad;
        dae_status status = dae_trainer_step(trainers[0], in_target ? good : spoilt,
                                             in_target ? spoilt : good, SAMPLES, &loss_value);
        spoilt[at] = good[at];
        ck_assert_msg(status == DAE_ERROR_NOT_FINITE, "activation %s, loss %s, %s %g at %zu gave %s",
                      activation, loss, in_target ? "target" : "input", (double)bad, at,
                      dae_status_name(status));
        ck_assert(message_has(""));
        ck_assert(loss_value == 42);
        same_parameters(models[0], models[1]);
        ck_assert_uint_eq(steps_of(trainers[0]), 1);
    }
    for (size_t i = 0; i < 2; i++)
        ok(dae_trainer_step(trainers[i], good, good, SAMPLES, NULL));
    same_parameters(models[0], models[1]);
    for (size_t i = 0; i < 2; i++) {
        dae_trainer_free(trainers[i]);
        dae_model_free(models[i]);
    }
    free(good);
    free(spoilt);
}

START_TEST(nan_inputs_leave_no_trace) {
    for (size_t i = 0; i < ACTIVATIONS; i++)
        for (size_t loss = 0; loss < LOSSES; loss++)
            no_trace(ACTIVATION[i], LOSS[loss], false, NAN);
}
END_TEST

START_TEST(nan_targets_leave_no_trace) {
    for (size_t loss = 0; loss < 2; loss++) {
        no_trace("relu", LOSS[loss], true, NAN);
        no_trace("tanh", LOSS[loss], true, INFINITY);
    }
}
END_TEST

START_TEST(infinite_inputs_leave_no_trace) {
    for (size_t loss = 0; loss < LOSSES; loss++) {
        no_trace("relu", LOSS[loss], false, INFINITY);
        no_trace("linear", LOSS[loss], false, -INFINITY);
    }
}
END_TEST

/* The loss is finite here, and only the gradient is not: a ReLU hides what went into it. */
START_TEST(gradients_that_are_not_finite_leave_no_trace) {
    const float inputs[] = {-INFINITY, -3e38f, 3e38f};
    for (size_t i = 0; i < 3; i++) {
        dae_model *model = usual_model("relu", "linear");
        dae_trainer *trainer = adam_trainer(model, 1e-2, "mse");
        float parameters[PARAMETERS] = {0}, x[SIZE] = {0}, t[SIZE];
        last_step last;
        /* -INFINITY ends in a hidden value of 0; 3e38 meets weights of 0, and units that learn. */
        for (size_t j = 0; j < SIZE * HIDDEN; j++)
            parameters[j] = i == 0 ? 0.5f : 0.0f;
        for (size_t j = SIZE * HIDDEN; j < PARAMETERS; j++)
            parameters[j] = 0.5f;
        for (size_t j = 0; j < SIZE; j++)
            t[j] = 1000.0f;
        x[4] = inputs[i];
        ok(dae_model_set_parameters(model, parameters, PARAMETERS));
        memcpy(last.parameters, parameters, sizeof parameters);
        last.model = model;
        fails(dae_trainer_step(trainer, x, t, 1, NULL), DAE_ERROR_NOT_FINITE, i == 0 ? "" : "gradient");
        stands_at(trainer, &last, 0, 0);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
}
END_TEST

/* One bad sample in the fourth batch, in inputs or targets, with the first epochs' data good. */
/* The square of the loss's difference is flushed to 0, its gradient is not. */
START_TEST(a_tiny_difference_can_have_a_huge_gradient) {
    network net = {1, 1, {{1, "linear"}}, 0};
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    float zeros[2] = {0}, x = 3e38f, t = -1e-19f;
    ok(dae_model_set_parameters(model, zeros, 2));
    fails(dae_trainer_step(trainer, &x, &t, 1, NULL), DAE_ERROR_NOT_FINITE, "1e+18");
    float *now = parameters_of(model, NULL);
    same_floats(now, zeros, 2);
    free(now);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

START_TEST(nan_in_a_dataset_ends_the_fit) {
    for (int in_target = 0; in_target < 2; in_target++) {
        last_step last;
        dae_model *model = usual_model("relu", "sigmoid");
        dae_trainer *trainer = watched_trainer(model, "mse", &last);
        float *x = random_floats(SAMPLES * SIZE, 0, 1, 3), *y = random_floats(SAMPLES * SIZE, 0, 1, 3);
        dae_dataset *data = pair_dataset(x, SIZE, y, SIZE, SAMPLES);
        (in_target ? y : x)[(3 * BATCH + 2) * SIZE + 1] = NAN;
        dae_dataset *bad = pair_dataset(x, SIZE, y, SIZE, SAMPLES);
        ok(dae_trainer_fit(trainer, data, 2));
        fails(dae_trainer_fit(trainer, bad, 2), DAE_ERROR_NOT_FINITE, "");
        stands_at(trainer, &last, 2 * STEPS + 3, 2);
        ok(dae_trainer_fit(trainer, data, 1));
        ck_assert_uint_eq(epochs_of(trainer), 3);
        dae_dataset_free(data);
        dae_dataset_free(bad);
        dae_trainer_free(trainer);
        dae_model_free(model);
        free(x);
        free(y);
    }
}
END_TEST

/* Data that overflow do so at any learning rate, and at the first step. */
START_TEST(advice_on_huge_data_is_to_scale_them) {
    for (int in_target = 0; in_target < 2; in_target++) {
        dae_model *model = usual_model("linear", "linear");
        dae_trainer *trainer = adam_trainer(model, 1e-30, "mse");
        float *x = random_floats(SAMPLES * SIZE, 0, 1, 1), *huge = random_floats(SAMPLES * SIZE, 0, 1e20, 1);
        fails(dae_trainer_step(trainer, in_target ? x : huge, in_target ? huge : x, SAMPLES, NULL),
              DAE_ERROR_NOT_FINITE, "scale the data");
        ck_assert(!message_has("learning rate"));
        dae_trainer_free(trainer);
        dae_model_free(model);
        free(x);
        free(huge);
    }
}
END_TEST

START_TEST(a_run_that_explodes_is_caught) {
    last_step last;
    dae_model *model = usual_model("linear", "linear");
    dae_trainer *trainer = watched_trainer(model, "mse", &last), *wild = NULL;
    dae_dataset *data = random_dataset(SAMPLES, SIZE, 0, 1, 2);
    dae_trainer_free(trainer);
    wild = sgd_trainer(model, 1e6, "mse");
    ok(dae_trainer_set_progress(wild, keep_parameters, &last));
    fails(dae_trainer_fit(wild, data, 100), DAE_ERROR_NOT_FINITE, "");
    float *now = parameters_of(model, NULL);
    for (size_t i = 0; i < PARAMETERS; i++)
        ck_assert(isfinite(now[i]));
    same_floats(now, last.parameters, PARAMETERS);
    free(now);
    dae_dataset_free(data);
    dae_trainer_free(wild);
    dae_model_free(model);
}
END_TEST

/* Whatever the learning rate, weights stay finite: a step that would break them is refused. */
START_TEST(huge_learning_rates_are_caught) {
    const double rates[] = {1e3, 1e5, 1e6}; /* the last is the largest that an optimizer takes */
    float *x = random_floats(SAMPLES * SIZE, 0, 1, 2), *t = random_floats(SAMPLES * SIZE, 0, 1000, 3);
    dae_dataset *data = pair_dataset(x, SIZE, t, SIZE, SAMPLES);
    for (int adam = 0; adam < 2; adam++)
        for (size_t i = 0; i < 3; i++) {
            last_step last;
            dae_model *model = usual_model("linear", "linear");
            dae_trainer *trainer = adam ? adam_trainer(model, rates[i], "mse")
                                        : sgd_trainer(model, rates[i], "mse");
            last.model = model;
            ok(dae_model_get_parameters(model, last.parameters, PARAMETERS));
            ok(dae_trainer_set_progress(trainer, keep_parameters, &last));
            if (adam) /* each of its steps is bounded by the rate, so the loss may stay finite */
                ck_assert_int_eq(dae_trainer_fit(trainer, data, 200) == DAE_ERROR_NOT_FINITE ||
                                     epochs_of(trainer) == 200,
                                 1);
            else
                fails(dae_trainer_fit(trainer, data, 200), DAE_ERROR_NOT_FINITE, "");
            stands_at(trainer, &last, steps_of(trainer), epochs_of(trainer));
            dae_trainer_free(trainer);
            dae_model_free(model);
        }
    dae_dataset_free(data);
    free(x);
    free(t);
}
END_TEST

/* ---- Targets of cross-entropy ----------------------------------------------------------------- */

START_TEST(cross_entropy_wants_targets_between_0_and_1) {
    const float bad[] = {-1e-6f, 1.0000002f, -5.0f, 3e38f};
    const char *outputs[] = {"sigmoid", "linear"};
    for (size_t o = 0; o < 2; o++) {
        last_step last;
        dae_model *model = usual_model("relu", outputs[o]);
        dae_trainer *trainer = watched_trainer(model, "bce", &last);
        float *x = random_floats(SAMPLES * SIZE, -3, 3, 3), *y = random_floats(SAMPLES * SIZE, 0, 1, 4);
        for (size_t i = 0; i < 4; i++) {
            size_t at = (BATCH + i) * SIZE + 2;
            float kept = y[at];
            y[at] = bad[i];
            fails(dae_trainer_step(trainer, x, y, SAMPLES, NULL), DAE_ERROR_ARGUMENT, "target");
            stands_at(trainer, &last, 0, 0);
            y[at] = INFINITY;
            fails(dae_trainer_step(trainer, x, y, SAMPLES, NULL), DAE_ERROR_NOT_FINITE, "target");
            stands_at(trainer, &last, 0, 0);
            y[at] = kept;
        }
        y[0] = 0.0f;
        y[1] = 1.0f;
        ok(dae_trainer_step(trainer, x, y, SAMPLES, NULL));
        ok(dae_model_get_parameters(model, last.parameters, PARAMETERS));
        y[(2 * BATCH + 1) * SIZE] = 1.5f;
        dae_dataset *data = pair_dataset(x, SIZE, y, SIZE, SAMPLES);
        fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_ARGUMENT, "1.5");
        stands_at(trainer, &last, 3, 0);
        dae_dataset_free(data);
        dae_trainer_free(trainer);
        dae_model_free(model);
        free(x);
        free(y);
    }
}
END_TEST

START_TEST(cross_entropy_wants_the_same_of_validation) {
    last_step last;
    dae_model *model = usual_model("relu", "sigmoid");
    dae_trainer *trainer = watched_trainer(model, "bce", &last);
    dae_dataset *data = random_dataset(SAMPLES, SIZE, 0, 1, 2);
    float *bytes = random_floats(SAMPLES * SIZE, 0, 1, 3);
    bytes[7 * SIZE + 3] = 255;
    bytes[9 * SIZE] = -1;
    dae_dataset *validation = array_dataset(bytes, SAMPLES, SIZE);
    ok(dae_trainer_set_validation(trainer, validation));
    ok(dae_trainer_set_early_stopping(trainer, 3, 0));
    fails(dae_trainer_fit(trainer, data, 2), DAE_ERROR_ARGUMENT,
          "target value 3 of sample 7 of the validation data is 255, expected 0 to 1");
    ck_assert(message_has("2 samples"));
    stands_at(trainer, &last, STEPS, 0);
    ok(dae_trainer_set_early_stopping(trainer, 0, 0));
    ok(dae_trainer_set_validation(trainer, NULL));
    ok(dae_trainer_fit(trainer, data, 1)); /* the epoch's steps have been made */
    stands_at(trainer, &last, STEPS, 1);
    free(bytes);
    dae_dataset_free(data);
    dae_dataset_free(validation);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* What training promises holds for validation, too: NaN and infinity end the fit, whatever hides them. */
static void validation_with(float bad, bool in_target, const char *loss, size_t patience) {
    const network net = autoencoder(SIZE, HIDDEN, "tanh", "sigmoid");
    dae_model *model = network_model(&net, 7);
    dae_trainer *trainer = adam_trainer(model, 1e-2, loss);
    dae_dataset *data = random_dataset(SAMPLES, SIZE, 0, 1, 2);
    float *x = random_floats(300 * SIZE, 0, 1, 3), *t = random_floats(300 * SIZE, 0, 1, 4);
    (in_target ? t : x)[280 * SIZE + 6] = (in_target ? t : x)[299 * SIZE] = bad;
    dae_dataset *validation = pair_dataset(x, SIZE, t, SIZE, 300);
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_set_validation(trainer, validation));
    ok(dae_trainer_set_early_stopping(trainer, patience, 0));
    ok(dae_trainer_set_skip_not_finite(trainer, 1)); /* is about batches of training */
    for (int again = 0; again < 2; again++) {
        fails(dae_trainer_fit(trainer, data, 40), DAE_ERROR_NOT_FINITE,
              in_target ? "target value 6 of sample 280 of the validation data"
                        : "input value 6 of sample 280 of the validation data");
        ck_assert(message_has("2 samples"));
        ck_assert_uint_eq(epochs_of(trainer), 0);
        ck_assert_uint_eq(steps_of(trainer), STEPS);
    }
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_fit(trainer, data, 1));
    ck_assert_uint_eq(steps_of(trainer), STEPS);
    dae_dataset_free(data);
    dae_dataset_free(validation);
    dae_trainer_free(trainer);
    dae_model_free(model);
    free(x);
    free(t);
}

START_TEST(validation_that_is_not_finite_ends_the_fit) {
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++)
        for (size_t loss = 0; loss < LOSSES; loss++)
            for (size_t patience = 0; patience < 6; patience += 3) {
                validation_with(bad[i], false, LOSS[loss], patience);
                validation_with(bad[i], true, LOSS[loss], patience);
            }
}
END_TEST

/* The data are finite, and what the model makes of them is not. */
START_TEST(validation_that_overflows_ends_the_fit) {
    dae_model *model = usual_model("linear", "linear");
    dae_trainer *trainer = adam_trainer(model, 1e-2, "mse");
    dae_dataset *data = random_dataset(SAMPLES, SIZE, 0, 1, 2),
                *huge = random_dataset(9, SIZE, 2e38, 3e38, 2);
    ok(dae_trainer_set_validation(trainer, huge));
    fails(dae_trainer_fit(trainer, data, 2), DAE_ERROR_NOT_FINITE, "the loss on the validation data is ");
    ck_assert(message_has("scale"));
    ck_assert_uint_eq(epochs_of(trainer), 0);
    dae_dataset_free(data);
    dae_dataset_free(huge);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* ---- Datasets that fail ----------------------------------------------------------------------- */

typedef struct {
    const float *samples;
    /* Reading this sample fails; SAMPLES: none does. */
    uint64_t fails_at;
    size_t busy;
} source;

static int32_t read_source(uint64_t first, size_t count, float *out, void *user) {
    source *s = user;
    ck_assert_uint_eq(s->busy++, 0);
    ck_assert(count > 0 && first + count <= SAMPLES);
    bool failing = first <= s->fails_at && s->fails_at < first + count;
    memcpy(out, s->samples + first * SIZE, count * SIZE * sizeof *out);
    s->busy--;
    return failing ? 5 : 0;
}

START_TEST(a_dataset_that_fails_ends_the_fit) {
    const size_t shape[] = {SIZE};
    float *samples = random_floats(SAMPLES * SIZE, 0, 1, 3);
    source s = {samples, SAMPLES, 0};
    last_step last;
    dae_model *model = usual_model("relu", "sigmoid"), *straight = NULL;
    dae_trainer *trainer = watched_trainer(model, "mse", &last);
    dae_dataset *data = NULL, *plain = array_dataset(samples, SAMPLES, SIZE);
    ok(dae_model_copy(&straight, model));
    ok(dae_dataset_create_callback(&data, SAMPLES, 1, shape, read_source, NULL, &s));
    /* Read from a function the samples are what they are in an array. */
    ok(dae_trainer_fit(trainer, data, 2));
    dae_trainer *other = adam_trainer(straight, 1e-2, "mse");
    ok(dae_trainer_set_batch_size(other, BATCH));
    ok(dae_trainer_set_shuffle(other, 0));
    ok(dae_trainer_fit(other, plain, 2));
    same_parameters(model, straight);
    s.fails_at = 3 * BATCH + 1;
    fails(dae_trainer_fit(trainer, data, 2), DAE_ERROR_CALLBACK, "5");
    stands_at(trainer, &last, 2 * STEPS + 3, 2);
    s.fails_at = SAMPLES;
    ok(dae_trainer_fit(trainer, data, 1));
    ck_assert_uint_eq(epochs_of(trainer), 3);
    dae_trainer_free(other);
    dae_trainer_free(trainer);
    dae_dataset_free(plain);
    dae_dataset_free(data);
    dae_model_free(straight);
    dae_model_free(model);
    free(samples);
}
END_TEST

/* With failing validation data the steps are made, but the epoch is not in the history. */
START_TEST(validation_that_fails_ends_the_fit) {
    const size_t shape[] = {SIZE};
    float *samples = random_floats(SAMPLES * SIZE, 0, 1, 3);
    source s = {samples, SAMPLES - 1, 0};
    last_step last;
    dae_model *model = usual_model("relu", "sigmoid");
    dae_trainer *trainer = watched_trainer(model, "mse", &last);
    dae_dataset *data = array_dataset(samples, SAMPLES, SIZE), *failing = NULL;
    ok(dae_dataset_create_callback(&failing, SAMPLES, 1, shape, read_source, NULL, &s));
    ok(dae_trainer_set_validation(trainer, failing));
    fails(dae_trainer_fit(trainer, data, 2), DAE_ERROR_CALLBACK, "5");
    stands_at(trainer, &last, STEPS, 0);
    ok(dae_trainer_set_validation(trainer, NULL));
    ok(dae_trainer_fit(trainer, data, 2));
    ck_assert_uint_eq(epochs_of(trainer), 2);
    dae_trainer_free(trainer);
    dae_dataset_free(data);
    dae_dataset_free(failing);
    dae_model_free(model);
    free(samples);
}
END_TEST

/* ---- What a callback may not do ---------------------------------------------------------------- */

/* Tries everything that a callback must not do, and gives up the caller's references. */
typedef struct {
    dae_trainer *trainer;
    dae_dataset *data;
    size_t calls;
} meddler;

static int32_t meddle(const dae_progress *progress, void *user) {
    meddler *m = user;
    (void)progress;
    if (m->calls++ > 0)
        return 0;
    fails(dae_trainer_set_batch_size(m->trainer, 8), DAE_ERROR_STATE, "callbacks");
    fails(dae_trainer_set_seed(m->trainer, 8), DAE_ERROR_STATE, "callbacks");
    fails(dae_trainer_set_shuffle(m->trainer, 0), DAE_ERROR_STATE, "callbacks");
    fails(dae_trainer_set_precision(m->trainer, DAE_PRECISION_FLOAT32), DAE_ERROR_STATE, "callbacks");
    fails(dae_trainer_set_validation(m->trainer, NULL), DAE_ERROR_STATE, "callbacks");
    fails(dae_trainer_set_progress(m->trainer, NULL, NULL), DAE_ERROR_STATE, "callbacks");
    fails(dae_trainer_set_gradient_hook(m->trainer, NULL, NULL), DAE_ERROR_STATE, "callbacks");
    fails(dae_trainer_fit(m->trainer, m->data, 1), DAE_ERROR_STATE, "callbacks");
    float x[SIZE] = {0};
    fails(dae_trainer_step(m->trainer, x, x, 1, NULL), DAE_ERROR_STATE, "callbacks");
    dae_dataset_free(m->data);
    dae_trainer_free(m->trainer);
    return 0;
}

START_TEST(callbacks_cannot_break_a_fit) {
    dae_model *model = usual_model("relu", "sigmoid");
    dae_trainer *trainer = adam_trainer(model, 1e-2, "mse");
    meddler m = {trainer, random_dataset(SAMPLES, SIZE, 0, 1, 2), 0};
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_set_progress(trainer, meddle, &m));
    ok(dae_trainer_fit(trainer, m.data, 3)); /* frees both, from within */
    ck_assert_uint_eq(m.calls, 3 * (STEPS + 1));
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trouble");
    TCase *hook = add_case(suite, "gradient hook");
    tcase_add_test(hook, a_hook_that_changes_nothing_changes_nothing);
    tcase_add_test(hook, a_hook_changes_what_the_optimizer_sees);
    tcase_add_test(hook, a_hook_that_refuses_leaves_the_model);
    tcase_add_test(hook, a_hook_that_gives_nan_is_caught);
    TCase *finite = add_case(suite, "not finite");
    tcase_add_test(finite, nan_inputs_leave_no_trace);
    tcase_add_test(finite, nan_targets_leave_no_trace);
    tcase_add_test(finite, infinite_inputs_leave_no_trace);
    tcase_add_test(finite, gradients_that_are_not_finite_leave_no_trace);
    tcase_add_test(finite, a_tiny_difference_can_have_a_huge_gradient);
    tcase_add_test(finite, nan_in_a_dataset_ends_the_fit);
    tcase_add_test(finite, advice_on_huge_data_is_to_scale_them);
    tcase_add_test(finite, a_run_that_explodes_is_caught);
    tcase_add_test(finite, huge_learning_rates_are_caught);
    TCase *data = add_case(suite, "data");
    tcase_add_test(data, cross_entropy_wants_targets_between_0_and_1);
    tcase_add_test(data, cross_entropy_wants_the_same_of_validation);
    tcase_add_test(data, validation_that_is_not_finite_ends_the_fit);
    tcase_add_test(data, validation_that_overflows_ends_the_fit);
    tcase_add_test(data, a_dataset_that_fails_ends_the_fit);
    tcase_add_test(data, validation_that_fails_ends_the_fit);
    tcase_add_test(add_case(suite, "callbacks"), callbacks_cannot_break_a_fit);
    return suite_main(suite);
}
