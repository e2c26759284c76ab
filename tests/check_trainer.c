/* Trainers: options, what fit and step have to do with each other, history and validation, shuffling and
 * dropout. Progress is in check_progress.c, what goes wrong in check_trouble.c. */
#include "network.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 10, HIDDEN = 6, SAMPLES = 50 };

static network usual_network(void) {
    return autoencoder(SIZE, HIDDEN, "tanh", "sigmoid");
}

static dae_model *usual_model(void) {
    network net = usual_network();
    return network_model(&net, 7);
}

/* Noisy samples with clean targets; the noise is another one in each epoch. */
static dae_dataset *usual_data(void) {
    return corrupted(random_dataset(SAMPLES, SIZE, 0, 1, 3), "gaussian(stddev=0.2)", DAE_NOISE_FRESH, 5);
}

/* The model through dropout, so that a step's random numbers matter too. */
static dae_model *dropping_model(size_t inputs, double rate, size_t units) {
    return model_from(7, "input(%zu) | dropout(%.17g) | dense(%zu)", inputs, rate, units);
}

/* ---- Options ---------------------------------------------------------------------------------- */

START_TEST(creating_is_checked) {
    dae_model *model = usual_model(), *unset = unset_from("input(3) | dense(3, activation=relu)");
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    ok(dae_optimizer_create_adam(&adam, 1e-3));
    fails(dae_trainer_create(NULL, model, adam, "mse"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_trainer_create(&trainer, NULL, adam, "mse"), DAE_ERROR_ARGUMENT, "model");
    fails(dae_trainer_create(&trainer, model, NULL, "mse"), DAE_ERROR_ARGUMENT, "optimizer");
    fails(dae_trainer_create(&trainer, model, adam, ""), DAE_ERROR_FORMAT, "mse");
    fails(dae_trainer_create(&trainer, model, adam, "mean"), DAE_ERROR_FORMAT, "mse, mae");
    fails(dae_trainer_create(&trainer, unset, adam, "mse"), DAE_ERROR_STATE, "initialize");
    ck_assert_ptr_null(trainer);
    dae_trainer_free(NULL);
    dae_optimizer_free(adam);
    dae_model_free(unset);
    dae_model_free(model);
}
END_TEST

START_TEST(options_are_checked) {
    dae_model *model = usual_model();
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    fails(dae_trainer_set_batch_size(NULL, 1), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_set_batch_size(trainer, 0), DAE_ERROR_ARGUMENT, "batch_size");
    fails(dae_trainer_set_batch_size(trainer, ((size_t)1 << 20) + 1), DAE_ERROR_ARGUMENT, "1048577");
    ok(dae_trainer_set_batch_size(trainer, (size_t)1 << 20));
    fails(dae_trainer_set_seed(NULL, 1), DAE_ERROR_ARGUMENT, "trainer");
    ok(dae_trainer_set_seed(trainer, UINT64_MAX));
    fails(dae_trainer_set_shuffle(NULL, 1), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_set_shuffle(trainer, 2), DAE_ERROR_ARGUMENT, "shuffle");
    fails(dae_trainer_set_shuffle(trainer, -1), DAE_ERROR_ARGUMENT, "-1");
    ok(dae_trainer_set_shuffle(trainer, 0));
    fails(dae_trainer_set_validation(NULL, NULL), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_set_progress(NULL, NULL, NULL), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_set_gradient_hook(NULL, NULL, NULL), DAE_ERROR_ARGUMENT, "trainer");
    ok(dae_trainer_set_validation(trainer, NULL));
    ok(dae_trainer_set_progress(trainer, NULL, NULL));
    ok(dae_trainer_set_gradient_hook(trainer, NULL, NULL));
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

START_TEST(fit_and_step_check_their_arguments) {
    dae_model *model = usual_model(), *before = NULL;
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    dae_dataset *data = usual_data();
    float x[SIZE] = {0};
    uint64_t steps = 0;
    size_t epochs = 0;
    ok(dae_model_copy(&before, model));
    fails(dae_trainer_fit(NULL, data, 1), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_fit(trainer, NULL, 1), DAE_ERROR_ARGUMENT, "dataset");
    fails(dae_trainer_fit(trainer, data, 0), DAE_ERROR_ARGUMENT, "epochs");
    if (SIZE_MAX > UINT32_MAX)
        fails(dae_trainer_fit(trainer, data, SIZE_MAX), DAE_ERROR_ARGUMENT, "epochs");
    fails(dae_trainer_step(NULL, x, x, 1, NULL), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_step(trainer, NULL, x, 1, NULL), DAE_ERROR_ARGUMENT, "inputs");
    fails(dae_trainer_step(trainer, x, NULL, 1, NULL), DAE_ERROR_ARGUMENT, "targets");
    fails(dae_trainer_step(trainer, x, x, 0, NULL), DAE_ERROR_ARGUMENT, "count");
    fails(dae_trainer_step(trainer, x, x, ((size_t)1 << 20) + 1, NULL), DAE_ERROR_ARGUMENT, "1048577");
    fails(dae_trainer_get_step_count(NULL, &steps), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_get_step_count(trainer, NULL), DAE_ERROR_ARGUMENT, "steps");
    fails(dae_trainer_get_epoch_count(NULL, &epochs), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_get_epoch_count(trainer, NULL), DAE_ERROR_ARGUMENT, "epochs");
    ck_assert_uint_eq(steps_of(trainer), 0);
    same_parameters(model, before);
    dae_trainer_stop(NULL);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(before);
    dae_model_free(model);
}
END_TEST

START_TEST(shapes_must_fit) {
    dae_model *model = usual_model();
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    float *values = random_floats(SIZE * 13, 0, 1, 1);
    const size_t wrong_image[] = {2, 13};
    dae_dataset *wide = array_dataset(values, SIZE, 13), *image = NULL;
    dae_dataset *wide_target = pair_dataset(values, SIZE, values, 13, 4);
    ok(dae_dataset_copy_array(&image, values, 4, 2, wrong_image));
    dae_dataset *bad[] = {wide, wide_target, image};
    for (size_t i = 0; i < 3; i++) {
        fails(dae_trainer_fit(trainer, bad[i], 1), DAE_ERROR_SHAPE, "13");
        ck_assert(message_has("10"));
        fails(dae_trainer_set_validation(trainer, bad[i]), DAE_ERROR_SHAPE, "13");
        ck_assert(message_has("10"));
        dae_dataset_free(bad[i]);
    }
    /* the same number of values is accepted where one of both shapes has one dimension only */
    const size_t fitting[] = {5, 2};
    ok(dae_dataset_copy_array(&image, values, 4, 2, fitting));
    ok(dae_trainer_set_validation(trainer, image));
    ok(dae_trainer_fit(trainer, image, 1));
    dae_dataset_free(image);
    dae_trainer_free(trainer);
    dae_model_free(model);
    free(values);
}
END_TEST

/* What a model takes and gives has one shape, and data of others fit or do not. */
START_TEST(shapes_fit_but_for_leading_dimensions_of_1) {
    static const struct {
        size_t model_rank, model[4], data_rank, data[4];
        bool fits;
    } cases[] = {
        {3, {1, 4, 6}, 2, {4, 6}, true},    {2, {4, 6}, 3, {1, 4, 6}, true},
        {2, {4, 6}, 4, {1, 1, 4, 6}, true}, {3, {1, 4, 6}, 4, {1, 1, 4, 6}, true},
        {3, {1, 4, 6}, 1, {24}, true},      {1, {24}, 3, {4, 6, 1}, true},
        {2, {1, 24}, 2, {1, 24}, true},     {3, {1, 4, 6}, 2, {6, 4}, false},
        {3, {4, 1, 6}, 2, {4, 6}, false},   {3, {4, 6, 1}, 2, {4, 6}, false},
        {3, {2, 2, 6}, 2, {4, 6}, false},   {2, {1, 24}, 2, {4, 6}, false},
        {2, {4, 6}, 3, {1, 4, 5}, false},
    };
    float values[24] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dae_model *model = NULL;
        dae_dataset *data = NULL;
        dae_report *report = NULL;
        ok(dae_model_create(&model, cases[i].model_rank, cases[i].model));
        ok(add_layer(model, "dropout(0.5)")); /* gives the shape that it takes */
        ok(dae_model_initialize(model, 1));
        ok(dae_dataset_copy_array(&data, values, 1, cases[i].data_rank, cases[i].data));
        if (cases[i].fits)
            ok(dae_model_evaluate(&report, model, data));
        else
            fails(dae_model_evaluate(&report, model, data), DAE_ERROR_SHAPE, "inputs have shape");
        dae_report_free(report);
        dae_dataset_free(data);
        dae_model_free(model);
    }
}
END_TEST

/* ---- Fit and step ----------------------------------------------------------------------------- */

static void fit_in_parts(dae_model *model, const size_t *parts, size_t count) {
    dae_trainer *trainer = adam_trainer(model, 1e-2, "mse");
    ok(dae_trainer_set_batch_size(trainer, 16));
    ok(dae_trainer_set_seed(trainer, 11));
    for (size_t i = 0; i < count; i++) {
        dae_dataset *data = usual_data();
        ok(dae_trainer_fit(trainer, data, parts[i]));
        dae_dataset_free(data);
    }
    ck_assert_uint_eq(epochs_of(trainer), 8);
    ck_assert_uint_eq(steps_of(trainer), 8 * 4);
    dae_trainer_free(trainer);
}

START_TEST(fitting_5_and_3_is_fitting_8) {
    dae_model *whole = usual_model(), *parts = usual_model();
    fit_in_parts(whole, (const size_t[]){8}, 1);
    fit_in_parts(parts, (const size_t[]){5, 3}, 2);
    same_parameters(parts, whole);
    dae_model_free(parts);
    parts = usual_model();
    fit_in_parts(parts, (const size_t[]){1, 1, 1, 1, 1, 1, 1, 1}, 8);
    same_parameters(parts, whole);
    dae_model_free(whole);
    dae_model_free(parts);
}
END_TEST

/* An epoch without shuffling is its batches, one step after the other, with the noise of epochs 0 and 1, and
 * dropout included. */
static void fit_is_steps(size_t batch, dae_model *(*make)(void), const char *loss) {
    dae_model *fitted = make(), *stepped = make();
    dae_trainer *fit = adam_trainer(fitted, 1e-2, loss), *step = adam_trainer(stepped, 1e-2, loss);
    dae_dataset *data = corrupted(random_dataset(SAMPLES, SIZE, 0, 1, 3), "masking(rate=0.3)",
                                  DAE_NOISE_FRESH, 5);
    float inputs[SAMPLES * SIZE], targets[SAMPLES * SIZE];
    double sum = 0, loss_value = 0;
    ok(dae_trainer_set_batch_size(fit, batch));
    ok(dae_trainer_set_shuffle(fit, 0));
    ok(dae_trainer_set_seed(fit, 19));
    ok(dae_trainer_set_seed(step, 19));
    for (uint64_t epoch = 0; epoch < 2; epoch++) {
        ok(dae_dataset_read(data, epoch, 0, SAMPLES, inputs, targets));
        for (size_t first = 0; first < SAMPLES; first += batch) {
            size_t count = SAMPLES - first < batch ? SAMPLES - first : batch;
            ok(dae_trainer_step(step, inputs + first * SIZE, targets + first * SIZE, count, &loss_value));
            sum += epoch == 1 ? loss_value * (double)count : 0;
        }
    }
    ok(dae_trainer_fit(fit, data, 2));
    same_parameters(fitted, stepped);
    ck_assert_uint_eq(steps_of(fit), steps_of(step));
    ck_assert_uint_eq(epochs_of(step), 0);
    /* the epoch's loss counts samples, so a smaller last batch weighs less */
    double *history = history_of(fit, "loss", NULL);
    near(history[1], sum / SAMPLES, 1e-12);
    free(history);
    dae_dataset_free(data);
    dae_trainer_free(fit);
    dae_trainer_free(step);
    dae_model_free(fitted);
    dae_model_free(stepped);
}

static dae_model *usual_dropping(void) {
    return dropping_model(SIZE, 0.4, SIZE);
}

START_TEST(fitting_is_stepping) {
    const size_t batches[] = {1, 7, 16, 25, SAMPLES, SAMPLES + 30};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        fit_is_steps(batches[i], usual_model, "mse");
        fit_is_steps(batches[i], usual_model, "bce");
        fit_is_steps(batches[i], usual_dropping, "mae");
    }
}
END_TEST

