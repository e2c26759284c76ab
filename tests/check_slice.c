/* Slices, which share layers and parameters with their model, and copies, which share nothing. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WEIGHTS_0 = 7 * 12, BIAS_0 = 7, WEIGHTS_2 = 5 * 7, BIAS_2 = 5, ALL = 84 + 7 + 35 + 5 };

static dae_model *set_model(uint64_t seed) {
    return model_from(seed,
                      "input(12) | dense(7, activation=relu) | dropout(0.25) | dense(5, activation=tanh)");
}

/* ---- Slices and copies ------------------------------------------------------------------------ */

START_TEST(slices_share_parameters) {
    dae_model *model = set_model(1), *encoder = NULL, *decoder = NULL;
    float *values = random_floats(ALL, -3, 3, 5), out[ALL];
    size_t count = 0;
    ok(dae_model_slice(&encoder, model, NULL, "0"));
    ok(dae_model_slice(&decoder, model, "0", "2"));
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
    fails(dae_model_slice(NULL, model, "input", "0"), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_slice(&out, NULL, "input", "0"), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_slice(&out, model, "input", "input"), DAE_ERROR_ARGUMENT, "order");
    fails(dae_model_slice(&out, model, "input", "3"), DAE_ERROR_ARGUMENT, "no value '3'");
    fails(dae_model_slice(&out, model, "3", "0"), DAE_ERROR_ARGUMENT, "no value '3'");
    fails(dae_model_slice(&out, model, "2", NULL), DAE_ERROR_ARGUMENT, "the output");
    fails(dae_model_slice(&out, model, "1", "0"), DAE_ERROR_ARGUMENT, "from '1' to '0'");
    fails(dae_model_slice(&out, model, "", NULL), DAE_ERROR_ARGUMENT, "''");
    fails(dae_model_slice(&out, model, NULL, "00"), DAE_ERROR_ARGUMENT, "'00'");
    fails(dae_model_slice(&out, model, "-1", NULL), DAE_ERROR_ARGUMENT, "'-1'");
    fails(dae_model_slice(&out, model, "18446744073709551616", NULL), DAE_ERROR_ARGUMENT, "");
    ck_assert_ptr_null(out);
    ok(dae_model_slice(&out, model, NULL, NULL));
    ok(dae_layer_parse(&layer, "dropout(0.5)"));
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
    ok(dae_model_slice(&encoder, model, "input", "1"));
    ok(dae_model_slice(&decoder, model, "0", "2"));
    ok(dae_model_slice(&inner, decoder, "0", "1")); /* a slice of a slice */
    ok(dae_model_get_output_shape(encoder, &rank, shape));
    ck_assert(rank == 1 && shape[0] == 7);
    ok(dae_model_get_input_shape(decoder, &rank, shape));
    ck_assert(rank == 1 && shape[0] == 7);
    float *whole = answers_of(model, inputs, SAMPLES), *code = answers_of(encoder, inputs, SAMPLES);
    dae_model_free(model);
    dae_model_free(encoder);
    float *decoded = answers_of(decoder, code, SAMPLES), *again = answers_of(inner, code, SAMPLES);
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
    ok(dae_model_slice(&decoder, copy, "1", "2"));
    dae_model_free(copy);
    ok(dae_model_copy(&copy, decoder)); /* a copy of a slice holds only the slice */
    same_parameters(copy, decoder);
    ok(dae_model_get_tensor(copy, "0.bias", out, BIAS_2));
    same_floats(out, bias, BIAS_2);
    dae_model_free(copy);
    dae_model_free(decoder);
}
END_TEST

START_TEST(a_slice_must_stand_alone) {
    dae_model *model = model_from(
        1, "input(4) | dense(6, activation=tanh) as e1 | dense(3, activation=relu) as code"
           " | dense(6) as d1 | add(e1) | dense(4)");
    dae_model *out = NULL, *encoder = NULL;
    fails(dae_model_slice(&out, model, "code", NULL), DAE_ERROR_ARGUMENT, "reads 'e1', which is made before");
    ck_assert_ptr_null(out);
    ok(dae_model_slice(&encoder, model, "input", "code"));
    ok(dae_model_slice(&out, model, "code", "d1"));
    char *text = text_by_the_rules((text_fn)dae_model_format, out);
    ck_assert_str_eq(text, "input(3) | dense(units=6, activation=linear, initializer=glorot_uniform) as d1");
    free(text);
    dae_model_free(out);
    /* what a slice begins with is its input, whatever its name was */
    ok(dae_model_slice(&out, model, "e1", NULL));
    text = text_by_the_rules((text_fn)dae_model_format, out);
    ck_assert_ptr_nonnull(strstr(text, "as d1 | add(input) | dense("));
    free(text);
    dae_model_free(out);
    dae_model_free(encoder);
    dae_model_free(model);
}
END_TEST

