/* Which samples and which parts of them each kind of view gives, value by value: every value of a source is
 * its own number, so that it is known wherever it is seen again. */
#include "numbered.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Places ---------------------------------------------------------------------------------------- */

struct box {
    size_t sample, y, x, height, width;
};

/* A box of a numbered picture, with all its channels. */
static void is_box(const float *values, struct box b, size_t height, size_t width) {
    for (size_t c = 0; c < CHANNELS; c++)
        for (size_t y = 0; y < b.height; y++)
            for (size_t x = 0; x < b.width; x++)
                ck_assert_float_eq(values[(c * b.height + y) * b.width + x],
                                   (float)(((b.sample * CHANNELS + c) * height + b.y + y) * width + b.x + x));
}

START_TEST(windows_are_at_equal_distances) {
    static const size_t lengths[] = {1, 3, 4, 10, 36, 37}, hops[] = {1, 3, 8, 40};
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < 5; k++) {
            char text[64];
            size_t length = lengths[i], hop = k < 4 ? hops[k] : length;
            snprintf(text, sizeof text, k < 4 ? "windows(%zu, hop=%zu)" : "windows(%zu)", length, hop);
            dae_dataset *view = view_of(recordings(), text, 0);
            size_t each = (LENGTH - length) / hop + 1;
            ck_assert_uint_eq(count_of(view), SIGNALS * each);
            const float *values = inputs_of(view, 0);
            for (size_t n = 0; n < SIGNALS * each; n++)
                is_box(values + n * CHANNELS * length, (struct box){n / each, 0, n % each * hop, 1, length},
                       1, LENGTH);
            dae_dataset_free(view);
        }
}
END_TEST

START_TEST(patches_are_line_by_line) {
    static const size_t sizes[][3] = {{4, 3, 2}, {1, 1, 1},  {9, 11, 1}, {4, 11, 4},
                                      {9, 4, 5}, {2, 3, 20}, {3, 5, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char text[64];
        size_t height = sizes[i][0], width = sizes[i][1], stride = sizes[i][2];
        snprintf(text, sizeof text, stride > 0 ? "patches(%zu, %zu, stride=%zu)" : "patches(%zu, %zu)",
                 height, width, stride);
        dae_dataset *view = view_of(pictures(), text, 0);
        size_t down = stride > 0 ? stride : height, right = stride > 0 ? stride : width, n = 0;
        const float *values = inputs_of(view, 0);
        for (size_t sample = 0; sample < PICTURES; sample++)
            for (size_t y = 0; y + height <= HEIGHT; y += down)
                for (size_t x = 0; x + width <= WIDTH; x += right, n++)
                    is_box(values + n * CHANNELS * height * width, (struct box){sample, y, x, height, width},
                           HEIGHT, WIDTH);
        ck_assert_uint_eq(count_of(view), n);
        dae_dataset_free(view);
    }
}
END_TEST

/* Every place with the frequency that it should have, within 5 standard deviations; two epochs differ. */
START_TEST(crops_are_anywhere) {
    enum { EACH = 40, EPOCHS = 25, DRAWS = PICTURES * EACH * EPOCHS, PLACES = 6 * 7 };
    dae_dataset *view = view_of(pictures(), "crops(4, 5, count=40)", 3);
    size_t seen[6][7] = {{0}}, same = 0;
    float last[PICTURES * EACH] = {-1};
    has_shape(view, "2 x 4 x 5", "2 x 4 x 5");
    ck_assert_uint_eq(count_of(view), PICTURES * EACH);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        const float *values = inputs_of(view, epoch);
        for (size_t n = 0; n < PICTURES * EACH; n++) {
            size_t at = (size_t)values[n * 40] % (CHANNELS * HEIGHT * WIDTH), y = at / WIDTH, x = at % WIDTH;
            ck_assert(y < 6 && x < 7);
            is_box(values + n * 40, (struct box){n / EACH, y, x, 4, 5}, HEIGHT, WIDTH);
            seen[y][x]++;
            same += values[n * 40] == last[n];
            last[n] = values[n * 40];
        }
    }
    double mean = (double)DRAWS / PLACES;
    for (size_t i = 0; i < PLACES; i++)
        near(seen[i / 7][i % 7], mean, 5 * sqrt(mean));
    near(same, mean, 5 * sqrt(mean)); /* one place in PLACES comes twice in a row */
    dae_dataset_free(view);
}
END_TEST

