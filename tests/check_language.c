/* The language of recipes: what is read, what is written, what is refused and where. */
#include "core/memory.h"
#include "core/recipe.h"
#include "golden_recipes.h"
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 4096 };

static void rewrite(char out[ROOM], const char *text) {
    struct dae_syntax *syntax = NULL;
    ok(dae_recipe_read(&syntax, "recipe", text));
    struct dae_text written = {out, ROOM, 0};
    out[0] = '\0';
    dae_recipe_write(&written, syntax);
    ck_assert_uint_eq(written.length, strlen(out));
    dae_release(syntax);
}

static void golden_texts(void) {
    for (size_t i = 0; i < GOLDEN_RECIPES; i++) {
        const char *text = golden_recipes[i].text, *expected = golden_recipes[i].written;
        char once[ROOM], twice[ROOM];
        rewrite(once, text);
        ck_assert_str_eq(once, expected != NULL ? expected : text);
        rewrite(twice, once);
        ck_assert_str_eq(twice, once);
    }
}

START_TEST(texts_are_read_and_written) {
    golden_texts();
}
END_TEST

START_TEST(the_locale_does_not_matter) {
    if (!use_comma_locale()) {
        fprintf(stderr, "the_locale_does_not_matter: left out, no localedef on this machine\n");
        return;
    }
    golden_texts();
    leave_comma_locale();
}
END_TEST

/* Any double comes back to the bit, whatever its size. */
START_TEST(numbers_come_back_to_the_bit) {
    uint64_t state = 1;
    for (int round = 0; round < 4000; round++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double number;
        memcpy(&number, &state, sizeof number);
        if (!isfinite(number))
            continue;
        char text[ROOM];
        struct dae_text written = {text, sizeof text, 0};
        dae_text_add(&written, "a(");
        dae_text_add_number(&written, number);
        dae_text_add(&written, ")");
        struct dae_syntax *syntax = NULL;
        ok(dae_recipe_read(&syntax, "recipe", text));
        ck_assert(memcmp(&syntax->first->first->number, &number, sizeof number) == 0);
        dae_release(syntax);
    }
}
END_TEST

/* Digits from the first to the last that is not 0. */
static size_t significant(const char *text) {
    size_t count = 0, found = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        count += *text >= '0' && *text <= '9' && (count > 0 || *text != '0');
        if (*text >= '1' && *text <= '9')
            found = count;
    }
    return found;
}

/* Likewise any float, which needs nine digits at most, and no more than there are. */
START_TEST(floats_come_back_to_the_bit) {
    static const struct {
        float number;
        const char *text;
    } short_ones[] = {{0.1f, "0.1"},    {16777216, "16777216"},  {9999999, "9999999"},
                      {-0.0f, "-0"},    {1e-45f, "1e-45"},       {3.4028235e38f, "3.4028235e+38"},
                      {1e10f, "1e+10"}, {1 / 3.0f, "0.33333334"}};
    char text[ROOM];
    for (size_t i = 0; i < sizeof short_ones / sizeof *short_ones; i++) {
        struct dae_text written = {text, sizeof text, 0};
        dae_text_add_float(&written, short_ones[i].number);
        ck_assert_str_eq(text, short_ones[i].text);
    }
    uint32_t state = 1;
    for (int round = 0; round < 20000; round++) {
        float number;
        double back;
        state = state * UINT32_C(1664525) + UINT32_C(1013904223);
        memcpy(&number, &state, sizeof number);
        if (!isfinite(number))
            continue;
        struct dae_text written = {text, sizeof text, 0};
        dae_text_add_float(&written, number);
        ck_assert_uint_eq(dae_text_read_number(text, strlen(text), &back), strlen(text));
        ck_assert(memcmp(&(float){(float)back}, &number, sizeof number) == 0);
        ck_assert_uint_le(strlen(text), strlen("-1.23456789e-12"));
        size_t digits = significant(text);
        if (digits > 1 && fabsf(number) >= 1e7f) { /* with one digit less it is another number */
            snprintf(text, sizeof text, "%.*e", (int)digits - 2, (double)number);
            ck_assert((float)strtod(text, NULL) != number);
        }
    }
}
END_TEST

