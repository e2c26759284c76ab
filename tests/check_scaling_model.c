/* The scaling of a model: what is measured and written, and where it applies. */
#include "scaling.h"

/* ---- What is set ------------------------------------------------------------------------------------ */

START_TEST(numbers_are_those_of_the_targets) {
    enum { COUNT = SIZE * SAMPLES };
    const double origins[] = {0, 2000, -1e6}, spreads[] = {1, 300, 1e-3};
    dae_model *model = dense_model(1, "linear");
    float *x = samples();
    for (size_t k = 0; k < 9; k++) {
        float *data = moved(x, COUNT, spreads[k % 3], origins[k / 3]);
        double mean = 0, variance = 0, low = (double)data[1], high = (double)data[1], scale, offset, peak;
        data[0] = NAN;
        for (size_t i = 1; i < COUNT; i++)
            mean += (double)data[i] / (COUNT - 1);
        for (size_t i = 1; i < COUNT; i++) {
            variance += ((double)data[i] - mean) * ((double)data[i] - mean) / (COUNT - 1);
            low = fmin(low, (double)data[i]);
            high = fmax(high, (double)data[i]);
        }
        float *inputs = random_floats(COUNT, -9, 9, 5); /* are not measured */
        dae_dataset *dataset = pair_dataset(inputs, SIZE, data, SIZE, SAMPLES);
        if (low < high) {
            ok(dae_model_set_scaling(model, "standard", dataset));
            numbers_of(model, &scale, &offset, &peak);
            near(scale * sqrt(variance), 1, 1e-9);
            near(offset, -mean / sqrt(variance), 1e-7 * (1 + fabs(offset)));
            near(peak, high - low, 0);
            ok(dae_model_set_scaling(model, "range(-1, 3)", dataset));
            numbers_of(model, &scale, &offset, &peak);
            near(scale, 4 / (high - low), 1e-12 * scale);
            ck_assert(scale * low + offset == -1);
            near(peak, high - low, 0);
        } else {
            fails(dae_model_set_scaling(model, "standard", dataset), DAE_ERROR_ARGUMENT, "all targets are");
        }
        dae_dataset_free(dataset);
        free(inputs);
        free(data);
    }
    free(x);
    dae_model_free(model);
}
END_TEST

START_TEST(texts_are_kept_as_one_affine) {
    dae_model *model = dense_model(1, "linear");
    has_scaling(model, "none");
    ok(dae_model_set_scaling(model, "divide(by=4)", NULL));
    has_scaling(model, "affine(scale=0.25, offset=0, peak=4)");
    ok(dae_model_set_scaling(model, "affine(-3, offset=1e-3)", NULL));
    has_scaling(model, "affine(scale=-3, offset=0.001, peak=1)");
    char text[TEXT], again[TEXT];
    ok(dae_model_set_scaling(model, "divide(255)", NULL));
    ok(dae_model_format_scaling(model, text, sizeof text, NULL));
    ok(dae_model_set_scaling(model, "none", NULL));
    has_scaling(model, "none");
    ok(dae_model_set_scaling(model, text, NULL));
    ok(dae_model_format_scaling(model, again, sizeof again, NULL));
    ck_assert_str_eq(text, again);
    char *written = text_by_the_rules((text_fn)dae_model_format_scaling, model);
    ck_assert_str_eq(text, written);
    free(written);
    dae_model_free(model);
}
END_TEST

static const struct {
    const char *text;
    dae_status status;
    const char *word;
} refused[] = {
    {"standard", DAE_ERROR_ARGUMENT, "data is NULL, expected a dataset for standard to measure"},
    {"", DAE_ERROR_FORMAT, "scaling"},
    {"divide", DAE_ERROR_FORMAT, "by"},
    {"divide(0)", DAE_ERROR_ARGUMENT, "by is 0"},
    {"divide(255) | standard", DAE_ERROR_FORMAT, "scaling"},
    {"range(1, 0)", DAE_ERROR_ARGUMENT, "low < high"},
    {"affine(scale=0, offset=0)", DAE_ERROR_ARGUMENT, "a scale of 0"},
    {"affine(scale=[1, 2], offset=0)", DAE_ERROR_ARGUMENT, "as many offsets as scales"},
    {"affine(scale=[1, 2], offset=[0, 0])", DAE_ERROR_SHAPE, "a scaling of 2 channels, the model gives 24"},
    {"standard(per=pixel)", DAE_ERROR_FORMAT, "all or channel"},
    {"minmax(0, 1)", DAE_ERROR_FORMAT, "standard, range, divide, affine or none"},
};

