/* Checkpoints: training that was interrupted ends in the same bytes; when checkpoints are written. */
#define _POSIX_C_SOURCE 200809L /* nanosleep() */

#include "golden_files.h"
#include "safetensors.h"
#include "training.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
    resume_everywhere(&(setting){.schedule = "cosine(steps=20, warmup=3)", .loss = "bce"}, true);
}
END_TEST

/* With all that they can remember, and all that governs them. */
START_TEST(every_rule_resumes_anywhere) {
    static const char *const rules[] = {
        "adam(0.01, amsgrad=yes)",
        "adamw(0.01, amsgrad=yes)",
        "adamw(0.01) ",
        "nadam(0.01)",
        "rmsprop(0.01, momentum=0.5)",
        "rmsprop(0.01, momentum=0.5, centered=yes)",
        "adagrad(0.1)",
        "adadelta(1)",
    };
    static const char *const schedules[] = {
        "clip_norm(0.01) | cosine(epochs=3, warmup=1) | clip_value(0.001)",
        "plateau(factor=0.5, patience=1, min_delta=1, cooldown=1)"};
    resume_everywhere(&(setting){.rule = rules[_i / 2], .schedule = schedules[_i % 2], .validation = _i % 2},
                      false);
}
END_TEST

/* What a rule remembers is decided by some of its options, in which file and trainer must agree. */
START_TEST(memory_must_be_that_of_the_file) {
    training *with = set_up(&(setting){.rule = "adam(0.01, amsgrad=yes)"}),
             *without = set_up(&(setting){.rule = "adam(0.01)"});
    size_t size;
    unsigned char *bytes = checkpoint_of(with, &size);
    fails(dae_trainer_deserialize_checkpoint(without->trainer, bytes, size), DAE_ERROR_STATE, "amsgrad=yes");
    free(bytes);
    bytes = checkpoint_of(without, &size);
    fails(dae_trainer_deserialize_checkpoint(with->trainer, bytes, size), DAE_ERROR_STATE, "amsgrad=yes");
    free(bytes);
    tear_down(with);
    tear_down(without);
}
END_TEST

START_TEST(figures_resume_anywhere) {
    resume_everywhere(
        &(setting){.figures = "mae | psnr(peak=2)", .loss = "bce | l2(weight=0.01)", .validation = true},
        false);
}
END_TEST

START_TEST(frozen_layers_resume_anywhere) {
    setting s = {.frozen = _i == 0 ? "0" : "h2",
                 .rule = "adamw(0.01)",
                 .schedule = "clip_norm(0.1)",
                 .network = _i == 0 ? NULL : "input(12) | dense(9) as h1 | dense(5) as h2 | dense(12) as h3"};
    resume_everywhere(&s, false);
    training *frozen = set_up(&s), *trained = set_up(&s);
    size_t size;
    ok(dae_trainer_set_frozen(trained->trainer, s.frozen, 0));
    unsigned char *bytes = checkpoint_of(frozen, &size);
    fails(dae_trainer_deserialize_checkpoint(trained->trainer, bytes, size), DAE_ERROR_STATE,
          _i == 0 ? "with frozen layers '0', the trainer has ''"
                  : "with frozen layers 'h2', the trainer has ''");
    free(bytes);
    bytes = checkpoint_of(trained, &size);
    if (_i == 1)
        ok(dae_trainer_set_frozen(frozen->trainer, "h1", 1));
    fails(dae_trainer_deserialize_checkpoint(frozen->trainer, bytes, size), DAE_ERROR_STATE,
          _i == 0 ? "with frozen layers '', the trainer has '0'"
                  : "with frozen layers '', the trainer has 'h1 h2'");
    free(bytes);
    tear_down(frozen);
    tear_down(trained);
}
END_TEST

