/* What kinds of views make of values and of targets. */
#include "numbered.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Other values ---------------------------------------------------------------------------------- */

START_TEST(channels_are_the_first_dimension) {
    dae_dataset *view = view_of(numbered(5, 3, (const size_t[]){4, 3, 5}), "channels(1, 2)", 0), *pair = NULL;
    has_shape(view, "2 x 3 x 5", "2 x 3 x 5");
    const float *values = inputs_of(view, 0);
    for (size_t i = 0; i < 5 * 30; i++)
        ck_assert_float_eq(values[i], (float)(i / 30 * 60 + 15 + i % 30));
    dae_dataset *one = numbered(5, 3, (const size_t[]){1, 3, 5});
    ok(dae_dataset_pair(&pair, view, one)); /* other targets stay */
    dae_dataset_free(one);
    dae_dataset_free(view);
    view = view_of(pair, "channels(1, 1)", 0);
    float inputs[15], targets[15];
    has_shape(view, "1 x 3 x 5", "1 x 3 x 5");
    ok(dae_dataset_read(view, 0, 2, 1, inputs, targets));
    for (size_t i = 0; i < 15; i++) {
        ck_assert_float_eq(inputs[i], (float)(2 * 60 + 30 + i));
        ck_assert_float_eq(targets[i], (float)(2 * 15 + i));
    }
    dae_dataset_free(view);
}
END_TEST

START_TEST(fill_is_for_inputs) {
    float values[12], inputs[12], targets[12];
    for (int i = 0; i < 12; i++)
        values[i] = i % 3 == 0 ? NAN : (float)i;
    dae_dataset *view = view_of(array_dataset(values, 3, 4), "fill(-2.5)", 0);
    ok(dae_dataset_read(view, 0, 0, 3, inputs, targets));
    for (int i = 0; i < 12; i++) {
        ck_assert_float_eq(inputs[i], i % 3 == 0 ? -2.5f : (float)i);
        ck_assert(same_or_nan(targets[i], values[i]));
    }
    dae_dataset_free(view);
}
END_TEST

START_TEST(clip_is_the_call) {
    float inputs[2][40], targets[2][40];
    dae_dataset *source = numbered(4, 1, (const size_t[]){10}), *call = NULL;
    ok(dae_dataset_clip(&call, source, 7, 21.5));
    dae_dataset *text = view_of(source, "clip(7, 21.5)", 0);
    ok(dae_dataset_read(call, 0, 0, 4, inputs[0], targets[0]));
    ok(dae_dataset_read(text, 0, 0, 4, inputs[1], targets[1]));
    same_floats(inputs[1], inputs[0], 40);
    same_floats(targets[1], targets[0], 40);
    ck_assert_float_eq(inputs[1][0], 7);
    dae_dataset_free(call);
    dae_dataset_free(text);
}
END_TEST

START_TEST(classes_become_targets) {
    const float classes[] = {0, 2, NAN, 1, 3, 1.5f, -1}, inputs[7] = {0};
    dae_dataset *view = view_of(pair_dataset(inputs, 1, classes, 1, 7), "one_hot(3)", 0);
    float targets[12];
    has_shape(view, "1", "3");
    ok(dae_dataset_read(view, 0, 0, 4, NULL, targets));
    for (size_t i = 0; i < 12; i++)
        ck_assert(same_or_nan(targets[i], i / 3 == 2 ? NAN : (float)(i % 3) == classes[i / 3]));
    fails(dae_dataset_read(view, 0, 4, 1, NULL, targets), DAE_ERROR_ARGUMENT,
          "the target of sample 4 is 3, expected a class from 0 to 2");
    fails(dae_dataset_read(view, 0, 5, 1, NULL, targets), DAE_ERROR_ARGUMENT, "1.5");
    fails(dae_dataset_read(view, 0, 6, 1, NULL, targets), DAE_ERROR_ARGUMENT, "-1");
    dae_dataset_free(view);
}
END_TEST

/* ---- Augment --------------------------------------------------------------------------------------- */

enum { SIDE = 5, PLANE = SIDE * SIDE };

/* One of the 8 symmetries of a square: turned by `turn` quarters, and then mirrored. */
static size_t symmetric(size_t place, int turn, bool mirrored) {
    size_t y = place / SIDE, x = place % SIDE;
    if (mirrored)
        x = SIDE - 1 - x;
    for (int i = 0; i < turn; i++) {
        size_t kept = y;
        y = x;
        x = SIDE - 1 - kept;
    }
    return y * SIDE + x;
}

