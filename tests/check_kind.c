/* Kinds: every type of parameter, in rows that exist for this test only, and every row that the library has. */
#include "core/kind.h"
#include "core/memory.h"
#include "noise/noise.h"
#include "support.h"
#include "train/optimizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 4096 };

/* ---- Rows of the test --------------------------------------------------------------------------- */

static const struct dae_kind uniform_draw = {
    .name = "uniform",
    .parameters = {{"low", "", DAE_TYPE_NUMBER, DAE_BY_PLACE}, {"high", "", DAE_TYPE_NUMBER, DAE_BY_PLACE}}};
static const struct dae_kind choice_draw = {
    .name = "choice", .parameters = {{"values", "", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_MANY}}};
static const struct dae_kind *const draws[] = {&uniform_draw, &choice_draw, NULL};
static void range_of_draw(const struct dae_step *step, double *low, double *high) {
    *low = dae_value_item(&step->values[0], 0)->number;
    *high = step->kind == &uniform_draw
                ? step->values[1].number
                : dae_value_item(&step->values[0], dae_value_items(&step->values[0]) - 1)->number;
}

static const struct dae_category draw = {
    .name = "draw", .text = "draw", .has_labels = true, .kinds = draws, .range = range_of_draw};

static const struct dae_kind linear = {.name = "linear"};
static const struct dae_kind leaky = {
    .name = "leaky", .parameters = {{"slope", "", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1, "0.3"}}};
static const struct dae_kind *const activations[] = {&linear, &leaky, NULL};
static const struct dae_category activation = {
    .name = "activation", .text = "activation", .kinds = activations};

static const char *check_limits(const struct dae_value *v) {
    return v[0].number > v[1].number ? "low <= high" : NULL;
}

static const struct dae_category toys;
static const struct dae_kind limits = {
    .name = "limits",
    .check = check_limits,
    .parameters = {{"low", "", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_FLOAT},
                   {"high", "", DAE_TYPE_NUMBER, DAE_BY_PLACE | DAE_OPEN_LOW | DAE_OPEN_HIGH, -1, 1}}};
static const struct dae_kind conv = {
    .name = "conv",
    .parameters = {
        {"units", "", DAE_TYPE_COUNT, DAE_BY_PLACE, 1, 100, .other = "tied"},
        {"tied", "", DAE_TYPE_LABEL, .other = "units"},
        {"size", "", DAE_TYPE_COUNT, DAE_LIST, 1, 9, "3"},
        {"padding", "", DAE_TYPE_WORD, .fallback = "same", .words = "same, valid"},
        {"bias", "", DAE_TYPE_FLAG, DAE_LATER, .fallback = "yes"},
        {"activation", "", DAE_TYPE_KIND, 0, .fallback = "linear", .of = &activation},
        {"slope", "", DAE_TYPE_NUMBER, DAE_HIDDEN, 0, 1},
        {"seen", "", DAE_TYPE_FLAG, DAE_DIGIT | DAE_LATER, .fallback = "0"},
        {"note", "", DAE_TYPE_LABEL, DAE_OPTIONAL},
    }};
static const struct dae_kind input = {
    .name = "input",
    .parameters = {{"shape", "", DAE_TYPE_COUNT, DAE_BY_PLACE | DAE_MANY | DAE_ANY, 1, 1e9}}};
static const struct dae_kind noisy = {
    .name = "noisy", .parameters = {{"stddev", "", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, INFINITY, .of = &draw}}};
static const struct dae_kind one_of = {.name = "one_of",
                                       .parameters = {{"alternatives", "", DAE_TYPE_RECIPE,
                                                       DAE_BY_PLACE | DAE_MANY | DAE_WEIGHTED, .of = &toys}}};
static const struct dae_kind sometimes = {
    .name = "sometimes",
    .parameters = {{"probability", "", DAE_TYPE_NUMBER, DAE_BY_PLACE, 0, 1},
                   {"recipe", "", DAE_TYPE_RECIPE, DAE_BY_PLACE, .of = &toys}}};
static const struct dae_kind drawn = {
    .name = "drawn",
    .check = check_limits,
    .parameters = {{"low", "", DAE_TYPE_NUMBER, DAE_OPEN_LOW | DAE_FLOAT, -1, 2, "0", .of = &draw},
                   {"high", "", DAE_TYPE_NUMBER, 0, .fallback = "1", .of = &draw},
                   {"count", "", DAE_TYPE_COUNT, 0, 1, 4, "1", .of = &draw}}};
