/* Every writer of a file meets every fault at every call: the file that was there stays, whole, nothing is left
 * beside it, no descriptor leaks, the message names the path and the reason, and the next call works. */
#define _GNU_SOURCE

#include "faults.h"
#include "network.h"
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- What writes a file ----------------------------------------------------------------------- */

/* The models of both versions; an old one and a new one that differ in every weight. Their trainers. */
static dae_model *models[2];
static dae_trainer *trainers[2];
static dae_dataset *samples[2];

static dae_status save_model(int version, const char *path) {
    return dae_model_save(models[version], path);
}

static dae_status save_checkpoint(int version, const char *path) {
    return dae_trainer_save_checkpoint(trainers[version], path);
}

static dae_status save_samples(int version, const char *path) {
    return dae_dataset_save(samples[version], path, "npy(overwrite=yes)");
}

/* To add one: a function that writes one of two versions of a file, and a row. */
static const struct writer {
    const char *name;
    dae_status (*write)(int version, const char *path);
} writers[] = {
    {"model", save_model},
    {"checkpoint", save_checkpoint},
    {"samples", save_samples},
};

enum { OLD, NEW, WRITERS = sizeof writers / sizeof *writers };

static void make_models(void) {
    for (int version = OLD; version <= NEW; version++) {
        models[version] = trained_model();
        ok(dae_model_initialize(models[version], 40 + (uint64_t)version));
        trainers[version] = adam_trainer(models[version], 0.01, "mse");
        float values[600];
        for (size_t i = 0; i < 600; i++)
            values[i] = (float)i + (float)version / 2;
        ok(dae_dataset_copy_array(&samples[version], values, 200, 1, (size_t[]){3}));
    }
}

static void free_models(void) {
    for (int version = OLD; version <= NEW; version++) {
        dae_trainer_free(trainers[version]);
        dae_model_free(models[version]);
        dae_dataset_free(samples[version]);
    }
}

/* ---- A file under attack ---------------------------------------------------------------------- */

typedef struct {
    unsigned char *bytes;
    size_t size;
} content;

static struct {
    const struct writer *writer;
    char folder[4096], path[4096 + 16];
    content versions[2];
    bool replacing; /* the old version stands there before each attempt */
    size_t descriptors;
} at;

static void begin(const struct writer *writer, bool replacing) {
    at.writer = writer;
    at.replacing = replacing;
    snprintf(at.folder, sizeof at.folder, "%s", fresh_folder());
    snprintf(at.path, sizeof at.path, "%s/file", at.folder);
    for (int version = OLD; version <= NEW; version++) {
        ok(writer->write(version, at.path));
        at.versions[version].bytes = read_file(at.path, &at.versions[version].size);
    }
    ck_assert(at.versions[OLD].size != at.versions[NEW].size ||
              memcmp(at.versions[OLD].bytes, at.versions[NEW].bytes, at.versions[OLD].size) != 0);
    at.descriptors = open_descriptors();
}

static void end(void) {
    free(at.versions[OLD].bytes);
    free(at.versions[NEW].bytes);
}

static void restore(void) {
    unlink(at.path);
    if (at.replacing)
        write_file(at.path, at.versions[OLD].bytes, at.versions[OLD].size);
}

static bool holds(int version) {
    size_t size = 0;
    if (!file_exists(at.path))
        return false;
    unsigned char *bytes = read_file(at.path, &size);
    bool same = size == at.versions[version].size && memcmp(bytes, at.versions[version].bytes, size) == 0;
    free(bytes);
    return same;
}

/* One attempt to write the new version; true if a fault struck. `outcome` is what must come of it:
 * W it works, F it fails and all is as before, N it fails, after the new version has taken the place. */
