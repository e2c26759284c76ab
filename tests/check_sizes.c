/* Models over datasets whose samples differ in size: what each gives alone, in whatever order and company. */
#include "numbered.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pictures [2, height, width]; none is the largest in both directions. */
enum { PARTS = 5, MOST = 2 * 24 * 20 };
static const size_t sides[PARTS][2] = {{12, 20}, {24, 12}, {12, 20}, {12, 12}, {16, 12}};

#define NETWORK                                                                      \
    "input(2, any, any) | conv2d(3, 3) as code | batch_norm | relu | max_pool(2) | " \
    "conv2d(4, 3, activation=relu) | upsample(2) | conv2d(2, 3)"

static size_t size_of(size_t k) {
    return 2 * sides[k][0] * sides[k][1];
}

static dae_dataset *picture(size_t k, uint64_t seed, double offset) {
    dae_dataset *dataset = NULL;
    const size_t shape[] = {2, sides[k][0], sides[k][1]};
    float *values = random_floats(size_of(k), offset, offset + 1, seed + k);
    ok(dae_dataset_copy_array(&dataset, values, 1, 3, shape));
    free(values);
    return dataset;
}

static dae_dataset *pictures_of(uint64_t seed, double offset) {
    dae_dataset *parts[PARTS], *join = NULL;
    for (size_t k = 0; k < PARTS; k++)
        parts[k] = picture(k, seed, offset);
    ok(dae_dataset_join(&join, parts, PARTS));
    for (size_t k = 0; k < PARTS; k++)
        dae_dataset_free(parts[k]);
    return join;
}

/* Inputs and targets. */
static dae_dataset *all_pairs(void) {
    dae_dataset *inputs = pictures_of(1, 0), *targets = pictures_of(100, 0), *pair = NULL;
    ok(dae_dataset_pair(&pair, inputs, targets));
    dae_dataset_free(inputs);
    dae_dataset_free(targets);
    return pair;
}

static dae_dataset *alone(dae_dataset *all, size_t k) {
    dae_dataset *one = NULL;
    ok(dae_dataset_slice(&one, all, k, 1));
    return one;
}

static double measured(dae_model *model, dae_dataset *dataset, const char *figure_text) {
    double value = 0;
    ok(dae_model_measure(model, dataset, figure_text, &value, 1));
    return value;
}

/* ---- Figures --------------------------------------------------------------------------------------- */

static const char *const MEANS[] = {"mse",        "input_mse", "mae",       "input_mae", "psnr(peak=3)",
                                    "input_psnr", "snr",       "input_snr", "ssim",      "input_ssim"};
enum { MEANS_COUNT = sizeof MEANS / sizeof *MEANS };

/* Other sums run through values and planes, and are those of single samples but for their last bits. */
static bool is_exact(const char *text) {
    return strstr(text, "mae") == NULL && strstr(text, "ssim") == NULL;
}

/* Figures are the mean over samples of what each has alone, to the bit, in any order. */
static void has_means(dae_model *model, dae_dataset *all) {
    static const size_t orders[][PARTS] = {{0, 1, 2, 3, 4}, {4, 1, 0, 3, 2}, {3, 3, 0, 1, 1}};
    for (size_t o = 0; o < 3; o++) {
        dae_dataset *view = NULL;
        const size_t *at = orders[o];
        char text[100];
        snprintf(text, sizeof text, "index(%zu, %zu, %zu, %zu, %zu)", at[0], at[1], at[2], at[3], at[4]);
        ok(dae_dataset_view(&view, all, text, 0));
        dae_report *report = evaluated(model, view);
        for (size_t i = 0; i < MEANS_COUNT; i++) {
            double sum = 0, value = NAN;
            for (size_t k = 0; k < PARTS; k++) {
                dae_dataset *one = alone(all, at[k]);
                sum += measured(model, one, MEANS[i]);
                dae_dataset_free(one);
            }
            near(measured(model, view, MEANS[i]), sum / PARTS, is_exact(MEANS[i]) ? 0 : 1e-14);
            ok(dae_report_get(report, MEANS[i], &value));
            ck_assert_double_eq(value, measured(model, view, MEANS[i]));
        }
        dae_report_free(report);
        dae_dataset_free(view);
    }
}

