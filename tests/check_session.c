/* Sessions: outputs against an independent forward pass in double precision, batches of any size, no
 * allocation, samples that do not touch each other, and many threads on one model. */
#include "network.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static dae_session *session_of(dae_model *model, size_t max_batch) {
    dae_session *session = NULL;
    ok(dae_session_create(&session, model, max_batch));
    return session;
}

/* The model with weights that reach every part of the activations, and biases away from 0. */
static dae_model *lively_model(const network *net) {
    dae_model *model = network_model(net, 1);
    size_t count = network_parameters(net);
    float *values = random_floats(count, -0.5, 0.5, 9);
    ok(dae_model_set_parameters(model, values, count));
    free(values);
    return model;
}

/* All outputs are within `tolerance` of those in double precision. */
static void agree(const network *net, const dae_model *model, const float *inputs, size_t count,
                  const float *outputs, double tolerance) {
    double *parameters = doubles_of(model), expected[NETWORK_MAX_UNITS], logits[NETWORK_MAX_UNITS];
    size_t size = network_outputs(net);
    for (size_t b = 0; b < count; b++) {
        network_forward(net, parameters, inputs + b * net->inputs, expected, logits);
        for (size_t n = 0; n < size; n++)
            ck_assert_msg(fabs((double)outputs[b * size + n] - expected[n]) <= tolerance,
                          "%zu samples: output %zu of sample %zu is %.9g, not %.9g", count, n, b,
                          (double)outputs[b * size + n], expected[n]);
    }
    free(parameters);
}

/* ---- Values ----------------------------------------------------------------------------------- */

START_TEST(outputs_are_those_in_double_precision) {
    enum { MOST = 100 };
    const size_t counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 31, 32, 33, MOST};
    const size_t max_batches[] = {1, 8, 16, 64};
    network net = {37,
                   3,
                   {{19, ACTIVATION[_i]},
                    {65, ACTIVATION[(_i + 1) % ACTIVATIONS]},
                    {23, ACTIVATION[(_i + 2) % ACTIVATIONS]}},
                   0.2};
    dae_model *model = lively_model(&net);
    float *inputs = random_floats(MOST * 37, -1, 1, 4), outputs[MOST * 23], untouched[MOST * 23];
    memset(untouched, 0xFF, sizeof untouched);
    for (size_t m = 0; m < 4; m++) {
        dae_session *session = session_of(model, max_batches[m]);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            memset(outputs, 0xFF, sizeof outputs);
            ok(dae_session_run(session, inputs, counts[i], outputs));
            agree(&net, model, inputs, counts[i], outputs, 1e-5);
            same_floats(outputs + counts[i] * 23, untouched, (MOST - counts[i]) * 23);
        }
        dae_session_free(session);
    }
    free(inputs);
    dae_model_free(model);
}
END_TEST

START_TEST(outputs_of_the_reference_experiment_agree) {
    enum { SAMPLES = 300 };
    const size_t counts[] = {1, 20, SAMPLES};
    network net = autoencoder(784, 128, "relu", "sigmoid");
    dae_model *model = network_model(&net, 1);
    float *inputs = random_floats(SAMPLES * 784, 0, 1, 4),
          *outputs = must_have(SAMPLES * 784 * sizeof(float));
    dae_session *session = session_of(model, 256);
    for (size_t i = 0; i < 3; i++) {
        ok(dae_session_run(session, inputs, counts[i], outputs));
        agree(&net, model, inputs, counts[i], outputs, 2e-6);
    }
    dae_session_free(session);
    dae_model_free(model);
    free(inputs);
    free(outputs);
}
END_TEST

/* One layer of weight 1: the activation itself, over its whole range. */
START_TEST(activations_hold_over_the_whole_range) {
    enum { POINTS = 4001 };
    const network net = {1, 1, {{1, ACTIVATION[_i]}}, 0.25};
    dae_model *model = network_model(&net, 1);
    float inputs[POINTS], outputs[POINTS];
    double parameters[2] = {1, 0}, expected, logit;
    for (size_t i = 0; i < POINTS; i++) {
        double x = ((double)i - POINTS / 2) / (POINTS / 2);
        inputs[i] = (float)(x * x * x * 200);
    }
    inputs[0] = -FLT_MAX;
    inputs[1] = -1e4f;
    inputs[POINTS - 2] = 1e4f;
    inputs[POINTS - 1] = FLT_MAX;
    ok(dae_model_set_parameters(model, (const float[]){1.0f, 0.0f}, 2));
    dae_session *session = session_of(model, POINTS);
    ok(dae_session_run(session, inputs, POINTS, outputs));
    for (size_t i = 0; i < POINTS; i++) {
        network_forward(&net, parameters, &inputs[i], &expected, &logit);
        /* as close as float32 is at this size, with some room for a fast exp() */
        near(outputs[i], expected, 5e-7 * fmin(fabs(expected), 1) + 1e-7 * fabs(expected) + 1e-37);
    }
    dae_session_free(session);
    dae_model_free(model);
}
END_TEST

