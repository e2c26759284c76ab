/* Threads: the same bytes with any number of them, and on every processor that multiplies with own products, trainings side by side, and training behind a fork(). */
#define _POSIX_C_SOURCE 200809L

#include "network.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A run to compare: everything that it leaves behind. */
typedef struct {
    network net;
    /* Rate of a dropout layer; 0: none; and how many layers stand before it. */
    double dropout;
    size_t dropout_at;
    const char *loss;
    const char *noise;
    int32_t noise_mode;
    size_t samples, batch, epochs;
    int32_t precision;
} recipe;

enum { COLUMNS = 3, MOST_EPOCHS = 4 };

typedef struct {
    float *parameters;
    size_t count;
    double history[COLUMNS][MOST_EPOCHS];
    double figures[MOST_FIGURES];
} outcome;

static dae_model *recipe_model(const recipe *r) {
    if (r->dropout == 0)
        return network_model(&r->net, 21);
    dae_model *model = NULL;
    ok(dae_model_create(&model, 1, &r->net.inputs));
    for (size_t i = 0; i < r->net.layers; i++) {
        char text[96];
        snprintf(text, sizeof text, "dropout(%.17g)", r->dropout);
        if (i == r->dropout_at)
            ok(add_layer(model, text));
        snprintf(text, sizeof text, "dense(%zu, activation=%s)", r->net.layer[i].units,
                 r->net.layer[i].activation);
        ok(add_layer(model, text));
    }
    ok(dae_model_initialize(model, 21));
    return model;
}

static const char *const columns[COLUMNS] = {"loss", "validation_loss", "validation_psnr"};

static outcome run(const recipe *r) {
    outcome result = {NULL, 0, {{0}}, {0}};
    dae_model *model = recipe_model(r);
    dae_trainer *trainer = adam_trainer(model, 1e-3, r->loss);
    dae_dataset *data = corrupted(random_dataset(r->samples, r->net.inputs, 0, 1, 22), r->noise,
                                  r->noise_mode, 23);
    dae_dataset *other = corrupted(random_dataset(r->samples / 3, r->net.inputs, 0, 1, 24), r->noise,
                                   r->noise_mode, 25);
    dae_report *report = NULL;
    ok(dae_trainer_set_batch_size(trainer, r->batch));
    ok(dae_trainer_set_seed(trainer, 26));
    ok(dae_trainer_set_precision(trainer, r->precision));
    ok(dae_trainer_set_validation(trainer, other));
    ok(dae_trainer_fit(trainer, data, r->epochs));
    result.parameters = parameters_of(model, &result.count);
    for (size_t column = 0; column < COLUMNS; column++)
        ok(dae_trainer_get_history(trainer, columns[column], result.history[column], r->epochs));
    ok(dae_model_evaluate(&report, model, other));
    get_figures(report, result.figures);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_dataset_free(other);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return result;
}

static bool same_outcome(const outcome *a, const outcome *b) {
    return a->count == b->count && first_difference(a->parameters, b->parameters, a->count) == a->count &&
           memcmp(a->history, b->history, sizeof a->history) == 0 &&
           memcmp(a->figures, b->figures, sizeof a->figures) == 0;
}

/* FNV-1a of bytes. */
static uint64_t hash_of(const void *bytes, size_t size) {
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3;
    return hash;
}

/* Own products are the same on every processor that has fused multiply-adds, in bfloat16 on those without units for it. The
 * hashes are the same with AVX-512, AVX2 and NEON. */
static void expect_bytes(const outcome *result, int32_t precision, uint64_t expected) {
    char text[256];
    ok(dae_runtime_describe(text, sizeof text, NULL));
    uint64_t hash = hash_of(result->parameters, result->count * sizeof *result->parameters);
    bool are_own = strstr(text, ", own products, ") != NULL,
         are_fused = are_own || strstr(text, ", kernels avx") != NULL;
    if (precision == DAE_PRECISION_BFLOAT16)
        are_own = are_fused && strstr(text, ", bfloat16 by float32 units, ") != NULL;
    if (are_own)
        ck_assert_msg(hash == expected, "the parameters have the hash 0x%016llx, not 0x%016llx",
                      (unsigned long long)hash, (unsigned long long)expected);
}

static void same_with_any_number(const recipe *r, uint64_t expected) {
    const size_t numbers[] = {2, 3, 4, 7};
    ok(dae_set_num_threads(1));
    outcome alone = run(r);
    expect_bytes(&alone, r->precision, expected);
    for (size_t i = 0; i < alone.count; i++)
        ck_assert(isfinite(alone.parameters[i]));
    ck_assert(alone.history[0][r->epochs - 1] < alone.history[0][0]);
    for (size_t i = 0; i < 4; i++) {
        ok(dae_set_num_threads(numbers[i]));
        outcome together = run(r);
        ck_assert_uint_eq(together.count, alone.count);
        size_t at = first_difference(together.parameters, alone.parameters, alone.count);
        ck_assert_msg(at == alone.count, "%zu threads: parameter %zu differs", numbers[i], at);
        ck_assert_msg(memcmp(together.history, alone.history, sizeof alone.history) == 0,
                      "%zu threads: the history differs", numbers[i]);
        ck_assert_msg(memcmp(together.figures, alone.figures, sizeof alone.figures) == 0,
                      "%zu threads: the evaluation differs", numbers[i]);
        free(together.parameters);
    }
    free(alone.parameters);
}