START_TEST(averages_resume_anywhere) {
    static const char *const networks[] = {NULL, "input(12) | dense(9, activation=tanh) as code | dense(12)",
                                           "input(12) | dense(9, activation=relu) as h1 | dense(tied=h1)"};
    setting s = {.schedule = "average(decay=0.9) | clip_norm(0.1)",
                 .network = networks[_i],
                 .loss = _i == 1 ? "mse | contractive(of=code, weight=0.1)" : NULL,
                 .validation = true,
                 .patience = _i == 2 ? 2 : 0};
    resume_everywhere(&s, false);
    training *with = set_up(&s), *without, *loaded = set_up(&s);
    s.schedule = "clip_norm(0.1)";
    without = set_up(&s);
    finish(with);
    size_t size;
    unsigned char *bytes = checkpoint_of(with, &size);
    fails(dae_trainer_deserialize_checkpoint(without->trainer, bytes, size), DAE_ERROR_STATE,
          "with schedule 'average(decay=0.9) | clip_norm(norm=0.1)', the trainer has 'clip_norm(norm=0.1)'");
    ok(dae_trainer_deserialize_checkpoint(loaded->trainer, bytes, size));
    dae_model *averages[2] = {NULL, NULL};
    ok(dae_trainer_copy_average(&averages[0], with->trainer));
    ok(dae_trainer_copy_average(&averages[1], loaded->trainer));
    same_parameters(averages[0], averages[1]);
    for (size_t i = 0; i < 2; i++)
        dae_model_free(averages[i]);
    free(bytes);
    bytes = checkpoint_of(without, &size);
    fails(dae_trainer_deserialize_checkpoint(with->trainer, bytes, size), DAE_ERROR_STATE,
          "with schedule 'clip_norm(norm=0.1)', the trainer has 'average(decay=0.9) | clip_norm(norm=0.1)'");
    free(bytes);
    tear_down(with);
    tear_down(without);
    tear_down(loaded);
}
END_TEST

/* So are the columns of the history. */
START_TEST(columns_must_be_those_of_the_file) {
    training *with = set_up(&(setting){.schedule = "clip_norm(1)"}), *without = set_up(&(setting){0});
    size_t size;
    unsigned char *bytes = checkpoint_of(with, &size);
    fails(dae_trainer_deserialize_checkpoint(without->trainer, bytes, size), DAE_ERROR_STATE,
          "columns 'loss validation_loss validation_psnr seconds gradient_norm', the trainer has 'loss "
          "validation_loss validation_psnr seconds'");
    free(bytes);
    bytes = checkpoint_of(without, &size);
    fails(dae_trainer_deserialize_checkpoint(with->trainer, bytes, size), DAE_ERROR_STATE,
          "columns 'loss validation_loss validation_psnr seconds', the trainer has 'loss "
          "validation_loss validation_psnr seconds gradient_norm'");
    free(bytes);
    training *other = set_up(&(setting){.figures = "mae | ssim"});
    bytes = checkpoint_of(other, &size);
    ok(dae_trainer_set_figures(other->trainer, "ssim | mae"));
    fails(dae_trainer_deserialize_checkpoint(other->trainer, bytes, size), DAE_ERROR_STATE,
          "validation_mae validation_ssim', the trainer has 'loss validation_loss validation_psnr seconds "
          "validation_ssim validation_mae'");
    ok(dae_trainer_set_figures(other->trainer, "mae|ssim"));
    ok(dae_trainer_deserialize_checkpoint(other->trainer, bytes, size));
    free(bytes);
    tear_down(other);
    tear_down(with);
    tear_down(without);
}
END_TEST

START_TEST(bfloat16_resumes_anywhere) {
    resume_everywhere(&(setting){.bfloat16 = true, .batch = 16}, false);
}
END_TEST

START_TEST(networks_resume_anywhere) {
    static const char *const networks[] = {
        "input(12) | dense(9, activation=relu) | dropout(0.2) as h | dense(9) | add(h) | dense(12) as noise"
        " | from(input) | subtract(noise)",
        "input(12) | dense(9, activation=relu) as e1 | dense(6, activation=relu) as e2 | dense(4) as code"
        " | dense(6, activation=relu) | concatenate(e2, code) | dense(9, activation=relu) | concatenate(e1, "
        "code)"
        " | dense(12, activation=sigmoid)",
        "input(12) | dense(9, activation=relu) as h1 | dense(5) as h2 | dense(tied=h2, activation=relu)"
        " | dense(tied=h1) | gain",
    };
    resume_everywhere(&(setting){.network = networks[_i % 3], .bfloat16 = _i >= 3, .validation = true},
                      false);
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

/* From the callback, after any step and after an epoch; with another number of threads. */
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
    ok(dae_trainer_set_seed(u->trainer, 1234));
    fails(dae_trainer_fit(u->trainer, u->data, 1), DAE_ERROR_STATE, "the trainer's seed");
    ok(dae_trainer_set_seed(u->trainer, 0));
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

/* After each step that ends more than a second after the file before. */
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
    const setting validated = {.validation = true};
    training *t = set_up(&validated), *straight = set_up(&validated);
    char path[512];
    snprintf(path, sizeof path, "%s/nowhere/checkpoint", temp_path("no-folder"));
    ok(dae_trainer_set_checkpoint(t->trainer, path));
    ok(dae_trainer_set_checkpoint_interval(t->trainer, DAE_INTERVAL_STEPS, 5));
    fails(dae_trainer_fit(t->trainer, t->data, EPOCHS), DAE_ERROR_IO, path);
    ck_assert_uint_eq(steps_of(t->trainer), 5);
    ck_assert_uint_eq(t->failures, 0);
    ok(dae_trainer_set_checkpoint_failure(t->trainer, DAE_CHECKPOINT_GO_ON));
    finish(t);
    ck_assert_uint_eq(t->failures, 3 + 1); /* after steps 10, 15 and 20, and at the end */
    finish(straight);
    same_training(t, straight);
    tear_down(t);
    tear_down(straight);
}
END_TEST

