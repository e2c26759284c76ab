/* Checkpoints: training that was interrupted ends in the same bytes; what a checkpoint refuses; when it is written. */
#define _POSIX_C_SOURCE 200809L /* nanosleep() */

#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZE = 12, HIDDEN = 8, SAMPLES = 45, BATCH = 8, STEPS = 6, EPOCHS = 4 };

/* ---- A training ------------------------------------------------------------------------------- */

/* How a training is set up; zeros are the usual one. */
typedef struct {
    bool sgd, once, validation, bfloat16;
    size_t patience;
    double min_delta;
    int32_t loss;
    uint64_t seed, noise_seed;
    size_t batch, hidden;
    int32_t shuffle_off, skip;
    const char *schedule;
} setting;

typedef struct {
    dae_model *model;
    dae_optimizer *optimizer;
    dae_trainer *trainer;
    dae_dataset *data;
    /* what the callback does and has seen */
    uint64_t stop_at; /* steps; 0: never */
    bool change_rate; /* halves the learning rate behind step 9 */
    size_t failures;
} training;

static int32_t on_progress(const dae_progress *progress, void *user) {
    training *t = user;
    uint64_t steps = steps_of(t->trainer);
    if (progress->event == DAE_PROGRESS_CHECKPOINT_FAILED) {
        t->failures++;
        ck_assert(message_has("could not"));
        return 0;
    }
    if (progress->event == DAE_PROGRESS_STEP && steps == 9 && t->change_rate)
        ok(dae_optimizer_set_learning_rate(t->optimizer, 0.004));
    return progress->event == DAE_PROGRESS_STEP && steps == t->stop_at;
}

static dae_model *make_model(const setting *s) {
    dae_model *model = NULL;
    dae_layer *layer = NULL;
    ok(dae_model_create(&model, SIZE));
    ok(dae_layer_create_dense(&layer, s->hidden != 0 ? s->hidden : HIDDEN, DAE_ACTIVATION_RELU));
    ok(dae_model_add(model, layer));
    dae_layer_free(layer);
    ok(dae_layer_create_dropout(&layer, 0.25));
    ok(dae_model_add(model, layer));
    dae_layer_free(layer);
    ok(dae_layer_create_dense(&layer, SIZE, DAE_ACTIVATION_SIGMOID));
    ok(dae_model_add(model, layer));
    dae_layer_free(layer);
    ok(dae_model_initialize(model, 5));
    return model;
}

static training *set_up(const setting *s) {
    training *t = must_have(sizeof *t);
    *t = (training){.model = make_model(s)};
    if (s->sgd) {
        ok(dae_optimizer_create_sgd(&t->optimizer, 0.5));
        ok(dae_optimizer_set_momentum(t->optimizer, 0.9));
        ok(dae_optimizer_set_nesterov(t->optimizer, 1));
    } else {
        ok(dae_optimizer_create_adam(&t->optimizer, 0.01));
    }
    ok(dae_optimizer_set_schedule(t->optimizer, s->schedule));
    ok(dae_trainer_create(&t->trainer, t->model, t->optimizer, s->loss));
    ok(dae_trainer_set_batch_size(t->trainer, s->batch != 0 ? s->batch : BATCH));
    ok(dae_trainer_set_seed(t->trainer, s->seed));
    ok(dae_trainer_set_shuffle(t->trainer, !s->shuffle_off));
    ok(dae_trainer_set_skip_not_finite(t->trainer, s->skip));
    ok(dae_trainer_set_progress(t->trainer, on_progress, t));
    ok(dae_trainer_set_precision(t->trainer, s->bfloat16 ? DAE_PRECISION_BFLOAT16 : DAE_PRECISION_FLOAT32));
    if (s->patience > 0)
        ok(dae_trainer_set_early_stopping(t->trainer, s->patience, s->min_delta));
    if (s->validation || s->patience > 0) {
        dae_dataset *validation = random_dataset(20, SIZE, 0, 1, 8);
        ok(dae_trainer_set_validation(t->trainer, validation));
        dae_dataset_free(validation);
    }
    t->data = corrupted(random_dataset(SAMPLES, SIZE, 0, 1, 6), "gaussian(mean=0.1, stddev=0.2) | clip()",
                        s->once ? DAE_NOISE_ONCE : DAE_NOISE_FRESH, 7 + s->noise_seed);
    return t;
}

static void tear_down(training *t) {
    dae_dataset_free(t->data);
    dae_trainer_free(t->trainer);
    dae_optimizer_free(t->optimizer);
    dae_model_free(t->model);
    free(t);
}

/* A whole checkpoint in memory, to free(). */
static unsigned char *checkpoint_of(const training *t, size_t *size) {
    ok(dae_trainer_serialize_checkpoint(t->trainer, NULL, 0, size));
    unsigned char *bytes = must_have(*size);
    ok(dae_trainer_serialize_checkpoint(t->trainer, bytes, *size, size));
    return bytes;
}

