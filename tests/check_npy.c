/* NPY files: every type and byte order as numpy writes them, from memory and from disk; and broken in every way. */
#define _POSIX_C_SOURCE 200809L

#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 4096, ALIGNMENT = 64 };

struct file {
    unsigned char bytes[MOST];
    size_t size;
};

static void put(struct file *file, const void *bytes, size_t size) {
    ck_assert_uint_le(file->size + size, MOST);
    if (size > 0)
        memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

/* A file with exactly this header, in a format version. */
static struct file raw(int major, const char *header, size_t header_size, const void *values, size_t size) {
    struct file file = {{0}, 0};
    const unsigned char start[] = {0x93,
                                   'N',
                                   'U',
                                   'M',
                                   'P',
                                   'Y',
                                   (unsigned char)major,
                                   0,
                                   (unsigned char)header_size,
                                   (unsigned char)(header_size >> 8),
                                   0,
                                   0};
    put(&file, start, major == 1 ? 10 : 12);
    put(&file, header, header_size);
    put(&file, values, size);
    return file;
}

/* A file as numpy writes it: the header ends with a line feed at a multiple of 64 bytes. */
static struct file made(int major, const char *type, const char *shape, const void *values, size_t size) {
    char header[512];
    int length = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                          type, shape);
    ck_assert(length > 0 && length < (int)sizeof header - ALIGNMENT);
    size_t start = major == 1 ? 10 : 12,
           padded = (start + (size_t)length) / ALIGNMENT * ALIGNMENT + ALIGNMENT - start;
    memset(header + length, ' ', padded - (size_t)length);
    header[padded - 1] = '\n';
    return raw(major, header, padded, values, size);
}

/* A file of version 1.0 with this header, and nine values of one byte if any. */
static struct file with_header(const char *header) {
    return raw(1, header, strlen(header), "abcdefghi", 9);
}

static dae_dataset *parse(const struct file *file) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_parse_npy(&dataset, file->bytes, file->size));
    ck_assert_ptr_nonnull(dataset);
    return dataset;
}

static void has_shape(const dae_dataset *dataset, size_t count, size_t rank, const size_t *shape) {
    size_t found_count = 0, found_rank = 0, found[DAE_MAX_RANK] = {0};
    ok(dae_dataset_get_count(dataset, &found_count));
    ck_assert_uint_eq(found_count, count);
    ok(dae_dataset_get_shape(dataset, &found_rank, found));
    ck_assert_uint_eq(found_rank, rank);
    for (size_t i = 0; i < rank; i++)
        ck_assert_uint_eq(found[i], shape[i]);
    ok(dae_dataset_get_target_shape(dataset, &found_rank, found));
    ck_assert_uint_eq(found_rank, rank);
}

static void reads(const struct file *file, size_t count, size_t rank, const size_t *shape,
                  const float *expected) {
    float inputs[64], targets[64];
    size_t size = 1;
    for (size_t i = 0; i < rank; i++)
        size *= shape[i];
    dae_dataset *dataset = parse(file);
    has_shape(dataset, count, rank, shape);
    ok(dae_dataset_read(dataset, 0, 0, count, inputs, targets));
    same_floats(inputs, expected, count * size);
    same_floats(targets, expected, count * size);
    for (size_t i = count; i-- > 0;) {
        ok(dae_dataset_read(dataset, 0, i, 1, NULL, inputs));
        same_floats(inputs, expected + i * size, size);
    }
    dae_dataset_free(dataset);
}

/* ---- What numpy writes ------------------------------------------------------------------------ */

