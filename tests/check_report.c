/* Reports: every finding, and the figures that only a report has. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text of a finding, or NULL if the report does not have it. */
static const char *finding(const dae_report *report, int32_t wanted) {
    size_t count = 0;
    const char *found = NULL;
    ok(dae_report_get_finding_count(report, &count));
    for (size_t i = 0; i < count; i++) {
        int32_t code = 0;
        const char *text = NULL;
        ok(dae_report_get_finding(report, i, &code, &text));
        ck_assert(text != NULL && strlen(text) > 20);
        ck_assert(code >= DAE_FINDING_DEAD_OUTPUTS && code <= DAE_FINDING_NOISY_TARGETS);
        if (code == wanted) {
            ck_assert_msg(found == NULL, "finding %d comes twice", (int)code);
            found = text;
        }
    }
    return found;
}

static size_t findings(const dae_report *report) {
    size_t count = 99;
    ok(dae_report_get_finding_count(report, &count));
    return count;
}

/* ---- Findings --------------------------------------------------------------------------------- */

enum { PIXELS = 4, MANY = 500 };

/* All pixels of a sample have one value, and each its own noise: the mean of the pixels is the best guess. */
static dae_dataset *flat_samples(double noise, double above) {
    float *level = random_floats(MANY, 0, 1, 1), *noises = random_floats(MANY * PIXELS, -noise, noise, 2);
    float inputs[MANY * PIXELS], targets[MANY * PIXELS];
    for (size_t i = 0; i < MANY * PIXELS; i++) {
        targets[i] = level[i / PIXELS];
        inputs[i] = targets[i] + noises[i] + (float)above;
    }
    free(level);
    free(noises);
    return pair_dataset(inputs, PIXELS, targets, PIXELS, MANY);
}

static dae_model *mean_model(float bias) {
    const network net = {PIXELS, 1, {{PIXELS, "linear"}}, 0};
    dae_model *model = network_model(&net, 1);
    float parameters[PIXELS * PIXELS + PIXELS];
    for (size_t i = 0; i < PIXELS * PIXELS + PIXELS; i++)
        parameters[i] = i < PIXELS * PIXELS ? 1.0f / PIXELS : bias;
    ok(dae_model_set_parameters(model, parameters, PIXELS * PIXELS + PIXELS));
    return model;
}

