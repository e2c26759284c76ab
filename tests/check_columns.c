/* Figures as columns of the history: those that the model's measurement gives, on any number of threads. */
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 12, SIZE = SIDE * SIDE, SAMPLES = 300, EPOCHS = 2, FIGURES = 3 };

static const char figures[] = "ssim | psnr(peak=4) | input_mae";

static dae_dataset *images(uint64_t seed) {
    float *values = random_floats(SAMPLES * SIZE, 0, 1, seed);
    dae_dataset *dataset = NULL;
    ok(dae_dataset_copy_array(&dataset, values, SAMPLES, 3, (size_t[]){1, SIDE, SIDE}));
    free(values);
    return corrupted(dataset, "gaussian(stddev=0.1)", DAE_NOISE_FRESH, seed);
}

static dae_model *image_model(const char *last) {
    return model_from(3, "input(1, %d, %d) | dense(20, activation=relu) as code | %s", SIDE, SIDE, last);
}

/* From outputs, and from what a sigmoid was given; of one term, and of several. */
static const char *const trainings[][2] = {
    {"mse", "dense(144)"},
    {"bce", "dense(144, activation=sigmoid)"},
    {"bce(missing=skip) | mse(missing=skip) | l1(of=code, weight=1e-3)", "dense(144, activation=sigmoid)"},
};

static void check_names(const dae_trainer *trainer, size_t first) {
    static const char *const names[] = {"validation_ssim", "validation_psnr(peak=4)", "validation_input_mae"};
    const char *name;
    for (size_t i = 0; i < FIGURES; i++) {
        ok(dae_trainer_list_history(trainer, first + i, &name));
        ck_assert_str_eq(name, names[i]);
    }
    ok(dae_trainer_list_history(trainer, first + FIGURES, &name));
    ck_assert_ptr_null(name);
}

START_TEST(columns_are_what_the_model_measures) {
    dae_model *model = image_model(trainings[_i][1]);
    dae_trainer *trainer = adam_trainer(model, 1e-3, trainings[_i][0]);
    dae_dataset *data = images(1), *validation = images(2);
    size_t first = _i == 2 ? 4 + 2 * 3 : 4;
    double column[EPOCHS];
    ok(dae_trainer_set_figures(trainer, figures));
    ok(dae_trainer_set_validation(trainer, validation));
    check_names(trainer, first);
    for (size_t epoch = 0; epoch < EPOCHS; epoch++) {
        double expected[FIGURES + 1];
        ok(dae_set_num_threads(epoch + 1));
        ok(dae_trainer_fit(trainer, data, 1));
        ok(dae_model_measure(model, validation, "ssim | psnr(peak=4) | input_mae | psnr", expected,
                             FIGURES + 1));
        for (size_t i = 0; i < FIGURES; i++) {
            const char *name;
            ok(dae_trainer_list_history(trainer, first + i, &name));
            ok(dae_trainer_get_history(trainer, name, column, epoch + 1));
            ck_assert(column[epoch] == expected[i]);
        }
        ok(dae_trainer_get_history(trainer, "validation_psnr", column, epoch + 1));
        near(column[epoch], expected[FIGURES], 1e-9);
    }
    dae_dataset_free(data);
    dae_dataset_free(validation);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* Numbers of classes, from what a softmax was given. */
START_TEST(the_error_rate_of_classes_is_a_column) {
    dae_model *model = model_from(3, "input(6) | dense(5) | softmax");
    dae_trainer *trainer = adam_trainer(model, 1e-2, "cross_entropy");
    float *x = random_floats(60 * 6, -1, 1, 1), *classes = random_floats(60, 0, 5, 2);
    for (size_t i = 0; i < 60; i++)
        classes[i] = floorf(classes[i]);
    dae_dataset *data = pair_dataset(x, 6, classes, 1, 60);
    double column, measured;
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_set_figures(trainer, "error_rate"));
    ok(dae_trainer_fit(trainer, data, 1));
    ok(dae_trainer_get_history(trainer, "validation_error_rate", &column, 1));
    ok(dae_model_measure(model, data, "error_rate", &measured, 1));
    ck_assert(column == measured && column > 0 && column < 1);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
    free(x);
    free(classes);
}
END_TEST

START_TEST(figures_without_validation_data_are_not_known) {
    dae_model *model = identity_model(4);
    dae_trainer *trainer = sgd_trainer(model, 0.1, "mse");
    dae_dataset *data = random_dataset(10, 4, 0, 1, 1);
    double column[2];
    ok(dae_trainer_set_figures(trainer, "mae"));
    ok(dae_trainer_fit(trainer, data, 1));
    ok(dae_trainer_get_history(trainer, "validation_mae", column, 1));
    ck_assert(isnan(column[0]));
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_fit(trainer, data, 1));
    ok(dae_trainer_get_history(trainer, "validation_mae", column, 2));
    ck_assert(isnan(column[0]) && column[1] >= 0);
    /* once there are epochs, columns stay */
    fails(dae_trainer_set_figures(trainer, NULL), DAE_ERROR_STATE, "the history has 2 epochs, expected none");
    ok(dae_trainer_set_figures(trainer, "mae()"));
    ok(dae_trainer_get_history(trainer, "validation_mae", column, 2));
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