START_TEST(crops_of_signals) {
    dae_dataset *view = view_of(recordings(), "crops(30, count=20)", 3);
    size_t seen[8] = {0};
    const float *values = inputs_of(view, 7);
    has_shape(view, "2 x 30", "2 x 30");
    for (size_t n = 0; n < SIGNALS * 20; n++) {
        size_t x = (size_t)values[n * 60] % LENGTH;
        ck_assert_uint_lt(x, 8);
        is_box(values + n * 60, (struct box){n / 20, 0, x, 1, 30}, 1, LENGTH);
        seen[x]++;
    }
    for (size_t x = 0; x < 8; x++)
        ck_assert_uint_gt(seen[x], 0);
    dae_dataset_free(view);
}
END_TEST

START_TEST(a_sample_without_channel_gets_one) {
    dae_dataset *view = view_of(numbered(3, 2, (const size_t[]){28, 28}), "patches(28, 28)", 0);
    has_shape(view, "1 x 28 x 28", "1 x 28 x 28");
    const float *values = inputs_of(view, 0);
    for (size_t i = 0; i < 3 * 28 * 28; i++)
        ck_assert_float_eq(values[i], (float)i);
    dae_dataset_free(view);
    view = view_of(numbered(3, 1, (const size_t[]){50}), "windows(20)", 0);
    has_shape(view, "1 x 20", "1 x 20");
    values = inputs_of(view, 0);
    for (size_t i = 0; i < 6 * 20; i++)
        ck_assert_float_eq(values[i], (float)(i / 40 * 50 + i % 40));
    dae_dataset_free(view);
}
END_TEST

/* ---- Recordings ------------------------------------------------------------------------------------ */

/* [length, channels] becomes [channels, length]; longer than what is read at once. */
START_TEST(series_is_one_recording) {
    for (size_t channels = 1; channels <= 3; channels++) {
        size_t length = 5000;
        dae_dataset *series = view_of(numbered(length, 1, &channels), "series", 0);
        ck_assert_uint_eq(count_of(series), 1);
        const float *values = inputs_of(series, 0);
        for (size_t c = 0; c < channels; c++)
            for (size_t t = 0; t < length; t++)
                ck_assert_float_eq(values[c * length + t], (float)(t * channels + c));
        dae_dataset *windows = view_of(series, "windows(7, hop=3)", 0);
        values = NULL;
        for (size_t n = 0; n < count_of(windows); n += 97) {
            float window[21];
            ok(dae_dataset_read(windows, 0, n, 1, window, NULL));
            for (size_t i = 0; i < 7 * channels; i++)
                ck_assert_float_eq(window[i], (float)((n * 3 + i % 7) * channels + i / 7));
        }
        dae_dataset_free(windows);
    }
    dae_dataset *single = view_of(numbered(1, 1, (const size_t[]){50}), "series", 0);
    has_shape(single, "1 x 50", "1 x 50");
    ck_assert_float_eq(inputs_of(single, 0)[49], 49);
    dae_dataset_free(single);
}
END_TEST

/* Neighbouring parts have each sample, or each value of a recording, once. */
START_TEST(other_shapes_of_as_many_values) {
    dae_dataset *view = view_of(pictures(), "reshape(11, 18)", 0), *classes = NULL, *pair = NULL;
    has_shape(view, "11 x 18", "11 x 18");
    const float *values = inputs_of(view, 0);
    for (size_t i = 0; i < PICTURES * 198; i++)
        ck_assert_float_eq(values[i], (float)i);
    dae_dataset_free(view);
    dae_dataset *inputs = pictures();
    classes = numbered(PICTURES, 1, (const size_t[]){1});
    ok(dae_dataset_pair(&pair, inputs, classes));
    view = view_of(pair, "reshape(198)", 0);
    has_shape(view, "198", "1");
    dae_dataset_free(view);
    dae_dataset_free(classes);
    dae_dataset_free(inputs);
    /* moments, as one recording and back */
    view = view_of(numbered(50, 1, (const size_t[]){3}), "series | windows(1) | reshape(3)", 0);
    has_shape(view, "3", "3");
    values = inputs_of(view, 0);
    for (size_t i = 0; i < 150; i++)
        ck_assert_float_eq(values[i], (float)i);
    dae_dataset_free(view);
}
END_TEST

