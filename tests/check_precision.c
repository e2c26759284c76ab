/* bfloat16: what it may change, and what it may not. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 784, HIDDEN = 128, SAMPLES = 600 };

static dae_trainer *trainer_of(dae_model *model, int32_t precision) {
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    ok(dae_trainer_set_batch_size(trainer, 256));
    ok(dae_trainer_set_precision(trainer, precision));
    return trainer;
}

static dae_model *model_of(void) {
    const network net = autoencoder(SIZE, HIDDEN, "relu", "relu");
    return network_model(&net, 3);
}

START_TEST(precisions_are_checked) {
    dae_model *model = model_of();
    dae_trainer *trainer = trainer_of(model, DAE_PRECISION_FLOAT32);
    dae_session *session = NULL;
    ok(dae_session_create(&session, model, 32));
    const int32_t wrong[] = {-1, 2, INT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        fails(dae_trainer_set_precision(trainer, wrong[i]), DAE_ERROR_ARGUMENT, "precision");
        fails(dae_session_set_precision(session, wrong[i]), DAE_ERROR_ARGUMENT, "precision");
    }
    fails(dae_trainer_set_precision(NULL, DAE_PRECISION_FLOAT32), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_session_set_precision(NULL, DAE_PRECISION_FLOAT32), DAE_ERROR_ARGUMENT, "session");
    ok(dae_trainer_set_precision(trainer, DAE_PRECISION_FLOAT32));
    ok(dae_session_set_precision(session, DAE_PRECISION_FLOAT32));
    dae_session_free(session);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* Trains for some epochs; returns the parameters, to free(), and the last epoch's loss. */
static float *train(int32_t precision, size_t threads, double *loss) {
    dae_model *model = model_of();
    dae_trainer *trainer = trainer_of(model, precision);
    dae_dataset *data = random_dataset(SAMPLES, SIZE, 0, 1, 5);
    double losses[3];
    ok(dae_set_num_threads(threads));
    ok(dae_trainer_fit(trainer, data, 3));
    ok(dae_trainer_get_history(trainer, "loss", losses, 3));
    *loss = losses[2];
    float *parameters = parameters_of(model, NULL);
    ok(dae_set_num_threads(0));
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return parameters;
}

START_TEST(losses_stay_close) {
    double full = 0, half = 0;
    float *a = train(DAE_PRECISION_FLOAT32, 1, &full), *b = train(DAE_PRECISION_BFLOAT16, 1, &half);
    /* 8 bits of precision in the factors, averaged over hundreds of terms */
    near(half, full, 0.005 * full);
    ck_assert_msg(memcmp(a, b, SIZE * sizeof *a) != 0, "bfloat16 changes nothing: it is not used");
    free(a);
    free(b);
}
END_TEST

START_TEST(threads_change_nothing) {
    double first = 0, loss = 0;
    size_t count = 2 * SIZE * HIDDEN + SIZE + HIDDEN;
    float *expected = train(DAE_PRECISION_BFLOAT16, 1, &first);
    const size_t threads[] = {2, 3, 4, 7};
    for (size_t i = 0; i < 4; i++) {
        float *parameters = train(DAE_PRECISION_BFLOAT16, threads[i], &loss);
        same_floats(parameters, expected, count);
        ck_assert(loss == first);
        free(parameters);
    }
    free(expected);
}
END_TEST

START_TEST(sessions_stay_close) {
    enum { BATCH = 100 };
    dae_model *model = model_of();
    dae_session *session = NULL;
    float *x = random_floats(BATCH * SIZE, 0, 1, 9);
    float *full = must_have(BATCH * SIZE * sizeof *full), *half = must_have(BATCH * SIZE * sizeof *half);
    ok(dae_session_create(&session, model, BATCH));
    ok(dae_session_run(session, x, BATCH, full));
    ok(dae_session_set_precision(session, DAE_PRECISION_BFLOAT16));
    ok(dae_session_run(session, x, BATCH, half));
    double largest = 0, difference = 0;
    for (size_t i = 0; i < BATCH * SIZE; i++) {
        largest = fmax(largest, fabs((double)full[i]));
        difference = fmax(difference, fabs((double)full[i] - (double)half[i]));
    }
    /* two layers of factors that are off by up to 2^-9 each, of both signs */
    ck_assert_msg(difference > 0 && difference < largest / 64, "off by %g of %g", difference, largest);
    ok(dae_session_set_precision(session, DAE_PRECISION_FLOAT32));
    ok(dae_session_run(session, x, BATCH, half));
    same_floats(half, full, BATCH * SIZE);
    free(x);
    free(full);
    free(half);
    dae_session_free(session);
    dae_model_free(model);
}
END_TEST

