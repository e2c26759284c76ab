/* PBM, PGM and PPM files: plain and as bytes, any largest value, and what is broken. */
#include "content.h"

#include <math.h>
#include <string.h>

static content made(const void *start, size_t size) {
    content file = {{0}, 0};
    content_put(&file, start, size);
    return file;
}

static content text(const char *all) {
    return made(all, strlen(all));
}

START_TEST(bytes) {
    static const float values[] = {0, 1 / 255.0f, 2 / 255.0f, 1, 128 / 255.0f, 7 / 255.0f};
    content raw = made("P5 3 2 255\n\0\1\2\xff\x80\7", 17);
    content plain = text("P2# all that comments may be\n3\t2\n255 0 1 2\r\n255#1 2 3\n128 7");
    content_reads(&raw, "pnm", 3, (const size_t[]){1, 2, 3}, values);
    content_reads(&plain, "pnm", 3, (const size_t[]){1, 2, 3}, values);
}
END_TEST

START_TEST(largest_values) {
    static const float thirds[] = {0, 1 / 3.0f, 2 / 3.0f, 1};
    static const float thousands[] = {0, 1 / 1000.0f, 300 / 1000.0f, 1};
    static const float words[] = {0, 1 / 65535.0f, 258 / 65535.0f, 1};
    content two = made("P5 2 2 3 \0\1\2\3", 13), ten = made("P5 2 2 1000 \0\0\0\1\1\x2c\3\xe8", 20);
    content sixteen = made("P5 2 2 65535 \0\0\0\1\1\2\xff\xff", 21), plain = text("P2 2 2 1000 0 1 300 1000");
    content_reads(&two, "pnm", 3, (const size_t[]){1, 2, 2}, thirds);
    content_reads(&ten, "pnm", 3, (const size_t[]){1, 2, 2}, thousands);
    content_reads(&plain, "pnm", 3, (const size_t[]){1, 2, 2}, thousands);
    content_reads(&sixteen, "pnm", 3, (const size_t[]){1, 2, 2}, words);
}
END_TEST

/* A bit that is set is black. */
START_TEST(black_and_white) {
    static const float values[] = {0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1};
    content raw = made("P4 9 2 \x9f\x80\x41\x00", 11), plain = text("P1 9 2\n1001111 1 1\n0 1 00000 10");
    content_reads(&raw, "pnm", 3, (const size_t[]){1, 2, 9}, values);
    content_reads(&plain, "pnm", 3, (const size_t[]){1, 2, 9}, values);
}
END_TEST

/* Planes of red, green and blue; brightness by Rec. 601, rounded to a byte. */
START_TEST(colours) {
    static const float planes[] = {1, 0, 0, 1, 0, 10 / 255.0f}, bright[] = {76 / 255.0f, 151 / 255.0f};
    static const float greys[] = {9 / 255.0f, 8 / 255.0f, 9 / 255.0f, 8 / 255.0f, 9 / 255.0f, 8 / 255.0f};
    content raw = made("P6 2 1 255 \xff\0\0\0\xff\x0a", 17), grey = made("P5 2 1 255 \x09\x08", 13);
    content_reads(&raw, "pnm", 3, (const size_t[]){3, 1, 2}, planes);
    content_reads(&raw, "pnm(channels=3)", 3, (const size_t[]){3, 1, 2}, planes);
    content_reads(&raw, "pnm(channels=any)", 3, (const size_t[]){3, 1, 2}, planes);
    content_reads(&raw, "pnm(channels=1)", 3, (const size_t[]){1, 1, 2}, bright);
    content_reads(&grey, "pnm(channels=3)", 3, (const size_t[]){3, 1, 2}, greys);
}
END_TEST

START_TEST(two_channels_are_none) {
    dae_dataset *dataset = NULL;
    content raw = made("P6 2 1 255 \xff\0\0\0\xff\x0a", 17);
    fails(dae_dataset_parse(&dataset, raw.bytes, raw.size, "pnm(channels=2)"), DAE_ERROR_ARGUMENT,
          "expected channels = 1, 3 or any");
}
END_TEST

