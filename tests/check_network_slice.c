/* Slices, copies and files of networks that are no chains: which values a slice may begin and end at, what it shares, and what
 * becomes of weights that are tied to a layer outside of it. */
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static dae_status format(const void *model, char *buffer, size_t capacity, size_t *length) {
    return dae_model_format(model, buffer, capacity, length);
}

static char *text_of(const dae_model *model) {
    return text_by_the_rules(format, model);
}

static void has_text(const dae_model *model, const char *expected) {
    char *text = text_of(model);
    ck_assert_str_eq(text, expected);
    free(text);
}

static void run(dae_model *model, const float *x, size_t count, float *y) {
    dae_session *session = NULL;
    ok(dae_session_create(&session, model, 16));
    ok(dae_session_run(session, x, count, y));
    dae_session_free(session);
}

static void all_near(const float *a, const float *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        near(a[i], b[i], 1e-6);
}

static const char unet[] =
    "input(12) | dense(10, activation=relu) as e1 | dense(8, activation=relu) as e2 | dense(4) as code"
    " | dense(8, activation=relu) | concatenate(e2, code) | dense(10, activation=relu) as d1"
    " | concatenate(e1) | dense(12)";
static const char tied[] = "input(12) | dense(9, activation=tanh) as h1 | dense(5, activation=relu) as code"
                           " | dense(tied=code, activation=tanh) as d1 | dense(tied=h1) as y | gain";

#define DENSE(units, activation) \
    "dense(units=" units ", activation=" activation ", initializer=glorot_uniform)"
#define TIED(activation, to) "dense(activation=" activation ", initializer=glorot_uniform, tied=" to ")"

/* ---- Slices ----------------------------------------------------------------------------------- */

START_TEST(slices_begin_and_end_at_labels) {
    dae_model *model = model_from(2, "%s", unet), *encoder = NULL, *inner = NULL, *part = NULL, *one = NULL;
    ok(dae_model_slice(&encoder, model, NULL, "code"));
    has_text(encoder, "input(12) | " DENSE("10", "relu") " as e1 | " DENSE("8", "relu") " as e2 | " DENSE(
                          "4", "linear") " as code");
    ok(dae_model_slice(&inner, model, "e2", "d1"));
    has_text(inner, "input(8) | " DENSE("4", "linear") " as code | " DENSE(
                        "8", "relu") " | concatenate(input, code) | " DENSE("10", "relu") " as d1");
    /* a slice of a slice; layers without a label are counted from its start */
    ok(dae_model_slice(&part, inner, "code", "1"));
    has_text(part, "input(4) | " DENSE("8", "relu"));
    ok(dae_model_slice(&one, encoder, "input", "e1"));
    has_text(one, "input(12) | " DENSE("10", "relu") " as e1");
    dae_model_free(model);
    dae_model_free(encoder);
    dae_model_free(inner);
    dae_model_free(part);
    dae_model_free(one);
}
END_TEST

/* One after the other, parts give what the whole gives; and what trains a part changes the whole. */
START_TEST(slices_are_parts_of_the_whole) {
    enum { COUNT = 21 };
    dae_model *model = model_from(2, "%s", unet), *first = NULL, *second = NULL;
    float *x = random_floats(COUNT * 12, -1, 1, 3), e2[COUNT * 8], d1[COUNT * 10], expected[COUNT * 10];
    dae_model *whole = NULL;
    ok(dae_model_slice(&whole, model, NULL, "d1"));
    ok(dae_model_slice(&first, model, NULL, "e2"));
    ok(dae_model_slice(&second, model, "e2", "d1"));
    for (int trained = 0; trained < 2; trained++) {
        run(whole, x, COUNT, expected);
        run(first, x, COUNT, e2);
        run(second, e2, COUNT, d1);
        same_floats(d1, expected, COUNT * 10);
        dae_trainer *trainer = adam_trainer(second, 1e-2, "mse");
        ok(dae_trainer_step(trainer, e2, x, COUNT, NULL));
        dae_trainer_free(trainer);
    }
    run(whole, x, COUNT, d1);
    ck_assert(first_difference(d1, expected, COUNT * 10) < COUNT * 10);
    free(x);
    dae_model_free(model);
    dae_model_free(whole);
    dae_model_free(first);
    dae_model_free(second);
}
END_TEST

