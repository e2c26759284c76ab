/* Every reader of a file meets every fault at every call: a clear error, or the right data. */
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
#ifdef DAE_TEST_ZLIB
#include <zlib.h>
#endif

/* ---- What reads a file ------------------------------------------------------------------------ */

/* What a reader makes of a file, as bytes that the test compares; to free(). */
typedef struct {
    void *bytes;
    size_t size;
} result;

enum { SAMPLES = 40, SIDE = 12, VALUES = SAMPLES * SIDE * SIDE, IDX_SIZE = 16 + VALUES };

/* An IDX file of bytes that hardly compress, so that its gzip form needs several reads too. */
static void make_idx(unsigned char file[IDX_SIZE]) {
    const unsigned char header[16] = {0, 0, 8, 3, 0, 0, 0, SAMPLES, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
    float *values = random_floats(VALUES, 0, 255, 3);
    memcpy(file, header, sizeof header);
    for (size_t i = 0; i < VALUES; i++)
        file[16 + i] = (unsigned char)values[i];
    free(values);
}

static void store_idx(const char *path) {
    unsigned char file[IDX_SIZE];
    make_idx(file);
    write_file(path, file, sizeof file);
}

#ifdef DAE_TEST_ZLIB
static void store_gzip(const char *path) {
    unsigned char file[IDX_SIZE];
    make_idx(file);
    gzFile packed = gzopen(path, "wb");
    ck_assert_ptr_nonnull(packed);
    ck_assert_int_eq(gzwrite(packed, file, sizeof file), IDX_SIZE);
    ck_assert_int_eq(gzclose(packed), Z_OK);
}
#endif

static void store_model(const char *path) {
    network net = autoencoder(30, 40, "relu", "sigmoid");
    dae_model *model = network_model(&net, 8);
    ok(dae_model_save(model, path));
    dae_model_free(model);
}

/* An NPY file of as many samples, in float32. */
static void store_npy(const char *path) {
    float *values = random_floats(VALUES, 0, 1, 3);
    char header[128];
    unsigned char *file = must_have(sizeof header + VALUES * sizeof *values);
    int length = snprintf(header, sizeof header,
                          "\x93NUMPY....{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d, %d), }",
                          SAMPLES, SIDE, SIDE);
    memset(header + length, ' ', sizeof header - (size_t)length);
    memcpy(header + 6, (const unsigned char[]){1, 0, 118, 0}, 4);
    header[sizeof header - 1] = '\n';
    memcpy(file, header, sizeof header);
    memcpy(file + sizeof header, values, VALUES * sizeof *values);
    write_file(path, file, sizeof header + VALUES * sizeof *values);
    free(file);
    free(values);
}

/* A trainer of a model of that size, of which the caller frees both. */
static dae_trainer *small_trainer(dae_model **model) {
    network net = autoencoder(30, 40, "relu", "sigmoid");
    *model = network_model(&net, 8);
    return adam_trainer(*model, 0.01, "mse");
}

static void store_checkpoint(const char *path) {
    dae_model *model;
    dae_trainer *trainer = small_trainer(&model);
    float *batch = random_floats(4 * 30, 0, 1, 5);
    for (int i = 0; i < 3; i++)
        ok(dae_trainer_step(trainer, batch, batch, 4, NULL));
    ok(dae_trainer_save_checkpoint(trainer, path));
    free(batch);
    dae_trainer_free(trainer);
    dae_model_free(model);
}

static dae_status read_samples(dae_dataset *dataset, result *out) {
    out->size = VALUES * sizeof(float);
    out->bytes = must_have(out->size);
    ok(dae_dataset_read(dataset, 0, 0, SAMPLES, out->bytes, NULL));
    dae_dataset_free(dataset);
    return DAE_OK;
}

static dae_status read_npy(const char *path, result *out) {
    dae_dataset *dataset = NULL;
    dae_status status = dae_dataset_open(&dataset, path, "npy");
    ck_assert((dataset != NULL) == (status == DAE_OK));
    return status == DAE_OK ? read_samples(dataset, out) : status;
}

/* After a failure the trainer is as it was: a new one. */
static dae_status read_checkpoint(const char *path, result *out) {
    dae_model *model;
    dae_trainer *trainer = small_trainer(&model);
    dae_status status = dae_trainer_load_checkpoint(trainer, path);
    ck_assert_uint_eq(steps_of(trainer), status == DAE_OK ? 3 : 0);
    if (status == DAE_OK) {
        ok(dae_trainer_serialize_checkpoint(trainer, NULL, 0, &out->size));
        out->bytes = must_have(out->size);
        ok(dae_trainer_serialize_checkpoint(trainer, out->bytes, out->size, &out->size));
    }
    dae_trainer_free(trainer);
    dae_model_free(model);
    return status;
}

static dae_status read_idx(const char *path, result *out) {
    dae_dataset *dataset = NULL;
    dae_status status = dae_dataset_open(&dataset, path, "idx");
    ck_assert((dataset != NULL) == (status == DAE_OK));
    return status == DAE_OK ? read_samples(dataset, out) : status;
}

static dae_status read_model(const char *path, result *out) {
    dae_model *model = NULL;
    dae_status status = dae_model_load(&model, path);
    ck_assert((model != NULL) == (status == DAE_OK));
    if (status == DAE_OK) {
        ok(dae_model_serialize(model, NULL, 0, &out->size));
        out->bytes = must_have(out->size);
        ok(dae_model_serialize(model, out->bytes, out->size, &out->size));
        dae_model_free(model);
    }
    return status;
}

/* To add one: a function that stores a file of more than 4096 bytes, one that reads it, and a row. */
static const struct reader {
    const char *name;
    void (*store)(const char *path);
    dae_status (*read)(const char *path, result *out);
    bool padded; /* zeros at the end change nothing */
} readers[] = {
    {"IDX", store_idx, read_idx, false},
#ifdef DAE_TEST_ZLIB
    {"gzip IDX", store_gzip, read_idx, true},
#endif
    {"NPY", store_npy, read_npy, false},
    {"model", store_model, read_model, false},
    {"checkpoint", store_checkpoint, read_checkpoint, false},
};

enum { READERS = sizeof readers / sizeof *readers };

/* ---- A file under attack ---------------------------------------------------------------------- */

static struct {
    const struct reader *reader;
    char path[4096];
    unsigned char *file;
    size_t file_size, descriptors;
    result expected;
} at;

static size_t injected;

static void begin(const struct reader *reader) {
    at.reader = reader;
    snprintf(at.path, sizeof at.path, "%s/file", fresh_folder());
    reader->store(at.path);
    at.file = read_file(at.path, &at.file_size);
    ck_assert_uint_gt(at.file_size, 4096);
    ok(reader->read(at.path, &at.expected));
    at.descriptors = open_descriptors();
}

static void end(void) {
    free(at.file);
    free(at.expected.bytes);
}

/* The reader under faults: DAE_OK with the right data, or the status with nothing left behind. */
static dae_status read_under(const char *what, const file_fault *faults, size_t count, size_t *struck) {
    result got = {NULL, 0};
    heap_watch();
    faults_begin(faults, count);
    dae_status status = at.reader->read(at.path, &got);
    *struck = faults_end();
    heap_unwatch();
    injected += *struck > 0;
    if (status == DAE_OK)
        ck_assert_msg(got.size == at.expected.size && memcmp(got.bytes, at.expected.bytes, got.size) == 0,
                      "%s, %s: not the data of the file (calls %s)", at.reader->name, what, faults_trace());
    else
        ck_assert_msg(message_has(at.path), "%s, %s: the message lacks the path: %s", at.reader->name, what,
                      dae_last_error());
    ck_assert_msg(open_descriptors() == at.descriptors, "%s, %s: a descriptor is left open", at.reader->name,
                  what);
    free(got.bytes);
    return status;
}

/* It works again, as if nothing had been. */
static void reads_again(void) {
    size_t struck;
    write_file(at.path, at.file, at.file_size);
    ok(read_under("no fault", NULL, 0, &struck));
}

/* ---- A call that fails ------------------------------------------------------------------------ */

static const struct failure {
    const char *what;
    unsigned calls;
    fault_effect effect;
    int error;
    bool works;
} failures[] = {
    {"too many open files", CALL_OPEN, FAULT_FAIL, EMFILE, false},
    {"forbidden open", CALL_OPEN, FAULT_FAIL, EACCES, false},
    {"broken disk in open", CALL_OPEN, FAULT_FAIL, EIO, false},
    {"broken disk in stat", CALL_STAT, FAULT_FAIL, EIO, false},
    {"descriptor closed, in stat", CALL_STAT, FAULT_FAIL, EBADF, false},
    {"file too large for stat", CALL_STAT, FAULT_FAIL, EOVERFLOW, false},
    {"broken disk in read", CALL_READ, FAULT_FAIL, EIO, false},
    {"descriptor closed, in read", CALL_READ, FAULT_FAIL, EBADF, false},
    {"server lost in read", CALL_READ, FAULT_FAIL, ESTALE, false},
    {"broken disk in close", CALL_CLOSE, FAULT_FAIL, EIO, true},
    {"interrupted close", CALL_CLOSE, FAULT_FAIL, EINTR, true},
    {"interrupted open", CALL_OPEN, FAULT_FAIL, EINTR, true},
    {"interrupted read", CALL_READ, FAULT_FAIL, EINTR, true},
};

static void fail_each_call(const struct failure *failure) {
    for (size_t k = 1, struck = 1; struck > 0; k++) {
        file_fault fault = {failure->calls, failure->effect, failure->error, STRIKE_ONCE, k, 0, NULL, NULL};
        dae_status status = read_under(failure->what, &fault, 1, &struck);
        ck_assert_msg(struck > 0 || k > 1, "%s: %s: no such call", at.reader->name, failure->what);
        bool works = failure->works || struck == 0;
        ck_assert_msg(status == (works ? DAE_OK : DAE_ERROR_IO), "%s: %s at call %zu gave %s",
                      at.reader->name, failure->what, k, dae_status_name(status));
        ck_assert_msg(works || message_has(strerror(failure->error)),
                      "%s: %s: the message lacks the reason: %s", at.reader->name, failure->what,
                      dae_last_error());
        reads_again();
    }
}

START_TEST(every_call_may_fail) {
    for (int i = 0; i < READERS; i++) {
        begin(&readers[i]);
        for (size_t f = 0; f < sizeof failures / sizeof *failures; f++)
            fail_each_call(&failures[f]);
        end();
    }
    printf("%zu faults in %d readers\n", injected, READERS);
}
END_TEST

START_TEST(interrupted_and_short_reads_give_the_right_data) {
    size_t struck;
    for (int i = 0; i < READERS; i++) {
        begin(&readers[i]);
        file_fault any = {
            CALL_OPEN | CALL_READ | CALL_CLOSE, FAULT_FAIL, EINTR, STRIKE_AGAIN, 1, 0, NULL, NULL};
        ok(read_under("every other call is interrupted", &any, 1, &struck));
        ck_assert_uint_ge(struck, 3);
        for (size_t bytes = 1; bytes < at.file_size; bytes += bytes < 8 ? 1 : bytes) {
            file_fault faults[] = {{CALL_READ, FAULT_FAIL, EINTR, STRIKE_AGAIN, 1, 0, NULL, NULL},
                                   {CALL_READ, FAULT_SHORT, 0, STRIKE_ONWARD, 1, bytes, NULL, NULL}};
            ok(read_under("short and interrupted reads", faults, 2, &struck));
            ck_assert_uint_ge(struck, 2 * (at.file_size / bytes));
            ok(read_under("short reads", faults + 1, 1, &struck));
            ck_assert_uint_ge(struck, at.file_size / bytes);
        }
        end();
    }
    printf("%zu faults in %d readers\n", injected, READERS);
}
END_TEST

/* ---- A file that changes ---------------------------------------------------------------------- */

static void resize(int descriptor, void *user) {
    (void)descriptor;
    ck_assert_int_eq(truncate(at.path, (off_t) * (size_t *)user), 0);
}

/* Behind open() it is another file, and may be refused as such, or read if zeros are padding; from fstat() on it has
 * changed. */
START_TEST(a_file_that_shrinks_or_grows) {
    size_t struck;
    for (int i = 0; i < READERS; i++) {
        begin(&readers[i]);
        size_t size = at.file_size, sizes[] = {0,    1,        8,        100,      4095,     4096,
                                               4097, size / 2, size - 1, size + 1, 2 * size, size + 100000};
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int moment = 0; moment < 3; moment++) {
                const unsigned calls[] = {CALL_STAT, CALL_READ, CALL_OPEN};
                file_fault fault = {calls[moment], FAULT_ACT, 0, STRIKE_ONCE, 1, 0, resize, &sizes[s]};
                dae_status status = read_under("another size", &fault, 1, &struck);
                ck_assert_uint_eq(struck, 1);
                dae_status other = at.reader->padded && sizes[s] > size ? DAE_OK : DAE_ERROR_FORMAT;
                bool right = status == DAE_ERROR_IO || (calls[moment] == CALL_OPEN && status == other);
                ck_assert_msg(right, "%s: %zu bytes became %zu: %s: %s", at.reader->name, size, sizes[s],
                              dae_status_name(status), dae_last_error());
                reads_again();
            }
        end();
    }
    printf("%zu faults in %d readers\n", injected, READERS);
}
END_TEST

