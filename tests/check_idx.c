/* IDX files: every type, from memory and from disk, plain; and broken in every way. check_gzip.c has the
 * compressed ones. */
#define _POSIX_C_SOURCE 200809L

#include "content.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 4096 };

/* A file in the making. */
struct file {
    unsigned char bytes[MOST];
    size_t size;
};

static void put(struct file *file, uint64_t value, int bytes) {
    ck_assert_uint_le(file->size + (size_t)bytes, MOST);
    for (int i = bytes - 1; i >= 0; i--)
        file->bytes[file->size++] = (unsigned char)(value >> 8 * i);
}

static struct file header(int type, int dims, const uint32_t *dim) {
    struct file file = {{0}, 0};
    put(&file, (uint64_t)type << 8 | (uint64_t)dims, 4);
    for (int i = 0; i < dims; i++)
        put(&file, dim[i], 4);
    return file;
}

/* 5 samples of 2 x 3 bytes: 0, 7, 14 ... */
static struct file small_images(void) {
    struct file file = header(0x08, 3, (const uint32_t[]){5, 2, 3});
    for (int i = 0; i < 30; i++)
        put(&file, (uint64_t)(i * 7), 1);
    return file;
}

static dae_dataset *parse(const struct file *file) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_parse(&dataset, file->bytes, file->size, "idx"));
    ck_assert_ptr_nonnull(dataset);
    return dataset;
}

static void has_shape(const dae_dataset *dataset, size_t count, size_t rank, const size_t *shape) {
    size_t found_count = 0, found_rank = 0, found[DAE_MAX_RANK] = {0};
    ok(dae_dataset_get_count(dataset, &found_count));
    ck_assert_uint_eq(found_count, count);
    ok(dae_dataset_get_shape(dataset, DAE_ALL_SAMPLES, &found_rank, found));
    ck_assert_uint_eq(found_rank, rank);
    for (size_t i = 0; i < rank; i++)
        ck_assert_uint_eq(found[i], shape[i]);
    ok(dae_dataset_get_target_shape(dataset, DAE_ALL_SAMPLES, &found_rank, found));
    ck_assert_uint_eq(found_rank, rank);
}

/* ---- Types ------------------------------------------------------------------------------------ */

START_TEST(bytes_are_divided_by_255) {
    struct file file = header(0x08, 2, (const uint32_t[]){2, 128});
    float inputs[256], targets[256];
    for (int i = 0; i < 256; i++)
        put(&file, (uint64_t)i, 1);
    dae_dataset *dataset = parse(&file);
    has_shape(dataset, 2, 1, (const size_t[]){128});
    ok(dae_dataset_read(dataset, 0, 0, 2, inputs, targets));
    for (int i = 0; i < 256; i++) {
        ck_assert_float_eq(inputs[i], (float)i / 255.0f);
        ck_assert_float_eq(targets[i], inputs[i]);
    }
    dae_dataset_free(dataset);
}
END_TEST

/* A file of one type with these values, as the bits of `size` bytes each, and what they are read as. */
static void reads_as(int type, int size, int count, const uint64_t *bits, const float *expected) {
    struct file file = header(type, 1, (const uint32_t[]){(uint32_t)count});
    float inputs[16];
    for (int i = 0; i < count; i++)
        put(&file, bits[i], size);
    dae_dataset *dataset = parse(&file);
    has_shape(dataset, (size_t)count, 1, (const size_t[]){1});
    ok(dae_dataset_read(dataset, 0, 0, (size_t)count, inputs, NULL));
    same_floats(inputs, expected, (size_t)count);
    for (int i = count; i-- > 0;) {
        ok(dae_dataset_read(dataset, 0, (size_t)i, 1, NULL, inputs));
        same_floats(inputs, expected + i, 1);
    }
    dae_dataset_free(dataset);
}

START_TEST(signed_bytes_are_read_as_they_are) {
    reads_as(0x09, 1, 6, (const uint64_t[]){0x00, 0x01, 0x7F, 0x80, 0x81, 0xFF},
             (const float[]){0, 1, 127, -128, -127, -1});
}
END_TEST