/* What is left to do until EPOCHS are complete. */
static void finish(training *t) {
    size_t done = epochs_of(t->trainer);
    if (done < EPOCHS)
        ok(dae_trainer_fit(t->trainer, t->data, EPOCHS - done));
}

/* Both have the same model file, history (but for seconds), counts and best epoch. */
static void same_training(const training *a, const training *b) {
    size_t sizes[2] = {0, 0}, epochs = epochs_of(a->trainer);
    unsigned char *files[2];
    const training *both[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        ok(dae_model_serialize(both[i]->model, NULL, 0, &sizes[i]));
        files[i] = must_have(sizes[i]);
        ok(dae_model_serialize(both[i]->model, files[i], sizes[i], &sizes[i]));
    }
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(files[0], files[1], sizes[0]);
    free(files[0]);
    free(files[1]);
    ck_assert_uint_eq(epochs_of(b->trainer), epochs);
    ck_assert_uint_eq(steps_of(a->trainer), steps_of(b->trainer));
    for (int32_t column = 0; column <= DAE_HISTORY_VALIDATION_PSNR; column++) {
        double *x = history_of(a->trainer, column, NULL), *y = history_of(b->trainer, column, NULL);
        for (size_t i = 0; i < epochs; i++)
            ck_assert(x[i] == y[i] || (isnan(x[i]) && isnan(y[i])));
        free(x);
        free(y);
    }
    uint64_t best[2] = {0, 0};
    double loss[2] = {0, 0};
    dae_status known = dae_trainer_get_best(a->trainer, &best[0], &loss[0]);
    ck_assert_int_eq(dae_trainer_get_best(b->trainer, &best[1], &loss[1]), known);
    ck_assert(best[0] == best[1] && loss[0] == loss[1]);
}

static void load_from(training *t, const training *from) {
    size_t size;
    unsigned char *bytes = checkpoint_of(from, &size);
    ok(dae_trainer_deserialize_checkpoint(t->trainer, bytes, size));
    free(bytes);
}

/* ---- Resuming --------------------------------------------------------------------------------- */

static void resume_everywhere(const setting *s, bool change_rate) {
    training *straight = set_up(s);
    straight->change_rate = change_rate;
    finish(straight);
    uint64_t steps = steps_of(straight->trainer);
    for (uint64_t at = 1; at <= steps; at++) {
        training *first = set_up(s), *second = set_up(s);
        first->change_rate = second->change_rate = change_rate;
        first->stop_at = at;
        fails(dae_trainer_fit(first->trainer, first->data, EPOCHS), DAE_ERROR_CANCELLED, "");
        /* in another trainer, as in another process, */
        load_from(second, first);
        ck_assert_uint_eq(steps_of(second->trainer), at);
        finish(second);
        same_training(second, straight);
        tear_down(second);
        /* and in the same one */
        first->stop_at = 0;
        finish(first);
        same_training(first, straight);
        tear_down(first);
    }
    tear_down(straight);
}

START_TEST(adam_resumes_anywhere) {
    resume_everywhere(&(setting){0}, false);
}
END_TEST

START_TEST(sgd_resumes_anywhere) {
    resume_everywhere(&(setting){.sgd = true, .once = true, .validation = true, .seed = UINT64_MAX}, false);
}
END_TEST

START_TEST(schedules_and_changed_rates_resume) {
    resume_everywhere(&(setting){.schedule = "cosine(steps=20, warmup=3)", .loss = DAE_LOSS_BCE}, true);
}
END_TEST

START_TEST(bfloat16_resumes_anywhere) {
    dae_model *model = make_model(&(setting){0});
    dae_trainer *trainer = adam_trainer(model, 0.01, DAE_LOSS_MSE);
    dae_status supported = dae_trainer_set_precision(trainer, DAE_PRECISION_BFLOAT16);
    dae_trainer_free(trainer);
    dae_model_free(model);
    if (supported != DAE_ERROR_UNSUPPORTED)
        resume_everywhere(&(setting){.bfloat16 = true, .batch = 16}, false);
}
END_TEST

/* The best epoch is found, remembered over the interruption, and gone back to. */
START_TEST(early_stopping_resumes_anywhere) {
    setting s = {.sgd = true, .patience = 1, .min_delta = 0.002};
    training *straight = set_up(&s);
    finish(straight);
    ck_assert_uint_lt(epochs_of(straight->trainer), EPOCHS); /* else this tests nothing */
    tear_down(straight);
    resume_everywhere(&s, false);
}
END_TEST

/* A trainer that was stopped early stays so when it is loaded. */
START_TEST(a_training_that_stopped_early_has_stopped) {
    setting s = {.sgd = true, .patience = 1, .min_delta = 0.002};
    training *first = set_up(&s), *second = set_up(&s);
    finish(first);
    uint64_t steps = steps_of(first->trainer);
    load_from(second, first);
    finish(second);
    ck_assert_uint_eq(steps_of(second->trainer), steps);
    same_training(first, second);
    /* until it is told to begin anew */
    ok(dae_trainer_set_early_stopping(second->trainer, 100, 0));
    ok(dae_trainer_fit(second->trainer, second->data, 1));
    ck_assert_uint_eq(steps_of(second->trainer), steps + STEPS);
    tear_down(first);
    tear_down(second);
}
END_TEST

