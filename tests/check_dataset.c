/* Sources of samples and reading them: arrays copied and borrowed, callbacks, shapes, ranges, errors. */
#include "support.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 12, HEIGHT = 3, WIDTH = 4, SIZE = HEIGHT * WIDTH, VALUES = COUNT * SIZE };

static const size_t image[] = {HEIGHT, WIDTH};

/* x[i] = i + 0.5 */
static void ramp(float x[VALUES]) {
    for (int i = 0; i < VALUES; i++)
        x[i] = (float)i + 0.5f;
}

static void count_release(void *user) {
    ++*(int *)user;
}

/* A source of the caller's: the same ramp, and a note of what was asked for. */
struct maker {
    int calls, released;
    uint64_t first;
    size_t count;
    int32_t result;
    uint64_t fails_from;
    dae_dataset *dropped; /* the caller's reference, which the first call drops */
};

static int32_t make_samples(uint64_t first, size_t count, float *out, void *user) {
    struct maker *maker = user;
    maker->calls++;
    dae_dataset_free(maker->dropped);
    maker->dropped = NULL;
    maker->first = first;
    maker->count = count;
    if (first + count > maker->fails_from)
        return maker->result;
    for (size_t i = 0; i < count * SIZE; i++)
        out[i] = (float)(first * SIZE + i) + 0.5f;
    return 0;
}

static void count_maker_release(void *user) {
    ((struct maker *)user)->released++;
}

static dae_dataset *callback_dataset(struct maker *maker) {
    dae_dataset *dataset = NULL;
    maker->fails_from = UINT64_MAX;
    ok(dae_dataset_create_callback(&dataset, COUNT, 2, image, make_samples, count_maker_release, maker));
    return dataset;
}

/* Every range of a ramp reads as it should, as inputs, as targets and as both. */
static void reads_a_ramp(const dae_dataset *dataset) {
    float expected[VALUES], inputs[VALUES + 1], targets[VALUES + 1];
    ramp(expected);
    for (size_t first = 0; first <= COUNT; first++)
        for (size_t count = 0; first + count <= COUNT; count++) {
            size_t values = count * SIZE;
            inputs[values] = targets[values] = -1;
            ok(dae_dataset_read(dataset, 0, first, count, inputs, targets));
            same_floats(inputs, expected + first * SIZE, values);
            same_floats(targets, expected + first * SIZE, values);
            ck_assert_float_eq(inputs[values], -1);
            ck_assert_float_eq(targets[values], -1);
        }
    memset(inputs, 0, sizeof inputs);
    memset(targets, 0, sizeof targets);
    ok(dae_dataset_read(dataset, 4294967295, 1, 2, inputs, NULL));
    same_floats(inputs, expected + SIZE, 2 * SIZE);
    ok(dae_dataset_read(dataset, 7, 1, 2, NULL, targets));
    same_floats(targets, expected + SIZE, 2 * SIZE);
    ok(dae_dataset_read(dataset, 0, 1, 2, NULL, NULL));
}

static void looks_like_images(const dae_dataset *dataset) {
    size_t count = 0, rank = 0, shape[DAE_MAX_RANK] = {0};
    ok(dae_dataset_get_count(dataset, &count));
    ck_assert_uint_eq(count, COUNT);
    ok(dae_dataset_get_shape(dataset, DAE_ALL_SAMPLES, &rank, shape));
    ck_assert_uint_eq(rank, 2);
    ck_assert_uint_eq(shape[0], HEIGHT);
    ck_assert_uint_eq(shape[1], WIDTH);
    rank = shape[0] = shape[1] = 0;
    ok(dae_dataset_get_target_shape(dataset, DAE_ALL_SAMPLES, &rank, shape));
    ck_assert_uint_eq(rank, 2);
    ck_assert_uint_eq(shape[0], HEIGHT);
    ck_assert_uint_eq(shape[1], WIDTH);
}

