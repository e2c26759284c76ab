/* Noise upon noise: views that corrupt what others have corrupted, against recipes of all their steps. */
#include "network.h"

#include <math.h>
#include <string.h>

enum { COUNT = 20, SIZE = 6, VALUES = COUNT * SIZE };

static void ramp(float x[VALUES]) {
    for (int i = 0; i < VALUES; i++)
        x[i] = ((float)i + 0.5f) / VALUES;
}

static dae_dataset *clean_samples(void) {
    float x[VALUES];
    ramp(x);
    return array_dataset(x, COUNT, SIZE);
}

static dae_noise *parse(const char *text) {
    dae_noise *noise = NULL;
    ok(dae_noise_parse(&noise, text));
    return noise;
}

/* The view that clips; frees what is below. */
static dae_dataset *clipped(dae_dataset *dataset) {
    dae_dataset *view = NULL, *slice = NULL;
    ok(dae_dataset_clip(&view, dataset, 0, 1));
    ok(dae_dataset_slice(&slice, view, 0, COUNT)); /* changes nothing about noise */
    dae_dataset_free(view);
    dae_dataset_free(dataset);
    return slice;
}

/* Views upon each other count their steps on: with one seed and mode they are one recipe, however it is cut. */
START_TEST(views_upon_each_other_are_one_recipe) {
    static const char *const cuts[][4] = {
        {"masking(0.3) | gaussian(0.3) | clip(0, 1) | uniform(-1, 1)"},
        {"masking(0.3)", "gaussian(0.3) | clip(0, 1) | uniform(-1, 1)"},
        {"masking(0.3)", "gaussian(0.3)", "clip(0, 1)", "uniform(-1, 1)"},
        {"masking(0.3) | gaussian(0.3)", "", "clip(0, 1) | uniform(-1, 1)"},
        {"masking(0.3) | gaussian(0.3)", "CLIP", "uniform(-1, 1)"},
    };
    float inputs[VALUES], expected[VALUES];
    dae_noise *whole = parse(cuts[0][0]);
    for (int mode = DAE_NOISE_FRESH; mode <= DAE_NOISE_ONCE; mode++)
        for (size_t cut = 0; cut < sizeof cuts / sizeof *cuts; cut++) {
            dae_dataset *dataset = clean_samples();
            for (size_t i = 0; i < 4 && cuts[cut][i] != NULL; i++)
                dataset = strcmp(cuts[cut][i], "CLIP") == 0 ? clipped(dataset)
                                                            : corrupted(dataset, cuts[cut][i], mode, 7);
            ramp(expected);
            ok(dae_noise_apply(whole, expected, COUNT, 1, (const size_t[]){SIZE}, 7,
                               mode == DAE_NOISE_ONCE ? 0 : 5, 0));
            ok(dae_dataset_read(dataset, 5, 0, COUNT, inputs, NULL));
            same_floats(inputs, expected, VALUES);
            for (size_t i = 0; i < COUNT; i++) {
                ok(dae_dataset_read(dataset, 5, i, 1, inputs, NULL));
                same_floats(inputs, expected + i * SIZE, SIZE);
            }
            dae_dataset_free(dataset);
        }
    dae_noise_free(whole);
}
END_TEST

/* Each recipe has its own limit of 64 steps; datasets one upon another have a larger one. */
START_TEST(many_steps_upon_many_steps) {
    float x[VALUES], inputs[VALUES], expected[VALUES];
    dae_noise *noise = repeated_noise("gaussian(mean=1, stddev=0)", 64);
    dae_dataset *clean = clean_samples(), *first = NULL, *second = NULL, *clipped = NULL;
    ok(dae_dataset_corrupt(&first, clean, noise, DAE_NOISE_ONCE, 1));
    ok(dae_dataset_corrupt(&second, first, noise, DAE_NOISE_ONCE, 1));
    ok(dae_dataset_clip(&clipped, second, 0, 100));
    ramp(x);
    for (int i = 0; i < VALUES; i++) {
        expected[i] = x[i];
        for (int step = 0; step < 2 * 64; step++)
            expected[i] += 1;
        expected[i] = fminf(expected[i], 100);
    }
    ok(dae_dataset_read(clipped, 0, 0, COUNT, inputs, NULL));
    same_floats(inputs, expected, VALUES);
    dae_noise_free(noise);
    dae_dataset_free(clean);
    dae_dataset_free(first);
    dae_dataset_free(second);
    dae_dataset_free(clipped);
}
END_TEST

START_TEST(inputs_have_room_for_256_steps) {
    dae_dataset *dataset = clean_samples(), *const untouched = (dae_dataset *)&dataset, *more = untouched;
    dae_noise *noise = repeated_noise("masking(0)", 64), *one = parse("gaussian(0)"), *none = parse("");
    for (int i = 0; i < 4; i++) {
        dae_dataset *inner = dataset;
        ok(dae_dataset_corrupt(&dataset, inner, noise, DAE_NOISE_ONCE, 1));
        dae_dataset_free(inner);
    }
    fails(dae_dataset_corrupt(&more, dataset, one, DAE_NOISE_ONCE, 1), DAE_ERROR_ARGUMENT, "257");
    fails(dae_dataset_clip(&more, dataset, 0, 1), DAE_ERROR_ARGUMENT, "256");
    ck_assert_ptr_eq(more, untouched);
    ok(dae_dataset_corrupt(&more, dataset, none, DAE_NOISE_ONCE, 1));
    dae_dataset_free(more);
    dae_dataset_free(dataset);
    dae_noise_free(none);
    dae_noise_free(one);
    dae_noise_free(noise);
}
END_TEST

/* One view upon another is one recipe, and that is what the model remembers. */
START_TEST(training_on_views_tells_the_noise_of_both) {
    const network net = autoencoder(12, 7, "relu", "sigmoid");
    char text[128] = "";
    dae_model *models[2];
    for (size_t i = 0; i < 2; i++) {
        dae_noise *noise = NULL;
        dae_dataset *data = random_dataset(40, 12, 0, 1, 2);
        if (i == 0)
            data = corrupted(corrupted(data, "masking(0.3)", DAE_NOISE_FRESH, 3), "gaussian(0.3)",
                             DAE_NOISE_FRESH, 3);
        else
            data = corrupted(data, text, DAE_NOISE_FRESH, 3);
        models[i] = network_model(&net, 1);
        dae_trainer *trainer = adam_trainer(models[i], 1e-3, "mse");
        ok(dae_trainer_fit(trainer, data, 2));
        ok(dae_model_get_noise(models[i], &noise));
        ok(dae_noise_format(noise, text, sizeof text, NULL));
        ck_assert_str_eq(text, "masking(rate=0.3) | gaussian(mean=0, stddev=0.3)");
        dae_noise_free(noise);
        dae_trainer_free(trainer);
        dae_dataset_free(data);
    }
    same_parameters(models[0], models[1]);
    dae_model_free(models[0]);
    dae_model_free(models[1]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("corrupt");
    TCase *views = add_case(suite, "views upon views");
    tcase_add_test(views, views_upon_each_other_are_one_recipe);
    tcase_add_test(views, many_steps_upon_many_steps);
    tcase_add_test(views, inputs_have_room_for_256_steps);
    tcase_add_test(views, training_on_views_tells_the_noise_of_both);
    return suite_main(suite);
}