START_TEST(steps_driven_from_outside_resume) {
    float *x = random_floats(6 * BATCH * SIZE, 0, 1, 9);
    training *straight = set_up(&(setting){0}), *first = set_up(&(setting){0}),
             *second = set_up(&(setting){0});
    for (size_t i = 0; i < 6; i++) {
        ok(dae_trainer_step(straight->trainer, x + i * BATCH * SIZE, x, BATCH, NULL));
        ok(dae_trainer_step(i < 3 ? first->trainer : second->trainer, x + i * BATCH * SIZE, x, BATCH, NULL));
        if (i == 2)
            load_from(second, first);
    }
    same_training(straight, second);
    tear_down(straight);
    tear_down(first);
    tear_down(second);
    free(x);
}
END_TEST

/* From the callback, behind any step and behind an epoch; with another number of threads. */
static int32_t save_behind_step_10(const dae_progress *progress, void *user) {
    const training *t = user;
    if (progress->event == DAE_PROGRESS_STEP && steps_of(t->trainer) == 10) {
        ok(dae_trainer_save_checkpoint(t->trainer, temp_path("callback")));
        fails(dae_trainer_load_checkpoint(t->trainer, temp_path("callback")), DAE_ERROR_STATE, "in use");
        fails(dae_trainer_set_checkpoint(t->trainer, "x"), DAE_ERROR_STATE, "in use");
    }
    return 0;
}

START_TEST(a_callback_may_save) {
    training *first = set_up(&(setting){0}), *second = set_up(&(setting){0});
    ok(dae_trainer_set_progress(first->trainer, save_behind_step_10, first));
    ok(dae_set_num_threads(1));
    finish(first);
    ok(dae_set_num_threads(3));
    ok(dae_trainer_load_checkpoint(second->trainer, temp_path("callback")));
    ck_assert_uint_eq(steps_of(second->trainer), 10);
    finish(second);
    ok(dae_set_num_threads(0));
    same_training(first, second);
    tear_down(first);
    tear_down(second);
}
END_TEST

/* An interrupted epoch ends with other data; with a checkpoint's data only the same will do. */
START_TEST(other_data) {
    training *t = set_up(&(setting){0}), *u = set_up(&(setting){0});
    dae_dataset *other = random_dataset(SAMPLES, SIZE, 0, 1, 10);
    t->stop_at = 9;
    fails(dae_trainer_fit(t->trainer, t->data, EPOCHS), DAE_ERROR_CANCELLED, "");
    ok(dae_trainer_save_checkpoint(t->trainer, temp_path("data")));
    ok(dae_trainer_load_checkpoint(u->trainer, temp_path("data")));
    fails(dae_trainer_fit(u->trainer, other, 1), DAE_ERROR_STATE, "dataset");
    training *seed = set_up(&(setting){.noise_seed = 1}), *once = set_up(&(setting){.once = true});
    fails(dae_trainer_fit(u->trainer, seed->data, 1), DAE_ERROR_STATE, "dataset");
    fails(dae_trainer_fit(u->trainer, once->data, 1), DAE_ERROR_STATE, "dataset");
    ok(dae_trainer_fit(u->trainer, u->data, 1));
    ck_assert_uint_eq(steps_of(u->trainer), 2 * STEPS);
    /* the trainer that wrote it may do as it likes: a new epoch */
    ok(dae_trainer_fit(t->trainer, other, 1));
    ck_assert_uint_eq(steps_of(t->trainer), 9 + STEPS);
    ck_assert_uint_eq(epochs_of(t->trainer), 2);
    /* so does another order */
    t->stop_at = 9 + STEPS + 2;
    fails(dae_trainer_fit(t->trainer, other, 1), DAE_ERROR_CANCELLED, "");
    ok(dae_trainer_set_shuffle(t->trainer, 0));
    t->stop_at = 0;
    ok(dae_trainer_fit(t->trainer, other, 1));
    ck_assert_uint_eq(steps_of(t->trainer), 9 + STEPS + 2 + STEPS);
    dae_dataset_free(other);
    tear_down(seed);
    tear_down(once);
    tear_down(t);
    tear_down(u);
}
END_TEST

/* ---- When they are written -------------------------------------------------------------------- */

/* Steps that the checkpoint of this name knows of. */
static uint64_t steps_in(const char *path) {
    training *t = set_up(&(setting){0});
    ok(dae_trainer_load_checkpoint(t->trainer, path));
    uint64_t steps = steps_of(t->trainer);
    tear_down(t);
    return steps;
}

