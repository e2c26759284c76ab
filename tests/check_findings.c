/* Findings against a table: twelve faults that people make, each with several seeds, must be the first thing
 * that is said; healthy runs must leave nothing to say. DAE_FINDINGS_SEED and DAE_FINDINGS_RUNS try other
 * seeds, and more. */
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 32, TEST = 400, TABLE_RUNS = 5, HEALTHY_RUNS = 20, MOST_CODES = 16 };

/* ---- Data: smooth, of few dimensions ---------------------------------------------------------- */

/* Sums of three sines with amplitudes and phases of their own, in [0.02, 0.98]. */
static void fill_signals(float *x, size_t count, uint64_t seed) {
    float *draws = random_floats(count * 6, 0, 1, seed);
    for (size_t n = 0; n < count; n++)
        for (size_t i = 0; i < WIDTH; i++) {
            double sum = 0, most = 0.5;
            for (size_t k = 0; k < 3; k++) {
                most = fmax(most, (double)(draws[n * 6] + draws[n * 6 + 1] + draws[n * 6 + 2]));
                sum += (double)draws[n * 6 + k] *
                       sin(6.2831853 * ((double)(i * (k + 1)) / WIDTH + (double)draws[n * 6 + 3 + k]));
            }
            x[n * WIDTH + i] = (float)(0.5 + 0.48 * sum / most);
        }
    free(draws);
}

/* Pictures of 4 x 8 with one spot on black. */
static void fill_spots(float *x, size_t count, uint64_t seed) {
    float *draws = random_floats(count * 4, 0, 1, seed);
    for (size_t n = 0; n < count; n++)
        for (size_t i = 0; i < WIDTH; i++) {
            const float *d = draws + n * 4;
            double row = (double)(i / 8) - 3 * (double)d[0], column = (double)(i % 8) - 7 * (double)d[1];
            x[n * WIDTH + i] = (float)((0.5 + 0.5 * (double)d[2]) *
                                       exp(-(row * row + column * column) / (2 + 4 * (double)d[3])));
        }
    free(draws);
}

/* `count` samples of either kind; to free(). */
static float *samples_of(size_t count, uint64_t seed) {
    float *x = must_have(count * WIDTH * sizeof *x);
    if (seed / 1000 % 2 == 0)
        fill_signals(x, count, seed);
    else
        fill_spots(x, count, seed);
    return x;
}

/* Gaussian noise by the sum of twelve; `x` stays. To free(). */
static float *with_noise(const float *x, size_t count, double stddev, uint64_t seed) {
    float *noisy = must_have(count * WIDTH * sizeof *noisy);
    float *draws = random_floats(count * WIDTH * 12, 0, 1, seed + 77);
    for (size_t i = 0; i < count * WIDTH; i++) {
        double sum = -6;
        for (size_t k = 0; k < 12; k++)
            sum += (double)draws[i * 12 + k];
        noisy[i] = x[i] + (float)(stddev * sum);
    }
    free(draws);
    return noisy;
}

static float *scaled(float *x, size_t count, double factor, double offset) {
    for (size_t i = 0; i < count * WIDTH; i++)
        x[i] = (float)((double)x[i] * factor + offset);
    return x;
}

/* ---- A run ------------------------------------------------------------------------------------ */

/* Zeros are the usual: 512 samples, noise of 0.15 drawn afresh, Adam 1e-3, 40 epochs of 16 batches. */
typedef struct {
    uint64_t seed;
    size_t samples, epochs, batch, hidden;
    const char *hidden_activation, *output_activation;
    const char *loss;
    double rate, factor, offset, stddev;
    const char *noise, *scaling;
    bool linear, once, sgd;
    size_t dead; /* of the hidden units, by their bias */
} setting;

typedef struct {
    dae_model *model;
    dae_trainer *trainer;
} run;

static dae_dataset *plain(const setting *s, size_t count, uint64_t seed) {
    float *x = scaled(samples_of(count, seed), count, s->factor > 0 ? s->factor : 1, s->offset);
    dae_dataset *data = array_dataset(x, count, WIDTH);
    free(x);
    return data;
}

static dae_dataset *noisy(const setting *s, size_t count, uint64_t seed, int32_t mode) {
    char text[64];
    snprintf(text, sizeof text, "gaussian(stddev=%g)",
             (s->stddev > 0 ? s->stddev : 0.15) * (s->factor > 0 ? s->factor : 1));
    return corrupted(plain(s, count, seed), s->noise != NULL ? s->noise : text, mode, seed + 5);
}