START_TEST(parts_leave_nothing_out) {
    static const double cuts[] = {0, 0.05, 0.35, 0.5, 0.8, 1};
    for (int is_recording = 0; is_recording <= 1; is_recording++) {
        size_t next = 0;
        for (size_t i = 0; i + 1 < sizeof cuts / sizeof *cuts; i++) {
            dae_dataset *source = numbered(37, 1, (const size_t[]){1});
            char text[64];
            ok(dae_recipe_fill(text, sizeof text, NULL, is_recording ? "series | part(?, ?)" : "part(?, ?)",
                               cuts + i, 2));
            dae_dataset *part = view_of(source, text, 0);
            size_t rank, shape[DAE_MAX_RANK];
            ok(dae_dataset_get_shape(part, 0, &rank, shape));
            size_t count = is_recording ? shape[1] : count_of(part);
            const float *values = inputs_of(part, 0);
            ck_assert_uint_eq(next, (size_t)floor(cuts[i] * 37 + 0.5));
            for (size_t k = 0; k < count; k++)
                ck_assert_float_eq(values[k], (float)next++);
            dae_dataset_free(part);
        }
        ck_assert_uint_eq(next, 37);
    }
}
END_TEST

/* ---- Which samples --------------------------------------------------------------------------------- */

static void orders(const char *text, uint64_t seed, float order[PICTURES * 20]) {
    dae_dataset *view = view_of(numbered(100, 1, (const size_t[]){1}), text, seed);
    ck_assert_uint_eq(count_of(view), 100);
    memcpy(order, inputs_of(view, 0), 100 * sizeof *order);
    float later[100];
    ok(dae_dataset_read(view, 9, 0, 100, later, NULL));
    same_floats(later, order, 100);
    dae_dataset_free(view);
}

START_TEST(shuffle_has_each_sample_once) {
    float a[100], b[100], c[100], d[100];
    bool seen[100] = {false};
    orders("shuffle", 1, a);
    orders("shuffle", 1, b);
    orders("shuffle", 2, c);
    orders("shuffle | shuffle", 1, d); /* the second has an order of its own */
    same_floats(b, a, 100);
    size_t at_home = 0, moved = 0, alike = 0;
    for (int i = 0; i < 100; i++) {
        ck_assert(!seen[(int)a[i]]);
        seen[(int)a[i]] = true;
        at_home += a[i] == (float)i;
        moved += c[i] != a[i];
        alike += d[i] == a[(int)a[i]];
    }
    ck_assert_uint_lt(at_home, 10);
    ck_assert_uint_gt(moved, 90);
    ck_assert_uint_lt(alike, 10);
}
END_TEST

START_TEST(a_shuffled_split_has_both_parts) {
    bool seen[100] = {false};
    for (int part = 0; part < 2; part++) {
        dae_dataset *view = view_of(numbered(100, 1, (const size_t[]){1}),
                                    part == 0 ? "shuffle | part(0, 0.7)" : "shuffle | part(0.7, 1)", 5);
        ck_assert_uint_eq(count_of(view), part == 0 ? 70 : 30);
        const float *values = inputs_of(view, 0);
        for (size_t i = 0; i < count_of(view); i++) {
            ck_assert(!seen[(int)values[i]]);
            seen[(int)values[i]] = true;
        }
        dae_dataset_free(view);
    }
}
END_TEST

START_TEST(samples_again_and_by_number) {
    dae_dataset *view = view_of(numbered(4, 1, (const size_t[]){2}), "repeat(3)", 0);
    const float *values = inputs_of(view, 0);
    ck_assert_uint_eq(count_of(view), 12);
    for (size_t i = 0; i < 24; i++)
        ck_assert_float_eq(values[i], (float)(i % 8));
    dae_dataset_free(view);
    static const char *const texts[] = {"index(3, 0, 0, 1)", "index(samples=[3, 0, 0, 1])"};
    static const float expected[] = {6, 7, 0, 1, 0, 1, 2, 3};
    for (size_t i = 0; i < 2; i++) {
        view = view_of(numbered(4, 1, (const size_t[]){2}), texts[i], 0);
        ck_assert_uint_eq(count_of(view), 4);
        same_floats(inputs_of(view, 0), expected, 8);
        dae_dataset_free(view);
    }
    view = view_of(numbered(4, 1, (const size_t[]){2}), "index(2)", 0);
    ck_assert_float_eq(inputs_of(view, 0)[1], 5);
    dae_dataset_free(view);
}
END_TEST

/* ---- Draws ----------------------------------------------------------------------------------------- */