typedef struct {
    training *t;
    const char *path;
    uint64_t expected; /* steps in the file; 0: no file */
    uint64_t every;
    bool epochs;
} watch;

static int32_t look_at_file(const dae_progress *progress, void *user) {
    watch *w = user;
    if (w->expected == 0)
        ck_assert(!file_exists(w->path));
    else
        ck_assert_uint_eq(steps_in(w->path), w->expected);
    uint64_t steps = steps_of(w->t->trainer);
    if (w->epochs ? progress->event == DAE_PROGRESS_EPOCH && progress->epoch % w->every == 0
                  : progress->event == DAE_PROGRESS_STEP && steps % w->every == 0)
        w->expected = steps;
    return 0;
}

static void written_every(int32_t unit, uint64_t count) {
    training *t = set_up(&(setting){0});
    watch w = {.t = t, .path = temp_path("interval"), .every = count, .epochs = unit == DAE_INTERVAL_EPOCHS};
    remove(w.path);
    ok(dae_trainer_set_progress(t->trainer, look_at_file, &w));
    ok(dae_trainer_set_checkpoint(t->trainer, w.path));
    ok(dae_trainer_set_checkpoint_interval(t->trainer, unit, count));
    finish(t);
    ck_assert_uint_eq(steps_in(w.path), EPOCHS * STEPS);
    tear_down(t);
}

START_TEST(written_at_every_interval) {
    written_every(DAE_INTERVAL_STEPS, 1);
    written_every(DAE_INTERVAL_STEPS, 5);
    written_every(DAE_INTERVAL_EPOCHS, 1);
    written_every(DAE_INTERVAL_EPOCHS, 3);
    written_every(DAE_INTERVAL_STEPS, 1000); /* at the end only */
}
END_TEST

/* An hour does not pass, but the end does. */
START_TEST(written_at_the_end_of_any_fit) {
    training *t = set_up(&(setting){0});
    const char *path = temp_path("end");
    ok(dae_trainer_set_checkpoint(t->trainer, path));
    ok(dae_trainer_set_checkpoint_interval(t->trainer, DAE_INTERVAL_SECONDS, 3600));
    t->stop_at = 8;
    fails(dae_trainer_fit(t->trainer, t->data, EPOCHS), DAE_ERROR_CANCELLED, "callback");
    ck_assert_uint_eq(steps_in(path), 8);
    ok(dae_trainer_set_checkpoint(t->trainer, NULL));
    t->stop_at = 10;
    fails(dae_trainer_fit(t->trainer, t->data, EPOCHS), DAE_ERROR_CANCELLED, "callback");
    ck_assert_uint_eq(steps_in(path), 8);
    tear_down(t);
}
END_TEST

/* Behind each step that ends more than a second behind the file before. */
static int32_t wait_and_look(const dae_progress *progress, void *user) {
    watch *w = user;
    if (progress->event != DAE_PROGRESS_STEP)
        return 0;
    if (progress->step == 3)
        w->expected = file_exists(w->path) ? steps_in(w->path) : 0;
    nanosleep(&(struct timespec){.tv_nsec = 600 * 1000 * 1000}, NULL);
    return progress->step == 4;
}

START_TEST(written_every_second) {
    training *t = set_up(&(setting){0});
    watch w = {.t = t, .path = temp_path("second")};
    ok(dae_trainer_set_progress(t->trainer, wait_and_look, &w));
    ok(dae_trainer_set_checkpoint(t->trainer, w.path));
    ok(dae_trainer_set_checkpoint_interval(t->trainer, DAE_INTERVAL_SECONDS, 1));
    fails(dae_trainer_fit(t->trainer, t->data, 1), DAE_ERROR_CANCELLED, "");
    ck_assert_uint_ge(w.expected, 1); /* step 2, or the one before it if that took very long */
    ck_assert_uint_le(w.expected, 2);
    ck_assert_uint_eq(steps_in(w.path), 4);
    tear_down(t);
}
END_TEST

START_TEST(the_last_ones_are_kept) {
    training *t = set_up(&(setting){0});
    char path[512], older[600];
    snprintf(path, sizeof path, "%s", temp_path("kept"));
    ok(dae_trainer_set_checkpoint(t->trainer, path));
    ok(dae_trainer_set_checkpoint_keep(t->trainer, 3));
    finish(t);
    ck_assert_uint_eq(steps_in(path), EPOCHS * STEPS);
    for (uint64_t i = 1; i < 3; i++) {
        snprintf(older, sizeof older, "%s.%d", path, (int)i);
        ck_assert_uint_eq(steps_in(older), (EPOCHS - i) * STEPS);
    }
    snprintf(older, sizeof older, "%s.3", path);
    ck_assert(!file_exists(older));
    tear_down(t);
}
END_TEST