/* The bytes that numpy 1.24 stores for some values, and what it gives when they are cast to float32. */
static const struct {
    const char *type;
    size_t count;
    const char *bytes;
    uint32_t floats[8];
} stored[] = {
    {"|b1", 4, "\x00\x01\x01\x00", {0x00000000, 0x3F800000, 0x3F800000, 0x00000000}},
    {"|u1", 5, "\x00\x01\xff\x80\x01", {0x00000000, 0x3F800000, 0x437F0000, 0x43000000, 0x3F800000}},
    {"<u2",
     5,
     "\x00\x00\x01\x00\xff\xff\x00\x80\x02\x01",
     {0x00000000, 0x3F800000, 0x477FFF00, 0x47000000, 0x43810000}},
    {">u2",
     5,
     "\x00\x00\x00\x01\xff\xff\x80\x00\x01\x02",
     {0x00000000, 0x3F800000, 0x477FFF00, 0x47000000, 0x43810000}},
    {"<u4",
     5,
     "\x00\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x80\x04\x03\x02\x01",
     {0x00000000, 0x3F800000, 0x4F800000, 0x4F000000, 0x4B810182}},
    {">u4",
     5,
     "\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\x80\x00\x00\x00\x01\x02\x03\x04",
     {0x00000000, 0x3F800000, 0x4F800000, 0x4F000000, 0x4B810182}},
    {"<u8",
     5,
     "\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00"
     "\x00\x00\x00\x00\x00\x00\x80\x08\x07\x06\x05\x04\x03\x02\x01",
     {0x00000000, 0x3F800000, 0x5F800000, 0x5F000000, 0x5B810182}},
    {">u8",
     5,
     "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x80"
     "\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08",
     {0x00000000, 0x3F800000, 0x5F800000, 0x5F000000, 0x5B810182}},
    {"|i1", 5, "\x00\xff\x7f\x80\x01", {0x00000000, 0xBF800000, 0x42FE0000, 0xC3000000, 0x3F800000}},
    {"<i2",
     5,
     "\x00\x00\xff\xff\xff\x7f\x00\x80\x02\x01",
     {0x00000000, 0xBF800000, 0x46FFFE00, 0xC7000000, 0x43810000}},
    {">i2",
     5,
     "\x00\x00\xff\xff\x7f\xff\x80\x00\x01\x02",
     {0x00000000, 0xBF800000, 0x46FFFE00, 0xC7000000, 0x43810000}},
    {"<i4",
     5,
     "\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00\x00\x80\x04\x03\x02\x01",
     {0x00000000, 0xBF800000, 0x4F000000, 0xCF000000, 0x4B810182}},
    {">i4",
     5,
     "\x00\x00\x00\x00\xff\xff\xff\xff\x7f\xff\xff\xff\x80\x00\x00\x00\x01\x02\x03\x04",
     {0x00000000, 0xBF800000, 0x4F000000, 0xCF000000, 0x4B810182}},
    {"<i8",
     5,
     "\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00"
     "\x00\x00\x00\x00\x00\x00\x80\x08\x07\x06\x05\x04\x03\x02\x01",
     {0x00000000, 0xBF800000, 0x5F000000, 0xDF000000, 0x5B810182}},
    {">i8",
     5,
     "\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x80"
     "\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08",
     {0x00000000, 0xBF800000, 0x5F000000, 0xDF000000, 0x5B810182}},
    {"<f2",
     8,
     "\x00\x00\x00\x80\x55\x35\x00\xc1\x00\x7c\x01\x00\xff\x7b\xff\x83",
     {0x00000000, 0x80000000, 0x3EAAA000, 0xC0200000, 0x7F800000, 0x33800000, 0x477FE000, 0xB87FC000}},
    {">f2",
     8,
     "\x00\x00\x80\x00\x35\x55\xc1\x00\x7c\x00\x00\x01\x7b\xff\x83\xff",
     {0x00000000, 0x80000000, 0x3EAAA000, 0xC0200000, 0x7F800000, 0x33800000, 0x477FE000, 0xB87FC000}},
    {"<f4",
     8,
     "\x00\x00\x00\x00\x00\x00\x00\x80\xab\xaa\xaa\x3e\x00\x00\x20\xc0\x00\x00\x80\x7f\x01\x00\x00\x00\xff"
     "\xff\x7f\x7f\xee\xe3\x6c\x80",
     {0x00000000, 0x80000000, 0x3EAAAAAB, 0xC0200000, 0x7F800000, 0x00000001, 0x7F7FFFFF, 0x806CE3EE}},
    {">f4",
     8,
     "\x00\x00\x00\x00\x80\x00\x00\x00\x3e\xaa\xaa\xab\xc0\x20\x00\x00\x7f\x80\x00\x00\x00\x00\x00\x01\x7f"
     "\x7f\xff\xff\x80\x6c\xe3\xee",
     {0x00000000, 0x80000000, 0x3EAAAAAB, 0xC0200000, 0x7F800000, 0x00000001, 0x7F7FFFFF, 0x806CE3EE}},
    {"<f8",
     8,
     "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x55\x55\x55\x55\x55\x55\xd5\x3f\x00"
     "\x00\x00\x00\x00\x00\x04\xc0\x00\x00\x00\x00\x00\x00\xf0\x7f\x9c\x57\x77\x27\x26\x6c\xa1\x37\x9c\x75"
     "\x00\x88\x3c\xe4\x37\x7e\x00\x00\x00\x10\x00\x00\x70\x41",
     {0x00000000, 0x80000000, 0x3EAAAAAB, 0xC0200000, 0x7F800000, 0x000116C2, 0x7F800000, 0x4B800000}},
    {">f8",
     8,
     "\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00\x3f\xd5\x55\x55\x55\x55\x55\x55\xc0"
     "\x04\x00\x00\x00\x00\x00\x00\x7f\xf0\x00\x00\x00\x00\x00\x00\x37\xa1\x6c\x26\x27\x77\x57\x9c\x7e\x37"
     "\xe4\x3c\x88\x00\x75\x9c\x41\x70\x00\x00\x10\x00\x00\x00",
     {0x00000000, 0x80000000, 0x3EAAAAAB, 0xC0200000, 0x7F800000, 0x000116C2, 0x7F800000, 0x4B800000}}};

