/* Memory that runs out at every possible place, in longer sequences of calls and with several threads:
 * DAE_ERROR_MEMORY, nothing leaked, all objects as before, and the call works at once when there is memory
 * again. That no call at all has been forgotten is the business of tests/boundary/walk.c, which takes each
 * function of the headers alone. */
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An attempt makes all of its objects by the watched allocator. The objects are freed at its end, whatever
 * happened on the way: `status` is the first failure. */
typedef struct {
    dae_status status;
    dae_model *model, *made;
    dae_layer *layer[3];
    dae_optimizer *optimizer;
    dae_trainer *trainer;
    dae_dataset *data, *validation, *source;
    dae_noise *noise;
    dae_session *session;
    dae_report *report;
} objects;

static void free_all(objects *o) {
    dae_report_free(o->report);
    dae_session_free(o->session);
    dae_noise_free(o->noise);
    dae_dataset_free(o->data);
    dae_dataset_free(o->validation);
    dae_dataset_free(o->source);
    dae_trainer_free(o->trainer);
    dae_optimizer_free(o->optimizer);
    for (size_t i = 0; i < 3; i++)
        dae_layer_free(o->layer[i]);
    dae_model_free(o->made);
    dae_model_free(o->model);
}

/* Goes on only while nothing has failed. */
#define does(o, call)              \
    do {                           \
        if ((o)->status == DAE_OK) \
            (o)->status = (call);  \
    } while (0)

/* Makes the call; if memory fails it, runs `unchanged`, and then makes the call again with enough memory:
 * it must work now. The attempt still ends with the failure. */
#define does_or_again(o, call, unchanged)          \
    do {                                           \
        if ((o)->status == DAE_OK) {               \
            (o)->status = (call);                  \
            if ((o)->status == DAE_ERROR_MEMORY) { \
                unchanged;                         \
                heap_fail_at(0, false);            \
                ok(call);                          \
            }                                      \
        }                                          \
    } while (0)

enum { SIZE = 12, HIDDEN = 5, SAMPLES = 20, PARAMETERS = 2 * SIZE * HIDDEN + HIDDEN + SIZE };

static void check_counts(const dae_model *model, size_t layers, size_t parameters) {
    size_t layer_count = 99, parameter_count = 99;
    ok(dae_model_get_layer_count(model, &layer_count));
    ok(dae_model_get_parameter_count(model, &parameter_count));
    ck_assert_uint_eq(layer_count, layers);
    ck_assert_uint_eq(parameter_count, parameters);
}

/* A layer that is in no model can still be added to one; the watched memory is enough for that. */
static void check_not_added(dae_layer *layer, size_t inputs) {
    dae_model *other = NULL;
    heap_fail_at(0, false);
    ok(dae_model_create(&other, 1, &inputs));
    ok(dae_model_add(other, layer));
    dae_model_free(other);
}

/* 12 -> dense 5 -> dropout -> dense 12; a failed add leaves the model and the layer as they were. */
static void make_model(objects *o) {
    does(o, dae_layer_create_dense(&o->layer[0], HIDDEN, "relu"));
    does(o, dae_layer_parse(&o->layer[1], "dropout(0.25)"));
    does(o, dae_layer_create_dense(&o->layer[2], SIZE, "leaky_relu"));
    does(o, dae_model_create(&o->model, 2, (const size_t[]){3, 4}));
    does_or_again(o, dae_model_add(o->model, o->layer[0]), check_counts(o->model, 0, 0));
    does_or_again(o, dae_model_add(o->model, o->layer[1]), check_counts(o->model, 1, 65));
    does_or_again(o, dae_model_add(o->model, o->layer[2]), check_counts(o->model, 2, 65));
    does_or_again(o, dae_model_initialize(o->model, 4), check_counts(o->model, 3, PARAMETERS));
}

/* With several threads there is a way out of some failures: fewer threads do the work. */
static void every_allocation_may_fail(attempt_fn attempt, void *user) {
    for (int ever_after = 0; ever_after < 2; ever_after++) {
        heap_watch();
        for (size_t k = 1, before = 0; heap_requests() - before >= k - 1; k++) {
            ck_assert_uint_lt(k, 100000);
            before = heap_requests();
            heap_fail_at(k, ever_after != 0);
            dae_status status = attempt(user);
            heap_fail_at(0, false);
            ck_assert_msg(status == DAE_OK || status == DAE_ERROR_MEMORY, "allocation %zu failed, got %s: %s",
                          k, dae_status_name(status), dae_last_error());
            ck_assert_msg(heap_live() == 0, "%zu blocks leaked when allocation %zu failed", heap_live(), k);
        }
        heap_unwatch();
    }
}