static bool attempt(const char *what, const file_fault *faults, size_t count, char outcome) {
    const char *reason = NULL;
    restore();
    faults_begin(faults, count);
    dae_status status = at.writer->write(NEW, at.path);
    bool struck = faults_end() > 0;
    if (!struck)
        outcome = 'W';
    for (size_t i = 0; i < count && reason == NULL; i++)
        reason = faults[i].error != 0 ? strerror(faults[i].error) : NULL;

    ck_assert_msg(status == (outcome == 'W' ? DAE_OK : DAE_ERROR_IO), "%s, %s, fault %zu (calls %s): %s: %s",
                  at.writer->name, what, faults->nth, faults_trace(), dae_status_name(status),
                  dae_last_error());
    ck_assert_msg(outcome == 'W' || (message_has(at.path) && message_has(reason != NULL ? reason : "")),
                  "%s, %s, fault %zu: the message lacks path or reason: %s", at.writer->name, what,
                  faults->nth, dae_last_error());
    bool there = outcome != 'F' || at.replacing;
    ck_assert_msg(there ? holds(outcome == 'F' ? OLD : NEW) : !file_exists(at.path),
                  "%s, %s, fault %zu: the file is not the one expected", at.writer->name, what, faults->nth);
    ck_assert_msg(entries_of(at.folder) == there, "%s, %s, fault %zu: something lies beside the file",
                  at.writer->name, what, faults->nth);
    ck_assert_msg(open_descriptors() == at.descriptors, "%s, %s, fault %zu: a descriptor is left open",
                  at.writer->name, what, faults->nth);

    ok(at.writer->write(NEW, at.path)); /* and the next attempt works */
    ck_assert(holds(NEW));
    return struck;
}

/* ---- A call that fails ------------------------------------------------------------------------ */

/* Outcomes of the first, second ... of these calls failing: one letter for each of these calls that the writer
 * makes, where it replaces a file and where there is none yet. Open comes for the folder and for the new file,
 * fsync and close for the new file and for the folder. */
static const struct failure {
    const char *what;
    unsigned calls;
    fault_effect effect;
    int error;
    const char *replacing, *fresh;
} failures[] = {
    {"too many open files", CALL_OPEN, FAULT_FAIL, EMFILE, "FF", "FF"},
    {"too many open files in the system", CALL_OPEN, FAULT_FAIL, ENFILE, "FF", "FF"},
    {"no inode left", CALL_OPEN, FAULT_FAIL, ENOSPC, "FF", "FF"},
    {"read-only file system", CALL_OPEN, FAULT_FAIL, EROFS, "FF", "FF"},
    {"folder that may not be read", CALL_OPEN, FAULT_FAIL, EACCES, "WF", "WF"},
    {"full disk", CALL_WRITE, FAULT_FAIL, ENOSPC, "F", "F"},
    {"used up quota", CALL_WRITE, FAULT_FAIL, EDQUOT, "F", "F"},
    {"file too large", CALL_WRITE, FAULT_FAIL, EFBIG, "F", "F"},
    {"broken disk in write", CALL_WRITE, FAULT_FAIL, EIO, "F", "F"},
    {"descriptor closed, in write", CALL_WRITE, FAULT_FAIL, EBADF, "F", "F"},
    {"write takes nothing", CALL_WRITE, FAULT_NOTHING, 0, "F", "F"},
    {"broken disk in fsync", CALL_FSYNC, FAULT_FAIL, EIO, "FN", "FN"},
    {"full disk in fsync", CALL_FSYNC, FAULT_FAIL, ENOSPC, "FN", "FN"},
    {"descriptor closed, in fsync", CALL_FSYNC, FAULT_FAIL, EBADF, "FN", "FN"},
    {"folder that cannot be synced", CALL_FSYNC, FAULT_FAIL, EINVAL, "FW", "FW"},
    {"broken disk in close", CALL_CLOSE, FAULT_FAIL, EIO, "FW", "FW"},
    {"full disk in close", CALL_CLOSE, FAULT_FAIL, ENOSPC, "FW", "FW"},
    {"interrupted close", CALL_CLOSE, FAULT_FAIL, EINTR, "WW", "WW"},
    {"other file system", CALL_RENAME, FAULT_FAIL, EXDEV, "F", "F"},
    {"forbidden rename", CALL_RENAME, FAULT_FAIL, EACCES, "F", "F"},
    {"full disk in rename", CALL_RENAME, FAULT_FAIL, ENOSPC, "F", "F"},
    {"broken disk in rename", CALL_RENAME, FAULT_FAIL, EIO, "F", "F"},
    {"interrupted rename", CALL_RENAME, FAULT_FAIL, EINTR, "F", "F"},
    {"forbidden stat", CALL_STAT, FAULT_FAIL, EACCES, "F", "F"},
    {"broken disk in stat", CALL_STAT, FAULT_FAIL, EIO, "F", "F"},
    {"broken disk in readlink", CALL_READLINK, FAULT_FAIL, EIO, "F", "F"},
    {"write-protected file", CALL_ACCESS, FAULT_FAIL, EACCES, "F", ""},
    {"file system without permissions", CALL_CHMOD, FAULT_FAIL, EPERM, "W", ""},
};