START_TEST(what_is_no_scaling_is_refused) {
    dae_model *model = dense_model(1, "linear");
    ok(dae_model_set_scaling(model, "divide(3)", NULL));
    char before[TEXT];
    ok(dae_model_format_scaling(model, before, sizeof before, NULL));
    fails(dae_model_set_scaling(model, refused[_i].text, NULL), refused[_i].status, refused[_i].word);
    has_scaling(model, before);
    dae_model_free(model);
}
END_TEST

START_TEST(data_that_cannot_be_measured_are_refused) {
    dae_model *model = dense_model(1, "linear"), *unset = unset_from("input(2) | dense(2)"), *slice = NULL;
    float *x = samples();
    dae_dataset *wrong = array_dataset(x, SAMPLES, SIZE - 1), *right = array_dataset(x, SAMPLES, SIZE);
    x[SIZE + 3] = INFINITY;
    dae_dataset *infinite = array_dataset(x, SAMPLES, SIZE);
    for (size_t i = 0; i < SIZE; i++)
        x[i] = NAN;
    dae_dataset *missing = array_dataset(x, 1, SIZE);
    fails(dae_model_set_scaling(model, "standard", wrong), DAE_ERROR_SHAPE,
          "targets have shape 23, the model gives 24");
    fails(dae_model_set_scaling(model, "standard", infinite), DAE_ERROR_NOT_FINITE,
          "target value 3 of sample 1 is inf");
    fails(dae_model_set_scaling(model, "standard", missing), DAE_ERROR_ARGUMENT, "all targets are NaN");
    fails(dae_model_set_scaling(model, "standard(per=channel)", right), DAE_ERROR_SHAPE, "two dimensions");
    fails(dae_model_set_scaling(unset, "divide(2)", NULL), DAE_ERROR_STATE, "dae_model_initialize");
    ok(dae_model_slice(&slice, model, NULL, "code"));
    fails(dae_model_set_scaling(slice, "divide(2)", NULL), DAE_ERROR_STATE, "expected the whole one");
    has_scaling(model, "none");
    dae_dataset_free(wrong);
    dae_dataset_free(right);
    dae_dataset_free(infinite);
    dae_dataset_free(missing);
    free(x);
    dae_model_free(slice);
    dae_model_free(unset);
    dae_model_free(model);
}
END_TEST

/* ---- Where it applies ---------------------------------------------------------------------------------- */

static dae_model *through_memory(const dae_model *model, const char *version) {
    unsigned char bytes[1 << 16];
    char expected[32];
    size_t size = 0;
    dae_model *loaded = NULL;
    ok(dae_model_serialize(model, bytes, sizeof bytes, &size));
    snprintf(expected, sizeof expected, "\"dae.format\":\"%s\"", version);
    ck_assert_ptr_nonnull(strstr((char *)bytes + 8, expected));
    ok(dae_model_deserialize(&loaded, bytes, size));
    return loaded;
}

START_TEST(slices_copies_and_files_have_the_end_that_they_own) {
    dae_model *model = dense_model(6, "linear"), *parts[3] = {NULL};
    float *u = samples(), *x = moved(u, (size_t)SIZE * SAMPLES, 300, 2000);
    dae_dataset *data = array_dataset(x, SAMPLES, SIZE);
    ok(dae_model_slice(&parts[0], model, NULL, "code"));
    ok(dae_model_slice(&parts[1], model, "code", NULL));
    dae_model_free(through_memory(model, "1"));
    float *plain = answers_of(model, x, SAMPLES);
    ok(dae_model_set_scaling(model, "standard", data)); /* slices that are there share it */
    char text[TEXT], whole[TEXT];
    float *y = answers_of(model, x, SAMPLES);
    ck_assert_uint_ne(first_difference(plain, y, SIZE), SIZE);
    ok(dae_model_format_scaling(model, whole, sizeof whole, NULL));
    for (int way = 0; way < 3; way++) {
        dae_model *ends[2];
        for (int k = 0; k < 2; k++) {
            ends[k] = way == 0 ? parts[k] : NULL;
            if (way == 1)
                ok(dae_model_copy(&ends[k], parts[k]));
            if (way == 2)
                ends[k] = through_memory(parts[k], "2");
            snprintf(text, sizeof text, "%.*s, ends=%s)", (int)strlen(whole) - 1, whole,
                     k == 0 ? "input" : "output");
            has_scaling(ends[k], text);
        }
        float *code = answers_of(ends[0], x, SAMPLES), *z = answers_of(ends[1], code, SAMPLES);
        same_floats(z, y, (size_t)SIZE * SAMPLES);
        free(code);
        free(z);
        for (int k = 0; way > 0 && k < 2; k++)
            dae_model_free(ends[k]);
    }
    dae_model *copies[2] = {NULL, through_memory(model, "2")};
    ok(dae_model_copy(&copies[0], model));
    ok(dae_model_set_scaling(model, "none", NULL));
    for (int k = 0; k < 2; k++) {
        has_scaling(copies[k], whole);
        float *z = answers_of(copies[k], x, SAMPLES);
        same_floats(z, y, (size_t)SIZE * SAMPLES);
        free(z);
        dae_model_free(copies[k]);
    }
    float *z = answers_of(model, x, SAMPLES);
    same_floats(z, plain, (size_t)SIZE * SAMPLES);
    dae_model_free(parts[0]);
    dae_model_free(parts[1]);
    dae_model_free(model);
    dae_dataset_free(data);
    free(u);
    free(x);
    free(y);
    free(z);
    free(plain);
}
END_TEST