static recipe reference(const char *output, const char *loss, int32_t noise_mode) {
    recipe r = {.net = autoencoder(784, 128, "relu", output),
                .loss = loss,
                .noise = "gaussian(mean=0.5, stddev=0.5) | clip(0, 1)",
                .noise_mode = noise_mode,
                .samples = 600,
                .batch = 256,
                .epochs = 2};
    return r;
}

/* ---- Any number of threads -------------------------------------------------------------------- */

START_TEST(the_reference_experiment_has_the_same_bytes) {
    recipe r = reference("relu", "mse", DAE_NOISE_ONCE);
    same_with_any_number(&r, 0x6dc0fe25fffc83ae);
}
END_TEST

START_TEST(cross_entropy_has_the_same_bytes) {
    recipe r = reference("sigmoid", "bce", DAE_NOISE_FRESH);
    same_with_any_number(&r, 0xe27b5d4d7f6da089);
}
END_TEST

START_TEST(bfloat16_has_the_same_bytes) {
    recipe r = reference("relu", "mse", DAE_NOISE_FRESH);
    r.precision = DAE_PRECISION_BFLOAT16;
    same_with_any_number(&r, 0x41399d2dd376ab63);
    r.net = autoencoder(131, 67, "tanh", "linear");
    r.samples = 100;
    r.batch = 33; /* and then one sample */
    same_with_any_number(&r, 0x6b1b722e4f7674c2);
}
END_TEST

START_TEST(odd_shapes_have_the_same_bytes) {
    recipe r = {.net = {131, 3, {{67, "tanh"}, {1, "leaky_relu"}, {131, "linear"}}, 0.3},
                .loss = "mae",
                .noise = "masking(rate=0.3) | salt_pepper(rate=0.1, low=0, high=1)",
                .noise_mode = DAE_NOISE_FRESH,
                .samples = 101,
                .batch = 33,
                .epochs = 3};
    same_with_any_number(&r, 0xaf8b3d660f53f8da);
    r.batch = 1;
    r.samples = 30;
    same_with_any_number(&r, 0x2574662b70a18ea0);
}
END_TEST

START_TEST(dropout_has_the_same_bytes) {
    recipe r = {.net = autoencoder(300, 90, "relu", "sigmoid"),
                .dropout = 0.25,
                .loss = "bce",
                .noise = "uniform(low=-0.2, high=0.2)",
                .noise_mode = DAE_NOISE_FRESH,
                .samples = 400,
                .batch = 128,
                .epochs = 2};
    same_with_any_number(&r, 0x0947b5c0c59a17d7);
}
END_TEST

/* More rows than there are tiles of them, so that tiles of one index have more than one part. */
START_TEST(dropout_of_large_batches_has_the_same_bytes) {
    recipe r = {.net = autoencoder(24, 16, "relu", "linear"),
                .dropout = 0.25,
                .dropout_at = 1,
                .loss = "mse",
                .noise = "gaussian(stddev=0.1)",
                .noise_mode = DAE_NOISE_FRESH,
                .samples = 4100,
                .batch = 2050,
                .epochs = 2};
    same_with_any_number(&r, 0x53c43e509cfee840);
}
END_TEST

START_TEST(wide_layers_have_the_same_bytes) {
    recipe r = {.net = autoencoder(70, 1500, "relu", "linear"),
                .loss = "mse",
                .noise = "gaussian(stddev=0.1)",
                .noise_mode = DAE_NOISE_ONCE,
                .samples = 300,
                .batch = 300,
                .epochs = 4};
    same_with_any_number(&r, 0xaf705b26c1dca617);
}
END_TEST

/* Inputs that are denormal, and weights that would make figures of them. */
static float *train_on_denormals(size_t threads, size_t *count) {
    enum { SIZE = 64, SAMPLES = 512 };
    static float samples[SAMPLES * SIZE], weights[SIZE * SIZE];
    network net = {SIZE, 1, {{SIZE, "linear"}}, 0};
    dae_model *model = network_model(&net, 1);
    dae_dataset *data = NULL;
    for (size_t i = 0; i < (size_t)SAMPLES * SIZE; i++)
        samples[i] = 1e-40f;
    for (size_t i = 0; i < (size_t)SIZE * SIZE; i++)
        weights[i] = 1e37f;
    ok(dae_model_set_tensor(model, "0.weight", weights, (size_t)SIZE * SIZE));
    ok(dae_dataset_borrow_array(&data, samples, SAMPLES, 1, (size_t[]){SIZE}, NULL, NULL));
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    ok(dae_set_num_threads(threads));
    ok(dae_trainer_set_batch_size(trainer, SAMPLES));
    ok(dae_trainer_fit(trainer, data, 2));
    float *parameters = parameters_of(model, count);
    dae_trainer_free(trainer);
    dae_dataset_free(data);
    dae_model_free(model);
    return parameters;
}

