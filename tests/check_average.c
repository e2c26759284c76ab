/* The exponential average of parameters: its formula, what looks at it, and what does not know of it. */
#include "network.h"

#include <stdlib.h>
#include <string.h>

enum { IN = 40, SAMPLES = 80, BATCH = 16, STEPS = 12 };

/* More than one chunk of parameters. */
static const char network_text[] = "input(40) | dense(300, activation=tanh) as code | dense(40)";

static dae_trainer *trainer_of(dae_model *model, const char *rule, const char *objective) {
    dae_optimizer *optimizer = NULL;
    dae_trainer *trainer = NULL;
    ok(dae_optimizer_parse(&optimizer, rule));
    ok(dae_trainer_create(&trainer, model, optimizer, objective));
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    dae_optimizer_free(optimizer);
    return trainer;
}

static dae_model *average_of(const dae_trainer *trainer) {
    dae_model *average = NULL;
    ok(dae_trainer_copy_average(&average, trainer));
    return average;
}

/* From the parameters before the first step on, which need not be those that the trainer was made with; the
 * training itself knows nothing of it. */
START_TEST(it_is_what_the_formula_says) {
    static const double decays[] = {0, 0.5, 0.999};
    static const char *const texts[] = {"adam(0.01) | average(decay=0)",
                                        "adam(0.01) | clip_norm(0.1) | average(decay=0.5) | cosine(100)",
                                        "adam(0.01) | average"};
    static const char *const without[] = {"adam(0.01)", "adam(0.01) | clip_norm(0.1) | cosine(100)",
                                          "adam(0.01)"};
    float *x = random_floats(BATCH * IN, -1, 1, 2);
    dae_model *model = model_from(1, "%s", network_text), *plain = model_from(3, "%s", network_text);
    dae_trainer *trainer = trainer_of(model, texts[_i], "mse"),
                *plain_trainer = trainer_of(plain, without[_i], "mse");
    size_t count;
    float *w = parameters_of(plain, &count);
    ok(dae_model_set_parameters(model, w, count));
    double *expected = must_have(count * sizeof *expected);
    for (size_t i = 0; i < count; i++)
        expected[i] = (double)w[i];
    free(w);
    for (size_t step = 0; step < STEPS; step++) {
        ok(dae_set_num_threads(1 + step % 3));
        ok(dae_trainer_step(trainer, x, x, BATCH, NULL));
        ok(dae_trainer_step(plain_trainer, x, x, BATCH, NULL));
        same_parameters(model, plain);
        dae_model *average = average_of(trainer);
        float *found = parameters_of(average, NULL);
        w = parameters_of(model, NULL);
        for (size_t i = 0; i < count; i++) {
            expected[i] = decays[_i] * expected[i] + (1 - decays[_i]) * (double)w[i];
            near(found[i], expected[i], 1e-6);
        }
        free(w);
        free(found);
        dae_model_free(average);
    }
    free(expected);
    free(x);
    dae_trainer_free(trainer);
    dae_trainer_free(plain_trainer);
    dae_model_free(model);
    dae_model_free(plain);
}
END_TEST

static double last_of(const dae_trainer *trainer, const char *column) {
    size_t epochs;
    double *values = history_of(trainer, column, &epochs), last = values[epochs - 1];
    free(values);
    return last;
}

/* All columns of validation, penalties included, are those of the averages: as a trainer that hardly moves
 * says of a model of them. */
START_TEST(validation_looks_at_it) {
    static const char objective[] = "mse | l2(weight=1e-3) | contractive(of=code, weight=0.1)";
    static const char *const columns[] = {"validation_loss",
                                          "validation_psnr",
                                          "validation_mse",
                                          "validation_l2",
                                          "validation_contractive.code",
                                          "validation_mae"};
    dae_model *model = model_from(1, "%s", network_text), *average;
    dae_trainer *trainer = trainer_of(model, "adam(0.01) | average(decay=0.9)", objective), *still;
    dae_dataset *data = random_dataset(SAMPLES, IN, -1, 1, 1);
    double measured[2];
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_set_figures(trainer, "mae"));
    for (size_t epoch = 0; epoch < 2; epoch++) {
        ok(dae_trainer_fit(trainer, data, 1));
        average = average_of(trainer);
        ok(dae_model_measure(average, data, "mae", &measured[0], 1));
        ok(dae_model_measure(model, data, "mae", &measured[1], 1));
        ck_assert(last_of(trainer, "validation_mae") == measured[0]);
        ck_assert(measured[0] != measured[1]);
        still = trainer_of(average, "sgd(1e-30)", objective);
        ok(dae_trainer_set_validation(still, data));
        ok(dae_trainer_set_figures(still, "mae"));
        ok(dae_trainer_fit(still, data, 1));
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
            near(last_of(trainer, columns[i]), last_of(still, columns[i]), 1e-9);
        dae_trainer_free(still);
        dae_model_free(average);
    }
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_dataset_free(data);
}
END_TEST