static dae_model *model_for(const setting *s) {
    size_t hidden = s->hidden > 0 ? s->hidden : 24;
    const network net = autoencoder(WIDTH, hidden,
                                    s->hidden_activation != NULL ? s->hidden_activation : "relu",
                                    s->output_activation != NULL ? s->output_activation
                                    : s->linear                  ? "linear"
                                                                 : "sigmoid");
    dae_model *model = network_model(&net, s->seed);
    float bias[256] = {0};
    for (size_t i = 0; i < s->dead; i++)
        bias[i] = -50;
    ok(dae_model_set_tensor(model, "0.bias", bias, hidden));
    return model;
}

/* Trains; a fit that ends since something is no longer finite has been told all the same. */
static run trained(const setting *s, dae_dataset *data) {
    run r = {model_for(s), NULL};
    if (s->scaling != NULL)
        ok(dae_model_set_scaling(r.model, s->scaling, data));
    double rate = s->rate > 0 ? s->rate : 1e-3;
    dae_dataset *validation = noisy(s, 200, s->seed + 2, DAE_NOISE_FRESH);
    r.trainer = s->sgd ? sgd_trainer(r.model, rate, s->loss) : adam_trainer(r.model, rate, s->loss);
    ok(dae_trainer_set_batch_size(r.trainer, s->batch > 0 ? s->batch : 32));
    ok(dae_trainer_set_validation(r.trainer, validation));
    dae_status status = dae_trainer_fit(r.trainer, data, s->epochs > 0 ? s->epochs : 40);
    ck_assert(status == DAE_OK || status == DAE_ERROR_NOT_FINITE);
    dae_dataset_free(validation);
    return r;
}

static run usual_run(const setting *s) {
    dae_dataset *data = noisy(s, s->samples > 0 ? s->samples : 512, s->seed,
                              s->once ? DAE_NOISE_ONCE : DAE_NOISE_FRESH);
    run r = trained(s, data);
    dae_dataset_free(data);
    return r;
}

static void end(run *r) {
    dae_trainer_free(r->trainer);
    dae_model_free(r->model);
}

/* ---- What is said ----------------------------------------------------------------------------- */

typedef struct {
    size_t count;
    int32_t codes[MOST_CODES];
    char text[4000];
} said;

static void note(said *all, int32_t code, const char *text) {
    ck_assert(all->count < MOST_CODES && is_printable_utf8(text) && strlen(text) < 790);
    all->codes[all->count++] = code;
    size_t length = strlen(all->text);
    snprintf(all->text + length, sizeof all->text - length, "\n    %d: %s", (int)code, text);
}

static void ask_report(said *all, dae_model *model, dae_dataset *data) {
    dae_report *report = NULL;
    size_t count = 0;
    ok(dae_model_evaluate(&report, model, data));
    ok(dae_report_get_finding_count(report, &count));
    for (size_t i = 0; i < count; i++) {
        int32_t code;
        const char *text;
        ok(dae_report_get_finding(report, i, &code, &text));
        note(all, code, text);
    }
    dae_report_free(report);
    dae_dataset_free(data);
}

static void ask_trainer(said *all, const dae_trainer *trainer) {
    size_t count = 0;
    ok(dae_trainer_get_finding_count(trainer, &count));
    for (size_t i = 0; i < count; i++) {
        int32_t code;
        const char *text;
        ok(dae_trainer_get_finding(trainer, i, &code, &text));
        note(all, code, text);
    }
}

static dae_dataset *test_data(const setting *s) {
    return noisy(s, TEST, s->seed + 1, DAE_NOISE_FRESH);
}

/* ---- Faults ----------------------------------------------------------------------------------- */

static void report_of(said *all, const setting *s) {
    run r = usual_run(s);
    ask_report(all, r.model, test_data(s));
    end(&r);
}

static void training_of(said *all, const setting *s) {
    run r = usual_run(s);
    ask_trainer(all, r.trainer);
    end(&r);
}

static void outputs_dead(said *all, uint64_t seed) {
    setting s = {.seed = seed, .rate = seed % 2 ? 3 : 30, .output_activation = "relu", .epochs = 10};
    report_of(all, &s);
}

static void hidden_units_dead(said *all, uint64_t seed) {
    setting s = {.seed = seed, .hidden = 40, .dead = 12 + seed % 5 * 6};
    report_of(all, &s);
}

