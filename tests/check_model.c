/* Models: building, texts, parameters and their names, the table, noise and range. */
#include "network.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 12 -> dense 7 relu -> dropout -> dense 5 tanh, without parameters; the layers belong to it alone. */
static dae_model *unset_model(void) {
    dae_layer *layers[3] = {NULL, NULL, NULL};
    dae_model *model = NULL;
    const size_t inputs = 12;
    ok(dae_model_create(&model, 1, &inputs));
    ok(dae_layer_create_dense(&layers[0], 7, "relu"));
    ok(dae_layer_parse(&layers[1], "dropout(0.25)"));
    ok(dae_layer_create_dense(&layers[2], 5, "tanh"));
    for (size_t i = 0; i < 3; i++) {
        ok(dae_model_add(model, layers[i]));
        dae_layer_free(layers[i]);
    }
    return model;
}

enum { WEIGHTS_0 = 7 * 12, BIAS_0 = 7, WEIGHTS_2 = 5 * 7, BIAS_2 = 5, ALL = 84 + 7 + 35 + 5 };

static dae_model *set_model(uint64_t seed) {
    dae_model *model = unset_model();
    ok(dae_model_initialize(model, seed));
    return model;
}

/* ---- Building --------------------------------------------------------------------------------- */

START_TEST(creating_refuses_bad_arguments) {
    dae_model *model = NULL;
    const size_t good[] = {3, 2}, zero[] = {0, 3}, endless[] = {SIZE_MAX / 2, 4};
    const size_t nine[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    fails(dae_model_create(&model, 1, zero), DAE_ERROR_ARGUMENT, "shape");
    fails(dae_model_create(NULL, 2, good), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_create(&model, 0, good), DAE_ERROR_ARGUMENT, "rank");
    fails(dae_model_create(&model, 9, nine), DAE_ERROR_ARGUMENT, "9");
    fails(dae_model_create(&model, 2, NULL), DAE_ERROR_ARGUMENT, "shape");
    fails(dae_model_create(&model, 2, zero), DAE_ERROR_ARGUMENT, "shape");
    fails(dae_model_create(&model, 2, endless), DAE_ERROR_ARGUMENT, "");
    ck_assert_ptr_null(model);
    dae_model_free(NULL);
}
END_TEST

START_TEST(shapes_are_kept) {
    dae_model *model = NULL;
    dae_layer *dropout = NULL, *dense = NULL;
    const size_t image[] = {1, 4, 3};
    size_t rank = 0, shape[DAE_MAX_RANK];
    ok(dae_model_create(&model, 3, image));
    ok(dae_model_get_input_shape(model, &rank, shape));
    ck_assert_uint_eq(rank, 3);
    ck_assert_mem_eq(shape, image, sizeof image);
    ok(dae_layer_parse(&dropout, "dropout(0.5)"));
    ok(dae_model_add(model, dropout));
    ok(dae_model_get_output_shape(model, &rank, shape));
    ck_assert_uint_eq(rank, 3);
    ck_assert_mem_eq(shape, image, sizeof image);
    ok(dae_layer_create_dense(&dense, 6, "relu"));
    ok(dae_model_add(model, dense));
    ok(dae_model_get_output_shape(model, &rank, shape));
    ck_assert_uint_eq(rank, 1);
    ck_assert_uint_eq(shape[0], 6);
    ok(dae_model_get_input_shape(model, &rank, shape));
    ck_assert_uint_eq(rank, 3);
    fails(dae_model_get_input_shape(NULL, &rank, shape), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_get_input_shape(model, NULL, shape), DAE_ERROR_ARGUMENT, "rank");
    fails(dae_model_get_output_shape(model, &rank, NULL), DAE_ERROR_ARGUMENT, "shape");
    fails(dae_model_get_output_shape(NULL, &rank, shape), DAE_ERROR_ARGUMENT, "model");
    dae_layer_free(dropout);
    dae_layer_free(dense);
    dae_model_free(model);
}
END_TEST

START_TEST(counts_are_known_before_the_parameters) {
    dae_model *model = unset_model();
    size_t layers = 0, parameters = 0, tensors = 0;
    ok(dae_model_get_layer_count(model, &layers));
    ok(dae_model_get_parameter_count(model, &parameters));
    ok(dae_model_get_tensor_count(model, &tensors));
    ck_assert_uint_eq(layers, 3);
    ck_assert_uint_eq(parameters, ALL);
    ck_assert_uint_eq(tensors, 4);
    fails(dae_model_get_layer_count(model, NULL), DAE_ERROR_ARGUMENT, "count");
    fails(dae_model_get_layer_count(NULL, &layers), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_get_parameter_count(model, NULL), DAE_ERROR_ARGUMENT, "count");
    fails(dae_model_get_parameter_count(NULL, &layers), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_get_tensor_count(model, NULL), DAE_ERROR_ARGUMENT, "count");
    fails(dae_model_get_tensor_count(NULL, &layers), DAE_ERROR_ARGUMENT, "model");
    dae_model_free(model);
}
END_TEST

START_TEST(adding_refuses_what_does_not_belong) {
    dae_model *model = NULL, *other = NULL;
    dae_layer *layer = NULL, *late = NULL;
    size_t count = 0;
    ok(dae_model_create(&model, 1, (const size_t[]){4}));
    ok(dae_model_create(&other, 1, (const size_t[]){4}));
    ok(dae_layer_create_dense(&layer, 3, "relu"));
    ok(dae_layer_create_dense(&late, 3, "leaky_relu"));
    fails(dae_model_add(NULL, layer), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_add(model, NULL), DAE_ERROR_ARGUMENT, "layer");
    ok(dae_model_add(model, layer));
    fails(dae_model_add(model, layer), DAE_ERROR_STATE, "");
    fails(dae_model_add(other, layer), DAE_ERROR_STATE, "");
    ok(dae_model_initialize(model, 1));
    fails(dae_model_add(model, late), DAE_ERROR_STATE, "");
    ok(dae_model_get_layer_count(model, &count));
    ck_assert_uint_eq(count, 1);
    /* A layer that was refused is in no model: another can take it. */
    ok(dae_model_add(other, late));
    ok(dae_model_get_layer_count(other, &count));
    ck_assert_uint_eq(count, 1);
    dae_layer_free(layer);
    dae_layer_free(late);
    dae_model_free(model);
    dae_model_free(other);
}
END_TEST

START_TEST(a_model_takes_256_layers) {
    dae_model *model = NULL;
    dae_layer *layer = NULL;
    size_t count = 0;
    ok(dae_model_create(&model, 1, (const size_t[]){2}));
    for (int i = 0; i < 256; i++) {
        ok(dae_layer_create_dense(&layer, 2, "linear"));
        ok(dae_model_add(model, layer));
        dae_layer_free(layer);
    }
    ok(dae_layer_parse(&layer, "dropout(0.5)"));
    fails(dae_model_add(model, layer), DAE_ERROR_STATE, "256");
    ok(dae_model_get_layer_count(model, &count));
    ck_assert_uint_eq(count, 256);
    ok(dae_model_initialize(model, 1));
    dae_layer_free(layer);
    dae_model_free(model);
}
END_TEST

/* Sizes whose product does not fit must end in an error before memory is touched, wherever it is seen. */
START_TEST(endless_layers_are_refused) {
    const size_t units[] = {SIZE_MAX, SIZE_MAX / 4, SIZE_MAX / 4 + 1, SIZE_MAX / 65536 + 1};
    for (size_t i = 0; i < 4; i++) {
        dae_model *model = NULL;
        dae_layer *layer = NULL;
        ok(dae_model_create(&model, 1, (const size_t[]){(size_t)1 << 20}));
        dae_status status = dae_layer_create_dense(&layer, units[i], "linear");
        if (status == DAE_OK)
            status = dae_model_add(model, layer);
        if (status == DAE_OK)
            status = dae_model_initialize(model, 1);
        ck_assert_msg(status == DAE_ERROR_ARGUMENT || status == DAE_ERROR_MEMORY || status == DAE_ERROR_SHAPE,
                      "%zu units gave %s", units[i], dae_status_name(status));
        ck_assert(message_has(""));
        dae_layer_free(layer);
        dae_model_free(model);
    }
}
END_TEST

/* ---- Texts ------------------------------------------------------------------------------------ */

START_TEST(texts_go_round) {
    const struct {
        const char *text, *written;
    } cases[] = {
        {"input(2, 3)|dense(4)",
         "input(2, 3) | dense(units=4, activation=linear, initializer=glorot_uniform)"},
        {"input(6) | dense(4, bias=no, activation=leaky_relu) as a.b # and\n | dense(tied=a.b)",
         "input(6) | dense(units=4, activation=leaky_relu(0.3), initializer=glorot_uniform, bias=no) as a.b"
         " | dense(activation=linear, initializer=glorot_uniform, tied=a.b)"},
        {"input(6) | relu | leaky_relu(0.5) | linear | sigmoid | tanh",
         "input(6) | relu | leaky_relu(0.5) | linear | sigmoid | tanh"},
        {"input(2, 3) | gain as g | from(input) | flatten | reshape(3, 2) | reshape(2, 3) | concatenate(g, "
         "input, g)"
         " | channels(1, 2) | add(input) | subtract(g)",
         "input(2, 3) | gain as g | from(input) | flatten | reshape(3, 2) | reshape(2, 3) | concatenate(g, "
         "input, g)"
         " | channels(first=1, count=2) | add(input) | subtract(g)"},
        {"input(6) | dropout(rate=0.25)", "input(6) | dropout(rate=0.25)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dae_model *model = unset_from("%s", cases[i].text);
        char *text = text_by_the_rules((text_fn)dae_model_format, model);
        ck_assert_str_eq(text, cases[i].written);
        dae_model *again = unset_from("%s", text);
        char *same = text_by_the_rules((text_fn)dae_model_format, again);
        ck_assert_str_eq(same, text);
        free(same);
        free(text);
        dae_model_free(again);
        dae_model_free(model);
    }
}
END_TEST

/* A text that is refused, whole or as an extension, by a message that points at the same step. */
START_TEST(bad_texts_are_refused) {
    const struct {
        const char *text;
        dae_status status;
        const char *message;
    } cases[] = {
        {"", DAE_ERROR_FORMAT, "position 1:"},
        {"dense(3)", DAE_ERROR_FORMAT, "position 1: found 'dense', expected input"},
        {"input(4)", DAE_ERROR_FORMAT, "position 9: found no layer"},
        {"input(0) | gain", DAE_ERROR_ARGUMENT, "position 7: shape is 0"},
        {"input(1, 1, 1, 1, 1, 1, 1, 1, 1) | gain", DAE_ERROR_ARGUMENT, "position 1: "},
        {"input(4) | input(4)", DAE_ERROR_FORMAT, "position 12: found 'input', expected a layer"},
        {"input(4) | gain | from(input)", DAE_ERROR_FORMAT, "found nothing after from"},
        {"input(4) | add(lost)", DAE_ERROR_ARGUMENT, "position 12: there is no value 'lost', expected input"},
        {"input(4) | dense(4) as a | dense(4) as b | add(c)", DAE_ERROR_ARGUMENT, "expected input, a or b"},
        {"input(4) | gain as a | gain as a", DAE_ERROR_ARGUMENT, "position 24: there is a value 'a' already"},
        {"input(4) | gain as input", DAE_ERROR_ARGUMENT, "there is a value 'input' already"},
        {"input(4) | gain as best.code", DAE_ERROR_ARGUMENT, "the label is 'best.code'"},
        {"input(4) | gain as optimizer.m", DAE_ERROR_ARGUMENT, "the label is 'optimizer.m'"},
        {"input(4) | gain as a | dense(tied=a)", DAE_ERROR_ARGUMENT, "tied=a is not a dense layer"},
        {"input(4) | dense(tied=input)", DAE_ERROR_ARGUMENT, "tied=input is not a dense layer"},
        {"input(4) | dense(3) as a | dense(2) | dense(tied=a)", DAE_ERROR_SHAPE, "takes 3 values"},
        {"input(4) | dense(3) | add(input)", DAE_ERROR_SHAPE,
         "position 23: add takes two values of one shape"},
        {"input(4) | reshape(3)", DAE_ERROR_SHAPE, "position 12: "},
        {"input(4) | channels(3, 2)", DAE_ERROR_SHAPE, "position 12: "},
        {"input(2, 2) | flatten | concatenate(input)", DAE_ERROR_SHAPE, "position 25: "},
        {"input(4) | concatenate(input, input, input, input)", DAE_ERROR_ARGUMENT,
         "too many values, expected at most 4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dae_model *model = NULL;
        fails(dae_model_parse(&model, cases[i].text), cases[i].status, cases[i].message);
        ck_assert_msg(strncmp(dae_last_error(), "layers, position ", 17) == 0, "%s", dae_last_error());
        ck_assert_uint_ge(dae_last_error_position(), 1);
        ck_assert_ptr_null(model);
    }
    dae_model *model = NULL;
    fails(dae_model_parse(NULL, "input(4) | gain"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_parse(&model, NULL), DAE_ERROR_ARGUMENT, "text");
}
END_TEST

/* All layers of a text, or none. */
START_TEST(models_are_extended) {
    dae_model *model = unset_from("input(4) | dense(3) as code");
    char *before = text_by_the_rules((text_fn)dae_model_format, model);
    fails(dae_model_extend(model, "dense(9) as wide | gain | add(lost)"), DAE_ERROR_ARGUMENT,
          "position 27: ");
    fails(dae_model_extend(model, "dense(9) as wide | from(code)"), DAE_ERROR_FORMAT,
          "found nothing after from");
    fails(dae_model_extend(model, "input(3) | gain"), DAE_ERROR_FORMAT, "position 1: found 'input'");
    fails(dae_model_extend(NULL, "gain"), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_extend(model, NULL), DAE_ERROR_ARGUMENT, "text");
    char *after = text_by_the_rules((text_fn)dae_model_format, model);
    ck_assert_str_eq(after, before);
    free(after);
    free(before);
    ok(dae_model_extend(model, ""));
    ok(dae_model_extend(model, "dense(9) as wide | from(code) | dense(4)"));
    ok(add_layer(model, "add(input)"));
    size_t layers = 0, parameters = 0;
    ok(dae_model_get_layer_count(model, &layers));
    ok(dae_model_get_parameter_count(model, &parameters));
    ck_assert_uint_eq(layers, 4);
    ck_assert_uint_eq(parameters, 15 + 36 + 16);
    ok(dae_model_initialize(model, 1));
    fails(dae_model_extend(model, "gain"), DAE_ERROR_STATE, "position 1: the model has its parameters");
    dae_model_free(model);
}
END_TEST

/* A branch that leads nowhere changes nothing, and is not trained. */
START_TEST(a_dead_branch_is_left_alone) {
    enum { SAMPLES = 12 };
    dae_model *model = model_from(1,
                                  "input(4) | dense(3) as code | dense(9) as dead | from(code) | dense(4)"),
              *part = NULL;
    dae_trainer *trainer = adam_trainer(model, 0.1, "mse");
    float *x = random_floats(SAMPLES * 4, -1, 1, 3), before[27], after[27];
    ok(dae_model_get_tensor(model, "dead.weight", before, 27));
    for (int i = 0; i < 3; i++)
        ok(dae_trainer_step(trainer, x, x, SAMPLES, NULL));
    ok(dae_model_get_tensor(model, "dead.weight", after, 27));
    same_floats(after, before, 27);
    ok(dae_model_slice(&part, model, "input", "dead"));
    float *outputs = answers_of(part, x, SAMPLES);
    ck_assert(isfinite(outputs[0]));
    free(outputs);
    free(x);
    dae_trainer_free(trainer);
    dae_model_free(part);
    dae_model_free(model);
}
END_TEST

START_TEST(initializing_needs_layers) {
    dae_model *model = NULL;
    ok(dae_model_create(&model, 1, (const size_t[]){2}));
    fails(dae_model_initialize(model, 1), DAE_ERROR_STATE, "layer");
    fails(dae_model_initialize(NULL, 1), DAE_ERROR_ARGUMENT, "model");
    dae_model_free(model);
}
END_TEST

START_TEST(initializing_again_draws_anew) {
    dae_model *model = set_model(1), *same = set_model(2);
    float *first = parameters_of(model, NULL);
    ok(dae_model_initialize(model, 2));
    same_parameters(model, same);
    float *second = parameters_of(model, NULL);
    ck_assert_uint_eq(first_difference(first, second, ALL), 0);
    free(first);
    free(second);
    dae_model_free(model);
    dae_model_free(same);
}
END_TEST

/* ---- Parameters ------------------------------------------------------------------------------- */

START_TEST(parameters_need_initializing) {
    dae_model *model = unset_model(), *out = NULL;
    float values[ALL] = {0};
    size_t size = 0;
    fails(dae_model_get_parameters(model, values, ALL), DAE_ERROR_STATE, "initialize");
    fails(dae_model_set_parameters(model, values, ALL), DAE_ERROR_STATE, "initialize");
    fails(dae_model_get_tensor(model, "0.bias", values, BIAS_0), DAE_ERROR_STATE, "initialize");
    fails(dae_model_set_tensor(model, "0.bias", values, BIAS_0), DAE_ERROR_STATE, "initialize");
    fails(dae_model_slice(&out, model, NULL, "0"), DAE_ERROR_STATE, "initialize");
    fails(dae_model_copy(&out, model), DAE_ERROR_STATE, "initialize");
    fails(dae_model_save(model, temp_path("never")), DAE_ERROR_STATE, "initialize");
    fails(dae_model_serialize(model, NULL, 0, &size), DAE_ERROR_STATE, "initialize");
    ck_assert(!file_exists(temp_path("never")));
    ck_assert_ptr_null(out);
    dae_model_free(model);
}
END_TEST

START_TEST(parameters_go_in_and_out) {
    dae_model *model = set_model(1);
    float *values = random_floats(ALL, -3, 3, 5), out[ALL + 1] = {0};
    values[3] = -0.0f;
    values[4] = 1e-42f;
    ok(dae_model_set_parameters(model, values, ALL));
    ok(dae_model_get_parameters(model, out, ALL));
    same_floats(out, values, ALL);
    fails(dae_model_get_parameters(model, out, ALL - 1), DAE_ERROR_SHAPE, "131");
    fails(dae_model_get_parameters(model, out, ALL + 1), DAE_ERROR_SHAPE, "132");
    fails(dae_model_get_parameters(model, NULL, ALL), DAE_ERROR_ARGUMENT, "values");
    fails(dae_model_get_parameters(NULL, out, ALL), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_set_parameters(model, values, 1), DAE_ERROR_SHAPE, "131");
    fails(dae_model_set_parameters(model, NULL, ALL), DAE_ERROR_ARGUMENT, "values");
    fails(dae_model_set_parameters(NULL, values, ALL), DAE_ERROR_ARGUMENT, "model");
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        float *poisoned = random_floats(ALL, -3, 3, 6);
        poisoned[ALL - 1] = bad[i];
        fails(dae_model_set_parameters(model, poisoned, ALL), DAE_ERROR_NOT_FINITE, "130");
        free(poisoned);
    }
    ok(dae_model_get_parameters(model, out, ALL));
    same_floats(out, values, ALL);
    free(values);
    dae_model_free(model);
}
END_TEST

START_TEST(tensors_have_names_and_shapes) {
    dae_model *model = unset_model();
    const struct {
        const char *name;
        size_t rank, shape[2];
    } expected[] = {
        {"0.weight", 2, {7, 12}}, {"0.bias", 1, {7, 0}}, {"2.weight", 2, {5, 7}}, {"2.bias", 1, {5, 0}}};
    for (size_t i = 0; i < 4; i++) {
        char name[16] = "";
        size_t length = 0, rank = 0, shape[DAE_MAX_RANK] = {0};
        ok(dae_model_get_tensor_info(model, i, name, sizeof name, &length, &rank, shape));
        ck_assert_str_eq(name, expected[i].name);
        ck_assert_uint_eq(length, strlen(name));
        ck_assert_uint_eq(rank, expected[i].rank);
        ck_assert_mem_eq(shape, expected[i].shape, rank * sizeof *shape);
        ok(dae_model_get_tensor_info(model, i, name, length + 1, NULL, NULL, NULL));
        ck_assert_str_eq(name, expected[i].name);
        length = 0;
        fails(dae_model_get_tensor_info(model, i, name, strlen(name), &length, NULL, NULL),
              DAE_ERROR_ARGUMENT, "capacity");
        ck_assert_uint_eq(length, strlen(expected[i].name));
        length = 0;
        ok(dae_model_get_tensor_info(model, i, NULL, 0, &length, NULL, NULL));
        ck_assert_uint_eq(length, strlen(expected[i].name));
    }
    size_t length = 0;
    fails(dae_model_get_tensor_info(model, 4, NULL, 0, &length, NULL, NULL), DAE_ERROR_ARGUMENT, "index");
    fails(dae_model_get_tensor_info(NULL, 0, NULL, 0, &length, NULL, NULL), DAE_ERROR_ARGUMENT, "model");
    dae_model_free(model);
}
END_TEST

START_TEST(tensors_go_in_and_out) {
    dae_model *model = set_model(1);
    float *expected = random_floats(ALL, -3, 3, 5), out[ALL] = {0};
    ok(dae_model_set_tensor(model, "2.bias", expected + ALL - BIAS_2, BIAS_2));
    ok(dae_model_set_tensor(model, "0.weight", expected, WEIGHTS_0));
    ok(dae_model_set_tensor(model, "2.weight", expected + WEIGHTS_0 + BIAS_0, WEIGHTS_2));
    ok(dae_model_set_tensor(model, "0.bias", expected + WEIGHTS_0, BIAS_0));
    ok(dae_model_get_parameters(model, out, ALL));
    same_floats(out, expected, ALL);
    ok(dae_model_get_tensor(model, "2.weight", out, WEIGHTS_2));
    same_floats(out, expected + WEIGHTS_0 + BIAS_0, WEIGHTS_2);

    const char *unknown[] = {"1.weight", "0.weights", "0", "", "2.bias ", "00.weight", "3.bias", "weight"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        fails(dae_model_get_tensor(model, unknown[i], out, BIAS_2), DAE_ERROR_ARGUMENT, unknown[i]);
        fails(dae_model_set_tensor(model, unknown[i], out, BIAS_2), DAE_ERROR_ARGUMENT, unknown[i]);
    }
    fails(dae_model_get_tensor(model, "2.bias", out, BIAS_2 + 1), DAE_ERROR_SHAPE, "6");
    fails(dae_model_set_tensor(model, "2.bias", out, BIAS_2 - 1), DAE_ERROR_SHAPE, "5");
    fails(dae_model_get_tensor(model, NULL, out, BIAS_2), DAE_ERROR_ARGUMENT, "name");
    fails(dae_model_get_tensor(model, "2.bias", NULL, BIAS_2), DAE_ERROR_ARGUMENT, "values");
    fails(dae_model_get_tensor(NULL, "2.bias", out, BIAS_2), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_set_tensor(model, NULL, out, BIAS_2), DAE_ERROR_ARGUMENT, "name");
    fails(dae_model_set_tensor(model, "2.bias", NULL, BIAS_2), DAE_ERROR_ARGUMENT, "values");
    fails(dae_model_set_tensor(NULL, "2.bias", out, BIAS_2), DAE_ERROR_ARGUMENT, "model");
    const float poisoned[BIAS_2] = {1, 2, NAN, 4, 5};
    fails(dae_model_set_tensor(model, "2.bias", poisoned, BIAS_2), DAE_ERROR_NOT_FINITE, "2");
    ok(dae_model_get_parameters(model, out, ALL));
    same_floats(out, expected, ALL);
    free(expected);
    dae_model_free(model);
}
END_TEST

/* ---- The table -------------------------------------------------------------------------------- */

/* The description in lower case, to free(). */
static char *described(const dae_model *model) {
    size_t length = 0, again = 0;
    ok(dae_model_describe(model, NULL, 0, &length));
    char *text = must_have(length + 1);
    ok(dae_model_describe(model, text, length + 1, &again));
    ck_assert_uint_eq(again, length);
    ck_assert_uint_eq(strlen(text), length);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)tolower((unsigned char)text[i]);
    return text;
}

/* Start of the line that has all these words; the table must have one. */
static const char *line_with(const char *table, const char *a, const char *b, const char *c) {
    for (const char *line = table, *next; *line != '\0'; line = next) {
        char copy[256] = "";
        next = strchr(line, '\n');
        next = next != NULL ? next + 1 : line + strlen(line);
        snprintf(copy, sizeof copy, "%.*s", (int)(next - line), line);
        if (strstr(copy, a) != NULL && strstr(copy, b) != NULL && strstr(copy, c) != NULL)
            return line;
    }
    ck_abort_msg("no line has \"%s\", \"%s\" and \"%s\":\n%s", a, b, c, table);
    return NULL;
}

static const char *last_line(char *table) {
    size_t length = strlen(table);
    while (length > 0 && table[length - 1] == '\n')
        table[--length] = '\0';
    const char *line = strrchr(table, '\n');
    return line != NULL ? line + 1 : table;
}

START_TEST(description_has_a_line_a_layer) {
    dae_model *model = unset_model();
    char *table = described(model);
    const char *first = line_with(table, "dense", "7", "91");
    const char *second = line_with(table, "dropout", "7", "0");
    const char *third = line_with(table, "dense", "5", "40");
    ck_assert(first < second && second < third);
    ck_assert_ptr_nonnull(line_with(table, "131", "", ""));
    ck_assert_ptr_nonnull(strstr(table, "relu"));
    ck_assert_ptr_nonnull(strstr(table, "tanh"));
    free(table);
    char small[8];
    size_t length = 0;
    fails(dae_model_describe(model, small, sizeof small, &length), DAE_ERROR_ARGUMENT, "capacity");
    ck_assert_uint_gt(length, sizeof small);
    fails(dae_model_describe(model, NULL, 100, &length), DAE_ERROR_ARGUMENT, "buffer");
    fails(dae_model_describe(NULL, small, sizeof small, &length), DAE_ERROR_ARGUMENT, "model");
    dae_model_free(model);
}
END_TEST

START_TEST(description_compares_code_and_input) {
    const network under = autoencoder(12, 7, "relu", "sigmoid");
    const network over = autoencoder(12, 30, "relu", "sigmoid");
    dae_model *small = network_model(&under, 1), *large = network_model(&over, 1);
    char *small_table = described(small), *large_table = described(large);
    const char *line = last_line(small_table);
    ck_assert_msg(strstr(line, "7") != NULL && strstr(line, "12") != NULL, "%s", line);
    ck_assert_msg(strstr(line, "under") != NULL, "%s", line);
    line = last_line(large_table);
    ck_assert_msg(strstr(line, "over") != NULL, "%s", line);
    free(small_table);
    free(large_table);
    dae_model_free(small);
    dae_model_free(large);
}
END_TEST

/* ---- Noise and range -------------------------------------------------------------------------- */

START_TEST(noise_and_range_are_unknown_before_training) {
    dae_model *model = set_model(1);
    dae_noise *noise = (dae_noise *)(void *)model; /* any pointer that is not NULL */
    double low = 5, high = 6;
    ok(dae_model_get_noise(model, &noise));
    ck_assert_ptr_null(noise);
    fails(dae_model_get_noise(model, NULL), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_get_noise(NULL, &noise), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_get_range(model, &low, &high), DAE_ERROR_STATE, "");
    ck_assert(low == 5 && high == 6);
    fails(dae_model_get_range(model, NULL, &high), DAE_ERROR_ARGUMENT, "low");
    fails(dae_model_get_range(model, &low, NULL), DAE_ERROR_ARGUMENT, "high");
    fails(dae_model_get_range(NULL, &low, &high), DAE_ERROR_ARGUMENT, "model");
    dae_model_free(model);
}
END_TEST

START_TEST(training_tells_noise_and_range) {
    const char *recipe = "gaussian(mean=0.5, stddev=0.5) | clip(low=-0.25, high=1.25)";
    const network net = autoencoder(12, 7, "relu", "sigmoid");
    dae_model *model = network_model(&net, 1), *copy = NULL;
    dae_dataset *noisy = corrupted(random_dataset(100, 12, 0, 1, 2), recipe, DAE_NOISE_FRESH, 3);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    ok(dae_trainer_fit(trainer, noisy, 1));
    dae_trainer_free(trainer);
    dae_dataset_free(noisy);
    ok(dae_model_copy(&copy, model));
    dae_model *both[] = {model, copy};
    for (size_t i = 0; i < 2; i++) {
        dae_noise *noise = NULL;
        char text[128] = "";
        double low = 0, high = 0;
        ok(dae_model_get_noise(both[i], &noise));
        ok(dae_model_get_range(both[i], &low, &high));
        dae_model_free(both[i]);
        ck_assert_ptr_nonnull(noise);
        ok(dae_noise_format(noise, text, sizeof text, NULL));
        ck_assert_str_eq(text, recipe);
        dae_noise_free(noise);
        /* 1200 values around 1, 15 % of them clipped above, and 3 % below */
        ck_assert(low == -0.25 && high == 1.25);
    }
}
END_TEST

START_TEST(range_grows_with_what_is_shown) {
    const network net = {3, 1, {{2, "linear"}}, 0};
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = sgd_trainer(model, 1e-3, "mse");
    const float first[] = {0.25f, 0.5f, 0.75f}, second[] = {0.5f, 3.0f, 0.5f}, targets[] = {9.0f, -9.0f};
    double low = 0, high = 0;
    for (int step = 0; step < 3; step++) {
        ok(dae_trainer_step(trainer, step == 1 ? second : first, targets, 1, NULL));
        ok(dae_model_get_range(model, &low, &high));
        ck_assert(low == 0.25 && high == (step == 0 ? 0.75 : 3.0));
    }
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("model");
    TCase *building = add_case(suite, "building");
    tcase_add_test(building, creating_refuses_bad_arguments);
    tcase_add_test(building, shapes_are_kept);
    tcase_add_test(building, counts_are_known_before_the_parameters);
    tcase_add_test(building, adding_refuses_what_does_not_belong);
    tcase_add_test(building, a_model_takes_256_layers);
    tcase_add_test(building, endless_layers_are_refused);
    tcase_add_test(building, initializing_needs_layers);
    tcase_add_test(building, initializing_again_draws_anew);
    TCase *texts = add_case(suite, "texts");
    tcase_add_test(texts, texts_go_round);
    tcase_add_test(texts, bad_texts_are_refused);
    tcase_add_test(texts, models_are_extended);
    tcase_add_test(texts, a_dead_branch_is_left_alone);
    TCase *parameters = add_case(suite, "parameters");
    tcase_add_test(parameters, parameters_need_initializing);
    tcase_add_test(parameters, parameters_go_in_and_out);
    tcase_add_test(parameters, tensors_have_names_and_shapes);
    tcase_add_test(parameters, tensors_go_in_and_out);
    TCase *looking = add_case(suite, "description");
    tcase_add_test(looking, description_has_a_line_a_layer);
    tcase_add_test(looking, description_compares_code_and_input);
    tcase_add_test(looking, noise_and_range_are_unknown_before_training);
    tcase_add_test(looking, training_tells_noise_and_range);
    tcase_add_test(looking, range_grows_with_what_is_shown);
    return suite_main(suite);
}
