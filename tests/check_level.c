/* What a labelled draw was for a sample, asked through views. */
#include "data/dataset.h"
#include "support.h"

enum { COUNT = 12, SIZE = 2, FIRST = 3 };

static dae_dataset *corrupt(dae_dataset *dataset, const char *text, int32_t mode, uint64_t seed) {
    dae_noise *noise = NULL;
    dae_dataset *noisy = NULL;
    ok(dae_noise_parse(&noise, text));
    ok(dae_dataset_corrupt(&noisy, dataset, noise, mode, seed));
    dae_noise_free(noise);
    dae_dataset_free(dataset);
    return noisy;
}

/* Inputs of 0 to which "level" is added, twice after others, and then nothing. */
static dae_dataset *levels(int32_t mode) {
    static const float zeros[COUNT * SIZE];
    dae_dataset *dataset = NULL, *slice = NULL, *pair = NULL;
    ok(dae_dataset_copy_array(&dataset, zeros, COUNT, 1, (const size_t[]){SIZE}));
    dataset = corrupt(dataset, "masking(uniform(0, 1) as other) | none", DAE_NOISE_FRESH, 1);
    dataset = corrupt(dataset, "none | sometimes(0.5, gaussian(0, mean=uniform(1, 2) as level))", mode, 9);
    ok(dae_dataset_slice(&slice, dataset, FIRST, COUNT - FIRST));
    dae_dataset_free(dataset);
    slice = corrupt(slice, "clip(-9, 9)", mode, 2);
    ok(dae_dataset_pair(&pair, slice, slice));
    dae_dataset_free(slice);
    return pair;
}

static void level_is_what_was_added(const dae_dataset *dataset, uint64_t epoch, size_t counts[2]) {
    for (size_t i = 0; i < COUNT - FIRST; i++) {
        float x[SIZE];
        double level = -1;
        ok(dae_dataset_read(dataset, epoch, i, 1, x, NULL));
        ck_assert(dae_dataset_level(dataset, "level", epoch, i, &level));
        ck_assert_float_eq((float)level, x[0]);
        ck_assert(dae_dataset_level(dataset, "other", epoch, i, &level) && level > 0 && level < 1);
        ck_assert(!dae_dataset_level(dataset, "lev", epoch, i, &level));
        counts[x[0] > 0]++;
    }
}

START_TEST(a_level_is_what_was_drawn) {
    for (int32_t mode = DAE_NOISE_FRESH; mode <= DAE_NOISE_ONCE; mode++) {
        dae_dataset *dataset = levels(mode), *cache = NULL;
        size_t counts[2] = {0, 0};
        for (uint64_t epoch = 0; epoch < 5; epoch++)
            level_is_what_was_added(dataset, epoch, counts);
        ok(dae_dataset_view(&cache, dataset, "cache", 0)); /* as in epoch 0, whatever the epoch */
        level_is_what_was_added(cache, 3, counts);
        ck_assert(counts[0] > 5 && counts[1] > 5);
        dae_dataset_free(cache);
        dae_dataset_free(dataset);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("level");
    TCase *level = add_case(suite, "level");
    tcase_add_test(level, a_level_is_what_was_drawn);
    return suite_main(suite);
}