/* A noisy array taken for clean; two noisy ones; the two the wrong way round. */
static void target_noisy(said *all, uint64_t seed) {
    setting s = {.seed = seed, .linear = true};
    run r = {NULL, NULL};
    for (size_t part = 0; part < 2; part++) { /* to train with, and to evaluate with */
        size_t count = part == 0 ? 512 : TEST;
        float *clean = samples_of(count, seed + part), *a = with_noise(clean, count, 0.12, seed + 10 + part);
        float *b = with_noise(clean, count, 0.12, seed + 20 + part);
        dae_dataset *data = seed % 3 == 0 ? corrupted(array_dataset(a, count, WIDTH), "gaussian(stddev=0.1)",
                                                      DAE_NOISE_FRESH, seed)
                                          : pair_dataset(seed % 3 == 1 ? b : clean, WIDTH, a, WIDTH, count);
        if (part == 0) {
            r = trained(&s, data);
            dae_dataset_free(data);
        } else {
            ask_report(all, r.model, data);
        }
        free(clean);
        free(a);
        free(b);
    }
    end(&r);
}

static void target_equal(said *all, uint64_t seed) {
    setting s = {.seed = seed, .linear = seed % 2 == 0};
    float *clean = samples_of(TEST, seed), *x = with_noise(clean, TEST, 0.15, seed);
    dae_dataset *data = array_dataset(x, TEST, WIDTH);
    if (seed % 2 == 1) { /* such as a sigmoid can give */
        free(x);
        x = samples_of(TEST, seed);
        dae_dataset_free(data);
        data = array_dataset(x, TEST, WIDTH);
    }
    run r = trained(&s, data);
    ask_report(all, r.model, data);
    end(&r);
    free(clean);
    free(x);
}

static void out_of_reach(said *all, uint64_t seed) {
    setting s = {.seed = seed};
    if (seed % 2 == 0) {
        s.factor = 255; /* bytes */
    } else {
        s.factor = 6; /* standardised, more or less */
        s.offset = -3;
        s.output_activation = seed % 3 == 0 ? "relu" : seed % 3 == 1 ? "tanh" : NULL;
    }
    report_of(all, &s);
}

static void wrong_scale(said *all, uint64_t seed) {
    const double factors[] = {50, 2000, 0.007}, offsets[] = {20, 1000, -0.0035};
    setting s = {
        .seed = seed, .linear = true, .factor = factors[seed % 3], .offset = offsets[seed % 3], .rate = 1e-3};
    report_of(all, &s);
}

static void outside_training(said *all, uint64_t seed) {
    setting s = {.seed = seed}, other = {.seed = seed};
    run r = usual_run(&s);
    if (seed % 3 == 0)
        other.factor = 255;
    else if (seed % 3 == 1)
        other.stddev = 1;
    else
        other.offset = 1;
    float *clean = samples_of(TEST, seed + 1);
    float *x = scaled(samples_of(TEST, seed + 1), TEST, other.factor > 0 ? other.factor : 1, other.offset);
    float *noisy_x = with_noise(x, TEST, other.stddev > 0 ? other.stddev : 0.15, seed);
    ask_report(all, r.model, pair_dataset(noisy_x, WIDTH, clean, WIDTH, TEST));
    end(&r);
    free(clean);
    free(x);
    free(noisy_x);
}

static void memorised(said *all, uint64_t seed) {
    setting s = {.seed = seed,
                 .samples = 100,
                 .hidden = 96,
                 .epochs = 300,
                 .once = true,
                 .linear = seed % 2 == 0,
                 .stddev = 0.25};
    training_of(all, &s);
}

static void rate_too_small(said *all, uint64_t seed) {
    setting s = {.seed = seed,
                 .rate = seed % 2 ? 1e-6 : 1e-4,
                 .sgd = seed % 2 == 0,
                 .epochs = 20,
                 .linear = seed % 3 == 0};
    training_of(all, &s);
}

static void rate_too_large(said *all, uint64_t seed) {
    setting s = {.seed = seed,
                 .rate = seed % 2 ? 3 : 1,
                 .linear = true,
                 .epochs = 20,
                 .hidden_activation = seed % 3 ? "leaky_relu" : "tanh"};
    training_of(all, &s);
}

/* Targets that do not belong to the inputs. */
static void worse_than_mean(said *all, uint64_t seed) {
    setting s = {.seed = seed, .linear = seed % 2 == 0};
    run r = usual_run(&s);
    float *x = samples_of(TEST, seed + 1), *t = samples_of(TEST, seed + 3),
          *a = with_noise(x, TEST, 0.15, seed);
    ask_report(all, r.model, pair_dataset(a, WIDTH, t, WIDTH, TEST));
    end(&r);
    free(x);
    free(t);
    free(a);
}