enum { STORED = sizeof stored / sizeof *stored };

START_TEST(every_type_is_read_as_numpy_reads_it) {
    for (size_t i = 0; i < STORED; i++)
        for (int major = 1; major <= 3; major++) {
            char shape[32];
            float expected[8];
            snprintf(shape, sizeof shape, "(%zu,)", stored[i].count);
            memcpy(expected, stored[i].floats, sizeof expected);
            struct file file = made(major, stored[i].type, shape, stored[i].bytes,
                                    stored[i].count * (size_t)(stored[i].type[2] - '0'));
            reads(&file, stored[i].count, 1, (const size_t[]){1}, expected);
        }
}
END_TEST

/* Files of numpy 1.24, byte for byte: versions 1.0, 2.0 and 3.0. */
START_TEST(files_of_numpy) {
    static const char one[] =
        "\223NUMPY\001\000v\000{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
        "                             "
        "                             "
        "\012\000\000\000\000\000\000\200?\000\000\000@\000\000@@\000\000\200@\000\000\240@";
    static const char two[] =
        "\223NUMPY\002\000t\000\000\000{'descr': '>i2', 'fortran_order': False, 'shape': (2, 1), }"
        "                            "
        "                            "
        "\012\000\001\377\376";
    static const char three[] =
        "\223NUMPY\003\000t\000\000\000{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }"
        "                             "
        "                             "
        "\012\001\000";
    struct file file = {{0}, 0};
    put(&file, one, sizeof one - 1);
    ck_assert_uint_eq(file.size, 152);
    reads(&file, 2, 1, (const size_t[]){3}, (const float[]){0, 1, 2, 3, 4, 5});
    struct file same = made(1, "<f4", "(2, 3)", one + 128, 24);
    ck_assert(same.size == file.size && memcmp(same.bytes, file.bytes, file.size) == 0);
    file.size = 0;
    put(&file, two, sizeof two - 1);
    ck_assert_uint_eq(file.size, 132);
    reads(&file, 2, 1, (const size_t[]){1}, (const float[]){1, -2});
    file.size = 0;
    put(&file, three, sizeof three - 1);
    ck_assert_uint_eq(file.size, 130);
    reads(&file, 2, 1, (const size_t[]){1}, (const float[]){1, 0});
}
END_TEST

START_TEST(every_half_is_its_value) {
    unsigned char bytes[4] = {0};
    for (uint32_t half = 0; half < 65536; half++) {
        float value;
        int exponent = (int)(half >> 10 & 31), fraction = (int)(half & 1023);
        double expected = exponent == 31  ? (fraction != 0 ? (double)NAN : (double)INFINITY)
                          : exponent == 0 ? ldexp(fraction, -24)
                                          : ldexp(1024 + fraction, exponent - 25);
        bytes[0] = (unsigned char)half;
        bytes[1] = (unsigned char)(half >> 8);
        struct file file = raw(1, "{'descr':'<f2','fortran_order':False,'shape':(1,)}", 50, bytes, 2);
        dae_dataset *dataset = parse(&file);
        ok(dae_dataset_read(dataset, 0, 0, 1, &value, NULL));
        dae_dataset_free(dataset);
        if (isnan(expected))
            ck_assert(isnan(value));
        else
            ck_assert((double)value == (half < 32768 ? expected : -expected) &&
                      (signbit(value) != 0) == (half >= 32768));
    }
}
END_TEST

