/* NPZ files: arrays found by name, number or because there is one; archives of every form that there is; and
 * broken in every way. */
#include "content.h"
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef DAE_TEST_ZLIB
#include <zlib.h>
#endif

enum { MOST = 8192, STORED = 0, DEFLATED = 8 };

/* ---- Archives in the making ----------------------------------------------------------------------- */

struct bytes {
    unsigned char bytes[MOST];
    size_t size;
};

static void put(struct bytes *to, const void *bytes, size_t size) {
    ck_assert_uint_le(to->size + size, MOST);
    if (size > 0)
        memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
}

static void put_number(struct bytes *to, uint64_t number, size_t width) {
    for (size_t i = 0; i < width; i++)
        put(to, &(unsigned char){(unsigned char)(number >> 8 * i)}, 1);
}

/* By the definition, a bit at a time. */
static uint32_t crc_of(const unsigned char *bytes, size_t size) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xEDB88320) : 0);
    }
    return ~crc;
}

struct archive {
    struct bytes all, directory;
    size_t members, before;
    bool large;         /* sizes of 64 bits everywhere */
    unsigned flags;     /* of members */
    unsigned method;    /* that is said, if it is another one than the true one */
    size_t claimed_add; /* to the size */
};

/* The bytes of a member as they lie in the archive. */
static struct bytes packed_of(const npy_file *file, int method) {
    struct bytes packed = {{0}, 0};
#ifdef DAE_TEST_ZLIB
    if (method == DEFLATED) {
        z_stream stream = {.next_in = (Bytef *)(uintptr_t)file->bytes,
                           .avail_in = (uInt)file->size,
                           .next_out = packed.bytes,
                           .avail_out = MOST};
        ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
        ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
        packed.size = stream.total_out;
        deflateEnd(&stream);
        return packed;
    }
#endif
    (void)method;
    put(&packed, file->bytes, file->size);
    return packed;
}

/* What local headers and entries have in common, from the flags to the length of the name. */
static void put_facts(struct bytes *to, const struct archive *a, const npy_file *file, size_t packed,
                      int method, const char *name) {
    put_number(to, a->flags, 2);
    put_number(to, a->method != 0 ? a->method : (unsigned)method, 2);
    put_number(to, 0, 4);
    put_number(to, crc_of(file->bytes, file->size), 4);
    put_number(to, a->large ? UINT32_MAX : packed, 4);
    put_number(to, a->large ? UINT32_MAX : file->size + a->claimed_add, 4);
    put_number(to, strlen(name), 2);
}

static void add(struct archive *a, const char *name, const npy_file *file, int method) {
    struct bytes packed = packed_of(file, method);
    size_t header = a->all.size - a->before;
    put(&a->all, "PK\3\4\24\0", 6);
    put_facts(&a->all, a, file, packed.size, method, name);
    put_number(&a->all, 3, 2); /* an extra field, which is no field */
    put(&a->all, name, strlen(name));
    put(&a->all, "abc", 3);
    put(&a->all, packed.bytes, packed.size);
    put(&a->directory, "PK\1\2\24\0\24\0", 8);
    put_facts(&a->directory, a, file, packed.size, method, name);
    put_number(&a->directory, a->large ? 6 + 28 : 0, 2);
    put_number(&a->directory, 2, 2); /* a comment */
    put_number(&a->directory, 0, 8);
    put_number(&a->directory, a->large ? UINT32_MAX : header, 4);
    put(&a->directory, name, strlen(name));
    if (a->large) {
        put(&a->directory, "UT\2\0ab\1\0\30\0", 10);
        put_number(&a->directory, file->size + a->claimed_add, 8);
        put_number(&a->directory, packed.size, 8);
        put_number(&a->directory, header, 8);
    }
    put(&a->directory, "hi", 2);
    a->members++;
}