START_TEST(dropout_has_no_part) {
    dae_model *model = model_from(1, "input(20) | dropout(0.9)");
    float *inputs = random_floats(200, -5, 5, 4), outputs[200];
    dae_session *session = session_of(model, 4);
    ok(dae_session_run(session, inputs, 10, outputs));
    same_floats(outputs, inputs, 200);
    dae_session_free(session);
    dae_model_free(model);
    free(inputs);
}
END_TEST

START_TEST(new_parameters_are_seen) {
    const network net = {2, 1, {{1, "linear"}}, 0};
    dae_model *model = network_model(&net, 1);
    dae_session *session = session_of(model, 1);
    const float input[] = {3.0f, 5.0f};
    float output = 0;
    for (int i = 0; i < 3; i++) {
        const float parameters[] = {(float)i, 1.0f, 0.5f};
        ok(dae_model_set_parameters(model, parameters, 3));
        if (i == 2)
            dae_model_free(model); /* the session holds it */
        ok(dae_session_run(session, input, 1, &output));
        near(output, 3 * i + 5.5, 0);
    }
    dae_session_free(session);
}
END_TEST

/* Ways to change parameters, of which what is kept of weights has to hear. */
static void set_all(dae_model *model) {
    size_t count;
    ok(dae_model_get_parameter_count(model, &count));
    float *values = random_floats(count, -1, 1, 7);
    ok(dae_model_set_parameters(model, values, count));
    free(values);
}

static void set_one(dae_model *model) {
    const float weight[9] = {1, 2, 3};
    ok(dae_model_set_tensor(model, "c.weight", weight, 9));
}

static void draw_anew(dae_model *model) {
    ok(dae_model_initialize(model, 8));
}

static void copy_from_another(dae_model *model) {
    dae_model *other = model_from(9, "input(1, 8) | conv1d(3, 3) as c");
    ok(dae_model_copy_parameters(model, other, NULL));
    dae_model_free(other);
}

static void change_a_slice(dae_model *model) {
    dae_model *slice = NULL;
    ok(dae_model_slice(&slice, model, "input", "c"));
    set_one(slice);
    dae_model_free(slice);
}

/* A step, or where a checkpoint was before it. */
static void train_one_step(dae_model *model, bool go_back) {
    dae_optimizer *sgd = NULL;
    dae_trainer *trainer = NULL;
    const float x[8] = {1, -2, 3}, t[8] = {5, 4};
    unsigned char bytes[1 << 14];
    size_t size;
    double loss;
    ok(dae_optimizer_parse(&sgd, "sgd(0.1)"));
    ok(dae_trainer_create(&trainer, model, sgd, "mse"));
    ok(dae_trainer_serialize_checkpoint(trainer, bytes, sizeof bytes, &size));
    if (go_back)
        draw_anew(model);
    if (go_back)
        ok(dae_trainer_deserialize_checkpoint(trainer, bytes, size));
    else
        ok(dae_trainer_step(trainer, x, t, 1, &loss));
    dae_trainer_free(trainer);
    dae_optimizer_free(sgd);
}

static void take_a_step(dae_model *model) {
    train_one_step(model, false);
}

static void go_back(dae_model *model) {
    train_one_step(model, true);
}

static void (*const changes[])(dae_model *) = {set_all,           set_one,        draw_anew,
                                               copy_from_another, change_a_slice, take_a_step};

START_TEST(every_change_is_seen) {
    dae_model *model = model_from(1, "input(1, 8) | conv1d(3, 3) as c | conv1d(1, 3)");
    dae_session *session = session_of(model, 1), *fresh;
    const float input[8] = {1, -2, 3, 0.5f, 4};
    float before[8], after[8], expected[8];
    ok(dae_session_run(session, input, 1, before));
    go_back(model);
    ok(dae_session_run(session, input, 1, after));
    same_floats(after, before, 8);
    changes[_i](model);
    ok(dae_session_run(session, input, 1, after));
    fresh = session_of(model, 1);
    ok(dae_session_run(fresh, input, 1, expected));
    same_floats(after, expected, 8);
    ck_assert_mem_ne(after, before, sizeof after);
    dae_session_free(fresh);
    dae_session_free(session);
    dae_model_free(model);
}
END_TEST

