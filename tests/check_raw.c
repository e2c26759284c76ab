/* Files without a header: what they hold is what the caller says. */
#include "content.h"

#include <string.h>

static void reads_as(const void *bytes, size_t size, const char *format, size_t count, size_t rank,
                     const size_t *shape, const float *expected) {
    dae_dataset *dataset = NULL;
    float values[64];
    size_t found = 0, found_rank = 0, found_shape[DAE_MAX_RANK], values_each = 1;
    heap_watch();
    ok(dae_dataset_parse(&dataset, bytes, size, format));
    ok(dae_dataset_get_count(dataset, &found));
    ok(dae_dataset_get_shape(dataset, 0, &found_rank, found_shape));
    ck_assert(found == count && found_rank == rank && memcmp(shape, found_shape, rank * sizeof *shape) == 0);
    for (size_t i = 0; i < rank; i++)
        values_each *= shape[i];
    ok(dae_dataset_read(dataset, 0, 0, count, values, NULL));
    same_floats(values, expected, count * values_each);
    dae_dataset_free(dataset);
    heap_unwatch();
}

#define READS_AS(bytes, size, format, count, rank, shape, ...) \
    reads_as(bytes, size, format, count, rank, (const size_t[])shape, (const float[]){__VA_ARGS__})
#define SHAPE(...) \
    { __VA_ARGS__ }

static void is_refused(const void *bytes, size_t size, const char *format, dae_status status,
                       const char *word) {
    dae_dataset *const untouched = (dae_dataset *)&size, *dataset = untouched;
    heap_watch();
    fails(dae_dataset_parse(&dataset, bytes, size, format), status, word);
    ck_assert_ptr_eq(dataset, untouched);
    heap_unwatch();
}

static const unsigned char bytes[] = {0, 1, 2, 0xFF, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0};

START_TEST(types_orders_and_shapes) {
    READS_AS(bytes, 4, "raw(type=u1)", 4, 1, SHAPE(1), 0, 1, 2, 255);
    READS_AS(bytes, 4, "raw(type=i1, shape=4)", 1, 1, SHAPE(4), 0, 1, 2, -1);
    READS_AS(bytes, 4, "raw(type=i2, shape=[2])", 1, 1, SHAPE(2), 256, -254);
    READS_AS(bytes, 4, "raw(type=u2, order=big)", 2, 1, SHAPE(1), 1, 767);
    READS_AS(bytes, 12, "raw(type=f4, shape=[1, 2], offset=4)", 1, 2, SHAPE(1, 2), 1, -2);
    READS_AS(bytes, 12, "raw(type=f4, offset=4)", 2, 1, SHAPE(1), 1, -2);
    READS_AS(bytes, 12, "raw(type=u4, offset=8, order=big)", 1, 1, SHAPE(1), 192);
    READS_AS(bytes, 12, "raw(type=f2, offset=10)", 1, 1, SHAPE(1), -2);
    READS_AS(bytes, 12, "raw(type=u8, offset=4)", 1, 1, SHAPE(1), 13835058056347443200.0f);
    READS_AS(bytes, 12, "raw(type=i1, shape=[2, 3, 1, 1, 1, 1, 1, 2])", 1, 8, SHAPE(2, 3, 1, 1, 1, 1, 1, 2),
             0, 1, 2, -1, 0, 0, -128, 63, 0, 0, 0, -64);
}
END_TEST

START_TEST(what_is_refused) {
    is_refused(bytes, 12, "raw", DAE_ERROR_FORMAT, "type");
    is_refused(bytes, 12, "raw(type=c8)", DAE_ERROR_FORMAT, "expected f4");
    is_refused(
        bytes, 12, "raw(type=u1, shape=5)", DAE_ERROR_FORMAT,
        "found 12 bytes from offset 0 on, expected a multiple of 5, the bytes of a sample: 2 are left");
    is_refused(bytes, 12, "raw(type=f4, shape=2)", DAE_ERROR_FORMAT, "multiple of 8");
    is_refused(bytes, 12, "raw(type=f4, shape=[2, 2])", DAE_ERROR_FORMAT, "at least one sample of 16 bytes");
    is_refused(bytes, 12, "raw(type=u1, offset=12)", DAE_ERROR_FORMAT, "from offset 12 on");
    is_refused(bytes, 12, "raw(type=u1, offset=9007199254740992)", DAE_ERROR_FORMAT, "from offset");
    is_refused(bytes, 0, "raw(type=u1)", DAE_ERROR_FORMAT, "found 0 bytes");
    is_refused(bytes, 12, "raw(type=f8, shape=[9007199254740992, 9007199254740992])", DAE_ERROR_ARGUMENT,
               "more than can be addressed");
    is_refused(bytes, 12, "raw(type=u1, shape=[1, 1, 1, 1, 1, 1, 1, 1, 1])", DAE_ERROR_FORMAT, "more than 9");
    is_refused(bytes, 12, "raw(type=u1, shape=0)", DAE_ERROR_ARGUMENT, "shape");
}
END_TEST

START_TEST(memory_may_run_out) {
    ck_assert_uint_ge(content_bears_lack_of_memory(bytes, sizeof bytes, "raw(type=i2, shape=[2, 3])"), 3);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("raw");
    TCase *raw = add_case(suite, "raw");
    tcase_add_test(raw, types_orders_and_shapes);
    tcase_add_test(raw, what_is_refused);
    tcase_add_test(raw, memory_may_run_out);
    return suite_main(suite);
}
