/* Models whose inputs may have several sizes: what they take and refuse, and that a size changes nothing but the size. */
#include "network.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 24 * 32, COUNT = 12 };

/* Layers of pictures with parameters, a skip and a size that has to be even. */
static const char layers[] =
    "gain as g | conv2d(1, 3, activation=tanh) | max_pool(2) | prelu"
    " | conv2d(2, 3, mode=replicate) | conv2d_transpose(1, 2, stride=2) | add(g) | gain";

static dae_model *open_model(uint64_t seed) {
    return model_from(seed, "input(1, any, any) | %s", layers);
}

static dae_model *closed_model(uint64_t seed, size_t height, size_t width) {
    return model_from(seed, "input(1, %zu, %zu) | %s", height, width, layers);
}

static dae_dataset *pictures(size_t count, size_t height, size_t width, uint64_t seed) {
    float *x = random_floats(count * height * width, -1, 1, seed);
    dae_dataset *data = NULL;
    ok(dae_dataset_copy_array(&data, x, count, 3, (const size_t[]){1, height, width}));
    free(x);
    return corrupted(data, "gaussian(0.3)", DAE_NOISE_FRESH, 3);
}

static void shape_is(dae_status (*get)(const dae_session *, size_t *, size_t *), const dae_session *session,
                     size_t height, size_t width) {
    size_t rank, shape[DAE_MAX_RANK];
    ok(get(session, &rank, shape));
    ck_assert_uint_eq(rank, 3);
    ck_assert(shape[0] == 1 && shape[1] == height && shape[2] == width);
}

START_TEST(text_and_shapes_say_any) {
    dae_model *model = open_model(1), *copy = NULL, *built = NULL, *slice = NULL, *loaded = NULL;
    size_t rank, shape[DAE_MAX_RANK], count, expected;
    char text[1024], again[1024], table[2048];
    ok(dae_model_get_input_shape(model, &rank, shape));
    ck_assert(rank == 3 && shape[0] == 1 && shape[1] == 0 && shape[2] == 0);
    ok(dae_model_get_output_shape(model, &rank, shape));
    ck_assert(rank == 3 && shape[0] == 1 && shape[1] == 0 && shape[2] == 0);
    ok(dae_model_format(model, text, sizeof text, NULL));
    ck_assert_int_eq(strncmp(text, "input(1, any, any) | gain as g", 30), 0);
    ok(dae_model_describe(model, table, sizeof table, NULL));
    ck_assert_ptr_nonnull(strstr(table, "1 x any x any"));
    ok(dae_model_copy(&copy, model));
    ok(dae_model_format(copy, again, sizeof again, NULL));
    ck_assert_str_eq(again, text);
    ok(dae_model_save(model, temp_path("open")));
    ok(dae_model_load(&loaded, temp_path("open")));
    ok(dae_model_format(loaded, again, sizeof again, NULL));
    ck_assert_str_eq(again, text);
    same_parameters(loaded, model);
    ok(dae_model_create(&built, 3, (const size_t[]){1, 0, 0}));
    ok(dae_model_extend(built, layers));
    fails(dae_model_extend(built, "gain | from(nowhere)"), DAE_ERROR_ARGUMENT, "nowhere");
    ok(dae_model_format(built, again, sizeof again, NULL));
    ck_assert_str_eq(again, text);
    ok(dae_model_slice(&slice, model, "g", NULL));
    ok(dae_model_get_input_shape(slice, &rank, shape));
    ck_assert(rank == 3 && shape[0] == 1 && shape[1] == 0 && shape[2] == 0);
    ok(dae_model_get_parameter_count(model, &count));
    dae_model *closed = closed_model(1, 8, 8);
    ok(dae_model_get_parameter_count(closed, &expected));
    ck_assert_uint_eq(count, expected);
    dae_model_free(closed);
    dae_model_free(slice);
    dae_model_free(built);
    dae_model_free(copy);
    dae_model_free(loaded);
    dae_model_free(model);
}
END_TEST

static const struct {
    const char *text;
    dae_status status;
    const char *word;
} refused[] = {
    {"input(any, 8)", DAE_ERROR_ARGUMENT,
     "shape[0] is 0, expected at least 1: only dimensions after the first"},
    {"input(1, any, any) | dense(4)", DAE_ERROR_SHAPE,
     "dense takes a value of one size, found 1 x any x any"},
    {"input(2, any) | gain as a | max_pool(2) | add(a)", DAE_ERROR_SHAPE, "add"},
    {"input(1, any, any) | reshape(4, 8)", DAE_ERROR_SHAPE, "reshape"},
};

