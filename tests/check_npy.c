/* NPY files: every type and byte order as numpy writes them, from memory and from disk. check_npy_broken.c has
 * those that are broken. */
#define _POSIX_C_SOURCE 200809L

#include "npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dae_dataset *parse(const npy_file *file) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_parse(&dataset, file->bytes, file->size, "npy"));
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

static void reads(const npy_file *file, size_t count, size_t rank, const size_t *shape,
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
            npy_file file = npy_made(major, stored[i].type, shape, stored[i].bytes,
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
    npy_file file = {{0}, 0};
    npy_put(&file, one, sizeof one - 1);
    ck_assert_uint_eq(file.size, 152);
    reads(&file, 2, 1, (const size_t[]){3}, (const float[]){0, 1, 2, 3, 4, 5});
    npy_file same = npy_made(1, "<f4", "(2, 3)", one + 128, 24);
    ck_assert(same.size == file.size && memcmp(same.bytes, file.bytes, file.size) == 0);
    file.size = 0;
    npy_put(&file, two, sizeof two - 1);
    ck_assert_uint_eq(file.size, 132);
    reads(&file, 2, 1, (const size_t[]){1}, (const float[]){1, -2});
    file.size = 0;
    npy_put(&file, three, sizeof three - 1);
    ck_assert_uint_eq(file.size, 130);
    reads(&file, 2, 1, (const size_t[]){1}, (const float[]){1, 0});
}
END_TEST

/* Arrays in Fortran order, as numpy 1.24 writes them: two, and a table of pandas (pandas.read_csv(...).values). */
START_TEST(arrays_in_fortran_order) {
    static const char two[] =
        "\223NUMPY\001\000v\000{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"
        "                              "
        "                             "
        "\012\000\000\300?\000\000\200@\000\000\000@\000\000\240@\000\000@@\000\000\310\300";
    static const char three[] =
        "\223NUMPY\001\000v\000{'descr': '>i2', 'fortran_order': True, 'shape': (3, 2, 4), }"
        "                            "
        "                            "
        "\012\000\000\000\010\000\020\000\004\000\014\000\024\000\001\000\011\000\021\000\005\000\015\000\025"
        "\000\002\000"
        "\012\000\022\000\006\000\016\000\026\000\003\000\013\000\023\000\007\000\017\000\027";
    static const char table[] =
        "\223NUMPY\001\000v\000{'descr': '<f8', 'fortran_order': True, 'shape': (3, 2), }"
        "                              "
        "                             "
        "\012\000\000\000\000\000\000\360?\000\000\000\000\000\000\010@\000\000\000\000\000\000\024@"
        "\000\000\000\000\000\000"
        "\004@\000\000\000\000\000\000\020@\000\000\000\000\000\000\030@";
    float ramp[24];
    for (int i = 0; i < 24; i++)
        ramp[i] = (float)i;
    npy_file file = {{0}, 0};
    npy_put(&file, two, sizeof two - 1);
    ck_assert_uint_eq(file.size, 152);
    reads(&file, 2, 1, (const size_t[]){3}, (const float[]){1.5f, 2, 3, 4, 5, -6.25f});
    file.size = 0;
    npy_put(&file, three, sizeof three - 1);
    ck_assert_uint_eq(file.size, 176);
    reads(&file, 3, 2, (const size_t[]){2, 4}, ramp);
    file.size = 0;
    npy_put(&file, table, sizeof table - 1);
    ck_assert_uint_eq(file.size, 176);
    reads(&file, 3, 1, (const size_t[]){2}, (const float[]){1, 2.5f, 3, 4, 5, 6});
}
END_TEST

/* Every type, and more samples than are put in order at a time: sample i, place (j, k) lies at i + 150 (j + 3 k). */
START_TEST(long_arrays_in_fortran_order) {
    enum { COUNT = 150, ROWS = 3, COLUMNS = 2, SIZE = ROWS * COLUMNS };
    static const char *const types[] = {"|u1", ">i2", "<i4", ">u8"};
    for (size_t t = 0; t < 4; t++) {
        size_t width = (size_t)(types[t][2] - '0');
        unsigned char bytes[8 * COUNT * SIZE] = {0};
        float values[COUNT * SIZE], expected[COUNT * SIZE];
        char header[100];
        for (size_t i = 0; i < COUNT; i++)
            for (size_t j = 0; j < ROWS; j++)
                for (size_t k = 0; k < COLUMNS; k++) {
                    size_t value = (i * 7 + j * 3 + k) % 128, at = (i + COUNT * (j + ROWS * k)) * width;
                    bytes[types[t][0] == '>' ? at + width - 1 : at] = (unsigned char)value;
                    expected[(i * ROWS + j) * COLUMNS + k] = (float)value;
                }
        snprintf(header, sizeof header, "{'shape':(150,3,2),'fortran_order':True,'descr':'%s'}", types[t]);
        npy_file start = npy_raw(1, header, strlen(header), NULL, 0);
        unsigned char file[NPY_MOST + sizeof bytes];
        memcpy(file, start.bytes, start.size);
        memcpy(file + start.size, bytes, COUNT * SIZE * width);
        dae_dataset *dataset = NULL;
        heap_watch();
        ok(dae_dataset_parse(&dataset, file, start.size + COUNT * SIZE * width, "npy"));
        has_shape(dataset, COUNT, 2, (const size_t[]){ROWS, COLUMNS});
        ok(dae_dataset_read(dataset, 0, 0, COUNT, values, NULL));
        same_floats(values, expected, COUNT * SIZE);
        dae_dataset_free(dataset);
        heap_unwatch();
    }
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
        npy_file file = npy_raw(1, "{'descr':'<f2','fortran_order':False,'shape':(1,)}", 50, bytes, 2);
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
        npy_file file = npy_made(1, nans[i].type, "(1,)", nans[i].bytes, (size_t)(nans[i].type[2] - '0'));
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
        npy_file file = npy_made(1, "|u1", shapes[i], "\x00\x01\xfe\xff", 4);
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
        npy_file file = npy_with_header(headers[i]);
        reads(&file, 3, 1, (const size_t[]){3}, expected);
    }
    /* with one dimension both orders are the same */
    npy_file file = npy_with_header("{'descr':'|u1','fortran_order':True,'shape':(9,)}");
    reads(&file, 9, 1, (const size_t[]){1}, expected);
}
END_TEST

