/* What other threads of the host may do: run one model from eight sessions, train side by side, stop a training,
 * change the number of threads, drop the last reference, and fork. Everything is compared to the bit with the same
 * work done alone. Sizes are small, for ThreadSanitizer and valgrind run this too. */
#define _POSIX_C_SOURCE 200809L

#include "network.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The smallest whose products are cut into tiles and into parts of sums. */
enum { SIZE = 260, HIDDEN = 64, SAMPLES = 320, BATCH = 128, STEPS = 3, MOST_THREADS = 8 };

/* ThreadSanitizer cannot start threads in a child of a process that has had several. */
#if defined(__SANITIZE_THREAD__)
enum { THREAD_SANITIZER = true };
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
enum { THREAD_SANITIZER = true };
#else
enum { THREAD_SANITIZER = false };
#endif
#else
enum { THREAD_SANITIZER = false };
#endif

/* Present when the BLAS library is OpenBLAS. */
extern int openblas_get_num_threads(void) __attribute__((weak));

static int blas_threads(void) {
    return openblas_get_num_threads != NULL ? openblas_get_num_threads() : 1;
}

/* ---- A training to compare -------------------------------------------------------------------- */

typedef struct {
    uint64_t seed;
    size_t epochs;
    dae_dataset *clean; /* shared; not changed by a training */
    dae_progress_fn progress;
    void *user;
    /* what it leaves behind */
    dae_status status;
    float *parameters;
    size_t count, steps;
    double losses[4];
} training;

static dae_model *new_model(uint64_t seed) {
    network net = autoencoder(SIZE, HIDDEN, "relu", "sigmoid");
    return network_model(&net, seed);
}

/* A pthread_create() function: trains a model of its own on noise of its own. */
static void *train(void *user) {
    training *t = user;
    dae_model *model = new_model(t->seed);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "bce");
    dae_noise *noise = NULL;
    dae_dataset *noisy = NULL;
    ok(dae_noise_parse(&noise, "gaussian(0.3, mean=0.1)"));
    ok(dae_dataset_corrupt(&noisy, t->clean, noise, DAE_NOISE_FRESH, t->seed));
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_set_seed(trainer, t->seed));
    ok(dae_trainer_set_progress(trainer, t->progress, t->user));
    t->status = dae_trainer_fit(trainer, noisy, t->epochs);
    t->parameters = parameters_of(model, &t->count);
    t->steps = steps_of(trainer);
    memset(t->losses, 0, sizeof t->losses);
    if (t->status == DAE_OK)
        ok(dae_trainer_get_history(trainer, "loss", t->losses, t->epochs));
    dae_dataset_free(noisy);
    dae_noise_free(noise);
    dae_trainer_free(trainer);
    dae_model_free(model);
    return NULL;
}

static training trained_alone(dae_dataset *clean, uint64_t seed, size_t epochs) {
    training t = {.seed = seed, .epochs = epochs, .clean = clean};
    train(&t);
    ck_assert_int_eq(t.status, DAE_OK);
    return t;
}

static bool same_training(const training *a, const training *b) {
    return a->status == b->status && a->steps == b->steps && a->count == b->count &&
           first_difference(a->parameters, b->parameters, a->count) == a->count &&
           memcmp(a->losses, b->losses, sizeof a->losses) == 0;
}

static dae_dataset *clean_dataset(void) {
    return random_dataset(SAMPLES, SIZE, 0, 1, 5);
}

static pthread_t started(void *(*main_of_thread)(void *), void *user) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, main_of_thread, user), 0);
    return thread;
}

static void finish(pthread_t thread) {
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

/* ---- A gate: one thread waits inside a callback until another lets it go ------------------------ */

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool arrived, open;
} gate;

#define NEW_GATE \
    { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false }

/* A progress callback: waits at the gate, the first time for somebody to open it. */
static int32_t wait_at(const dae_progress *progress, void *user) {
    gate *g = user;
    (void)progress;
    pthread_mutex_lock(&g->lock);
    g->arrived = true;
    pthread_cond_broadcast(&g->moved);
    while (!g->open)
        pthread_cond_wait(&g->moved, &g->lock);
    pthread_mutex_unlock(&g->lock);
    return 0;
}