/* The gradients of a slice in the middle are those of a model of its own. */
START_TEST(slices_train_as_models_of_their_own) {
    enum { COUNT = 21 };
    dae_model *model = model_from(2, "%s", unet), *slice = NULL, *copy = NULL;
    float *x = random_floats(COUNT * 8, -1, 1, 3), *t = random_floats(COUNT * 10, -1, 1, 4);
    size_t count = 0, all = 0;
    float *before = parameters_of(model, &all);
    ok(dae_model_slice(&slice, model, "e2", "d1"));
    ok(dae_model_copy(&copy, slice));
    for (int i = 0; i < 2; i++) {
        dae_trainer *trainer = adam_trainer(i == 0 ? slice : copy, 1e-2, "mse");
        for (int step = 0; step < 3; step++)
            ok(dae_trainer_step(trainer, x, t, COUNT, NULL));
        dae_trainer_free(trainer);
    }
    same_parameters(slice, copy);
    float *after = parameters_of(model, NULL);
    ok(dae_model_get_parameter_count(slice, &count));
    size_t first = 12 * 10 + 10 + 10 * 8 + 8; /* of the slice */
    same_floats(after, before, first);
    same_floats(after + first + count, before + first + count, all - first - count);
    free(x);
    free(t);
    free(before);
    free(after);
    dae_model_free(model);
    dae_model_free(slice);
    dae_model_free(copy);
}
END_TEST

START_TEST(what_cannot_be_sliced_is_refused_by_name) {
    dae_model *model = model_from(2, "%s", unet), *slice = NULL;
    fails(dae_model_slice(&slice, model, "code", NULL), DAE_ERROR_ARGUMENT, "reads 'e2'");
    fails(dae_model_slice(&slice, model, "e2", NULL), DAE_ERROR_ARGUMENT, "reads 'e1'");
    fails(dae_model_slice(&slice, model, "code", NULL), DAE_ERROR_ARGUMENT, "from 'code'");
    fails(dae_model_slice(&slice, model, "e3", NULL), DAE_ERROR_ARGUMENT, "'e3'");
    fails(dae_model_slice(&slice, model, NULL, "99"), DAE_ERROR_ARGUMENT, "'99'");
    fails(dae_model_slice(&slice, model, "0", NULL), DAE_ERROR_ARGUMENT, "'0'"); /* it has a label */
    fails(dae_model_slice(&slice, model, "code", "code"), DAE_ERROR_ARGUMENT, "order");
    fails(dae_model_slice(&slice, model, "code", "e1"), DAE_ERROR_ARGUMENT, "order");
    fails(dae_model_slice(&slice, model, NULL, "input"), DAE_ERROR_ARGUMENT, "order");
    ck_assert(slice == NULL);
    dae_model_free(model);
}
END_TEST

/* A slice may end before others read its values, and leave out what nobody in it reads. */
START_TEST(branches_are_cut) {
    dae_model *model = model_from(
                  2, "input(6) | dense(6) as a | dense(6) as b | from(a) | dense(6) as c | add(b)"),
              *slice = NULL;
    float x[6] = {1, -1, 0.5f, 2, -2, 0}, y[6];
    ok(dae_model_slice(&slice, model, "a", "c"));
    has_text(slice, "input(6) | " DENSE("6", "linear") " as b | from(input) | " DENSE("6", "linear") " as c");
    run(slice, x, 1, y);
    reference *net = reference_of(slice);
    double *parameters = doubles_of(slice), expected[6];
    reference_run(net, parameters, x, expected);
    for (size_t i = 0; i < 6; i++)
        near(y[i], expected[i], 1e-6);
    free(parameters);
    reference_free(net);
    dae_model_free(slice);
    dae_model_free(model);
}
END_TEST

/* ---- Tied ------------------------------------------------------------------------------------- */

static dae_model *decoder_of(dae_model *model) {
    dae_model *decoder = NULL;
    ok(dae_model_slice(&decoder, model, "code", NULL));
    return decoder;
}

/* After training it sees the weights as they are then. */
START_TEST(a_tied_decoder_runs_with_the_encoders_weights) {
    enum { COUNT = 19 };
    dae_model *model = model_from(2, "%s", tied), *encoder = NULL, *decoder = decoder_of(model);
    float *x = random_floats(COUNT * 12, -1, 1, 3), code[COUNT * 5], y[COUNT * 12], expected[COUNT * 12];
    dae_session *session = NULL;
    dae_trainer *trainer = adam_trainer(model, 1e-2, "mse");
    ok(dae_model_slice(&encoder, model, NULL, "code"));
    ok(dae_session_create(&session, decoder, 32));
    for (int step = 0; step < 3; step++) {
        run(model, x, COUNT, expected);
        run(encoder, x, COUNT, code);
        ok(dae_session_run(session, code, COUNT, y));
        all_near(y, expected, COUNT * 12);
        for (size_t i = 0; i < COUNT; i++) {
            ok(dae_session_run(session, code + 5 * i, 1, y));
            all_near(y, expected + 12 * i, 12);
        }
        ok(dae_trainer_step(trainer, x, x, COUNT, NULL));
    }
    dae_session_free(session);
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_model_free(encoder);
    dae_model_free(decoder);
    free(x);
}
END_TEST