/* ---- Where from ------------------------------------------------------------------------------- */

static const float small_values[] = {1, -1, 256, -32768, 32767, 0};

/* Types as numpy.dtype() takes them, and what Python 2 wrote. */
START_TEST(every_spelling_of_a_type) {
    static const struct {
        const char *types[8];
        size_t size;
        const char *bytes;
        float value;
    } same[] = {
        {{"'f4'", "'=f4'", "'<f4'", "'|f4'", "'f'", "'float32'", "'single'", "u'<f4'"}, 4, "\0\0\x80\x3F", 1},
        {{"'>f4'", "'>f'", "u\">f4\""}, 4, "\x3F\x80\0\0", 1},
        {{"'f2'", "'e'", "'half'", "'float16'"}, 2, "\0\xC0", -2},
        {{"'d'", "'float64'", "'double'", "'=f8'"}, 8, "\0\0\0\0\0\0\0\xC0", -2},
        {{"'?'", "'bool'", "'b1'", "'<b1'"}, 1, "\1", 1},
        {{"'b'", "'int8'", "'>i1'"}, 1, "\xFE", -2},
        {{"'B'", "'uint8'", "'=u1'", "u'|u1'"}, 1, "\xFE", 254},
        {{"'h'", "'int16'", "'|i2'"}, 2, "\xFE\xFF", -2},
        {{"'>H'", "'>u2'"}, 2, "\1\2", 258},
        {{"'i'", "'int32'"}, 4, "\xFE\xFF\xFF\xFF", -2},
        {{"'I'", "'uint32'"}, 4, "\1\1\0\0", 257},
        {{"'q'", "'int64'"}, 8, "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF", -2},
        {{"'Q'", "'uint64'"}, 8, "\1\1\0\0\0\0\0\0", 257},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        for (size_t k = 0; k < 8 && same[i].types[k] != NULL; k++) {
            char header[128];
            int length = snprintf(header, sizeof header,
                                  "{'descr': %s, 'fortran_order': False, 'shape': (1%s)}", same[i].types[k],
                                  k % 2 == 0 ? "L, 1L" : ",");
            npy_file file = npy_raw(1, header, (size_t)length, same[i].bytes, same[i].size);
            reads(&file, 1, 1, (const size_t[]){1}, &same[i].value);
        }
}
END_TEST

START_TEST(memory_is_copied) {
    npy_file file = npy_small();
    float values[6];
    dae_dataset *dataset = parse(&file);
    memset(file.bytes, 0xFF, sizeof file.bytes);
    ok(dae_dataset_read(dataset, 0, 0, 2, values, NULL));
    same_floats(values, small_values, 6);
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(a_file_is_read_whole) {
    npy_file file = npy_small();
    const char *path = temp_path("array.npy");
    float values[6];
    dae_dataset *dataset = NULL;
    write_file(path, file.bytes, file.size);
    ok(dae_dataset_open(&dataset, path, "npy"));
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
    npy_file start = npy_raw(1, header, sizeof header - 1, NULL, 0);
    unsigned char *bytes = calloc(1, start.size + BYTES);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, start.bytes, start.size);
    dae_dataset *dataset = NULL;
    heap_watch();
    ok(dae_dataset_parse(&dataset, bytes, start.size + BYTES, "npy"));
    ck_assert_uint_lt(heap_largest(), BYTES + 4096);
    dae_dataset_free(dataset);
    heap_unwatch();
    free(bytes);
}
END_TEST

START_TEST(files_that_cannot_be_read) {
    int anything;
    dae_dataset *const untouched = (dae_dataset *)&anything, *dataset = untouched;
    fails(dae_dataset_open(&dataset, temp_path("missing-file"), "npy"), DAE_ERROR_IO, "missing-file");
    const char *empty = temp_path("an-empty-file");
    write_file(empty, NULL, 0);
    fails(dae_dataset_open(&dataset, empty, "npy"), DAE_ERROR_FORMAT, "an-empty-file");
    ck_assert_ptr_eq(dataset, untouched);
}
END_TEST

START_TEST(null_is_refused) {
    npy_file file = npy_small();
    dae_dataset *const untouched = (dae_dataset *)&file, *dataset = untouched;
    fails(dae_dataset_open(NULL, "path", "npy"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_open(&dataset, NULL, "npy"), DAE_ERROR_ARGUMENT, "path");
    fails(dae_dataset_parse(NULL, file.bytes, file.size, "npy"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_parse(&dataset, NULL, 10, "npy"), DAE_ERROR_ARGUMENT, "bytes");
    ck_assert_ptr_eq(dataset, untouched);
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

static dae_status parse_and_free(void *user) {
    const npy_file *file = user;
    dae_dataset *const untouched = (dae_dataset *)&file, *dataset = untouched;
    dae_status status = dae_dataset_parse(&dataset, file->bytes, file->size, "npy");
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, untouched);
    return status;
}

static dae_status open_and_free(void *user) {
    dae_dataset *const untouched = (dae_dataset *)&user, *dataset = untouched;
    dae_status status = dae_dataset_open(&dataset, user, "npy");
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, untouched);
    return status;
}

START_TEST(memory_may_run_out) {
    npy_file file = npy_small();
    char path[4096];
    snprintf(path, sizeof path, "%s", temp_path("memory.npy"));
    write_file(path, file.bytes, file.size);
    ck_assert_uint_ge(every_allocation_fails(parse_and_free, &file), 2);
    ck_assert_uint_ge(every_allocation_fails(open_and_free, path), 2);
    file = npy_with_header("{'descr':'|u1','fortran_order':True,'shape':(3,3)}");
    write_file(path, file.bytes, file.size);
    ck_assert_uint_ge(every_allocation_fails(parse_and_free, &file), 3);
    ck_assert_uint_ge(every_allocation_fails(open_and_free, path), 3);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("npy");
    TCase *types = add_case(suite, "what numpy writes");
    tcase_add_test(types, every_type_is_read_as_numpy_reads_it);
    tcase_add_test(types, files_of_numpy);
    tcase_add_test(types, arrays_in_fortran_order);
    tcase_add_test(types, long_arrays_in_fortran_order);
    tcase_add_test(types, every_half_is_its_value);
    tcase_add_test(types, not_a_number_stays_none);
    tcase_add_test(types, every_number_of_dimensions);
    tcase_add_test(types, other_ways_to_write_the_same_header);
    tcase_add_test(types, every_spelling_of_a_type);
    TCase *from = add_case(suite, "where from");
    tcase_add_test(from, memory_is_copied);
    tcase_add_test(from, a_file_is_read_whole);
    tcase_add_test(from, values_are_kept_in_their_own_type);
    tcase_add_test(from, files_that_cannot_be_read);
    tcase_add_test(from, null_is_refused);
    tcase_add_test(from, memory_may_run_out);
    return suite_main(suite);
}
