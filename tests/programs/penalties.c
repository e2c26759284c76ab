/* A KL-sparse and a contractive autoencoder: penalties on a labelled code; each term has its own history. */
#include "try.h"

static void train(const char *objective, dae_dataset *data) {
    dae_model *model = NULL;
    dae_optimizer *adam = NULL;
    dae_trainer *trainer = NULL;
    TRY(dae_model_parse(
        &model, "input(784) | dense(400, activation=sigmoid) as code | dense(784, activation=sigmoid)"));
    TRY(dae_model_initialize(model, 1));
    TRY(dae_optimizer_parse(&adam, "adam(1e-3)"));
    TRY(dae_trainer_create(&trainer, model, adam, objective));
    TRY(dae_trainer_fit(trainer, data, 2));

    const char *column;
    for (size_t i = 0; dae_trainer_list_history(trainer, i, &column) == DAE_OK && column != NULL; i++) {
        double values[2];
        TRY(dae_trainer_get_history(trainer, column, values, 2));
        printf("%-24s %.5f\n", column, values[1]);
    }
    dae_trainer_free(trainer);
    dae_optimizer_free(adam);
    dae_model_free(model);
}

int main(void) {
    dae_dataset *images = NULL;
    TRY(dae_dataset_open(&images, "train-images-idx3-ubyte.gz", NULL));
    train("bce | kl_sparsity(target=0.05, weight=0.1, of=code) | l2(weight=1e-5)", images);
    train("bce | contractive(weight=0.1, of=code)", images);
    dae_dataset_free(images);
    return 0;
}