static void replace(int descriptor, void *user) {
    (void)descriptor, (void)user;
    char other[4096 + 8];
    snprintf(other, sizeof other, "%s.other", at.path);
    write_file(other, "another file", 12);
    ck_assert_int_eq(rename(other, at.path), 0);
}

START_TEST(a_file_that_is_replaced_or_removed_is_read_to_its_end) {
    size_t struck;
    for (int i = 0; i < READERS; i++) {
        begin(&readers[i]);
        file_fault fault = {CALL_OPEN, FAULT_ACT, 0, STRIKE_ONCE, 1, 0, replace, NULL};
        ok(read_under("another file in its place", &fault, 1, &struck));
        ck_assert_uint_eq(struck, 1);
        reads_again();
        end();
    }
}
END_TEST

static void close_it(int descriptor, void *user) {
    (void)user;
    close(descriptor);
}

START_TEST(a_descriptor_is_closed_by_another) {
    const unsigned calls[] = {CALL_OPEN, CALL_STAT, CALL_READ};
    size_t struck;
    for (int i = 0; i < READERS; i++) {
        begin(&readers[i]);
        for (int moment = 0; moment < 3; moment++) {
            file_fault fault = {calls[moment], FAULT_ACT, 0, STRIKE_ONCE, 1, 0, close_it, NULL};
            ck_assert_int_eq(read_under("descriptor closed", &fault, 1, &struck), DAE_ERROR_IO);
            ck_assert(struck == 1 && message_has(strerror(EBADF)));
        }
        reads_again();
        end();
    }
}
END_TEST

