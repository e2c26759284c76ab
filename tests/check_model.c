/* Models: building, parameters and their names, slices, copies, the table, noise and range. */
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
    ok(dae_model_create(&model, 12));
    ok(dae_layer_create_dense(&layers[0], 7, DAE_ACTIVATION_RELU));
    ok(dae_layer_create_dropout(&layers[1], 0.25));
    ok(dae_layer_create_dense(&layers[2], 5, DAE_ACTIVATION_TANH));
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

/* The model's outputs for `count` samples, to free(). */
static float *run(dae_model *model, const float *inputs, size_t count) {
    dae_session *session = NULL;
    size_t rank = 0, shape[DAE_MAX_RANK];
    ok(dae_model_get_output_shape(model, &rank, shape));
    ck_assert_uint_eq(rank, 1);
    float *outputs = must_have(count * shape[0] * sizeof *outputs);
    ok(dae_session_create(&session, model, count));
    ok(dae_session_run(session, inputs, count, outputs));
    dae_session_free(session);
    return outputs;
}

/* ---- Building --------------------------------------------------------------------------------- */

START_TEST(creating_refuses_bad_arguments) {
    dae_model *model = NULL;
    const size_t good[] = {3, 2}, zero[] = {3, 0}, endless[] = {SIZE_MAX / 2, 4};
    const size_t nine[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    fails(dae_model_create(NULL, 4), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_create(&model, 0), DAE_ERROR_ARGUMENT, "size");
    fails(dae_model_create_shaped(NULL, 2, good), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_create_shaped(&model, 0, good), DAE_ERROR_ARGUMENT, "rank");
    fails(dae_model_create_shaped(&model, 9, nine), DAE_ERROR_ARGUMENT, "9");
    fails(dae_model_create_shaped(&model, 2, NULL), DAE_ERROR_ARGUMENT, "shape");
    fails(dae_model_create_shaped(&model, 2, zero), DAE_ERROR_ARGUMENT, "shape");
    fails(dae_model_create_shaped(&model, 2, endless), DAE_ERROR_ARGUMENT, "");
    ck_assert_ptr_null(model);
    dae_model_free(NULL);
}
END_TEST

START_TEST(shapes_are_kept) {
    dae_model *model = NULL;
    dae_layer *dropout = NULL, *dense = NULL;
    const size_t image[] = {1, 4, 3};
    size_t rank = 0, shape[DAE_MAX_RANK];
    ok(dae_model_create_shaped(&model, 3, image));
    ok(dae_model_get_input_shape(model, &rank, shape));
    ck_assert_uint_eq(rank, 3);
    ck_assert_mem_eq(shape, image, sizeof image);
    ok(dae_layer_create_dropout(&dropout, 0.5));
    ok(dae_model_add(model, dropout));
    ok(dae_model_get_output_shape(model, &rank, shape));
    ck_assert_uint_eq(rank, 3);
    ck_assert_mem_eq(shape, image, sizeof image);
    ok(dae_layer_create_dense(&dense, 6, DAE_ACTIVATION_RELU));
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
    ok(dae_model_create(&model, 4));
    ok(dae_model_create(&other, 4));
    ok(dae_layer_create_dense(&layer, 3, DAE_ACTIVATION_RELU));
    ok(dae_layer_create_dense(&late, 3, DAE_ACTIVATION_LEAKY_RELU));
    fails(dae_model_add(NULL, layer), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_add(model, NULL), DAE_ERROR_ARGUMENT, "layer");
    ok(dae_model_add(model, layer));
    fails(dae_model_add(model, layer), DAE_ERROR_STATE, "");
    fails(dae_model_add(other, layer), DAE_ERROR_STATE, "");
    ok(dae_model_initialize(model, 1));
    fails(dae_model_add(model, late), DAE_ERROR_STATE, "");
    ok(dae_model_get_layer_count(model, &count));
    ck_assert_uint_eq(count, 1);
    /* A layer that was refused is in no model: its options can change, and another can take it. */
    ok(dae_layer_set_leaky_slope(late, 0.5));
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
    ok(dae_model_create(&model, 2));
    for (int i = 0; i < 256; i++) {
        ok(dae_layer_create_dense(&layer, 2, DAE_ACTIVATION_LINEAR));
        ok(dae_model_add(model, layer));
        dae_layer_free(layer);
    }
    ok(dae_layer_create_dropout(&layer, 0.5));
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
        ok(dae_model_create(&model, (size_t)1 << 20));
        dae_status status = dae_layer_create_dense(&layer, units[i], DAE_ACTIVATION_LINEAR);
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

START_TEST(initializing_needs_layers) {
    dae_model *model = NULL;
    ok(dae_model_create(&model, 2));
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
    fails(dae_model_slice(&out, model, 0, 1), DAE_ERROR_STATE, "initialize");
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

/* ---- Slices and copies ------------------------------------------------------------------------ */

START_TEST(slices_share_parameters) {
    dae_model *model = set_model(1), *encoder = NULL, *decoder = NULL;
    float *values = random_floats(ALL, -3, 3, 5), out[ALL];
    size_t count = 0;
    ok(dae_model_slice(&encoder, model, 0, 1));
    ok(dae_model_slice(&decoder, model, 1, 2));
    ok(dae_model_get_parameter_count(encoder, &count));
    ck_assert_uint_eq(count, WEIGHTS_0 + BIAS_0);
    ok(dae_model_get_parameter_count(decoder, &count));
    ck_assert_uint_eq(count, WEIGHTS_2 + BIAS_2);
    /* The whole shows in the slices, */
    ok(dae_model_set_parameters(model, values, ALL));
    ok(dae_model_get_parameters(encoder, out, WEIGHTS_0 + BIAS_0));
    same_floats(out, values, WEIGHTS_0 + BIAS_0);
    /* names count from a slice's first layer, */
    ok(dae_model_get_tensor(decoder, "1.weight", out, WEIGHTS_2));
    same_floats(out, values + WEIGHTS_0 + BIAS_0, WEIGHTS_2);
    fails(dae_model_get_tensor(decoder, "2.weight", out, WEIGHTS_2), DAE_ERROR_ARGUMENT, "2.weight");
    /* and a slice in the whole. */
    const float bias[BIAS_2] = {1, 2, 3, 4, 5};
    ok(dae_model_set_tensor(decoder, "1.bias", bias, BIAS_2));
    ok(dae_model_get_parameters(model, out, ALL));
    same_floats(out, values, ALL - BIAS_2);
    same_floats(out + ALL - BIAS_2, bias, BIAS_2);
    ok(dae_model_initialize(decoder, 9));
    ok(dae_model_get_parameters(model, out, ALL));
    same_floats(out, values, WEIGHTS_0 + BIAS_0);
    ck_assert_uint_eq(first_difference(out + 91, values + 91, WEIGHTS_2), 0);
    free(values);
    dae_model_free(decoder);
    dae_model_free(model);
    dae_model_free(encoder);
}
END_TEST

START_TEST(slices_refuse_what_is_not_there) {
    dae_model *model = set_model(1), *out = NULL;
    dae_layer *layer = NULL;
    fails(dae_model_slice(NULL, model, 0, 1), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_slice(&out, NULL, 0, 1), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_slice(&out, model, 0, 0), DAE_ERROR_ARGUMENT, "count");
    fails(dae_model_slice(&out, model, 0, 4), DAE_ERROR_ARGUMENT, "4");
    fails(dae_model_slice(&out, model, 3, 1), DAE_ERROR_ARGUMENT, "3");
    fails(dae_model_slice(&out, model, 2, SIZE_MAX), DAE_ERROR_ARGUMENT, "");
    fails(dae_model_slice(&out, model, SIZE_MAX, 2), DAE_ERROR_ARGUMENT, "");
    ck_assert_ptr_null(out);
    ok(dae_model_slice(&out, model, 0, 3));
    ok(dae_layer_create_dropout(&layer, 0.5));
    fails(dae_model_add(out, layer), DAE_ERROR_STATE, "");
    dae_layer_free(layer);
    dae_model_free(out);
    dae_model_free(model);
}
END_TEST

START_TEST(decoder_of_encoder_is_the_whole) {
    enum { SAMPLES = 9 };
    dae_model *model = set_model(1), *encoder = NULL, *decoder = NULL, *inner = NULL;
    size_t rank = 0, shape[DAE_MAX_RANK];
    float *inputs = random_floats(SAMPLES * 12, -1, 1, 2);
    ok(dae_model_slice(&encoder, model, 0, 2));
    ok(dae_model_slice(&decoder, model, 1, 2));
    ok(dae_model_slice(&inner, decoder, 1, 1)); /* a slice of a slice */
    ok(dae_model_get_output_shape(encoder, &rank, shape));
    ck_assert(rank == 1 && shape[0] == 7);
    ok(dae_model_get_input_shape(decoder, &rank, shape));
    ck_assert(rank == 1 && shape[0] == 7);
    float *whole = run(model, inputs, SAMPLES), *code = run(encoder, inputs, SAMPLES);
    dae_model_free(model);
    dae_model_free(encoder);
    float *decoded = run(decoder, code, SAMPLES), *again = run(inner, code, SAMPLES);
    same_floats(decoded, whole, SAMPLES * 5);
    same_floats(again, whole, SAMPLES * 5);
    dae_model_free(decoder);
    dae_model_free(inner);
    free(inputs);
    free(whole);
    free(code);
    free(decoded);
    free(again);
}
END_TEST

START_TEST(copies_are_independent) {
    dae_model *model = set_model(1), *copy = NULL, *decoder = NULL;
    const float bias[BIAS_2] = {1, 2, 3, 4, 5};
    float out[BIAS_2];
    fails(dae_model_copy(NULL, model), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_copy(&copy, NULL), DAE_ERROR_ARGUMENT, "model");
    ck_assert_ptr_null(copy);
    ok(dae_model_copy(&copy, model));
    same_parameters(model, copy);
    ok(dae_model_set_tensor(copy, "2.bias", bias, BIAS_2));
    ok(dae_model_get_tensor(model, "2.bias", out, BIAS_2));
    for (size_t i = 0; i < BIAS_2; i++)
        ck_assert(out[i] == 0.0f);
    dae_model_free(model);
    ok(dae_model_slice(&decoder, copy, 2, 1));
    dae_model_free(copy);
    ok(dae_model_copy(&copy, decoder)); /* a copy of a slice holds only the slice */
    same_parameters(copy, decoder);
    ok(dae_model_get_tensor(copy, "0.bias", out, BIAS_2));
    same_floats(out, bias, BIAS_2);
    dae_model_free(copy);
    dae_model_free(decoder);
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
    const network under = autoencoder(12, 7, DAE_ACTIVATION_RELU, DAE_ACTIVATION_SIGMOID);
    const network over = autoencoder(12, 30, DAE_ACTIVATION_RELU, DAE_ACTIVATION_SIGMOID);
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
    const network net = autoencoder(12, 7, DAE_ACTIVATION_RELU, DAE_ACTIVATION_SIGMOID);
    dae_model *model = network_model(&net, 1), *copy = NULL;
    dae_dataset *noisy = corrupted(random_dataset(100, 12, 0, 1, 2), recipe, DAE_NOISE_FRESH, 3);
    dae_trainer *trainer = adam_trainer(model, 1e-3, DAE_LOSS_MSE);
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
    const network net = {3, 1, {{2, DAE_ACTIVATION_LINEAR}}, 0};
    dae_model *model = network_model(&net, 1);
    dae_trainer *trainer = sgd_trainer(model, 1e-3, DAE_LOSS_MSE);
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
    TCase *parameters = add_case(suite, "parameters");
    tcase_add_test(parameters, parameters_need_initializing);
    tcase_add_test(parameters, parameters_go_in_and_out);
    tcase_add_test(parameters, tensors_have_names_and_shapes);
    tcase_add_test(parameters, tensors_go_in_and_out);
    TCase *sharing = add_case(suite, "slices and copies");
    tcase_add_test(sharing, slices_share_parameters);
    tcase_add_test(sharing, slices_refuse_what_is_not_there);
    tcase_add_test(sharing, decoder_of_encoder_is_the_whole);
    tcase_add_test(sharing, copies_are_independent);
    TCase *looking = add_case(suite, "description");
    tcase_add_test(looking, description_has_a_line_a_layer);
    tcase_add_test(looking, description_compares_code_and_input);
    tcase_add_test(looking, noise_and_range_are_unknown_before_training);
    tcase_add_test(looking, training_tells_noise_and_range);
    tcase_add_test(looking, range_grows_with_what_is_shown);
    return suite_main(suite);
}
