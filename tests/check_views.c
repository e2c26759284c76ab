/* Views of datasets: slice, split, corrupt, clip, pair, cache. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 20, SIZE = 6, VALUES = COUNT * SIZE };

static const size_t image[] = {2, 3};

/* x[i] = (i + 0.5) / VALUES */
static void ramp(float x[VALUES]) {
    for (int i = 0; i < VALUES; i++)
        x[i] = ((float)i + 0.5f) / VALUES;
}

static dae_dataset *clean_images(void) {
    float data[VALUES];
    dae_dataset *dataset = NULL;
    ramp(data);
    ok(dae_dataset_copy_array(&dataset, data, COUNT, 2, image));
    return dataset;
}

static dae_noise *parse(const char *text) {
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, text));
    return noise;
}

/* A new corrupted view; the recipe is known to nobody else. */
static dae_dataset *corrupted(dae_dataset *source, const char *text, int32_t mode, uint64_t seed) {
    dae_noise *noise = parse(text);
    dae_dataset *dataset = NULL;
    ok(dae_dataset_corrupt(&dataset, source, noise, mode, seed));
    dae_noise_free(noise);
    return dataset;
}

static size_t count_of(const dae_dataset *dataset) {
    size_t count = 0;
    ok(dae_dataset_get_count(dataset, &count));
    return count;
}

/* Inputs and targets of samples [first, first + count) are these, also when read one by one. */
static void reads(const dae_dataset *dataset, uint64_t epoch, size_t first, size_t count, const float *inputs,
                  const float *targets) {
    float got_inputs[VALUES], got_targets[VALUES];
    ok(dae_dataset_read(dataset, epoch, first, count, got_inputs, got_targets));
    same_floats(got_inputs, inputs, count * SIZE);
    same_floats(got_targets, targets, count * SIZE);
    for (size_t i = count; i-- > 0;) {
        ok(dae_dataset_read(dataset, epoch, first + i, 1, got_inputs, NULL));
        same_floats(got_inputs, inputs + i * SIZE, SIZE);
        ok(dae_dataset_read(dataset, epoch, first + i, 1, NULL, got_targets));
        same_floats(got_targets, targets + i * SIZE, SIZE);
    }
}

static void same_shape(const dae_dataset *view, const dae_dataset *source) {
    size_t rank[2], shape[2][DAE_MAX_RANK] = {{0}};
    ok(dae_dataset_get_shape(view, DAE_ALL_SAMPLES, &rank[0], shape[0]));
    ok(dae_dataset_get_shape(source, DAE_ALL_SAMPLES, &rank[1], shape[1]));
    ck_assert_uint_eq(rank[0], rank[1]);
    ck_assert_mem_eq(shape[0], shape[1], sizeof shape[0]);
    ok(dae_dataset_get_target_shape(view, DAE_ALL_SAMPLES, &rank[0], shape[0]));
    ok(dae_dataset_get_target_shape(source, DAE_ALL_SAMPLES, &rank[1], shape[1]));
    ck_assert_uint_eq(rank[0], rank[1]);
    ck_assert_mem_eq(shape[0], shape[1], sizeof shape[0]);
}

/* ---- Slice and split -------------------------------------------------------------------------- */

START_TEST(a_slice_is_a_part) {
    float x[VALUES];
    ramp(x);
    dae_dataset *clean = clean_images(), *slice = NULL, *inner = NULL;
    for (size_t first = 0; first < COUNT; first += 3)
        for (size_t count = 1; first + count <= COUNT; count += 2) {
            ok(dae_dataset_slice(&slice, clean, first, count));
            ck_assert_uint_eq(count_of(slice), count);
            same_shape(slice, clean);
            reads(slice, 0, 0, count, x + first * SIZE, x + first * SIZE);
            fails(dae_dataset_read(slice, 0, count, 1, x, NULL), DAE_ERROR_ARGUMENT, "range");
            dae_dataset_free(slice);
        }
    ok(dae_dataset_slice(&slice, clean, 5, 10));
    ok(dae_dataset_slice(&inner, slice, 2, 3));
    reads(inner, 0, 0, 3, x + 7 * SIZE, x + 7 * SIZE);
    dae_dataset_free(clean);
    dae_dataset_free(slice);
    reads(inner, 0, 1, 2, x + 8 * SIZE, x + 8 * SIZE);
    dae_dataset_free(inner);
}
END_TEST

