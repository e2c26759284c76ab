/* Kinds as programs see them: lists, facts, recipes taken apart; and every kind that the library lists. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1024 };

static const char *const categories[] = {"layer",       "activation", "initializer", "network",  "noise",
                                         "draw",        "objective",  "optimizer",   "governor", "source",
                                         "destination", "view",       "figure",      "scaling",  "cover"};
enum { CATEGORIES = sizeof categories / sizeof *categories };

static const char *list(const char *category, const char *kind, size_t index) {
    const char *name = "untouched";
    ok(dae_kind_list(category, kind, index, &name));
    return name;
}

static const char *fact(const char *category, const char *kind, const char *parameter, const char *name) {
    const char *text = "untouched";
    ok(dae_kind_get_text(category, kind, parameter, name, &text));
    return text;
}

static double number(const char *category, const char *kind, const char *parameter, const char *name) {
    double value = -77;
    ok(dae_kind_get_number(category, kind, parameter, name, &value));
    return value;
}

static bool is(const char *text, const char *expected) {
    return text == expected || (text != NULL && expected != NULL && strcmp(text, expected) == 0);
}

/* ---- What is listed ------------------------------------------------------------------------------- */

START_TEST(names_are_listed) {
    for (size_t i = 0; i < CATEGORIES; i++)
        ck_assert_str_eq(list(NULL, NULL, i), categories[i]);
    ck_assert_ptr_null(list(NULL, NULL, CATEGORIES));
    ck_assert_ptr_null(list(NULL, NULL, SIZE_MAX));
    ck_assert_str_eq(list("layer", NULL, 0), "input");
    ck_assert_str_eq(list("optimizer", NULL, 0), "sgd");
    ck_assert_str_eq(list("optimizer", NULL, 1), "adam");
    ck_assert_ptr_null(list("optimizer", NULL, SIZE_MAX));
    ck_assert_str_eq(list("noise", "clip", 1), "high");
    ck_assert_ptr_null(list("noise", "clip", 2));
    ck_assert_ptr_null(list("layer", "flatten", 0));
}
END_TEST

START_TEST(hidden_parameters_are_not_listed) {
    static const char *const expected[] = {"units", "activation", "initializer", "tied", "bias"};
    const char *text = "untouched";
    for (size_t i = 0; i < 5; i++)
        ck_assert_str_eq(list("layer", "dense", i), expected[i]);
    ck_assert_ptr_null(list("layer", "dense", 5));
    fails(dae_kind_get_text("layer", "dense", "slope", "what", &text), DAE_ERROR_ARGUMENT,
          "parameter is 'slope', expected units, activation, initializer, tied or bias");
    ck_assert_str_eq(text, "untouched");
}
END_TEST

START_TEST(facts_are_those_of_the_headers) {
    ck_assert(is(fact("optimizer", NULL, NULL, "then"), "governor"));
    ck_assert(is(fact("noise", NULL, NULL, "then"), NULL));
    ck_assert(is(fact("noise", NULL, NULL, "type"), NULL));
    ck_assert(is(fact("noise", "clip", NULL, "example"), "clip(0, 1)"));
    ck_assert(is(fact("noise", "clip", NULL, "since"), "0.1.0"));
    ck_assert(is(fact("noise", "clip", "low", "type"), "number"));
    ck_assert(is(fact("noise", "gaussian", "mean", "default"), "0"));
    ck_assert(is(fact("noise", "gaussian", "stddev", "default"), NULL));
    ck_assert(is(fact("layer", "dense", "activation", "type"), "kind"));
    ck_assert(is(fact("layer", "dense", "activation", "of"), "activation"));
    ck_assert(is(fact("layer", "dense", "activation", "default"), "linear"));
    ck_assert(is(fact("layer", "dense", "units", "other"), "tied"));
    ck_assert(is(fact("layer", "dense", "tied", "other"), "units"));
    ck_assert(is(fact("layer", "dense", "tied", "type"), "label"));
    ck_assert(is(fact("layer", "dense", "bias", "words"), "no, yes"));
    ck_assert(is(fact("layer", "input", "shape", "type"), "count"));
    ck_assert(number("layer", "input", "shape", "many") == 1);
    ck_assert(number("layer", "dense", "units", "many") == 0);
    ck_assert(number("layer", "dense", "units", "low") == 1);
    ck_assert(number("layer", "dense", "units", "by_place") == 1);
    ck_assert(number("layer", "dense", "bias", "default") == 1);
    ck_assert(isnan(number("layer", "dense", "activation", "default")));
    ck_assert(number("optimizer", "adam", "learning_rate", "low") == 0);
    ck_assert(number("optimizer", "adam", "learning_rate", "open_low") == 1);
    ck_assert(number("optimizer", "adam", "learning_rate", "high") == 1e6);
    ck_assert(number("optimizer", "adam", "learning_rate", "open_high") == 0);
    ck_assert(number("optimizer", "adam", "beta1", "open_high") == 1);
    ck_assert(number("optimizer", "adam", "beta2", "default") == 0.999);
    ck_assert(isnan(number("noise", "gaussian", "stddev", "high")));
    ck_assert(number("noise", "gaussian", "stddev", "low") == 0);
    ck_assert(isnan(number("noise", "gaussian", "mean", "low")));
    ck_assert(isnan(number("noise", "gaussian", NULL, "low")));
}
END_TEST

