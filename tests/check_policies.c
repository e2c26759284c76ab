/* What a fit does about batches that are not finite, and early stopping. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 6, SAMPLES = 40, BATCH = 8, STEPS = 5 };

static dae_trainer *usual_trainer(dae_model **model) {
    network net = autoencoder(SIZE, 4, "relu", "sigmoid");
    *model = network_model(&net, 1);
    dae_trainer *trainer = adam_trainer(*model, 1e-2, "mse");
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_set_shuffle(trainer, 0));
    return trainer;
}

/* ---- Values that are not finite --------------------------------------------------------------- */

/* Data with `value` in sample 19, which is the fourth of the third batch. */
static dae_dataset *bad_data(float value, bool in_target) {
    float *x = random_floats(SAMPLES * SIZE, 0, 1, 2), *t = random_floats(SAMPLES * SIZE, 0, 1, 2);
    (in_target ? t : x)[19 * SIZE + 4] = value;
    dae_dataset *data = pair_dataset(x, SIZE, t, SIZE, SAMPLES);
    free(x);
    free(t);
    return data;
}

static int32_t read_bad(uint64_t first, size_t count, float *out, void *user) {
    for (size_t i = 0; i < count * SIZE; i++)
        out[i] = first + i / SIZE == 19 ? *(const float *)user : 0.5f;
    return 0;
}

START_TEST(the_message_says_where) {
    const float values[] = {NAN, INFINITY, -INFINITY};
    for (size_t v = 0; v < 3; v++)
        for (int in_target = 0; in_target < 2; in_target++) {
            dae_model *model = NULL;
            dae_trainer *trainer = usual_trainer(&model);
            dae_dataset *data = bad_data(values[v], in_target);
            char place[128];
            snprintf(place, sizeof place,
                     "step 3: %s value 4 of sample 3 in the batch (sample 19 of the dataset) is",
                     in_target ? "target" : "input");
            fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_NOT_FINITE, place);
            ck_assert_uint_eq(steps_of(trainer), 2);
            dae_dataset_free(data);
            dae_trainer_free(trainer);
            dae_model_free(model);
        }
}
END_TEST

START_TEST(the_message_says_where_in_data_of_the_caller) {
    dae_model *model = NULL;
    dae_trainer *trainer = usual_trainer(&model);
    dae_dataset *data = NULL;
    float bad = NAN, batch[2 * SIZE] = {0};
    ok(dae_dataset_create_callback(&data, SAMPLES, 1, (size_t[]){SIZE}, read_bad, NULL, &bad));
    fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_NOT_FINITE,
          "input value 0 of sample 3 in the batch (sample 19");
    batch[SIZE + 2] = INFINITY;
    fails(dae_trainer_step(trainer, batch, batch, 2, NULL), DAE_ERROR_NOT_FINITE,
          "input value 2 of sample 1 in the batch is inf, expected a finite number");
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

typedef struct {
    uint64_t steps, skipped;
} seen;

static int32_t note(const dae_progress *progress, void *user) {
    seen *s = user;
    s->skipped = progress->skipped;
    s->steps += progress->event == DAE_PROGRESS_STEP;
    ck_assert(progress->loss > 0 && progress->loss < 1);
    return 0;
}

/* Leaving a batch out is the same as training on the data without it. */
START_TEST(a_skipped_batch_leaves_no_trace) {
    float *x = random_floats(SAMPLES * SIZE, 0, 1, 2);
    memmove(x + 2 * BATCH * SIZE, x + 3 * BATCH * SIZE, 2 * BATCH * SIZE * sizeof *x);
    dae_dataset *rest = array_dataset(x, SAMPLES - BATCH, SIZE);
    for (int in_target = 0; in_target < 2; in_target++) {
        dae_model *model = NULL, *other = NULL;
        dae_trainer *trainer = usual_trainer(&model), *straight = usual_trainer(&other);
        dae_dataset *data = bad_data(NAN, in_target);
        seen s = {0, 0};
        uint64_t skipped = 9;
        ok(dae_trainer_set_skip_not_finite(trainer, 1));
        ok(dae_trainer_set_progress(trainer, note, &s));
        ok(dae_trainer_fit(trainer, data, 3));
        ok(dae_trainer_fit(straight, rest, 3));
        ok(dae_trainer_get_skipped_count(trainer, &skipped));
        ck_assert_uint_eq(skipped, 3);
        ck_assert_uint_eq(s.skipped, 3);
        ck_assert_uint_eq(s.steps, 3 * STEPS);
        ck_assert_uint_eq(steps_of(trainer), 3 * (STEPS - 1));
        same_parameters(model, other);
        double *a = history_of(trainer, "loss", NULL), *b = history_of(straight, "loss", NULL);
        for (size_t i = 0; i < 3; i++)
            ck_assert(a[i] == b[i]);
        free(a);
        free(b);
        dae_dataset_free(data);
        dae_trainer_free(trainer);
        dae_trainer_free(straight);
        dae_model_free(model);
        dae_model_free(other);
    }
    dae_dataset_free(rest);
    free(x);
}
END_TEST