START_TEST(what_needs_one_size_is_refused) {
    dae_model *model = NULL;
    fails(dae_model_parse(&model, refused[_i].text), refused[_i].status, refused[_i].word);
    ck_assert_ptr_null(model);
}
END_TEST

/* A model for any size does what one for that size does, to the bit: in sessions, in training, in validation at yet
 * another size, in reports. */
START_TEST(a_size_changes_nothing_else) {
    const size_t sides[][2] = {{8, 8}, {24, 32}, {2, 6}};
    for (size_t i = 0; i < 3; i++) {
        size_t height = sides[i][0], width = sides[i][1], size = height * width;
        dae_model *any = open_model(5), *one = closed_model(5, height, width);
        dae_dataset *data = pictures(COUNT, height, width, 7), *other = pictures(5, 4, 10, 8);
        dae_trainer *trainers[2] = {adam_trainer(any, 1e-2, "mse | l1(of=g, weight=0.01)"),
                                    adam_trainer(one, 1e-2, "mse | l1(of=g, weight=0.01)")};
        dae_session *sessions[2] = {NULL};
        float *x = random_floats(3 * size, -1, 1, 9), y[2][3 * MOST];
        double mse[2];
        ok(dae_trainer_set_validation(trainers[0], other));
        for (size_t k = 0; k < 2; k++)
            ok(dae_trainer_fit(trainers[k], data, 3));
        same_parameters(any, one);
        double *validation = history_of(trainers[0], "validation_loss", NULL);
        ck_assert(validation[2] > 0 && validation[2] < 10);
        free(validation);
        ok(dae_session_create_shaped(&sessions[0], any, 2, 3, (const size_t[]){1, height, width}));
        ok(dae_session_create(&sessions[1], one, 2));
        shape_is(dae_session_get_input_shape, sessions[0], height, width);
        shape_is(dae_session_get_output_shape, sessions[0], height, width);
        for (size_t k = 0; k < 2; k++) {
            ok(dae_session_run(sessions[k], x, 3, y[k]));
            dae_report *report = NULL;
            ok(dae_model_evaluate(&report, k == 0 ? any : one, data));
            ok(dae_report_get(report, "mse", &mse[k]));
            dae_report_free(report);
            dae_session_free(sessions[k]);
            dae_trainer_free(trainers[k]);
        }
        same_floats(y[0], y[1], 3 * size);
        ck_assert(mse[0] == mse[1]);
        free(x);
        dae_dataset_free(data);
        dae_dataset_free(other);
        dae_model_free(any);
        dae_model_free(one);
    }
}
END_TEST