static const char *const NETWORKS[] = {
    NETWORK,
    "input(2, any, any) | unet(channels=3, depth=2)",
    "input(2, any, any) | dncnn(channels=3, depth=3)",
    "input(2, any, any) | conv2d(4, 3, stride=2, padding=1) | conv2d_transpose(2, 4, stride=2, padding=1)",
};

START_TEST(figures_are_means_over_samples) {
    dae_dataset *all = all_pairs();
    for (size_t n = 0; n < sizeof NETWORKS / sizeof *NETWORKS; n++) {
        dae_model *model = model_from(3, "%s", NETWORKS[n]);
        for (size_t threads = 1; threads <= 7; threads += threads == 3 ? 4 : 1) {
            ok(dae_set_num_threads(threads));
            has_means(model, all);
        }
        ok(dae_set_num_threads(0));
        dae_model_free(model);
    }
    dae_dataset_free(all);
}
END_TEST

/* Samples of one rank less than the model's, which has one channel. */
START_TEST(leading_dimensions_of_one_may_be_missing) {
    static const size_t shapes[2][2] = {{6, 9}, {7, 5}};
    dae_dataset *parts[2], *all = NULL;
    dae_model *model = model_from(3, "input(1, any, any) | conv2d(1, 3)");
    for (size_t k = 0; k < 2; k++) {
        float *values = random_floats(shapes[k][0] * shapes[k][1], 0, 1, k);
        ok(dae_dataset_copy_array(&parts[k], values, 1, 2, shapes[k]));
        free(values);
    }
    ok(dae_dataset_join(&all, parts, 2));
    ck_assert_double_eq(measured(model, all, "mse"),
                        (measured(model, parts[0], "mse") + measured(model, parts[1], "mse")) / 2);
    for (size_t k = 0; k < 2; k++)
        dae_dataset_free(parts[k]);
    dae_dataset_free(all);
    dae_model_free(model);
}
END_TEST

/* What is of each output value needs one size, and is not there. */
START_TEST(what_needs_one_size_is_nan) {
    static const char *const names[] = {"mean_image_mse", "dead_outputs", "harmful_dead_outputs"};
    dae_dataset *all = all_pairs(), *one = alone(all, 0);
    dae_model *model = model_from(3, "%s", NETWORK);
    dae_report *of_all = evaluated(model, all), *of_one = evaluated(model, one);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_double_nan(figure(of_all, names[i]));
        ck_assert(!isnan(figure(of_one, names[i])));
    }
    ck_assert_double_eq(figure(of_all, "samples"), PARTS);
    dae_report_free(of_all);
    dae_report_free(of_one);
    dae_model_free(model);
    dae_dataset_free(one);
    dae_dataset_free(all);
}
END_TEST

/* Channels of hidden layers are the same for all sizes, so that dead ones are found. */
START_TEST(dead_channels_are_counted) {
    dae_dataset *all = all_pairs();
    dae_model *model = model_from(3,
                                  "input(2, any, any) | conv2d(4, 3, activation=relu) as a | conv2d(2, 3)");
    float bias[4];
    ok(dae_model_get_tensor(model, "a.bias", bias, 4));
    bias[1] = bias[3] = -1e6f;
    ok(dae_model_set_tensor(model, "a.bias", bias, 4));
    dae_report *report = evaluated(model, all);
    ck_assert_double_eq(figure(report, "dead_hidden_units"), 0.5);
    dae_report_free(report);
    dae_model_free(model);
    dae_dataset_free(all);
}
END_TEST

/* Targets of another size than inputs have no figures of inputs; those of classes do as ever. */
START_TEST(targets_may_have_another_size) {
    dae_dataset *all = pictures_of(1, 0), *halves[PARTS], *targets = NULL, *pair = NULL;
    dae_model *model = model_from(3, "input(2, any, any) | conv2d(1, 3) | average_pool(2)");
    for (size_t k = 0; k < PARTS; k++) {
        const size_t shape[] = {1, sides[k][0] / 2, sides[k][1] / 2};
        float *values = random_floats(shape[1] * shape[2], 0, 1, 50 + k);
        ok(dae_dataset_copy_array(&halves[k], values, 1, 3, shape));
        free(values);
    }
    ok(dae_dataset_join(&targets, halves, PARTS));
    ok(dae_dataset_pair(&pair, all, targets));
    double sum = 0;
    for (size_t k = 0; k < PARTS; k++) {
        dae_dataset *one = alone(pair, k);
        sum += measured(model, one, "mse");
        dae_dataset_free(one);
        dae_dataset_free(halves[k]);
    }
    ck_assert_double_eq(measured(model, pair, "mse"), sum / PARTS);
    ck_assert_double_nan(measured(model, pair, "input_mse"));
    dae_dataset_free(all);
    dae_dataset_free(targets);
    dae_dataset_free(pair);
    dae_model_free(model);
}
END_TEST