START_TEST(not_a_number_stays_none) {
    static const struct {
        const char *type, *bytes;
    } nans[] = {
        {"<f2", "\x00\x7e"}, {">f4", "\x7f\xc0\x00\x00"}, {"<f8", "\x00\x00\x00\x00\x00\x00\xf8\x7f"}};
    for (size_t i = 0; i < 3; i++) {
        float x = 0;
        struct file file = made(1, nans[i].type, "(1,)", nans[i].bytes, (size_t)(nans[i].type[2] - '0'));
        dae_dataset *dataset = parse(&file);
        ok(dae_dataset_read(dataset, 0, 0, 1, &x, NULL));
        ck_assert(isnan(x));
        dae_dataset_free(dataset);
    }
}
END_TEST

START_TEST(every_number_of_dimensions) {
    static const char *const shapes[] = {"(4,)",
                                         "(2, 2)",
                                         "(1, 2, 2)",
                                         "(2, 1, 1, 2)",
                                         "(2, 2, 1, 1, 1)",
                                         "(1, 1, 1, 1, 2, 2)",
                                         "(1, 4, 1, 1, 1, 1, 1)",
                                         "(2, 1, 1, 1, 1, 1, 1, 2)",
                                         "(1, 1, 1, 1, 1, 1, 1, 1, 4)"};
    static const size_t counts[] = {4, 2, 1, 2, 2, 1, 1, 2, 1};
    static const size_t dims[][8] = {{1},
                                     {2},
                                     {2, 2},
                                     {1, 1, 2},
                                     {2, 1, 1, 1},
                                     {1, 1, 1, 2, 2},
                                     {4, 1, 1, 1, 1, 1},
                                     {1, 1, 1, 1, 1, 1, 2},
                                     {1, 1, 1, 1, 1, 1, 1, 4}};
    for (size_t i = 0; i < 9; i++) {
        struct file file = made(1, "|u1", shapes[i], "\x00\x01\xfe\xff", 4);
        reads(&file, counts[i], i == 0 ? 1 : i, dims[i], (const float[]){0, 1, 254, 255});
    }
}
END_TEST

/* Other writers than numpy: any order of keys, either kind of quotes, spaces anywhere or nowhere. */
START_TEST(other_ways_to_write_the_same_header) {
    static const char *const headers[] = {
        "{'descr':'|u1','fortran_order':False,'shape':(3,3)}",
        "{\"shape\": (3, 3,), \"descr\": \"|u1\", \"fortran_order\": False}",
        " { 'fortran_order' : False , 'shape' : ( 3 , 3 , ) , 'descr' : '|u1' , } \n\n",
        "{'descr':'<u1','fortran_order':False,'shape':(3,3)}",
        "{'descr':'>u1',\t'fortran_order':False,\r\n'shape':(3,3)}",
    };
    float expected[9];
    for (int i = 0; i < 9; i++)
        expected[i] = (float)('a' + i);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct file file = with_header(headers[i]);
        reads(&file, 3, 1, (const size_t[]){3}, expected);
    }
    /* with one dimension both orders are the same */
    struct file file = with_header("{'descr':'|u1','fortran_order':True,'shape':(9,)}");
    reads(&file, 9, 1, (const size_t[]){1}, expected);
}
END_TEST

/* ---- Where from ------------------------------------------------------------------------------- */

static struct file small(void) {
    return made(1, ">i2", "(2, 3)", "\x00\x01\xff\xff\x01\x00\x80\x00\x7f\xff\x00\x00", 12);
}

static const float small_values[] = {1, -1, 256, -32768, 32767, 0};