/* ---- Samples on their own --------------------------------------------------------------------- */

/* A NaN, or an infinity that turns into one, shows in its own sample and nowhere else. */
START_TEST(a_nan_stays_in_its_sample) {
    const size_t counts[] = {1, 2, 5, 8, 9, 16, 40};
    const network net = {21, 2, {{18, ACTIVATION[_i]}, {13, ACTIVATION[_i]}}, 0.3};
    dae_model *model = lively_model(&net);
    float *inputs = random_floats(40 * 21, -1, 1, 4), clean[40 * 13], outputs[40 * 13];
    dae_session *session = session_of(model, 40);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (size_t bad = 0; bad < counts[c]; bad++) {
            size_t at = bad * 21 + bad % 21;
            float kept = inputs[at];
            ok(dae_session_run(session, inputs, counts[c], clean));
            inputs[at] = NAN;
            ok(dae_session_run(session, inputs, counts[c], outputs));
            inputs[at] = kept;
            same_floats(outputs, clean, bad * 13);
            same_floats(outputs + (bad + 1) * 13, clean + (bad + 1) * 13, (counts[c] - bad - 1) * 13);
            for (size_t n = 0; n < 13; n++)
                ck_assert_msg(isnan(outputs[bad * 13 + n]), "activation %d hides a NaN", _i);
        }
    dae_session_free(session);
    dae_model_free(model);
    free(inputs);
}
END_TEST

START_TEST(running_leaves_the_processor_as_it_was) {
    const network net = autoencoder(40, 20, "relu", "sigmoid");
    dae_model *model = network_model(&net, 1);
    dae_session *session = session_of(model, 64);
    float *inputs = random_floats(64 * 40, -1, 1, 4), outputs[64 * 40];
    volatile float tiny = FLT_MIN, half = 0.5f;
    ok(dae_session_run(session, inputs, 64, outputs));
    ck_assert_msg(tiny * half > 0, "denormal numbers are flushed after a run");
    dae_session_free(session);
    dae_model_free(model);
    free(inputs);
}
END_TEST

/* ---- Memory, threads, arguments --------------------------------------------------------------- */

START_TEST(running_allocates_nothing) {
    const network net = autoencoder(50, 33, "tanh", "sigmoid");
    float *inputs = random_floats(100 * 50, -1, 1, 4), *outputs = must_have(100 * 50 * sizeof(float));
    heap_watch();
    dae_model *model = network_model(&net, 1);
    dae_session *session = session_of(model, 32);
    size_t requests = heap_requests();
    ck_assert_uint_gt(requests, 0);
    heap_fail_at(1, true);
    for (size_t count = 1; count <= 100; count++)
        ok(dae_session_run(session, inputs, count, outputs));
    ck_assert_uint_eq(heap_requests(), requests);
    heap_fail_at(0, false);
    dae_session_free(session);
    dae_model_free(model);
    heap_unwatch();
    free(inputs);
    free(outputs);
}
END_TEST

enum { THREADS = 8, ROUNDS = 30, MANY = 70, WIDE = 61 };

typedef struct {
    dae_model *model;
    const float *inputs;
    const float *expected[2];
    bool same;
} reader;

/* Runs one sample at a time and all at once, again and again, in a session of its own. */
static void *read_often(void *user) {
    reader *r = user;
    dae_session *session = NULL;
    float *outputs = malloc(MANY * WIDE * sizeof *outputs);
    r->same = outputs != NULL && dae_session_create(&session, r->model, MANY) == DAE_OK;
    for (int round = 0; r->same && round < ROUNDS; round++) {
        r->same = dae_session_run(session, r->inputs, MANY, outputs) == DAE_OK &&
                  first_difference(outputs, r->expected[0], MANY * WIDE) == MANY * WIDE;
        for (size_t i = 0; r->same && i < MANY; i++)
            r->same = dae_session_run(session, r->inputs + i * WIDE, 1, outputs + i * WIDE) == DAE_OK;
        r->same = r->same && first_difference(outputs, r->expected[1], MANY * WIDE) == MANY * WIDE;
    }
    dae_session_free(session);
    free(outputs);
    return NULL;
}