/* ---- Scaling --------------------------------------------------------------------------------------- */

static char *scaling_of(const dae_model *model) {
    char *text = must_have(1000);
    ok(dae_model_format_scaling(model, text, 1000, NULL));
    return text;
}

/* Measured over all values as over single places, which come in the same order. */
START_TEST(scaling_is_measured_over_all_sizes) {
    static const char *const texts[] = {"range(0, 1)", "standard(per=channel)", "range(0, 1, per=channel)"};
    dae_dataset *all = pictures_of(1, 40), *places = view_of(pictures_of(1, 40), "patches(1, 1)", 0);
    for (size_t i = 0; i < 3; i++) {
        dae_model *whole = model_from(3, "%s", NETWORK);
        dae_model *cut = model_from(3, "input(2, any, any) | conv2d(2, 1)");
        ok(dae_model_set_scaling(whole, texts[i], all));
        ok(dae_model_set_scaling(cut, texts[i], places));
        char *a = scaling_of(whole), *b = scaling_of(cut);
        ck_assert_str_eq(a, b);
        free(a);
        free(b);
        has_means(whole, all);
        dae_model_free(whole);
        dae_model_free(cut);
    }
    dae_dataset_free(all);
    dae_dataset_free(places);
}
END_TEST

/* ---- Validation ------------------------------------------------------------------------------------ */

static dae_dataset *crops(void) {
    dae_dataset *pairs = all_pairs();
    return view_of(pairs, "crops(4, 4, count=3)", 2);
}

/* A trainer with validation, after `epochs` in fits of one each. */
static dae_trainer *trained(dae_model *model, dae_dataset *validation, const char *loss, size_t epochs) {
    dae_trainer *trainer = adam_trainer(model, 1e-2, loss);
    dae_dataset *data = crops();
    ok(dae_trainer_set_batch_size(trainer, 4));
    ok(dae_trainer_set_validation(trainer, validation));
    for (size_t i = 0; i < epochs; i++)
        ok(dae_trainer_fit(trainer, data, 1));
    dae_dataset_free(data);
    return trainer;
}

static double last_of(const dae_trainer *trainer, const char *column) {
    size_t epochs;
    double *values = history_of(trainer, column, &epochs), last = values[epochs - 1];
    free(values);
    return last;
}

/* Losses are means over values, of which larger samples have more; PSNR is the mean over samples. */
START_TEST(validation_takes_samples_whole) {
    dae_dataset *all = all_pairs();
    double loss = 0, values = 0, psnr = 0;
    for (int scaled = 0; scaled <= 1; scaled++) {
        dae_model *model = model_from(3, "%s", NETWORK);
        loss = values = psnr = 0;
        if (scaled == 1)
            ok(dae_model_set_scaling(model, "standard(per=channel)", all));
        for (size_t k = 0; k < PARTS; k++) {
            dae_model *copy = NULL;
            dae_dataset *one = alone(all, k);
            ok(dae_model_copy(&copy, model));
            dae_trainer *trainer = trained(copy, one, "mse", 2);
            loss += last_of(trainer, "validation_loss") * (double)size_of(k);
            values += (double)size_of(k);
            psnr += last_of(trainer, "validation_psnr");
            dae_trainer_free(trainer);
            dae_model_free(copy);
            dae_dataset_free(one);
        }
        for (size_t threads = 1; threads <= 7; threads += threads == 3 ? 4 : 1) {
            dae_model *copy = NULL;
            ok(dae_model_copy(&copy, model));
            ok(dae_set_num_threads(threads));
            dae_trainer *trainer = trained(copy, all, "mse", 2);
            near(last_of(trainer, "validation_loss"), loss / values, 1e-12 * loss / values);
            ck_assert_double_eq(last_of(trainer, "validation_psnr"), psnr / PARTS);
            if (scaled == 0)
                ck_assert_double_eq(measured(copy, all, "psnr"), psnr / PARTS);
            dae_trainer_free(trainer);
            dae_model_free(copy);
        }
        ok(dae_set_num_threads(0));
        dae_model_free(model);
    }
    dae_dataset_free(all);
}
END_TEST