/* A folder that is not there stands for every way in which writing can fail. */
START_TEST(a_fit_stops_or_goes_on_without_its_checkpoint) {
    training *t = set_up(&(setting){0}), *straight = set_up(&(setting){0});
    char path[512];
    snprintf(path, sizeof path, "%s/nowhere/checkpoint", temp_path("no-folder"));
    ok(dae_trainer_set_checkpoint(t->trainer, path));
    ok(dae_trainer_set_checkpoint_interval(t->trainer, DAE_INTERVAL_STEPS, 5));
    fails(dae_trainer_fit(t->trainer, t->data, EPOCHS), DAE_ERROR_IO, path);
    ck_assert_uint_eq(steps_of(t->trainer), 5);
    ck_assert_uint_eq(t->failures, 0);
    ok(dae_trainer_set_checkpoint_failure(t->trainer, DAE_CHECKPOINT_GO_ON));
    finish(t);
    ck_assert_uint_eq(t->failures, 3 + 1); /* behind steps 10, 15 and 20, and at the end */
    finish(straight);
    same_training(t, straight);
    tear_down(t);
    tear_down(straight);
}
END_TEST

START_TEST(options_are_checked) {
    training *t = set_up(&(setting){0});
    fails(dae_trainer_set_checkpoint(NULL, "x"), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_set_checkpoint(t->trainer, ""), DAE_ERROR_ARGUMENT, "empty");
    fails(dae_trainer_set_checkpoint_interval(t->trainer, 3, 1), DAE_ERROR_ARGUMENT, "unit is 3");
    fails(dae_trainer_set_checkpoint_interval(t->trainer, -1, 1), DAE_ERROR_ARGUMENT, "unit is -1");
    fails(dae_trainer_set_checkpoint_interval(t->trainer, DAE_INTERVAL_STEPS, 0), DAE_ERROR_ARGUMENT,
          "count is 0");
    fails(dae_trainer_set_checkpoint_interval(t->trainer, DAE_INTERVAL_STEPS, 1000000001), DAE_ERROR_ARGUMENT,
          "count is 1000000001");
    fails(dae_trainer_set_checkpoint_keep(t->trainer, 0), DAE_ERROR_ARGUMENT, "count is 0");
    fails(dae_trainer_set_checkpoint_keep(t->trainer, 1001), DAE_ERROR_ARGUMENT, "count is 1001");
    fails(dae_trainer_set_checkpoint_failure(t->trainer, 2), DAE_ERROR_ARGUMENT, "policy is 2");
    fails(dae_trainer_save_checkpoint(NULL, "x"), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_save_checkpoint(t->trainer, NULL), DAE_ERROR_ARGUMENT, "path");
    fails(dae_trainer_load_checkpoint(NULL, "x"), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_load_checkpoint(t->trainer, NULL), DAE_ERROR_ARGUMENT, "path");
    fails(dae_trainer_load_checkpoint(t->trainer, temp_path("absent")), DAE_ERROR_IO, "absent");
    fails(dae_trainer_deserialize_checkpoint(t->trainer, NULL, 9), DAE_ERROR_ARGUMENT, "bytes");
    unsigned char byte;
    size_t size = 0;
    fails(dae_trainer_serialize_checkpoint(NULL, NULL, 0, &size), DAE_ERROR_ARGUMENT, "trainer");
    fails(dae_trainer_serialize_checkpoint(t->trainer, NULL, 0, NULL), DAE_ERROR_ARGUMENT, "size");
    fails(dae_trainer_serialize_checkpoint(t->trainer, NULL, 1, &size), DAE_ERROR_ARGUMENT, "bytes");
    fails(dae_trainer_serialize_checkpoint(t->trainer, &byte, 1, &size), DAE_ERROR_ARGUMENT, "capacity is 1");
    ck_assert_uint_gt(size, 1);
    tear_down(t);
}
END_TEST

/* ---- What is refused -------------------------------------------------------------------------- */

START_TEST(another_trainer_is_refused) {
    setting usual = {.patience = 2, .min_delta = 0.5};
    const struct {
        setting other;
        const char *word;
    } cases[] = {
        {{.patience = 2, .min_delta = 0.5, .batch = 9}, "batch size '8', the trainer has '9'"},
        {{.patience = 2, .min_delta = 0.5, .seed = 1}, "seed '0', the trainer has '1'"},
        {{.patience = 2, .min_delta = 0.5, .shuffle_off = 1}, "shuffle '1', the trainer has '0'"},
        {{.patience = 2, .min_delta = 0.5, .skip = 1}, "skip_not_finite '0', the trainer has '1'"},
        {{.patience = 2, .min_delta = 0.5, .loss = DAE_LOSS_MAE}, "loss 'mse', the trainer has 'mae'"},
        {{.patience = 2, .min_delta = 0.5, .hidden = 9}, "layers"},
        {{.patience = 2, .min_delta = 0.5, .sgd = true}, "optimizer 'adam("},
        {{.patience = 3, .min_delta = 0.5}, "patience '2', the trainer has '3'"},
        {{.patience = 2, .min_delta = 0.25}, "min_delta '0.5', the trainer has '0.25'"},
        {{.validation = true}, "patience '2', the trainer has '0'"},
    };
    training *t = set_up(&usual);
    finish(t);
    ok(dae_trainer_save_checkpoint(t->trainer, temp_path("refused")));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        training *other = set_up(&cases[i].other);
        size_t sizes[2];
        unsigned char *before = checkpoint_of(other, &sizes[0]);
        fails(dae_trainer_load_checkpoint(other->trainer, temp_path("refused")), DAE_ERROR_STATE,
              cases[i].word);
        unsigned char *after = checkpoint_of(other, &sizes[1]);
        ck_assert_uint_eq(sizes[0], sizes[1]);
        ck_assert_mem_eq(before, after, sizes[0]);
        free(before);
        free(after);
        tear_down(other);
    }
    dae_model *model = NULL;
    fails(dae_model_load(&model, temp_path("refused")), DAE_ERROR_FORMAT, "checkpoint");
    ck_assert_ptr_null(model);
    ok(dae_model_save(t->model, temp_path("model")));
    fails(dae_trainer_load_checkpoint(t->trainer, temp_path("model")), DAE_ERROR_FORMAT, "not a checkpoint");
    tear_down(t);
}
END_TEST

