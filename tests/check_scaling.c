/* Scaling in training: the network and its objective work in a unit of their own, and nothing else does. */
#include "scaling.h"

#include <dae/runtime.h>

/* ---- What training makes of it ------------------------------------------------------------------------ */

static const char *const objectives[] = {
    "mse", "huber(0.1) | l1(of=code, weight=0.01)", "mse(corrupted=2, intact=0.5)", "mse(missing=skip)",
    "bce",
};

/* With data in another unit and a scaling that undoes it, to the bit: parameters, losses, validation; with
 * bfloat16 too. */
START_TEST(a_power_of_two_changes_nothing) {
    const char *objective = objectives[_i % 5], *output = _i % 5 == 4 ? "sigmoid" : "linear";
    float *x = samples(), *scaled = moved(x, (size_t)SIZE * SAMPLES, 4, 0);
    dae_model *models[2] = {dense_model(3, output), dense_model(3, output)};
    dae_dataset *data[2] = {noisy(x, 0.125), noisy(scaled, 0.5)};
    double *history[2][3];
    ok(dae_model_set_scaling(models[1], "divide(4)", NULL));
    for (size_t k = 0; k < 2; k++) {
        dae_trainer *trainer = adam_trainer(models[k], 1e-2, objective);
        ok(dae_trainer_set_validation(trainer, data[k]));
        ok(dae_trainer_set_precision(trainer, _i < 5 ? DAE_PRECISION_FLOAT32 : DAE_PRECISION_BFLOAT16));
        ok(dae_trainer_fit(trainer, data[k], 3));
        const char *const columns[3] = {"loss", "validation_loss", "validation_psnr"};
        for (size_t i = 0; i < 3; i++)
            history[k][i] = history_of(trainer, columns[i], NULL);
        dae_trainer_free(trainer);
    }
    same_parameters(models[0], models[1]);
    for (size_t i = 0; i < 3; i++)
        for (size_t epoch = 0; epoch < 3; epoch++)
            ck_assert(history[0][i][epoch] == history[1][i][epoch]);
    float *y = answers_of(models[0], x, SAMPLES), *z = answers_of(models[1], scaled, SAMPLES);
    float *expected = moved(y, (size_t)SIZE * SAMPLES, 4, 0);
    same_floats(z, expected, (size_t)SIZE * SAMPLES);
    for (size_t k = 0; k < 6; k++)
        free(history[k / 3][k % 3]);
    free(expected);
    free(y);
    free(z);
    for (size_t k = 0; k < 2; k++) {
        dae_dataset_free(data[k]);
        dae_model_free(models[k]);
    }
    free(x);
    free(scaled);
}
END_TEST

/* What a user would do by hand, in double precision, rounded: the same bytes. */
START_TEST(a_scaling_does_what_is_done_by_hand) {
    const char *objective = objectives[_i];
    float *u = samples(), *x = moved(u, (size_t)SIZE * SAMPLES, 300, 2000);
    float *noise = random_floats((size_t)SIZE * SAMPLES, -90, 90, 4),
          *inputs = moved(x, (size_t)SIZE * SAMPLES, 1, 0);
    double scale, offset, peak;
    for (size_t i = 0; i < (size_t)SIZE * SAMPLES; i++)
        inputs[i] += i % 3 == 0 ? noise[i] : 0;
    if (strstr(objective, "skip") != NULL)
        x[7] = x[70] = NAN;
    const char *output = strcmp(objective, "bce") == 0 ? "sigmoid" : "linear";
    dae_model *models[2] = {dense_model(9, output), dense_model(9, output)};
    dae_dataset *data = pair_dataset(inputs, SIZE, x, SIZE, SAMPLES);
    ok(dae_model_set_scaling(models[0], strcmp(objective, "bce") == 0 ? "range(0, 1)" : "standard", data));
    numbers_of(models[0], &scale, &offset, &peak);
    float *by_hand[2] = {moved(inputs, (size_t)SIZE * SAMPLES, scale, offset),
                         moved(x, (size_t)SIZE * SAMPLES, scale, offset)};
    dae_dataset *scaled = pair_dataset(by_hand[0], SIZE, by_hand[1], SIZE, SAMPLES);
    double *losses[2];
    for (size_t k = 0; k < 2; k++) {
        dae_trainer *trainer = adam_trainer(models[k], 1e-2, objective);
        ok(dae_trainer_set_validation(trainer, k == 0 ? data : scaled));
        ok(dae_trainer_fit(trainer, k == 0 ? data : scaled, 3));
        losses[k] = history_of(trainer, "validation_loss", NULL);
        dae_trainer_free(trainer);
    }
    same_parameters(models[0], models[1]);
    for (size_t epoch = 0; epoch < 3; epoch++)
        ck_assert(losses[0][epoch] == losses[1][epoch]);
    float *y = answers_of(models[0], inputs, SAMPLES), *z = answers_of(models[1], by_hand[0], SAMPLES);
    for (size_t i = 0; i < (size_t)SIZE * SAMPLES; i++)
        near(y[i], ((double)z[i] - offset) / scale, 3e-4);
    free(y);
    free(z);
    for (size_t k = 0; k < 2; k++) {
        free(by_hand[k]);
        free(losses[k]);
        dae_model_free(models[k]);
    }
    dae_dataset_free(data);
    dae_dataset_free(scaled);
    free(u);
    free(x);
    free(noise);
    free(inputs);
}
END_TEST

