/* PNG files: every depth and colour, and what is broken. tests/files has those of other programs. */
#include "content.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1 << 16 }; /* more than libpng takes for files as small as these */

static uint32_t checksum(const unsigned char *bytes, size_t size) {
    uint32_t sum = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (0xEDB88320 & (0 - (sum & 1)));
    }
    return ~sum;
}

static void put_chunk(content *file, const char *name, const void *bytes, size_t size) {
    content_put_big(file, size, 4);
    size_t at = file->size;
    content_put(file, name, 4);
    content_put(file, bytes, size);
    content_put_big(file, checksum(file->bytes + at, size + 4), 4);
}

static content begin(uint32_t width, uint32_t height, int depth, int colour) {
    content file = {{0}, 0}, header = {{0}, 0};
    content_put_big(&header, width, 4);
    content_put_big(&header, height, 4);
    content_put_big(&header, (uint64_t)depth, 1);
    content_put_big(&header, (uint64_t)colour, 1);
    content_put(&header, "\0\0\0", 3);
    content_put(&file, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(&file, "IHDR", header.bytes, header.size);
    return file;
}

/* Rows, each with its filter before it, not compressed. */
static void finish(content *file, const void *rows, size_t size) {
    content data = {{0}, 0};
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < size; i++) {
        a = (a + ((const unsigned char *)rows)[i]) % 65521;
        b = (b + a) % 65521;
    }
    content_put(&data, "\x78\x01\x01", 3);
    content_put_little(&data, size, 2);
    content_put_little(&data, 0xFFFF ^ size, 2);
    content_put(&data, rows, size);
    content_put_big(&data, b << 16 | a, 4);
    put_chunk(file, "IDAT", data.bytes, data.size);
    put_chunk(file, "IEND", "", 0);
}

#ifdef DAE_TEST_PNG

static content picture(uint32_t width, uint32_t height, int depth, int colour, const char *rows,
                       size_t size) {
    content file = begin(width, height, depth, colour);
    finish(&file, rows, size);
    return file;
}

static content colours(void) {
    return picture(2, 1, 8, 2, "\0\xff\0\0\0\xff\x0a", 7);
}

START_TEST(depths) {
    static const float bytes[] = {0, 1 / 255.0f, 1, 2 / 255.0f}, bits[] = {1, 0, 1, 0, 0, 1};
    static const float fours[] = {0, 1 / 15.0f, 1}, words[] = {258 / 65535.0f, 1};
    content eight = picture(2, 2, 8, 0, "\0\0\1\0\xff\2", 6), one = picture(3, 2, 1, 0, "\0\xa0\0\x20", 4);
    content four = picture(3, 1, 4, 0, "\0\x01\xf0", 3), sixteen = picture(2, 1, 16, 0, "\0\1\2\xff\xff", 5);
    content_reads(&eight, "png", 3, (const size_t[]){1, 2, 2}, bytes);
    content_reads(&one, "png", 3, (const size_t[]){1, 2, 3}, bits);
    content_reads(&four, "png", 3, (const size_t[]){1, 1, 3}, fours);
    content_reads(&sixteen, "png", 3, (const size_t[]){1, 1, 2}, words);
}
END_TEST

/* Planes of red, green and blue; brightness by Rec. 601, rounded to a byte. */
START_TEST(colour) {
    static const float planes[] = {1, 0, 0, 1, 0, 10 / 255.0f}, bright[] = {76 / 255.0f, 151 / 255.0f};
    content file = colours(), indexed = begin(2, 1, 1, 3);
    put_chunk(&indexed, "PLTE", "\0\xff\x0a\xff\0\0", 6);
    put_chunk(&indexed, "tRNS", "\0\x80", 2);
    finish(&indexed, "\0\x80", 2);
    content_reads(&file, "png", 3, (const size_t[]){3, 1, 2}, planes);
    content_reads(&file, "png(channels=3)", 3, (const size_t[]){3, 1, 2}, planes);
    content_reads(&file, "png(channels=1)", 3, (const size_t[]){1, 1, 2}, bright);
    content_reads(&indexed, "png", 3, (const size_t[]){3, 1, 2}, planes);
    content_reads(&indexed, "png(channels=1)", 3, (const size_t[]){1, 1, 2}, bright);
}
END_TEST