/* Whatever a file holds, it is taken over whole or not at all. */
static void is_whole_or_refused(training *t, const unsigned char *own, size_t own_size,
                                const unsigned char *bytes, size_t size) {
    dae_status status = dae_trainer_deserialize_checkpoint(t->trainer, bytes, size);
    if (status == DAE_OK) {
        ok(dae_trainer_deserialize_checkpoint(t->trainer, own, own_size));
        return;
    }
    ck_assert(status == DAE_ERROR_FORMAT || status == DAE_ERROR_STATE || status == DAE_ERROR_NOT_FINITE);
    ck_assert(message_has(""));
    size_t after_size;
    unsigned char *after = checkpoint_of(t, &after_size);
    ck_assert_uint_eq(after_size, own_size);
    ck_assert_mem_eq(after, own, own_size);
    free(after);
}

/* Trained, with everything that a checkpoint can hold, in the middle of an epoch. */
static training *rich_training(void) {
    training *t = set_up(&(setting){.patience = 5});
    t->stop_at = 15;
    fails(dae_trainer_fit(t->trainer, t->data, EPOCHS), DAE_ERROR_CANCELLED, "");
    return t;
}

START_TEST(every_prefix_is_refused) {
    training *t = rich_training(), *u = set_up(&(setting){.patience = 5});
    size_t size, own_size;
    unsigned char *bytes = checkpoint_of(t, &size), *own = checkpoint_of(u, &own_size);
    for (size_t length = 0; length < size; length++) {
        unsigned char *cut = must_have(length + 1);
        memcpy(cut, bytes, length);
        fails(dae_trainer_deserialize_checkpoint(u->trainer, cut, length), DAE_ERROR_FORMAT, "");
        free(cut);
    }
    is_whole_or_refused(u, own, own_size, bytes, size / 2);
    ok(dae_trainer_deserialize_checkpoint(u->trainer, bytes, size));
    same_training(t, u);
    free(bytes);
    free(own);
    tear_down(t);
    tear_down(u);
}
END_TEST

START_TEST(every_flipped_bit_of_the_header_is_harmless) {
    training *t = rich_training(), *u = set_up(&(setting){.patience = 5});
    size_t size, own_size, header = 0;
    unsigned char *bytes = checkpoint_of(t, &size), *own = checkpoint_of(u, &own_size);
    for (size_t i = 0; i < 8; i++)
        header |= (size_t)bytes[i] << 8 * i;
    for (size_t i = 0; i < 8 + header; i++)
        for (int bit = 0; bit < 8; bit += i < 8 ? 1 : 3) {
            bytes[i] ^= (unsigned char)(1 << bit);
            is_whole_or_refused(u, own, own_size, bytes, size);
            bytes[i] ^= (unsigned char)(1 << bit);
        }
    free(bytes);
    free(own);
    tear_down(t);
    tear_down(u);
}
END_TEST

/* The first place of `text` in the file is overwritten by `other`, of the same length. */
static void refused_with(const char *text, const char *other, dae_status status, const char *word) {
    training *t = rich_training(), *u = set_up(&(setting){.patience = 5});
    size_t size, at = 0, length = strlen(text);
    unsigned char *bytes = checkpoint_of(t, &size);
    while (at + length < size && memcmp(bytes + at, text, length) != 0)
        at++;
    ck_assert_msg(at + length < size, "no %s in the file", text);
    ck_assert_uint_eq(strlen(other), length);
    memcpy(bytes + at, other, length);
    fails(dae_trainer_deserialize_checkpoint(u->trainer, bytes, size), status, word);
    free(bytes);
    tear_down(t);
    tear_down(u);
}