/* The data of the issue: 0 +- 1 at 40 +- 7, 2000 +- 300 and 0 +- 0.001, each by `standard`. */
START_TEST(standard_is_the_same_in_every_unit) {
    const double origins[] = {0, 40, 2000, 0}, spreads[] = {1, 7, 300, 1e-3};
    float *u = random_floats((size_t)SIZE * SAMPLES, -1.7, 1.7, 3), *first = NULL;
    for (size_t k = 0; k < 4; k++) {
        float *x = moved(u, (size_t)SIZE * SAMPLES, spreads[k], origins[k]);
        dae_dataset *clean = array_dataset(x, SAMPLES, SIZE), *data = noisy(x, spreads[k] * 0.3);
        dae_model *model = dense_model(4, "linear");
        ok(dae_model_set_scaling(model, "standard", clean));
        dae_trainer *trainer = sgd_trainer(model, 0.1, "mse");
        ok(dae_trainer_fit(trainer, data, 5));
        float *y = answers_of(model, x, SAMPLES),
              *z = moved(y, (size_t)SIZE * SAMPLES, 1 / spreads[k], -origins[k] / spreads[k]);
        if (first == NULL)
            first = moved(z, (size_t)SIZE * SAMPLES, 1, 0);
        for (size_t i = 0; i < (size_t)SIZE * SAMPLES; i++)
            near(z[i], first[i], 1e-4);
        free(x);
        free(y);
        free(z);
        dae_dataset_free(clean);
        dae_dataset_free(data);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
    free(first);
    free(u);
}
END_TEST

struct seen {
    float *gradient;
    dae_model *model;
};

static int32_t keep_gradient(float *gradients, size_t count, void *user) {
    struct seen *seen = user;
    memcpy(seen->gradient, gradients, count * sizeof *gradients);
    return 0;
}

/* Of a loss in the network's unit, worked out from what a session gives. */
START_TEST(gradients_agree_with_central_differences) {
    enum { FEW = 9 };
    dae_model *model = model_from(2, "input(%d) | dense(5, activation=tanh) as h | dense(%d)", SIZE, SIZE);
    float *u = samples(), *x = moved(u, (size_t)SIZE * FEW, 300, 2000),
          *t = moved(u + SIZE, (size_t)SIZE * FEW, 200, 1900);
    size_t count;
    dae_dataset *data = array_dataset(t, FEW, SIZE);
    double scale, offset, peak, loss;
    ok(dae_model_set_scaling(model, "standard", data));
    numbers_of(model, &scale, &offset, &peak);
    float *parameters = parameters_of(model, &count);
    struct seen seen = {must_have(count * sizeof(float)), model};
    dae_trainer *trainer = sgd_trainer(model, 1e-30, "mse");
    ok(dae_trainer_set_gradient_hook(trainer, keep_gradient, &seen));
    ok(dae_trainer_step(trainer, x, t, FEW, &loss));
    for (size_t i = 0; i < count; i += 7) {
        double costs[2] = {0};
        float kept = parameters[i];
        for (int k = 0; k < 2; k++) {
            parameters[i] = kept + (k == 0 ? -0.01f : 0.01f);
            ok(dae_model_set_parameters(model, parameters, count));
            float *y = answers_of(model, x, FEW);
            for (size_t j = 0; j < (size_t)SIZE * FEW; j++) {
                double d = scale * ((double)y[j] - (double)t[j]);
                costs[k] += d * d / (SIZE * FEW);
            }
            free(y);
        }
        near(seen.gradient[i], (costs[1] - costs[0]) / (double)((kept + 0.01f) - (kept - 0.01f)), 2e-4);
        parameters[i] = kept;
    }
    free(seen.gradient);
    free(parameters);
    free(u);
    free(x);
    free(t);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

START_TEST(threads_change_nothing) {
    const size_t threads[] = {1, 2, 3, 7};
    float *u = samples(), *x = moved(u, (size_t)SIZE * SAMPLES, 300, 2000);
    dae_dataset *data = noisy(x, 90);
    dae_model *first = NULL;
    double mse = 0;
    for (size_t k = 0; k < 4; k++) {
        dae_model *model = dense_model(4, "linear");
        ok(dae_set_num_threads(threads[k]));
        ok(dae_model_set_scaling(model, "standard", data));
        dae_trainer *trainer = adam_trainer(model, 0.01, "mse");
        ok(dae_trainer_set_validation(trainer, data));
        ok(dae_trainer_fit(trainer, data, 3));
        dae_report *report = evaluated(model, data);
        if (first == NULL) {
            first = model;
            mse = figure(report, "mse");
        } else {
            char text[TEXT];
            ok(dae_model_format_scaling(first, text, sizeof text, NULL));
            has_scaling(model, text);
            same_parameters(first, model);
            ck_assert(figure(report, "mse") == mse);
            dae_model_free(model);
        }
        dae_report_free(report);
        dae_trainer_free(trainer);
    }
    ok(dae_set_num_threads(0));
    dae_model_free(first);
    dae_dataset_free(data);
    free(u);
    free(x);
}
END_TEST

/* A training that is stopped and goes on in another trainer, which knows of no scaling, ends in the same
 * bytes. */
START_TEST(checkpoints_have_it) {
    float *u = samples(), *x = moved(u, (size_t)SIZE * SAMPLES, 300, 2000);
    dae_dataset *data = noisy(x, 90);
    dae_model *models[2] = {dense_model(4, "linear"), dense_model(5, "linear")};
    dae_trainer *trainers[2];
    unsigned char bytes[1 << 16];
    char text[TEXT];
    size_t size = 0;
    ok(dae_model_set_scaling(models[0], "standard", data));
    for (size_t k = 0; k < 2; k++) {
        dae_optimizer *optimizer = NULL;
        ok(dae_optimizer_parse(&optimizer, "adam(0.01) | average(decay=0.9)"));
        ok(dae_trainer_create(&trainers[k], models[k], optimizer, "mse"));
        ok(dae_trainer_set_validation(trainers[k], data));
        dae_optimizer_free(optimizer);
    }
    ok(dae_trainer_fit(trainers[0], data, 2));
    ok(dae_trainer_serialize_checkpoint(trainers[0], bytes, sizeof bytes, &size));
    ok(dae_trainer_deserialize_checkpoint(trainers[1], bytes, size));
    ok(dae_model_format_scaling(models[0], text, sizeof text, NULL));
    has_scaling(models[1], text);
    ck_assert_ptr_nonnull(strstr((char *)bytes + 8, "\"dae.checkpoint\":\"2\""));
    for (size_t k = 0; k < 2; k++)
        ok(dae_trainer_fit(trainers[k], data, 2));
    same_parameters(models[0], models[1]);
    double *losses[2] = {history_of(trainers[0], "validation_loss", NULL),
                         history_of(trainers[1], "validation_loss", NULL)};
    for (size_t epoch = 0; epoch < 4; epoch++)
        ck_assert(losses[0][epoch] == losses[1][epoch] && losses[0][epoch] < 5);
    dae_model *average = NULL;
    ok(dae_trainer_copy_average(&average, trainers[1]));
    has_scaling(average, text);
    dae_model_free(average);
    for (size_t k = 0; k < 2; k++) {
        free(losses[k]);
        dae_trainer_free(trainers[k]);
        dae_model_free(models[k]);
    }
    dae_dataset_free(data);
    free(u);
    free(x);
}
END_TEST

/* ---- When -------------------------------------------------------------------------------------------- */

static int32_t set_during_fit(const dae_progress *progress, void *user) {
    struct seen *seen = user;
    (void)progress;
    fails(dae_model_set_scaling(seen->model, "divide(2)", NULL), DAE_ERROR_STATE, "in use");
    return 0;
}

/* A trainer, and a session, that are there already; and not during a fit. */
START_TEST(a_trainer_notices_and_a_fit_is_not_disturbed) {
    dae_model *models[2] = {dense_model(6, "linear"), dense_model(6, "linear")};
    float *u = samples(), *x = moved(u, (size_t)SIZE * SAMPLES, 8, 0);
    dae_dataset *data[2] = {array_dataset(u, SAMPLES, SIZE), array_dataset(x, SAMPLES, SIZE)};
    dae_session *session = NULL;
    float y[SIZE];
    dae_trainer *trainers[2];
    struct seen seen = {NULL, models[1]};
    for (size_t k = 0; k < 2; k++) {
        trainers[k] = adam_trainer(models[k], 0.01, "mse");
        ok(dae_trainer_set_validation(trainers[k], data[k]));
        ok(dae_trainer_fit(trainers[k], data[0], 1));
    }
    ok(dae_session_create(&session, models[1], 1));
    ok(dae_session_run(session, x, 1, y));
    ok(dae_model_set_scaling(models[1], "divide(8)", NULL));
    fails(dae_session_run(session, x, 1, y), DAE_ERROR_STATE,
          "another scaling than when the session was made");
    fails(dae_session_set_precision(session, DAE_PRECISION_FLOAT32), DAE_ERROR_STATE, "another scaling");
    ok(dae_trainer_set_progress(trainers[1], set_during_fit, &seen));
    for (size_t k = 0; k < 2; k++)
        ok(dae_trainer_fit(trainers[k], data[k], 2));
    same_parameters(models[0], models[1]);
    ok(dae_model_set_scaling(models[1], "none", NULL));
    for (size_t k = 0; k < 2; k++) {
        dae_dataset_free(data[k]);
        dae_trainer_free(trainers[k]);
        dae_model_free(models[k]);
    }
    dae_session_free(session);
    free(u);
    free(x);
}
END_TEST

START_TEST(classes_have_no_unit) {
    dae_model *model = model_from(1, "input(4) | dense(3) | softmax");
    float *x = random_floats(4 * 6, 0, 1, 2), classes[6] = {0, 1, 2, 0, 1, 2};
    dae_dataset *data = pair_dataset(x, 4, classes, 1, 6);
    dae_trainer *trainer = sgd_trainer(model, 0.1, "cross_entropy");
    dae_report *report = NULL;
    ok(dae_model_set_scaling(model, "divide(2)", NULL));
    fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_STATE, "have no unit");
    fails(dae_model_evaluate(&report, model, data), DAE_ERROR_STATE, "have no unit");
    dae_trainer_free(trainer);
    dae_dataset_free(data);
    dae_model_free(model);
    free(x);
}
END_TEST

/* Targets that an objective takes only from 0 to 1 are looked at as it sees them, and named as they are. */
START_TEST(targets_are_named_in_their_unit) {
    dae_model *model = dense_model(6, "sigmoid");
    float *u = samples(), *x = moved(u, (size_t)SIZE * SAMPLES, 255, 0);
    dae_dataset *data = array_dataset(x, SAMPLES, SIZE);
    dae_trainer *trainer = adam_trainer(model, 0.01, "bce");
    ok(dae_model_set_scaling(model, "divide(255)", NULL));
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_fit(trainer, data, 1));
    x[SIZE + 2] = 256;
    dae_dataset *wrong = array_dataset(x, SAMPLES, SIZE);
    fails(dae_trainer_fit(trainer, wrong, 1), DAE_ERROR_ARGUMENT,
          "is 256, expected what the model's scaling makes 0 to 1 of");
    ok(dae_trainer_set_validation(trainer, wrong));
    fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_ARGUMENT,
          "target value 2 of sample 1 of the validation data is 256, expected what the model's scaling makes "
          "0 to 1 of");
    dae_trainer_free(trainer);
    dae_dataset_free(data);
    dae_dataset_free(wrong);
    dae_model_free(model);
    free(u);
    free(x);
}
END_TEST

