/* batch_norm: what a batch and running statistics make of values, when the latter change and when they do not. Gradients are
 * in check_every_kind.c and, with trajectories, in check_network_training.c. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 24, BATCH = 9, MOST = 4 * SIZE };

static const struct {
    const char *input;
    size_t channels;
} shapes[] = {{"input(24)", 24}, {"input(4, 6)", 4}, {"input(3, 2, 4)", 3}, {"input(2, 3, 2, 2)", 2}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

#define EPSILON  0.01
#define MOMENTUM 0.25

/* Scale, shift, and running mean and variance: the layer's parameters in that order. */
static double at(const float *parameters, size_t channels, size_t which, size_t c) {
    return (double)parameters[which * channels + c];
}

/* Of a layer alone, with parameters that are not those at first. */
static dae_model *model_of(size_t shape) {
    dae_model *model = model_from(1, "%s | batch_norm(epsilon=%g, momentum=%g) as n", shapes[shape].input,
                                  EPSILON, MOMENTUM);
    size_t count = 4 * shapes[shape].channels;
    float *parameters = random_floats(count, 0.5, 2, 3);
    ok(dae_model_set_parameters(model, parameters, count));
    free(parameters);
    return model;
}

static dae_trainer *trainer_of(dae_model *model, const char *rule, const char *objective) {
    dae_optimizer *optimizer = NULL;
    dae_trainer *trainer = NULL;
    ok(dae_optimizer_parse(&optimizer, rule));
    ok(dae_trainer_create(&trainer, model, optimizer, objective));
    dae_optimizer_free(optimizer);
    return trainer;
}

/* The outputs for `count` samples, to free(). */
static float *outputs_of(dae_model *model, const float *x, size_t count) {
    dae_session *session = NULL;
    float *y = must_have(count * SIZE * sizeof *y);
    ok(dae_session_create(&session, model, count));
    ok(dae_session_run(session, x, count, y));
    dae_session_free(session);
    return y;
}

/* The channel of value i of a batch. */
static size_t channel_of(size_t i, size_t channels) {
    return i % SIZE / (SIZE / channels);
}

/* Mean and biased variance of a channel, over the batch twice. */
static void moments_of(const float *x, size_t count, size_t channels, size_t c, double *mean,
                       double *variance) {
    double n = (double)(count * SIZE / channels);
    *mean = *variance = 0;
    for (size_t i = 0; i < count * SIZE; i++)
        *mean += channel_of(i, channels) == c ? (double)x[i] / n : 0;
    for (size_t i = 0; i < count * SIZE; i++)
        *variance += channel_of(i, channels) == c ? ((double)x[i] - *mean) * ((double)x[i] - *mean) / n : 0;
}

static double normalized(double x, double mean, double variance, double scale, double shift) {
    return scale * (x - mean) / sqrt(variance + EPSILON) + shift;
}

/* ---- Values ------------------------------------------------------------------------------------ */