static void await(gate *g) {
    pthread_mutex_lock(&g->lock);
    while (!g->arrived)
        pthread_cond_wait(&g->moved, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void open_gate(gate *g) {
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->moved);
    pthread_mutex_unlock(&g->lock);
}

/* ---- One model, many threads ------------------------------------------------------------------ */

/* Batches through small and large products; the model is also evaluated and described by each thread. */
static const size_t batches[] = {1, 8, 9, SAMPLES};
enum { BATCHES = sizeof batches / sizeof *batches };

typedef struct {
    dae_model *model;
    dae_dataset *data;
    const float *inputs;
    float *outputs[BATCHES];
    double loss;
    char *text;
} reader;

static void *read_model(void *user) {
    reader *r = user;
    dae_report *report = NULL;
    for (size_t i = 0; i < BATCHES; i++) {
        dae_session *session = NULL;
        r->outputs[i] = must_have(SAMPLES * SIZE * sizeof(float));
        ok(dae_session_create(&session, r->model, batches[i]));
        ok(dae_session_run(session, r->inputs, SAMPLES, r->outputs[i]));
        dae_session_free(session);
    }
    ok(dae_model_evaluate(&report, r->model, r->data));
    ok(dae_report_get(report, "mse", &r->loss));
    dae_report_free(report);
    size_t length = 0;
    ok(dae_model_describe(r->model, NULL, 0, &length));
    r->text = must_have(length + 1);
    ok(dae_model_describe(r->model, r->text, length + 1, &length));
    return NULL;
}

static void free_reader(reader *r) {
    for (size_t i = 0; i < BATCHES; i++)
        free(r->outputs[i]);
    free(r->text);
}

START_TEST(eight_threads_read_one_model) {
    dae_dataset *data = clean_dataset();
    float *inputs = random_floats(SAMPLES * SIZE, 0, 1, 6);
    reader alone = {.model = new_model(1), .data = data, .inputs = inputs}, readers[MOST_THREADS];
    pthread_t threads[MOST_THREADS];
    ok(dae_set_num_threads(2));
    read_model(&alone);
    for (size_t i = 0; i < MOST_THREADS; i++) {
        readers[i] = (reader){.model = alone.model, .data = data, .inputs = inputs};
        threads[i] = started(read_model, &readers[i]);
    }
    for (size_t i = 0; i < MOST_THREADS; i++) {
        finish(threads[i]);
        for (size_t b = 0; b < BATCHES; b++)
            same_floats(readers[i].outputs[b], alone.outputs[b], SAMPLES * SIZE);
        ck_assert(memcmp(&readers[i].loss, &alone.loss, sizeof alone.loss) == 0);
        ck_assert_str_eq(readers[i].text, alone.text);
        free_reader(&readers[i]);
    }
    free_reader(&alone);
    free(inputs);
    dae_model_free(alone.model);
    dae_dataset_free(data);
}
END_TEST

/* Runs a session and gives it back: whoever is last frees the model and the layers below it. */
static void *use_and_free(void *user) {
    dae_session *session = user;
    float values[SIZE] = {0}, outputs[SIZE];
    ok(dae_session_run(session, values, 1, outputs));
    dae_session_free(session);
    return NULL;
}

START_TEST(whoever_is_last_frees) {
    heap_watch();
    for (int round = 0; round < 10; round++) {
        dae_model *model = new_model(3);
        pthread_t threads[MOST_THREADS];
        for (size_t i = 0; i < MOST_THREADS; i++) {
            dae_session *session = NULL;
            ok(dae_session_create(&session, model, 1));
            threads[i] = started(use_and_free, session);
        }
        dae_model_free(model);
        for (size_t i = 0; i < MOST_THREADS; i++)
            finish(threads[i]);
    }
    heap_unwatch();
}
END_TEST

/* ---- Trainings side by side ------------------------------------------------------------------- */

START_TEST(trainings_share_a_dataset) {
    dae_dataset *clean = clean_dataset();
    training alone[2], together[2];
    pthread_t threads[2];
    int before = blas_threads();
    ok(dae_set_num_threads(1));
    for (size_t i = 0; i < 2; i++)
        alone[i] = trained_alone(clean, 10 + i, 2);
    ok(dae_set_num_threads(3));
    for (size_t i = 0; i < 2; i++) {
        together[i] = (training){.seed = 10 + i, .epochs = 2, .clean = clean};
        threads[i] = started(train, &together[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        finish(threads[i]);
        ck_assert_msg(same_training(&together[i], &alone[i]), "training %zu differs", i);
        free(together[i].parameters);
        free(alone[i].parameters);
    }
    ck_assert_int_eq(blas_threads(), before);
    dae_dataset_free(clean);
}
END_TEST

static void *change_numbers(void *user) {
    atomic_bool *enough = user;
    for (size_t i = 0; !atomic_load(enough); i++) {
        ok(dae_set_num_threads(1 + i % 5));
        ck_assert_uint_ge(dae_get_num_threads(), 1);
    }
    return NULL;
}

START_TEST(the_number_of_threads_changes_meanwhile) {
    dae_dataset *clean = clean_dataset();
    ok(dae_set_num_threads(1));
    training alone = trained_alone(clean, 20, 1);
    atomic_bool enough = false;
    pthread_t changer = started(change_numbers, &enough);
    for (int round = 0; round < 3; round++) {
        training again = trained_alone(clean, 20, 1);
        ck_assert_msg(same_training(&again, &alone), "round %d differs", round);
        free(again.parameters);
    }
    atomic_store(&enough, true);
    finish(changer);
    free(alone.parameters);
    dae_dataset_free(clean);
}
END_TEST

/* ---- Stopping --------------------------------------------------------------------------------- */

typedef struct {
    dae_trainer *trainer;
    gate *running;
} stopper;

static void *stop_it(void *user) {
    stopper *s = user;
    await(s->running);
    dae_trainer_stop(s->trainer);
    open_gate(s->running);
    return NULL;
}

static int32_t stop_at(const dae_progress *progress, void *user) {
    return progress->event == DAE_PROGRESS_STEP &&
           (progress->epoch - 1) * STEPS + progress->step == *(const size_t *)user;
}

/* Stopped by another thread in the middle of an epoch: the model is that of exactly the steps made, and a training
 * next to it goes on to its end. */
START_TEST(stopping_one_leaves_the_other_alone) {
    dae_dataset *clean = clean_dataset();
    ok(dae_set_num_threads(2));
    training other = {.seed = 30, .epochs = 3, .clean = clean}, alone = trained_alone(clean, 30, 3);
    dae_model *model = new_model(31);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "bce");
    gate running = NEW_GATE;
    stopper s = {trainer, &running};
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_set_progress(trainer, wait_at, &running));
    pthread_t thread = started(train, &other), stopping = started(stop_it, &s);
    fails(dae_trainer_fit(trainer, clean, UINT32_MAX - 1), DAE_ERROR_CANCELLED, "");
    finish(stopping);
    finish(thread);
    ck_assert_msg(same_training(&other, &alone), "the other training differs");

    size_t steps = steps_of(trainer), count;
    float *parameters = parameters_of(model, &count);
    dae_model *model_again = new_model(31);
    dae_trainer *again = adam_trainer(model_again, 1e-3, "bce");
    ok(dae_trainer_set_batch_size(again, BATCH));
    ok(dae_trainer_set_progress(again, stop_at, &steps));
    fails(dae_trainer_fit(again, clean, steps), DAE_ERROR_CANCELLED, "");
    float *expected = parameters_of(model_again, NULL);
    same_floats(parameters, expected, count);
    free(expected);
    free(parameters);
    free(alone.parameters);
    free(other.parameters);
    dae_trainer_free(again);
    dae_trainer_free(trainer);
    dae_model_free(model_again);
    dae_model_free(model);
    dae_dataset_free(clean);
}
END_TEST

/* ---- One trainer, many threads: refused ------------------------------------------------------- */

typedef struct {
    dae_trainer *trainer;
    dae_dataset *data;
    const float *batch; /* of inputs that are targets, too */
    dae_status status;
} user_of_trainer;

static void *fit_it(void *user) {
    user_of_trainer *u = user;
    u->status = dae_trainer_fit(u->trainer, u->data, 1);
    return NULL;
}

static void *step_it(void *user) {
    user_of_trainer *u = user;
    u->status = dae_trainer_step(u->trainer, u->batch, u->batch, BATCH, NULL);
    return NULL;
}

START_TEST(a_trainer_in_a_fit_is_in_use) {
    dae_dataset *data = clean_dataset();
    float *batch = random_floats(BATCH * SIZE, 0, 1, 6);
    dae_model *model = new_model(60);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "bce");
    gate inside = NEW_GATE;
    user_of_trainer user = {trainer, data, batch, DAE_OK};
    ok(dae_trainer_set_batch_size(trainer, BATCH));
    ok(dae_trainer_set_progress(trainer, wait_at, &inside));
    pthread_t thread = started(fit_it, &user);
    await(&inside);
    fails(dae_trainer_fit(trainer, data, 1), DAE_ERROR_STATE, "in use");
    fails(dae_trainer_step(trainer, batch, batch, BATCH, NULL), DAE_ERROR_STATE, "in use");
    fails(dae_trainer_set_seed(trainer, 7), DAE_ERROR_STATE, "in use");
    open_gate(&inside);
    finish(thread);
    ck_assert_int_eq(user.status, DAE_OK);
    ck_assert_uint_eq(steps_of(trainer), STEPS);
    ok(dae_trainer_set_seed(trainer, 7));
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_dataset_free(data);
    free(batch);
}
END_TEST