/* A file as another program might write it: y = W z + b of two values, and a scaling. */
static dae_status load_written(const char *version, const char *scaling, dae_model **out) {
    const float data[] = {1, 0, 0, 2, 0, -1}; /* W, b */
    char header[600];
    int length = snprintf(
        header, sizeof header,
        "{\"__metadata__\":{\"format\":\"pt\",\"dae.format\":\"%s\",\"dae.architecture\":\"input(2) | "
        "dense(units=2)\",\"dae.scaling\":\"%s\"},\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,2],"
        "\"data_offsets\":[0,16]},\"0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[16,24]}}",
        version, scaling);
    unsigned char file[8 + sizeof header + sizeof data] = {(unsigned char)(length % 256),
                                                           (unsigned char)(length / 256)};
    memcpy(file + 8, header, (size_t)length);
    memcpy(file + 8 + length, data, sizeof data);
    return dae_model_deserialize(out, file, 8 + (size_t)length + sizeof data);
}

START_TEST(files_of_version_2_are_read) {
    dae_model *model = NULL;
    const float x[] = {2, 6}; /* z = 0, 2; y = 0, 3 */
    ok(load_written("2", "affine(scale=0.5, offset=-1, peak=4)", &model));
    float *y = answers_of(model, x, 1);
    ck_assert(y[0] == 2 && y[1] == 8);
    free(y);
    dae_model_free(model);
    ok(load_written("2", "affine(scale=0.5, offset=-1, peak=4, ends=input)", &model));
    y = answers_of(model, x, 1);
    ck_assert(y[0] == 0 && y[1] == 3);
    free(y);
    dae_model_free(model);
}
END_TEST

static const struct {
    const char *version, *scaling, *word;
} broken[] = {
    {"3", "affine(scale=1, offset=0)",
     "dae.format is '3', expected '1' or '2': the file is from a newer version"},
    {"2", "standard", "dae.scaling: found standard, expected affine"},
    {"2", "affine(scale=1)", "dae.scaling"},
    {"2", "affine(scale=0, offset=0)", "dae.scaling: affine: a scale of 0"},
    {"2", "affine(scale=[1, 2], offset=[0, 0])", "a scaling of 2 channels, the model gives 2"},
    {"2", "affine(scale=1e31, offset=0)", "scale is 1e+31"},
    {"2", "affine(scale=1, offset=0, ends=middle)", "both, input or output"},
    {"2", "affine(scale=1, offset=0) | affine(scale=1, offset=0)", "dae.scaling"},
};

START_TEST(files_with_another_scaling_are_refused) {
    dae_model *model = NULL;
    fails(load_written(broken[_i].version, broken[_i].scaling, &model), DAE_ERROR_FORMAT, broken[_i].word);
    ck_assert_ptr_null(model);
}
END_TEST