/* ---- Sources ---------------------------------------------------------------------------------- */

START_TEST(a_copy_stands_alone) {
    float *data = malloc(VALUES * sizeof *data);
    ck_assert_ptr_nonnull(data);
    ramp(data);
    dae_dataset *dataset = NULL;
    ok(dae_dataset_copy_array(&dataset, data, COUNT, 2, image));
    memset(data, 0, VALUES * sizeof *data);
    free(data);
    looks_like_images(dataset);
    reads_a_ramp(dataset);
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(a_borrowed_array_is_read_where_it_lies) {
    float data[VALUES], sample[SIZE];
    int released = 0;
    ramp(data);
    dae_dataset *dataset = NULL;
    heap_watch();
    ok(dae_dataset_borrow_array(&dataset, data, COUNT, 2, image, count_release, &released));
    ck_assert_uint_lt(heap_largest(), sizeof data);
    looks_like_images(dataset);
    reads_a_ramp(dataset);
    /* not something to do, but it shows that there is no copy */
    data[5 * SIZE] = -7;
    ok(dae_dataset_read(dataset, 0, 5, 1, sample, NULL));
    ck_assert_float_eq(sample[0], -7);
    ck_assert_int_eq(released, 0);
    dae_dataset_free(dataset);
    ck_assert_int_eq(released, 1);
    ok(dae_dataset_borrow_array(&dataset, data, COUNT, 2, image, NULL, NULL));
    dae_dataset_free(dataset);
    heap_unwatch();
}
END_TEST

START_TEST(a_callback_gives_what_it_is_asked_for) {
    struct maker maker = {0};
    float inputs[VALUES];
    dae_dataset *dataset = callback_dataset(&maker);
    looks_like_images(dataset);
    ck_assert_int_eq(maker.calls, 0);
    reads_a_ramp(dataset);
    maker.calls = 0;
    ok(dae_dataset_read(dataset, 0, 3, 4, inputs, NULL));
    ck_assert_int_eq(maker.calls, 1);
    ck_assert_uint_eq(maker.first, 3);
    ck_assert_uint_eq(maker.count, 4);
    maker.calls = 0;
    ok(dae_dataset_read(dataset, 0, 3, 4, NULL, NULL));
    ok(dae_dataset_read(dataset, 0, 12, 0, inputs, inputs));
    ck_assert_int_eq(maker.calls, 0);
    ck_assert_int_eq(maker.released, 0);
    dae_dataset_free(dataset);
    ck_assert_int_eq(maker.released, 1);
}
END_TEST

START_TEST(a_callback_may_drop_what_is_read) {
    struct maker maker = {0};
    float inputs[VALUES], targets[VALUES], expected[VALUES];
    dae_dataset *dataset = callback_dataset(&maker), *view = NULL;
    ok(dae_dataset_slice(&view, dataset, 1, COUNT - 1));
    dae_dataset_free(dataset);
    maker.dropped = view;
    ok(dae_dataset_read(view, 0, 0, COUNT - 1, inputs, targets));
    ck_assert_int_eq(maker.released, 1);
    ramp(expected);
    same_floats(inputs, expected + SIZE, (COUNT - 1) * SIZE);
    same_floats(targets, expected + SIZE, (COUNT - 1) * SIZE);
}
END_TEST

START_TEST(a_callback_may_fail) {
    static const int32_t results[] = {1, -1, 37, INT32_MIN, INT32_MAX};
    struct maker maker = {0};
    float inputs[VALUES];
    dae_dataset *dataset = callback_dataset(&maker);
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", (int)results[i]);
        maker.result = results[i];
        maker.fails_from = 5;
        fails(dae_dataset_read(dataset, 0, 3, 4, inputs, NULL), DAE_ERROR_CALLBACK, number);
        fails(dae_dataset_read(dataset, 0, 3, 4, NULL, inputs), DAE_ERROR_CALLBACK, number);
        ok(dae_dataset_read(dataset, 0, 3, 2, inputs, NULL));
        maker.fails_from = UINT64_MAX;
        ok(dae_dataset_read(dataset, 0, 3, 4, inputs, NULL));
    }
    dae_dataset_free(dataset);
    ck_assert_int_eq(maker.released, 1);
}
END_TEST