/* Threads that begin a step at the same moment: what is not refused is done one after the other. */
START_TEST(steps_at_once_are_done_alone) {
    float *batch = random_floats(BATCH * SIZE, 0, 1, 6);
    dae_model *models[] = {new_model(61), new_model(61)};
    dae_trainer *trainers[2];
    size_t done = 0, count;
    for (size_t i = 0; i < 2; i++)
        trainers[i] = adam_trainer(models[i], 1e-3, "bce");
    ok(dae_set_num_threads(1));
    for (int round = 0; round < 10; round++) {
        user_of_trainer users[MOST_THREADS];
        pthread_t threads[MOST_THREADS];
        for (size_t i = 0; i < MOST_THREADS; i++) {
            users[i] = (user_of_trainer){trainers[0], NULL, batch, DAE_OK};
            threads[i] = started(step_it, &users[i]);
        }
        for (size_t i = 0; i < MOST_THREADS; i++) {
            finish(threads[i]);
            ck_assert(users[i].status == DAE_OK || users[i].status == DAE_ERROR_STATE);
            done += users[i].status == DAE_OK;
        }
    }
    ck_assert_uint_eq(steps_of(trainers[0]), done);
    for (size_t i = 0; i < done; i++)
        ok(dae_trainer_step(trainers[1], batch, batch, BATCH, NULL));
    float *shared = parameters_of(models[0], &count), *alone = parameters_of(models[1], NULL);
    same_floats(shared, alone, count);
    free(shared);
    free(alone);
    free(batch);
    for (size_t i = 0; i < 2; i++) {
        dae_trainer_free(trainers[i]);
        dae_model_free(models[i]);
    }
}
END_TEST

