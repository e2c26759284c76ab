/* Recipes in recipes, and parameters that are drawn: how they are numbered, what they draw, what is refused. */
#include "network.h"

#include "oracle/golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 20000, SIZE = 6, COUNT = 20, VALUES = COUNT * SIZE, ROOM = 1024 };

/* Half width, in standard deviations, of an interval that holds a mean in 99.9 % of all cases. */
static const double z_999 = 3.2905;

static dae_noise *parse(const char *text) {
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, text));
    return noise;
}

static void apply(const char *text, float *x, size_t samples, size_t size, uint64_t seed, uint64_t epoch,
                  uint64_t first) {
    dae_noise *noise = parse(text);
    ok(dae_noise_apply(noise, x, samples, 1, &size, seed, epoch, first));
    dae_noise_free(noise);
}

static void ramp(float x[VALUES]) {
    for (int i = 0; i < VALUES; i++)
        x[i] = ((float)i + 0.5f) / VALUES;
}

/* Both do the same to the bit. */
static void same_noise(const char *text, const char *other) {
    float x[VALUES], y[VALUES];
    ramp(x);
    ramp(y);
    apply(text, x, COUNT, SIZE, 3, 4, 5);
    apply(other, y, COUNT, SIZE, 3, 4, 5);
    same_floats(x, y, VALUES);
}

/* ---- Numbering ---------------------------------------------------------------------------------------- */

START_TEST(golden_tree) {
    float x[GOLDEN_TREE_SAMPLES * GOLDEN_TREE_SAMPLE_SIZE];
    memcpy(x, GOLDEN_TREE_INPUT, sizeof x);
    apply(GOLDEN_TREE_RECIPE, x, GOLDEN_TREE_SAMPLES, GOLDEN_TREE_SAMPLE_SIZE, GOLDEN_TREE_SEED,
          GOLDEN_TREE_EPOCH, GOLDEN_TREE_FIRST);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        near(x[i], GOLDEN_TREE_OUTPUT[i], 1e-5);
}
END_TEST

/* A step has its number whether it is applied or not, and so has one that others are in. */
START_TEST(steps_are_numbered_in_reading_order) {
    same_noise("sometimes(0, masking(1) | masking(1)) | gaussian(1)", "none | none | none | gaussian(1)");
    same_noise("sometimes(1, gaussian(1) | masking(0.5))", "none | gaussian(1) | masking(0.5)");
    same_noise("one_of(gaussian(1))", "none | gaussian(1)");
    same_noise("one_of(0: masking(1) | masking(1), 2: gaussian(1), 0: masking(1)) | uniform(0, 1)",
               "none | none | none | gaussian(1) | none | uniform(0, 1)");
    same_noise("sometimes(1, sometimes(1, one_of(none, 0: none) | gaussian(1)))",
               "none | none | none | none | none | gaussian(1)");
    same_noise("gaussian(0.5)", "gaussian(uniform(0.5, 0.5) as level)");
}
END_TEST

/* u of a parameter: stream 5 * 2^56 + sample, block step * 2^56 + epoch * 2^24 + the parameter's place in the
 * row; the block's first word / 2^32. */
static double unit_by_hand(uint64_t seed, uint64_t epoch, uint64_t sample, uint64_t step, uint64_t row) {
    dae_rng *rng = NULL;
    uint32_t word = 0;
    ok(dae_rng_create(&rng, seed, (UINT64_C(5) << 56) + sample));
    ok(dae_rng_set_position(rng, 4 * ((step << 56) + (epoch << 24) + row)));
    ok(dae_rng_fill_bits(rng, &word, 1));
    dae_rng_free(rng);
    return word * 0x1p-32;
}

