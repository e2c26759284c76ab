/* Without clean pictures: two exposures of each scene (Noise2Noise), or one (Noise2Void). */
#include "try.h"

enum { SCENES = 4 };

/* In the place of a camera. */
static void expose(const char *folder, unsigned seed) {
    dae_dataset *scenes = NULL, *exposed = NULL;
    dae_noise *noise = NULL;
    const size_t shape[] = {1, 48, 40};
    static float values[SCENES * 48 * 40];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = (float)(i / 7 % 9) / 10;
    TRY(dae_dataset_copy_array(&scenes, values, SCENES, 3, shape));
    TRY(dae_noise_parse(&noise, "gaussian(0.1) | clip(0, 1)"));
    TRY(dae_dataset_corrupt(&exposed, scenes, noise, DAE_NOISE_ONCE, seed));
    TRY(dae_dataset_save(exposed, folder, "png"));
    dae_noise_free(noise);
    dae_dataset_free(exposed);
    dae_dataset_free(scenes);
}

static dae_model *network(void) {
    dae_model *model = NULL;
    TRY(dae_model_parse(&model, "input(1, any, any) | unet(channels=4, depth=2)"));
    TRY(dae_model_initialize(model, 1));
    return model;
}

static void train(dae_model *model, dae_dataset *data, const char *objective) {
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    TRY(dae_optimizer_parse(&adam, "adam(4e-4) | cosine(epochs=2)"));
    TRY(dae_trainer_create(&trainer, model, adam, objective));
    TRY(dae_trainer_fit(trainer, data, 2));
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
}

int main(void) {
    dae_dataset *first = NULL, *second = NULL, *pairs = NULL, *crops = NULL, *spots = NULL;
    dae_model *n2n = network(), *n2v = network();

    expose("exposure1/", 1);
    expose("exposure2/", 2);

    TRY(dae_dataset_open(&first, "exposure1/", "png(channels=1)"));
    TRY(dae_dataset_open(&second, "exposure2/", "png(channels=1)"));
    TRY(dae_dataset_pair(&pairs, first, second)); /* in the order of names: as many in both */
    TRY(dae_dataset_view(&crops, pairs, "crops(32, 32, count=8) | augment(flips=yes, turns=yes)", 1));
    TRY(dae_model_set_scaling(n2n, "standard", pairs));
    train(n2n, crops, "mse");
    dae_dataset_free(crops);

    TRY(dae_dataset_view(&crops, first, "crops(32, 32, count=8) | augment(flips=yes, turns=yes)", 1));
    TRY(dae_dataset_view(&spots, crops, "blind_spots(rate=0.02, radius=2)", 1)); /* others are NaN: unknown */
    TRY(dae_model_set_scaling(n2v, "standard", first));
    train(n2v, spots, "mse(missing=skip)");
    puts("two networks without clean pictures");

    dae_model_free(n2v);
    dae_model_free(n2n);
    dae_dataset_free(spots);
    dae_dataset_free(crops);
    dae_dataset_free(pairs);
    dae_dataset_free(second);
    dae_dataset_free(first);
    return 0;
}