static struct bytes finish(struct archive *a, const char *comment) {
    struct bytes whole = a->all;
    size_t begin = whole.size - a->before, length = a->directory.size;
    put(&whole, a->directory.bytes, length);
    if (a->large) {
        size_t end = whole.size - a->before;
        put(&whole, "PK\6\6\54\0\0\0\0\0\0\0\55\0\55\0\0\0\0\0\0\0\0\0", 24);
        put_number(&whole, a->members, 8);
        put_number(&whole, a->members, 8);
        put_number(&whole, length, 8);
        put_number(&whole, begin, 8);
        put(&whole, "PK\6\7\0\0\0\0", 8);
        put_number(&whole, end, 8);
        put_number(&whole, 1, 4);
    }
    put(&whole, "PK\5\6\0\0\0\0", 8);
    put_number(&whole, a->large ? UINT16_MAX : a->members, 2);
    put_number(&whole, a->large ? UINT16_MAX : a->members, 2);
    put_number(&whole, a->large ? UINT32_MAX : length, 4);
    put_number(&whole, a->large ? UINT32_MAX : begin, 4);
    put_number(&whole, strlen(comment), 2);
    put(&whole, comment, strlen(comment));
    return whole;
}

/* Two samples of three bytes. */
static npy_file letters(void) {
    return npy_made(1, "|u1", "(2, 3)", "abcdef", 6);
}

static npy_file single(void) {
    return npy_made(1, "|u1", "(1,)", "x", 1);
}

static struct bytes one_array(int method) {
    struct archive a = {0};
    npy_file file = letters();
    add(&a, "x.npy", &file, method);
    return finish(&a, "");
}

/* A text, which is no array, and three arrays. */
static struct bytes three_arrays(int method) {
    struct archive a = {0};
    npy_file file = letters(), other = single();
    npy_file text = {"hello", 5};
    add(&a, "read.me", &text, method);
    add(&a, "label.npy", &other, method);
    add(&a, "x.npy", &file, method);
    add(&a, "a b/c.npy", &other, method);
    return finish(&a, "");
}

/* ---- Reading -------------------------------------------------------------------------------------- */

static const float expected[] = {'a', 'b', 'c', 'd', 'e', 'f'};

static void has_letters(dae_dataset *dataset) {
    float values[6];
    size_t count = 0, rank = 0, shape[DAE_MAX_RANK];
    ok(dae_dataset_get_count(dataset, &count));
    ok(dae_dataset_get_shape(dataset, 0, &rank, shape));
    ck_assert(count == 2 && rank == 1 && shape[0] == 3);
    ok(dae_dataset_read(dataset, 0, 0, 2, values, NULL));
    same_floats(values, expected, 6);
    dae_dataset_free(dataset);
}

static void reads_letters(struct bytes file, const char *format) {
    const char *path = temp_path("a.npz");
    dae_dataset *dataset = NULL;
    write_file(path, file.bytes, file.size);
    heap_watch();
    ok(dae_dataset_parse(&dataset, file.bytes, file.size, format));
    has_letters(dataset);
    ok(dae_dataset_open(&dataset, path, format));
    has_letters(dataset);
    heap_unwatch();
}

static void is_refused(struct bytes file, const char *format, dae_status status, const char *word) {
    dae_dataset *const untouched = (dae_dataset *)&file, *dataset = untouched;
    unsigned char *exact = malloc(file.size + 1); /* so that reading beyond it shows */
    const char *path = temp_path("broken.npz");
    ck_assert_ptr_nonnull(exact);
    memcpy(exact + 1, file.bytes, file.size);
    write_file(path, file.bytes, file.size);
    heap_watch();
    fails(dae_dataset_parse(&dataset, exact + 1, file.size, format), status, word);
    fails(dae_dataset_open(&dataset, path, format), status, word);
    ck_assert_msg(message_has(path), "the message does not name the file: %s", dae_last_error());
    ck_assert_ptr_eq(dataset, untouched);
    ck_assert_uint_lt(heap_largest(), 1 << 16);
    heap_unwatch();
    free(exact);
}