/* Parameters that the caller sets are those that the next step starts from, the first one or a later one. */
START_TEST(parameters_set_are_used) {
    float *x = random_floats(SAMPLES * SIZE, 0, 1, 5);
    dae_model *model = model_of();
    dae_trainer *trainer = trainer_of(model, DAE_PRECISION_BFLOAT16);
    size_t count;
    float *chosen = parameters_of(model, &count);
    double losses[4];
    ok(dae_model_initialize(model, 99)); /* elsewhere, behind what the trainer has seen when it was made */
    ok(dae_trainer_step(trainer, x, x, SAMPLES, &losses[3]));
    for (int i = 0; i < 3; i++) {
        ok(dae_model_set_parameters(model, chosen, count));
        ok(dae_trainer_step(trainer, x, x, SAMPLES, &losses[i]));
    }
    ck_assert(losses[0] == losses[1] && losses[1] == losses[2] && losses[2] != losses[3]);
    free(chosen);
    free(x);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* Samples with a third of their values 0 in all of them: what products leave out of inputs. */
static float *samples_with_gaps(void) {
    float *x = random_floats(SAMPLES * SIZE, 0, 1, 5);
    for (size_t i = 0; i < SAMPLES * SIZE; i++)
        x[i] = i % SIZE % 3 == 0 ? 0 : x[i];
    return x;
}

static int32_t read_samples(uint64_t first, size_t count, float *out, void *user) {
    memcpy(out, (const float *)user + first * SIZE, count * SIZE * sizeof *out);
    return 0;
}

enum { FROM_ARRAY, FROM_CALLBACK, FROM_STEPS, WAYS };

static void train_from(dae_trainer *trainer, float *x, int way) {
    enum { BATCH = 199 }; /* three samples are left for the last batch, too few for a product */
    const size_t shape[] = {SIZE};
    dae_dataset *data = NULL;
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_set_shuffle(trainer, false));
    for (size_t i = 0; way == FROM_STEPS && i < SAMPLES; i += BATCH)
        ok(dae_trainer_step(trainer, x + i * SIZE, x + i * SIZE, SAMPLES - i < BATCH ? SAMPLES - i : BATCH,
                            NULL));
    if (way == FROM_STEPS)
        return;
    if (way == FROM_ARRAY)
        ok(dae_dataset_borrow_array(&data, x, SAMPLES, 1, shape, NULL, NULL));
    else
        ok(dae_dataset_create_callback(&data, SAMPLES, 1, shape, read_samples, NULL, x));
    ok(dae_trainer_fit(trainer, data, 1));
    dae_dataset_free(data);
}

/* Where inputs lie decides in what form they are kept, and nothing else. */
START_TEST(inputs_may_come_from_anywhere) {
    float *x = samples_with_gaps(), *parameters[WAYS];
    size_t count = 0;
    for (int way = 0; way < WAYS; way++) {
        dae_model *model = model_of();
        dae_trainer *trainer = trainer_of(model, DAE_PRECISION_BFLOAT16);
        train_from(trainer, x, way);
        parameters[way] = parameters_of(model, &count);
        same_floats(parameters[way], parameters[0], count);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
    for (int way = 0; way < WAYS; way++)
        free(parameters[way]);
    free(x);
}
END_TEST

START_TEST(bad_inputs_are_found) {
    const float bad[] = {NAN, INFINITY, -INFINITY};
    const char *names[] = {"nan", "inf", "-inf"};
    float *x = samples_with_gaps();
    for (size_t i = 0; i < 3; i++) {
        dae_model *model = model_of();
        dae_trainer *trainer = trainer_of(model, DAE_PRECISION_BFLOAT16);
        dae_dataset *data = NULL;
        char message[128];
        x[300 * SIZE + 7] = bad[i];
        snprintf(message, sizeof message,
                 "input value 7 of sample 44 in the batch (sample 300 of the dataset) is %s", names[i]);
        ok(dae_trainer_set_shuffle(trainer, false));
        ok(dae_dataset_copy_array(&data, x, SAMPLES, 1, (size_t[]){SIZE}));
        fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_NOT_FINITE, message);
        dae_dataset_free(data);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
    free(x);
}
END_TEST

/* What rounding makes infinite is not said to be so in the data. */
START_TEST(finite_inputs_are_called_finite) {
    dae_model *model = model_of();
    dae_trainer *trainer = trainer_of(model, DAE_PRECISION_BFLOAT16);
    float *x = samples_with_gaps();
    x[7] = 3.4e38f;
    dae_dataset *data = NULL;
    ok(dae_trainer_set_shuffle(trainer, false));
    ok(dae_dataset_copy_array(&data, x, SAMPLES, 1, (size_t[]){SIZE}));
    fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_NOT_FINITE, "the data are finite");
    free(x);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

static dae_status choose_bfloat16(void *user) {
    dae_trainer *trainer = NULL;
    dae_session *session = NULL;
    dae_optimizer *sgd = NULL;
    dae_status status = dae_optimizer_create_sgd(&sgd, 0.1);
    if (status == DAE_OK)
        status = dae_trainer_create(&trainer, user, sgd, "mse");
    if (status == DAE_OK)
        status = dae_trainer_set_precision(trainer, DAE_PRECISION_BFLOAT16);
    if (status == DAE_OK)
        status = dae_session_create(&session, user, 16);
    if (status == DAE_OK)
        status = dae_session_set_precision(session, DAE_PRECISION_BFLOAT16);
    dae_session_free(session);
    dae_trainer_free(trainer);
    dae_optimizer_free(sgd);
    return status;
}

START_TEST(memory_may_run_out) {
    dae_model *model = model_of();
    heap_watch();
    ck_assert_uint_gt(every_allocation_fails(choose_bfloat16, model), 4);
    heap_unwatch();
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("precision");
    tcase_add_test(add_case(suite, "choice"), precisions_are_checked);
    TCase *use = add_case(suite, "bfloat16");
    tcase_add_test(use, losses_stay_close);
    tcase_add_test(use, threads_change_nothing);
    tcase_add_test(use, sessions_stay_close);
    tcase_add_test(use, parameters_set_are_used);
    tcase_add_test(use, inputs_may_come_from_anywhere);
    tcase_add_test(use, bad_inputs_are_found);
    tcase_add_test(use, finite_inputs_are_called_finite);
    tcase_add_test(use, memory_may_run_out);
    return suite_main(suite);
}