/* ---- Models ----------------------------------------------------------------------------------- */

static dae_status attempt_model(void *user) {
    objects o = {0};
    (void)user;
    make_model(&o);
    free_all(&o);
    return o.status;
}

START_TEST(making_a_model) {
    ck_assert_uint_ge(every_allocation_fails(attempt_model, NULL), 5);
}
END_TEST

static void has_parameters(const dae_model *model, const float *expected) {
    float now[PARAMETERS];
    ok(dae_model_get_parameters(model, now, PARAMETERS));
    same_floats(now, expected, PARAMETERS);
}

/* Drawing anew must not lose the parameters that are there. */
static dae_status attempt_initialize_again(void *user) {
    objects o = {0};
    float before[PARAMETERS];
    (void)user;
    make_model(&o);
    if (o.status == DAE_OK)
        ok(dae_model_get_parameters(o.model, before, PARAMETERS));
    does_or_again(&o, dae_model_initialize(o.model, 5), has_parameters(o.model, before));
    free_all(&o);
    return o.status;
}

START_TEST(initializing_again) {
    every_allocation_fails(attempt_initialize_again, NULL);
}
END_TEST

/* The objects below stand on a model that was made, trained and freed without a watch. */
static dae_model *trained;
static float *parameters;
static size_t parameter_count;

static void make_trained(void) {
    trained = trained_model();
    parameters = parameters_of(trained, &parameter_count);
}

static void free_trained(void) {
    dae_model_free(trained);
    free(parameters);
}

static void model_unchanged(void) {
    float *now = parameters_of(trained, NULL);
    same_floats(now, parameters, parameter_count);
    free(now);
}

static dae_status attempt_slice_and_copy(void *user) {
    objects o = {0};
    dae_model *again = NULL;
    (void)user;
    does_or_again(&o, dae_model_slice(&o.made, trained, "0", NULL), ck_assert(o.made == NULL));
    does_or_again(&o, dae_model_copy(&o.model, o.made), ck_assert(o.model == NULL));
    does_or_again(&o, dae_model_copy(&again, trained), ck_assert(again == NULL));
    model_unchanged();
    dae_model_free(again);
    free_all(&o);
    return o.status;
}

START_TEST(slicing_and_copying) {
    ck_assert_uint_ge(every_allocation_fails(attempt_slice_and_copy, NULL), 3);
}
END_TEST

static dae_status attempt_look(void *user) {
    objects o = {0};
    char text[2000];
    size_t length = 0;
    (void)user;
    does_or_again(&o, dae_model_describe(trained, text, sizeof text, &length), ck_assert(length == 0));
    does_or_again(&o, dae_model_get_noise(trained, &o.noise), ck_assert(o.noise == NULL));
    model_unchanged();
    free_all(&o);
    return o.status;
}

START_TEST(describing) {
    every_allocation_fails(attempt_look, NULL);
}
END_TEST

/* ---- Files ------------------------------------------------------------------------------------ */

static dae_status attempt_file(void *user) {
    objects o = {0};
    const char *path = user;
    does_or_again(&o, dae_model_save(trained, path), model_unchanged());
    does_or_again(&o, dae_model_load(&o.made, path), ck_assert(o.made == NULL));
    if (o.status == DAE_OK)
        same_parameters(o.made, trained);
    free_all(&o);
    return o.status;
}

START_TEST(saving_and_loading) {
    char path[4096];
    strcpy(path, temp_path("model.safetensors"));
    ok(dae_model_save(trained, path));
    ck_assert_uint_ge(every_allocation_fails(attempt_file, path), 3);
}
END_TEST

/* A save that fails for want of memory leaves the file that was there. */
START_TEST(saving_keeps_the_old_file) {
    char path[4096];
    size_t size = 0, after_size = 0, k = 1;
    strcpy(path, temp_path("old.safetensors"));
    ok(dae_model_save(trained, path));
    unsigned char *before = read_file(path, &size);
    ok(dae_model_initialize(trained, 12345));
    heap_watch();
    for (dae_status status = DAE_ERROR_MEMORY; status != DAE_OK; k++) {
        heap_fail_at(k, true);
        status = dae_model_save(trained, path);
        heap_fail_at(0, false);
        unsigned char *after = read_file(path, &after_size);
        ck_assert((after_size == size && memcmp(after, before, size) == 0) == (status != DAE_OK));
        free(after);
    }
    heap_unwatch();
    free(before);
}
END_TEST