START_TEST(draws_have_a_stream_of_their_own) {
    static const double values[] = {-2, 0.25, 7};
    for (uint64_t sample = 0; sample < 50; sample++) {
        float x[4] = {0};
        double u = unit_by_hand(11, 0xFFFFFFFF, sample, 3, 0);
        apply("none | clip(0, 1) | none | gaussian(0, mean=uniform(-3, 5))", x, 1, 4, 11, 0xFFFFFFFF, sample);
        ck_assert_float_eq(x[3], (float)(-3 + 8 * u));
        memset(x, 0, sizeof x);
        apply("none | none | none | gaussian(0, mean=choice(-2, 0.25, 7))", x, 1, 4, 11, 0xFFFFFFFF, sample);
        ck_assert_float_eq(x[0], (float)values[(int)(3 * u)]);
        memset(x, 0, sizeof x);
        apply("none | none | none | gaussian(0, mean=log_uniform(0.001, 1000))", x, 1, 4, 11, 0xFFFFFFFF,
              sample);
        near(x[0], 0.001 * pow(1e6, u), 3e-6 * 0.001 * pow(1e6, u));
        memset(x, 0, sizeof x); /* the second parameter in the row, and a choice at its own */
        apply("none | none | none | uniform(0, choice(1, 2))", x, 1, 4, 11, 0xFFFFFFFF, sample);
        float y[4] = {0};
        apply(unit_by_hand(11, 0xFFFFFFFF, sample, 3, 1) < 0.5 ? "none | none | none | uniform(0, 1)"
                                                               : "none | none | none | uniform(0, 2)",
              y, 1, 4, 11, 0xFFFFFFFF, sample);
        same_floats(x, y, 4);
        x[0] = 0;
        apply("sometimes(0.3, gaussian(0, mean=1))", x, 1, 1, 11, 9, sample);
        ck_assert_float_eq(x[0], unit_by_hand(11, 9, sample, 0, 1) < 0.3 ? 1.0f : 0.0f);
    }
}
END_TEST

START_TEST(batches_and_parts_do_not_matter) {
    static const char text[] = "sometimes(0.7, gaussian(uniform(0, 1)) | one_of(masking(0.5), 2: clip(0, "
                               "choice(0.25, 0.5)), none)) | uniform(0, uniform(0, 1))";
    float whole[VALUES], single[VALUES];
    ramp(whole);
    ramp(single);
    apply(text, whole, COUNT, SIZE, 7, 8, 9);
    for (size_t i = COUNT; i-- > 0;)
        apply(text, single + i * SIZE, 1, SIZE, 7, 8, 9 + i);
    same_floats(single, whole, VALUES);
    ramp(single); /* the beginning of a sample is that of a longer one */
    apply(text, whole, 1, VALUES, 7, 8, 9);
    ramp(whole);
    apply(text, whole, 1, VALUES, 7, 8, 9);
    apply(text, single, 1, 5, 7, 8, 9);
    same_floats(single, whole, 5);
}
END_TEST

/* ---- Distributions ------------------------------------------------------------------------------------ */

static const struct {
    const char *draw;
    double mean, variance, low, high;
} distributions[] = {
    {"uniform(-1, 2)", 0.5, 0.75, -1, 2},
    {"uniform(0.25, 0.25)", 0.25, 0, 0.25, 0.25},
    {"choice(1, 2, 4, 5)", 3, 2.5, 1, 5},
    {"choice(0.5)", 0.5, 0, 0.5, 0.5},
    /* (b - a) / ln(b / a); (b^2 - a^2) / (2 ln(b / a)) - mean^2 */
    {"log_uniform(0.01, 1)", 0.99 / 4.605170186, 0.9999 / 9.210340372 - 0.0462132, 0.01, 1},
    {"log_uniform(0.3, 0.3)", 0.3, 0, 0.3, 0.3},
};