/* A decoder that is tied to its encoder uses its weight, and by itself has a copy of it. */
START_TEST(a_tied_decoder_follows_its_encoder) {
    enum { SAMPLES = 20 };
    dae_model *model = model_from(
        1, "input(5) | dense(3, activation=tanh) as code | dense(tied=code, activation=sigmoid)");
    dae_model *decoder = NULL, *kept = NULL;
    const float weight[15] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    float *codes = random_floats(SAMPLES * 3, -1, 1, 2), transposed[15];
    size_t count = 0;
    ok(dae_model_get_parameter_count(model, &count));
    ck_assert_uint_eq(count, 15 + 3 + 5);
    ok(dae_model_slice(&decoder, model, "code", NULL));
    ok(dae_model_get_parameter_count(decoder, &count));
    ck_assert_uint_eq(count, 5);
    float *before = answers_of(decoder, codes, SAMPLES);
    ok(dae_model_set_tensor(model, "code.weight", weight, 15));
    float *after = answers_of(decoder, codes, SAMPLES);
    ck_assert_uint_lt(first_difference(before, after, SAMPLES * 5), SAMPLES * 5);
    ok(dae_model_copy(&kept, decoder));
    ok(dae_model_get_tensor(kept, "0.weight", transposed, 15));
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 3; k++)
            ck_assert(transposed[i * 3 + k] == weight[k * 5 + i]);
    float *alone = answers_of(kept, codes, SAMPLES);
    for (size_t i = 0; i < (size_t)SAMPLES * 5; i++)
        near(alone[i], after[i], 1e-6);
    free(alone);
    free(after);
    free(before);
    free(codes);
    dae_model_free(kept);
    dae_model_free(decoder);
    dae_model_free(model);
}
END_TEST

/* Weights that are used, transposed, by a network that does not depend on the layer they belong to. */
START_TEST(a_layer_may_only_lend_its_weight) {
    dae_model *model = model_from(
        1, "input(3) | dense(2) as lender | from(input) | dense(2, initializer=zeros) as code"
           " | dense(tied=lender, bias=no)");
    dae_trainer *trainer = sgd_trainer(model, 1.0, "mse");
    const float input[3] = {1, 2, 3}, target[3] = {1, 0, 0}, bias[2] = {1, 10};
    float weight[6] = {0}, lent[2] = {5, 6};
    ok(dae_model_set_tensor(model, "lender.weight", weight, 6));
    ok(dae_model_set_tensor(model, "lender.bias", lent, 2));
    ok(dae_model_set_tensor(model, "code.bias", bias, 2));
    ok(dae_trainer_step(trainer, input, target, 1, NULL));
    ok(dae_model_get_tensor(model, "lender.weight", weight, 6));
    /* V -= code^T D, with D = 2 (0 - target) / 3 */
    const double expected[6] = {2.0 / 3, 0, 0, 20.0 / 3, 0, 0};
    for (size_t i = 0; i < 6; i++)
        near(weight[i], expected[i], 1e-6);
    ok(dae_model_get_tensor(model, "lender.bias", lent, 2));
    ck_assert(lent[0] == 5 && lent[1] == 6);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

START_TEST(parameters_are_copied_by_label) {
    dae_model *from = model_from(1, "input(4) | dense(3) as code | dense(4) | gain as scale");
    dae_model *to = model_from(
        2, "input(4) | dropout(0.5) | dense(3) as code | dense(3) as inner | dense(4) | gain as scale");
    dae_model *other = model_from(3, "input(4) | gain as scale | dense(5) as code"),
              *bare = unset_from("input(4) | gain");
    float gains[4] = {2, 3, 4, 5}, weights[2][12], inner[9], same[9], kept[4];
    size_t count = 0;
    ok(dae_model_set_tensor(from, "scale.weight", gains, 4));
    ok(dae_model_get_tensor(to, "inner.weight", inner, 9));
    ok(dae_model_copy_parameters(to, from, &count));
    ck_assert_uint_eq(count, 3);
    ok(dae_model_get_tensor(from, "code.weight", weights[0], 12));
    ok(dae_model_get_tensor(to, "code.weight", weights[1], 12));
    same_floats(weights[1], weights[0], 12);
    ok(dae_model_get_tensor(to, "scale.weight", kept, 4));
    same_floats(kept, gains, 4);
    ok(dae_model_get_tensor(to, "inner.weight", same, 9));
    same_floats(same, inner, 9);
    ok(dae_model_copy_parameters(to, to, NULL));
    /* all or nothing: the second of two tensors has another shape */
    fails(dae_model_copy_parameters(other, from, &count), DAE_ERROR_SHAPE, "code.weight");
    ok(dae_model_get_tensor(other, "scale.weight", kept, 4));
    ck_assert(kept[0] == 1 && kept[3] == 1);
    fails(dae_model_copy_parameters(NULL, from, &count), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_copy_parameters(to, NULL, &count), DAE_ERROR_ARGUMENT, "");
    fails(dae_model_copy_parameters(bare, from, &count), DAE_ERROR_STATE, "initialize");
    fails(dae_model_copy_parameters(to, bare, &count), DAE_ERROR_STATE, "initialize");
    dae_model_free(from);
    dae_model_free(to);
    dae_model_free(other);
    dae_model_free(bare);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("slice");
    TCase *sharing = add_case(suite, "slices and copies");
    tcase_add_test(sharing, slices_share_parameters);
    tcase_add_test(sharing, slices_refuse_what_is_not_there);
    tcase_add_test(sharing, decoder_of_encoder_is_the_whole);
    tcase_add_test(sharing, copies_are_independent);
    tcase_add_test(sharing, a_slice_must_stand_alone);
    tcase_add_test(sharing, a_tied_decoder_follows_its_encoder);
    tcase_add_test(sharing, a_layer_may_only_lend_its_weight);
    tcase_add_test(sharing, parameters_are_copied_by_label);
    return suite_main(suite);
}