START_TEST(a_slice_lies_in_its_source) {
    static const size_t ranges[][2] = {
        {0, 0},        {5, 0},        {COUNT, 0},    {0, COUNT + 1}, {1, COUNT},
        {COUNT, 1},    {SIZE_MAX, 1}, {1, SIZE_MAX}, {SIZE_MAX, 2},  {SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1},
        {COUNT + 1, 1}};
    dae_dataset *clean = clean_images(), *const untouched = (dae_dataset *)&clean, *slice = untouched;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        fails(dae_dataset_slice(&slice, clean, ranges[i][0], ranges[i][1]), DAE_ERROR_ARGUMENT, "20");
    fails(dae_dataset_slice(NULL, clean, 0, 1), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_slice(&slice, NULL, 0, 1), DAE_ERROR_ARGUMENT, "source");
    ck_assert_ptr_eq(slice, untouched);
    dae_dataset_free(clean);
}
END_TEST

START_TEST(a_split_is_both_parts) {
    float x[VALUES];
    ramp(x);
    dae_dataset *clean = clean_images(), *first = NULL, *rest = NULL;
    for (size_t count = 1; count < COUNT; count++) {
        ok(dae_dataset_split(&first, &rest, clean, count));
        ck_assert_uint_eq(count_of(first), count);
        ck_assert_uint_eq(count_of(rest), COUNT - count);
        reads(first, 0, 0, count, x, x);
        dae_dataset_free(first);
        reads(rest, 0, 0, COUNT - count, x + count * SIZE, x + count * SIZE);
        dae_dataset_free(rest);
    }
    dae_dataset *const untouched = (dae_dataset *)&clean;
    first = rest = untouched;
    fails(dae_dataset_split(&first, &rest, clean, 0), DAE_ERROR_ARGUMENT, "count");
    fails(dae_dataset_split(&first, &rest, clean, COUNT), DAE_ERROR_ARGUMENT, "count");
    fails(dae_dataset_split(&first, &rest, clean, SIZE_MAX), DAE_ERROR_ARGUMENT, "count");
    fails(dae_dataset_split(NULL, &rest, clean, 1), DAE_ERROR_ARGUMENT, "first");
    fails(dae_dataset_split(&first, NULL, clean, 1), DAE_ERROR_ARGUMENT, "rest");
    fails(dae_dataset_split(&first, &first, clean, 1), DAE_ERROR_ARGUMENT, "the same pointer");
    fails(dae_dataset_split(&first, &rest, NULL, 1), DAE_ERROR_ARGUMENT, "source");
    ck_assert_ptr_eq(first, untouched);
    ck_assert_ptr_eq(rest, untouched);
    dae_dataset_free(clean);
}
END_TEST

/* ---- Corrupt ---------------------------------------------------------------------------------- */

static const char recipe[] = "gaussian(mean=0.5, stddev=0.5) | clip(0, 1) | masking(0.25)";

/* The noise that samples [first, first + COUNT) get, drawn without a dataset. */
static void noisy_ramp(float x[VALUES], uint64_t seed, uint64_t epoch, uint64_t first) {
    dae_noise *noise = parse(recipe);
    ramp(x);
    ok(dae_noise_apply(noise, x, COUNT, 1, (const size_t[]){SIZE}, seed, epoch, first));
    dae_noise_free(noise);
}