START_TEST(denormals_are_zero_in_every_thread) {
    size_t count;
    float *alone = train_on_denormals(1, &count), *together = train_on_denormals(3, &count);
    same_floats(together, alone, count);
    free(alone);
    free(together);
}
END_TEST

START_TEST(numbers_are_checked) {
    ok(dae_set_num_threads(7));
    ck_assert_uint_eq(dae_get_num_threads(), 7);
    fails(dae_set_num_threads(1025), DAE_ERROR_ARGUMENT, "1025");
    fails(dae_set_num_threads(SIZE_MAX), DAE_ERROR_ARGUMENT, "");
    ck_assert_uint_eq(dae_get_num_threads(), 7);
    ok(dae_set_num_threads(1024));
    ck_assert_uint_eq(dae_get_num_threads(), 1024);
    ok(dae_set_num_threads(0));
    ck_assert_uint_ge(dae_get_num_threads(), 1);
    ck_assert_uint_le(dae_get_num_threads(), 1024);
}
END_TEST

/* ---- Side by side ----------------------------------------------------------------------------- */

enum { RUNS = 2 };

typedef struct {
    recipe r;
    outcome result;
} side;

static void *run_aside(void *user) {
    side *s = user;
    s->result = run(&s->r);
    return NULL;
}

static side sides[RUNS];

static void make_sides(void) {
    for (size_t i = 0; i < RUNS; i++) {
        sides[i].r = reference(i == 0 ? "relu" : "sigmoid", "mse", i == 0 ? DAE_NOISE_ONCE : DAE_NOISE_FRESH);
        sides[i].r.net.layer[0].units = 48 + i * 16;
        sides[i].r.batch = 100 + i * 28;
    }
}

START_TEST(trainings_side_by_side_do_not_touch) {
    const size_t numbers[] = {1, 2, 3};
    pthread_t threads[RUNS];
    outcome alone[RUNS];
    make_sides();
    ok(dae_set_num_threads(1));
    for (size_t i = 0; i < RUNS; i++)
        alone[i] = run(&sides[i].r);
    for (size_t n = 0; n < 3; n++) {
        ok(dae_set_num_threads(numbers[n]));
        for (size_t i = 0; i < RUNS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, run_aside, &sides[i]), 0);
        for (size_t i = 0; i < RUNS; i++) {
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
            ck_assert_msg(same_outcome(&sides[i].result, &alone[i]), "%zu threads: training %zu differs",
                          numbers[n], i);
            free(sides[i].result.parameters);
        }
    }
    for (size_t i = 0; i < RUNS; i++)
        free(alone[i].parameters);
}
END_TEST

/* Trains in a child of a process that has trained before, and has the child say whether all is the same. */
START_TEST(a_child_trains_as_its_parent) {
    const size_t numbers[] = {1, 3};
    make_sides();
    for (size_t n = 0; n < 2; n++) {
        ok(dae_set_num_threads(numbers[n]));
        outcome parents = run(&sides[0].r);
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            outcome childs = run(&sides[0].r);
            _exit(same_outcome(&childs, &parents) ? 42 : 43);
        }
        int status = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 42, "the child ended with status %d",
                      status);
        outcome again = run(&sides[0].r);
        ck_assert(same_outcome(&again, &parents));
        free(parents.parameters);
        free(again.parameters);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("threads");
    TCase *numbers = add_case(suite, "any number of threads");
    tcase_add_test(numbers, the_reference_experiment_has_the_same_bytes);
    tcase_add_test(numbers, cross_entropy_has_the_same_bytes);
    tcase_add_test(numbers, bfloat16_has_the_same_bytes);
    tcase_add_test(numbers, odd_shapes_have_the_same_bytes);
    tcase_add_test(numbers, dropout_has_the_same_bytes);
    tcase_add_test(numbers, dropout_of_large_batches_has_the_same_bytes);
    tcase_add_test(numbers, wide_layers_have_the_same_bytes);
    tcase_add_test(numbers, denormals_are_zero_in_every_thread);
    tcase_add_test(numbers, numbers_are_checked);
    TCase *together = add_case(suite, "side by side");
    tcase_add_test(together, trainings_side_by_side_do_not_touch);
    tcase_add_test(together, a_child_trains_as_its_parent);
    return suite_main(suite);
}