START_TEST(what_does_not_exist_is_refused) {
    const char *text = "untouched";
    double value = 5;
    fails(dae_kind_list("sound", NULL, 0, &text), DAE_ERROR_ARGUMENT,
          "category is 'sound', expected layer, activation, ");
    fails(dae_kind_list("optimizer", "lamb", 0, &text), DAE_ERROR_ARGUMENT, "kind is 'lamb', expected sgd");
    fails(dae_kind_list(NULL, "adam", 0, &text), DAE_ERROR_ARGUMENT, "category is NULL");
    fails(dae_kind_list("optimizer", "adam", 0, NULL), DAE_ERROR_ARGUMENT, "name is NULL");
    fails(dae_kind_get_text("noise", "clip", "width", "what", &text), DAE_ERROR_ARGUMENT,
          "parameter is 'width', expected low or high");
    fails(dae_kind_get_text("layer", "gain", "width", "what", &text), DAE_ERROR_ARGUMENT,
          "parameter is 'width', expected none");
    fails(dae_kind_get_text("noise", NULL, "low", "what", &text), DAE_ERROR_ARGUMENT, "kind is NULL");
    fails(dae_kind_get_text("noise", "clip", "low", "colour", &text), DAE_ERROR_ARGUMENT,
          "fact is 'colour', expected what, example, type, of, words, default, other, then or since");
    fails(dae_kind_get_number("noise", "clip", "low", "what", &value), DAE_ERROR_ARGUMENT,
          "fact is 'what', expected low, high, open_low, open_high, default, by_place or many");
    ck_assert_str_eq(text, "untouched");
    ck_assert(value == 5);
}
END_TEST

/* ---- Recipes taken apart -------------------------------------------------------------------------- */

static char *get(const char *category, const char *text, size_t step, const char *parameter) {
    static char buffer[ROOM];
    size_t length = 0;
    ok(dae_recipe_get(category, text, step, parameter, buffer, ROOM, &length));
    ck_assert_uint_eq(length, strlen(buffer));
    return buffer;
}

START_TEST(parameters_are_taken_out_of_recipes) {
    const char *net =
        "input(1, 28, 28) | dense(32, activation=leaky_relu(0.1)) as code | concatenate(code, input)";
    ck_assert_str_eq(get("layer", net, 0, "kind"), "input");
    ck_assert_str_eq(get("layer", net, 0, "shape"), "1, 28, 28");
    ck_assert_str_eq(get("layer", net, 0, "label"), "");
    ck_assert_str_eq(get("layer", net, 1, "kind"), "dense");
    ck_assert_str_eq(get("layer", net, 1, "label"), "code");
    ck_assert_str_eq(get("layer", net, 1, "units"), "32");
    ck_assert_str_eq(get("layer", net, 1, "tied"), "");
    ck_assert_str_eq(get("layer", net, 1, "bias"), "yes");
    ck_assert_str_eq(get("layer", net, 1, "initializer"), "glorot_uniform");
    ck_assert_str_eq(get("layer", net, 1, "activation"), "leaky_relu(0.1)");
    ck_assert_str_eq(get("activation", "leaky_relu(0.1)", 0, "slope"), "0.1");
    ck_assert_str_eq(get("layer", net, 2, "values"), "code, input");
    ck_assert_str_eq(get("layer", net, 3, "kind"), "");
    ck_assert_str_eq(get("layer", net, SIZE_MAX, "units"), "");
    ck_assert_str_eq(get("noise", "", 0, "kind"), "");
    ck_assert_str_eq(get("optimizer", "adam(0.001) | cosine(100)", 0, "beta1"), "0.9");
    ck_assert_str_eq(get("optimizer", "adam(0.001) | cosine(100)", 1, "kind"), "cosine");
    ck_assert_str_eq(get("optimizer", "adam(0.001) | cosine(100)", 1, "warmup"), "0");
}
END_TEST

