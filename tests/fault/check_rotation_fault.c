/* Checkpoints that a fit writes while older ones are kept: any call of moving them on and of writing may fail, with and
 * without links in the file system, behind a symbolic link too. What was written before can be loaded, and training
 * stops or goes on, as it was told, and ends in the same parameters. */
#define _GNU_SOURCE

#include "faults.h"
#include "network.h"
#include "places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SIZE = 5,
    SAMPLES = 12,
    BATCH = 3,
    STEPS = 4,
    WRITES = STEPS + 1 /* and one after the epoch */,
    KEEP = 3,
    PATH_SIZE = 4096 + 64
};

/* ---- A training ------------------------------------------------------------------------------- */

typedef struct {
    dae_model *model;
    dae_trainer *trainer;
    dae_dataset *data;
    size_t failures; /* that the callback was told of */
} training;

static int32_t on_progress(const dae_progress *progress, void *user) {
    if (progress->event == DAE_PROGRESS_CHECKPOINT_FAILED)
        ((training *)user)->failures++;
    return 0;
}

static int32_t stop_behind_step(const dae_progress *progress, void *user) {
    return progress->step == *(const uint64_t *)user;
}

static void set_up(training *t) {
    network net = autoencoder(SIZE, 4, "relu", "sigmoid");
    t->model = network_model(&net, 8);
    t->trainer = adam_trainer(t->model, 0.01, "mse");
    t->data = random_dataset(SAMPLES, SIZE, 0, 1, 6);
    t->failures = 0;
    ok(dae_trainer_set_batch_size(t->trainer, BATCH));
    ok(dae_trainer_set_progress(t->trainer, on_progress, t));
}

static void set_plan(const training *t, const char *path, int32_t policy) {
    ok(dae_trainer_set_checkpoint(t->trainer, path));
    ok(dae_trainer_set_checkpoint_interval(t->trainer, DAE_INTERVAL_STEPS, 1));
    ok(dae_trainer_set_checkpoint_keep(t->trainer, KEEP));
    ok(dae_trainer_set_checkpoint_failure(t->trainer, policy));
}

static void tear_down(training *t) {
    dae_dataset_free(t->data);
    dae_trainer_free(t->trainer);
    dae_model_free(t->model);
}

static float *expected[STEPS + 1]; /* parameters after each number of steps */
static size_t parameters;

static void train_without_faults(void) {
    for (uint64_t steps = 0; steps <= STEPS; steps++) {
        training t;
        set_up(&t);
        ok(dae_trainer_set_progress(t.trainer, stop_behind_step, &steps));
        if (steps > 0)
            fails(dae_trainer_fit(t.trainer, t.data, 1), DAE_ERROR_CANCELLED, "");
        expected[steps] = parameters_of(t.model, &parameters);
        tear_down(&t);
    }
}

static void forget_expected(void) {
    for (int steps = 0; steps <= STEPS; steps++)
        free(expected[steps]);
}

static void is_behind_step(const training *t, uint64_t steps) {
    ck_assert_uint_eq(steps_of(t->trainer), steps);
    float *values = parameters_of(t->model, NULL);
    same_floats(values, expected[steps], parameters);
    free(values);
}

/* ---- A place ---------------------------------------------------------------------------------- */

typedef enum { PLAIN, WITHOUT_LINKS, SYMBOLIC_LINK, PLACES } place;

static const char *const place_names[] = {"plain", "without links", "symbolic link"};

static struct {
    char folder[4096], path[PATH_SIZE], target[PATH_SIZE];
    place place;
} at;

/* A fresh folder; behind a symbolic link the file lies in a folder in it. */
static void begin(place where) {
    char inner[PATH_SIZE];
    at.place = where;
    snprintf(at.folder, sizeof at.folder, "%s", fresh_folder());
    snprintf(at.path, sizeof at.path, "%s/run", at.folder);
    snprintf(inner, sizeof inner, "%.4000s/inner", at.folder);
    snprintf(at.target, sizeof at.target, "%.4050s/run", inner);
    if (where != SYMBOLIC_LINK)
        return;
    ck_assert_int_eq(mkdir(inner, 0700), 0);
    ck_assert_int_eq(symlink("inner/run", at.path), 0);
}

static const char *name_of(size_t n) {
    static char name[PATH_SIZE + 24];
    if (n == 0)
        snprintf(name, sizeof name, "%s", at.path);
    else
        snprintf(name, sizeof name, "%s.%zu", at.path, n);
    return name;
}