START_TEST(many_threads_run_one_model) {
    const network net = autoencoder(WIDE, 40, "relu", "sigmoid");
    dae_model *model = network_model(&net, 1);
    float *inputs = random_floats(MANY * WIDE, -1, 1, 4), *all = must_have(MANY * WIDE * sizeof(float));
    float *single = must_have(MANY * WIDE * sizeof(float));
    dae_session *session = session_of(model, MANY);
    reader readers[THREADS];
    pthread_t threads[THREADS];
    ok(dae_session_run(session, inputs, MANY, all));
    for (size_t i = 0; i < MANY; i++)
        ok(dae_session_run(session, inputs + i * WIDE, 1, single + i * WIDE));
    for (size_t i = 0; i < THREADS; i++) {
        readers[i] = (reader){model, inputs, {all, single}, false};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_often, &readers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_msg(readers[i].same, "thread %zu had other outputs", i);
    }
    dae_session_free(session);
    dae_model_free(model);
    free(inputs);
    free(all);
    free(single);
}
END_TEST

/* ---- One session, many threads: refused ------------------------------------------------------- */

typedef struct {
    dae_session *session;
    const float *inputs, *expected;
    atomic_bool *refused; /* some call of some thread has been */
    bool right;
} intruder;

/* Runs a session that others run, too: until one of all calls has been refused, those that return DAE_OK are right. */
static void *run_until_refused(void *user) {
    intruder *i = user;
    float *outputs = malloc(MANY * WIDE * sizeof *outputs);
    i->right = outputs != NULL;
    while (i->right && !atomic_load(i->refused)) {
        memset(outputs, 0xFF, MANY * WIDE * sizeof *outputs);
        dae_status status = dae_session_run(i->session, i->inputs, MANY, outputs);
        if (status == DAE_OK)
            i->right = first_difference(outputs, i->expected, MANY * WIDE) == MANY * WIDE;
        else
            i->right = status == DAE_ERROR_STATE && message_has("dae_session_run: the session is in use");
        if (status != DAE_OK)
            atomic_store(i->refused, true);
    }
    free(outputs);
    return NULL;
}