START_TEST(alpha_is_dropped) {
    static const float planes[] = {1, 0, 0, 1, 0, 10 / 255.0f}, greys[] = {5 / 255.0f, 6 / 255.0f};
    content coloured = picture(2, 1, 8, 6, "\0\xff\0\0\x80\0\xff\x0a\0", 9);
    content grey = picture(2, 1, 8, 4, "\0\5\0\6\xff", 5);
    content_reads(&coloured, "png", 3, (const size_t[]){3, 1, 2}, planes);
    content_reads(&grey, "png", 3, (const size_t[]){1, 1, 2}, greys);
}
END_TEST

/* Gamma, and bytes behind the end. */
START_TEST(what_is_ignored) {
    static const float values[] = {5 / 255.0f, 6 / 255.0f};
    content file = begin(2, 1, 8, 0);
    put_chunk(&file, "gAMA", "\0\0\1\0", 4);
    put_chunk(&file, "tEXt", "Title\0one", 9);
    finish(&file, "\0\5\6", 3);
    content_put(&file, "and more", 8);
    content_reads(&file, "png", 3, (const size_t[]){1, 1, 2}, values);
}
END_TEST

/* All that is there has a checksum. */
START_TEST(broken_files) {
    content file = colours(), jpeg = {"\xff\xd8\xff\xe0 and 40 more bytes, as a header would have", 46};
    content_bears_cuts(&file, "png", ROOM);
    ck_assert_uint_eq(content_bears_flips(&file, "png", file.size, ROOM), 8 * file.size);
    ck_assert_uint_ge(content_bears_lack_of_memory(file.bytes, file.size, "png"), 2);
    ck_assert_uint_ge(content_bears_lack_of_memory(file.bytes, file.size, "png(channels=1)"), 2);
    content_is_refused(&jpeg, "png", DAE_ERROR_FORMAT, "found a JPEG picture, expected png", ROOM);
}
END_TEST

START_TEST(what_is_wrong_is_said) {
    content crc = colours(), rows = begin(2, 2, 8, 0), kind = begin(2, 1, 3, 0), wide = begin(0, 1, 8, 0);
    content more = colours(), type = begin(1, 1, 8, 0);
    crc.bytes[30] ^= 1;
    content_is_refused(&crc, "png", DAE_ERROR_FORMAT, "IHDR: CRC error", ROOM);
    finish(&rows, "\0\1\2", 3);
    content_is_refused(&rows, "png", DAE_ERROR_FORMAT, "Not enough image data", ROOM);
    finish(&kind, "\0\1\2", 3);
    content_is_refused(&kind, "png", DAE_ERROR_FORMAT, "Invalid IHDR data", ROOM);
    finish(&wide, "\0", 1);
    content_is_refused(&wide, "png", DAE_ERROR_FORMAT, "found 0 x 1 pixels", ROOM);
    memcpy(more.bytes + 8, "\x7f\xff\xff\xff", 4);
    content_is_refused(&more, "png", DAE_ERROR_FORMAT, "offset 75: the file ends, expected 2147483667 bytes",
                       ROOM);
    memcpy(type.bytes + 12, "CgBI", 4);
    finish(&type, "\0\1", 2);
    content_is_refused(&type, "png", DAE_ERROR_FORMAT, "offset 8: found 13 bytes of chunk 0x43674249", ROOM);
}
END_TEST

/* Deflate expands 1032 times at most. */
START_TEST(large_claims) {
    static const uint32_t sizes[] = {0x7FFFFFFF, 0x10000, 20000};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            content file = begin(sizes[i], sizes[j], 16, 6);
            finish(&file, "\0\0\0\0", 4);
            content_is_refused(&file, "png", DAE_ERROR_FORMAT, "compressed bytes cannot expand",
                               CONTENT_MOST);
        }
    content thin = begin(1, 0x7FFFFFFF, 1, 0), much = begin(0xFFFFFFFF, 1, 8, 0);
    finish(&thin, "\0\0\0\0", 4);
    content_is_refused(&thin, "png", DAE_ERROR_FORMAT, "compressed bytes cannot expand", CONTENT_MOST);
    finish(&much, "\0\0\0\0", 4);
    content_is_refused(&much, "png", DAE_ERROR_FORMAT, "offset 16", CONTENT_MOST);
}
END_TEST