/* As much of a slice may be inside as outside. */
START_TEST(a_slice_keeps_what_is_tied_inside_of_it) {
    dae_model *model = model_from(2, "%s", tied), *slice = NULL, *part = NULL;
    ok(dae_model_slice(&slice, model, "h1", NULL));
    has_text(slice, "input(9) | " DENSE("5", "relu") " as code | " TIED("tanh", "code") " as d1 | " DENSE(
                        "12", "linear") " as y | gain");
    ok(dae_model_slice(&part, slice, NULL, "d1"));
    has_text(part, "input(9) | " DENSE("5", "relu") " as code | " TIED("tanh", "code") " as d1");
    dae_trainer *trainer = adam_trainer(part, 1e-2, "mse");
    float *x = random_floats(9 * 9, -1, 1, 3);
    ok(dae_trainer_step(trainer, x, x, 9, NULL));
    free(x);
    dae_trainer_free(trainer);
    dae_model_free(part);
    dae_model_free(slice);
    dae_model_free(model);
}
END_TEST

START_TEST(a_tied_decoder_alone_is_not_trained) {
    dae_model *model = model_from(2, "%s", tied), *decoder = decoder_of(model), *copy = NULL;
    dae_optimizer *optimizer = NULL;
    dae_trainer *trainer = NULL;
    dae_session *session = NULL;
    ok(dae_optimizer_create_sgd(&optimizer, 0.1));
    fails(dae_trainer_create(&trainer, decoder, optimizer, "mse"), DAE_ERROR_STATE, "outside of itself");
    ck_assert(trainer == NULL);
    ok(dae_session_create(&session, decoder, 32));
    fails(dae_session_set_precision(session, DAE_PRECISION_BFLOAT16), DAE_ERROR_UNSUPPORTED,
          "expected a copy");
    ok(dae_session_set_precision(session, DAE_PRECISION_FLOAT32));
    dae_session_free(session);
    ok(dae_model_copy(&copy, decoder));
    ok(dae_trainer_create(&trainer, copy, optimizer, "mse"));
    dae_trainer_free(trainer);
    dae_optimizer_free(optimizer);
    dae_model_free(copy);
    dae_model_free(decoder);
    dae_model_free(model);
}
END_TEST

/* What a copy, or a file, of a decoder is: the same outputs, with weights of its own. */
static void is_the_decoder(dae_model *other, dae_model *decoder) {
    enum { COUNT = 19 };
    float *code = random_floats(COUNT * 5, -1, 1, 3), y[COUNT * 12], expected[COUNT * 12];
    size_t count = 0;
    has_text(other, "input(5) | " DENSE("9", "tanh") " as d1 | " DENSE("12", "linear") " as y | gain");
    ok(dae_model_get_parameter_count(other, &count));
    ck_assert_uint_eq(count, 5 * 9 + 9 + 9 * 12 + 12 + 12);
    run(other, code, COUNT, y);
    run(decoder, code, COUNT, expected);
    all_near(y, expected, COUNT * 12);
    free(code);
}

START_TEST(a_tied_decoder_is_kept_with_weights_of_its_own) {
    dae_model *model = model_from(2, "%s", tied), *decoder, *copy = NULL, *loaded = NULL, *read = NULL;
    unsigned char bytes[8192];
    size_t size = 0, measured = 0;
    float weight[9 * 5], transposed[9 * 5];
    /* training gives it a range and biases that are not 0 */
    dae_trainer *trainer = adam_trainer(model, 1e-2, "mse");
    float *x = random_floats(30 * 12, -1, 1, 3);
    ok(dae_trainer_step(trainer, x, x, 30, NULL));
    decoder = decoder_of(model);
    ok(dae_model_copy(&copy, decoder));
    ok(dae_model_save(decoder, temp_path("decoder")));
    ok(dae_model_load(&loaded, temp_path("decoder")));
    ok(dae_model_serialize(decoder, NULL, 0, &measured));
    ok(dae_model_serialize(decoder, bytes, sizeof bytes, &size));
    ck_assert_uint_eq(size, measured);
    ok(dae_model_deserialize(&read, bytes, size));
    is_the_decoder(copy, decoder);
    same_parameters(loaded, copy);
    same_parameters(read, copy);
    ok(dae_model_get_tensor(model, "code.weight", weight, 45));
    ok(dae_model_get_tensor(copy, "d1.weight", transposed, 45));
    for (size_t i = 0; i < 45; i++)
        ck_assert(transposed[i % 9 * 5 + i / 9] == weight[i]);
    /* what trains the whole changes the slice, and not the copy */
    float *before = parameters_of(copy, NULL);
    ok(dae_trainer_step(trainer, x, x, 30, NULL));
    float *after = parameters_of(copy, NULL);
    same_floats(after, before, 5 * 9 + 9 + 9 * 12 + 12 + 12);
    free(before);
    free(after);
    free(x);
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_model_free(decoder);
    dae_model_free(copy);
    dae_model_free(loaded);
    dae_model_free(read);
}
END_TEST