static void nan_in_data(said *all, uint64_t seed) {
    setting s = {.seed = seed, .epochs = 5};
    run r = usual_run(&s);
    float *t = samples_of(TEST, seed + 1), *x = with_noise(t, TEST, 0.15, seed);
    (seed % 2 ? x : t)[seed * 7919 % (TEST * WIDTH)] = seed % 3 ? NAN : INFINITY;
    ask_report(all, r.model, pair_dataset(x, WIDTH, t, WIDTH, TEST));
    end(&r);
    free(x);
    free(t);
}

static const struct {
    const char *name;
    void (*make)(said *all, uint64_t seed);
    int32_t code;
} faults[] = {
    {"outputs dead by a huge learning rate", outputs_dead, DAE_FINDING_DEAD_OUTPUTS},
    {"hidden units dead", hidden_units_dead, DAE_FINDING_DEAD_HIDDEN_UNITS},
    {"target noisy", target_noisy, DAE_FINDING_NOISY_TARGETS},
    {"target equal to input", target_equal, DAE_FINDING_NOTHING_TO_DENOISE},
    {"targets out of reach", out_of_reach, DAE_FINDING_TARGETS_OUT_OF_REACH},
    {"wrong scale", wrong_scale, DAE_FINDING_SCALE},
    {"inputs outside the range of training", outside_training, DAE_FINDING_INPUTS_OUT_OF_RANGE},
    {"memorised noise", memorised, DAE_FINDING_OVERFITTING},
    {"learning rate far too small", rate_too_small, DAE_FINDING_LEARNING_RATE_TOO_SMALL},
    {"learning rate far too large", rate_too_large, DAE_FINDING_LEARNING_RATE_TOO_LARGE},
    {"worse than the mean image", worse_than_mean, DAE_FINDING_WORSE_THAN_MEAN_IMAGE},
    {"NaN in evaluation data", nan_in_data, DAE_FINDING_NOT_FINITE},
};
enum { FAULTS = sizeof faults / sizeof *faults };

static size_t number_from(const char *name, size_t otherwise) {
    const char *text = getenv(name);
    return text != NULL ? (size_t)strtoul(text, NULL, 10) : otherwise;
}

/* A third where DAE_SPARSE is set: where another tier has seen all. */
static size_t runs_of(size_t usual) {
    return number_from("DAE_FINDINGS_RUNS", getenv("DAE_SPARSE") != NULL ? usual / 3 : usual);
}

/* Each seed gives data of the one kind or the other, and another variant of the fault. */
static uint64_t seed_of(size_t fault, size_t i) {
    return (number_from("DAE_FINDINGS_SEED", 0) + 100 * fault + i) * 1000 + i;
}

START_TEST(faults_are_named) {
    size_t right = 0, all = 0, runs = runs_of(TABLE_RUNS);
    for (size_t fault = 0; fault < FAULTS; fault++)
        for (size_t i = 0; i < runs; i++) {
            said heard = {0};
            faults[fault].make(&heard, seed_of(fault, i));
            bool named = heard.count > 0 && heard.codes[0] == faults[fault].code;
            right += named;
            all++;
            if (!named || getenv("DAE_FINDINGS_SHOW") != NULL)
                printf("%s, seed %zu: %s%s\n", faults[fault].name, i, named ? "" : "NOT NAMED", heard.text);
        }
    ck_assert_msg(right * 100 >= all * 95, "%zu of %zu faults are named", right, all);
}
END_TEST

static void healthy(said *all, uint64_t seed, size_t i) {
    static const char *const noises[] = {NULL, "masking(0.3)", "gaussian(stddev=0.3) | clip(0, 1)",
                                         "salt_pepper(0.1, 0, 1)"};
    static const char *const activations[] = {"relu", "tanh", "leaky_relu", "sigmoid", "relu"};
    setting s = {.seed = seed,
                 .noise = noises[i % 4],
                 .hidden_activation = activations[i % 5],
                 .linear = i / 2 % 2,
                 .rate = 5e-4,
                 .hidden = 16 + 8 * (i % 3),
                 .once = i % 7 == 3,
                 .samples = i % 7 == 3 ? 2000 : 0,
                 .epochs = 60 + 20 * (i % 3),
                 .loss = i % 6 == 1 ? "mae" : "mse"};
    run r = usual_run(&s);
    ask_report(all, r.model, test_data(&s));
    ask_trainer(all, r.trainer);
    end(&r);
}

