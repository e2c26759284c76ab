/* SIGKILL at random moments of a training that writes checkpoints: it is resumed and ends in the same bytes as one that
 * was never stopped, and whatever checkpoint is there is whole. The training runs in a process of its own. The environment
 * variable DAE_KILLS says how often (100). */
#define _POSIX_C_SOURCE 200809L

#include "network.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64, SAMPLES = 500, EPOCHS = 4 };

/* ---- The training that is killed --------------------------------------------------------------- */

static dae_trainer *make_trainer(dae_model **model, dae_dataset **data) {
    network net = autoencoder(SIZE, 24, "relu", "relu");
    *model = network_model(&net, 3);
    *data = corrupted(random_dataset(SAMPLES, SIZE, 0, 1, 4), "gaussian(mean=0.5, stddev=0.5)",
                      DAE_NOISE_FRESH, 5);
    dae_trainer *trainer = adam_trainer(*model, 1e-3, "mse");
    ok(dae_trainer_set_batch_size(trainer, 16));
    return trainer;
}

/* Trains to the end, from the checkpoint if there is one, and then writes the model. */
static void train(const char *checkpoint, const char *result) {
    dae_model *model = NULL;
    dae_dataset *data = NULL;
    dae_trainer *trainer = make_trainer(&model, &data);
    size_t done = 0;
    ok(dae_trainer_set_checkpoint(trainer, checkpoint));
    ok(dae_trainer_set_checkpoint_interval(trainer, DAE_INTERVAL_STEPS, 3));
    ok(dae_trainer_set_checkpoint_keep(trainer, 2));
    if (access(checkpoint, F_OK) == 0)
        ok(dae_trainer_load_checkpoint(trainer, checkpoint));
    ok(dae_trainer_get_epoch_count(trainer, &done));
    if (done < EPOCHS)
        ok(dae_trainer_fit(trainer, data, EPOCHS - done));
    ok(dae_model_save(model, result));
    dae_trainer_free(trainer);
    dae_dataset_free(data);
    dae_model_free(model);
}

/* ---- Killing it -------------------------------------------------------------------------------- */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void wait_seconds(double seconds) {
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
}

static pid_t start(const char *checkpoint, const char *result) {
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        train(checkpoint, result);
        _exit(0);
    }
    return child;
}

/* Its wait status. */
static int end_of(pid_t child) {
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

static void remove_all(const char *checkpoint, const char *result) {
    char older[600];
    snprintf(older, sizeof older, "%s.1", checkpoint);
    remove(older);
    remove(checkpoint);
    remove(result);
}

/* Every checkpoint that is there can be loaded; the steps of the newest, 0 for none. */
static uint64_t steps_of_files(const char *checkpoint) {
    uint64_t newest = 0;
    for (int i = 1; i >= 0; i--) {
        char path[600];
        snprintf(path, sizeof path, i > 0 ? "%s.%d" : "%s", checkpoint, i);
        if (!file_exists(path))
            continue;
        dae_model *model = NULL;
        dae_dataset *data = NULL;
        dae_trainer *trainer = make_trainer(&model, &data);
        ok(dae_trainer_load_checkpoint(trainer, path));
        newest = steps_of(trainer);
        dae_trainer_free(trainer);
        dae_dataset_free(data);
        dae_model_free(model);
    }
    return newest;
}

static size_t kills_wanted(void) {
    const char *text = getenv("DAE_KILLS");
    return text != NULL ? (size_t)strtoul(text, NULL, 10) : 100;
}

START_TEST(a_killed_training_ends_in_the_same_bytes) {
    char checkpoint[512], result[512];
    snprintf(checkpoint, sizeof checkpoint, "%s", temp_path("killed.checkpoint"));
    snprintf(result, sizeof result, "%s", temp_path("killed.safetensors"));
    remove_all(checkpoint, result);
    double began = now();
    ck_assert_int_eq(end_of(start(checkpoint, result)), 0);
    double whole = now() - began;
    size_t size, killed = 0, resumed = 0, wanted = kills_wanted();
    unsigned char *expected = read_file(result, &size);
    float *moments = random_floats(4 * wanted, 0, 1, (uint64_t)getpid());
    for (size_t i = 0; i < 4 * wanted && killed < wanted; i++) {
        remove_all(checkpoint, result);
        pid_t child = start(checkpoint, result);
        wait_seconds(whole * (double)moments[i]);
        kill(child, SIGKILL);
        int status = end_of(child);
        if (!WIFSIGNALED(status)) { /* it was done already: the first run may have been a slow one */
            whole *= 0.9;
            continue;
        }
        killed++;
        resumed += steps_of_files(checkpoint) > 0;
        ck_assert_int_eq(end_of(start(checkpoint, result)), 0);
        size_t again;
        unsigned char *bytes = read_file(result, &again);
        ck_assert_uint_eq(again, size);
        ck_assert_msg(memcmp(bytes, expected, size) == 0, "kill %zu: the model differs", killed);
        free(bytes);
    }
    printf("%zu kills, %zu of them after the first checkpoint, %zu of %zu models equal\n", killed, resumed,
           killed, killed);
    ck_assert_uint_eq(killed, wanted);
    ck_assert_uint_gt(resumed, 0);
    free(expected);
    free(moments);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kill");
    TCase *kills = add_case(suite, "kill");
    tcase_set_timeout(kills, 600);
    tcase_add_test(kills, a_killed_training_ends_in_the_same_bytes);
    return suite_main(suite);
}