/* Which symmetry of the numbered square `sample` this is, of both channels alike; -1 for none. */
static int symmetry_of(const float *values, size_t sample) {
    for (int s = 0; s < 8; s++) {
        size_t right = 0;
        for (size_t i = 0; i < 2 * PLANE; i++)
            right += values[i] ==
                     (float)((sample * 2 + i / PLANE) * PLANE + symmetric(i % PLANE, s % 4, s >= 4));
        if (right == 2 * PLANE)
            return s;
    }
    return -1;
}

/* Those symmetries that there should be, each as often, within 5 standard deviations. */
static void has_symmetries(const char *text, const char *expected) {
    enum { COUNT = 150, EPOCHS = 10 };
    dae_dataset *view = view_of(numbered(COUNT, 3, (const size_t[]){2, SIDE, SIDE}), text, 3);
    size_t seen[8] = {0};
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        const float *values = inputs_of(view, epoch);
        for (size_t n = 0; n < COUNT; n++) {
            int symmetry = symmetry_of(values + n * 2 * PLANE, n);
            ck_assert_int_ge(symmetry, 0);
            seen[symmetry]++;
        }
    }
    double mean = COUNT * EPOCHS / (double)strlen(expected);
    for (int s = 0; s < 8; s++)
        near(seen[s], strchr(expected, '0' + s) != NULL ? mean : 0, 5 * sqrt(mean));
    dae_dataset_free(view);
}

START_TEST(squares_have_eight_symmetries) {
    has_symmetries("augment", "0");
    has_symmetries("augment(turns=yes)", "0123");
    has_symmetries("augment(flips=yes)", "0246"); /* none, half a turn, mirrored, upside down */
    has_symmetries("augment(turns=yes, flips=yes)", "01234567");
}
END_TEST

START_TEST(signals_are_turned_round) {
    dae_dataset *view = view_of(recordings(), "repeat(50) | augment(flips=yes)", 3);
    const float *values = inputs_of(view, 2);
    size_t flipped = 0;
    for (size_t n = 0; n < SIGNALS * 50; n++) {
        const float *x = values + n * CHANNELS * LENGTH;
        bool is_flipped = x[0] > x[1];
        flipped += is_flipped;
        for (size_t i = 0; i < CHANNELS * LENGTH; i++) {
            size_t t = is_flipped ? LENGTH - 1 - i % LENGTH : i % LENGTH;
            ck_assert_float_eq(x[i], (float)((n % SIGNALS * CHANNELS + i / LENGTH) * LENGTH + t));
        }
    }
    near(flipped, 100, 36);
    dae_dataset_free(view);
}
END_TEST

START_TEST(gain_and_polarity_are_of_the_sample) {
    dae_dataset *view = view_of(recordings(), "repeat(50) | augment(gain=0.25, polarity=yes)", 3);
    const float *values = inputs_of(view, 1);
    double sum = 0, low = 9, high = 0;
    size_t negative = 0;
    for (size_t n = 0; n < SIGNALS * 50; n++) {
        const float *x = values + n * CHANNELS * LENGTH;
        size_t first = n % SIGNALS * CHANNELS * LENGTH;
        float factor = x[73] / (float)(first + 73);
        for (size_t i = 0; i < CHANNELS * LENGTH; i++)
            near(x[i], factor * (float)(first + i), 1e-4);
        negative += factor < 0;
        sum += fabs((double)factor);
        low = fmin(low, fabs((double)factor));
        high = fmax(high, fabs((double)factor));
    }
    near(negative, 100, 36);
    near(sum / 200, 1, 5 * 0.25 / sqrt(3 * 200.0));
    ck_assert(low >= 0.75 && low < 0.77 && high <= 1.25 && high > 1.23);
    dae_dataset_free(view);
}
END_TEST

/* ---- Targets --------------------------------------------------------------------------------------- */

/* Inputs of two channels and targets of one: what is seen of both has the same place and the same turns. */
START_TEST(inputs_and_targets_are_cut_alike) {
    dae_dataset *two = numbered(PICTURES, 3, (const size_t[]){2, 12, 12}),
                *one = numbered(PICTURES, 3, (const size_t[]){1, 12, 12}), *pair = NULL;
    ok(dae_dataset_pair(&pair, two, one));
    dae_dataset_free(two);
    dae_dataset_free(one);
    dae_dataset *view = view_of(pair, "crops(7, 7, count=9) | augment(flips=yes, turns=yes) | crops(5, 5)",
                                1);
    has_shape(view, "2 x 5 x 5", "1 x 5 x 5");
    for (size_t n = 0; n < count_of(view); n++) {
        float inputs[50], targets[25];
        ok(dae_dataset_read(view, 3, n, 1, inputs, targets));
        for (size_t i = 0; i < 25; i++)
            ck_assert_float_eq(inputs[i] - (float)(n / 9 * 2 * 144), targets[i] - (float)(n / 9 * 144));
    }
    dae_dataset_free(view);
}
END_TEST