static int32_t stop_at_once(const dae_progress *progress, void *user) {
    (void)progress, (void)user;
    return 1;
}

/* Whoever stops a fit to go on later must hear that there is nothing to go on from. */
START_TEST(a_fit_that_is_stopped_tells_of_its_checkpoint) {
    training *t = set_up(&(setting){0});
    char path[512];
    snprintf(path, sizeof path, "%s/nowhere/checkpoint", temp_path("no-folder"));
    ok(dae_trainer_set_checkpoint(t->trainer, path));
    ok(dae_trainer_set_progress(t->trainer, stop_at_once, NULL));
    fails(dae_trainer_fit(t->trainer, t->data, EPOCHS), DAE_ERROR_IO, path);
    ck_assert_uint_eq(steps_of(t->trainer), 1);
    ok(dae_trainer_set_checkpoint_failure(t->trainer, DAE_CHECKPOINT_GO_ON));
    fails(dae_trainer_fit(t->trainer, t->data, EPOCHS), DAE_ERROR_CANCELLED, "callback");
    ok(dae_trainer_set_checkpoint(t->trainer, temp_path("stopped")));
    fails(dae_trainer_fit(t->trainer, t->data, EPOCHS), DAE_ERROR_CANCELLED, "callback");
    tear_down(t);
}
END_TEST

/* A best epoch whose parameters no checkpoint may have, kept after an epoch with usual ones. */
START_TEST(the_best_epoch_must_be_loadable) {
    training *t = set_up(&(setting){.patience = 5, .validation = true});
    dae_dataset *zeros = random_dataset(SAMPLES, SIZE, 0, 0,
                                        1); /* whatever the weights of the first layer are */
    size_t count, size;
    float *parameters = parameters_of(t->model, &count), kept = parameters[0];
    parameters[0] = 2e38f;
    ok(dae_model_set_parameters(t->model, parameters, count));
    ok(dae_trainer_set_validation(t->trainer, zeros));
    ok(dae_trainer_fit(t->trainer, zeros, 1));
    parameters[0] = kept;
    parameters[count - 1] = 5; /* a bias of the output: no better epoch */
    ok(dae_model_set_parameters(t->model, parameters, count));
    ok(dae_trainer_fit(t->trainer, zeros, 1));
    fails(dae_trainer_save_checkpoint(t->trainer, temp_path("best")), DAE_ERROR_NOT_FINITE, "best epoch");
    fails(dae_trainer_serialize_checkpoint(t->trainer, NULL, 0, &size), DAE_ERROR_NOT_FINITE, "2e+38");
    ck_assert(!file_exists(temp_path("best")));
    free(parameters);
    dae_dataset_free(zeros);
    tear_down(t);
}
END_TEST

