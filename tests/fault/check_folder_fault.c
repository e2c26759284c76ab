/* Folders of files, read and written, meet every fault at every call: what is read is right or refused, what is
 * written is whole or not there, nothing else lies beside it, and no descriptor leaks. */
#define _POSIX_C_SOURCE 200809L

#include "faults.h"
#include "places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 3, SIZE = 4, ROOM = 4300 };

static const int errors[] = {EIO, ENOSPC, EACCES, EPERM, ENOMEM, ENOENT, ESTALE, EINTR, EINVAL, EMLINK};

static dae_dataset *numbers(void) {
    dae_dataset *dataset = NULL;
    float values[FILES * SIZE];
    for (size_t i = 0; i < FILES * SIZE; i++)
        values[i] = (float)i;
    ok(dae_dataset_copy_array(&dataset, values, FILES, 1, (size_t[]){SIZE}));
    return dataset;
}

static void make(char folder[ROOM]) {
    dae_dataset *dataset = numbers();
    snprintf(folder, ROOM, "%s/", fresh_folder());
    ok(dae_dataset_save(dataset, folder, "npy(overwrite=yes)"));
    dae_dataset_free(dataset);
}

/* Opens the folder, reads all of it, and compares. */
static dae_status read_folder(const char *folder, const char *format) {
    dae_dataset *dataset = NULL;
    dae_status status = dae_dataset_open(&dataset, folder, format);
    for (size_t i = 0; i < FILES && status == DAE_OK; i++) {
        float values[SIZE] = {0};
        size_t count = 0;
        ok(dae_dataset_get_count(dataset, &count));
        ck_assert_uint_eq(count, FILES);
        status = dae_dataset_read(dataset, 0, i, 1, values, NULL);
        ck_assert(status != DAE_OK || (values[0] == (float)(i * SIZE) && values[3] == values[0] + 3));
    }
    dae_dataset_free(dataset);
    return status;
}

START_TEST(reading_meets_every_fault) {
    char folder[ROOM];
    make(folder);
    size_t descriptors = open_descriptors();
    for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
        for (size_t k = 1, struck = 1; struck > 0; k++) {
            file_fault fault = {CALL_ANY, FAULT_FAIL, errors[e], STRIKE_ONCE, k, 0, NULL, NULL};
            faults_begin(&fault, 1);
            dae_status status = read_folder(folder, "files(npy, cache=0)");
            struck = faults_end();
            ck_assert_msg(status == DAE_OK || (status == DAE_ERROR_IO && message_has(".npy")),
                          "call %zu of %s: %s: %s", k, faults_trace(), dae_status_name(status),
                          dae_last_error());
            ck_assert_uint_eq(open_descriptors(), descriptors);
        }
    ok(read_folder(folder, NULL));
}
END_TEST

/* Whether a training opens files. */
static bool training_opens(dae_dataset *dataset) {
    dae_model *model = NULL;
    dae_optimizer *optimizer = NULL;
    dae_trainer *trainer = NULL;
    ok(dae_model_parse(&model, "input(4) | dense(4)"));
    ok(dae_model_initialize(model, 1));
    ok(dae_optimizer_parse(&optimizer, "sgd(1e-3)"));
    ok(dae_trainer_create(&trainer, model, optimizer, "mse"));
    ok(dae_trainer_set_batch_size(trainer, 1));
    faults_begin(NULL, 0);
    ok(dae_trainer_fit(trainer, dataset, 8)); /* in many orders */
    bool opens = strchr(faults_trace(), 'o') != NULL;
    faults_end();
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_model_free(model);
    return opens;
}

/* Files are fetched ahead where they are read, and not where all that was in them is held. */
START_TEST(what_is_held_is_not_fetched) {
    char folder[ROOM];
    dae_dataset *files = NULL, *held = NULL;
    make(folder);
    ok(dae_dataset_open(&files, folder, "files(npy, cache=0)"));
    ok(dae_dataset_view(&held, files, "cache", 1));
    ck_assert(training_opens(files));
    ck_assert(!training_opens(held));
    dae_dataset_free(held);
    dae_dataset_free(files);
}
END_TEST

/* Each file is there, whole, or not there. */
static size_t whole_files(const char *folder) {
    size_t whole = 0;
    for (size_t i = 0; i < FILES; i++) {
        char path[ROOM + 16];
        dae_dataset *dataset = NULL;
        float values[SIZE];
        snprintf(path, sizeof path, "%s%zu.npy", folder, i);
        if (!file_exists(path))
            continue;
        ok(dae_dataset_open(&dataset, path, NULL));
        ok(dae_dataset_read(dataset, 0, 0, 1, values, NULL));
        ck_assert_float_eq(values[3], (float)(i * SIZE + 3));
        dae_dataset_free(dataset);
        whole++;
    }
    return whole;
}

static void empty(const char *folder) {
    for (size_t i = 0; i < FILES; i++) {
        char path[ROOM + 16];
        snprintf(path, sizeof path, "%s%zu.npy", folder, i);
        unlink(path);
    }
}

