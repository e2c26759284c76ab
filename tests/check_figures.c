/* Figures: each against an independent computation in double precision, or against that of others. */
#include "network.h"
#include "oracle/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Errors ----------------------------------------------------------------------------------- */

typedef struct {
    double mse, mae, psnr;
} errors;

static double decibels(double mse) {
    return mse < 1e-10 ? 100 : 10 * log10(1 / mse);
}

/* Errors of a[count, size] against t[count, size]. */
static errors errors_of(const double *a, const float *t, size_t count, size_t size) {
    errors sum = {0, 0, 0};
    for (size_t b = 0; b < count; b++) {
        double squares = 0, absolutes = 0;
        for (size_t n = 0; n < size; n++) {
            double d = a[b * size + n] - (double)t[b * size + n];
            squares += d * d;
            absolutes += fabs(d);
        }
        sum.mse += squares / (double)size;
        sum.mae += absolutes / (double)size;
        sum.psnr += decibels(squares / (double)size);
    }
    errors mean = {sum.mse / (double)count, sum.mae / (double)count, sum.psnr / (double)count};
    return mean;
}

/* MSE of the mean of all targets. */
static double mean_image_mse(const float *t, size_t count, size_t size) {
    double squares = 0;
    for (size_t n = 0; n < size; n++) {
        double mean = 0;
        for (size_t b = 0; b < count; b++)
            mean += (double)t[b * size + n] / (double)count;
        for (size_t b = 0; b < count; b++)
            squares += ((double)t[b * size + n] - mean) * ((double)t[b * size + n] - mean);
    }
    return squares / (double)(count * size);
}

static double *outputs_of(const network *net, const dae_model *model, const float *inputs, size_t count) {
    size_t size = network_outputs(net);
    double *parameters = doubles_of(model), *outputs = must_have(count * size * sizeof *outputs);
    double logits[NETWORK_MAX_UNITS];
    for (size_t b = 0; b < count; b++)
        network_forward(net, parameters, inputs + b * net->inputs, outputs + b * size, logits);
    free(parameters);
    return outputs;
}

/* All of `size` inputs as double, to free(). */
static double *as_doubles(const float *x, size_t count) {
    double *doubles = must_have(count * sizeof *doubles);
    for (size_t i = 0; i < count; i++)
        doubles[i] = (double)x[i];
    return doubles;
}

static void same_relative(const dae_report *report, const char *name, double expected) {
    double value = figure(report, name);
    ck_assert_msg(fabs(value - expected) <= 2e-6 * fabs(expected), "%s is %.9g, not %.9g", name, value,
                  expected);
}

static void check_figures(const network *net, size_t count) {
    enum { SIZE = 23 };
    dae_model *model = network_model(net, 3);
    dae_dataset *data = corrupted(random_dataset(count, SIZE, 0, 1, 4), "gaussian(mean=0.1, stddev=0.3)",
                                  DAE_NOISE_FRESH, 5);
    float *x = must_have(count * SIZE * sizeof *x), *t = must_have(count * SIZE * sizeof *t);
    ok(dae_dataset_read(data, 0, 0, count, x, t));
    double *outputs = outputs_of(net, model, x, count), *inputs = as_doubles(x, count * SIZE);
    errors of_output = errors_of(outputs, t, count, SIZE), of_input = errors_of(inputs, t, count, SIZE);
    dae_report *report = evaluated(model, data);
    same_relative(report, "mse", of_output.mse);
    same_relative(report, "mae", of_output.mae);
    same_relative(report, "psnr", of_output.psnr);
    same_relative(report, "psnr_of_mean", decibels(of_output.mse));
    same_relative(report, "psnr(peak=4095)", of_output.psnr + 20 * log10(4095));
    same_relative(report, "psnr_of_mean(peak=0.5)", decibels(of_output.mse) - 20 * log10(2));
    same_relative(report, "input_psnr(peak=4095)", of_input.psnr + 20 * log10(4095));
    same_relative(report, "input_mse", of_input.mse);
    same_relative(report, "input_psnr", of_input.psnr);
    same_relative(report, "input_psnr_of_mean", decibels(of_input.mse));
    near(figure(report, "mean_image_mse"), mean_image_mse(t, count, SIZE), 1e-7);
    near(figure(report, "samples"), count, 0);
    near(figure(report, "dead_outputs"), 0, 0);
    near(figure(report, "harmful_dead_outputs"), 0, 0);
    ck_assert(isnan(figure(report, "inputs_out_of_range")));
    ck_assert_int_eq(isnan(figure(report, "dead_hidden_units")), net->layers == 1);
    ck_assert(figure(report, "psnr_of_mean") <= figure(report, "psnr") + 1e-9);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
    free(x);
    free(t);
    free(outputs);
    free(inputs);
}