/* By strtod() itself, of any number of digits, and with another point. */
START_TEST(numbers_are_read_as_strtod_reads_them) {
    uint64_t state = 1;
    for (int round = 0; round < 40000; round++) {
        char text[ROOM];
        double number, expected, found = 0;
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&number, &state, sizeof number);
        if (!isfinite(number))
            continue;
        if (round % 2 == 0)
            number = ldexp((double)(int64_t)(state << round % 60), -(int)(state >> 58));
        snprintf(text, sizeof text, round % 3 == 0 && fabs(number) < 1e25 ? "%.*f" : "%.*e", round % 25,
                 number);
        expected = strtod(text, NULL);
        ck_assert_uint_eq(dae_text_read_number(text, strlen(text), &found), strlen(text));
        ck_assert_msg(memcmp(&found, &expected, sizeof found) == 0, "%s is %.17g, not %.17g", text, found,
                      expected);
        char *point = strchr(text, '.');
        if (point != NULL)
            *point = ',';
        ck_assert_uint_eq(dae_text_read_decimal(text, strlen(text), ',', &found), strlen(text));
        ck_assert(memcmp(&found, &expected, sizeof found) == 0);
    }
}
END_TEST

START_TEST(a_tree_has_positions_names_and_labels) {
    struct dae_syntax *root = NULL;
    ok(dae_recipe_read(&root, "recipe", " a(1, x = [b]) |\n cc as d.0"));
    const struct dae_syntax *a = root->first, *cc = a->next, *one = a->first, *x = one->next;
    ck_assert(root->type == DAE_SYNTAX_STEPS && root->next == NULL);
    ck_assert(a->type == DAE_SYNTAX_STEP && a->position == 1 && a->label == NULL);
    ck_assert_str_eq(a->name, "a");
    ck_assert(one->type == DAE_SYNTAX_NUMBER && one->number == 1 && one->name == NULL && one->position == 3);
    ck_assert(x->type == DAE_SYNTAX_LIST && x->position == 6 && x->next == NULL);
    ck_assert_str_eq(x->name, "x");
    ck_assert(x->first->type == DAE_SYNTAX_STEPS && x->first->position == 11);
    ck_assert_str_eq(x->first->first->name, "b");
    ck_assert(cc->next == NULL && cc->position == 18 && cc->first == NULL);
    ck_assert_str_eq(cc->label, "d.0");
    dae_release(root);
}
END_TEST

/* ---- What is refused ---------------------------------------------------------------------------- */

static void refused(const char *text, size_t at, const char *word) {
    struct dae_syntax *syntax = (struct dae_syntax *)&syntax;
    char position[64];
    fails(dae_recipe_read(&syntax, "recipe", text), DAE_ERROR_FORMAT, word);
    ck_assert(syntax == (struct dae_syntax *)&syntax);
    ck_assert_msg(dae_last_error_position() == at, "\"%s\" is wrong at %zu: %s", text, at, dae_last_error());
    snprintf(position, sizeof position, "recipe, position %zu: found ", at);
    ck_assert_msg(strncmp(dae_last_error(), position, strlen(position)) == 0, "%s", dae_last_error());
}