static dae_status attempt_bytes(void *user) {
    objects o = {0};
    static unsigned char bytes[8192];
    size_t size = 0;
    (void)user;
    does_or_again(&o, dae_model_serialize(trained, NULL, 0, &size), ck_assert(size == 0));
    does_or_again(&o, dae_model_serialize(trained, bytes, sizeof bytes, &size), model_unchanged());
    does_or_again(&o, dae_model_deserialize(&o.made, bytes, size), ck_assert(o.made == NULL));
    free_all(&o);
    return o.status;
}

START_TEST(serializing) {
    ck_assert_uint_ge(every_allocation_fails(attempt_bytes, NULL), 1);
}
END_TEST

/* ---- Sessions and reports --------------------------------------------------------------------- */

static dae_status attempt_session(void *user) {
    objects o = {0};
    float inputs[3 * SIZE] = {0}, outputs[3 * SIZE];
    (void)user;
    does_or_again(&o, dae_session_create(&o.session, trained, 2), ck_assert(o.session == NULL));
    does(&o, dae_session_run(o.session, inputs, 3, outputs));
    free_all(&o);
    return o.status;
}

START_TEST(sessions) {
    ck_assert_uint_ge(every_allocation_fails(attempt_session, NULL), 1);
}
END_TEST

static dae_status attempt_evaluate(void *user) {
    objects o = {0};
    double mse = 0;
    dae_dataset *data = user;
    does_or_again(&o, dae_model_evaluate(&o.report, trained, data), ck_assert(o.report == NULL));
    does(&o, dae_report_get(o.report, "mse", &mse));
    model_unchanged();
    free_all(&o);
    return o.status;
}

/* _i threads */
START_TEST(evaluating) {
    dae_dataset *data = corrupted(random_dataset(700, SIZE, 0, 1, 3), "gaussian(stddev=9)", DAE_NOISE_FRESH,
                                  4);
    ok(dae_set_num_threads((size_t)_i));
    if (_i == 1)
        ck_assert_uint_ge(every_allocation_fails(attempt_evaluate, data), 2);
    else
        every_allocation_may_fail(attempt_evaluate, data);
    dae_dataset_free(data);
}
END_TEST

/* ---- Training --------------------------------------------------------------------------------- */

static dae_status attempt_optimizers(void *user) {
    objects o = {0};
    dae_optimizer *sgd = NULL;
    (void)user;
    does_or_again(&o, dae_optimizer_create_adam(&o.optimizer, 1e-3), ck_assert(o.optimizer == NULL));
    does_or_again(&o, dae_optimizer_create_sgd(&sgd, 1e-3), ck_assert(sgd == NULL));
    dae_optimizer_free(sgd);
    free_all(&o);
    return o.status;
}

START_TEST(optimizers) {
    ck_assert_uint_eq(every_allocation_fails(attempt_optimizers, NULL), 2);
}
END_TEST

/* What a training without any failure ends in. */
typedef struct {
    float *parameters;
    double loss;
    /* Of the first fit; a second one has one epoch. */
    size_t epochs;
} ending;

static void nothing_happened(const objects *o, const float *before, size_t epochs, uint64_t steps) {
    has_parameters(o->model, before);
    ck_assert_uint_eq(epochs_of(o->trainer), epochs);
    ck_assert_uint_eq(steps_of(o->trainer), steps);
}

static void make_trainer(objects *o) {
    float *samples = random_floats(SAMPLES * SIZE, 0, 1, 8);
    make_model(o);
    does(o, dae_optimizer_create_adam(&o->optimizer, 1e-2));
    does_or_again(o, dae_trainer_create(&o->trainer, o->model, o->optimizer, "mse"),
                  ck_assert(o->trainer == NULL));
    does(o, dae_dataset_copy_array(&o->source, samples, SAMPLES, 1, (const size_t[]){SIZE}));
    does(o, dae_noise_parse(&o->noise, "masking(rate=0.2) | gaussian(stddev=0.1)"));
    does(o, dae_dataset_corrupt(&o->data, o->source, o->noise, DAE_NOISE_FRESH, 6));
    does(o, dae_dataset_slice(&o->validation, o->source, 3, 9));
    does_or_again(o, dae_trainer_set_batch_size(o->trainer, 8), (void)0);
    does_or_again(o, dae_trainer_set_validation(o->trainer, o->validation), (void)0);
    free(samples);
}

