/* Formats of files: known by their content or by name, plain and behind gzip, and what is no format. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#ifdef DAE_TEST_ZLIB
#include <zlib.h>
#endif

enum { MOST = 256 };

struct file {
    unsigned char bytes[MOST];
    size_t size;
};

/* Labels of 10 digits, as in MNIST's files of labels. */
static struct file idx_labels(void) {
    struct file file = {{0, 0, 8, 1, 0, 0, 0, 10, 7, 2, 1, 0, 4, 255, 4, 9, 5, 9}, 18};
    return file;
}

/* Two samples of three bytes. */
static struct file npy_bytes(void) {
    struct file file = {{0}, 0};
    file.size = (size_t)snprintf((char *)file.bytes, MOST, "\x93NUMPY\x01%c%c%c%s\n%s", 0, 58, 0,
                                 "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}", "abcdef");
    ck_assert_uint_eq(file.size, 74);
    return file;
}

static void has_values(dae_dataset *dataset, size_t count, const float *expected) {
    float inputs[MOST], targets[MOST];
    size_t found = 0, rank = 0, shape[DAE_MAX_RANK];
    ok(dae_dataset_get_count(dataset, &found));
    ok(dae_dataset_get_shape(dataset, found - 1, &rank, shape));
    ck_assert_uint_eq(rank, 1);
    ck_assert_uint_eq(found * shape[0], count);
    ok(dae_dataset_read(dataset, 0, 0, found, inputs, targets));
    same_floats(inputs, expected, count);
    same_floats(targets, expected, count);
    dae_dataset_free(dataset);
}

/* From memory and from disk. */
static void reads_as(const struct file *file, const char *format, size_t count, const float *expected) {
    const char *path = temp_path("a-file");
    dae_dataset *dataset = NULL;
    write_file(path, file->bytes, file->size);
    ok(dae_dataset_open(&dataset, path, format));
    has_values(dataset, count, expected);
    ok(dae_dataset_parse(&dataset, file->bytes, file->size, format));
    has_values(dataset, count, expected);
}

static void is_refused(const struct file *file, const char *format, const char *word) {
    const char *path = temp_path("a-broken-file");
    dae_dataset *const untouched = (dae_dataset *)&path, *dataset = untouched;
    write_file(path, file->bytes, file->size);
    fails(dae_dataset_open(&dataset, path, format), DAE_ERROR_FORMAT, word);
    ck_assert(message_has("a-broken-file"));
    fails(dae_dataset_parse(&dataset, file->bytes, file->size, format), DAE_ERROR_FORMAT, word);
    ck_assert_ptr_eq(dataset, untouched);
}

static const float labels[] = {7, 2, 1, 0, 4, 255, 4, 9, 5, 9}, letters[] = {'a', 'b', 'c', 'd', 'e', 'f'};

START_TEST(labels_are_numbers) {
    struct file file = idx_labels();
    float scaled[10];
    for (int i = 0; i < 10; i++)
        scaled[i] = labels[i] / 255;
    reads_as(&file, "idx(scaled=no)", 10, labels);
    reads_as(&file, "idx(scaled=yes)", 10, scaled);
    reads_as(&file, "idx", 10, scaled);
    reads_as(&file, NULL, 10, scaled);
}
END_TEST

/* Only bytes without a sign are scaled. */
START_TEST(other_types_are_never_scaled) {
    struct file file = {{0, 0, 9, 1, 0, 0, 0, 2, 5, 0xFE}, 10};
    const float values[] = {5, -2};
    reads_as(&file, "idx", 2, values);
    reads_as(&file, "idx(scaled=no)", 2, values);
}
END_TEST

START_TEST(npy_is_known) {
    struct file file = npy_bytes();
    reads_as(&file, "npy", 6, letters);
    reads_as(&file, NULL, 6, letters);
}
END_TEST