START_TEST(draws_have_their_moments) {
    static float x[MANY];
    char text[ROOM];
    double mean = 0, square = 0, a = distributions[_i].mean, v = distributions[_i].variance;
    memset(x, 0, sizeof x);
    snprintf(text, ROOM, "gaussian(0, mean=%s)", distributions[_i].draw);
    apply(text, x, MANY, 1, 1, 0, 0);
    for (int i = 0; i < MANY; i++) {
        ck_assert(x[i] >= (float)distributions[_i].low && x[i] <= (float)distributions[_i].high);
        mean += (double)x[i] / MANY;
        square += ((double)x[i] - a) * ((double)x[i] - a) / MANY;
    }
    near(mean, a, z_999 * sqrt(v / MANY) + 1e-7);
    near(square, v, z_999 * sqrt(3 * v * v / MANY) + 1e-7); /* kurtosis of at most 4 */
}
END_TEST

/* The share of samples that a recipe, which adds 1 to those that it is applied to, is applied to. */
static double share(const char *text) {
    static float x[MANY];
    double sum = 0;
    memset(x, 0, sizeof x);
    apply(text, x, MANY, 1, 2, 0, 0);
    for (int i = 0; i < MANY; i++) {
        ck_assert(x[i] == 0 || x[i] == 1);
        sum += (double)x[i] / MANY;
    }
    return sum;
}

START_TEST(choices_have_their_shares) {
    static const struct {
        const char *text;
        double share;
    } cases[] = {
        {"sometimes(0.3, gaussian(0, mean=1))", 0.3},
        {"sometimes(0, gaussian(0, mean=1))", 0},
        {"sometimes(1, gaussian(0, mean=1))", 1},
        {"sometimes(uniform(0, 0.5), gaussian(0, mean=1))", 0.25},
        {"sometimes(0.5, sometimes(0.5, gaussian(0, mean=1)))", 0.25},
        {"one_of(gaussian(0, mean=1), none)", 0.5},
        {"one_of(none, none, gaussian(0, mean=1))", 1 / 3.0},
        {"one_of(0.7: none, 0.1: gaussian(0, mean=1), 0.2: none)", 0.1},
        {"one_of(30: none, 10: none | gaussian(0, mean=1), 0: gaussian(0, mean=1))", 0.25},
        {"one_of(0: none, 1e-3: gaussian(0, mean=1), 0: none)", 1},
        {"one_of(recipes=gaussian(0, mean=1))", 1},
        {"one_of(recipes=[3: none, gaussian(0, mean=1)])", 0.25},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double p = cases[i].share;
        near(share(cases[i].text), p, z_999 * sqrt(p * (1 - p) / MANY) + 1e-9);
    }
}
END_TEST

/* Two choices of one sample, and those of two epochs, know nothing of each other. */
START_TEST(choices_are_independent) {
    static float x[2][MANY];
    static const char *const texts[] = {
        "sometimes(0.5, gaussian(0, mean=1)) | sometimes(0.5, gaussian(0, mean=2))",
        "sometimes(0.5, gaussian(0, mean=1))"};
    for (int epochs = 0; epochs < 2; epochs++) {
        double counts[4] = {0};
        memset(x, 0, sizeof x);
        for (uint64_t epoch = 0; epoch < 2; epoch++)
            apply(texts[epochs], x[epoch], MANY, 1, 5, epoch, 0);
        for (int i = 0; i < MANY; i++)
            counts[epochs == 0 ? (int)x[0][i] : (int)(x[0][i] + 2 * x[1][i])]++;
        for (int i = 0; i < 4; i++)
            near(counts[i] / MANY, 0.25, z_999 * sqrt(0.1875 / MANY));
    }
}
END_TEST

/* ---- Text --------------------------------------------------------------------------------------------- */

static void reads_as(const char *text, const char *expected) {
    char once[ROOM], twice[ROOM];
    dae_noise *noise = parse(text);
    ok(dae_noise_format(noise, once, ROOM, NULL));
    dae_noise_free(noise);
    ck_assert_str_eq(once, expected);
    noise = parse(once);
    ok(dae_noise_format(noise, twice, ROOM, NULL));
    dae_noise_free(noise);
    ck_assert_str_eq(twice, once);
}