static void arrays_are_found(int method) {
    reads_letters(one_array(method), NULL);
    reads_letters(one_array(method), "npz(array=x)");
    reads_letters(one_array(method), "npz(array=0)");
    reads_letters(three_arrays(method), "npz(array=x)");
    reads_letters(three_arrays(method), "npz(array=1)");
    is_refused(three_arrays(method), NULL, DAE_ERROR_ARGUMENT,
               "found 3 arrays, expected one of them, as npz(array=NAME): label, x, a b/c");
    is_refused(three_arrays(method), "npz(array=y)", DAE_ERROR_ARGUMENT,
               "array is y, expected one of label, x, a b/c");
    is_refused(three_arrays(method), "npz(array=3)", DAE_ERROR_ARGUMENT,
               "array is 3, expected 0 to 2: label, x, a b/c");
}

/* The last of the same name, as zipfile of Python has it. */
static void archives_of_every_form(int method) {
    npy_file file = letters(), other = single();
    for (int form = 0; form < 8; form++) {
        struct archive a = {.large = form & 1, .before = form & 2 ? 100 : 0, .flags = form & 4 ? 0x808 : 0};
        a.all.size = a.before;
        add(&a, "x.npy", &other, method);
        add(&a, "x.npy", &file, method);
        add(&a, "folder/", &(npy_file){{0}, 0}, STORED);
        reads_letters(finish(&a, ""), "npz(array=x)");
        reads_letters(finish(&a, "a comment PK\5\6 with the sign of an end in it"), "npz(array=x)");
    }
}

START_TEST(stored_members) {
    arrays_are_found(STORED);
    archives_of_every_form(STORED);
}
END_TEST

START_TEST(deflated_members) {
#ifdef DAE_TEST_ZLIB
    arrays_are_found(DEFLATED);
    archives_of_every_form(DEFLATED);
#else
    struct archive a = {.method = DEFLATED};
    npy_file file = letters();
    add(&a, "x.npy", &file, STORED);
    is_refused(finish(&a, ""), NULL, DAE_ERROR_UNSUPPORTED, "without zlib");
#endif
}
END_TEST

/* ---- Refused -------------------------------------------------------------------------------------- */

START_TEST(what_cannot_be_read) {
    static const struct {
        unsigned method;
        const char *word;
    } others[] = {{12, "broken.npz, array x: the member is compressed by method 12 (bzip2)"},
                  {14, "method 14 (LZMA), expected stored or deflated"},
                  {93, "93 (Zstandard)"},
                  {1, "method 1 (unknown)"}};
    npy_file file = letters();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct archive a = {.method = others[i].method};
        add(&a, "x.npy", &file, STORED);
        struct bytes whole = finish(&a, "");
        dae_dataset *dataset = NULL;
        write_file(temp_path("broken.npz"), whole.bytes, whole.size);
        fails(dae_dataset_open(&dataset, temp_path("broken.npz"), NULL), DAE_ERROR_UNSUPPORTED,
              others[i].word);
    }
    struct archive locked = {.flags = 1}, empty = {0}, other = {0};
    add(&locked, "x.npy", &file, STORED);
    is_refused(finish(&locked, ""), NULL, DAE_ERROR_UNSUPPORTED, "encrypted");
    is_refused(finish(&empty, ""), NULL, DAE_ERROR_FORMAT, "holds no array");
    add(&other, "xl/workbook.xml", &file, STORED);
    is_refused(finish(&other, ""), NULL, DAE_ERROR_FORMAT, "holds no array");
    add(&other, ".npy", &file, STORED);
    is_refused(finish(&other, ""), NULL, DAE_ERROR_FORMAT, "holds no array");
}
END_TEST

START_TEST(members_that_are_no_array) {
    npy_file file = letters(), broken[3] = {letters(), letters(), {"hello, world", 12}};
    broken[0].size--;
    npy_put(&broken[1], "g", 1);
    static const char *const words[] = {"array x: offset 133: the file ends, expected 134 bytes",
                                        "array x: offset 134: found 1 bytes after the values",
                                        "array x: not an NPY file"};
    for (int i = 0; i < 3; i++) {
        struct archive a = {0};
        add(&a, "y.npy", &file, STORED);
        add(&a, "x.npy", &broken[i], STORED);
        is_refused(finish(&a, ""), "npz(array=x)", DAE_ERROR_FORMAT, words[i]);
        reads_letters(finish(&a, ""), "npz(array=y)");
    }
}
END_TEST