/* What people have: said in words, whatever format was asked for. */
START_TEST(what_is_something_else_is_said) {
    static const struct {
        struct file file;
        const char *what;
    } others[] = {
        {{"\xFF\xD8\xFF\xE0\0\x10JFIF", 10}, "found a JPEG picture, expected"},
        {{"\xFF\xD8\xFF\xE1 Exif", 10}, "convert it to PNG"},
        {{"RIFF\x24\0\0\0WEBPVP8 ", 16}, "a WebP picture"},
        {{"MM\0*\0\0\0\x08", 8}, "a TIFF picture"},
        {{"<!DOCTYPE html>\n<html>", 22}, "found a page of HTML, expected"},
        {{"\n <HTML lang=\"en\">", 17}, "was a page downloaded in the place of a file?"},
        {{"version https://git-lfs.github.com/spec/v1\noid", 46}, "a pointer of Git LFS"},
        {{"fLaC\0\0\0\"", 8}, "FLAC sound, expected"},
        {{"\x89HDF\r\n\x1A\n", 8}, "an HDF5 file"},
        {{"BZh91AY&SY", 10}, "bzip2 data"},
        {{"\x80\x05\x95\x10\0\0\0\0", 8}, "a pickle of Python"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        is_refused(&others[i].file, NULL, others[i].what);
        is_refused(&others[i].file, "idx", others[i].what);
        is_refused(&others[i].file, "csv", others[i].what);
    }
    struct file png = {"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR", 16}, table = {"ID3,PAR1\n1,2\n", 13};
    is_refused(&png, "idx", "found the start of png, expected idx");
    is_refused(&png, "npy", "found the start of png, expected npy");
    reads_as(&table, NULL, 2, (float[]){1, 2});
}
END_TEST

START_TEST(what_no_format_knows) {
    struct file gif = {"GIF89a\1\0\1\0", 10}, empty = {{0}, 0}, odd = {"\1\2\3\4\n", 5}, few = {"\1\2", 2};
    is_refused(&gif, NULL,
               "offset 0: found a GIF picture, expected a format that is known: convert it to PNG");
    is_refused(&odd, NULL, "found 0x01020304");
    is_refused(&empty, NULL, "offset 0: there is no content, expected the start of idx");
    is_refused(&few, NULL, "offset 2: the content ends, too short to be known, expected the start of idx");
    is_refused(&empty, "idx", "offset 0: the file ends");
    is_refused(&empty, "npy", "offset 0: the file ends");
    is_refused(&gif, "idx", "found a GIF picture, expected idx");
    is_refused(&gif, "npy", "found a GIF picture, expected npy");
}
END_TEST

/* A broken file of a known format is refused as one of that format. */
START_TEST(broken_content_is_told_by_its_format) {
    struct file idx = idx_labels(), npy = npy_bytes();
    idx.size--, npy.size--;
    is_refused(&idx, NULL, "offset 17: the file ends, expected 18 bytes");
    is_refused(&npy, NULL, "offset 73: the file ends, expected 74 bytes");
    idx.size += 3, npy.size += 3;
    is_refused(&idx, NULL, "offset 18: found 2 bytes after the values");
    is_refused(&npy, NULL, "offset 74: found 2 bytes after the values");
    idx.bytes[3] = 0;
    is_refused(&idx, NULL, "found 0 dimensions");
}
END_TEST

START_TEST(formats_that_are_not_written_rightly) {
    struct file file = idx_labels();
    static const struct {
        const char *format, *word;
    } wrong[] = {
        {"", "expected one step"}, {"idx | npy", "expected one step"},
        {"tiff", "expected idx"},  {"idx(scaled=2)", "scaled"},
        {"idx(no)", "scaled"},     {"npy(scaled=no)", "scaled"},
        {"idx(size=4)", "size"},
    };
    dae_dataset *const untouched = (dae_dataset *)&file, *dataset = untouched;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        dae_status status = dae_dataset_parse(&dataset, file.bytes, file.size, wrong[i].format);
        ck_assert_msg(status == DAE_ERROR_FORMAT || status == DAE_ERROR_ARGUMENT, "%s", wrong[i].format);
        ck_assert_msg(message_has(wrong[i].word), "%s: %s", wrong[i].format, dae_last_error());
        ck_assert_uint_gt(dae_last_error_position(), 0);
        ck_assert_int_eq(dae_dataset_open(&dataset, temp_path("missing"), wrong[i].format), status);
        ck_assert_ptr_eq(dataset, untouched);
    }
}
END_TEST

#ifdef DAE_TEST_ZLIB

static struct file pack(const void *bytes, size_t size) {
    struct file packed = {{0}, 0};
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes,
                       .avail_in = (uInt)size,
                       .next_out = packed.bytes,
                       .avail_out = MOST};
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.size = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

START_TEST(every_format_is_known_behind_gzip) {
    struct file idx = idx_labels(), npy = npy_bytes();
    struct file packed_idx = pack(idx.bytes, idx.size), packed_npy = pack(npy.bytes, npy.size);
    reads_as(&packed_idx, "idx(scaled=no)", 10, labels);
    reads_as(&packed_npy, "npy", 6, letters);
    reads_as(&packed_npy, NULL, 6, letters);
    packed_idx = pack("\0\0\x9\x1\0\0\0\x2\x5\xFE", 10);
    reads_as(&packed_idx, NULL, 2, (const float[]){5, -2});
}
END_TEST

