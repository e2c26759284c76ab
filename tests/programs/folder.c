/* A folder of PNG files of different sizes: training on crops, validation on whole pictures, a folder of clean
 * ones. */
#include "try.h"

enum { PICTURES = 20 };

/* In the place of photographs: a folder of pictures, and one of scans. */
static void make_pictures(const char *folder, size_t count, const char *text) {
    dae_dataset *pictures[PICTURES] = {NULL}, *joined = NULL, *noisy = NULL;
    dae_noise *noise = NULL;
    static float values[60 * 80];
    for (size_t i = 0; i < count; i++) {
        size_t shape[3] = {1, 40 + i % 3 * 10, 80 - i % 2 * 16};
        for (size_t at = 0; at < shape[1] * shape[2]; at++) {
            size_t y = at / shape[2], x = at % shape[2];
            values[at] = (float)((x * (i + 3) / 16 + y * (i % 5 + 2) / 16) % 4) / 3;
        }
        TRY(dae_dataset_copy_array(&pictures[i], values, 1, 3, shape));
    }
    TRY(dae_dataset_join(&joined, pictures, count));
    TRY(dae_noise_parse(&noise, text));
    TRY(dae_dataset_corrupt(&noisy, joined, noise, DAE_NOISE_ONCE, 1));
    TRY(dae_dataset_save(noisy, folder, "png(bits=8)"));
    dae_noise_free(noise);
    dae_dataset_free(noisy);
    dae_dataset_free(joined);
    for (size_t i = 0; i < count; i++)
        dae_dataset_free(pictures[i]);
}

int main(void) {
    dae_dataset *photos = NULL, *mixed = NULL, *held = NULL, *rest = NULL, *crops = NULL, *train = NULL,
                *valid = NULL;
    dae_dataset *scans = NULL, *clean = NULL;
    dae_noise *noise = NULL;
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    size_t count, rank, shape[DAE_MAX_RANK];

    make_pictures("photos/", PICTURES, "clip(0, 1)");
    make_pictures("scans/", 3, "gaussian(0.1) | clip(0, 1)");

    TRY(dae_dataset_open(&photos, "photos/", "png(channels=1)"));
    TRY(dae_dataset_get_shape(photos, DAE_ALL_SAMPLES, &rank, shape));
    printf("%d channels, %s\n", (int)shape[0], shape[1] == 0 ? "heights differ" : "one height");
    TRY(dae_dataset_get_count(photos, &count));
    TRY(dae_dataset_view(&mixed, photos, "shuffle", 7));
    TRY(dae_dataset_split(&held, &rest, mixed, count / 10));

    TRY(dae_noise_parse(&noise, "gaussian(uniform(0.02, 0.2)) | clip(0, 1)"));
    TRY(dae_dataset_view(&crops, rest, "crops(24, 24, count=4) | augment(flips=yes, turns=yes)", 1));
    TRY(dae_dataset_corrupt(&train, crops, noise, DAE_NOISE_FRESH, 1));
    TRY(dae_dataset_corrupt(&valid, held, noise, DAE_NOISE_ONCE, 2)); /* whole pictures, of different sizes */

    TRY(dae_model_parse(&model, "input(1, any, any) | dncnn(depth=3, channels=8)"));
    TRY(dae_model_initialize(model, 1));
    TRY(dae_optimizer_parse(&adam, "adam(1e-3) | cosine(epochs=2)"));
    TRY(dae_trainer_create(&trainer, model, adam, "mse"));
    TRY(dae_trainer_set_validation(trainer, valid));
    TRY(dae_trainer_fit(trainer, train, 2));
    TRY(dae_model_save(model, "photos.safetensors"));

    TRY(dae_dataset_open(&scans, "scans/", "png(channels=1)"));
    TRY(dae_model_map(&clean, model, scans, "tiles(memory=3e8)"));
    TRY(dae_dataset_save(clean, "clean/",
                         "png(bits=8)")); /* clean/NAME.png for scans/NAME.png, one at a time */

    dae_dataset_free(clean);
    TRY(dae_dataset_open(&clean, "clean/*.png", NULL));
    TRY(dae_dataset_get_count(clean, &count));
    printf("%d clean pictures\n", (int)count);

    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
    dae_noise_free(noise);
    dae_dataset_free(clean);
    dae_dataset_free(scans);
    dae_dataset_free(valid);
    dae_dataset_free(train);
    dae_dataset_free(crops);
    dae_dataset_free(rest);
    dae_dataset_free(held);
    dae_dataset_free(mixed);
    dae_dataset_free(photos);
    return 0;
}