/* Four epochs are two, a checkpoint, and two more. */
START_TEST(training_resumes_with_such_validation) {
    static const char *const columns[] = {"loss", "validation_loss", "validation_psnr"};
    dae_dataset *all = all_pairs(), *data = crops();
    dae_model *models[] = {model_from(3, "%s", NETWORK), model_from(3, "%s", NETWORK),
                           model_from(9, "%s", NETWORK)};
    const char *path = temp_path("sizes");
    dae_trainer *through = trained(models[0], all, "mse", 4), *before = trained(models[1], all, "mse", 2);
    ok(dae_trainer_save_checkpoint(before, path));
    dae_trainer *after = trained(models[2], all, "mse", 0);
    ok(dae_trainer_load_checkpoint(after, path));
    ok(dae_trainer_fit(after, data, 2));
    same_parameters(models[0], models[2]);
    for (size_t i = 0; i < 3; i++) {
        size_t a_count, b_count;
        double *a = history_of(through, columns[i], &a_count), *b = history_of(after, columns[i], &b_count);
        ck_assert(a_count == 4 && b_count == 4);
        for (size_t k = 0; k < 4; k++)
            ck_assert_double_eq(a[k], b[k]);
        free(a);
        free(b);
    }
    for (size_t i = 0; i < 3; i++)
        dae_model_free(models[i]);
    dae_trainer_free(through);
    dae_trainer_free(before);
    dae_trainer_free(after);
    dae_dataset_free(data);
    dae_dataset_free(all);
}
END_TEST

/* ---- Map ------------------------------------------------------------------------------------------- */

/* Sample k of a map is what a session for its shape gives. */
static void is_run(dae_model *model, const dae_dataset *map, dae_dataset *all, size_t k) {
    static float input[MOST], expected[MOST], got[MOST], target[MOST];
    const size_t shape[] = {2, sides[k][0], sides[k][1]};
    size_t rank, found[DAE_MAX_RANK];
    dae_session *session = NULL;
    ok(dae_dataset_get_shape(map, k, &rank, found));
    ck_assert(rank == 3 && found[0] == 2 && found[1] == shape[1] && found[2] == shape[2]);
    ok(dae_dataset_get_target_shape(map, k, &rank, found));
    ck_assert(rank == 3 && found[0] == 2 && found[1] == shape[1] && found[2] == shape[2]);
    ok(dae_dataset_read(all, 0, k, 1, input, NULL));
    ok(dae_dataset_read(map, 0, k, 1, got, target));
    ok(dae_session_create_shaped(&session, model, 1, 3, shape));
    ok(dae_session_run(session, input, 1, expected));
    same_floats(got, expected, size_of(k));
    dae_session_free(session);
    ok(dae_dataset_read(all, 0, k, 1, NULL, input));
    same_floats(target, input, size_of(k));
}

START_TEST(a_map_gives_each_sample_at_its_size) {
    dae_dataset *all = all_pairs(), *map = NULL;
    for (size_t n = 0; n < sizeof NETWORKS / sizeof *NETWORKS; n++) {
        dae_model *model = model_from(3, "%s", NETWORKS[n]);
        ok(dae_model_map(&map, model, all, NULL));
        has_shape(map, "2 x 0 x 0", "2 x 0 x 0");
        for (size_t threads = 1; threads <= 3; threads++) {
            ok(dae_set_num_threads(threads));
            for (size_t k = PARTS; k-- > 0;)
                is_run(model, map, all, k);
        }
        ok(dae_set_num_threads(0));
        dae_dataset_free(map);
        dae_model_free(model);
    }
    dae_dataset_free(all);
}
END_TEST