START_TEST(memory_is_copied) {
    struct file file = small();
    float values[6];
    dae_dataset *dataset = parse(&file);
    memset(file.bytes, 0xFF, sizeof file.bytes);
    ok(dae_dataset_read(dataset, 0, 0, 2, values, NULL));
    same_floats(values, small_values, 6);
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(a_file_is_read_whole) {
    struct file file = small();
    const char *path = temp_path("array.npy");
    float values[6];
    dae_dataset *dataset = NULL;
    write_file(path, file.bytes, file.size);
    ok(dae_dataset_open_npy(&dataset, path));
    ck_assert_int_eq(unlink(path), 0); /* no longer needed */
    has_shape(dataset, 2, 1, (const size_t[]){3});
    ok(dae_dataset_read(dataset, 0, 0, 2, values, NULL));
    same_floats(values, small_values, 6);
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(values_are_kept_in_their_own_type) {
    enum { BYTES = 1 << 20 };
    static const char header[] = "{'descr':'|u1','fortran_order':False,'shape':(1024,1024)}";
    struct file start = raw(1, header, sizeof header - 1, NULL, 0);
    unsigned char *bytes = calloc(1, start.size + BYTES);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, start.bytes, start.size);
    dae_dataset *dataset = NULL;
    heap_watch();
    ok(dae_dataset_parse_npy(&dataset, bytes, start.size + BYTES));
    ck_assert_uint_lt(heap_largest(), BYTES + 4096);
    dae_dataset_free(dataset);
    heap_unwatch();
    free(bytes);
}
END_TEST

START_TEST(files_that_cannot_be_read) {
    int anything;
    dae_dataset *const untouched = (dae_dataset *)&anything, *dataset = untouched;
    fails(dae_dataset_open_npy(&dataset, temp_path("missing-file")), DAE_ERROR_IO, "missing-file");
    const char *empty = temp_path("an-empty-file");
    write_file(empty, NULL, 0);
    fails(dae_dataset_open_npy(&dataset, empty), DAE_ERROR_FORMAT, "an-empty-file");
    ck_assert_ptr_eq(dataset, untouched);
}
END_TEST

START_TEST(null_is_refused) {
    struct file file = small();
    dae_dataset *const untouched = (dae_dataset *)&file, *dataset = untouched;
    fails(dae_dataset_open_npy(NULL, "path"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_open_npy(&dataset, NULL), DAE_ERROR_ARGUMENT, "path");
    fails(dae_dataset_parse_npy(NULL, file.bytes, file.size), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_parse_npy(&dataset, NULL, 10), DAE_ERROR_ARGUMENT, "bytes");
    ck_assert_ptr_eq(dataset, untouched);
}
END_TEST

/* ---- Broken ----------------------------------------------------------------------------------- */

/* Refused from memory and from disk, naming path and offset, without much memory and without a leak. */
static void is_refused(const struct file *file, dae_status status, const char *word) {
    dae_dataset *const untouched = (dae_dataset *)&file, *dataset = untouched;
    const char *path = temp_path("broken.npy");
    unsigned char *exact = malloc(file->size + 1); /* so that reading beyond it shows */
    ck_assert_ptr_nonnull(exact);
    unsigned char *end = exact + 1; /* at an odd address, too */
    memcpy(end, file->bytes, file->size);
    write_file(path, file->bytes, file->size);
    heap_watch();
    fails(dae_dataset_parse_npy(&dataset, end, file->size), status, word);
    fails(dae_dataset_open_npy(&dataset, path), status, word);
    ck_assert_msg(message_has(path), "the message does not name the file: %s", dae_last_error());
    ck_assert_msg(message_has("offset"), "the message names no offset: %s", dae_last_error());
    ck_assert_ptr_eq(dataset, untouched);
    ck_assert_uint_lt(heap_largest(), 2 * MOST);
    heap_unwatch();
    free(exact);
}

static void header_is_refused(const char *header, dae_status status, const char *word) {
    struct file file = with_header(header);
    is_refused(&file, status, word);
}

START_TEST(every_beginning_is_refused) {
    for (int major = 1; major <= 3; major++) {
        struct file whole = made(major, "<f8", "(2, 1)", "0123456789abcdef", 16);
        for (size_t size = 0; size < whole.size; size++) {
            struct file file = whole;
            file.size = size;
            is_refused(&file, DAE_ERROR_FORMAT, "offset");
        }
    }
}
END_TEST

START_TEST(bytes_behind_the_values_are_refused) {
    for (int more = 1; more <= 9; more++) {
        struct file file = small();
        put(&file, "abcdefghi", (size_t)more);
        is_refused(&file, DAE_ERROR_FORMAT, "offset 140");
    }
}
END_TEST

START_TEST(wrong_magic_is_refused) {
    for (size_t at = 0; at < 6; at++) {
        struct file file = small();
        file.bytes[at] ^= 0x20;
        is_refused(&file, DAE_ERROR_FORMAT, "offset 0");
    }
    struct file zip = {"PK\003\004 an npz file", 16};
    is_refused(&zip, DAE_ERROR_FORMAT, "not an NPY file");
}
END_TEST

START_TEST(other_versions_are_refused) {
    for (int major = 0; major < 256; major += major < 8 ? 1 : 31)
        for (int minor = 0; minor < 256; minor += 1 + minor * 100) {
            struct file file = small();
            if (major >= 1 && major <= 3 && minor == 0)
                continue;
            file.bytes[6] = (unsigned char)major;
            file.bytes[7] = (unsigned char)minor;
            is_refused(&file, DAE_ERROR_UNSUPPORTED, "offset 6");
        }
}
END_TEST

START_TEST(types_that_are_no_numbers_are_refused) {
    static const char *const others[] = {"'<c8'",     "'<c16'",         "'|O'",         "'<U5'",  "'|S3'",
                                         "'<M8[ns]'", "'|V8'",          "'<f16'",       "'<f1'",  "'<i3'",
                                         "'<u0'",     "'<u9'",          "'<b2'",        "'<f44'", "'<x4'",
                                         "'<F4'",     "[('a', '<f4')]", "('<f4', (2,))"};
    static const char *const wrong[] = {"'f4'", "'=f4'", "'float32'", "''", "'<'", "'|f4'", "'|i2'", "'.f4'"};
    char header[128];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': False, 'shape': (9,), }", others[i]);
        header_is_refused(header, DAE_ERROR_UNSUPPORTED, "offset 20");
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': False, 'shape': (9,), }", wrong[i]);
        header_is_refused(header, DAE_ERROR_FORMAT, "offset 20");
    }
}
END_TEST

START_TEST(fortran_order_is_refused) {
    header_is_refused("{'descr': '|u1', 'fortran_order': True, 'shape': (3, 3), }", DAE_ERROR_UNSUPPORTED,
                      "ascontiguousarray");
    ck_assert(message_has("offset 44"));
}
END_TEST

START_TEST(shapes_that_no_dataset_has_are_refused) {
    header_is_refused("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", DAE_ERROR_FORMAT,
                      "0 dimensions");
    header_is_refused("{'descr': '|u1', 'fortran_order': False, 'shape': (0,), }", DAE_ERROR_FORMAT,
                      "dimension 0");
    ck_assert(message_has("offset 61"));
    header_is_refused("{'descr': '|u1', 'fortran_order': False, 'shape': (9, 0), }", DAE_ERROR_FORMAT,
                      "dimension 0");
    ck_assert(message_has("offset 64"));
    header_is_refused("{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,9), }",
                      DAE_ERROR_FORMAT, "more than 9 dimensions");
}
END_TEST

/* Claims far from the truth; in the last ones the product wraps around to nine. */
START_TEST(enormous_claims_are_refused_before_memory_is_asked_for) {
    static const char *const shapes[] = {"1099511627776",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "99999999999999999999999999999999",
                                         "4294967296, 4294967296",
                                         "2305843009213693952",
                                         "1152921504606846976, 9",
                                         "9223372036854775808, 2",
                                         "4294967296, 4294967296, 9",
                                         "3, 6148914691236517208",
                                         "5, 3689348814741910325"};
    static const char *const types[] = {"|u1", "<f8"};
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            char header[256];
            snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }",
                     types[t], shapes[i]);
            header_is_refused(header, DAE_ERROR_FORMAT, "offset");
        }
    struct file file = made(2, "|u1", "(1,)", "x", 1);
    memset(file.bytes + 8, 0xFF, 4); /* a header of 4 GB */
    is_refused(&file, DAE_ERROR_FORMAT, "offset 8: the header claims 4294967295 bytes");
}
END_TEST