START_TEST(healthy_runs_have_no_findings) {
    size_t wrong = 0, runs = runs_of(HEALTHY_RUNS);
    for (size_t i = 0; i < runs; i++) {
        said heard = {0};
        healthy(&heard, seed_of(FAULTS, i), i);
        wrong += heard.count > 0;
        if (heard.count > 0)
            printf("healthy, seed %zu:%s\n", i, heard.text);
    }
    ck_assert_msg(wrong == 0, "%zu of %zu healthy runs have findings", wrong, runs);
}
END_TEST

/* Noise that is clipped has another mean, and that is said of it alone. */
START_TEST(clipped_targets_are_told_from_noisy_ones) {
    for (int clipped = 0; clipped < 2; clipped++) {
        setting s = {.seed = 1, .linear = true};
        said heard = {0};
        float *clean = samples_of(512, 1), *a = with_noise(clean, 512, 0.12, 11),
              *b = with_noise(clean, 512, 0.12, 21);
        if (clipped)
            ok(dae_clip(a, 512 * WIDTH, 0.1, 0.9));
        dae_dataset *data = pair_dataset(b, WIDTH, a, WIDTH, 512);
        run r = trained(&s, data);
        ask_report(&heard, r.model, data);
        ck_assert_int_eq(heard.codes[0], DAE_FINDING_NOISY_TARGETS);
        ck_assert_msg((strstr(heard.text, "% of them are 0.1 or 0.9") != NULL) == (clipped == 1), "%s",
                      heard.text);
        end(&r);
        free(clean);
        free(a);
        free(b);
    }
}
END_TEST

/* Data of another scale: the finding names a call, and who makes it has nothing more to hear of scale. */
START_TEST(the_call_that_is_named_mends_it) {
    static const struct {
        setting s;
        int32_t code;
        const char *call;
    } cases[] = {
        {{.seed = 1, .linear = true, .factor = 2000, .offset = 1000}, DAE_FINDING_SCALE, "standard"},
        {{.seed = 2, .linear = true, .factor = 0.007, .offset = -0.0035}, DAE_FINDING_SCALE, "standard"},
        {{.seed = 3, .factor = 255}, DAE_FINDING_TARGETS_OUT_OF_REACH, "range(0, 1)"},
        {{.seed = 4, .factor = 255, .scaling = "standard"}, DAE_FINDING_TARGETS_OUT_OF_REACH, "range(0, 1)"},
        {{.seed = 5, .factor = 255, .output_activation = "tanh"},
         DAE_FINDING_TARGETS_OUT_OF_REACH,
         "range(-1, 1)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setting s = cases[i].s;
        char call[64];
        said before = {0}, after = {0};
        report_of(&before, &s);
        snprintf(call, sizeof call, "the scaling \"%s\", by dae_model_set_scaling()", cases[i].call);
        ck_assert_msg(before.codes[0] == cases[i].code && strstr(before.text, call) != NULL, "%s",
                      before.text);
        ck_assert((strstr(before.text, "as the model's scaling makes them") != NULL) == (s.scaling != NULL));
        s.scaling = cases[i].call;
        s.rate = 3e-3;
        s.epochs = 60;
        report_of(&after, &s);
        training_of(&after, &s);
        ck_assert_msg(after.count == 0, "%s", after.text);
    }
}
END_TEST

/* Data in another unit than those that the scaling is of. */
START_TEST(data_in_another_unit_are_named_as_the_network_sees_them) {
    setting s = {.seed = 6, .linear = true, .factor = 300, .offset = 2000, .scaling = "standard"}, other = s;
    said heard = {0};
    run r = usual_run(&s);
    other.factor = 0.3;
    other.offset = 2;
    ask_report(&heard, r.model, test_data(&other));
    ck_assert_msg(heard.codes[0] == DAE_FINDING_INPUTS_OUT_OF_RANGE && heard.codes[1] == DAE_FINDING_SCALE &&
                      strstr(heard.text, "as the model's scaling makes them") != NULL,
                  "%s", heard.text);
    end(&r);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("findings");
    TCase *table = add_case(suite, "table");
    tcase_add_test(table, faults_are_named);
    tcase_add_test(table, healthy_runs_have_no_findings);
    tcase_add_test(table, clipped_targets_are_told_from_noisy_ones);
    tcase_add_test(table, the_call_that_is_named_mends_it);
    tcase_add_test(table, data_in_another_unit_are_named_as_the_network_sees_them);
    return suite_main(suite);
}