START_TEST(classes_stay_with_their_samples) {
    static const char *const texts[] = {"patches(4, 5, stride=3)",
                                        "crops(4, 5, count=3) | augment(flips=yes, gain=0.5)",
                                        "shuffle | channels(0, 1)", "blind_spots(0.5, 1)"};
    for (size_t t = 0; t < 4; t++) {
        dae_dataset *data = pictures(), *classes = numbered(PICTURES, 1, (const size_t[]){1}), *pair = NULL;
        ok(dae_dataset_pair(&pair, data, classes));
        dae_dataset_free(data);
        dae_dataset_free(classes);
        dae_dataset *view = view_of(pair, texts[t], 1);
        float inputs[CHANNELS * HEIGHT * WIDTH], class = -1;
        if (t == 3)
            has_shape(view, "2 x 9 x 11", "2 x 9 x 11"); /* the inputs become the targets */
        for (size_t n = 0; n < count_of(view) && t < 3; n++) {
            ok(dae_dataset_read(view, 2, n, 1, inputs, &class));
            if (t == 1)
                ck_assert_float_eq(class, (float)(n / 3));
            else
                ck_assert_float_eq(class, floorf(inputs[0] / (CHANNELS * HEIGHT * WIDTH)));
        }
        dae_dataset_free(view);
    }
}
END_TEST

/* ---- Blind spots ----------------------------------------------------------------------------------- */

/* Chosen with the rate that was asked for, within 5 standard deviations, and the neighbours each as often. */
START_TEST(blind_spots_hide_what_they_ask_for) {
    enum { PLACES = HEIGHT * WIDTH, EPOCHS = 40 };
    dae_dataset *view = view_of(pictures(), "blind_spots(rate=0.1, radius=1)", 3);
    size_t chosen = 0, inside = 0, seen[3][3] = {{0}};
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++)
        for (size_t n = 0; n < PICTURES; n++) {
            float inputs[CHANNELS * PLACES], targets[CHANNELS * PLACES];
            ok(dae_dataset_read(view, epoch, n, 1, inputs, targets));
            for (size_t i = 0; i < PLACES; i++) {
                float first = (float)(n * CHANNELS * PLACES + i), second = first + PLACES;
                if (isnan(targets[i])) {
                    ck_assert(inputs[i] == first && inputs[i + PLACES] == second &&
                              isnan(targets[i + PLACES]));
                    continue;
                }
                int from = (int)(inputs[i] - first + (float)i), y = (int)i / WIDTH, x = (int)i % WIDTH;
                int down = from / WIDTH - y, right = from % WIDTH - x;
                ck_assert(targets[i] == first && targets[i + PLACES] == second);
                ck_assert_float_eq(inputs[i + PLACES] - inputs[i], PLACES);
                ck_assert(from >= 0 && from != (int)i && abs(down) <= 1 && abs(right) <= 1);
                chosen++;
                if (y > 0 && y < HEIGHT - 1 && x > 0 && x < WIDTH - 1) {
                    inside++;
                    seen[down + 1][right + 1]++;
                }
            }
        }
    double all = PLACES * PICTURES * EPOCHS, mean = (double)inside / 8;
    near(chosen, 0.1 * all, 5 * sqrt(0.09 * all));
    for (int i = 0; i < 9; i++)
        near(seen[i / 3][i % 3], i == 4 ? 0 : mean, 5 * sqrt(mean));
    dae_dataset_free(view);
    view = view_of(numbered(2, 1, (const size_t[]){1}), "blind_spots(rate=1, radius=9)", 3);
    float inputs[2], targets[2]; /* no neighbour */
    ok(dae_dataset_read(view, 0, 0, 2, inputs, targets));
    ck_assert(inputs[1] == 1 && targets[1] == 1);
    dae_dataset_free(view);
}
END_TEST

/* ---- Levels ---------------------------------------------------------------------------------------- */