START_TEST(zero_has_no_sign) {
    training *minus = set_up(&(setting){.patience = 2, .min_delta = -0.0, .validation = true});
    training *plus = set_up(&(setting){.patience = 2, .min_delta = 0.0, .validation = true});
    load_from(plus, minus);
    load_from(minus, plus);
    tear_down(minus);
    tear_down(plus);
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

/* A checkpoint from before slopes were written as leaky_relu(0.1): the layers are the same, and training goes on as it did. */
START_TEST(older_checkpoints_load) {
    static unsigned char bytes[8 + sizeof OLD_CHECKPOINT_HEADER + sizeof OLD_CHECKPOINT_DATA];
    size_t size = safetensors_join(bytes, OLD_CHECKPOINT_HEADER, OLD_CHECKPOINT_DATA,
                                   sizeof OLD_CHECKPOINT_DATA);
    dae_model *model = model_from(9,
                                  "input(1, 3) | dense(2, activation=leaky_relu(0.1), initializer=he_normal)"
                                  " | dropout(0.25) | dense(2, activation=leaky_relu)"
                                  " | dense(3, activation=sigmoid)"),
              *other = model_from(9,
                                  "input(1, 3) | dense(2, activation=leaky_relu(0.2), initializer=he_normal)"
                                  " | dropout(0.25) | dense(2, activation=leaky_relu)"
                                  " | dense(3, activation=sigmoid)");
    dae_trainer *trainer = adam_trainer(model, 0.01, "mse"), *refuses = adam_trainer(other, 0.01, 0);
    float samples[12], expected[sizeof OLD_SECOND_DATA / sizeof(float)];
    const size_t shape[] = {1, 3};
    dae_dataset *data = NULL;
    for (size_t i = 0; i < 12; i++)
        samples[i] = (float)i / 12;
    ok(dae_dataset_copy_array(&data, samples, 4, 2, shape));
    data = corrupted(data, "gaussian(mean=0.25, stddev=0.5) | clip(0, 1)", DAE_NOISE_FRESH, 2);
    ok(dae_trainer_set_batch_size(trainer, 2));
    ok(dae_trainer_set_batch_size(refuses, 2));
    fails(dae_trainer_deserialize_checkpoint(refuses, bytes, size), DAE_ERROR_STATE, "layers");
    ok(dae_trainer_deserialize_checkpoint(trainer, bytes, size));
    float *parameters = parameters_of(model, NULL);
    ck_assert_mem_eq(parameters, OLD_MODEL_DATA, sizeof OLD_MODEL_DATA);
    free(parameters);
    ok(dae_trainer_fit(trainer, data, 1));
    ck_assert_uint_eq(epochs_of(trainer), 2);
    parameters = parameters_of(model, NULL);
    memcpy(expected, OLD_SECOND_DATA, sizeof expected);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        near(parameters[i], expected[i], 1e-6);
    free(parameters);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_trainer_free(refuses);
    dae_model_free(model);
    dae_model_free(other);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint");
    TCase *resume = add_case(suite, "resume");
    tcase_add_test(resume, adam_resumes_anywhere);
    tcase_add_loop_test(resume, every_rule_resumes_anywhere, 0, 16);
    tcase_add_test(resume, memory_must_be_that_of_the_file);
    tcase_add_loop_test(resume, frozen_layers_resume_anywhere, 0, 2);
    tcase_add_loop_test(resume, averages_resume_anywhere, 0, 3);
    tcase_add_test(resume, figures_resume_anywhere);
    tcase_add_test(resume, columns_must_be_those_of_the_file);
    tcase_add_test(resume, sgd_resumes_anywhere);
    tcase_add_test(resume, schedules_and_changed_rates_resume);
    tcase_add_test(resume, bfloat16_resumes_anywhere);
    tcase_add_loop_test(resume, networks_resume_anywhere, 0, 6);
    tcase_add_test(resume, early_stopping_resumes_anywhere);
    tcase_add_test(resume, a_training_that_stopped_early_has_stopped);
    tcase_add_test(resume, steps_driven_from_outside_resume);
    tcase_add_test(resume, a_callback_may_save);
    tcase_add_test(resume, other_data);
    tcase_add_test(resume, older_checkpoints_load);
    TCase *written = add_case(suite, "written");
    tcase_add_test(written, written_at_every_interval);
    tcase_add_test(written, written_at_the_end_of_any_fit);
    tcase_add_test(written, written_every_second);
    tcase_add_test(written, the_last_ones_are_kept);
    tcase_add_test(written, a_fit_stops_or_goes_on_without_its_checkpoint);
    tcase_add_test(written, a_fit_that_is_stopped_tells_of_its_checkpoint);
    tcase_add_test(written, zero_has_no_sign);
    tcase_add_test(written, the_best_epoch_must_be_loadable);
    tcase_add_test(written, options_are_checked);
    return suite_main(suite);
}