START_TEST(noise_is_on_inputs_only) {
    float clean_values[VALUES], noisy[VALUES];
    ramp(clean_values);
    dae_dataset *clean = clean_images();
    dae_dataset *fresh = corrupted(clean, recipe, DAE_NOISE_FRESH, 17);
    dae_dataset *once = corrupted(clean, recipe, DAE_NOISE_ONCE, 17);
    dae_dataset_free(clean);
    static const uint64_t epochs[] = {0, 1, 2, 49, 4294967295};
    for (size_t i = 0; i < 5; i++) {
        noisy_ramp(noisy, 17, epochs[i], 0);
        reads(fresh, epochs[i], 0, COUNT, noisy, clean_values);
        noisy_ramp(noisy, 17, 0, 0);
        reads(once, epochs[i], 0, COUNT, noisy, clean_values);
    }
    dae_dataset_free(fresh);
    dae_dataset_free(once);
}
END_TEST

START_TEST(fresh_noise_is_new_in_every_epoch) {
    float a[VALUES], b[VALUES];
    dae_dataset *clean = clean_images();
    dae_dataset *fresh = corrupted(clean, "gaussian(1)", DAE_NOISE_FRESH, 17);
    dae_dataset *other = corrupted(clean, "gaussian(1)", DAE_NOISE_FRESH, 18);
    ok(dae_dataset_read(fresh, 3, 0, COUNT, a, NULL));
    ok(dae_dataset_read(fresh, 4, 0, COUNT, b, NULL));
    for (int i = 0; i < VALUES; i++)
        ck_assert_float_ne(a[i], b[i]);
    ok(dae_dataset_read(other, 3, 0, COUNT, b, NULL));
    for (int i = 0; i < VALUES; i++)
        ck_assert_float_ne(a[i], b[i]);
    dae_dataset_free(fresh);
    dae_dataset_free(other);
    dae_dataset_free(clean);
}
END_TEST

/* The index that counts is the one in the source of corrupt(): a slice behind it changes nothing, a slice
 * before it starts at 0 again. */
START_TEST(the_index_in_the_source_counts) {
    float x[VALUES], whole[VALUES], part[VALUES];
    ramp(x);
    noisy_ramp(whole, 17, 6, 0);
    dae_dataset *clean = clean_images(), *slice = NULL, *first = NULL, *rest = NULL;
    dae_dataset *noisy = corrupted(clean, recipe, DAE_NOISE_FRESH, 17);
    ok(dae_dataset_slice(&slice, noisy, 7, 5));
    reads(slice, 6, 0, 5, whole + 7 * SIZE, x + 7 * SIZE);
    ok(dae_dataset_split(&first, &rest, noisy, 13));
    reads(rest, 6, 0, 7, whole + 13 * SIZE, x + 13 * SIZE);
    dae_dataset_free(slice);
    dae_dataset_free(first);
    dae_dataset_free(rest);
    dae_dataset_free(noisy);

    ok(dae_dataset_slice(&slice, clean, 7, 5));
    noisy = corrupted(slice, recipe, DAE_NOISE_FRESH, 17);
    memcpy(part, x + 7 * SIZE, 5 * SIZE * sizeof *part);
    dae_noise *noise = parse(recipe);
    ok(dae_noise_apply(noise, part, 5, 1, (const size_t[]){SIZE}, 17, 6, 0));
    reads(noisy, 6, 0, 5, part, x + 7 * SIZE);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(slice);
    dae_dataset_free(clean);
}
END_TEST

/* Another seed and mode: the view still counts from where the one below has ended. */
START_TEST(noise_upon_noise) {
    float x[VALUES], expected[VALUES];
    ramp(x);
    noisy_ramp(expected, 1, 0, 0);
    dae_dataset *clean = clean_images();
    dae_dataset *first = corrupted(clean, recipe, DAE_NOISE_ONCE, 1);
    dae_dataset *second = corrupted(first, "uniform(-1, 1)", DAE_NOISE_FRESH, 2);
    dae_noise *noise = parse(
        "masking(0) | masking(0) | masking(0) | uniform(-1, 1)"); /* three that do nothing */
    ok(dae_noise_apply(noise, expected, COUNT, 1, (const size_t[]){SIZE}, 2, 5, 0));
    reads(second, 5, 0, COUNT, expected, x);
    dae_noise_free(noise);
    dae_dataset_free(clean);
    dae_dataset_free(first);
    dae_dataset_free(second);
}
END_TEST