static size_t injected;

static void fail_each_call(const struct failure *failure) {
    const char *outcomes = at.replacing ? failure->replacing : failure->fresh;
    for (size_t k = 1;; k++) {
        file_fault fault = {failure->calls, failure->effect, failure->error, STRIKE_ONCE, k, 0, NULL, NULL};
        char outcome = k <= strlen(outcomes) ? outcomes[k - 1] : '?';
        if (!attempt(failure->what, &fault, 1, outcome)) {
            ck_assert_msg(k == strlen(outcomes) + 1, "%s, %s: struck %zu calls, expected %zu",
                          at.writer->name, failure->what, k - 1, strlen(outcomes));
            return;
        }
        injected++;
    }
}

START_TEST(every_call_may_fail) {
    make_models();
    for (int i = 0; i < 2 * WRITERS; i++) {
        begin(&writers[i / 2], i % 2 == 0);
        for (size_t f = 0; f < sizeof failures / sizeof *failures; f++)
            fail_each_call(&failures[f]);
        end();
    }
    free_models();
    printf("%zu faults in %d writers\n", injected, WRITERS);
}
END_TEST

/* Whatever fails, whatever it is called: a table may forget a kind of call, this does not. */
START_TEST(any_call_may_fail_with_anything) {
    static const int errors[] = {EIO, ENOSPC, EACCES, EPERM, EBADF, ENOMEM, ENOENT, ESTALE, EINTR, EINVAL};
    make_models();
    for (int i = 0; i < 2 * WRITERS; i++) {
        begin(&writers[i / 2], i % 2 == 0);
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
            for (size_t k = 1, struck = 1; struck > 0; k++) {
                file_fault fault = {CALL_ANY, FAULT_FAIL, errors[e], STRIKE_ONCE, k, 0, NULL, NULL};
                restore();
                faults_begin(&fault, 1);
                dae_status status = at.writer->write(NEW, at.path);
                struck = faults_end();
                injected += struck;
                ck_assert(status == DAE_OK || (status == DAE_ERROR_IO && message_has(at.path)));
                ck_assert_msg(holds(NEW) ||
                                  (status != DAE_OK && (at.replacing ? holds(OLD) : !file_exists(at.path))),
                              "call %zu of %s failed with %s, and the file is neither the old nor the new", k,
                              faults_trace(), strerror(errors[e]));
                ck_assert_uint_eq(entries_of(at.folder), file_exists(at.path));
                ck_assert_uint_eq(open_descriptors(), at.descriptors);
            }
        end();
    }
    free_models();
    printf("%zu faults in %d writers\n", injected, WRITERS);
}
END_TEST

/* ---- Less than whole -------------------------------------------------------------------------- */

START_TEST(the_disk_is_full_after_any_number_of_bytes) {
    make_models();
    for (int i = 0; i < 2 * WRITERS; i++) {
        begin(&writers[i / 2], i % 2 == 0);
        size_t size = at.versions[NEW].size;
        for (size_t room = 0; room < size; room += room < 16 || room + 17 > size ? 1 : 16) {
            file_fault fault = {CALL_WRITE, FAULT_FULL, ENOSPC, STRIKE_ONWARD, 1, room, NULL, NULL};
            ck_assert(attempt("full disk", &fault, 1, 'F'));
            injected++;
        }
        file_fault enough = {CALL_WRITE, FAULT_FULL, ENOSPC, STRIKE_ONWARD, 1, size, NULL, NULL};
        ck_assert(attempt("disk with just enough room", &enough, 1, 'W'));
        end();
    }
    free_models();
    printf("%zu faults in %d writers\n", injected, WRITERS);
}
END_TEST