START_TEST(nonsense_is_refused) {
    refused_with("\"dae.steps\":\"15\"", "\"dae.steps\":\"-5\"", DAE_ERROR_FORMAT, "dae.steps is '-5'");
    refused_with("\"dae.steps\":", "\"xyz.steps\":", DAE_ERROR_FORMAT, "no dae.steps");
    refused_with("\"dae.history\":\"2\"", "\"dae.history\":\"3\"", DAE_ERROR_FORMAT, "dae.history is '3'");
    refused_with("\"dae.history\":\"2\"", "\"dae.history\":\"1\"", DAE_ERROR_FORMAT,
                 "history has shape 2 x 4");
    refused_with("\"dae.history\":\"2\"", "\"dae.history\":\"0\"", DAE_ERROR_FORMAT, "found 17 tensors");
    refused_with("\"dae.open.counted\":\"24\"", "\"dae.open.counted\":\"25\"", DAE_ERROR_FORMAT,
                 "dae.open.counted");
    refused_with("\"dae.best.epoch\":\"2\"", "\"dae.best.epoch\":\"3\"", DAE_ERROR_FORMAT,
                 "dae.best.epoch is '3'");
    refused_with("\"dae.best.epoch\":\"2\"", "\"dae.best.epoch\":\"0\"", DAE_ERROR_FORMAT, "tensors");
    refused_with("\"dae.stopped\":\"0\"", "\"dae.stopped\":\"2\"", DAE_ERROR_FORMAT, "dae.stopped");
    refused_with("\"dae.checkpoint\":\"1\"", "\"dae.checkpoint\":\"2\"", DAE_ERROR_FORMAT, "newer version");
    refused_with("beta1=0.9", "beta1=9.9", DAE_ERROR_FORMAT, "beta1");
    refused_with("\"constant", "\"constanz", DAE_ERROR_FORMAT, "constanz");
    refused_with("\"dae.range\":\"0 1\"", "\"dae.range\":\"1 0\"", DAE_ERROR_FORMAT, "dae.range");
}
END_TEST