START_TEST(arguments_of_corrupt) {
    dae_dataset *clean = clean_images(), *const untouched = (dae_dataset *)&clean, *noisy = untouched;
    dae_noise *noise = parse(recipe);
    static const int32_t modes[] = {-1, 2, 3, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < 5; i++)
        fails(dae_dataset_corrupt(&noisy, clean, noise, modes[i], 1), DAE_ERROR_ARGUMENT, "mode");
    fails(dae_dataset_corrupt(NULL, clean, noise, DAE_NOISE_ONCE, 1), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_corrupt(&noisy, NULL, noise, DAE_NOISE_ONCE, 1), DAE_ERROR_ARGUMENT, "source");
    fails(dae_dataset_corrupt(&noisy, clean, NULL, DAE_NOISE_ONCE, 1), DAE_ERROR_ARGUMENT, "noise");
    ck_assert_ptr_eq(noisy, untouched);
    dae_noise_free(noise);
    dae_dataset_free(clean);
}
END_TEST

/* ---- Clip, pair, cache ------------------------------------------------------------------------ */

START_TEST(clip_is_on_inputs_only) {
    float x[VALUES], clipped[VALUES];
    ramp(x);
    for (int i = 0; i < VALUES; i++)
        clipped[i] = fminf(fmaxf(x[i], 0.25f), 0.75f);
    dae_dataset *clean = clean_images(), *view = NULL;
    ok(dae_dataset_clip(&view, clean, 0.25, 0.75));
    same_shape(view, clean);
    dae_dataset_free(clean);
    reads(view, 3, 0, COUNT, clipped, x);
    dae_dataset_free(view);
}
END_TEST

START_TEST(arguments_of_clip) {
    dae_dataset *clean = clean_images(), *const untouched = (dae_dataset *)&clean, *view = untouched;
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < 3; i++) {
        fails(dae_dataset_clip(&view, clean, bad[i], 1), DAE_ERROR_ARGUMENT, "low");
        fails(dae_dataset_clip(&view, clean, 0, bad[i]), DAE_ERROR_ARGUMENT, "high");
    }
    fails(dae_dataset_clip(&view, clean, 0.75, 0.25), DAE_ERROR_ARGUMENT, "0.75");
    fails(dae_dataset_clip(NULL, clean, 0, 1), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_clip(&view, NULL, 0, 1), DAE_ERROR_ARGUMENT, "source");
    ck_assert_ptr_eq(view, untouched);
    dae_dataset_free(clean);
}
END_TEST

START_TEST(a_pair_takes_the_inputs_of_both) {
    float x[VALUES], noisy_values[VALUES], labels[COUNT], inputs[VALUES], targets[VALUES];
    ramp(x);
    noisy_ramp(noisy_values, 4, 2, 0);
    for (int i = 0; i < COUNT; i++)
        labels[i] = (float)(i % 10);
    dae_dataset *clean = clean_images(), *label = NULL, *pair = NULL, *slice = NULL;
    dae_dataset *noisy = corrupted(clean, recipe, DAE_NOISE_FRESH, 4);
    ok(dae_dataset_copy_array(&label, labels, COUNT, 1, (const size_t[]){1}));
    ok(dae_dataset_pair(&pair, noisy, label));
    size_t rank = 0, shape[DAE_MAX_RANK] = {0};
    ok(dae_dataset_get_shape(pair, DAE_ALL_SAMPLES, &rank, shape));
    ck_assert_uint_eq(rank, 2);
    ok(dae_dataset_get_target_shape(pair, DAE_ALL_SAMPLES, &rank, shape));
    ck_assert_uint_eq(rank, 1);
    ck_assert_uint_eq(shape[0], 1);
    ok(dae_dataset_slice(&slice, pair, 5, 10));
    dae_dataset_free(pair);
    dae_dataset_free(label);
    ok(dae_dataset_read(slice, 2, 3, 4, inputs, targets));
    same_floats(inputs, noisy_values + 8 * SIZE, 4 * SIZE);
    same_floats(targets, labels + 8, 4);
    dae_dataset_free(slice);

    /* clean inputs with noisy targets: the noise of the second is a target now */
    ok(dae_dataset_pair(&pair, clean, noisy));
    reads(pair, 2, 0, COUNT, x, noisy_values);
    dae_dataset_free(noisy);
    dae_dataset_free(clean);
    dae_dataset_free(pair);
}
END_TEST