/* y = x - f(x), with x in the network's unit too: with weights of 0, what comes in goes out. */
START_TEST(residuals_see_scaled_inputs) {
    dae_model *model = model_from(
        1, "input(%d) | dense(%d, initializer=zeros) as noise | from(input) | subtract(noise)", SIZE, SIZE);
    float *u = samples(), *x = moved(u, (size_t)SIZE * SAMPLES, 300, 2000);
    dae_dataset *data = array_dataset(x, SAMPLES, SIZE);
    ok(dae_model_set_scaling(model, "standard", data));
    float *y = answers_of(model, x, SAMPLES);
    for (size_t i = 0; i < (size_t)SIZE * SAMPLES; i++)
        near(y[i], x[i], 2e-4);
    dae_trainer *trainer = sgd_trainer(model, 0.1, "mse");
    double loss;
    ok(dae_trainer_step(trainer, x, x, SAMPLES, &loss));
    ck_assert(loss == 0);
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_dataset_free(data);
    free(u);
    free(x);
    free(y);
}
END_TEST

/* Pictures of two channels, of which each has its own unit, and a third that is a map; at several sizes. */
START_TEST(channels_have_units_of_their_own) {
    enum { HEIGHT = 4, WIDTH = 6, PLACES = HEIGHT * WIDTH, COUNT = 5, OTHER = 3 * 10 };
    const double origin[3] = {100, -5, 0}, spread[3] = {20, 0.5, 3};
    dae_model *model = model_from(7, "input(3, any, any) | conv2d(2, 3) | gain");
    float *u = random_floats(COUNT * 3 * PLACES, 0, 1, 8), inputs[COUNT * 3 * PLACES],
          targets[COUNT * 2 * PLACES];
    for (size_t i = 0; i < COUNT * 3 * PLACES; i++) {
        size_t c = i / PLACES % 3, sample = i / (3 * PLACES);
        inputs[i] = (float)(origin[c] + spread[c] * (double)u[i]);
        if (c < 2)
            targets[(sample * 2 + c) * PLACES + i % PLACES] = inputs[i];
    }
    dae_dataset *in = NULL, *out = NULL, *data = NULL;
    ok(dae_dataset_copy_array(&in, inputs, COUNT, 3, (const size_t[]){3, HEIGHT, WIDTH}));
    ok(dae_dataset_copy_array(&out, targets, COUNT, 3, (const size_t[]){2, HEIGHT, WIDTH}));
    ok(dae_dataset_pair(&data, in, out));
    ok(dae_model_set_scaling(model, "range(0, 1, per=channel)", data));
    /* the same by hand */
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < COUNT * 2 * PLACES; i++) {
        size_t c = i / PLACES % 2;
        low[c] = fmin(low[c], (double)targets[i]);
        high[c] = fmax(high[c], (double)targets[i]);
    }
    dae_model *plain = NULL;
    ok(dae_model_copy(&plain, model));
    ok(dae_model_set_scaling(plain, "none", NULL));
    const size_t shape[] = {3, 3, 10};
    float big[3 * OTHER], scaled[3 * OTHER], y[2 * OTHER], z[2 * OTHER];
    for (size_t i = 0; i < 3 * OTHER; i++) {
        size_t c = i / OTHER;
        double scale = 1 / (high[c < 2 ? c : 1] - low[c < 2 ? c : 1]);
        big[i] = (float)(origin[c] + spread[c] * (double)u[i]);
        scaled[i] = (float)(scale * (double)big[i] + (c < 2 ? 0 - scale * low[c] : 0));
    }
    dae_session *session = NULL;
    ok(dae_session_create_shaped(&session, model, 1, 3, shape));
    ok(dae_session_run(session, big, 1, y));
    dae_session_free(session);
    ok(dae_session_create_shaped(&session, plain, 1, 3, shape));
    ok(dae_session_run(session, scaled, 1, z));
    dae_session_free(session);
    for (size_t i = 0; i < 2 * OTHER; i++) {
        size_t c = i / OTHER;
        near(y[i], low[c] + (high[c] - low[c]) * (double)z[i], 1e-5 * (1 + fabs((double)y[i])));
    }
    dae_trainer *trainer = adam_trainer(model, 0.01, "mse");
    ok(dae_trainer_set_validation(trainer, data));
    ok(dae_trainer_fit(trainer, data, 2));
    dae_model *loaded = through_memory(model, "2");
    char text[TEXT];
    ok(dae_model_format_scaling(model, text, sizeof text, NULL));
    ck_assert_ptr_nonnull(strstr(text, ", channels=2)"));
    has_scaling(loaded, text);
    same_parameters(loaded, model);
    dae_trainer_free(trainer);
    dae_model_free(loaded);
    dae_model_free(plain);
    dae_model_free(model);
    dae_dataset_free(in);
    dae_dataset_free(out);
    dae_dataset_free(data);
    free(u);
}
END_TEST