START_TEST(interrupted_and_partial_calls_go_on) {
    static const unsigned interruptible[] = {CALL_OPEN, CALL_WRITE, CALL_FSYNC, CALL_CLOSE,
                                             CALL_OPEN | CALL_WRITE | CALL_FSYNC | CALL_CLOSE};
    make_models();
    for (int i = 0; i < 2 * WRITERS; i++) {
        begin(&writers[i / 2], i % 2 == 0);
        for (size_t c = 0; c < sizeof interruptible / sizeof *interruptible; c++) {
            file_fault fault = {interruptible[c], FAULT_FAIL, EINTR, STRIKE_AGAIN, 1, 0, NULL, NULL};
            ck_assert(attempt("every other call is interrupted", &fault, 1, 'W'));
            injected++;
        }
        for (size_t bytes = 1; bytes < at.versions[NEW].size; bytes = 2 * bytes + 1) {
            file_fault faults[] = {{CALL_WRITE, FAULT_FAIL, EINTR, STRIKE_AGAIN, 1, 0, NULL, NULL},
                                   {CALL_WRITE, FAULT_SHORT, 0, STRIKE_ONWARD, 1, bytes, NULL, NULL}};
            ck_assert(attempt("short and interrupted writes", faults, 2, 'W'));
            ck_assert(attempt("short writes", faults + 1, 1, 'W'));
            injected += 2;
        }
        end();
    }
    free_models();
    printf("%zu faults in %d writers\n", injected, WRITERS);
}
END_TEST

/* ---- Descriptors ------------------------------------------------------------------------------ */

static void close_it(int descriptor, void *user) {
    (void)user;
    close(descriptor);
}

START_TEST(a_descriptor_is_closed_by_another) {
    make_models();
    for (int i = 0; i < 2 * WRITERS; i++) {
        begin(&writers[i / 2], i % 2 == 0);
        file_fault file = {CALL_OPEN, FAULT_ACT, EBADF, STRIKE_ONCE, 2, 0, close_it, NULL};
        ck_assert(attempt("the new file's descriptor is closed", &file, 1, 'F'));
        file_fault folder = {CALL_RENAME, FAULT_FAIL, EBADF, STRIKE_ONCE, 1, 0, NULL, NULL};
        ck_assert(attempt("descriptor lost before the rename", &folder, 1, 'F'));
        end();
    }
    free_models();
}
END_TEST

static void chatter(int descriptor, void *user) {
    (void)descriptor, (void)user;
    for (int stream = 0; stream < 3; stream++)
        if (write(stream, "a message of the host\n", 22) < 0)
            continue; /* closed, which is what is expected */
}

/* A daemon may have closed its standard streams. What it prints all the same must not get into the file. */
START_TEST(closed_standard_streams) {
    int kept[3];
    make_models();
    for (int i = 0; i < WRITERS; i++) {
        begin(&writers[i], true);
        file_fault fault = {CALL_WRITE | CALL_FSYNC, FAULT_ACT, 0, STRIKE_ONWARD, 1, 0, chatter, NULL};
        fflush(stdout);
        for (int stream = 0; stream < 3; stream++) {
            kept[stream] = fcntl(stream, F_DUPFD_CLOEXEC, 100);
            close(stream);
        }
        faults_begin(&fault, 1);
        dae_status status = writers[i].write(NEW, at.path);
        size_t struck = faults_end();
        bool still_closed = fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0;
        for (int stream = 0; stream < 3; stream++) {
            dup2(kept[stream], stream);
            close(kept[stream]);
        }
        ok(status);
        ck_assert_uint_gt(struck, 0);
        ck_assert(still_closed);
        ck_assert_msg(holds(NEW), "what the host printed is in the file");
        end();
    }
    free_models();
}
END_TEST