START_TEST(shorts_are_read_as_they_are) {
    reads_as(0x0B, 2, 7, (const uint64_t[]){0x0000, 0x0001, 0x0100, 0x7FFF, 0x8000, 0xFFFF, 0x1234},
             (const float[]){0, 1, 256, 32767, -32768, -1, 4660});
}
END_TEST

START_TEST(integers_are_read_as_they_are) {
    reads_as(0x0C, 4, 7, (const uint64_t[]){0, 1, 0x01020304, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x01000001},
             (const float[]){0, 1, 16909060, 2147483648.0f, -2147483648.0f, -1, 16777216});
}
END_TEST

START_TEST(floats_are_read_as_they_are) {
    reads_as(0x0D, 4, 7,
             (const uint64_t[]){0, 0x80000000, 0x3F800000, 0xC0490FDB, 0x00000001, 0x7F800000, 0x7F7FFFFF},
             (const float[]){0, -0.0f, 1, -3.14159274f, 1.40129846e-45f, INFINITY, 3.40282347e38f});
    struct file file = header(0x0D, 1, (const uint32_t[]){1});
    float x;
    put(&file, 0x7FC00000, 4);
    dae_dataset *dataset = parse(&file);
    ok(dae_dataset_read(dataset, 0, 0, 1, &x, NULL));
    ck_assert(isnan(x));
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(doubles_are_read_as_they_are) {
    reads_as(0x0E, 8, 6,
             (const uint64_t[]){0, 0x3FF0000000000000, 0xC00921FB54442D18, 0x3FB999999999999A,
                                0x7FF0000000000000, 0x8000000000000000},
             (const float[]){0, 1, -3.14159274f, 0.1f, INFINITY, -0.0f});
}
END_TEST

START_TEST(every_number_of_dimensions) {
    const uint32_t dims[] = {3, 2, 1, 2, 1, 1, 2, 1, 3};
    const size_t shape[] = {2, 1, 2, 1, 1, 2, 1, 3};
    for (int rank = 1; rank <= 9; rank++) {
        struct file file = header(0x09, rank, dims);
        int values = 1;
        float inputs[72];
        for (int i = 0; i < rank; i++)
            values *= (int)dims[i];
        for (int i = 0; i < values; i++)
            put(&file, (uint64_t)i, 1);
        dae_dataset *dataset = parse(&file);
        if (rank == 1)
            has_shape(dataset, 3, 1, (const size_t[]){1});
        else
            has_shape(dataset, 3, (size_t)rank - 1, shape);
        ok(dae_dataset_read(dataset, 0, 0, 3, inputs, NULL));
        for (int i = 0; i < values; i++)
            ck_assert_float_eq(inputs[i], (float)i);
        dae_dataset_free(dataset);
    }
}
END_TEST

/* ---- Where from ------------------------------------------------------------------------------- */

static void reads_small_images(const dae_dataset *dataset) {
    float inputs[30];
    has_shape(dataset, 5, 2, (const size_t[]){2, 3});
    ok(dae_dataset_read(dataset, 0, 0, 5, inputs, NULL));
    for (int i = 0; i < 30; i++)
        ck_assert_float_eq(inputs[i], (float)(i * 7) / 255.0f);
    ok(dae_dataset_read(dataset, 0, 3, 1, NULL, inputs));
    ck_assert_float_eq(inputs[5], (float)(23 * 7) / 255.0f);
}

START_TEST(memory_is_copied) {
    struct file file = small_images();
    dae_dataset *dataset = parse(&file);
    memset(file.bytes, 0xFF, sizeof file.bytes);
    reads_small_images(dataset);
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(a_file_is_read_whole) {
    struct file file = small_images();
    const char *path = temp_path("images-idx3-ubyte");
    dae_dataset *dataset = NULL;
    write_file(path, file.bytes, file.size);
    ok(dae_dataset_open(&dataset, path, "idx"));
    ck_assert_int_eq(unlink(path), 0); /* no longer needed */
    reads_small_images(dataset);
    dae_dataset_free(dataset);
}
END_TEST

/* 60000 images as bytes are 47 MB, not 188: the values are kept in their own type. */
START_TEST(values_are_kept_in_their_own_type) {
    enum { BYTES = 1 << 20 };
    unsigned char *bytes = calloc(1, 8 + BYTES);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, (const unsigned char[]){0, 0, 8, 1, 0, 0x10, 0, 0}, 8);
    dae_dataset *dataset = NULL;
    heap_watch();
    ok(dae_dataset_parse(&dataset, bytes, 8 + BYTES, "idx"));
    ck_assert_uint_lt(heap_largest(), BYTES + 4096);
    dae_dataset_free(dataset);
    heap_unwatch();
    free(bytes);
}
END_TEST

START_TEST(files_that_cannot_be_read) {
    int anything;
    dae_dataset *const untouched = (dae_dataset *)&anything, *dataset = untouched;
    fails(dae_dataset_open(&dataset, temp_path("missing-file"), "idx"), DAE_ERROR_IO, "missing-file");
    fails(dae_dataset_open(&dataset, temp_path("missing-folder/file"), "idx"), DAE_ERROR_IO,
          "missing-folder");
    fails(dae_dataset_open(&dataset, "", "idx"), DAE_ERROR_IO, "");
    const char *folder = temp_path("a-folder");
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    fails(dae_dataset_open(&dataset, folder, "idx"), DAE_ERROR_IO, "a-folder");
    const char *empty = temp_path("an-empty-file");
    write_file(empty, NULL, 0);
    fails(dae_dataset_open(&dataset, empty, "idx"), DAE_ERROR_FORMAT, "an-empty-file");
    ck_assert_ptr_eq(dataset, untouched);
}
END_TEST

START_TEST(null_is_refused) {
    struct file file = small_images();
    dae_dataset *const untouched = (dae_dataset *)&file, *dataset = untouched;
    fails(dae_dataset_open(NULL, "path", "idx"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_open(&dataset, NULL, "idx"), DAE_ERROR_ARGUMENT, "path");
    fails(dae_dataset_parse(NULL, file.bytes, file.size, "idx"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_parse(&dataset, NULL, 10, "idx"), DAE_ERROR_ARGUMENT, "bytes");
    ck_assert_ptr_eq(dataset, untouched);
}
END_TEST

/* ---- Broken ----------------------------------------------------------------------------------- */

/* Refused from memory and from disk, naming path and offset, without much memory and without a leak. */
static void is_refused(const struct file *file, const char *word) {
    dae_dataset *const untouched = (dae_dataset *)&file, *dataset = untouched;
    const char *path = temp_path("broken-idx");
    write_file(path, file->bytes, file->size);
    heap_watch();
    fails(dae_dataset_parse(&dataset, file->bytes, file->size, "idx"), DAE_ERROR_FORMAT, word);
    ck_assert_ptr_eq(dataset, untouched);
    fails(dae_dataset_open(&dataset, path, "idx"), DAE_ERROR_FORMAT, word);
    ck_assert_msg(message_has(path), "the message does not name the file: %s", dae_last_error());
    ck_assert_msg(message_has("offset"), "the message names no offset: %s", dae_last_error());
    ck_assert_ptr_eq(dataset, untouched);
    ck_assert_uint_lt(heap_largest(), 2 * MOST);
    heap_unwatch();
}

START_TEST(every_beginning_is_refused) {
    struct file whole = small_images();
    for (size_t size = 0; size < whole.size; size++) {
        struct file file = whole;
        file.size = size;
        char offset[32];
        snprintf(offset, sizeof offset, "offset %zu", size);
        is_refused(&file, offset);
    }
    whole.size = 0;
    dae_dataset *dataset = NULL;
    fails(dae_dataset_parse(&dataset, "", 0, "idx"), DAE_ERROR_FORMAT, "offset 0");
}
END_TEST

START_TEST(bytes_behind_the_values_are_refused) {
    for (int more = 1; more <= 9; more++) {
        struct file file = small_images();
        for (int i = 0; i < more; i++)
            put(&file, 0, 1);
        is_refused(&file, "offset 46");
    }
}
END_TEST

START_TEST(wrong_magic_is_refused) {
    struct file file = small_images();
    for (int at = 0; at < 2; at++)
        for (int value = 1; value < 256; value++) {
            file.bytes[0] = file.bytes[1] = 0;
            file.bytes[at] = (unsigned char)value;
            is_refused(&file, "offset 0");
        }
}
END_TEST

START_TEST(unknown_types_are_refused) {
    for (int type = 0; type < 256; type++) {
        struct file file = small_images();
        char found[8];
        if (type == 8 || type == 9 || (type >= 0x0B && type <= 0x0E))
            continue;
        file.bytes[2] = (unsigned char)type;
        snprintf(found, sizeof found, "0x%02X", type);
        is_refused(&file, found);
        ck_assert(message_has("offset 2"));
    }
}
END_TEST

START_TEST(numbers_of_dimensions_out_of_range_are_refused) {
    for (int dims = 0; dims < 256; dims++) {
        if (dims >= 1 && dims <= 9)
            continue;
        struct file file = header(0x08, dims, (const uint32_t[256]){0});
        file.bytes[3] = (unsigned char)dims;
        for (int i = 0; i < 64; i++)
            put(&file, 1, 1);
        is_refused(&file, "offset 3");
    }
}
END_TEST

START_TEST(empty_dimensions_are_refused) {
    for (int at = 0; at < 3; at++) {
        uint32_t dims[3] = {5, 2, 3};
        dims[at] = 0;
        struct file bare = header(0x08, 3, dims), full = bare;
        char offset[32];
        snprintf(offset, sizeof offset, "offset %d", 4 + 4 * at);
        is_refused(&bare, offset);
        for (int i = 0; i < 30; i++)
            put(&full, 0, 1);
        is_refused(&full, offset);
    }
}
END_TEST

/* Sizes that are far from the truth. `values` bytes follow: where multiplication wraps around, in 64 or in 32
 * bits, the dimensions claim just as many. */
START_TEST(enormous_claims_are_refused_before_memory_is_asked_for) {
    static const struct {
        int type, dims, values;
        uint32_t dim[9];
    } claims[] = {
        {0x08, 1, 30, {0xFFFFFFFF}},
        {0x0E, 1, 30, {0xFFFFFFFF}},
        {0x08, 2, 30, {0xFFFFFFFF, 0xFFFFFFFF}},
        {0x0E, 2, 30, {0x80000000, 0x40000000}},
        {0x08, 3, 30, {0x10000, 0x10000, 0x1000}},
        {0x08, 3, 30, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}},
        /* 2^64 and 2^65: nothing follows */
        {0x08, 4, 0, {0x10000, 0x10000, 0x10000, 0x10000}},
        {0x08, 9, 0, {0x80000000, 0x80000000, 4, 1, 1, 1, 1, 1, 2}},
        /* 2^64 bytes in 2^62 floats and in 2^61 doubles */
        {0x0D, 4, 0, {0x10000, 0x10000, 0x10000, 0x4000}},
        {0x0E, 4, 0, {0x10000, 0x10000, 0x10000, 0x2000}},
        /* 2^64 + 30 bytes */
        {0x08, 4, 30, {463715309, 5607601, 3547, 2}},
        /* 2^61 + 4 doubles are 2^64 + 32 bytes */
        {0x0E, 4, 32, {1824726041, 37171, 2833, 12}},
        /* 2^32 + 30 bytes */
        {0x08, 3, 30, {4464623, 37, 26}},
        {0x08,
         9,
         30,
         {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF,
          0xFFFFFFFF}},
    };
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        struct file file = header(claims[i].type, claims[i].dims, claims[i].dim);
        for (int k = 0; k < claims[i].values; k++)
            put(&file, 0, 1);
        is_refused(&file, "offset");
    }
}
END_TEST

/* Any one bit of the header flipped: refused cleanly, or a file that means something else and reads well. */
START_TEST(every_flipped_bit_is_handled) {
    struct file whole = small_images();
    size_t refused = 0, read = 0;
    for (size_t bit = 0; bit < 16 * 8; bit++) {
        struct file file = whole;
        file.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        dae_dataset *dataset = NULL;
        heap_watch();
        dae_status status = dae_dataset_parse(&dataset, file.bytes, file.size, "idx");
        if (status == DAE_OK) {
            float inputs[30];
            size_t count = 0;
            ok(dae_dataset_get_count(dataset, &count));
            ck_assert_uint_eq(count, 5);
            ok(dae_dataset_read(dataset, 0, 0, count, inputs, NULL));
            dae_dataset_free(dataset);
            read++;
        } else {
            ck_assert_int_eq(status, DAE_ERROR_FORMAT);
            ck_assert(message_has("offset"));
            ck_assert_ptr_null(dataset);
            refused++;
        }
        heap_unwatch();
    }
    /* only 0x08 -> 0x09 is a file of the same size */
    ck_assert_uint_eq(read, 1);
    ck_assert_uint_eq(refused, 127);
}
END_TEST

START_TEST(random_files_are_handled) {
    uint32_t state = 3;
    for (int round = 0; round < 20000; round++) {
        struct file file = small_images();
        for (int changes = 1 + round % 5; changes > 0; changes--) {
            state = state * 1664525 + 1013904223;
            file.bytes[(state >> 8) % 20] = (unsigned char)(state >> 24);
        }
        state = state * 1664525 + 1013904223;
        file.size = (state >> 16) % (file.size + 1);
        dae_dataset *dataset = NULL;
        dae_status status = dae_dataset_parse(&dataset, file.bytes, file.size, "idx");
        ck_assert(status == DAE_OK || status == DAE_ERROR_FORMAT || status == DAE_ERROR_UNSUPPORTED);
        ck_assert((dataset != NULL) == (status == DAE_OK));
        dae_dataset_free(dataset);
    }
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

static dae_status open_and_free(void *user) {
    dae_dataset *const untouched = (dae_dataset *)&user, *dataset = untouched;
    dae_status status = dae_dataset_open(&dataset, user, "idx");
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, untouched);
    return status;
}

START_TEST(memory_may_run_out) {
    struct file file = small_images();
    char path[4096];
    snprintf(path, sizeof path, "%s", temp_path("memory-idx"));
    write_file(path, file.bytes, file.size);
    ck_assert_uint_ge(content_bears_lack_of_memory(file.bytes, file.size, "idx"), 2);
    ck_assert_uint_ge(every_allocation_fails(open_and_free, path), 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("idx");
    TCase *types = add_case(suite, "types");
    tcase_add_test(types, bytes_are_divided_by_255);
    tcase_add_test(types, signed_bytes_are_read_as_they_are);
    tcase_add_test(types, shorts_are_read_as_they_are);
    tcase_add_test(types, integers_are_read_as_they_are);
    tcase_add_test(types, floats_are_read_as_they_are);
    tcase_add_test(types, doubles_are_read_as_they_are);
    tcase_add_test(types, every_number_of_dimensions);
    TCase *from = add_case(suite, "where from");
    tcase_add_test(from, memory_is_copied);
    tcase_add_test(from, a_file_is_read_whole);
    tcase_add_test(from, values_are_kept_in_their_own_type);
    tcase_add_test(from, files_that_cannot_be_read);
    tcase_add_test(from, null_is_refused);
    TCase *broken = add_case(suite, "broken");
    tcase_add_test(broken, every_beginning_is_refused);
    tcase_add_test(broken, bytes_behind_the_values_are_refused);
    tcase_add_test(broken, wrong_magic_is_refused);
    tcase_add_test(broken, unknown_types_are_refused);
    tcase_add_test(broken, numbers_of_dimensions_out_of_range_are_refused);
    tcase_add_test(broken, empty_dimensions_are_refused);
    tcase_add_test(broken, enormous_claims_are_refused_before_memory_is_asked_for);
    tcase_add_test(broken, every_flipped_bit_is_handled);
    tcase_add_test(broken, random_files_are_handled);
    tcase_add_test(broken, memory_may_run_out);
    return suite_main(suite);
}