/* The loss of a step is that of values made by the moments of the batch, which the running ones move towards. */
START_TEST(a_batch_is_normalized_by_its_own_moments) {
    size_t channels = shapes[_i].channels, n = BATCH * SIZE / channels;
    dae_model *model = model_of((size_t)_i);
    dae_trainer *trainer = trainer_of(model, "sgd(0.125)", "mse");
    float *t = random_floats(BATCH * SIZE, 0, 1, 5);
    for (uint64_t step = 0; step < 3; step++) {
        float *x = random_floats(BATCH * SIZE, -3, 1 + (double)step, step),
              *before = parameters_of(model, NULL);
        double loss = 0, expected = 0;
        ok(dae_trainer_step(trainer, x, t, BATCH, &loss));
        float *after = parameters_of(model, NULL);
        for (size_t c = 0; c < channels; c++) {
            double mean, variance, scale = at(before, channels, 0, c), shift = at(before, channels, 1, c);
            moments_of(x, BATCH, channels, c, &mean, &variance);
            for (size_t i = 0; i < BATCH * SIZE; i++)
                if (channel_of(i, channels) == c)
                    expected += pow(normalized((double)x[i], mean, variance, scale, shift) - (double)t[i],
                                    2) /
                                (BATCH * SIZE);
            near(at(after, channels, 2, c), (1 - MOMENTUM) * at(before, channels, 2, c) + MOMENTUM * mean,
                 1e-6);
            near(at(after, channels, 3, c),
                 (1 - MOMENTUM) * at(before, channels, 3, c) +
                     MOMENTUM * variance * (double)n / (double)(n - 1),
                 2e-6);
            ck_assert(at(after, channels, 0, c) != scale && at(after, channels, 1, c) != shift);
        }
        near(loss, expected, 2e-6 * expected);
        free(x);
        free(before);
        free(after);
    }
    free(t);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

static void is_normalized_by_running_moments(const float *x, const float *y, size_t count,
                                             const float *parameters, size_t channels) {
    for (size_t i = 0; i < count * SIZE; i++) {
        size_t c = channel_of(i, channels);
        near((double)y[i],
             normalized((double)x[i], at(parameters, channels, 2, c), at(parameters, channels, 3, c),
                        at(parameters, channels, 0, c), at(parameters, channels, 1, c)),
             2e-6);
    }
}

START_TEST(a_session_goes_by_running_moments) {
    dae_model *model = model_of((size_t)_i);
    float *x = random_floats(BATCH * SIZE, -2, 2, 5), *parameters = parameters_of(model, NULL);
    float *y = outputs_of(model, x, BATCH), *one = outputs_of(model, x, 1);
    is_normalized_by_running_moments(x, y, BATCH, parameters, shapes[_i].channels);
    same_floats(one, y, SIZE);
    free(x);
    free(y);
    free(one);
    free(parameters);
    dae_model_free(model);
}
END_TEST

/* A mean of 10,000 deviations costs no more than what is lost of the values. */
START_TEST(far_from_zero) {
    dae_model *model = model_from(1, "input(4, 6) | batch_norm(momentum=1) as n");
    dae_trainer *trainer = trainer_of(model, "sgd(0.1)", "mse");
    float *x = random_floats(BATCH * SIZE, 17320, 17323.5, 5), mean[4], variance[4];
    double loss;
    ok(dae_trainer_step(trainer, x, x, BATCH, &loss));
    ok(dae_model_get_tensor(model, "n.running_mean", mean, 4));
    ok(dae_model_get_tensor(model, "n.running_var", variance, 4));
    for (size_t c = 0; c < 4; c++) {
        double m, v;
        moments_of(x, BATCH, 4, c, &m, &v);
        near((double)mean[c], m, 1e-3);
        near((double)variance[c], v * 54 / 53, 1e-6);
    }
    free(x);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* ---- What changes statistics, and what does not ------------------------------------------------ */

static int32_t refuse(float *gradient, size_t count, void *user) {
    (void)gradient, (void)count, (void)user;
    return 1;
}

START_TEST(a_step_that_fails_leaves_them) {
    static const double bad[] = {NAN, INFINITY, 1e30};
    dae_model *model = model_of((size_t)_i);
    dae_trainer *trainer = trainer_of(model, "adam(0.1)", "mse");
    float *x = random_floats(BATCH * SIZE, -1, 1, 5), *before = parameters_of(model, NULL);
    double loss;
    for (size_t i = 0; i < 3; i++) {
        float kept = x[7];
        x[7] = (float)bad[i];
        ck_assert_int_eq(dae_trainer_step(trainer, x, x, BATCH, &loss), DAE_ERROR_NOT_FINITE);
        x[7] = kept;
    }
    ok(dae_trainer_set_gradient_hook(trainer, refuse, NULL));
    ck_assert_int_eq(dae_trainer_step(trainer, x, x, BATCH, &loss), DAE_ERROR_CALLBACK);
    float *after = parameters_of(model, NULL);
    same_floats(after, before, 4 * shapes[_i].channels);
    ok(dae_trainer_set_gradient_hook(trainer, NULL, NULL));
    ok(dae_trainer_step(trainer, x, x, BATCH, &loss));
    free(x);
    free(before);
    free(after);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* A frozen layer has the output of a session. */
START_TEST(frozen_they_stay_and_are_gone_by) {
    size_t channels = shapes[_i].channels;
    dae_model *model = model_of((size_t)_i);
    dae_trainer *trainer = trainer_of(model, "adam(0.1)", "mse");
    float *x = random_floats(BATCH * SIZE, -1, 1, 5), *before = parameters_of(model, NULL);
    float *y = outputs_of(model, x, BATCH);
    double loss, expected = 0;
    for (size_t i = 0; i < BATCH * SIZE; i++)
        expected += pow((double)y[i] - (double)x[i], 2) / (BATCH * SIZE);
    ok(dae_trainer_set_frozen(trainer, "n", 1));
    ok(dae_trainer_step(trainer, x, x, BATCH, &loss));
    near(loss, expected, 1e-6 * expected);
    float *after = parameters_of(model, NULL);
    same_floats(after, before, 4 * channels);
    free(after);
    ok(dae_trainer_set_frozen(trainer, "n", 0));
    ok(dae_trainer_step(trainer, x, x, BATCH, &loss));
    after = parameters_of(model, NULL);
    for (size_t i = 0; i < 4 * channels; i++)
        ck_assert(after[i] != before[i]);
    free(x);
    free(y);
    free(before);
    free(after);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* What goes back through a frozen layer: its derivative alone. */
START_TEST(frozen_they_are_constants_going_back) {
    dae_model *model = model_from(1, "input(1) | gain as g | batch_norm(epsilon=%g) as n", EPSILON);
    const float parameters[] = {0.5f, 2.0f, 0.25f, 0.125f, 3.0f};
    const float x[] = {1, -2, 0.5f}, t[] = {0, 1, 2};
    dae_trainer *trainer = trainer_of(model, "sgd(1)", "mse");
    double loss, slope = 0;
    float g;
    ok(dae_model_set_parameters(model, parameters, 5));
    ok(dae_trainer_set_frozen(trainer, "n", 1));
    for (size_t i = 0; i < 3; i++)
        slope += 2.0 / 3 * (normalized(0.5 * (double)x[i], 0.125, 3, 2, 0.25) - (double)t[i]) * 2 /
                 sqrt(3 + EPSILON) * (double)x[i];
    ok(dae_trainer_step(trainer, x, t, 3, &loss));
    ok(dae_model_get_tensor(model, "g.weight", &g, 1));
    near((double)g, 0.5 - slope, 1e-6);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

START_TEST(one_value_of_a_channel_is_refused) {
    dae_model *flat = model_of(0), *signal = model_of(1);
    dae_trainer *of_flat = trainer_of(flat, "sgd(0.1)", "mse"),
                *of_signal = trainer_of(signal, "sgd(0.1)", "mse");
    float *x = random_floats(SIZE, -1, 1, 5), *before = parameters_of(flat, NULL);
    double loss;
    fails(dae_trainer_step(of_flat, x, x, 1, &loss), DAE_ERROR_SHAPE,
          "one value of each channel, expected more in training: another batch size leaves no sample over");
    float *after = parameters_of(flat, NULL);
    same_floats(after, before, MOST);
    ok(dae_trainer_step(of_signal, x, x, 1, &loss));
    ok(dae_trainer_set_frozen(of_flat, "n", 1));
    ok(dae_trainer_step(of_flat, x, x, 1, &loss));
    free(x);
    free(before);
    free(after);
    dae_trainer_free(of_flat);
    dae_trainer_free(of_signal);
    dae_model_free(flat);
    dae_model_free(signal);
}
END_TEST

/* ---- They are no weights ------------------------------------------------------------------------ */

/* Spoils the gradient of statistics, which is 0 before. */
static int32_t spoil(float *gradient, size_t count, void *user) {
    (void)user;
    for (size_t i = count / 2; i < count; i++) {
        ck_assert(gradient[i] == 0);
        gradient[i] = INFINITY;
    }
    return 0;
}

/* Neither rules, decay, clips, hooks nor penalties have a say. */
START_TEST(only_batches_change_them) {
    static const char *const rules[] = {"sgd(0.1)", "adamw(0.1, weight_decay=0.5) | clip_norm(0.01)"};
    static const char *const objectives[] = {"mse", "mse | l2(weight=0.5)"};
    size_t channels = shapes[_i].channels;
    float *x = random_floats(BATCH * SIZE, -1, 1, 5), *after[2];
    double loss[2], penalty = 0;
    for (size_t k = 0; k < 2; k++) {
        dae_model *model = model_of((size_t)_i);
        dae_trainer *trainer = trainer_of(model, rules[k], objectives[k]);
        float *before = parameters_of(model, NULL);
        for (size_t i = 0; i < 2 * channels && k == 1; i++)
            penalty += 0.5 * (double)before[i] * (double)before[i];
        if (k == 1)
            ok(dae_trainer_set_gradient_hook(trainer, spoil, NULL));
        ok(dae_trainer_step(trainer, x, x, BATCH, &loss[k]));
        after[k] = parameters_of(model, NULL);
        free(before);
        dae_trainer_free(trainer);
        dae_model_free(model);
    }
    near(loss[1], loss[0] + penalty, 1e-6 * loss[1]);
    same_floats(after[1] + 2 * channels, after[0] + 2 * channels, 2 * channels);
    free(x);
    free(after[0]);
    free(after[1]);
}
END_TEST

START_TEST(averages_have_theirs) {
    size_t channels = shapes[_i].channels;
    dae_model *model = model_of((size_t)_i), *average = NULL;
    dae_trainer *trainer = trainer_of(model, "sgd(0.1) | average(decay=0.75)", "mse");
    float *x = random_floats(BATCH * SIZE, -1, 1, 5), *before = parameters_of(model, NULL);
    double loss;
    ok(dae_trainer_step(trainer, x, x, BATCH, &loss));
    ok(dae_trainer_copy_average(&average, trainer));
    float *after = parameters_of(model, NULL), *averages = parameters_of(average, NULL);
    for (size_t i = 0; i < 4 * channels; i++)
        near((double)averages[i], 0.75 * (double)before[i] + 0.25 * (double)after[i], 1e-6);
    free(x);
    free(before);
    free(after);
    free(averages);
    dae_trainer_free(trainer);
    dae_model_free(average);
    dae_model_free(model);
}
END_TEST

/* ---- In networks --------------------------------------------------------------------------------- */

START_TEST(names_and_counts) {
    static const char *const names[] = {"n.weight", "n.bias", "n.running_mean", "n.running_var"};
    dae_model *model = model_from(1, "input(3, any) | batch_norm as n");
    size_t count = 0;
    char name[64], text[256];
    float values[3];
    ok(dae_model_get_parameter_count(model, &count));
    ck_assert_uint_eq(count, 12);
    for (size_t i = 0; i < 4; i++) {
        ok(dae_model_get_tensor_info(model, i, name, sizeof name, NULL, NULL, NULL));
        ck_assert_str_eq(name, names[i]);
        ok(dae_model_get_tensor(model, name, values, 3));
        ck_assert(values[0] == (i % 3 == 0 ? 1.0f : 0.0f));
    }
    ok(dae_model_format(model, text, sizeof text, NULL));
    ck_assert_str_eq(text, "input(3, any) | batch_norm(epsilon=1e-05, momentum=0.1) as n");
    dae_model_free(model);
}
END_TEST

START_TEST(slices_share_them) {
    dae_model *model = model_from(1, "input(24) | dense(24) as a | batch_norm as n | dense(24)"),
              *slice = NULL;
    float *x = random_floats(BATCH * SIZE, -1, 1, 5), mean[24], of_slice[24];
    double loss;
    ok(dae_model_slice(&slice, model, "a", "n"));
    dae_trainer *trainer = trainer_of(slice, "sgd(0.1)", "mse");
    ok(dae_trainer_step(trainer, x, x, BATCH, &loss));
    ok(dae_model_get_tensor(model, "n.running_mean", mean, 24));
    ok(dae_model_get_tensor(slice, "n.running_mean", of_slice, 24));
    same_floats(mean, of_slice, 24);
    ck_assert(mean[0] != 0);
    free(x);
    dae_trainer_free(trainer);
    dae_model_free(slice);
    dae_model_free(model);
}
END_TEST

/* Trained at one size, run at another, with two more in between: the statistics are of channels. */
START_TEST(other_sizes) {
    static const size_t shape[] = {4, 6}, trained[] = {4, 3};
    dae_model *model = model_from(1, "input(4, any) | batch_norm(epsilon=%g) as n", EPSILON);
    dae_trainer *trainer = trainer_of(model, "sgd(0.1)", "mse");
    dae_dataset *data = NULL;
    dae_session *session = NULL;
    float *x = random_floats(BATCH * SIZE, -1, 1, 5), y[BATCH * SIZE];
    ok(dae_dataset_copy_array(&data, x, 2 * BATCH, 2, trained));
    ok(dae_trainer_fit(trainer, data, 2));
    ok(dae_session_create_shaped(&session, model, BATCH, 2, shape));
    ok(dae_session_run(session, x, BATCH, y));
    float *parameters = parameters_of(model, NULL);
    ck_assert(parameters[8] != 0);
    is_normalized_by_running_moments(x, y, BATCH, parameters, 4);
    free(x);
    free(parameters);
    dae_session_free(session);
    dae_dataset_free(data);
    dae_trainer_free(trainer);
    dae_model_free(model);
}
END_TEST

/* What `model` makes of rows of `size` values, to free(). */
static float *run_of(dae_model *model, const float *x, size_t count, size_t *size) {
    dae_session *session = NULL;
    size_t rank = 0, shape[DAE_MAX_RANK];
    ok(dae_model_get_output_shape(model, &rank, shape));
    *size = 1;
    for (size_t i = 0; i < rank; i++)
        *size *= shape[i];
    float *y = must_have(count * *size * sizeof *y);
    ok(dae_session_create(&session, model, count));
    ok(dae_session_run(session, x, count, y));
    dae_session_free(session);
    return y;
}

/* In a session layers do the work of those after them; one after the other, in sessions of their own, they make the
 * same bits. */
START_TEST(sessions_are_their_layers_one_after_another) {
    static const char *const labels[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"};
    dae_model *model = model_from(
        3, "input(2, 9, 8) | conv2d(5, 3, activation=tanh) as a | batch_norm as b | sigmoid as c"
           " | conv2d_transpose(3, 2, stride=2) as d | batch_norm as e | gelu | add(e) as f"
           " | dense(1100, activation=relu) as g | batch_norm as h | dense(20) | batch_norm | leaky_relu as i"
           " | tanh as j | dense(7) | sigmoid as k");
    size_t size = 0, count = 0, batch = _i == 0 ? 1 : 20;
    float *x = random_floats(batch * 144, -1, 1, 5), *step = random_floats(batch * 144, -1, 1, 5);
    float *parameters = parameters_of(model, &count), *moves = random_floats(count, 0, 0.5, 6);
    const char *before = "input";
    for (size_t i = 0; i < count; i++)
        parameters[i] += moves[i];
    ok(dae_model_set_parameters(model, parameters, count));
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        dae_model *whole = NULL, *part = NULL;
        ok(dae_model_slice(&whole, model, NULL, labels[i]));
        ok(dae_model_slice(&part, model, before, labels[i]));
        float *y = run_of(whole, x, batch, &size), *z = run_of(part, step, batch, &size);
        same_floats(y, z, batch * size);
        before = labels[i];
        free(step);
        free(y);
        step = z;
        dae_model_free(whole);
        dae_model_free(part);
    }
    free(x);
    free(step);
    free(parameters);
    free(moves);
    dae_model_free(model);
}
END_TEST

/* More channels and values than a task has. */
START_TEST(the_same_bits_on_any_number_of_threads) {
    static const size_t threads[] = {1, 2, 3, 7};
    static const char *const texts[] = {"input(2400) | batch_norm | dense(9) | batch_norm",
                                        "input(3, 20, 40) | batch_norm | conv2d(9, 3, bias=no) | batch_norm"};
    dae_dataset *data = random_dataset(20, 2400, -1, 1, 3);
    dae_model *models[4];
    for (size_t i = 0; i < 4; i++) {
        ok(dae_set_num_threads(threads[i]));
        models[i] = model_from(1, "%s | flatten | dense(2400)", texts[_i]);
        dae_trainer *trainer = trainer_of(models[i], "adam(0.01)", "mse");
        ok(dae_trainer_set_batch_size(trainer, 17));
        ok(dae_trainer_fit(trainer, data, 2));
        same_parameters(models[i], models[0]);
        dae_trainer_free(trainer);
    }
    for (size_t i = 0; i < 4; i++)
        dae_model_free(models[i]);
    dae_dataset_free(data);
    ok(dae_set_num_threads(0));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("batch norm");
    TCase *values = add_case(suite, "values"), *statistics = add_case(suite, "statistics"),
          *networks = add_case(suite, "networks");
    tcase_add_loop_test(values, a_batch_is_normalized_by_its_own_moments, 0, SHAPES);
    tcase_add_loop_test(values, a_session_goes_by_running_moments, 0, SHAPES);
    tcase_add_test(values, far_from_zero);
    tcase_add_loop_test(statistics, a_step_that_fails_leaves_them, 0, SHAPES);
    tcase_add_loop_test(statistics, frozen_they_stay_and_are_gone_by, 0, SHAPES);
    tcase_add_test(statistics, frozen_they_are_constants_going_back);
    tcase_add_test(statistics, one_value_of_a_channel_is_refused);
    tcase_add_loop_test(statistics, only_batches_change_them, 0, SHAPES);
    tcase_add_loop_test(statistics, averages_have_theirs, 0, SHAPES);
    tcase_add_test(networks, names_and_counts);
    tcase_add_test(networks, slices_share_them);
    tcase_add_test(networks, other_sizes);
    tcase_add_loop_test(networks, sessions_are_their_layers_one_after_another, 0, 2);
    tcase_add_loop_test(networks, the_same_bits_on_any_number_of_threads, 0, 2);
    return suite_main(suite);
}