/* Figures, maps and ranges are in the data's unit, and the peak is that of the targets. */
START_TEST(all_else_is_in_the_unit_of_the_data) {
    dae_model *model = dense_model(6, "linear");
    float *u = samples(), *x = moved(u, (size_t)SIZE * SAMPLES, 300, 2000),
          *read = must_have(SIZE * SAMPLES * sizeof *read);
    dae_dataset *clean = array_dataset(x, SAMPLES, SIZE), *data = noisy(x, 90), *map = NULL;
    double scale, offset, peak, squared = 0, psnr = 0, low, high, measured[2];
    ok(dae_model_map(&map, model, clean, NULL));
    ok(dae_dataset_read(map, 0, 0, SAMPLES, read, NULL)); /* has its sessions before */
    ok(dae_model_set_scaling(model, "standard", clean));
    numbers_of(model, &scale, &offset, &peak);
    dae_trainer *trainer = adam_trainer(model, 0.01, "mse");
    ok(dae_trainer_set_validation(trainer, clean));
    ok(dae_trainer_set_figures(trainer, "psnr_of_mean"));
    ok(dae_trainer_fit(trainer, data, 2));
    float *y = answers_of(model, x, SAMPLES);
    ok(dae_dataset_read(map, 0, 0, SAMPLES, read, NULL));
    dae_session *session = NULL;
    float few[8 * SIZE];
    ok(dae_session_create(&session, model, 8));
    ok(dae_session_run(session, x, 8, few));
    same_floats(read, few, 8 * SIZE);
    dae_session_free(session);
    for (size_t i = 0; i < SAMPLES; i++) {
        double mse = 0;
        for (size_t j = i * SIZE; j < (i + 1) * SIZE; j++)
            mse += ((double)y[j] - (double)x[j]) * ((double)y[j] - (double)x[j]) / SIZE;
        squared += mse / SAMPLES;
        psnr += 10 * log10(peak * peak / mse) / SAMPLES;
    }
    dae_report *report = evaluated(model, clean);
    near(figure(report, "mse"), squared, 1e-4 * squared);
    near(figure(report, "psnr"), psnr, 1e-3);
    near(figure(report, "psnr(peak=1)"), psnr - 20 * log10(peak), 1e-3);
    ok(dae_model_measure(model, clean, "psnr | psnr(peak=1)", measured, 2));
    ck_assert(measured[0] == figure(report, "psnr"));
    near(measured[1], figure(report, "psnr(peak=1)"), 1e-9);
    double *column = history_of(trainer, "validation_psnr", NULL),
           *loss = history_of(trainer, "validation_loss", NULL),
           *named = history_of(trainer, "validation_psnr_of_mean", NULL);
    near(column[1], psnr, 1e-3);
    near(named[1], 10 * log10(peak * peak / squared), 1e-3);
    near(loss[1], squared * scale * scale, 1e-4);
    ok(dae_model_get_range(model, &low, &high));
    ck_assert(low > 1000 && high < 3000 && high > 2200);
    size_t found = 9;
    ok(dae_report_get_finding_count(report, &found));
    for (size_t i = 0; i < found; i++) {
        int32_t code = 0;
        const char *text = NULL;
        ok(dae_report_get_finding(report, i, &code, &text));
        ck_assert_msg(code != DAE_FINDING_SCALE && code != DAE_FINDING_INPUTS_OUT_OF_RANGE, "%s", text);
    }
    free(column);
    free(loss);
    free(named);
    free(read);
    free(y);
    free(x);
    free(u);
    dae_report_free(report);
    dae_trainer_free(trainer);
    dae_dataset_free(clean);
    dae_dataset_free(data);
    dae_dataset_free(map);
    dae_model_free(model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scaling_model");
    TCase *set = add_case(suite, "set"), *applies = add_case(suite, "applies");
    tcase_add_test(set, numbers_are_those_of_the_targets);
    tcase_add_test(set, texts_are_kept_as_one_affine);
    tcase_add_loop_test(set, what_is_no_scaling_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(set, data_that_cannot_be_measured_are_refused);
    tcase_add_test(applies, slices_copies_and_files_have_the_end_that_they_own);
    tcase_add_test(applies, files_of_version_2_are_read);
    tcase_add_loop_test(applies, files_with_another_scaling_are_refused, 0, sizeof broken / sizeof *broken);
    tcase_add_test(applies, residuals_see_scaled_inputs);
    tcase_add_test(applies, channels_have_units_of_their_own);
    tcase_add_test(applies, all_else_is_in_the_unit_of_the_data);
    return suite_main(suite);
}