/* Steps of one text are those of several calls; each draws for itself; another seed is another draw. */
START_TEST(each_step_draws_for_itself) {
    dae_dataset *whole = view_of(numbered(200, 2, (const size_t[]){1, 20}), "crops(19) | crops(18)", 1);
    dae_dataset *half = view_of(numbered(200, 2, (const size_t[]){1, 20}), "crops(19)", 1);
    dae_dataset *slice = NULL;
    ok(dae_dataset_slice(&slice, half, 0, 200));
    dae_dataset_free(half);
    dae_dataset *twice = view_of(slice, "crops(18)", 1);
    dae_dataset *other = view_of(numbered(200, 2, (const size_t[]){1, 20}), "crops(19) | crops(18)", 2);
    size_t seen[3] = {0}, differing = 0;
    for (size_t n = 0; n < 200; n++) {
        float a[18], b[18], c[18];
        ok(dae_dataset_read(whole, 4, n, 1, a, NULL));
        ok(dae_dataset_read(twice, 4, n, 1, b, NULL));
        ok(dae_dataset_read(other, 4, n, 1, c, NULL));
        same_floats(b, a, 18);
        seen[(size_t)a[0] % 20]++;
        differing += a[0] != c[0];
    }
    near(seen[0], 50, 31); /* 1 : 2 : 1, as two independent draws have it */
    near(seen[1], 100, 36);
    near(seen[2], 50, 31);
    ck_assert_uint_gt(differing, 70);
    dae_dataset_free(whole);
    dae_dataset_free(twice);
    dae_dataset_free(other);
}
END_TEST

/* ---- What is refused ------------------------------------------------------------------------------- */

START_TEST(what_does_not_fit_is_refused) {
    static const struct {
        const char *text;
        dae_status status;
        const char *message;
    } cases[] = {
        {"windows(5)", DAE_ERROR_SHAPE,
         "dae_dataset_view: windows: samples have shape 2 x 9 x 11, expected signals"},
        {"patches(10, 3)", DAE_ERROR_SHAPE, "patches: sample 0 is 9 x 11, expected at least 10 x 3"},
        {"crops(3, 12)", DAE_ERROR_SHAPE, "crops: sample 0 is 9 x 11, expected at least 3 x 12"},
        {"crops(1, 2, 3)", DAE_ERROR_ARGUMENT, "one length, or a height and a width"},
        {"crops(12)", DAE_ERROR_SHAPE, "signals"},
        {"series", DAE_ERROR_SHAPE, "series: samples have shape 2 x 9 x 11, expected one dimension"},
        {"reshape(9, 22, 2)", DAE_ERROR_SHAPE,
         "reshape: samples have shape 2 x 9 x 11, expected as many values as 9 x 22 x 2"},
        {"reshape(1, 1, 1, 1, 1, 1, 2, 9, 11)", DAE_ERROR_ARGUMENT, "reshape"},
        {"reshape(9e15, 9e15)", DAE_ERROR_ARGUMENT, "reshape"},
        {"index(4, 5)", DAE_ERROR_ARGUMENT, "index: sample 5 is not in the dataset, expected 0 to 4"},
        {"channels(1, 2)", DAE_ERROR_ARGUMENT,
         "channels: channels 1 to 2 are not in the samples, expected 0 to 1"},
        {"part(0.5, 0.5)", DAE_ERROR_ARGUMENT, "from < to"},
        {"part(0.31, 0.49)", DAE_ERROR_ARGUMENT, "part: there is nothing from 0.31 to 0.49 of 5 samples"},
        {"part(0, 0.2) | part(0, 0.5)", DAE_ERROR_SHAPE,
         "part: samples have shape 2 x 9 x 11, expected signals"},
        {"augment(turns=yes)", DAE_ERROR_SHAPE, "augment: sample 0 has shape 2 x 9 x 11, expected squares"},
        {"one_hot(3)", DAE_ERROR_SHAPE, "one_hot: targets have shape 2 x 9 x 11, expected one value"},
        {"repeat(9e15) | repeat(9e15)", DAE_ERROR_ARGUMENT, "repeat: "},
        {"repeat(2e15)", DAE_ERROR_ARGUMENT,
         "repeat: it would have 10000000000000000 samples, expected at most 2^53"},
        {"blind_spots(0, 1)", DAE_ERROR_ARGUMENT, "rate is 0"},
        {"blind_spots(0.5, 0)", DAE_ERROR_ARGUMENT, "radius is 0"},
        {"windows(0)", DAE_ERROR_ARGUMENT, "length is 0"},
        {"windows", DAE_ERROR_FORMAT, "windows needs length"},
        {"fill(1e39)", DAE_ERROR_ARGUMENT, "value is 1e+39"},
        {"bend", DAE_ERROR_FORMAT, "found 'bend', expected series, reshape, part"},
        {"crops(2, 2) |", DAE_ERROR_FORMAT, "expected a name"},
    };
    dae_dataset *source = pictures(), *const untouched = source, *view = untouched;
    heap_watch();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        fails(dae_dataset_view(&view, source, cases[i].text, 1), cases[i].status, cases[i].message);
    ck_assert_ptr_eq(view, untouched);
    heap_unwatch();
    dae_dataset_free(source);
    source = recordings();
    fails(dae_dataset_view(&view, source, "patches(38, 1)", 1), DAE_ERROR_SHAPE, "sample 0 is 2 x 37");
    fails(dae_dataset_view(&view, source, "windows(38)", 1), DAE_ERROR_SHAPE,
          "sample 0 has length 37, expected at least 38");
    fails(dae_dataset_view(&view, source, "augment(turns=yes)", 1), DAE_ERROR_SHAPE, "expected squares");
    dae_dataset_free(source);
}
END_TEST

