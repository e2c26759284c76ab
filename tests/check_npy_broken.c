/* NPY files that are cut, damaged or made to do harm: each gives a clean error or a valid dataset, asks for no more
 * memory than the file could need, and leaves nothing behind. */
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Refused from memory and from disk, naming path and offset, without much memory and without a leak. */
static void is_refused(const npy_file *file, dae_status status, const char *word) {
    dae_dataset *const untouched = (dae_dataset *)&file, *dataset = untouched;
    const char *path = temp_path("broken.npy");
    unsigned char *exact = malloc(file->size + 1); /* so that reading beyond it shows */
    ck_assert_ptr_nonnull(exact);
    unsigned char *end = exact + 1; /* at an odd address, too */
    memcpy(end, file->bytes, file->size);
    write_file(path, file->bytes, file->size);
    heap_watch();
    fails(dae_dataset_parse(&dataset, end, file->size, "npy"), status, word);
    fails(dae_dataset_open(&dataset, path, "npy"), status, word);
    ck_assert_msg(message_has(path), "the message does not name the file: %s", dae_last_error());
    ck_assert_msg(message_has("offset"), "the message names no offset: %s", dae_last_error());
    ck_assert_ptr_eq(dataset, untouched);
    ck_assert_uint_lt(heap_largest(), 2 * NPY_MOST);
    heap_unwatch();
    free(exact);
}

static void header_is_refused(const char *header, dae_status status, const char *word) {
    npy_file file = npy_with_header(header);
    is_refused(&file, status, word);
}

START_TEST(every_beginning_is_refused) {
    for (int major = 1; major <= 3; major++) {
        npy_file whole = npy_made(major, "<f8", "(2, 1)", "0123456789abcdef", 16);
        for (size_t size = 0; size < whole.size; size++) {
            npy_file file = whole;
            file.size = size;
            is_refused(&file, DAE_ERROR_FORMAT, "offset");
        }
    }
}
END_TEST

START_TEST(bytes_behind_the_values_are_refused) {
    for (int more = 1; more <= 9; more++) {
        npy_file file = npy_small();
        npy_put(&file, "abcdefghi", (size_t)more);
        is_refused(&file, DAE_ERROR_FORMAT, "offset 140");
    }
}
END_TEST

START_TEST(wrong_magic_is_refused) {
    for (size_t at = 0; at < 6; at++) {
        npy_file file = npy_small();
        file.bytes[at] ^= 0x20;
        is_refused(&file, DAE_ERROR_FORMAT, "offset 0");
    }
    npy_file zip = {"PK\003\004 an npz file", 16};
    is_refused(&zip, DAE_ERROR_FORMAT, "found the start of npz, expected npy");
}
END_TEST

START_TEST(other_versions_are_refused) {
    for (int major = 0; major < 256; major += major < 8 ? 1 : 31)
        for (int minor = 0; minor < 256; minor += 1 + minor * 100) {
            npy_file file = npy_small();
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
    static const char *const wrong[] = {"''", "'<'", "'.f4'", "'<>f4'", "'4f'", "' f4'"};
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
    static const char *const types[] = {"|u1", "<f8"}, *const orders[] = {"False", "True"};
    for (size_t t = 0; t < 4; t++)
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            char header[256];
            snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': (%s,), }",
                     types[t % 2], orders[t / 2], shapes[i]);
            header_is_refused(header, DAE_ERROR_FORMAT, "offset");
        }
    npy_file file = npy_made(2, "|u1", "(1,)", "x", 1);
    memset(file.bytes + 8, 0xFF, 4); /* a header of 4 GB */
    is_refused(&file, DAE_ERROR_FORMAT, "the file ends, expected 4294967307 bytes");
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
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9LL,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (0x9,)}",
        "{'descr\": '|u1', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u\\x31', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u1\n', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': b'|u1', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': u '|u1', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': 'u1'u, 'fortran_order': False, 'shape': (9,)}",
        "{'a key that is longer than all that there are': 1}",
        "{descr: '|u1', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9,)} \xff",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        header_is_refused(headers[i], DAE_ERROR_FORMAT, "offset");
}
END_TEST

/* Any one bit in front of the values flipped: refused cleanly, or a file that means something else and reads well. */
START_TEST(every_flipped_bit_is_handled) {
    npy_file whole = npy_small();
    size_t refused = 0, read = 0;
    for (size_t bit = 0; bit < 128 * 8; bit++) {
        npy_file file = whole;
        file.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        dae_dataset *dataset = NULL;
        heap_watch();
        dae_status status = dae_dataset_parse(&dataset, file.bytes, file.size, "npy");
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
        npy_file file = npy_small();
        for (int changes = 1 + round % 5; changes > 0; changes--) {
            state = state * 1664525 + 1013904223;
            file.bytes[(state >> 8) % 76] = (unsigned char)(state >> 24);
        }
        state = state * 1664525 + 1013904223;
        if (round % 2 == 0)
            file.size = (state >> 16) % (file.size + 1);
        dae_dataset *dataset = NULL;
        dae_status status = dae_dataset_parse(&dataset, file.bytes, file.size, "npy");
        ck_assert(status == DAE_OK || status == DAE_ERROR_FORMAT || status == DAE_ERROR_UNSUPPORTED);
        ck_assert((dataset != NULL) == (status == DAE_OK));
        dae_dataset_free(dataset);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("NPY files that are broken");
    TCase *broken = add_case(suite, "broken");
    tcase_add_test(broken, every_beginning_is_refused);
    tcase_add_test(broken, bytes_behind_the_values_are_refused);
    tcase_add_test(broken, wrong_magic_is_refused);
    tcase_add_test(broken, other_versions_are_refused);
    tcase_add_test(broken, types_that_are_no_numbers_are_refused);
    tcase_add_test(broken, shapes_that_no_dataset_has_are_refused);
    tcase_add_test(broken, enormous_claims_are_refused_before_memory_is_asked_for);
    tcase_add_test(broken, headers_that_are_no_dictionary_are_refused);
    tcase_add_test(broken, every_flipped_bit_is_handled);
    tcase_add_test(broken, random_files_are_handled);
    return suite_main(suite);
}