START_TEST(malformed_texts) {
    static const struct {
        const char *text;
        size_t at;
        const char *word;
    } texts[] = {
        {"a b", 3, "found 'b', expected '|' or the end of the text"},
        {"a |", 4, "found the end of the text, expected a name"},
        {"| a", 1, "found '|', expected a name"},
        {"a | | b", 5, "found '|', expected a name"},
        {"a, b", 2, "expected '|' or the end"},
        {"a)", 2, "expected '|' or the end"},
        {"1", 1, "found '1', expected a name"},
        {"(1)", 1, "expected a name"},
        {"a(", 3, "found the end of the text, expected a value"},
        {"a(1", 4, "found the end of the text, expected ',' or ')'"},
        {"a(1,", 5, "expected a value"},
        {"a(,1)", 3, "found ',', expected a value"},
        {"a(1,,2)", 5, "expected a value"},
        {"a(1;2)", 4, "found ';', expected ',' or ')'"},
        {"a(1 2)", 5, "found '2', expected ',' or ')'"},
        {"a(1e)", 4, "found 'e', expected ',' or ')'"},
        {"a(0,5 x)", 7, "found 'x', expected ',' or ')'"},
        {"a(x=)", 5, "found ')', expected a value"},
        {"a(x==1)", 5, "found '=', expected a value"},
        {"a(x=1=2)", 6, "found '=', expected ',' or ')'"},
        {"a(1=1)", 4, "found '=', expected ',' or ')'"},
        {"a(x y)", 5, "found 'y', expected ',' or ')'"},
        {"a([1)", 5, "found ')', expected ',' or ']'"},
        {"a([1,])", 6, "found ']', expected a value"},
        {"a[1]", 2, "found '[', expected '|' or the end"},
        {"a(1:)", 5, "found ')', expected a name"},
        {"a(1:2)", 5, "found '2', expected a name"},
        {"a(b:c)", 4, "found ':', expected ',' or ')'"},
        {"a as", 5, "found the end of the text, expected a label"},
        {"a as 1", 6, "found '1', expected a label"},
        {"a as b as c", 8, "found 'a', expected '|'"},
        {"a as b.", 7, "found '.', expected '|'"},
        {"a.(1)", 2, "found '.', expected '|'"},
        {"a(\"x\")", 3, "found '\"', expected a value"},
        {"a(?)", 3, "dae_recipe_fill() puts numbers there"},
        {"a(x=?)", 5, "dae_recipe_fill() puts numbers there"},
        {"a\x01", 2, "found byte 0x01"},
        {"a\xC3\xA9", 2, "found byte 0xC3"},
        {"a(#1)", 6, "found the end of the text, expected a value"},
        {"a(b(c(d(e(f(g(h(i(j)))))))))", 19, "found more than 8 levels"},
        {"a([[[[[[[[1]]]]]]]])", 11, "found more than 8 levels"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refused(texts[i].text, texts[i].at, texts[i].word);
}
END_TEST

START_TEST(limits) {
    char text[1024] = "a", out[ROOM];
    memset(text, 'a', 63);
    rewrite(out, text);
    text[63] = 'a';
    refused(text, 1, "a word of 64 letters, expected at most 63");
    strcpy(text, "a(1");
    for (int i = 1; i < 64; i++)
        strcat(text, ",1");
    strcat(text, ")");
    rewrite(out, text);
    text[strlen(text) - 1] = '\0';
    strcat(text, ", 1)");
    refused(text, 131, "found more than 64 arguments");
}
END_TEST

START_TEST(numbers_that_no_double_holds) {
    struct dae_syntax *syntax = NULL;
    fails(dae_recipe_read(&syntax, "recipe", "a(1, -1e999)"), DAE_ERROR_ARGUMENT,
          "position 6: found -1e999, expected a number of at most 1.7e308");
    ck_assert_ptr_null(syntax);
}
END_TEST

/* A text that is wrong costs no memory, and one that is right a single block. */
START_TEST(memory_is_one_block) {
    const char *text = golden_recipes[18].text;
    struct dae_syntax *syntax = NULL;
    heap_watch();
    heap_fail_at(1, true);
    fails(dae_recipe_read(&syntax, "recipe", "a(b"), DAE_ERROR_FORMAT, "position 4");
    fails(dae_recipe_read(&syntax, "recipe", text), DAE_ERROR_MEMORY, "");
    ck_assert_ptr_null(syntax);
    ck_assert_uint_eq(heap_requests(), 1);
    heap_fail_at(2, true);
    ok(dae_recipe_read(&syntax, "recipe", text));
    dae_release(syntax);
    heap_unwatch();
}
END_TEST

/* ---- Filling in numbers ------------------------------------------------------------------------- */

static void fills(const char *text, const double *values, size_t count, const char *expected) {
    char out[ROOM];
    size_t length = 0;
    ok(dae_recipe_fill(out, sizeof out, &length, text, values, count));
    ck_assert_str_eq(out, expected);
    ck_assert_uint_eq(length, strlen(expected));
}

START_TEST(numbers_are_filled_in) {
    const double values[] = {0.5, -1e-7, 3, 1.0 / 3};
    bool comma = use_comma_locale();
    fills("", NULL, 0, "");
    fills("clip(0, 1)", NULL, 0, "clip(0, 1)");
    fills("?", values, 1, "0.5");
    fills("gaussian(?) | clip(?, ?)", values, 3, "gaussian(0.5) | clip(-1e-07, 3)");
    fills("dense(?) as h? # why?\n| dense(tied=h3)", values + 2, 2,
          "dense(3) as h0.3333333333333333 # why?\n| dense(tied=h3)");
    fills("# ?", NULL, 0, "# ?");
    if (comma)
        leave_comma_locale();
}
END_TEST

static dae_status write_filled(const void *text, char *buffer, size_t capacity, size_t *length) {
    return dae_recipe_fill(buffer, capacity, length, text, (double[]){0.25, 2}, 2);
}

START_TEST(filling_refuses_bad_arguments) {
    const double values[] = {1, 2, NAN, INFINITY};
    char out[ROOM] = "untouched", *text = text_by_the_rules(write_filled, "a(?, ?)");
    ck_assert_str_eq(text, "a(0.25, 2)");
    free(text);
    fails(dae_recipe_fill(out, ROOM, NULL, NULL, values, 1), DAE_ERROR_ARGUMENT, "text is NULL");
    fails(dae_recipe_fill(out, ROOM, NULL, "a(?)", NULL, 1), DAE_ERROR_ARGUMENT, "values is NULL");
    fails(dae_recipe_fill(out, ROOM, NULL, "a(?)", values, 2), DAE_ERROR_ARGUMENT, "count is 2, expected 1");
    fails(dae_recipe_fill(out, ROOM, NULL, "a(?, ?)", values, 1), DAE_ERROR_ARGUMENT,
          "count is 1, expected 2");
    fails(dae_recipe_fill(out, ROOM, NULL, "a(?, ?)", values + 1, 2), DAE_ERROR_ARGUMENT, "values[1] is nan");
    fails(dae_recipe_fill(out, ROOM, NULL, "a(?)", values + 3, 1), DAE_ERROR_ARGUMENT, "values[0] is inf");
    fails(dae_recipe_fill(out, 4, NULL, "a(?)", values, 1), DAE_ERROR_ARGUMENT, "expected at least 5");
    ck_assert_str_eq(out, "untouched");
    ck_assert_uint_eq(dae_last_error_position(), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("language");
    TCase *reading = add_case(suite, "reading");
    tcase_add_test(reading, texts_are_read_and_written);
    tcase_add_test(reading, the_locale_does_not_matter);
    tcase_add_test(reading, numbers_come_back_to_the_bit);
    tcase_add_test(reading, floats_come_back_to_the_bit);
    tcase_add_test(reading, numbers_are_read_as_strtod_reads_them);
    tcase_add_test(reading, a_tree_has_positions_names_and_labels);
    tcase_add_test(reading, memory_is_one_block);
    TCase *refusals = add_case(suite, "refusals");
    tcase_add_test(refusals, malformed_texts);
    tcase_add_test(refusals, limits);
    tcase_add_test(refusals, numbers_that_no_double_holds);
    TCase *filling = add_case(suite, "filling");
    tcase_add_test(filling, numbers_are_filled_in);
    tcase_add_test(filling, filling_refuses_bad_arguments);
    return suite_main(suite);
}