/* The best epoch is one of the averages. */
START_TEST(the_best_epoch_is_of_averages) {
    dae_model *model = model_from(1, "%s", network_text);
    dae_trainer *trainer = trainer_of(model, "adam(0.01) | average(decay=0.9)", "mse");
    dae_dataset *data = random_dataset(SAMPLES, IN, -1, 1, 1);
    uint64_t epoch;
    double loss, mse;
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_set_early_stopping(trainer, 10, 0));
    ok(dae_trainer_fit(trainer, data, 2));
    dae_model *average = average_of(trainer);
    ok(dae_trainer_get_best(trainer, &epoch, &loss));
    ck_assert_uint_eq(epoch, 2);
    ok(dae_trainer_restore_best(trainer));
    same_parameters(model, average);
    ok(dae_model_measure(model, data, "mse", &mse, 1));
    near(mse, loss, 1e-9);
    dae_model_free(average);
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_dataset_free(data);
}
END_TEST

/* Noise, range and architecture are the model's; later steps do not change a model that was given. */
START_TEST(it_is_a_model_of_its_own) {
    dae_model *model = model_from(1, "%s", network_text);
    dae_trainer *trainer = trainer_of(model, "adam(0.01) | average(decay=0.9)", "mse");
    dae_dataset *data = corrupted(random_dataset(SAMPLES, IN, -1, 1, 1), "gaussian(stddev=0.5)",
                                  DAE_NOISE_FRESH, 3);
    double range[4];
    char text[2][200];
    dae_noise *noise = NULL;
    ok(dae_trainer_set_frozen(trainer, "code", 1));
    ok(dae_trainer_fit(trainer, data, 1));
    dae_model *average = average_of(trainer);
    ok(dae_model_get_range(model, &range[0], &range[1]));
    ok(dae_model_get_range(average, &range[2], &range[3]));
    ck_assert(range[0] == range[2] && range[1] == range[3]);
    ok(dae_model_get_noise(average, &noise));
    ck_assert_ptr_nonnull(noise);
    dae_noise_free(noise);
    ok(dae_model_format(model, text[0], sizeof text[0], NULL));
    ok(dae_model_format(average, text[1], sizeof text[1], NULL));
    ck_assert_str_eq(text[0], text[1]);
    size_t count, own = (IN + 1) * 300;
    float *before = parameters_of(average, &count), *now = parameters_of(model, NULL);
    same_floats(before, now, own); /* frozen ones are their own average */
    ck_assert_mem_ne(before + own, now + own, (count - own) * sizeof *now);
    free(now);
    ok(dae_trainer_fit(trainer, data, 1));
    now = parameters_of(average, NULL);
    same_floats(before, now, count);
    free(now);
    free(before);
    dae_model_free(average);
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_dataset_free(data);
}
END_TEST

START_TEST(what_is_refused) {
    dae_model *model = model_from(1, "%s", network_text), *out = NULL;
    dae_trainer *with = trainer_of(model, "adam(0.01) | average", "mse"),
                *without = trainer_of(model, "adam(0.01)", "mse");
    float *x = random_floats(BATCH * IN, -1, 1, 2);
    static const char *const texts[][2] = {
        {"adam(1) | average(decay=1)", "decay is 1"},
        {"adam(1) | average(decay=-0.1)", "decay is -0.1"},
        {"adam(1) | average(0.9)", "average takes 0 values without a name"},
        {"adam(1) | average | average", "found 'average' again"},
    };
    fails(dae_trainer_copy_average(&out, with), DAE_ERROR_STATE, "no step has been made");
    ok(dae_trainer_step(without, x, x, BATCH, NULL));
    fails(dae_trainer_copy_average(&out, without), DAE_ERROR_STATE, "the optimizer keeps no average");
    fails(dae_trainer_copy_average(NULL, with), DAE_ERROR_ARGUMENT, "out is NULL");
    fails(dae_trainer_copy_average(&out, NULL), DAE_ERROR_ARGUMENT, "trainer is NULL");
    ck_assert_ptr_null(out);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dae_optimizer *optimizer = NULL;
        dae_status status = dae_optimizer_parse(&optimizer, texts[i][0]);
        ck_assert_msg(status != DAE_OK && message_has(texts[i][1]), "%s: %s", texts[i][0], dae_last_error());
    }
    free(x);
    dae_trainer_free(with);
    dae_trainer_free(without);
    dae_model_free(model);
}
END_TEST

static dae_status make_step_and_copy(void *user) {
    dae_trainer *trainer = NULL;
    dae_optimizer *optimizer = NULL;
    dae_model *average = NULL;
    static const float x[IN];
    dae_status status = dae_optimizer_parse(&optimizer, "sgd(0.1) | average");
    if (status == DAE_OK)
        status = dae_trainer_create(&trainer, user, optimizer, "mse");
    if (status == DAE_OK)
        status = dae_trainer_step(trainer, x, x, 1, NULL);
    if (status == DAE_OK)
        status = dae_trainer_copy_average(&average, trainer);
    dae_model_free(average);
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    return status;
}

START_TEST(any_allocation_may_fail) {
    dae_model *model = model_from(1, "%s", network_text);
    ck_assert_uint_gt(every_allocation_fails(make_step_and_copy, model), 10);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("average");
    TCase *average = add_case(suite, "average");
    tcase_add_loop_test(average, it_is_what_the_formula_says, 0, 3);
    tcase_add_test(average, validation_looks_at_it);
    tcase_add_test(average, the_best_epoch_is_of_averages);
    tcase_add_test(average, it_is_a_model_of_its_own);
    tcase_add_test(average, what_is_refused);
    tcase_add_test(average, any_allocation_may_fail);
    return suite_main(suite);
}