/* Leaves a message that has nothing to do with the fit. */
static int32_t fail_at_something(const dae_progress *progress, void *user) {
    uint64_t epoch;
    double loss;
    (void)progress;
    fails(dae_trainer_get_best(user, &epoch, &loss), DAE_ERROR_STATE, "");
    return 0;
}

START_TEST(an_epoch_without_any_good_batch_fails) {
    dae_model *model = NULL;
    dae_trainer *trainer = usual_trainer(&model);
    float *x = random_floats(SAMPLES * SIZE, 0, 1, 2);
    dae_dataset *good = array_dataset(x, SAMPLES, SIZE);
    for (size_t i = 0; i < SAMPLES; i++)
        x[i * SIZE] = NAN;
    dae_dataset *bad = array_dataset(x, SAMPLES, SIZE);
    float *before = parameters_of(model, NULL);
    ok(dae_trainer_set_skip_not_finite(trainer, 1));
    ok(dae_trainer_set_progress(trainer, fail_at_something, trainer));
    fails(dae_trainer_fit(trainer, bad, 2), DAE_ERROR_NOT_FINITE,
          "every batch of the epoch was left out; the last one: step 1: input value 0 of sample 0");
    ok(dae_trainer_set_progress(trainer, NULL, NULL));
    float *after = parameters_of(model, NULL);
    same_floats(after, before, 2 * SIZE * 4 + SIZE + 4);
    ck_assert_uint_eq(epochs_of(trainer), 0);
    ok(dae_trainer_fit(trainer, good, 1));
    ck_assert_uint_eq(steps_of(trainer), STEPS);
    fails(dae_trainer_set_skip_not_finite(trainer, 2), DAE_ERROR_ARGUMENT, "skip is 2");
    fails(dae_trainer_set_skip_not_finite(NULL, 1), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_get_skipped_count(NULL, NULL), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_get_skipped_count(trainer, NULL), DAE_ERROR_ARGUMENT, "batches");
    free(before);
    free(after);
    free(x);
    dae_dataset_free(good);
    dae_dataset_free(bad);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* ---- Early stopping --------------------------------------------------------------------------- */

enum { MOST = 60 };

/* The parameters after each epoch, and its validation loss. */
typedef struct {
    const dae_model *model;
    float *parameters[MOST];
    double loss[MOST];
    size_t count;
} record;

static int32_t remember(const dae_progress *progress, void *user) {
    record *r = user;
    if (progress->event != DAE_PROGRESS_EPOCH)
        return 0;
    ck_assert_uint_lt(r->count, MOST);
    r->parameters[r->count] = parameters_of(r->model, NULL);
    r->loss[r->count++] = progress->validation_loss;
    return 0;
}

static void forget(record *r) {
    for (size_t i = 0; i < r->count; i++)
        free(r->parameters[i]);
}

/* A training whose validation loss falls and then rises: noise is all that there is to learn. */
static dae_trainer *overfitting(dae_model **model, dae_dataset **data, record *r) {
    dae_trainer *trainer = usual_trainer(model);
    dae_dataset *validation = random_dataset(30, SIZE, 0, 1, 12);
    *data = random_dataset(8, SIZE, 0, 1, 11);
    *r = (record){.model = *model};
    ok(dae_trainer_set_validation(trainer, validation));
    ok(dae_trainer_set_progress(trainer, remember, r));
    dae_dataset_free(validation);
    return trainer;
}

/* Where Keras' rule stops, and the best epoch before; both from 0. */
static size_t rule(const record *r, size_t patience, double min_delta, size_t *best) {
    *best = 0;
    for (size_t i = 1, waited = 0; i < r->count; i++)
        if (r->loss[i] < r->loss[*best] - min_delta) {
            *best = i;
            waited = 0;
        } else if (++waited >= patience) {
            return i;
        }
    return r->count;
}

START_TEST(a_fit_stops_early_as_in_keras) {
    dae_model *model = NULL;
    dae_dataset *data = NULL;
    record whole;
    dae_trainer *trainer = overfitting(&model, &data, &whole);
    ok(dae_trainer_fit(trainer, data, MOST));
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_dataset_free(data);
    const struct {
        size_t patience;
        double min_delta;
    } cases[] = {{1, 0}, {3, 0}, {1, 0.0005}, {4, 0.01}};
    size_t stops = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        record r;
        size_t best, last = rule(&whole, cases[i].patience, cases[i].min_delta, &best);
        uint64_t epoch = 0;
        double loss = 0;
        trainer = overfitting(&model, &data, &r);
        ok(dae_trainer_set_early_stopping(trainer, cases[i].patience, cases[i].min_delta));
        ok(dae_trainer_fit(trainer, data, MOST));
        ck_assert_uint_eq(epochs_of(trainer), last < MOST ? last + 1 : MOST);
        ok(dae_trainer_get_best(trainer, &epoch, &loss));
        ck_assert_uint_eq(epoch, best + 1);
        ck_assert(loss == whole.loss[best]);
        if (last < MOST) {
            float *now = parameters_of(model, NULL);
            same_floats(now, whole.parameters[best], 2 * SIZE * 4 + SIZE + 4);
            free(now);
            stops++;
        }
        forget(&r);
        dae_trainer_free(trainer);
        dae_model_free(model);
        dae_dataset_free(data);
    }
    ck_assert_uint_gt(stops, 1); /* else the data show nothing */
    forget(&whole);
}
END_TEST