/* With the standard streams closed, one more descriptor is needed for a moment; there may be none. */
START_TEST(closed_standard_streams_and_no_descriptor_left) {
    make_models();
    for (int i = 0; i < WRITERS; i++) {
        begin(&writers[i], true);
        restore();
        fflush(stdout);
        int kept[2] = {fcntl(0, F_DUPFD_CLOEXEC, 100), fcntl(1, F_DUPFD_CLOEXEC, 100)};
        close(0);
        close(1);
        file_fault fault = {CALL_FCNTL, FAULT_FAIL, EMFILE, STRIKE_ONCE, 1, 0, NULL, NULL};
        faults_begin(&fault, 1);
        dae_status status = writers[i].write(NEW, at.path);
        size_t struck = faults_end();
        bool leaked = fcntl(0, F_GETFD) >= 0 || fcntl(1, F_GETFD) >= 0;
        for (int stream = 0; stream < 2; stream++) {
            dup2(kept[stream], stream);
            close(kept[stream]);
        }
        ck_assert_uint_eq(struck, 1);
        ck_assert_int_eq(status, DAE_ERROR_IO);
        ck_assert(message_has(at.path) && message_has(strerror(EMFILE)));
        ck_assert(!leaked && holds(OLD));
        ck_assert_uint_eq(entries_of(at.folder), 1);
        ck_assert_uint_eq(open_descriptors(), at.descriptors);
        end();
    }
    free_models();
}
END_TEST

/* ---- Two faults ------------------------------------------------------------------------------- */

START_TEST(what_cannot_be_removed_is_told) {
    make_models();
    for (int i = 0; i < WRITERS; i++) {
        begin(&writers[i], true);
        file_fault faults[] = {{CALL_RENAME, FAULT_FAIL, EACCES, STRIKE_ONCE, 1, 0, NULL, NULL},
                               {CALL_UNLINK, FAULT_FAIL, EROFS, STRIKE_ONCE, 1, 0, NULL, NULL}};
        restore();
        faults_begin(faults, 2);
        dae_status status = writers[i].write(NEW, at.path);
        ck_assert_uint_eq(faults_end(), 2);
        ck_assert_int_eq(status, DAE_ERROR_IO);
        ck_assert(message_has(at.path) && message_has(strerror(EACCES)));
        ck_assert_msg(message_has(".tmp") && message_has(strerror(EROFS)),
                      "the message does not tell what is left: %s", dae_last_error());
        ck_assert(holds(OLD));
        ck_assert_uint_eq(entries_of(at.folder), 2);
        ck_assert_uint_eq(open_descriptors(), at.descriptors);
        end();
    }
    free_models();
}
END_TEST

/* The order is what makes it safe: synced before it takes the place, and the folder after that. */
START_TEST(the_order_of_calls) {
    make_models();
    for (int i = 0; i < WRITERS; i++) {
        begin(&writers[i], true);
        faults_begin(NULL, 0);
        ok(writers[i].write(NEW, at.path));
        faults_end();
        ck_assert_ptr_nonnull(strstr(faults_trace(), "fcmfc"));
        ck_assert_ptr_null(strchr(faults_trace(), 'u'));
        end();
    }
    free_models();
}
END_TEST

int main(void) {
    if (!faults_are_possible())
        return 77; /* meson: skipped */
    Suite *suite = suite_create("write faults");
    TCase *calls = add_case(suite, "calls that fail");
    tcase_add_test(calls, every_call_may_fail);
    tcase_add_test(calls, any_call_may_fail_with_anything);
    tcase_add_test(calls, the_order_of_calls);
    TCase *parts = add_case(suite, "parts");
    tcase_add_test(parts, the_disk_is_full_after_any_number_of_bytes);
    tcase_add_test(parts, interrupted_and_partial_calls_go_on);
    TCase *descriptors = add_case(suite, "descriptors");
    tcase_add_test(descriptors, a_descriptor_is_closed_by_another);
    tcase_add_test(descriptors, closed_standard_streams);
    tcase_add_test(descriptors, closed_standard_streams_and_no_descriptor_left);
    TCase *two = add_case(suite, "two faults");
    tcase_add_test(two, what_cannot_be_removed_is_told);
    return suite_main(suite);
}