START_TEST(what_cannot_be_taken_apart_is_refused) {
    char buffer[ROOM] = "untouched";
    size_t length = 5;
    fails(dae_recipe_get("noise", "gaussian(", 0, "kind", buffer, ROOM, &length), DAE_ERROR_FORMAT,
          "position 10");
    fails(dae_recipe_get("noise", "masking(2)", 0, "kind", buffer, ROOM, &length), DAE_ERROR_ARGUMENT,
          "rate");
    fails(dae_recipe_get("noise", "masking(1)", 0, "stddev", buffer, ROOM, &length), DAE_ERROR_ARGUMENT,
          "dae_recipe_get: parameter is 'stddev', expected rate");
    fails(dae_recipe_get("layer", "dense(1)", 0, "slope", buffer, ROOM, &length), DAE_ERROR_ARGUMENT,
          "parameter");
    fails(dae_recipe_get(NULL, "masking(1)", 0, "kind", buffer, ROOM, &length), DAE_ERROR_ARGUMENT,
          "category");
    fails(dae_recipe_get("noise", NULL, 0, "kind", buffer, ROOM, &length), DAE_ERROR_ARGUMENT, "text");
    fails(dae_recipe_get("noise", "", 0, NULL, buffer, ROOM, &length), DAE_ERROR_ARGUMENT, "parameter");
    ck_assert_str_eq(buffer, "untouched");
    ck_assert_uint_eq(length, 5);
    fails(dae_recipe_get("noise", "masking(1)", 0, "kind", buffer, 7, &length), DAE_ERROR_ARGUMENT,
          "capacity");
    ck_assert_uint_eq(length, 7);
}
END_TEST

/* ---- Every kind ----------------------------------------------------------------------------------- */

/* Does something with every kind of a category. */
static void with_every_kind(const char *category, void (*check)(const char *category, const char *kind)) {
    size_t i = 0;
    for (; list(category, NULL, i) != NULL; i++)
        check(category, list(category, NULL, i));
    ck_assert_uint_gt(i, 0);
}

/* One line of one sentence part, which speaks to people. */
static void is_one_line(const char *text) {
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(text[0] != '\0' && strpbrk(text, "\n\t") == NULL && strlen(text) < 100, "'%s'", text);
}

static bool is_one_of(const char *text, const char *const *all) {
    while (*all != NULL && !is(text, *all))
        all++;
    return *all != NULL;
}

/* Facts that go together, and an example that can be taken apart. */
static void facts_agree(const char *category, const char *kind) {
    static const char *const types[] = {"number", "count", "flag", "word", "label", "kind", "recipe", NULL};
    const char *example = fact(category, kind, NULL, "example"), *parameter;
    is_one_line(fact(category, kind, NULL, "what"));
    is_one_line(example);
    ck_assert_str_eq(get(category, example, 0, "kind"), kind);
    ck_assert_str_eq(get(category, example, 1, "kind"), "");
    for (size_t i = 0; (parameter = list(category, kind, i)) != NULL; i++) {
        const char *type = fact(category, kind, parameter, "type"),
                   *other = fact(category, kind, parameter, "other");
        const char *fallback = fact(category, kind, parameter, "default");
        double low = number(category, kind, parameter, "low"),
               high = number(category, kind, parameter, "high");
        double by_default = number(category, kind, parameter, "default");
        is_one_line(fact(category, kind, parameter, "what"));
        ck_assert(is_one_of(type, types) && !is(parameter, "kind") && !is(parameter, "label"));
        ck_assert(is(type, "count") || (is(type, "flag") || is(type, "word")) ==
                                           (fact(category, kind, parameter, "words") != NULL));
        ck_assert(!is(category, "noise") || !(is(type, "number") || is(type, "count")) ||
                  is(fact(category, kind, parameter, "of"), "draw"));
        ck_assert(!is(type, "kind") || list(fact(category, kind, parameter, "of"), NULL, 0) != NULL);
        ck_assert(other == NULL || is(fact(category, kind, other, "other"), parameter));
        ck_assert(!(low > high) && !(by_default < low) && !(by_default > high));
        ck_assert(fallback != NULL || isnan(by_default));
        if (fallback != NULL && strstr(example, parameter) == NULL &&
            number(category, kind, parameter, "by_place") == 0)
            ck_assert(is(get(category, example, 0, parameter), fallback) || is(type, "flag"));
    }
}