START_TEST(what_is_refused) {
    static const struct {
        const char *text, *word;
    } wrong[] = {
        {"P5 2 2 255 abc", "offset 11: 3 bytes are left, too few for 2 x 2 pixels of 1 values"},
        {"P5 2 2 255 abcdP5 2 2 255 abcd", "offset 15: found byte 0x50, expected one picture"},
        {"P5 0 2 255 ", "a width from 1 on"},
        {"P5 2 0 255 ", "a height from 1 on"},
        {"P5 2147483648 1 255 ", "found more than 2147483647"},
        {"P5 2 2 0 abcd", "the largest value, 1 to 65535"},
        {"P5 2 2 65536 abcd", "found more than 65535"},
        {"P5 2 2 255", "white space before the pixels"},
        {"P5 2 -2 255 abcd", "found byte 0x2D, expected a height"},
        {"P5 1 1 3 A", "offset 9: found 65, expected at most 3"},
        {"P2 1 1 7 8", "offset 9: found more than 7"},
        {"P2 1 1 7 7 7", "offset 11: found byte 0x37, expected one picture"},
        {"P1 2 1 12", "found more than 1"},
        {"P7 1 1 7 8", "expected P1 to P6"},
        {"P6 2147483647 2147483647 65535 abc", "too few"},
        {"P3 2147483647 2147483647 65535 1 2 3", "too few"},
        {"P4 2147483647 2147483647 abc", "too few"},
        {"P1 2147483647 2147483647 1 0 1", "too few"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        content file = text(wrong[i].text);
        content_is_refused(&file, "pnm", DAE_ERROR_FORMAT, wrong[i].word, CONTENT_MOST);
    }
}
END_TEST

START_TEST(broken_files) {
    content raw = made("P6 2 1 1000 \1\0\0\0\0\0\2\0\3\0\1\1", 24), plain = text("P2 2 2 9 1 2 3 4");
    content bits = made("P4 9 2 \x9f\x80\x41\x0a",
                        11); /* the last byte might be white space, were it not needed */
    content_bears_cuts(&raw, "pnm", CONTENT_MOST);
    content_bears_cuts(&bits, "pnm", CONTENT_MOST);
    content_bears_cuts(&plain, "pnm", CONTENT_MOST);
    ck_assert_uint_gt(content_bears_flips(&raw, "pnm", 12, CONTENT_MOST), 12 * 8 / 2);
    ck_assert_uint_gt(content_bears_flips(&plain, "pnm", 9, CONTENT_MOST), 9 * 8 / 2);
    ck_assert_uint_ge(content_bears_lack_of_memory(raw.bytes, raw.size, "pnm"), 2);
    ck_assert_uint_ge(content_bears_lack_of_memory(plain.bytes, plain.size, "pnm(channels=3)"), 2);
    ck_assert_uint_ge(content_bears_lack_of_memory(bits.bytes, bits.size, "pnm"), 2);
}
END_TEST

/* Rounded to the nearest, halves up; what is beyond [0, 1] is 0 or 1. */
START_TEST(what_is_written) {
    static const float values[] = {0, 1, 0.5f, -3, 1.0001f, 1 / 255.0f};
    content grey = made("P5\n3 2\n255\n\0\xff\x80\0\xff\1", 17);
    content wide = made("P5\n3 2\n65535\n\0\0\xff\xff\x80\0\0\0\xff\xff\1\1", 25);
    content colour = made("P6\n2 1\n255\n\0\x80\xff\xff\0\1", 17);
    content_is_written(content_dataset(values, 2, (const size_t[]){2, 3}), ".pgm", NULL, &grey);
    content_is_written(content_dataset(values, 3, (const size_t[]){1, 2, 3}), "", "pnm(bits=16)", &wide);
    content_is_written(content_dataset(values, 3, (const size_t[]){3, 1, 2}), ".ppm", "pnm", &colour);
}
END_TEST

START_TEST(what_is_not_written) {
    static const float values[] = {0, 0, NAN, 0};
    content_is_not_written(content_dataset(values, 2, (const size_t[]){2, 2}), "pnm", DAE_ERROR_ARGUMENT,
                           "value 2 of sample 0 is NaN");
    content_is_not_written(content_dataset(values, 3, (const size_t[]){2, 1, 2}), "pnm", DAE_ERROR_SHAPE,
                           "shape 2 x 1 x 2, expected a picture");
    content_is_not_written(content_dataset(values, 1, (const size_t[]){4}), "pnm", DAE_ERROR_SHAPE,
                           "expected a picture");
    dae_dataset *dataset = content_dataset(values, 2, (const size_t[]){2, 2});
    fails(dae_dataset_save(dataset, temp_path("a.pgm"), "pnm(bits=12)"), DAE_ERROR_ARGUMENT,
          "bits = 8 or 16");
    dae_dataset_free(dataset);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("PNM");
    TCase *pnm = add_case(suite, "pnm");
    tcase_add_test(pnm, bytes);
    tcase_add_test(pnm, largest_values);
    tcase_add_test(pnm, black_and_white);
    tcase_add_test(pnm, colours);
    tcase_add_test(pnm, two_channels_are_none);
    tcase_add_test(pnm, what_is_refused);
    tcase_add_test(pnm, broken_files);
    tcase_add_test(pnm, what_is_written);
    tcase_add_test(pnm, what_is_not_written);
    return suite_main(suite);
}
