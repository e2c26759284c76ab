/* IDX files compressed with gzip: read like plain ones, and broken in every way. In a build without zlib:
 * refused with a message that says so. */
#define _POSIX_C_SOURCE 200809L

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef DAE_TEST_ZLIB

#include <zlib.h>

enum { COUNT = 40, SIZE = 6, IMAGES = 16 + COUNT * SIZE };

/* COUNT samples of 2 x 3 bytes. */
static void plain_images(unsigned char bytes[IMAGES]) {
    static const unsigned char header[16] = {0, 0, 8, 3, 0, 0, 0, COUNT, 0, 0, 0, 2, 0, 0, 0, 3};
    memcpy(bytes, header, sizeof header);
    for (int i = 16; i < IMAGES; i++)
        bytes[i] = (unsigned char)(i * i);
}

struct packed {
    unsigned char *bytes;
    size_t size;
};

/* Compresses `repeats` times the same bytes at the highest level, with a file name in the gzip header. */
static struct packed pack(const void *bytes, size_t size, size_t repeats) {
    z_stream stream = {0};
    Bytef name[] = "images";
    gz_header header = {.name = name, .os = 3};
    size_t room = size * repeats / 500 + size + 1024;
    struct packed packed = {malloc(room), 0};
    ck_assert_ptr_nonnull(packed.bytes);
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflateSetHeader(&stream, &header), Z_OK);
    stream.next_out = packed.bytes;
    stream.avail_out = (uInt)room;
    for (size_t i = 0; i < repeats; i++) {
        stream.next_in = (Bytef *)(uintptr_t)bytes;
        stream.avail_in = (uInt)size;
        ck_assert_int_eq(deflate(&stream, Z_NO_FLUSH), Z_OK);
        ck_assert_uint_eq(stream.avail_in, 0);
    }
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.size = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

static struct packed packed_images(void) {
    unsigned char bytes[IMAGES];
    plain_images(bytes);
    return pack(bytes, sizeof bytes, 1);
}

/* The same samples as the plain file. */
static void reads_the_same(const dae_dataset *dataset) {
    unsigned char bytes[IMAGES];
    float inputs[COUNT * SIZE], expected[COUNT * SIZE];
    size_t count = 0, rank = 0, shape[DAE_MAX_RANK];
    dae_dataset *plain = NULL;
    plain_images(bytes);
    ok(dae_dataset_parse(&plain, bytes, sizeof bytes, "idx"));
    ok(dae_dataset_get_count(dataset, &count));
    ck_assert_uint_eq(count, COUNT);
    ok(dae_dataset_get_shape(dataset, DAE_ALL_SAMPLES, &rank, shape));
    ck_assert_uint_eq(rank, 2);
    ck_assert(shape[0] == 2 && shape[1] == 3);
    ok(dae_dataset_read(plain, 0, 0, COUNT, expected, NULL));
    ok(dae_dataset_read(dataset, 0, 0, COUNT, inputs, NULL));
    same_floats(inputs, expected, COUNT * SIZE);
    dae_dataset_free(plain);
}

/* ---- Read ------------------------------------------------------------------------------------- */

START_TEST(compressed_files_read_like_plain_ones) {
    struct packed packed = packed_images();
    const char *path = temp_path("named-without-gz");
    dae_dataset *dataset = NULL;
    write_file(path, packed.bytes, packed.size);
    ok(dae_dataset_open(&dataset, path, "idx"));
    reads_the_same(dataset);
    dae_dataset_free(dataset);
    ok(dae_dataset_parse(&dataset, packed.bytes, packed.size, "idx"));
    memset(packed.bytes, 0, packed.size);
    reads_the_same(dataset);
    dae_dataset_free(dataset);
    free(packed.bytes);
}
END_TEST

START_TEST(plain_files_may_be_named_gz) {
    unsigned char bytes[IMAGES];
    const char *path = temp_path("plain.gz");
    dae_dataset *dataset = NULL;
    plain_images(bytes);
    write_file(path, bytes, sizeof bytes);
    ok(dae_dataset_open(&dataset, path, "idx"));
    reads_the_same(dataset);
    dae_dataset_free(dataset);
}
END_TEST