/* ---- fork() ----------------------------------------------------------------------------------- */

/* Exit status of a child: its training has the bytes that are expected, and BLAS its setting back. */
static void train_in_child(const training *expected, int expected_blas_threads) {
    training here = trained_alone(expected->clean, expected->seed, expected->epochs);
    bool same = same_training(&here, expected);
    _exit(!same ? 43 : blas_threads() != expected_blas_threads ? 44 : 42);
}

static void child_is_right(pid_t child) {
    int status = 0;
    ck_assert_int_ge(child, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 42, "the child ended with status %d", status);
}

START_TEST(a_child_trains_while_the_parents_thread_is_in_a_fit) {
    dae_dataset *clean = clean_dataset();
    int before = blas_threads();
    for (size_t number = 1; number <= 3; number += 2) {
        ok(dae_set_num_threads(number));
        training alone = trained_alone(clean, 40, 2);
        gate inside = NEW_GATE;
        training other = {.seed = 40, .epochs = 2, .clean = clean, .progress = wait_at, .user = &inside};
        pthread_t thread = started(train, &other);
        await(&inside);
        pid_t child = fork();
        if (child == 0)
            train_in_child(&alone, before);
        child_is_right(child);
        open_gate(&inside);
        finish(thread);
        ck_assert_msg(same_training(&other, &alone), "the parent's training differs");
        ck_assert_int_eq(blas_threads(), before);
        free(other.parameters);
        free(alone.parameters);
    }
    dae_dataset_free(clean);
}
END_TEST

typedef struct {
    const training *expected;
    pid_t child;
} forker;

static int32_t fork_once(const dae_progress *progress, void *user) {
    forker *f = user;
    (void)progress;
    /* this fit has BLAS at one thread, if BLAS multiplies, and goes on in the child as far as anybody knows */
    if (f->child == 0 && (f->child = fork()) == 0)
        train_in_child(f->expected, blas_threads());
    return 0;
}

START_TEST(a_child_trains_inside_a_callback) {
    dae_dataset *clean = clean_dataset();
    ok(dae_set_num_threads(2));
    training alone = trained_alone(clean, 50, 1);
    forker f = {&alone, 0};
    training with_child = {.seed = 50, .epochs = 1, .clean = clean, .progress = fork_once, .user = &f};
    train(&with_child);
    child_is_right(f.child);
    ck_assert_msg(same_training(&with_child, &alone), "the parent's training differs");
    free(with_child.parameters);
    free(alone.parameters);
    dae_dataset_free(clean);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("concurrency");
    TCase *model = add_case(suite, "one model");
    tcase_add_test(model, eight_threads_read_one_model);
    tcase_add_test(model, whoever_is_last_frees);
    TCase *trainings = add_case(suite, "trainings side by side");
    tcase_add_test(trainings, trainings_share_a_dataset);
    tcase_add_test(trainings, the_number_of_threads_changes_meanwhile);
    tcase_add_test(trainings, stopping_one_leaves_the_other_alone);
    TCase *shared = add_case(suite, "one trainer");
    tcase_add_test(shared, a_trainer_in_a_fit_is_in_use);
    tcase_add_test(shared, steps_at_once_are_done_alone);
    TCase *children = add_case(suite, "fork()");
    if (!THREAD_SANITIZER) {
        tcase_add_test(children, a_child_trains_while_the_parents_thread_is_in_a_fit);
        tcase_add_test(children, a_child_trains_inside_a_callback);
    }
    return suite_main(suite);
}