START_TEST(arguments_of_pair) {
    dae_dataset *clean = clean_images(), *slice = NULL, *const untouched = (dae_dataset *)&clean;
    dae_dataset *pair = untouched;
    ok(dae_dataset_slice(&slice, clean, 0, 7));
    fails(dae_dataset_pair(&pair, clean, slice), DAE_ERROR_SHAPE, "20");
    fails(dae_dataset_pair(&pair, slice, clean), DAE_ERROR_SHAPE, "7");
    fails(dae_dataset_pair(NULL, clean, clean), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_pair(&pair, NULL, clean), DAE_ERROR_ARGUMENT, "inputs");
    fails(dae_dataset_pair(&pair, clean, NULL), DAE_ERROR_ARGUMENT, "targets");
    ck_assert_ptr_eq(pair, untouched);
    ok(dae_dataset_pair(&pair, clean, clean));
    dae_dataset_free(pair);
    dae_dataset_free(slice);
    dae_dataset_free(clean);
}
END_TEST

struct maker {
    int calls;
    int32_t result;
};

static int32_t make_samples(uint64_t first, size_t count, float *out, void *user) {
    struct maker *maker = user;
    maker->calls++;
    for (size_t i = 0; i < count * SIZE; i++)
        out[i] = ((float)(first * SIZE + i) + 0.5f) / VALUES;
    return maker->result;
}

START_TEST(a_cache_holds_epoch_0) {
    float x[VALUES], noisy_values[VALUES];
    ramp(x);
    noisy_ramp(noisy_values, 4, 0, 0);
    struct maker maker = {0};
    dae_dataset *source = NULL, *cache = NULL;
    ok(dae_dataset_create_callback(&source, COUNT, 2, image, make_samples, NULL, &maker));
    dae_dataset *noisy = corrupted(source, recipe, DAE_NOISE_FRESH, 4);
    dae_dataset_free(source);
    ok(dae_dataset_view(&cache, noisy, "cache", 0));
    ck_assert_int_ge(maker.calls, 1);
    same_shape(cache, noisy);
    dae_dataset_free(noisy);
    maker.calls = 0;
    reads(cache, 9, 0, COUNT, noisy_values, x);
    ck_assert_int_eq(maker.calls, 0);
    dae_dataset_free(cache);
}
END_TEST

START_TEST(arguments_of_cache) {
    struct maker maker = {.result = 5};
    dae_dataset *source = NULL, *const untouched = (dae_dataset *)&maker, *cache = untouched;
    ok(dae_dataset_create_callback(&source, COUNT, 2, image, make_samples, NULL, &maker));
    heap_watch();
    fails(dae_dataset_view(&cache, source, "cache", 0), DAE_ERROR_CALLBACK, "5");
    fails(dae_dataset_view(NULL, source, "cache", 0), DAE_ERROR_ARGUMENT, "out");
    fails(dae_dataset_view(&cache, NULL, "cache", 0), DAE_ERROR_ARGUMENT, "source");
    heap_unwatch();
    ck_assert_ptr_eq(cache, untouched);
    maker.result = 0;
    ok(dae_dataset_view(&cache, source, "cache", 0));
    dae_dataset_free(cache);
    dae_dataset_free(source);
}
END_TEST

