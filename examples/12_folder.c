/* A folder of noisy pictures becomes a folder of clean ones. A network learns from a folder of clean pictures
 * of any sizes, on pieces of them, and is kept in a file; then four calls do the rest, one picture at a time.
 Here the pictures
 * are made, too. PNG needs a library that was built with libpng; "pnm" does not. */
#include "pgm.h"
#include "scenes.h"

enum { PICTURES = 24, SCANS = 3, SIDE = 160 };

/* Pictures of different sizes, with noise of a recipe, as files of a folder. */
static void make_folder(const char *folder, size_t count, uint64_t seed, const char *recipe) {
    dae_dataset *pictures[PICTURES] = {NULL}, *all = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    float *values = make_array((size_t)SIDE * SIDE);
    for (size_t i = 0; i < count; i++) {
        const size_t shape[] = {1, SIDE - i % 4 * 16, SIDE - i % 3 * 24};
        make_scene(seed + i, values, shape[1], shape[2]);
        check(dae_dataset_copy_array(&pictures[i], values, 1, 3, shape));
    }
    check(dae_dataset_join(&all, pictures, count));
    check(dae_noise_parse(&noise, recipe));
    check(dae_dataset_corrupt(&noisy, all, noise, DAE_NOISE_ONCE, 1));
    check(dae_dataset_save(noisy, folder, "png(overwrite=yes)"));
    for (size_t i = 0; i < count; i++)
        dae_dataset_free(pictures[i]);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(all);
    free(values);
}

static void train(const char *folder, const char *path, double epochs) {
    dae_dataset *photos = NULL, *pieces = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    char rule[64];
    check(dae_dataset_open(&photos, folder, "files(skip=yes)"));
    check(dae_dataset_view(&pieces, photos, "crops(40, 40, count=16) | augment(flips=yes, turns=yes)", 1));
    check(dae_noise_parse(&noise, "gaussian(uniform(0.02, 0.2)) | clip(0, 1)"));
    check(dae_dataset_corrupt(&noisy, pieces, noise, DAE_NOISE_FRESH, 1));
    check(dae_recipe_fill(rule, sizeof rule, NULL, "adam(2e-3) | cosine(epochs=?)", &epochs, 1));
    check(dae_model_parse(&model, "input(1, any, any) | dncnn(depth=5, channels=16)"));
    check(dae_model_initialize(model, 1));
    check(dae_optimizer_parse(&adam, rule));
    check(dae_trainer_create(&trainer, model, adam, "mse"));
    check(dae_trainer_fit(trainer, noisy, (size_t)epochs));
    check(dae_model_save(model, path));
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(pieces);
    dae_dataset_free(photos);
}

int main(int argc, char **argv) {
    double epochs = epochs_argument(argc, argv, "2", "Makes a folder of noisy pictures clean.");
    dae_model *model = NULL;
    dae_dataset *scans = NULL, *clean = NULL;
    size_t count;
    make_folder("photos/", PICTURES, 1, "clip(0, 1)");
    make_folder("scans/", SCANS, 1000, "gaussian(0.12) | clip(0, 1)");
    train("photos/", "folder.safetensors", epochs);

    check(dae_model_load(&model, "folder.safetensors"));
    check(dae_dataset_open(&scans, "scans/", NULL));
    check(dae_model_map(&clean, model, scans, NULL));
    check(dae_dataset_save(clean, "clean/", "png(overwrite=yes)"));
    check(dae_dataset_get_count(clean, &count));
    printf("%zu pictures in clean/\n", count);
    dae_dataset_free(clean);
    dae_dataset_free(scans);
    dae_model_free(model);
    return finish(EXIT_SUCCESS);
}
