/* Datasets of what a model makes of others: a session's values, however they are read; targets; training. */
#define _POSIX_C_SOURCE 200809L
#include "network.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 20, SAMPLES = 83 };

static const char *const networks[] = {
    "input(20) | dense(30, activation=sigmoid) as code",
    "input(20) | dense(33, activation=relu) as h | dense(tied=h, activation=tanh)",
    "input(20) | dense(7, activation=relu) | dropout(0.5) | dense(1500)",
    "input(20) | dense(40, activation=relu) as h | dense(50) | softmax",
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static size_t size_of(const dae_dataset *dataset) {
    size_t rank, shape[DAE_MAX_RANK], size = 1;
    ok(dae_dataset_get_shape(dataset, DAE_ALL_SAMPLES, &rank, shape));
    for (size_t i = 0; i < rank; i++)
        size *= shape[i];
    return size;
}

static size_t target_size_of(const dae_dataset *dataset) {
    size_t rank, shape[DAE_MAX_RANK], size = 1;
    ok(dae_dataset_get_target_shape(dataset, DAE_ALL_SAMPLES, &rank, shape));
    for (size_t i = 0; i < rank; i++)
        size *= shape[i];
    return size;
}

static dae_dataset *map_of(dae_model *model, dae_dataset *dataset) {
    dae_dataset *map = NULL;
    ok(dae_model_map(&map, model, dataset, NULL));
    return map;
}

/* One sample at a time. */
static float *run_singly(dae_model *model, const float *x, size_t count, size_t inputs, size_t outputs) {
    dae_session *session = NULL;
    float *y = must_have(count * outputs * sizeof *y);
    ok(dae_session_create(&session, model, 1));
    for (size_t i = 0; i < count; i++)
        ok(dae_session_run(session, x + i * inputs, 1, y + i * outputs));
    dae_session_free(session);
    return y;
}

static float *inputs_of(const dae_dataset *dataset, uint64_t epoch, size_t count) {
    float *values = must_have(count * size_of(dataset) * sizeof *values);
    ok(dae_dataset_read(dataset, epoch, 0, count, values, NULL));
    return values;
}

static float *targets_of(const dae_dataset *dataset, uint64_t epoch, size_t count) {
    float *values = must_have(count * target_size_of(dataset) * sizeof *values);
    ok(dae_dataset_read(dataset, epoch, 0, count, NULL, values));
    return values;
}

static void reads(const dae_dataset *dataset, const float *expected) {
    size_t size = size_of(dataset);
    float *y = inputs_of(dataset, 0, SAMPLES);
    same_floats(y, expected, SAMPLES * size);
    for (size_t first = 0, count = 1; first + count <= SAMPLES; first += count, count++) {
        ok(dae_dataset_read(dataset, 3, first, count, y, NULL));
        same_floats(y, expected + first * size, count * size);
    }
    free(y);
}

START_TEST(values_are_those_of_a_session) {
    dae_model *model = model_from(1, "%s", networks[_i]);
    dae_dataset *data = random_dataset(SAMPLES, IN, -1, 1, 2), *map = map_of(model, data), *twice,
                *cached = NULL;
    float *x = inputs_of(data, 0, SAMPLES), *y = run_singly(model, x, SAMPLES, IN, size_of(map));
    dae_dataset_free(data); /* both are kept */
    dae_model_free(model);
    for (size_t threads = 1; threads <= 3; threads++) {
        ok(dae_set_num_threads(threads));
        reads(map, y);
        float *t = targets_of(map, 0, SAMPLES);
        same_floats(t, y, SAMPLES * size_of(map));
        free(t);
    }
    ok(dae_dataset_view(&cached, map, "cache", 0));
    reads(cached, y);
    dae_dataset_free(cached);
    dae_model *next = model_from(4, "input(%zu) | dense(9, activation=tanh)", size_of(map));
    twice = map_of(next, map);
    float *z = run_singly(next, y, SAMPLES, size_of(map), 9);
    reads(twice, z);
    dae_model_free(next);
    dae_dataset_free(twice);
    dae_dataset_free(map);
    free(x);
    free(y);
    free(z);
}
END_TEST

/* Any number of the caller's threads. */
struct visitor {
    const dae_dataset *dataset;
    const float *expected;
    size_t wrong;
};

static void *visit(void *argument) {
    struct visitor *v = argument;
    size_t size = 33;
    float y[33 * 5];
    for (size_t first = 0; first + 5 <= SAMPLES; first++) {
        if (dae_dataset_read(v->dataset, 0, first, 5, y, NULL) != DAE_OK)
            v->wrong++;
        v->wrong += first_difference(y, v->expected + first * size, 5 * size) < 5 * size;
    }
    return NULL;
}

START_TEST(several_threads_may_read_at_once) {
    enum { VISITORS = 4 };
    dae_model *model = model_from(1, "%s",
                                  _i == 0 ? "input(20) | dense(33, activation=relu)"
                                          : "input(20) | dense(20) as a | dense(tied=a) | dense(33)");
    dae_dataset *data = random_dataset(SAMPLES, IN, -1, 1, 2), *map = map_of(model, data);
    float *y = inputs_of(map, 0, SAMPLES);
    pthread_t threads[VISITORS];
    struct visitor visitors[VISITORS];
    for (size_t i = 0; i < VISITORS; i++) {
        visitors[i] = (struct visitor){map, y, 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    }
    for (size_t i = 0; i < VISITORS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(visitors[i].wrong, 0);
    }
    free(y);
    dae_dataset_free(map);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

/* What targets there are beside inputs stay: labels, samples without noise. Noise is that of the epoch. */
START_TEST(other_targets_stay) {
    dae_model *model = model_from(1, "%s", networks[0]);
    dae_dataset *clean = random_dataset(SAMPLES, IN, -1, 1, 2), *labels = random_dataset(SAMPLES, 1, 0, 9, 3),
                *labelled = NULL, *noisy, *maps[2], *part = NULL;
    ok(dae_dataset_pair(&labelled, clean, labels));
    noisy = corrupted(random_dataset(SAMPLES, IN, -1, 1, 2), "gaussian(stddev=0.5)", DAE_NOISE_FRESH, 5);
    maps[0] = map_of(model, labelled);
    maps[1] = map_of(model, noisy);
    ck_assert_uint_eq(size_of(maps[0]), 30);
    ck_assert_uint_eq(target_size_of(maps[0]), 1);
    ck_assert_uint_eq(target_size_of(maps[1]), IN);
    float *wanted = inputs_of(labels, 0, SAMPLES), *found = targets_of(maps[0], 0, SAMPLES);
    same_floats(found, wanted, SAMPLES);
    free(wanted);
    free(found);
    wanted = inputs_of(clean, 0, SAMPLES);
    found = targets_of(maps[1], 2, SAMPLES);
    same_floats(found, wanted, SAMPLES * IN);
    free(wanted);
    free(found);
    for (uint64_t epoch = 0; epoch < 2; epoch++) {
        float *x = inputs_of(noisy, epoch, SAMPLES), *y = inputs_of(maps[1], epoch, SAMPLES);
        float *expected = run_singly(model, x, SAMPLES, IN, 30);
        same_floats(y, expected, SAMPLES * 30);
        free(x);
        free(y);
        free(expected);
    }
    /* a slice of a map is a map of a slice */
    ok(dae_dataset_slice(&part, maps[0], 10, 20));
    float *all = inputs_of(maps[0], 0, SAMPLES), *some = inputs_of(part, 0, 20);
    same_floats(some, all + 10 * 30, 20 * 30);
    free(all);
    free(some);
    dae_dataset_free(part);
    for (size_t i = 0; i < 2; i++)
        dae_dataset_free(maps[i]);
    dae_dataset_free(noisy);
    dae_dataset_free(labelled);
    dae_dataset_free(labels);
    dae_dataset_free(clean);
    dae_model_free(model);
}
END_TEST

/* A map follows its model; what has been kept of it does not, targets no more than inputs. */
START_TEST(what_is_kept_stays) {
    dae_model *model = model_from(1, "%s", networks[0]);
    dae_dataset *data = random_dataset(SAMPLES, IN, -1, 1, 2), *map = map_of(model, data), *kept = NULL,
                *noisy = NULL;
    dae_noise *noise = NULL;
    ok(dae_dataset_view(&kept, map, "cache", 0));
    ok(dae_noise_parse(&noise, "masking(0.25)"));
    ok(dae_dataset_corrupt(&noisy, kept, noise, DAE_NOISE_ONCE, 1));
    float *before = inputs_of(map, 0, SAMPLES);
    ok(dae_model_initialize(model, 99));
    float *after = inputs_of(map, 0, SAMPLES), *inputs = inputs_of(kept, 0, SAMPLES),
          *targets = targets_of(kept, 0, SAMPLES), *clean = targets_of(noisy, 0, SAMPLES);
    ck_assert_mem_ne(before, after, SAMPLES * 30 * sizeof *after);
    same_floats(inputs, before, SAMPLES * 30);
    same_floats(targets, before, SAMPLES * 30);
    same_floats(clean, before, SAMPLES * 30);
    free(before);
    free(after);
    free(inputs);
    free(targets);
    free(clean);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(kept);
    dae_dataset_free(map);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

/* Training on a map is training on its values, on any number of threads. */
START_TEST(training_is_as_on_the_values) {
    dae_model *model = model_from(1, "%s", networks[_i]), *trained[4];
    dae_dataset *data = random_dataset(SAMPLES, IN, -1, 1, 2), *map = map_of(model, data);
    size_t size = size_of(map);
    float *y = inputs_of(map, 0, SAMPLES);
    dae_dataset *values = array_dataset(y, SAMPLES, size);
    for (size_t i = 0; i < 4; i++) {
        trained[i] = model_from(6, "input(%zu) | dense(15, activation=tanh) | dense(%zu)", size, size);
        dae_trainer *trainer = adam_trainer(trained[i], 1e-3, "mse");
        ok(dae_set_num_threads(i == 0 ? 1 : i));
        ok(dae_trainer_set_validation(trainer, i == 0 ? values : map));
        ok(dae_trainer_fit(trainer, i == 0 ? values : map, 2));
        same_parameters(trained[0], trained[i]);
        dae_trainer_free(trainer);
    }
    for (size_t i = 0; i < 4; i++)
        dae_model_free(trained[i]);
    free(y);
    dae_dataset_free(values);
    dae_dataset_free(map);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

/* Samples from a function of the caller's come in the calling thread, and its failures go through. */
static pthread_t caller;

static int32_t give(uint64_t first, size_t count, float *out, void *user) {
    size_t *bad = user;
    ck_assert(pthread_equal(caller, pthread_self()));
    for (size_t i = 0; i < count * IN; i++)
        out[i] = (float)((first * IN + i) % 7) / 7.0f;
    return first <= *bad && *bad < first + count ? 5 : 0;
}

START_TEST(a_function_gives_the_samples) {
    dae_model *model = model_from(1, "%s", networks[0]);
    dae_dataset *data = NULL;
    size_t bad = SAMPLES;
    caller = pthread_self();
    ok(dae_dataset_create_callback(&data, SAMPLES, 1, (size_t[]){IN}, give, NULL, &bad));
    dae_dataset *map = map_of(model, data);
    ok(dae_set_num_threads(3));
    float *x = inputs_of(data, 0, SAMPLES), *y = run_singly(model, x, SAMPLES, IN, 30);
    reads(map, y);
    bad = 70;
    fails(dae_dataset_read(map, 0, 0, SAMPLES, y, NULL), DAE_ERROR_CALLBACK, "returned 5");
    ok(dae_dataset_read(map, 0, 0, 64, y, NULL));
    free(x);
    free(y);
    dae_dataset_free(map);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

START_TEST(what_is_refused) {
    dae_model *model = model_from(1, "%s", networks[0]), *unset = unset_from("%s", networks[0]);
    dae_dataset *data = random_dataset(SAMPLES, IN, -1, 1, 2),
                *other = random_dataset(SAMPLES, IN + 1, -1, 1, 2), *map = NULL;
    fails(dae_model_map(NULL, model, data, NULL), DAE_ERROR_ARGUMENT, "out is NULL");
    fails(dae_model_map(&map, NULL, data, NULL), DAE_ERROR_ARGUMENT, "model is NULL");
    fails(dae_model_map(&map, model, NULL, NULL), DAE_ERROR_ARGUMENT, "dataset is NULL");
    dae_model *alike = model_from(1, "input(20) | dense(20)");
    fails(dae_model_map(&map, alike, data, "hole"), DAE_ERROR_FORMAT, "expected whole, tiles or overlap");
    fails(dae_model_map(&map, model, data, "overlap"), DAE_ERROR_UNSUPPORTED, "as many places as it takes");
    fails(dae_model_map(&map, unset, data, NULL), DAE_ERROR_STATE, "dae_model_initialize");
    fails(dae_model_map(&map, model, other, NULL), DAE_ERROR_SHAPE, "have shape 21, the model takes 20");
    ck_assert_ptr_null(map);
    dae_dataset_free(other);
    dae_dataset_free(data);
    dae_model_free(model);
    dae_model_free(alike);
    dae_model_free(unset);
}
END_TEST

static const struct {
    const char *network, *cover;
    size_t rank, shape[3], out_rank, out[3];
} covered[] = {
    {"input(20) | dense(9) | dense(20)", NULL, 1, {77}, 1, {77}},
    {"input(20) | dense(9) | dense(20)", "overlap(hop=20)", 2, {1, 77}, 2, {1, 77}},
    {"input(20) | dense(9) | dense(40)", NULL, 1, {77}, 2, {2, 77}},
    {"input(20) | dense(9) | dense(20)", "overlap", 1, {20}, 1, {20}},
    {"input(1, 8, 8) | conv2d(4, 3) | conv2d(3, 3)", NULL, 3, {1, 19, 10}, 3, {3, 19, 10}},
    {"input(1, any, any) | conv2d(4, 3) | conv2d(1, 3)", "tiles", 2, {19, 10}, 2, {19, 10}},
    {"input(1, any) | max_pool(2) | upsample(2)", NULL, 2, {1, 9}, 2, {1, 9}},
};

/* Samples that are longer or larger than the model's are what dae_model_apply() makes of them. */
START_TEST(samples_may_have_another_size) {
    enum { FEW = 5 };
    dae_model *model = model_from(1, "%s", covered[_i].network);
    size_t in = 1, out = 1, rank, shape[DAE_MAX_RANK];
    for (size_t i = 0; i < covered[_i].rank; i++)
        in *= covered[_i].shape[i];
    for (size_t i = 0; i < covered[_i].out_rank; i++)
        out *= covered[_i].out[i];
    float *x = random_floats(FEW * in, -1, 1, 3), *y = must_have(FEW * out * sizeof *y);
    dae_dataset *data = NULL, *map = NULL;
    ok(dae_dataset_borrow_array(&data, x, FEW, covered[_i].rank, covered[_i].shape, NULL, NULL));
    ok(dae_model_map(&map, model, data, covered[_i].cover));
    ok(dae_dataset_get_shape(map, DAE_ALL_SAMPLES, &rank, shape));
    ck_assert_uint_eq(rank, covered[_i].out_rank);
    for (size_t i = 0; i < rank; i++)
        ck_assert_uint_eq(shape[i], covered[_i].out[i]);
    for (size_t i = 0; i < FEW; i++)
        ok(dae_model_apply(model, covered[_i].cover, covered[_i].rank, covered[_i].shape, x + i * in,
                           y + i * out, NULL, NULL));
    float *z = inputs_of(map, 0, FEW), *targets = targets_of(map, 0, FEW);
    same_floats(z, y, FEW * out);
    same_floats(targets, y, FEW * out);
    ok(dae_dataset_read(map, 0, 3, 1, z, NULL));
    same_floats(z, y + 3 * out, out);
    dae_model_free(model);
    dae_dataset_free(data);
    dae_dataset_free(map);
    free(x);
    free(y);
    free(z);
    free(targets);
}
END_TEST

static dae_status map_and_read(void *user) {
    static float values[100 * IN], out[100 * IN];
    dae_dataset *data = NULL, *map = NULL;
    dae_status status = dae_dataset_copy_array(&data, values, 100, 1, (size_t[]){IN});
    if (status == DAE_OK)
        status = dae_model_map(&map, user, data, NULL);
    if (status == DAE_OK)
        status = dae_dataset_read(map, 0, 0, 100, out, NULL);
    dae_dataset_free(map);
    dae_dataset_free(data);
    return status;
}

START_TEST(any_allocation_may_fail) {
    dae_model *model = model_from(1, "%s", "input(20) | dense(9) as h | dense(tied=h)");
    ok(dae_set_num_threads(1));
    ck_assert_uint_gt(every_allocation_fails(map_and_read, model), 5);
    ok(dae_set_num_threads(2));
    ck_assert_uint_gt(every_allocation_fails(map_and_read, model), 5);
    dae_model_free(model);
    model = model_from(1, "input(10) | dense(10)"); /* covered */
    ok(dae_set_num_threads(1));
    ck_assert_uint_gt(every_allocation_fails(map_and_read, model), 5);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("map");
    TCase *map = add_case(suite, "map");
    tcase_add_loop_test(map, values_are_those_of_a_session, 0, NETWORKS);
    tcase_add_loop_test(map, several_threads_may_read_at_once, 0, 2);
    tcase_add_test(map, other_targets_stay);
    tcase_add_test(map, what_is_kept_stays);
    tcase_add_loop_test(map, training_is_as_on_the_values, 0, NETWORKS);
    tcase_add_test(map, a_function_gives_the_samples);
    tcase_add_loop_test(map, samples_may_have_another_size, 0, sizeof covered / sizeof *covered);
    tcase_add_test(map, what_is_refused);
    tcase_add_test(map, any_allocation_may_fail);
    return suite_main(suite);
}