START_TEST(headers_that_are_no_dictionary_are_refused) {
    static const char *const headers[] = {
        "",
        " ",
        "{",
        "{}",
        "{} ",
        "None",
        "[]",
        "{,}",
        "{'descr'}",
        "{'descr':}",
        "{'descr': '|u1'}",
        "{'descr': '|u1', 'fortran_order': False}",
        "{'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u1', 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,)",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,)} x",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,)}}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,),,}",
        "{'descr': '|u1' 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,), 'more': 1}",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,), 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': false, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': Fals",
        "{'descr': '|u1', 'fortran_order': Falsee, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': 9}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': [9]}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3 3)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (09,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9.0,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9L,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (0x9,)}",
        "{'descr\": '|u1', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u\\x31', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u1\n', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': u'|u1', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,), 'a key that is longer than any that there "
        "is': 1}",
        "{descr: '|u1', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,)} \xff",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        header_is_refused(headers[i], DAE_ERROR_FORMAT, "offset");
}
END_TEST

/* Any one bit in front of the values flipped: refused cleanly, or a file that means something else and reads well. */
START_TEST(every_flipped_bit_is_handled) {
    struct file whole = small();
    size_t refused = 0, read = 0;
    for (size_t bit = 0; bit < 128 * 8; bit++) {
        struct file file = whole;
        file.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        dae_dataset *dataset = NULL;
        heap_watch();
        dae_status status = dae_dataset_parse_npy(&dataset, file.bytes, file.size);
        if (status == DAE_OK) {
            float values[16];
            size_t count = 0;
            ok(dae_dataset_get_count(dataset, &count));
            ck_assert_uint_eq(count, 2);
            ok(dae_dataset_read(dataset, 0, 0, count, values, NULL));
            dae_dataset_free(dataset);
            read++;
        } else {
            ck_assert(status == DAE_ERROR_FORMAT || status == DAE_ERROR_UNSUPPORTED);
            ck_assert(message_has("offset"));
            ck_assert_ptr_null(dataset);
            refused++;
        }
        heap_unwatch();
    }
    /* '>' can become '<', and i f or u's neighbours; a space of the padding a line feed's sisters: few */
    ck_assert_uint_gt(read, 0);
    ck_assert_uint_gt(refused, 128 * 8 - 64);
}
END_TEST