START_TEST(facts_of_every_kind_agree) {
    is_one_line(fact(categories[_i], NULL, NULL, "what"));
    with_every_kind(categories[_i], facts_agree);
}
END_TEST

/* A value that is out of a parameter's range is refused, and one within is not; as the facts say. */
static void bound_is_kept(const char *category, const char *kind, const char *parameter, const char *bound,
                          double outwards) {
    double value = number(category, kind, parameter, bound);
    char open[ROOM], text[ROOM], buffer[ROOM];
    const char *example = fact(category, kind, NULL, "example");
    if (isnan(value) || list(category, kind, 1) != NULL || example[strlen(kind)] != '(')
        return; /* kinds of one parameter: nothing else can clash */
    snprintf(open, ROOM, "open_%s", bound);
    for (int beyond = 0; beyond < 2; beyond++) {
        double used = beyond == 1 ? nextafter(value, outwards) : value;
        char start[ROOM];
        if (number(category, kind, parameter, "by_place") == 1)
            snprintf(start, ROOM, "%s(?)", kind);
        else
            snprintf(start, ROOM, "%s(%s=?)", kind, parameter);
        ok(dae_recipe_fill(text, ROOM, NULL, start, &used, 1));
        dae_status status = dae_recipe_get(category, text, 0, parameter, buffer, ROOM, NULL);
        bool refused = beyond == 1 || number(category, kind, parameter, open) == 1;
        ck_assert_msg((status == DAE_OK) == !refused, "%s: %s", text, dae_last_error());
    }
}

static void bounds_are_kept(const char *category, const char *kind) {
    const char *parameter;
    for (size_t i = 0; (parameter = list(category, kind, i)) != NULL; i++) {
        bound_is_kept(category, kind, parameter, "low", -INFINITY);
        bound_is_kept(category, kind, parameter, "high", INFINITY);
    }
}

START_TEST(bounds_of_every_kind_are_kept) {
    with_every_kind(categories[_i], bounds_are_kept);
}
END_TEST

/* Each parameter of a kind spoiled: refused with a position, which is in the text. */
static void spoiled_is_refused(const char *category, const char *kind) {
    static const char *const wrong[] = {"[]",           "2: word", "1e999", "other(1)",
                                        "1, nothing=1", "(",       "'",     "1, 1, 1, [1, [1]]"};
    const char *parameter;
    for (size_t i = 0; (parameter = list(category, kind, i)) != NULL; i++)
        for (size_t j = 0; j < sizeof wrong / sizeof *wrong; j++) {
            char text[ROOM], buffer[ROOM];
            snprintf(text, ROOM, "%s(%s=%s)", kind, parameter, wrong[j]);
            dae_status status = dae_recipe_get(category, text, 0, "kind", buffer, ROOM, NULL);
            ck_assert_msg(status == DAE_ERROR_FORMAT || status == DAE_ERROR_ARGUMENT, "%s", text);
            ck_assert_msg(dae_last_error_position() > 0 && dae_last_error_position() <= strlen(text) + 1,
                          "%s: %s", text, dae_last_error());
            ck_assert_msg(message_has("expected"), "%s: %s", text, dae_last_error());
        }
}

START_TEST(every_parameter_spoiled) {
    with_every_kind(categories[_i], spoiled_is_refused);
}
END_TEST

/* Text through the object of a category: read, and written again. */
static void through_noise(const char *text, char written[ROOM]) {
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, text));
    ok(dae_noise_format(noise, written, ROOM, NULL));
    dae_noise_free(noise);
}

/* In the place of a number that may be anything. */
static void through_draw(const char *text, char written[ROOM]) {
    char whole[ROOM];
    snprintf(whole, ROOM, "gaussian(0, mean=%.512s)", text);
    through_noise(whole, written);
    strcpy(written, get("noise", written, 0, "mean"));
}