/* A second fit may have another size; parameters that training changes are those of open sessions. */
START_TEST(fits_of_several_sizes_follow_one_another) {
    dae_model *model = open_model(2);
    dae_trainer *trainer = adam_trainer(model, 1e-2, NULL);
    dae_session *session = NULL;
    float x[16] = {1, 2, 3}, before[16], after[16];
    ok(dae_session_create_shaped(&session, model, 1, 2, (const size_t[]){4, 4}));
    ok(dae_session_run(session, x, 1, before));
    const size_t sides[] = {4, 16, 8};
    for (size_t i = 0; i < 3; i++) {
        dae_dataset *data = pictures(COUNT, sides[i], 2 * sides[i], i);
        ok(dae_trainer_fit(trainer, data, 1));
        dae_dataset_free(data);
    }
    ok(dae_session_run(session, x, 1, after));
    ck_assert_uint_lt(first_difference(before, after, 16), 16);
    dae_session_free(session);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* As many values in another shape are something else: a fit of one row of 64 after one of 8 x 8 does what it does to a
 * copy of the model whose trainer has seen nothing else. */
START_TEST(shapes_of_as_many_values_are_told_apart) {
    dae_model *model = model_from(2, "input(1, any, any) | conv2d(1, 3)"), *copy = NULL;
    dae_dataset *square = NULL, *row = random_dataset(COUNT, 64, 0, 1, 2);
    dae_trainer *trainer = sgd_trainer(model, 0.1, NULL);
    float *x = random_floats(COUNT * 64, 0, 1, 1);
    ok(dae_dataset_copy_array(&square, x, COUNT, 3, (const size_t[]){1, 8, 8}));
    ok(dae_trainer_set_shuffle(trainer, 0));
    ok(dae_trainer_fit(trainer, square, 1));
    ok(dae_model_copy(&copy, model));
    dae_trainer *fresh = sgd_trainer(copy, 0.1, NULL);
    ok(dae_trainer_set_shuffle(fresh, 0));
    ok(dae_trainer_fit(trainer, row, 1));
    ok(dae_trainer_fit(fresh, row, 1));
    same_parameters(model, copy);
    free(x);
    dae_dataset_free(square);
    dae_dataset_free(row);
    dae_trainer_free(trainer);
    dae_trainer_free(fresh);
    dae_model_free(model);
    dae_model_free(copy);
}
END_TEST

START_TEST(sizes_that_a_layer_does_not_take_are_refused) {
    dae_model *model = open_model(2);
    dae_trainer *trainer = adam_trainer(model, 1e-2, NULL);
    dae_session *session = NULL;
    dae_report *report = NULL;
    float x[16] = {0};
    double value;
    dae_dataset *odd = pictures(3, 7, 8, 1), *flat = random_dataset(3, 64, 0, 1, 2);
    fails(dae_session_create(&session, model, 1), DAE_ERROR_SHAPE, "dae_session_create_shaped()");
    fails(dae_session_create_shaped(&session, model, 1, 3, (const size_t[]){1, 7, 8}), DAE_ERROR_SHAPE,
          "max_pool");
    fails(dae_session_create_shaped(&session, model, 1, 3, (const size_t[]){2, 8, 8}), DAE_ERROR_SHAPE,
          "dae_session_create_shaped: inputs have shape 2 x 8 x 8, the model takes 1 x any x any");
    fails(dae_session_create_shaped(&session, model, 1, 1, (const size_t[]){64}), DAE_ERROR_SHAPE,
          "found 1 x 1 x 64");
    fails(dae_session_create_shaped(&session, model, 1, 3, (const size_t[]){1, 0, 8}), DAE_ERROR_ARGUMENT,
          "shape[1]");
    fails(dae_trainer_fit(trainer, odd, 1), DAE_ERROR_SHAPE, "max_pool");
    fails(dae_trainer_fit(trainer, flat, 1), DAE_ERROR_SHAPE, "found 1 x 1 x 64");
    fails(dae_trainer_set_validation(trainer, odd), DAE_ERROR_SHAPE, "max_pool");
    fails(dae_trainer_step(trainer, x, x, 1, NULL), DAE_ERROR_SHAPE, "a fit, whose dataset has one");
    fails(dae_model_evaluate(&report, model, odd), DAE_ERROR_SHAPE, "max_pool");
    fails(dae_model_measure(model, odd, "mse", &value, 1), DAE_ERROR_SHAPE, "max_pool");
    ck_assert_ptr_null(session);
    ck_assert_ptr_null(report);
    dae_dataset_free(odd);
    dae_dataset_free(flat);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

static dae_status make_and_run(void *user) {
    dae_model *model = NULL;
    dae_session *session = NULL;
    float x[16] = {0}, y[16];
    dae_status status = dae_model_parse(&model, user);
    if (status == DAE_OK)
        status = dae_model_initialize(model, 1);
    if (status == DAE_OK)
        status = dae_session_create_shaped(&session, model, 1, 3, (const size_t[]){1, 4, 4});
    if (status == DAE_OK)
        status = dae_session_run(session, x, 1, y);
    dae_session_free(session);
    dae_model_free(model);
    return status;
}

START_TEST(any_allocation_may_fail) {
    char text[512] = "input(1, any, any) | ";
    strcat(text, layers);
    ck_assert_uint_gt(every_allocation_fails(make_and_run, text), 10);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("open");
    TCase *open = add_case(suite, "open");
    tcase_add_test(open, text_and_shapes_say_any);
    tcase_add_loop_test(open, what_needs_one_size_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(open, a_size_changes_nothing_else);
    tcase_add_test(open, fits_of_several_sizes_follow_one_another);
    tcase_add_test(open, shapes_of_as_many_values_are_told_apart);
    tcase_add_test(open, sizes_that_a_layer_does_not_take_are_refused);
    tcase_add_test(open, any_allocation_may_fail);
    return suite_main(suite);
}
