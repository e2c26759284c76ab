/* An embedder that wants no language: sizes are its own, noise is a call on an array, the loop is its own. */
#include "try.h"

enum { SIZE = 64, BATCH = 32 };

static void add_dense(dae_model *model, size_t units, const char *activation) {
    dae_layer *layer = NULL;
    TRY(dae_layer_create_dense(&layer, units, activation));
    TRY(dae_model_add(model, layer));
    dae_layer_free(layer);
}

int main(void) {
    static float clean[BATCH][SIZE], noisy[BATCH][SIZE], out[SIZE];
    const size_t shape[] = {SIZE};
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    dae_rng *rng = NULL;
    dae_session *session = NULL;
    double loss = 0;

    TRY(dae_model_create(&model, 1, shape));
    add_dense(model, 2 * SIZE, "relu");
    add_dense(model, SIZE, NULL);
    TRY(dae_model_initialize(model, 1));
    TRY(dae_optimizer_create_adam(&adam, 1e-3));
    TRY(dae_trainer_create(&trainer, model, adam, NULL));
    TRY(dae_rng_create(&rng, 1, 0));
    for (int step = 0; step < 1000; step++) {
        TRY(dae_rng_fill_normal(rng, clean[0], BATCH * SIZE, 0, 1)); /* the sensor, say */
        memcpy(noisy, clean, sizeof noisy);
        TRY(dae_add_gaussian_noise(noisy[0], BATCH * SIZE, 0, 0.1, rng));
        TRY(dae_clip(noisy[0], BATCH * SIZE, -3, 3));
        TRY(dae_trainer_step(trainer, noisy[0], clean[0], BATCH, &loss));
        TRY(dae_optimizer_set(adam, "learning_rate", 1e-3 / (1 + step / 100)));
    }
    TRY(dae_session_create(&session, model, 1));
    TRY(dae_session_run(session, noisy[0], 1, out));

    dae_session_free(session);
    dae_rng_free(rng);
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
    return 0;
}