START_TEST(texts_that_are_refused) {
    static const struct {
        const char *text;
        dae_status status;
        size_t position;
        const char *word;
    } cases[] = {
        {"", DAE_ERROR_FORMAT, 0, "at least one figure"},
        {"mae | sim", DAE_ERROR_FORMAT, 6, "sim"},
        {"mae | ssim(peak=0)", DAE_ERROR_ARGUMENT, 11, "peak"},
        {"mae | samples", DAE_ERROR_ARGUMENT, 6, "a figure of a report"},
        {"mae | ssim | mae", DAE_ERROR_ARGUMENT, 13,
         "found mae, expected no figure that is a column already, as validation_mae is"},
        {"ssim | psnr", DAE_ERROR_ARGUMENT, 7, "validation_psnr is"},
        {"mse", DAE_ERROR_ARGUMENT, 0, "validation_mse is"},
    };
    dae_model *model = identity_model(4);
    dae_trainer *trainer = sgd_trainer(model, 0.1, "mse | l2(weight=0.1)");
    const char *name;
    ok(dae_trainer_set_figures(trainer, "snr"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fails(dae_trainer_set_figures(trainer, cases[i].text), cases[i].status, cases[i].word);
        ck_assert_uint_eq(dae_last_error_position(), cases[i].position + 1);
        ok(dae_trainer_list_history(trainer, 8, &name)); /* as before */
        ck_assert_str_eq(name, "validation_snr");
    }
    fails(dae_trainer_set_figures(NULL, "mae"), DAE_ERROR_ARGUMENT, "trainer is NULL");
    ok(dae_trainer_set_figures(trainer, "psnr(peak=2) | psnr(peak=3)"));
    ok(dae_trainer_set_figures(trainer, NULL));
    ok(dae_trainer_list_history(trainer, 8, &name));
    ck_assert_ptr_null(name);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* In the middle of the first epoch columns may still change. */
static int32_t stop_at_once(const dae_progress *progress, void *user) {
    fails(dae_trainer_set_figures(user, "mae"), DAE_ERROR_STATE, "in use");
    return progress->event == DAE_PROGRESS_STEP;
}

START_TEST(an_open_epoch_may_get_figures) {
    dae_model *models[2] = {image_model("dense(144)"), image_model("dense(144)")};
    dae_trainer *trainers[2];
    dae_dataset *data = images(1);
    double columns[2];
    for (size_t i = 0; i < 2; i++) {
        trainers[i] = adam_trainer(models[i], 1e-3, "mse | l2(weight=1e-3)");
        ok(dae_trainer_set_validation(trainers[i], data));
        if (i == 0) {
            ok(dae_trainer_set_figures(trainers[i], "ssim"));
        } else {
            ok(dae_trainer_set_progress(trainers[i], stop_at_once, trainers[i]));
            fails(dae_trainer_fit(trainers[i], data, 1), DAE_ERROR_CANCELLED, "");
            ok(dae_trainer_set_progress(trainers[i], NULL, NULL));
            ok(dae_trainer_set_figures(trainers[i], "mae | ssim"));
        }
        ok(dae_trainer_fit(trainers[i], data, 1));
        ok(dae_trainer_get_history(trainers[i], "validation_ssim", &columns[i], 1));
    }
    same_parameters(models[0], models[1]);
    ck_assert(columns[0] == columns[1]);
    for (size_t i = 0; i < 2; i++) {
        dae_trainer_free(trainers[i]);
        dae_model_free(models[i]);
    }
    dae_dataset_free(data);
}
END_TEST

static dae_status set_and_fit(void *user) {
    dae_model *model = user;
    dae_trainer *trainer = NULL;
    dae_optimizer *sgd = NULL;
    dae_dataset *data = NULL;
    static const float values[8];
    dae_status status = dae_optimizer_create_sgd(&sgd, 0.1);
    if (status == DAE_OK)
        status = dae_trainer_create(&trainer, model, sgd, "mse");
    if (status == DAE_OK)
        status = dae_dataset_borrow_array(&data, values, 2, 1, (size_t[]){4}, NULL, NULL);
    if (status == DAE_OK)
        status = dae_trainer_set_validation(trainer, data);
    if (status == DAE_OK)
        status = dae_trainer_set_figures(trainer, "mae");
    if (status == DAE_OK)
        status = dae_trainer_set_figures(trainer, "mae | ssim");
    if (status == DAE_OK)
        status = dae_trainer_fit(trainer, data, 1);
    dae_trainer_free(trainer);
    dae_optimizer_free(sgd);
    dae_dataset_free(data);
    return status;
}

START_TEST(any_allocation_may_fail) {
    dae_model *model = identity_model(4);
    ck_assert_uint_gt(every_allocation_fails(set_and_fit, model), 10);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("columns");
    TCase *columns = add_case(suite, "columns");
    tcase_add_loop_test(columns, columns_are_what_the_model_measures, 0, 3);
    tcase_add_test(columns, the_error_rate_of_classes_is_a_column);
    tcase_add_test(columns, figures_without_validation_data_are_not_known);
    tcase_add_test(columns, texts_that_are_refused);
    tcase_add_test(columns, an_open_epoch_may_get_figures);
    tcase_add_test(columns, any_allocation_may_fail);
    return suite_main(suite);
}