START_TEST(trees_are_written_back) {
    reads_as("none|none", "none | none");
    reads_as("gaussian(uniform(0.05, .5))", "gaussian(mean=0, stddev=uniform(low=0.05, high=0.5))");
    reads_as("gaussian(uniform(0, 0.3) as level, mean=choice(-1, 1) as sign)",
             "gaussian(mean=choice(-1, 1) as sign, stddev=uniform(low=0, high=0.3) as level)");
    reads_as("sometimes(0.2, masking(log_uniform(1e-3, 1)) | clip(0, 1)) | none",
             "sometimes(probability=0.2, recipe=masking(rate=log_uniform(low=0.001, high=1)) | clip(low=0, "
             "high=1))"
             " | none");
    reads_as("one_of(0.7: gaussian(1), 0.3: masking(1) | clip(0, 1), none)",
             "one_of(0.7: gaussian(mean=0, stddev=1), 0.3: masking(rate=1) | clip(low=0, high=1), 1: none)");
    reads_as("clip(choice(values=[0, 0.5]), uniform(high=1, low=0.5))",
             "clip(low=choice(0, 0.5), high=uniform(low=0.5, high=1))");
    reads_as("one_of(one_of(one_of(none)))", "one_of(1: one_of(1: one_of(1: none)))");
}
END_TEST

static void refused(const char *text, dae_status status, size_t position, const char *word) {
    dae_noise *noise = (dae_noise *)&noise;
    fails(dae_noise_parse(&noise, text), status, word);
    ck_assert_ptr_eq(noise, (dae_noise *)&noise);
    ck_assert_msg(dae_last_error_position() == position, "\"%s\": %s", text, dae_last_error());
}

START_TEST(what_is_refused) {
    const dae_status format = DAE_ERROR_FORMAT, range = DAE_ERROR_ARGUMENT;
    refused("gaussian(blur(1))", format, 10,
            "stddev: found 'blur(1)', expected a number, or one of uniform, log_");
    refused("gaussian(uniform(0, 1) | uniform(0, 1))", format, 10, "expected a number, or one of");
    refused("gaussian(uniform(0, uniform(0, 1)))", format, 21,
            "high: found 'uniform(0, 1)', expected a number");
    refused("gaussian(uniform(0))", format, 10, "uniform needs high");
    refused("gaussian(choice())", format, 10, "choice needs values");
    refused("gaussian(uniform(1, 0))", range, 10, "low <= high");
    refused("gaussian(uniform(-1e308, 1e308))", range, 10, "a finite high - low");
    refused("gaussian(log_uniform(0, 1))", range, 22,
            "low is 0, expected a finite number, 1e-37 <= low <= 1e+37");
    refused("gaussian(log_uniform(2, 1))", range, 10, "low <= high");
    refused("gaussian(uniform(-0.1, 1))", range, 10,
            "stddev is drawn from -0.1 to 1: stddev is -0.1, expected");
    refused("gaussian(uniform(0, 1e39))", range, 10,
            "stddev is 1e+39, expected a finite number, 0 <= stddev, in float32");
    refused("masking(choice(0.5, 2, 1))", range, 9, "rate is drawn from 0.5 to 2: rate is 2, expected");
    refused("clip(uniform(0, 1), 0.5)", range, 1,
            "found low = uniform(low=0, high=1), high = 0.5, expected low <= high");
    refused("clip(0, uniform(-1, 1))", range, 1, "expected low <= high");
    refused("sometimes(uniform(0, 1.5), none)", range, 11, "probability is drawn from 0 to 1.5");
    refused("sometimes(0.5)", format, 1, "sometimes needs recipe");
    refused("sometimes(0.5, 0.5: none)", format, 16, "recipe: found");
    refused("sometimes(0.5, 3)", format, 16, "recipe: found '3', expected some of gaussian");
    refused("one_of()", format, 1, "one_of needs recipes");
    refused("one_of(0.5: none, 0.5)", format, 19, "recipes: found '0.5', expected some of gaussian");
    refused("one_of(-1: none, 2: none)", range, 1,
            "one_of: found recipes = -1: none, 2: none, expected weights >= 0");
    refused("one_of(0: none, 0: none)", range, 1, "weights with a finite sum > 0");
    refused("one_of(1e308: none, 1e308: none)", range, 1, "weights with a finite sum > 0");
    refused("sometimes(1, none) as x", format, 1, "no label here");
    refused("clip(0, uniform(1, 2) as a) | clip(0, uniform(1, 2) as a)", format, 39,
            "the label 'a' is given twice");
    refused("uniform(uniform(0, 1) as a, uniform(1, 2) as a)", format, 29, "the label 'a' is given twice");
    refused("sometimes(1, sometimes(1, sometimes(1, sometimes(1, sometimes(1, sometimes(1, sometimes(1, "
            "sometimes(1,"
            " sometimes(1, none)))))))))",
            format, 115, "found more than 8 levels");
}
END_TEST