/* The second moment of Adam cannot be negative; a file that says so would give NaN in the next step. */
START_TEST(memory_that_cannot_be_is_refused) {
    training *t = rich_training();
    size_t size, parameters, header = 0;
    unsigned char *bytes = checkpoint_of(t, &size);
    ok(dae_model_get_parameter_count(t->model, &parameters));
    for (size_t i = 0; i < 8; i++)
        header |= (size_t)bytes[i] << 8 * i;
    unsigned char *data = bytes + 8 + header;
    const struct {
        size_t set;
        float value;
        dae_status status;
        const char *word;
    } cases[] = {
        {0, NAN, DAE_ERROR_NOT_FINITE, "tensor 0.weight"},
        {1, INFINITY, DAE_ERROR_NOT_FINITE, "tensor optimizer.m.0.weight"},
        {1, 1e20f, DAE_ERROR_FORMAT, "optimizer.m."},
        {2, -1e-3f, DAE_ERROR_FORMAT, "optimizer.v."},
        {3, NAN, DAE_ERROR_NOT_FINITE, "tensor best.0.weight"},
        {0, 3e38f, DAE_ERROR_FORMAT, "expected -1e+38 to 1e+38"},
        {3, -3e38f, DAE_ERROR_FORMAT, "best.* ranges from -3e+38"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char *place = data + (cases[i].set * parameters + 5) * sizeof(float), kept[sizeof(float)];
        memcpy(kept, place, sizeof kept);
        memcpy(place, &cases[i].value, sizeof kept);
        fails(dae_trainer_deserialize_checkpoint(t->trainer, bytes, size), cases[i].status, cases[i].word);
        memcpy(place, kept, sizeof kept);
    }
    ok(dae_trainer_deserialize_checkpoint(t->trainer, bytes, size));
    free(bytes);
    tear_down(t);
}
END_TEST

/* Where `text` stands in the file. */
static unsigned char *find(unsigned char *bytes, size_t size, const char *text) {
    size_t at = 0, length = strlen(text);
    while (at + length < size && memcmp(bytes + at, text, length) != 0)
        at++;
    ck_assert_msg(at + length < size, "no %s in the file", text);
    return bytes + at;
}

/* Values that are finite each, and with which a step would make parameters that are not: without this check it returned
 * DAE_OK. The same with an epsilon that bounds the step, and what Adam can have with any epsilon, are taken. */
START_TEST(memory_that_would_overflow_is_refused) {
    const struct {
        bool sgd;
        const char *options, *instead;
        float slots[2];
        bool taken;
    } cases[] = {
        {true, NULL, NULL, {3e38f, 0}, false},
        {true, NULL, NULL, {1e31f, 0}, true},
        {false, "epsilon=1e-07", "epsilon=1e-30", {1e18f, 0}, false},
        {false, "epsilon=1e-07", "epsilon=1e-30", {1e10f, 1e-38f}, false},
        {false, "beta2=0.999, epsilon=1e-07", "beta2=0.001, epsilon=1e-30", {1e9f, 1e18f}, false},
        {false, NULL, NULL, {1e18f, 0}, true},
        {false, "epsilon=1e-07", "epsilon=1e-30", {1e18f, 1e35f}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        training *t = set_up(&(setting){.sgd = cases[i].sgd, .shuffle_off = 1});
        ok(dae_trainer_fit(t->trainer, t->data, 1));
        size_t size, parameters, header = 0;
        unsigned char *bytes = checkpoint_of(t, &size);
        ok(dae_model_get_parameter_count(t->model, &parameters));
        for (size_t k = 0; k < 8; k++)
            header |= (size_t)bytes[k] << 8 * k;
        for (size_t slot = 0; slot < (cases[i].sgd ? 1u : 2u); slot++)
            memcpy(bytes + 8 + header + (slot + 1) * parameters * sizeof(float), &cases[i].slots[slot],
                   sizeof(float));
        if (cases[i].options != NULL)
            memcpy(find(bytes, size, cases[i].options), cases[i].instead, strlen(cases[i].instead));
        dae_status status = dae_trainer_deserialize_checkpoint(t->trainer, bytes, size);
        ck_assert_msg(status == (cases[i].taken ? DAE_OK : DAE_ERROR_FORMAT), "case %zu gave %s", i,
                      dae_status_name(status));
        ck_assert(cases[i].taken || message_has("optimizer."));
        float *x = random_floats(BATCH * SIZE, 0, 1, 9), *values;
        status = dae_trainer_step(t->trainer, x, x, BATCH, NULL);
        ck_assert(status == DAE_OK || status == DAE_ERROR_NOT_FINITE);
        values = parameters_of(t->model, NULL);
        for (size_t k = 0; k < parameters; k++)
            ck_assert_msg(isfinite(values[k]), "case %zu: parameter %zu is not finite", i, k);
        free(values);
        free(x);
        free(bytes);
        tear_down(t);
    }
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

static dae_status save_attempt(void *user) {
    return dae_trainer_save_checkpoint(((training *)user)->trainer, temp_path("memory"));
}

static dae_status load_attempt(void *user) {
    return dae_trainer_load_checkpoint(((training *)user)->trainer, temp_path("memory"));
}

static dae_status serialize_attempt(void *user) {
    unsigned char bytes[16 * 1024];
    size_t size;
    return dae_trainer_serialize_checkpoint(((training *)user)->trainer, bytes, sizeof bytes, &size);
}

START_TEST(memory_that_runs_out_changes_nothing) {
    size_t size, after_size;
    training *t = rich_training();
    dae_dataset *plain = random_dataset(SAMPLES, SIZE, 0, 1, 10);
    t->stop_at = 0;
    ok(dae_trainer_fit(t->trainer, plain, 1)); /* a recipe that is loaded would stay with the model */
    unsigned char *before = checkpoint_of(t, &size);
    ck_assert_uint_gt(every_allocation_fails(save_attempt, t), 0);
    ck_assert_uint_gt(every_allocation_fails(load_attempt, t), 0);
    ck_assert_uint_gt(every_allocation_fails(serialize_attempt, t), 0);
    unsigned char *after = checkpoint_of(t, &after_size);
    ck_assert_uint_eq(size, after_size);
    ck_assert_mem_eq(before, after, size);
    free(before);
    free(after);
    dae_dataset_free(plain);
    tear_down(t);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint");
    TCase *resume = add_case(suite, "resume");
    tcase_add_test(resume, adam_resumes_anywhere);
    tcase_add_test(resume, sgd_resumes_anywhere);
    tcase_add_test(resume, schedules_and_changed_rates_resume);
    tcase_add_test(resume, bfloat16_resumes_anywhere);
    tcase_add_test(resume, early_stopping_resumes_anywhere);
    tcase_add_test(resume, a_training_that_stopped_early_has_stopped);
    tcase_add_test(resume, steps_driven_from_outside_resume);
    tcase_add_test(resume, a_callback_may_save);
    tcase_add_test(resume, other_data);
    TCase *written = add_case(suite, "written");
    tcase_add_test(written, written_at_every_interval);
    tcase_add_test(written, written_at_the_end_of_any_fit);
    tcase_add_test(written, written_every_second);
    tcase_add_test(written, the_last_ones_are_kept);
    tcase_add_test(written, a_fit_stops_or_goes_on_without_its_checkpoint);
    tcase_add_test(written, options_are_checked);
    TCase *refused = add_case(suite, "refused");
    tcase_add_test(refused, another_trainer_is_refused);
    tcase_add_test(refused, every_prefix_is_refused);
    tcase_add_test(refused, every_flipped_bit_of_the_header_is_harmless);
    tcase_add_test(refused, nonsense_is_refused);
    tcase_add_test(refused, memory_that_cannot_be_is_refused);
    tcase_add_test(refused, memory_that_would_overflow_is_refused);
    tcase_add_test(refused, memory_that_runs_out_changes_nothing);
    return suite_main(suite);
}