START_TEST(special_values_pass_unchanged) {
    uint32_t bits[SIZE] = {0x7FC00000, 0x7FC12345, 0xFF800001, 0x7F800000, 0xFF800000, 0x80000000,
                           0x00000001, 0x807FFFFF, 0x7F7FFFFF, 0x3F800000, 0x00000000, 0xFFFFFFFF};
    float data[SIZE], inputs[SIZE], targets[SIZE];
    memcpy(data, bits, sizeof data);
    dae_dataset *dataset = NULL;
    ok(dae_dataset_copy_array(&dataset, data, 1, 2, image));
    ok(dae_dataset_read(dataset, 0, 0, 1, inputs, targets));
    ck_assert_mem_eq(inputs, bits, sizeof bits);
    ck_assert_mem_eq(targets, bits, sizeof bits);
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(every_rank) {
    static const size_t ones_and_twos[DAE_MAX_RANK] = {2, 1, 2, 1, 1, 2, 2, 3};
    float data[2 * 48], read[2 * 48];
    for (int i = 0; i < 96; i++)
        data[i] = (float)i;
    for (size_t rank = 1; rank <= DAE_MAX_RANK; rank++) {
        size_t values = 1, found_rank = 0, found[DAE_MAX_RANK + 1];
        for (size_t i = 0; i < rank; i++)
            values *= ones_and_twos[i];
        for (size_t i = 0; i <= DAE_MAX_RANK; i++)
            found[i] = 77;
        dae_dataset *dataset = NULL;
        ok(dae_dataset_copy_array(&dataset, data, 2, rank, ones_and_twos));
        ok(dae_dataset_get_shape(dataset, DAE_ALL_SAMPLES, &found_rank, found));
        ck_assert_uint_eq(found_rank, rank);
        for (size_t i = 0; i < rank; i++)
            ck_assert_uint_eq(found[i], ones_and_twos[i]);
        for (size_t i = rank; i <= DAE_MAX_RANK; i++)
            ck_assert_uint_eq(found[i], 77);
        ok(dae_dataset_read(dataset, 0, 0, 2, read, NULL));
        same_floats(read, data, 2 * values);
        dae_dataset_free(dataset);
    }
}
END_TEST

/* ---- Threads ---------------------------------------------------------------------------------- */

struct reading {
    const dae_dataset *dataset;
    float inputs[VALUES];
    bool right;
};

static void *read_often(void *user) {
    struct reading *reading = user;
    float expected[VALUES];
    ramp(expected);
    reading->right = true;
    for (int i = 0; i < 500; i++) {
        dae_status status = dae_dataset_read(reading->dataset, 0, (size_t)i % COUNT, 1, reading->inputs,
                                             NULL);
        reading->right &= status == DAE_OK &&
                          first_difference(reading->inputs, expected + i % COUNT * SIZE, SIZE) == SIZE;
    }
    return NULL;
}

START_TEST(many_threads_may_read) {
    static struct reading readings[4];
    float data[VALUES];
    pthread_t threads[4];
    dae_dataset *dataset = NULL;
    ramp(data);
    ok(dae_dataset_copy_array(&dataset, data, COUNT, 2, image));
    for (int i = 0; i < 4; i++) {
        readings[i].dataset = dataset;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_often, &readings[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 4; i++)
        ck_assert(readings[i].right);
    dae_dataset_free(dataset);
}
END_TEST

/* ---- Errors ----------------------------------------------------------------------------------- */

/* All three sources refuse a shape, name what is wrong, and neither release nor hand anything out. */
static void refuses_shape(size_t count, size_t rank, const size_t *shape, const char *word) {
    static const float data[VALUES];
    int released = 0;
    struct maker maker = {0};
    dae_dataset *const untouched = (dae_dataset *)&released, *dataset = untouched;
    fails(dae_dataset_copy_array(&dataset, data, count, rank, shape), DAE_ERROR_ARGUMENT, word);
    fails(dae_dataset_borrow_array(&dataset, data, count, rank, shape, count_release, &released),
          DAE_ERROR_ARGUMENT, word);
    fails(
        dae_dataset_create_callback(&dataset, count, rank, shape, make_samples, count_maker_release, &maker),
        DAE_ERROR_ARGUMENT, word);
    ck_assert_ptr_eq(dataset, untouched);
    ck_assert_int_eq(released + maker.released + maker.calls, 0);
}

START_TEST(shapes_are_checked) {
    static const size_t nine[] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, zero[] = {3, 0, 2};
    refuses_shape(1, 0, image, "rank");
    refuses_shape(1, 9, nine, "rank");
    refuses_shape(1, SIZE_MAX, nine, "rank");
    refuses_shape(1, 3, zero, "shape[1]");
    refuses_shape(1, 1, NULL, "shape");
    refuses_shape(0, 2, image, "count");
}
END_TEST

START_TEST(sizes_that_cannot_be_are_refused) {
    static const size_t half = (size_t)1 << (sizeof(size_t) * 4);
    const size_t square[] = {half, half};           /* the product is 0 in size_t */
    const size_t over[] = {half, half + 1};         /* and half here */
    const size_t long_one[] = {SIZE_MAX};           /* fits, its bytes do not */
    const size_t bytes_over[] = {SIZE_MAX / 4 + 2}; /* its bytes are 4 in size_t */
    const size_t cube[] = {half / 2, half / 2, 16};
    const size_t two[] = {2}, quarter[] = {SIZE_MAX / 8};
    refuses_shape(1, 2, square, "");
    refuses_shape(1, 2, over, "");
    refuses_shape(1, 1, long_one, "");
    refuses_shape(1, 1, bytes_over, "");
    refuses_shape(1, 3, cube, "");
    refuses_shape(SIZE_MAX, 1, two, "");
    refuses_shape(SIZE_MAX / 2 + 1, 1, two, "");
    refuses_shape(16, 1, quarter, "");
    refuses_shape(SIZE_MAX, 2, image, "");
}
END_TEST

START_TEST(null_is_refused) {
    float data[SIZE] = {0};
    struct maker maker = {0};
    dae_dataset *const untouched = (dae_dataset *)&maker, *dataset = untouched;
    fails(dae_dataset_copy_array(NULL, data, 1, 2, image), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_copy_array(&dataset, NULL, 1, 2, image), DAE_ERROR_ARGUMENT, "data");
    fails(dae_dataset_borrow_array(NULL, data, 1, 2, image, NULL, NULL), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_borrow_array(&dataset, NULL, 1, 2, image, NULL, NULL), DAE_ERROR_ARGUMENT, "data");
    fails(dae_dataset_create_callback(NULL, 1, 2, image, make_samples, NULL, &maker), DAE_ERROR_ARGUMENT,
          "out");
    fails(dae_dataset_create_callback(&dataset, 1, 2, image, NULL, NULL, &maker), DAE_ERROR_ARGUMENT, "read");
    ck_assert_ptr_eq(dataset, untouched);
    dae_dataset_free(NULL);

    size_t count = 77, rank = 77, shape[DAE_MAX_RANK] = {77};
    ok(dae_dataset_copy_array(&dataset, data, 1, 2, image));
    fails(dae_dataset_get_count(NULL, &count), DAE_ERROR_ARGUMENT, "dataset");
    fails(dae_dataset_get_count(dataset, NULL), DAE_ERROR_ARGUMENT, "count");
    fails(dae_dataset_get_shape(NULL, DAE_ALL_SAMPLES, &rank, shape), DAE_ERROR_ARGUMENT, "dataset");
    fails(dae_dataset_get_shape(dataset, DAE_ALL_SAMPLES, NULL, shape), DAE_ERROR_ARGUMENT, "rank");
    fails(dae_dataset_get_shape(dataset, DAE_ALL_SAMPLES, &rank, NULL), DAE_ERROR_ARGUMENT, "shape");
    fails(dae_dataset_get_target_shape(NULL, DAE_ALL_SAMPLES, &rank, shape), DAE_ERROR_ARGUMENT, "dataset");
    fails(dae_dataset_get_target_shape(dataset, DAE_ALL_SAMPLES, NULL, shape), DAE_ERROR_ARGUMENT, "rank");
    fails(dae_dataset_get_target_shape(dataset, DAE_ALL_SAMPLES, &rank, NULL), DAE_ERROR_ARGUMENT, "shape");
    fails(dae_dataset_read(NULL, 0, 0, 1, data, data), DAE_ERROR_ARGUMENT, "dataset");
    ck_assert_uint_eq(count, 77);
    ck_assert_uint_eq(rank, 77);
    ck_assert_uint_eq(shape[0], 77);
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(ranges_are_checked) {
    static const size_t ranges[][2] = {
        {0, COUNT + 1},    {1, COUNT},        {COUNT, 1},    {COUNT + 1, 0},
        {SIZE_MAX, 1},     {SIZE_MAX, 2},     {1, SIZE_MAX}, {SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1},
        {2, SIZE_MAX - 1}, {SIZE_MAX - 3, 5},
    };
    float data[VALUES], inputs[1] = {77};
    dae_dataset *dataset = NULL;
    ramp(data);
    ok(dae_dataset_copy_array(&dataset, data, COUNT, 2, image));
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        fails(dae_dataset_read(dataset, 0, ranges[i][0], ranges[i][1], inputs, inputs), DAE_ERROR_ARGUMENT,
              "12");
    fails(dae_dataset_read(dataset, UINT64_C(1) << 32, 0, 1, inputs, NULL), DAE_ERROR_ARGUMENT, "epoch");
    fails(dae_dataset_read(dataset, UINT64_MAX, 0, 1, inputs, NULL), DAE_ERROR_ARGUMENT, "epoch");
    ck_assert_float_eq(inputs[0], 77);
    dae_dataset_free(dataset);
}
END_TEST

/* Four samples read into one array that also holds what is borrowed: refused where both share a value. */
START_TEST(arrays_may_not_overlap) {
    enum { SAMPLES = 4, READ = SAMPLES * SIZE, FIRST = 2, AT = READ };
    float data[VALUES + 2 * READ], expected[VALUES + 2 * READ], other[READ];
    dae_dataset *borrowed = NULL, *view = NULL;
    ramp(data + AT);
    ok(dae_dataset_borrow_array(&borrowed, data + AT, COUNT, 2, image, NULL, NULL));
    ok(dae_dataset_slice(&view, borrowed, 1, COUNT - 1));
    for (size_t i = 0; i < READ; i++)
        data[i] = data[VALUES + READ + i] = 77;
    memcpy(expected, data, sizeof data);
    /* sample 2 of the view is sample 3 of the array */
    const size_t begin = AT + (FIRST + 1) * SIZE, end = begin + READ;
    for (size_t at = begin - READ; at <= end; at += SIZE / 2) {
        if (at == begin - READ || at == end)
            continue;
        fails(dae_dataset_read(view, 0, FIRST, SAMPLES, data + at, NULL), DAE_ERROR_ARGUMENT, "overlap");
        fails(dae_dataset_read(view, 0, FIRST, SAMPLES, NULL, data + at), DAE_ERROR_ARGUMENT, "overlap");
        fails(dae_dataset_read(view, 0, FIRST, SAMPLES, other, data + at), DAE_ERROR_ARGUMENT, "targets");
    }
    for (size_t at = 1; at < READ; at++)
        fails(dae_dataset_read(view, 0, FIRST, SAMPLES, data, data + at), DAE_ERROR_ARGUMENT,
              "inputs and targets overlap");
    same_floats(data, expected, VALUES + 2 * READ);
    ok(dae_dataset_read(view, 0, FIRST, SAMPLES, data, data + VALUES + READ));
    same_floats(data, expected + begin, READ);
    same_floats(data + VALUES + READ, expected + begin, READ);
    ok(dae_dataset_read(view, 0, FIRST, SAMPLES, other, NULL));
    same_floats(other, expected + begin, READ);
    dae_dataset_free(view);
    dae_dataset_free(borrowed);
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

static const float some[VALUES];

static dae_status copy_and_free(void *user) {
    dae_dataset *dataset = user;
    dae_status status = dae_dataset_copy_array(&dataset, some, COUNT, 2, image);
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, user);
    return status;
}

static dae_status borrow_and_free(void *user) {
    int released = 0;
    dae_dataset *dataset = user;
    dae_status status = dae_dataset_borrow_array(&dataset, some, COUNT, 2, image, count_release, &released);
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, user);
    ck_assert_int_eq(released, status == DAE_OK);
    return status;
}

static dae_status create_and_free(void *user) {
    struct maker maker = {0};
    dae_dataset *dataset = user;
    dae_status status = dae_dataset_create_callback(&dataset, COUNT, 2, image, make_samples,
                                                    count_maker_release, &maker);
    if (status == DAE_OK)
        dae_dataset_free(dataset);
    else
        ck_assert_ptr_eq(dataset, user);
    ck_assert_int_eq(maker.released, status == DAE_OK);
    return status;
}

START_TEST(memory_may_run_out) {
    int anything;
    ck_assert_uint_ge(every_allocation_fails(copy_and_free, &anything), 1);
    ck_assert_uint_ge(every_allocation_fails(borrow_and_free, &anything), 1);
    ck_assert_uint_ge(every_allocation_fails(create_and_free, &anything), 1);
}
END_TEST

START_TEST(a_copy_too_large_is_out_of_memory) {
    const size_t large[] = {(size_t)1 << 26};
    int anything;
    dae_dataset *const untouched = (dae_dataset *)&anything, *dataset = untouched;
    heap_watch();
    heap_limit(1 << 20);
    fails(dae_dataset_copy_array(&dataset, some, 1, 1, large), DAE_ERROR_MEMORY, "memory");
    ck_assert_ptr_eq(dataset, untouched);
    heap_unwatch();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dataset");
    TCase *sources = add_case(suite, "sources");
    tcase_add_test(sources, a_copy_stands_alone);
    tcase_add_test(sources, a_borrowed_array_is_read_where_it_lies);
    tcase_add_test(sources, a_callback_gives_what_it_is_asked_for);
    tcase_add_test(sources, a_callback_may_drop_what_is_read);
    tcase_add_test(sources, a_callback_may_fail);
    tcase_add_test(sources, special_values_pass_unchanged);
    tcase_add_test(sources, every_rank);
    tcase_add_test(sources, many_threads_may_read);
    TCase *errors = add_case(suite, "errors");
    tcase_add_test(errors, shapes_are_checked);
    tcase_add_test(errors, sizes_that_cannot_be_are_refused);
    tcase_add_test(errors, null_is_refused);
    tcase_add_test(errors, ranges_are_checked);
    tcase_add_test(errors, arrays_may_not_overlap);
    tcase_add_test(errors, memory_may_run_out);
    tcase_add_test(errors, a_copy_too_large_is_out_of_memory);
    return suite_main(suite);
}