/* Outputs of another number of channels; the targets of a dataset without others are outputs, too. */
START_TEST(a_map_may_change_channels) {
    dae_dataset *all = pictures_of(1, 0), *map = NULL, *cut = NULL, *crop = NULL, *again = NULL;
    dae_model *model = model_from(3, "input(2, any, any) | conv2d(1, 1)");
    float whole[MOST], targets[MOST], patch[16];
    ok(dae_model_map(&map, model, all, NULL));
    has_shape(map, "1 x 0 x 0", "1 x 0 x 0");
    ok(dae_dataset_view(&cut, map, "patches(4, 4)", 0));
    ok(dae_dataset_view(&crop, all, "patches(4, 4)", 0));
    ok(dae_model_map(&again, model, crop, NULL));
    ok(dae_dataset_read(map, 0, 1, 1, whole, targets));
    same_floats(targets, whole, sides[1][0] * sides[1][1]);
    ck_assert_uint_eq(count_of(cut), count_of(again));
    for (size_t i = 0; i < count_of(cut); i++) {
        ok(dae_dataset_read(cut, 0, i, 1, whole, NULL));
        ok(dae_dataset_read(again, 0, i, 1, patch, NULL));
        same_floats(whole, patch, 16);
    }
    dae_dataset_free(map);
    dae_dataset_free(cut);
    dae_dataset_free(crop);
    dae_dataset_free(again);
    dae_dataset_free(all);
    dae_model_free(model);
}
END_TEST

/* A dense network overlaps its windows. */
START_TEST(a_map_covers_what_the_model_does_not_take) {
    static const size_t lengths[] = {40, 23, 64};
    dae_dataset *parts[3], *all = NULL, *map = NULL;
    dae_model *model = model_from(3, "input(16) | dense(16)");
    float *values = random_floats(64, 0, 1, 5), got[64], expected[64];
    for (size_t k = 0; k < 3; k++)
        ok(dae_dataset_copy_array(&parts[k], values, 1, 1, &lengths[k]));
    ok(dae_dataset_join(&all, parts, 3));
    ok(dae_model_map(&map, model, all, NULL));
    for (size_t k = 0; k < 3; k++) {
        ok(dae_dataset_read(map, 0, k, 1, got, NULL));
        ok(dae_model_apply(model, NULL, 1, &lengths[k], values, expected, NULL, NULL));
        same_floats(got, expected, lengths[k]);
        dae_dataset_free(parts[k]);
    }
    free(values);
    dae_dataset_free(map);
    dae_dataset_free(all);
    dae_model_free(model);
}
END_TEST

/* ---- What is refused ------------------------------------------------------------------------------- */

START_TEST(what_needs_one_size_is_refused) {
    dae_dataset *all = all_pairs(), *map = NULL;
    dae_model *open = model_from(3, "%s", NETWORK),
              *closed = model_from(3, "input(2, 12, 20) | conv2d(2, 3)");
    dae_trainer *trainer = adam_trainer(open, 1e-3, "mse"), *other = adam_trainer(closed, 1e-3, "mse");
    dae_trainer *penalized = adam_trainer(open, 1e-3, "mse | l1(of=code, weight=1e-3)");
    dae_report *report = NULL;
    double value;
    fails(dae_trainer_fit(trainer, all, 1), DAE_ERROR_SHAPE, "crops");
    fails(dae_trainer_set_validation(other, all), DAE_ERROR_SHAPE, "crops");
    fails(dae_trainer_set_validation(penalized, all), DAE_ERROR_SHAPE, "crops");
    fails(dae_model_evaluate(&report, closed, all), DAE_ERROR_SHAPE, "crops");
    fails(dae_model_measure(closed, all, "mse", &value, 1), DAE_ERROR_SHAPE, "crops");
    dae_model *wide = model_from(3, "input(3, any, any) | conv2d(3, 3)");
    fails(dae_model_map(&map, wide, all, NULL), DAE_ERROR_SHAPE, "channels");
    fails(dae_model_evaluate(&report, wide, all), DAE_ERROR_SHAPE, "sample 0");
    dae_model *halving = model_from(3, "input(2, any, any) | max_pool(8) | upsample(8)");
    fails(dae_model_evaluate(&report, halving, all), DAE_ERROR_SHAPE, "sample 0");
    dae_trainer_free(trainer);
    dae_trainer_free(other);
    dae_trainer_free(penalized);
    dae_model_free(open);
    dae_model_free(closed);
    dae_model_free(wide);
    dae_model_free(halving);
    dae_dataset_free(all);
}
END_TEST