/* Larger than any buffer inside zlib, and hardly compressible. */
START_TEST(large_files) {
    enum { BYTES = 3000000 };
    unsigned char *bytes = malloc(8 + BYTES);
    float *inputs = malloc(BYTES * sizeof *inputs);
    ck_assert(bytes != NULL && inputs != NULL);
    memcpy(bytes,
           (const unsigned char[]){0, 0, 8, 1, BYTES >> 24, BYTES >> 16 & 255, BYTES >> 8 & 255, BYTES & 255},
           8);
    uint32_t state = 1;
    for (int i = 0; i < BYTES; i++)
        bytes[8 + i] = (unsigned char)((state = state * 1664525 + 1013904223) >> 24);
    struct packed packed = pack(bytes, 8 + BYTES, 1);
    dae_dataset *dataset = NULL;
    ok(dae_dataset_parse(&dataset, packed.bytes, packed.size, "idx"));
    ok(dae_dataset_read(dataset, 0, 0, BYTES, inputs, NULL));
    for (int i = 0; i < BYTES; i++)
        if (inputs[i] != (float)bytes[8 + i] / 255.0f)
            ck_abort_msg("value %d differs", i);
    dae_dataset_free(dataset);
    free(packed.bytes);
    free(bytes);
    free(inputs);
}
END_TEST

/* ---- Several members -------------------------------------------------------------------------- */

static void append(struct packed *packed, const void *bytes, size_t size) {
    packed->bytes = realloc(packed->bytes, packed->size + size);
    ck_assert_ptr_nonnull(packed->bytes);
    memcpy(packed->bytes + packed->size, bytes, size);
    packed->size += size;
}

/* One member after the other, each of `piece` bytes of the file at most. */
static struct packed packed_in_pieces(const unsigned char *bytes, size_t size, size_t piece) {
    struct packed all = {malloc(1), 0};
    for (size_t at = 0; at < size; at += piece) {
        struct packed member = pack(bytes + at, size - at < piece ? size - at : piece, 1);
        append(&all, member.bytes, member.size);
        free(member.bytes);
    }
    return all;
}

static void is_read(const struct packed *packed) {
    const char *path = temp_path("members.gz");
    dae_dataset *dataset = NULL;
    ok(dae_dataset_parse(&dataset, packed->bytes, packed->size, "idx"));
    reads_the_same(dataset);
    dae_dataset_free(dataset);
    write_file(path, packed->bytes, packed->size);
    ok(dae_dataset_open(&dataset, path, "idx"));
    reads_the_same(dataset);
    dae_dataset_free(dataset);
}

/* The last block of files by bgzip: a member of nothing, with a field of its own in the header (SAM specification). */
static const unsigned char bgzf_end[28] = {0x1F, 0x8B, 8,    4, 0, 0, 0, 0, 0, 0xFF, 6, 0, 'B', 'C',
                                           2,    0,    0x1B, 0, 3, 0, 0, 0, 0, 0,    0, 0, 0,   0};

START_TEST(members_are_read_one_after_the_other) {
    static const size_t pieces[] = {1, 2, 3, 4, 5, 15, 16, 17, 100, IMAGES - 1, IMAGES};
    unsigned char bytes[IMAGES];
    plain_images(bytes);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct packed packed = packed_in_pieces(bytes, sizeof bytes, pieces[i]);
        is_read(&packed);
        append(&packed, bgzf_end, sizeof bgzf_end);
        is_read(&packed);
        append(&packed, (const unsigned char[1000]){0}, 1000); /* as on a tape */
        is_read(&packed);
        free(packed.bytes);
    }
}
END_TEST

/* One member for each of so many values that the start of the file does not show its end. */
START_TEST(a_member_for_each_value) {
    enum { MANY = 100000 };
    const unsigned char header[8] = {0, 0, 8, 1, 0, MANY >> 16, MANY >> 8 & 0xFF, MANY & 0xFF};
    struct packed packed = pack(header, sizeof header, 1), member = pack("3", 1, 1);
    packed.bytes = realloc(packed.bytes, packed.size + MANY * member.size);
    ck_assert_ptr_nonnull(packed.bytes);
    for (size_t i = 0; i < MANY; i++)
        memcpy(packed.bytes + packed.size + i * member.size, member.bytes, member.size);
    packed.size += MANY * member.size;
    dae_dataset *dataset = NULL;
    float last = 0;
    const char *path = temp_path("members.gz");
    write_file(path, packed.bytes, packed.size);
    ok(dae_dataset_open(&dataset, path, "idx"));
    ok(dae_dataset_read(dataset, 0, MANY - 1, 1, &last, NULL));
    ck_assert_float_eq(last, 51.0f / 255);
    dae_dataset_free(dataset);
    free(member.bytes);
    free(packed.bytes);
}
END_TEST