static void through_optimizer(const char *text, char written[ROOM]) {
    dae_optimizer *optimizer = NULL;
    ok(dae_optimizer_parse(&optimizer, text));
    ok(dae_optimizer_format(optimizer, written, ROOM, NULL));
    dae_optimizer_free(optimizer);
}

/* After a rule, which is left out again. */
static void through_governor(const char *text, char written[ROOM]) {
    char whole[ROOM];
    snprintf(whole, ROOM, "sgd(1) | %s", text);
    through_optimizer(whole, written);
    char *bar = strstr(written, " | ");
    snprintf(whole, ROOM, "%s", bar != NULL ? bar + 3 : "constant");
    memcpy(written, whole, ROOM);
}

/* After layers with all the labels that examples read; only what comes after them is looked at. What is no
 * layer has one after it. */
static void write_network(const char *shape, const char *text, char whole[ROOM]) {
    bool begins = strncmp(text, "input", 5) == 0, goes_on = strncmp(text, "from", 4) == 0;
    char start[ROOM / 4];
    snprintf(start, sizeof start, "input(%s) | dense(784) as noise | reshape(%s) as e1 | ", shape, shape);
    ck_assert_uint_lt(strlen(text), ROOM / 2);
    snprintf(whole, ROOM, "%s%.512s%s", begins ? "" : start, text, begins || goes_on ? " | flatten" : "");
}

/* In a picture, or in a signal. */
static void through_layer(const char *text, char written[ROOM]) {
    char whole[ROOM];
    dae_model *model = NULL;
    write_network("4, 14, 14", text, whole);
    if (dae_model_parse(&model, whole) == DAE_ERROR_SHAPE) {
        write_network("4, 196", text, whole);
        ok(dae_model_parse(&model, whole));
    }
    ok(dae_model_format(model, whole, ROOM, NULL));
    const char *rest = strstr(whole, "as e1 | ");
    snprintf(written, ROOM, "%s", rest != NULL ? rest + 8 : whole);
    dae_model_free(model);
}

static void through_activation(const char *text, char written[ROOM]) {
    char layer[ROOM];
    snprintf(layer, ROOM, "dense(1, activation=%s)", text);
    through_layer(layer, written);
    strcpy(written, get("layer", written, 0, "activation"));
}

static void through_initializer(const char *text, char written[ROOM]) {
    char layer[ROOM];
    snprintf(layer, ROOM, "dense(1, initializer=%s)", text);
    through_layer(layer, written);
    strcpy(written, get("layer", written, 0, "initializer"));
}

/* Of a model with a code that every term suits; penalties need a term that compares beside them. */
static void through_objective(const char *text, char written[ROOM]) {
    dae_model *model = NULL;
    dae_optimizer *sgd = NULL;
    dae_trainer *trainer = NULL;
    char objective[ROOM];
    ok(dae_model_parse(&model, "input(4) | dense(3, activation=sigmoid) as code | dense(4) as out"));
    ok(dae_model_initialize(model, 1));
    ok(dae_optimizer_create_sgd(&sgd, 0.1));
    snprintf(objective, ROOM, "%s | mse(weight=0.25)", text);
    dae_status status = dae_trainer_create(&trainer, model, sgd, objective);
    if (status != DAE_OK) /* mse itself, which stands there twice then */
        ok(dae_trainer_create(&trainer, model, sgd, text));
    ok(dae_trainer_format_objective(trainer, written, ROOM, NULL));
    if (status == DAE_OK)
        *strstr(written, " | mse(weight=0.25)") = '\0';
    dae_trainer_free(trainer);
    dae_optimizer_free(sgd);
    dae_model_free(model);
}

/* No object keeps a format, or how a view is made: it is the words of the text. */
static void through_text(const char *text, char written[ROOM]) {
    snprintf(written, ROOM, "%s", text);
}

/* It can be measured, or a report has it; nothing writes it. */
static void through_figure(const char *text, char written[ROOM]) {
    const float sample[] = {0, 1};
    const size_t shape = 2;
    double value;
    dae_model *model = NULL;
    dae_dataset *data = NULL;
    dae_report *report = NULL;
    ok(dae_model_parse(&model, "input(2) | dense(2)"));
    ok(dae_model_initialize(model, 1));
    ok(dae_dataset_borrow_array(&data, sample, 1, 1, &shape, NULL, NULL));
    ok(dae_model_evaluate(&report, model, data));
    if (dae_model_measure(model, data, text, &value, 1) != DAE_OK)
        ok(dae_report_get(report, text, &value));
    snprintf(written, ROOM, "%s", text);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
}