/* A sample that does not fit is named, wherever it stands. */
START_TEST(the_sample_that_does_not_fit_is_named) {
    dae_dataset *all = pictures_of(1, 0), *others = NULL, *pair = NULL;
    dae_model *model = model_from(3, "%s", NETWORK);
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    dae_report *report = NULL;
    ok(dae_dataset_view(&others, all, "index(0, 1, 2, 4, 3)", 0));
    ok(dae_dataset_pair(&pair, all, others));
    fails(dae_model_evaluate(&report, model, pair), DAE_ERROR_SHAPE,
          "dae_model_evaluate: sample 3: the dataset's targets have shape 2 x 16 x 12, the model gives 2 x "
          "12 x 12");
    fails(dae_trainer_set_validation(trainer, pair), DAE_ERROR_SHAPE, "sample 3");
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_dataset_free(pair);
    dae_dataset_free(others);
    dae_dataset_free(all);
}
END_TEST

/* ---- Memory ---------------------------------------------------------------------------------------- */

struct attempt {
    dae_model *model;
    dae_dataset *all, *data;
};

static dae_status try_evaluation(void *user) {
    const struct attempt *a = user;
    dae_report *report = NULL;
    dae_status status = dae_model_evaluate(&report, a->model, a->all);
    dae_report_free(report);
    return status;
}

static dae_status try_measuring(void *user) {
    const struct attempt *a = user;
    double value;
    dae_model *copy = NULL;
    dae_status status = dae_model_copy(&copy, a->model);
    if (status == DAE_OK)
        status = dae_model_set_scaling(copy, "standard(per=channel)", a->all);
    if (status == DAE_OK)
        status = dae_model_measure(copy, a->all, "mse", &value, 1);
    dae_model_free(copy);
    return status;
}

static dae_status try_validation(void *user) {
    const struct attempt *a = user;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    dae_status status = dae_optimizer_create_adam(&adam, 1e-3);
    if (status == DAE_OK)
        status = dae_trainer_create(&trainer, a->model, adam, "mse");
    if (status == DAE_OK)
        status = dae_trainer_set_validation(trainer, a->all);
    if (status == DAE_OK)
        status = dae_trainer_fit(trainer, a->data, 1);
    dae_optimizer_free(adam);
    dae_trainer_free(trainer);
    return status;
}

static dae_status try_map(void *user) {
    const struct attempt *a = user;
    static float room[MOST];
    dae_dataset *map = NULL;
    dae_status status = dae_model_map(&map, a->model, a->all, NULL);
    for (size_t k = 0; k < PARTS && status == DAE_OK; k++)
        status = dae_dataset_read(map, 0, k, 1, room, NULL);
    dae_dataset_free(map);
    return status;
}

START_TEST(memory_may_run_out) {
    static const attempt_fn attempts[] = {try_evaluation, try_map, try_validation, try_measuring};
    for (size_t i = 0; i < 4; i++) {
        struct attempt a = {model_from(3, "input(2, any, any) | conv2d(2, 3)"), all_pairs(), crops()};
        ck_assert_uint_ge(every_allocation_fails(attempts[i], &a), 10);
        dae_model_free(a.model);
        dae_dataset_free(a.all);
        dae_dataset_free(a.data);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sizes");
    TCase *figures = add_case(suite, "figures");
    tcase_add_test(figures, figures_are_means_over_samples);
    tcase_add_test(figures, leading_dimensions_of_one_may_be_missing);
    tcase_add_test(figures, what_needs_one_size_is_nan);
    tcase_add_test(figures, dead_channels_are_counted);
    tcase_add_test(figures, targets_may_have_another_size);
    tcase_add_test(figures, scaling_is_measured_over_all_sizes);
    TCase *validation = add_case(suite, "validation");
    tcase_add_test(validation, validation_takes_samples_whole);
    tcase_add_test(validation, training_resumes_with_such_validation);
    TCase *map = add_case(suite, "map");
    tcase_add_test(map, a_map_gives_each_sample_at_its_size);
    tcase_add_test(map, a_map_may_change_channels);
    tcase_add_test(map, a_map_covers_what_the_model_does_not_take);
    TCase *errors = add_case(suite, "errors");
    tcase_add_test(errors, what_needs_one_size_is_refused);
    tcase_add_test(errors, the_sample_that_does_not_fit_is_named);
    tcase_add_test(errors, memory_may_run_out);
    return suite_main(suite);
}