START_TEST(batch_size_is_32_by_default) {
    dae_model *model = usual_model();
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    dae_dataset *data = random_dataset(33, SIZE, 0, 1, 3);
    ok(dae_trainer_fit(trainer, data, 1));
    ck_assert_uint_eq(steps_of(trainer), 2);
    dae_dataset_free(data);
    data = random_dataset(32, SIZE, 0, 1, 3);
    ok(dae_trainer_fit(trainer, data, 1));
    ck_assert_uint_eq(steps_of(trainer), 3);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* What a step reports is the loss before its update, and the update makes it smaller. */
START_TEST(loss_is_that_before_the_update) {
    float *inputs = random_floats(SAMPLES * SIZE, -1, 1, 3),
          *targets = random_floats(SAMPLES * SIZE, 0, 1, 4);
    network net = usual_network();
    for (size_t i = 0; i < 3; i++) {
        dae_model *model = usual_model();
        dae_trainer *trainer = sgd_trainer(model, 0.2, LOSS[i]);
        double last = INFINITY;
        for (int step = 0; step < 5; step++) {
            double *parameters = doubles_of(model), loss = 0;
            double expected = network_loss(&net, parameters, inputs, targets, SAMPLES, LOSS[i]);
            ok(dae_trainer_step(trainer, inputs, targets, SAMPLES, &loss));
            near(loss, expected, 2e-6 * expected);
            ck_assert_double_lt(loss, last);
            last = loss;
            free(parameters);
        }
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
    free(inputs);
    free(targets);
}
END_TEST

/* A trainer holds what it needs: model, optimizer and validation data may be freed before it. */
START_TEST(a_trainer_keeps_its_own) {
    dae_model *model = usual_model(), *decoder = NULL;
    dae_dataset *data = usual_data();
    ok(dae_model_slice(&decoder, model, "0", NULL));
    dae_trainer *trainer = adam_trainer(model, 1e-2, "mse");
    ok(dae_trainer_set_validation(trainer, data));
    dae_model_free(model);
    dae_dataset_free(data);
    data = usual_data();
    float *before = parameters_of(decoder, NULL);
    ok(dae_trainer_fit(trainer, data, 2));
    dae_trainer_free(trainer);
    float *after = parameters_of(decoder, NULL); /* what trains the whole changes the slice */
    ck_assert_uint_eq(first_difference(before, after, SIZE * HIDDEN), 0);
    dae_dataset_free(data);
    dae_model_free(decoder);
    free(before);
    free(after);
}
END_TEST

START_TEST(training_a_slice_trains_the_whole) {
    dae_model *model = usual_model(), *decoder = NULL;
    float *before = parameters_of(model, NULL), *codes = random_floats(SAMPLES * HIDDEN, -1, 1, 3);
    float *targets = random_floats(SAMPLES * SIZE, 0, 1, 4);
    const size_t encoder_size = SIZE * HIDDEN + HIDDEN;
    ok(dae_model_slice(&decoder, model, "0", NULL));
    dae_trainer *trainer = adam_trainer(decoder, 1e-2, "mse");
    ok(dae_trainer_step(trainer, codes, targets, SAMPLES, NULL));
    float *after = parameters_of(model, NULL);
    same_floats(after, before, encoder_size);
    ck_assert_uint_eq(first_difference(before + encoder_size, after + encoder_size, SIZE * HIDDEN), 0);
    dae_trainer_free(trainer);
    dae_model_free(decoder);
    dae_model_free(model);
    free(before);
    free(codes);
    free(targets);
    free(after);
}
END_TEST

/* ---- The processor ---------------------------------------------------------------------------- */

/* Training flushes denormal numbers for speed, but not those of its callbacks and its caller. */
static bool denormals_live(void) {
    volatile float tiny = FLT_MIN, half = 0.5f;
    return tiny * half > 0;
}

static int32_t look_at_denormals(const dae_progress *progress, void *user) {
    (void)progress;
    *(bool *)user = *(bool *)user && denormals_live();
    return 0;
}

static int32_t look_from_the_hook(float *gradients, size_t count, void *user) {
    (void)gradients;
    (void)count;
    *(bool *)user = *(bool *)user && denormals_live();
    return 0;
}

static int32_t look_from_the_data(uint64_t first, size_t count, float *out, void *user) {
    (void)first;
    for (size_t i = 0; i < count * SIZE; i++)
        out[i] = 0.5f;
    *(bool *)user = *(bool *)user && denormals_live();
    return 0;
}

START_TEST(the_processor_is_left_as_it_was) {
    dae_model *model = usual_model();
    dae_trainer *trainer = adam_trainer(model, 1e-2, "mse");
    dae_dataset *data = usual_data();
    dae_report *report = NULL;
    float x[SIZE] = {0};
    bool always = true;
    ok(dae_trainer_step(trainer, x, x, 1, NULL));
    ck_assert(denormals_live());
    ok(dae_trainer_fit(trainer, data, 1));
    ck_assert(denormals_live());
    ok(dae_model_evaluate(&report, model, data));
    ck_assert(denormals_live());
    ok(dae_trainer_set_progress(trainer, look_at_denormals, &always));
    ok(dae_trainer_set_gradient_hook(trainer, look_from_the_hook, &always));
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_fit(trainer, data, 2));
    ck_assert(denormals_live() && always);
    dae_report_free(report);
    dae_dataset_free(data);
    ok(dae_dataset_create_callback(&data, 20, 1, (size_t[]){SIZE}, look_from_the_data, NULL, &always));
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_fit(trainer, data, 1));
    ok(dae_model_evaluate(&report, model, data));
    ck_assert(denormals_live() && always);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* ---- History and validation ------------------------------------------------------------------- */

START_TEST(history_without_validation) {
    const char *column;
    dae_model *model = usual_model();
    dae_trainer *trainer = adam_trainer(model, 1e-2, "mse");
    dae_dataset *data = usual_data();
    double values[4] = {5, 5, 5, 5};
    ok(dae_trainer_get_history(trainer, "loss", values, 0));
    ok(dae_trainer_fit(trainer, data, 3));
    ck_assert_uint_eq(epochs_of(trainer), 3);
    ok(dae_trainer_get_history(trainer, "loss", values, 3));
    ck_assert(values[0] > values[1] && values[1] > values[2] && values[2] > 0 && values[3] == 5);
    ok(dae_trainer_get_history(trainer, "seconds", values, 3));
    ck_assert(values[0] >= 0 && values[0] < 60);
    ok(dae_trainer_get_history(trainer, "validation_loss", values, 3));
    ck_assert(isnan(values[0]) && isnan(values[2]));
    ok(dae_trainer_get_history(trainer, "validation_psnr", values, 3));
    ck_assert(isnan(values[0]) && isnan(values[2]));
    fails(dae_trainer_get_history(trainer, "loss", values, 2), DAE_ERROR_SHAPE, "3");
    fails(dae_trainer_get_history(trainer, "loss", values, 4), DAE_ERROR_SHAPE, "3");
    fails(dae_trainer_get_history(trainer, "mse", values, 3), DAE_ERROR_ARGUMENT,
          "loss, validation_loss, validation_psnr or seconds");
    fails(dae_trainer_get_history(trainer, NULL, values, 3), DAE_ERROR_ARGUMENT, "column");
    fails(dae_trainer_get_history(trainer, "loss", NULL, 3), DAE_ERROR_ARGUMENT, "values");
    fails(dae_trainer_get_history(NULL, "loss", values, 3), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_list_history(NULL, 0, &column), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_list_history(trainer, 0, NULL), DAE_ERROR_ARGUMENT, "name");
    const char *const columns[] = {"loss", "validation_loss", "validation_psnr", "seconds"};
    for (size_t i = 0; i < 4; i++) {
        ok(dae_trainer_list_history(trainer, i, &column));
        ck_assert_str_eq(column, columns[i]);
    }
    ok(dae_trainer_list_history(trainer, 4, &column));
    ck_assert_ptr_null(column);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* The validation figures are those of an evaluation right after the epoch, with the noise of epoch 0. */
START_TEST(validation_is_an_evaluation) {
    for (size_t i = 0; i < LOSSES; i++) {
        const char *loss = LOSS[i];
        bool is_bce = strcmp(loss, "bce") == 0;
        network net = usual_network();
        dae_model *model = usual_model();
        dae_trainer *trainer = adam_trainer(model, 1e-2, loss);
        dae_dataset *data = usual_data();
        dae_dataset *other = corrupted(random_dataset(41, SIZE, 0, 1, 8), "gaussian(stddev=0.4)",
                                       DAE_NOISE_FRESH, 6);
        float inputs[41 * SIZE], targets[41 * SIZE];
        ok(dae_dataset_read(other, 0, 0, 41, inputs, targets));
        ok(dae_trainer_set_validation(trainer, other));
        for (size_t epoch = 0; epoch < 3; epoch++) {
            dae_report *report = NULL;
            double psnr = 0, value = 0;
            ok(dae_trainer_fit(trainer, data, 1));
            ok(dae_model_evaluate(&report, model, other));
            double *losses = history_of(trainer, "validation_loss", NULL);
            double *psnrs = history_of(trainer, "validation_psnr", NULL);
            double *parameters = doubles_of(model);
            double expected = network_loss(&net, parameters, inputs, targets, 41, loss);
            near(losses[epoch], expected, 2e-6 * expected);
            ok(dae_report_get(report, "psnr", &psnr));
            near(psnrs[epoch], psnr, 1e-6);
            ok(dae_report_get(report, strcmp(loss, "mae") == 0 ? "mae" : "mse", &value));
            if (!is_bce)
                near(losses[epoch], value, 1e-7 * value);
            dae_report_free(report);
            free(losses);
            free(psnrs);
            free(parameters);
        }
        dae_dataset_free(data);
        dae_dataset_free(other);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
}
END_TEST

/* More samples than are worked on at once, and of more values. */
START_TEST(large_validation_is_an_evaluation) {
    const char *outputs[] = {"sigmoid", "linear"};
    for (size_t i = 0; i < 2; i++) {
        network net = autoencoder(700, 5, "tanh", outputs[i]);
        dae_model *model = network_model(&net, 7);
        dae_trainer *trainer = adam_trainer(model, 1e-2, i == 0 ? "bce" : "mse");
        dae_dataset *data = random_dataset(SAMPLES, 700, 0, 1, 3),
                    *other = random_dataset(1200, 700, 0, 1, 4);
        dae_report *report = NULL;
        double mse = 0, psnr = 0;
        ok(dae_trainer_set_validation(trainer, other));
        ok(dae_trainer_fit(trainer, data, 1));
        ok(dae_model_evaluate(&report, model, other));
        ok(dae_report_get(report, "mse", &mse));
        ok(dae_report_get(report, "psnr", &psnr));
        double *losses = history_of(trainer, "validation_loss", NULL);
        double *psnrs = history_of(trainer, "validation_psnr", NULL);
        near(psnrs[0], psnr, 1e-6);
        if (i == 1)
            near(losses[0], mse, 1e-7 * mse);
        free(losses);
        free(psnrs);
        dae_report_free(report);
        dae_dataset_free(data);
        dae_dataset_free(other);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
}
END_TEST

START_TEST(validation_leaves_training_alone) {
    dae_model *with = usual_dropping(), *without = usual_dropping();
    dae_trainer *a = adam_trainer(with, 1e-2, "mse"), *b = adam_trainer(without, 1e-2, "mse");
    dae_dataset *data = usual_data(), *other = random_dataset(70, SIZE, 0, 1, 8);
    ok(dae_trainer_set_validation(a, other));
    ok(dae_trainer_fit(a, data, 3));
    ok(dae_trainer_fit(b, data, 3));
    same_parameters(with, without);
    dae_dataset_free(data);
    dae_dataset_free(other);
    dae_trainer_free(a);
    dae_trainer_free(b);
    dae_model_free(with);
    dae_model_free(without);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trainer");
    TCase *options = add_case(suite, "options");
    tcase_add_test(options, creating_is_checked);
    tcase_add_test(options, options_are_checked);
    tcase_add_test(options, fit_and_step_check_their_arguments);
    tcase_add_test(options, shapes_must_fit);
    tcase_add_test(options, shapes_fit_but_for_leading_dimensions_of_1);
    TCase *steps = add_case(suite, "fit and step");
    tcase_add_test(steps, fitting_5_and_3_is_fitting_8);
    tcase_add_test(steps, fitting_is_stepping);
    tcase_add_test(steps, batch_size_is_32_by_default);
    tcase_add_test(steps, loss_is_that_before_the_update);
    tcase_add_test(steps, a_trainer_keeps_its_own);
    tcase_add_test(steps, training_a_slice_trains_the_whole);
    tcase_add_test(steps, the_processor_is_left_as_it_was);
    TCase *history = add_case(suite, "history");
    tcase_add_test(history, history_without_validation);
    tcase_add_test(history, validation_is_an_evaluation);
    tcase_add_test(history, large_validation_is_an_evaluation);
    tcase_add_test(history, validation_leaves_training_alone);
    return suite_main(suite);
}