/* ---- Broken ----------------------------------------------------------------------------------- */

/* Refused from disk, naming the path, and from memory; little memory asked for, none lost. */
static void is_refused(const unsigned char *bytes, size_t size, const char *word) {
    enum { LITTLE = 1 << 18 }; /* zlib's window and tables are 40 KB */
    dae_dataset *const untouched = (dae_dataset *)&bytes, *dataset = untouched;
    const char *path = temp_path("broken-gzip");
    write_file(path, bytes, size);
    heap_watch();
    fails(dae_dataset_open(&dataset, path, "idx"), DAE_ERROR_FORMAT, word);
    ck_assert_msg(message_has(path), "the message does not name the file: %s", dae_last_error());
    fails(dae_dataset_parse(&dataset, bytes, size, "idx"), DAE_ERROR_FORMAT, word);
    ck_assert_ptr_eq(dataset, untouched);
    ck_assert_uint_lt(heap_largest(), LITTLE + 2 * size);
    heap_unwatch();
}

START_TEST(every_beginning_is_refused) {
    struct packed packed = packed_images();
    for (size_t size = 0; size < packed.size; size++)
        is_refused(packed.bytes, size, "offset");
    free(packed.bytes);
}
END_TEST

START_TEST(a_wrong_checksum_or_length_is_refused) {
    struct packed packed = packed_images();
    for (size_t bit = 0; bit < 64; bit++) {
        unsigned char *byte = packed.bytes + packed.size - 8 + bit / 8;
        *byte ^= (unsigned char)(1 << bit % 8);
        is_refused(packed.bytes, packed.size, "offset");
        *byte ^= (unsigned char)(1 << bit % 8);
    }
    free(packed.bytes);
}
END_TEST

/* The checksum finds every single flipped bit, but for those that mean nothing: in gzip's own header time,
 * flags, extra flags, system and name, and what fills the last byte of the compressed data. */