static void claims_are_not_believed(int method) {
    static const size_t more[] = {1, 1000, 1 << 20, UINT32_MAX, (size_t)1 << 50, SIZE_MAX - 200, SIZE_MAX};
    npy_file file = letters();
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        struct archive a = {.claimed_add = more[i], .large = true};
        add(&a, "x.npy", &file, method);
        dae_dataset *dataset = NULL;
        struct bytes whole = finish(&a, "");
        heap_watch();
        fails(dae_dataset_parse(&dataset, whole.bytes, whole.size, NULL), DAE_ERROR_FORMAT, "array x: ");
        ck_assert_uint_lt(heap_largest(), 1032 * whole.size + (1 << 16));
        heap_unwatch();
    }
}

START_TEST(enormous_claims_are_refused_before_memory_is_asked_for) {
    claims_are_not_believed(STORED);
#ifdef DAE_TEST_ZLIB
    claims_are_not_believed(DEFLATED);
#endif
}
END_TEST

/* ---- Broken --------------------------------------------------------------------------------------- */

static struct bytes in_every_form(int form) {
    struct archive a = {.large = form & 1, .before = form & 2 ? 10 : 0};
    npy_file file = letters();
    a.all.size = a.before;
#ifdef DAE_TEST_ZLIB
    add(&a, "x.npy", &file, form & 4 ? DEFLATED : STORED);
#else
    add(&a, "x.npy", &file, STORED);
#endif
    return finish(&a, form & 4 ? "comment" : "");
}

START_TEST(every_beginning_is_refused) {
    for (int form = 0; form < 8; form++) {
        struct bytes file = in_every_form(form);
        for (size_t size = file.size; size-- > 0;) {
            file.size = size;
            is_refused(file, "npz", DAE_ERROR_FORMAT, "no central directory");
        }
    }
}
END_TEST

/* What is read is what was there; the checksum sees to that. */
START_TEST(every_flipped_bit_is_handled) {
    size_t read = 0, refused = 0;
    for (int form = 0; form < 8; form++) {
        struct bytes whole = in_every_form(form);
        for (size_t bit = 0; bit < 8 * whole.size; bit++) {
            struct bytes file = whole;
            dae_dataset *dataset = NULL;
            file.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
            heap_watch();
            dae_status status = dae_dataset_parse(&dataset, file.bytes, file.size, "npz");
            ck_assert_uint_lt(heap_largest(), 1032 * file.size + (1 << 16));
            if (status == DAE_OK) {
                has_letters(dataset);
                read++;
            } else {
                ck_assert(status == DAE_ERROR_FORMAT || status == DAE_ERROR_UNSUPPORTED);
                refused++;
            }
            heap_unwatch();
        }
    }
    ck_assert_uint_gt(read, 1000);
    ck_assert_uint_gt(refused, 5000);
}
END_TEST

START_TEST(memory_may_run_out) {
    struct bytes file = one_array(STORED);
    ck_assert_uint_ge(content_bears_lack_of_memory(file.bytes, file.size, "npz(array=x)"), 5);
#ifdef DAE_TEST_ZLIB
    file = one_array(DEFLATED);
    ck_assert_uint_ge(content_bears_lack_of_memory(file.bytes, file.size, "npz(array=x)"), 7);
#endif
}
END_TEST

int main(void) {
    Suite *suite = suite_create("NPZ");
    TCase *reading = add_case(suite, "read");
    tcase_add_test(reading, stored_members);
    tcase_add_test(reading, deflated_members);
    TCase *broken = add_case(suite, "broken");
    tcase_add_test(broken, what_cannot_be_read);
    tcase_add_test(broken, members_that_are_no_array);
    tcase_add_test(broken, enormous_claims_are_refused_before_memory_is_asked_for);
    tcase_add_test(broken, every_beginning_is_refused);
    tcase_add_test(broken, every_flipped_bit_is_handled);
    tcase_add_test(broken, memory_may_run_out);
    return suite_main(suite);
}