START_TEST(random_files_are_handled) {
    uint32_t state = 3;
    for (int round = 0; round < 20000; round++) {
        struct file file = small();
        for (int changes = 1 + round % 5; changes > 0; changes--) {
            state = state * 1664525 + 1013904223;
            file.bytes[(state >> 8) % 76] = (unsigned char)(state >> 24);
        }
        state = state * 1664525 + 1013904223;
        if (round % 2 == 0)
            file.size = (state >> 16) % (file.size + 1);
        dae_dataset *dataset = NULL;
        dae_status status = dae_dataset_parse_npy(&dataset, file.bytes, file.size);
        ck_assert(status == DAE_OK || status == DAE_ERROR_FORMAT || status == DAE_ERROR_UNSUPPORTED);
        ck_assert((dataset != NULL) == (status == DAE_OK));
        dae_dataset_free(dataset);
    }
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

static dae_status parse_and_free(void *user) {
    const struct file *file = user;
    dae_dataset *const untouched = (dae_dataset *)&file, *dataset = untouched;
    dae_status status = dae_dataset_parse_npy(&dataset, file->bytes, file->size);
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, untouched);
    return status;
}

static dae_status open_and_free(void *user) {
    dae_dataset *const untouched = (dae_dataset *)&user, *dataset = untouched;
    dae_status status = dae_dataset_open_npy(&dataset, user);
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, untouched);
    return status;
}

START_TEST(memory_may_run_out) {
    struct file file = small();
    char path[4096];
    snprintf(path, sizeof path, "%s", temp_path("memory.npy"));
    write_file(path, file.bytes, file.size);
    ck_assert_uint_ge(every_allocation_fails(parse_and_free, &file), 2);
    ck_assert_uint_ge(every_allocation_fails(open_and_free, path), 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("npy");
    TCase *types = add_case(suite, "what numpy writes");
    tcase_add_test(types, every_type_is_read_as_numpy_reads_it);
    tcase_add_test(types, files_of_numpy);
    tcase_add_test(types, every_half_is_its_value);
    tcase_add_test(types, not_a_number_stays_none);
    tcase_add_test(types, every_number_of_dimensions);
    tcase_add_test(types, other_ways_to_write_the_same_header);
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
    tcase_add_test(broken, other_versions_are_refused);
    tcase_add_test(broken, types_that_are_no_numbers_are_refused);
    tcase_add_test(broken, fortran_order_is_refused);
    tcase_add_test(broken, shapes_that_no_dataset_has_are_refused);
    tcase_add_test(broken, enormous_claims_are_refused_before_memory_is_asked_for);
    tcase_add_test(broken, headers_that_are_no_dictionary_are_refused);
    tcase_add_test(broken, every_flipped_bit_is_handled);
    tcase_add_test(broken, random_files_are_handled);
    tcase_add_test(broken, memory_may_run_out);
    return suite_main(suite);
}