START_TEST(every_flipped_bit_is_handled) {
    struct packed packed = packed_images();
    size_t read = 0;
    for (size_t bit = 0; bit < packed.size * 8; bit++) {
        packed.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        dae_dataset *dataset = NULL;
        heap_watch();
        dae_status status = dae_dataset_parse(&dataset, packed.bytes, packed.size, "idx");
        if (status == DAE_OK) {
            size_t at = bit / 8;
            ck_assert((at >= 3 && at < 10 + sizeof "images") || at == packed.size - 9);
            reads_the_same(dataset);
            read++;
        } else {
            ck_assert_int_eq(status, DAE_ERROR_FORMAT);
            ck_assert_ptr_null(dataset);
        }
        dae_dataset_free(dataset);
        heap_unwatch();
        packed.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    ck_assert_uint_ge(read, 32); /* the time at least */
    free(packed.bytes);
}
END_TEST

START_TEST(bytes_behind_the_gzip_data_are_refused) {
    struct packed packed = packed_images();
    unsigned char *longer = calloc(1, packed.size + 3);
    ck_assert_ptr_nonnull(longer);
    memcpy(longer, packed.bytes, packed.size);
    longer[packed.size] = 'x';
    char offset[32];
    snprintf(offset, sizeof offset, "offset %zu", packed.size);
    is_refused(longer, packed.size + 1, offset);
    is_refused(longer, packed.size + 3, offset);
    free(longer);
    free(packed.bytes);
}
END_TEST

START_TEST(broken_members_are_refused) {
    unsigned char bytes[IMAGES];
    char offset[32];
    plain_images(bytes);
    struct packed whole = packed_in_pieces(bytes, sizeof bytes, 100), first = pack(bytes, 100, 1);
    for (size_t size = 0; size < whole.size; size += size + 30 < whole.size ? 7 : 1)
        is_refused(whole.bytes, size, "");
    whole.bytes[first.size + 1] ^= 1; /* the second member's second byte */
    is_refused(whole.bytes, whole.size, "offset");
    whole.bytes[first.size + 1] ^= 1;
    whole.bytes[first.size - 8] ^= 1; /* the first member's checksum */
    is_refused(whole.bytes, whole.size, "offset");
    whole.bytes[first.size - 8] ^= 1;
    size_t size = whole.size;
    append(&whole, "\0\0\0x", 4); /* padding is zeros to the end */
    snprintf(offset, sizeof offset, "offset %zu", size);
    is_refused(whole.bytes, whole.size, offset);
    whole.size = size;
    append(&whole, "\x1F", 1);
    is_refused(whole.bytes, whole.size, "offset");
    whole.size = size;
    append(&whole, "\0", 1);
    append(&whole, bgzf_end, sizeof bgzf_end); /* nothing begins after padding */
    is_refused(whole.bytes, whole.size, offset);
    whole.size = size;
    append(&whole, first.bytes, first.size);
    is_refused(whole.bytes, whole.size, "more than");
    free(first.bytes);
    free(whole.bytes);
}
END_TEST

START_TEST(too_few_and_too_many_values_are_refused) {
    unsigned char bytes[IMAGES + 1] = {0};
    plain_images(bytes);
    for (size_t size = 0; size <= IMAGES + 1; size += size < 20 ? 1 : size + 20 < IMAGES ? 17 : 1) {
        if (size == IMAGES)
            continue;
        struct packed packed = pack(bytes, size, 1);
        is_refused(packed.bytes, packed.size, size > IMAGES ? "more than" : "expected");
        free(packed.bytes);
    }
}
END_TEST

START_TEST(an_idx_header_is_checked_as_in_plain_files) {
    static const struct {
        size_t at;
        unsigned char value;
        const char *word;
    } wrong[] = {{0, 1, "offset 0"},  {1, 1, "offset 0"}, {2, 7, "offset 2"},  {3, 0, "offset 3"},
                 {3, 10, "offset 3"}, {7, 0, "offset 4"}, {11, 0, "offset 8"}, {15, 0, "offset 12"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        unsigned char bytes[IMAGES];
        plain_images(bytes);
        bytes[wrong[i].at] = wrong[i].value;
        struct packed packed = pack(bytes, sizeof bytes, 1);
        is_refused(packed.bytes, packed.size, wrong[i].word);
        free(packed.bytes);
    }
}
END_TEST

/* A header that claims terabytes in a file of a few bytes: no deflate data expand more than 1032 times. */
START_TEST(enormous_claims_are_refused_before_memory_is_asked_for) {
    static const unsigned char claims[][12] = {
        {0, 0, 0x08, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
        {0, 0, 0x08, 2, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00},
        {0, 0, 0x0E, 2, 0x40, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00},
        {0, 0, 0x08, 2, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x04, 0x00},
    };
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        struct packed packed = pack(claims[i], sizeof claims[i], 1);
        is_refused(packed.bytes, packed.size, "");
        free(packed.bytes);
    }
}
END_TEST

/* Seven bytes of gzip data for each value, and more than a megabyte: a compressor that is flushed after each. */
START_TEST(gzip_data_may_be_larger_than_what_they_hold) {
    enum { LARGE = 300000 };
    unsigned char header[12] = {0, 0, 8, 2, 0, LARGE >> 16, LARGE >> 8 & 0xFF, LARGE & 0xFF, 0, 0, 0, 1},
                  value = 51;
    z_stream stream = {0};
    struct packed packed = {malloc(10 * LARGE), 0};
    dae_dataset *dataset = NULL;
    float last = 0;
    ck_assert_ptr_nonnull(packed.bytes);
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_out = packed.bytes;
    stream.avail_out = 10 * LARGE;
    for (size_t i = 0; i < sizeof header + LARGE; i++) {
        stream.next_in = i < sizeof header ? header + i : &value;
        stream.avail_in = 1;
        ck_assert_int_eq(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
    }
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.size = stream.total_out;
    deflateEnd(&stream);
    ck_assert_uint_gt(packed.size, 2 * LARGE + (1 << 20));
    ok(dae_dataset_parse(&dataset, packed.bytes, packed.size, "idx"));
    dae_dataset_free(dataset);
    write_file(temp_path("flushed.gz"), packed.bytes, packed.size);
    ok(dae_dataset_open(&dataset, temp_path("flushed.gz"), "idx"));
    ok(dae_dataset_read(dataset, 0, LARGE - 1, 1, &last, NULL));
    ck_assert_float_eq(last, 51.0f / 255);
    dae_dataset_free(dataset);
    free(packed.bytes);
}
END_TEST

/* A bomb: 200 MB of zeros behind a header that claims 240 values. It must not be expanded. */
START_TEST(a_bomb_does_not_go_off) {
    enum { PIECE = 1 << 20 };
    unsigned char *zeros = calloc(1, PIECE);
    ck_assert_ptr_nonnull(zeros);
    static const unsigned char header[16] = {0, 0, 8, 3, 0, 0, 0, COUNT, 0, 0, 0, 2, 0, 0, 0, 3};
    memcpy(zeros, header, sizeof header);
    struct packed packed = pack(zeros, PIECE, 200);
    ck_assert_uint_lt(packed.size, 1 << 20);
    is_refused(packed.bytes, packed.size, "more than");
    free(packed.bytes);
    free(zeros);
}
END_TEST

START_TEST(not_gzip_after_all) {
    static const unsigned char method[] = {0x1F, 0x8B, 7, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0};
    static const unsigned char flags[] = {0x1F, 0x8B, 8, 0xE0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0};
    static const unsigned char block[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x07, 0, 0, 0, 0, 0, 0, 0};
    is_refused(method, sizeof method, "offset");
    is_refused(flags, sizeof flags, "offset");
    is_refused(block, sizeof block, "offset");
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

static dae_status parse_and_free(void *user) {
    const struct packed *packed = user;
    dae_dataset *const untouched = (dae_dataset *)&packed, *dataset = untouched;
    dae_status status = dae_dataset_parse(&dataset, packed->bytes, packed->size, "idx");
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, untouched);
    return status;
}

START_TEST(memory_may_run_out) {
    struct packed packed = packed_images();
    ck_assert_uint_ge(every_allocation_fails(parse_and_free, &packed), 4);
    free(packed.bytes);
}
END_TEST

static void add_tests(Suite *suite) {
    TCase *reading = add_case(suite, "read");
    tcase_add_test(reading, compressed_files_read_like_plain_ones);
    tcase_add_test(reading, plain_files_may_be_named_gz);
    tcase_add_test(reading, large_files);
    tcase_add_test(reading, gzip_data_may_be_larger_than_what_they_hold);
    tcase_add_test(reading, members_are_read_one_after_the_other);
    tcase_add_test(reading, a_member_for_each_value);
    TCase *broken = add_case(suite, "broken");
    tcase_add_test(broken, broken_members_are_refused);
    tcase_add_test(broken, every_beginning_is_refused);
    tcase_add_test(broken, a_wrong_checksum_or_length_is_refused);
    tcase_add_test(broken, every_flipped_bit_is_handled);
    tcase_add_test(broken, bytes_behind_the_gzip_data_are_refused);
    tcase_add_test(broken, too_few_and_too_many_values_are_refused);
    tcase_add_test(broken, an_idx_header_is_checked_as_in_plain_files);
    tcase_add_test(broken, enormous_claims_are_refused_before_memory_is_asked_for);
    tcase_add_test(broken, a_bomb_does_not_go_off);
    tcase_add_test(broken, not_gzip_after_all);
    tcase_add_test(broken, memory_may_run_out);
}

#else

/* One byte, 0x2A, as an IDX file in a stored block. */
static const unsigned char stored[] = {0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x01,
                                       0x09, 0x00, 0xF6, 0xFF, 0x00, 0x00, 0x08, 0x01, 0x00, 0x00, 0x00,
                                       0x01, 0x2A, 0xFB, 0x71, 0x1A, 0xDC, 0x09, 0x00, 0x00, 0x00};

START_TEST(this_build_says_that_it_has_no_zlib) {
    int anything;
    dae_dataset *const untouched = (dae_dataset *)&anything, *dataset = untouched;
    const char *path = temp_path("stored.gz");
    write_file(path, stored, sizeof stored);
    fails(dae_dataset_parse(&dataset, stored, sizeof stored, "idx"), DAE_ERROR_UNSUPPORTED, "zlib");
    fails(dae_dataset_open(&dataset, path, "idx"), DAE_ERROR_UNSUPPORTED, path);
    ck_assert_ptr_eq(dataset, untouched);
}
END_TEST

static void add_tests(Suite *suite) {
    tcase_add_test(add_case(suite, "without zlib"), this_build_says_that_it_has_no_zlib);
}

#endif

int main(void) {
    Suite *suite = suite_create("gzip");
    add_tests(suite);
    return suite_main(suite);
}