/* What the noise of inputs really is like: its standard deviation, to 6 %, which is 5 of its own. */
START_TEST(a_level_is_that_of_the_noise) {
    enum { COUNT = 6, VALUES = 4000 };
    static const char *const texts[] = {"level_map(level)", "shuffle | repeat(2) | level_map(level)",
                                        "cache | level_map(level)", "windows(1000) | level_map(level)"};
    static float zeros[COUNT * VALUES], x[2 * VALUES], y[VALUES];
    for (size_t t = 0; t < 4; t++) {
        dae_dataset *noisy = corrupted(array_dataset(zeros, COUNT, VALUES),
                                       "gaussian(uniform(0.1, 1) as level)", DAE_NOISE_FRESH, 3);
        dae_dataset *view = view_of(noisy, texts[t], 3);
        size_t values = t == 3 ? 1000 : VALUES, differing = 0;
        float last[2] = {0};
        has_shape(view, t == 3 ? "2 x 1000" : "2 x 4000", t == 3 ? "1 x 1000" : "4000");
        for (size_t n = 0; n < count_of(view); n++) {
            double squares = 0;
            ok(dae_dataset_read(view, 5, n, 1, x, y));
            for (size_t i = 0; i < values; i++) {
                squares += (double)x[i] * (double)x[i];
                ck_assert(x[values + i] == x[values] && y[i] == 0);
            }
            ck_assert(x[values] >= 0.1f && x[values] < 1);
            near(sqrt(squares / (double)values), x[values], (t == 3 ? 0.12 : 0.06) * (double)x[values]);
            differing += x[values] != last[0];
            last[0] = x[values];
            ok(dae_dataset_read(view, 6, n, 1, x, NULL));
            ck_assert((x[values] == last[0]) == (t == 2)); /* another in every epoch, but for what is kept */
        }
        ck_assert_uint_ge(differing, 5);
        dae_dataset_free(view);
    }
}
END_TEST

START_TEST(a_level_has_to_be_drawn) {
    dae_dataset *noisy = corrupted(pictures(), "gaussian(uniform(0, 1) as level)", DAE_NOISE_ONCE, 1),
                *view = NULL;
    fails(dae_dataset_view(&view, noisy, "level_map(strength)", 1), DAE_ERROR_ARGUMENT,
          "level_map: the inputs have had no noise with a draw called 'strength'");
    view = view_of(noisy, "level_map(level)", 1);
    has_shape(view, "3 x 9 x 11", "2 x 9 x 11");
    dae_dataset_free(view);
}
END_TEST

/* Which sample is the first changes nothing. */
START_TEST(a_level_may_be_of_some_parts) {
    static const float zeros[4] = {0};
    for (size_t first = 0; first < 2; first++) {
        dae_dataset *parts[2], *joined = NULL, *view = NULL;
        parts[first] = array_dataset(zeros, 1, 4);
        parts[1 - first] = corrupted(array_dataset(zeros, 1, 4), "gaussian(uniform(0.1, 1) as level)",
                                     DAE_NOISE_FRESH, 3);
        ok(dae_dataset_join(&joined, parts, 2));
        fails(dae_dataset_view(&view, joined, "level_map(other)", 1), DAE_ERROR_ARGUMENT,
              "level_map: the inputs have had no noise with a draw called 'other'");
        dae_noise *noise = NULL;
        ok(dae_noise_parse(&noise, "speckle(uniform(0, 1) as level)"));
        fails(dae_dataset_corrupt(&view, joined, noise, DAE_NOISE_FRESH, 4), DAE_ERROR_ARGUMENT,
              "the inputs have had noise with a draw called 'level', expected another label");
        ok(dae_dataset_view(&view, joined, "repeat(2) | level_map(level)", 1));
        float x[8];
        ok(dae_dataset_read(view, 0, 2 + first, 1, x, NULL));
        ck_assert(x[4] == 0 && x[7] == 0);
        ok(dae_dataset_read(view, 0, 3 - first, 1, x, NULL));
        ck_assert(x[4] >= 0.1f && x[7] == x[4]);
        dae_dataset_free(parts[0]);
        dae_dataset_free(parts[1]);
        dae_dataset_free(joined);
        dae_dataset_free(view);
        dae_noise_free(noise);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("values of views");
    TCase *values = add_case(suite, "values");
    tcase_add_test(values, channels_are_the_first_dimension);
    tcase_add_test(values, fill_is_for_inputs);
    tcase_add_test(values, clip_is_the_call);
    tcase_add_test(values, classes_become_targets);
    tcase_add_test(values, squares_have_eight_symmetries);
    tcase_add_test(values, signals_are_turned_round);
    tcase_add_test(values, gain_and_polarity_are_of_the_sample);
    tcase_add_test(values, inputs_and_targets_are_cut_alike);
    tcase_add_test(values, classes_stay_with_their_samples);
    tcase_add_test(values, blind_spots_hide_what_they_ask_for);
    TCase *levels = add_case(suite, "levels");
    tcase_add_test(levels, a_level_is_that_of_the_noise);
    tcase_add_test(levels, a_level_has_to_be_drawn);
    tcase_add_test(levels, a_level_may_be_of_some_parts);
    return suite_main(suite);
}