/* Fits some epochs and then one. A fit that failed is made again: it must end as if nothing had been. */
static dae_status attempt_fit(void *user) {
    ending *expected = user;
    objects o = {0};
    float before[PARAMETERS] = {0}, after[PARAMETERS];
    make_trainer(&o);
    if (o.status == DAE_OK)
        ok(dae_model_get_parameters(o.model, before, PARAMETERS));
    does_or_again(&o, dae_trainer_fit(o.trainer, o.data, expected->epochs),
                  nothing_happened(&o, before, 0, 0));
    if (o.trainer != NULL && epochs_of(o.trainer) == expected->epochs) {
        ok(dae_model_get_parameters(o.model, before, PARAMETERS));
        does_or_again(&o, dae_trainer_fit(o.trainer, o.data, 1),
                      nothing_happened(&o, before, expected->epochs, expected->epochs * 3));
    }
    if (o.trainer != NULL && epochs_of(o.trainer) == expected->epochs + 1) {
        double *loss = history_of(o.trainer, "loss", NULL);
        ok(dae_model_get_parameters(o.model, after, PARAMETERS));
        if (expected->parameters == NULL) {
            expected->parameters = must_have(sizeof after);
            memcpy(expected->parameters, after, sizeof after);
            expected->loss = loss[expected->epochs];
        }
        same_floats(after, expected->parameters, PARAMETERS);
        ck_assert(loss[expected->epochs] == expected->loss);
        free(loss);
    }
    free_all(&o);
    return o.status;
}

/* A history of many epochs needs memory too, which must be there before the first step. */
START_TEST(fitting_many_epochs) {
    ending expected = {NULL, 0, 130};
    ok(dae_set_num_threads(1));
    every_allocation_fails(attempt_fit, &expected);
    free(expected.parameters);
}
END_TEST

/* _i threads */
START_TEST(fitting) {
    ending expected = {NULL, 0, 2};
    ok(dae_set_num_threads((size_t)_i));
    ok(attempt_fit(&expected));
    if (_i == 1)
        ck_assert_uint_ge(every_allocation_fails(attempt_fit, &expected), 12);
    else
        every_allocation_may_fail(attempt_fit, &expected);
    free(expected.parameters);
}
END_TEST

/* Steps of growing size, so that each may need more memory than there is. */
static dae_status attempt_step(void *user) {
    static const size_t counts[] = {3, 3, 20, 1, 64};
    objects o = {0};
    float before[PARAMETERS] = {0};
    float *x = random_floats(64 * SIZE, 0, 1, 8);
    double loss = 0;
    (void)user;
    make_trainer(&o);
    for (size_t i = 0; i < 5 && o.status == DAE_OK; i++) {
        ok(dae_model_get_parameters(o.model, before, PARAMETERS));
        does_or_again(&o, dae_trainer_step(o.trainer, x, x, counts[i], &loss),
                      nothing_happened(&o, before, 0, i));
    }
    free(x);
    free_all(&o);
    return o.status;
}

START_TEST(stepping) {
    ok(dae_set_num_threads((size_t)_i));
    if (_i == 1)
        ck_assert_uint_ge(every_allocation_fails(attempt_step, NULL), 12);
    else
        every_allocation_may_fail(attempt_step, NULL);
}
END_TEST

/* A call that gets by without some memory succeeds, and so says nothing. */
START_TEST(success_leaves_the_message_alone) {
    objects o = {0};
    char message[1024];
    ok(dae_set_num_threads(2));
    make_trainer(&o);
    ok(dae_trainer_fit(o.trainer, o.data, 1));
    fails(dae_model_initialize(NULL, 0), DAE_ERROR_ARGUMENT, "model");
    strcpy(message, dae_last_error());
    heap_watch();
    for (size_t k = 1, before = 0; heap_requests() - before >= k - 1; k++) {
        before = heap_requests();
        heap_fail_at(k, false);
        dae_status status = dae_trainer_fit(o.trainer, o.data, 1);
        if (status == DAE_OK)
            ck_assert_str_eq(dae_last_error(), message);
        fails(dae_model_initialize(NULL, 0), DAE_ERROR_ARGUMENT, "model");
    }
    heap_fail_at(0, false);
    free_all(&o);
    heap_unwatch();
}
END_TEST

/* Objects may be freed when another allocator is in force than the one that they came from. */
START_TEST(allocators_may_change) {
    objects o = {0};
    heap_watch();
    make_trainer(&o);
    ok(o.status);
    ok(dae_trainer_fit(o.trainer, o.data, 1));
    ck_assert_uint_gt(heap_live(), 0);
    heap_limit(0); /* from here on everything fails, and freeing works */
    fails(dae_model_copy(&o.made, o.model), DAE_ERROR_MEMORY, "");
    free_all(&o);
    heap_unwatch();
}
END_TEST

static int32_t read_zeros(uint64_t first, size_t count, float *out, void *user) {
    (void)first, (void)count, (void)user;
    out[0] = 0; /* is not called: there is no memory for what it would fill */
    return 0;
}