START_TEST(the_best_epoch_can_be_gone_back_to) {
    dae_model *model = NULL;
    dae_dataset *data = NULL;
    record r;
    uint64_t epoch = 0;
    double loss = 0;
    dae_trainer *trainer = overfitting(&model, &data, &r);
    fails(dae_trainer_restore_best(trainer), DAE_ERROR_STATE, "best");
    fails(dae_trainer_get_best(trainer, &epoch, &loss), DAE_ERROR_STATE, "best");
    ok(dae_trainer_set_early_stopping(trainer, 1000, 0));
    ok(dae_trainer_fit(trainer, data, 10));
    ok(dae_trainer_get_best(trainer, &epoch, &loss));
    ok(dae_trainer_restore_best(trainer));
    float *now = parameters_of(model, NULL);
    same_floats(now, r.parameters[epoch - 1], 2 * SIZE * 4 + SIZE + 4);
    free(now);
    ok(dae_trainer_set_early_stopping(trainer, 0, 0));
    fails(dae_trainer_restore_best(trainer), DAE_ERROR_STATE, "best");
    forget(&r);
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_dataset_free(data);
}
END_TEST

START_TEST(early_stopping_checks_its_arguments) {
    dae_model *model = NULL;
    dae_trainer *trainer = usual_trainer(&model);
    dae_dataset *data = random_dataset(8, SIZE, 0, 1, 11);
    uint64_t epoch;
    double loss;
    fails(dae_trainer_set_early_stopping(NULL, 1, 0), DAE_ERROR_ARGUMENT, "trainer");
    if (SIZE_MAX > UINT32_MAX)
        fails(dae_trainer_set_early_stopping(trainer, SIZE_MAX, 0), DAE_ERROR_ARGUMENT, "patience");
    fails(dae_trainer_set_early_stopping(trainer, 1, -1e-9), DAE_ERROR_ARGUMENT, "min_delta is -1e-09");
    fails(dae_trainer_set_early_stopping(trainer, 1, NAN), DAE_ERROR_ARGUMENT, "min_delta is nan");
    fails(dae_trainer_set_early_stopping(trainer, 1, INFINITY), DAE_ERROR_ARGUMENT, "min_delta is inf");
    fails(dae_trainer_restore_best(NULL), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_get_best(NULL, &epoch, &loss), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_get_best(trainer, NULL, &loss), DAE_ERROR_ARGUMENT, "epoch");
    fails(dae_trainer_get_best(trainer, &epoch, NULL), DAE_ERROR_ARGUMENT, "validation_loss");
    ok(dae_trainer_set_early_stopping(trainer, 1, 0));
    fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_STATE, "validation");
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("policies");
    TCase *finite = add_case(suite, "not finite");
    tcase_add_test(finite, the_message_says_where);
    tcase_add_test(finite, the_message_says_where_in_data_of_the_caller);
    tcase_add_test(finite, a_skipped_batch_leaves_no_trace);
    tcase_add_test(finite, an_epoch_without_any_good_batch_fails);
    TCase *early = add_case(suite, "early stopping");
    tcase_add_test(early, a_fit_stops_early_as_in_keras);
    tcase_add_test(early, the_best_epoch_can_be_gone_back_to);
    tcase_add_test(early, early_stopping_checks_its_arguments);
    return suite_main(suite);
}