static const struct dae_kind *const toy_kinds[] = {&drawn, &limits, &conv,      &input,
                                                   &noisy, &one_of, &sometimes, NULL};
static const struct dae_category toys = {
    .name = "toy", .text = "toys", .has_labels = true, .kinds = toy_kinds};

/* ---- Reading and writing ------------------------------------------------------------------------ */

static void write_recipe(char out[ROOM], const struct dae_recipe *recipe) {
    struct dae_text text = {out, ROOM, 0};
    out[0] = '\0';
    for (size_t i = 0; i < recipe->count; i++) {
        dae_text_add(&text, "%s", i > 0 ? " | " : "");
        dae_step_write(&text, &recipe->steps[i]);
    }
}

static void reads_as(const struct dae_category *category, const char *text, const char *expected) {
    char once[ROOM], twice[ROOM];
    struct dae_recipe *recipe = NULL, *again = NULL;
    ok(dae_recipe_bind(&recipe, category, text));
    write_recipe(once, recipe);
    ck_assert_str_eq(once, expected);
    ok(dae_recipe_bind(&again, category, once));
    write_recipe(twice, again);
    ck_assert_str_eq(twice, once);
    dae_release(recipe);
    dae_release(again);
}

START_TEST(every_type_is_read_and_written) {
    static const char *const texts[][2] = {
        {"", ""},
        {"limits(-2, 0.5) as a.b", "limits(low=-2, high=0.5) as a.b"},
        {"conv(8)", "conv(units=8, size=3, padding=same, activation=linear)"},
        {"conv(tied=a, size=[3, 5], padding=valid)",
         "conv(tied=a, size=[3, 5], padding=valid, activation=linear)"},
        {"conv(activation=leaky, units=1)",
         "conv(units=1, size=3, padding=same, activation=leaky(slope=0.3))"},
        {"conv(1, activation=leaky(0.1), slope=0.5)",
         "conv(units=1, size=3, padding=same, activation=leaky(slope=0.1))"},
        {"conv(1, bias=no, seen=1, note=x)",
         "conv(units=1, size=3, padding=same, bias=no, activation=linear, seen=1, note=x)"},
        {"conv(1, bias=1, seen=no)", "conv(units=1, size=3, padding=same, activation=linear)"},
        {"conv(1, bias=0, seen=yes)",
         "conv(units=1, size=3, padding=same, bias=no, activation=linear, seen=1)"},
        {"input(1, any, 28)", "input(1, any, 28)"},
        {"input(shape=[1, any])", "input(1, any)"},
        {"input(shape=784)", "input(784)"},
        {"noisy(0.5) | noisy(stddev=uniform(0, 1) as level)",
         "noisy(stddev=0.5) | noisy(stddev=uniform(low=0, high=1) as level)"},
        {"noisy(choice(1, 2, 4))", "noisy(stddev=choice(1, 2, 4))"},
        {"noisy(choice(values=2))", "noisy(stddev=choice(2))"},
        {"drawn(low=uniform(-0.5, 1), high=choice(1, 2), count=uniform(1, 4.5) as n)",
         "drawn(low=uniform(low=-0.5, high=1), high=choice(1, 2), count=uniform(low=1, high=4.5) as n)"},
        {"one_of(0.25: noisy(1) | input(2), noisy(2))",
         "one_of(0.25: noisy(stddev=1) | input(2), 1: noisy(stddev=2))"},
        {"sometimes(0.5, noisy(1) | noisy(2))",
         "sometimes(probability=0.5, recipe=noisy(stddev=1) | noisy(stddev=2))"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        reads_as(&toys, texts[i][0], texts[i][1]);
}
END_TEST

START_TEST(values_are_where_the_row_says) {
    struct dae_recipe *recipe = NULL;
    ok(dae_recipe_bind(
        &recipe, &toys,
        "conv(tied=code, size=[2, 4], padding=valid, activation=leaky) as c | noisy(uniform(1, 2))"));
    ck_assert_uint_eq(recipe->count, 2);
    const struct dae_step *step = &recipe->steps[0];
    const struct dae_value *v = step->values;
    ck_assert(step->kind == &conv && step->position == 0 && v[0].count == 0 && v[1].count == 1);
    ck_assert_str_eq(step->label, "c");
    ck_assert_str_eq(v[1].label, "code");
    ck_assert(v[2].count == 2 && v[2].items[0].number == 2 && v[2].items[1].number == 4);
    ck_assert(v[3].number == 1 && v[4].number == 1 && v[6].count == 0 && v[7].number == 0 && v[8].count == 0);
    ck_assert(v[5].count == 1 && v[5].steps[0].kind == &leaky && v[5].steps[0].values[0].number == 0.3);
    v = recipe->steps[1].values;
    ck_assert(isnan(v[0].number) && v[0].steps[0].kind == &uniform_draw &&
              v[0].steps[0].values[1].number == 2);
    dae_release(recipe);
}
END_TEST

/* ---- What is refused ---------------------------------------------------------------------------- */

static void refused(const struct dae_category *category, const char *text, dae_status status, size_t at,
                    const char *word) {
    struct dae_recipe *recipe = (struct dae_recipe *)&recipe;
    fails(dae_recipe_bind(&recipe, category, text), status, word);
    ck_assert(recipe == (struct dae_recipe *)&recipe);
    ck_assert_msg(dae_last_error_position() == at, "\"%s\" is wrong at %zu: %s", text, at, dae_last_error());
}

START_TEST(malformed_texts) {
    static const struct {
        const char *text;
        size_t at;
        const char *word;
    } texts[] = {
        {"blur", 1, "found 'blur', expected drawn, limits, conv, input, noisy, one_of or sometimes"},
        {"limits", 1, "limits needs low"},
        {"limits(1)", 1, "limits needs high"},
        {"limits(1, 0, 2)", 14, "limits has no more than 2 parameters"},
        {"limits(1, mean=2)", 11, "limits has no parameter 'mean', expected low or high"},
        {"limits(1, low=2)", 11, "low of limits is given twice"},
        {"limits(low=1, 2)", 15, "found a value without a name after one with a name"},
        {"limits(yes, 0)", 8, "low: found 'yes', expected a number"},
        {"limits([1], 0)", 8, "low: found '[1]', expected a number"},
        {"limits(1: input(1), 0)", 8, "low: found '1: input(1)', expected a number"},
        {"conv", 1, "conv needs units or tied"},
        {"conv(1, tied=a)", 1, "conv needs units or tied, and not both"},
        {"conv(1, 2)", 9, "conv takes 1 value without a name, expected one with its name, as in tied="},
        {"conv(units=7, units=3)", 15, "units of conv is given twice"},
        {"conv(1, width=4)", 9, "expected units, tied, size, padding, bias, activation, seen or note"},
        {"conv(x)", 6, "units: found 'x', expected a whole number"},
        {"conv(any)", 6, "units: found 'any', expected a whole number"},
        {"conv(1, size=[])", 9, "size: found '[]', expected a whole number"},
        {"conv(1, size=[1, [2]])", 18, "size: found '[2]', expected a whole number"},
        {"conv(1, padding=full)", 9, "padding: found 'full', expected same or valid"},
        {"conv(1, padding=same(1))", 9, "padding: found 'same(1)', expected same or valid"},
        {"conv(1, padding=1)", 9, "padding: found '1', expected same or valid"},
        {"conv(1, bias=maybe)", 9, "bias: found 'maybe', expected yes or no"},
        {"conv(1, activation=1)", 9, "activation: found '1', expected one of linear or leaky"},
        {"conv(1, activation=relu)", 20, "found 'relu', expected linear or leaky"},
        {"conv(1, activation=linear | linear)", 9, "expected one of linear or leaky"},
        {"conv(1, activation=linear as a)", 20, "found 'as a', expected no label here"},
        {"conv(1, activation=leaky(slope=0, slope=0))", 35, "slope of leaky is given twice"},
        {"conv(1, note=1)", 9, "note: found '1', expected a word"},
        {"input", 1, "input needs shape"},
        {"input(width=4)", 7, "input has no parameter 'width', expected shape"},
        {"input(1, some)", 10, "shape: found 'some', expected a whole number or any"},
        {"noisy(low)", 7, "found 'low', expected a number, or one of uniform or choice"},
        {"noisy(uniform(0, 1) | uniform(0, 1))", 7, "stddev: found"},
        {"one_of(1)", 8, "alternatives: found '1', expected some of"},
        {"one_of(0.5: blur)", 13, "found 'blur'"},
        {"sometimes(1, 0.5: input(1))", 14, "recipe: found '0.5: input(1)'"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refused(&toys, texts[i].text, DAE_ERROR_FORMAT, texts[i].at, texts[i].word);
}
END_TEST

START_TEST(values_out_of_range) {
    static const struct {
        const char *text;
        size_t at;
        const char *word;
    } texts[] = {
        {"limits(0.75, 0.5)", 1, "limits: found low = 0.75, high = 0.5, expected low <= high"},
        {"limits(1e39, 0)", 8, "low is 1e+39, expected a finite number, in float32"},
        {"limits(-2, 1)", 12, "high is 1, expected a finite number, -1 < high < 1"},
        {"limits(-2, -1)", 12, "high is -1, expected a finite number, -1 < high < 1"},
        {"conv(0)", 6, "units is 0, expected a whole number, 1 <= units <= 100"},
        {"conv(1.5)", 6, "units is 1.5, expected a whole number"},
        {"conv(101)", 6, "units is 101, expected"},
        {"conv(1, size=[1, 10])", 18, "size is 10, expected"},
        {"conv(1, bias=2)", 9, "bias is 2, expected 0 or 1"},
        {"conv(1, activation=leaky(2))", 26, "slope is 2, expected a finite number, 0 <= slope <= 1"},
        {"noisy(-1)", 7, "stddev is -1, expected a finite number, 0 <= stddev"},
        {"one_of(2: limits(0.75, 0.5))", 11, "expected low <= high"},
        {"noisy(uniform(-1, 1))", 7,
         "stddev is drawn from -1 to 1: stddev is -1, expected a finite number, 0"},
        {"drawn(low=uniform(0, 2.5))", 7, "low is drawn from 0 to 2.5: low is 2.5, expected"},
        {"drawn(low=choice(-1, 0))", 7, "low is -1, expected a finite number, -1 < low <= 2"},
        {"drawn(count=uniform(0.5, 2))", 7, "count is drawn from 0.5 to 2: count is 0.5, expected a whole"},
        {"drawn(count=uniform(1, 5))", 7, "count is 5, expected a whole number, 1 <= count <= 4"},
        {"drawn(low=uniform(0, 1.5))", 1,
         "drawn: found low = uniform(low=0, high=1.5), high = 1, count = 1, expected low <= high"},
        {"drawn(low=uniform(0, 0.5), high=choice(0.25, 3))", 1, "expected low <= high"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refused(&toys, texts[i].text, DAE_ERROR_ARGUMENT, texts[i].at, texts[i].word);
}
END_TEST

START_TEST(one_step_where_one_is_wanted) {
    struct dae_recipe *recipe = NULL;
    fails(dae_recipe_bind_one(&recipe, &toys, " "), DAE_ERROR_FORMAT,
          "toys, position 2: found the end of the text");
    fails(dae_recipe_bind_one(&recipe, &toys, "input(1) | input(1)"), DAE_ERROR_FORMAT,
          "position 12: found another");
    ck_assert_ptr_null(recipe);
    ok(dae_recipe_bind_one(&recipe, &toys, "input(1)"));
    dae_release(recipe);
}
END_TEST

START_TEST(memory_may_run_out) {
    for (size_t k = 1; k <= 2; k++) {
        struct dae_recipe *recipe = NULL;
        heap_watch();
        heap_fail_at(k, true);
        fails(dae_recipe_bind(&recipe, &toys, "one_of(0.5: conv(1), noisy(uniform(0, 1)))"), DAE_ERROR_MEMORY,
              "");
        ck_assert_uint_eq(heap_live(), 0);
        heap_unwatch();
        ck_assert_ptr_null(recipe);
    }
}
END_TEST

/* ---- All rows of the library -------------------------------------------------------------------- */

static const struct dae_category *const categories[] = {&dae_noise_category, &dae_draw_category,
                                                        &dae_governor_category, &dae_optimizer_category};
enum { CATEGORIES = sizeof categories / sizeof *categories };

static bool is_one_line(const char *text) {
    return text != NULL && text[0] != '\0' && strpbrk(text, "\n\t") == NULL && strlen(text) < 100;
}

/* A row is complete, its defaults are written as they are read, and its example round trips. */
static void row_is_right(const struct dae_category *category, const struct dae_kind *kind) {
    char text[ROOM], first[ROOM];
    struct dae_recipe *recipe = NULL;
    ck_assert(is_one_line(kind->name) && is_one_line(kind->what) && is_one_line(kind->example));
    ck_assert_ptr_eq(dae_kind_find(category, kind->name), kind);
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++) {
        const struct dae_parameter *p = &kind->parameters[i];
        ck_assert(is_one_line(p->name) && is_one_line(p->what));
        ck_assert_msg(!(p->flags & DAE_BY_PLACE) || p->fallback == NULL,
                      "%s of %s: by place and with a default", p->name, kind->name);
        ck_assert_msg(!(p->flags & DAE_LATER) || p->fallback != NULL || p->flags & DAE_OPTIONAL, "%s of %s",
                      p->name, kind->name);
    }
    ok(dae_recipe_bind(&recipe, category, kind->example));
    ck_assert(recipe->count >= 1 && recipe->steps[0].kind == kind);
    write_recipe(first, recipe);
    dae_release(recipe);
    reads_as(category, first, first);
    for (size_t i = 0; i < dae_kind_parameter_count(kind); i++) {
        const struct dae_parameter *p = &kind->parameters[i];
        if (p->fallback == NULL)
            continue;
        snprintf(text, ROOM, "%.*s%s%s=%s)", (int)strcspn(kind->example, ")"), kind->example,
                 strchr(kind->example, '(') ? ", " : "(", p->name, p->fallback);
        if (strstr(kind->example, p->name) == NULL)
            reads_as(category, text, first);
    }
}

START_TEST(every_row_is_right) {
    for (const struct dae_kind *const *kind = categories[_i]->kinds; *kind != NULL; kind++)
        row_is_right(categories[_i], *kind);
}
END_TEST

/* Letters of a value that a text goes on with. */
static size_t length_of_value(const char *text) {
    size_t length = 0, open = 0;
    for (; text[length] != '\0' && (open > 0 || strchr(",)", text[length]) == NULL); length++)
        open += (size_t)(text[length] == '(') - (size_t)(text[length] == ')');
    return length;
}

/* Each argument of what a row writes, spoiled in every way that there is. */
static void spoil(const struct dae_category *category, const char *text, const char *name) {
    static const char *const wrong[] = {"word", "[1, 2]", "[]", "2: word", "1e999", "other(1)", "-7e300"};
    char start[64], spoiled[ROOM];
    snprintf(start, sizeof start, "%s=", name);
    const char *value = strstr(text, start);
    if (value == NULL)
        return;
    size_t before = (size_t)(value - text) + strlen(start), length = length_of_value(text + before);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct dae_recipe *recipe = NULL;
        snprintf(spoiled, ROOM, "%.*s%s%s", (int)before, text, wrong[i], text + before + length);
        dae_status status = dae_recipe_bind(&recipe, category, spoiled);
        if (status == DAE_OK) { /* where anything goes, or any word */
            ck_assert_msg(i == 0 || wrong[i][0] == '-', "%s", spoiled);
            dae_release(recipe);
            continue;
        }
        ck_assert_msg(status == DAE_ERROR_FORMAT || status == DAE_ERROR_ARGUMENT, "%s", spoiled);
        ck_assert_msg(message_has("expected") && dae_last_error_position() > 0, "%s: %s", spoiled,
                      dae_last_error());
        ck_assert_msg(message_has(name) || message_has("1e999") || message_has("found '"), "%s: %s", spoiled,
                      dae_last_error());
    }
    snprintf(spoiled, ROOM, "%.*s, %s=1)", (int)(strrchr(text, ')') - text), text, name);
    struct dae_recipe *recipe = NULL;
    fails(dae_recipe_bind(&recipe, category, spoiled), DAE_ERROR_FORMAT, "is given twice");
    snprintf(spoiled, ROOM, "%.*s, %s_=1)", (int)(strrchr(text, ')') - text), text, name);
    fails(dae_recipe_bind(&recipe, category, spoiled), DAE_ERROR_FORMAT, "has no parameter");
}

START_TEST(every_parameter_spoiled) {
    for (const struct dae_kind *const *kind = categories[_i]->kinds; *kind != NULL; kind++) {
        char text[ROOM];
        struct dae_recipe *recipe = NULL;
        ok(dae_recipe_bind(&recipe, categories[_i], (*kind)->example));
        write_recipe(text, recipe);
        dae_release(recipe);
        for (size_t i = 0; i < dae_kind_parameter_count(*kind); i++)
            spoil(categories[_i], text, (*kind)->parameters[i].name);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kind");
    TCase *toy = add_case(suite, "types");
    tcase_add_test(toy, every_type_is_read_and_written);
    tcase_add_test(toy, values_are_where_the_row_says);
    tcase_add_test(toy, malformed_texts);
    tcase_add_test(toy, values_out_of_range);
    tcase_add_test(toy, one_step_where_one_is_wanted);
    tcase_add_test(toy, memory_may_run_out);
    TCase *rows = add_case(suite, "rows");
    tcase_add_loop_test(rows, every_row_is_right, 0, CATEGORIES);
    tcase_add_loop_test(rows, every_parameter_spoiled, 0, CATEGORIES);
    return suite_main(suite);
}