/* Products of sizes that just fit into a size_t, and those that just do not: dropout takes samples of any
 * size, and a dataset may claim them. */
START_TEST(products_of_huge_sizes) {
    const size_t huge[] = {SIZE_MAX / 64 + 1};
    objects o = {0};
    heap_watch();
    heap_limit((size_t)64 << 20);
    ok(dae_model_create(&o.model, 1, huge));
    ok(dae_model_extend(o.model, "dropout(0.5) | dropout(0.5)")); /* a value between them needs memory */
    if (sizeof(size_t) > sizeof(int))
        fails(dae_model_extend(o.model, "dense(2147483647)"), DAE_ERROR_SHAPE, "dense");
    else
        fails(dae_model_extend(o.model, "dense(2147483647)"), DAE_ERROR_ARGUMENT, "parameters");
    ok(dae_model_initialize(o.model, 1));
    fails(dae_session_create(&o.session, o.model, 64), DAE_ERROR_ARGUMENT, "max_batch");
    fails(dae_session_create(&o.session, o.model, 63), DAE_ERROR_MEMORY, "");
    fails(dae_dataset_create_callback(&o.data, 8, 1, huge, read_zeros, NULL, NULL), DAE_ERROR_ARGUMENT, "8");
    ok(dae_dataset_create_callback(&o.data, 7, 1, huge, read_zeros, NULL, NULL));
    fails(dae_dataset_view(&o.source, o.data, "cache", 0), DAE_ERROR_MEMORY, "");
    fails(dae_model_evaluate(&o.report, o.model, o.data), DAE_ERROR_MEMORY, "");
    ok(dae_optimizer_create_adam(&o.optimizer, 1e-3));
    ok(dae_trainer_create(&o.trainer, o.model, o.optimizer, "mse"));
    fails(dae_trainer_fit(o.trainer, o.data, 1), DAE_ERROR_MEMORY, "");
    fails(dae_trainer_step(o.trainer, &(float){0}, &(float){0}, 1 << 20, NULL), DAE_ERROR_MEMORY, "");
    check_counts(o.model, 2, 0);
    free_all(&o);
    heap_unwatch();
}
END_TEST

/* The parameters of one layer can still be addressed as double, those of two cannot. */
START_TEST(sums_of_many_parameters) {
    const size_t width = (size_t)1 << (SIZE_MAX > UINT32_MAX ? 30 : 14);
    objects o = {0};
    heap_watch();
    heap_limit((size_t)64 << 20);
    ok(dae_model_create(&o.model, 1, (const size_t[]){width}));
    ok(dae_layer_create_dense(&o.layer[0], width, "relu"));
    ok(dae_layer_create_dense(&o.layer[1], width, "relu"));
    ok(dae_layer_create_dense(&o.layer[2], INT32_MAX, "relu"));
    ok(dae_model_add(o.model, o.layer[0]));
    fails(dae_model_add(o.model, o.layer[1]), DAE_ERROR_ARGUMENT, "parameters");
    fails(dae_model_add(o.model, o.layer[2]), DAE_ERROR_ARGUMENT, "parameters");
    check_counts(o.model, 1, width * width + width);
    fails(dae_model_initialize(o.model, 1), DAE_ERROR_MEMORY, "");
    check_not_added(o.layer[1], 1); /* still in no model */
    free_all(&o);
    heap_unwatch();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("memory");
    TCase *making = add_case(suite, "making");
    tcase_add_test(making, making_a_model);
    tcase_add_test(making, initializing_again);
    TCase *models = add_case(suite, "models");
    tcase_add_checked_fixture(models, make_trained, free_trained);
    tcase_add_test(models, slicing_and_copying);
    tcase_add_test(models, describing);
    tcase_add_test(models, saving_and_loading);
    tcase_add_test(models, saving_keeps_the_old_file);
    tcase_add_test(models, serializing);
    tcase_add_test(models, sessions);
    tcase_add_loop_test(models, evaluating, 1, 3);
    TCase *training = add_case(suite, "training");
    tcase_add_test(training, optimizers);
    tcase_add_loop_test(training, fitting, 1, 3);
    tcase_add_test(training, fitting_many_epochs);
    tcase_add_loop_test(training, stepping, 1, 3);
    tcase_add_test(training, success_leaves_the_message_alone);
    tcase_add_test(training, allocators_may_change);
    TCase *sizes = add_case(suite, "sizes");
    tcase_add_test(sizes, products_of_huge_sizes);
    tcase_add_test(sizes, sums_of_many_parameters);
    return suite_main(suite);
}