START_TEST(there_is_room_for_64_steps_however_deep) {
    char text[ROOM] = "sometimes(1, none";
    for (int step = 2; step < 64; step++)
        strcat(text, " | none");
    strcat(text, ")");
    dae_noise_free(parse(text));
    strcat(text, " | none");
    refused(text, DAE_ERROR_FORMAT, strlen(text) - 3, "found more than 64 steps");
    strcpy(strstr(text, ")"), " | none)");
    refused(text, DAE_ERROR_FORMAT, strlen(text) - 4, "found more than 64 steps");
}
END_TEST

/* ---- Datasets and models ------------------------------------------------------------------------------ */

static dae_dataset *clean_samples(void) {
    float x[VALUES];
    ramp(x);
    return array_dataset(x, COUNT, SIZE);
}

START_TEST(views_upon_each_other_count_all_steps) {
    static const char first[] = "sometimes(0.5, masking(0.3) | gaussian(uniform(0, 1)))",
                      second[] = "one_of(gaussian(0.5), 2: uniform(choice(-1, 0), 1))";
    float inputs[VALUES], expected[VALUES];
    char both[ROOM], text[ROOM];
    snprintf(both, ROOM, "%s | %s", first, second);
    dae_dataset *dataset = corrupted(corrupted(clean_samples(), first, DAE_NOISE_FRESH, 7), second,
                                     DAE_NOISE_FRESH, 7);
    ramp(expected);
    apply(both, expected, COUNT, SIZE, 7, 5, 0);
    ok(dae_dataset_read(dataset, 5, 0, COUNT, inputs, NULL));
    same_floats(inputs, expected, VALUES);

    const network net = autoencoder(SIZE, 3, "relu", "linear"); /* which remembers both, in its file too */
    dae_model *model = network_model(&net, 1), *loaded = NULL;
    dae_trainer *trainer = adam_trainer(model, 1e-3, "mse");
    dae_noise *remembered = NULL, *all = parse(both);
    ok(dae_trainer_fit(trainer, dataset, 1));
    ok(dae_model_save(model, temp_path("choices")));
    ok(dae_model_load(&loaded, temp_path("choices")));
    ok(dae_model_get_noise(loaded, &remembered));
    ok(dae_noise_format(remembered, text, ROOM, NULL));
    ok(dae_noise_format(all, both, ROOM, NULL));
    ck_assert_str_eq(text, both);
    dae_noise_free(remembered);
    dae_noise_free(all);
    dae_trainer_free(trainer);
    dae_model_free(model);
    dae_model_free(loaded);
    dae_dataset_free(dataset);
}
END_TEST