/* Loads what has the name `n`; false if there is nothing. Goes on from there to the same end, if asked to. */
static bool load(size_t n, uint64_t *steps, bool finish) {
    training t;
    if (access(name_of(n), F_OK) != 0)
        return false;
    set_up(&t);
    ok(dae_trainer_load_checkpoint(t.trainer, name_of(n)));
    *steps = steps_of(t.trainer);
    is_behind_step(&t, *steps);
    if (finish && *steps < STEPS) {
        ok(dae_trainer_fit(t.trainer, t.data, 1));
        is_behind_step(&t, STEPS);
    }
    tear_down(&t);
    return true;
}

/* Each file can be loaded, and is no newer than the one before it; nothing else lies there. Gives the newest's steps, 0
 * where there is none. */
static uint64_t look_around(void) {
    uint64_t newest = 0, last = UINT64_MAX;
    size_t files = 0;
    for (size_t n = 0; n <= KEEP; n++) {
        uint64_t steps;
        if (!load(n, &steps, n == 0))
            continue;
        ck_assert_msg(steps <= last, "%s is newer than the one before it", name_of(n));
        ck_assert_uint_lt(n, KEEP);
        last = steps;
        newest = n == 0 ? steps : newest;
        files++;
    }
    struct stat info;
    if (at.place == SYMBOLIC_LINK) {
        char inner[PATH_SIZE];
        ck_assert(lstat(at.path, &info) == 0 && S_ISLNK(info.st_mode));
        snprintf(inner, sizeof inner, "%.4000s/inner", at.folder);
        ck_assert_uint_eq(entries_of(inner), newest > 0);
        files += 1 + (newest == 0); /* the inner folder; and a link that leads to nothing */
    }
    ck_assert_uint_eq(entries_of(at.folder), files);
    return newest;
}

/* ---- Faults ----------------------------------------------------------------------------------- */

static size_t injected;

/* A fit of four steps that writes after each, with `error` at call `k`; false if there is no such call. */
static bool fit_with_fault(place where, int32_t policy, int error, size_t k) {
    const file_fault faults[] = {{CALL_ANY, FAULT_FAIL, error, STRIKE_ONCE, k, 0, NULL, NULL},
                                 {CALL_LINK, FAULT_FAIL, EPERM, STRIKE_ONWARD, 1, 0, NULL, NULL}};
    training t;
    size_t descriptors = open_descriptors();
    begin(where);
    set_up(&t);
    set_plan(&t, at.path, policy);
    faults_begin(faults, where == WITHOUT_LINKS ? 2 : 1);
    dae_status status = dae_trainer_fit(t.trainer, t.data, 1);
    size_t struck = faults_end(), links = 0;
    for (const char *call = faults_trace(); *call != '\0'; call++)
        links += *call == 'k';
    ck_assert_uint_ge(strlen(faults_trace()) + 1, k);
    bool more = k <= strlen(faults_trace());
    injected += more;

    const char *what = strerror(error);
    if (policy == DAE_CHECKPOINT_GO_ON || status == DAE_OK) {
        ck_assert_msg(status == DAE_OK, "%s, call %zu: %s: the fit ended: %s", place_names[where], k, what,
                      dae_last_error());
        is_behind_step(&t, STEPS);
        ck_assert_uint_le(t.failures, policy == DAE_CHECKPOINT_GO_ON);
        ck_assert_uint_eq(look_around(), STEPS);
    } else {
        ck_assert_msg(status == DAE_ERROR_IO && message_has(at.path) && message_has(what),
                      "%s, call %zu: %s: %s", place_names[where], k, what, dae_last_error());
        ck_assert_uint_eq(t.failures, 0);
        uint64_t steps = steps_of(t.trainer), newest = look_around();
        is_behind_step(&t, steps);
        ck_assert_msg(newest + 1 == steps || newest == steps,
                      "%s, call %zu: %s: the newest has %llu steps of %llu", place_names[where], k, what,
                      (unsigned long long)newest, (unsigned long long)steps);
        if (steps < STEPS) { /* a next fit goes on */
            ok(dae_trainer_fit(t.trainer, t.data, 1));
            ck_assert_uint_eq(look_around(), STEPS);
        }
        is_behind_step(&t, STEPS);
    }
    ck_assert_uint_eq(open_descriptors(), descriptors);
    if (!more) {
        ck_assert_uint_eq(struck, where == WITHOUT_LINKS ? links : 0);
        ck_assert_uint_eq(links, WRITES - 1);
    }
    tear_down(&t);
    return more;
}