/* ---- Files that no reader wants --------------------------------------------------------------- */

/* Terabytes, or as much as 32 bits can address. */
static const off_t huge_file = (off_t)1 << (SIZE_MAX > UINT32_MAX ? 42 : 31);

/* Memory is taken when the start is right; no more than the file has, and a little. */
START_TEST(a_wrong_file_costs_no_memory_however_large) {
    static const unsigned char starts[][16] = {
        {0},
        "PK\003\004 a zip file",
#ifdef DAE_TEST_ZLIB
        {0x1F, 0x8B, 8}, /* gzip and nothing behind it */
#endif
        {0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 9}, /* IDX of 729 bytes */
        {2, 0, 0, 0, 0, 0, 0, 0, 'n', 'o'},
    };
    for (int i = 0; i < READERS; i++)
        for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
            result got = {NULL, 0};
            at.reader = &readers[i];
            snprintf(at.path, sizeof at.path, "%s/huge", fresh_folder());
            write_file(at.path, starts[s], sizeof starts[s]);
            if (truncate(at.path, huge_file) != 0 && truncate(at.path, (off_t)1 << 31) != 0) {
                printf("left out: no large sparse file can be made here: %s\n", strerror(errno));
                return;
            }
            heap_watch();
            dae_status status = at.reader->read(at.path, &got);
            size_t largest = heap_largest();
            heap_unwatch();
            unlink(at.path);
            ck_assert_msg(status == DAE_ERROR_FORMAT && message_has(at.path), "%s, start %zu: %s: %s",
                          at.reader->name, s, dae_status_name(status), dae_last_error());
            ck_assert_uint_lt(largest, 1 << 16);
        }
}
END_TEST