START_TEST(targets_of_another_size_are_refused) {
    dae_dataset *inputs = pictures(), *targets = numbered(PICTURES, 3, (const size_t[]){2, 9, 12}),
                *pair = NULL, *view = NULL;
    static const char *const texts[] = {"patches(2, 2)", "crops(2, 2)", "augment(flips=yes)"};
    ok(dae_dataset_pair(&pair, inputs, targets));
    for (size_t i = 0; i < 3; i++)
        fails(dae_dataset_view(&view, pair, texts[i], 1), DAE_ERROR_SHAPE,
              "sample 0 is 2 x 9 x 11 and its target is 2 x 9 x 12, expected the same height and width");
    dae_dataset_free(pair);
    dae_dataset_free(inputs);
    dae_dataset_free(targets);
}
END_TEST

START_TEST(views_that_draw_have_an_end) {
    dae_dataset *view = numbered(3, 1, (const size_t[]){4}), *more = NULL;
    for (int i = 0; i < 256; i++)
        view = view_of(view, "augment(flips=yes)", 1);
    fails(dae_dataset_view(&more, view, "shuffle", 1), DAE_ERROR_ARGUMENT, "256");
    dae_dataset_free(view_of(view, "repeat(2)", 1));
}
END_TEST

/* Arrays must not lie in borrowed data, of which a view reads a part. */
START_TEST(reading_into_the_source_is_refused) {
    static const char *const texts[] = {"windows(4)",         "crops(4, count=9)", "shuffle",
                                        "augment(flips=yes)", "channels(1, 1)",    "index(2, 0)"};
    float values[3 * 2 * 40] = {0}, elsewhere[400];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dae_dataset *source = NULL;
        ok(dae_dataset_borrow_array(&source, values, 3, 2, (const size_t[]){2, 40}, NULL, NULL));
        dae_dataset *view = view_of(source, texts[i], 1);
        fails(dae_dataset_read(view, 0, 0, count_of(view), values, NULL), DAE_ERROR_ARGUMENT, "overlap");
        fails(dae_dataset_read(view, 0, 0, count_of(view), elsewhere, values), DAE_ERROR_ARGUMENT, "overlap");
        dae_dataset_free(view);
    }
    dae_dataset *source = NULL;
    ok(dae_dataset_borrow_array(&source, values, 240, 1, (const size_t[]){1}, NULL, NULL));
    dae_dataset *view = view_of(source, "series | windows(4)", 1);
    fails(dae_dataset_read(view, 0, 0, 1, values + 200, NULL), DAE_ERROR_ARGUMENT, "overlap");
    dae_dataset_free(view);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kinds of views");
    TCase *places = add_case(suite, "places");
    tcase_add_test(places, windows_are_at_equal_distances);
    tcase_add_test(places, patches_are_line_by_line);
    tcase_add_test(places, crops_are_anywhere);
    tcase_add_test(places, crops_of_signals);
    tcase_add_test(places, a_sample_without_channel_gets_one);
    TCase *samples = add_case(suite, "samples");
    tcase_add_test(samples, series_is_one_recording);
    tcase_add_test(samples, other_shapes_of_as_many_values);
    tcase_add_test(samples, parts_leave_nothing_out);
    tcase_add_test(samples, shuffle_has_each_sample_once);
    tcase_add_test(samples, a_shuffled_split_has_both_parts);
    tcase_add_test(samples, samples_again_and_by_number);
    TCase *draws = add_case(suite, "draws");
    tcase_add_test(draws, each_step_draws_for_itself);
    TCase *refused = add_case(suite, "refused");
    tcase_add_test(refused, what_does_not_fit_is_refused);
    tcase_add_test(refused, targets_of_another_size_are_refused);
    tcase_add_test(refused, views_that_draw_have_an_end);
    tcase_add_test(refused, reading_into_the_source_is_refused);
    return suite_main(suite);
}