START_TEST(a_good_model_has_no_findings) {
    dae_model *model = mean_model(0.0f);
    dae_dataset *data = flat_samples(0.2, 0);
    dae_report *report = evaluated(model, data);
    ck_assert_uint_eq(findings(report), 0);
    ck_assert(figure(report, "mse") < figure(report, "input_mse"));
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

START_TEST(worse_than_the_mean_image_is_found) {
    dae_model *model = mean_model(1.0f);
    dae_dataset *data = flat_samples(0.2, 2.0); /* worse still than the model */
    dae_report *report = evaluated(model, data);
    const char *text = finding(report, DAE_FINDING_WORSE_THAN_MEAN_IMAGE);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(strpbrk(text, "0123456789"));
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

/* The variance of targets that are far from 0, or all the same, is no difference of large numbers. */
START_TEST(the_mean_image_is_exact) {
    const struct {
        float a, b;
        double mse;
    } cases[] = {{0.3f, 0.3f, 0}, {1e8f, 100000008.0f, 16}, {-3e7f, -3e7f + 4, 4}};
    for (size_t i = 0; i < 3; i++) {
        dae_model *model = mean_model(0.0f);
        float x[MANY * PIXELS];
        for (size_t k = 0; k < MANY * PIXELS; k++)
            x[k] = k / PIXELS % 2 ? cases[i].b : cases[i].a;
        dae_dataset *data = array_dataset(x, MANY, PIXELS);
        dae_report *report = evaluated(model, data);
        ck_assert_double_eq(figure(report, "mean_image_mse"), cases[i].mse);
        ck_assert_ptr_null(finding(report, DAE_FINDING_WORSE_THAN_MEAN_IMAGE));
        dae_report_free(report);
        dae_dataset_free(data);
        dae_model_free(model);
    }
}
END_TEST

START_TEST(worse_than_the_input_is_found) {
    dae_model *model = mean_model(0.1f);
    dae_dataset *data = flat_samples(0.05, 0);
    dae_report *report = evaluated(model, data);
    const char *text = finding(report, DAE_FINDING_WORSE_THAN_INPUT);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(strpbrk(text, "0123456789"));
    ck_assert_uint_eq(findings(report), 1);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

/* 20 ReLU outputs that are alive, but for those of which `bias` is -1000; targets of some are constant. */
static dae_report *with_dead(const size_t *dead, size_t dead_count, const size_t *constant,
                             size_t constants) {
    enum { OUTPUTS = 20, INPUTS = 3, SAMPLES = 300 };
    const network net = {INPUTS, 1, {{OUTPUTS, "relu"}}, 0};
    dae_model *model = network_model(&net, 1);
    float *weights = random_floats(OUTPUTS * INPUTS, 0.1, 1, 5), bias[OUTPUTS] = {0};
    float *x = random_floats(SAMPLES * INPUTS, 0.1, 1, 1), *t = random_floats(SAMPLES * OUTPUTS, 0, 1, 2);
    for (size_t i = 0; i < dead_count; i++)
        bias[dead[i]] = -1e3f;
    for (size_t i = 0; i < constants; i++)
        for (size_t b = 0; b < SAMPLES; b++)
            t[b * OUTPUTS + constant[i]] = 0.25f;
    ok(dae_model_set_tensor(model, "0.weight", weights, OUTPUTS * INPUTS));
    ok(dae_model_set_tensor(model, "0.bias", bias, OUTPUTS));
    dae_dataset *data = pair_dataset(x, INPUTS, t, OUTPUTS, SAMPLES);
    dae_report *report = evaluated(model, data);
    dae_dataset_free(data);
    dae_model_free(model);
    free(weights);
    free(x);
    free(t);
    return report;
}

START_TEST(a_single_sample_has_no_dead_outputs) {
    const network net = {3, 1, {{5, "relu"}}, 0};
    dae_model *model = network_model(&net, 1);
    float *x = random_floats(3, 0, 1, 1), *t = random_floats(5, 0, 1, 2);
    const float bias[] = {-1e3f, -1e3f, -1e3f, -1e3f, -1e3f};
    dae_dataset *data = pair_dataset(x, 3, t, 5, 1);
    ok(dae_model_set_tensor(model, "0.bias", bias, 5));
    dae_report *report = evaluated(model, data);
    near(figure(report, "dead_outputs"), 0, 0);
    near(figure(report, "harmful_dead_outputs"), 0, 0);
    near(figure(report, "mean_image_mse"), 0, 0);
    near(figure(report, "samples"), 1, 0);
    ck_assert_ptr_null(finding(report, DAE_FINDING_DEAD_OUTPUTS));
    ck_assert_ptr_null(finding(report, DAE_FINDING_WORSE_THAN_MEAN_IMAGE));
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
    free(x);
    free(t);
}
END_TEST

START_TEST(dead_outputs_are_found) {
    const size_t dead[] = {0, 3, 7, 12, 19}, constant[] = {3, 5, 12};
    dae_report *report = with_dead(dead, 5, constant, 3);
    near(figure(report, "dead_outputs"), 5.0 / 20, 1e-12);
    near(figure(report, "harmful_dead_outputs"), 3.0 / 20, 1e-12);
    const char *text = finding(report, DAE_FINDING_DEAD_OUTPUTS);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(strstr(text, "15") != NULL, "%s", text);
    dae_report_free(report);
}
END_TEST

START_TEST(harmless_dead_outputs_are_no_finding) {
    const size_t dead[] = {3, 12};
    dae_report *report = with_dead(dead, 2, dead, 2);
    near(figure(report, "dead_outputs"), 2.0 / 20, 1e-12);
    near(figure(report, "harmful_dead_outputs"), 0, 0);
    ck_assert_ptr_null(finding(report, DAE_FINDING_DEAD_OUTPUTS));
    dae_report_free(report);
    report = with_dead(dead, 0, dead, 2);
    near(figure(report, "dead_outputs"), 0, 0);
    dae_report_free(report);
}
END_TEST

/* The report of 20 -> 24 ReLU -> dropout -> 16 tanh -> 20, of whose 40 hidden units so many are dead: 12 of
 * the first layer, then those of the second. */
static dae_report *with_dead_units(size_t dead, size_t samples) {
    dae_model *model = model_from(3, "input(20) | dense(24, activation=relu) | dropout(0.5)"
                                     " | dense(16, activation=tanh) | dense(20)");
    float bias[24], weights[16 * 24];
    ok(dae_model_get_tensor(model, "2.weight", weights, 16 * 24));
    for (size_t i = 0; i < 24; i++)
        bias[i] = i < dead && i < 12 ? -1000.0f : 1000.0f;
    for (size_t i = 12; i < dead; i++)
        memset(weights + (i - 12) * 24, 0, 24 * sizeof *weights);
    for (size_t i = 0; i < 16 * 24; i++)
        weights[i] *= 1e-3f; /* the living are not saturated */
    ok(dae_model_set_tensor(model, "0.bias", bias, 24));
    ok(dae_model_set_tensor(model, "2.weight", weights, 16 * 24));
    dae_dataset *data = random_dataset(samples, 20, 0, 1, 5);
    dae_report *report = evaluated(model, data);
    dae_dataset_free(data);
    dae_model_free(model);
    return report;
}

START_TEST(dead_hidden_units_are_found) {
    const size_t dead[] = {0, 10, 11, 12, 20};
    const bool found[] = {false, false, true, true, true};
    for (size_t i = 0; i < 5; i++) {
        dae_report *report = with_dead_units(dead[i], 300);
        near(figure(report, "dead_hidden_units"), (double)dead[i] / 40, 1e-12);
        const char *text = finding(report, DAE_FINDING_DEAD_HIDDEN_UNITS);
        ck_assert_int_eq(text != NULL, found[i]);
        char expected[32];
        snprintf(expected, sizeof expected, " %zu of 40", 40 - dead[i]);
        ck_assert(text == NULL || strstr(text, expected) != NULL);
        dae_report_free(report);
    }
    dae_report *report = with_dead_units(20, 1);
    near(figure(report, "dead_hidden_units"), 0, 0);
    dae_report_free(report);
}
END_TEST

/* Dropout that comes last makes no hidden layer of the one before. */
START_TEST(an_output_layer_is_not_hidden) {
    dae_model *model = model_from(3, "input(20) | dense(20, activation=relu) | dropout(0.5)");
    dae_dataset *data = random_dataset(10, 20, 0, 1, 5);
    dae_report *report = evaluated(model, data);
    ck_assert(isnan(figure(report, "dead_hidden_units")));
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

/* The model learns its range from one step; the limits themselves lie inside. */
START_TEST(inputs_out_of_range_are_found) {
    enum { SAMPLES = 50, SIZE = 8 };
    const size_t outside[] = {0, 3, 4, 40}; /* of 400 values: 1 % is not more than 1 % */
    dae_model *model = identity_model(SIZE);
    float *x = random_floats(SAMPLES * SIZE, 0, 1, 1);
    dae_trainer *trainer = sgd_trainer(model, 1e-30, "mse");
    x[0] = 0.0f;
    x[1] = 1.0f;
    ok(dae_trainer_step(trainer, x, x, SAMPLES, NULL));
    for (size_t i = 0; i < 4; i++) {
        float *shifted = random_floats(SAMPLES * SIZE, 0, 1, 1);
        shifted[0] = 0.0f;
        shifted[1] = 1.0f;
        for (size_t j = 0; j < outside[i]; j++)
            shifted[j * 9 + 2] = j % 2 == 0 ? 1.0000001f : -1e-7f;
        dae_dataset *data = array_dataset(shifted, SAMPLES, SIZE);
        dae_report *report = evaluated(model, data);
        near(figure(report, "inputs_out_of_range"), (double)outside[i] / (SAMPLES * SIZE), 1e-12);
        const char *text = finding(report, DAE_FINDING_INPUTS_OUT_OF_RANGE);
        ck_assert((text != NULL) == (outside[i] > 4));
        ck_assert(text == NULL || strstr(text, "10") != NULL);
        dae_report_free(report);
        dae_dataset_free(data);
        free(shifted);
    }
    dae_trainer_free(trainer);
    dae_model_free(model);
    free(x);
}
END_TEST

/* Which figures a value that is not finite leaves alone. */
static void spoilt_figures(const dae_report *report, const char *const *left, size_t count) {
    const char *name;
    for (size_t i = 0; (name = figure_name(i)) != NULL; i++) {
        bool expected = false;
        for (size_t j = 0; j < count; j++)
            expected |= strcmp(left[j], name) == 0;
        ck_assert_msg(isnan(figure(report, name)) != expected, "%s is %g", name, figure(report, name));
    }
}

/* A report of 200 x 4 values behind tanh, which hides an infinite input; `bad` stands at value 3 of sample
 * 170, and once more at the end. */
static dae_report *with_bad_value(float bad, bool in_target, size_t times) {
    const network net = autoencoder(4, 6, "tanh", "tanh");
    dae_model *model = network_model(&net, 1);
    float *x = random_floats(800, 0, 1, 1), *t = random_floats(800, 0, 1, 2), *in = in_target ? t : x;
    dae_trainer *trainer = sgd_trainer(model, 1e-3, "mse");
    ok(dae_trainer_step(trainer, x, t, 200, NULL)); /* so that the model knows a range */
    dae_trainer_free(trainer);
    in[170 * 4 + 3] = bad;
    if (times == 2)
        in[199 * 4] = bad;
    for (size_t i = 0; times == 800 && i < 800; i++)
        in[i] = bad;
    dae_dataset *data = pair_dataset(x, 4, t, 4, 200);
    dae_report *report = evaluated(model, data);
    dae_dataset_free(data);
    dae_model_free(model);
    free(x);
    free(t);
    return report;
}

START_TEST(values_that_are_not_finite_are_named) {
    const float bad[] = {NAN, INFINITY, -INFINITY};
    const char *const left_by_inputs[] = {"samples", "mean_image_mse"};
    const char *const left_by_targets[] = {"samples", "inputs_out_of_range", "dead_outputs",
                                           "dead_hidden_units"};
    for (size_t i = 0; i < 6; i++) {
        bool in_target = i >= 3;
        dae_report *report = with_bad_value(bad[i % 3], in_target, 2);
        const char *text = finding(report, DAE_FINDING_NOT_FINITE);
        ck_assert_uint_eq(findings(report), 1);
        ck_assert_ptr_nonnull(
            strstr(text, in_target ? "Target value 3 of sample 170" : "Input value 3 of sample 170"));
        ck_assert_ptr_nonnull(strstr(text, in_target ? "such targets: 2" : "such inputs: 2"));
        ck_assert_ptr_null(strstr(text, "Output"));
        if (in_target)
            spoilt_figures(report, left_by_targets, 4);
        else
            spoilt_figures(report, left_by_inputs, 2);
        dae_report_free(report);
        report = with_bad_value(bad[i % 3], in_target, 800);
        ck_assert_ptr_nonnull(strstr(finding(report, DAE_FINDING_NOT_FINITE), "value 0 of sample 0"));
        ck_assert(isnan(figure(report, "mean_image_mse")) == in_target);
        dae_report_free(report);
    }
}
END_TEST

/* The data are finite, and the outputs are not. */
START_TEST(outputs_that_are_not_finite_are_found) {
    for (size_t i = 0; i < 2; i++) {
        dae_model *model = identity_model(3);
        float weights[12] = {0}, *x = random_floats(30, 0, 1, 1), *t = random_floats(30, 0, 1, 2);
        if (i == 0) { /* parameters are too large, or inputs */
            weights[0] = weights[1] = weights[2] = 3e38f;
            ok(dae_model_set_parameters(model, weights, 12));
            x[15] = x[16] = x[17] = 1.0f;
        } else {
            for (size_t k = 0; k < 12; k++)
                weights[k] = 1.0f;
            ok(dae_model_set_parameters(model, weights, 12));
            x[15] = x[16] = x[17] = 3e38f;
        }
        dae_dataset *data = pair_dataset(x, 3, t, 3, 10);
        dae_report *report = evaluated(model, data);
        const char *text = finding(report, DAE_FINDING_NOT_FINITE);
        ck_assert_uint_eq(findings(report), 1);
        ck_assert_ptr_nonnull(strstr(text, "Output value 0 of sample"));
        ck_assert_int_eq(strstr(text, "learning rate") != NULL, i == 0);
        ck_assert_int_eq(strstr(text, "Scale") != NULL, i == 1);
        dae_report_free(report);
        dae_dataset_free(data);
        dae_model_free(model);
        free(x);
        free(t);
    }
}
END_TEST

/* ---- Texts that the network and the figures do not refute --------------------------------------- */

/* A model of one layer whose outputs are all 1000 below 0, so dead but for linear ones, which have no
 * weights. */
static dae_report *with_dead_layer(const char *activation, size_t samples, float shift) {
    const network net = {12, 1, {{12, activation}}, 0.3};
    dae_model *model = network_model(&net, 1);
    float parameters[12 * 12 + 12] = {0}, *x = random_floats(samples * 12, 0, 1, 1);
    float *t = random_floats(samples * 12, (double)shift, (double)shift + 1, 2);
    for (size_t i = 144; i < 156; i++)
        parameters[i] = -1000.0f;
    ok(dae_model_set_parameters(model, parameters, 156));
    dae_dataset *data = pair_dataset(x, 12, t, 12, samples);
    dae_report *report = evaluated(model, data);
    dae_dataset_free(data);
    dae_model_free(model);
    free(x);
    free(t);
    return report;
}

START_TEST(advice_fits_the_layer) {
    const char *const names[] = {"linear", "ReLU", "leaky ReLU", "sigmoid", "tanh"};
    for (size_t i = 0; i < ACTIVATIONS; i++) {
        bool is_relu = strcmp(ACTIVATION[i], "relu") == 0;
        dae_report *report = with_dead_layer(ACTIVATION[i], 100, 0);
        const char *text = finding(report, DAE_FINDING_DEAD_OUTPUTS);
        ck_assert_ptr_nonnull(text);
        ck_assert_ptr_nonnull(strstr(text, names[i]));
        ck_assert_int_eq(strstr(text, "A ReLU that gives 0") != NULL, is_relu);
        ck_assert_int_eq(strstr(text, "a sigmoid,") != NULL, is_relu);
        ck_assert_int_eq(strstr(text, "or leaky ReLU") != NULL, is_relu);
        dae_report_free(report);
    }
    dae_report *report = with_dead_layer("relu", 100, 3); /* what a sigmoid cannot give */
    ck_assert_ptr_null(strstr(finding(report, DAE_FINDING_DEAD_OUTPUTS), "sigmoid"));
    dae_report_free(report);
}
END_TEST

/* A whole layer is judged from 29 samples on, units from 299 on, comparisons from 10 on. */
START_TEST(few_samples_prove_little) {
    const size_t counts[] = {2, 9, 28, 29};
    for (size_t i = 0; i < 4; i++) {
        dae_report *report = with_dead_layer("relu", counts[i], 0);
        ck_assert_int_eq(finding(report, DAE_FINDING_DEAD_OUTPUTS) != NULL, counts[i] >= 29);
        ck_assert_int_eq(finding(report, DAE_FINDING_WORSE_THAN_MEAN_IMAGE) != NULL, counts[i] >= 28);
        dae_report_free(report);
    }
    for (size_t samples = 298; samples < 300; samples++) {
        dae_report *report = with_dead_units(20, samples);
        ck_assert_int_eq(finding(report, DAE_FINDING_DEAD_HIDDEN_UNITS) != NULL, samples == 299);
        dae_report_free(report);
    }
}
END_TEST

/* A model that is a little better than the mean image is worse in many slices of few samples, and none says
 * so. */
START_TEST(slices_do_not_say_what_the_whole_does_not) {
    dae_model *model = mean_model(0.25f); /* MSE 1 / 16 and noise, of a variance of 1 / 12 */
    dae_dataset *data = flat_samples(0.1, 0);
    size_t said = 0;
    for (size_t size = 2; size <= 20; size += 9)
        for (size_t first = 0; first + size <= MANY; first += size) {
            dae_dataset *slice = NULL;
            ok(dae_dataset_slice(&slice, data, first, size));
            dae_report *report = evaluated(model, slice);
            said += finding(report, DAE_FINDING_WORSE_THAN_MEAN_IMAGE) != NULL;
            dae_report_free(report);
            dae_dataset_free(slice);
        }
    ck_assert_uint_le(said, 1); /* of 320 */
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

START_TEST(same_inputs_and_constant_targets_have_their_own_words) {
    dae_model *model = mean_model(0.1f);
    float x[MANY * PIXELS], t[MANY * PIXELS];
    for (size_t i = 0; i < MANY * PIXELS; i++) {
        x[i] = (float)(i * 7919 % 1000) / 1000;
        t[i] = 0.5f;
    }
    dae_dataset *same = array_dataset(x, MANY, PIXELS), *constant = pair_dataset(x, PIXELS, t, PIXELS, MANY);
    dae_report *report = evaluated(model, same);
    ck_assert_ptr_nonnull(strstr(finding(report, DAE_FINDING_NOTHING_TO_DENOISE), "nothing to denoise"));
    ck_assert_ptr_null(finding(report, DAE_FINDING_WORSE_THAN_INPUT));
    dae_report_free(report);
    report = evaluated(model, constant);
    ck_assert_ptr_nonnull(finding(report, DAE_FINDING_CONSTANT_TARGETS));
    const char *text = finding(report, DAE_FINDING_WORSE_THAN_MEAN_IMAGE);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_null(strstr(text, "belong together"));
    dae_report_free(report);
    dae_dataset_free(same);
    dae_dataset_free(constant);
    dae_model_free(model);
}
END_TEST

/* Bytes behind a sigmoid: the floor is what a perfect model would have left. */
START_TEST(the_floor_of_unreachable_targets_is_exact) {
    const network net = autoencoder(PIXELS, 3, "tanh", "sigmoid");
    dae_model *model = network_model(&net, 1);
    float *x = random_floats(MANY * PIXELS, 0, 255, 1);
    double floor = 0;
    size_t beyond = 0;
    for (size_t i = 0; i < MANY * PIXELS; i++) {
        double distance = fmax(0, (double)x[i] - 1);
        floor += distance * distance / (MANY * PIXELS);
        beyond += distance > 0;
    }
    dae_dataset *data = corrupted(array_dataset(x, MANY, PIXELS), "gaussian(stddev=9)", DAE_NOISE_FRESH, 1);
    dae_report *report = evaluated(model, data);
    const char *text = finding(report, DAE_FINDING_TARGETS_OUT_OF_REACH);
    char share[40], left[40];
    snprintf(share, sizeof share, "%.1f %%", 100.0 * (double)beyond / (MANY * PIXELS));
    snprintf(left, sizeof left, "an MSE of %.5g", floor);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(strstr(text, share) != NULL && strstr(text, left) != NULL &&
                      strstr(text, "sigmoid") != NULL,
                  "%s", text);
    const char *mean = finding(report, DAE_FINDING_WORSE_THAN_MEAN_IMAGE);
    ck_assert(mean == NULL || strstr(mean, "rain longer") == NULL);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
    free(x);
}
END_TEST

/* ---- Arguments -------------------------------------------------------------------------------- */

START_TEST(arguments_are_checked) {
    dae_model *model = mean_model(0.1f), *unset = NULL;
    dae_dataset *data = flat_samples(0.05, 0), *wide = random_dataset(5, 13, 0, 1, 1);
    dae_report *report = NULL;
    size_t count = 5;
    int32_t code = 5;
    const char *text = NULL;
    ok(dae_model_create(&unset, 1, (const size_t[]){PIXELS}));
    fails(dae_model_evaluate(NULL, model, data), DAE_ERROR_ARGUMENT, "out");
    fails(dae_model_evaluate(&report, NULL, data), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_evaluate(&report, model, NULL), DAE_ERROR_ARGUMENT, "dataset");
    fails(dae_model_evaluate(&report, unset, data), DAE_ERROR_STATE, "");
    fails(dae_model_evaluate(&report, model, wide), DAE_ERROR_SHAPE, "13");
    ck_assert(message_has("4"));
    ck_assert_ptr_null(report);
    report = evaluated(model, data);
    fails(dae_report_get_finding_count(NULL, &count), DAE_ERROR_ARGUMENT, "report");
    fails(dae_report_get_finding_count(report, NULL), DAE_ERROR_ARGUMENT, "count");
    fails(dae_report_get_finding(NULL, 0, &code, &text), DAE_ERROR_ARGUMENT, "report");
    fails(dae_report_get_finding(report, 1, &code, &text), DAE_ERROR_ARGUMENT, "index");
    ck_assert(count == 5 && code == 5 && text == NULL);
    ok(dae_report_get_finding(report, 0, NULL, &text));
    ok(dae_report_get_finding(report, 0, &code, NULL));
    ck_assert_int_eq(code, DAE_FINDING_WORSE_THAN_INPUT);
    dae_report_free(report);
    dae_report_free(NULL);
    dae_dataset_free(data);
    dae_dataset_free(wide);
    dae_model_free(unset);
    dae_model_free(model);
}
END_TEST

static int32_t refuse(uint64_t first, size_t count, float *out, void *user) {
    memset(out, 0, count * *(const size_t *)user * sizeof *out);
    return first + count > 20 ? 3 : 0;
}

START_TEST(datasets_that_fail_are_reported) {
    size_t size = PIXELS;
    dae_model *model = mean_model(0.0f);
    dae_dataset *data = NULL;
    dae_report *report = NULL;
    ok(dae_dataset_create_callback(&data, 30, 1, &size, refuse, NULL, &size));
    fails(dae_model_evaluate(&report, model, data), DAE_ERROR_CALLBACK, "3");
    ck_assert_ptr_null(report);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("report");
    TCase *found = add_case(suite, "findings");
    tcase_add_test(found, a_good_model_has_no_findings);
    tcase_add_test(found, worse_than_the_mean_image_is_found);
    tcase_add_test(found, the_mean_image_is_exact);
    tcase_add_test(found, worse_than_the_input_is_found);
    tcase_add_test(found, a_single_sample_has_no_dead_outputs);
    tcase_add_test(found, dead_outputs_are_found);
    tcase_add_test(found, harmless_dead_outputs_are_no_finding);
    tcase_add_test(found, dead_hidden_units_are_found);
    tcase_add_test(found, an_output_layer_is_not_hidden);
    tcase_add_test(found, inputs_out_of_range_are_found);
    tcase_add_test(found, values_that_are_not_finite_are_named);
    tcase_add_test(found, outputs_that_are_not_finite_are_found);
    tcase_add_test(found, advice_fits_the_layer);
    tcase_add_test(found, few_samples_prove_little);
    tcase_add_test(found, slices_do_not_say_what_the_whole_does_not);
    tcase_add_test(found, same_inputs_and_constant_targets_have_their_own_words);
    tcase_add_test(found, the_floor_of_unreachable_targets_is_exact);
    TCase *arguments = add_case(suite, "arguments");
    tcase_add_test(arguments, arguments_are_checked);
    tcase_add_test(arguments, datasets_that_fail_are_reported);
    return suite_main(suite);
}