START_TEST(a_session_is_used_by_one_thread_at_a_time) {
    const network net = autoencoder(WIDE, 40, "relu", "sigmoid");
    dae_model *model = network_model(&net, 1);
    float *inputs = random_floats(MANY * WIDE, -1, 1, 4), *expected = must_have(MANY * WIDE * sizeof(float));
    dae_session *session = session_of(model, 1);
    intruder intruders[THREADS];
    pthread_t threads[THREADS];
    ok(dae_session_run(session, inputs, MANY, expected));
    for (int round = 0; round < 5; round++) {
        atomic_bool refused = false;
        for (size_t i = 0; i < THREADS; i++) {
            intruders[i] = (intruder){session, inputs, expected, &refused, false};
            ck_assert_int_eq(pthread_create(&threads[i], NULL, run_until_refused, &intruders[i]), 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
            ck_assert_msg(intruders[i].right, "thread %zu had other outputs, or another refusal", i);
        }
    }
    /* which harms nothing */
    float *outputs = must_have(MANY * WIDE * sizeof(float));
    ok(dae_session_run(session, inputs, MANY, outputs));
    same_floats(outputs, expected, MANY * WIDE);
    dae_session_free(session);
    dae_model_free(model);
    free(inputs);
    free(expected);
    free(outputs);
}
END_TEST

static dae_session *changing;
static dae_status run_within, change_within;

/* An allocator that uses the session for which it allocates. */
static void *allocate_and_run(size_t size, void *user) {
    float input[WIDE] = {0}, output[WIDE];
    (void)user;
    if (changing != NULL) {
        run_within = dae_session_run(changing, input, 1, output);
        change_within = dae_session_set_precision(changing, DAE_PRECISION_FLOAT32);
    }
    return malloc(size);
}

static void release(void *memory, void *user) {
    (void)user;
    free(memory);
}

START_TEST(a_session_that_is_changed_is_in_use) {
    const network net = autoencoder(WIDE, 40, "relu", "sigmoid");
    float input[WIDE] = {0}, output[WIDE];
    ok(dae_set_allocator(allocate_and_run, release, NULL));
    dae_model *model = network_model(&net, 1);
    dae_session *session = session_of(model, 1);
    changing = session;
    ok(dae_session_set_precision(session, DAE_PRECISION_BFLOAT16));
    changing = NULL;
    ck_assert_int_eq(run_within, DAE_ERROR_STATE);
    ck_assert_int_eq(change_within, DAE_ERROR_STATE);
    fails(dae_session_set_precision(session, -1), DAE_ERROR_ARGUMENT, "precision");
    ok(dae_session_run(session, input, 1, output));
    ok(dae_session_set_precision(session, DAE_PRECISION_FLOAT32));
    dae_session_free(session);
    dae_model_free(model);
    ok(dae_set_allocator(NULL, NULL, NULL));
}
END_TEST

/* ---- Arguments -------------------------------------------------------------------------------- */

/* Inputs of 3 and outputs of 2 values, anywhere in one array: refused where they share a value. */
START_TEST(outputs_may_not_overlap_inputs) {
    enum { SAMPLES = 4, INPUTS = 3 * SAMPLES, OUTPUTS = 2 * SAMPLES, ALL = INPUTS + 2 * OUTPUTS };
    const network net = {3, 1, {{2, "tanh"}}, 0};
    dae_model *model = network_model(&net, 1);
    dae_session *session = session_of(model, 8);
    float *random = random_floats(ALL, -1, 1, 4), values[ALL], expected[OUTPUTS];
    ok(dae_session_run(session, random + OUTPUTS, SAMPLES, expected));
    for (size_t at = 0; at <= ALL - OUTPUTS; at++) {
        bool apart = at == 0 || at == OUTPUTS + INPUTS;
        memcpy(values, random, sizeof values);
        dae_status status = dae_session_run(session, values + OUTPUTS, SAMPLES, values + at);
        if (apart) {
            ok(status);
            same_floats(values + at, expected, OUTPUTS);
        } else {
            fails(status, DAE_ERROR_ARGUMENT, "inputs and outputs overlap");
            same_floats(values, random, ALL);
        }
    }
    dae_session_free(session);
    dae_model_free(model);
    free(random);
}
END_TEST

START_TEST(arguments_are_checked) {
    const network net = {2, 1, {{1, "linear"}}, 0};
    dae_model *model = network_model(&net, 1), *unset = NULL;
    dae_layer *layer = NULL;
    dae_session *session = NULL;
    float values[2] = {1, 2};
    ok(dae_model_create(&unset, 1, (const size_t[]){2}));
    ok(dae_layer_create_dense(&layer, 1, "linear"));
    fails(dae_session_create(&session, unset, 1), DAE_ERROR_STATE, "initialize");
    ok(dae_model_add(unset, layer));
    fails(dae_session_create(&session, unset, 1), DAE_ERROR_STATE, "initialize");
    fails(dae_session_create(NULL, model, 1), DAE_ERROR_ARGUMENT, "out");
    fails(dae_session_create(&session, NULL, 1), DAE_ERROR_ARGUMENT, "model");
    fails(dae_session_create(&session, model, 0), DAE_ERROR_ARGUMENT, "max_batch");
    dae_status status = dae_session_create(&session, model, SIZE_MAX);
    ck_assert(status == DAE_ERROR_MEMORY || status == DAE_ERROR_ARGUMENT);
    ck_assert_ptr_null(session);
    ok(dae_session_create(&session, model, 1));
    fails(dae_session_run(NULL, values, 1, values + 1), DAE_ERROR_ARGUMENT, "session");
    fails(dae_session_run(session, NULL, 1, values), DAE_ERROR_ARGUMENT, "inputs");
    fails(dae_session_run(session, values, 1, NULL), DAE_ERROR_ARGUMENT, "outputs");
    ck_assert(values[0] == 1 && values[1] == 2);
    dae_session_free(session);
    dae_session_free(NULL);
    dae_layer_free(layer);
    dae_model_free(unset);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("session");
    TCase *values = add_case(suite, "values");
    tcase_add_loop_test(values, outputs_are_those_in_double_precision, 0, 5);
    tcase_add_test(values, outputs_of_the_reference_experiment_agree);
    tcase_add_loop_test(values, activations_hold_over_the_whole_range, 0, ACTIVATIONS);
    tcase_add_test(values, dropout_has_no_part);
    tcase_add_test(values, new_parameters_are_seen);
    tcase_add_loop_test(values, every_change_is_seen, 0, sizeof changes / sizeof *changes);
    TCase *samples = add_case(suite, "samples on their own");
    tcase_add_loop_test(samples, a_nan_stays_in_its_sample, 0, 5);
    tcase_add_test(samples, running_leaves_the_processor_as_it_was);
    TCase *use = add_case(suite, "use");
    tcase_add_test(use, running_allocates_nothing);
    tcase_add_test(use, many_threads_run_one_model);
    tcase_add_test(use, a_session_is_used_by_one_thread_at_a_time);
    tcase_add_test(use, a_session_that_is_changed_is_in_use);
    tcase_add_test(use, outputs_may_not_overlap_inputs);
    tcase_add_test(use, arguments_are_checked);
    return suite_main(suite);
}