START_TEST(a_label_tells_one_draw_of_all_views) {
    dae_dataset *dataset = corrupted(clean_samples(), "gaussian(uniform(0, 1) as level)", DAE_NOISE_FRESH, 1);
    dae_dataset *slice = NULL, *more = (dae_dataset *)&more;
    dae_noise *same = parse("masking(uniform(0, 1) as other) | masking(choice(1) as level)"),
              *different = parse("masking(uniform(0, 1) as other)");
    ok(dae_dataset_slice(&slice, dataset, 1, 3));
    fails(dae_dataset_corrupt(&more, slice, same, DAE_NOISE_FRESH, 1), DAE_ERROR_ARGUMENT,
          "a draw called 'level', expected another label");
    ck_assert_ptr_eq(more, (dae_dataset *)&more);
    ok(dae_dataset_corrupt(&more, slice, different, DAE_NOISE_FRESH, 1));
    dae_dataset_free(more);
    dae_dataset_free(slice);
    dae_dataset_free(dataset);
    dae_noise_free(same);
    dae_noise_free(different);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------- */

static const char tree[] = "sometimes(0.5, gaussian(uniform(0, 1) as level) | one_of(none, 2: clip(0, 1)))";

static dae_status make_and_free(void *user) {
    dae_noise *noise = NULL;
    dae_dataset *first = NULL, *second = NULL;
    dae_status status = dae_noise_parse(&noise, tree);
    if (status == DAE_OK)
        status = dae_dataset_corrupt(&first, user, noise, DAE_NOISE_FRESH, 1);
    dae_noise_free(noise);
    noise = NULL;
    if (status == DAE_OK)
        status = dae_noise_parse(&noise, "masking(0.5)");
    if (status == DAE_OK)
        status = dae_dataset_corrupt(&second, first, noise, DAE_NOISE_FRESH, 1);
    dae_dataset_free(first);
    dae_dataset_free(second);
    dae_noise_free(noise);
    return status;
}

START_TEST(memory_may_run_out) {
    dae_dataset *clean = clean_samples();
    ck_assert_uint_ge(every_allocation_fails(make_and_free, clean), 6);
    dae_dataset_free(clean);
}
END_TEST

START_TEST(a_tree_needs_no_memory_once_it_exists) {
    float x[VALUES];
    char text[ROOM];
    heap_watch();
    dae_noise *noise = parse(tree);
    heap_fail_at(1, true);
    ramp(x);
    ok(dae_noise_format(noise, text, ROOM, NULL));
    ok(dae_noise_apply(noise, x, COUNT, 1, (const size_t[]){SIZE}, 1, 2, 3));
    dae_noise_free(noise);
    ck_assert_uint_eq(heap_live(), 0);
    ck_assert_int_ne(dae_noise_parse(&noise, "uniform(uniform(0, 1) as a, uniform(1, 2) as a)"), DAE_OK);
    heap_unwatch();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("noise choices");
    TCase *numbering = add_case(suite, "numbering");
    tcase_add_test(numbering, golden_tree);
    tcase_add_test(numbering, steps_are_numbered_in_reading_order);
    tcase_add_test(numbering, draws_have_a_stream_of_their_own);
    tcase_add_test(numbering, batches_and_parts_do_not_matter);
    TCase *shares = add_case(suite, "distributions");
    tcase_add_loop_test(shares, draws_have_their_moments, 0, sizeof distributions / sizeof *distributions);
    tcase_add_test(shares, choices_have_their_shares);
    tcase_add_test(shares, choices_are_independent);
    TCase *texts = add_case(suite, "texts");
    tcase_add_test(texts, trees_are_written_back);
    tcase_add_test(texts, what_is_refused);
    tcase_add_test(texts, there_is_room_for_64_steps_however_deep);
    TCase *datasets = add_case(suite, "datasets");
    tcase_add_test(datasets, views_upon_each_other_count_all_steps);
    tcase_add_test(datasets, a_label_tells_one_draw_of_all_views);
    TCase *memory = add_case(suite, "memory");
    tcase_add_test(memory, memory_may_run_out);
    tcase_add_test(memory, a_tree_needs_no_memory_once_it_exists);
    return suite_main(suite);
}