/* Without overwriting, where files get their names by a link, and with it, where they are renamed. */
START_TEST(writing_meets_every_fault) {
    static const char *const formats[] = {"npy", "npy(overwrite=yes)"};
    char folder[ROOM];
    dae_dataset *dataset = numbers();
    make(folder);
    for (size_t e = 0; e < 2 * (sizeof errors / sizeof *errors); e++) {
        size_t descriptors = open_descriptors();
        for (size_t k = 1, struck = 1; struck > 0; k++) {
            file_fault fault = {
                CALL_ANY & ~CALL_UNLINK, FAULT_FAIL, errors[e / 2], STRIKE_ONCE, k, 0, NULL, NULL};
            empty(folder);
            faults_begin(&fault, 1);
            dae_status status = dae_dataset_save(dataset, folder, formats[e % 2]);
            struck = faults_end();
            ck_assert_msg(status == DAE_OK || (status == DAE_ERROR_IO && message_has(folder)),
                          "call %zu of %s: %s: %s", k, faults_trace(), dae_status_name(status),
                          dae_last_error());
            ck_assert_uint_eq(open_descriptors(), descriptors);
            size_t whole = whole_files(folder);
            ck_assert(status != DAE_OK || whole == FILES);
            ck_assert_msg(entries_of(folder) == whole, "call %zu of %s with %s: something lies beside", k,
                          faults_trace(), strerror(errors[e / 2]));
        }
    }
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(the_disk_is_full_within_a_folder) {
    char folder[ROOM];
    dae_dataset *dataset = numbers();
    make(folder);
    for (size_t room = 0; room < FILES * 144; room += 9) {
        file_fault fault = {CALL_WRITE, FAULT_FULL, ENOSPC, STRIKE_ONWARD, 1, room, NULL, NULL};
        empty(folder);
        faults_begin(&fault, 1);
        dae_status status = dae_dataset_save(dataset, folder, "npy");
        faults_end();
        ck_assert_int_eq(status, DAE_ERROR_IO);
        ck_assert_uint_eq(whole_files(folder), room / 144); /* 128 of header, 16 of values */
        ck_assert_uint_eq(entries_of(folder), room / 144);
    }
    dae_dataset_free(dataset);
}
END_TEST

static void put_there(int descriptor, void *path) {
    (void)descriptor;
    write_file(path, "mine", 4);
}

/* Another program makes a file of that name while ours is written: it stays. */
START_TEST(a_file_that_comes_meanwhile_stays) {
    static const unsigned links[] = {0, CALL_LINK}; /* a file system without links, too */
    char folder[ROOM], path[ROOM + 16];
    dae_dataset *dataset = numbers();
    size_t size;
    make(folder);
    snprintf(path, sizeof path, "%sone.npy", folder);
    for (size_t i = 0; i < 2; i++) {
        file_fault faults[] = {{CALL_WRITE, FAULT_ACT, 0, STRIKE_ONCE, 1, 0, put_there, path},
                               {links[i], FAULT_FAIL, EPERM, STRIKE_ONWARD, 1, 0, NULL, NULL}};
        unlink(path);
        faults_begin(faults, 2);
        dae_status status = dae_dataset_save(dataset, path, NULL);
        faults_end();
        ck_assert_int_eq(status, DAE_ERROR_IO);
        ck_assert(message_has("overwrite=yes"));
        unsigned char *bytes = read_file(path, &size);
        ck_assert(size == 4 && memcmp(bytes, "mine", 4) == 0);
        free(bytes);
        ck_assert_uint_eq(entries_of(folder), FILES + 1);
    }
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(places_that_are_no_place) {
    char folder[ROOM], path[ROOM + 16];
    dae_dataset *dataset = numbers();
    make(folder);
    snprintf(path, sizeof path, "%s0.npy/", folder);
    fails(dae_dataset_save(dataset, path, "npy"), DAE_ERROR_IO, "0.npy");
    fails(dae_dataset_save(dataset, folder, "npy"), DAE_ERROR_IO, "0.npy");
    folder[strlen(folder) - 1] = '\0';
    fails(dae_dataset_save(dataset, folder, "npy(overwrite=yes)"), DAE_ERROR_IO, "it is a folder");
    ck_assert_uint_eq(entries_of(folder), FILES);
    dae_dataset_free(dataset);
}
END_TEST

int main(void) {
    if (!faults_are_possible())
        return 77;
    Suite *suite = suite_create("folder faults");
    TCase *faults = add_case(suite, "faults");
    tcase_add_test(faults, reading_meets_every_fault);
    tcase_add_test(faults, what_is_held_is_not_fetched);
    tcase_add_test(faults, writing_meets_every_fault);
    tcase_add_test(faults, the_disk_is_full_within_a_folder);
    tcase_add_test(faults, a_file_that_comes_meanwhile_stays);
    tcase_add_test(faults, places_that_are_no_place);
    return suite_main(suite);
}