static void fail_each_call(place where) {
    static const int errors[] = {EIO, ENOSPC, EPERM};
    train_without_faults();
    for (int32_t policy = DAE_CHECKPOINT_STOP; policy <= DAE_CHECKPOINT_GO_ON; policy++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
            for (size_t k = 1; fit_with_fault(where, policy, errors[e], k); k++)
                continue;
    forget_expected();
    printf("%zu faults, %s\n", injected, place_names[where]);
}

START_TEST(any_call_may_fail) {
    fail_each_call(_i);
}
END_TEST

/* The last of so many checkpoints are there, each once. */
static void are_kept(size_t written) {
    static const uint64_t steps_of_write[WRITES] = {1, 2, 3, 4, 4};
    for (size_t n = 0; n < KEEP; n++) {
        uint64_t steps = 0;
        ck_assert_msg(load(n, &steps, false) == (n < written), "%zu were written: %s", written, name_of(n));
        if (n < written)
            ck_assert_uint_eq(steps, steps_of_write[written - 1 - n]);
    }
}

/* The disk is full from some call on, and stays so: what was kept still is. */
START_TEST(nothing_can_be_written_any_more) {
    train_without_faults();
    for (int32_t policy = DAE_CHECKPOINT_STOP; policy <= DAE_CHECKPOINT_GO_ON; policy++)
        for (size_t k = 1; k <= WRITES; k++) {
            file_fault fault = {CALL_WRITE, FAULT_FAIL, ENOSPC, STRIKE_ONWARD, k, 0, NULL, NULL};
            training t;
            begin(_i);
            set_up(&t);
            set_plan(&t, at.path, policy);
            faults_begin(&fault, 1);
            dae_status status = dae_trainer_fit(t.trainer, t.data, 1);
            injected += faults_end();
            if (policy == DAE_CHECKPOINT_STOP) {
                ck_assert_int_eq(status, DAE_ERROR_IO);
                is_behind_step(&t, k < STEPS ? k : STEPS);
            } else {
                ck_assert(status == DAE_OK && t.failures == WRITES - k + 1);
                is_behind_step(&t, STEPS);
            }
            if (_i != WITHOUT_LINKS) { /* where a copy is written too */
                ck_assert_uint_eq(look_around(), k - 1 < STEPS ? k - 1 : STEPS);
                are_kept(k - 1);
            }
            tear_down(&t);
        }
    forget_expected();
    printf("%zu faults, %s\n", injected, place_names[_i]);
}
END_TEST

/* ---- What is kept ----------------------------------------------------------------------------- */

static void has_kept(const uint64_t expected_steps[KEEP]) {
    for (size_t n = 0; n < KEEP; n++) {
        uint64_t steps = 0;
        ck_assert_msg(load(n, &steps, true), "no %s", name_of(n));
        ck_assert_uint_eq(steps, expected_steps[n]);
    }
    ck_assert_uint_eq(look_around(), expected_steps[0]);
}

START_TEST(the_last_ones_are_kept) {
    file_fault fault = {CALL_LINK, FAULT_FAIL, EPERM, STRIKE_ONWARD, 1, 0, NULL, NULL};
    training t;
    train_without_faults();
    begin(_i);
    set_up(&t);
    set_plan(&t, at.path, DAE_CHECKPOINT_STOP);
    faults_begin(&fault, _i == WITHOUT_LINKS);
    ok(dae_trainer_fit(t.trainer, t.data, 1));
    ck_assert_uint_eq(faults_end(), _i == WITHOUT_LINKS ? WRITES - 1 : 0);
    has_kept((const uint64_t[]){4, 4, 3});
    struct stat older;
    ck_assert(lstat(name_of(1), &older) == 0 && S_ISREG(older.st_mode) && older.st_nlink == 1);
    if (_i == SYMBOLIC_LINK)
        ck_assert(lstat(at.target, &older) == 0 && S_ISREG(older.st_mode));
    tear_down(&t);
    forget_expected();
}
END_TEST

int main(void) {
    if (!faults_are_possible())
        return 77; /* meson: skipped */
    Suite *suite = suite_create("rotation faults");
    TCase *kept = add_case(suite, "kept");
    tcase_add_loop_test(kept, the_last_ones_are_kept, 0, PLACES);
    TCase *faults = add_case(suite, "faults");
    tcase_add_loop_test(faults, any_call_may_fail, 0, PLACES);
    tcase_add_loop_test(faults, nothing_can_be_written_any_more, 0, PLACES);
    return suite_main(suite);
}