/* ---- Copies and files ------------------------------------------------------------------------- */

static const char *const networks[] = {
    unet, tied,
    "input(2, 6) | reshape(3, 4) as r | gain as g | channels(1, 2) | concatenate(r, g) | dropout(0.2)"
    " | leaky_relu(0.1) | dense(12, bias=no) | add(input)"};

START_TEST(networks_are_kept_to_the_bit) {
    enum { COUNT = 23 };
    dae_model *model = model_from(2, "%s", networks[_i]), *others[3] = {NULL};
    float *x = random_floats(COUNT * 12, -1, 1, 3), *y = must_have(COUNT * 12 * sizeof *y),
          *expected = must_have(COUNT * 12 * sizeof *expected);
    unsigned char bytes[16384], again[16384];
    size_t size = 0, again_size = 0;
    dae_trainer *trainer = adam_trainer(model, 1e-2, "mse");
    ok(dae_trainer_step(trainer, x, x, COUNT, NULL));
    run(model, x, COUNT, expected);
    ok(dae_model_copy(&others[0], model));
    ok(dae_model_save(model, temp_path("network")));
    ok(dae_model_load(&others[1], temp_path("network")));
    ok(dae_model_serialize(model, bytes, sizeof bytes, &size));
    ok(dae_model_deserialize(&others[2], bytes, size));
    char *text = text_of(model);
    for (size_t i = 0; i < 3; i++) {
        has_text(others[i], text);
        same_parameters(others[i], model);
        run(others[i], x, COUNT, y);
        same_floats(y, expected, COUNT * 12);
        ok(dae_model_serialize(others[i], again, sizeof again, &again_size));
        ck_assert_uint_eq(again_size, size);
        ck_assert_mem_eq(again, bytes, size);
        dae_model_free(others[i]);
    }
    free(text);
    free(x);
    free(y);
    free(expected);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

START_TEST(parameters_are_copied_by_label) {
    dae_model *model = model_from(2, "%s", tied);
    dae_model *other = model_from(
        3, "input(12) | dense(9) as h1 | dense(7) as h2 | dense(9, bias=no) as y | dense(5) as x");
    dae_model *narrow = model_from(3, "input(12) | dense(9) as x | dense(4) as code");
    size_t count = 99;
    float a[9 * 12], b[9 * 12], *before = parameters_of(narrow, NULL);
    ok(dae_model_copy_parameters(other, model, &count));
    ck_assert_uint_eq(count, 2); /* h1.weight and h1.bias; y.bias is of another shape, and not there */
    ok(dae_model_get_tensor(model, "h1.weight", a, 108));
    ok(dae_model_get_tensor(other, "h1.weight", b, 108));
    same_floats(b, a, 108);
    fails(dae_model_copy_parameters(narrow, model, &count), DAE_ERROR_SHAPE, "code.weight");
    float *after = parameters_of(narrow, NULL);
    same_floats(after, before, 12 * 9 + 9 + 9 * 4 + 4);
    free(before);
    free(after);
    dae_model_free(model);
    dae_model_free(other);
    dae_model_free(narrow);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("network_slice");
    TCase *slices = add_case(suite, "slices");
    tcase_add_test(slices, slices_begin_and_end_at_labels);
    tcase_add_test(slices, slices_are_parts_of_the_whole);
    tcase_add_test(slices, slices_train_as_models_of_their_own);
    tcase_add_test(slices, what_cannot_be_sliced_is_refused_by_name);
    tcase_add_test(slices, branches_are_cut);
    TCase *ties = add_case(suite, "tied");
    tcase_add_test(ties, a_tied_decoder_runs_with_the_encoders_weights);
    tcase_add_test(ties, a_slice_keeps_what_is_tied_inside_of_it);
    tcase_add_test(ties, a_tied_decoder_alone_is_not_trained);
    tcase_add_test(ties, a_tied_decoder_is_kept_with_weights_of_its_own);
    TCase *kept = add_case(suite, "kept");
    tcase_add_loop_test(kept, networks_are_kept_to_the_bit, 0, 3);
    tcase_add_test(kept, parameters_are_copied_by_label);
    return suite_main(suite);
}
