/* Noise recipes as text: what is read, what is written, what is refused and where. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dae_noise *parse(const char *text) {
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, text));
    ck_assert_ptr_nonnull(noise);
    return noise;
}

/* The text of a recipe; the caller's to free(). */
static char *text_of(const dae_noise *noise) {
    size_t length;
    ok(dae_noise_format(noise, NULL, 0, &length));
    char *text = malloc(length + 1);
    ck_assert_ptr_nonnull(text);
    ok(dae_noise_format(noise, text, length + 1, NULL));
    return text;
}

/* What parsing a text and writing it again gives; the caller's to free(). */
static char *rewritten(const char *text) {
    dae_noise *noise = parse(text);
    char *result = text_of(noise);
    dae_noise_free(noise);
    return result;
}

static void reads_as(const char *text, const char *expected) {
    char *once = rewritten(text), *twice = rewritten(once);
    ck_assert_msg(strcmp(once, expected) == 0, "\"%s\" was read as \"%s\", not \"%s\"", text, once, expected);
    ck_assert_str_eq(twice, once);
    free(once);
    free(twice);
}

/* ---- Reading and writing ---------------------------------------------------------------------- */

START_TEST(texts_that_stay_as_they_are) {
    static const char *const texts[] = {
        "",
        "gaussian(mean=0.5, stddev=0.5)",
        "gaussian(mean=-0.25, stddev=0)",
        "uniform(low=-1, high=1)",
        "masking(rate=0.25)",
        "salt_pepper(rate=0.1, low=-0.5, high=1.5)",
        "clip(low=0, high=1)",
        "gaussian(mean=0.5, stddev=0.5) | clip(low=0, high=1)",
        "clip(low=0, high=1) | masking(rate=1) | clip(low=-8, high=9) | uniform(low=0, high=0)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        reads_as(texts[i], texts[i]);
}
END_TEST

START_TEST(parameters_by_place_by_name_and_by_default) {
    static const char *const texts[][2] = {
        {"gaussian(0.25)", "gaussian(mean=0, stddev=0.25)"},
        {"gaussian(0.25, mean=0.5)", "gaussian(mean=0.5, stddev=0.25)"},
        {"gaussian(stddev=0.25, mean=0.5)", "gaussian(mean=0.5, stddev=0.25)"},
        {"gaussian(stddev=0.25)", "gaussian(mean=0, stddev=0.25)"},
        {"uniform(-1, 2)", "uniform(low=-1, high=2)"},
        {"uniform(high=2, low=-1)", "uniform(low=-1, high=2)"},
        {"masking(0.5)", "masking(rate=0.5)"},
        {"salt_pepper(0.25, -1, 1)", "salt_pepper(rate=0.25, low=-1, high=1)"},
        {"salt_pepper(0.25, 0, high=2)", "salt_pepper(rate=0.25, low=0, high=2)"},
        {"salt_pepper(high=2, low=1, rate=0.25)", "salt_pepper(rate=0.25, low=1, high=2)"},
        {" clip(0,1) |masking(0.5)| clip(0,1)",
         "clip(low=0, high=1) | masking(rate=0.5) | clip(low=0, high=1)"},
        {"clip(high=8, low=0)", "clip(low=0, high=8)"},
        {"clip(0.25, 0.75)", "clip(low=0.25, high=0.75)"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        reads_as(texts[i][0], texts[i][1]);
}
END_TEST

START_TEST(spaces_are_free) {
    reads_as("gaussian(mean=0.5,stddev=0.5)|clip(0,1)",
             "gaussian(mean=0.5, stddev=0.5) | clip(low=0, high=1)");
    reads_as("  gaussian ( mean = 0.5 ,stddev= 0.5 )  |\tclip\n(0,\r\n1) \t\n # pixels",
             "gaussian(mean=0.5, stddev=0.5) | clip(low=0, high=1)");
    reads_as(" \t\n ", "");
}
END_TEST

START_TEST(numbers_are_written_as_in_c) {
    static const char *const texts[][2] = {
        {"clip(-.5, 5.)", "clip(low=-0.5, high=5)"},
        {"clip(+0.5, +1)", "clip(low=0.5, high=1)"},
        {"clip(1e-3, 1.5E1)", "clip(low=0.001, high=15)"},
        {"clip(0.25e+1, 250e-1)", "clip(low=2.5, high=25)"},
        {"clip(000.5, 1.500)", "clip(low=0.5, high=1.5)"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        reads_as(texts[i][0], texts[i][1]);
}
END_TEST

/* The fewest digits that keep a value: no shorter decimal reads back as the same recipe. */
START_TEST(values_are_written_in_the_fewest_digits) {
    reads_as("masking(0.1)", "masking(rate=0.1)");
    reads_as("masking(0.10000000000000000)", "masking(rate=0.1)");
    reads_as("uniform(-0.3, 0.7)", "uniform(low=-0.3, high=0.7)");
    reads_as("masking(0.33)", "masking(rate=0.33)");
}
END_TEST

/* Recipes made of numbers and read back from their text do the same to the bit. */
START_TEST(a_text_keeps_every_value) {
    enum { SIZE = 64 };
    dae_rng *rng = NULL;
    ok(dae_rng_create(&rng, 99, 0));
    for (int round = 0; round < 200; round++) {
        float p[8], x[SIZE] = {0}, again[SIZE] = {0};
        dae_noise *noise = NULL, *read = NULL;
        ok(dae_rng_fill_uniform(rng, p, 8, 0, 1));
        double tiny = round % 2 ? 1.0 / 3.0 : 1e-12;
        const double values[] = {(double)p[1],
                                 (double)p[0] * tiny - 0.5,
                                 -(double)p[2],
                                 (double)p[3] * 1e9,
                                 (double)p[4] / 3,
                                 (double)p[5],
                                 (double)p[6] - 1,
                                 (double)p[7] + tiny,
                                 -1 / (1 + (double)p[1]),
                                 1e9 / (1 + (double)p[2])};
        char filled[1024];
        ok(dae_recipe_fill(filled, sizeof filled, NULL,
                           "gaussian(?, mean=?) | uniform(?, ?) | masking(?) | salt_pepper(?, ?, ?)"
                           " | clip(?, ?)",
                           values, 10));
        ok(dae_noise_parse(&noise, filled));
        char *text = text_of(noise);
        ok(dae_noise_parse(&read, text));
        ok(dae_noise_apply(noise, x, 1, 1, (const size_t[]){SIZE}, 1, 0, 0));
        ok(dae_noise_apply(read, again, 1, 1, (const size_t[]){SIZE}, 1, 0, 0));
        same_floats(again, x, SIZE);
        char *second = text_of(read);
        ck_assert_str_eq(second, text);
        free(text);
        free(second);
        dae_noise_free(noise);
        dae_noise_free(read);
    }
    dae_rng_free(rng);
}
END_TEST

START_TEST(the_locale_does_not_matter) {
    if (!use_comma_locale()) {
        fprintf(stderr, "the_locale_does_not_matter: left out, no localedef on this machine\n");
        return;
    }
    reads_as("gaussian(mean=0.5, stddev=0.125) | uniform(-1.5, 123456.75)",
             "gaussian(mean=0.5, stddev=0.125) | uniform(low=-1.5, high=123456.75)");
    dae_noise *noise = (dae_noise *)&noise;
    fails(dae_noise_parse(&noise, "masking(0,5)"), DAE_ERROR_FORMAT, "position 11");
    char text[64]; /* what printf() makes of gaussian(0.5) */
    snprintf(text, sizeof text, "gaussian(%.1f)", 0.5);
    ck_assert_str_eq(text, "gaussian(0,5)");
    fails(dae_noise_parse(&noise, text), DAE_ERROR_FORMAT,
          "position 12: gaussian takes 1 value without a name");
    ok(dae_recipe_fill(text, sizeof text, NULL, "gaussian(?)", (double[]){0.5}, 1));
    reads_as(text, "gaussian(mean=0, stddev=0.5)");
    char half[8];
    snprintf(half, sizeof half, "%.1f", 0.5);
    ck_assert_msg(strcmp(half, "0,5") == 0, "the library changed the locale of the process");
    leave_comma_locale();
}
END_TEST

/* ---- What is refused -------------------------------------------------------------------------- */

/* `at` is the position of the first character that is wrong, counted from 1; 0: the tests don't say. */
static void malformed(const char *text, int at) {
    dae_noise *noise = (dae_noise *)&noise;
    fails(dae_noise_parse(&noise, text), DAE_ERROR_FORMAT, "position ");
    ck_assert_ptr_eq(noise, (dae_noise *)&noise);
    unsigned long position = strtoul(strstr(dae_last_error(), "position ") + strlen("position "), NULL, 10);
    ck_assert_uint_eq(dae_last_error_position(), position);
    ck_assert_msg(position >= 1 && position <= strlen(text) + 1, "\"%s\": %s", text, dae_last_error());
    ck_assert_msg(at == 0 || position == (unsigned long)at, "\"%s\" is wrong at %d: %s", text, at,
                  dae_last_error());
}

START_TEST(malformed_structure) {
    static const struct {
        const char *text;
        int at;
    } texts[] = {
        {"gaussian", 0},
        {"clip clip", 6},
        {"clip | ", 8},
        {"gaussian(", 10},
        {"gaussian(1", 11},
        {"gaussian(1,", 12},
        {"gaussian(1, 2", 14},
        {"gaussian(stddev", 16},
        {"gaussian(stddev=", 17},
        {"clip)", 5},
        {"clip[0, 1]", 5},
        {"clip 0, 1", 6},
        {"gaussian(1; 2)", 11},
        {"gaussian(1 2)", 12},
        {"gaussian(, 1)", 10},
        {"gaussian(1,, 2)", 12},
        {"gaussian(1, 2,)", 15},
        {"gaussian((1), 2)", 10},
        {"gaussian(1, 2))", 15},
        {"(1, 2)", 1},
        {"1", 1},
        {"|", 1},
        {"| clip()", 1},
        {"clip() |", 9},
        {"clip() | | clip()", 10},
        {"clip() || clip()", 9},
        {"clip() clip()", 8},
        {"clip(), clip()", 7},
        {"clip() ; clip()", 8},
        {"clip()x", 7},
        {"clip()\x01", 7},
        {"clip() | \xC3\xA9()", 10},
        {"clip\xFF()", 5},
        {"clip()\xA0", 7},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        malformed(texts[i].text, texts[i].at);
}
END_TEST

START_TEST(malformed_names) {
    static const struct {
        const char *text;
        int at;
    } texts[] = {
        {"unheard(1)", 1},
        {"masking(0.5) | unheard(1)", 16},
        {"Gaussian(1, 1)", 1},
        {"gaussian_(1, 1)", 1},
        {"gauss ian(1, 1)", 0},
        {"clipclip()", 1},
        {"gaussian(sigma=1)", 10},
        {"gaussian(Stddev=1)", 10},
        {"gaussian(=1)", 10},
        {"gaussian(stddev==1)", 17},
        {"gaussian(stddev 1)", 0},
        {"gaussian(stddev=mean)", 0},
        {"gaussian(stddev=1=2)", 18},
        {"gaussian(1=1)", 11},
        {"masking(high=1)", 9},
        {"a_very_long_name_of_a_kind_of_noise_that_nobody_has_ever_heard_of_before_or_after(1)", 1},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        malformed(texts[i].text, texts[i].at);
    fails(dae_noise_parse(&(dae_noise *){NULL}, "unheard(1)"), DAE_ERROR_FORMAT,
          "found 'unheard', expected gaussian, uniform, masking, salt_pepper");
}
END_TEST

START_TEST(malformed_parameters) {
    static const struct {
        const char *text;
        int at;
    } texts[] = {
        {"gaussian(0, 5)", 13},
        {"gaussian(1, stddev=2)", 13},
        {"masking(0.5, 0.5)", 14},
        {"clip(0, 1, 2)", 12},
        {"salt_pepper(0, 0, 1, 1, 1, 1, 1, 1, 1)", 0},
        {"gaussian()", 1},
        {"gaussian(1) as noise", 1},
        {"clip()", 1},
        {"masking(0.5) | clip(0)", 16},
        {"gaussian(mean=1)", 0},
        {"uniform()", 0},
        {"uniform(1)", 0},
        {"uniform(high=1)", 0},
        {"masking()", 0},
        {"salt_pepper()", 0},
        {"salt_pepper(low=0)", 0},
        {"gaussian(stddev=1, 0)", 20},
        {"gaussian(1, mean=2, mean=2)", 21},
        {"gaussian(stddev=1, stddev=1)", 20},
        {"clip(low=0, high=1, low=0)", 21},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        malformed(texts[i].text, texts[i].at);
}
END_TEST

START_TEST(malformed_numbers) {
    static const char *const texts[] = {
        "masking(abc)",   "masking(0.5%)",     "masking(50 %)",      "masking(--1)",  "masking(+-1)",
        "masking(+)",     "masking(-)",        "masking(.)",         "masking(e5)",   "masking(.e5)",
        "masking(1e)",    "masking(1e+)",      "masking(0..5)",      "masking(0.5.)", "masking(0.5.5)",
        "masking(0.5f)",  "masking(1/2)",      "masking(\"0.5\")",   "masking('1')",  "masking(0x1g)",
        "masking(0,5)",   "masking(1_000)",    "masking(0 .5)",      "masking(- 1)",  "masking(#1)",
        "masking($rate)", "masking(rate=0,5)", "masking(rate=\x7F)", "masking(1\t2)", "masking(rate=.)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        malformed(texts[i], 0);
}
END_TEST

START_TEST(too_many_steps) {
    char text[65 * 13 + 1] = "";
    for (int step = 0; step < 64; step++)
        strcat(text, step == 0 ? "masking(1)" : " | masking(1)");
    dae_noise_free(parse(text));
    strcat(text, " | masking(1)");
    malformed(text, 64 * 13 + 1);
}
END_TEST

START_TEST(values_out_of_range) {
    static const char *const texts[] = {
        "gaussian(-1)",
        "uniform(1, 0)",
        "masking(1.5)",
        "masking(-0.25)",
        "salt_pepper(2, 0, 1)",
        "salt_pepper(-0.5, 0, 1)",
        "salt_pepper(0.5, 1, 0)",
        "clip(1, 0)",
        "gaussian(1, mean=1e999)",
        "gaussian(1e999)",
        "clip(0, 1e400)",
        "uniform(-1e999, 1e999)",
        "masking(1e999)",
        "clip(low=1, high=0.999)",
        "gaussian(stddev=-1e-9)",
        "gaussian(1e39)",
        "uniform(-3e38, 3e38)",
        "clip(-1e39, 1)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dae_noise *noise = (dae_noise *)&noise;
        fails(dae_noise_parse(&noise, texts[i]), DAE_ERROR_ARGUMENT, "expected");
        ck_assert_ptr_eq(noise, (dae_noise *)&noise);
    }
    fails(dae_noise_parse(&(dae_noise *){NULL}, "gaussian(1.25) | clip(2, 1)"), DAE_ERROR_ARGUMENT,
          "position 18: clip: found low = 2, high = 1");
}
END_TEST

START_TEST(null_is_refused) {
    dae_noise *noise = (dae_noise *)&noise;
    size_t length = 77;
    fails(dae_noise_parse(NULL, "masking(1)"), DAE_ERROR_ARGUMENT, "out is NULL");
    fails(dae_noise_parse(&noise, NULL), DAE_ERROR_ARGUMENT, "text is NULL");
    ck_assert_ptr_eq(noise, (dae_noise *)&noise);
    fails(dae_noise_format(NULL, NULL, 0, &length), DAE_ERROR_ARGUMENT, "noise is NULL");
}
END_TEST

/* ---- Anything --------------------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* One to four bytes of a good text changed, removed or added. */
static void spoil(char *text, size_t room, uint32_t *state) {
    static const char likely[] = "()|,=.+-eE 0123456789abglmnr_\t\n\"\\\xC3\xFF";
    for (uint32_t changes = 1 + next_random(state) % 4; changes > 0; changes--) {
        size_t length = strlen(text), at = next_random(state) % (length + 1);
        char byte = likely[next_random(state) % (sizeof likely - 1)];
        switch (next_random(state) % 3) {
        case 0:
            if (at < length)
                text[at] = byte;
            break;
        case 1:
            if (at < length)
                memmove(text + at, text + at + 1, length - at);
            break;
        case 2:
            if (length + 1 < room) {
                memmove(text + at + 1, text + at, length + 1 - at);
                text[at] = byte;
            }
            break;
        }
    }
}

START_TEST(spoiled_texts_are_refused_or_understood) {
    static const char *const good[] = {
        "gaussian(mean=0.5, stddev=0.5) | clip(low=0, high=1)",
        "salt_pepper(rate=0.1, low=0, high=1) | masking(0.25)",
        "uniform(-1e-3, .5)|clip(0,1)",
    };
    uint32_t state = 1;
    size_t understood = 0, refused = 0;
    for (int round = 0; round < 20000; round++) {
        char text[128];
        strcpy(text, good[round % 3]);
        spoil(text, sizeof text, &state);
        dae_noise *noise = NULL;
        dae_status status = dae_noise_parse(&noise, text);
        if (status == DAE_OK) {
            dae_noise_free(noise);
            char *once = rewritten(text), *twice = rewritten(once);
            ck_assert_str_eq(twice, once);
            free(once);
            free(twice);
            understood++;
        } else {
            ck_assert_msg(status == DAE_ERROR_FORMAT || status == DAE_ERROR_ARGUMENT, "\"%s\": %s", text,
                          dae_status_name(status));
            ck_assert(message_has(""));
            ck_assert_ptr_null(noise);
            refused++;
        }
    }
    ck_assert_uint_gt(understood, 100);
    ck_assert_uint_gt(refused, 1000);
}
END_TEST

/* Whatever the text is: refused cleanly, or a recipe whose text stays the same when it is read and written. */
static void is_handled(const char *text) {
    dae_noise *noise = NULL;
    heap_watch();
    dae_status status = dae_noise_parse(&noise, text);
    if (status == DAE_OK) {
        dae_noise_free(noise);
    } else {
        ck_assert_msg(status == DAE_ERROR_FORMAT || status == DAE_ERROR_ARGUMENT, "\"%s\": %s", text,
                      dae_status_name(status));
        ck_assert(message_has(""));
        ck_assert_ptr_null(noise);
    }
    ck_assert_uint_lt(heap_largest(), 8192);
    heap_unwatch();
    if (status == DAE_OK) {
        char *once = rewritten(text), *twice = rewritten(once);
        ck_assert_str_eq(twice, once);
        free(once);
        free(twice);
    }
}

START_TEST(every_beginning_and_every_flipped_bit_are_handled) {
    static const char whole[] =
        "gaussian(mean=0.5, stddev=1e-3) | salt_pepper(.25, 0, high=2) | clip(0, 1) | masking(rate=1)";
    char text[sizeof whole];
    for (size_t length = 0; length < sizeof whole; length++) {
        memcpy(text, whole, length);
        text[length] = '\0';
        is_handled(text);
    }
    for (size_t bit = 0; bit < 8 * (sizeof whole - 1); bit++) {
        memcpy(text, whole, sizeof whole);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        is_handled(text);
    }
}
END_TEST

static dae_status parse_and_free(void *user) {
    dae_noise *noise = user;
    dae_status status = dae_noise_parse(&noise, "gaussian(0.5) | clip(0, 1) | masking(0.25)");
    if (status == DAE_OK)
        dae_noise_free(noise);
    else
        ck_assert_ptr_eq(noise, user);
    return status;
}

START_TEST(memory_may_run_out) {
    ck_assert_uint_ge(every_allocation_fails(parse_and_free, &(int){0}), 1);
}
END_TEST

START_TEST(a_malformed_text_leaks_nothing) {
    static const char *const texts[] = {"masking(1) | masking(1) | x", "gaussian(-1)", "clip(", "blur()"};
    heap_watch();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dae_noise *noise = NULL;
        ck_assert_int_ne(dae_noise_parse(&noise, texts[i]), DAE_OK);
        ck_assert_uint_eq(heap_live(), 0);
    }
    heap_unwatch();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("noise text");
    TCase *texts = add_case(suite, "texts");
    tcase_add_test(texts, texts_that_stay_as_they_are);
    tcase_add_test(texts, parameters_by_place_by_name_and_by_default);
    tcase_add_test(texts, spaces_are_free);
    tcase_add_test(texts, numbers_are_written_as_in_c);
    tcase_add_test(texts, values_are_written_in_the_fewest_digits);
    tcase_add_test(texts, a_text_keeps_every_value);
    tcase_add_test(texts, the_locale_does_not_matter);
    TCase *refused = add_case(suite, "refused");
    tcase_add_test(refused, malformed_structure);
    tcase_add_test(refused, malformed_names);
    tcase_add_test(refused, malformed_parameters);
    tcase_add_test(refused, malformed_numbers);
    tcase_add_test(refused, too_many_steps);
    tcase_add_test(refused, values_out_of_range);
    tcase_add_test(refused, null_is_refused);
    tcase_add_test(refused, every_beginning_and_every_flipped_bit_are_handled);
    tcase_add_test(refused, spoiled_texts_are_refused_or_understood);
    tcase_add_test(refused, memory_may_run_out);
    tcase_add_test(refused, a_malformed_text_leaks_nothing);
    return suite_main(suite);
}