START_TEST(what_no_format_knows_behind_gzip) {
    struct file text = pack("{hello, world}", 14), nothing = pack("", 0), few = pack("\1\2\3", 3),
                cut = pack("abc", 3);
    is_refused(&text, NULL, "found 0x7B68656C, which no format starts with, expected idx");
    is_refused(&nothing, NULL, "there is no content");
    is_refused(&few, NULL, "offset 3: the content ends");
    for (cut.size = 2; cut.size < 12; cut.size++)
        is_refused(&cut, NULL, "gzip data end too early");
    cut.bytes[2] = 9;
    cut.size = 12;
    is_refused(&cut, NULL, "broken gzip data");
}
END_TEST

START_TEST(broken_content_behind_gzip) {
    struct file idx = idx_labels(), npy = npy_bytes(), packed;
    packed = pack(idx.bytes, idx.size - 1);
    is_refused(&packed, NULL, "expand to 17 bytes, expected at least 18");
    packed = pack(npy.bytes, npy.size - 1);
    is_refused(&packed, NULL, "expand to 73 bytes, expected at least 74");
    packed = pack(npy.bytes, 30);
    is_refused(&packed, NULL, "expand to 30 bytes, expected at least 68");
    packed = pack(npy.bytes, npy.size + 1);
    is_refused(&packed, NULL, "more than the expected 74 bytes");
    packed = pack("\x93NUMPY\x02\0\xFF\xFF\xFF\x7F{", 13);
    is_refused(&packed, NULL, "cannot expand to the 2147483659 bytes");
}
END_TEST

#endif

/* ---- Indices of samples ------------------------------------------------------------------------- */

START_TEST(shapes_of_samples) {
    struct file file = npy_bytes();
    size_t rank = 77, shape[DAE_MAX_RANK] = {78};
    dae_dataset *dataset = NULL;
    ok(dae_dataset_parse(&dataset, file.bytes, file.size, NULL));
    static const size_t wrong[] = {2, 3, SIZE_MAX - 1};
    for (size_t i = 0; i < 3; i++) {
        fails(dae_dataset_get_shape(dataset, wrong[i], &rank, shape), DAE_ERROR_ARGUMENT, "index is");
        fails(dae_dataset_get_target_shape(dataset, wrong[i], &rank, shape), DAE_ERROR_ARGUMENT, "index is");
    }
    ck_assert(rank == 77 && shape[0] == 78);
    static const size_t right[] = {0, 1, DAE_ALL_SAMPLES};
    for (size_t i = 0; i < 3; i++) {
        ok(dae_dataset_get_shape(dataset, right[i], &rank, shape));
        ck_assert(rank == 1 && shape[0] == 3);
        rank = shape[0] = 0;
        ok(dae_dataset_get_target_shape(dataset, right[i], &rank, shape));
        ck_assert(rank == 1 && shape[0] == 3);
    }
    dae_dataset_free(dataset);
}
END_TEST

/* ---- Memory -------------------------------------------------------------------------------------- */

static dae_status parse_and_free(void *user) {
    const struct file *file = user;
    dae_dataset *dataset = user;
    dae_status status = dae_dataset_parse(&dataset, file->bytes, file->size, NULL);
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, user);
    return status;
}

START_TEST(memory_may_run_out) {
    struct file file = npy_bytes();
    ck_assert_uint_ge(every_allocation_fails(parse_and_free, &file), 3);
#ifdef DAE_TEST_ZLIB
    file = pack(file.bytes, file.size);
    ck_assert_uint_ge(every_allocation_fails(parse_and_free, &file), 5);
#endif
}
END_TEST

int main(void) {
    Suite *suite = suite_create("source");
    TCase *formats = add_case(suite, "formats");
    tcase_add_test(formats, labels_are_numbers);
    tcase_add_test(formats, other_types_are_never_scaled);
    tcase_add_test(formats, npy_is_known);
    tcase_add_test(formats, what_no_format_knows);
    tcase_add_test(formats, what_is_something_else_is_said);
    tcase_add_test(formats, broken_content_is_told_by_its_format);
    tcase_add_test(formats, formats_that_are_not_written_rightly);
#ifdef DAE_TEST_ZLIB
    tcase_add_test(formats, every_format_is_known_behind_gzip);
    tcase_add_test(formats, what_no_format_knows_behind_gzip);
    tcase_add_test(formats, broken_content_behind_gzip);
#endif
    tcase_add_test(formats, shapes_of_samples);
    tcase_add_test(formats, memory_may_run_out);
    return suite_main(suite);
}