START_TEST(errors_pass_through_views) {
    float inputs[VALUES];
    struct maker maker = {.result = 41};
    dae_dataset *source = NULL, *slice = NULL, *clipped = NULL, *pair = NULL;
    ok(dae_dataset_create_callback(&source, COUNT, 2, image, make_samples, NULL, &maker));
    dae_dataset *noisy = corrupted(source, recipe, DAE_NOISE_FRESH, 4);
    ok(dae_dataset_slice(&slice, noisy, 2, 9));
    ok(dae_dataset_clip(&clipped, slice, 0, 1));
    ok(dae_dataset_pair(&pair, clipped, clipped));
    fails(dae_dataset_read(pair, 0, 0, 2, inputs, NULL), DAE_ERROR_CALLBACK, "41");
    fails(dae_dataset_read(pair, 0, 0, 2, NULL, inputs), DAE_ERROR_CALLBACK, "41");
    maker.result = 0;
    ok(dae_dataset_read(pair, 0, 0, 2, inputs, inputs + 2 * SIZE));
    dae_dataset *all[] = {source, noisy, slice, clipped, pair};
    for (int i = 0; i < 5; i++)
        dae_dataset_free(all[i]);
}
END_TEST

/* ---- Lifetimes -------------------------------------------------------------------------------- */

static void count_release(void *user) {
    ++*(int *)user;
}

enum { OBJECTS = 8 };

/* An array, a chain of views over it, and the recipe. */
static void build(float *data, int *released, dae_dataset *all[OBJECTS]) {
    dae_noise *noise = parse(recipe);
    ok(dae_dataset_borrow_array(&all[0], data, COUNT, 2, image, count_release, released));
    ok(dae_dataset_corrupt(&all[1], all[0], noise, DAE_NOISE_FRESH, 3));
    dae_noise_free(noise);
    ok(dae_dataset_slice(&all[2], all[1], 2, 16));
    ok(dae_dataset_clip(&all[3], all[2], 0.1, 0.9));
    ok(dae_dataset_split(&all[4], &all[5], all[3], 8));
    ok(dae_dataset_pair(&all[6], all[4], all[5]));
    ok(dae_dataset_view(&all[7], all[6], "cache", 0));
}

START_TEST(views_may_be_freed_in_any_order) {
    float data[VALUES], expected[VALUES], inputs[VALUES], targets[VALUES], expected_targets[VALUES];
    int released = 0;
    uint32_t state = 7;
    ramp(data);
    for (int round = 0; round < 300; round++) {
        dae_dataset *all[OBJECTS];
        released = 0;
        heap_watch();
        build(data, &released, all);
        ok(dae_dataset_read(all[6], 0, 0, 8, expected, expected_targets));
        for (int left = OBJECTS; left > 0; left--) {
            state = state * 1664525 + 1013904223;
            int which = round == 0 ? 0 : round == 1 ? left - 1 : (int)((state >> 16) % (uint32_t)left);
            ck_assert_int_eq(released, 0);
            dae_dataset *gone = all[which];
            all[which] = all[left - 1];
            ok(dae_dataset_read(gone, 0, 0, 8, inputs, targets));
            dae_dataset_free(gone);
        }
        ck_assert_int_eq(released, 1);
        heap_unwatch();
    }
}
END_TEST

enum { MOST_VIEWS = 1000 };

/* One more view of a chain: through its inputs or through its targets. */
static dae_dataset *view_upon(dae_dataset *dataset, dae_dataset *source, bool as_target) {
    dae_dataset *view = NULL;
    if (as_target)
        ok(dae_dataset_pair(&view, source, dataset));
    else
        ok(dae_dataset_slice(&view, dataset, 0, COUNT));
    dae_dataset_free(dataset);
    return view;
}