static dae_status set_and_use(void *user) {
    dae_dataset *data = user;
    dae_model *model = NULL, *copy = NULL;
    dae_session *session = NULL;
    dae_status status = dae_model_parse(&model, "input(24) | dense(2) | dense(24)");
    if (status == DAE_OK)
        status = dae_model_initialize(model, 1);
    if (status == DAE_OK) {
        status = dae_model_set_scaling(model, "standard", data);
        if (status != DAE_OK)
            has_scaling(model, "none");
    }
    if (status == DAE_OK)
        status = dae_model_copy(&copy, model);
    if (status == DAE_OK)
        status = dae_session_create(&session, copy, 1);
    dae_session_free(session);
    dae_model_free(copy);
    dae_model_free(model);
    return status;
}

START_TEST(failed_allocations_change_nothing) {
    float *x = samples();
    dae_dataset *data = array_dataset(x, SAMPLES, SIZE);
    ck_assert_uint_ge(every_allocation_fails(set_and_use, data), 10);
    dae_dataset_free(data);
    free(x);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scaling");
    TCase *trains = add_case(suite, "training"), *when = add_case(suite, "when");
    tcase_add_loop_test(trains, a_power_of_two_changes_nothing, 0, 10);
    tcase_add_loop_test(trains, a_scaling_does_what_is_done_by_hand, 0, 5);
    tcase_add_test(trains, standard_is_the_same_in_every_unit);
    tcase_add_test(trains, gradients_agree_with_central_differences);
    tcase_add_test(trains, threads_change_nothing);
    tcase_add_test(trains, checkpoints_have_it);
    tcase_add_test(when, a_trainer_notices_and_a_fit_is_not_disturbed);
    tcase_add_test(when, classes_have_no_unit);
    tcase_add_test(when, failed_allocations_change_nothing);
    tcase_add_test(when, targets_are_named_in_their_unit);
    return suite_main(suite);
}