/* Every kind is kept as the kind affine, which is written. */
static void through_scaling(const char *text, char written[ROOM]) {
    const float sample[] = {0, 1};
    const size_t shape = 2;
    dae_model *model = NULL;
    dae_dataset *data = NULL;
    ok(dae_model_parse(&model, "input(2) | dense(2)"));
    ok(dae_model_initialize(model, 1));
    ok(dae_dataset_borrow_array(&data, sample, 1, 1, &shape, NULL, NULL));
    ok(dae_model_set_scaling(model, text, data));
    ok(dae_model_format_scaling(model, written, ROOM, NULL));
    if (strncmp(text, "affine", strlen("affine")) != 0)
        snprintf(written, ROOM, "%s", text);
    dae_dataset_free(data);
    dae_model_free(model);
}

/* Nothing keeps or writes it either. */
static void through_cover(const char *text, char written[ROOM]) {
    const float sample[256] = {0};
    const size_t shape[] = {1, 256};
    float clean[256];
    dae_model *model = NULL;
    ok(dae_model_parse(&model, "input(1, 128) | conv1d(1, 3)"));
    ok(dae_model_initialize(model, 1));
    ok(dae_model_apply(model, text, 2, shape, sample, clean, NULL, NULL));
    snprintf(written, ROOM, "%s", text);
    dae_model_free(model);
}

static const struct {
    const char *category;
    void (*through)(const char *text, char written[ROOM]);
} objects[] = {
    {"layer", through_layer},
    {"activation", through_activation},
    {"initializer", through_initializer},
    {"network", through_layer},
    {"noise", through_noise},
    {"draw", through_draw},
    {"objective", through_objective},
    {"optimizer", through_optimizer},
    {"governor", through_governor},
    {"source", through_text},
    {"destination", through_text},
    {"view", through_text},
    {"figure", through_figure},
    {"scaling", through_scaling},
    {"cover", through_cover},
};

/* Networks are written as the layers that they are made of (check_network_text.c). */
static bool is_network(const char *kind) {
    size_t i = 0;
    while (list("network", NULL, i) != NULL && !is(list("network", NULL, i), kind))
        i++;
    return list("network", NULL, i) != NULL;
}

/* An example, read and written by the objects of its category, has the values that taking it apart gives;
 * and what is written is read and written the same. */
START_TEST(every_example_is_written_back) {
    const char *category = objects[_i].category, *kind, *parameter;
    ck_assert_str_eq(category, categories[_i]);
    for (size_t i = 0; (kind = list(category, NULL, i)) != NULL; i++) {
        const char *example = fact(category, kind, NULL, "example");
        char once[ROOM], twice[ROOM], value[ROOM];
        if (is_network(kind))
            continue;
        objects[_i].through(example, once);
        objects[_i].through(once, twice);
        ck_assert_str_eq(get(category, once, 0, "kind"), kind);
        if (!is(kind, "from") && !is(kind, "input")) /* which have more layers each time */
            ck_assert_str_eq(once, twice);
        for (size_t j = 0; (parameter = list(category, kind, j)) != NULL; j++) {
            strcpy(value, get(category, example, 0, parameter));
            ck_assert_str_eq(get(category, once, 0, parameter), value);
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kinds");
    TCase *facts = add_case(suite, "facts");
    tcase_add_test(facts, names_are_listed);
    tcase_add_test(facts, hidden_parameters_are_not_listed);
    tcase_add_test(facts, facts_are_those_of_the_headers);
    tcase_add_test(facts, what_does_not_exist_is_refused);
    TCase *recipes = add_case(suite, "recipes");
    tcase_add_test(recipes, parameters_are_taken_out_of_recipes);
    tcase_add_test(recipes, what_cannot_be_taken_apart_is_refused);
    TCase *every = add_case(suite, "every kind");
    tcase_add_loop_test(every, facts_of_every_kind_agree, 0, CATEGORIES);
    tcase_add_loop_test(every, bounds_of_every_kind_are_kept, 0, CATEGORIES);
    tcase_add_loop_test(every, every_parameter_spoiled, 0, CATEGORIES);
    tcase_add_loop_test(every, every_example_is_written_back, 0, CATEGORIES);
    return suite_main(suite);
}