START_TEST(a_chain_of_views_has_an_end) {
    float inputs[SIZE], targets[SIZE], x[VALUES];
    ramp(x);
    for (int through_targets = 0; through_targets <= 1; through_targets++) {
        dae_dataset *source = clean_images(), *dataset = clean_images(), *const untouched = source,
                    *more = untouched;
        for (int i = 0; i < MOST_VIEWS; i++)
            dataset = view_upon(dataset, source, through_targets == 1 && i % 2 == 0);
        ok(dae_dataset_read(dataset, 0, 3, 1, inputs, targets));
        same_floats(inputs, x + 3 * SIZE, SIZE);
        same_floats(targets, x + 3 * SIZE, SIZE);
        fails(dae_dataset_slice(&more, dataset, 0, 1), DAE_ERROR_ARGUMENT, "1000");
        fails(dae_dataset_clip(&more, dataset, 0, 1), DAE_ERROR_ARGUMENT, "dae_dataset_clip");
        fails(dae_dataset_view(&more, dataset, "cache", 0), DAE_ERROR_ARGUMENT, "1000");
        fails(dae_dataset_pair(&more, dataset, source), DAE_ERROR_ARGUMENT, "1000");
        fails(dae_dataset_pair(&more, source, dataset), DAE_ERROR_ARGUMENT, "1000");
        ck_assert_ptr_eq(more, untouched);
        dae_dataset_free(dataset);
        dae_dataset_free(source);
    }
}
END_TEST

/* ---- Memory ----------------------------------------------------------------------------------- */

/* Makes one view of each kind; frees whatever came into being. */
static dae_status make_views(void *user) {
    dae_dataset *source = user, *all[7] = {NULL};
    dae_noise *noise = NULL;
    dae_status status = dae_noise_parse(&noise, "masking(0.5)");
    if (status == DAE_OK)
        status = dae_dataset_corrupt(&all[0], source, noise, DAE_NOISE_ONCE, 1);
    if (status == DAE_OK)
        status = dae_dataset_corrupt(&all[1], all[0], noise, DAE_NOISE_ONCE, 1);
    if (status == DAE_OK)
        status = dae_dataset_clip(&all[2], all[1], 0, 1);
    if (status == DAE_OK)
        status = dae_dataset_slice(&all[3], all[2], 0, 8);
    if (status == DAE_OK) {
        status = dae_dataset_split(&all[4], &all[5], all[3], 4);
        ck_assert((all[4] == NULL) == (all[5] == NULL)); /* both or none */
        ck_assert((all[4] == NULL) == (status != DAE_OK));
    }
    if (status == DAE_OK)
        status = dae_dataset_pair(&all[6], all[4], all[5]);
    if (status == DAE_OK) {
        dae_dataset_free(all[0]);
        all[0] = NULL;
        status = dae_dataset_view(&all[0], all[6], "cache", 0);
    }
    for (int i = 0; i < 7; i++)
        dae_dataset_free(all[i]);
    dae_noise_free(noise);
    return status;
}

START_TEST(memory_may_run_out) {
    dae_dataset *clean = clean_images();
    ck_assert_uint_ge(every_allocation_fails(make_views, clean), 9);
    dae_dataset_free(clean);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("views");
    TCase *parts = add_case(suite, "slice and split");
    tcase_add_test(parts, a_slice_is_a_part);
    tcase_add_test(parts, a_slice_lies_in_its_source);
    tcase_add_test(parts, a_split_is_both_parts);
    TCase *corrupt = add_case(suite, "corrupt");
    tcase_add_test(corrupt, noise_is_on_inputs_only);
    tcase_add_test(corrupt, fresh_noise_is_new_in_every_epoch);
    tcase_add_test(corrupt, the_index_in_the_source_counts);
    tcase_add_test(corrupt, noise_upon_noise);
    tcase_add_test(corrupt, arguments_of_corrupt);
    TCase *others = add_case(suite, "clip, pair, cache");
    tcase_add_test(others, clip_is_on_inputs_only);
    tcase_add_test(others, arguments_of_clip);
    tcase_add_test(others, a_pair_takes_the_inputs_of_both);
    tcase_add_test(others, arguments_of_pair);
    tcase_add_test(others, a_cache_holds_epoch_0);
    tcase_add_test(others, arguments_of_cache);
    tcase_add_test(others, errors_pass_through_views);
    TCase *lifetimes = add_case(suite, "lifetimes");
    tcase_add_test(lifetimes, views_may_be_freed_in_any_order);
    tcase_add_test(lifetimes, a_chain_of_views_has_an_end);
    tcase_add_test(lifetimes, memory_may_run_out);
    return suite_main(suite);
}