START_TEST(facts) {
    content plain = colours(), alpha = picture(1, 1, 16, 4, "\0\1\2\3\4", 5), indexed = begin(2, 1, 1, 3);
    put_chunk(&indexed, "PLTE", "\0\xff\x0a\xff\0\0", 6);
    put_chunk(&indexed, "tRNS", "\0", 1);
    finish(&indexed, "\0\x80", 2);
    content_has_fact(&plain, "bits", "8");
    content_has_fact(&plain, "alpha", "");
    content_has_fact(&alpha, "bits", "16");
    content_has_fact(&alpha, "alpha", "dropped");
    content_has_fact(&indexed, "bits", "1");
    content_has_fact(&indexed, "alpha", "dropped");
}
END_TEST

struct saving {
    const dae_dataset *dataset;
    const char *path;
};

static dae_status save(void *user) {
    const struct saving *saving = user;
    dae_status status = dae_dataset_save(saving->dataset, saving->path, "png(bits=16, overwrite=yes)");
    ck_assert_int_eq(file_exists(saving->path), status == DAE_OK);
    if (status == DAE_OK)
        remove(saving->path);
    return status;
}

/* What libpng writes depends on its version: read again. */
START_TEST(what_is_written) {
    static const float values[] = {0, 1, 0.5f, -3, 1.0001f, 1 / 255.0f};
    static const float bytes[] = {0, 1, 128 / 255.0f, 0, 1, 1 / 255.0f},
                       words[] = {0, 1, 32768 / 65535.0f, 0, 1, 257 / 65535.0f};
    const size_t shapes[][3] = {{1, 2, 3}, {3, 1, 2}};
    for (size_t i = 0; i < 4; i++) {
        dae_dataset *dataset = content_dataset(values, 3, shapes[i % 2]);
        struct saving saving = {dataset, temp_path("a.png")};
        content file = {{0}, 0};
        size_t size;
        ck_assert_uint_gt(every_allocation_fails(save, &saving), 5);
        ok(dae_dataset_save(dataset, saving.path, i < 2 ? NULL : "png(bits=16)"));
        unsigned char *read = read_file(saving.path, &size);
        content_put(&file, read, size);
        content_reads(&file, "png", 3, shapes[i % 2], i < 2 ? bytes : words);
        free(read);
        remove(saving.path);
        dae_dataset_free(dataset);
    }
}
END_TEST

START_TEST(what_is_not_written) {
    static const float values[] = {0, 0, NAN, 0};
    content_is_not_written(content_dataset(values, 2, (const size_t[]){2, 2}), "png", DAE_ERROR_ARGUMENT,
                           "value 2 of sample 0 is NaN");
    content_is_not_written(content_dataset(values, 3, (const size_t[]){4, 1, 1}), "png", DAE_ERROR_SHAPE,
                           "shape 4 x 1 x 1, expected a picture");
}
END_TEST

#else

START_TEST(without_libpng) {
    dae_dataset *dataset = NULL;
    content file = begin(1, 1, 8, 0);
    finish(&file, "\0\1", 2);
    fails(dae_dataset_parse(&dataset, file.bytes, file.size, NULL), DAE_ERROR_UNSUPPORTED, "without libpng");
    fails(dae_dataset_parse(&dataset, file.bytes, file.size, "png(channels=1)"), DAE_ERROR_UNSUPPORTED,
          "-Dpng=enabled");
    content_is_not_written(content_dataset((const float[]){0}, 2, (const size_t[]){1, 1}), "png",
                           DAE_ERROR_UNSUPPORTED, "-Dpng=enabled");
}
END_TEST

#endif

int main(void) {
    Suite *suite = suite_create("PNG");
    TCase *png = add_case(suite, "png");
#ifdef DAE_TEST_PNG
    tcase_add_test(png, depths);
    tcase_add_test(png, colour);
    tcase_add_test(png, alpha_is_dropped);
    tcase_add_test(png, what_is_ignored);
    tcase_add_test(png, broken_files);
    tcase_add_test(png, what_is_wrong_is_said);
    tcase_add_test(png, large_claims);
    tcase_add_test(png, facts);
    tcase_add_test(png, what_is_written);
    tcase_add_test(png, what_is_not_written);
#else
    tcase_add_test(png, without_libpng);
#endif
    return suite_main(suite);
}