START_TEST(figures_are_those_in_double_precision) {
    const size_t counts[] = {1, 2, 3, 64, 257, 1100};
    const network nets[] = {autoencoder(23, 9, "tanh", "sigmoid"), autoencoder(23, 40, "relu", "linear")};
    for (size_t n = 0; n < 2; n++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            check_figures(&nets[n], counts[i]);
}
END_TEST

START_TEST(psnr_ends_at_100) {
    dae_model *model = identity_model(4);
    const float inputs[] = {0, 0, 0, 0, 0.5f, 0.5f, 0.5f, 0.5f},
                targets[] = {0, 0, 0, 0, 0.6f, 0.4f, 0.6f, 0.4f};
    dae_dataset *data = pair_dataset(inputs, 4, targets, 4, 2);
    dae_report *report = evaluated(model, data);
    near(figure(report, "psnr"), (100 + 20) / 2.0, 1e-5);
    near(figure(report, "input_psnr"), (100 + 20) / 2.0, 1e-5);
    near(figure(report, "psnr_of_mean"), 10 * log10(1 / 0.005), 1e-5);
    near(figure(report, "psnr(peak=0.1)"), (100 + 0) / 2.0, 1e-5); /* samples end at 100, whatever the peak */
    near(figure(report, "psnr(peak=1e6)"), 100, 0);
    dae_report_free(report);
    dae_dataset_free(data);
    const float close[] = {2e-5f, 2e-5f, 2e-5f, 2e-5f, 0.5f, 0.5f, 0.5f, 0.500018f};
    data = pair_dataset(inputs, 4, close, 4, 2); /* MSE 4e-10, and 8.1e-11 */
    report = evaluated(model, data);
    near(figure(report, "psnr"), (10 * log10(1 / 4e-10) + 100) / 2, 1e-3);
    dae_report_free(report);
    dae_dataset_free(data);
    data = array_dataset(inputs, 2, 4);
    report = evaluated(model, data);
    near(figure(report, "mse"), 0, 0);
    near(figure(report, "psnr_of_mean"), 100, 0);
    near(figure(report, "input_psnr_of_mean"), 100, 0);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

START_TEST(inputs_of_another_size_have_no_figures) {
    const network net = {6, 1, {{4, "linear"}}, 0};
    dae_model *model = network_model(&net, 1);
    float *x = random_floats(60, 0, 1, 1), *t = random_floats(40, 0, 1, 2);
    dae_dataset *data = pair_dataset(x, 6, t, 4, 10);
    dae_report *report = evaluated(model, data);
    ck_assert(isnan(figure(report, "input_mse")));
    ck_assert(isnan(figure(report, "input_psnr")));
    ck_assert(isnan(figure(report, "input_psnr_of_mean")));
    ck_assert(isnan(figure(report, "input_psnr(peak=2)")));
    ck_assert(figure(report, "mse") > 0);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
    free(x);
    free(t);
}
END_TEST

START_TEST(slices_can_be_evaluated) {
    const network net = autoencoder(8, 3, "tanh", "sigmoid");
    const network half = {3, 1, {{8, "sigmoid"}}, 0};
    dae_model *model = network_model(&net, 1), *decoder = NULL;
    float *x = random_floats(30, -1, 1, 1), *t = random_floats(80, 0, 1, 2);
    dae_dataset *data = pair_dataset(x, 3, t, 8, 10);
    ok(dae_model_slice(&decoder, model, "0", NULL));
    dae_report *report = evaluated(decoder, data);
    double *outputs = outputs_of(&half, decoder, x, 10);
    same_relative(report, "mse", errors_of(outputs, t, 10, 8).mse);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(decoder);
    dae_model_free(model);
    free(outputs);
    free(x);
    free(t);
}
END_TEST

/* ---- The oracle's images ---------------------------------------------------------------------- */

static float *drawn(uint64_t seed, uint64_t stream, size_t count) {
    dae_rng *rng = NULL;
    float *values = must_have(count * sizeof *values);
    ok(dae_rng_create(&rng, seed, stream));
    ok(dae_rng_fill_uniform(rng, values, count, 0, 1));
    dae_rng_free(rng);
    return values;
}

static dae_dataset *images(const float *x, const oracle_figures *c) {
    dae_dataset *dataset = NULL;
    ok(dae_dataset_copy_array(&dataset, x, ORACLE_FIGURES_SAMPLES, c->rank, c->shape));
    return dataset;
}

static size_t size_of(const oracle_figures *c) {
    return c->shape[0] * c->shape[1] * (c->rank == 3 ? c->shape[2] : 1);
}

/* As figures.py says. */
static dae_dataset *oracle_data(const oracle_figures *c, uint64_t seed) {
    size_t size = size_of(c), count = ORACLE_FIGURES_SAMPLES * size;
    float *u = drawn(seed, 0, count), *v = drawn(seed, 1, count), *t = must_have(count * sizeof *t);
    float peak = (float)c->peak;
    for (size_t i = 0; i < count; i++)
        t[i] = i / size == 1 ? 0.0f : peak * u[i - i % 3];
    for (size_t i = 0; i < count; i++)
        v[i] = t[i] + peak * (v[i] - 0.5f) * 0.25f;
    dae_dataset *x = images(v, c), *y = images(t, c), *pair = NULL;
    ok(dae_dataset_pair(&pair, x, y));
    dae_dataset_free(x);
    dae_dataset_free(y);
    free(u);
    free(v);
    free(t);
    return pair;
}

/* Gives half of what it gets. */
static dae_model *half_model(const oracle_figures *c) {
    float halves[64];
    dae_model *model = c->rank == 3 ? model_from(1, "input(%zu, %zu, %zu) | gain", c->shape[0], c->shape[1],
                                                 c->shape[2])
                                    : model_from(1, "input(%zu, %zu) | gain", c->shape[0], c->shape[1]);
    for (size_t i = 0; i < 64; i++)
        halves[i] = 0.5f;
    ok(dae_model_set_tensor(model, "0.weight", halves, c->shape[0]));
    return model;
}

enum { ORACLE_NAMES = sizeof ORACLE_FIGURES_NAMES / sizeof *ORACLE_FIGURES_NAMES };

/* Figure i of the oracle as a text, with the peak where there is one. */
static const char *oracle_text(const oracle_figures *c, size_t i, bool of_input) {
    static char text[64];
    const char *name = ORACLE_FIGURES_NAMES[i];
    snprintf(text, sizeof text,
             strstr(name, "psnr") != NULL || strstr(name, "ssim") != NULL ? "%s%s(%.17g)" : "%s%s",
             of_input ? "input_" : "", name, c->peak);
    return text;
}

START_TEST(figures_of_images_are_those_of_others) {
    const oracle_figures *c = &ORACLE_FIGURES[_i];
    dae_dataset *data = oracle_data(c, (uint64_t)_i);
    dae_model *model = half_model(c);
    dae_report *report = evaluated(model, data);
    for (size_t i = 0; i < 2 * ORACLE_NAMES; i++) {
        bool of_input = i % 2 == 1, is_ssim = strcmp(ORACLE_FIGURES_NAMES[i / 2], "ssim") == 0;
        double expected = of_input ? c->input[i / 2] : c->output[i / 2], value = -77, other = -77;
        const char *text = oracle_text(c, i / 2, of_input);
        ok(dae_model_measure(model, data, text, &value, 1));
        double tolerance = is_ssim ? 1e-11 : 1e-7; /* differences in MSE are float32 */
        ck_assert_msg(fabs(value - expected) <= tolerance * fabs(expected), "%s is %.17g, not %.17g", text,
                      value, expected);
        if (is_ssim && c->peak != 1)
            fails(dae_report_get(report, text, &other), DAE_ERROR_ARGUMENT, "dae_model_measure");
        else
            ck_assert(figure(report, text) == value);
    }
    dae_report_free(report);
    dae_dataset_free(data);
    dae_model_free(model);
}
END_TEST

/* A figure of one sample that is given and wanted as said. */
static double figure_of(const char *layers, size_t rank, const size_t *shape, const float *x, const float *t,
                        const char *text) {
    dae_dataset *inputs = NULL, *targets = NULL, *data = NULL;
    dae_model *model = model_from(1, "%s", layers);
    double value = -77;
    ok(dae_dataset_copy_array(&inputs, x, 1, rank, shape));
    ok(dae_dataset_copy_array(&targets, t, 1, rank, shape));
    ok(dae_dataset_pair(&data, inputs, targets));
    ok(dae_model_measure(model, data, text, &value, 1));
    dae_dataset_free(inputs);
    dae_dataset_free(targets);
    dae_dataset_free(data);
    dae_model_free(model);
    return value;
}

START_TEST(only_images_have_a_structure) {
    float *x = random_floats(600, 0, 1, 1);
    near(figure_of("input(11, 12) | gain", 2, (size_t[]){11, 12}, x, x, "ssim"), 1, 1e-12);
    near(figure_of("input(2, 11, 12) | gain", 3, (size_t[]){2, 11, 12}, x, x, "input_ssim"), 1, 1e-12);
    /* flat data have the shape that the model gives */
    near(figure_of("input(11, 12) | gain", 1, (size_t[]){132}, x, x, "ssim"), 1, 1e-12);
    ck_assert(isnan(figure_of("input(10, 12) | gain", 2, (size_t[]){10, 12}, x, x, "ssim")));
    ck_assert(isnan(figure_of("input(2, 12, 10) | gain", 3, (size_t[]){2, 12, 10}, x, x, "input_ssim")));
    ck_assert(isnan(figure_of("input(132) | gain", 1, (size_t[]){132}, x, x, "ssim")));
    ck_assert(isnan(figure_of("input(1, 2, 11, 12) | gain", 4, (size_t[]){1, 2, 11, 12}, x, x, "ssim")));
    free(x);
}
END_TEST

START_TEST(snr_ends_at_100_and_needs_a_signal) {
    const float zeros[4] = {0}, x[] = {1, 2, 3, 4}, t[] = {1.1f, 1.9f, 3.1f, 3.9f};
    const size_t shape = 4;
    near(figure_of("input(4) | gain", 1, &shape, x, x, "snr"), 100, 0);
    near(figure_of("input(4) | gain", 1, &shape, x, x, "snr_of_mean"), 100, 0);
    near(figure_of("input(4) | gain", 1, &shape, x, t, "snr"), 10 * log10(7.41 / 0.01), 1e-5);
    ck_assert(isnan(figure_of("input(4) | gain", 1, &shape, x, zeros, "snr")));
    ck_assert(isnan(figure_of("input(4) | gain", 1, &shape, x, zeros, "input_snr_of_mean")));
}
END_TEST

/* ---- Classes ---------------------------------------------------------------------------------- */

/* Outputs are the inputs; the third and the fourth sample are told wrongly. */
static const float scores[] = {3, 1, 2, 0, 9, -1, 1, 2, 2.5f, -3, -2, -1, 5, 5, 0};
static const float numbers[] = {0, 1, 1, 0, 0};

static dae_dataset *classes(const float *targets, size_t size) {
    return pair_dataset(scores, 3, targets, size, 5);
}

START_TEST(classes_are_counted) {
    dae_model *model = model_from(1, "input(3) | gain");
    float one_hot[15] = {0};
    for (size_t i = 0; i < 5; i++)
        one_hot[i * 3 + (size_t)numbers[i]] = 1;
    dae_dataset *by_number = classes(numbers, 1), *by_place = classes(one_hot, 3);
    dae_report *reports[2] = {evaluated(model, by_place), evaluated(model, by_number)};
    double values[2][3];
    ok(dae_model_measure(model, by_place, "error_rate | mse | input_mse", values[0], 3));
    ok(dae_model_measure(model, by_number, "error_rate | mse | input_mse", values[1], 3));
    ck_assert_mem_eq(values[0], values[1], sizeof values[0]);
    ck_assert(values[0][1] > 0 && values[0][2] == values[0][1]); /* the model gives what it takes */
    for (size_t i = 0; i < 2; i++) {
        near(figure(reports[i], "error_rate"), 0.4, 1e-15);
        ck_assert(figure(reports[i], "mse") == values[0][1]);
        dae_report_free(reports[i]);
    }
    dae_dataset_free(by_number);
    dae_dataset_free(by_place);
    dae_model_free(model);
}
END_TEST

START_TEST(what_names_no_class_has_no_error_rate) {
    dae_model *model = model_from(1, "input(3) | gain"), *one = model_from(1, "input(3) | dense(1)");
    const float wrong[] = {-1, 3, 0.5f, 1e30f, NAN};
    double value = 0;
    for (size_t i = 0; i < 5; i++) {
        float changed[5];
        memcpy(changed, numbers, sizeof changed);
        changed[3] = wrong[i];
        dae_dataset *data = classes(changed, 1);
        dae_report *report = NULL;
        if (isnan(wrong[i])) { /* not known */
            ok(dae_model_measure(model, data, "error_rate", &value, 1));
            ck_assert(isnan(value));
        } else {
            fails(dae_model_measure(model, data, "error_rate", &value, 1), DAE_ERROR_ARGUMENT,
                  "the target of sample 3 of the dataset is");
            fails(dae_model_evaluate(&report, model, data), DAE_ERROR_ARGUMENT,
                  "expected a class from 0 to 2");
            ck_assert_ptr_null(report);
        }
        dae_dataset_free(data);
    }
    const float not_one_hot[][3] = {{0, 0, 0}, {1, 1, 0}, {0, 2, 0}, {0.5f, 0.25f, 0.25f}};
    for (size_t i = 0; i < 4; i++) {
        dae_dataset *data = pair_dataset(scores, 3, not_one_hot[i], 3, 1);
        ok(dae_model_measure(model, data, "error_rate", &value, 1));
        ck_assert(isnan(value));
        dae_dataset_free(data);
    }
    dae_dataset *data = classes(numbers, 1); /* a single output tells no classes */
    ok(dae_model_measure(one, data, "error_rate", &value, 1));
    ck_assert(isnan(value));
    dae_dataset_free(data);
    dae_model_free(one);
    dae_model_free(model);
}
END_TEST

/* ---- Arguments -------------------------------------------------------------------------------- */

START_TEST(arguments_are_checked) {
    dae_model *model = identity_model(4), *unset = NULL;
    dae_dataset *data = random_dataset(5, 4, 0, 1, 1), *wide = random_dataset(5, 13, 0, 1, 1);
    dae_report *report = evaluated(model, data);
    double value = 5, values[2] = {5, 5};
    ok(dae_model_create(&unset, 1, (const size_t[]){4}));
    fails(dae_report_get(NULL, "mse", &value), DAE_ERROR_ARGUMENT, "report");
    fails(dae_report_get(report, NULL, &value), DAE_ERROR_ARGUMENT, "figure");
    fails(dae_report_get(report, "", &value), DAE_ERROR_FORMAT, "expected one step");
    fails(dae_report_get(report, "psnrs", &value), DAE_ERROR_FORMAT, "expected mse, mae, psnr");
    fails(dae_report_get(report, "mse | mae", &value), DAE_ERROR_FORMAT, "expected one step");
    fails(dae_report_get(report, "psnr(peak=0)", &value), DAE_ERROR_ARGUMENT, "peak is 0");
    fails(dae_report_get(report, "mse", NULL), DAE_ERROR_ARGUMENT, "value");
    fails(dae_model_measure(NULL, data, "mse", values, 1), DAE_ERROR_ARGUMENT, "model");
    fails(dae_model_measure(unset, data, "mse", values, 1), DAE_ERROR_STATE, "");
    fails(dae_model_measure(model, NULL, "mse", values, 1), DAE_ERROR_ARGUMENT, "dataset");
    fails(dae_model_measure(model, wide, "mse", values, 1), DAE_ERROR_SHAPE, "13");
    fails(dae_model_measure(model, data, NULL, values, 1), DAE_ERROR_ARGUMENT, "figures");
    fails(dae_model_measure(model, data, "mse", NULL, 1), DAE_ERROR_ARGUMENT, "values");
    fails(dae_model_measure(model, data, "mse", values, 2), DAE_ERROR_ARGUMENT, "count is 2, expected 1");
    fails(dae_model_measure(model, data, "", values, 0), DAE_ERROR_FORMAT, "at least one figure");
    fails(dae_model_measure(model, data, "mse | colour", values, 2), DAE_ERROR_FORMAT, "expected mse, mae");
    fails(dae_model_measure(model, data, "mse | samples", values, 2), DAE_ERROR_ARGUMENT,
          "samples is a figure");
    ck_assert_uint_eq(dae_last_error_position(), 7);
    ck_assert(value == 5 && values[0] == 5 && values[1] == 5);
    dae_report_free(report);
    dae_dataset_free(data);
    dae_dataset_free(wide);
    dae_model_free(unset);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("figures");
    TCase *errors_case = add_case(suite, "errors");
    tcase_add_test(errors_case, figures_are_those_in_double_precision);
    tcase_add_test(errors_case, psnr_ends_at_100);
    tcase_add_test(errors_case, snr_ends_at_100_and_needs_a_signal);
    tcase_add_test(errors_case, inputs_of_another_size_have_no_figures);
    tcase_add_test(errors_case, slices_can_be_evaluated);
    TCase *pictures = add_case(suite, "images");
    tcase_add_loop_test(pictures, figures_of_images_are_those_of_others, 0,
                        sizeof ORACLE_FIGURES / sizeof *ORACLE_FIGURES);
    tcase_add_test(pictures, only_images_have_a_structure);
    TCase *told = add_case(suite, "classes");
    tcase_add_test(told, classes_are_counted);
    tcase_add_test(told, what_names_no_class_has_no_error_rate);
    TCase *arguments = add_case(suite, "arguments");
    tcase_add_test(arguments, arguments_are_checked);
    return suite_main(suite);
}