#ifdef DAE_TEST_ZLIB
/* Gzip data of an IDX file with 16 bytes, and terabytes behind them. */
START_TEST(gzip_with_far_too_much_behind_it) {
    const unsigned char idx[] = {0, 0, 8, 1, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
    dae_dataset *dataset = NULL;
    const char *path = temp_path("far-too-much.gz");
    gzFile packed = gzopen(path, "wb");
    ck_assert_int_eq(gzwrite(packed, idx, sizeof idx), (int)sizeof idx);
    ck_assert_int_eq(gzclose(packed), Z_OK);
    ok(dae_dataset_open(&dataset, path, "idx"));
    dae_dataset_free(dataset);
    dataset = NULL;
    if (truncate(path, huge_file) != 0 && truncate(path, (off_t)1 << 31) != 0)
        return;
    heap_watch();
    fails(dae_dataset_open(&dataset, path, "idx"), DAE_ERROR_FORMAT, "too many");
    ck_assert_uint_lt(heap_largest(), 1 << 16);
    heap_unwatch();
    unlink(path);
}
END_TEST

/* The file's name stands in the gzip header, here a long one: the IDX header lies behind what is checked first. */
START_TEST(gzip_with_a_long_header) {
    unsigned char file[IDX_SIZE];
    static unsigned char name[10000];
    memset(name, 'n', sizeof name - 1);
    make_idx(file);
    z_stream stream = {.next_in = file, .avail_in = sizeof file};
    gz_header header = {.name = name};
    static unsigned char whole[2 * IDX_SIZE + sizeof name];
    stream.next_out = whole;
    stream.avail_out = sizeof whole;
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflateSetHeader(&stream, &header), Z_OK);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    write_file(temp_path("long-header.gz"), whole, stream.total_out);
    ck_assert_int_eq(deflateEnd(&stream), Z_OK);
    result got = {NULL, 0};
    ok(read_idx(temp_path("long-header.gz"), &got));
    for (size_t i = 0; i < VALUES; i++)
        ck_assert(((float *)got.bytes)[i] == (float)file[16 + i] / 255.0f);
    free(got.bytes);
}
END_TEST
#endif

int main(void) {
    if (!faults_are_possible())
        return 77; /* meson: skipped */
    Suite *suite = suite_create("read faults");
    TCase *calls = add_case(suite, "calls that fail");
    tcase_add_test(calls, every_call_may_fail);
    tcase_add_test(calls, interrupted_and_short_reads_give_the_right_data);
    TCase *changes = add_case(suite, "files that change");
    tcase_add_test(changes, a_file_that_shrinks_or_grows);
    tcase_add_test(changes, a_file_that_is_replaced_or_removed_is_read_to_its_end);
    tcase_add_test(changes, a_descriptor_is_closed_by_another);
    TCase *wrong = add_case(suite, "wrong files");
    tcase_add_test(wrong, a_wrong_file_costs_no_memory_however_large);
#ifdef DAE_TEST_ZLIB
    tcase_add_test(wrong, gzip_with_far_too_much_behind_it);
    tcase_add_test(wrong, gzip_with_a_long_header);
#endif
    return suite_main(suite);
}
